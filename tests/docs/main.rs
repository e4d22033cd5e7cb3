//! What the README, the docs and the examples say is true: their commands are run, their links
//! lead somewhere, their files are read.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test may fail, and say so"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use creativeai::jobs::Line;

// The lines of pages and scripts are for a shell of Unix; night_windows.rs runs those for cmd.
#[cfg(unix)]
mod night;
#[cfg(windows)]
mod night_windows;
// See above.
#[cfg(unix)]
mod session;
#[cfg(unix)]
#[path = "../it/support/skip.rs"]
mod skip;
#[cfg(unix)]
mod typed;

#[cfg(unix)]
use skip::skip;

/// The project's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages of the project's folder and everything in `docs`, by name.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    let docs = fs::read_dir(root().join("docs")).unwrap();
    pages.extend(
        docs.map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "md")),
    );
    pages.sort();
    pages
}

/// Every file below `folder`.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The files of the examples, without what a reader's own first tries have left among them.
fn examples() -> Vec<PathBuf> {
    let folder = root().join("examples");
    let mut files = files_below(&folder);
    files.retain(|file| !is_left_over(file.strip_prefix(&folder).unwrap()));
    files
}

/// Whether the program makes a file of that name: a log, its lock, clips, a page.
fn is_left_over(file: &Path) -> bool {
    let made = [
        "jobs.jsonl",
        ".lock",
        ".unreadable",
        "report.html",
        ".rounds",
        "captures.jsonl",
        "creativeai.toml",
    ];
    let folders = ["videos", "sandbox-videos", "published"];
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let folder = file.iter().next().unwrap_or_default().to_string_lossy();
    made.iter().any(|end| name.ends_with(end)) || folders.contains(&&*folder)
}

#[test]
fn what_first_tries_leave_among_the_examples_is_none_of_them() {
    for file in [
        "jobs.jsonl",
        "sandbox-jobs.jsonl",
        "sandbox-jobs.jsonl.lock",
        "videos/LST-1001/01-kitchen.mp4",
        "sandbox-videos/LST-1001/01-kitchen.mp4",
        "sandbox-report.html",
        ".rounds",
    ] {
        assert!(is_left_over(Path::new(file)), "{file}");
    }
    // What belongs to the project is copied whole.
    let ours = [
        "listings.csv",
        "orders.jsonl",
        "nightly.sh",
        "webhooks/captured.jsonl",
    ];
    let found = examples();
    for file in ours {
        assert!(
            found.contains(&root().join("examples").join(file)),
            "{file}"
        );
    }
}

/// A fenced block of a page.
struct Block {
    /// What stands after the fence.
    info: String,
    /// The number, from 0, of the line after the fence.
    #[cfg_attr(not(unix), expect(dead_code, reason = "blocks are run on Unix only"))]
    first: usize,
    lines: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            open = !open;
            if open {
                blocks.push(Block {
                    info: info.trim().to_owned(),
                    first: number + 1,
                    lines: Vec::new(),
                });
            }
        } else if let (true, Some(block)) = (open, blocks.last_mut()) {
            block.lines.push(line.to_owned());
        }
    }
    assert!(!open, "a fence is not closed");
    blocks
}

/// The blocks of all pages whose info begins with `language`, with the page's name.
fn blocks_in(language: &str) -> Vec<(String, Block)> {
    let mut found = Vec::new();
    for page in pages() {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let all = blocks(&fs::read_to_string(&page).unwrap());
        let fitting = all
            .into_iter()
            .filter(|b| b.info.split(' ').next() == Some(language));
        found.extend(fitting.map(|b| (name.clone(), b)));
    }
    assert!(!found.is_empty(), "no page has a block of {language}");
    found
}

#[test]
fn the_readme_is_short_enough_to_be_read() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(text.lines().count() <= 220);
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => page.clone(),
                _ => page.parent().unwrap().join(file),
            };
            assert!(path.exists(), "{}: {target}", page.display());
            if !anchor.is_empty() {
                let heading = |line: &str| {
                    let title = line.trim_start_matches('#').trim().to_lowercase();
                    line.starts_with('#') && title.replace(' ', "-") == anchor
                };
                let there = fs::read_to_string(&path).unwrap();
                assert!(there.lines().any(heading), "{}: {target}", page.display());
            }
        }
    }
}

#[test]
fn every_file_that_a_page_names_is_there() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for name in text.split('`').skip(1).step_by(2) {
            let in_project = ["examples/", "docs/", "src/", "tests/", "tools/"];
            let is_path = in_project.iter().any(|folder| name.starts_with(folder));
            if is_path && !name.contains([' ', '*']) {
                assert!(root().join(name).exists(), "{}: {name}", page.display());
            }
        }
    }
}

#[test]
fn other_peoples_folders_are_named() {
    for path in pages().into_iter().chain(examples()) {
        let text = fs::read_to_string(&path).unwrap();
        for folder in ["/home/", "/Users/", "/tmp/", "C:\\"] {
            assert!(!text.contains(folder), "{}: {folder}", path.display());
        }
    }
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_program() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let help = fs::read_to_string(root().join("src/commands/topics/exit-codes.txt")).unwrap();
    let scheduling = fs::read_to_string(root().join("docs/scheduling.md")).unwrap();
    for code in [0, 1, 2, 3, 65, 74, 75, 77, 78, 130] {
        let in_table = |text: &str| text.contains(&format!("\n| {code}"));
        assert!(in_table(&readme), "{code}");
    }
    for code in [75, 3] {
        assert!(help.contains(&format!("{code})")), "{code}");
    }
    for code in ["0", "75", "1", "3", "65", "77"] {
        assert!(scheduling.contains(&format!("\n| {code} |")), "{code}");
    }
}

#[test]
fn log_lines_and_captures_in_the_pages_are_whole() {
    for (page, block) in blocks_in("jsonl") {
        for line in block.lines {
            if line.contains("\"headers\"") {
                serde_json::from_str::<serde_json::Value>(&line).expect(&page);
            } else {
                Line::parse_whole(&line).expect(&page);
            }
        }
    }
}

#[test]
fn every_field_of_the_log_is_explained() {
    let page = fs::read_to_string(root().join("docs/log-format.md")).unwrap();
    for field in creativeai::jobs::LOG_FIELDS {
        assert!(page.contains(field), "{field}");
    }
    for status in creativeai::jobs::Status::ALL {
        assert!(page.contains(&format!("| `{status}` |")), "{status}");
    }
}

mod examples {
    use std::process::Command;

    use super::*;
    use creativeai::vendor::ApiKey;
    use creativeai::webhook::{self, Verification, VerifiedEntry, VerifyKeys};

    #[test]
    fn the_captured_webhooks_are_signed_with_the_sandboxs_key() {
        let keys = VerifyKeys::new(&[ApiKey::sandbox()]);
        let mut verified = 0;
        webhook::replay(
            &[root().join("examples/webhooks")],
            std::io::empty(),
            &keys,
            |entry: &[VerifiedEntry<'_>]| {
                let proven = |entry: &VerifiedEntry<'_>| {
                    matches!(entry.verification, Verification::Verified(_))
                };
                assert!(entry.iter().all(proven));
                entry.len()
            },
            |count| {
                verified += count;
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(verified, 4);
    }

    /// What `submit --dry-run` says of a manifest.
    fn dry_run(manifest: &Path) -> serde_json::Value {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_creativeai"))
            .args(["submit", "--dry-run", "--sandbox", "--json"])
            // A reader may have rehearsed the examples already.
            .args(["--jobs", "new.jsonl"])
            .arg(manifest)
            .current_dir(folder.path())
            .env_remove("CREATIVEAI_JOBS")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    #[test]
    fn the_manifests_are_in_order() {
        for (name, rows) in [("listings.csv", 3), ("products.csv", 4)] {
            let printed = dry_run(&root().join("examples").join(name));
            assert_eq!(printed["new"], rows, "{printed}");
        }
        for (page, block) in blocks_in("csv") {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), block.lines.join("\n")).unwrap();
            let printed = dry_run(file.path());
            assert_eq!(printed["new"], block.lines.len() - 1, "{page}: {printed}");
        }
    }

    #[test]
    fn the_orders_are_log_lines() {
        let text = fs::read_to_string(root().join("examples/orders.jsonl")).unwrap();
        for line in text.lines() {
            let line = Line::parse_whole(line).unwrap();
            assert!(line.is_sandbox());
        }
    }

    #[test]
    fn windows_gets_its_line_ends() {
        for path in super::examples() {
            if path.extension().is_some_and(|e| e == "cmd") {
                let text = fs::read_to_string(&path).unwrap();
                assert!(text.lines().count() == text.matches("\r\n").count());
                assert!(text.is_ascii(), "cmd reads other text as it likes");
            }
        }
    }
}

/// The example for platforms, built with the tests so that it can be run here.
#[path = "../../examples/embed.rs"]
#[allow(dead_code, reason = "its `main` is for `cargo run --example`")]
mod embed;

#[tokio::test]
async fn the_library_orders_each_row_once_and_takes_in_a_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let read = || {
        let log = folder.path().join("embed-jobs.jsonl");
        let ledger = creativeai::jobs::Ledger::new(creativeai::jobs::Rates::default());
        creativeai::journal::JobLog::read(&log, ledger).unwrap()
    };
    for _ in 0..2 {
        embed::run(folder.path()).await.unwrap();
        let log = read();
        let jobs: Vec<_> = log.ledger().jobs().collect();
        assert_eq!(jobs.len(), 3);
        assert!(jobs.iter().all(|job| job.attempts().count() == 1));
        let completed = |job: &&&creativeai::jobs::JobState| {
            job.status() == creativeai::jobs::Status::Completed
        };
        assert_eq!(jobs.iter().filter(completed).count(), 1);
    }
}

#[test]
fn the_tests_that_the_guarantees_name_are_there() {
    let page = fs::read_to_string(root().join("docs/guarantees.md")).unwrap();
    let mut names = 0;
    for name in page.split('`').skip(1).step_by(2) {
        let is_path = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:*".contains(c);
        let Some((module, test)) = name.rsplit_once("::").filter(|_| name.chars().all(is_path))
        else {
            continue;
        };
        // The innermost module may stand in its parent's file.
        let module = module.replace("::", "/");
        let parent = module.rsplit_once('/').map_or("main", |(parent, _)| parent);
        let files = [&*module, parent].into_iter().flat_map(|module| {
            ["tests/it/", "src/"].into_iter().flat_map(move |folder| {
                [".rs", "/mod.rs"].map(|ending| format!("{folder}{module}{ending}"))
            })
        });
        let mut sources = files.filter_map(|file| fs::read_to_string(root().join(file)).ok());
        let source = sources.next();
        let source = source.unwrap_or_else(|| panic!("no file has `{name}`"));
        let is_there = test == "*" || source.contains(&format!("fn {test}("));
        assert!(is_there, "no test is called `{name}`");
        names += 1;
    }
    assert!(names > 100, "only {names} tests are named");
}

/// The floors of the rooms, as the page on how it is built says.
fn floors() -> BTreeMap<String, u8> {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let floor = cells.next()?.parse().ok()?;
        let room = cells.next()?.trim_matches('`').trim_end_matches(".rs");
        Some((room.to_owned(), floor))
    });
    rows.collect()
}

#[test]
fn each_room_imports_only_from_lower_floors() {
    let floors = floors();
    assert!(floors.len() > 10, "{floors:?}");
    let src = root().join("src");
    for file in files_below(&src) {
        let path = file.strip_prefix(&src).unwrap();
        let is_test = path.components().any(|part| {
            let name = part.as_os_str().to_string_lossy();
            name.starts_with("tests") || name.ends_with("tests.rs")
        });
        if is_test || path.extension().is_none_or(|it| it != "rs") {
            continue;
        }
        let room = path.components().next().unwrap().as_os_str();
        let room = room.to_str().unwrap().trim_end_matches(".rs").to_owned();
        if room == "lib" {
            continue;
        }
        let floor = floors
            .get(&room)
            .unwrap_or_else(|| panic!("{room} has no floor"));
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("\nmod tests {").next().unwrap();
        for import in code.split("crate::").skip(1) {
            let end = import.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            let other = &import[..end.unwrap_or(import.len())];
            let is_lower = floors.get(other).is_none_or(|other| other < floor);
            assert!(
                is_lower || other == room,
                "{} imports {other}, which is not on a lower floor",
                path.display()
            );
        }
    }
}
