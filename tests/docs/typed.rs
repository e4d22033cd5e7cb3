//! The commands of the pages, typed as a reader would type them.
//!
//! In a `console` block the lines after `$ ` are typed, in one folder for each page, and what they
//! print must be what stands below them, but for times and ids; a line `...` stands for any lines.
//! A command that does not end with 0 is followed by `$ echo $?`. Blocks marked `sh test` must
//! succeed. `UPDATE_DOCS=1 cargo test --test docs` writes down what the commands print now.

use std::fs;
use std::panic::resume_unwind;
use std::path::Path;

use super::session::Session;
use super::{Block, blocks, pages};

#[test]
fn what_pages_say_is_typed_and_printed_is() {
    let pages = pages();
    // Each page is a session of its own, and most of its time is waiting.
    let typed: usize = std::thread::scope(|scope| {
        let sessions: Vec<_> = pages
            .iter()
            .map(|page| scope.spawn(move || type_page(page)))
            .collect();
        sessions
            .into_iter()
            .map(|session| session.join().unwrap_or_else(|e| resume_unwind(e)))
            .sum()
    });
    assert!(typed > 10, "only {typed} commands were found");
}

/// Runs the blocks of a page in one session. How many lines were typed.
fn type_page(page: &Path) -> usize {
    let text = fs::read_to_string(page).unwrap();
    let all = blocks(&text);
    let is_run = |block: &Block| block.info == "console" || block.info == "sh test";
    if !all.iter().any(is_run) {
        return 0;
    }
    let mut typed = 0;
    let updated = run_page(&Session::new(), page, &text, &all, &mut typed);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(page, updated).unwrap();
    }
    typed
}

/// Runs the blocks of a page in one session. The page's text with what was printed now.
fn run_page(
    session: &Session,
    page: &Path,
    text: &str,
    all: &[Block],
    typed: &mut usize,
) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut updated = Vec::new();
    let mut done = 0;
    for block in all {
        updated.extend(lines[done..block.first].iter().map(|l| (*l).to_owned()));
        done = block.first;
        let place = format!("{}:{}", page.display(), block.first);
        match block.info.as_str() {
            "console" => {
                updated.extend(type_in(session, block, &place, typed));
                done += block.lines.len();
            }
            "sh test" => {
                let script = as_typed(&block.lines.join("\n"));
                if script.contains("jq ") && session.run("command -v jq").1 != 0 {
                    super::skip(&format!("{place}: jq is not installed"));
                    continue;
                }
                let (printed, code) = session.run(&script);
                assert_eq!(code, 0, "{place}\n{script}\n{printed}");
                *typed += block.lines.len();
            }
            _ => {}
        }
    }
    updated.extend(lines[done..].iter().map(|l| (*l).to_owned()));
    updated.join("\n") + "\n"
}

/// Types the commands of a block and compares. The block with what was printed now.
fn type_in(session: &Session, block: &Block, place: &str, typed: &mut usize) -> Vec<String> {
    let mut now = Vec::new();
    let mut last_code = 0;
    for entry in entries(&block.lines) {
        let (printed, code) = if entry.command == "echo $?" {
            (format!("{}\n", std::mem::take(&mut last_code)), 0)
        } else {
            assert_eq!(last_code, 0, "{place}: the code is not shown");
            session.run(&as_typed(entry.command))
        };
        last_code = code;
        let printed: Vec<String> = printed.lines().map(shortened).collect();
        if std::env::var_os("UPDATE_DOCS").is_none() {
            assert!(
                matches(&entry.expected, &printed),
                "{place}\n$ {}\n-- the page --\n{}\n-- printed --\n{}\n",
                entry.command,
                entry.expected.join("\n"),
                printed.join("\n"),
            );
        }
        now.push(format!("$ {}", entry.command));
        if entry.expected.contains(&"...") {
            now.extend(entry.expected.iter().map(|l| (*l).to_owned()));
        } else {
            now.extend(printed);
        }
        *typed += 1;
    }
    assert_eq!(last_code, 0, "{place}: the code is not shown");
    now
}

/// A command of a transcript.
struct Entry<'a> {
    command: &'a str,
    expected: Vec<&'a str>,
}

fn entries(lines: &[String]) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for line in lines {
        if let Some(command) = line.strip_prefix("$ ") {
            let expected = Vec::new();
            entries.push(Entry { command, expected });
        } else if let Some(entry) = entries.last_mut() {
            entry.expected.push(line);
        }
    }
    entries
}

/// The program is built already, and nothing is built again for a test.
fn as_typed(command: &str) -> String {
    command.replace("cargo run --release --", "creativeai")
}

/// Whether what was printed is what the page says, where `...` stands for any lines.
fn matches(expected: &[&str], printed: &[String]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"...", rest)) => (0..=printed.len()).any(|skip| matches(rest, &printed[skip..])),
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| same(line, first) && matches(rest, others)),
    }
}

fn same(expected: &str, printed: &str) -> bool {
    comparable(expected) == comparable(printed)
}

/// A printed line as a page shows it: long ids are cut.
fn shortened(line: &str) -> String {
    let mut parts = line.split("vgen_sandbox_");
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        let id = &part[..part.len() - rest.len()];
        short.push_str("vgen_sandbox_");
        short.push_str(if id.len() > 40 { "..." } else { id });
        short.push_str(rest);
    }
    short.trim_end().to_owned()
}

/// Words without those that are others in every run: times, and how long ago something was.
fn comparable(line: &str) -> Vec<String> {
    let line = line
        .replace("just now", "AGO")
        .replace("1 second ago", "AGO");
    let words = line.split_whitespace().map(|word| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let is_time = digits >= 6 && (word.contains('-') || word.contains(':'));
        let is_plain = word
            .chars()
            .all(|c| c.is_ascii_digit() || ":-.TZ".contains(c));
        if is_time && is_plain {
            "TIME".to_owned()
        } else {
            word.to_owned()
        }
    });
    words.collect()
}

#[test]
fn times_and_ids_do_not_matter_but_everything_else_does() {
    assert!(same(
        "at 2026-03-12 09:20:01 UTC",
        "at  2027-01-01 10:00:00 UTC"
    ));
    assert!(!same("15 credits", "16 credits"));
    let id = "a1".repeat(40);
    assert_eq!(
        shortened(&format!("x/vgen_sandbox_{id}.mp4 ")),
        "x/vgen_sandbox_....mp4"
    );
    assert_eq!(shortened("vgen_sandbox_kitchen"), "vgen_sandbox_kitchen");
    let printed = ["a", "b", "c"].map(str::to_owned);
    assert!(matches(&["a", "..."], &printed));
    assert!(matches(&["...", "c"], &printed));
    assert!(!matches(&["a", "b"], &printed));
    assert!(!matches(&["...", "b"], &printed));
}
