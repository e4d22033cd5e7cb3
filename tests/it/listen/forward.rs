//! `listen --forward` and `listen --exec`: deliveries go on, and never at the cost of the answer.

use crate::support::delivery::{Delivery, completed};
use crate::support::processes::{Process, eventually};
use crate::support::{Gate, KEY, Phase, Request, Server, Step, World};

/// An address that answers the nth delivery with the nth code, and with the last one from then on.
fn target(codes: &'static [u16]) -> Server {
    Server::start(move |post| {
        let code = codes.get(post.number).or(codes.last()).unwrap();
        Step::reply(*code, "")
    })
}

fn listen(world: &World, address: &str, more: &[&str]) -> Process {
    Process::listen(world, &[&["--forward", address], more].concat())
}

fn ids(posts: &[Request]) -> Vec<String> {
    let id = |post: &Request| {
        let body: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
        body["id"].as_str().unwrap().to_owned()
    };
    posts.iter().map(id).collect()
}

#[test]
fn a_delivery_is_forwarded_as_it_came_and_tried_until_it_is_taken() {
    let target = target(&[503, 429, 200]);
    let world = World::new();
    let address = format!("{}/hook?from=us", target.url());
    let mut receiver = listen(&world, &address, &[]);
    let first = Delivery::completed("vgen_1").naming("5b1f0c9a77d2e318.1");
    assert_eq!(receiver.deliver(&first), 200);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_2")), 200);
    // A repetition, byte for byte, is kept and not forwarded again; what is forged is neither.
    assert_eq!(receiver.deliver(&first), 200);
    assert_eq!(receiver.deliver(&first.clone().saying("{}")), 401);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_3")), 200);
    receiver.run.wait_for_words("accepts deliveries again");
    target.wait_for_posts(5);
    let posts = target.posts();
    assert_eq!(
        ids(&posts),
        ["vgen_1", "vgen_1", "vgen_1", "vgen_2", "vgen_3"]
    );
    let [.., taken, _, _] = &posts[..] else {
        unreachable!()
    };
    assert_eq!(taken.body, first.body);
    assert_eq!(
        taken.path,
        "/hook?from=us&creativeai_job=5b1f0c9a77d2e318.1"
    );
    assert_eq!(
        taken.header("x-creativeai-signature"),
        first.header("x-creativeai-signature")
    );
    assert!(posts.iter().all(|post| !format!("{post:?}").contains(KEY)));
}

#[test]
fn what_no_signature_covers_is_not_forwarded() {
    let target = target(&[200]);
    let world = World::new();
    let receiver = listen(&world, &format!("{}/hook?tok=ours", target.url()), &[]);
    let good = Delivery::completed("vgen_1").naming("5b1f0c9a77d2e318.1");
    let mut again = good.clone();
    again.url = format!("{}&tok=evil&role=admin", good.url);
    for (name, value) in [
        ("Authorization", "Bearer evil"),
        ("Cookie", "session=evil"),
        ("X-Http-Method-Override", "DELETE"),
        ("X-CreativeAI-Delivery-Id", "vgen_1"),
    ] {
        again.headers.push((name.to_owned(), value.to_owned()));
    }
    // The same delivery, whatever else stands in its address.
    assert_eq!(receiver.deliver(&again), 200);
    assert_eq!(receiver.deliver(&good), 200);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_2")), 200);
    target.wait_for_posts(2);
    let posts = target.posts();
    assert_eq!(ids(&posts), ["vgen_1", "vgen_2"]);
    let paths: Vec<&str> = posts.iter().map(|post| post.path.as_str()).collect();
    let named = "/hook?tok=ours&creativeai_job=5b1f0c9a77d2e318.1";
    assert_eq!(paths, [named, "/hook?tok=ours"]);
    assert!(
        !format!("{posts:?}").to_lowercase().contains("evil"),
        "{posts:?}"
    );
    assert_eq!(posts[0].body, good.body);
    for name in ["x-creativeai-signature", "content-type"] {
        assert_eq!(posts[0].header(name), good.header(name), "{name}");
    }
    assert_eq!(posts[0].header("x-creativeai-delivery-id"), Some("vgen_1"));
    assert_eq!(posts[0].header("x-http-method-override"), None);
}

#[test]
fn an_address_that_does_not_answer_delays_no_delivery() {
    let gate = Gate::default();
    let held = gate.clone();
    let target = Server::start(move |_| Step::reply(200, "").held_at(Phase::Read, &held));
    let world = World::new();
    let receiver = listen(&world, &target.url(), &[]);
    for n in 0..20 {
        let delivery = Delivery::completed(&format!("vgen_{n}"));
        assert_eq!(receiver.deliver(&delivery), 200);
    }
    assert_eq!(target.posts().len().min(1), target.posts().len());
    gate.open();
    target.wait_for_posts(20);
}

#[cfg(unix)]
#[test]
fn what_was_not_taken_is_forwarded_by_the_next_run_and_nothing_twice() {
    let world = World::new();
    // Captured before anything was to be forwarded: stays here.
    let receiver = Process::listen(&world, &[]);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_0")), 200);
    receiver.stop().expect(143);

    let down = target(&[200, 503]);
    let receiver = listen(&world, &down.url(), &[]);
    for n in 1..=3 {
        assert_eq!(
            receiver.deliver(&Delivery::completed(&format!("vgen_{n}"))),
            200
        );
    }
    down.wait_for_posts(2);
    let ended = receiver.stop().expect(143);
    assert!(
        ended.stderr.contains("2 deliveries not forwarded"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("1 delivery captured earlier"),
        "{}",
        ended.stderr
    );

    // One that is killed drains nothing.
    let receiver = listen(&world, "http://127.0.0.1:1/", &[]);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_4")), 200);
    receiver.run.kill();

    let up = target(&[200]);
    let receiver = listen(&world, &up.url(), &[]);
    up.wait_for_posts(3);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_5")), 200);
    up.wait_for_posts(4);
    let ended = receiver.stop().expect(143);
    assert!(
        ended.stderr.contains("4 forwarded, 0 not yet"),
        "{}",
        ended.stderr
    );
    assert_eq!(ids(&up.posts()), ["vgen_2", "vgen_3", "vgen_4", "vgen_5"]);
}

#[cfg(unix)]
#[test]
fn what_need_not_be_remembered_is_left_out_at_the_start_and_nothing_is_sent_twice() {
    let world = World::new();
    let to = target(&[200]);
    let receiver = listen(&world, &to.url(), &[]);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_1")), 200);
    to.wait_for_posts(1);
    receiver.stop().expect(143);
    let taken = std::fs::read_to_string(world.path("captures.jsonl.forwarded")).unwrap();
    let older: String = (0..25_000).map(|n| format!("{n:032x}\n")).collect();
    world.write("captures.jsonl.forwarded", format!("{taken}{older}"));

    let receiver = listen(&world, &to.url(), &[]);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_2")), 200);
    to.wait_for_posts(2);
    receiver.stop().expect(143);
    assert_eq!(ids(&to.posts()), ["vgen_1", "vgen_2"]);
    let kept = std::fs::read_to_string(world.path("captures.jsonl.forwarded")).unwrap();
    let newest = &older[15_000 * 33..];
    assert!(kept.starts_with(&format!("{taken}{newest}")));
    assert_eq!(kept.lines().count(), 10_002);
}

#[cfg(unix)]
#[test]
fn what_is_queued_is_forwarded_before_the_end_and_what_is_refused_is_said() {
    let gate = Gate::default();
    let held = gate.clone();
    let target = Server::start(move |post| match post.number {
        0 => Step::reply(200, "").held_at(Phase::Read, &held),
        1 => Step::reply(404, ""),
        _ => Step::reply(200, ""),
    });
    let world = World::new();
    let receiver = listen(&world, &target.url(), &[]);
    for n in 1..=3 {
        assert_eq!(
            receiver.deliver(&Delivery::completed(&format!("vgen_{n}"))),
            200
        );
    }
    target.wait_for_posts(1);
    receiver.signal(rustix::process::Signal::TERM);
    gate.open();
    let ended = receiver.run.wait().expect(143);
    assert_eq!(ids(&target.posts()), ["vgen_1", "vgen_2", "vgen_3"]);
    assert!(
        ended
            .stderr
            .contains("did not accept the delivery of vgen_2"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("2 forwarded, 1 not yet"),
        "{}",
        ended.stderr
    );
}

#[test]
fn only_what_is_verified_is_forwarded_so_a_key_is_needed() {
    let world = World::new().without_var("CREATIVEAI_API_KEY");
    let listen = [
        "listen",
        "--addr",
        "127.0.0.1:0",
        "--forward",
        "https://a.example/",
    ];
    let run = world.run(&listen).expect(78);
    assert!(
        run.stderr.contains("CREATIVEAI_VERIFY_KEYS"),
        "{}",
        run.stderr
    );
    assert_eq!(world.files(), [""; 0]);
    let wrong = ["listen", "--addr", "127.0.0.1:0", "--forward", "a.example"];
    world.run(&wrong).expect(2);
    let alone = ["listen", "--addr", "127.0.0.1:0", "--exec", "true"];
    let run = world.run(&alone).expect(2);
    assert!(run.stderr.contains("--jobs"), "{}", run.stderr);
}

/// Two clips are under way; one comes out, the other fails.
fn under_way(server: &Server) -> (World, Vec<String>) {
    let world = World::facing(server);
    world.write("listings.csv", crate::support::listings(2));
    world.run(&["submit", "listings.csv"]).expect(0);
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    let id = |job: &serde_json::Value| job["generation_id"].as_str().unwrap().to_owned();
    let ids = jobs.as_array().unwrap().iter().map(id).collect();
    (world, ids)
}

#[cfg(unix)]
#[test]
fn a_command_runs_once_for_each_clip_that_ends_without_the_key() {
    let server = Server::accepting();
    let (world, ids) = under_way(&server);
    let command = "cat >> clips.json; \
                   echo \"$CREATIVEAI_LISTING_ID $CREATIVEAI_STATUS [$CREATIVEAI_API_KEY]\" >> ended";
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl", "--exec", command]);
    let ready = Delivery::completed(&ids[0]);
    let mut failed = completed(&ids[1]);
    failed["status"] = "failed".into();
    failed["error"] = "too dark".into();
    for delivery in [&ready, &ready, &Delivery::of(&failed)] {
        assert_eq!(receiver.deliver(delivery), 200);
    }
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap_or_default();
    eventually("both have ended", || read("ended").lines().count() == 2);
    eventually("the log has it", || {
        read("jobs.jsonl").contains("\"published\"")
    });
    // The log is free while it listens, and `publish` finds nothing to do.
    let publish = ["publish", "--exec", "echo again >> ended", "--json"];
    let published = world.run(&publish).expect(1).json();
    assert_eq!(
        (&published["published"], &published["already"]),
        (&0.into(), &1.into())
    );
    let ended = receiver.stop().expect(143);
    assert!(
        ended
            .stderr
            .contains("command run for 2 clips, failed for 0"),
        "{}",
        ended.stderr
    );
    let mut lines: Vec<String> = read("ended").lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["LST-1 completed []", "LST-2 failed []"]);
    let json: Vec<serde_json::Value> = read("clips.json")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        json.iter().any(|job| job["output_url"].is_string()),
        "{json:?}"
    );
}

/// The same command in the words of Windows' own shell.
#[cfg(windows)]
#[test]
fn a_command_of_cmd_runs_once_for_each_clip_that_ends_without_the_key() {
    let server = Server::accepting();
    let (world, ids) = under_way(&server);
    let command = "echo !CREATIVEAI_LISTING_ID! !CREATIVEAI_STATUS! [!CREATIVEAI_API_KEY!]>>ended";
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl", "--exec", command]);
    let ready = Delivery::completed(&ids[0]);
    let mut failed = completed(&ids[1]);
    failed["status"] = "failed".into();
    for delivery in [&ready, &ready, &Delivery::of(&failed)] {
        assert_eq!(receiver.deliver(delivery), 200);
    }
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap_or_default();
    eventually("both have ended", || read("ended").lines().count() == 2);
    eventually("the log has it", || {
        read("jobs.jsonl").contains("\"published\"")
    });
    receiver.run.kill();
    let ended = read("ended");
    assert!(!ended.contains(KEY), "{ended}");
    // What cmd makes of a variable that is not set is its own affair.
    let words = |line: &str| line.split(" [").next().unwrap().to_owned();
    let mut lines: Vec<String> = ended.lines().map(words).collect();
    lines.sort();
    assert_eq!(lines, ["LST-1 completed", "LST-2 failed"]);
}

#[cfg(unix)]
#[test]
fn a_command_runs_once_for_each_end_of_a_clip_whatever_is_reported_later() {
    let server = Server::accepting();
    let (world, ids) = under_way(&server);
    let command = "echo $CREATIVEAI_STATUS >> ended; exit 3";
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl", "--exec", command]);
    let mut failed = completed(&ids[0]);
    failed["status"] = "failed".into();
    failed["error"] = "too dark".into();
    let mut later = failed.clone();
    later["completed_at"] = "2026-03-12T09:22:18Z".into();
    let mut corrected = completed(&ids[0]);
    corrected["adjusted_credits"] = 4.into();
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap_or_default();
    let lines = |word: &str| read("jobs.jsonl").matches(word).count();
    for (body, step, count) in [
        (&failed, "failure_reported", 1),
        (&later, "failure_reported", 1),
        (&completed(&ids[0]), "publish_failed", 1),
        (&corrected, "publish_failed", 1),
        (&completed(&ids[1]), "publish_failed", 2),
    ] {
        assert_eq!(receiver.deliver(&Delivery::of(body)), 200);
        eventually("the log has it", || {
            lines(&format!("\"step\":\"{step}\"")) == count
        });
        // The vendor's error stays what is shown.
        if body["status"] == "failed" {
            let jobs = world.run(&["status", "--json"]).expect(0).json();
            assert_eq!(jobs[0]["error"], "too dark");
        }
    }
    let ended = receiver.stop().expect(143);
    assert!(
        ended
            .stderr
            .contains("command run for 0 clips, failed for 3"),
        "{}",
        ended.stderr
    );
    assert_eq!(read("ended"), "failed\ncompleted\ncompleted\n");
    let history = world.run(&["status", "--id", "LST-1"]).expect(0).stdout;
    for words in ["failure reported, for exec\n", "publish failed, for exec: "] {
        assert!(history.contains(words), "{history}");
    }
    // Nothing of it is lost where the log is made smaller.
    world.run(&["compact"]).expect(0);
    assert_eq!((lines("failure_reported"), lines("publish_failed")), (1, 2));
}

#[cfg(unix)]
#[test]
fn while_a_command_runs_publish_leaves_its_target_to_it_and_no_clip_is_handed_on_twice() {
    let server = Server::accepting();
    let (world, ids) = under_way(&server);
    let command = "echo $CREATIVEAI_JOB >> begun; \
                   while test -e begun && ! test -e go; do sleep 0.02; done";
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl", "--exec", command]);
    for id in &ids {
        assert_eq!(receiver.deliver(&Delivery::completed(id)), 200);
    }
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap_or_default();
    eventually("a command runs", || !read("begun").is_empty());

    let publish = ["publish", "--exec", "echo again >> begun", "--json"];
    let refused = world
        .run(&[&publish[..], &["--lock-wait", "0s"]].concat())
        .expect(75);
    let words = "are being published to \"exec\" by `creativeai listen`";
    assert!(refused.stderr.contains(words), "{}", refused.stderr);
    // Another target is another matter, and what only looks waits for nothing.
    let other = ["publish", "--exec", "true", "--target", "mailer", "--json"];
    eventually("both have ended", || {
        read("jobs.jsonl").matches("\"completed\"").count() == 2
    });
    assert_eq!(world.run(&other).expect(0).json()["published"], 2);
    world
        .run(&[&publish[..], &["--dry-run", "--lock-wait", "0s"]].concat())
        .expect(0);

    let mut waiting = world.start(&[&publish[..], &["--lock-wait", "10m"]].concat());
    waiting.wait_for_words("waiting for it");
    world.write("go", "");
    waiting.wait().expect(0);
    receiver.stop().expect(143);
    let begun = read("begun");
    assert_eq!(begun.lines().count(), 2, "{begun}");
}

#[cfg(unix)]
#[test]
fn a_command_that_fails_is_tried_again_by_publish() {
    let server = Server::accepting();
    let (world, ids) = under_way(&server);
    let receiver = Process::listen(
        &world,
        &[
            "--jobs",
            "jobs.jsonl",
            "--exec",
            "echo broken; exit 3",
            "--target",
            "mailer",
        ],
    );
    assert_eq!(receiver.deliver(&Delivery::completed(&ids[0])), 200);
    let log = || std::fs::read_to_string(world.path("jobs.jsonl")).unwrap();
    eventually("the log has it", || log().contains("\"publish_failed\""));
    let ended = receiver.stop().expect(143);
    assert!(
        ended.stderr.contains("ended with code 3 and said: broken"),
        "{}",
        ended.stderr
    );
    assert!(!log().contains("\"published\""));
    let publish = ["publish", "--exec", "true", "--target", "mailer", "--json"];
    assert_eq!(world.run(&publish).expect(0).json()["published"], 1);
}
