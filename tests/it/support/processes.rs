//! The program's two servers as processes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

#[cfg(unix)]
use crate::support::Ended;
use crate::support::delivery::Delivery;
use crate::support::gate::PATIENCE;
use crate::support::http::Connection;
use crate::support::{Running, World};

/// A server, and where it listens.
pub struct Process {
    pub run: Running,
    pub addr: SocketAddr,
}

impl Process {
    /// `creativeai listen` on a port of its own.
    pub fn listen(world: &World, args: &[&str]) -> Self {
        Self::start(world, "listen", args, "listening on http://")
    }

    /// `creativeai sandbox` on a port of its own.
    pub fn sandbox(world: &World, args: &[&str]) -> Self {
        Self::start(world, "sandbox", args, "sandbox on http://")
    }

    fn start(world: &World, command: &str, args: &[&str], words: &str) -> Self {
        let mut all = vec![command, "--addr", "127.0.0.1:0"];
        all.extend(args);
        let mut run = world.start(&all);
        let line = run.wait_for_line(words);
        let (_, address) = line.split_once("http://").unwrap();
        let end = address.find(['/', ';']).unwrap();
        let addr = address[..end].parse().unwrap();
        Self { run, addr }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where webhooks go.
    pub fn webhook_url(&self) -> String {
        format!("http://{}{}", self.addr, crate::support::delivery::PATH)
    }

    /// Delivers over a connection of its own: the status.
    pub fn deliver(&self, delivery: &Delivery) -> u16 {
        self.send(&delivery.request())
    }

    /// Sends a whole request over a connection of its own.
    pub fn send(&self, request: &[u8]) -> u16 {
        Connection::open(self.addr)
            .unwrap()
            .request(request)
            .unwrap()
    }

    /// Asks it to end, and waits for that.
    #[cfg(unix)]
    pub fn stop(self) -> Ended {
        self.signal(rustix::process::Signal::TERM);
        self.run.wait()
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.run.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

/// Returns once `holds`; looks again and again.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a log's `status --json` says, as text, without how and when it was observed.
pub fn state_of(world: &World, log: &str) -> String {
    let mut jobs = world.run(&["status", log, "--json"]).expect(0).json();
    for job in jobs.as_array_mut().unwrap() {
        let job = job.as_object_mut().unwrap();
        job.remove("at");
        job.remove("via");
    }
    serde_json::to_string_pretty(&jobs).unwrap()
}

/// How many jobs of a `status --json` have ended.
pub fn ended_jobs(jobs: &[Value]) -> usize {
    let is_end = |job: &&Value| ["completed", "failed"].contains(&job["status"].as_str().unwrap());
    jobs.iter().filter(is_end).count()
}
