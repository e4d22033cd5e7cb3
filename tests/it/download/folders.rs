//! Any text may be a listing's id; no id leads out of the folder, and no two share a file.

use std::collections::HashSet;

use crate::support::orders::{Order, files_below, log_of};
use crate::support::vendor::{Cdn, clip, unused_api, world};

const HOSTILE: [&str; 26] = [
    "../../etc/passwd",
    "..",
    ".",
    "/etc/cron.d/x",
    "C:\\Windows\\x",
    "\\\\server\\share",
    "a/b",
    "a\\b",
    "CON",
    "nul.txt",
    "COM1",
    "LST-1",
    "lst-1",
    "LST-1.",
    "LST-1 ",
    "caf\u{e9}",
    "cafe\u{301}",
    "x\u{202e}4pm.exe",
    "a\nb",
    "a\u{0}b",
    "-rf",
    "~root",
    ".creativeai-partial",
    "$(touch pwned)",
    "\u{1f3e0}\u{1f3e0}",
    "*?<>|\":",
];

#[test]
fn hostile_ids_become_safe_folders_of_their_own() {
    let cdn = Cdn::honest();
    let long = "x".repeat(5000);
    let ids: Vec<&str> = HOSTILE.into_iter().chain([long.as_str()]).collect();
    let mut orders: Vec<Order> = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let url = cdn.put(&n.to_string(), clip(&n.to_string(), 500));
        let mut order = Order::of(id, n + 2, &url);
        order.image = format!("https://photos.example/{n}/..%2F..%2Fhall%00%0A.jpg");
        orders.push(order);
    }
    let api = unused_api();
    let world = world(&api, &log_of(&orders));
    world.run(&["download"]).expect(0);
    let files = files_below(&world.path("videos"));
    assert_eq!(files.len(), ids.len(), "{files:#?}");
    let mut folders = HashSet::new();
    for file in &files {
        let parts: Vec<&str> = file.split('/').collect();
        let [folder, name] = parts[..] else {
            panic!("{file} is not in a folder of its own")
        };
        assert!(folders.insert(folder.to_lowercase()), "{folder} twice");
        for part in [folder, name] {
            assert!(part.len() <= 200, "{part}");
            assert!(!part.starts_with(['.', '-', '~', ' ']), "{part:?}");
            assert!(!part.ends_with(['.', ' ']), "{part:?}");
            let unsafe_ones = ['/', '\\', ':', '*', '?', '"', '<', '>', '|', '\u{202e}'];
            assert!(
                !part
                    .chars()
                    .any(|c| c.is_control() || unsafe_ones.contains(&c)),
                "{part:?}"
            );
            let stem = part.split('.').next().unwrap().to_lowercase();
            assert!(!["con", "nul", "com1"].contains(&&*stem), "{part:?}");
        }
    }
    let outside: Vec<String> = world.files();
    assert_eq!(outside, ["jobs.jsonl", "jobs.jsonl.lock", "videos"]);
    // Names on disk are stable: a second run finds every one of them.
    let text = world.log().text;
    world.run(&["download"]).expect(0);
    assert_eq!(cdn.gets().len(), ids.len());
    assert_eq!(world.log().text, text);
    assert_eq!(files_below(&world.path("videos")), files);
}

#[test]
fn the_same_photo_twice_gives_two_files() {
    let cdn = Cdn::honest();
    let orders: Vec<Order> = (0..3)
        .map(|n| {
            let url = cdn.put(&n.to_string(), clip(&n.to_string(), 500));
            let mut order = Order::of("LST-1", n + 2, &url);
            order.generation = format!("vgen_same_{n}");
            order.image = format!("https://photos.example/hall.jpg?signature={n}");
            order
        })
        .collect();
    let api = unused_api();
    let world = world(&api, &log_of(&orders));
    world.run(&["download"]).expect(0);
    let expected = [
        "LST-1/01-hall.mp4",
        "LST-1/02-hall.mp4",
        "LST-1/03-hall.mp4",
    ];
    assert_eq!(files_below(&world.path("videos")), expected);
}
