//! News that come late, for attempts that no one asks for any more.

use serde_json::json;

use crate::support::delivery::{Delivery, announced};
use crate::support::{Server, Step, World, listings};

const JOB: &str = "5b1f0c9a77d2e318";

fn replay(world: &World, delivery: &Delivery) -> crate::support::Ended {
    world.write("captures.jsonl", delivery.envelope());
    world.run(&["reconcile", "--replay", "captures.jsonl", "--json"])
}

#[test]
fn a_clip_that_came_after_all_is_not_ordered_again_by_a_throttled_second_attempt() {
    for (ended, late) in [
        ("failed", "completed"),
        ("refused", "completed"),
        ("refused", "pending"),
    ] {
        let server = Server::answering(move |request| match (request.method.as_str(), ended) {
            ("POST", "failed") if request.path.contains("generations") => Step::accept(),
            ("POST", _) => Step::reply(429, "").with("Retry-After", "0"),
            _ => Step::reply(200, r#"{"status":"failed","error":"provider timeout"}"#),
        });
        let throttling = Server::start(|_| Step::reply(429, "").with("Retry-After", "0"));
        let world = World::facing(&server);
        world.write("listings.csv", listings(1));
        let hook = ["--webhook-url", "https://receiver.example/hook"];
        let submit = [&["submit", "listings.csv"][..], &hook].concat();
        if ended == "failed" {
            world.run(&submit).expect(0);
            world.run(&["reconcile"]).expect(1);
        } else {
            world.run(&submit).expect(75);
        }
        // The second attempt is throttled.
        let world = world.with_var("CREATIVEAI_BASE_URL", &throttling.url());
        if ended == "failed" {
            world.run(&["retry", "--failed"]).expect(75);
        } else {
            world.run(&submit).expect(75);
        }
        let log = world.log();
        assert_eq!(log.job()["attempts"], 2, "{}", log.text);
        assert_eq!(log.job()["temporary"], true);

        // Then the vendor reports the first one.
        let order = &server.posts()[0];
        let id = match log.ids().first() {
            Some(id) => (*id).to_owned(),
            None => "vgen_late".to_owned(),
        };
        let mut body = crate::support::delivery::completed(&id);
        body["status"] = late.into();
        body["prompt"] = order.json()["prompt"].clone();
        let delivery = Delivery::of(&body).naming(order.idempotency_key());
        let output = replay(&world, &delivery);
        assert_eq!(output.json()["applied"], 1, "{}", output.stderr);

        // Nothing is ordered by any command.
        let accepting = Server::accepting();
        let world = world.with_var("CREATIVEAI_BASE_URL", &accepting.url());
        world.run(&submit);
        world.run(&["retry", "--failed"]);
        world.run(&["retry", "--unknown", "--yes"]);
        let run = world.run(&["retry", "--failed", "--id", "LST-1"]);
        let why = if late == "completed" {
            "its clip is finished"
        } else {
            "under way"
        };
        assert!(run.stderr.contains(why), "{}", run.stderr);
        assert!(accepting.posts().is_empty(), "{ended} {late}");
    }
}

#[test]
fn a_capture_proves_an_acceptance_that_a_person_denied() {
    for verdict in ["not_accepted", "dismissed"] {
        let world = World::new();
        let denied = json!({"at": "2099-03-12T09:30:00.000Z", "job": JOB, "attempt": 1,
                            "status": "resolved", "verdict": verdict, "by": "a@b"});
        world.write(
            "jobs.jsonl",
            announced(JOB, "LST-1") + &*format!("{denied}\n"),
        );
        let delivery = Delivery::completed("vgen_1").naming(&format!("{JOB}.1"));
        replay(&world, &delivery).expect(0);
        let log = world.log();
        assert_eq!(log.job()["status"], "completed", "{verdict}");
        assert_eq!(log.lines.last().unwrap()["at"], "2099-03-12T09:30:00.001Z");
    }
}

#[test]
fn news_of_one_file_are_later_than_each_other_too() {
    let world = World::new();
    let future = json!({"at": "2099-03-12T09:30:00.000Z", "job": JOB, "attempt": 1,
                        "status": "pending", "listing_id": "LST-1", "generation_id": "vgen_1"});
    world.write(
        "jobs.jsonl",
        announced(JOB, "LST-1") + &*format!("{future}\n"),
    );
    let mut rendering = crate::support::delivery::completed("vgen_1");
    rendering["status"] = "processing".into();
    let both = [Delivery::of(&rendering), Delivery::completed("vgen_1")];
    world.write(
        "captures.jsonl",
        both.iter().map(Delivery::envelope).collect::<String>(),
    );
    world
        .run(&["reconcile", "--replay", "captures.jsonl"])
        .expect(0);
    let log = world.log();
    let times: Vec<&str> = log
        .lines
        .iter()
        .map(|l| l["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
}

#[test]
fn an_address_that_names_a_job_already_leads_to_ours() {
    for old in [
        "creativeai_job=00000000000000aa.7",
        "creativeai_job={JOB}",
        "creativeai_job=&tenant=4",
        "tenant=4&creativeai_job=00000000000000aa.7&x",
    ] {
        let server = Server::start(|_| Step::reset().billed());
        let world = World::facing(&server);
        world.write("listings.csv", listings(1));
        let hook = format!("https://receiver.example/hook?{old}");
        world
            .run(&["submit", "listings.csv", "--webhook-url", &hook])
            .expect(3);
        let order = server.posts()[0].json();
        let address = order["webhook_url"].as_str().unwrap();
        assert_eq!(address.matches("creativeai_job").count(), 1, "{address}");
        assert_eq!(
            address.contains("tenant=4"),
            old.contains("tenant=4"),
            "{address}"
        );

        let mut body = crate::support::delivery::completed("vgen_1");
        body["prompt"] = order["prompt"].clone();
        let mut delivery = Delivery::of(&body);
        delivery.url = address.replace("https://receiver.example", "");
        replay(&world, &delivery).expect(0);
        assert_eq!(world.log().job()["status"], "completed", "{address}");
    }
}
