//! Where a spreadsheet may be that is not where it was named, and how its name is typed.

use std::path::{Path, PathBuf};

use super::words::shell_word;
use crate::disk;
use crate::manifest::sheets_in;
use crate::text::{escape, suggest::nearest};

/// Names of a folder that are shown.
const MOST_NAMES: usize = 5;

/// Quotes of text programs, which a shell takes for letters.
const CURLY: [char; 6] = ['“', '”', '„', '‘', '’', '«'];

/// The next step where there is no spreadsheet called `name`.
pub fn of_sheet(name: &str) -> String {
    let path = Path::new(name);
    let folder = path.parent().unwrap_or(path);
    let meant = path.file_name().unwrap_or_default().to_string_lossy();
    let sheets = sheets_in(or_here(folder));
    let quotes = if name.contains(CURLY) {
        "“ and ” do not hold a name together, straight quotes do; "
    } else {
        ""
    };
    let step = if let Some(near) = likely(meant.trim_matches(CURLY), &sheets) {
        let near = typed(folder, near);
        let blanks = if near.contains(' ') {
            "a name with spaces stands in quotes; "
        } else {
            ""
        };
        format!("{blanks}did you mean {near}")
    } else if or_here(folder).is_dir() {
        choice(folder, &sheets)
    } else {
        format!("there is no folder {}", folder.display())
    };
    step_from(&format!("{quotes}{step}"))
}

/// The next step where a spreadsheet was to be named, and a folder was.
pub fn of_folder(name: &str) -> String {
    let folder = Path::new(name);
    step_from(&choice(folder, &sheets_in(folder)))
}

fn step_from(step: &str) -> String {
    let end = if step.contains("did you mean") {
        "? No"
    } else {
        "; no"
    };
    escape(&format!("{step}{end} row was sent")).into_owned()
}

/// What a folder has.
fn choice(folder: &Path, sheets: &[PathBuf]) -> String {
    let whole = whole(folder);
    if sheets.is_empty() {
        return format!(
            "no spreadsheet is in {whole}: go to the folder of yours with cd, or type \
             `creativeai submit` and a blank, and drag the file into this window"
        );
    }
    let names = sheets
        .iter()
        .take(MOST_NAMES)
        .map(|sheet| typed(folder, sheet));
    let names = names.collect::<Vec<_>>().join(", ");
    match sheets.len().saturating_sub(MOST_NAMES) {
        0 => format!("the spreadsheets in {whole} are: {names}"),
        more => format!("the spreadsheets in {whole} are: {names} and {more} more"),
    }
}

/// A sheet as it is typed.
fn typed(folder: &Path, sheet: &Path) -> String {
    let name = sheet.file_name().unwrap_or_default();
    shell_word(&folder.join(name).to_string_lossy())
}

/// A folder by its whole name, so that people see where they are.
pub fn whole(folder: &Path) -> String {
    let whole = disk::canonicalize(or_here(folder));
    whole
        .unwrap_or_else(|_| folder.to_owned())
        .display()
        .to_string()
}

fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}

/// The sheet that was probably meant: by a slip, or by the first word of a name with blanks, which a
/// shell takes apart.
fn likely<'a>(meant: &str, sheets: &'a [PathBuf]) -> Option<&'a PathBuf> {
    let stem = |path: &Path| {
        path.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let stems: Vec<String> = sheets.iter().map(|sheet| stem(sheet)).collect();
    let begins = |stem: &String| {
        let rest = stem.strip_prefix(meant);
        rest.is_some_and(|rest| rest.starts_with(' '))
    };
    let near = stems.iter().position(begins).or_else(|| {
        let meant = stem(Path::new(meant));
        let near = nearest(&meant, stems.iter().map(String::as_str))?;
        stems.iter().position(|stem| stem == near)
    });
    near.map(|place| &sheets[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_that_is_not_there_is_looked_for_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let empty = of_sheet(&dir.path().join("a.csv").to_string_lossy());
        assert!(empty.contains("no spreadsheet is in"), "{empty}");
        for name in [
            "My Listings June.csv",
            "rooms.xlsx",
            "notes.txt",
            "~$rooms.xlsx",
        ] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        for (typed, near) in [
            ("room.xlsx", "rooms.xlsx"),
            ("rooms.csv", "rooms.xlsx"),
            ("My", "My Listings June.csv"),
            ("“My", "My Listings June.csv"),
            ("my listings june.csv", "My Listings June.csv"),
        ] {
            let step = of_sheet(&dir.path().join(typed).to_string_lossy());
            let near = shell_word(&dir.path().join(near).to_string_lossy());
            assert!(step.contains(&format!("did you mean {near}?")), "{step}");
            assert_eq!(
                step.contains("straight quotes"),
                typed.contains('“'),
                "{step}"
            );
        }
        let other = of_sheet(&dir.path().join("zzz.csv").to_string_lossy());
        assert!(
            other.contains("the spreadsheets in ") && other.contains("rooms.xlsx"),
            "{other}"
        );
        assert!(!other.contains("notes") && !other.contains('~'), "{other}");
        let away = of_sheet(&dir.path().join("away").join("a.csv").to_string_lossy());
        assert!(away.contains("there is no folder"), "{away}");
        let folder = of_folder(&dir.path().to_string_lossy());
        assert!(folder.contains("rooms.xlsx"), "{folder}");
    }
}
