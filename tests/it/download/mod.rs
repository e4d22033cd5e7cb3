//! One clip's way onto the disk, and what may go wrong on it.

mod broken_off;
mod bucket;
mod folders;
mod links;
mod proof;
mod rehearsal;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::orders::{Order, files_below, log_of, sha256};
use crate::support::vendor::{Cdn, clip, completing, unused_api, world};
use crate::support::{Gate, Phase, Step};

#[test]
fn every_finished_clip_is_fetched_once_and_reported_with_its_checksum() {
    let cdn = Cdn::honest();
    let orders: Vec<Order> = (0..12)
        .map(|n| {
            let url = cdn.put(&n.to_string(), clip(&n.to_string(), 3000 + n));
            let mut order = Order::of(&format!("LST-{}", n / 3), n + 2, &url);
            order.image = format!("https://photos.example/a/Room%20{n}.JPG?width=900");
            order
        })
        .collect();
    let api = unused_api();
    let world = world(&api, &log_of(&orders));
    let run = world.run(&["download", "--json"]).expect(0);
    assert_eq!(run.json()["downloaded"], 12);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    let log = world.log();
    for (n, order) in orders.iter().enumerate() {
        let job = log
            .jobs
            .iter()
            .find(|job| job["job"] == order.job())
            .unwrap();
        let output = &job["downloaded"];
        let name = format!("videos/LST-{}/{:02}-room-{n}.mp4", n / 3, n % 3 + 1);
        assert_eq!(output["file"], *name);
        let file = std::fs::read(world.path(&name)).unwrap();
        assert_eq!(file, clip(&n.to_string(), 3000 + n));
        assert_eq!(output["bytes"], file.len());
        assert_eq!(output["sha256"], sha256(&file));
    }
    assert_eq!(files_below(&world.path("videos")).len(), 12, "no leftovers");
    assert_eq!(cdn.gets().len(), 12);

    let run = world.run(&["download", "--json"]).expect(0);
    assert_eq!(
        (&run.json()["downloaded"], &run.json()["already"]),
        (&0.into(), &12.into())
    );
    assert_eq!(cdn.gets().len(), 12, "nothing is fetched twice");
    assert_eq!(world.log().text, log.text);

    // A file that someone has removed is fetched again, under its name.
    std::fs::remove_file(world.path("videos/LST-2/02-room-7.mp4")).unwrap();
    world.run(&["download", "-q"]).expect(0);
    assert_eq!(cdn.paths_after(12), ["/7.mp4"]);
    assert!(world.path("videos/LST-2/02-room-7.mp4").is_file());
}

#[test]
fn clips_in_another_folder_are_not_fetched_again_and_the_run_says_where_they_are() {
    let cdn = Cdn::honest();
    let url = cdn.put("a", clip("a", 900));
    let api = unused_api();
    let world = world(&api, &Order::of("LST-1", 2, &url).lines());
    world.run(&["download"]).expect(0);
    let run = world.run(&["download", "--dir", "other"]).expect(0);
    let output = run.stderr.replace('\\', "/");
    assert!(output.contains("videos/LST-1/01-2.mp4"), "{output}");
    for words in [
        "1 fetched before into another folder",
        "here as well, copy it",
    ] {
        assert!(output.contains(words), "{words}: {output}");
    }
    assert!(!world.path("other").exists(), "no empty folder is left");
    assert_eq!(cdn.gets().len(), 1);
}

#[test]
fn a_clip_that_a_person_has_cut_is_kept_named_and_published() {
    let cdn = Cdn::honest();
    let url = cdn.put("a", clip("a", 900));
    let api = unused_api();
    let world = world(&api, &Order::of("LST-1", 2, &url).lines());
    world.run(&["download"]).expect(0);
    let log = world.log().text;
    let cut = clip("my cut", 700);
    world.write("videos/LST-1/01-2.mp4", &cut);
    let run = world.run(&["download"]).expect(0);
    let output = run.stderr.replace('\\', "/");
    assert!(
        output.contains("changed since the download, and kept"),
        "{output}"
    );
    assert!(output.contains("videos/LST-1/01-2.mp4"), "{output}");
    let json = world.run(&["download", "--json"]).expect(0).json();
    assert_eq!(
        (&json["already"], &json["downloaded"]),
        (&1.into(), &0.into())
    );
    assert_eq!(json["changed"].as_array().map(Vec::len), Some(1));
    let round = ["--once", "--skip", "check", "--skip", "report"];
    world.run(&[&["run"], &round[..]].concat()).expect(0);
    assert_eq!(
        std::fs::read(world.path("videos/LST-1/01-2.mp4")).unwrap(),
        cut
    );
    assert_eq!(cdn.gets().len(), 1);
    assert_eq!(world.log().text, log);

    let copy = if cfg!(windows) {
        "copy /b \"!CREATIVEAI_FILE!\" copy"
    } else {
        "cp \"$CREATIVEAI_FILE\" copy"
    };
    world.run(&["publish", "--exec", copy]).expect(0);
    assert_eq!(std::fs::read(world.path("copy")).unwrap(), cut);
}

#[test]
fn a_damaged_clip_is_fetched_again_beside_it() {
    let cdn = Cdn::honest();
    let url = cdn.put("a", clip("a", 900));
    let api = unused_api();
    let world = world(&api, &Order::of("LST-1", 2, &url).lines());
    world.run(&["download"]).expect(0);
    world.write("videos/LST-1/01-2.mp4", &clip("a", 900)[..20]);
    world.run(&["download"]).expect(0);
    let names = files_below(&world.path("videos"));
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(
        std::fs::read(world.path("videos/LST-1/01-2.mp4"))
            .unwrap()
            .len(),
        20
    );
    let again = world.run(&["download", "--json"]).expect(0).json();
    assert_eq!(
        (&again["already"], &again["downloaded"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn a_cut_download_goes_on_where_it_ended() {
    let count = AtomicUsize::new(0);
    let cdn = Cdn::start(move |_, step| match count.fetch_add(1, Ordering::Relaxed) {
        0 => step.cut_before_the_last(60_000),
        _ => step,
    });
    let url = cdn.put("a", clip("a", 100_000));
    let api = unused_api();
    let world = world(&api, &Order::of("LST-1", 2, &url).lines());
    world.run(&["download"]).expect(0);
    let gets = cdn.gets();
    assert_eq!(gets.len(), 2);
    assert_eq!(gets[1].header("if-range"), Some("\"/a.mp4\""));
    assert_eq!(gets[1].header("range"), Some("bytes=40000-"));
    let file = std::fs::read(world.path("videos/LST-1/01-2.mp4")).unwrap();
    assert_eq!(file, clip("a", 100_000));
    assert_eq!(world.log().job()["downloaded"]["sha256"], sha256(&file));
}

#[test]
fn a_clip_that_changed_between_two_tries_is_not_a_patchwork() {
    let count = AtomicUsize::new(0);
    let new = clip("new", 100_000);
    let cdn = Cdn::start({
        let new = new.clone();
        move |request, step| match count.fetch_add(1, Ordering::Relaxed) {
            0 => step.cut_before_the_last(50_000),
            // Another entity tag than the one in If-Range: the whole.
            _ => crate::support::vendor::serve(request, &new, "\"new\""),
        }
    });
    let url = cdn.put("a", clip("a", 100_000));
    let api = unused_api();
    let world = world(&api, &Order::of("LST-1", 2, &url).lines());
    world.run(&["download"]).expect(0);
    assert_eq!(
        std::fs::read(world.path("videos/LST-1/01-2.mp4")).unwrap(),
        new
    );
}

#[test]
fn a_clip_above_the_limit_is_left_where_it_is() {
    let cdn = Cdn::honest();
    let orders = [
        Order::of("LST-1", 2, &cdn.put("large", clip("large", 70_000))),
        Order::of("LST-2", 3, &cdn.put("small", clip("small", 40_000))),
    ];
    let api = unused_api();
    let world = world(&api, &log_of(&orders));
    let run = world.run(&["download", "--max-size", "50kB"]).expect(1);
    assert!(run.stderr.contains("--max-size"), "{}", run.stderr);
    assert_eq!(files_below(&world.path("videos")), ["LST-2/01-3.mp4"]);
    world.run(&["download", "--max-size", "70kB"]).expect(0);
    assert_eq!(files_below(&world.path("videos")).len(), 2);
}

#[test]
fn a_page_instead_of_a_clip_is_not_kept() {
    for (kind, body) in [
        ("text/html; charset=utf-8", "<!doctype html><p>Log in"),
        ("video/mp4", "<!doctype html><p>Log in"),
        ("application/json", "{\"error\":\"no\"}"),
        ("video/mp4", ""),
    ] {
        let cdn = Cdn::start(move |_, _| Step::reply(200, body).with("Content-Type", kind));
        let url = cdn.server.url() + "/a.mp4";
        let api = completing({
            let url = url.clone();
            move |_| url.clone()
        });
        let world = world(&api, &Order::of("LST-1", 2, &url).lines());
        world.run(&["download"]).expect(1);
        assert!(
            files_below(&world.path("videos"))
                .iter()
                .all(|name| name.starts_with('.'))
        );
        assert_eq!(world.log().words().last(), Some(&"completed"));
    }
}

#[test]
fn a_listings_folder_appears_only_with_all_of_its_clips() {
    let gate = Gate::default();
    let reached = Gate::default();
    let cdn = Cdn::start({
        let (gate, reached) = (gate.clone(), reached.clone());
        move |request, step| match request.path.as_str() {
            "/2.mp4" => {
                let reached = reached.clone();
                step.at(Phase::HalfReplied, move || reached.open())
                    .held_at(Phase::HalfReplied, &gate)
            }
            _ => step,
        }
    });
    let put = |name: &str| cdn.put(name, clip(name, 20_000));
    let orders = [
        Order::of("LST-1", 2, &put("1")),
        Order::of("LST-1", 3, &put("2")),
        Order::of("LST-1", 4, &put("3")),
        Order::of("LST-2", 5, &put("4")),
        Order::of("LST-2", 6, "").rendering(),
    ];
    let api = unused_api();
    let world = world(&api, &log_of(&orders));
    let run = world.start(&["download", "--when", "complete", "--json"]);
    reached.wait();
    assert!(!world.path("videos/LST-1").exists());
    gate.open();
    let run = run.wait().expect(0);
    assert_eq!(
        (&run.json()["downloaded"], &run.json()["waiting"]),
        (&3.into(), &1.into())
    );
    let expected = ["LST-1/01-2.mp4", "LST-1/02-3.mp4", "LST-1/03-4.mp4"];
    assert_eq!(files_below(&world.path("videos")), expected);
    assert_eq!(cdn.gets().len(), 3, "what must wait is not fetched yet");
}

#[test]
fn a_listing_of_which_one_clip_fails_does_not_appear_and_is_completed_later() {
    let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let cdn = Cdn::start({
        let broken = broken.clone();
        move |request, step| match request.path.as_str() {
            "/2.mp4" if broken.load(Ordering::Relaxed) => Step::reply(400, "no"),
            _ => step,
        }
    });
    let put = |name: &str| cdn.put(name, clip(name, 9000));
    let orders = [
        Order::of("LST-1", 2, &put("1")),
        Order::of("LST-1", 3, &put("2")),
    ];
    let second = orders[1].output_url.clone().unwrap();
    let api = completing(move |_| second.clone());
    let world = world(&api, &log_of(&orders));
    world.run(&["download", "--when", "complete"]).expect(1);
    assert!(!world.path("videos/LST-1").exists());
    broken.store(false, Ordering::Relaxed);
    world.run(&["download", "--when", "complete"]).expect(0);
    assert_eq!(files_below(&world.path("videos")).len(), 2);
    let first: Vec<_> = cdn
        .gets()
        .into_iter()
        .filter(|get| get.path == "/1.mp4")
        .collect();
    assert_eq!(first.len(), 1, "what was whole is not fetched twice");
}

#[test]
fn every_clip_of_a_listing_that_cannot_be_put_in_place_counts_as_failed() {
    let cdn = Cdn::honest();
    let put = |name: &str| cdn.put(name, clip(name, 9000));
    let orders = [
        Order::of("LST-1", 2, &put("1")),
        Order::of("LST-1", 3, &put("2")),
    ];
    let api = unused_api();
    let world = world(&api, &log_of(&orders));
    // Where the clips of the listing are gathered, for this log alone, there is a file.
    std::fs::create_dir_all(world.path("videos/.creativeai-partial")).unwrap();
    let log = world.path("jobs.jsonl").canonicalize().unwrap();
    // Windows resolves a path to one that begins so.
    let log = log.to_str().unwrap().trim_start_matches(r"\\?\");
    let log = creativeai::jobs::JobKey::digest(&[log]);
    world.write(&format!("videos/.creativeai-partial/LST-1.{log}.new"), "");
    let download = ["download", "--when", "complete", "--json"];
    let run = world.run(&download).expect(74).json();
    assert_eq!((&run["downloaded"], &run["failed"]), (&0.into(), &2.into()));
}

/// The limit of a file's size stands in for a disk that is full; Windows has no such limit.
#[cfg(unix)]
#[test]
fn a_full_disk_ends_the_run_cleanly_and_the_next_one_goes_on() {
    let cdn = Cdn::honest();
    let orders: Vec<Order> = (0..6)
        .map(|n| {
            let url = cdn.put(&n.to_string(), clip(&n.to_string(), 3_000_000));
            Order::of("LST-1", n + 2, &url)
        })
        .collect();
    let api = unused_api();
    let world = world(&api, &log_of(&orders));
    let before = world.log().text;
    // In blocks of 512 bytes or of 1024, as the shell has it: 1 MB or 2 MB. That is far more than
    // comes in at once, so something is kept before the disk is full.
    let run = world
        .shell("ulimit -f 2048; exec \"$0\" download --concurrency 1")
        .expect(74);
    assert!(run.stderr.contains("make room"), "{}", run.stderr);
    assert_eq!(cdn.gets().len(), 1, "the others would meet the same disk");
    assert_eq!(world.log().text, before);
    world.run(&["download"]).expect(0);
    let mut gets = cdn.gets();
    let first = gets.remove(0).path;
    let again = gets.iter().find(|get| get.path == first).unwrap();
    let range = again.header("range").unwrap_or_default();
    assert!(
        range.starts_with("bytes=") && range != "bytes=0-",
        "{again:?}"
    );
    for (n, order) in orders.iter().enumerate() {
        let file = world.path(&format!("videos/LST-1/{:02}-{}.mp4", n + 1, order.line));
        assert_eq!(
            std::fs::read(file).unwrap(),
            clip(&n.to_string(), 3_000_000)
        );
    }
}

// Windows has no signals, and Wine's consoles pass no Ctrl-C on.
#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_and_what_has_come_is_kept() {
    let gate = Gate::default();
    let reached = Gate::default();
    let cdn = Cdn::start({
        let (gate, reached) = (gate.clone(), reached.clone());
        move |request, step| match request.header("range") {
            None => {
                let reached = reached.clone();
                step.at(Phase::HalfReplied, move || reached.open())
                    .held_at(Phase::HalfReplied, &gate)
            }
            Some(_) => step,
        }
    });
    let url = cdn.put("a", clip("a", 400_000));
    let api = unused_api();
    let world = world(&api, &Order::of("LST-1", 2, &url).lines());
    let run = world.start(&["download"]);
    reached.wait();
    // Half of it has left the server; some of that must be on disk before the signal.
    let staging = world.path("videos/.creativeai-partial");
    let has_come = || {
        let parts = files_below(&staging);
        let part = parts.iter().find(|name| name.contains(".part"));
        part.is_some_and(|part| {
            std::fs::metadata(staging.join(part)).is_ok_and(|meta| meta.len() > 0)
        })
    };
    while !has_come() {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_raw(run.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    run.wait().expect(143);
    gate.open();
    world.run(&["download"]).expect(0);
    let last = cdn.gets().pop().unwrap();
    assert_ne!(last.header("range"), None);
    assert_eq!(
        std::fs::read(world.path("videos/LST-1/01-2.mp4")).unwrap(),
        clip("a", 400_000)
    );
    assert_eq!(files_below(&world.path("videos")).len(), 1);
}
