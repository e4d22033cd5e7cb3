//! Workbooks made up for the tests, as spreadsheet programs write them.

use std::io::{Cursor, Write};

use zip::CompressionMethod::Stored;
use zip::write::SimpleFileOptions;

/// A zip archive of these parts.
fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(Stored);
    for (name, text) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A cell of an Excel workbook.
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// A text.
    Text(&'a str),
    /// A number, and its number format's place in [`FORMATS`].
    Number(&'a str, usize),
    /// A formula's error.
    Error(&'a str),
    /// A formula and the text that it gave.
    Formula(&'a str, &'a str),
    /// A formula that nothing has calculated.
    Uncalculated(&'a str),
    /// A truth value.
    Bool(bool),
}

/// Number formats: the usual one, leading zeros, percent, `d-mmm`, `h:mm`.
const FORMATS: [&str; 5] = ["General", "00000", "0%", "d-mmm", "h:mm"];

fn cell(row: usize, column: usize, cell: &Cell<'_>) -> String {
    let letter = char::from(b'A' + u8::try_from(column).unwrap());
    let place = format!("r=\"{letter}{row}\"");
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => {
            format!(
                "<c {place} t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
                escape(text)
            )
        }
        Cell::Number(number, format) => format!("<c {place} s=\"{format}\"><v>{number}</v></c>"),
        Cell::Error(error) => format!("<c {place} t=\"e\"><v>{error}</v></c>"),
        Cell::Formula(formula, shown) => {
            format!(
                "<c {place} t=\"str\"><f>{}</f><v>{}</v></c>",
                escape(formula),
                escape(shown)
            )
        }
        Cell::Uncalculated(formula) => format!("<c {place}><f>{formula}</f><v></v></c>"),
        Cell::Bool(truth) => format!("<c {place} t=\"b\"><v>{}</v></c>", u8::from(*truth)),
    }
}

/// A sheet: its name, whether it is hidden, and its rows.
pub type Sheet<'a> = (&'a str, bool, &'a [&'a [Cell<'a>]]);

/// An Excel workbook of these sheets.
pub fn xlsx(sheets: &[Sheet<'_>]) -> Vec<u8> {
    xlsx_hiding(&[], &[], sheets)
}

/// An Excel workbook in whose sheets these rows and columns, counted from 1, are hidden.
pub fn xlsx_hiding(rows: &[usize], columns: &[usize], sheets: &[Sheet<'_>]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let is_hidden = |row| rows.contains(&row);
    let hidden = |n| format!("<col min=\"{n}\" max=\"{n}\" hidden=\"1\"/>");
    let columns: String = columns.iter().map(hidden).collect();
    let columns = if columns.is_empty() {
        columns
    } else {
        format!("<cols>{columns}</cols>")
    };
    let mut names = String::new();
    let mut relations = String::new();
    let mut parts: Vec<(String, String)> = Vec::new();
    for (n, (name, hidden, rows)) in sheets.iter().enumerate() {
        let n = n + 1;
        let state = if *hidden { " state=\"hidden\"" } else { "" };
        names += &format!("<sheet name=\"{name}\" sheetId=\"{n}\"{state} r:id=\"rId{n}\"/>");
        relations += &format!(
            "<Relationship Id=\"rId{n}\" Type=\"{REL}/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>"
        );
        let mut data = String::new();
        for (row, cells) in rows.iter().enumerate() {
            let written: String = cells
                .iter()
                .enumerate()
                .map(|(column, one)| cell(row + 1, column, one))
                .collect();
            if !written.is_empty() {
                let row = row + 1;
                let hidden = if is_hidden(row) { " hidden=\"1\"" } else { "" };
                data += &format!("<row r=\"{row}\"{hidden}>{written}</row>");
            }
        }
        parts.push((
            format!("xl/worksheets/sheet{n}.xml"),
            format!(
                "<worksheet xmlns=\"{MAIN}\">{columns}<sheetData>{data}</sheetData></worksheet>"
            ),
        ));
    }
    relations +=
        &format!("<Relationship Id=\"rId99\" Type=\"{REL}/styles\" Target=\"styles.xml\"/>");
    let formats: String = FORMATS
        .iter()
        .enumerate()
        .map(|(n, code)| format!("<numFmt numFmtId=\"{}\" formatCode=\"{code}\"/>", 164 + n))
        .collect();
    let styles: String = (0..FORMATS.len())
        .map(|n| format!("<xf numFmtId=\"{}\" applyNumberFormat=\"1\"/>", 164 + n))
        .collect();
    parts.extend([
        (
            "_rels/.rels".to_owned(),
            format!(
                "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"rId1\" Type=\"{REL}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml".to_owned(),
            format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{REL}\"><sheets>{names}</sheets></workbook>"),
        ),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!("<Relationships xmlns=\"{PACKAGE}\">{relations}</Relationships>"),
        ),
        (
            "xl/styles.xml".to_owned(),
            format!(
                "<styleSheet xmlns=\"{MAIN}\"><numFmts count=\"{}\">{formats}</numFmts><cellXfs count=\"{}\">{styles}</cellXfs></styleSheet>",
                FORMATS.len(),
                FORMATS.len()
            ),
        ),
    ]);
    let parts: Vec<(&str, &str)> = parts.iter().map(|(a, b)| (&**a, &**b)).collect();
    archive(&parts)
}

/// A `LibreOffice` workbook of one sheet; each cell as its XML.
pub fn ods(name: &str, rows: &[&[&str]]) -> Vec<u8> {
    let rows: Vec<(&str, &[&str])> = rows.iter().map(|cells| ("", *cells)).collect();
    ods_hiding(name, &rows)
}

/// The same; each row with its attributes.
pub fn ods_hiding(name: &str, rows: &[(&str, &[&str])]) -> Vec<u8> {
    let row = |(attributes, cells): &(&str, &[&str])| {
        let cells = cells.concat();
        format!("<table:table-row {attributes}>{cells}</table:table-row>")
    };
    let rows: String = rows.iter().map(row).collect();
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>\
         <table:table table:name=\"{name}\">{rows}</table:table></office:spreadsheet></office:body>\
         </office:document-content>"
    );
    archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        (
            "META-INF/manifest.xml",
            "<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>",
        ),
        ("content.xml", &content),
    ])
}

/// An archive that is no workbook.
pub fn other_archive(part: &str) -> Vec<u8> {
    archive(&[(part, "x")])
}
