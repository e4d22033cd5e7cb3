//! Where a spreadsheet may be that is not where it was named.

use std::path::Path;

use super::words::shell_word;
use crate::disk;
use crate::manifest::sheets_in;
use crate::text::{escape, suggest::nearest};

/// The next step where `name` is no spreadsheet, but nothing or a folder: the name that is nearest, or those
/// that are there.
pub fn of_sheet(name: &str) -> String {
    const MOST_NAMES: usize = 5;
    let path = Path::new(name);
    let folder = if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(path)
    };
    let sheets = sheets_in(or_here(folder));
    let names = sheets
        .iter()
        .filter_map(|sheet| sheet.file_name()?.to_str());
    let names: Vec<&str> = names.collect();
    let typed = |name: &str| shell_word(&folder.join(name).to_string_lossy());
    let meant = path.file_name().unwrap_or_default().to_string_lossy();
    let step = if let Some(near) = nearest(&meant, names.iter().copied()) {
        format!("did you mean {}? No row was sent", typed(near))
    } else if names.is_empty() {
        format!(
            "there is no spreadsheet in {}: go to your spreadsheet's folder with cd, or type \
             `creativeai submit` and a space, and drag the file into this window; no row was sent",
            whole(folder)
        )
    } else {
        let more = if names.len() > MOST_NAMES {
            " and more"
        } else {
            ""
        };
        let first: Vec<String> = names
            .iter()
            .take(MOST_NAMES)
            .map(|name| typed(name))
            .collect();
        format!(
            "the spreadsheets in {} are: {}{more}; no row was sent",
            whole(folder),
            first.join(", ")
        )
    };
    escape(&step).into_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_that_is_not_there_is_looked_for_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let step = |name: &str| of_sheet(&dir.path().join(name).to_string_lossy());
        assert!(step("a.csv").contains("there is no spreadsheet in"));
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
            ("rooms", "rooms.xlsx"),
            ("my listings june.csv", "My Listings June.csv"),
        ] {
            let near = shell_word(&dir.path().join(near).to_string_lossy());
            let step = step(typed);
            assert!(step.contains(&format!("did you mean {near}?")), "{step}");
        }
        for other in [step("zzz.csv"), step("")] {
            assert!(
                other.contains("the spreadsheets in ") && other.contains("rooms.xlsx"),
                "{other}"
            );
            assert!(!other.contains("notes") && !other.contains('~'), "{other}");
        }
        assert!(step("away/a.csv").contains("there is no spreadsheet in"));
    }
}
