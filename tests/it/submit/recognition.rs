//! Rows that something has spelled anew since their clips were ordered: none of them is a new order.
//!
//! The renamings are data, see [`RENAMINGS`].

use std::fmt::Write;

use super::renamings::{
    Outcome::{Adopted, Held, Refused, Sent},
    PAN, PHOTO, RENAMINGS, Renaming, Row,
};
use crate::support::{Request, Server, Step, World};

fn sheet(rows: &[Row]) -> String {
    let mut text = String::from("sku,image_url,video_prompt\n");
    for (id, photo, prompt) in rows {
        writeln!(text, "\"{id}\",\"{photo}\",\"{prompt}\"").unwrap();
    }
    text
}

/// The answer to a poll whose clip failed.
fn failed(poll: &Request) -> Step {
    let id = poll.path.rsplit('/').next().unwrap_or_default();
    Step::reply(200, format!("{{\"id\":\"{id}\",\"status\":\"failed\"}}"))
}

fn orders(server: &Server) -> usize {
    server.bills().len()
}

#[test]
fn a_row_that_was_spelled_anew_is_what_the_table_says() {
    for Renaming {
        name,
        before,
        after,
        outcome,
    } in RENAMINGS
    {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(before));
        // Dates and powers of ten may be meant so.
        let submit = ["submit", "sheet.csv", "--allow-odd-cells"];
        let first = world.run(&submit).expect(0);
        assert!(
            !first.stderr.contains("warning"),
            "{name}: {}",
            first.stderr
        );
        assert_eq!(orders(&server), before.len(), "{name}");
        let ordered = world.log().text;

        world.write("sheet.csv", sheet(after));
        let run = world.run(&[&submit[..], &["--json"]].concat());
        let (code, more) = match outcome {
            Adopted => (0, 0),
            Held(_) => (3, 0),
            Refused => (65, 0),
            Sent(more) => (0, *more),
        };
        assert_eq!(
            orders(&server),
            before.len() + more,
            "{name}: {}",
            run.stderr
        );
        assert_eq!(run.code(), code, "{name}: {}", run.stderr);
        let output = run.json();
        let held = output["held"].as_array().map_or(&[][..], Vec::as_slice);
        match outcome {
            Refused => assert!(run.stderr.contains("invisible"), "{name}: {}", run.stderr),
            Held(words) => {
                assert_eq!(held.len(), 1, "{name}: {output}");
                assert_eq!(held[0]["id"], after.last().unwrap().0.trim(), "{name}");
                for word in *words {
                    assert!(
                        run.stderr.contains(word),
                        "{name}: {word:?} in {}",
                        run.stderr
                    );
                }
            }
            Adopted => {
                assert_eq!(output["skipped"], after.len(), "{name}: {output}");
                assert_eq!(output["pending"], after.len(), "{name}: {output}");
                assert_eq!(run.stderr, "", "{name}");
            }
            Sent(_) => assert_eq!(run.stderr, "", "{name}"),
        }
        if more == 0 {
            assert_eq!(world.log().text, ordered, "{name}");
        }
        // Once more it is the same.
        let again = world.run(&submit);
        assert_eq!(again.code(), code, "{name}: {}", again.stderr);
        assert_eq!(orders(&server), before.len() + more, "{name}");
    }
}

#[test]
fn a_dry_run_reports_the_same() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&[("0012", PHOTO, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", sheet(&[("12", PHOTO, PAN)]));
    let output = world
        .run(&["submit", "sheet.csv", "--dry-run", "--json"])
        .expect(0);
    assert_eq!(output.json()["renamed"], 1);
    assert_eq!(output.json()["held"][0]["cause"], "leading_zeros");
    let text = world.run(&["submit", "sheet.csv", "--dry-run"]).expect(0);
    assert!(text.stdout.contains("renamed"), "{}", text.stdout);
}

#[test]
fn what_a_person_lets_through_is_ordered_once() {
    let cases: &[(&[Row], &[Row], &str, usize)] = &[
        (
            &[("SKU-1", PHOTO, PAN)],
            &[("SKU-2", PHOTO, PAN)],
            "--resubmit-changed",
            1,
        ),
        (
            &[("SKU-1", PHOTO, PAN)],
            &[("SKU-2", PHOTO, PAN)],
            "--allow-same-clip",
            0,
        ),
        (
            &[("SKU-1", PHOTO, PAN)],
            &[("SKU-1", PHOTO, PAN), ("SKU-2", PHOTO, PAN)],
            "--allow-same-clip",
            0,
        ),
    ];
    for (before, after, option, replaced) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(before));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", sheet(after));
        world.run(&["submit", "sheet.csv"]).expect(3);
        world.run(&["submit", "sheet.csv", option]).expect(0);
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), 2, "{option}");
        let log = world.log();
        let marks = log
            .words()
            .iter()
            .filter(|word| **word == "superseded")
            .count();
        assert_eq!(marks, *replaced, "{option} {}", log.text);
    }
}

#[test]
fn another_variant_is_another_clip() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let header = "sku,image_url,video_prompt,variant\n";
    world.write("sheet.csv", format!("{header}SKU-1,{PHOTO},pan,\n"));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write(
        "sheet.csv",
        format!("{header}SKU-1,{PHOTO},pan,\nSKU-2,{PHOTO},pan,b\n"),
    );
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(orders(&server), 2);
}

#[test]
fn a_variant_that_reads_the_same_is_the_same_clip() {
    let sheet = |variants: &[&str]| {
        let row = |variant: &&str| format!("SKU-1,{PHOTO},pan,{variant}\n");
        let rows: String = variants.iter().map(row).collect();
        format!("sku,image_url,video_prompt,variant\n{rows}")
    };
    for (before, after) in [
        ("front", "Front"),
        ("left side", " left  side"),
        ("caf\u{e9}", "CAFE\u{301}"),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[before]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", sheet(&[after]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), 1, "{after}");
    }
}

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
fn a_photo_in_another_folder_is_renamed_or_ordered() {
    let rows = |folder: &str| {
        let row = |n: u32| format!("LST-1,https://cdn.example.com/{folder}/{n}.jpg,pan\n");
        let rows: String = (1..=12).map(row).collect();
        format!("sku,image_url,video_prompt\n{rows}")
    };
    for is_same in [true, false] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", rows("staging"));
        let run = world.run(&["submit", "sheet.csv"]).expect(0);
        assert!(!run.stderr.contains("warning"), "{}", run.stderr);
        world.write("sheet.csv", rows("live"));
        let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
        assert_eq!(run.json()["changed"], 12);
        assert!(run.stderr.contains("2 more rows"), "{}", run.stderr);
        assert_eq!(orders(&server), 12);
        if is_same {
            let bulk = ["rename", "--from-manifest", "sheet.csv", "--yes"];
            world.run(&bulk).expect(0);
        } else {
            world
                .run(&["submit", "sheet.csv", "--resubmit-changed"])
                .expect(0);
        }
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), if is_same { 12 } else { 24 });
    }
}

#[test]
fn a_photo_is_one_jobs_when_folders_are_renamed_in_bulk() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let photo = "https://cdn.example.com/kitchen/1.jpg";
    world.write("sheet.csv", sheet(&[("LST-1", photo, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    let rows = [
        ("LST-1", "https://cdn.example.com/bath/1.jpg", PAN),
        ("LST-1", "https://cdn.example.com/hall/1.jpg", PAN),
    ];
    world.write("sheet.csv", sheet(&rows));
    world.run(&["submit", "sheet.csv"]).expect(3);
    // Either may be it, so none is taken for it.
    let before = world.log().text;
    let renamed = world
        .run(&["rename", "--from-manifest", "sheet.csv", "--yes"])
        .expect(0);
    for words in ["sheet.csv:2", "sheet.csv:3", "so may another row", "rename"] {
        assert!(
            renamed.stderr.contains(words),
            "{words}: {}",
            renamed.stderr
        );
    }
    assert_eq!(world.log().text, before);
    assert_eq!(orders(&server), 1);
}

#[test]
fn photos_of_one_name_that_all_moved_are_offered_each_and_replaced_each() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let photo = |folder: &str| format!("https://cdn.example.com/{folder}/1.jpg");
    let rows = |prefix: &str| {
        let row = |room: &str| format!("LST-1,{},{PAN}\n", photo(&format!("{prefix}{room}")));
        let rows: String = ["kitchen", "bath", "hall"].map(row).concat();
        format!("sku,image_url,video_prompt\n{}", rows.replace(PAN, "Pan"))
    };
    world.write("sheet.csv", rows(""));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", rows("new"));
    let held = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
    let jobs = held.json()["held"].as_array().unwrap().clone();
    let jobs: std::collections::BTreeSet<_> =
        jobs.iter().map(|row| row["job"].to_string()).collect();
    assert_eq!(jobs.len(), 3, "{}", held.stderr);
    for room in ["kitchen", "bath", "hall"] {
        let words = format!("if it was {}", photo(room));
        assert_eq!(held.stderr.matches(&words).count(), 3, "{}", held.stderr);
    }
    // Which of them is which, a person has to say.
    let before = world.log().text;
    let bulk = ["rename", "--from-manifest", "sheet.csv", "--yes"];
    let renamed = world.run(&bulk).expect(0);
    assert!(
        renamed.stderr.contains("so may another row"),
        "{}",
        renamed.stderr
    );
    assert_eq!(world.log().text, before);
    world
        .run(&["submit", "sheet.csv", "--resubmit-changed"])
        .expect(0);
    let lines = world.log().lines;
    let replaced = lines.iter().filter(|line| line["status"] == "superseded");
    let replaced: std::collections::BTreeSet<_> =
        replaced.map(|line| line["job"].to_string()).collect();
    assert_eq!(replaced, jobs);
}

#[test]
fn a_row_set_back_is_known_although_its_address_was_made_anew() {
    for (ordered, found, code) in [
        ("00ff00ff", "11ff00ff", 0),
        ("00ff00ff", "q", 0),
        ("kitchen", "bath", 3),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        let row = |folder: &str, prompt: &'static str| {
            let photo = format!("https://x.example/{folder}/k.jpg");
            format!("sku,image_url,video_prompt\nSKU-1,{photo},{prompt}\n")
        };
        for prompt in ["Pan", "Tilt"] {
            world.write("sheet.csv", row(ordered, prompt));
            let again = ["submit", "sheet.csv", "--resubmit-changed"];
            world.run(&again).expect(0);
        }
        world.write("sheet.csv", row(found, "Pan"));
        let run = world.run(&["submit", "sheet.csv"]).expect(code);
        assert_eq!(orders(&server), 2, "{found}: {}", run.stderr);
    }
}

#[test]
fn the_clip_that_a_row_was_set_back_to_is_the_one_that_goes_out() {
    let server = Server::answering(|request| {
        if request.method == "POST" {
            return Step::accept();
        }
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let body = serde_json::json!({
            "id": id, "status": "completed", "credits": 5,
            "output_url": "https://cdn.example.com/clip.mp4",
        });
        Step::reply(200, body.to_string())
    });
    let world = World::facing(&server);
    let states = || {
        let jobs = world.run(&["status", "--json"]).expect(0).json();
        let state = |job: &serde_json::Value| {
            let prompt = job["request"]["prompt"].as_str().unwrap_or_default();
            (prompt.to_owned(), job.get("superseded").is_none())
        };
        let states: std::collections::BTreeMap<_, _> =
            jobs.as_array().unwrap().iter().map(state).collect();
        states
    };
    let counts = |pan, tilt, zoom| {
        let all = [("Pan", pan), ("Tilt", tilt), ("Zoom", zoom)];
        all.map(|(prompt, counts)| (prompt.to_owned(), counts))
            .into()
    };
    for prompt in ["Pan", "Tilt", "Zoom"] {
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, prompt)]));
        let again = ["submit", "sheet.csv", "--resubmit-changed"];
        world.run(&again).expect(0);
        world.run(&["reconcile"]).expect(0);
    }
    assert_eq!(states(), counts(false, false, true));
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "Pan")]));
    world.run(&["submit", "sheet.csv", "--dry-run"]).expect(0);
    assert_eq!(states(), counts(false, false, true));
    let back = world.run(&["submit", "sheet.csv"]).expect(0);
    assert!(
        back.stderr.contains("1 row of sheet.csv was set back"),
        "{}",
        back.stderr
    );
    assert_eq!(states(), counts(true, false, false));
    // Once is enough, and compacting keeps it.
    let before = world.log().text;
    let again = world.run(&["submit", "sheet.csv"]).expect(0);
    assert!(!again.stderr.contains("set back"), "{}", again.stderr);
    assert_eq!(world.log().text, before);
    world.run(&["compact"]).expect(0);
    assert_eq!(states(), counts(true, false, false));
    // While the newer one has a row of its own, both count.
    let rows = [("SKU-1", PHOTO, "Pan"), ("SKU-1", PHOTO, "Tilt")];
    world.write("sheet.csv", sheet(&rows));
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(states(), counts(true, true, false));
    assert_eq!(orders(&server), 3);
}

#[test]
fn a_row_set_back_adds_nothing_to_a_log_in_another_encoding() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for prompt in ["Pan", "Tilt"] {
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, prompt)]));
        let again = ["submit", "sheet.csv", "--resubmit-changed"];
        world.run(&again).expect(0);
    }
    let log = format!("\u{feff}{}", world.log().text);
    let log: Vec<u8> = log.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::remove_file(world.path("jobs.jsonl.lock")).unwrap();
    world.write("jobs.jsonl", &log);
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "Pan")]));
    let run = world.run(&["submit", "sheet.csv"]).expect(65);
    assert!(run.stderr.contains("UTF-16"), "{}", run.stderr);
    assert_eq!(std::fs::read(world.path("jobs.jsonl")).unwrap(), log);
    assert_eq!(orders(&server), 2);
}

#[test]
fn a_photo_that_a_row_lost_or_got_is_an_edit() {
    const WITH: &str = "listing_id,image_url,video_prompt\nA,https://x.example/a.jpg,Pan\n";
    const RENAMED: &str = "listing_id,Foto,video_prompt\nA,https://x.example/a.jpg,Pan\n";
    const EMPTY: &str = "listing_id,image_url,video_prompt\nA,,Pan\n";
    const ANOTHER_ROW: &str =
        "listing_id,image_url,video_prompt\nA,,Pan\nA,https://x.example/a.jpg,Pan\n";
    for (before, after, code, sent) in [
        (WITH, RENAMED, 3, 0),
        (WITH, EMPTY, 3, 0),
        (EMPTY, WITH, 3, 0),
        // Another clip, while the own row is there.
        (WITH, ANOTHER_ROW, 0, 1),
        (EMPTY, ANOTHER_ROW, 0, 1),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        let submit = ["submit", "sheet.csv", "--allow-no-image"];
        world.write("sheet.csv", before);
        world.run(&submit).expect(0);
        world.write("sheet.csv", after);
        let run = world.run(&submit).expect(code);
        assert_eq!(orders(&server), 1 + sent, "{before}{after}{}", run.stderr);
        assert_eq!(
            run.stderr.contains("image_url"),
            code == 3,
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_prompt_that_a_retry_has_given_is_the_jobs_as_well() {
    const BETTER: &str = "Better pan";
    const SIGNED: &str = "https://cdn.example.com/a8f2c1/kitchen.jpg";
    const ANEW: &str = "https://cdn.example.com/77c1d2/kitchen.jpg";
    let cases: &[(Row, i32)] = &[
        (("SKU-1", SIGNED, BETTER), 0),
        (("SKU-1", SIGNED, "better pan"), 3),
        (("SKU-1", ANEW, BETTER), 0),
        (("SKU-2", SIGNED, BETTER), 3),
        (("sku-1", SIGNED, BETTER), 0),
        // And what was ordered first.
        (("SKU-1", SIGNED, PAN), 0),
        (("SKU-1", ANEW, PAN), 0),
        (("SKU-2", SIGNED, PAN), 3),
    ];
    for (row, code) in cases {
        let server = Server::answering(|request| {
            if request.method == "POST" {
                return Step::accept();
            }
            let id = request.path.rsplit('/').next().unwrap_or_default();
            let body = serde_json::json!({
                "id": id, "status": "completed", "credits": 5,
                "output_url": "https://cdn.example.com/clip.mp4",
            });
            Step::reply(200, body.to_string())
        });
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[("SKU-1", SIGNED, PAN)]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.run(&["reconcile"]).expect(0);
        let job = world.log().job_of("SKU-1")["job"]
            .as_str()
            .unwrap()
            .to_owned();
        let verdict = format!("job,attempt,verdict\n{job},1,reject\n");
        world.write("verdicts.csv", verdict);
        world.run(&["review", "--from", "verdicts.csv"]).expect(0);
        let retry = ["retry", "--rejected", "-y", "--new-prompt", BETTER];
        world.run(&retry).expect(0);
        assert_eq!(orders(&server), 2);
        world.write("sheet.csv", sheet(&[*row]));
        for command in [
            &["submit", "sheet.csv"][..],
            &["compact"],
            &["submit", "sheet.csv"],
        ] {
            let run = world.run(command);
            assert!(
                command.len() == 1 || run.code() == *code,
                "{row:?}: {}",
                run.stderr
            );
            assert_eq!(orders(&server), 2, "{row:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_voice_in_another_language_is_held_while_its_own_row_is_gone() {
    const OWN: &str = "LST-1,Welcome home,alloy,en,1.0";
    let cases: &[(&[&str], usize, i32)] = &[
        (&["LST-1,Welcome home,alloy,EN,1.0"], 1, 0),
        (&["LST-1,Welcome\u{a0}home,alloy,En,1"], 1, 0),
        (&["LST-1,Welcome home,alloy,en-US,1.0"], 1, 3),
        (&["LST-1,Welcome home,alloy,de,1.0"], 1, 3),
        (&["LST-1,Welcome home,alloy,,1.0"], 1, 0),
        (&["LST-1,Welcome home,nova,de,1.2"], 1, 3),
        (&["LST-1,Welcome to your home,alloy,en-US,1.0"], 1, 3),
        (&["LST-2,Welcome home,alloy,EN,1.0"], 1, 3),
        // Beside its own row it is another clip.
        (&[OWN, "LST-1,Welcome home,alloy,de,1.0"], 2, 0),
        (&[OWN, "LST-1,Welcome home,alloy,en-US,1.0"], 2, 0),
        (&[OWN, "LST-2,Welcome home,alloy,en,1.0"], 2, 0),
        // But for what cannot be seen, or an id that reads the same.
        (&[OWN, "LST-1,Welcome home,alloy,EN,1.0"], 1, 0),
        (&[OWN, "lst-1,Welcome home,alloy,en,1.0"], 1, 3),
        // A translation is another clip.
        (&["LST-1,Willkommen,alloy,de,1.0"], 2, 0),
    ];
    let sheet = |rows: &[&str]| {
        format!(
            "listing_id,text,voice,language,speed\n{}\n",
            rows.join("\n")
        )
    };
    for (after, bills, code) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[OWN]));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", sheet(after));
        for _ in 0..2 {
            let run = world.run(&["submit", "sheet.csv"]);
            assert_eq!(run.code(), *code, "{after:?}: {}", run.stderr);
            assert_eq!(orders(&server), *bills, "{after:?}: {}", run.stderr);
        }
        if *code == 3 && after.len() == 1 {
            world
                .run(&["submit", "sheet.csv", "--resubmit-changed"])
                .expect(0);
            assert_eq!(orders(&server), 2, "{after:?}");
        }
    }
}

#[test]
fn one_job_is_taken_for_one_row_only() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    let both = [("sku-1", PHOTO, PAN), ("\u{feff}SKU-1", PHOTO, PAN)];
    world.write("sheet.csv", sheet(&both));
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
    assert_eq!(
        (&run.json()["skipped"], &run.json()["same_clip"]),
        (&1.into(), &1.into())
    );
    assert_eq!(orders(&server), 1);
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
        ("pending", "the older order stands, and may be paid for"),
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

#[test]
fn an_adopted_row_counts_as_its_job_does() {
    let server = Server::answering(|request| {
        if request.method == "POST" {
            Step::accept()
        } else {
            failed(request)
        }
    });
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", sheet(&[("sku-1", PHOTO, PAN)]));
    let run = world.run(&[
        "submit",
        "sheet.csv",
        "--wait",
        "--interval",
        "1s",
        "--json",
    ]);
    assert_eq!(
        (run.code(), &run.json()["failed"]),
        (1, &1.into()),
        "{}",
        run.stderr
    );
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(1);
    assert_eq!(run.json()["failed"], 1);
    assert_eq!(orders(&server), 1);
}

#[test]
fn a_dismissed_jobs_edited_row_is_held() {
    for first in [Step::accept(), Step::reset().billed()] {
        let server = Server::scripted(vec![first]);
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, PAN)]));
        world.run(&["submit", "sheet.csv"]);
        world.run(&["resolve", "SKU-1", "--dismiss"]).expect(0);
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "Tilt")]));
        let run = world.run(&["submit", "sheet.csv", "--json"]).expect(3);
        assert_eq!(run.json()["changed"], 1);
        assert_eq!(orders(&server), 1);
        world
            .run(&["submit", "sheet.csv", "--resubmit-changed"])
            .expect(0);
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), 2);
    }
}

#[test]
fn a_row_set_back_to_a_wording_without_a_clip_is_ordered_or_held() {
    // A failed (or was refused); it was edited to B, which was refused (or accepted).
    for (a_failed, b_refused) in [(true, true), (true, false), (false, true)] {
        let server = Server::answering(move |request| match request.method.as_str() {
            "POST" if request.number == 0 && !a_failed => Step::reply(422, "no"),
            "POST" if request.number == 1 && b_refused => Step::reply(422, "no"),
            "POST" => Step::accept(),
            _ => failed(request),
        });
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "A")]));
        world.run(&["submit", "sheet.csv"]);
        world.run(&["reconcile"]);
        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "B")]));
        world.run(&["submit", "sheet.csv", "--resubmit-changed"]);
        assert_eq!(server.posts().len(), 2);

        world.write("sheet.csv", sheet(&[("SKU-1", PHOTO, "A")]));
        let run = world.run(&["submit", "sheet.csv", "--json"]);
        if b_refused {
            assert_eq!(run.code(), 0, "{}", run.stderr);
            assert_eq!(run.json()["submitted"], 1);
        } else {
            assert_eq!(run.code(), 3, "{}", run.stderr);
            assert_eq!(run.json()["changed"], 1);
            world
                .run(&["submit", "sheet.csv", "--resubmit-changed"])
                .expect(0);
        }
        let posts = server.posts();
        assert_eq!(posts.len(), 3);
        assert_eq!(
            posts[2].idempotency_key()[..16],
            posts[0].idempotency_key()[..16]
        );
        assert!(posts[2].idempotency_key().ends_with(".2"));
        // Now it counts again, and the other one does not.
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(server.posts().len(), 3);
    }
}
