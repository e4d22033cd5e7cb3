//! Two rows of one sheet, and one clip that stands in it twice.

use super::super::renamings::{PAN, PHOTO, Row};
use super::{orders, sheet};
use crate::support::{Server, Step, World};

/// Two rows of one sheet: id, photo, prompt, variant of each; then the clips that are ordered, and the
/// exit code.
type Pair = (&'static str, [[&'static str; 4]; 2], usize, i32);

#[rustfmt::skip]
const PAIRS: &[Pair] = &[
    // What cannot be seen, and how an address is written.
    ("blanks", [["L1", PHOTO, "Slow pan", ""], ["L1", PHOTO, "Slow\u{a0}pan", ""]], 1, 0),
    ("a soft hyphen", [["L1", PHOTO, "Slow pan", ""], ["L1", PHOTO, "Slow pa\u{ad}n", ""]], 1, 0),
    ("a decomposed letter", [["L1", PHOTO, "caf\u{e9}", ""], ["L1", PHOTO, "cafe\u{301}", ""]], 1, 0),
    ("a blank in the id", [["L 1", PHOTO, "pan", ""], ["L\u{a0}1", PHOTO, "pan", ""]], 1, 0),
    ("blanks in the variant", [["L1", PHOTO, "pan", "a b"], ["L1", PHOTO, "pan", "a  b"]], 1, 0),
    ("without encryption", [["L1", "https://a.example/k.jpg", "pan", ""], ["L1", "http://a.example/k.jpg", "pan", ""]], 1, 0),
    ("the host in capitals", [["L1", "https://c.example/k.jpg", "pan", ""], ["L1", "https://C.example/k.jpg", "pan", ""]], 1, 0),
    ("a doubled slash", [["L1", "https://a.example/p/k.jpg", "pan", ""], ["L1", "https://a.example//p/k.jpg", "pan", ""]], 1, 0),
    ("an encoded sign", [["L1", "https://a.example/p/k%2Done.jpg", "pan", ""], ["L1", "https://a.example/p/k-one.jpg", "pan", ""]], 1, 0),
    ("the default port and a signature", [["L1", "https://a.example/k.jpg?sig=1", "pan", ""], ["L1", "https://a.example:443/k.jpg?sig=2", "pan", ""]], 1, 0),
    ("another size", [["L1", "https://shop.example/cdn/shop/files/mug.jpg", "pan", ""], ["L1", "https://shop.example/cdn/shop/files/mug_600x.jpg", "pan", ""]], 1, 0),
    ("without a photo", [["L1", "", "Slow pan", ""], ["L1", "", "Slow\u{a0}pan", ""]], 1, 0),
    // What is seen, and likely to be one clip all the same.
    ("another letter case of the id", [["mug-1", PHOTO, "pan", ""], ["MUG-1", PHOTO, "pan", ""]], 1, 3),
    ("another letter case of the variant", [["L1", PHOTO, "pan", "a"], ["L1", PHOTO, "pan", "A"]], 1, 3),
    ("zeros", [["00042", PHOTO, "pan", ""], ["42", PHOTO, "pan", ""]], 1, 3),
    ("a decimal", [["42.0", PHOTO, "pan", ""], ["42", PHOTO, "pan", ""]], 1, 3),
    ("a date", [["3-12", PHOTO, "pan", ""], ["12-Mar", PHOTO, "pan", ""]], 1, 3),
    ("rounded", [["401234567890123", PHOTO, "pan", ""], ["4.01235E+14", PHOTO, "pan", ""]], 1, 3),
    ("the wrong encoding of the id", [["M\u{fc}ller", PHOTO, "pan", ""], ["M\u{c3}\u{bc}ller", PHOTO, "pan", ""]], 1, 3),
    ("the wrong encoding of the prompt", [["L1", PHOTO, "caf\u{e9}", ""], ["L1", PHOTO, "caf\u{c3}\u{a9}", ""]], 1, 3),
    ("capitals, blanks and an address", [["mug-1", "https://a.example/k.jpg", "pan", ""], ["MUG-1", "http://A.example//k.jpg?sig=1", " pan", ""]], 1, 3),
    ("capitals without a photo", [["mug-1", "", "pan", ""], ["MUG-1", "", "pan", ""]], 1, 3),
    ("capitals and another part", [["mug-1", "https://a.example/k.jpg?crop=left", "pan", ""], ["MUG-1", "https://a.example/k.jpg?crop=right", "pan", ""]], 1, 3),
    // Two clips.
    ("variants", [["L1", PHOTO, "pan", "a"], ["L1", PHOTO, "pan", "b"]], 2, 0),
    ("variants of two spellings", [["mug-1", PHOTO, "pan", "a"], ["MUG-1", PHOTO, "pan", "b"]], 2, 0),
    ("two parts", [["L1", "https://a.example/k.jpg?crop=left", "pan", ""], ["L1", "https://a.example/k.jpg?crop=right", "pan", ""]], 2, 0),
    ("two files", [["L1", "https://a.example/k.jpg", "pan", ""], ["L1", "https://a.example/K.jpg", "pan", ""]], 2, 0),
    ("two folders", [["L1", "https://a.example/bath/1.jpg", "pan", ""], ["L1", "https://a.example/hall/1.jpg", "pan", ""]], 2, 0),
    ("two letter cases in the prompt", [["L1", PHOTO, "pan", ""], ["L1", PHOTO, "Pan", ""]], 2, 0),
    ("capitals and another prompt", [["mug-1", "https://a.example/k.jpg", "pan", ""], ["MUG-1", "http://A.example//k.jpg?sig=1", "slow  pan", ""]], 2, 0),
    ("two listings without a photo", [["L1", "", "pan", ""], ["L2", "", "pan", ""]], 2, 0),
];

#[test]
fn two_rows_of_one_sheet_that_are_one_clip_are_ordered_once() {
    let sheet = |rows: &[[&str; 4]]| {
        let rows = rows
            .iter()
            .map(|row| format!("\"{}\"\n", row.join("\",\"")));
        let header = "sku,image_url,video_prompt,variant\n".to_owned();
        std::iter::once(header).chain(rows).collect::<String>()
    };
    let submit = [
        "submit",
        "sheet.csv",
        "--allow-odd-cells",
        "--allow-no-image",
    ];
    for (name, rows, bills, code) in PAIRS {
        // At once, or the second row in a later run.
        for first in [2, 1] {
            let server = Server::accepting();
            let world = World::facing(&server);
            let mut codes = Vec::new();
            for count in [first, 2, 2] {
                world.write("sheet.csv", sheet(&rows[..count]));
                let run = world.run(&submit);
                codes.push(run.code());
                let both = run.stderr.contains("line 3 as line 2");
                let is_held =
                    run.stderr.contains("sheet.csv:3") && run.stderr.contains("same clip");
                let words = (both, is_held);
                let expected = match (count, *bills, *code) {
                    (1, ..) | (_, 2, _) => (false, false),
                    (.., 0) => (true, false),
                    _ => (false, true),
                };
                assert_eq!(words, expected, "{name}: {}", run.stderr);
                if first == 2 && codes.len() == 1 && is_held {
                    assert!(run.stderr.contains("as line 2"), "{name}: {}", run.stderr);
                }
            }
            let expected = [if first == 2 { *code } else { 0 }, *code, *code];
            assert_eq!(codes, expected, "{name}");
            assert_eq!(orders(&server), *bills, "{name}");
            if *code == 3 {
                let run = world.run(&[&submit[..], &["--allow-same-clip"]].concat());
                run.expect(0);
                assert_eq!(orders(&server), 2, "{name}");
            }
        }
    }
}

#[test]
fn a_held_row_of_one_sheet_names_the_other_one() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let rows = [
        ("mug-1", PHOTO, PAN),
        ("SKU-2", PHOTO, PAN),
        ("MUG-1", PHOTO, PAN),
    ];
    world.write("sheet.csv", sheet(&rows));
    let plan = ["submit", "sheet.csv", "--dry-run", "--json"];
    assert_eq!(world.run(&plan).expect(0).json()["same_clip"], 1);
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
    let held = run.json()["held"].clone();
    assert_eq!(held.as_array().unwrap().len(), 1);
    assert_eq!(
        (
            &held[0]["line"],
            &held[0]["other_line"],
            &held[0]["job_id"],
            &held[0]["reason"]
        ),
        (&4.into(), &2.into(), &"mug-1".into(), &"same_clip".into())
    );
    assert_eq!(held[0]["job"], world.log().job_of("mug-1")["job"]);
    // Another id is another matter.
    assert!(run.stderr.contains("line 3 as line 2"), "{}", run.stderr);
    assert_eq!(orders(&server), 2);
}

#[test]
fn what_was_refused_is_not_ordered_under_a_second_spelling() {
    for refusal in [400, 402] {
        let server = Server::start(move |post| match post.number {
            0 => Step::reply(refusal, "refused"),
            _ => Step::accept(),
        });
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[("mug-1", PHOTO, PAN)]));
        world.run(&["submit", "sheet.csv"]);
        // The second spelling stands above the first one.
        world.write(
            "sheet.csv",
            sheet(&[("MUG-1", PHOTO, PAN), ("mug-1", PHOTO, PAN)]),
        );
        world.run(&["submit", "sheet.csv"]).expect(3);
        world.run(&["retry", "--failed"]).expect(0);
        world.run(&["submit", "sheet.csv"]).expect(3);
        assert_eq!(orders(&server), 1, "{refusal}");
    }
}

#[test]
fn a_row_that_stands_in_the_sheet_once_more_signed_anew_is_ordered_once() {
    type Case<'a> = (&'a str, &'a [Row], &'a [Row], usize, i32);
    const SIGNED: &str = "https://cdn.example.com/rooms/kitchen.jpg?X-Amz-Signature=1";
    const AGAIN: &str = "https://cdn.example.com/rooms/kitchen.jpg?X-Amz-Signature=2&Expires=9";
    const LEFT: &str = "https://cdn.example.com/rooms/kitchen.jpg?crop=left";
    const RIGHT: &str = "https://cdn.example.com/rooms/kitchen.jpg?crop=right";
    const OTHER_PORT: &str = "https://CDN.example.com:443/rooms/kitchen.jpg";
    let (row, again) = (("SKU-1", SIGNED, PAN), ("SKU-1", AGAIN, PAN));
    let cases: &[Case<'_>] = &[
        ("at once", &[], &[row, again], 1, 0),
        ("added below", &[row], &[row, again], 1, 0),
        ("added above", &[row], &[again, row], 1, 0),
        ("both new", &[("SKU-1", PHOTO, PAN)], &[row, again], 1, 0),
        (
            "another spelling",
            &[row],
            &[row, ("SKU-1", OTHER_PORT, PAN)],
            1,
            0,
        ),
        (
            "other blanks",
            &[row],
            &[row, ("SKU-1", SIGNED, "Slow pan,  morning light")],
            1,
            0,
        ),
        (
            "two parts",
            &[],
            &[("SKU-1", LEFT, PAN), ("SKU-1", RIGHT, PAN)],
            2,
            0,
        ),
        (
            "one more part",
            &[("SKU-1", LEFT, PAN)],
            &[("SKU-1", LEFT, PAN), ("SKU-1", RIGHT, PAN)],
            2,
            0,
        ),
    ];
    for (name, before, after, bills, code) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        if !before.is_empty() {
            world.write("sheet.csv", sheet(before));
            world.run(&["submit", "sheet.csv"]).expect(0);
        }
        world.write("sheet.csv", sheet(after));
        for command in [
            &["submit", "sheet.csv"][..],
            &["compact"],
            &["submit", "sheet.csv"],
        ] {
            let run = world.run(command);
            assert_eq!(orders(&server), *bills, "{name}: {}", run.stderr);
            let code = if command.len() == 1 { 0 } else { *code };
            assert_eq!(run.code(), code, "{name}: {}", run.stderr);
        }
        let run = world.run(&["submit", "sheet.csv"]);
        let is_named = run.stderr.contains("signature") && run.stderr.contains("variant");
        assert_eq!(
            is_named,
            *bills == 1 && *code == 0,
            "{name}: {}",
            run.stderr
        );
    }
}

#[test]
fn what_was_refused_and_then_sent_as_another_row_is_not_sent_by_a_retry() {
    let sheets: &[(&str, Row)] = &[
        ("another id", ("SKU-2", PHOTO, PAN)),
        (
            "another server",
            ("SKU-1", "https://d1.example.net/img/kitchen.jpg", PAN),
        ),
        (
            "another signature",
            (
                "SKU-1",
                "https://cdn.example.com/rooms/kitchen.jpg?sig=1",
                PAN,
            ),
        ),
    ];
    for refusal in [400, 401] {
        for (name, row) in sheets {
            let server = Server::start(move |post| match post.number {
                0 => Step::reply(refusal, "refused"),
                _ => Step::accept(),
            });
            let world = World::facing(&server);
            world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
            world.run(&["submit", "sheet.csv"]);
            world.write("sheet.csv", sheet(&[*row]));
            world.run(&["submit", "sheet.csv"]).expect(0);
            world.run(&["retry", "--failed"]).expect(0);
            world.run(&["compact"]).expect(0);
            world.run(&["retry", "--failed"]).expect(0);
            assert_eq!(orders(&server), 1, "{refusal}: {name}");
            // Nor is it when the old row is back, alone or beside the new one.
            for rows in [&[("SKU-1", PHOTO, PAN)][..], &[("SKU-1", PHOTO, PAN), *row]] {
                world.write("sheet.csv", sheet(rows));
                let run = world.run(&["submit", "sheet.csv"]);
                let is_other_photo = *name == "another server" && rows.len() == 2;
                assert_eq!(
                    orders(&server),
                    if is_other_photo { 2 } else { 1 },
                    "{refusal}: {name}: {}",
                    run.stderr
                );
                assert!(
                    matches!(run.code(), 0 | 3),
                    "{refusal}: {name}: {}",
                    run.stderr
                );
            }
        }
    }
}

#[test]
fn rows_of_one_sheet_that_are_the_same_clip_are_named_and_sent() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "sheet.csv",
        sheet(&[("SKU-1", PHOTO, PAN), ("SKU-2", PHOTO, PAN)]),
    );
    let run = world.run(&["submit", "sheet.csv"]).expect(0);
    assert!(run.stderr.contains("line 3 as line 2"), "{}", run.stderr);
    assert_eq!(orders(&server), 2);
    let again = world.run(&["submit", "sheet.csv"]).expect(0);
    assert!(!again.stderr.contains("line 3"), "{}", again.stderr);
}
