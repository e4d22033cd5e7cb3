//! The kill matrix: the process is ended at every point of a request's life and at random
//! instants, and run again. Whatever happens, the vendor's ledger holds at most one accepted
//! request for each job, and each of those is in the log, or its job is in doubt there.
//!
//! `CREATIVEAI_TORTURE_ROUNDS` sets how many random rounds there are, `CREATIVEAI_TORTURE_SEED`
//! repeats a run (a failing round prints its own).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Gate, Log, Phase, Request, Running, Server, Step, World, listings};

const PHASES: [Phase; 4] = [
    Phase::Read,
    Phase::Billed,
    Phase::HalfReplied,
    Phase::Replied,
];

/// Rounds of the usual test run.
const USUAL_ROUNDS: u64 = 40;

/// Where the server stops and waits for the process's death.
#[derive(Clone)]
struct Ambush {
    phase: Phase,
    /// Which POST, counted over all runs.
    number: usize,
    reached: Gate,
    dead: Gate,
}

impl Ambush {
    fn new(phase: Phase, number: usize) -> Self {
        Self {
            phase,
            number,
            reached: Gate::default(),
            dead: Gate::default(),
        }
    }
}

/// A server with an ambush that can be moved.
#[derive(Clone, Default)]
struct Ambushes(Arc<Mutex<Option<Ambush>>>);

impl Ambushes {
    fn set(&self, ambush: Option<Ambush>) {
        *self.0.lock().unwrap() = ambush;
    }

    /// `step`, and the ambush where it is laid for this request.
    fn lie_in(&self, post: &Request, step: Step) -> Step {
        match &*self.0.lock().unwrap() {
            Some(ambush) if ambush.number == post.number => {
                let Ambush { reached, dead, .. } = ambush.clone();
                step.at(ambush.phase, move || {
                    reached.open();
                    dead.wait();
                })
            }
            _ => step,
        }
    }
}

/// Kills the run in the ambush, or at its end where it never gets there; whether it did.
fn kill_in(ambush: &Ambush, mut run: Running) -> bool {
    while !ambush.reached.is_open() && !run.has_ended() {
        std::thread::sleep(Duration::from_millis(1));
    }
    run.kill();
    ambush.dead.open();
    ambush.reached.is_open()
}

/// What the ledger and the log must agree on. `asked_again` are the jobs that a person has had
/// sent again.
fn judge(server: &Server, log: &Log, asked_again: &BTreeSet<String>, context: &str) {
    let bills = server.bills();
    let mut of_job: BTreeMap<&str, usize> = BTreeMap::new();
    for bill in &bills {
        *of_job.entry(bill.job()).or_default() += 1;
    }
    for (job, count) in of_job {
        let most = 1 + usize::from(asked_again.contains(job));
        assert!(
            count <= most,
            "{context}: job {job} was billed {count} times"
        );
    }
    let mut bodies: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for post in server.posts() {
        let key = post.idempotency_key().to_owned();
        let first = bodies.entry(key).or_insert_with(|| post.body.clone());
        assert_eq!(
            *first, post.body,
            "{context}: the same attempt, another body"
        );
    }
    let ids = log.ids();
    // Who sends again what may have been billed agrees to lose sight of that first bill.
    let newest = |job: &str| bills.iter().rfind(|bill| bill.job() == job).cloned();
    for bill in &bills {
        if asked_again.contains(bill.job()) && newest(bill.job()).as_ref() != Some(bill) {
            continue;
        }
        let job = log.jobs.iter().find(|job| job["job"] == bill.job());
        let in_doubt = job.is_some_and(|job| job["status"] == "unknown");
        assert!(
            in_doubt || ids.contains(&&*bill.id),
            "{context}: {} is billed and lost\n{}",
            bill.id,
            log.text
        );
    }
    for job in log.jobs.iter().filter(|job| job["status"] == "pending") {
        let billed = bills.iter().any(|bill| job["generation_id"] == *bill.id);
        assert!(billed, "{context}: {job} was never accepted");
    }
}

/// Runs `submit` until there is nothing more to send, and judges the end.
fn finish(world: &World, server: &Server, rows: usize, context: &str) -> Log {
    let mut posts = None;
    // Faults in a row may stop a run early; then the next goes on.
    for _ in 0..rows + 2 {
        let run = world.run(&["submit", "listings.csv", "--json"]);
        let log = world.log();
        judge(server, &log, &BTreeSet::new(), context);
        assert!(
            matches!(run.code(), 0 | 3 | 75),
            "{context}: {}",
            run.stderr
        );
        let now = server.posts().len();
        if posts == Some(now) {
            let in_doubt = log.count("unknown");
            assert_eq!(log.jobs.len(), rows, "{context}\n{}", log.text);
            assert_eq!(
                log.count("pending") + in_doubt,
                rows,
                "{context}\n{}",
                log.text
            );
            assert_eq!(run.code() == 3, in_doubt > 0, "{context}: {}", run.stderr);
            return log;
        }
        posts = Some(now);
    }
    panic!("{context}: it never came to an end");
}

#[test]
fn killed_at_any_point_of_a_request_nothing_is_lost_and_nothing_billed_twice() {
    for phase in PHASES {
        for number in [0, 3, 7] {
            for concurrency in ["1", "4"] {
                let context =
                    format!("killed at {phase:?} of POST {number}, {concurrency} at once");
                let ambushes = Ambushes::default();
                let server = Server::start({
                    let ambushes = ambushes.clone();
                    move |post| ambushes.lie_in(post, Step::accept())
                });
                let world = World::facing(&server);
                world.write("listings.csv", listings(8));
                let ambush = Ambush::new(phase, number);
                ambushes.set(Some(ambush.clone()));
                let submit = ["submit", "listings.csv", "--concurrency", concurrency];
                assert!(
                    kill_in(&ambush, world.start(&submit)),
                    "{context}: it ended before"
                );
                let log = finish(&world, &server, 8, &context);
                if concurrency == "1" {
                    // One was in flight, so at most one is in doubt; after the reply perhaps none.
                    let most = log.count("unknown");
                    assert!(
                        most == 1 || (phase == Phase::Replied && most == 0),
                        "{context}: {most}"
                    );
                }
            }
        }
    }
}

/// One random round.
fn torture(seed: u64) {
    let context = format!("CREATIVEAI_TORTURE_SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let rows = rng.usize(1..14);
    let faulty = rng.bool();
    let ambushes = Ambushes::default();
    let server = Server::start({
        let ambushes = ambushes.clone();
        let rng = Mutex::new(rng.fork());
        move |post| {
            let draw = if faulty {
                rng.lock().unwrap().u8(0..24)
            } else {
                u8::MAX
            };
            let step = match draw {
                0 => Step::reset().billed(),
                1 => Step::reset(),
                2 => Step::reply(500, "<h1>oops</h1>").billed(),
                3 => Step::accept().cut_before_the_last(5),
                4 => Step::reply(429, "").with("Retry-After", "0"),
                5 => Step::reply(503, "").with("Retry-After", "0"),
                6 => Step::close().billed(),
                _ => Step::accept(),
            };
            ambushes.lie_in(post, step)
        }
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(rows));
    for _ in 0..rng.usize(1..4) {
        let concurrency = rng.usize(1..6).to_string();
        let submit = ["submit", "listings.csv", "--concurrency", &concurrency];
        let ambush = Ambush::new(
            PHASES[rng.usize(0..4)],
            server.posts().len() + rng.usize(0..4),
        );
        let is_laid = rng.bool();
        ambushes.set(is_laid.then(|| ambush.clone()));
        let run = world.start(&submit);
        if is_laid {
            // A run that has too little to send never gets there.
            kill_in(&ambush, run);
        } else {
            // An instant of no meaning.
            std::thread::sleep(Duration::from_micros(rng.u64(0..25_000)));
            run.kill();
        }
        ambushes.set(None);
        judge(&server, &world.log(), &BTreeSet::new(), &context);
    }
    let log = finish(&world, &server, rows, &context);
    if rng.bool() {
        ask_again(&world, &server, &log, &context);
    }
    // However often it was killed, the memory of the log is as new as the log.
    let text = world.log().text;
    world.write("jobs.jsonl", &text[..text.len() - 1]);
    let posts = server.posts().len();
    let run = world.run(&["submit", "listings.csv"]);
    assert_eq!(
        (run.code(), server.posts().len()),
        (65, posts),
        "{context}: {}",
        run.stderr
    );
}

/// A person has every attempt in doubt sent again.
fn ask_again(world: &World, server: &Server, log: &Log, context: &str) {
    let in_doubt: BTreeSet<String> = log
        .jobs
        .iter()
        .filter(|job| job["status"] == "unknown")
        .filter_map(|job| job["job"].as_str().map(str::to_owned))
        .collect();
    let posts = server.posts().len();
    world.run(&["retry", "--unknown", "--yes"]);
    for post in &server.posts()[posts..] {
        let job = post.idempotency_key()[..16].to_owned();
        assert!(in_doubt.contains(&job), "{context}: {job} was not in doubt");
    }
    let after = world.log();
    judge(server, &after, &in_doubt, context);
    assert_eq!(after.jobs.len(), log.jobs.len(), "{context}");
    let attempts =
        |log: &Log| -> Vec<Value> { log.jobs.iter().map(|j| j["attempts"].clone()).collect() };
    assert_eq!(
        attempts(&after),
        attempts(log),
        "{context}: it stays the same attempt"
    );
}

#[test]
fn killed_at_random_instants_nothing_is_lost_and_nothing_billed_twice() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let rounds = number("CREATIVEAI_TORTURE_ROUNDS").unwrap_or(USUAL_ROUNDS);
    if let Some(seed) = number("CREATIVEAI_TORTURE_SEED") {
        return torture(seed);
    }
    let first = fastrand::u64(..);
    println!("{rounds} rounds from CREATIVEAI_TORTURE_SEED={first}");
    for round in 0..rounds {
        torture(first.wrapping_add(round));
    }
}
