//! Each clip is fetched and published once, on whatever computer; a path is one computer's.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{silence_runs, with_lines};
use crate::support::lines::{A, line};
use crate::support::orders::{Order, files_below, log_of};
use crate::support::processes::eventually;
use crate::support::proxy::Proxy;
use crate::support::vendor::{Cdn, clip, unused_api};
use crate::support::{Gate, Phase, Running, Server, World};

/// Longer than a lease lets a command be run without another look.
const TOO_LONG: Duration = Duration::from_millis(10_500);

fn orders(count: usize, url: impl Fn(usize) -> String) -> Vec<Order> {
    let order = |n: usize| Order::of(&format!("LST-{}", n / 2), n + 2, &url(n));
    (0..count).map(order).collect()
}

fn computer(api: &Server, log: &str) -> World {
    World::facing(api).with_var("CREATIVEAI_JOBS", log)
}

/// A command that adds a clip's key to one list of all computers.
fn noting(list: &Path) -> String {
    format!("echo $CREATIVEAI_JOB >> {}", list.display())
}

fn keys(list: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(list).unwrap_or_default();
    let mut keys: Vec<_> = text.lines().map(str::to_owned).collect();
    keys.sort();
    keys
}

fn expected(orders: &[Order]) -> Vec<String> {
    let mut keys: Vec<_> = orders.iter().map(Order::job).collect();
    keys.sort();
    keys
}

fn number(json: &Value, name: &str) -> u64 {
    json[name].as_u64().unwrap()
}

fn signal(run: &Running, signal: Signal) {
    let pid = Pid::from_raw(run.id().cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn computers_that_publish_at_the_same_time_publish_each_clip_once() {
    let orders = orders(24, |n| format!("https://cdn.example.com/{n}.mp4"));
    let Some((_, log)) = with_lines(&log_of(&orders)) else {
        return;
    };
    let api = unused_api();
    let first = computer(&api, &log);
    let list = first.path("list");
    let publish = ["publish", "--exec", &noting(&list), "--json"];
    let others: Vec<_> = (0..3).map(|_| computer(&api, &log)).collect();
    let runs: Vec<_> = others.iter().map(|world| world.start(&publish)).collect();
    let mut published = 0;
    for run in runs {
        let ended = run.wait();
        let json = ended.json();
        published += number(&json, "published");
        let left = number(&json, "left_to_others");
        assert_eq!(
            ended.code(),
            if left > 0 { 75 } else { 0 },
            "{}",
            ended.stderr
        );
    }
    assert_eq!(published, 24);
    let at_last = first.run(&publish).expect(0).json();
    assert_eq!(number(&at_last, "already"), 24);
    assert_eq!(keys(&list), expected(&orders));
}

#[test]
fn a_clip_that_another_computer_publishes_is_left_until_that_one_is_gone() {
    let orders = orders(2, |n| format!("https://cdn.example.com/{n}.mp4"));
    let Some((database, log)) = with_lines(&log_of(&orders)) else {
        return;
    };
    let api = unused_api();
    let first = computer(&api, &log);
    let list = first.path("list");
    first.shell("mkfifo gate").expect(0);
    let publish = ["publish", "--exec", "read x < gate", "--target", "shop"];
    let run = first.start(&publish);
    // Opened once the command reads.
    let gate = OpenOptions::new().write(true).open(first.path("gate"));
    let other = computer(&api, &log);
    let noting = noting(&list);
    let publish = ["publish", "--exec", &noting, "--target", "shop", "--json"];
    let left = other.run(&publish).expect(75);
    assert_eq!(number(&left.json(), "left_to_others"), 2);
    let in_words = other.run(&publish[..5]).expect(75);
    assert!(
        in_words
            .stderr
            .contains("being published by other computers"),
        "{}",
        in_words.stderr
    );
    // Another receiver has nothing to do with it.
    let elsewhere = ["publish", "--exec", "true", "--target", "archive"];
    other.run(&elsewhere).expect(0);
    signal(&run, Signal::STOP);
    silence_runs(&database);
    let taken = other.run(&publish).expect(0).json();
    assert_eq!(number(&taken, "published"), 2);
    assert_eq!(keys(&list), expected(&orders));
    drop(gate);
    run.kill();
}

#[test]
fn a_command_that_takes_long_keeps_its_clip() {
    let orders = orders(1, |n| format!("https://cdn.example.com/{n}.mp4"));
    let Some((database, log)) = with_lines(&log_of(&orders)) else {
        return;
    };
    let api = unused_api();
    let first = computer(&api, &log);
    first.shell("mkfifo gate").expect(0);
    let run = first.start(&["publish", "--exec", "read x < gate"]);
    let mut gate = OpenOptions::new()
        .write(true)
        .open(first.path("gate"))
        .unwrap();
    silence_runs(&database);
    // It says again that it is there.
    let is_heard = "SELECT bool_and(seen_at > clock_timestamp() - interval '1 minute') \
                    FROM creativeai.runs WHERE ended_at IS NULL";
    eventually("a heartbeat", || database.sql(is_heard) == "t");
    let other = computer(&api, &log);
    let left = other
        .run(&["publish", "--exec", "true", "--json"])
        .expect(75);
    assert_eq!(number(&left.json(), "left_to_others"), 1);
    gate.write_all(b"go\n").unwrap();
    run.wait().expect(0);
}

#[test]
fn a_clip_that_is_rejected_while_others_are_published_does_not_go_out() {
    let orders = orders(4, |n| format!("https://cdn.example.com/{n}.mp4"));
    let Some((_, log)) = with_lines(&log_of(&orders)) else {
        return;
    };
    let api = unused_api();
    let (first, other) = (computer(&api, &log), computer(&api, &log));
    let list = first.path("list");
    first.shell("mkfifo gate").expect(0);
    let wait_once = format!(
        "{}; [ -e gate ] && read x < gate; rm -f gate",
        noting(&list)
    );
    let publish = [
        "publish",
        "--exec",
        &wait_once,
        "--concurrency",
        "1",
        "--json",
    ];
    let run = first.start(&publish);
    // Opened once the command reads.
    let mut gate = OpenOptions::new()
        .write(true)
        .open(first.path("gate"))
        .unwrap();
    // One of the same listing, and one of the other.
    let mut table = other.run(&["review", "--csv"]).expect(0).stdout;
    let out = keys(&list);
    let rejected = orders.iter().filter(|order| !out.contains(&order.job()));
    for order in rejected.take(2) {
        let url = order.output_url.as_deref().unwrap();
        table = table.replacen(&format!("{url},,"), &format!("{url},reject,"), 1);
    }
    other.write("clips.csv", table);
    let taken = other.run(&["review", "--from", "clips.csv", "--json"]);
    assert_eq!(number(&taken.expect(0).json(), "rejected"), 2);
    gate.write_all(b"go\n").unwrap();
    let json = run.wait().expect(0).json();
    let counts = ["published", "withdrawn"].map(|name| number(&json, name));
    assert_eq!((counts, keys(&list).len()), ([2, 2], 2));
}

#[test]
fn clips_that_go_out_together_are_looked_at_again_before_each() {
    // While one computer publishes the first listing, another one rejects or orders a clip of the second.
    for is_ordered in [false, true] {
        let orders = orders(4, |n| format!("https://cdn.example.com/{n}.mp4"));
        let Some((_, log)) = with_lines(&log_of(&orders)) else {
            return;
        };
        let api = Server::accepting();
        let (first, other) = (computer(&api, &log), computer(&api, &log));
        let list = first.path("list");
        first.shell("mkfifo gate").expect(0);
        let wait_once = format!(
            "{}; [ -e gate ] && read x < gate; rm -f gate",
            noting(&list)
        );
        let publish = [
            "publish",
            "--exec",
            &wait_once,
            "--when",
            "complete",
            "--concurrency",
            "1",
            "--json",
        ];
        let run = first.start(&publish);
        let mut gate = OpenOptions::new()
            .write(true)
            .open(first.path("gate"))
            .unwrap();
        if is_ordered {
            let row = "LST-1,https://cdn.example.com/new.jpg,Pan\n";
            other.write(
                "more.csv",
                format!("listing_id,image_url,video_prompt\n{row}"),
            );
            other.run(&["submit", "more.csv"]).expect(0);
        } else {
            let table = other.run(&["review", "--csv"]).expect(0).stdout;
            let url = orders[3].output_url.as_deref().unwrap();
            let table = table.replacen(&format!("{url},,"), &format!("{url},reject,"), 1);
            other.write("clips.csv", table);
            other.run(&["review", "--from", "clips.csv"]).expect(0);
        }
        gate.write_all(b"go\n").unwrap();
        let json = run.wait().expect(0).json();
        let counts = ["published", "waiting", "withdrawn"].map(|name| number(&json, name));
        let expected_counts = if is_ordered { [2, 2, 0] } else { [2, 1, 1] };
        assert_eq!(counts, expected_counts, "{is_ordered}");
        assert_eq!(keys(&list), expected(&orders[..2]), "{is_ordered}");
    }
}

#[test]
fn clips_that_appear_together_wait_for_one_that_was_ordered_meanwhile() {
    let (gate, reached) = (Gate::default(), Gate::default());
    let cdn = Cdn::start({
        let (gate, reached) = (gate.clone(), reached.clone());
        move |request, step| match request.path.as_str() {
            "/1.mp4" => {
                let reached = reached.clone();
                step.at(Phase::HalfReplied, move || reached.open())
                    .held_at(Phase::HalfReplied, &gate)
            }
            _ => step,
        }
    });
    let orders = [
        Order::of("LST-1", 2, &cdn.put("1", clip("1", 20_000))),
        Order::of("LST-1", 3, &cdn.put("2", clip("2", 20_000))),
    ];
    let Some((_, log)) = with_lines(&log_of(&orders)) else {
        return;
    };
    let api = Server::accepting();
    let (first, other) = (computer(&api, &log), computer(&api, &log));
    let download = ["download", "--when", "complete", "--json"];
    let run = first.start(&download);
    reached.wait();
    let row = "LST-1,https://cdn.example.com/new.jpg,Pan\n";
    other.write(
        "more.csv",
        format!("listing_id,image_url,video_prompt\n{row}"),
    );
    other.run(&["submit", "more.csv"]).expect(0);
    gate.open();
    let json = run.wait().expect(0).json();
    let counts = ["downloaded", "waiting"].map(|name| number(&json, name));
    assert_eq!(counts, [0, 2]);
    assert!(!first.path("videos/LST-1").exists());
}

#[test]
fn a_computer_that_slept_looks_again_before_it_publishes() {
    let orders = orders(1, |n| format!("https://cdn.example.com/{n}.mp4"));
    let Some((database, log)) = with_lines(&log_of(&orders)) else {
        return;
    };
    let api = unused_api();
    let proxy = Proxy::before(database.server.folder());
    let sleeper = computer(&api, &proxy.log(&database, "shop"));
    let list = sleeper.path("list");
    let publish = ["publish", "--exec", &noting(&list), "--json"];
    let (reached, let_go) = proxy.hold_next();
    let run = sleeper.start(&publish);
    reached.wait();
    signal(&run, Signal::STOP);
    silence_runs(&database);
    computer(&api, &log).run(&publish).expect(0);
    std::thread::sleep(TOO_LONG);
    let_go.open();
    signal(&run, Signal::CONT);
    let json = run.wait().expect(0).json();
    assert_eq!(number(&json, "already"), 1);
    assert_eq!(keys(&list), expected(&orders));
}

#[test]
fn computers_that_download_at_the_same_time_fetch_each_clip_once() {
    let cdn = Cdn::honest();
    let url = |n: usize| cdn.put(&n.to_string(), clip(&n.to_string(), 3000 + n));
    let orders = orders(12, url);
    let Some((database, log)) = with_lines(&log_of(&orders)) else {
        return;
    };
    let api = unused_api();
    let shared = tempfile::tempdir().unwrap();
    let dir = shared.path().to_str().unwrap();
    let worlds: Vec<_> = (0..3).map(|_| computer(&api, &log)).collect();
    // One folder for all of them, as on a shared disk.
    let download = ["download", "--dir", dir, "--json"];
    let runs: Vec<_> = worlds.iter().map(|world| world.start(&download)).collect();
    let fetched = runs.into_iter().map(|run| {
        let ended = run.wait();
        assert!([0, 75].contains(&ended.code()), "{}", ended.stderr);
        number(&ended.json(), "downloaded")
    });
    assert_eq!(fetched.sum::<u64>(), 12);
    assert_eq!(cdn.gets().len(), 12);
    assert_eq!(files_below(shared.path()).len(), 12);
    let whole = worlds[0].run(&["download", "--check", "--json"]).expect(0);
    assert_eq!(number(&whole.json(), "whole"), 12);
    // Each line says where its file is.
    let named = "SELECT count(*) FROM creativeai.lines WHERE status = 'downloaded' \
                 AND line LIKE '%\"file\":\"/%' AND line LIKE '%\"file_host\":\"_%'";
    assert_eq!(database.sql(named), "12");
}

#[test]
fn a_listing_that_another_computer_fetches_is_left_to_it() {
    let gate = Gate::default();
    let held = gate.clone();
    let cdn = Cdn::start(move |_, step| step.held_at(Phase::Billed, &held));
    let url = cdn.put("a", clip("a", 900));
    let orders = [Order::of("LST-1", 2, &url)];
    let Some((_, log)) = with_lines(&log_of(&orders)) else {
        return;
    };
    let api = unused_api();
    let (one, other) = (computer(&api, &log), computer(&api, &log));
    let run = one.start(&["download"]);
    cdn.server.wait_for_polls(1);
    let left = other.run(&["download", "--json"]).expect(75).json();
    assert_eq!(number(&left, "left_to_others"), 1);
    assert!(!other.path("videos").exists());
    gate.open();
    run.wait().expect(0);
    assert_eq!(cdn.gets().len(), 1);
}

#[test]
fn a_path_on_another_computer_is_not_taken_for_one_here() {
    let cdn = Cdn::honest();
    let bytes = clip("a", 900);
    let url = cdn.put("a", bytes.clone());
    let api = unused_api();
    let here = World::facing(&api);
    // A file of that name and size is here, too.
    here.write("other.mp4", &bytes);
    let file = here.path("other.mp4").to_str().unwrap().to_owned();
    let downloaded = json!({
        "generation_id": "vgen_1", "file": file, "file_host": "studio", "bytes": 900,
        "sha256": crate::support::orders::sha256(&bytes),
    });
    let lines =
        crate::support::lines::finished(A, "vgen_1", &url) + &*line(3, A, "downloaded", downloaded);
    let Some((_, log)) = with_lines(&lines) else {
        return;
    };
    let here = here.with_var("CREATIVEAI_JOBS", &log);
    let json = here.run(&["download", "--json"]).expect(0).json();
    assert_eq!(number(&json, "already"), 1);
    assert_eq!(cdn.gets().len(), 0);
    let shown = here.run(&["status", "--id", A]).expect(0).stdout;
    assert!(shown.contains("other.mp4 on studio"), "{shown}");
    let sheet = here.run(&["status", "--csv"]).expect(0);
    assert!(!sheet.stdout.contains("other.mp4"), "{}", sheet.stdout);
    let page = here.run(&["report", "-o", "-"]).expect(0).stdout;
    assert!(!page.contains("other.mp4"), "{page}");
    let check = here.run(&["download", "--check"]).expect(0);
    assert!(
        check.stderr.contains("on other computers"),
        "{}",
        check.stderr
    );
    let save = ["publish", "--exec", "echo \"[$CREATIVEAI_FILE]\" > seen"];
    here.run(&save).expect(0);
    assert_eq!(std::fs::read_to_string(here.path("seen")).unwrap(), "[]\n");
    // A person may want it here as well.
    let json = here.run(&["download", "--here-too", "--json"]).expect(0);
    assert_eq!(number(&json.json(), "downloaded"), 1);
    assert_eq!(files_below(&here.path("videos")).len(), 1);
}

#[test]
fn what_was_published_while_the_database_was_away_is_not_published_again() {
    let orders = orders(1, |n| format!("https://cdn.example.com/{n}.mp4"));
    let Some((database, log)) = with_lines(&log_of(&orders)) else {
        return;
    };
    let api = unused_api();
    let proxy = Proxy::before(database.server.folder());
    let world = computer(&api, &proxy.log(&database, "shop"));
    let list = world.path("list");
    world.shell("mkfifo gate").expect(0);
    let command = format!("{}; read x < gate", noting(&list));
    let publish = ["publish", "--exec", &command, "--database-wait", "1s"];
    let run = world.start(&publish);
    let mut gate = OpenOptions::new()
        .write(true)
        .open(world.path("gate"))
        .unwrap();
    proxy.away();
    gate.write_all(b"go\n").unwrap();
    drop(gate);
    let ended = run.wait().expect(75);
    assert!(
        ended.stderr.contains("the log cannot be used"),
        "{}",
        ended.stderr
    );
    proxy.back();
    let again = ["publish", "--exec", &noting(&list), "--json"];
    let json = world.run(&again).expect(0).json();
    assert_eq!(number(&json, "already"), 1);
    assert_eq!(keys(&list), expected(&orders));
    let _ = log;
}
