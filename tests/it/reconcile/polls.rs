//! What is asked for, and what captures report.

use serde_json::json;

use crate::support::lines::{A, line, rendering};
use crate::support::{Server, Step, World, listings};

#[test]
fn an_attempt_with_two_ids_may_be_finished_under_either() {
    for wait in [false, true] {
        let server = Server::answering(|request| {
            let id = request.path.rsplit('/').next().unwrap_or_default();
            if id == "vgen_1" {
                return Step::reply(404, "{}");
            }
            let url = "https://cdn.example.com/2.mp4";
            let body = json!({ "id": id, "status": "completed", "output_url": url });
            Step::reply(200, body.to_string())
        });
        let world = World::facing(&server);
        let second = line(2, A, "pending", json!({ "generation_id": "vgen_2" }));
        world.write("jobs.jsonl", rendering(A, "vgen_1") + &*second);
        if wait {
            // Nothing is left to ask for once the other id has brought the end.
            world
                .run(&["reconcile", "--wait", "--interval", "1s"])
                .expect(0);
        } else {
            world.run(&["reconcile"]).expect(75);
        }
        let log = world.log();
        assert_eq!(log.job()["status"], "completed");
        assert_eq!(log.job()["generation_ids"], json!(["vgen_1", "vgen_2"]));
        assert_eq!(log.job()["conflict"], "billed_twice");
        let length = log.text.len();
        world.run(&["reconcile"]).expect(0);
        assert_eq!(world.log().text.len(), length);
    }
}

#[test]
fn a_request_cut_out_of_a_webhook_site_export_is_recognized_without_its_token() {
    let world = World::new();
    world.write("jobs.jsonl", rendering(A, "vgen_1"));
    let content = json!({ "id": "vgen_1", "status": "completed" }).to_string();
    let request = json!({
        "uuid": "0e2a", "method": "POST", "url": "https://webhook.site/0e2a",
        "headers": { "x-creativeai-signature": ["sha256=00"] }, "content": content,
    });
    let page = json!({ "data": [request], "total": 1 });
    for (name, export) in [("one.json", &request), ("page.json", &page)] {
        world.write(name, export.to_string());
        let run = world
            .run(&["reconcile", "--replay", name, "--json"])
            .expect(0);
        assert_eq!(run.json()["rejected"], 1, "{name}: {}", run.stderr);
    }
}

#[test]
fn an_answer_that_does_not_come_keeps_no_run_from_its_end() {
    let server = Server::answering(|_| Step::silence());
    let world = World::facing(&server);
    world.write("jobs.jsonl", rendering(A, "vgen_1"));
    let before = world.log().text;
    let slowly = ["reconcile", "--request-timeout", "1h"];
    for more in [&["--timeout", "1s"][..], &["--timeout", "1s", "--wait"]] {
        world.run(&[&slowly[..], more].concat()).expect(75);
    }
    assert_eq!(world.log().text, before);
}

#[test]
fn an_id_that_a_person_mistyped_is_said_once_with_what_corrects_it() {
    let server = Server::answering(|request| match request.method.as_str() {
        "POST" => Step::reset(),
        _ => Step::reply(404, "no such generation"),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(3);
    let typed = ["resolve", "LST-1", "--generation-id", "vgen_typo"];
    world.run(&typed).expect(0);
    let wait = ["reconcile", "--wait", "--interval", "10ms"];
    let output = world.run(&wait).expect(75).stderr;
    assert_eq!(
        output.matches("does not know this id").count(),
        1,
        "{output}"
    );
    let corrects = output
        .split('`')
        .find(|text| text.ends_with("--generation-id ID"));
    let corrects = corrects.unwrap_or_else(|| panic!("{output}"));
    let corrects = corrects.replace(" ID", " vgen_right");
    let words: Vec<&str> = corrects.split(' ').skip(1).collect();
    world.run(&words).expect(0);
    assert!(world.log().text.contains("\"vgen_right\""));
}

#[test]
fn an_answer_of_no_use_is_told_once_however_often_it_comes() {
    let server = Server::answering(|_| Step::reply(200, r#"{"status":"cancelled"}"#));
    let world = World::facing(&server);
    world.write("jobs.jsonl", rendering(A, "vgen_1"));
    let wait = ["reconcile", "--wait", "--interval", "10ms"];
    let output = world.run(&wait).expect(75).stderr;
    assert_eq!(
        output.matches("gave no usable answer").count(),
        1,
        "{output}"
    );
    assert!(!output.contains("could not be asked"), "{output}");
}
