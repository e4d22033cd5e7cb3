//! The storm: eight computers order two versions of a manifest from one log, and are killed, put to
//! sleep, cut off from the database and started again; a person has doubts sent again in the middle.
//! Whatever happens, each photo is one order, and each bill is in the log or its job in doubt.
//!
//! `CREATIVEAI_STORM_ROUNDS` sets how many rounds there are, `CREATIVEAI_STORM_SEED` repeats one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{empty_log, silence_runs};
use crate::support::proxy::Proxy;
use crate::support::{Log, Phase, Running, Server, Step, World, listings};

const ROWS: usize = 60;
const COMPUTERS: usize = 8;
const ACTS: usize = 40;
const SUBMIT: [&str; 4] = ["submit", "listings.csv", "--database-wait", "60s"];

fn signal(run: &Running, signal: Signal) {
    let pid = Pid::from_raw(run.id().cast_signed()).unwrap();
    // It may have ended by itself.
    let _ = kill_process(pid, signal);
}

/// Accepts, late now and then; sometimes no one hears of it.
fn vendor(seed: u64) -> Server {
    Server::start(move |post| {
        let mut rng = fastrand::Rng::with_seed(seed ^ post.number as u64);
        let delay = Duration::from_millis(rng.u64(0..60));
        let step = match rng.u8(0..30) {
            0 => Step::close().billed(),
            1 => Step::close(),
            2 => Step::reply(503, "later").with("Retry-After", "0"),
            _ => Step::accept(),
        };
        step.at(Phase::Read, move || std::thread::sleep(delay))
    })
}

#[test]
fn in_a_storm_no_photo_is_ordered_twice_and_no_bill_is_lost() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    if let Some(seed) = number("CREATIVEAI_STORM_SEED") {
        return storm(seed);
    }
    let rounds = number("CREATIVEAI_STORM_ROUNDS").unwrap_or(1);
    for round in 0..rounds {
        let seed = fastrand::u64(..);
        println!("round {round}: CREATIVEAI_STORM_SEED={seed}");
        storm(seed);
    }
}

fn storm(seed: u64) {
    let told = format!("CREATIVEAI_STORM_SEED={seed}");
    let Some((database, log)) = empty_log() else {
        return;
    };
    let mut rng = fastrand::Rng::with_seed(seed);
    let server = vendor(seed);
    let proxy = Proxy::before(database.server.folder());
    let through = proxy.log(&database, "shop");
    let versions = [listings(ROWS), listings(ROWS).replace("evening", "morning")];
    let new = |n: usize| {
        let world = World::facing(&server).with_var("CREATIVEAI_JOBS", &through);
        world.write("listings.csv", &versions[n % 2]);
        world
    };
    let worlds: Vec<_> = (0..COMPUTERS).map(new).collect();
    let person = World::facing(&server).with_var("CREATIVEAI_JOBS", &log);
    person.write("listings.csv", &versions[0]);
    let mut runs: Vec<_> = worlds.iter().map(|world| world.start(&SUBMIT)).collect();
    let mut asked = 0;
    for _ in 0..ACTS {
        std::thread::sleep(Duration::from_millis(rng.u64(10..150)));
        let one = rng.usize(..COMPUTERS);
        match rng.u8(0..12) {
            0..=2 => {
                let killed = std::mem::replace(&mut runs[one], worlds[one].start(&SUBMIT));
                killed.kill();
            }
            3..=4 => signal(&runs[one], Signal::STOP),
            5..=6 => signal(&runs[one], Signal::CONT),
            7 => proxy.cut(),
            8 => proxy.lose(2),
            9 => {
                database.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()",
                );
            }
            10 => silence_runs(&database),
            _ => {
                person.run(&["retry", "--unknown", "--yes"]);
                asked += 1;
            }
        }
    }
    for run in &runs {
        signal(run, Signal::CONT);
    }
    for run in runs {
        let ended = run.wait();
        let code = ended.code();
        assert!(
            [0, 3, 75].contains(&code),
            "{told}: {code}\n{}",
            ended.stderr
        );
    }
    silence_runs(&database);
    // Whoever was killed with answers on its disk takes them in.
    for world in &worlds {
        world.run(&SUBMIT);
    }
    judge(&server, &person, &log, asked, &told);
}

/// What the vendor's ledger and the log must agree on.
fn judge(server: &Server, person: &World, log: &str, asked: usize, told: &str) {
    person.run(&["log", "copy", log, "all.jsonl"]).expect(0);
    let log = Log::read(&person.path("all.jsonl"));
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for bill in server.bills() {
        let body: Value = serde_json::from_slice(&bill.body).unwrap();
        let photo = body["image_url"].to_string();
        keys.entry(photo).or_default().insert(bill.key.clone());
        *times.entry(bill.key.clone()).or_default() += 1;
        let job = log.jobs.iter().find(|job| job["job"] == bill.job());
        let in_doubt = job.is_some_and(|job| job["status"] == "unknown");
        // Who has a doubt sent again agrees to lose sight of what it may have brought.
        let is_again = times[&bill.key] > 1 || asked > 0;
        assert!(
            in_doubt || is_again || log.ids().contains(&&*bill.id),
            "{told}: {} is billed and lost\n{}",
            bill.id,
            log.text
        );
    }
    for (photo, keys) in keys {
        assert_eq!(
            keys.len(),
            1,
            "{told}: {photo} was ordered as {keys:?}\n{}",
            log.text
        );
    }
    for (key, count) in times {
        assert!(count <= 1 + asked, "{told}: {key} was billed {count} times");
    }
    assert_eq!(log.jobs.len(), ROWS, "{told}\n{}", log.text);
}
