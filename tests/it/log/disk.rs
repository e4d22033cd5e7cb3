//! Disks that are full, broken, limited or not there: before a POST nothing is sent, and after an
//! accepted one its line is printed as a line to recover.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;

use crate::support::{Ended, Gate, Log, Phase, Server, Step, World, listings, rows};
// Faults in system calls are Linux's alone.
#[cfg(target_os = "linux")]
use crate::{
    log::damage::put_log,
    support::{Running, server::Bill, skip, world::PROGRAM},
};

/// The lines that a run could not write, as it printed them.
fn recover_lines(run: &Ended) -> Vec<serde_json::Value> {
    run.stderr
        .lines()
        .filter_map(|line| line.strip_prefix("RECOVER "))
        .map(|json| serde_json::from_str(json).unwrap_or_else(|e| panic!("{e}: {json}")))
        .collect()
}

/// Whatever was billed is in the log, in a line to recover, or in doubt.
fn nothing_is_lost(server: &Server, log: &Log, run: &Ended) {
    let printed = recover_lines(run);
    for bill in server.bills() {
        let in_log = log.ids().contains(&&*bill.id);
        let in_words = printed.iter().any(|line| line["generation_id"] == *bill.id);
        let job = log.jobs.iter().find(|job| job["job"] == bill.job());
        let in_doubt = job.is_some_and(|job| job["status"] == "unknown");
        assert!(
            in_log || (in_words && in_doubt),
            "{} is lost\n{}\n{}",
            bill.id,
            log.text,
            run.stderr
        );
    }
}

/// The disk is well again: what was printed is taken back, the rest is sent, and every row was
/// accepted once.
fn goes_on(world: &World, server: &Server, run: &Ended, count: usize) {
    world.write("saved.txt", &run.stderr);
    if !recover_lines(run).is_empty() {
        world
            .run(&["reconcile", "--recover", "saved.txt"])
            .expect(0);
        // Once more teaches nothing.
        let log = world.log();
        world
            .run(&["reconcile", "--recover", "saved.txt"])
            .expect(0);
        assert_eq!(world.log().text, log.text);
    }
    world.run(&["submit", "listings.csv"]).expect(0);
    let log = world.log();
    assert_eq!(log.count("pending"), count, "{}", log.text);
    let jobs: BTreeSet<String> = server.bills().iter().map(|b| b.job().to_owned()).collect();
    assert_eq!((server.bills().len(), jobs.len()), (count, count));
    for bill in server.bills() {
        assert!(log.ids().contains(&&*bill.id), "{} is lost", bill.id);
    }
}

#[test]
fn a_log_that_is_no_regular_file_is_refused() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    for log in ["/dev/full", "/dev/null", "home"] {
        let run = world
            .run(&["submit", "listings.csv", "--jobs", log])
            .expect(78);
        assert!(run.stderr.contains("not a regular file"), "{}", run.stderr);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_log_that_cannot_be_made_keeps_every_row_back() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    // In a file, in a folder that is not there, and where no one may make files, root included.
    for log in [
        "listings.csv/jobs.jsonl",
        "nowhere/jobs.jsonl",
        "/proc/jobs.jsonl",
    ] {
        if log.starts_with("/proc") && !cfg!(target_os = "linux") {
            continue;
        }
        let run = world
            .run(&["submit", "listings.csv", "--jobs", log])
            .expect(74);
        assert!(run.stderr.contains("nothing was sent"), "{}", run.stderr);
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(world.files(), ["listings.csv"]);
}

#[test]
fn a_link_to_a_log_is_that_log_and_has_its_lock() {
    let gate = Gate::default();
    let server = Server::start({
        let gate = gate.clone();
        move |_| Step::accept().held_at(Phase::Read, &gate)
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.write("more.csv", rows([2]));
    std::fs::create_dir(world.path("shared")).unwrap();
    world.write("shared/all.jsonl", "");
    symlink("shared/all.jsonl", world.path("jobs.jsonl")).unwrap();
    let first = world.start(&["submit", "listings.csv"]);
    server.wait_for_posts(1);
    let real = [
        "submit",
        "more.csv",
        "--jobs",
        "shared/all.jsonl",
        "--lock-wait",
    ];
    world.run(&[&real[..], &["0s"]].concat()).expect(75);
    gate.open();
    first.wait().expect(0);
    world.run(&[&real[..], &["1m"]].concat()).expect(0);
    let log = Log::read(&world.path("shared/all.jsonl"));
    assert_eq!(log.count("pending"), 2);
    assert!(world.path("jobs.jsonl").is_symlink());
    assert!(world.path("shared/all.jsonl.lock").exists());
    assert!(!world.path("jobs.jsonl.lock").exists());
}

#[test]
fn a_link_that_leads_nowhere_begins_no_new_log() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    std::fs::create_dir(world.path("shared")).unwrap();
    world.write("shared/all.jsonl", "");
    symlink("shared/all.jsonl", world.path("jobs.jsonl")).unwrap();
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 1);
    let log = std::fs::read(world.path("shared/all.jsonl")).unwrap();
    let refused = || {
        for args in [
            &["submit", "listings.csv"][..],
            &["submit", "listings.csv", "--dry-run"],
            &["retry", "--failed"],
            &["reconcile"],
            &["status"],
            &["compact"],
        ] {
            let run = world.run(args).expect(78);
            for words in [
                "which is not there",
                "shared/all.jsonl",
                "create the empty file",
            ] {
                assert!(run.stderr.contains(words), "{args:?} {}", run.stderr);
            }
        }
    };
    std::fs::remove_file(world.path("shared/all.jsonl")).unwrap();
    refused();
    // The same without any trace of an older log.
    std::fs::remove_file(world.path("shared/all.jsonl.lock")).unwrap();
    refused();
    assert_eq!(server.posts().len(), 1);
    world.write("shared/all.jsonl", log);
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 1, "it is the log again");
    world.write("shared/new.jsonl", "");
    symlink("shared/new.jsonl", world.path("new.jsonl")).unwrap();
    let submit = ["submit", "listings.csv", "--jobs", "new.jsonl"];
    world.run(&submit).expect(0);
    assert_eq!(server.posts().len(), 2, "made by hand, it is a new log");
}

#[test]
fn a_lock_that_is_a_link_is_not_followed() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.write("precious", "kept");
    symlink("precious", world.path("jobs.jsonl.lock")).unwrap();
    let ended = world.run(&["submit", "listings.csv"]).expect(78);
    assert!(ended.stderr.contains("remove the link"), "{}", ended.stderr);
    assert_eq!(server.connections(), 0);
    assert_eq!(
        std::fs::read_to_string(world.path("precious")).unwrap(),
        "kept"
    );
}

#[test]
fn a_new_log_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world
        .shell("umask 000; exec \"$0\" submit listings.csv")
        .expect(0);
    for name in ["jobs.jsonl", "jobs.jsonl.lock"] {
        let mode = std::fs::metadata(world.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_limit_on_the_files_size_stops_the_run_and_loses_nothing() {
    // In blocks of 512 bytes (1024 in some shells): so the limit falls at many places of a line.
    for blocks in [1, 2, 3, 4, 5, 7, 9] {
        for concurrency in [1, 4] {
            let server = Server::accepting();
            let world = World::facing(&server);
            world.write("listings.csv", listings(30));
            let run = world
                .shell(&format!(
                    "ulimit -f {blocks}; exec \"$0\" submit listings.csv --concurrency {concurrency}"
                ))
                .expect(74);
            assert!(server.posts().len() < 30, "{}", run.stderr);
            nothing_is_lost(&server, &world.log(), &run);
            goes_on(&world, &server, &run, 30);
        }
    }
}

/// Runs the program with a fault put under its system calls; `None`, and a word about it, where
/// `strace` is not there or not allowed.
#[cfg(target_os = "linux")]
fn traced(world: &World, fault: &str, args: &[&str]) -> Option<Ended> {
    let works = std::process::Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !works {
        skip("strace cannot be used");
        return None;
    }
    let inject = format!("inject={fault}");
    let trace = ["-f", "-qq", "-o", "/dev/null", "-e", &inject, PROGRAM];
    Some(Running::of(world.command("strace", &[&trace[..], args].concat())).wait())
}

#[cfg(target_os = "linux")]
const ONE_BY_ONE: [&str; 4] = ["submit", "listings.csv", "--concurrency", "1"];

#[cfg(target_os = "linux")]
#[test]
fn a_sync_that_fails_before_a_request_keeps_it_back_and_one_after_it_is_reported() {
    for when in 1..=6 {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("listings.csv", listings(5));
        let fault = format!("fdatasync:error=EIO:when={when}");
        let Some(run) = traced(&world, &fault, &ONE_BY_ONE) else {
            return;
        };
        let run = run.expect(74);
        // Odd ones are announcements, even ones outcomes.
        let sent = when / 2;
        assert_eq!(server.posts().len(), sent, "{fault}: {}", run.stderr);
        let printed = recover_lines(&run);
        assert_eq!(
            printed.len(),
            usize::from(when % 2 == 0),
            "{fault}: {}",
            run.stderr
        );
        let log = world.log();
        assert_eq!(
            log.jobs.len(),
            sent,
            "{fault}: what was not sent leaves no doubt\n{}",
            log.text
        );
        nothing_is_lost(&server, &log, &run);
        goes_on(&world, &server, &run, 5);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_failed_sync_is_never_tried_again() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(12));
    // Only the first fails; a second one would report success for what the system has dropped.
    let Some(run) = traced(
        &world,
        "fdatasync:error=EIO:when=1",
        &["submit", "listings.csv"],
    ) else {
        return;
    };
    run.expect(74);
    assert!(server.posts().is_empty());
}

/// As a Mac's network drive answers `F_FULLFSYNC`, and its folders `fsync`.
#[cfg(target_os = "linux")]
#[test]
fn a_drive_that_syncs_less_than_it_is_asked_is_used_and_said_once() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    let Some(run) = traced(&world, "fdatasync:error=EINVAL", &ONE_BY_ONE) else {
        return;
    };
    let run = run.expect(0);
    assert_eq!(run.stderr.matches("power cut").count(), 1, "{}", run.stderr);
    assert_eq!(server.bills().len(), 3);
    let run = traced(&world, "fdatasync:error=EIO", &["compact", "jobs.jsonl"]).unwrap();
    assert!(!run.stderr.contains("power cut"), "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_synced_keeps_every_row_back() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    let Some(run) = traced(&world, "fsync:error=EIO", &ONE_BY_ONE) else {
        return;
    };
    let run = run.expect(74);
    assert!(run.stderr.contains("nothing was sent"), "{}", run.stderr);
    // The file is there now, but its name may not last: that is tried again.
    let run = traced(&world, "fsync:error=EIO", &ONE_BY_ONE).unwrap();
    run.expect(74);
    assert!(server.posts().is_empty());
    world.run(&ONE_BY_ONE).expect(0);
    assert_eq!(server.bills().len(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn killed_in_any_sync_of_the_log_nothing_is_lost_and_nothing_billed_twice() {
    for when in 1..=6 {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("listings.csv", listings(4));
        let fault = format!("fdatasync:signal=KILL:when={when}");
        let Some(run) = traced(&world, &fault, &ONE_BY_ONE) else {
            return;
        };
        assert!(!run.status.success(), "{fault}");
        world.run(&ONE_BY_ONE);
        let (log, bills) = (world.log(), server.bills());
        assert_eq!(log.jobs.len(), 4, "{fault}\n{}", log.text);
        let jobs: BTreeSet<&str> = bills.iter().map(Bill::job).collect();
        assert_eq!(jobs.len(), bills.len(), "{fault}: billed twice");
        nothing_is_lost(&server, &log, &run);
        assert!(log.count("unknown") <= 1, "{fault}\n{}", log.text);
    }
}

/// Runs a line of shell with a small disk of its own at `disk`; `None`, and a word about it, where
/// that is not allowed. `"$0"` is the program.
#[cfg(target_os = "linux")]
fn with_disk(world: &World, options: &str, line: &str) -> Option<Ended> {
    std::fs::create_dir_all(world.path("disk")).unwrap();
    let mount = format!("mount -t tmpfs -o {options} none disk");
    let try_out = ["-rm", "sh", "-c", &mount];
    let works = world.command("unshare", &try_out).output();
    if !works.is_ok_and(|output| output.status.success()) {
        skip("no disk can be mounted");
        return None;
    }
    let line = format!("{mount} && {line}");
    let args = ["-rm", "sh", "-c", &line, PROGRAM];
    Some(Running::of(world.command("unshare", &args)).wait())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_run_and_loses_nothing() {
    for concurrency in [1, 4] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("listings.csv", listings(60));
        let line = format!(
            "\"$0\" submit listings.csv --jobs disk/jobs.jsonl --concurrency {concurrency}; \
             code=$?; cp disk/jobs.jsonl jobs.jsonl; exit $code"
        );
        let Some(run) = with_disk(&world, "size=16k", &line) else {
            return;
        };
        let run = run.expect(74);
        let sent = server.posts().len();
        assert!(sent > 0 && sent < 60, "{sent}: {}", run.stderr);
        nothing_is_lost(&server, &world.log(), &run);
        goes_on(&world, &server, &run, 60);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_is_read_only_keeps_every_row_back() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    let line = "exec \"$0\" submit listings.csv --jobs disk/jobs.jsonl";
    let Some(run) = with_disk(&world, "ro", line) else {
        return;
    };
    let run = run.expect(74);
    assert!(run.stderr.contains("nothing was sent"), "{}", run.stderr);
    assert_eq!(server.connections(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn compacting_that_breaks_off_leaves_the_old_log_or_the_new_one() {
    for (fault, is_killed) in [
        ("fsync:error=EIO:when=1", false),
        ("fsync:error=EIO:when=2", false),
        ("rename,renameat,renameat2:error=EIO", false),
        ("fsync:signal=KILL:when=1", true),
        ("fsync:signal=KILL:when=2", true),
        ("rename,renameat,renameat2:signal=KILL", true),
    ] {
        let server = Server::scripted(vec![Step::accept(), Step::reset(), Step::reply(422, "no")]);
        let world = World::facing(&server);
        world.write("listings.csv", listings(6));
        world.run(&ONE_BY_ONE).expect(3);
        // Each line twice, so that there is something to be left out.
        let once = world.log().text;
        put_log(&world, once.repeat(2));
        let before = world.log();
        let Some(run) = traced(&world, fault, &["compact"]) else {
            return;
        };
        if is_killed {
            assert!(!run.status.success(), "{fault}");
        } else {
            run.expect(74);
        }
        let log = world.log();
        assert_eq!(log.jobs, before.jobs, "{fault}");
        let is_new = log.text.len() == once.len();
        assert!(is_new || log.text == before.text, "{fault}\n{}", log.text);
        world.run(&["compact"]).expect(0);
        assert_eq!(world.log().jobs, before.jobs, "{fault}");
        assert!(world.files().iter().all(|name| !name.contains("tmp")));
        world.run(&ONE_BY_ONE).expect(3);
        assert_eq!(server.posts().len(), 6, "{fault}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_poll_whose_line_cannot_be_written_loses_nothing() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    world.run(&["submit", "listings.csv"]).expect(0);
    let before = world.log();
    let Some(run) = traced(&world, "fdatasync:error=EIO", &["reconcile"]) else {
        return;
    };
    run.expect(74);
    assert_eq!(world.log().ids()[..3], before.ids()[..3]);
    world.run(&["reconcile"]).expect(0);
    assert_eq!(world.log().states(), ["processing"; 3]);
}
