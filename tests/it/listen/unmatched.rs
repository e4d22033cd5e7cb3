//! Signed deliveries that find no place: they come to another path, or of no job of the log.

use crate::support::delivery::{Delivery, PATH};
use crate::support::processes::Process;
use crate::support::{Server, World, http, listings};

#[test]
fn a_signed_delivery_of_no_job_of_the_log_is_warned_of_and_counted() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl", "--json"]);
    for id in ["vgen_lost", "vgen_lost", "vgen_gone"] {
        assert_eq!(receiver.deliver(&Delivery::completed(id)), 200);
    }
    let ended = receiver.stop().expect(143);
    assert_eq!(ended.stderr.matches("not applied: no job").count(), 1);
    assert_eq!(ended.json()["not_applied"], 2);
}

#[test]
fn a_signed_delivery_to_another_path_is_warned_of_once_and_counted() {
    let world = World::new();
    let receiver = Process::listen(&world, &[]);
    let good = Delivery::completed("vgen_1");
    let other = format!("{PATH}/");
    for _ in 0..2 {
        let request = http::request("POST", &other, &good.headers, &good.body);
        assert_eq!(receiver.send(&request), 404);
    }
    // Anyone on the internet looks for other things.
    assert_eq!(receiver.send(&http::request("POST", "/x", &[], b"")), 404);
    let ended = receiver.stop().expect(143).stderr;
    let warning = format!("a signed delivery came to {other} and was refused");
    assert_eq!(ended.matches(&warning).count(), 1, "{ended}");
    assert_eq!(ended.matches("was refused").count(), 1, "{ended}");
    assert!(ended.contains("0 failed, 3 refused"), "{ended}");
}

#[test]
fn what_was_kept_under_an_older_key_is_counted_until_that_key_is_given() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world.run(&["submit", "listings.csv"]).expect(0);
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    let id = jobs[0]["generation_id"].as_str().unwrap();
    let receiver = Process::listen(&world, &[]);
    assert_eq!(receiver.deliver(&Delivery::completed(id)), 200);
    // The log does not know this one.
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_other")), 200);
    receiver.stop().expect(143);

    let world = world.with_var("CREATIVEAI_API_KEY", "rph_live_another");
    let ended = Process::listen(&world, &["--jobs", "jobs.jsonl"]).stop();
    let ended = ended.expect(143).stderr;
    assert!(
        ended.contains("deliveries of 1 open clip are in"),
        "{ended}"
    );
    let world = world.with_var("CREATIVEAI_VERIFY_KEYS", crate::support::KEY);
    for _ in 0..2 {
        let ended = Process::listen(&world, &["--jobs", "jobs.jsonl"]).stop();
        let ended = ended.expect(143).stderr;
        assert!(!ended.contains("open clip"), "{ended}");
    }
    // It is known now: nothing is missing, whatever the key.
    let world = world.without_var("CREATIVEAI_VERIFY_KEYS");
    let ended = Process::listen(&world, &["--jobs", "jobs.jsonl"]).stop();
    let ended = ended.expect(143).stderr;
    assert!(!ended.contains("open clip"), "{ended}");
}
