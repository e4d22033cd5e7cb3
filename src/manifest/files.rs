//! What is a spreadsheet by its name, and what others are by their first bytes.

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

const EXPORT: &str = "open it there and save it as \"CSV UTF-8\"";
const UNPACK: &str = "unpack it first, then name the spreadsheet in it";
const NAME_SHEET: &str = "name the spreadsheet instead";
const LOGIN: &str = "the download returned a web page instead of the file, perhaps a login page: open the address \
                     in a browser, and export the sheet as CSV there";

/// What a file begins with, what it is, and what to do.
const FORMATS: [(&[u8], &str, &str); 25] = [
    (b"PK\x05\x06", "an empty zip archive", NAME_SHEET),
    (
        b"\xd0\xcf\x11\xe0",
        "a file of an old spreadsheet program (.xls), or one with a password",
        EXPORT,
    ),
    (
        b"%PDF",
        "a PDF",
        "name the spreadsheet it was made from, saved as \"CSV UTF-8\"",
    ),
    (
        b"\x1f\x8b",
        "a compressed file (gzip)",
        "unpack it first, for example with gunzip",
    ),
    (b"BZh", "a compressed file (bzip2)", UNPACK),
    (b"\xfd7zXZ", "a compressed file (xz)", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a compressed file (zstd)", UNPACK),
    (b"7z\xbc\xaf", "an archive (7z)", UNPACK),
    (b"Rar!", "an archive (rar)", UNPACK),
    (b"\xff\xd8\xff", "a photo (JPEG)", NAME_SHEET),
    (b"\x89PNG", "a picture (PNG)", NAME_SHEET),
    (b"GIF8", "a picture (GIF)", NAME_SHEET),
    (b"RIFF", "a picture or a video", NAME_SHEET),
    (b"II*\0", "a picture (TIFF)", NAME_SHEET),
    (b"MM\0*", "a picture (TIFF)", NAME_SHEET),
    (
        b"{\\rtf",
        "a text document (RTF)",
        "save it as plain text, or export the sheet as CSV",
    ),
    (b"SQLite format 3", "a database", "export the table as CSV"),
    (b"PAR1", "a Parquet file", "export the table as CSV"),
    (b"<!doctype", "a web page (HTML)", LOGIN),
    (b"<html", "a web page (HTML)", LOGIN),
    (b"<head", "a web page (HTML)", LOGIN),
    (b"<table", "a web page (HTML)", EXPORT),
    (b"<script", "a web page (HTML)", LOGIN),
    (b"<?xml", "an XML file", EXPORT),
    (b"<svg", "a picture (SVG)", NAME_SHEET),
];

/// What the file that begins with `head` is, when it is not a table, and what to do.
pub(super) fn foreign_format(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = text.trim_ascii_start();
    let begins = |start: &[u8]| {
        let same = |bytes: &[u8]| {
            bytes
                .get(..start.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
        };
        head.starts_with(start) || start.starts_with(b"<") && same(text)
    };
    if let Some((_, what, help)) = FORMATS.iter().find(|(start, ..)| begins(start)) {
        return Some((what, help));
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Some(("a photo or a video", NAME_SHEET));
    }
    is_json(text).then_some((
        "a JSON file",
        "export the table as CSV, one row for each clip",
    ))
}

/// Whether a text begins like JSON: a bracket, then what may follow it.
fn is_json(text: &[u8]) -> bool {
    let after = |text: &[u8]| {
        text.get(1..)
            .map(<[u8]>::trim_ascii_start)
            .unwrap_or_default()
            .to_vec()
    };
    match text.first() {
        Some(b'{') => matches!(after(text).first(), Some(b'"' | b'}')),
        Some(b'[') => matches!(after(text).first(), Some(b'{' | b'[' | b']')),
        _ => false,
    }
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

    #[test]
    fn files_that_are_no_table_are_called_what_they_are() {
        for (head, part) in [
            (&b"\xd0\xcf\x11\xe0\xa1"[..], ".xls"),
            (b"%PDF-1.7", "PDF"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"\xff\xd8\xff\xe0", "JPEG"),
            (b"\x89PNG\r\n", "PNG"),
            (b"\0\0\0\x18ftypheic", "photo"),
            (b"<!DOCTYPE html>", "HTML"),
            (b"\xef\xbb\xbf\n  <HTML lang", "HTML"),
            (b"<?xml version", "XML"),
            (b"{\n  \"rows\": []}", "JSON"),
            (b"[{\"sku\":1}]", "JSON"),
            (b"{\\rtf1", "RTF"),
            (b"SQLite format 3\0", "database"),
        ] {
            let found = foreign_format(head)
                .map(|(what, _)| what)
                .unwrap_or_default();
            assert!(found.contains(part), "{head:?}: {found}");
        }
        for head in [
            &b"sku,image_url\n"[..],
            b"",
            b"{room},x\n",
            b"[sku],[image]\n",
            b"\xef\xbb\xbfsku",
            b"<sku>,x\n",
            b"\xff\xfes\0",
        ] {
            assert_eq!(foreign_format(head), None, "{head:?}");
        }
    }
}
