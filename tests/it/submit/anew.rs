//! Several photos of one name behind tokens, or on another server: which of them is which is taken for
//! certain only where nothing else can be.

use std::fmt::Write;

use crate::support::{Server, Step, World};

type Photos = Vec<String>;

fn sheet(photos: &[String], prompt: &str) -> String {
    let mut text = "listing_id,image_url,video_prompt\n".to_owned();
    for photo in photos {
        writeln!(text, "LST-1,{photo},{prompt}").unwrap();
    }
    text
}

/// Addresses of so many photos as Dropbox makes them for one night.
fn dropbox(night: u32, count: u32) -> Vec<String> {
    let address =
        |n| format!("https://ucf{n}.dl.dropboxusercontent.com/cd/0/get/C{n}aB{night}dE/file");
    (1..=count).map(address).collect()
}

fn behind_tokens(night: u32, count: u32) -> Vec<String> {
    let address = |n| format!("https://cdn.example.com/get/kXb{n}Q{night}z/photo.jpg");
    (1..=count).map(address).collect()
}

fn rooms(server: &str, rooms: &[&str]) -> Vec<String> {
    let address = |room: &&str| format!("https://{server}.example.com/{room}/1.jpg");
    rooms.iter().map(address).collect()
}

#[test]
fn photos_of_one_name_are_matched_where_no_one_else_can_be_meant() {
    let old = |names: &[&str]| rooms("old", names);
    let new = |names: &[&str]| rooms("new", names);
    // The first sheet, the second one; how many of its rows are held, and which are ordered.
    let cases: [(Photos, Photos, u64, Photos); 10] = [
        (dropbox(1, 2), dropbox(2, 2), 0, Vec::new()),
        (dropbox(1, 2), dropbox(2, 3), 3, Vec::new()),
        (dropbox(1, 2), dropbox(2, 1), 1, Vec::new()),
        (behind_tokens(1, 2), behind_tokens(2, 2), 0, Vec::new()),
        (behind_tokens(1, 2), behind_tokens(2, 3), 3, Vec::new()),
        // By their folders, on another server.
        (
            old(&["kitchen", "bath"]),
            new(&["bath", "kitchen"]),
            0,
            Vec::new(),
        ),
        (
            old(&["kitchen", "bath"]),
            new(&["hall", "kitchen", "bath"]),
            0,
            new(&["hall"]),
        ),
        (
            old(&["kitchen", "bath"]),
            new(&["hall", "kitchen"]),
            1,
            Vec::new(),
        ),
        // By what is left of them.
        (old(&["a/x", "a/y"]), new(&["b/y", "b/x"]), 0, Vec::new()),
        (old(&["x"]), new(&["y", "z"]), 2, Vec::new()),
    ];
    for (before, after, held, ordered) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("sheet.csv", sheet(&before, "Pan"));
        world.run(&["submit", "sheet.csv"]).expect(0);
        world.write("sheet.csv", sheet(&after, "Pan"));
        for _ in 0..2 {
            let run = world.run(&["submit", "sheet.csv", "--json"]);
            let code = if held > 0 { 3 } else { 0 };
            assert_eq!(run.code(), code, "{after:?}: {}", run.stderr);
            assert_eq!(run.json()["changed"], held, "{after:?}");
            assert_eq!(server.paid_photos()[before.len()..], ordered, "{after:?}");
        }
    }
}

#[test]
fn photos_of_one_name_are_told_apart_by_a_person_once() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&dropbox(1, 2), "Pan"));
    world.run(&["submit", "sheet.csv"]).expect(0);
    let photos = dropbox(2, 3);
    world.write("sheet.csv", sheet(&photos, "Pan"));
    let run = world.run(&["submit", "sheet.csv"]).expect(3);
    assert!(
        run.stderr.contains("more or fewer such rows"),
        "{}",
        run.stderr
    );
    // The new one is in front.
    let jobs = world.log().jobs;
    for (job, photo) in jobs.iter().zip(&photos[1..]) {
        let job = job["job"].as_str().unwrap();
        world.run(&["rename", job, photo]).expect(0);
    }
    world.run(&["submit", "sheet.csv"]).expect(0);
    assert_eq!(server.paid_photos()[2..], photos[..1]);
}

#[test]
fn a_refused_photo_of_one_name_is_ordered_and_not_the_one_beside_it() {
    let refused = dropbox(1, 1).remove(0);
    let server = Server::start(move |request| {
        if request.json()["image_url"] == *refused {
            return Step::reply(422, r#"{"error":"no"}"#);
        }
        Step::accept()
    });
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&dropbox(1, 2), "Pan"));
    world.run(&["submit", "sheet.csv"]).expect(1);
    world.write("sheet.csv", sheet(&dropbox(2, 2), "Pan"));
    world.run(&["submit", "sheet.csv"]).expect(0);
    let (first, second) = (dropbox(1, 2).remove(1), dropbox(2, 1).remove(0));
    assert_eq!(server.paid_photos(), [first, second]);
}

#[test]
fn two_files_with_other_tokens_each_are_no_reason_to_order_twice() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&dropbox(1, 1), "Pan"));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.write("sheet.csv", sheet(&dropbox(2, 1), "Pan"));
    world.write("older.csv", sheet(&dropbox(3, 1), "Pan"));
    world.run(&["submit", "older.csv", "sheet.csv"]).expect(3);
    assert_eq!(server.paid_photos().len(), 1);
}

#[test]
fn a_refused_photo_with_another_token_and_prompt_is_not_ordered_by_a_retry_as_well() {
    let photo = |token| {
        vec![format!(
            "https://lh3.googleusercontent.com/pw/AP1GczPq8Xn0aLk2Wz{token}"
        )]
    };
    let server = Server::start(|post| match post.number {
        0 => Step::reply(400, "the link has expired"),
        _ => Step::accept(),
    });
    let world = World::facing(&server);
    world.write("sheet.csv", sheet(&photo("Rt7bY"), "Pan"));
    world.run(&["submit", "sheet.csv"]).expect(1);
    world.write("sheet.csv", sheet(&photo("Le0sN"), "Tilt"));
    world.run(&["submit", "sheet.csv"]).expect(0);
    world.run(&["retry", "--failed"]).expect(0);
    assert_eq!(server.paid_photos(), photo("Le0sN"));
}
