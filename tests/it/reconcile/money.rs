//! In summaries, states count the jobs at the end; the rest counts the run.

use serde_json::{Value, json};

use crate::support::lines::{A, B, finished, line, rendering};
use crate::support::{Server, Step, World};

#[test]
fn a_run_counts_only_what_it_has_learned_to_be_charged() {
    let server = Server::answering(|request| {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let body = json!({
            "id": id, "status": "completed", "output_url": "https://cdn.example.com/b.mp4",
            "credits": 5, "adjusted_credits": 3,
        });
        Step::reply(200, body.to_string())
    });
    let world = World::facing(&server);
    let url = "https://cdn.example.com/a.mp4";
    world.write(
        "jobs.jsonl",
        finished(A, "vgen_a", url) + &*rendering(B, "vgen_b"),
    );
    let run = world.run(&["reconcile", "--json"]).expect(0).json();
    assert_eq!(
        (&run["completed"], &run["credits_charged"]),
        (&json!(2), &json!(3))
    );
    let run = world.run(&["reconcile", "--json"]).expect(0).json();
    assert_eq!(
        (&run["completed"], &run["credits_charged"]),
        (&json!(2), &json!(0))
    );
    let all = world
        .run(&["status", "--summary", "--json"])
        .expect(0)
        .json();
    assert_eq!(all["credits_charged"], 8);
}

/// An attempt with two ids. `ends` are the lines after both were accepted: the id, the status and
/// other fields.
fn two_ids(ends: &[(&str, &str, Value)]) -> String {
    let request = json!({"model": "kling-v3", "prompt": "pan", "duration": "5s",
                         "image_url": "https://cdn.example.com/a.jpg", "aspect_ratio": "16:9"});
    let announced = json!({"request": request, "credits_estimated": 5});
    let mut log = line(0, A, "submitting", announced);
    for id in ["vgen_1", "vgen_2"] {
        log += &line(1, A, "pending", json!({ "generation_id": id }));
    }
    for (id, status, more) in ends {
        let mut more = more.clone();
        more["generation_id"] = (*id).into();
        log += &line(2, A, status, more);
    }
    log
}

#[test]
fn an_attempt_that_was_billed_twice_costs_twice() {
    // What the log holds; then charged, the estimate for what was not reported, reserved and refunded.
    type Case<'a> = (&'a [(&'a str, &'a str, Value)], [u32; 4]);
    let output = |credits: u32| json!({ "credits": credits });
    let silent = || json!({});
    let cases: [Case<'_>; 8] = [
        (&[], [0, 0, 10, 0]),
        (&[("vgen_1", "processing", silent())], [0, 0, 10, 0]),
        (&[("vgen_1", "completed", output(4))], [4, 5, 0, 0]),
        (&[("vgen_1", "completed", silent())], [0, 10, 0, 0]),
        (
            &[
                ("vgen_1", "completed", output(4)),
                ("vgen_2", "completed", output(6)),
            ],
            [10, 0, 0, 0],
        ),
        (
            &[
                ("vgen_1", "completed", output(4)),
                (
                    "vgen_2",
                    "completed",
                    json!({"credits": 6, "adjusted_credits": 1}),
                ),
            ],
            [5, 0, 0, 0],
        ),
        // What failed is given back.
        (
            &[
                ("vgen_1", "completed", output(4)),
                ("vgen_2", "failed", silent()),
            ],
            [4, 0, 0, 5],
        ),
        (&[("vgen_1", "failed", silent())], [0, 0, 5, 5]),
    ];
    for (ends, [charged, untold, reserved, refunded]) in cases {
        let world = World::new();
        world.write("jobs.jsonl", two_ids(ends));
        let all = world
            .run(&["status", "--summary", "--json"])
            .expect(0)
            .json();
        assert_eq!(all["credits_charged"], charged, "{ends:?}");
        assert_eq!(all["credits_reserved"], reserved, "{ends:?}");
        assert_eq!(all["credits_refunded"], refunded, "{ends:?}");
        assert_eq!(all["billed_twice"], 1);
        let dollars = f64::from(charged + untold + reserved) * 0.1;
        assert!(
            (all["dollars"]["high"].as_f64().unwrap() - dollars).abs() < 1e-9,
            "{all}"
        );

        let job = world.run(&["status", "--json"]).expect(0).json()[0].clone();
        if charged > 0 {
            assert_eq!(job["credits"], charged, "{job}");
            assert_eq!(job.get("adjusted_credits"), None);
        }
        let page = world.run(&["report", "-o", "-"]).expect(0).stdout;
        let spent = charged + untold;
        if spent > 0 {
            assert!(page.contains(&format!("{spent} credits")), "{ends:?}");
        }
    }
}

#[test]
fn a_cap_counts_both_bills_of_an_attempt_that_was_billed_twice() {
    let ends = [("vgen_1", "completed", json!({ "credits": 5 }))];
    for (cap, sent, code) in [("14", 0, 3), ("15", 1, 0)] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("jobs.jsonl", two_ids(&ends));
        world.write("listings.csv", crate::support::listings(1));
        world
            .run(&["submit", "listings.csv", "--max-credits", cap])
            .expect(code);
        assert_eq!(server.posts().len(), sent, "{cap}");
    }
}

#[test]
fn an_attempt_whose_other_id_still_renders_is_asked_for_and_not_ordered_again() {
    let server = Server::answering(|request| {
        let is_other = request.path.ends_with("vgen_2");
        let status = if is_other { "completed" } else { "failed" };
        let id = request.path.rsplit('/').next().unwrap_or_default();
        Step::reply(
            200,
            json!({"id": id, "status": status, "credits": 5}).to_string(),
        )
    });
    let world = World::facing(&server);
    let ends = [("vgen_1", "failed", json!({ "error": "too dark" }))];
    world.write("jobs.jsonl", two_ids(&ends));
    let run = world.run(&["retry", "--failed", "--id", A]);
    assert!(run.stderr.contains("is under way"), "{}", run.stderr);
    assert!(server.posts().is_empty());
    world.run(&["reconcile"]).expect(0);
    let log = world.log();
    assert_eq!(log.job()["status"], "completed");
    // Nothing is left to ask for.
    let polls = server.polls().len();
    world.run(&["reconcile"]).expect(0);
    assert_eq!(server.polls().len(), polls);
}

#[test]
fn everything_calls_an_attempt_under_way_of_whose_two_ids_one_has_failed() {
    let first = two_ids(&[("vgen_1", "failed", json!({"error": "too dark"}))]);
    let rendering = first.clone() + &*line(3, A, "processing", json!({"generation_id": "vgen_2"}));
    for (log, word) in [(first, "pending"), (rendering, "processing")] {
        let server = Server::answering(move |request| {
            let id = request.path.rsplit('/').next().unwrap_or_default();
            let status = if id == "vgen_1" { "failed" } else { word };
            let body = json!({"id": id, "status": status, "error": "too dark"});
            Step::reply(200, body.to_string())
        });
        let world = World::facing(&server);
        world.write("jobs.jsonl", log);
        let shown = |world: &World| {
            let jobs = world.run(&["status", "--json"]).expect(0).json();
            let summary = world
                .run(&["status", "--summary", "--json"])
                .expect(0)
                .json();
            (jobs[0]["status"].clone(), summary[word].clone())
        };
        assert_eq!(shown(&world), (word.into(), 1.into()));
        let ended = world.run(&["reconcile", "--json"]).expect(0).json();
        assert_eq!((&ended[word], &ended["failed"]), (&1.into(), &0.into()));
        assert_eq!(shown(&world), (word.into(), 1.into()));
        let asked: Vec<String> = server.polls().into_iter().map(|poll| poll.path).collect();
        assert!(
            asked.iter().any(|path| path.ends_with("vgen_2")),
            "{asked:?}"
        );
        world.run(&["retry", "--failed"]).expect(0);
        assert!(server.posts().is_empty());
    }
}
