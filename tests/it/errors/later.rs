//! What is reported after the orders: of logs, doubts, captures, downloads, word for word.

#[cfg(unix)]
use crate::support::transcript::compare;
use crate::support::transcript::recorded;
use crate::support::{Server, Step, World, listings};

/// A folder with a log of accepted clips, and the vendor.
fn ordered(rows: usize) -> (World, Server) {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(rows));
    world.run(&["submit", "listings.csv"]).expect(0);
    (world, server)
}

#[test]
fn no_log() {
    let world = World::new();
    for command in ["status", "reconcile", "download", "report", "compact"] {
        recorded(&format!("error-log-missing-{command}"), &world, &[command]).expect(74);
    }
    recorded("error-log-missing-named", &world, &["status", "june.jsonl"]).expect(74);
    recorded(
        "error-log-missing-sandbox",
        &world,
        &["download", "--sandbox"],
    )
    .expect(74);
    world.write("listings.csv", listings(1));
    let args = ["submit", "listings.csv", "--jobs", "away/jobs.jsonl"];
    recorded("error-log-folder-missing", &world, &args).expect(74);
}

#[test]
fn a_log_that_is_a_folder() {
    let world = World::new();
    world.write("listings.csv", listings(1));
    let args = ["submit", "listings.csv", "--jobs", "home"];
    recorded("error-log-folder", &world, &args).expect(78);
    recorded("error-log-folder-status", &world, &["status", "home"]).expect(78);
}

#[test]
fn a_log_in_use() {
    let (world, _server) = ordered(1);
    let path = std::fs::canonicalize(world.path("jobs.jsonl")).unwrap();
    let rates = creativeai::jobs::Rates::default();
    let wait = std::time::Duration::ZERO;
    let ledger = creativeai::jobs::Ledger::new(rates);
    let _writer =
        creativeai::journal::Writer::open(&path, ledger, "reconcile --wait", wait).unwrap();
    let args = ["submit", "listings.csv", "--lock-wait", "0s"];
    recorded("error-log-in-use", &world, &args).expect(75);
}

#[test]
fn a_log_with_lines_that_are_none() {
    let (world, _server) = ordered(1);
    let text = world.log().text + "{\"at\":\"2026-03-12T09:20:00Z\",\"jo\n";
    world.write("jobs.jsonl", text);
    recorded("warning-log-torn", &world, &["submit", "listings.csv"]).expect(0);
}

#[test]
fn resolving_what_is_not_in_doubt() {
    let (world, _server) = ordered(2);
    let args = ["resolve", "LST-1", "--not-accepted"];
    recorded("error-resolve-settled", &world, &args);
    let args = ["resolve", "LST-9", "--dismiss"];
    recorded("error-resolve-unknown", &world, &args);
    let args = ["resolve", "LST-1", "--generation-id", "vgen_new"];
    recorded("error-resolve-other-id", &world, &args);
}

#[test]
fn resolving_one_of_several() {
    let server = Server::scripted(vec![Step::reset(), Step::reset()]);
    let world = World::facing(&server);
    let text = listings(2).replace("LST-2", "LST-1");
    world.write("listings.csv", text);
    world.run(&["submit", "listings.csv"]).expect(3);
    let args = ["resolve", "LST-1", "--not-accepted"];
    recorded("error-resolve-ambiguous", &world, &args);
}

#[test]
fn a_name_that_status_does_not_know() {
    let (world, _server) = ordered(2);
    recorded("error-status-id", &world, &["status", "--id", "LST-9"]);
    let args = ["status", "--where", "property_type=castle"];
    recorded("status-where-none", &world, &args).expect(0);
    let args = ["status", "--where", "property_typ=residential"];
    recorded("status-where-column", &world, &args).expect(0);
}

#[test]
fn captures_that_prove_nothing() {
    let (world, server) = ordered(1);
    let id = &server.bills()[0].id;
    let body = format!(r#"{{\"id\":\"{id}\",\"status\":\"completed\"}}"#);
    let capture = |signature: &str| {
        format!(
            "{{\"v\":1,\"received_at\":\"2026-03-12T09:22:18Z\",\"method\":\"POST\",\"url\":\"/\",\
             \"headers\":{{{signature}}},\"body\":\"{body}\"}}\n"
        )
    };
    let wrong = format!("\"x-creativeai-signature\":\"sha256={}\"", "0".repeat(64));
    world.write("captures.jsonl", capture(&wrong));
    let args = ["reconcile", "--replay", "captures.jsonl"];
    recorded("replay-rejected", &world, &args).expect(0);
    let args = ["reconcile", "--replay", "captures.jsonl", "--strict"];
    recorded("replay-rejected-strict", &world, &args).expect(65);
    world.write("captures.jsonl", capture(""));
    let args = ["reconcile", "--replay", "captures.jsonl"];
    recorded("replay-unverifiable", &world, &args).expect(0);
    world.write("captures.jsonl", "not a capture\n");
    recorded("replay-unreadable", &world, &args).expect(0);
    let args = ["reconcile", "--replay", "nowhere.jsonl"];
    recorded("error-replay-missing", &world, &args).expect(74);
}

/// A folder with a finished clip that the vendor serves with `step`.
fn finished(step: impl Fn() -> Step + Send + Sync + 'static) -> (World, Server) {
    let server = Server::answering(move |request| {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        match request.method.as_str() {
            "POST" => Step::accept(),
            _ if request.path.starts_with("/clips/") => step(),
            _ => {
                let host = request.header("host").unwrap_or_default();
                let reply = serde_json::json!({
                    "id": id, "status": "completed", "credits": 5,
                    "output_url": format!("http://{host}/clips/{id}.mp4"),
                });
                Step::reply(200, reply.to_string())
            }
        }
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    world.run(&["reconcile"]).expect(0);
    (world, server)
}

#[test]
fn clips_that_cannot_be_fetched() {
    let (world, _server) = finished(|| Step::reply(403, "expired"));
    recorded("error-download-expired", &world, &["download"]);
    let (world, _server) =
        finished(|| Step::reply(200, "<html>Log in</html>").with("Content-Type", "text/html"));
    recorded("error-download-page", &world, &["download"]);
    let (world, _server) = finished(|| Step::reply(200, vec![0; 2048]));
    recorded(
        "error-download-size",
        &world,
        &["download", "--max-size", "1kB"],
    );
}

#[test]
fn clips_that_cannot_be_handed_on() {
    let (world, _server) = finished(|| Step::reply(404, ""));
    recorded(
        "error-publish-store",
        &world,
        &["publish", "--to", "shopify"],
    )
    .expect(78);
    let args = ["publish", "--to", "shopify", "--store", "shop.example.com"];
    recorded("error-publish-token", &world, &args).expect(78);
    recorded(
        "error-publish-both",
        &world,
        &["publish", "--to", "instagram"],
    )
    .expect(2);
    recorded("error-publish-none", &world, &["publish"]).expect(2);
}

// Its snapshot has a shell's own words; tests/it/publish/exec_windows.rs has cmd's.
#[cfg(unix)]
#[test]
fn clips_whose_command_fails() {
    let (world, _server) = finished(|| Step::reply(404, ""));
    let args = ["publish", "--exec", "echo no room >&2; exit 7"];
    recorded("error-publish-exec", &world, &args).expect(1);
}

/// The disk is full: of this process, no file may grow beyond a block. Windows has no such limit.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(4));
    let run = world.shell("ulimit -f 1; exec \"$0\" submit listings.csv --concurrency 1");
    compare("error-disk", &world, &["submit", "listings.csv"], &run);
    run.expect(74);
}

#[test]
fn a_spreadsheet_named_as_a_log() {
    let world = World::new();
    world.write("houses.csv", listings(2));
    recorded("error-log-csv", &world, &["status", "houses.csv"]).expect(65);
    let before = std::fs::read(world.path("houses.csv")).unwrap();
    world.run(&["report", "houses.csv"]).expect(65);
    let args = ["submit", "houses.csv", "--sandbox", "--jobs", "houses.csv"];
    world.run(&args).expect(65);
    assert_eq!(std::fs::read(world.path("houses.csv")).unwrap(), before);
}

#[test]
fn only_a_rehearsal_is_here() {
    let world = World::new();
    world.write("listings.csv", listings(1));
    let run = world.run(&["submit", "listings.csv", "--sandbox", "--wait"]);
    assert!(
        run.expect(0)
            .stderr
            .contains("submit (rehearsal): 1 sent; 1 ready; would have cost"),
    );
    recorded("error-log-missing-rehearsed", &world, &["status"]).expect(74);
    world.run(&["status", "--sandbox"]).expect(0);
}

#[test]
fn a_rehearsal_leaves_the_real_clips_and_page_alone() {
    let world = World::new();
    world.write("listings.csv", listings(1));
    world
        .run(&["submit", "listings.csv", "--sandbox", "--wait"])
        .expect(0);
    world.run(&["download", "--sandbox"]).expect(0);
    world.run(&["report", "sandbox-jobs.jsonl"]).expect(0);
    for (name, is_made) in [
        ("sandbox-videos", true),
        ("sandbox-report.html", true),
        ("videos", false),
        ("report.html", false),
    ] {
        assert_eq!(world.path(name).exists(), is_made, "{name}");
    }
}

#[test]
fn a_vendor_out_of_reach_is_reported_once_a_round() {
    let (world, server) = ordered(3);
    drop(server);
    let run = world.run(&["reconcile"]).expect(75);
    let warnings: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("warning: "))
        .collect();
    let [only] = warnings.as_slice() else {
        panic!("{}", run.stderr)
    };
    assert!(
        only.starts_with("warning: 3 clips: the vendor could not be asked: "),
        "{only}"
    );
    assert!(!only.contains("os error"), "{only}");
}

#[test]
fn a_doubt_is_settled_with_commands_that_can_be_copied() {
    let server = Server::scripted(vec![Step::reset()]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    let log = ["--jobs", "june.jsonl"];
    let run = world.run(&["submit", "listings.csv", log[0], log[1]]);
    let run = run.expect(3);
    assert!(
        run.stderr
            .contains("\n  next: creativeai status june.jsonl\n"),
        "{}",
        run.stderr
    );
    let shown = world.run(&["status", "june.jsonl"]).expect(0).stdout;
    assert!(
        shown.contains("→ creativeai status june.jsonl --id LST-1"),
        "{shown}"
    );
    let command = shown
        .lines()
        .map(str::trim)
        .find(|line| line.contains("--not-accepted"))
        .unwrap();
    // Each of the ways is named.
    let (way, command) = command.split_once("creativeai ").unwrap();
    assert_eq!(way.trim(), "not there:");
    let typed: Vec<&str> = command.split(' ').collect();
    let run = world.run(&typed).expect(0);
    assert!(
        run.stderr
            .contains("`creativeai retry june.jsonl --failed` sends it again"),
        "{}",
        run.stderr
    );
    let run = world.run(&["retry", "june.jsonl", "--unknown"]);
    assert!(
        run.stderr.contains("nothing of unknown outcome"),
        "{}",
        run.stderr
    );
}
