//! A round and the files of its clips: none goes out before its file is there, none is fetched twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{CLIP, round, vendor_serving, world};
use crate::support::{Server, Step, World};

const NOTE: &str = "echo \"$CREATIVEAI_LISTING_ID ${CREATIVEAI_FILE:+with} file\" >> out";

/// A vendor who has the clips only while that is said, and how often he was asked for one.
fn having() -> (Server, Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (has, asked) = (Arc::new(AtomicBool::new(true)), Arc::default());
    let (now, count): (Arc<AtomicBool>, Arc<AtomicUsize>) = (has.clone(), Arc::clone(&asked));
    let server = vendor_serving(
        |_| false,
        move || {
            count.fetch_add(1, Ordering::Relaxed);
            if now.load(Ordering::Relaxed) {
                Step::reply(200, CLIP).with("Content-Type", "video/mp4")
            } else {
                Step::reply(410, "")
            }
        },
    );
    (server, has, asked)
}

fn out(world: &World) -> String {
    std::fs::read_to_string(world.path("out")).unwrap_or_default()
}

#[test]
fn a_clip_goes_out_once_its_file_is_there() {
    let (server, has, _) = having();
    let world = world(&server, 1);
    has.store(false, Ordering::Relaxed);
    assert_eq!(round(&world, &["--exec", NOTE]).0, 1);
    assert_eq!(out(&world), "");
    has.store(true, Ordering::Relaxed);
    let (code, output) = round(&world, &["--exec", NOTE]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(out(&world), "LST-1 with file\n");
}

#[test]
fn a_clip_that_cannot_be_had_goes_out_without_and_so_does_each_where_none_is_fetched() {
    let (server, ..) = having();
    let too_large = world(&server, 1);
    too_large.write("creativeai.toml", "[download]\nmax_size = \"20B\"\n");
    assert_eq!(round(&too_large, &["--exec", NOTE]).0, 1);
    assert_eq!(out(&too_large), "LST-1  file\n");

    let (server, ..) = having();
    let unfetched = world(&server, 1);
    let (code, output) = round(&unfetched, &["--exec", NOTE, "--skip", "download"]);
    assert_eq!(code, 0, "{output}");
    assert_eq!(out(&unfetched), "LST-1  file\n");
}

#[test]
fn what_went_out_and_was_tidied_away_is_not_fetched_again() {
    let (server, has, asked) = having();
    let world = world(&server, 1);
    assert_eq!(round(&world, &["--exec", NOTE]).0, 0);
    std::fs::remove_dir_all(world.path("videos")).unwrap();
    let before = asked.load(Ordering::Relaxed);
    let still_there = round(&world, &["--exec", NOTE, "-q"]);
    has.store(false, Ordering::Relaxed);
    let gone = round(&world, &["--exec", NOTE, "-q"]);
    for night in [still_there, gone] {
        assert_eq!(night, (0, String::new()));
    }
    assert_eq!(asked.load(Ordering::Relaxed), before);
    assert_eq!(out(&world), "LST-1 with file\n");
    // A person who asks for it gets it.
    has.store(true, Ordering::Relaxed);
    world.run(&["download"]).expect(0);
    assert_eq!(asked.load(Ordering::Relaxed), before + 1);
}
