//! Photos at addresses that name none and are made anew with each export, as Airtable's are. What
//! distinguishes them is the name that the cell has in front of the address.

use std::fmt::Write;

use crate::support::{Server, Step, World};

/// The address of a sheet's `n`th photo, as it is exported one night.
fn address(night: usize, n: usize) -> String {
    format!(
        "https://v5.airtableusercontent.com/v3/u/{night}/{night}/1717171{night:06}/\
         aB3dEfGh1jKlMnOpQr{night:02}/Ab1dEfGhIjKlMnOpQrSt{night:02}{n:02}"
    )
}

/// Their cell: one with a name, unless that is empty.
fn cell(night: usize, n: usize, name: &str) -> String {
    match name {
        "" => address(night, n),
        name => format!("{name} ({})", address(night, n)),
    }
}

/// A sheet of one listing's photos: in one cell, or each in a row.
fn sheet(night: usize, names: &[&str], in_one_cell: bool) -> String {
    let cells = (0..).zip(names).map(|(n, name)| cell(night, n, name));
    let cells: Vec<String> = cells.collect();
    let rows = if in_one_cell {
        vec![cells.join(",")]
    } else {
        cells
    };
    let mut text = "listing_id,image_url,video_prompt\n".to_owned();
    for row in rows {
        writeln!(text, "LST-1,\"{row}\",Pan").unwrap();
    }
    text
}

#[test]
fn a_photo_put_in_front_of_others_is_the_one_that_is_ordered() {
    for in_one_cell in [false, true] {
        let server = Server::accepting();
        let world = World::facing(&server);
        let submit = |night, names: &[&str]| {
            world.write("sheet.csv", sheet(night, names, in_one_cell));
            let run = world.run(&["submit", "sheet.csv", "--split-images"]);
            assert_eq!(run.code(), 0, "night {night}: {}", run.stderr);
            server.paid_photos()
        };
        assert_eq!(submit(1, &["kitchen.jpg", "bath (1).jpg"]).len(), 2);
        assert_eq!(submit(2, &["kitchen.jpg", "Bath (1).jpg"]).len(), 2);
        let photos = submit(3, &["new.jpg", "kitchen.jpg", "bath (1).jpg"]);
        assert_eq!(photos[2..], [address(3, 0)]);
        // Another file in the place of one is another photo.
        let photos = submit(4, &["new.jpg", "other.jpg", "bath (1).jpg"]);
        assert_eq!(photos[3..], [address(4, 1)]);
        // In another order nothing is new.
        let names = ["bath (1).jpg", "other.jpg", "new.jpg"];
        assert_eq!(submit(5, &names).len(), 4);
        let log = world.log();
        let is_in_log = |name: &str| log.lines.iter().any(|line| line["photo_name"] == name);
        assert!(
            is_in_log("kitchen.jpg") && is_in_log("new.jpg"),
            "{}",
            log.text
        );
    }
}

#[test]
fn an_edited_prompt_is_compared_with_the_job_of_its_own_photo() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(1, &["kitchen.jpg", "bath.jpg"], false));
    world.run(&["submit", "sheet.csv"]).expect(0);
    let lines = world.log().lines;
    let kitchen = lines
        .iter()
        .find(|line| line["photo_name"] == "kitchen.jpg");
    let edited = sheet(2, &["kitchen.jpg", "bath.jpg"], false).replacen("Pan", "Tilt", 1);
    world.write("sheet.csv", edited);
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
    let held = run.json()["held"].clone();
    assert_eq!(held.as_array().unwrap().len(), 1, "{held}");
    assert_eq!(held[0]["job"], kitchen.unwrap()["job"], "{held}");
}

#[test]
fn photos_without_names_are_matched_where_there_are_as_many_rows_as_jobs() {
    let cases: [(&[&str], &[&str], bool); 7] = [
        (&["", ""], &["", ""], true),
        (&["", ""], &["", "", ""], false),
        (&["", ""], &[""], false),
        // The log is of an older version, which noted no names.
        (&["", ""], &["kitchen.jpg", "bath.jpg"], true),
        (&["", ""], &["new.jpg", "kitchen.jpg", "bath.jpg"], false),
        // One name for several photos names none.
        (
            &["image.jpg", "image.jpg"],
            &["image.jpg", "image.jpg"],
            true,
        ),
        (&["image.jpg"], &["image.jpg", "image.jpg"], false),
    ];
    for (before, after, is_matched) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(1, before, false));
        world.run(&["submit", "sheet.csv"]).expect(0);
        let ordered = world.log().text;
        world.write("sheet.csv", sheet(2, after, false));
        let run = world.run(&["submit", "sheet.csv", "--json"]);
        assert_eq!(server.paid_photos().len(), before.len(), "{after:?}");
        assert_eq!(world.log().text, ordered, "{after:?}");
        let code = if is_matched { 0 } else { 3 };
        assert_eq!(run.code(), code, "{before:?} {after:?}: {}", run.stderr);
        if is_matched {
            assert_eq!(run.stderr, "", "{after:?}");
        } else {
            assert_eq!(run.json()["changed"], after.len(), "{after:?}");
            for words in ["may be paid for", "creativeai rename", "--resubmit-changed"] {
                assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
            }
        }
    }
}

#[test]
fn photos_of_an_older_log_are_named_once_and_known_from_then_on() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(1, &["", ""], false));
    world.run(&["submit", "sheet.csv"]).expect(0);
    let job_of = |n| {
        let photo = address(1, n);
        let jobs = world.log().lines;
        let job = jobs
            .iter()
            .find(|job| job["request"]["image_url"] == *photo);
        job.unwrap()["job"].as_str().unwrap().to_owned()
    };
    let names = ["new.jpg", "kitchen.jpg", "bath.jpg"];
    world.write("sheet.csv", sheet(2, &names, false));
    let run = world.run(&["submit", "sheet.csv"]).expect(3);
    for (n, name) in [(0, "kitchen.jpg"), (1, "bath.jpg")] {
        let photo = cell(2, n + 1, name);
        let quote = if cfg!(windows) { '"' } else { '\'' };
        let command = format!("creativeai rename {} {quote}{photo}{quote}", job_of(n));
        assert!(run.stderr.contains(&command), "{command}: {}", run.stderr);
        world.run(&["rename", &job_of(n), &photo]).expect(0);
    }
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(server.paid_photos()[2..], [address(2, 0)]);
    // With other addresses, and one of them gone.
    world.write("sheet.csv", sheet(3, &names, false));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write(
        "sheet.csv",
        sheet(4, &["new.jpg", "hall.jpg", "bath.jpg"], false),
    );
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(server.paid_photos()[3..], [address(4, 1)]);
}

#[test]
fn the_row_of_a_refused_job_is_ordered_and_not_the_one_beside_it() {
    let server = Server::start(|request| {
        let refused = address(1, 0);
        if request.json()["image_url"] == *refused {
            return Step::reply(422, r#"{"error":"no"}"#);
        }
        Step::accept()
    });
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(1, &["", ""], false));
    world.run(&["submit", "sheet.csv"]).expect(1);
    world.write("sheet.csv", sheet(2, &["", ""], false));
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(server.paid_photos(), [address(1, 1), address(2, 0)]);
}
