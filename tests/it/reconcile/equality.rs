//! The same jobs, brought to their end in every way there is: the log says the same.

use std::path::Path;

use serde_json::Value;

use crate::support::convert::{self, FAITHFUL};
use crate::support::delivery::Delivery;
use crate::support::processes::{Process, eventually, state_of};
use crate::support::{World, listings};

/// So many that each fault of the sandbox meets each other one several times.
const JOBS: usize = 400;

/// A batch under way: the log after `submit`, what polling makes of it, and what was delivered.
struct Batch {
    world: World,
    sandbox: Process,
    deliveries: Vec<Delivery>,
    /// By polling alone.
    state: String,
}

impl Batch {
    fn new() -> Self {
        let world = World::new();
        let sandbox = Process::sandbox(
            &world,
            &[
                "--render-time",
                "1500ms",
                "--fail-share",
                "15%",
                "--failover-share",
                "20%",
                "--duplicate-share",
                "30%",
                "--out-of-order",
                "25%",
                "--bad-signature-share",
                "10%",
                "--seed",
                "7",
            ],
        );
        let receiver = {
            // Without a key, so that forged deliveries are kept, too.
            let keyless = World::new().without_var("CREATIVEAI_API_KEY");
            let file = world.path("received.jsonl");
            Process::listen(&keyless, &["--capture", file.to_str().unwrap()])
        };
        world.write("listings.csv", listings(JOBS));
        let (base, hook) = (sandbox.url(), receiver.webhook_url());
        let args = [
            "submit",
            "listings.csv",
            "--jobs",
            "base.jsonl",
            "--concurrency",
            "64",
            "--base-url",
            &base,
            "--webhook-url",
            &hook,
        ];
        world.run(&args).expect(0);
        let batch = Self {
            deliveries: Vec::new(),
            state: String::new(),
            world,
            sandbox,
        };
        batch.copy("base.jsonl", "polled.jsonl");
        // The first time in the middle of rendering, so that this is in the log as well.
        let polls = ["reconcile", "polled.jsonl", "--base-url", &base];
        let first = batch.world.run(&polls);
        assert!([0, 1].contains(&first.code()), "{}", first.stderr);
        let mut wait = polls.to_vec();
        wait.extend(["--wait", "--interval", "200ms"]);
        batch.world.run(&wait).expect(1);
        Self {
            deliveries: batch.all_delivered(),
            state: state_of(&batch.world, "polled.jsonl"),
            ..batch
        }
    }

    /// Waits until each job's end has been delivered under a good signature.
    fn all_delivered(&self) -> Vec<Delivery> {
        let read = || {
            let file = std::fs::read_to_string(self.world.path("received.jsonl")).unwrap();
            Delivery::read_all(&file)
        };
        eventually("every end is delivered", || {
            let ends: std::collections::HashSet<_> = read()
                .iter()
                .filter(|d| !d.is_forged())
                .map(Delivery::json)
                .filter(|body| body["status"] != "processing")
                .map(|body| body["id"].as_str().unwrap().to_owned())
                .collect();
            ends.len() == JOBS
        });
        let all = read();
        let forged = all.iter().filter(|d| d.is_forged()).count();
        let stale = all
            .iter()
            .filter(|d| d.json()["status"] == "processing")
            .count();
        assert!(
            all.len() > JOBS * 13 / 10,
            "too few duplicates: {}",
            all.len()
        );
        assert!(
            forged > JOBS / 20 && stale > JOBS * 15 / 100,
            "{forged} forged, {stale} out of order"
        );
        all
    }

    fn copy(&self, from: &str, to: &str) {
        // What is remembered is the log that was there before.
        let _ = std::fs::remove_file(self.world.path(&format!("{to}.lock")));
        std::fs::copy(self.world.path(from), self.world.path(to)).unwrap();
    }

    /// Replays a path; nothing is there to be asked.
    fn replay(&self, log: &str, path: &Path) -> Value {
        let path = path.to_str().unwrap();
        self.world
            .run(&[
                "reconcile",
                log,
                "--replay",
                path,
                "--json",
                "--base-url",
                "http://127.0.0.1:9",
            ])
            .expect_one_of(&[0, 1])
            .json()
    }

    fn folder(&self, name: &str) -> std::path::PathBuf {
        let folder = self.world.path(name);
        std::fs::create_dir(&folder).unwrap();
        folder
    }

    fn size_of(&self, log: &str) -> u64 {
        self.world.path(log).metadata().unwrap().len()
    }

    /// The log says what the polled one says, byte for byte.
    #[track_caller]
    fn judge(&self, what: &str, log: &str) {
        let state = state_of(&self.world, log);
        let differs = |(a, b): &(&str, &str)| a != b;
        let first = state.lines().zip(self.state.lines()).find(differs);
        assert!(state == self.state, "{what}: {first:#?}");
    }
}

trait ExpectOneOf {
    fn expect_one_of(self, codes: &[i32]) -> Self;
}

impl ExpectOneOf for crate::support::Ended {
    #[track_caller]
    fn expect_one_of(self, codes: &[i32]) -> Self {
        assert!(
            codes.contains(&self.code()),
            "{}\n{}",
            self.code(),
            self.stderr
        );
        self
    }
}

fn count(summary: &Value, name: &str) -> usize {
    summary[name]
        .as_u64()
        .unwrap_or_else(|| panic!("no {name} in {summary}")) as usize
}

#[test]
fn jobs_end_alike_by_polling_by_every_format_and_by_any_mixture() {
    let mut batch = Batch::new();
    let mut random = fastrand::Rng::with_seed(4711);
    random.shuffle(&mut batch.deliveries);
    let forged = batch.deliveries.iter().filter(|d| d.is_forged()).count();
    let statuses =
        |state: &str, word: &str| state.matches(&format!("\"status\": \"{word}\"")).count();
    assert!(statuses(&batch.state, "failed") > JOBS / 10);
    assert_eq!(
        statuses(&batch.state, "failed") + statuses(&batch.state, "completed"),
        JOBS
    );
    by_every_format(&batch, forged);
    by_hookdeck(&batch, forged);
    half_and_half(&batch, &mut random);
    a_replay_after_polling_teaches_nothing(&batch);
}

fn by_every_format(batch: &Batch, forged: usize) {
    for (name, convert) in FAITHFUL {
        batch.copy("base.jsonl", "jobs.jsonl");
        let folder = batch.folder(name);
        convert(&folder, &batch.deliveries);
        let first = batch.replay("jobs.jsonl", &folder);
        batch.judge(name, "jobs.jsonl");
        assert_eq!(count(&first, "rejected"), forged, "{name}");
        for nothing in ["unverifiable", "unknown_id", "unreadable"] {
            assert_eq!(count(&first, nothing), 0, "{name}: {nothing}");
        }
        let genuine = batch.deliveries.len() - forged;
        assert_eq!(
            count(&first, "applied") + count(&first, "known"),
            genuine,
            "{name}"
        );

        let size = batch.size_of("jobs.jsonl");
        let again = batch.replay("jobs.jsonl", &folder);
        assert_eq!(count(&again, "applied"), 0, "{name}");
        assert_eq!(count(&again, "known"), genuine, "{name}");
        assert_eq!(batch.size_of("jobs.jsonl"), size, "{name}");
    }
}

/// What cannot be verified changes nothing, until the vendor is asked.
fn by_hookdeck(batch: &Batch, forged: usize) {
    batch.copy("base.jsonl", "jobs.jsonl");
    let folder = batch.folder("Hookdeck");
    convert::hookdeck(&folder, &batch.deliveries);
    let size = batch.size_of("jobs.jsonl");
    let doubtful = batch.replay("jobs.jsonl", &folder);
    assert_eq!(count(&doubtful, "unverifiable"), batch.deliveries.len());
    assert_eq!(
        count(&doubtful, "rejected"),
        0,
        "{forged} cannot be distinguished from the others"
    );
    assert_eq!(batch.size_of("jobs.jsonl"), size);

    let (base, path) = (batch.sandbox.url(), folder.to_str().unwrap().to_owned());
    let args = [
        "reconcile",
        "jobs.jsonl",
        "--replay",
        &path,
        "--confirm",
        "--base-url",
        &base,
        "--json",
    ];
    let asked = batch.world.run(&args).expect(1).json();
    assert_eq!(count(&asked, "confirmed"), JOBS);
    batch.judge("Hookdeck", "jobs.jsonl");
}

/// Some captures in several runs, then a poll, then the other captures.
fn half_and_half(batch: &Batch, random: &mut fastrand::Rng) {
    let base = batch.sandbox.url();
    for round in 0..2 {
        batch.copy("base.jsonl", "jobs.jsonl");
        let mut deliveries = batch.deliveries.clone();
        random.shuffle(&mut deliveries);
        let (before, after) = deliveries.split_at(deliveries.len() / 2);
        let parts = before.chunks(before.len().div_ceil(3)).chain([after]);
        for (n, part) in parts.enumerate() {
            if n == 3 {
                let args = ["reconcile", "jobs.jsonl", "--base-url", &base];
                batch.world.run(&args).expect(1);
                batch.judge("half and half", "jobs.jsonl");
            }
            let (name, convert) = FAITHFUL[random.usize(..FAITHFUL.len())];
            let folder = batch.folder(&format!("half {round} {n} {name}"));
            convert(&folder, part);
            let size = batch.size_of("jobs.jsonl");
            let output = batch.replay("jobs.jsonl", &folder);
            assert_eq!(count(&output, "unreadable"), 0, "{name}");
            assert_eq!(batch.size_of("jobs.jsonl") > size, n < 3, "{name}");
        }
        batch.judge("half and half", "jobs.jsonl");
    }
}

fn a_replay_after_polling_teaches_nothing(batch: &Batch) {
    let size = batch.size_of("polled.jsonl");
    let output = batch.replay("polled.jsonl", &batch.world.path("received.jsonl"));
    assert_eq!(count(&output, "applied"), 0);
    assert_eq!(batch.size_of("polled.jsonl"), size);
    batch.judge("polled, then replayed", "polled.jsonl");
}
