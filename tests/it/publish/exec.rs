//! `publish --exec`: a person's command for each clip, once.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::orders::{Order, log_of};
use crate::support::vendor::{Cdn, clip, unused_api, world};
use crate::support::{KEY, Running, Server, World};

fn orders(count: usize) -> Vec<Order> {
    (0..count)
        .map(|n| {
            let url = format!("https://cdn.example.com/{n}.mp4");
            let listing = format!("LST-{}", n / 2);
            Order::of(&listing, n + 2, &url).with("delivery_target", "website-hero")
        })
        .collect()
}

fn finished(count: usize) -> (Server, World, Vec<Order>) {
    let api = unused_api();
    let orders = orders(count);
    let world = world(&api, &log_of(&orders));
    (api, world, orders)
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Returns once `path` has so many lines, as a command of a running publish writes them.
fn wait_for_lines(path: &Path, count: usize, run: &mut Running) {
    while lines(path).len() < count {
        assert!(!run.has_ended(), "it ended too early");
        std::thread::yield_now();
    }
}

#[test]
fn each_clip_is_handed_on_once_with_its_json_and_its_variables() {
    let (_api, world, orders) = finished(5);
    let save = "cat > got-$CREATIVEAI_JOB.json; env > got-$CREATIVEAI_JOB.env; \
                echo $CREATIVEAI_PUBLISH_ID >> ids";
    let publish = ["publish", "--exec", save, "--json"];
    let run = world.run(&publish).expect(0);
    assert_eq!(run.json()["published"], 5);
    for order in &orders {
        let job = order.job();
        let text = std::fs::read_to_string(world.path(&format!("got-{job}.json"))).unwrap();
        assert_eq!(text.lines().count(), 1, "one JSON object on a line");
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["job"], *job);
        assert_eq!(json["listing_id"], *order.id);
        assert_eq!(json["status"], "completed");
        assert_eq!(json["output_url"], order.output_url.clone().unwrap());
        assert_eq!(json["delivery_target"], "website-hero");
        let env = lines(&world.path(&format!("got-{job}.env")));
        for line in [
            format!("CREATIVEAI_JOB={job}"),
            format!("CREATIVEAI_LISTING_ID={}", order.id),
            format!("CREATIVEAI_GENERATION_ID={}", order.generation),
            format!(
                "CREATIVEAI_OUTPUT_URL={}",
                order.output_url.clone().unwrap()
            ),
            "CREATIVEAI_DELIVERY_TARGET=website-hero".to_owned(),
            format!(
                "CREATIVEAI_PUBLISH_ID={}",
                json["publish_id"].as_str().unwrap()
            ),
        ] {
            assert!(env.contains(&line), "{line} in {env:#?}");
        }
        assert!(!env.iter().any(|line| line.starts_with("CREATIVEAI_FILE=")));
    }
    let ids: BTreeSet<String> = lines(&world.path("ids")).into_iter().collect();
    assert_eq!(ids.len(), 5);

    let log = world.log();
    for line in log
        .lines
        .iter()
        .filter(|line| line["status"] == "published")
    {
        assert_eq!(line["target"], "exec");
        assert!(ids.contains(line["reference"].as_str().unwrap()));
    }
    let run = world.run(&publish).expect(0);
    assert_eq!(
        (&run.json()["published"], &run.json()["already"]),
        (&0.into(), &5.into())
    );
    assert_eq!(lines(&world.path("ids")).len(), 5, "once");
    assert_eq!(world.log().text, log.text);
}

#[test]
fn a_second_receiver_has_a_name_of_its_own_and_a_changed_command_has_not() {
    let (_api, world, _) = finished(3);
    world
        .run(&["publish", "--exec", "echo $CREATIVEAI_PUBLISH_ID >> first"])
        .expect(0);
    let run = world
        .run(&["publish", "--exec", "echo again >> first"])
        .expect(0);
    assert!(
        run.stderr.contains("--target"),
        "it says how: {}",
        run.stderr
    );
    assert_eq!(lines(&world.path("first")).len(), 3);

    let crm = [
        "publish",
        "--target",
        "crm",
        "--exec",
        "echo $CREATIVEAI_PUBLISH_ID >> second",
    ];
    world.run(&crm).expect(0);
    world.run(&crm).expect(0);
    let second = lines(&world.path("second"));
    assert_eq!(second.len(), 3);
    assert_ne!(
        second,
        lines(&world.path("first")),
        "the ids differ by receiver"
    );
    let log = world.log();
    let published: Vec<&str> = log.jobs[0]["published"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|output| output["target"].as_str())
        .collect();
    assert_eq!(published, ["crm", "exec"]);

    for wrong in ["", "a b", "shopify:x.myshopify.com", "a\u{1b}"] {
        world
            .run(&["publish", "--target", wrong, "--exec", "true"])
            .expect(2);
    }
    world
        .run(&["publish", "--target", "x", "--to", "shopify"])
        .expect(2);
}

#[test]
fn the_command_sees_neither_key_nor_token() {
    let (_api, world, _) = finished(1);
    let world = world
        .with_var("CREATIVEAI_VERIFY_KEYS", "rph_live_older")
        .with_var("SHOPIFY_ADMIN_TOKEN", "shpat_secret")
        .with_var("SHOPIFY_CLIENT_SECRET", "shpss_secret");
    world
        .run(&["publish", "--exec", "env > seen; cat >> seen"])
        .expect(0);
    let seen = std::fs::read_to_string(world.path("seen")).unwrap();
    for secret in [KEY, "rph_live_older", "shpat_secret", "shpss_secret"] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
}

#[test]
fn a_failure_is_reported_kept_and_tried_again_by_the_next_run() {
    let (_api, world, orders) = finished(4);
    let upload = "test -e repaired || { echo \"no route to $CREATIVEAI_LISTING_ID\" >&2; exit 7; }; \
                  echo $CREATIVEAI_JOB >> done";
    let some = format!("test $CREATIVEAI_LISTING_ID = LST-0 || {{ {upload}; }}");
    let publish = ["publish", "--exec", some.as_str(), "--json"];
    let run = world.run(&publish).expect(1);
    assert_eq!(
        (&run.json()["published"], &run.json()["failed"]),
        (&2.into(), &2.into())
    );
    for words in ["code 7", "no route to LST-1", "tries again"] {
        assert!(run.stderr.contains(words), "{words} in {}", run.stderr);
    }
    let log = world.log();
    let kept: Vec<&Value> = log
        .lines
        .iter()
        .filter(|line| line["step"] == "publish_failed")
        .collect();
    assert_eq!(kept.len(), 2);
    assert!(
        kept[0]["error"]
            .as_str()
            .unwrap()
            .contains("no route to LST-1")
    );

    // The same failures teach the log nothing: the one new line made sure that it can take some in.
    world.run(&publish).expect(1);
    let now = world.log().text;
    let new = now.strip_prefix(&log.text).unwrap();
    assert_eq!(new.matches('\n').count(), 1, "{new}");
    assert!(new.contains("\"step\":\"begun\""), "{new}");

    world.write("repaired", "");
    world.run(&publish).expect(0);
    let done: BTreeSet<String> = lines(&world.path("done")).into_iter().collect();
    assert_eq!(done, orders[2..].iter().map(Order::job).collect());
    let status = world.run(&["status"]).expect(0);
    assert_eq!(
        status.stdout.matches("published").count(),
        5,
        "{}",
        status.stdout
    );
}

#[test]
fn a_command_that_takes_too_long_is_killed_with_all_it_has_started() {
    let (_api, world, _) = finished(1);
    let hang = "sleep 600 & echo $! > inner; echo $$ > outer; wait";
    let run = world
        .run(&["publish", "--exec", hang, "--exec-timeout", "1s"])
        .expect(1);
    assert!(run.stderr.contains("longer than 1 s"), "{}", run.stderr);
    let short = world
        .run(&["publish", "--exec", "sleep 600", "--exec-timeout", "300ms"])
        .expect(1);
    assert!(
        short.stderr.contains("longer than 0.3 s"),
        "{}",
        short.stderr
    );
    for name in ["inner", "outer"] {
        let pid: i32 = lines(&world.path(name))[0].parse().unwrap();
        // A killed process may stay for its parent to notice; then it is a zombie.
        let pid_file = format!("/proc/{pid}/stat");
        let state = std::fs::read_to_string(pid_file).unwrap_or_default();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let is_gone = rustix::process::test_kill_process(pid).is_err();
        assert!(is_gone || state.contains(") Z "), "{name} lives: {state}");
    }
    assert_eq!(world.log().count("completed"), 1);
    assert!(!world.log().words().contains(&"published"));
}

#[test]
fn a_downloaded_clip_is_handed_on_as_a_file() {
    let cdn = Cdn::honest();
    let url = cdn.put("a", clip("a", 900));
    let api = unused_api();
    let world = world(&api, &Order::of("LST 1; touch pwned", 2, &url).lines());
    world.run(&["download"]).expect(0);
    let copy = "cp \"$CREATIVEAI_FILE\" copy; cat > json";
    world.run(&["publish", "--exec", copy]).expect(0);
    assert_eq!(std::fs::read(world.path("copy")).unwrap(), clip("a", 900));
    let json: Value = serde_json::from_slice(&std::fs::read(world.path("json")).unwrap()).unwrap();
    assert!(Path::new(json["file"].as_str().unwrap()).is_absolute());
    assert!(!world.path("pwned").exists());
    let shown = world.run(&["status"]).expect(0).stdout;
    assert!(shown.contains("1 downloaded, 1 published"), "{shown}");
}

#[test]
fn a_dry_run_runs_nothing_and_writes_nothing() {
    let (_api, world, _) = finished(3);
    let before = world.log().text;
    let run = world
        .run(&["publish", "--exec", "touch ran", "--dry-run"])
        .expect(0);
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    assert!(!world.path("ran").exists());
    assert_eq!(world.log().text, before);
}

#[test]
fn only_what_was_chosen_is_handed_on() {
    let (_api, world, _) = finished(6);
    let note = "echo $CREATIVEAI_LISTING_ID >> done";
    let chosen = ["publish", "--exec", note, "--where", "listing_id=LST-1"];
    world.run(&chosen).expect(0);
    assert_eq!(lines(&world.path("done")), ["LST-1", "LST-1"]);
    world
        .run(&[
            "publish",
            "--exec",
            note,
            "--where",
            "delivery_target=nowhere",
        ])
        .expect(0);
    assert_eq!(lines(&world.path("done")).len(), 2);
}

#[test]
fn the_rooms_of_a_listing_go_out_together() {
    let api = unused_api();
    let mut orders = orders(4);
    orders[3] = orders[3].clone().rendering();
    let world = world(&api, &log_of(&orders));
    let publish = [
        "publish",
        "--exec",
        "echo $CREATIVEAI_LISTING_ID >> done",
        "--when",
        "complete",
        "--json",
    ];
    let run = world.run(&publish).expect(0);
    assert_eq!(
        (&run.json()["published"], &run.json()["waiting"]),
        (&2.into(), &1.into())
    );
    orders[3].output_url = Some("https://cdn.example.com/3.mp4".to_owned());
    let more = orders[3].lines();
    world.write(
        "jobs.jsonl",
        world.log().text + more.lines().last().unwrap() + "\n",
    );
    world.run(&publish).expect(0);
    assert_eq!(
        lines(&world.path("done")),
        ["LST-0", "LST-0", "LST-1", "LST-1"]
    );
}

#[test]
fn at_a_signal_what_runs_is_waited_for_and_nothing_more_is_started() {
    let (_api, world, _) = finished(6);
    let wait = "echo $CREATIVEAI_JOB >> begun; while test -e begun && ! test -e go; do sleep 0.02; done; \
                echo $CREATIVEAI_JOB >> done";
    let publish = ["publish", "--exec", wait, "--concurrency", "2"];
    let mut run = world.start(&publish);
    wait_for_lines(&world.path("begun"), 2, &mut run);
    let pid = rustix::process::Pid::from_raw(run.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    world.write("go", "");
    let ended = run.wait().expect(143);
    let (begun, done) = (lines(&world.path("begun")), lines(&world.path("done")));
    // The signal may come a moment after the door has been opened; what has begun has ended.
    assert_eq!(
        begun.iter().collect::<BTreeSet<_>>(),
        done.iter().collect(),
        "{}",
        ended.stderr
    );
    let log = world.log();
    let published = log
        .words()
        .iter()
        .filter(|word| **word == "published")
        .count();
    assert_eq!(published, done.len());
    world.run(&publish).expect(0);
    assert_eq!(lines(&world.path("done")).len(), 6, "each once");
}

#[test]
fn after_a_crash_a_clip_may_come_again_under_the_same_publish_id() {
    let (_api, world, _) = finished(1);
    let note = "echo $CREATIVEAI_PUBLISH_ID >> got; while test -e got && ! test -e go; do sleep 0.02; done";
    let mut run = world.start(&["publish", "--exec", note]);
    wait_for_lines(&world.path("got"), 1, &mut run);
    run.kill();
    world.write("go", "");
    world.run(&["publish", "--exec", note]).expect(0);
    let got = lines(&world.path("got"));
    assert_eq!(got.len(), 2);
    assert_eq!(got[0], got[1]);
    world.run(&["publish", "--exec", note]).expect(0);
    assert_eq!(lines(&world.path("got")).len(), 2);
}

#[test]
fn the_log_that_cannot_be_written_ends_the_run() {
    let (_api, world, _) = finished(40);
    // The log's last line would lie beyond the limit of a file's size: 512-byte blocks or kilobytes.
    let size = world.log().text.len();
    let blocks = size / 1024 + 1;
    let line =
        format!("ulimit -f {blocks}; exec \"$0\" publish --concurrency 1 --exec 'echo x >> ran'");
    let run = world.shell(&line).expect(74);
    assert!(
        run.stderr.contains("the log cannot be used"),
        "{}",
        run.stderr
    );
    let ran = lines(&world.path("ran")).len();
    assert!(ran < 40, "the run ends at the first that cannot be logged");
    if world.path("jobs.jsonl.recover").exists() {
        let recover = ["reconcile", "--recover", "jobs.jsonl.recover"];
        world.run(&recover).expect(0);
    }
    world.run(&["publish", "--exec", "echo x >> ran"]).expect(0);
    assert_eq!(lines(&world.path("ran")).len(), 40, "each ran once");
}

#[test]
fn at_a_second_signal_what_runs_is_killed() {
    let (_api, world, _) = finished(1);
    let pipe = world.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    // Who reads the pipe to its end waits for the last process that has it open.
    let wait = "exec 3>pipe; echo >> begun; sleep 20; echo late >&3";
    let mut run = world.start(&["publish", "--exec", wait]);
    let mut pipe = std::fs::File::open(&pipe).unwrap();
    wait_for_lines(&world.path("begun"), 1, &mut run);
    let pid = rustix::process::Pid::from_raw(run.id() as i32).unwrap();
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        rustix::process::kill_process(pid, signal).unwrap();
    }
    let mut said = String::new();
    std::io::Read::read_to_string(&mut pipe, &mut said).unwrap();
    assert_eq!(said, "");
    assert!(!world.log().text.contains("\"published\""));
}
