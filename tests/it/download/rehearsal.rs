//! The same in a rehearsal: with the sandbox inside the command, and with one that listens.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::support::orders::{files_below, sha256};
use crate::support::world::PROGRAM;
use crate::support::{Log, World, listings, rows};

/// A sandbox in a process of its own. Dropping it ends it.
struct Sandbox {
    child: Child,
    addr: SocketAddr,
}

impl Sandbox {
    /// Starts one with these faults.
    fn start(world: &World, args: &[&str]) -> Self {
        let mut all = vec!["sandbox", "--addr", "127.0.0.1:0", "--render-time", "1ms"];
        all.extend(args);
        let mut command = world.command(PROGRAM, &all);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let addr = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let start = line.find("127.0.0.1:")?;
                let rest = &line[start..];
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
                rest[..end.unwrap_or(rest.len())].parse().ok()
            })
            .expect("it says where it listens");
        // Whatever more it says is not to block it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, addr }
    }

    fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn are_whole(world: &World, log: &Log) -> usize {
    let output = log.jobs.iter().filter(|job| job["downloaded"].is_object());
    output
        .map(|job| {
            let output = &job["downloaded"];
            let file = std::fs::read(world.path(output["file"].as_str().unwrap())).unwrap();
            assert_eq!(output["sha256"], sha256(&file));
            assert_eq!(output["bytes"], file.len());
            assert_eq!(&file[4..8], b"ftyp", "a real clip");
        })
        .count()
}

#[test]
fn what_one_command_rehearsed_another_downloads_though_it_is_killed() {
    let world = World::new();
    world.write("listings.csv", listings(24));
    world
        .run(&[
            "submit",
            "listings.csv",
            "--sandbox",
            "--wait",
            "--interval",
            "50ms",
        ])
        .expect(0);
    let log = || Log::read(&world.path("sandbox-jobs.jsonl"));
    let output = || {
        log()
            .jobs
            .iter()
            .filter(|job| job["downloaded"].is_object())
            .count()
    };
    for least in [1, 7, 15] {
        let mut run = world.start(&["download", "--sandbox", "--concurrency", "2"]);
        while output() < least && !run.has_ended() {
            std::thread::yield_now();
        }
        run.kill();
        are_whole(&world, &log());
    }
    let before = output();
    let run = world.run(&["download", "--sandbox", "--json"]).expect(0);
    assert_eq!(run.json()["downloaded"], 24 - before);
    let log = log();
    assert_eq!(are_whole(&world, &log), 24);
    assert_eq!(files_below(&world.path("sandbox-videos")).len(), 24);
    let size = log.text.len();
    for args in [
        &["download", "--sandbox"][..],
        &["status", "--sandbox"],
        &["report", "--sandbox", "-o", "report.html"],
    ] {
        world.run(args).expect(0);
    }
    assert_eq!(
        Log::read(&world.path("sandbox-jobs.jsonl")).text.len(),
        size
    );
}

#[test]
fn links_of_a_sandbox_expire_and_are_asked_for_anew() {
    let world = World::new();
    // Long enough for a fresh link to work, and short enough to wait for.
    let sandbox = Sandbox::start(&world, &["--link-lifetime", "3s"]);
    let world = world.with_var("CREATIVEAI_BASE_URL", &sandbox.url());
    world.write("listings.csv", listings(3));
    world
        .run(&["submit", "listings.csv", "--wait", "--interval", "20ms"])
        .expect(0);
    let old: Vec<Value> = world
        .log()
        .jobs
        .iter()
        .map(|job| job["output_url"].clone())
        .collect();
    // Each has a time of its own, and the last of the log need not be the last to expire.
    for link in old.iter().filter_map(Value::as_str) {
        while status_of(link) != 410 {
            std::thread::yield_now();
        }
    }
    world.run(&["download"]).expect(0);
    let log = world.log();
    assert_eq!(are_whole(&world, &log), 3);
    for (job, old) in log.jobs.iter().zip(old) {
        assert_ne!(job["output_url"], old, "the fresh link is in the log");
    }
}

/// What a GET is answered with.
fn status_of(url: &str) -> u16 {
    use std::io::{Read, Write};
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    String::from_utf8_lossy(&reply[9..12]).parse().unwrap()
}

#[test]
fn a_sandbox_that_cuts_every_download_does_not_keep_a_clip() {
    let world = World::new();
    let sandbox = Sandbox::start(&world, &["--cut-download-share", "each:1"]);
    let world = world.with_var("CREATIVEAI_BASE_URL", &sandbox.url());
    world.write("listings.csv", listings(4));
    world
        .run(&["submit", "listings.csv", "--wait", "--interval", "20ms"])
        .expect(0);
    world.run(&["download"]).expect(0);
    assert_eq!(are_whole(&world, &world.log()), 4);
    assert_eq!(files_below(&world.path("videos")).len(), 4);
}

#[test]
fn live_and_rehearsed_clips_are_kept_apart() {
    let world = World::new();
    world.write("rehearsed.csv", rows([1]));
    world
        .run(&[
            "submit",
            "rehearsed.csv",
            "--sandbox",
            "--wait",
            "--interval",
            "50ms",
        ])
        .expect(0);
    let order = crate::support::orders::Order::of("LST-9", 2, "https://cdn.example.com/9.mp4");
    world.write("jobs.jsonl", order.lines());

    // A live log and --sandbox.
    let before = world.log().text;
    for args in [
        &["download", "jobs.jsonl", "--sandbox"][..],
        &["publish", "jobs.jsonl", "--sandbox", "--exec", "true"],
    ] {
        let run = world.run(args).expect(78);
        assert!(run.stderr.contains("live jobs"), "{}", run.stderr);
    }
    assert_eq!(world.log().text, before);

    // A rehearsal's clips and a real shop.
    let world = world.with_var("SHOPIFY_ADMIN_TOKEN", "shpat_secret");
    let to_shop = [
        "publish",
        "sandbox-jobs.jsonl",
        "--to",
        "shopify",
        "--store",
        "x.myshopify.com",
    ];
    let run = world.run(&to_shop).expect(78);
    assert!(
        run.stderr.contains("never go to a real shop") && run.stderr.contains("--sandbox"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("shpat_secret"));
}
