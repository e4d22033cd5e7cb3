//! 429, 503 with `Retry-After`, and no connection at all: known not to be accepted, so waiting and
//! sending again is free of risk.

use crate::support::{Gate, Phase, Server, Step, World, listings, skip};

fn throttled(code: u16) -> Step {
    Step::reply(code, "slow down").with("Retry-After", "0")
}

#[test]
fn a_throttled_attempt_is_sent_again_with_the_same_bytes_and_the_same_key() {
    for code in [429, 503] {
        let server = Server::scripted(vec![throttled(code); 4]);
        let world = World::facing(&server);
        world.write("listings.csv", listings(1));
        world.run(&["submit", "listings.csv"]).expect(0);
        let posts = server.posts();
        assert_eq!(posts.len(), 5, "{code}");
        let key = posts[0].idempotency_key();
        assert!(key.ends_with(".1"), "{key}");
        for post in &posts {
            assert_eq!(post.idempotency_key(), key);
            assert_eq!(post.body, posts[0].body);
        }
        assert_eq!(server.bills().len(), 1);
        assert_eq!(world.log().words(), ["submitting", "pending"]);
        assert_eq!(world.log().job()["job"], key[..16]);
    }
}

#[test]
fn an_attempt_is_given_up_after_five_posts_and_is_the_next_runs() {
    let server = Server::scripted(vec![throttled(429); 5]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(75);
    assert_eq!(server.posts().len(), 5);
    assert!(server.bills().is_empty());
    let log = world.log();
    assert_eq!(log.words(), ["submitting", "submit_failed"]);
    assert_eq!(log.job()["temporary"], true);
    assert_eq!(log.job()["http_status"], 429);

    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 6);
    assert!(server.posts()[5].idempotency_key().ends_with(".2"));
    assert_eq!(world.log().job()["attempt"], 2);
}

#[test]
fn throttling_that_names_no_wait_is_waited_out_all_the_same() {
    let server = Server::scripted(vec![Step::reply(429, "")]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    let run = world.run(&["submit", "listings.csv", "-v"]).expect(0);
    assert!(run.stderr.contains("waiting"), "{}", run.stderr);
    assert_eq!(server.posts().len(), 2);
    assert_eq!(server.bills().len(), 1);
}

#[test]
fn a_wait_that_would_outlast_the_run_is_not_begun() {
    let server = Server::scripted(vec![Step::reply(429, "").with("Retry-After", "3600")]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    let submit = ["submit", "listings.csv", "--timeout", "10m"];
    let run = world
        .run(&[&submit[..], &["--concurrency", "1"]].concat())
        .expect(75);
    assert!(
        run.stderr.contains("nothing is sent for 1 h"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("has passed"), "{}", run.stderr);
    assert_eq!(
        server.posts().len(),
        1,
        "all pause, so nothing else is sent"
    );
    let log = world.log();
    assert_eq!(log.words(), ["submitting", "submit_failed"]);
    assert_eq!(log.job()["temporary"], true);
}

#[test]
fn a_date_to_wait_for_is_measured_against_the_replys_own() {
    // By this computer's clock both dates have long passed.
    let step = Step::reply(503, "")
        .with("Date", "Thu, 12 Mar 2020 09:20:00 GMT")
        .with("Retry-After", "Thu, 12 Mar 2020 10:20:00 GMT");
    let server = Server::scripted(vec![step]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world
        .run(&["submit", "listings.csv", "--timeout", "10m"])
        .expect(75);
    assert_eq!(server.posts().len(), 1);
    assert_eq!(world.log().job()["temporary"], true);
}

#[test]
fn one_refusal_pauses_everybody_and_every_row_is_accepted_in_the_end() {
    // Three are in flight when the first is throttled; the two others are answered after that.
    let others = Gate::default();
    let server = Server::start({
        let others = others.clone();
        move |post| match post.number {
            0 => {
                let others = others.clone();
                Step::reply(429, "")
                    .with("Retry-After", "1")
                    .at(Phase::Replied, move || others.open())
            }
            1 | 2 => Step::accept().held_at(Phase::Read, &others),
            _ => Step::accept(),
        }
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(6));
    world
        .run(&["submit", "listings.csv", "--concurrency", "3"])
        .expect(0);
    assert_eq!(server.posts().len(), 7);
    assert_eq!(server.bills().len(), 6);
    assert_eq!(world.log().count("pending"), 6);
}

#[test]
fn without_a_connection_nothing_was_sent_and_the_next_run_sends_it() {
    // A port that was just free; no one listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let world = World::new();
    world.write("listings.csv", listings(2));
    let submit = ["submit", "listings.csv", "--timeout", "1500ms"];
    world
        .run(&[&submit[..], &["--base-url", &url]].concat())
        .expect(75);
    let log = world.log();
    for job in &log.jobs {
        assert_eq!(job["status"], "submit_failed", "{}", log.text);
        assert_eq!(job["temporary"], true, "{}", log.text);
    }

    let server = Server::accepting();
    world
        .run(&["submit", "listings.csv", "--base-url", &server.url()])
        .expect(0);
    assert_eq!(server.posts().len(), 2);
    assert_eq!(world.log().count("pending"), 2);
}

#[test]
fn without_a_secure_connection_nothing_was_sent() {
    // A server that speaks no TLS: the connection is refused before the request leaves.
    let server = Server::accepting();
    let world = World::new();
    world.write("listings.csv", listings(1));
    let url = server.url().replace("http:", "https:");
    let submit = [
        "submit",
        "listings.csv",
        "--timeout",
        "1500ms",
        "--base-url",
    ];
    let run = world.run(&[&submit[..], &[&url]].concat());
    if run.code() == 78 && run.stderr.contains("certificates") {
        skip("this computer has no certificates");
        return;
    }
    run.expect(75);
    assert!(server.posts().is_empty());
    assert_eq!(world.log().job()["status"], "submit_failed");
    assert_eq!(world.log().job()["temporary"], true);
}
