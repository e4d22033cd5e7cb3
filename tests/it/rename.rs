//! `rename`: what was ordered goes by another name, and nothing is ordered for it.

use crate::support::{Ended, Request, Server, Step, World};

const PHOTO: &str = "https://cdn.example.com/rooms/kitchen.jpg";

fn sheet(rows: &[(&str, &str)]) -> String {
    let rows = rows.iter().map(|(id, photo)| format!("{id},{photo},pan\n"));
    let header = "sku,image_url,video_prompt\n".to_owned();
    std::iter::once(header).chain(rows).collect()
}

/// A world whose sheet has been ordered.
fn ordered(server: &Server, rows: &[(&str, &str)]) -> World {
    let world = World::facing(server);
    world.write("sheet.csv", sheet(rows));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world
}

#[test]
fn a_corrected_sku_keeps_its_clip() {
    let server = Server::accepting();
    let world = ordered(&server, &[("SKU-1", PHOTO)]);
    world.write("sheet.csv", sheet(&[("SKU-17", PHOTO)]));
    let held = world.run(&["submit", "sheet.csv"]).expect(3);
    assert!(
        held.stderr.contains("creativeai rename SKU-1 SKU-17"),
        "{}",
        held.stderr
    );

    world.run(&["rename", "SKU-1", "SKU-17"]).expect(0);
    let run = world.run(&["submit", "sheet.csv", "--json"]).expect(0);
    assert_eq!(run.json()["skipped"], 1);
    assert_eq!(server.bills().len(), 1);

    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(
        (&status[0]["sku"], &status[0]["renamed"]["sku"]),
        (&"SKU-17".into(), &"SKU-17".into())
    );
    assert!(world.run(&["status"]).expect(0).stdout.contains("SKU-17"));
    let history = world.run(&["status", "--id", "SKU-17"]).expect(0);
    assert!(
        history.stdout.contains("now goes by SKU-17"),
        "{}",
        history.stdout
    );
    // What comes later is written under the new name.
    world.run(&["reconcile"]).expect(0);
    assert_eq!(world.log().lines.last().unwrap()["sku"], "SKU-17");
    // The key is as it was.
    assert_eq!(world.log().jobs.len(), 1);

    // And back again: the newest name counts.
    world.run(&["rename", "SKU-17", "SKU-1"]).expect(0);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status[0]["sku"], "SKU-1");
    world.run(&["submit", "sheet.csv"]).expect(3);
    assert_eq!(server.bills().len(), 1);
}

#[test]
fn a_manifest_names_many_at_once() {
    let server = Server::accepting();
    let photo = |n: u32| format!("https://cdn.example.com/{n}.jpg");
    let photos: Vec<String> = (1..=5).map(photo).collect();
    let rows = |ids: [&'static str; 5]| -> Vec<(&str, &str)> {
        ids.into_iter()
            .zip(photos.iter().map(String::as_str))
            .collect()
    };
    let world = ordered(&server, &rows(["001", "002", "003", "004", "005"]));
    world.write("sheet.csv", sheet(&rows(["1", "2", "3", "4", "005"])));
    world.run(&["submit", "sheet.csv"]).expect(3);

    let before = world.log().text;
    let asked = world
        .run(&["rename", "--from-manifest", "sheet.csv"])
        .expect(2);
    assert!(asked.stderr.contains("001 -> 1"), "{}", asked.stderr);
    assert!(asked.stderr.contains("--yes"), "{}", asked.stderr);
    assert_eq!(world.log().text, before);

    let some = ["--where", "sku=1"];
    let some = [
        &["rename", "--from-manifest", "sheet.csv", "--json", "--yes"][..],
        &some,
    ]
    .concat();
    let run = world.run(&some).expect(0);
    assert_eq!(run.json()["renamed"].as_array().unwrap().len(), 1);

    let run = world
        .run(&["rename", "--from-manifest", "sheet.csv", "--yes", "--json"])
        .expect(0);
    assert_eq!(run.json()["renamed"].as_array().unwrap().len(), 3);
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(server.bills().len(), 5);

    let before = world.log().text;
    let again = world
        .run(&["rename", "--from-manifest", "sheet.csv", "--yes"])
        .expect(0);
    assert!(
        again.stderr.contains("nothing was changed"),
        "{}",
        again.stderr
    );
    assert_eq!(world.log().text, before);
}

#[test]
fn a_photos_new_address_is_asked_for_by_new_attempts_only() {
    let server = Server::answering(|request| {
        if request.method == "POST" {
            Step::accept()
        } else {
            failed(request)
        }
    });
    let world = ordered(&server, &[("SKU-1", PHOTO)]);
    let new = "https://images.example.net/1.jpg";
    world.run(&["rename", PHOTO, new]).expect(0);
    world.write("sheet.csv", sheet(&[("SKU-1", new)]));
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(server.posts().len(), 1);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status[0]["image_url"], new);
    assert_eq!(status[0]["request"]["image_url"], PHOTO);

    world.run(&["reconcile"]).expect(1);
    world.run(&["retry", "--failed"]).expect(0);
    assert_eq!(server.posts()[1].json()["image_url"], new);
}

/// The answer to a poll whose clip failed.
fn failed(poll: &Request) -> Step {
    let id = poll.path.rsplit('/').next().unwrap_or_default();
    Step::reply(200, format!("{{\"id\":\"{id}\",\"status\":\"failed\"}}"))
}

#[test]
fn what_is_not_clear_is_refused_and_changes_nothing() {
    let server = Server::accepting();
    let other = "https://cdn.example.com/rooms/bath.jpg";
    let world = ordered(
        &server,
        &[
            ("LST-1", PHOTO),
            ("LST-1", other),
            ("LST-2", "https://x.example/1.jpg"),
        ],
    );
    let before = world.log().text;
    let key = world.log().job_of("LST-2")["job"]
        .as_str()
        .unwrap()
        .to_owned();
    for (typed, words) in [
        (
            vec!["rename", "LST-9", "LST-3"],
            "no job, listing, SKU or photo is called LST-9",
        ),
        (
            vec!["rename", "LST-1", "https://x.example/a.jpg"],
            "2 clips",
        ),
        (vec!["rename", "LST-1", "LST-2"], "LST-2 has 1 clip already"),
        (vec!["rename", "LST-2", "LST\u{200b}-3"], "invisible"),
        (vec!["rename", "LST-2", ""], "empty"),
        (vec!["rename", &key, "https://x example/a.jpg"], "address"),
        (vec!["rename", "LST-2"], "NEW"),
    ] {
        let run = world.run(&typed).expect(2);
        assert!(run.stderr.contains(words), "{typed:?}: {}", run.stderr);
        assert_eq!(world.log().text, before, "{typed:?}");
    }
    let same = world.run(&["rename", "LST-2", "LST-2"]).expect(0);
    assert!(
        same.stderr.contains("nothing was changed"),
        "{}",
        same.stderr
    );
    assert_eq!(world.log().text, before);

    // All clips of a listing, one of them by its key, and two listings under one name.
    world.run(&["rename", "LST-1", "LST-7"]).expect(0);
    assert_eq!(
        world
            .log()
            .jobs
            .iter()
            .filter(|job| job["sku"] == "LST-7")
            .count(),
        2
    );
    world.run(&["rename", &key, "LST-7", "--yes"]).expect(0);
    assert_eq!(
        world
            .log()
            .jobs
            .iter()
            .filter(|job| job["sku"] == "LST-7")
            .count(),
        3
    );
    assert_eq!(server.bills().len(), 3);
    // The old name is free.
    world.run(&["rename", "LST-1", "LST-8"]).expect(2);
}

#[test]
fn a_rehearsals_line_is_marked_as_one() {
    let world = World::new();
    world.write("sheet.csv", sheet(&[("SKU-1", PHOTO)]));
    world.run(&["submit", "sheet.csv", "--sandbox"]).expect(0);
    world
        .run(&["rename", "SKU-1", "SKU-2", "--sandbox"])
        .expect(0);
    let log = std::fs::read_to_string(world.path("sandbox-jobs.jsonl")).unwrap();
    let last = log.lines().last().unwrap();
    assert!(
        last.contains("\"renamed\"") && last.contains("\"sandbox\":true"),
        "{last}"
    );
}

#[test]
fn an_older_sheet_that_calls_it_by_its_first_name_orders_nothing() {
    let server = Server::accepting();
    let world = ordered(&server, &[("SKU-1", PHOTO)]);
    world.run(&["rename", "SKU-1", "SKU-17"]).expect(0);
    // Another computer has the sheet as it was, and the photo's address was made anew meanwhile.
    let anew = "https://cdn2.example.com/rooms/kitchen.jpg";
    world.write("older.csv", sheet(&[("SKU-1", anew)]));
    let held = world.run(&["submit", "older.csv"]).expect(3);
    assert!(held.stderr.contains("SKU-17"), "{}", held.stderr);
    assert_eq!(server.bills().len(), 1);
    // With both rows in one sheet they are two clips.
    let both = sheet(&[("SKU-17", PHOTO), ("SKU-1", anew)]);
    world.write("older.csv", both);
    world.run(&["submit", "older.csv"]).expect(0);
    assert_eq!(server.bills().len(), 2);
}

#[test]
fn every_name_that_a_job_ever_had_is_known() {
    const A: &str = "https://a.example/aaa.jpg";
    const B: &str = "https://b.example/bbb.jpg";
    const C: &str = "https://c.example/ccc.jpg";
    const TOKEN: &str = "https://a.example/a8f2c1/aaa.jpg";
    const ANEW: &str = "https://a.example/77c1d2/aaa.jpg";
    /// The photo that L1 was ordered with, the renamings, and a row: id, photo, prompt, exit code.
    type Case<'a> = (
        &'a str,
        &'a [(&'a str, &'a str)],
        (&'a str, &'a str, &'a str),
        i32,
    );
    let cases: &[Case<'_>] = &[
        (A, &[(A, B), (B, C)], ("L1", B, "pan"), 0),
        (A, &[(A, B), (B, C)], ("L1", A, "pan"), 0),
        (A, &[(A, B), (B, C)], ("L1", B, "tilt"), 3),
        (A, &[(A, B), (B, C)], ("X9", B, "pan"), 3),
        (A, &[(A, B), (B, A)], ("L1", B, "pan"), 0),
        (
            A,
            &[(A, B), (B, A)],
            ("L1", "http://B.example//bbb.jpg?sig=1", "tilt"),
            3,
        ),
        (A, &[("L1", "B2"), ("B2", "C2")], ("B2", A, "pan"), 3),
        (A, &[("L1", "B2"), ("B2", "C2")], ("B2", A, "tilt"), 3),
        (A, &[("L1", "B2"), ("B2", "C2")], ("b2", A, "tilt"), 3),
        (TOKEN, &[("L1", "B2"), ("B2", "C2")], ("B2", ANEW, "pan"), 3),
        (TOKEN, &[("L1", "B2"), ("B2", "L1")], ("B2", ANEW, "pan"), 3),
        (TOKEN, &[("L1", "B2"), ("B2", "L1")], ("L1", ANEW, "pan"), 0),
        (A, &[("L1", "B2"), ("B2", "L1")], ("B2", A, "tilt"), 3),
        (A, &[("L1", "B2"), (A, B)], ("B2", A, "tilt"), 3),
        (A, &[("L1", "B2"), (A, B)], ("L1", B, "tilt"), 3),
        (A, &[("L1", "B2"), (A, B)], ("L1", B, "pan"), 3),
        (A, &[("L1", "B2"), (A, B)], ("B2", A, "pan"), 0),
        (
            A,
            &[("L1", "B2"), (A, B), ("B2", "C2"), (B, C)],
            ("B2", A, "tilt"),
            3,
        ),
        (
            A,
            &[("L1", "B2"), (A, B), ("B2", "C2"), (B, C)],
            ("L1", B, "tilt"),
            3,
        ),
    ];
    for (photo, renamings, (id, new_photo, prompt), code) in cases {
        let server = Server::accepting();
        let world = ordered(&server, &[("L1", photo)]);
        for (old, new) in *renamings {
            world.run(&["rename", old, new]).expect(0);
        }
        let header = "sku,image_url,video_prompt\n";
        let text = format!("{header}{id},{new_photo},{prompt}\n");
        world.write("sheet.csv", text);
        for command in [
            &["submit", "sheet.csv"][..],
            &["compact"],
            &["submit", "sheet.csv"],
        ] {
            let run = world.run(command);
            let is_right = command.len() == 1 || run.code() == *code;
            assert!(is_right, "{renamings:?} {id} {new_photo}: {}", run.stderr);
            let billed = server.bills().len();
            assert_eq!(billed, 1, "{renamings:?} {id} {new_photo} {prompt}");
        }
    }
}

fn rename_from(world: &World) -> Ended {
    world.run(&["rename", "--from-manifest", "sheet.csv", "--yes", "--json"])
}

#[test]
fn sound_rows_are_renamed_beside_rows_with_mistakes_which_are_named() {
    let photo = |n: u32| format!("https://cdn.example.com/{n}.jpg");
    let (one, two) = (photo(1), photo(2));
    let server = Server::accepting();
    let world = ordered(&server, &[("001", &one), ("002", &two)]);
    let rows = sheet(&[("1", &one), ("2", &two)]);
    world.write("sheet.csv", rows.replace("2.jpg,pan", "2.jpg,TBD"));
    let run = rename_from(&world).expect(0);
    let json = run.json();
    assert_eq!(json["renamed"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!(json["renamed"][0]["new"], "1");
    assert_eq!(json["invalid_rows"][0]["line"], 3, "{json}");
    for words in [
        "sheet.csv:3",
        "column 3",
        "1 row of sheet.csv with mistakes",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    // Now nothing is left but the mistake.
    let before = world.log().text;
    let run = rename_from(&world).expect(65);
    assert!(run.stderr.contains("sheet.csv:3"), "{}", run.stderr);
    assert_eq!(world.log().text, before);
    world.write("sheet.csv", rows);
    rename_from(&world).expect(0);
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(server.bills().len(), 2);
}

#[test]
fn a_row_with_a_mistake_keeps_its_clip() {
    let mistakes = [
        format!("SKU-1,{PHOTO},TBD"),
        "SKU-1,kitchen.jpg,pan".to_owned(),
        format!("#REF!,{PHOTO},pan"),
    ];
    for mistake in mistakes {
        let server = Server::accepting();
        let world = ordered(&server, &[("SKU-1", PHOTO)]);
        let before = world.log().text;
        let other = format!("SKU-2,{PHOTO},pan");
        let header = "sku,image_url,video_prompt";
        world.write("sheet.csv", format!("{header}\n{other}\n{mistake}\n"));
        rename_from(&world).expect(65);
        assert_eq!(world.log().text, before, "{mistake}");
        // Nor is its clip said to have no row.
        let submit = ["submit", "sheet.csv", "--skip-invalid"];
        let run = world.run(&submit).expect(3);
        assert!(!run.stderr.contains("is gone"), "{mistake}: {}", run.stderr);
        let again = [&submit[..], &["--resubmit-changed"]].concat();
        world.run(&again).expect(3);
        assert_eq!(server.bills().len(), 1, "{mistake}");
    }
}
