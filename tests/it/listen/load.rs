//! Many deliveries at once: what was answered with 200 is on disk, whatever happens then.
//!
//! `CREATIVEAI_LOAD_SECONDS` makes the measurement (`cargo test --release --test it --
//! --ignored --nocapture`) longer than its usual five seconds.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::delivery::{Delivery, accepted};
use crate::support::http::Connection;
use crate::support::processes::Process;
use crate::support::{Gate, World};

const CONNECTIONS: usize = 64;

/// What a load was answered.
#[derive(Default)]
struct Load {
    /// Ids whose delivery was answered with 200.
    acknowledged: Vec<String>,
    /// Deliveries sent without an answer, or with another one.
    unanswered: usize,
}

/// Delivers ids of its own over 64 connections until `stop`, or until the receiver is gone.
/// `enough` opens after so many answers.
fn load(addr: SocketAddr, stop: &AtomicBool, count: usize, enough: &Gate) -> Load {
    let answers = AtomicUsize::new(0);
    let all: Vec<Load> = std::thread::scope(|scope| {
        let start = |connection: usize| {
            let answers = &answers;
            scope.spawn(move || {
                let mut load = Load::default();
                let Ok(mut stream) = Connection::open(addr) else {
                    return load;
                };
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let id = format!("vgen_{connection}_{n}");
                    let delivery = Delivery::completed(&id);
                    if !matches!(stream.request(&delivery.request()), Ok(200)) {
                        load.unanswered += 1;
                        break;
                    }
                    load.acknowledged.push(id);
                    if answers.fetch_add(1, Ordering::Relaxed) + 1 == count {
                        enough.open();
                    }
                }
                load
            })
        };
        let running: Vec<_> = (0..CONNECTIONS).map(start).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut sum = Load::default();
    for one in all {
        sum.acknowledged.extend(one.acknowledged);
        sum.unanswered += one.unanswered;
    }
    sum
}

fn ids_in(file: &[u8]) -> HashSet<String> {
    let text = String::from_utf8_lossy(file);
    let deliveries = Delivery::read_all(&text);
    let id = |d: &Delivery| d.json()["id"].as_str().unwrap().to_owned();
    deliveries.iter().map(id).collect()
}

#[test]
fn every_delivery_that_was_answered_outlives_a_kill_in_the_middle_of_the_load() {
    let world = World::new();
    for round in 0..3 {
        let receiver = Process::listen(&world, &[]);
        let (addr, stop, enough) = (receiver.addr, AtomicBool::new(false), Gate::default());
        let done = std::thread::scope(|scope| {
            let done = scope.spawn(|| load(addr, &stop, 1500, &enough));
            enough.wait();
            receiver.run.kill();
            done.join().unwrap()
        });
        assert!(
            done.acknowledged.len() >= 1500,
            "{}",
            done.acknowledged.len()
        );
        assert!(
            done.unanswered > 0,
            "it was killed after the load, not in it"
        );
        let file = std::fs::read(world.path("captures.jsonl")).unwrap();
        let kept = ids_in(&file);
        let lost: Vec<_> = done
            .acknowledged
            .iter()
            .filter(|id| !kept.contains(*id))
            .collect();
        assert!(lost.is_empty(), "round {round}: {lost:?}");
        std::fs::remove_file(world.path("captures.jsonl")).unwrap();
    }
}

#[test]
fn a_line_that_a_kill_has_torn_spoils_no_other() {
    let world = World::new();
    let whole = Delivery::completed("vgen_1").envelope();
    let torn = Delivery::completed("vgen_2").envelope();
    world.write(
        "captures.jsonl",
        format!("{whole}{}", &torn[..torn.len() / 2]),
    );
    let receiver = Process::listen(&world, &[]);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_3")), 200);
    let file = std::fs::read(world.path("captures.jsonl")).unwrap();
    assert_eq!(
        ids_in(&file),
        HashSet::from(["vgen_1".to_owned(), "vgen_3".to_owned()])
    );
    let jobs = accepted("5b1f0c9a77d2e318", "LST-1", "vgen_1")
        + &*accepted("5b1f0c9a77d2e319", "LST-3", "vgen_3");
    world.write("jobs.jsonl", jobs);
    let counts = world
        .run(&["reconcile", "--replay", "captures.jsonl", "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&counts["applied"], &counts["unreadable"]),
        (&Value::from(2), &Value::from(1))
    );
}

#[test]
fn under_load_other_commands_get_their_turn_with_the_log() {
    let world = World::new();
    // Long enough that reading it takes longer than the pauses between deliveries.
    let jobs: String = (0..3000)
        .map(|n| {
            accepted(
                &format!("{n:016x}"),
                &format!("LST-{n}"),
                &format!("vgen_0_{n}"),
            )
        })
        .collect();
    world.write("jobs.jsonl", jobs);
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
    let (addr, stop, enough) = (receiver.addr, AtomicBool::new(false), Gate::default());
    std::thread::scope(|scope| {
        let loading = scope.spawn(|| load(addr, &stop, 200, &enough));
        enough.wait();
        let turns: Vec<_> = (0..3)
            .map(|_| world.run(&["compact", "jobs.jsonl"]).status.code())
            .collect();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(loading.join().unwrap().unanswered, 0);
        assert_eq!(turns, [Some(0); 3]);
    });
}

/// Reports how many durable answers a second there are.
#[test]
#[ignore = "a measurement, not a judgment"]
fn measure() {
    let seconds = std::env::var("CREATIVEAI_LOAD_SECONDS");
    let seconds = seconds.ok().and_then(|s| s.parse().ok()).unwrap_or(5);
    let world = World::new();
    let receiver = Process::listen(&world, &[]);
    let (addr, stop, enough) = (receiver.addr, AtomicBool::new(false), Gate::default());
    let took = AtomicU64::new(0);
    let done = std::thread::scope(|scope| {
        let done = scope.spawn(|| {
            let begun = Instant::now();
            let done = load(addr, &stop, usize::MAX, &enough);
            took.store(begun.elapsed().as_millis() as u64, Ordering::Relaxed);
            done
        });
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
        done.join().unwrap()
    });
    let count = done.acknowledged.len();
    let seconds = took.into_inner() as f64 / 1000.0;
    println!(
        "{count} durable answers in {seconds:.1} s: {:.0}/s",
        count as f64 / seconds
    );
}
