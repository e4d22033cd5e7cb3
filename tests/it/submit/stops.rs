//! What stops a batch before its end, and what does not.

use crate::support::{Gate, Phase, Server, Step, World, listings};

const ONE_BY_ONE: [&str; 4] = ["submit", "listings.csv", "--concurrency", "1"];

#[test]
fn three_unknown_outcomes_in_a_row_stop_the_batch() {
    let server = Server::start(|_| Step::reply(500, "").billed());
    let world = World::facing(&server);
    world.write("listings.csv", listings(9));
    let run = world.run(&ONE_BY_ONE).expect(3);
    assert!(
        run.stderr.contains("three requests in a row"),
        "{}",
        run.stderr
    );
    assert_eq!(server.posts().len(), 3);
    assert_eq!(world.log().states(), ["unknown"; 3]);
}

#[test]
fn an_answer_in_between_breaks_the_row_of_unknown_outcomes() {
    let server = Server::start(|post| match post.number % 3 {
        2 => Step::accept(),
        _ => Step::reset(),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(9));
    world.run(&ONE_BY_ONE).expect(3);
    assert_eq!(server.posts().len(), 9);
    let log = world.log();
    assert_eq!((log.count("unknown"), log.count("pending")), (6, 3));
}

#[test]
fn three_times_no_such_page_is_taken_for_a_wrong_address() {
    let server = Server::start(|post| Step::reply([404, 405][post.number % 2], ""));
    let world = World::facing(&server);
    world.write("listings.csv", listings(9));
    let run = world.run(&ONE_BY_ONE).expect(78);
    assert!(run.stderr.contains("--base-url"), "{}", run.stderr);
    assert_eq!(server.posts().len(), 3);
    assert_eq!(world.log().states(), ["submit_failed"; 3]);
}

#[test]
fn once_something_was_accepted_no_such_page_is_the_rows_own_matter() {
    let server = Server::start(|post| match post.number {
        0 => Step::accept(),
        _ => Step::reply(404, ""),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(6));
    world.run(&ONE_BY_ONE).expect(1);
    assert_eq!(server.posts().len(), 6);
}

#[test]
fn a_refused_key_stops_the_batch_and_what_is_in_flight_is_drained() {
    for (code, words) in [
        (401, "does not accept the API key"),
        (402, "you do not have enough credits"),
        (403, "refuses the API key"),
    ] {
        // The first is refused while two others are in flight; those are answered afterwards.
        let go_on = Gate::default();
        let server = Server::start({
            let go_on = go_on.clone();
            move |post| match post.number {
                0 => Step::reply(code, "no").held_at(Phase::Read, &go_on),
                _ => Step::accept().held_at(Phase::Billed, &go_on),
            }
        });
        let world = World::facing(&server);
        world.write("listings.csv", listings(40));
        let run = world.start(&["submit", "listings.csv", "--concurrency", "3"]);
        server.wait_for_posts(3);
        go_on.open();
        let run = run.wait().expect(77);
        assert_eq!(run.stderr.matches(words).count(), 1, "{}", run.stderr);
        let log = world.log();
        let posts = server.posts().len();
        assert!(posts < 40, "it went on");
        assert_eq!(log.jobs.len(), posts, "{}", log.text);
        assert_eq!(log.count("pending"), server.bills().len(), "{}", log.text);
        assert_eq!(log.count("submit_failed"), 1);
    }
}

#[test]
fn an_id_that_another_job_has_stops_the_batch() {
    let server = Server::start(|_| Step::accept_under("vgen_same"));
    let world = World::facing(&server);
    world.write("listings.csv", listings(5));
    world.run(&ONE_BY_ONE).expect(3);
    assert_eq!(server.posts().len(), 2);
    let log = world.log();
    assert_eq!(log.states(), ["pending", "unknown"], "{}", log.text);
    assert_eq!(
        log.ids(),
        ["vgen_same"],
        "the second job is not given the id"
    );
}

#[test]
fn an_id_of_an_earlier_run_is_another_jobs_too() {
    let server = Server::start(|_| Step::accept_under("vgen_same"));
    let world = World::facing(&server);
    world.write("one.csv", listings(1));
    world.write("two.csv", listings(2));
    world.run(&["submit", "one.csv"]).expect(0);
    world.run(&["submit", "two.csv"]).expect(3);
    assert_eq!(world.log().states(), ["pending", "unknown"]);
}

#[test]
fn one_id_for_two_jobs_at_the_same_moment_is_noticed_too() {
    let both = Gate::default();
    let server = Server::start({
        let both = both.clone();
        move |_| Step::accept_under("vgen_same").held_at(Phase::Billed, &both)
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    let run = world.start(&["submit", "listings.csv", "--concurrency", "2"]);
    server.wait_for_posts(2);
    both.open();
    run.wait().expect(3);
    assert_eq!(world.log().states(), ["pending", "unknown"]);
}

#[test]
fn a_sandboxs_id_never_enters_a_log_with_live_ones() {
    let server = Server::scripted(vec![Step::accept(), Step::accept_under("vgen_sandbox_1")]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    world.run(&ONE_BY_ONE).expect(3);
    assert_eq!(server.posts().len(), 2);
    let log = world.log();
    assert_eq!(log.states(), ["pending", "unknown"]);
    assert!(!log.ids().contains(&"vgen_sandbox_1"));
}
