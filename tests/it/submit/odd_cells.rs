//! Cells that a spreadsheet program broke: refused with their place, and nothing is sent.

use crate::support::{Server, World};

const HEADER: &str = "sku,image_url,video_prompt,model,duration,aspect_ratio,variant,webhook_url";
const GOOD: [&str; 8] = [
    "MUG-1",
    "https://cdn.example.com/mug.jpg",
    "Half turn, soft light",
    "kling-v3",
    "5s",
    "16:9",
    "",
    "https://example.com/hook",
];

/// A manifest of one good row and one whose cell in `column` (counted from 0) is `cell`.
fn with_cell(column: usize, cell: &str) -> String {
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let mut row = GOOD.map(quoted);
    row[column] = quoted(cell);
    let mut good = GOOD.map(quoted);
    good[0] = quoted("MUG-2");
    format!("{HEADER}\n{}\n{}\n", good.join(","), row.join(","))
}

/// Column, cell, and a part of what is said.
const BROKEN: [(usize, &str, &str); 25] = [
    (0, "#N/A", "a lookup found nothing"),
    (0, "1.23457E+12", "last digits are gone"),
    (0, "12-Mar", "Excel turns 3-12 or 12-3 into a date"),
    (0, "=\"00123\"", "00123"),
    (
        0,
        "MUG\u{200b}-1",
        "invisible character (U+200B) in the sku, as its 4th",
    ),
    (1, "#REF!", "are gone"),
    (1, "Loading...", "finished loading"),
    (
        1,
        "https://cdn.example.com/\u{200b}mug.jpg",
        "invisible character",
    ),
    (
        1,
        "https://cdn.example.com/{sku}.jpg",
        "a placeholder was left unfilled: {sku}",
    ),
    (
        1,
        "https://cdn.example.com/a.jpg|https://cdn.example.com/b.jpg",
        "there are 2 addresses in this cell",
    ),
    (
        1,
        "https://cdn.example.com/a.jpg;https://cdn.example.com/b.jpg",
        "there are 2 addresses in this cell",
    ),
    (
        1,
        "https://cdn.example.com/a.jpg,https://cdn.example.com/b.jpg",
        "there are 2 addresses in this cell",
    ),
    (
        1,
        "https://cdn.example.com/a.jpg?w=1&amp;h=2",
        "it has &amp; in it",
    ),
    (2, "=CONCATENATE(\"Pan \",B2)", "formula"),
    (2, "#NAME?", "error"),
    (2, "TBD", "holds the place"),
    (2, "-", "holds the place"),
    (2, "0", "no words"),
    (2, "null", "holds the place"),
    (
        2,
        "Pan through the {room}",
        "a placeholder was left unfilled: {room}",
    ),
    (3, "TRUE", "checkbox"),
    (4, "#VALUE!", "wrong kind"),
    (5, "16-Sep", "into a date"),
    (6, "#DIV/0!", "divides by zero"),
    (7, "#NULL!", "no cell in common"),
];

#[test]
fn a_broken_cell_stops_the_run_before_anything_is_sent() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for (column, cell, output) in BROKEN {
        world.write("products.csv", with_cell(column, cell));
        let run = world.run(&["submit", "products.csv"]).expect(65);
        let place = format!("products.csv:3: column {} (", column + 1);
        assert!(run.stderr.contains(&place), "{cell}: {}", run.stderr);
        assert!(run.stderr.contains(output), "{cell}: {}", run.stderr);
    }
    assert!(server.posts().is_empty());
}

#[test]
fn odd_cells_that_are_meant_so_are_sent_on_request() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for (column, cell) in [(0, "12-Mar"), (2, "TBD"), (2, "=^.^= looks up"), (6, "-")] {
        world.write("products.csv", with_cell(column, cell));
        world
            .run(&["submit", "products.csv", "--dry-run"])
            .expect(65);
        world
            .run(&[
                "submit",
                "products.csv",
                "--allow-odd-cells",
                "--resubmit-changed",
            ])
            .expect(0);
    }
    // One that is the same each time, and the odd ones.
    assert_eq!(server.posts().len(), 5);
    for (column, cell) in [(1, "#REF!"), (2, "Pan through the {room}")] {
        world.write("products.csv", with_cell(column, cell));
        world
            .run(&["submit", "products.csv", "--allow-odd-cells"])
            .expect(65);
    }
    assert_eq!(server.posts().len(), 5);
}

#[test]
fn what_cannot_be_seen_around_a_cell_is_not_sent() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let text = "sku,image_url,video_prompt\n\
        \u{200b}MUG-1\u{feff},\u{feff}https://cdn.example.com/mug.jpg\u{200e},\u{202a}turn\u{202c}\n";
    world.write("products.csv", text);
    world.run(&["submit", "products.csv"]).expect(0);
    let sent = server.posts()[0].json();
    assert_eq!(sent["image_url"], "https://cdn.example.com/mug.jpg");
    assert_eq!(sent["prompt"], "turn");
    assert_eq!(world.log().lines[0]["sku"], "MUG-1");
}

#[test]
fn json_lists_each_invalid_row() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("products.csv", with_cell(2, "TBD"));
    for (options, code) in [
        (&["--json"][..], 65),
        (&["--json", "--dry-run"], 65),
        (&["--json", "--skip-invalid"], 0),
    ] {
        let arguments = [&["submit", "products.csv"], options].concat();
        let summary = world.run(&arguments).expect(code).json();
        assert_eq!(summary["invalid"], 1, "{options:?}");
        let row = &summary["invalid_rows"][0];
        assert_eq!(row["line"], 3);
        assert_eq!(row["column"], "video_prompt");
        assert_eq!(row["column_number"], 3);
        assert_eq!(row["cell"], "TBD");
        assert!(row["reason"].as_str().unwrap().contains("holds the place"));
    }
}

#[test]
fn columns_named_like_fields_of_the_log_are_carried_under_another_name() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let text = "sku,image_url,video_prompt,Status,sheet_status,Published,Phase,Credits,File,Reference\n\
        MUG-1,https://cdn.example.com/mug.jpg,turn,active,old,TRUE,2,7,a.jpg,R-1\n";
    world.write("products.csv", text);
    world.run(&["submit", "products.csv"]).expect(0);
    let line = &world.log().lines[0];
    assert_eq!(line["status"], "submitting");
    for (field, value) in [
        ("sheet_status_2", "active"),
        ("sheet_status", "old"),
        ("sheet_published", "TRUE"),
        ("sheet_phase", "2"),
        ("sheet_credits", "7"),
        ("sheet_file", "a.jpg"),
        ("sheet_reference", "R-1"),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
}
