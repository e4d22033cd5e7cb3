//! Photos that have moved to other folders, and rows that have lost theirs or got one.

use super::super::renamings::{PAN, PHOTO};
use super::{orders, sheet};
use crate::support::{Server, Step, World};

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

/// A photo of which no clip could be made is found out when it is refused, or when its clip fails.
#[test]
fn a_photo_that_was_corrected_is_ordered_in_place_of_the_bad_one_and_not_beside_it() {
    let bad = "https://cdn.example.com/bad.jpg";
    for (reply, is_polled) in [(400, false), (402, false), (200, true)] {
        let server = Server::answering(move |request| {
            let is_bad = String::from_utf8_lossy(&request.body).contains("bad.jpg");
            if request.method == "POST" && is_bad && !is_polled {
                return Step::reply(reply, r#"{"error":"no such photo"}"#);
            }
            if request.method == "POST" {
                return Step::accept();
            }
            let id = request.path.rsplit('/').next().unwrap_or_default();
            Step::reply(200, format!(r#"{{"id":"{id}","status":"failed"}}"#))
        });
        let world = World::facing(&server);
        let row = |photo: &str| format!("sku,image_url,video_prompt\nSKU-1,{photo},Pan\n");
        world.write("sheet.csv", row(bad));
        world.run(&["submit", "sheet.csv"]);
        world.run(&["reconcile"]);
        let before = orders(&server);
        world.write("sheet.csv", row(PHOTO));
        world.run(&["submit", "sheet.csv"]).expect(0);
        assert_eq!(orders(&server), before + 1);
        let status = world.run(&["status"]);
        assert!(!status.stdout.contains("--failed"), "{}", status.stdout);
        world.run(&["retry", "--failed"]);
        assert_eq!(orders(&server), before + 1, "{reply}");
        // Set back to the bad photo: its correction may be paid for.
        world.write("sheet.csv", row(bad));
        let held = world.run(&["submit", "sheet.csv"]).expect(3);
        assert!(
            held.stderr.contains("--resubmit-changed"),
            "{}",
            held.stderr
        );
        assert_eq!(orders(&server), before + 1, "{reply}");
        world.run(&["submit", "sheet.csv", "--resubmit-changed"]);
        assert_eq!(
            orders(&server),
            before + 1 + usize::from(is_polled),
            "{reply}"
        );
    }
}
