//! Two logs that were both ordered from are copied together.

use crate::support::{Server, Step, World, listings};

const SUBMIT: [&str; 2] = ["submit", "listings.csv"];

/// A vendor that says nothing; the order may have been accepted.
fn silent() -> Server {
    Server::start(|_| Step::close().billed())
}

fn refusing() -> Server {
    Server::start(|_| Step::reply(400, r#"{"error":"no such photo"}"#))
}

/// A folder whose log has ordered one clip from `server`, with that end.
fn ordered(server: &Server, code: i32) -> World {
    let world = World::facing(server);
    world.write("listings.csv", listings(1));
    world.run(&SUBMIT).expect(code);
    world
}

/// Copies the log of `from` into that of `to`: how many lines came new, and how many jobs were marked.
fn copy(from: &World, to: &World) -> (u64, u64) {
    let path = from.path("jobs.jsonl");
    let args = [
        "log",
        "copy",
        path.to_str().unwrap(),
        "jobs.jsonl",
        "--json",
    ];
    let copied = to.run(&args).expect(0).json();
    let number = |name: &str| copied[name].as_u64().unwrap();
    (number("added"), number("in_doubt"))
}

fn status(world: &World) -> String {
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    jobs[0]["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_doubt_of_one_log_is_not_hidden_by_what_another_knows_of_its_own_order() {
    let (accepting, silent, refusing) = (Server::accepting(), silent(), refusing());
    for (server, code) in [(&accepting, 0), (&silent, 3), (&refusing, 1)] {
        let other = ordered(&silent, 3);
        let world = ordered(server, code);
        let posts = server.posts().len();
        assert_eq!(copy(&other, &world), (2, 1), "{code}");
        assert_eq!(status(&world), "unknown", "{code}");
        // No one orders it anew; and a person still can.
        world.run(&SUBMIT).expect(3);
        world.run(&["retry", "--failed"]).expect(3);
        assert_eq!(server.posts().len(), posts, "{code}");
        // Copied again, either way, it is what it was.
        assert_eq!(copy(&other, &world), (0, 0), "{code}");
        let (_, marked) = copy(&world, &other);
        assert_eq!(
            (marked, status(&other)),
            (0, "unknown".to_owned()),
            "{code}"
        );
        assert_eq!(copy(&other, &world), (0, 0), "{code}");
    }
}

#[test]
fn what_is_certain_or_the_same_order_is_not_marked() {
    let (accepting, silent) = (Server::accepting(), silent());
    // A copy of the log, in doubt there and settled here.
    let world = ordered(&silent, 3);
    let other = World::new();
    std::fs::copy(world.path("jobs.jsonl"), other.path("jobs.jsonl")).unwrap();
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    let job = jobs[0]["job"].as_str().unwrap();
    world
        .run(&["resolve", job, "--generation-id", "vgen_found"])
        .expect(0);
    assert_eq!(copy(&other, &world), (0, 0));
    assert_eq!(copy(&world, &other), (1, 0));
    // Two orders that are both known: two ids of one attempt, which is reported as billed twice.
    let (one, two) = (ordered(&accepting, 0), ordered(&accepting, 0));
    assert_eq!(copy(&one, &two), (2, 0));
    let shown = two.run(&["status", "--id", "LST-1"]).expect(0).stdout;
    assert!(shown.contains("BILLED TWICE"), "{shown}");
}

#[test]
fn a_log_is_not_copied_while_replies_wait_beside_it() {
    let server = Server::accepting();
    let world = ordered(&server, 0);
    let log = world.log().text;
    let (older, newer) = log.split_at(log.find('\n').unwrap() + 1);
    world.write("two.jsonl", older);
    world.write("two.jsonl.recover", newer);
    let copy = ["log", "copy", "two.jsonl", "three.jsonl"];
    let refused = world.run(&copy).expect(65);
    for words in [
        "nothing was copied",
        "creativeai reconcile two.jsonl --recover ",
    ] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    assert!(!world.path("three.jsonl").exists());
    world
        .run(&["reconcile", "two.jsonl", "--recover", "two.jsonl.recover"])
        .expect(0);
    world.run(&copy).expect(0);
    world
        .run(&["submit", "listings.csv", "--jobs", "three.jsonl"])
        .expect(0);
    assert_eq!(server.bills().len(), 1);
}
