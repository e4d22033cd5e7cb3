//! The storm: eight computers order two versions of a manifest from one log, and are killed, put to
//! sleep, cut off from the database and started again; the server is killed as well, and a standby
//! that has lost the last commits takes its place; a person has doubts sent again in the middle.
//! Whatever happens, each photo is one order, and each bill is in the log or its job in doubt.
//!
//! `CREATIVEAI_STORM_ROUNDS` sets how many rounds there are, `CREATIVEAI_STORM_SEED` repeats one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{SILENCE, world};
use crate::support::postgres::{self, Postgres};
use crate::support::processes::eventually;
use crate::support::proxy::Proxy;
use crate::support::{Log, Phase, Running, Server, Step, World, listings, skip};

const ROWS: usize = 200;
const COMPUTERS: usize = 8;
const ACTS: usize = 40;
/// Where no number of rounds is set, with all the other tests.
const FEW: usize = 12;
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
        let delay = Duration::from_millis(rng.u64(0..300));
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
        return storm(seed, ACTS, COMPUTERS);
    }
    let rounds = number("CREATIVEAI_STORM_ROUNDS");
    let (acts, most_asleep) = match rounds {
        Some(_) => (ACTS, COMPUTERS),
        None => (FEW, 1),
    };
    for round in 0..rounds.unwrap_or(1) {
        let seed = fastrand::u64(..);
        println!("round {round}: CREATIVEAI_STORM_SEED={seed}");
        let began = Instant::now();
        storm(seed, acts, most_asleep);
        println!("round {round}: clean after {:.0?}", began.elapsed());
    }
}

fn storm(seed: u64, acts: usize, most_asleep: usize) {
    let Some(mut storm) = Storm::rise(seed, most_asleep) else {
        return;
    };
    if storm.rng.bool() {
        storm.fail_over();
    }
    for _ in 0..acts {
        storm.rest(10..150);
        storm.act();
    }
    storm.end();
}

/// Computers at work, and what befalls them.
struct Storm {
    seed: u64,
    rng: fastrand::Rng,
    vendor: Server,
    /// The one in use first.
    databases: Vec<Postgres>,
    proxy: Proxy,
    worlds: Vec<World>,
    runs: Vec<Running>,
    person: World,
    /// Who sleeps. One that sleeps with the log's lock holds the others up for ten seconds.
    asleep: VecDeque<usize>,
    most_asleep: usize,
    /// How often the person has had doubts sent again.
    asked: usize,
}

impl Storm {
    fn rise(seed: u64, most_asleep: usize) -> Option<Self> {
        let Some(programs) = postgres::programs() else {
            skip("PostgreSQL is not installed (apt-get install postgresql)");
            return None;
        };
        let primary = Postgres::start(&programs, &[]);
        let vendor = vendor(seed);
        let proxy = Proxy::before(primary.folder());
        let log = proxy.address("postgres", "shop");
        world().run(&["log", "init", &log]).expect(0);
        let standby = primary.standby();
        let versions = [listings(ROWS), listings(ROWS).replace("evening", "morning")];
        let new = |n: usize| {
            let world = World::facing(&vendor).with_var("CREATIVEAI_JOBS", &log);
            world.write("listings.csv", &versions[n % 2]);
            world
        };
        let worlds: Vec<_> = (0..COMPUTERS).map(new).collect();
        Some(Self {
            seed,
            rng: fastrand::Rng::with_seed(seed),
            runs: worlds.iter().map(|world| world.start(&SUBMIT)).collect(),
            worlds,
            person: new(0),
            vendor,
            databases: vec![primary, standby],
            proxy,
            asleep: VecDeque::new(),
            most_asleep,
            asked: 0,
        })
    }

    fn sql(&self, statements: &str) -> String {
        self.databases[0].sql("postgres", statements)
    }

    fn rest(&mut self, millis: std::ops::Range<u64>) {
        std::thread::sleep(Duration::from_millis(self.rng.u64(millis)));
    }

    /// The primary dies, and a standby that has lost the last commits takes its place. A computer that knows
    /// them is still there: what only the dead know, no one can put back.
    fn fail_over(&mut self) {
        let at_work = format!("SELECT count(*) >= {COMPUTERS} FROM creativeai.runs");
        eventually("all are at work", || self.sql(&at_work) == "t");
        let before = self.sql("SELECT max(history) FROM creativeai.runs");
        self.databases[0].wait_for_standby(&self.databases[1]);
        self.databases[1].cut_off();
        for _ in 0..3 {
            self.rest(10..60);
            match self.rng.u8(0..3) {
                0 => self.proxy.cut(),
                1 => self.proxy.lose(2),
                _ => self.end_connections(),
            }
        }
        self.databases[0].kill();
        self.databases[1].promote();
        self.databases.remove(0);
        self.proxy.lead_to(self.databases[0].folder());
        let back = format!(
            "SELECT count(*) = 0 FROM creativeai.runs WHERE ended_at IS NULL AND history = '{before}'"
        );
        eventually("all have come back", || self.sql(&back) == "t");
    }

    fn end_connections(&self) {
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }

    fn act(&mut self) {
        let one = self.rng.usize(..COMPUTERS);
        match self.rng.u8(0..13) {
            0..=2 => {
                let again = self.worlds[one].start(&SUBMIT);
                std::mem::replace(&mut self.runs[one], again).kill();
            }
            3..=4 => {
                signal(&self.runs[one], Signal::STOP);
                self.asleep.push_back(one);
                if self.asleep.len() > self.most_asleep {
                    self.wake();
                }
            }
            5..=6 => self.wake(),
            7 => self.proxy.cut(),
            8 => self.proxy.lose(2),
            9 => self.end_connections(),
            10 => {
                self.sql(SILENCE);
            }
            11 => {
                self.databases[0].kill();
                self.rest(0..100);
                self.databases[0].start_again();
            }
            _ => {
                self.person.run(&["retry", "--unknown", "--yes"]);
                self.asked += 1;
            }
        }
    }

    /// Lets the one that has slept longest go on.
    fn wake(&mut self) {
        if let Some(one) = self.asleep.pop_front() {
            signal(&self.runs[one], Signal::CONT);
        }
    }

    fn end(mut self) {
        let seed = format!("CREATIVEAI_STORM_SEED={}", self.seed);
        for run in &self.runs {
            signal(run, Signal::CONT);
        }
        for run in self.runs.drain(..) {
            let ended = run.wait();
            let code = ended.code();
            let printed = &ended.stderr;
            assert!([0, 3, 75].contains(&code), "{seed}: {code}\n{printed}");
        }
        self.sql(SILENCE);
        // A process that was killed with answers on its disk takes them in.
        for world in &self.worlds {
            world.run(&SUBMIT);
        }
        let copy = [
            "log",
            "copy",
            &self.proxy.address("postgres", "shop"),
            "all.jsonl",
        ];
        self.person.run(&copy).expect(0);
        let order = "SELECT sequence, transaction, left(line, 90) FROM creativeai.lines \
                     WHERE status = 'submitting' ORDER BY sequence";
        let round = format!("{seed}\n{}\n", self.sql(order));
        let log = Log::read(&self.person.path("all.jsonl"));
        judge(&self.vendor, &log, self.asked, &round);
    }
}

/// What the vendor's ledger and the log must agree on.
fn judge(vendor: &Server, log: &Log, asked: usize, seed: &str) {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut billed: BTreeMap<String, usize> = BTreeMap::new();
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for post in vendor.posts() {
        *sent.entry(post.idempotency_key().to_owned()).or_default() += 1;
    }
    for bill in vendor.bills() {
        let body: Value = serde_json::from_slice(&bill.body).unwrap();
        let photo = body["image_url"].to_string();
        keys.entry(photo).or_default().insert(bill.key.clone());
        *billed.entry(bill.key.clone()).or_default() += 1;
        let job = log.jobs.iter().find(|job| job["job"] == bill.job());
        let in_doubt = job.is_some_and(|job| job["status"] == "unknown");
        // Who has a doubt sent again agrees to lose sight of what it may have brought.
        let is_given_up = asked > 0 && sent[&bill.key] > 1;
        assert!(
            in_doubt || is_given_up || log.ids().contains(&&*bill.id),
            "{seed}: {} is billed and lost\n{}",
            bill.id,
            log.text
        );
    }
    for (photo, keys) in keys {
        assert_eq!(
            keys.len(),
            1,
            "{seed}: {photo} was ordered as {keys:?}\n{}",
            log.text
        );
    }
    for (key, count) in billed {
        assert!(count <= 1 + asked, "{seed}: {key} was billed {count} times");
    }
    // One that was certainly not sent may stand beside another version of its row that was.
    let listings = log.jobs.iter().map(|job| job["listing_id"].to_string());
    let listings: BTreeSet<String> = listings.collect();
    assert_eq!(listings.len(), ROWS, "{seed}\n{}", log.text);
}
