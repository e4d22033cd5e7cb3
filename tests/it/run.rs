//! `run`: the whole round. Its words and its code are those of how all stands at the end.

mod email;
#[cfg(unix)]
mod files;
mod rows;
mod settings;
mod unsent;

use std::collections::HashMap;
use std::sync::Mutex;

use crate::support::{Server, Step, World, listings};

/// The first bytes of an MP4, which is all that is looked at.
const CLIP: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08mdat";

/// A vendor who renders at once and serves the clips. `failing` says of the n-th order (from 1) whether
/// its clip fails.
pub fn vendor(failing: impl Fn(usize) -> bool + Send + Sync + 'static) -> Server {
    let serve = || Step::reply(200, CLIP).with("Content-Type", "video/mp4");
    vendor_serving(failing, serve)
}

/// The same, with another answer where clips are.
pub fn vendor_serving(
    failing: impl Fn(usize) -> bool + Send + Sync + 'static,
    serve: impl Fn() -> Step + Send + Sync + 'static,
) -> Server {
    let orders = Mutex::new(HashMap::<String, usize>::new());
    Server::answering(move |request| {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        match request.method.as_str() {
            "POST" => {
                let mut orders = orders.lock().unwrap();
                let number = orders.len() + 1;
                let id = format!("vgen_order{number}");
                orders.insert(id.clone(), number);
                Step::accept_under(&id)
            }
            _ if request.path.starts_with("/clips/") => serve(),
            _ => {
                let number = orders.lock().unwrap().get(id).copied().unwrap_or(0);
                let host = request.header("host").unwrap_or_default();
                let reply = if failing(number) {
                    serde_json::json!({ "id": id, "status": "failed", "error": "too dark" })
                } else {
                    serde_json::json!({
                        "id": id, "status": "completed", "credits": 5,
                        "output_url": format!("http://{host}/clips/{id}"),
                    })
                };
                Step::reply(200, reply.to_string())
            }
        }
    })
}

fn world(server: &Server, clips: usize) -> World {
    let world = World::facing(server);
    world.write("listings.csv", listings(clips));
    world
}

/// Without `check`, which looks at photos on the internet.
const ROUND: [&str; 4] = ["run", "listings.csv", "--skip", "check"];

fn round(world: &World, more: &[&str]) -> (i32, String) {
    let run = world.run(&[&ROUND[..], more].concat());
    assert_eq!(run.stdout, "");
    (run.code(), run.stderr)
}

/// How many lines of the log say so.
fn times(world: &World, status: &str) -> usize {
    let printed = format!("\"status\":\"{status}\"");
    world.log().text.matches(&printed).count()
}

#[test]
fn one_round_orders_fetches_publishes_and_reports() {
    let server = vendor(|_| false);
    let world = world(&server, 3);
    let (code, output) = round(&world, &["--exec", "exit 0"]);
    assert_eq!(code, 0, "{output}");
    let line = output.lines().last().unwrap();
    assert_eq!(
        line,
        "run: 3 ordered, 3 downloaded, 3 published; the whole log: 3 ready; 15 credits charged ($1.07 \
         to $1.50)"
    );
    assert!(world.path("report.html").exists());
    assert_eq!(times(&world, "published"), 3);
    // And again: there is nothing to do, and nothing to say.
    assert_eq!(
        round(&world, &["--exec", "exit 0", "-q"]),
        (0, String::new())
    );
    assert_eq!(server.posts().len(), 3);
}

#[test]
fn the_check_of_a_round_looks_at_the_photos_of_every_sheet() {
    let server = vendor(|_| false);
    let photos =
        Server::answering(|_| Step::reply(200, "\u{89}PNG").with("Content-Type", "image/png"));
    let world = World::facing(&server);
    for name in ["first", "second"] {
        let photo = format!("{}/{name}.png", photos.url());
        let sheet = format!("listing_id,image_url,video_prompt\nLST-{name},{photo},Slow pan\n");
        world.write(&format!("{name}.csv"), sheet);
    }
    let round = world.run(&["run", "first.csv", "second.csv", "--interval", "20ms"]);
    let asked: Vec<String> = photos.polls().into_iter().map(|get| get.path).collect();
    for name in ["/first.png", "/second.png"] {
        assert!(
            asked.iter().any(|path| path == name),
            "{asked:?}: {}",
            round.stderr
        );
    }
}

#[test]
fn a_clip_whose_retry_succeeds_is_not_said_to_have_failed() {
    let server = vendor(|number| number == 2);
    let world = world(&server, 2);
    let (code, output) = round(&world, &["-q"]);
    assert_eq!(code, 1);
    assert!(
        output.contains("2 ordered, 1 downloaded; the whole log: 1 ready, 1 failed"),
        "{output}"
    );
    assert!(
        output.contains("next: the next round orders what failed again"),
        "{output}"
    );
    // The failed clip was no reason not to fetch the other.
    assert_eq!(times(&world, "downloaded"), 1);
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 0, "{output}");
    assert!(!output.contains("failed"), "{output}");
    assert!(
        output.contains("run: 1 ordered again, 1 downloaded"),
        "{output}"
    );
}

#[test]
fn a_clip_that_could_not_be_published_is_not_said_to_be_ordered_again() {
    let server = vendor(|_| false);
    let world = world(&server, 1);
    let (code, output) = round(&world, &["--exec", "exit 3"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("1 ready"), "{output}");
    assert!(
        output.contains("nothing is ordered for it") && !output.contains("orders what failed"),
        "{output}"
    );
}

#[test]
fn a_clip_that_is_given_up_is_named_once_with_what_a_person_can_do() {
    let server = vendor(|_| true);
    let world = world(&server, 1);
    for _ in 0..2 {
        let (code, output) = round(&world, &["-q"]);
        assert_eq!(code, 1);
        assert!(!output.contains("given up"), "{output}");
    }
    let (code, output) = round(&world, &["-q"]);
    assert_eq!(code, 1);
    assert!(output.contains("given up after 3 attempts: "), "{output}");
    assert!(output.contains("because: too dark"), "{output}");
    let job = world.log().job()["job"].as_str().unwrap().to_owned();
    let again = format!("creativeai retry --failed --id {job} --max-attempts 4");
    assert!(output.contains(&again), "{output}");
    assert!(
        !output.contains("next round"),
        "nothing more is ordered: {output}"
    );
    // It has been said; the code still is that of the end.
    assert_eq!(round(&world, &["-q"]), (1, String::new()));
    assert_eq!(server.posts().len(), 3);
    // Nor does `status` advise what would do nothing.
    let status = world.run(&["status"]).expect(0).stdout;
    assert!(
        status.contains("retry --failed --max-attempts 4"),
        "{status}"
    );
    assert!(!status.contains("retry --failed\n"), "{status}");
    let args: Vec<&str> = again.split(' ').skip(1).collect();
    world.run(&args).expect(0);
    assert_eq!(server.posts().len(), 4, "the command that was named works");
}

#[test]
fn the_third_round_in_a_row_that_is_not_finished_is_said_whatever_q_says() {
    // Clips render for ever.
    let server = Server::accepting();
    let world = world(&server, 1);
    let short = ["--wait", "50ms", "--interval", "10ms", "-q"];
    for _ in 0..2 {
        assert_eq!(round(&world, &short), (75, String::new()));
    }
    for count in ["3", "4"] {
        let (code, output) = round(&world, &short);
        assert_eq!(code, 75);
        let words = format!("{count} rounds in a row were not finished");
        assert!(output.contains(&words), "{output}");
    }
    // A count that was spoiled begins anew.
    world.write("jobs.jsonl.rounds", "x\n");
    assert_eq!(round(&world, &short), (75, String::new()));
}

#[test]
fn mistakes_in_the_sheet_keep_nothing_from_being_fetched() {
    let server = vendor(|_| false);
    let world = world(&server, 2);
    round(&world, &["--skip", "download"]);
    assert_eq!(times(&world, "downloaded"), 0);
    world.write("listings.csv", listings(2) + "LST-9,not-an-address,A pan\n");
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 65, "{output}");
    assert!(output.contains("listings.csv:4"), "{output}");
    assert!(output.contains("2 downloaded"), "{output}");
}

#[test]
fn what_is_wrong_with_the_sheet_is_said_once() {
    let server = vendor(|_| false);
    let world = world(&server, 2);
    let run = world.run(&["run", "nowhere.csv"]).expect(74);
    let missing = run.stderr.matches("could not open the manifest");
    assert_eq!(missing.count(), 1, "{}", run.stderr);
    let alone = ["run", "nowhere.csv", "--skip", "submit"];
    let run = world.run(&alone).expect(74);
    assert!(run.stderr.contains("could not open"), "{}", run.stderr);
}

#[test]
fn a_first_round_without_a_right_row_makes_no_log() {
    let server = vendor(|_| false);
    let world = world(&server, 0);
    world.write(
        "listings.csv",
        "listing_id,image_url,video_prompt\nLST-9,x,A pan\n",
    );
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 65, "{output}");
    assert_eq!(world.files(), ["listings.csv"]);
}

#[test]
fn without_a_manifest_it_works_on_the_log_and_without_a_log_it_says_so() {
    let server = vendor(|_| false);
    let world = world(&server, 1);
    let run = world.run(&["run"]).expect(74);
    assert!(run.stderr.contains("jobs.jsonl"), "{}", run.stderr);
    world.run(&["submit", "listings.csv"]).expect(0);
    let output = world.run(&["run"]).expect(0).stderr;
    assert!(
        output.contains("run: 1 downloaded; the whole log: 1 ready"),
        "{output}"
    );
}

#[test]
fn programs_get_one_document() {
    let server = vendor(|_| false);
    let world = world(&server, 2);
    let run = world.run(&[&ROUND[..], &["--json"]].concat()).expect(0);
    let output = run.json();
    assert_eq!(output["command"], "run");
    assert_eq!(
        (&output["submitted"], &output["downloaded"]),
        (&2.into(), &2.into())
    );
    assert_eq!(output["steps"][0], "submit");
    assert_eq!(output["exit_code"], 0);
}

#[test]
fn a_refused_key_orders_no_more_and_fetches_all_the_same() {
    let server = vendor(|_| false);
    let world = world(&server, 1);
    world.run(&["submit", "listings.csv", "--wait"]).expect(0);
    let refusing = Server::start(|_| Step::reply(401, "{\"error\":\"no\"}"));
    let world = world.with_var("CREATIVEAI_BASE_URL", &refusing.url());
    world.write("listings.csv", listings(3));
    let (code, output) = round(&world, &["-q"]);
    assert_eq!(code, 77, "{output}");
    assert!(output.contains("1 downloaded"), "{output}");
    assert!(refusing.posts().len() <= 3);
}

/// A service that takes notices; with a round's vendor in the same place.
fn hearing() -> Server {
    Server::answering(|_| Step::reply(200, "ok"))
}

fn notified(server: &Server, service: &Server, on: &str) -> World {
    let world = world(server, 1);
    let url = service.url();
    world.write(
        "creativeai.toml",
        format!(
            "[notify]\non = [{on}]\nwebhook = \"{url}/hook/s3cret\"\nping = \"{url}/ping/s3cret\"\n"
        ),
    );
    world
}

fn heard(service: &Server) -> Vec<(String, String)> {
    let posts = service.posts().into_iter();
    posts
        .map(|post| (post.path.clone(), String::from_utf8(post.body).unwrap()))
        .collect()
}

#[test]
fn notices_say_how_a_round_ended_without_key_or_prompt() {
    let (server, service) = (vendor(|number| number == 1), hearing());
    let world = notified(&server, &service, "\"attention\"");
    assert_eq!(round(&world, &["-q"]).0, 1);
    let notices = heard(&service);
    let paths: Vec<&str> = notices.iter().map(|(path, _)| path.as_str()).collect();
    let mut sorted = paths.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        ["/hook/s3cret", "/ping/s3cret", "/ping/s3cret/start"]
    );
    assert_eq!(paths[0], "/ping/s3cret/start", "before the round");
    let hook = notices.iter().find(|(path, _)| path == "/hook/s3cret");
    let body: serde_json::Value = serde_json::from_str(&hook.unwrap().1).unwrap();
    assert_eq!(body["event"], "attention");
    assert_eq!(
        (&body["exit_code"], &body["counts"]["failed"]),
        (&1.into(), &1.into())
    );
    for (_, body) in &notices {
        assert!(!body.contains("evening light"), "{body}");
        assert!(!body.contains("rph_live"), "{body}");
    }
    // The next round ends well, which the webhook has not asked for.
    assert_eq!(round(&world, &["-q"]).0, 0);
    assert_eq!(heard(&service).len(), 5);
}

#[test]
fn a_notice_that_fails_never_fails_the_round_nor_shows_its_address() {
    let server = vendor(|_| false);
    let service = Server::answering(|_| Step::reply(500, "no"));
    let world = notified(&server, &service, "\"success\"");
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("a notice was not sent: the webhook of [notify]"),
        "{output}"
    );
    assert!(output.contains("run: 1 ordered, 1 downloaded"), "{output}");
    assert!(!output.contains("s3cret"), "{output}");
    let shown = world.run(&["config"]).expect(0).stdout;
    assert!(
        shown.contains("notify.webhook") && !shown.contains("s3cret"),
        "{shown}"
    );
}

#[test]
fn a_test_notice_is_sent_on_request_and_its_failure_is_one() {
    let (server, service) = (vendor(|_| false), hearing());
    let world = notified(&server, &service, "\"failure\"");
    world.run(&["check", "--notify"]);
    let notices = heard(&service);
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].1.contains("test"), "{notices:?}");
    let dead = Server::answering(|_| Step::reply(404, "no"));
    let world = notified(&server, &dead, "\"failure\"");
    let run = world.run(&["check", "--notify"]);
    let output = run.stdout + &*run.stderr;
    assert!(output.contains("the service answered 404"), "{output}");
}

#[test]
fn notices_of_an_unknown_event_are_a_mistake_in_the_settings() {
    let (server, service) = (vendor(|_| false), hearing());
    let world = notified(&server, &service, "\"always\"");
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 78);
    assert!(
        output.contains("start, success, attention, failure"),
        "{output}"
    );
}

#[cfg(unix)]
mod service {
    use rustix::process::{Pid, Signal, kill_process};

    use super::*;
    use crate::support::Running;

    fn stop(running: Running) -> i32 {
        let pid = Pid::from_raw(running.id().cast_signed()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        running.wait().code()
    }

    #[test]
    fn rounds_follow_each_other_until_a_signal() {
        let server = vendor(|_| false);
        let world = world(&server, 1);
        let mut running = world.start(&[&ROUND[..], &["--every", "10ms"]].concat());
        running.wait_for_words("run: 1 ordered, 1 downloaded");
        running.wait_for_words("the next round begins at");
        running.wait_for_words("run: nothing new; the whole log: 1 ready");
        assert_eq!(stop(running), 143);
        assert_eq!(server.posts().len(), 1);
    }

    #[test]
    fn a_folder_is_watched_whose_sheets_are_the_manifests() {
        let server = vendor(|_| false);
        let world = world(&server, 2);
        let mut running = world.start(&["run", "--watch", ".", "--skip", "check"]);
        running.wait_for_words("run: 2 ordered, 2 downloaded");
        running.wait_for_words("watching .");
        assert_eq!(stop(running), 143);
    }

    /// A round without a spreadsheet orders every failed clip again.
    #[test]
    fn a_folder_without_sheets_is_waited_for_and_orders_nothing_again() {
        let server = vendor(|_| true);
        let world = world(&server, 1);
        round(&world, &[]);
        assert_eq!(server.posts().len(), 1);
        std::fs::remove_file(world.path("listings.csv")).unwrap();
        let mut running = world.start(&["run", "--watch", ".", "--skip", "check"]);
        running.wait_for_words("watching .");
        assert_eq!(server.posts().len(), 1);
        // Its sheet comes back, and still asks for the clip.
        world.write("listings.csv", listings(1));
        running.wait_for_words("run: 1 ordered again");
        assert_eq!(stop(running), 143);
        assert_eq!(server.posts().len(), 2);
    }

    #[test]
    fn a_service_whose_settings_are_wrong_ends_at_once() {
        let server = vendor(|_| false);
        let world = world(&server, 1).without_var("CREATIVEAI_API_KEY");
        let run = world
            .run(&[&ROUND[..], &["--every", "1h"]].concat())
            .expect(78);
        assert!(run.stderr.contains("no API key"), "{}", run.stderr);
    }
}
