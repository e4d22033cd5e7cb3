//! What a POST's outcome becomes: each row of the documented table, with the log's state, the exit
//! code, the requests that were seen, and the money.

use crate::support::{Gate, Log, Phase, Server, Step, World, listings};

/// One reply, and all that has to follow from it.
struct Case {
    name: &'static str,
    step: fn() -> Step,
    /// The job's state after the run, and whether another run may try again automatically.
    state: &'static str,
    temporary: bool,
    code: i32,
}

const fn case(name: &'static str, step: fn() -> Step, state: &'static str, code: i32) -> Case {
    Case {
        name,
        step,
        state,
        temporary: false,
        code,
    }
}

/// A reply with an id in a body longer than any that is read.
fn oversize() -> Step {
    let padding = "x".repeat(80_000);
    let body = format!(r#"{{"id":"vgen_long","status":"pending","padding":"{padding}"}}"#);
    Step::reply(202, body).billed()
}

const CASES: &[Case] = &[
    // 2xx with a valid id
    case("202, pending", Step::accept, "pending", 0),
    case("200", || Step::accept().coded(200), "pending", 0),
    case("201", || Step::accept().coded(201), "pending", 0),
    case(
        "202, processing",
        || Step::accept_as("processing"),
        "processing",
        0,
    ),
    case(
        "202, completed at once",
        || Step::accept_as("completed"),
        "completed",
        0,
    ),
    case(
        "202, failed at once",
        || Step::accept_as("failed"),
        "failed",
        1,
    ),
    case(
        "an unknown word",
        || Step::accept_as("quantum"),
        "pending",
        0,
    ),
    case(
        "the client's own word",
        || Step::accept_as("submit_failed"),
        "pending",
        0,
    ),
    case(
        "an id under its other name",
        || Step::reply(202, r#"{"generation_id":"vgen_other","status":"pending"}"#).billed(),
        "pending",
        0,
    ),
    case(
        "no status at all",
        || Step::reply(202, r#"{"id":"vgen_bare"}"#).billed(),
        "pending",
        0,
    ),
    // Refused for good
    case(
        "400",
        || Step::reply(400, r#"{"error":"bad"}"#),
        "submit_failed",
        1,
    ),
    case(
        "404",
        || Step::reply(404, "no such page"),
        "submit_failed",
        1,
    ),
    case("405", || Step::reply(405, ""), "submit_failed", 1),
    case("410", || Step::reply(410, ""), "submit_failed", 1),
    case(
        "413",
        || Step::reply(413, "<html>too large</html>"),
        "submit_failed",
        1,
    ),
    case("415", || Step::reply(415, ""), "submit_failed", 1),
    case("418", || Step::reply(418, ""), "submit_failed", 1),
    case(
        "422",
        || Step::reply(422, r#"{"detail":["no"]}"#),
        "submit_failed",
        1,
    ),
    case("451", || Step::reply(451, ""), "submit_failed", 1),
    // The key or the credits
    Case {
        name: "401",
        step: || Step::reply(401, r#"{"error":{"message":"bad key"}}"#),
        state: "submit_failed",
        temporary: true,
        code: 77,
    },
    Case {
        name: "402",
        step: || Step::reply(402, "no credits"),
        state: "submit_failed",
        temporary: true,
        code: 77,
    },
    Case {
        name: "403",
        step: || Step::reply(403, ""),
        state: "submit_failed",
        temporary: true,
        code: 77,
    },
    // No one can know
    case("408", || Step::reply(408, "").billed(), "unknown", 3),
    case("409", || Step::reply(409, "").billed(), "unknown", 3),
    case(
        "500",
        || Step::reply(500, "<h1>oops</h1>").billed(),
        "unknown",
        3,
    ),
    case("501", || Step::reply(501, ""), "unknown", 3),
    case("502", || Step::reply(502, "<html>").billed(), "unknown", 3),
    case(
        "503 without Retry-After",
        || Step::reply(503, "").billed(),
        "unknown",
        3,
    ),
    case(
        "503 with a Retry-After no one can read",
        || Step::reply(503, "").with("Retry-After", "soon").billed(),
        "unknown",
        3,
    ),
    case("504", || Step::reply(504, "").billed(), "unknown", 3),
    case("520", || Step::reply(520, "").billed(), "unknown", 3),
    case("599", || Step::reply(599, ""), "unknown", 3),
    case("304", || Step::reply(304, ""), "unknown", 3),
    case("300", || Step::reply(300, ""), "unknown", 3),
    case("a reset before billing", Step::reset, "unknown", 3),
    case(
        "a reset after billing",
        || Step::reset().billed(),
        "unknown",
        3,
    ),
    case(
        "closed without a word",
        || Step::close().billed(),
        "unknown",
        3,
    ),
    case(
        "cut in the body",
        || Step::accept().cut_before_the_last(9),
        "unknown",
        3,
    ),
    case(
        "cut in the headers",
        || Step::accept().cut_before_the_last(70),
        "unknown",
        3,
    ),
    case(
        "200 and nothing",
        || Step::reply(200, "").billed(),
        "unknown",
        3,
    ),
    case("204", || Step::reply(204, "").billed(), "unknown", 3),
    case(
        "200 and a page",
        || Step::reply(200, "<html>hello</html>").billed(),
        "unknown",
        3,
    ),
    case(
        "202 without an id",
        || Step::reply(202, r#"{"status":"pending"}"#).billed(),
        "unknown",
        3,
    ),
    case(
        "an id with a path in it",
        || Step::accept_under("../../etc/passwd"),
        "unknown",
        3,
    ),
    case(
        "an id with a line break",
        || Step::accept_under("vgen_a\nvgen_b"),
        "unknown",
        3,
    ),
    case("an empty id", || Step::accept_under(""), "unknown", 3),
    case(
        "an id that is a number",
        || Step::reply(202, r#"{"id":7}"#).billed(),
        "unknown",
        3,
    ),
    case(
        "an id in an array",
        || Step::reply(202, r#"[{"id":"vgen_1"}]"#).billed(),
        "unknown",
        3,
    ),
    case("a reply that is too long", oversize, "unknown", 3),
    case(
        "no JSON after all",
        || Step::reply(202, r#"{"id":"vgen_1","#).billed(),
        "unknown",
        3,
    ),
];

#[test]
fn every_reply_has_its_documented_outcome() {
    for case in CASES {
        let step = (case.step)();
        let bills = usize::from(step.bills);
        let server = Server::scripted(vec![step]);
        let world = World::facing(&server);
        world.write("listings.csv", listings(1));
        let name = case.name;

        let run = world.run(&["submit", "listings.csv", "--json"]);
        assert_eq!(run.code(), case.code, "{name}: {}", run.stderr);
        assert_eq!(run.json()["exit_code"], case.code, "{name}");
        assert_eq!(server.posts().len(), 1, "{name}");
        assert_eq!(server.bills().len(), bills, "{name}");
        let log = world.log();
        let job = log.job();
        assert_eq!(job["status"], case.state, "{name}: {}", log.text);
        assert_eq!(
            job["temporary"] == true,
            case.temporary,
            "{name}: {}",
            log.text
        );
        assert_eq!(log.words(), ["submitting", case.state], "{name}");

        // The next run sends again what is temporary, as an attempt of its own, and nothing else.
        let run = world.run(&["submit", "listings.csv"]);
        assert_eq!(
            server.posts().len(),
            1 + usize::from(case.temporary),
            "{name}"
        );
        if case.temporary {
            assert_eq!(run.code(), 0, "{name}: {}", run.stderr);
            assert!(
                server.posts()[1].idempotency_key().ends_with(".2"),
                "{name}"
            );
            assert_eq!(world.log().job()["status"], "pending", "{name}");
        } else {
            assert_eq!(run.code(), case.code, "{name}: {}", run.stderr);
            assert_eq!(world.log().text, log.text, "{name}: nothing was learned");
        }
    }
}

#[test]
fn a_time_out_after_sending_is_unknown() {
    let server = Server::scripted(vec![Step::silence().billed()]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    let submit = ["submit", "listings.csv", "--request-timeout", "300ms"];
    world.run(&submit).expect(3);
    world.run(&submit).expect(3);
    assert_eq!(server.posts().len(), 1);
    assert_eq!(world.log().words(), ["submitting", "unknown"]);
}

#[test]
fn a_connection_that_is_closed_unread_proves_nothing() {
    let server = Server::accepting();
    server.close_unread(1);
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(3);
    assert!(server.posts().is_empty());
    assert_eq!(world.log().words(), ["submitting", "unknown"]);
}

#[test]
fn a_reply_that_is_slow_is_waited_for() {
    let gate = Gate::default();
    let server = Server::start({
        let gate = gate.clone();
        move |_| Step::accept().held_at(Phase::HalfReplied, &gate)
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    let run = world.start(&["submit", "listings.csv"]);
    server.wait_for_posts(3);
    // To everybody who looks now, no one knows what becomes of these.
    let log = world.log();
    assert_eq!(log.words(), ["submitting"; 3], "{}", log.text);
    assert_eq!(log.states(), ["unknown"; 3]);
    gate.open();
    run.wait().expect(0);
    assert_eq!(world.log().states(), ["pending"; 3]);
}

#[test]
fn each_request_stands_in_the_log_before_it_is_sent() {
    let world = World::new();
    let path = world.path("jobs.jsonl");
    let server = Server::start(move |post| {
        let log = Log::read(&path);
        let key = post.idempotency_key();
        let line = log
            .lines
            .iter()
            .find(|line| line["job"] == key[..16] && line["status"] == "submitting");
        match line {
            Some(line) if line["request"] == post.json() => Step::accept(),
            _ => Step::reply(400, "it was sent before it was written down"),
        }
    });
    world.write("listings.csv", listings(20));
    world
        .run(&["submit", "listings.csv", "--base-url", &server.url()])
        .expect(0);
    assert_eq!(server.bills().len(), 20);
}

#[test]
fn rows_that_fail_for_one_reason_are_one_warning() {
    let server = Server::start(|_| Step::reply(422, "the prompt is against the rules"));
    let world = World::facing(&server);
    world.write("listings.csv", listings(40));
    let output = world.run(&["submit", "listings.csv"]).expect(1).stderr;
    let warnings = output.lines().filter(|line| line.starts_with("warning: "));
    let warnings: Vec<&str> = warnings.collect();
    assert_eq!(warnings.len(), 2, "{output}");
    assert!(
        warnings[0].contains("refused, nothing was charged"),
        "{output}"
    );
    assert!(warnings[1].starts_with("warning: 39 more clips refused for the same reason"));
    assert!(warnings[1].ends_with("and 29 more"), "{output}");
    // Each of them with -v.
    let again = ["submit", "listings.csv", "-v", "--jobs", "other.jsonl"];
    let output = world.run(&again).expect(1).stderr;
    assert_eq!(
        output.matches(": refused, nothing was charged").count(),
        40,
        "{output}"
    );
}

#[test]
fn an_order_in_doubt_is_named_as_a_person_looks_for_it() {
    let server = Server::scripted(vec![Step::reply(500, "no")]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(3);
    let job = world.log().job().clone();
    let id = job["listing_id"].as_str().unwrap();
    let prompt = world.log().lines[0]["request"]["prompt"]
        .as_str()
        .unwrap()
        .to_owned();
    for args in [
        &["status"][..],
        &["status", "--summary"],
        &["status", "--id", id],
        &["retry", "--unknown"],
    ] {
        let run = world.run(args);
        let output = format!("{}{}", run.stdout, run.stderr);
        let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
        let named = output.find(&format!("{id}, ")).map(|at| &output[at..]);
        let named = named.unwrap_or_else(|| panic!("{args:?}: {output}"));
        assert!(
            named.contains(&format!("“{prompt}”, sent 20")),
            "{args:?}: {output}"
        );
    }
}
