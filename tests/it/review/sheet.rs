//! Verdicts by way of a table; what publish and retry make of them.

use serde_json::Value;

use super::{finished, judge};
use crate::support::orders::Order;
use crate::support::vendor::{unused_api, world};
use crate::support::{Server, Step, World};

fn jobs(world: &World) -> Vec<Value> {
    let json = world.run(&["status", "--json"]).expect(0).json();
    json.as_array().unwrap().clone()
}

/// The verdict on each job, in order.
fn looks(world: &World) -> Vec<String> {
    let look = |job: &Value| job["reviewed"]["verdict"].as_str().unwrap_or("").to_owned();
    jobs(world).iter().map(look).collect()
}

#[test]
fn a_table_that_an_older_excel_has_saved_is_taken_in_as_advised() {
    let order = Order::of("caf\u{e9}", 2, "https://cdn.example.com/0.mp4");
    let world = world(&unused_api(), &order.lines());
    let table = world.run(&["review", "--csv"]).expect(0).stdout;
    let filled = table.replace("0.mp4,,", "0.mp4,keep,").replace(',', ";");
    // As Windows-1252.
    world.write(
        "clips.csv",
        filled.chars().map(|c| c as u8).collect::<Vec<_>>(),
    );
    let refused = world.run(&["review", "--from", "clips.csv"]).expect(65);
    let advice = "--encoding windows-1252";
    assert!(refused.stderr.contains(advice), "{}", refused.stderr);
    let mut review = vec!["review", "--from", "clips.csv"];
    review.extend(advice.split(' '));
    review.extend(["--delimiter", ";"]);
    world.run(&review).expect(0);
    assert_eq!(looks(&world), ["kept"]);
}

#[test]
fn a_table_goes_out_and_comes_back_with_verdicts() {
    let (_api, world, orders) = finished(3);
    let table = world.run(&["review", "--csv"]).expect(0).stdout;
    let mut lines = table.lines();
    assert_eq!(
        lines.next().unwrap(),
        "id,clip,prompt,file,address,verdict,job,attempt"
    );
    let rows: Vec<&str> = lines.collect();
    assert_eq!(rows.len(), 3);
    let job = orders[0].job();
    assert_eq!(
        rows[0],
        // A key of digits alone would come back as 1.2E+15.
        format!("LST-0,2,Slow pan 2,,https://cdn.example.com/0.mp4,,job-{job},1")
    );
    // As a spreadsheet program saves it: semicolons, CRLF, a byte order mark.
    let filled = table
        .replace("0.mp4,,", "0.mp4,Keep,")
        .replace("2.mp4,,", "2.mp4,reject,");
    let saved = format!("\u{feff}{}", filled.replace(',', ";").replace('\n', "\r\n"));
    world.write("clips.csv", saved);
    let run = world.run(&["review", "--from", "clips.csv", "--json"]);
    let json = run.expect(0).json();
    assert_eq!(json["kept"], 1);
    assert_eq!(json["rejected"], 1);
    assert_eq!(json["empty"], 1);
    assert_eq!(json["changed"], 2);
    assert_eq!(looks(&world), ["kept", "", "rejected"]);

    // The same again is nothing new; another verdict counts from now on.
    let before = world.log().text;
    world.run(&["review", "--from", "clips.csv"]).expect(0);
    assert_eq!(world.log().text, before);
    judge(&world, &orders, &["reject", "", "keep"]);
    assert_eq!(looks(&world), ["rejected", "", "kept"]);
    assert!(world.log().text.starts_with(&before), "lines are appended");

    let shown = world.run(&["status"]).expect(0).stdout;
    for words in [
        "ready, kept",
        "ready, rejected",
        "1 kept, 1 rejected, 1 not looked at",
        "1 clip waits for review:",
        "creativeai review",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let waiting = ["review", "--csv", "--where", "review=waiting"];
    let waiting = world.run(&waiting).expect(0).stdout;
    assert_eq!(waiting.lines().count(), 2, "{waiting}");
    assert!(waiting.contains("LST-1"), "{waiting}");
    world.run(&["compact"]).expect(0);
    assert_eq!(looks(&world), ["rejected", "", "kept"]);
}

#[test]
fn a_table_with_a_mistake_changes_nothing() {
    let (_api, world, orders) = finished(2);
    let (first, second) = (orders[0].job(), orders[1].job());
    let before = world.log().text;
    for (table, words) in [
        (
            format!("job,attempt,verdict\n{first},1,keep\n{second},1,maybe\n"),
            "clips.csv:3: column 3 (verdict): \"maybe\" is not a verdict",
        ),
        (
            format!("job,attempt,verdict\n{first},2,keep\n"),
            "clips.csv:2: column 1 (job): the log knows no clip of this attempt",
        ),
        (
            "job,attempt,verdict\n0000000000000000,1,keep\n".to_owned(),
            "the log knows no such job",
        ),
        (
            format!("job,attempt,verdict\n{first},1,keep\n{first},1,reject\n"),
            "clips.csv:3: column 3 (verdict): line 2 says kept of the same clip",
        ),
        (
            format!("job,attempt,verdict,Verdict\n{first},1,keep,reject\n"),
            "several columns are called verdict",
        ),
        (
            format!("job,verdict\n{first},keep\n"),
            "cannot find the column attempt",
        ),
    ] {
        world.write("clips.csv", table);
        let run = world.run(&["review", "--from", "clips.csv"]).expect(65);
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        assert!(
            run.stderr.contains("no verdict was recorded"),
            "{}",
            run.stderr
        );
        assert_eq!(world.log().text, before);
    }
}

#[test]
fn what_was_rejected_is_not_published_and_approved_waits_for_a_look() {
    let (_api, world, orders) = finished(3);
    judge(&world, &orders, &["keep", "reject", ""]);
    let publish = [
        "publish",
        "--exec",
        if cfg!(windows) {
            "echo !CREATIVEAI_LISTING_ID!>> out"
        } else {
            "echo \"$CREATIVEAI_LISTING_ID\" >> out"
        },
    ];
    let approved = [&publish[..], &["--approved", "--json"]].concat();
    let json = world.run(&approved).expect(0).json();
    assert_eq!(json["published"], 1);
    assert_eq!(json["rejected"], 1);
    assert_eq!(json["not_looked_at"], 1);
    let out = || {
        std::fs::read_to_string(world.path("out"))
            .unwrap()
            .replace('\r', "")
    };
    assert_eq!(out(), "LST-0\n");

    let run = world.run(&approved[..approved.len() - 1]).expect(0);
    assert!(
        run.stderr
            .contains("1 rejected and left out; 1 waits for review: `creativeai review`"),
        "{}",
        run.stderr
    );
    // The setting does the same; without either, only what was rejected stays.
    world.write("creativeai.toml", "[publish]\napproved = true\n");
    let json = world
        .run(&[&publish[..], &["--json"]].concat())
        .expect(0)
        .json();
    assert_eq!(json["not_looked_at"], 1);
    world.write("creativeai.toml", "");
    world.run(&publish).expect(0);
    assert_eq!(out(), "LST-0\nLST-2\n");
}

#[test]
fn a_listing_goes_out_as_a_whole_only_when_all_of_it_was_kept() {
    let api = unused_api();
    let orders: Vec<Order> = (0..2)
        .map(|n| Order::of("LST-1", n + 2, &format!("https://cdn.example.com/{n}.mp4")))
        .collect();
    let world = world(&api, &crate::support::orders::log_of(&orders));
    let publish = [
        "publish",
        "--exec",
        "exit 0",
        "--when",
        "complete",
        "--approved",
        "--json",
    ];
    judge(&world, &orders, &["keep", ""]);
    let json = world.run(&publish).expect(0).json();
    assert_eq!(
        (&json["published"], &json["waiting"]),
        (&0.into(), &1.into())
    );
    judge(&world, &orders, &["keep", "keep"]);
    assert_eq!(world.run(&publish).expect(0).json()["published"], 2);
}

/// A vendor that accepts, and then has a clip.
fn vendor() -> Server {
    Server::answering(|request| {
        let id = "vgen_second";
        let status = if request.method == "POST" {
            "pending"
        } else {
            "completed"
        };
        let body = serde_json::json!({
            "id": id, "status": status, "credits": 5,
            "output_url": "https://cdn.example.com/again.mp4",
        });
        Step::reply(200, body.to_string()).with("Content-Type", "application/json")
    })
}

fn rejected() -> (Server, World) {
    let (_, world, orders) = finished(2);
    judge(&world, &orders, &["reject", "keep"]);
    let api = vendor();
    let world = world.with_var("CREATIVEAI_BASE_URL", &api.url());
    (api, world)
}

#[test]
fn a_rejected_clip_is_ordered_again_only_when_a_person_agrees_to_the_bill() {
    let (api, world) = rejected();
    let before = world.log().text;
    let again = ["retry", "--rejected", "--new-prompt", "Pan left, slowly"];
    let run = world.run(&again).expect(2);
    for words in [
        "is a new bill: 5 credits",
        "Pan left, slowly",
        "--yes is required",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    let capped = [&again[..], &["--yes", "--max-credits", "12"]].concat();
    world.run(&capped).expect(3);
    // What failed is another matter, and nothing did.
    world.run(&["retry", "--failed"]).expect(0);
    assert!(api.posts().is_empty());
    assert_eq!(world.log().text, before);

    let agreed = [&again[..], &["--yes", "--json"]].concat();
    assert_eq!(world.run(&agreed).expect(0).json()["submitted"], 1);
    let posts = api.posts();
    assert_eq!(posts.len(), 1);
    let body: Value = serde_json::from_slice(&posts[0].body).unwrap();
    assert_eq!(body["prompt"], "Pan left, slowly");
    assert_eq!(body["image_url"], "https://photos.example/2.jpg");
    // The order speaks for the job; once more is not asked for.
    let first = &jobs(&world)[0];
    assert_eq!(
        (&first["status"], &first["attempt"]),
        (&"pending".into(), &2.into())
    );
    world.run(&agreed).expect(0);
    assert_eq!(api.posts().len(), 1);

    world.run(&["reconcile"]).expect(0);
    let first = &jobs(&world)[0];
    assert_eq!(first["output_url"], "https://cdn.example.com/again.mp4");
    assert_eq!(
        first["reviewed"],
        Value::Null,
        "no one has looked at this one"
    );
    let summary = world
        .run(&["status", "--summary", "--json"])
        .expect(0)
        .json();
    assert_eq!(summary["credits_charged"], 15, "both clips were paid for");
}

#[test]
fn a_sheet_that_is_submitted_again_orders_nothing_for_a_clip_that_was_replaced() {
    let api = vendor();
    let world = World::facing(&api);
    world.write(
        "listings.csv",
        "listing_id,image_url,video_prompt\nLST-1,https://photos.example/1.jpg,Slow pan\n",
    );
    world.run(&["submit", "listings.csv"]).expect(0);
    world.run(&["reconcile"]).expect(0);
    let job = jobs(&world)[0]["job"].as_str().unwrap().to_owned();
    world.write(
        "verdicts.csv",
        format!("job,attempt,verdict\n{job},1,reject\n"),
    );
    world.run(&["review", "--from", "verdicts.csv"]).expect(0);
    // The second order is refused for the time being: no credits.
    let broke = Server::answering(|_| Step::reply(402, "{\"error\":\"no credits\"}"));
    let world = world.with_var("CREATIVEAI_BASE_URL", &broke.url());
    world
        .run(&["retry", "--rejected", "--new-prompt", "Pan left", "--yes"])
        .expect(77);
    let world = world.with_var("CREATIVEAI_BASE_URL", &api.url());
    // By its row it would be another clip than the one that was asked for.
    world.run(&["submit", "listings.csv"]).expect(77);
    assert_eq!(api.posts().len(), 1);
    let retry = world.run(&["retry", "--failed"]);
    assert_eq!(api.posts().len(), 2, "{}", retry.stderr);
    let body: Value = serde_json::from_slice(&api.posts()[1].body).unwrap();
    assert_eq!(body["prompt"], "Pan left");
}
