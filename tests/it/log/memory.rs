//! A log that was cut, emptied, replaced, moved or written to by others, between two runs and while
//! one is under way: nothing is sent on the strength of it, and no reply is lost.

use std::fs;

#[cfg(target_os = "linux")]
use crate::support::world::PROGRAM;
use crate::support::{Ended, Gate, Phase, Server, Step, World, listings};
#[cfg(target_os = "linux")]
use crate::support::{Running, rows};

const JOBS: &str = "jobs.jsonl";

/// What others do to a log, by name. They are given the world and an older copy of the log.
type Attack = fn(&World, &str);

fn cut(world: &World, _: &str) {
    let text = fs::read(world.path(JOBS)).unwrap();
    world.write(JOBS, &text[..text.len() - 10]);
}

fn empty(world: &World, _: &str) {
    world.write(JOBS, "");
}

fn restore_in_place(world: &World, older: &str) {
    world.write(JOBS, older);
}

fn restore_by_renaming(world: &World, older: &str) {
    world.write("restored", older);
    fs::rename(world.path("restored"), world.path(JOBS)).unwrap();
}

fn delete(world: &World, _: &str) {
    fs::remove_file(world.path(JOBS)).unwrap();
}

fn move_away(world: &World, _: &str) {
    fs::rename(world.path(JOBS), world.path("june.jsonl")).unwrap();
}

/// As long as before, so that only its content differs.
fn replace_by_another(world: &World, _: &str) {
    let len = fs::metadata(world.path(JOBS)).unwrap().len() as usize;
    let line = "{\"job\":\"5b1f0c9a77d2e318\",\"attempt\":1,\"status\":\"pending\"}\n";
    let mut text = line.repeat(len / line.len());
    text.push_str(&" ".repeat(len - text.len()));
    world.write("other", text);
    fs::rename(world.path("other"), world.path(JOBS)).unwrap();
}

const ATTACKS: [(&str, Attack); 7] = [
    ("cut off", cut),
    ("emptied", empty),
    ("restored in place", restore_in_place),
    ("restored by renaming", restore_by_renaming),
    ("deleted", delete),
    ("moved away", move_away),
    ("replaced by another", replace_by_another),
];

#[test]
fn a_log_that_is_not_as_it_was_left_sends_nothing_until_it_is_accepted() {
    for (printed, attack) in ATTACKS {
        let server = Server::scripted(vec![Step::accept(), Step::reply(422, "no")]);
        let world = World::facing(&server);
        world.write("listings.csv", listings(2));
        world.run(&["submit", "listings.csv"]).expect(1);
        let older = world.log().text;
        world.write("listings.csv", listings(4));
        world.run(&["submit", "listings.csv"]).expect(1);
        attack(&world, &older);
        let left = fs::read(world.path(JOBS)).ok();
        let sent = server.connections();
        for command in [
            &["submit", "listings.csv"][..],
            &["submit", "listings.csv", "-q"],
            &["retry", "--failed"],
            &["reconcile"],
            &["resolve", "LST-1", "--dismiss"],
            &["compact"],
            &["download"],
        ] {
            let run = world.run(command).expect(65);
            for words in ["nothing was sent", "bytes long", "UTC", "log accept"] {
                assert!(
                    run.stderr.contains(words),
                    "{printed}, {command:?}: {}",
                    run.stderr
                );
            }
        }
        // Who only looks is warned.
        let dry = world
            .run(&["submit", "listings.csv", "--dry-run"])
            .expect(0);
        assert!(
            dry.stderr.contains("log accept"),
            "{printed}: {}",
            dry.stderr
        );
        if left.is_some() {
            let status = world.run(&["status"]).expect(0);
            assert!(
                status.stderr.contains("log accept"),
                "{printed}: {}",
                status.stderr
            );
        }
        assert_eq!(server.connections(), sent, "{printed}: nothing was sent");
        assert_eq!(
            fs::read(world.path(JOBS)).ok(),
            left,
            "{printed}: it was left alone"
        );

        // A person has looked.
        world.run(&["log", "accept"]).expect(2);
        world.run(&["submit", "listings.csv"]).expect(65);
        let accepted = world.run(&["log", "accept", "--yes"]).expect(0);
        assert!(
            accepted.stderr.contains("accepted"),
            "{printed}: {}",
            accepted.stderr
        );
        assert_eq!(
            fs::read(world.path(JOBS)).ok(),
            left,
            "{printed}: it was left alone"
        );
        let run = world.run(&["submit", "listings.csv"]);
        assert_ne!(run.code(), 65, "{printed}: {}", run.stderr);
    }
}

#[test]
fn a_log_that_others_have_added_to_is_as_good_as_before() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world.run(&["submit", "listings.csv"]).expect(0);
    let line = "{\"job\":\"5b1f0c9a77d2e318\",\"attempt\":1,\"status\":\"pending\"}\n";
    world.write(JOBS, world.log().text + line);
    let run = world.run(&["submit", "listings.csv"]).expect(0);
    assert!(!run.stderr.contains("log accept"), "{}", run.stderr);
    world.run(&["compact"]).expect(0);
    world.run(&["submit", "listings.csv"]).expect(0);
    let status = world.run(&["status"]).expect(0);
    assert!(!status.stderr.contains("log accept"), "{}", status.stderr);
    assert_eq!(server.bills().len(), 2);
}

#[test]
fn there_is_nothing_to_accept_of_a_log_that_is_as_it_was_left_or_never_was() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.run(&["log", "accept", "--yes"]).expect(74);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let run = world.run(&["log", "accept"]).expect(0);
    assert!(run.stderr.contains("nothing to accept"), "{}", run.stderr);
    delete(&world, "");
    let run = world.run(&["log", "accept", "--yes", "--json"]).expect(0);
    assert_eq!(run.json()["accepted"], true);
    let run = world.run(&["submit", "listings.csv"]).expect(0);
    assert!(!run.stderr.contains("although"), "{}", run.stderr);
    assert_eq!(server.bills().len(), 2, "a person has said so");
}

#[test]
fn a_new_log_beside_the_lock_of_an_older_one_is_never_begun_in_silence() {
    for flag in ["--quiet", "--verbose"] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("listings.csv", listings(1));
        // As an older version left it: it remembers nothing.
        let holder = r#"{"command":"submit","pid":1,"since":"2026-03-12T09:20:00Z"}"#;
        world.write("jobs.jsonl.lock", format!("{holder}\n"));
        let run = world.run(&["submit", "listings.csv", flag]).expect(0);
        assert!(
            run.stderr.contains("an older one was here"),
            "{}",
            run.stderr
        );
        let again = world.run(&["submit", "listings.csv", flag]).expect(0);
        assert!(!again.stderr.contains("an older one"), "{}", again.stderr);
    }
}

/// The lines that a run could not write, as it printed them.
fn recover_lines(run: &Ended) -> Vec<&str> {
    let lines = run.stderr.lines();
    lines
        .filter_map(|line| line.strip_prefix("RECOVER "))
        .collect()
}

#[cfg(unix)]
fn add_a_line(world: &World, _: &str) {
    let line =
        "{\"job\":\"5b1f0c9a77d2e318\",\"attempt\":1,\"status\":\"pending\",\"sku\":\"X\"}\n";
    world.write(JOBS, world.log().text + line);
}

// On Windows no one else can change a log that is being written to.
#[cfg(unix)]
#[test]
fn what_others_do_to_a_log_that_is_written_to_loses_no_reply() {
    for (printed, attack) in ATTACKS
        .into_iter()
        .chain([("added to", add_a_line as Attack)])
    {
        let gate = Gate::default();
        let server = Server::start({
            let gate = gate.clone();
            move |post| {
                let step = Step::accept();
                if post.number == 1 {
                    step.held_at(Phase::Billed, &gate)
                } else {
                    step
                }
            }
        });
        let world = World::facing(&server);
        world.write("listings.csv", listings(1));
        world.run(&["submit", "listings.csv"]).expect(0);
        let older = world.log().text;
        world.write("listings.csv", listings(4));
        let run = world.start(&["submit", "listings.csv", "--concurrency", "1"]);
        server.wait_for_posts(2);
        let right = world.log().text;
        attack(&world, &older);
        let left = fs::read(world.path(JOBS)).ok();
        gate.open();
        let run = run.wait().expect(74);
        assert_eq!(server.posts().len(), 2, "{printed}: no new request");
        assert_eq!(
            fs::read(world.path(JOBS)).ok(),
            left,
            "{printed}: it was left alone"
        );
        let file = world.path("jobs.jsonl.recover");
        let kept = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = kept.lines().collect();
        assert!(lines.ends_with(&recover_lines(&run)), "{printed}: {kept}");
        let bill = &server.bills()[1];
        assert!(kept.contains(&bill.id), "{printed}: {kept}");
        for words in ["jobs.jsonl.recover", "reconcile --recover"] {
            assert!(run.stderr.contains(words), "{printed}: {}", run.stderr);
        }

        // The right file is put back, and the reply with it.
        if printed != "added to" {
            world.write(JOBS, &right);
        }
        world.run(&["submit", "listings.csv"]).expect(65);
        world.run(&["retry", "--unknown", "--yes"]).expect(65);
        assert_eq!(
            server.posts().len(),
            2,
            "{printed}: nothing before the reply is back"
        );
        world
            .run(&["reconcile", "--recover", "jobs.jsonl.recover"])
            .expect(0);
        assert!(!file.exists(), "{printed}: all of it is in the log");
        world.run(&["submit", "listings.csv"]).expect(0);
        let jobs: std::collections::BTreeSet<String> =
            server.bills().iter().map(|b| b.job().to_owned()).collect();
        assert_eq!((server.bills().len(), jobs.len()), (4, 4), "{printed}");
        for bill in server.bills() {
            assert!(
                world.log().ids().contains(&&*bill.id),
                "{printed}: {} is lost",
                bill.id
            );
        }
    }
}

/// A backup is put in the log's place in the middle of a run, and a person takes it for right.
#[cfg(unix)]
#[test]
fn what_a_run_wrote_to_a_log_that_was_replaced_is_kept_and_not_ordered_again() {
    let gate = Gate::default();
    let server = Server::start({
        let gate = gate.clone();
        move |post| match post.number {
            3 => Step::accept().held_at(Phase::Billed, &gate),
            _ => Step::accept(),
        }
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let backup = world.log().text;
    world.write("listings.csv", listings(5));
    let run = world.start(&["submit", "listings.csv", "--concurrency", "1"]);
    server.wait_for_posts(4);
    world.write("backup.jsonl", &backup);
    fs::rename(world.path("backup.jsonl"), world.path(JOBS)).unwrap();
    gate.open();
    let run = run.wait().expect(74);
    // Of the others it is only said where they are.
    assert_eq!(recover_lines(&run).len(), 1, "{}", run.stderr);
    world.run(&["log", "accept", "--yes"]).expect(0);
    let refused = world.run(&["submit", "listings.csv"]).expect(65);
    for words in ["reconcile --recover", "jobs.jsonl.recover"] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    world
        .run(&["reconcile", "--recover", "jobs.jsonl.recover"])
        .expect(0);
    world.run(&["submit", "listings.csv"]).expect(0);
    let jobs: std::collections::BTreeSet<String> = server
        .bills()
        .iter()
        .map(|bill| bill.job().to_owned())
        .collect();
    assert_eq!((server.bills().len(), jobs.len()), (5, 5));
}

#[test]
fn replies_are_kept_even_when_the_folder_is_gone() {
    let gate = Gate::default();
    let server = Server::start({
        let gate = gate.clone();
        move |_| Step::accept().held_at(Phase::Billed, &gate)
    });
    let world = World::facing(&server);
    fs::create_dir_all(world.path("june")).unwrap();
    fs::create_dir_all(world.path("temporary")).unwrap();
    let temporary = world.path("temporary").display().to_string();
    let world = world
        .with_var("TMPDIR", &temporary)
        .with_var("TMP", &temporary);
    world.write("listings.csv", listings(1));
    let run = world.start(&["submit", "listings.csv", "--jobs", "june/jobs.jsonl"]);
    server.wait_for_posts(1);
    fs::rename(world.path("june"), world.path("elsewhere")).unwrap();
    gate.open();
    let run = run.wait().expect(74);
    let files: Vec<_> = fs::read_dir(&temporary)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let [file] = files.as_slice() else {
        panic!("{files:?}: {}", run.stderr)
    };
    let kept = fs::read_to_string(file.path()).unwrap();
    let lines: Vec<&str> = kept.lines().collect();
    assert!(lines.ends_with(&recover_lines(&run)), "{kept}");
    let name = file.path().display().to_string();
    assert!(run.stderr.contains(&name), "{}", run.stderr);
    world
        .run(&["reconcile", "elsewhere/jobs.jsonl", "--recover", &name])
        .expect(0);
    let log = fs::read_to_string(world.path("elsewhere/jobs.jsonl")).unwrap();
    assert!(log.contains(&server.bills()[0].id), "{log}");
}

// Windows does not remove a file that is open, and lets only administrators make links.
#[cfg(unix)]
#[test]
fn a_hard_link_or_a_removed_lock_file_lets_no_second_writer_in() {
    let gate = Gate::default();
    let server = Server::start({
        let gate = gate.clone();
        move |_| Step::accept().held_at(Phase::Read, &gate)
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world.write(JOBS, "");
    fs::hard_link(world.path(JOBS), world.path("linked.jsonl")).unwrap();
    std::os::unix::fs::symlink(JOBS, world.path("link.jsonl")).unwrap();
    let first = world.start(&["submit", "listings.csv"]);
    server.wait_for_posts(1);
    let sent = server.posts().len();
    let second = |jobs: &str| {
        let submit = [
            "submit",
            "listings.csv",
            "--lock-wait",
            "0s",
            "--jobs",
            jobs,
        ];
        world.run(&submit).expect(75)
    };
    let run = second("link.jsonl");
    assert!(run.stderr.contains("`creativeai submit`"), "{}", run.stderr);
    let run = second("linked.jsonl");
    assert!(run.stderr.contains("another name"), "{}", run.stderr);
    fs::remove_file(world.path("jobs.jsonl.lock")).unwrap();
    let run = second(JOBS);
    assert!(
        run.stderr.contains("lock file was removed"),
        "{}",
        run.stderr
    );
    assert!(server.posts().len() <= sent.max(2));
    gate.open();
    first.wait().expect(0);
    world
        .run(&["submit", "listings.csv", "--jobs", "linked.jsonl"])
        .expect(0);
    assert_eq!(server.bills().len(), 2);
    // The other name would go on as the old log.
    let log = world.log().text;
    let repeated = format!("{log}{}\n", log.lines().last().unwrap());
    world.write(JOBS, repeated);
    let run = world.run(&["compact"]).expect(74);
    assert!(run.stderr.contains("hard link"), "{}", run.stderr);
}

#[test]
fn a_file_that_is_no_log_is_never_appended_to() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    for (name, content) in [
        ("key", &b"rph_live_0123456789abcdef\n"[..]),
        ("creativeai-old.toml", b"model = \"kling-v3\"\n"),
        ("package.json", b"{\n  \"name\": \"clips\"\n}\n"),
        ("settings.json", b"{\"name\":\"clips\"}"),
        ("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"),
        ("sheet.csv", b"sku,image_url\nA,https://x/a.jpg\n"),
        ("notes", b"call the photographer\n"),
        (
            "captures.jsonl",
            b"{\"v\":1,\"headers\":{},\"body\":\"{}\"}\n",
        ),
    ] {
        world.write(name, content);
        let run = world
            .run(&["submit", "listings.csv", "--jobs", name])
            .expect(65);
        assert!(
            run.stderr.contains("is not a job log"),
            "{name}: {}",
            run.stderr
        );
        assert_eq!(fs::read(world.path(name)).unwrap(), content, "{name}");
    }
    assert_eq!(server.connections(), 0);
    // A log that a crash left with nothing but the beginning of a line is one.
    world.write(JOBS, "{\"at\":\"2026-03-12T09:20:0");
    world.run(&["submit", "listings.csv"]).expect(0);
}

#[test]
fn a_log_with_a_second_name_is_not_made_smaller_behind_it() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    fs::hard_link(world.path(JOBS), world.path("linked.jsonl")).unwrap();
    let before = fs::read(world.path(JOBS)).unwrap();
    let refused = world.run(&["compact", "--keep"]).expect(74);
    assert!(
        refused.stderr.contains("hard link") && refused.stderr.contains("remove that name first"),
        "{}",
        refused.stderr
    );
    assert_eq!(fs::read(world.path(JOBS)).unwrap(), before);
    assert!(!world.path("jobs.jsonl.1").exists());
    fs::remove_file(world.path("linked.jsonl")).unwrap();
    world.run(&["compact"]).expect(0);
}

#[test]
fn no_output_takes_the_place_of_a_file_that_holds_something_else() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    world.write("key", "rph_live_0123456789abcdef\n");
    fs::hard_link(world.path(JOBS), world.path("page.html")).unwrap();
    fs::create_dir(world.path("man1")).unwrap();
    fs::hard_link(world.path(JOBS), world.path("man1/creativeai.1")).unwrap();
    let names = [
        JOBS,
        "home/../jobs.jsonl",
        "jobs.jsonl.lock",
        "jobs.jsonl.recover",
        "listings.csv",
        "key",
        "page.html",
        "man1",
    ];
    let content = || names.map(|name| fs::read(world.path(name)).ok());
    let before = content();
    for name in names {
        let run = world.run(&["report", "-o", name]).expect(78);
        assert!(
            run.stderr.contains("left as it was"),
            "{name}: {}",
            run.stderr
        );
    }
    world.run(&["man", "--dir", "man1"]).expect(78);
    assert_eq!(content(), before);
    for name in names.into_iter().filter(|name| *name != "man1") {
        let run = world.run(&["download", "--dir", name]).expect(78);
        assert!(
            run.stderr.contains("nothing there was changed"),
            "{name}: {}",
            run.stderr
        );
    }
    // Who holds the lock writes into it.
    let is_lock = |name: &&str| *name == "jobs.jsonl.lock";
    let kept = names.iter().zip(content().into_iter().zip(before));
    for (name, (now, before)) in kept.filter(|(name, _)| !is_lock(name)) {
        assert_eq!(now, before, "{name}");
    }
    world.run(&["report", "-o", "new.html"]).expect(0);
    world.run(&["report", "-o", "new.html"]).expect(0);
}

#[test]
fn a_file_that_is_no_lock_is_left_alone() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.write("Cargo.lock", "version = 4\n");
    let run = world
        .run(&["submit", "listings.csv", "--jobs", "Cargo"])
        .expect(74);
    assert!(run.stderr.contains("left alone"), "{}", run.stderr);
    assert_eq!(
        fs::read_to_string(world.path("Cargo.lock")).unwrap(),
        "version = 4\n"
    );
    assert_eq!(server.connections(), 0);
}

/// Another program appends while the log is being written to, and the disk refuses the rest: what it
/// appended stays.
#[cfg(target_os = "linux")]
#[test]
fn what_others_have_appended_is_never_cut_off() {
    let works = std::process::Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !works {
        println!("skipped: strace cannot be used here");
        return;
    }
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1]));
    // The sync takes its time and then fails; meanwhile someone appends.
    let fault = "inject=fdatasync:error=EIO:delay_enter=2000000:when=1";
    let args = [
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        fault,
        PROGRAM,
        "submit",
        "listings.csv",
    ];
    let run = Running::of(world.command("strace", &args));
    let written = || fs::metadata(world.path(JOBS)).map_or(0, |meta| meta.len());
    while written() == 0 {
        std::thread::yield_now();
    }
    let before = fs::read_to_string(world.path(JOBS)).unwrap();
    world.write(JOBS, format!("{before}{{\"sku\":\"theirs\"}}\n"));
    run.wait().expect(74);
    let log = fs::read_to_string(world.path(JOBS)).unwrap();
    assert!(log.ends_with("{\"sku\":\"theirs\"}\n"), "{log}");
    assert!(server.bills().is_empty());
}

#[test]
fn an_old_log_is_kept_once_and_the_way_out_is_named() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let log = world.log().text;
    world.write(JOBS, log.repeat(2));
    world.run(&["compact", "--keep"]).expect(0);
    let kept = fs::read(world.path("jobs.jsonl.1")).unwrap();
    let log = world.log().text;
    world.write(JOBS, log.repeat(2));
    let before = world.log().text;
    let refused = world.run(&["compact", "--keep"]).expect(74).stderr;
    for words in [
        "is there already",
        "was not changed",
        "move or delete jobs.jsonl.1",
        "leave out --keep",
    ] {
        assert!(refused.contains(words), "{words}: {refused}");
    }
    assert!(!refused.contains("disk has room"), "{refused}");
    assert_eq!(world.log().text, before);
    assert_eq!(fs::read(world.path("jobs.jsonl.1")).unwrap(), kept);
    world.run(&["compact"]).expect(0);
}
