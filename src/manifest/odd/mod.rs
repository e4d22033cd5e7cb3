//! Cells that a spreadsheet program broke, and words that stand for "nothing yet".
//!
//! Each cell that names a row's owner or is sent goes through [`find`]. What is looked for is data:
//! `words.rs` holds the lists. Only a cell that is odd as a whole is refused, or one that holds an
//! error in its text: an id such as `12-MAR-01`, `1E5` or `2026-03-12` is one that people really use,
//! and no program writes the first two for a date or a number.

mod numbers;
#[cfg(test)]
mod tests;
mod words;

pub(super) use words::{CURLY_QUOTES, USE_STRAIGHT_QUOTES, is_nothing};
use words::{CellError, error_named, error_within, is_boolean, is_loading};
pub(super) use words::{Oddity, Purpose};

/// The longest cell that is odd as a whole, in bytes.
const LONGEST: usize = 48;
/// Excel cuts a cell after so many characters.
const EXCEL_LIMIT: usize = 32_767;

/// What is odd about `text`, which has no space around it and is not empty.
pub(super) fn find(text: &str, purpose: Purpose) -> Option<Oddity> {
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    if matches!(first, b'=' | b'+' | b'-' | b'@' | b'{') {
        let oddity = formula(text);
        if oddity.is_some() {
            return oddity;
        }
    }
    if memchr::memchr(b'#', bytes).is_some() {
        let oddity = hashes(text);
        if oddity.is_some() {
            return oddity;
        }
    }
    if !text.is_ascii()
        && let Some(oddity) = lost_letters(text)
    {
        return Some(oddity);
    }
    if matches!(purpose, Purpose::Id | Purpose::Address | Purpose::Setting)
        && text.starts_with(CURLY_QUOTES)
        && text.ends_with(CURLY_QUOTES)
    {
        return Some(Oddity::new(
            "“ and ” are no quotes in a CSV",
            USE_STRAIGHT_QUOTES,
        ));
    }
    if purpose == Purpose::Words && holds_row(text) {
        return Some(Oddity::new(
            "one line of this text looks like a row of its own",
            "close the quote that opens this cell where its text ends",
        ));
    }
    if bytes.len() > LONGEST {
        let is_cut = bytes.len() >= EXCEL_LIMIT && text.chars().count() == EXCEL_LIMIT;
        return is_cut.then(|| {
            Oddity::new(
                "this cell ends where Excel cuts a text, after 32767 characters",
                "shorten it, or check that its end is there",
            )
        });
    }
    // An address has to begin with http, and says better itself what is wrong with it.
    if purpose == Purpose::Address && first.eq_ignore_ascii_case(&b'h') {
        return None;
    }
    whole_cell(text, purpose)
}

/// Whether a further line of a text has an address right after a delimiter: a quote that was forgotten
/// makes one cell of two rows.
fn holds_row(text: &str) -> bool {
    let mut lines = text.split(['\n', '\r']).skip(1);
    lines.any(|line| {
        [",http", ";http", "\thttp"]
            .iter()
            .any(|cell| line.contains(cell))
    })
}

/// What is odd about a short cell as a whole.
fn whole_cell(text: &str, purpose: Purpose) -> Option<Oddity> {
    // Only numbers, dates and numbered errors hold digits.
    if text.bytes().any(|b| b.is_ascii_digit()) {
        return if is_error_without_hash(text) {
            Some(spreadsheet_error(CellError::Other))
        } else {
            numbers::find(text, purpose)
        };
    }
    if is_loading(text) {
        return Some(Oddity::new(
            "the spreadsheet program had not finished loading this cell",
            "wait until the sheet shows the value, then export it again",
        ));
    }
    if is_nothing(text) {
        return Some(nothing(purpose));
    }
    if is_boolean(text) {
        return Some(Oddity::new(
            "this is what a formula or a checkbox leaves, not a text",
            "write the value that belongs here; in Excel, format the column as text first",
        ));
    }
    // Such as the mark for "the same as above".
    (purpose == Purpose::Words && !text.chars().any(char::is_alphabetic)).then(|| {
        Oddity::new(
            "this cell holds no words",
            "write the text, in full on each row",
        )
    })
}

fn nothing(purpose: Purpose) -> Oddity {
    match purpose {
        Purpose::Words => Oddity::new(
            "this only holds the place of a text",
            "write the text, or remove the row",
        ),
        Purpose::Filling => Oddity::new(
            "this only holds the place of a value, and would stand in the prompt",
            "write the value, or empty the cell and give the placeholder another text after a |",
        ),
        Purpose::Setting => Oddity::new(
            "this stands for an empty cell",
            "leave the cell empty for the default",
        ),
        Purpose::Id | Purpose::Address => Oddity::new(
            "this stands for an empty cell",
            "write the value, or remove the row",
        ),
    }
}

/// A formula that was exported as its text.
fn formula(text: &str) -> Option<Oddity> {
    const HELP: &str = "export what the cells show, not the formulas: in Excel, turn off Formulas \
                        > Show Formulas and check that the cells are not formatted as text";
    if let Some(shown) = text
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|shown| !shown.contains('"'))
    {
        return Some(Oddity::new(
            "this is the formula that keeps a number as text, not its value",
            format!("write only what is between the quotes: {shown}"),
        ));
    }
    let formula = match text.strip_prefix("{=") {
        Some(array) => array.strip_suffix('}')?,
        None => text.strip_prefix('=').unwrap_or(text),
    };
    let is_formula = text.starts_with(['=', '{']) || is_expression(text);
    is_formula.then(|| {
        let help = match address_in(formula) {
            Some(address) => format!("write only the address: {address}"),
            None => HELP.to_owned(),
        };
        Oddity::new("this is a formula, not what it shows", help)
    })
}

/// Whether a text that begins with `+`, `-` or `@` goes on like a formula: a function, or a cell.
fn is_expression(text: &str) -> bool {
    let rest = text.trim_start_matches(['+', '-', '@']);
    let name = rest
        .find(|c: char| !(c.is_ascii_uppercase() || c == '.' || c == '_' || c == '$'))
        .unwrap_or(rest.len());
    if name == 0 || rest.starts_with(['.', '_']) {
        return false;
    }
    let after = &rest[name..];
    if after.starts_with('(') {
        return after.contains(')');
    }
    // A cell such as A1 or $AB$12, and what is done with it.
    let row = after
        .find(|c: char| !(c.is_ascii_digit() || c == '$'))
        .unwrap_or(after.len());
    let operated = after[row..].trim_start();
    name <= 3 && row > 0 && operated.starts_with(['+', '*', '/', '&', '!', '^'])
}

/// The only address in quotes, as in `=HYPERLINK("https://...","photo")`.
fn address_in(formula: &str) -> Option<&str> {
    let mut quoted = formula.split('"').skip(1).step_by(2);
    quoted.find(|text| text.starts_with("https://") || text.starts_with("http://"))
}

/// What a `#` can mean: an error, or a column that is too narrow.
fn hashes(text: &str) -> Option<Oddity> {
    if text.len() > 1 && text.bytes().all(|b| b == b'#') {
        return Some(Oddity::new(
            "the column was too narrow to show its value",
            "make the column wider in the spreadsheet program, then export the sheet again",
        ));
    }
    error_named(text)
        .or_else(|| error_within(text))
        .map(spreadsheet_error)
}

fn spreadsheet_error(error: CellError) -> Oddity {
    Oddity::new(
        "this is a spreadsheet program's error, not a value",
        format!(
            "{}; correct the formula, or write the value itself, then export the sheet again",
            error.cause()
        ),
    )
}

/// `LibreOffice` names some errors by number.
fn is_error_without_hash(text: &str) -> bool {
    let Some((word, number)) = text.split_once(':') else {
        return false;
    };
    words::NUMBERED_ERRORS.contains(&word.trim_end())
        && number.trim().len() == 3
        && number.trim().bytes().all(|b| b.is_ascii_digit())
}

/// Letters that a program lost or took for others when it read or wrote the file.
fn lost_letters(text: &str) -> Option<Oddity> {
    const HELP: &str = "open the original and save it as \"CSV UTF-8\"; a CSV that Excel showed \
                        wrongly is read with Data > From Text/CSV, File origin: UTF-8";
    if text.contains('\u{fffd}') {
        return Some(Oddity::new("a letter of this cell was lost", HELP));
    }
    words::is_misread(text).then(|| {
        Oddity::new(
            "the letters of this cell were read in the wrong encoding",
            HELP,
        )
    })
}

/// Whether it is a character that leaves no mark on the screen.
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
}

/// `text` without the space and the invisible characters around it.
pub(super) fn trimmed(text: &str) -> &str {
    let plain = |b: Option<&u8>| b.is_none_or(u8::is_ascii_graphic);
    if plain(text.as_bytes().first()) && plain(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// The first invisible character within `text`, and after how many visible ones it stands. In words
/// of some scripts, and in emoji, joiners are part of the spelling.
pub(super) fn invisible_within(text: &str) -> Option<(char, usize)> {
    if text.is_ascii() {
        return None;
    }
    let mut before = ' ';
    let mut rest = text.chars();
    let mut place = 0;
    while let Some(c) = rest.next() {
        if is_invisible(c) {
            let is_joiner = matches!(c, '\u{200c}' | '\u{200d}');
            let joins = !before.is_ascii() && rest.clone().next().is_some_and(|c| !c.is_ascii());
            if !(is_joiner && joins) {
                return Some((c, place));
            }
        }
        before = c;
        place += 1;
    }
    None
}

/// A placeholder that nothing was filled into: `{room}`, `{{room}}`, `${room}`, `[[room]]`,
/// `<<room>>`, `%room%` in double, or the same percent-encoded. JSON in a prompt is none.
pub(super) fn placeholder_in(text: &str) -> Option<&str> {
    const PAIRS: [(&str, &str); 6] = [
        ("{", "}"),
        ("[[", "]]"),
        ("<<", ">>"),
        ("%%", "%%"),
        ("%7B", "%7D"),
        ("%7b", "%7d"),
    ];
    if memchr::memchr3(b'{', b'[', b'<', text.as_bytes()).is_none() && !text.contains('%') {
        return None;
    }
    let is_name = |name: &str| {
        name.len() <= 80
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '|' | '#'))
    };
    PAIRS.iter().find_map(|(open, close)| {
        let mut from = 0;
        while let Some(start) = text[from..].find(open).map(|at| from + at) {
            let inside = start + open.len();
            let end = inside + text[inside..].find(close)?;
            // The innermost pair is the placeholder.
            let start = text[..end].rfind(open).filter(|at| *at >= start)?;
            let name = &text[start + open.len()..end];
            let may_be_empty = *open == "{";
            if is_name(name) && (may_be_empty || !name.is_empty()) {
                return Some(&text[start..end + close.len()]);
            }
            from = end + close.len();
        }
        None
    })
}
