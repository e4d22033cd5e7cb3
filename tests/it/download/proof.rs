//! `download --check`: a folder of clips is proven whole, or what is wrong in it is named.

use std::path::PathBuf;

use serde_json::json;

use crate::support::World;
use crate::support::orders::{Order, log_of};
use crate::support::vendor::{Cdn, clip, unused_api, world};

/// Four downloaded clips.
fn downloaded() -> World {
    let cdn = Cdn::honest();
    let orders: Vec<Order> = (0..4)
        .map(|n| {
            let name = n.to_string();
            let url = cdn.put(&name, clip(&name, 3000 + n));
            Order::of(&format!("LST-{}", n / 2), n + 2, &url)
        })
        .collect();
    // Neither server is there any more when the folder is checked.
    let world = world(&unused_api(), &log_of(&orders));
    world.run(&["download"]).expect(0);
    world
}

#[test]
fn a_whole_folder_is_proven_without_a_network_and_without_a_trace() {
    let world = downloaded();
    let before = (world.log().text, world.files());
    let run = world.run(&["download", "--check"]).expect(0);
    assert!(run.stderr.contains("4 clips whole"), "{}", run.stderr);
    let run = world.run(&["download", "--check", "--json"]).expect(0);
    assert_eq!(
        (&run.json()["whole"], &run.json()["problems"]),
        (&json!(4), &json!([]))
    );
    world.run(&["download", "--check", "-q"]).expect(0);
    assert_eq!((world.log().text, world.files()), before);
}

#[test]
fn what_is_missing_or_altered_is_named_with_the_next_step() {
    let world = downloaded();
    let bytes = std::fs::read(world.path("videos/LST-0/01-2.mp4")).unwrap();
    let mut same_size = bytes.clone();
    same_size[2000] ^= 1;
    world.write("videos/LST-0/01-2.mp4", same_size);
    std::fs::remove_file(world.path("videos/LST-0/02-3.mp4")).unwrap();
    world.write("videos/LST-1/01-4.mp4", b"short");
    let run = world.run(&["download", "--check", "--json"]).expect(1);
    let json = run.json();
    assert_eq!(json["whole"], 1);
    let problems: Vec<(&str, &str)> = json["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            (
                problem["id"].as_str().unwrap(),
                problem["problem"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("LST-0", "altered"),
        ("LST-0", "missing"),
        ("LST-1", "altered"),
    ];
    assert_eq!(problems, expected);

    let run = world.run(&["download", "--check"]).expect(1);
    let altered: PathBuf = ["videos", "LST-0", "01-2.mp4"].iter().collect();
    for words in [
        &*format!("{} differs from the clip", altered.display()),
        "move it away",
        "creativeai download",
        "2 altered",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    // Only what was asked for is judged.
    world
        .run(&["download", "--check", "--where", "listing_id=LST-1"])
        .expect(1);
    world.write("videos/LST-0/01-2.mp4", bytes);
    let run = world.run(&["download", "--check", "--where", "line=2", "--json"]);
    assert_eq!(run.json()["whole"], 1, "{}", run.stderr);
}

#[test]
fn a_finished_clip_that_was_never_downloaded_is_not_whole() {
    let order = Order::of("LST-1", 2, "https://cdn.example.com/a.mp4");
    let log = log_of([&order, &Order::of("LST-2", 3, "").rendering()]);
    let world = world(&unused_api(), &log);
    let run = world.run(&["download", "--check"]).expect(1);
    assert!(
        run.stderr.contains("1 not downloaded yet"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_copy_is_checked_where_it_is() {
    let world = downloaded();
    std::fs::create_dir(world.path("backup")).unwrap();
    let missing = world
        .run(&["download", "--check", "--dir", "backup"])
        .expect(1);
    assert!(missing.stderr.contains("4 missing"), "{}", missing.stderr);
    assert!(
        missing.stderr.contains("copy it again"),
        "{}",
        missing.stderr
    );
    std::fs::remove_dir(world.path("backup")).unwrap();
    std::fs::rename(world.path("videos"), world.path("backup")).unwrap();
    world
        .run(&["download", "--check", "--dir", "backup"])
        .expect(0);
    world.run(&["download", "--check"]).expect(1);
    world
        .run(&["download", "--check", "--dir", "nowhere"])
        .expect(74);
    let bucket = ["download", "--check", "--dir", "s3://clips/june"];
    let refused = world.run(&bucket).expect(74).stderr;
    assert!(
        refused.contains("the log says where each clip is"),
        "{refused}"
    );
}

// A link to itself; Windows lets only administrators make links.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_the_disks_matter() {
    use std::os::unix::fs::symlink;
    let world = downloaded();
    // A link to itself cannot be read, not even by root.
    let file = world.path("videos/LST-0/01-2.mp4");
    std::fs::remove_file(&file).unwrap();
    symlink(&file, &file).unwrap();
    let run = world.run(&["download", "--check"]).expect(74);
    assert!(run.stderr.contains("cannot be read"), "{}", run.stderr);
}
