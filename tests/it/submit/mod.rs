//! `submit`: which rows are sent, which are held, skipped or refused, and what the log keeps.

mod anew;
mod canary;
mod changed;
mod chosen;
mod clients;
mod cost;
mod exports;
mod hostile;
mod kills;
mod manifests;
mod odd_cells;
mod other_logs;
mod outcomes;
mod photo_names;
mod photos;
mod recognition;
mod renamings;
// Limits of the process, named pipes and devices are Unix's.
#[cfg(unix)]
mod resources;
mod routes;
// Wine's pseudo console passes neither Ctrl-C nor its own end on.
#[cfg(unix)]
mod signals;
mod spreadsheets;
// A terminal of Unix that stands still, and processes that a signal stops.
#[cfg(unix)]
mod stalls;
mod stops;
mod throttling;
mod voices;
mod webhook_url;
mod workbooks;

use serde_json::Value;

use crate::support::{Gate, Phase, Server, Step, World, listings, rows};

/// One row with this prompt, and a photo whose address is signed with `signature`.
fn signed_row(prompt: &str, signature: &str) -> String {
    format!(
        "listing_id,image_url,video_prompt\nLST-1,https://cdn.example.com/1.jpg?sig={signature},{prompt}\n"
    )
}

/// A manifest whose third line has no address and whose fourth no prompt.
fn with_mistakes() -> String {
    let mut text = listings(1);
    text.push_str("LST-8,not-an-address,pan,residential,social-ad\n");
    text.push_str("LST-9,https://cdn.example.com/9.jpg,,residential,social-ad\n");
    text
}

#[test]
fn a_second_run_sends_nothing_and_writes_nothing() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(12));
    world.run(&["submit", "listings.csv"]).expect(0);
    let log = world.log();
    assert_eq!(server.bills().len(), 12);
    let run = world.run(&["submit", "listings.csv", "--json"]).expect(0);
    assert_eq!(server.posts().len(), 12);
    assert_eq!(world.log().text, log.text);
    let summary = run.json();
    assert_eq!(summary["submitted"], 0);
    assert_eq!(summary["skipped"], 12);
    assert_eq!(summary["pending"], 12);
}

#[test]
fn rows_that_were_added_are_sent_and_the_others_are_not() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2]));
    world.run(&["submit", "listings.csv"]).expect(0);
    // In another order, too.
    world.write("listings.csv", rows([3, 2, 1]));
    world.run(&["submit", "listings.csv"]).expect(0);
    let images: Vec<Value> = server
        .posts()
        .iter()
        .map(|p| p.json()["image_url"].clone())
        .collect();
    assert_eq!(images.len(), 3);
    assert_eq!(images[2], "https://cdn.example.com/3.jpg");
}

#[test]
fn carried_columns_and_the_webhooks_address_make_no_row_new() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    world.write("listings.csv", listings(1).replace("residential", "luxury"));
    world
        .run(&[
            "submit",
            "listings.csv",
            "--webhook-url",
            "https://example.com/hook",
        ])
        .expect(0);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn an_edited_row_is_held_until_someone_says_so() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", signed_row("pan left", "a"));
    world.run(&["submit", "listings.csv"]).expect(0);
    let before = world.log();

    // Signed addresses rotate; the photo is the same.
    world.write("listings.csv", signed_row("pan right", "b"));
    let run = world.run(&["submit", "listings.csv", "--json"]).expect(3);
    assert_eq!(run.json()["changed"], 1);
    assert!(run.stderr.contains("--resubmit-changed"), "{}", run.stderr);
    assert_eq!(server.posts().len(), 1);
    assert_eq!(world.log().text, before.text);

    world
        .run(&["submit", "listings.csv", "--resubmit-changed"])
        .expect(0);
    assert_eq!(server.bills().len(), 2);
    let log = world.log();
    let old = before.job()["job"].as_str().unwrap();
    let new = server.posts()[1].idempotency_key()[..16].to_owned();
    let marks: Vec<_> = log
        .lines
        .iter()
        .filter(|l| l["status"] == "superseded")
        .collect();
    assert_eq!(marks.len(), 1, "{}", log.text);
    assert_eq!(marks[0]["job"], old);
    assert_eq!(marks[0]["by_job"], *new);

    // Nothing is left to decide.
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn an_edited_row_whose_older_version_was_refused_is_simply_sent() {
    let server = Server::scripted(vec![Step::reply(422, "no")]);
    let world = World::facing(&server);
    world.write("listings.csv", signed_row("pan left", "a"));
    world.run(&["submit", "listings.csv"]).expect(1);
    world.write("listings.csv", signed_row("pan right", "b"));
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.bills().len(), 1);
    let log = world.log();
    assert_eq!(
        log.lines
            .iter()
            .filter(|l| l["status"] == "superseded")
            .count(),
        1
    );
}

#[test]
fn an_edited_row_whose_older_version_is_in_doubt_is_held() {
    let server = Server::scripted(vec![Step::reset()]);
    let world = World::facing(&server);
    world.write("listings.csv", signed_row("pan left", "a"));
    world.run(&["submit", "listings.csv"]).expect(3);
    world.write("listings.csv", signed_row("pan right", "b"));
    world.run(&["submit", "listings.csv"]).expect(3);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn a_row_that_stands_there_twice_is_sent_once_and_both_lines_are_named() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2, 1]));
    let run = world.run(&["submit", "listings.csv", "--json"]).expect(0);
    assert!(run.stderr.contains("listings.csv:4"), "{}", run.stderr);
    assert!(run.stderr.contains("line 2"), "{}", run.stderr);
    assert_eq!(run.json()["duplicates"], 1);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn a_mistake_anywhere_keeps_every_row_back() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", with_mistakes());
    let run = world.run(&["submit", "listings.csv"]).expect(65);
    for place in ["listings.csv:3: column 2", "listings.csv:4: column 3"] {
        assert!(run.stderr.contains(place), "{}", run.stderr);
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(world.files(), ["listings.csv"]);
}

#[test]
fn rows_with_mistakes_can_be_left_out() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", with_mistakes());
    let run = world
        .run(&["submit", "listings.csv", "--skip-invalid", "--json"])
        .expect(0);
    assert_eq!(run.json()["invalid"], 2);
    assert_eq!(server.posts().len(), 1);
    assert!(run.stderr.contains("listings.csv:3"), "{}", run.stderr);
}

#[test]
fn a_manifest_that_is_not_there_or_is_a_folder_is_reported() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.run(&["submit", "nowhere.csv"]).expect(74);
    world.run(&["submit", "home"]).expect(74);
    assert_eq!(server.connections(), 0);
    assert!(world.files().is_empty());
}

#[test]
fn at_most_so_many_are_sent_in_a_run_and_the_next_goes_on() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(5));
    for sent in [2, 4, 5, 5] {
        world
            .run(&["submit", "listings.csv", "--max-jobs", "2"])
            .expect(0);
        assert_eq!(server.posts().len(), sent);
    }
    assert_eq!(world.log().count("pending"), 5);
}

#[test]
fn a_cap_on_credits_holds_whatever_is_in_flight() {
    for concurrency in ["1", "8"] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("listings.csv", listings(9));
        // 5 credits each: three fit, the fourth would not.
        let submit = [
            "submit",
            "listings.csv",
            "--concurrency",
            concurrency,
            "--max-credits",
        ];
        let run = world.run(&[&submit[..], &["19"]].concat()).expect(3);
        assert!(run.stderr.contains("--max-credits"), "{}", run.stderr);
        assert_eq!(server.bills().len(), 3, "concurrency {concurrency}");
        // What an earlier run has reserved counts.
        world.run(&[&submit[..], &["19"]].concat()).expect(3);
        assert_eq!(server.bills().len(), 3);
        world.run(&[&submit[..], &["20"]].concat()).expect(3);
        assert_eq!(server.bills().len(), 4);
        world.run(&[&submit[..], &["1000"]].concat()).expect(0);
        assert_eq!(server.bills().len(), 9);
    }
}

#[test]
fn a_cap_counts_what_is_in_doubt() {
    let server = Server::scripted(vec![Step::reset()]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    world
        .run(&[
            "submit",
            "listings.csv",
            "--concurrency",
            "1",
            "--max-credits",
            "10",
        ])
        .expect(3);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn a_dry_run_needs_no_network_and_writes_nothing() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2, 1]));
    let run = world
        .run(&["submit", "listings.csv", "--dry-run", "--json"])
        .expect(0);
    let output = run.json();
    assert_eq!(
        (&output["new"], &output["duplicates"]),
        (&2.into(), &1.into())
    );
    assert_eq!(output["credits_estimated"], 10);
    assert_eq!(server.connections(), 0);
    assert_eq!(world.files(), ["listings.csv"]);

    world.write("listings.csv", with_mistakes());
    let run = world
        .run(&["submit", "listings.csv", "--dry-run", "--json"])
        .expect(65);
    assert_eq!(run.json()["invalid"], 2);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_dry_run_needs_no_key() {
    let world = World::new().without_var("CREATIVEAI_API_KEY");
    world.write("listings.csv", listings(1));
    world
        .run(&["submit", "listings.csv", "--dry-run"])
        .expect(0);
    world.run(&["submit", "listings.csv"]).expect(78);
    assert_eq!(world.files(), ["listings.csv"]);
}

#[test]
fn a_dry_run_reports_what_the_log_holds() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world.run(&["submit", "listings.csv"]).expect(0);
    let edited = listings(3).replace("room 2", "room two");
    world.write("listings.csv", edited);
    let output = world
        .run(&["submit", "listings.csv", "--dry-run", "--json"])
        .expect(0)
        .json();
    for (what, count) in [("new", 1), ("skipped", 1), ("changed", 1)] {
        assert_eq!(output[what], count, "{what}: {output}");
    }
}

#[test]
fn a_manifest_can_come_by_standard_input() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world
        .run_with_input(&["submit", "-"], listings(3))
        .expect(0);
    world
        .run_with_input(&["submit", "-"], listings(4))
        .expect(0);
    assert_eq!(server.posts().len(), 4);
    assert_eq!(world.log().count("pending"), 4);
}

#[test]
fn the_log_keeps_every_column_of_a_listing() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "listings.csv",
        "listing_id,image_url,video_prompt,property_type,delivery_target\n\
         LST-4,https://cdn.example.com/4.jpg,\"Slow, \"\"warm\"\"\npan\",,website-hero\n",
    );
    world.run(&["submit", "listings.csv"]).expect(0);
    let log = world.log();
    let job = log.job_of("LST-4");
    assert_eq!(job["property_type"], "");
    assert_eq!(job["delivery_target"], "website-hero");
    assert_eq!(job["line"], 2);
    assert_eq!(job["request"], server.posts()[0].json());
    assert_eq!(job["request"]["prompt"], "Slow, \"warm\"\npan");
    assert_eq!(job["request"]["duration"], "5s");
    assert_eq!(server.posts()[0].path, "/v1/video/generations");
}

#[test]
fn the_log_keeps_every_column_of_a_product() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "products.csv",
        "sku,image_url,video_prompt,collection,target_surface\n\
         SKU-7,https://cdn.example.com/mug.jpg,\"Slow push, white sweep\",new,shopify-pdp\n",
    );
    world.run(&["submit", "products.csv"]).expect(0);
    let log = world.log();
    let job = log.job_of("SKU-7");
    assert_eq!(job["collection"], "new");
    assert_eq!(job["target_surface"], "shopify-pdp");
    assert!(job.get("listing_id").is_none());
}

#[test]
fn a_webhooks_address_names_the_attempt_unless_it_may_not() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    let hook = "https://example.com/hook?token=a%20b#top";
    world
        .run(&["submit", "listings.csv", "--webhook-url", hook])
        .expect(0);
    let post = &server.posts()[0];
    let expected = format!(
        "https://example.com/hook?token=a%20b&creativeai_job={}#top",
        post.idempotency_key()
    );
    assert_eq!(post.json()["webhook_url"], *expected);

    world.write("more.csv", rows([2]));
    world
        .run(&[
            "submit",
            "more.csv",
            "--webhook-url",
            hook,
            "--no-correlation",
        ])
        .expect(0);
    assert_eq!(server.posts()[1].json()["webhook_url"], hook);
}

#[test]
fn a_log_of_the_sample_scripts_is_read_and_its_rows_are_held() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "jobs.jsonl",
        concat!(
            r#"{"listing_id":"LST-1","property_type":"residential","generation_id":"vgen_a","status":"completed","output_url":"https://cdn.example.com/a.mp4"}"#,
            "\n",
            r#"{"listing_id":"LST-2","generation_id":"vgen_b","status":"pending","submitted_at":"2026-03-12T09:20:01.006Z"}"#,
            "\n",
            // A time-out, which may have been billed.
            r#"{"listing_id":"LST-3","status":"submit_failed","error":"TypeError: fetch failed"}"#,
            "\n",
            // A refusal, which was not.
            r#"{"listing_id":"LST-4","status":"submit_failed","error":"Error: HTTP 422: {}"}"#,
            "\n",
        ),
    );
    world.write("listings.csv", listings(5));
    assert_eq!(
        world.log().states(),
        ["completed", "pending", "submit_failed", "unknown"]
    );
    let run = world.run(&["submit", "listings.csv", "--json"]).expect(3);
    assert_eq!(run.json()["changed"], 3, "{}", run.stderr);
    let sent: Vec<Value> = server
        .posts()
        .iter()
        .map(|p| p.json()["image_url"].clone())
        .collect();
    assert_eq!(sent.len(), 2, "{sent:?}");
    for n in [4, 5] {
        assert!(
            sent.contains(&format!("https://cdn.example.com/{n}.jpg").into()),
            "{sent:?}"
        );
    }
}

#[test]
fn a_second_writer_waits_for_the_first_and_then_names_it() {
    let gate = Gate::default();
    let server = Server::start({
        let gate = gate.clone();
        move |_| Step::accept().held_at(Phase::Read, &gate)
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.write("more.csv", rows([2]));
    let first = world.start(&["submit", "listings.csv"]);
    server.wait_for_posts(1);
    let log = world.log();

    let second = world
        .run(&["submit", "more.csv", "--lock-wait", "0s"])
        .expect(75);
    let holder = format!("process {}", first.id());
    assert!(
        second.stderr.contains("`creativeai submit`"),
        "{}",
        second.stderr
    );
    assert!(second.stderr.contains(&holder), "{}", second.stderr);
    world.run(&["reconcile", "--lock-wait", "0s"]).expect(75);
    assert_eq!(server.posts().len(), 1);
    assert!(server.polls().is_empty());
    assert_eq!(world.log().text, log.text);

    // Someone who only reads needs no lock.
    world.run(&["submit", "more.csv", "--dry-run"]).expect(0);

    let third = world.start(&["submit", "more.csv", "--lock-wait", "2m"]);
    gate.open();
    first.wait().expect(0);
    third.wait().expect(0);
    assert_eq!(server.bills().len(), 2);
}

#[test]
fn two_runs_at_once_send_each_row_once() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(25));
    let submit = ["submit", "listings.csv", "--lock-wait", "2m"];
    let runs: Vec<_> = (0..4).map(|_| world.start(&submit)).collect();
    for run in runs {
        run.wait().expect(0);
    }
    assert_eq!(server.posts().len(), 25);
    assert_eq!(world.log().count("pending"), 25);
}

#[test]
fn a_torn_last_line_is_ended_and_nothing_is_lost() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world
        .run(&["submit", "listings.csv", "--max-jobs", "1"])
        .expect(0);
    let whole = world.log().text;
    let torn = format!("{whole}{{\"at\":\"2026-03-12T09:20:00.412Z\",\"job\":\"5b1f");
    world.write("jobs.jsonl", &torn);
    let run = world.run(&["submit", "listings.csv"]).expect(0);
    assert!(run.stderr.contains("cannot be read"), "{}", run.stderr);
    assert_eq!(server.posts().len(), 2);
    let log = world.log();
    assert!(log.text.starts_with(&format!("{torn}\n{{")), "{}", log.text);
    assert_eq!(log.count("pending"), 2);
}

#[test]
fn a_last_line_that_lacks_only_its_newline_counts() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world
        .run(&["submit", "listings.csv", "--max-jobs", "1"])
        .expect(0);
    world.write("jobs.jsonl", world.log().text.trim_end());
    std::fs::remove_file(world.path("jobs.jsonl.lock")).unwrap();
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 2);
    assert_eq!(world.log().count("pending"), 2);
    assert_eq!(world.log().lines.len(), 4);
}

#[test]
fn a_manifest_that_changes_between_the_passes_stops_the_run() {
    let world = World::new();
    let path = world.path("listings.csv");
    world.write("listings.csv", listings(60));
    // The rows are read again as there is room to send; by then they are others.
    let server = Server::start(move |post| {
        if post.number == 0 {
            std::fs::write(&path, listings(60).replace("room", "hall")).unwrap();
        }
        Step::accept()
    });
    let submit = ["submit", "listings.csv", "--concurrency", "1", "--base-url"];
    let run = world.run(&[&submit[..], &[&server.url()]].concat());
    // What was read before is sent as it was checked; nothing else is.
    for post in server.posts() {
        assert!(post.json()["prompt"].as_str().unwrap().contains("room"));
    }
    if server.posts().len() < 60 {
        assert_eq!(run.code(), 65, "{}", run.stderr);
    }
    assert_eq!(world.log().count("pending"), server.bills().len());
}
