//! Downloads that are killed again and again: every clip ends up whole, and none is asked for once
//! the log holds it.
//!
//! `CREATIVEAI_DOWNLOAD_CLIPS` sets how many clips there are, `CREATIVEAI_TORTURE_SEED` repeats a
//! run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::orders::{Order, files_below, log_of, sha256};
use crate::support::vendor::{Cdn, clip, unused_api, world};
use crate::support::{Gate, Log, Phase, Request, Running, Step, World};

/// Clips of the usual test run.
const USUAL_CLIPS: usize = 60;

/// Where the CDN waits for the process's death.
#[derive(Clone)]
struct Ambush {
    phase: Phase,
    /// Which GET, counted over all runs.
    number: usize,
    reached: Gate,
    dead: Gate,
}

fn number_of(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// The paths that the log says are on disk.
fn in_log(log: &Log) -> BTreeSet<String> {
    log.jobs
        .iter()
        .filter(|job| job["downloaded"].is_object())
        .filter_map(|job| job["output_url"].as_str())
        .map(|url| url[url.rfind('/').unwrap()..].to_owned())
        .collect()
}

/// Every clip that the log holds is whole; no file of a clip's name is less than that.
fn judge(world: &World, cdn: &Cdn, log: &Log, context: &str) {
    for job in &log.jobs {
        let Some(file) = job["downloaded"]["file"].as_str() else {
            continue;
        };
        let bytes =
            std::fs::read(world.path(file)).unwrap_or_else(|e| panic!("{context}: {file}: {e}"));
        assert_eq!(
            job["downloaded"]["sha256"],
            sha256(&bytes),
            "{context}: {file}"
        );
        assert_eq!(job["downloaded"]["bytes"], bytes.len(), "{context}: {file}");
        let url = job["output_url"].as_str().unwrap();
        let path = &url[url.rfind('/').unwrap()..];
        assert_eq!(bytes, cdn.clip(path), "{context}: {file}");
    }
    let all: BTreeSet<String> = log
        .jobs
        .iter()
        .filter_map(|job| job["output_url"].as_str())
        .map(|url| sha256(&cdn.clip(&url[url.rfind('/').unwrap()..])))
        .collect();
    for name in files_below(&world.path("videos")) {
        if name.starts_with('.') {
            continue;
        }
        let bytes = std::fs::read(world.path("videos").join(&name)).unwrap();
        assert!(
            all.contains(&sha256(&bytes)),
            "{context}: {name} is not whole"
        );
    }
}

fn end_in(ambush: &Ambush, mut run: Running) {
    while !ambush.reached.is_open() && !run.has_ended() {
        std::thread::yield_now();
    }
    run.kill();
    ambush.dead.open();
}

fn torture(clips: usize, seed: u64, when: &[&str]) {
    let say = format!("{clips} clips, CREATIVEAI_TORTURE_SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let ambush: Arc<Mutex<Option<Ambush>>> = Arc::default();
    let cdn = Cdn::start({
        let ambush = ambush.clone();
        move |request: &Request, step: Step| match &*ambush.lock().unwrap() {
            Some(ambush) if ambush.number == request.number => {
                let Ambush { reached, dead, .. } = ambush.clone();
                step.at(ambush.phase, move || {
                    reached.open();
                    dead.wait();
                })
            }
            _ => step,
        }
    });
    let orders: Vec<Order> = (0..clips)
        .map(|n| {
            let name = n.to_string();
            let url = cdn.put(&name, clip(&name, rng.usize(100..80_000)));
            Order::of(&format!("LST-{}", n / 4), n + 2, &url)
        })
        .collect();
    let api = unused_api();
    let world = world(&api, &log_of(&orders));
    let concurrency = rng.usize(1..8).to_string();
    let mut args = vec!["download", "--concurrency", &concurrency];
    args.extend(when);

    let kills = (clips / 8).clamp(4, 24);
    for _ in 0..kills {
        let before = in_log(&world.log());
        let asked = cdn.gets().len();
        let is_laid = rng.bool();
        let laid = Ambush {
            phase: [Phase::Read, Phase::HalfReplied, Phase::Replied][rng.usize(0..3)],
            number: asked + rng.usize(0..=clips / kills),
            reached: Gate::default(),
            dead: Gate::default(),
        };
        *ambush.lock().unwrap() = is_laid.then(|| laid.clone());
        let run = world.start(&args);
        if is_laid {
            end_in(&laid, run);
        } else {
            // An instant of no meaning.
            std::thread::sleep(Duration::from_micros(rng.u64(0..40_000)));
            run.kill();
        }
        *ambush.lock().unwrap() = None;
        judge(&world, &cdn, &world.log(), &say);
        for path in cdn.paths_after(asked) {
            assert!(!before.contains(&path), "{say}: {path} was complete");
        }
    }

    let before = in_log(&world.log());
    let asked = cdn.gets().len();
    world.run(&args).expect(0);
    let log = world.log();
    judge(&world, &cdn, &log, &say);
    for path in cdn.paths_after(asked) {
        assert!(!before.contains(&path), "{say}: {path} was complete");
    }
    assert_eq!(in_log(&log).len(), clips, "{say}");
    assert_eq!(
        files_below(&world.path("videos")).len(),
        clips,
        "{say}: leftovers"
    );
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for line in log
        .lines
        .iter()
        .filter(|line| line["status"] == "downloaded")
    {
        *lines.entry(line["job"].as_str().unwrap()).or_default() += 1;
    }
    assert!(
        lines.values().all(|count| *count == 1),
        "{say}: reported twice"
    );

    let gets = cdn.gets().len();
    world.run(&args).expect(0);
    assert_eq!(cdn.gets().len(), gets, "{say}: nothing is fetched twice");
    assert_eq!(world.log().text, log.text, "{say}");
    let resumed = cdn
        .gets()
        .iter()
        .filter(|get| get.header("range").is_some())
        .count();
    println!("{say}: {kills} kills, {gets} requests, {resumed} of them went on");
}

#[test]
fn killed_again_and_again_every_clip_is_whole_and_none_is_asked_for_once_it_is() {
    let clips = number_of("CREATIVEAI_DOWNLOAD_CLIPS").map_or(USUAL_CLIPS, |n| n as usize);
    let seed = number_of("CREATIVEAI_TORTURE_SEED").unwrap_or_else(|| fastrand::u64(..));
    torture(clips, seed, &[]);
}

#[test]
fn killed_again_and_again_listings_appear_whole() {
    let seed = number_of("CREATIVEAI_TORTURE_SEED").unwrap_or_else(|| fastrand::u64(..));
    torture(USUAL_CLIPS / 2, seed, &["--when", "complete"]);
}
