//! What is said about rows that are held.

use std::fmt::Write;

use super::super::renamings::PHOTO;
use super::orders;
use crate::support::{Server, Step, World};

#[test]
fn many_renamed_rows_are_reported_in_one_sentence() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let rows = |zeros: &str| {
        let mut text = String::from("sku,image_url,video_prompt\n");
        for n in 1..=12 {
            writeln!(text, "{zeros}{n}55,https://cdn.example.com/{n}.jpg,pan").unwrap();
        }
        text
    };
    world.write("sheet.csv", rows("00"));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", rows(""));
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
    assert_eq!(orders(&server), 12);
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{}", run.stderr);
    for words in [
        "sheet.csv:2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more lines: ",
        "as if a spreadsheet program had turned them into numbers",
        "creativeai rename --from-manifest sheet.csv",
    ] {
        assert!(lines[0].contains(words), "{words}: {}", lines[0]);
    }
    assert_eq!(run.json()["held"].as_array().unwrap().len(), 12);
}

#[test]
fn an_edited_row_says_what_its_older_order_costs() {
    for (outcome, words) in [
        ("failed", "the older order failed, and costs nothing"),
        (
            "pending",
            "the older order still counts, and may be paid for",
        ),
    ] {
        let server = Server::answering(move |request| {
            if request.method == "POST" {
                return Step::accept();
            }
            let id = request.path.rsplit('/').next().unwrap_or_default();
            Step::reply(200, format!("{{\"id\":\"{id}\",\"status\":\"{outcome}\"}}"))
        });
        let world = World::facing(&server);
        let row = |words: &str| format!("SKU-1,{PHOTO}|https://cdn.example.com/2.jpg,{words}\n");
        let sheet = |words: &str| format!("sku,image_url,video_prompt\n{}", row(words));
        let submit = ["submit", "sheet.csv", "--split-images"];
        world.write("sheet.csv", sheet("Pan"));
        world.run(&submit).expect(0);
        world.run(&["reconcile"]);
        world.write("sheet.csv", sheet("Pan slowly"));
        let held = world.run(&submit).expect(3);
        for words in [words, "sheet.csv:2: what was ordered"] {
            assert!(held.stderr.contains(words), "{words}: {}", held.stderr);
        }
    }
}

#[cfg(unix)]
#[test]
fn an_id_that_begins_like_an_option_is_renamed_as_suggested() {
    use super::super::renamings::PAN;
    use super::sheet;

    let server = Server::accepting();
    let world = World::facing(&server);
    let submit = ["submit", "sheet.csv", "--jobs", "june.jsonl"];
    world.write("sheet.csv", sheet(&[("-A", PHOTO, PAN)]));
    world.run(&submit).expect(0);
    world.write("sheet.csv", sheet(&[("--yes", PHOTO, PAN)]));
    let held = world.run(&submit).expect(3);
    let suggested = "rename --jobs june.jsonl -- -A --yes";
    assert!(held.stderr.contains(suggested), "{}", held.stderr);
    world.shell(&format!("\"$0\" {suggested}")).expect(0);
    world.run(&submit).expect(0);
    assert_eq!(orders(&server), 1);
}

// It types what is suggested into a shell.
#[cfg(unix)]
#[test]
fn a_suggested_rename_reads_the_sheet_as_submit_did() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let rows = |zeros: &str| -> Vec<u8> {
        let mut text = String::from("Nr;Bild;room\n");
        for n in 1..=12 {
            let photo = format!("https://cdn.example.com/{n}.jpg");
            writeln!(text, "{zeros}{n}55;{photo};caf\u{e9} {n}").unwrap();
        }
        // As Windows-1252.
        text.chars().map(|c| c as u8).collect()
    };
    let submit = [
        "submit",
        "sheet.csv",
        "--map",
        "sku=Nr",
        "--map",
        "image_url=Bild",
        "--prompt",
        "Pan the {room} slowly",
        "--encoding",
        "windows-1252",
        "--duration",
        "10s",
    ];
    world.write("sheet.csv", rows("00"));
    world.run(&submit).expect(0);
    world.write("sheet.csv", rows(""));
    let held = world.run(&submit).expect(3);
    let suggested = held.stderr.split("`creativeai ").nth(1);
    let suggested = suggested.and_then(|rest| rest.split('`').next()).unwrap();
    world.shell(&format!("\"$0\" {suggested} --yes")).expect(0);
    world.run(&submit).expect(0);
    assert_eq!(orders(&server), 12);
}
