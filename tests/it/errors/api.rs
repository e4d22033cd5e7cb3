//! What is reported when the vendor, or the way to it, does not do what was hoped for, word for word.

use crate::support::transcript::recorded;
use crate::support::{Server, Step, World, listings};

fn facing(server: &Server, rows: usize) -> World {
    let world = World::facing(server);
    world.write("listings.csv", listings(rows));
    world
}

const SUBMIT: [&str; 4] = ["submit", "listings.csv", "--concurrency", "1"];

#[test]
fn the_key_is_refused() {
    let body = r#"{"error":{"message":"Invalid API key"}}"#;
    let server = Server::start(move |_| Step::reply(401, body));
    recorded("error-401", &facing(&server, 3), &SUBMIT).expect(77);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn the_credits_are_used_up() {
    let server = Server::scripted(vec![
        Step::accept(),
        Step::reply(402, r#"{"message":"Insufficient credits"}"#),
    ]);
    recorded("error-402", &facing(&server, 3), &SUBMIT).expect(77);
}

#[test]
fn a_row_is_refused() {
    let server = Server::scripted(vec![
        Step::accept(),
        Step::reply(422, r#"{"detail":"prompt violates the content policy"}"#),
    ]);
    let world = facing(&server, 3);
    recorded("error-422", &world, &SUBMIT).expect(1);
    recorded("error-422-status", &world, &["status"]).expect(0);
}

#[test]
fn the_vendor_is_busy() {
    let server = Server::start(|_| Step::reply(429, "slow down").with("Retry-After", "0"));
    recorded("error-429", &facing(&server, 2), &SUBMIT).expect(75);
}

/// Running `reconcile` again, as its code may suggest, never sends it.
#[test]
fn what_was_not_sent_names_the_command_that_sends_it() {
    for (http_status, code, words) in [
        (401, 77, "once the key and the credits are in order"),
        (429, 75, "which sends what was not sent yet"),
    ] {
        let server = Server::start(move |_| Step::reply(http_status, "").with("Retry-After", "0"));
        let world = facing(&server, 1);
        world.run(&SUBMIT).expect(code);
        let run = world.run(&["reconcile"]).expect(code);
        let next = format!("next: creativeai submit MANIFEST, {words}");
        assert!(run.stderr.contains(&next), "{}", run.stderr);
    }
}

#[test]
fn no_one_is_there() {
    let server = Server::accepting();
    let world = facing(&server, 2);
    drop(server);
    // Not all of its waiting: the run is over at the deadline.
    let mut args = SUBMIT.to_vec();
    args.extend(["--timeout", "1s"]);
    recorded("error-connection", &world, &args).expect(75);
}

#[test]
fn three_answers_that_say_nothing() {
    let server = Server::start(|_| Step::reset());
    recorded("error-unknown", &facing(&server, 5), &SUBMIT).expect(3);
    assert_eq!(server.posts().len(), 3);
}

#[test]
fn three_addresses_that_are_not_there() {
    let server = Server::start(|_| Step::reply(404, "<html><h1>Not Found</h1></html>"));
    recorded("error-404", &facing(&server, 5), &SUBMIT).expect(78);
}

#[test]
fn the_cap_is_reached() {
    let server = Server::accepting();
    let world = facing(&server, 3);
    let mut args = SUBMIT.to_vec();
    args.extend(["--max-credits", "10"]);
    recorded("error-cap", &world, &args).expect(3);
    recorded("error-cap-again", &world, &args).expect(3);
}

#[test]
fn doubts_and_consent_without_a_terminal() {
    let server = Server::scripted(vec![Step::reset()]);
    let world = facing(&server, 1);
    world.run(&SUBMIT).expect(3);
    recorded("error-consent", &world, &["retry", "--unknown"]).expect(2);
    recorded(
        "consent-dry-run",
        &world,
        &["retry", "--unknown", "--dry-run"],
    )
    .expect(0);
    recorded("consent-yes", &world, &["retry", "--unknown", "--yes"]).expect(0);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn polls_that_say_nothing_new() {
    let server = Server::answering(|request| match request.method.as_str() {
        "POST" => Step::accept(),
        _ => Step::reply(404, "no such generation"),
    });
    let world = facing(&server, 1);
    world.run(&SUBMIT).expect(0);
    recorded("error-poll-404", &world, &["reconcile"]);
}
