//! `publish` while the log cannot grow: nothing is delivered that the log could not report, and what was
//! delivered all the same is delivered once.

use std::path::Path;

use super::shopify::Setting;
use crate::support::orders::{Order, log_of};
use crate::support::vendor::{unused_api, world};
use crate::support::{Ended, Server, World};

fn finished(count: usize) -> (Server, World) {
    let api = unused_api();
    let order = |n: usize| {
        let url = format!("https://cdn.example.com/{n}.mp4");
        Order::of(&format!("LST-{n}"), n + 2, &url)
    };
    let orders: Vec<Order> = (0..count).map(order).collect();
    let world = world(&api, &log_of(&orders));
    (api, world)
}

/// Bytes of what the shell calls a block.
fn block(world: &World) -> usize {
    world.shell("ulimit -f 1; head -c 4000 /dev/zero > block || true");
    let length = std::fs::metadata(world.path("block")).unwrap().len();
    usize::try_from(length).unwrap()
}

/// Runs the program while no file can get longer than the log and so many bytes.
fn with_room(world: &World, room: usize, args: &[&str]) -> Ended {
    let mut log = std::fs::read(world.path("jobs.jsonl")).unwrap();
    let block = block(world);
    // Blank lines say nothing, and leave room for other files.
    while log.len() < 8192 || !(log.len() + room).is_multiple_of(block) {
        log.push(b'\n');
    }
    world.write("jobs.jsonl", &log);
    let blocks = (log.len() + room) / block;
    let args: Vec<String> = args.iter().map(|arg| format!("'{arg}'")).collect();
    world.shell(&format!(
        "ulimit -f {blocks}; exec \"$0\" {}",
        args.join(" ")
    ))
}

/// The length of the line that announces a publication.
fn announcement() -> usize {
    let (_api, world) = finished(1);
    world.run(&["publish", "--exec", "true"]).expect(0);
    announcement_in(&world)
}

fn announcement_in(world: &World) -> usize {
    let log = world.log().text;
    let line = log.lines().find(|line| line.contains("\"begun\"")).unwrap();
    line.len() + 1
}

fn delivered(world: &World) -> usize {
    let list = std::fs::read_to_string(world.path("list")).unwrap_or_default();
    list.lines().count()
}

fn is_kept(world: &World) -> bool {
    Path::exists(&world.path("jobs.jsonl.recover"))
}

const PUBLISH: [&str; 4] = ["publish", "--json", "--exec", "echo x >> list"];

#[test]
fn no_command_is_run_whose_mark_the_log_could_not_take_in() {
    let (_api, world) = finished(3);
    for _ in 0..3 {
        let run = with_room(&world, 0, &PUBLISH).expect(74);
        assert_eq!(
            (delivered(&world), &run.json()["published"]),
            (0, &0.into())
        );
        assert!(run.stderr.contains("was not published"), "{}", run.stderr);
    }
    assert!(!is_kept(&world), "there is nothing to take back");
    world.run(&PUBLISH).expect(0);
    assert_eq!(delivered(&world), 3);
}

#[test]
fn nor_is_one_that_has_failed_before() {
    let (_api, world) = finished(1);
    let publish = ["publish", "--exec", "test -e repaired && echo x >> list"];
    world.run(&publish).expect(1);
    world.write("repaired", "");
    with_room(&world, 0, &publish).expect(74);
    assert_eq!(delivered(&world), 0);
    world.run(&publish).expect(0);
    assert_eq!(delivered(&world), 1);
}

#[test]
fn a_mark_that_the_log_did_not_take_in_is_kept_and_the_clip_is_delivered_once() {
    let (_api, world) = finished(1);
    let run = with_room(&world, announcement(), &PUBLISH).expect(74);
    let json = run.json();
    for (count, clips) in [("published", 1), ("unmarked", 1), ("failed", 0)] {
        assert_eq!(json[count], clips, "{count}");
    }
    for words in [
        "RECOVER {",
        "reconcile --recover",
        "nothing more is published",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    for _ in 0..2 {
        let refused = world.run(&PUBLISH).expect(65);
        for words in ["nothing was published", "reconcile --recover"] {
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
        }
    }
    assert_eq!(delivered(&world), 1);
    world
        .run(&["reconcile", "--recover", "jobs.jsonl.recover"])
        .expect(0);
    assert_eq!(world.run(&PUBLISH).expect(0).json()["already"], 1);
    assert_eq!((delivered(&world), is_kept(&world)), (1, false));
}

#[test]
fn a_summary_for_people_does_not_call_it_failed() {
    let (_api, world) = finished(1);
    let publish = ["publish", "--exec", "echo x >> list"];
    let run = with_room(&world, announcement(), &publish).expect(74);
    assert!(
        run.stderr
            .contains("publish: 1 clip published; 1 of them not in the log yet"),
        "{}",
        run.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_gets_nothing_while_the_log_cannot_grow_and_each_clip_once_after_that() {
    let set = Setting::of(&["SKU-1001"]).await;
    let uploads = || set.shop.with(|shop| shop.uploads.len());
    let publish = super::shopify::PUBLISH;
    for _ in 0..2 {
        with_room(&set.world, 0, &publish).expect(74);
        assert_eq!(uploads(), 0);
    }
    let other = Setting::of(&["SKU-1001"]).await;
    other.publish(&[], 0);
    // Room for the first announcement, and not for that of the change to the product.
    with_room(&set.world, announcement_in(&other.world), &publish).expect(74);
    assert!(!is_kept(&set.world), "nothing was done");
    assert!(set.shop.media().is_empty());
    set.publish(&[], 0);
    let each_one = [("White mug".to_owned(), 1), ("Running shoe".to_owned(), 0)];
    assert_eq!(set.titles_with_media(), each_one);
}
