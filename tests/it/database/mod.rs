//! Job logs in a `PostgreSQL` database, on a real server.

mod addresses;
mod anew;
mod away;
mod canaries;
mod claims;
mod clocks;
mod clones;
mod commands;
mod delivering;
mod failover;
mod forwarding;
mod guards;
mod losses;
mod outdated;
mod people;
mod pooler;
mod reading;
mod receiving;
mod renaming;
mod restarts;
mod rounds;
mod sending;
mod shops;
mod storm;
mod tables;
mod tidying;
mod tls;
mod writing;

use serde_json::Value;

use crate::support::postgres::{self, Database};
use crate::support::server::Bill;
use crate::support::{Server, World};

/// An empty log in a database of its own.
fn empty_log() -> Option<(Database, String)> {
    let database = postgres::database()?;
    let log = database.log("shop");
    world().run(&["log", "init", &log]).expect(0);
    Some((database, log))
}

/// The same with these lines in it.
fn with_lines(lines: &str) -> Option<(Database, String)> {
    let (database, log) = empty_log()?;
    let world = world();
    world.write("jobs.jsonl", lines);
    world.run(&["log", "copy", "jobs.jsonl", &log]).expect(0);
    Some((database, log))
}

/// Makes every run look as if it had not been heard of for long.
fn silence_runs(database: &Database) {
    database.sql(SILENCE);
}

const SILENCE: &str = "UPDATE creativeai.runs SET seen_at = seen_at - interval '10 minutes'";

/// The photos of what was accepted, sorted.
fn photos(server: &Server) -> Vec<String> {
    let body = |bill: &Bill| -> Value { serde_json::from_slice(&bill.body).unwrap() };
    let bills = server.bills();
    let photos = bills.iter().map(|bill| body(bill)["image_url"].to_string());
    let mut photos: Vec<_> = photos.collect();
    photos.sort();
    photos
}

/// Each of them once.
fn assert_each_once(server: &Server, count: usize) {
    let all = photos(server);
    let once: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!((all.len(), once.len()), (count, count), "{all:#?}");
}

/// A world that cannot be led to another server by the surroundings.
fn world() -> World {
    World::new()
}

/// Lines of `count` jobs in different states.
fn lines(numbers: impl IntoIterator<Item = u64>) -> String {
    let mut text = String::new();
    for n in numbers {
        let line = |status: &str, minute: u64, more: &str| {
            format!(
                "{{\"at\":\"2026-03-12T09:{minute:02}:00.000Z\",\"job\":\"{n:016x}\",\"attempt\":1,\
                 \"status\":\"{status}\",\"sku\":\"SKU-{n} Größe\"{more}}}\n"
            )
        };
        let request = format!(
            ",\"line\":{n},\"request\":{{\"model\":\"kling-v3\",\"prompt\":\"turn {n}\",\
             \"image_url\":\"https://cdn.example.com/{n}.jpg\",\"duration\":\"5s\"}}"
        );
        text.push_str(&line("submitting", 1, &request));
        match n % 4 {
            0 => {}
            1 => text.push_str(&line(
                "submit_failed",
                2,
                ",\"error\":\"no \\u0000 such photo\"",
            )),
            _ => {
                let id = format!(",\"generation_id\":\"vgen_{n}\"");
                text.push_str(&line("pending", 2, &id));
                let end = format!(
                    "{id},\"output_url\":\"https://cdn.example.com/{n}.mp4\",\"credits\":5"
                );
                text.push_str(&line("completed", 3, &end));
            }
        }
    }
    text
}
