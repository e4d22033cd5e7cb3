//! `status`: which clips are shown, and how programs and people who wait get it.

use serde_json::{Value, json};

use crate::support::lines::line;
use crate::support::orders::{Order, log_of};
use crate::support::vendor::unused_api;
use crate::support::{Gate, Phase, Server, Step, World, listings};

const A: &str = "00000000000000aa";
const B: &str = "00000000000000bb";

/// One clip that is ready, and one that renders.
fn log() -> String {
    let ready = json!({
        "generation_id": "vgen_a", "output_url": "https://cdn.example.com/a.mp4", "credits": 5,
        "listing_id": "LST-1", "room": "kitchen",
    });
    let rendering = json!({ "generation_id": "vgen_b", "listing_id": "LST-2", "room": "hall" });
    line(0, A, "completed", ready) + &*line(1, B, "processing", rendering)
}

fn world() -> World {
    let world = World::new();
    world.write("jobs.jsonl", log());
    world
}

fn jobs(world: &World, args: &[&str]) -> Vec<String> {
    let run = world.run(&[&["status", "--json"], args].concat()).expect(0);
    let all = run.json();
    let ids = all.as_array().unwrap().iter();
    ids.map(|job| job["listing_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn columns_are_compared_in_more_ways_than_one() {
    let world = world();
    for (condition, shown) in [
        ("room=kitchen", vec!["LST-1"]),
        ("room!=kitchen", vec!["LST-2"]),
        ("room~ITCH", vec!["LST-1"]),
        ("state=rendering", vec!["LST-2"]),
        ("credits>4", vec!["LST-1"]),
        ("credits<5", vec![]),
    ] {
        assert_eq!(jobs(&world, &["--where", condition]), shown, "{condition}");
    }
    let none: [&str; 0] = [];
    assert_eq!(jobs(&world, &["--since", "2100-01-01"]), none);
    assert_eq!(jobs(&world, &["--since", "2001-01-01"]).len(), 2);
    let wrong = world.run(&["status", "--since", "lately"]).expect(2);
    assert!(wrong.stderr.contains("2026-11-01"), "{}", wrong.stderr);
}

#[test]
fn a_table_for_a_spreadsheet_comes_as_that_reads_it() {
    let world = world();
    let table = world
        .run(&["status", "--csv", "--bom", "--delimiter", ";"])
        .expect(0)
        .stdout;
    let table = table.strip_prefix('\u{feff}').unwrap();
    let header: Vec<&str> = table.lines().next().unwrap().split(';').collect();
    for column in [
        "listing_id",
        "prompt",
        "photo",
        "model",
        "failover",
        "dollars_low",
    ] {
        assert!(header.contains(&column), "{header:?}");
    }
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let row: Vec<&str> = table.lines().nth(1).unwrap().split(';').collect();
    assert_eq!(
        (row[at("listing_id")], row[at("dollars_high")]),
        ("LST-1", "0.500")
    );
    world.run(&["status", "--bom"]).expect(2);
}

#[test]
fn what_is_watched_is_shown_anew_until_nothing_is_under_way() {
    let world = world();
    let watching = world.start(&["status", "--watch"]);
    let done = json!({
        "generation_id": "vgen_b", "output_url": "https://cdn.example.com/b.mp4",
        "listing_id": "LST-2",
    });
    world.write("jobs.jsonl", log() + &*line(2, B, "completed", done));
    let shown = watching.wait().expect(0).stdout;
    let last = shown.lines().last().unwrap();
    assert!(last.ends_with("2 ready"), "{shown}");
}

#[test]
fn a_watched_log_that_was_emptied_is_no_end_of_all_clips() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world.run(&["submit", "listings.csv"]).expect(0);
    world.write("jobs.jsonl", "");
    let run = world.run(&["status", "--watch"]).expect(65);
    assert!(run.stdout.ends_with(" no jobs\n"), "{}", run.stdout);
    assert!(run.stderr.contains("is shorter than"), "{}", run.stderr);
}

#[test]
fn programs_get_progress_as_one_object_a_line() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    let run = world
        .run(&["submit", "listings.csv", "--progress", "json", "-q"])
        .expect(0);
    let lines: Vec<Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let events: Vec<&str> = lines.iter().map(|l| l["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["started", "accepted", "accepted"]);
    let last = lines.last().unwrap();
    assert_eq!((&last["done"], &last["total"]), (&json!(2), &json!(2)));
    assert_eq!(last["progress"], "sending");
}

/// A clip that is ready, one that renders, and one that failed for a reason of the vendor's.
fn for_others() -> String {
    let ready = Order::of("LST-1", 2, "https://cdn.example.com/1.mp4");
    let rendering = Order::of("LST-1", 3, "").rendering();
    let mut failed = Order::of("LST-2", 4, "").rendering().lines();
    failed = failed.replacen(
        "\"status\":\"pending\"",
        "\"status\":\"failed\",\"error\":\"provider timeout\"",
        1,
    );
    log_of(&[ready, rendering]) + failed.as_str()
}

#[test]
fn each_audience_reads_its_own_words_and_no_costs() {
    let api = unused_api();
    let world = crate::support::vendor::world(&api, &for_others());
    for (audience, part) in [
        ("agent", "Ready: download it, or publish it to the MLS"),
        ("buyer", "Ready: it can go on the product page"),
        ("raw", ": completed"),
    ] {
        let run = world.run(&["status", "--audience", audience]).expect(0);
        assert!(run.stdout.contains(part), "{}", run.stdout);
        assert!(run.stdout.starts_with("LST-1\n"), "{}", run.stdout);
        for hidden in ["credit", "$", "creativeai ", "provider timeout", "Slow pan"] {
            assert!(!run.stdout.contains(hidden), "{hidden}: {}", run.stdout);
        }
    }
    let run = world
        .run(&["status", "--audience", "agent", "--json"])
        .expect(0);
    let clips = run.json();
    assert_eq!(clips[0]["status"], "completed");
    assert_eq!(clips[0]["listing"], "LST-1");
    assert_eq!(clips[2]["status"], "failed");
    let copy = clips[2]["copy"].as_str().unwrap();
    assert!(copy.contains(clips[2]["job"].as_str().unwrap()), "{copy}");
    assert!(!copy.contains("provider"), "{copy}");
}

#[test]
fn the_settings_have_words_of_their_own_by_language() {
    let api = unused_api();
    let world = crate::support::vendor::world(&api, &for_others());
    world.write(
        "creativeai.toml",
        "[copy]\nlanguage = \"de\"\n[copy.agent]\nready = \"Done.\"\nready-de = \"{listing} ist fertig.\"\nqueued = \"Soon.\"\n",
    );
    let run = world.run(&["status", "--audience", "agent"]).expect(0);
    assert!(run.stdout.contains("LST-1 ist fertig."), "{}", run.stdout);
    assert!(run.stdout.contains("Soon."), "{}", run.stdout);
    let buyer = world.run(&["status", "--audience", "buyer"]).expect(0);
    assert!(!buyer.stdout.contains("Soon."), "{}", buyer.stdout);
    world.run(&["report", "--audience", "agent"]).expect(0);
    let page = std::fs::read_to_string(world.path("report.html")).unwrap();
    let shown = page.split("</style>").nth(1).unwrap();
    let shown = shown.split("<script>").next().unwrap();
    assert!(shown.contains("LST-1 ist fertig."), "{shown}");
    for hidden in ["credit", "$", "creativeai ", "provider timeout", "Slow pan"] {
        assert!(!shown.contains(hidden), "{hidden}");
    }
    world.write("creativeai.toml", "[copy.agent]\nredy = \"x\"\n");
    let run = world.run(&["status", "--audience", "agent"]).expect(78);
    assert!(
        run.stderr.contains("[copy.agent] has no state \"redy\""),
        "{}",
        run.stderr
    );
}

#[test]
fn people_read_their_own_time_and_programs_utc() {
    let api = unused_api();
    let log = log_of(&[Order::of("LST-1", 2, "https://cdn.example.com/1.mp4")]);
    let world = crate::support::vendor::world(&api, &log).with_var("TZ", "Asia/Tokyo");
    let run = world.run(&["status", "--id", "LST-1"]).expect(0);
    assert!(
        run.stdout.contains("2026-03-12 18:22:00 JST"),
        "{}",
        run.stdout
    );
    let run = world.run(&["status", "--json"]).expect(0);
    assert!(
        run.stdout.contains("2026-03-12T09:22:00Z"),
        "{}",
        run.stdout
    );
}

#[test]
fn money_counts_days_by_utc_as_caps_do() {
    let api = unused_api();
    // Ordered at 09:20 UTC, which is still the day before in Hawaii.
    let log = log_of(&[Order::of("LST-1", 2, "https://cdn.example.com/1.mp4")]);
    let world = crate::support::vendor::world(&api, &log).with_var("TZ", "Pacific/Honolulu");
    let money = ["status", "--money", "--since", "2026-03-12"];
    let run = world.run(&money).expect(0);
    assert!(
        run.stdout
            .contains("since 2026-03-12 00:00:00 UTC; ordered: 5 credits"),
        "{}",
        run.stdout
    );
    // Clips that changed are asked for by the day of the person.
    let run = world
        .run(&["status", "--since", "2026-03-12", "--json"])
        .expect(0);
    assert_eq!(run.json(), json!([]));
}

#[test]
fn a_reason_is_whole_however_long_the_advice_beside_it() {
    let api = unused_api();
    let reason =
        "the photo could not be read because its server answers only to browsers that it knows";
    let failed = Order::of("LST-2", 4, "").rendering().lines().replacen(
        "\"status\":\"pending\"",
        &format!("\"status\":\"failed\",\"error\":\"{reason}\""),
        1,
    );
    let world = crate::support::vendor::world(&api, &failed);
    let run = world.run(&["status"]).expect(0);
    let output = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(output.contains(reason), "{}", run.stdout);
    assert!(
        output.contains("creativeai retry --failed"),
        "{}",
        run.stdout
    );
}

#[test]
fn what_a_run_at_work_is_sending_is_not_said_to_be_in_doubt() {
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |_| Step::accept().held_at(Phase::Billed, &held));
    let world = World::facing(&server);
    // An order that an earlier run has left in doubt stays so.
    let left = r#"{"at":"2026-03-12T09:20:00Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submitting","listing_id":"LST-9","line":2,"request":{"prompt":"pan left"}}"#;
    world.write("jobs.jsonl", format!("{left}\n"));
    world.write("listings.csv", listings(1));
    let run = world.start(&["submit", "listings.csv"]);
    server.wait_for_posts(1);

    let table = world.run(&["status"]).expect(0).stdout;
    assert!(table.contains("being sent by an active run"), "{table}");
    assert!(table.contains("1 outcome unknown"), "{table}");
    let one = world.run(&["status", "--id", "LST-1"]).expect(0).stdout;
    assert!(one.contains("being sent by an active run"), "{one}");
    for offer in ["stopped before", "resolve", "retry --unknown"] {
        assert!(!one.contains(offer), "{one}");
    }
    let jobs = world
        .run(&["status", "--json", "--id", "LST-1"])
        .expect(0)
        .json();
    assert_eq!(jobs[0]["status"], "unknown");
    let other = world.run(&["status", "--id", "LST-9"]).expect(0).stdout;
    assert!(other.contains("resolve"), "{other}");

    run.kill();
    gate.open();
    let one = world.run(&["status", "--id", "LST-1"]).expect(0).stdout;
    assert!(one.contains("stopped before"), "{one}");
    assert!(one.contains("resolve"), "{one}");
}

#[test]
fn replies_that_wait_beside_the_log_are_named_before_anything_is_settled() {
    let world = World::new();
    let line = |status: &str, more: &str| {
        format!(
            r#"{{"at":"2026-03-12T09:20:00Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"{status}","listing_id":"LST-1"{more}}}"#
        ) + "\n"
    };
    let sent = line("submitting", r#","line":2,"request":{"prompt":"pan left"}"#);
    let reply = line("pending", r#","generation_id":"vgen_1""#);
    world.write("jobs.jsonl", &sent);
    world.write("jobs.jsonl.recover", &reply);
    for args in [
        &["status"][..],
        &["status", "--id", "LST-1"],
        &["status", "--summary"],
        &["status", "--json"],
        &["report", "-o", "report.html"],
    ] {
        let shown = world.run(args).expect(0).stderr;
        assert!(shown.contains("jobs.jsonl.recover"), "{args:?} {shown}");
        assert!(
            shown.contains("creativeai reconcile --recover"),
            "{args:?} {shown}"
        );
        assert!(shown.contains("accepted and paid for"), "{args:?} {shown}");
    }
    let verdict = ["resolve", "LST-1", "--not-accepted"];
    let refused = world.run(&verdict).expect(65).stderr;
    assert!(refused.contains("reconcile --recover"), "{refused}");
    world
        .run(&["reconcile", "--recover", "jobs.jsonl.recover"])
        .expect(0);
    let shown = world.run(&["status"]).expect(0);
    assert_eq!(shown.stderr, "");
    assert!(shown.stdout.contains("1 in the queue"), "{}", shown.stdout);
}
