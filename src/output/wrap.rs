//! Sentences in lines that fit a terminal.

use super::columns::width_of;

/// How much further in the lines stand that continue one.
const HANG: usize = 4;

/// `text` with every line at most `width` columns wide; what continues a line stands further in
/// than its beginning. Words, and commands between backquotes, stay whole, so that they can be
/// copied, even where they are wider than the terminal.
pub fn wrap(text: &str, width: u16) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let further = " ".repeat(indent + HANG);
        let first = usize::from(width).saturating_sub(indent);
        let others = usize::from(width).saturating_sub(further.len());
        let broken = broken(&line[indent..], first, others);
        for (n, part) in broken.into_iter().enumerate() {
            let before = if n == 0 { &line[..indent] } else { &further };
            out.push(format!("{before}{part}"));
        }
    }
    out.join("\n")
}

/// `text`, which begins in column `column`, with lines that end before `width`; what continues it
/// begins in that column, too.
pub fn hanging(text: &str, width: u16, column: usize) -> String {
    let room = usize::from(width).saturating_sub(column);
    let mut out: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let parts = lines(&line[indent..], room.saturating_sub(indent));
        out.extend(parts.iter().map(|part| format!("{:indent$}{part}", "")));
    }
    out.join(&format!("\n{:column$}", ""))
}

/// One paragraph in lines of at most `width` columns.
pub fn lines(text: &str, width: usize) -> Vec<String> {
    broken(text, width, width)
}

/// A paragraph in lines, the first of at most `first` columns, the others of at most `others`.
fn broken(text: &str, first: usize, others: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for unit in units(text) {
        let wide = width_of(&unit);
        let room = if lines.len() < 2 { first } else { others };
        match lines.last_mut() {
            Some(line) if used == 0 || used + 1 + wide <= room => {
                line.push(' ');
                line.push_str(&unit);
                used += 1 + wide;
            }
            _ => {
                lines.push(unit);
                used = wide;
            }
        }
    }
    lines
}

/// What is not broken: words, and all words between two backquotes as one.
fn units(text: &str) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    let mut quoted = false;
    for word in text.split(' ') {
        match units.last_mut() {
            Some(unit) if quoted => {
                unit.push(' ');
                unit.push_str(word);
            }
            _ => units.push(word.to_owned()),
        }
        quoted ^= word.matches('`').count() % 2 == 1;
    }
    if quoted {
        // One of them has no end, so they mean something else.
        return text.split(' ').map(str::to_owned).collect();
    }
    units
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_continue_further_in() {
        assert_eq!(
            wrap("error: one two three\n  next: four five six", 14),
            "error: one two\n    three\n  next: four\n      five six"
        );
        assert_eq!(wrap("as it is\n\nand on", 80), "as it is\n\nand on");
    }

    #[test]
    fn what_continues_a_text_in_a_column_stands_below_it() {
        assert_eq!(
            hanging("one two three\n  next: four five", 16, 4),
            "one two\n    three\n      next: four\n      five"
        );
    }

    #[test]
    fn commands_stay_whole() {
        assert_eq!(
            wrap("then use `creativeai retry --unknown`, or wait", 30),
            "then use\n    `creativeai retry --unknown`,\n    or wait"
        );
    }

    #[test]
    fn what_is_wider_than_the_terminal_stays_whole() {
        let link = "https://cdn.example.com/clips/1.mp4";
        assert_eq!(
            wrap(&format!("see {link} now"), 10),
            format!("see\n    {link}\n    now")
        );
        assert_eq!(wrap(link, 0), link);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[a-z` é客]{0,60}(\n[a-z ]{0,30}){0,2}", width in 0u16..50) {
            let words = |t: &str| t.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&wrap(&text, width)), words(&text));
        }

        #[test]
        fn lines_without_commands_fit(text in "( {0,3}([a-z]{1,8} ){0,20}\n){0,3}", width in 20u16..60) {
            for line in wrap(&text, width).lines() {
                prop_assert!(line.trim_end().len() <= usize::from(width), "{}", line);
            }
        }
    }
}
