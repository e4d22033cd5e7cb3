//! Workbooks as manifests: cells as they are shown, one sheet, rows by their numbers.

use crate::support::workbook::{Cell, Cell::*, ods, ods_hiding, other_archive, xlsx, xlsx_hiding};
use crate::support::{Server, World};

const HEADER: &[Cell<'_>] = &[
    Text("sku"),
    Text("image_url"),
    Text("video_prompt"),
    Text("duration"),
    Text("discount"),
];

fn mug<'a>(sku: Cell<'a>, prompt: Cell<'a>, duration: Cell<'a>) -> [Cell<'a>; 4] {
    [
        sku,
        Text("https://cdn.example.com/mug.jpg"),
        prompt,
        duration,
    ]
}

#[test]
fn cells_are_sent_as_they_are_shown() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let padded = mug(
        Number("123", 1),
        Text("Turn, \"slowly\"\nthen stop"),
        Number("10", 0),
    );
    let formula = mug(Number("4202", 0), Formula("A1&\" pan\"", "Slow pan"), Empty);
    let percent = [
        Text("MUG-3"),
        Text("https://cdn.example.com/mug.jpg"),
        Text("Turn"),
        Empty,
        Number("0.5", 2),
    ];
    let rows: &[&[Cell<'_>]] = &[
        &[Text("Spring collection")],
        &[],
        HEADER,
        &padded,
        &[],
        &formula,
        &percent,
    ];
    world.write("products.xlsx", xlsx(&[("Clips", false, rows)]));
    world
        .run(&["submit", "products.xlsx", "--concurrency", "1"])
        .expect(0);
    let log = world.log();
    let opened: Vec<_> = log
        .lines
        .iter()
        .filter(|line| line["status"] == "submitting")
        .collect();
    assert_eq!(opened.len(), 3);
    for (line, (sku, row, prompt, duration)) in opened.iter().zip([
        ("00123", 4, "Turn, \"slowly\"\nthen stop", "10s"),
        ("4202", 6, "Slow pan", "5s"),
        ("MUG-3", 7, "Turn", "5s"),
    ]) {
        assert_eq!(line["sku"], sku);
        assert_eq!(line["line"], row);
        assert_eq!(line["request"]["prompt"], prompt);
        assert_eq!(line["request"]["duration"], duration);
    }
    assert_eq!(opened[2]["discount"], "50%");
    // The same rows once more: nothing is new.
    world.run(&["submit", "products.xlsx"]).expect(0);
    assert_eq!(server.posts().len(), 3);
}

#[test]
fn broken_cells_of_a_workbook_are_refused() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let prompt = || Text("Turn");
    for (row, column, output) in [
        (
            mug(Error("#N/A"), prompt(), Empty),
            1,
            "a lookup found nothing",
        ),
        (mug(Number("46093", 3), prompt(), Empty), 1, "into a date"),
        (
            mug(Number("1.23456789012345E+17", 0), prompt(), Empty),
            1,
            "last digits are gone",
        ),
        (
            mug(Text("MUG-1"), Error("#NAME?"), Empty),
            3,
            "names a function",
        ),
        (mug(Text("MUG-1"), Bool(true), Empty), 3, "checkbox"),
        (mug(Text("MUG-1"), Empty, Empty), 3, "the prompt is empty"),
        (
            mug(Text("MUG-1"), Uncalculated("A1"), Empty),
            3,
            "this is a formula whose value was never saved",
        ),
        (
            mug(Text("MUG-1"), prompt(), Uncalculated("A1")),
            4,
            "this is a formula whose value was never saved",
        ),
        (mug(Text("MUG-1"), prompt(), Number("0.5", 4)), 4, "length"),
    ] {
        let rows: &[&[Cell<'_>]] = &[HEADER, &row];
        world.write("products.xlsx", xlsx(&[("Clips", false, rows)]));
        let printed = world.run(&["submit", "products.xlsx"]).expect(65).stderr;
        let place = format!("products.xlsx:2: column {column} (");
        assert!(
            printed.contains(&place) && printed.contains(output),
            "{printed}"
        );
    }
    assert!(server.posts().is_empty());
}

#[test]
fn the_first_sheet_is_taken_or_the_one_that_is_named() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let one = mug(Text("MUG-1"), Text("Turn"), Empty);
    let two = [
        Text("MUG-2"),
        Text("https://cdn.example.com/other.jpg"),
        Text("Turn"),
        Empty,
    ];
    let first: &[&[Cell<'_>]] = &[HEADER, &one];
    let second: &[&[Cell<'_>]] = &[HEADER, &two];
    let book = xlsx(&[
        ("Lists", true, &[]),
        ("Mugs", false, first),
        ("More Mugs", false, second),
    ]);
    world.write("products.xlsx", book);
    // A row on a sheet that is not read would be missed in silence.
    let printed = world.run(&["submit", "products.xlsx"]).expect(0).stderr;
    let note = "only the sheet \"Mugs\" of this workbook is read; for another, add --sheet NAME: \
                \"More Mugs\"";
    assert!(printed.contains(note), "{printed}");
    let printed = world
        .run(&["submit", "products.xlsx", "--sheet", "more mugs"])
        .expect(0)
        .stderr;
    assert!(!printed.contains("only the sheet"), "{printed}");
    let log = world.log();
    let skus: Vec<_> = log.jobs.iter().map(|job| job["sku"].clone()).collect();
    assert_eq!(skus, ["MUG-1", "MUG-2"]);
    let notes: &[&[Cell<'_>]] = &[&[Text("my notes")]];
    let book = xlsx(&[("Notes", false, notes), ("Mugs", false, first)]);
    world.write("notes.xlsx", book);
    let printed = world.run(&["submit", "notes.xlsx"]).expect(65).stderr;
    assert!(printed.contains("add --sheet NAME: \"Mugs\""), "{printed}");
    let printed = world
        .run(&["submit", "products.xlsx", "--sheet", "Teapots"])
        .expect(65)
        .stderr;
    assert!(
        printed.contains("cannot find the sheet \"Teapots\"")
            && printed.contains("\"Mugs\", \"More Mugs\""),
        "{printed}"
    );
}

#[test]
fn a_libreoffice_workbook_is_read() {
    const TEXT: &str = "office:value-type=\"string\"";
    let server = Server::accepting();
    let world = World::facing(&server);
    let text =
        |text: &str| format!("<table:table-cell {TEXT}><text:p>{text}</text:p></table:table-cell>");
    let number = |number: &str| {
        format!(
            "<table:table-cell office:value-type=\"float\" office:value=\"{number}\"><text:p>{number}</text:p></table:table-cell>"
        )
    };
    let header = ["sku", "image_url", "video_prompt", "duration"].map(text);
    let row = [
        number("4202"),
        text("https://cdn.example.com/mug.jpg"),
        text("Turn"),
        number("10"),
    ];
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let row: Vec<&str> = row.iter().map(String::as_str).collect();
    world.write("products.ods", ods("Clips", &[&header, &row]));
    world.run(&["submit", "products.ods"]).expect(0);
    let line = &world.log().lines[0];
    assert_eq!(line["sku"], "4202");
    assert_eq!(line["request"]["duration"], "10s");
    assert_eq!(line["line"], 2);
}

#[test]
fn a_workbook_comes_by_standard_input_too() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let one = mug(Text("MUG-1"), Text("Turn"), Empty);
    let rows: &[&[Cell<'_>]] = &[HEADER, &one];
    let book = xlsx(&[("Clips", false, rows)]);
    world.run_with_input(&["submit", "-"], book).expect(0);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn other_archives_are_called_what_they_are() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for (part, output) in [
        ("Index/Document.iwa", ".numbers"),
        ("word/document.xml", "text document"),
        ("photos/a.jpg", "zip archive"),
        ("xl/workbook.bin", ".xlsb"),
        ("xl/worksheets/sheet1.xml", "cannot be read"),
    ] {
        world.write("sheet.xlsx", other_archive(part));
        let printed = world.run(&["submit", "sheet.xlsx"]).expect(65).stderr;
        assert!(printed.contains(output), "{printed}");
    }
    assert!(server.posts().is_empty());
}

#[test]
fn a_value_under_a_column_without_header_is_named_by_its_column() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let row = [
        Text("MUG-1"),
        Text("https://cdn.example.com/mug.jpg"),
        Text("Turn"),
        Empty,
        Empty,
        Text("stray"),
    ];
    world.write("products.xlsx", xlsx(&[("Mugs", false, &[HEADER, &row])]));
    let printed = world.run(&["submit", "products.xlsx"]).expect(65).stderr;
    assert!(
        printed.contains("products.xlsx:2: column 6: this column has no header"),
        "{printed}"
    );
    assert!(server.posts().is_empty());
}

#[test]
fn hidden_rows_are_held_until_a_person_wants_them() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let one = |sku, photo| [Text(sku), Text(photo), Text("Turn"), Text("10")];
    let a = one("MUG-1", "https://cdn.example.com/1.jpg");
    let b = one("MUG-2", "https://cdn.example.com/2.jpg");
    let c = one("MUG-3", "https://cdn.example.com/3.jpg");
    let rows: &[&[Cell<'_>]] = &[HEADER, &a, &b, &c];
    let write = |hidden: &[usize], columns: &[usize]| {
        let book = xlsx_hiding(hidden, columns, &[("Mugs", false, rows)]);
        world.write("products.xlsx", book);
    };
    // A column that doubles the price, and is not seen.
    write(&[3, 4], &[4]);
    let dry = ["submit", "products.xlsx", "--dry-run", "--json"];
    let document = world.run(&dry).expect(0).json();
    assert_eq!(
        (&document["new"], &document["hidden"]),
        (&1.into(), &2.into())
    );
    assert_eq!(document["held"][0]["reason"], "hidden");
    assert_eq!(document["held"][0]["line"], 3);
    let printed = world.run(&["submit", "products.xlsx"]).expect(3).stderr;
    let rows = "products.xlsx:3, 4: hidden in the sheet, by a filter or by hand";
    let column = "the column \"duration\" is hidden in the sheet, but is used anyway";
    assert!(printed.contains(rows), "{printed}");
    assert!(printed.contains(column), "{printed}");
    assert!(printed.contains("2 hidden and held back"), "{printed}");
    assert_eq!(server.posts().len(), 1);
    // What was ordered counts on, also where the filter hides it now.
    write(&[2, 3], &[]);
    world.run(&["submit", "products.xlsx"]).expect(3);
    assert_eq!(server.posts().len(), 2);
    let flag = ["submit", "products.xlsx", "--include-hidden"];
    world.run(&flag).expect(0);
    assert_eq!(server.posts().len(), 3);
    world.run(&["submit", "products.xlsx"]).expect(0);
    assert_eq!(server.posts().len(), 3);
}

#[test]
fn rows_that_libreoffice_hides_are_held_and_those_of_where_are_not_asked_for() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let text = |text: &str| {
        format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
        )
    };
    let row = |sku: &str| {
        let photo = format!("https://cdn.example.com/{sku}.jpg");
        [sku, &photo, "Turn"].map(text)
    };
    let header = ["sku", "image_url", "video_prompt"].map(text);
    let cells = [header, row("a"), row("b"), row("c")];
    let cells: Vec<Vec<&str>> = cells
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    let blank = "table:number-rows-repeated=\"3\"";
    let book = ods_hiding(
        "Clips",
        &[
            ("", &cells[0]),
            ("table:visibility=\"filter\"", &cells[1]),
            (blank, &[]),
            ("table:visibility=\"collapse\"", &cells[2]),
            ("table:visibility=\"visible\"", &cells[3]),
        ],
    );
    world.write("clips.ods", book);
    let visible = ["submit", "clips.ods", "--where", "sku=c"];
    world.run(&visible).expect(0);
    let printed = world.run(&["submit", "clips.ods"]).expect(3).stderr;
    assert!(
        printed.contains("clips.ods:2, 6: hidden in the sheet"),
        "{printed}"
    );
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn a_row_that_is_shown_is_ordered_although_the_same_row_is_hidden() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let one = mug(Text("MUG-1"), Text("Turn"), Empty);
    let rows: &[&[Cell<'_>]] = &[HEADER, &one, &one];
    let book = xlsx_hiding(&[2], &[], &[("Mugs", false, rows)]);
    world.write("products.xlsx", book);
    world.run(&["submit", "products.xlsx"]).expect(0);
    assert_eq!(server.posts().len(), 1);
}
