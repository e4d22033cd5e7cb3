//! Rows that are set back to what was ordered before.

use super::super::renamings::PHOTO;
use super::{failed, orders, sheet};
use crate::support::{Server, Step, World};

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
        back.stderr.contains("1 row of sheet.csv was changed back"),
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
