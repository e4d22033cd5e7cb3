//! `--metrics`: what a run has done so far, for a monitoring system.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::delivery::Delivery;
use crate::support::http;
use crate::support::processes::{Process, eventually};
use crate::support::{Gate, Phase, Running, Server, Step, World, listings};

/// Where a run says that its metrics are.
fn address_of(run: &mut Running) -> String {
    let line = run.wait_for_line("metrics at http://");
    let (_, rest) = line.split_once("http://").unwrap();
    rest.trim_end().trim_end_matches("/metrics").to_owned()
}

fn page(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let close = [("Connection".to_owned(), "close".to_owned())];
    let request = http::request("GET", "/metrics", &close, b"");
    stream.write_all(&request).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains("text/plain; version=0.0.4"), "{text}");
    text
}

fn has(page: &str, sample: &str) -> bool {
    page.lines().any(|line| line.trim_end() == sample)
}

#[test]
fn a_batch_says_what_is_accepted_in_flight_and_spent() {
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |post| match post.number {
        0 => Step::reply(429, "").with("retry-after", "0"),
        1 => Step::accept(),
        2 => Step::reply(422, "no such room"),
        _ => Step::accept().held_at(Phase::Read, &held),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    let args = [
        "submit",
        "listings.csv",
        "--metrics",
        "127.0.0.1:0",
        "--concurrency",
        "1",
    ];
    let mut run = world.start(&args);
    let address = address_of(&mut run);
    server.wait_for_posts(4);
    eventually("the third order is in flight", || {
        has(&page(&address), "creativeai_requests_in_flight 1")
    });
    let now = page(&address);
    for sample in [
        "creativeai_jobs_total{result=\"accepted\"} 1",
        "creativeai_jobs_total{result=\"refused\"} 1",
        "creativeai_waits_total 1",
        "creativeai_credits_total{kind=\"estimated\"} 5",
    ] {
        assert!(has(&now, sample), "{sample}\n{now}");
    }
    gate.open();
    run.wait().expect(1);
}

#[test]
fn a_receiver_counts_deliveries_by_what_became_of_them() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let id = world.run(&["status", "--json"]).expect(0).json()[0]["generation_id"].clone();
    let args = ["--jobs", "jobs.jsonl", "--metrics", "127.0.0.1:0"];
    let mut command = vec!["listen", "--addr", "127.0.0.1:0"];
    command.extend(args);
    let mut run = world.start(&command);
    let address = address_of(&mut run);
    let line = run.wait_for_line("listening on http://");
    let (_, rest) = line.split_once("http://").unwrap();
    let addr = rest[..rest.find('/').unwrap()].parse().unwrap();
    let receiver = Process { run, addr };
    let good = Delivery::completed(id.as_str().unwrap());
    assert_eq!(receiver.deliver(&good), 200);
    assert_eq!(receiver.deliver(&good.clone().saying("{}")), 401);
    assert_eq!(receiver.send(&http::request("GET", "/", &[], b"")), 404);
    // Who only asks after its health is not counted.
    assert_eq!(
        receiver.send(&http::request("GET", "/healthz", &[], b"")),
        200
    );
    // The write is counted before what it wrote is.
    eventually("the log has it", || {
        let now = page(&address);
        has(&now, "creativeai_log_writes_total 1") && has(&now, "creativeai_captures_not_applied 0")
    });
    let now = page(&address);
    for sample in [
        "creativeai_deliveries_total{result=\"verified\"} 1",
        "creativeai_deliveries_total{result=\"unsigned\"} 1",
        "creativeai_deliveries_total{result=\"refused\"} 1",
    ] {
        assert!(has(&now, sample), "{sample}\n{now}");
    }
}

#[test]
fn an_address_that_is_taken_stops_the_run_before_anything_is_sent() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = world.run(&["submit", "listings.csv", "--metrics", &address]);
    let run = run.expect(74);
    assert!(run.stderr.contains("nothing was done"), "{}", run.stderr);
    assert_eq!(server.posts().len(), 0);
}
