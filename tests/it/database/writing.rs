//! What is so anyway is written to a log in a database by any computer: answers to polls, captures,
//! verdicts. A commit whose answer was lost adds nothing twice.

use serde_json::json;

use crate::support::lines::{A, B, C, rendering, submitting};
use crate::support::postgres::{self, Database};
use crate::support::proxy::Proxy;
use crate::support::{Server, Step, World};

/// A vendor whose clips are all finished.
fn vendor() -> Server {
    Server::answering(|request| {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let url = format!("https://cdn.example.com/{id}.mp4");
        let body = json!({ "id": id, "status": "completed", "output_url": url, "credits": 5 });
        Step::reply(200, body.to_string())
    })
}

/// A log with two clips that render and one order in doubt, in a database and in a file.
fn with_log(server: &Server) -> Option<(Database, World, String)> {
    let database = postgres::database()?;
    let world = World::facing(server);
    let log = database.log("shop");
    world.run(&["log", "init", &log]).expect(0);
    let text = rendering(A, "vgen_1") + &*rendering(B, "vgen_2") + &*submitting(C);
    world.write("jobs.jsonl", text);
    world.run(&["log", "copy", "jobs.jsonl", &log]).expect(0);
    Some((database, world, log))
}

/// What every computer sees, the times aside.
fn states(world: &World, log: &str) -> Vec<(String, String)> {
    let jobs = world.run(&["status", log, "--json"]).expect(0).json();
    let jobs = jobs.as_array().unwrap().iter();
    jobs.map(|job| {
        let text = |name: &str| job[name].as_str().unwrap_or_default().to_owned();
        (text("status"), text("output_url"))
    })
    .collect()
}

#[test]
fn polls_are_written_down_for_every_computer() {
    let server = vendor();
    let Some((database, world, log)) = with_log(&server) else {
        return;
    };
    world.run(&["reconcile", &log]).expect(3);
    world.run(&["reconcile", "jobs.jsonl"]).expect(3);
    // Another computer, with a cache of its own.
    let other = World::facing(&server);
    assert_eq!(states(&other, &log), states(&world, "jobs.jsonl"));
    assert_eq!(states(&other, &log)[0].0, "completed");
    let lines = || database.sql("SELECT count(*) FROM creativeai.lines");
    let before = lines();
    other.run(&["reconcile", &log]).expect(3);
    assert_eq!(lines(), before, "what is known is not written again");
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn computers_that_poll_at_the_same_time_agree() {
    let server = vendor();
    let Some((_, world, log)) = with_log(&server) else {
        return;
    };
    let others: Vec<_> = (0..3).map(|_| World::facing(&server)).collect();
    let running: Vec<_> = others
        .iter()
        .map(|o| o.start(&["reconcile", &log]))
        .collect();
    for one in running {
        one.wait().expect(3);
    }
    world.run(&["reconcile", "jobs.jsonl"]).expect(3);
    for other in &others {
        assert_eq!(states(other, &log), states(&world, "jobs.jsonl"));
    }
}

#[test]
fn verdicts_and_recovered_lines_reach_the_log() {
    let server = vendor();
    let Some((database, world, log)) = with_log(&server) else {
        return;
    };
    let verdict = ["resolve", C, "--generation-id", "vgen_3", "--jobs", &log];
    world.run(&verdict).expect(0);
    let taken = ["resolve", A, "--generation-id", "vgen_3", "--jobs", &log];
    world.run(&taken).expect(2);
    world.run(&["reconcile", &log]).expect(0);
    let all = states(&world, &log);
    assert!(
        all.iter().all(|(status, _)| status == "completed"),
        "{all:?}"
    );
    let lost = rendering("dddd000000000004", "vgen_4");
    let saved: String = lost
        .lines()
        .map(|line| format!("RECOVER {line}\n"))
        .collect();
    world.write("saved", saved);
    for _ in 0..2 {
        world.run(&["reconcile", &log, "--recover", "saved"]);
    }
    let count = "SELECT count(*) FROM creativeai.lines WHERE job = 'dddd000000000004'";
    assert_eq!(database.sql(count), lost.lines().count().to_string());
    // An attempt that is known is claimed: no one makes it again.
    let claims = "SELECT count(*) FROM creativeai.claims";
    assert_eq!(database.sql(claims), "4");
}

#[test]
fn a_role_that_only_reads_learns_why_nothing_is_written() {
    let server = vendor();
    let Some((database, world, log)) = with_log(&server) else {
        return;
    };
    let role = format!("reader_{}", database.name);
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    world
        .run(&["log", "init", &log, "--grant-to", &role, "--read-only"])
        .expect(0);
    let address = database.address(&role, "shop");
    let ended = world.run(&["resolve", C, "--dismiss", "--jobs", &address]);
    let ended = ended.expect(78);
    assert!(ended.stderr.contains("--grant-to"), "{}", ended.stderr);
}

#[test]
fn a_commit_whose_answer_is_lost_is_made_again_and_adds_nothing_twice() {
    let server = vendor();
    let Some((database, world, log)) = with_log(&server) else {
        return;
    };
    let proxy = Proxy::before(database.server.folder());
    proxy.lose(3);
    let through = proxy.log(&database, "shop");
    world
        .run(&["resolve", C, "--dismiss", "--jobs", &through])
        .expect(0);
    assert_eq!(proxy.lost(), 3);
    let count = "SELECT count(*) FROM creativeai.lines WHERE status = 'resolved'";
    assert_eq!(database.sql(count), "1");
    assert_eq!(states(&world, &log).len(), 3);
}
