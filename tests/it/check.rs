//! `check`: is everything ready? It spends nothing.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use serde_json::Value;

use crate::support::transcript::recorded;
use crate::support::{KEY, Phase, Request, Server, Step, World};

/// Photos of every kind, and the API, on one server.
fn serve(request: &Request) -> Step {
    let image = |step: Step| step.with("Content-Type", "image/gif");
    let path = request.path.split('?').next().unwrap_or_default();
    match (request.method.as_str(), path) {
        (_, "/good.jpg") => image(Step::reply(200, "GIF89a")),
        // It knows no heads.
        ("HEAD", "/shy.jpg") => Step::reply(405, ""),
        ("GET", "/shy.jpg") => image(Step::reply(206, "GIF89a")),
        (_, "/page.jpg") => {
            Step::reply(200, "<p>Sign in").with("Content-Type", "text/html; charset=utf-8")
        }
        (_, "/empty.jpg") => image(Step::reply(200, "")),
        (_, "/phone.jpg") => image(Step::reply(200, "\0\0\0\x18ftypheic")),
        (_, "/named.jpg") => image(Step::reply(200, "BM picture")),
        (_, "/gone.jpg") => Step::reply(404, ""),
        (_, "/moved.jpg") => Step::reply(302, "").with("Location", "/good.jpg"),
        (_, "/endless.jpg") => Step::reply(302, "").with("Location", "/endless.jpg"),
        (_, "/reset.jpg") => Step::reset(),
        // The API: without a key it refuses.
        _ => Step::reply(401, ""),
    }
}

fn photos(server: &Server, names: &[&str]) -> String {
    let mut text = String::from("listing_id,image_url,video_prompt\n");
    for (n, name) in names.iter().enumerate() {
        writeln!(text, "LST-{n},{}/{name},pan", server.url()).unwrap();
    }
    text
}

fn findings(run: &Value, check: &str) -> Vec<(bool, String)> {
    let all = run["checks"].as_array().unwrap();
    let fitting = all.iter().filter(|finding| finding["check"] == check);
    fitting
        .map(|f| {
            (
                f["ok"].as_bool().unwrap(),
                f["text"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[test]
fn everything_is_ready() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    world.write(
        "listings.csv",
        photos(&server, &["good.jpg", "shy.jpg", "moved.jpg"]),
    );
    let run = recorded("check", &world, &["check", "listings.csv"]).expect(0);
    assert!(!run.stdout.contains('✗'));
    assert_eq!(world.files(), ["listings.csv"], "nothing is written");
    assert_eq!(server.posts().len(), 0, "nothing is spent");
    let to_the_api: Vec<_> = server
        .polls()
        .into_iter()
        .filter(|r| !r.path.contains(".jpg"))
        .collect();
    assert_eq!(to_the_api.len(), 1);
    // No key, to no one.
    for request in server.polls() {
        assert_eq!(request.header("authorization"), None);
        assert!(!format!("{request:?}").contains(KEY));
    }
    assert_eq!(world.run(&["check", "-q"]).expect(0).stdout, "");
}

#[test]
fn what_is_wrong_is_said_with_quiet_too() {
    let world = World::new();
    world.write("bad.csv", "a,b\n1,2\n");
    let run = world.run(&["check", "bad.csv", "-q"]).expect(65);
    assert_eq!(run.stdout, "");
    for words in ["error: manifest: ", "next: "] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    assert!(!run.stderr.contains('✓'), "{}", run.stderr);
}

#[test]
fn photos_that_cannot_be_fetched_are_named() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    let names = [
        "good.jpg",
        "page.jpg",
        "gone.jpg",
        "endless.jpg",
        "reset.jpg",
        "empty.jpg",
        "phone.jpg",
        "named.jpg",
    ];
    world.write("listings.csv", photos(&server, &names));
    recorded("check-photos", &world, &["check", "listings.csv"]).expect(65);
    let run = world
        .run(&["check", "listings.csv", "--json"])
        .expect(65)
        .json();
    let found = findings(&run, "photos");
    assert_eq!(found.len(), 7);
    for name in &names[1..] {
        let finding = found.iter().find(|(_, text)| text.contains(name));
        assert!(finding.is_some_and(|(ok, _)| !ok), "{name}: {found:?}");
    }
    assert_eq!(run["problems"], 7);
    assert_eq!(run["exit_code"], 65);
}

#[test]
fn a_photo_is_looked_at_once_however_many_rows_have_it() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    let mut text = photos(&server, &["good.jpg"; 30]);
    text = text.replace(",pan", ",pan and tilt");
    world.write("listings.csv", text);
    world.run(&["check", "listings.csv"]).expect(0);
    assert_eq!(
        server
            .polls()
            .iter()
            .filter(|r| r.path.contains(".jpg"))
            .count(),
        1
    );
}

#[test]
fn photos_are_asked_for_a_few_at_a_time() {
    let now = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let counts = (now.clone(), most.clone());
    let server = Server::answering(move |request| {
        let (now, most) = counts.clone();
        most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
        serve(request).at(Phase::HalfReplied, move || {
            now.fetch_sub(1, SeqCst);
        })
    });
    let world = World::facing(&server);
    let names: Vec<String> = (0..60).map(|n| format!("good.jpg?{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.write("listings.csv", photos(&server, &names));
    world.run(&["check", "listings.csv"]);
    assert_eq!(now.load(SeqCst), 0);
    assert_eq!(server.polls().len(), 61);
    assert!(most.load(SeqCst) <= 8, "{most:?} at once");
}

#[test]
fn a_server_that_never_answers_does_not_hold_it_up() {
    let server = Server::answering(|request| match request.path.as_str() {
        "/good.jpg" => Step::silence(),
        _ => serve(request),
    });
    let world = World::facing(&server);
    world.write("listings.csv", photos(&server, &["good.jpg"]));
    let args = ["check", "listings.csv", "--json", "--timeout", "100ms"];
    let run = world.run(&args).expect(75).json();
    assert!(findings(&run, "photos")[0].1.contains("--timeout"));
    let args = [
        "check",
        "listings.csv",
        "--json",
        "--request-timeout",
        "100ms",
    ];
    let run = world.run(&args).expect(75).json();
    assert!(findings(&run, "photos")[0].1.contains("good.jpg"));
}

#[test]
fn a_manifest_with_mistakes() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    let mut text = photos(&server, &["good.jpg"]);
    text += "LST-8,not-an-address,pan\nLST-9,https://cdn.example.com/9.jpg,\n";
    world.write("listings.csv", text);
    recorded("check-manifest", &world, &["check", "listings.csv"]).expect(65);
    recorded("check-manifest-missing", &world, &["check", "nowhere.csv"]).expect(74);
}

#[test]
fn a_key_or_an_address_that_is_wrong() {
    let server = Server::answering(serve);
    let world = World::facing(&server).without_var("CREATIVEAI_API_KEY");
    recorded("check-no-key", &world, &["check"]).expect(78);
    let world = World::new().with_var("CREATIVEAI_BASE_URL", "http://api.example.com");
    recorded("check-base-url", &world, &["check"]).expect(78);
    // No one listens there any more.
    let url = server.url();
    drop(server);
    let world = World::new().with_var("CREATIVEAI_BASE_URL", &url);
    recorded("check-unreachable", &world, &["check"]).expect(75);
}

#[test]
fn a_clock_that_is_wrong() {
    let server =
        Server::answering(|_| Step::reply(401, "").with("Date", "Thu, 12 Mar 2015 09:22:18 GMT"));
    let run = World::facing(&server)
        .run(&["check", "--json"])
        .expect(78)
        .json();
    let found = findings(&run, "clock");
    assert_eq!(found.len(), 1);
    assert!(!found[0].0 && found[0].1.contains("clock"), "{found:?}");
}

#[test]
fn a_log_in_use_or_one_that_is_none() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    world.write("jobs.jsonl", "");
    let path = std::fs::canonicalize(world.path("jobs.jsonl")).unwrap();
    let ledger = creativeai::jobs::Ledger::new(creativeai::jobs::Rates::default());
    let wait = std::time::Duration::ZERO;
    let writer = creativeai::journal::Writer::open(&path, ledger, "submit", wait).unwrap();
    recorded("check-log-in-use", &world, &["check"]).expect(75);
    drop(writer);
    world.run(&["check"]).expect(0);
    recorded("check-log-folder", &world, &["check", "--jobs", "home"]).expect(78);
}

#[test]
fn a_webhook_address_that_is_none() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    for (url, code) in [
        ("https://example.com/webhooks/creativeai", 0),
        ("example.com/webhooks", 2),
        ("ftp://example.com/webhooks", 2),
    ] {
        let run = world.run(&["check", "--webhook-url", url, "--json"]);
        assert_eq!(run.code(), code, "{url}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn a_host_that_is_nowhere_is_one_problem() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    let mut text = photos(&server, &["good.jpg"]);
    for n in 0..30 {
        writeln!(text, "LST-1{n},http://photos.invalid/{n}.jpg,pan").unwrap();
    }
    world.write("listings.csv", text);
    let run = world.run(&["check", "listings.csv", "--json"]).expect(75);
    let found = findings(&run.json(), "photos");
    let output = "no network, or no such host: photos.invalid (30 photos)".to_owned();
    assert_eq!(found, [(false, output)]);
}

#[test]
fn a_rehearsal_looks_at_no_photo() {
    let server = Server::answering(serve);
    let world = World::facing(&server);
    world.write("listings.csv", photos(&server, &["gone.jpg"]));
    recorded(
        "check-sandbox-photos",
        &world,
        &["check", "listings.csv", "--sandbox"],
    )
    .expect(0);
    assert_eq!(server.polls().len(), 0, "nothing leaves the computer");
}

#[test]
fn the_sandbox_needs_nothing() {
    let world = World::new().without_var("CREATIVEAI_API_KEY");
    recorded("check-sandbox", &world, &["check", "--sandbox"]).expect(0);
}
