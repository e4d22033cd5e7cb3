//! What is a spreadsheet by its name.

use std::fs;
use std::path::{Path, PathBuf};

/// Endings of spreadsheets.
const ENDINGS: [&str; 6] = ["csv", "tsv", "xlsx", "xlsm", "xls", "ods"];

/// Whether a file is called as a spreadsheet is.
pub fn is_sheet(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    ENDINGS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// The spreadsheets of a folder, in order; none where it cannot be read.
pub fn sheets_in(folder: &Path) -> Vec<PathBuf> {
    // Programs that have a sheet open leave a file beside it that begins so.
    let is_whole = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with(['.', '~'])
    };
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut sheets: Vec<PathBuf> = files
        .map(|entry| entry.path())
        .filter(|path| is_sheet(path) && is_whole(path) && path.is_file())
        .collect();
    sheets.sort();
    sheets
}

/// The spreadsheet for which a program has left a mark of this name while it has it open.
pub(super) fn open_sheet(name: &str) -> Option<&str> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let of_office = file
        .strip_prefix(".~lock.")
        .and_then(|n| n.strip_suffix('#'));
    file.strip_prefix("~$").or(of_office)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_an_open_sheet_names_it() {
        for (name, sheet) in [
            ("~$June.xlsx", Some("June.xlsx")),
            ("sheets/~$June.xlsx", Some("June.xlsx")),
            (".~lock.June.ods#", Some("June.ods")),
            ("June.xlsx", None),
            ("June~$.xlsx", None),
        ] {
            assert_eq!(open_sheet(name), sheet, "{name}");
        }
    }
}
