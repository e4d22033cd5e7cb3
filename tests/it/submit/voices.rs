//! Voices, from the spreadsheet to the finished file.

use crate::support::transcript::recorded;
use crate::support::{KEY, Server, Step, World};

const MANIFEST: &str = "listing_id,text,voice,speed,agent\n\
    LST-1,\"Welcome to Maple Street, \"\"the bright one\"\"\",nova,1.1,Kim\n\
    LST-2,Bonjour,,,\n";

fn world(server: &Server) -> World {
    let world = World::facing(server);
    world.write("voices.csv", MANIFEST);
    world
}

#[test]
fn a_renamed_voice_is_held_in_words_that_fit_it() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for (id, code) in [("S1", 0), ("S2", 3)] {
        world.write("voices.csv", format!("sku,text\n{id},Hello\n"));
        let run = world.run(&["submit", "voices.csv"]).expect(code);
        let is_held = run
            .stderr
            .contains("whose row is gone: all but the id is the same, and");
        assert_eq!(is_held, code == 3, "{}", run.stderr);
    }
}

/// A webhook of the vendor's, signed, as the receiver keeps it.
fn capture(id: &str, job: &str, status: &str) -> String {
    let payload = serde_json::json!({
        "id": id, "object": "voice.generation", "status": status, "credits": 2,
        "output_url": format!("https://cdn.example.com/{id}.mp3"),
    });
    signed(&payload, job)
}

/// Any payload, signed and kept.
fn signed(payload: &serde_json::Value, job: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let body = payload.to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = base16ct::lower::encode_string(&mac.finalize().into_bytes());
    let capture = serde_json::json!({
        "v": 1, "received_at": "2026-03-12T09:22:18Z", "method": "POST",
        "url": format!("/webhooks/creativeai?creativeai_job={job}"),
        "headers": {"x-creativeai-signature": format!("sha256={signature}")},
        "body": body,
    });
    format!("{capture}\n")
}

#[test]
fn rows_with_a_text_are_sent_as_voices() {
    let server = Server::accepting();
    let world = world(&server);
    world.run(&["submit", "voices.csv"]).expect(0);
    let posts = server.posts();
    assert_eq!(posts.len(), 2);
    for post in &posts {
        assert_eq!(post.path, "/api/generate/voice");
        assert!(post.json().get("duration").is_none() && post.json().get("image_url").is_none());
    }
    let of = |text: &str| {
        posts
            .iter()
            .find(|p| p.json()["text"] == text)
            .unwrap()
            .json()
    };
    let first = of("Welcome to Maple Street, \"the bright one\"");
    assert_eq!(
        (&first["voice"], &first["language"]),
        (&"nova".into(), &"en".into())
    );
    assert_eq!(first["speed"].as_f64(), Some(1.1));
    let second = of("Bonjour");
    assert_eq!(second["voice"], "alloy");
    assert_eq!(second["speed"].as_f64(), Some(1.0));
    assert_eq!(world.log().job_of("LST-1")["agent"], "Kim");
    // Once.
    world.run(&["submit", "voices.csv"]).expect(0);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn without_a_path_to_poll_only_webhooks_report_and_the_network_is_left_alone() {
    let server = Server::accepting();
    let world = world(&server);
    world.write("creativeai.toml", "[voice]\npoll_path = \"\"\n");
    world.run(&["submit", "voices.csv"]).expect(0);
    let before = world.log().text;
    for args in [vec!["reconcile"], vec!["reconcile", "--wait"]] {
        let run = world.run(&args);
        assert!(run.stderr.contains("webhook"), "{}", run.stderr);
        assert_eq!(server.polls().len(), 0);
        assert_eq!(world.log().text, before);
    }
    recorded("voice-not-polled", &world, &["reconcile"]);

    let bills = server.bills();
    let captures: String = bills
        .iter()
        .zip(["completed", "failed"])
        .map(|(bill, status)| capture(&bill.id, &bill.key, status))
        .collect();
    world.write("captures.jsonl", captures);
    let replay = ["reconcile", "--replay", "captures.jsonl", "--json"];
    let run = world.run(&replay).expect(1).json();
    assert_eq!((&run["applied"], &run["completed"]), (&2.into(), &1.into()));
    assert_eq!(run["credits_charged"], 2);
    assert_eq!(world.log().states(), ["completed", "failed"]);
    // A replay that learns nothing writes nothing.
    let log = world.log().text;
    let run = world.run(&replay).expect(1).json();
    assert_eq!((&run["applied"], &run["known"]), (&0.into(), &2.into()));
    assert_eq!(world.log().text, log);
    assert_eq!(server.polls().len(), 0);
}

#[test]
fn the_path_to_poll_is_a_setting() {
    let server = Server::answering(|request| {
        if request.method == "POST" {
            return Step::accept();
        }
        let (_, id) = request.path.rsplit_once("id=").unwrap_or_default();
        let reply = serde_json::json!({
            "job_id": id, "status": "completed", "output_url": "https://cdn.example.com/a.mp3",
        });
        Step::reply(200, reply.to_string())
    });
    let world = world(&server);
    world.write(
        "creativeai.toml",
        "[voice]\npoll_path = \"/api/voices?id={id}\"\n",
    );
    world.run(&["submit", "voices.csv"]).expect(0);
    world.run(&["reconcile"]).expect(0);
    let polls = server.polls();
    assert_eq!(polls.len(), 2);
    assert!(
        polls
            .iter()
            .all(|p| p.path.starts_with("/api/voices?id=vgen_"))
    );
    assert_eq!(world.log().count("completed"), 2);
    for wrong in ["api/voices/{id}", "/api/voices"] {
        world.write(
            "creativeai.toml",
            format!("[voice]\npoll_path = \"{wrong}\"\n"),
        );
        world.run(&["reconcile"]).expect(78);
    }
    assert_eq!(server.polls().len(), 2);
}

#[test]
fn a_lost_reply_is_in_doubt_until_a_signed_webhook_names_it() {
    let text = "A mug that keeps warm";
    let server = Server::scripted(vec![Step::reset().billed()]);
    let world = world(&server);
    world.write("voices.csv", format!("sku,text\nMUG-1,{text}\n"));
    let args = [
        "submit",
        "voices.csv",
        "--webhook-url",
        "https://example.com/hook",
    ];
    world.run(&args).expect(3);
    let bill = &server.bills()[0];
    let args = ["reconcile", "--replay", "captures.jsonl", "--json"];
    // Someone else's text proves nothing.
    let about =
        |text: &str| serde_json::json!({"id": bill.id, "status": "completed", "text": text});
    world.write("captures.jsonl", signed(&about("Another"), &bill.key));
    let run = world.run(&args).expect(3).json();
    assert_eq!(run["unknown_id"], 1);
    world.write("captures.jsonl", signed(&about(text), &bill.key));
    let run = world.run(&args).expect(0).json();
    assert_eq!(run["applied"], 1);
    assert_eq!(world.log().job()["generation_id"], *bill.id);
}

#[test]
fn the_sandbox_speaks_too() {
    let world = World::new();
    world.write("voices.csv", MANIFEST);
    let args = ["submit", "voices.csv", "--sandbox", "--wait", "--json"];
    let run = world.run(&args).expect(0).json();
    assert_eq!(run["completed"], 2);
    let args = ["download", "sandbox-jobs.jsonl", "--sandbox", "--json"];
    let run = world.run(&args).expect(0).json();
    assert_eq!(run["downloaded"], 2);
    let log = crate::support::Log::read(&world.path("sandbox-jobs.jsonl"));
    for listing in ["LST-1", "LST-2"] {
        let file = log.job_of(listing)["downloaded"]["file"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(world.path(&file).is_file(), "{file}");
    }
}

#[test]
fn another_variant_of_a_voice_is_not_the_ordered_one() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let sheet = |variant: &str| format!("listing_id,text,variant\nLST-1,Welcome,{variant}\n");
    world.write("voices.csv", sheet("morning"));
    world.run(&["submit", "voices.csv"]).expect(0);
    world.write("voices.csv", sheet("evening"));
    let held = world.run(&["submit", "voices.csv", "--json"]).expect(3);
    assert_eq!(held.json()["changed"], 1, "{}", held.stderr);
    // Beside the row of the ordered one it is a second clip.
    let both = format!("{}LST-1,Welcome,evening\n", sheet("morning"));
    world.write("voices.csv", both);
    world.run(&["submit", "voices.csv"]).expect(0);
    assert_eq!(server.bills().len(), 2);
}
