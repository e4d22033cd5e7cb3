//! `--canary` and `--max-failed`: a batch that goes wrong is stopped while it is small.

use serde_json::json;

use crate::support::vendor::{Cdn, clip, taking};
use crate::support::{Gate, Phase, Server, Step, World, listings};

/// Rows of two shapes, on two photo hosts; what differs stands at the end.
const SHEET: &str = "listing_id,image_url,video_prompt,aspect_ratio
LST-1,https://a.example/1.jpg,Slow pan,16:9
LST-2,https://a.example/2.jpg,Slow pan,16:9
LST-3,https://a.example/3.jpg,Slow pan,9:16
LST-4,https://b.example/4.jpg,Slow pan,1:1
";

const CANARY: [&str; 6] = [
    "submit",
    "listings.csv",
    "--canary",
    "2",
    "--interval",
    "50ms",
];

fn rehearse(world: &World, more: &[&str]) -> crate::support::world::Ended {
    world.run(&[&CANARY[..], &["--sandbox"], more].concat())
}

fn ordered(world: &World) -> Vec<String> {
    let jobs = world
        .run(&["status", "--sandbox", "--json"])
        .expect(0)
        .json();
    let jobs = jobs.as_array().unwrap().iter();
    jobs.map(|job| job["listing_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_rows_that_differ_most_are_ordered_first_and_the_rest_is_asked_about() {
    let world = World::new();
    world.write("listings.csv", SHEET);
    let run = rehearse(&world, &[]).expect(3);
    for words in [
        "canary LST-1",
        "canary LST-4",
        "plays, and has the length and shape that were asked for",
        "2 rows not ordered",
        "without --canary",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    assert_eq!(ordered(&world), ["LST-1", "LST-4"]);
    // What is left is ordered by the same command, with another canary of it.
    let json = rehearse(&world, &["--yes", "--json"]).expect(0).json();
    assert_eq!(json["submitted"], 2);
    assert_eq!(json["canary"]["goes_on"], true);
    assert_eq!(json["canary"]["clips"].as_array().unwrap().len(), 2);
    assert_eq!(ordered(&world).len(), 4);
}

#[test]
fn a_good_canary_goes_on_under_yes_and_orders_each_row_once() {
    let world = World::new();
    world.write("listings.csv", SHEET);
    let json = rehearse(&world, &["--yes", "--json"]).expect(0).json();
    assert_eq!(json["submitted"], 4);
    assert_eq!(json["left"], 0);
    assert_eq!(ordered(&world).len(), 4);
    let log = std::fs::read_to_string(world.path("sandbox-jobs.jsonl")).unwrap();
    assert_eq!(log.matches("\"submitting\"").count(), 4);
}

#[test]
fn a_cap_and_a_limit_hold_for_the_canary_and_the_rest_together() {
    let world = World::new();
    world.write("listings.csv", SHEET);
    let run = rehearse(&world, &["--yes", "--max-credits", "15"]).expect(3);
    assert!(run.stderr.contains("--max-credits"), "{}", run.stderr);
    assert_eq!(ordered(&world).len(), 3, "5 credits each");

    let world = World::new();
    world.write("listings.csv", SHEET);
    rehearse(&world, &["--yes", "--max-jobs", "3"]).expect(0);
    // The row that differs most is not among the first three.
    assert_eq!(ordered(&world), ["LST-1", "LST-2", "LST-3"]);
}

/// A vendor whose clips are all at `link`, and the folder that faces it.
fn vendor(link: &str) -> (Server, World) {
    let server = taking(link);
    let world = World::facing(&server);
    world.write("listings.csv", SHEET);
    (server, world)
}

#[test]
fn a_clip_that_does_not_play_stops_the_batch_even_under_yes() {
    let cdn = Cdn::honest();
    let link = cdn.put("broken", clip("broken", 4000));
    let (server, world) = vendor(&link);
    let run = world.run(&[&CANARY[..], &["--yes"]].concat()).expect(3);
    for words in [
        "it does not play",
        "2 of 2 canary clips",
        "2 rows not ordered",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    assert_eq!(server.posts().len(), 2);
    assert_eq!(
        world.log().count("completed"),
        2,
        "they are paid, and in the log"
    );
}

#[test]
fn a_clip_of_another_length_is_reported_and_may_be_allowed() {
    let cdn = Cdn::honest();
    // One second, 16:9.
    let bytes = include_bytes!("../../../src/sandbox/clip.mp4");
    let (server, world) = vendor(&cdn.put("short", bytes.to_vec()));
    let run = world.run(&[&CANARY[..], &["--yes"]].concat()).expect(3);
    assert!(
        run.stderr
            .contains("it is 1.0 s long, and 5 s were asked for"),
        "{}",
        run.stderr
    );
    assert_eq!(server.posts().len(), 2);
    let allowed = [&CANARY[..], &["--yes", "--max-failed", "100%"]].concat();
    world.run(&allowed).expect(0);
    assert_eq!(server.posts().len(), 4);
}

#[test]
fn a_canary_that_is_not_ready_in_time_is_kept_and_not_ordered_again() {
    let server = Server::answering(|request| {
        let id = if request.method == "POST" {
            format!("vgen_{}", &request.idempotency_key()[..8])
        } else {
            request.path.rsplit('/').next().unwrap().to_owned()
        };
        let body = json!({"id": id, "status": "processing"});
        Step::reply(200, body.to_string()).with("Content-Type", "application/json")
    });
    let world = World::facing(&server);
    world.write("listings.csv", SHEET);
    let timed = [&CANARY[..], &["--yes", "--timeout", "2s"]].concat();
    world.run(&timed).expect(75);
    assert_eq!(server.posts().len(), 2);
    assert_eq!(world.log().count("processing"), 2);
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 4, "only the rest");
}

#[test]
fn a_batch_stops_once_more_orders_fail_than_are_allowed() {
    let server = Server::answering(|_| {
        Step::reply(422, r#"{"error":"the prompt is against the rules"}"#)
            .with("Content-Type", "application/json")
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(20));
    let submit = ["submit", "listings.csv", "--concurrency", "1"];
    let run = world
        .run(&[&submit[..], &["--max-failed", "10%"]].concat())
        .expect(3);
    assert_eq!(server.posts().len(), 3, "two of twenty are allowed");
    for words in [
        "3 orders refused or failed",
        "--max-failed",
        "nothing more was sent",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    assert_eq!(world.log().count("submit_failed"), 3);
}

#[test]
fn an_order_that_is_not_taken_for_now_is_not_a_failed_one() {
    let busy = || Step::reply(429, "slow down").with("Retry-After", "0");
    let server = Server::scripted((0..5).map(|_| busy()).collect::<Vec<_>>());
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    let submit = ["submit", "listings.csv", "--concurrency", "1"];
    let run = world
        .run(&[&submit[..], &["--max-failed", "0"]].concat())
        .expect(75);
    assert!(!run.stderr.contains("--max-failed"), "{}", run.stderr);
    let log = world.log();
    assert_eq!((log.count("submit_failed"), log.count("pending")), (1, 2));
}

/// A vendor who takes every order and cannot make its clip. Of its replies to orders those from the ninth on
/// wait until it was asked for eight clips.
fn failing() -> (Server, World) {
    let asked = Gate::default();
    let server = Server::answering(move |request| {
        if request.method == "POST" && request.number < 8 {
            return Step::accept();
        }
        if request.method == "POST" {
            return Step::accept().held_at(Phase::Read, &asked);
        }
        if request.number == 7 {
            asked.open();
        }
        let id = request.path.rsplit('/').next().unwrap();
        let body = json!({"id": id, "status": "failed", "error": "too dark"});
        Step::reply(200, body.to_string()).with("Content-Type", "application/json")
    });
    let world = World::facing(&server);
    (server, world)
}

#[test]
fn clips_that_fail_while_others_are_ordered_stop_the_batch() {
    let (server, world) = failing();
    world.write("listings.csv", listings(60));
    let submit = ["submit", "listings.csv", "--wait", "--max-failed", "5%"];
    let slowly = ["--interval", "50ms", "--rate", "20/s"];
    let run = world.run(&[&submit[..], &slowly].concat()).expect(3);
    for words in ["orders refused or failed", "nothing more was sent"] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    let ordered = server.posts().len();
    assert!((4..60).contains(&ordered), "{ordered}");
    assert!(world.log().count("failed") > 3);
}

#[test]
fn clips_that_an_earlier_run_saw_fail_count_too() {
    let (server, world) = failing();
    world.write("listings.csv", listings(4));
    let limited = ["submit", "listings.csv", "--max-failed", "50%"];
    world.run(&limited).expect(0);
    world.run(&["reconcile"]).expect(1);
    world.write("listings.csv", listings(7));
    let run = world.run(&limited).expect(3);
    let words = "4 orders refused or failed";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    assert_eq!(server.posts().len(), 4, "four of seven are too many");
    let round = ["run", "listings.csv", "--skip", "check", "--skip", "retry"];
    let round = [&round[..], &["--max-failed", "50%"]].concat();
    world.run(&round).expect(3);
    assert_eq!(server.posts().len(), 4);
    // What a person has closed does not count.
    let job = world.log().jobs[0]["job"].as_str().unwrap().to_owned();
    world.run(&["resolve", &job, "--dismiss"]).expect(0);
    world.run(&limited).expect(1);
    assert_eq!(server.posts().len(), 7);
}

#[test]
fn waiting_for_clips_that_fail_ends_with_a_decision() {
    let (server, world) = failing();
    world.write("listings.csv", listings(2));
    let submit = ["submit", "listings.csv", "--wait", "--interval", "50ms"];
    let limited = [&submit[..], &["--max-failed", "1"]].concat();
    let run = world.run(&limited).expect(3);
    let words = "2 orders refused or failed";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn no_two_photos_of_one_listing_where_another_will_do() {
    let world = World::new();
    let head = "listing_id,image_url,video_prompt\n".to_owned();
    let sheet = [("A", 1), ("A", 2), ("A", 3), ("B", 4)];
    let sheet = sheet.iter().fold(head, |sheet, (id, n)| {
        sheet + &*format!("{id},https://x.example/{n}.jpg,Slow pan\n")
    });
    world.write("listings.csv", sheet);
    rehearse(&world, &[]).expect(3);
    assert_eq!(ordered(&world), ["A", "B"]);
}

#[cfg(unix)]
mod asked {
    use super::{CANARY, SHEET, ordered};
    use crate::support::World;
    use crate::support::terminal::Terminal;

    const QUESTION: &str = "Order the other 2 rows? Type yes to agree:";

    fn world() -> World {
        let world = World::new();
        world.write("listings.csv", SHEET);
        world
    }

    /// Types an answer; what was shown, and the code.
    fn answered(world: &World, answer: &str) -> (String, i32) {
        let args = [&CANARY[..], &["--sandbox"]].concat();
        let mut terminal = Terminal::run(world, 100, &args);
        terminal.wait_for(QUESTION);
        terminal.type_in(answer);
        terminal.end()
    }

    #[test]
    fn yes_orders_the_rest() {
        let world = world();
        let (shown, code) = answered(&world, "yes\n");
        assert_eq!(code, 0, "{shown}");
        assert_eq!(ordered(&world).len(), 4);
    }

    #[test]
    fn no_orders_nothing_more() {
        let world = world();
        let (shown, code) = answered(&world, "no\n");
        assert_eq!(code, 3, "{shown}");
        assert!(shown.contains("2 rows not ordered"), "{shown}");
        assert_eq!(ordered(&world), ["LST-1", "LST-4"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_key_that_stops_the_run_is_an_answer_too() {
        let world = world();
        let args = [&CANARY[..], &["--sandbox"]].concat();
        let mut terminal = Terminal::run_in_session(&world, 100, &args);
        terminal.wait_for(QUESTION);
        terminal.type_in("\x03");
        let (shown, code) = terminal.end();
        assert_eq!(code, 130, "{shown}");
        assert_eq!(ordered(&world), ["LST-1", "LST-4"]);
    }
}
