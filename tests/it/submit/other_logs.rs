//! Rows that stand in another log than the one that they would go into.

use crate::support::{Gate, Phase, Server, Step, World, rows};

const SAMPLE_LINE: &str = r#"{"listing_id":"LST-1","generation_id":"vgen_9","status":"pending"}"#;

/// Where programs keep their state.
const STATE_FOLDER: &str = if cfg!(windows) {
    "home/creativeai"
} else {
    "home/.local/state/creativeai"
};

/// What the vendor's sample script leaves beside the sheet.
fn sample_log() -> String {
    format!(
        "{SAMPLE_LINE}\n{}\n",
        SAMPLE_LINE.replace("LST-1", "LST-2").replace("_9", "_8")
    )
}

#[test]
fn a_log_of_the_vendors_sample_script_beside_the_sheet_is_not_passed_over() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2]));
    world.write("listing-video-jobs.jsonl", sample_log());
    let preview = world
        .run(&["submit", "listings.csv", "--dry-run"])
        .expect(0);
    assert!(
        preview
            .stderr
            .contains("listing-video-jobs.jsonl holds 2 rows"),
        "{}",
        preview.stderr
    );
    for _ in 0..2 {
        let held = world.run(&["submit", "listings.csv", "-q"]).expect(3);
        assert!(
            held.stderr.contains("--jobs") && held.stderr.contains("listing-video-jobs.jsonl"),
            "{}",
            held.stderr
        );
    }
    assert!(server.posts().is_empty());
    // The command that is shown leads on: rows of a log that holds no requests wait for a person.
    world
        .run(&["log", "copy", "listing-video-jobs.jsonl", "jobs.jsonl"])
        .expect(0);
    world.run(&["submit", "listings.csv"]).expect(3);
    assert!(server.posts().is_empty());
    world
        .run(&["submit", "listings.csv", "--resubmit-changed"])
        .expect(0);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn a_log_whose_name_was_forgotten_is_found() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2, 3]));
    world
        .run(&["submit", "listings.csv", "--jobs", "june.jsonl"])
        .expect(0);
    let held = world.run(&["submit", "listings.csv", "--json"]).expect(3);
    assert!(
        held.stdout.contains("june.jsonl holds 3 rows"),
        "{}",
        held.stdout
    );
    let held = world.run(&["run", "listings.csv"]).expect(3);
    assert!(held.stderr.contains("june.jsonl"), "{}", held.stderr);
    assert_eq!(server.posts().len(), 3);
    // Other rows are none of that log's business.
    world.write("listings.csv", rows([4, 5, 6, 1]));
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 7);
}

#[test]
fn who_names_a_log_or_says_so_orders_again() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2]));
    world
        .run(&["submit", "listings.csv", "--jobs", "june.jsonl"])
        .expect(0);
    world
        .run(&["submit", "listings.csv", "--jobs", "july.jsonl"])
        .expect(0);
    assert_eq!(server.posts().len(), 4);
    world
        .run(&["submit", "listings.csv", "--allow-same-clip"])
        .expect(0);
    assert_eq!(server.posts().len(), 6);
}

/// Programs that keep a folder alike on two computers keep one log under its name, and put the other one
/// beside it.
#[test]
fn what_a_copy_of_the_log_holds_is_not_ordered_again() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2]));
    world.run(&["submit", "listings.csv"]).expect(0);
    std::fs::copy(world.path("jobs.jsonl"), world.path("jobs-LAPTOP.jsonl")).unwrap();
    world.write("listings.csv", rows([1, 2, 3]));
    let copy = ["submit", "listings.csv", "--jobs", "jobs-LAPTOP.jsonl"];
    world.run(&copy).expect(0);
    assert_eq!(server.posts().len(), 3);
    let held = world.run(&["submit", "listings.csv"]).expect(3);
    assert!(
        held.stderr.contains("log copy") && held.stderr.contains("jobs-LAPTOP.jsonl"),
        "{}",
        held.stderr
    );
    world
        .run(&["log", "copy", "jobs-LAPTOP.jsonl", "jobs.jsonl"])
        .expect(0);
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 3);
}

/// The note of this computer, as orders that go to the vendor leave it.
fn note(world: &World, logs: &[&str]) {
    let folder = world.path(STATE_FOLDER);
    std::fs::create_dir_all(&folder).unwrap();
    let full = |log: &&str| {
        let path = world.path(log);
        let folder = std::fs::canonicalize(path.parent().unwrap()).unwrap();
        let folder = folder.to_str().unwrap().trim_start_matches(r"\\?\");
        let name = path.file_name().unwrap().to_str().unwrap();
        format!("{}\n", std::path::Path::new(folder).join(name).display())
    };
    std::fs::write(
        folder.join("live-logs"),
        logs.iter().map(full).collect::<String>(),
    )
    .unwrap();
}

#[test]
fn a_copy_of_the_sheet_in_another_folder_is_not_ordered_again() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for folder in ["downloads", "documents", "summer"] {
        std::fs::create_dir(world.path(folder)).unwrap();
    }
    world.write("downloads/listings.csv", rows([1, 2]));
    world.write("documents/listings.csv", rows([1, 2, 3]));
    world.run(&["submit", "downloads/listings.csv"]).expect(0);
    // Only what goes to the vendor itself is noted, or one rehearsal would hold the next.
    assert!(!world.path(STATE_FOLDER).join("live-logs").exists());
    note(&world, &["summer/gone.jsonl", "downloads/jobs.jsonl"]);
    let submit = ["submit", "documents/listings.csv"];
    let preview = world.run(&[&submit[..], &["--dry-run"]].concat()).expect(0);
    for text in [preview.stderr, world.run(&submit).expect(3).stderr] {
        assert!(
            text.contains("jobs.jsonl holds 2 rows") && text.contains("downloads"),
            "{text}"
        );
    }
    // A row that is held for what its own sheet says is no sign of this log's.
    let twice = rows([1, 2, 3])
        + rows([3])
            .replace("LST-3", "lst-3")
            .split_once('\n')
            .unwrap()
            .1;
    world.write("documents/twice.csv", twice);
    let held = world.run(&["submit", "documents/twice.csv"]).expect(3);
    assert!(held.stderr.contains("holds 2 rows"), "{}", held.stderr);
    // The same where settings name another log, and where that one has other rows.
    let other = world.with_var("CREATIVEAI_JOBS", "all.jsonl");
    other.write("other.csv", rows([7]));
    other.run(&["submit", "other.csv"]).expect(0);
    let held = other.run(&submit).expect(3);
    assert!(
        held.stderr.contains("all.jsonl does not hold them"),
        "{}",
        held.stderr
    );
    assert_eq!(server.posts().len(), 3);
    // Other words for the same photos are other clips, and who names a log or says so orders again.
    let world = other.without_var("CREATIVEAI_JOBS");
    world.write(
        "summer/listings.csv",
        rows([1, 2]).replace("Pan", "Tilt, in summer,"),
    );
    world.run(&["submit", "summer/listings.csv"]).expect(0);
    world
        .run(&[&submit[..], &["--jobs", "july.jsonl"]].concat())
        .expect(0);
    world
        .run(&[&submit[..], &["--allow-same-clip"]].concat())
        .expect(0);
    assert_eq!(server.posts().len(), 11);
}

#[test]
fn a_log_that_is_gone_with_its_lock_is_missed_where_this_computer_has_noted_it() {
    let server = Server::accepting();
    let world = World::facing(&server);
    std::fs::create_dir(world.path("drive")).unwrap();
    world.write("creativeai.toml", "jobs = \"drive/june.jsonl\"\n");
    world.write("listings.csv", rows([1, 2]));
    let submit = ["submit", "listings.csv"];
    world.run(&submit).expect(0);
    note(&world, &["drive/june.jsonl"]);
    // The place where a drive is mounted stays, empty.
    std::fs::rename(world.path("drive"), world.path("away")).unwrap();
    std::fs::create_dir(world.path("drive")).unwrap();
    for command in [
        &submit[..],
        &["run", "listings.csv"],
        &["reconcile"],
        &["status"],
        &["check", "listings.csv"],
    ] {
        let missed = world.run(command).expect(65);
        let said = missed.stdout + &*missed.stderr;
        for words in ["june.jsonl is gone", "not mounted", "log accept"] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
    world.run(&["log", "accept"]).expect(2);
    world.run(&submit).expect(65);
    assert_eq!(server.posts().len(), 2);
    world.run(&["log", "accept", "--yes", "--json"]).expect(0);
    world.run(&submit).expect(0);
    assert_eq!(server.posts().len(), 4);
    assert_eq!(
        std::fs::read_to_string(world.path(STATE_FOLDER).join("live-logs")).unwrap(),
        ""
    );
}

/// What the profile sets is no other clip: it is what was forgotten.
#[test]
fn a_profile_that_was_forgotten_orders_nothing_again() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "creativeai.toml",
        "[profile.acme]\njobs = \"acme.jsonl\"\nduration = \"10s\"\n",
    );
    world.write("other.csv", rows([7]));
    world.run(&["submit", "other.csv"]).expect(0);
    world.write("acme.csv", rows([1, 2]));
    let acme = ["submit", "acme.csv", "--profile", "acme"];
    world.run(&acme).expect(0);
    let held = world.run(&["submit", "acme.csv"]).expect(3);
    assert!(
        held.stderr.contains("acme.jsonl holds 2 rows"),
        "{}",
        held.stderr
    );
    // The same for a sheet in another folder, whose settings are not there.
    note(&world, &["acme.jsonl"]);
    std::fs::create_dir(world.path("copy")).unwrap();
    world.write("copy/acme.csv", rows([1, 2]));
    world.run(&["submit", "copy/acme.csv"]).expect(3);
    assert_eq!(server.posts().len(), 3);
}

#[test]
fn rows_of_which_several_logs_hold_a_part_each_are_not_ordered_again() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("all.csv", rows([1, 2, 3, 4]));
    for (log, sheet) in [("may.jsonl", [1, 2]), ("june.jsonl", [3, 4])] {
        world.write("part.csv", rows(sheet));
        world.run(&["submit", "part.csv", "--jobs", log]).expect(0);
    }
    let held = world.run(&["submit", "all.csv"]).expect(3);
    assert!(
        held.stderr.contains("may.jsonl hold 4 rows")
            || held.stderr.contains("june.jsonl hold 4 rows"),
        "{}",
        held.stderr
    );
    assert_eq!(held.stderr.matches("log copy ").count(), 2);
    // The rest is not ordered again once one of them was added.
    world
        .run(&["log", "copy", "june.jsonl", "jobs.jsonl"])
        .expect(0);
    world.run(&["submit", "all.csv"]).expect(3);
    assert_eq!(server.posts().len(), 4);
    world
        .run(&["log", "copy", "may.jsonl", "jobs.jsonl"])
        .expect(0);
    world.run(&["submit", "all.csv"]).expect(0);
    assert_eq!(server.posts().len(), 4);
}

/// What counts is what this run would order, not all that the sheet lacks.
#[test]
fn a_few_rows_a_night_are_not_ordered_again_in_a_copy_of_the_sheet() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for folder in ["a", "b"] {
        std::fs::create_dir(world.path(folder)).unwrap();
        world.write(&format!("{folder}/listings.csv"), rows([1, 2, 3, 4, 5, 6]));
    }
    let night = |sheet: &str| world.run(&["submit", sheet, "--max-jobs", "2"]);
    night("a/listings.csv").expect(0);
    note(&world, &["a/jobs.jsonl"]);
    let held = night("b/listings.csv").expect(3);
    assert!(
        held.stderr.contains("hold 2 rows") || held.stderr.contains("holds 2 rows"),
        "{}",
        held.stderr
    );
    // Where it is the smaller part, the run goes on and says so.
    let warned = world
        .run(&["submit", "b/listings.csv", "--quiet"])
        .expect(0);
    assert!(
        warned
            .stderr
            .contains("holds 2 rows of this manifest that would be ordered"),
        "{}",
        warned.stderr
    );
    assert_eq!(server.posts().len(), 8);
}

/// A folder that was copied with its log, from before the last orders.
#[test]
fn a_log_that_knows_a_few_of_the_rows_is_compared_as_well() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for folder in ["a", "b"] {
        std::fs::create_dir(world.path(folder)).unwrap();
    }
    world.write("a/listings.csv", rows([1]));
    world.run(&["submit", "a/listings.csv"]).expect(0);
    std::fs::copy(world.path("a/jobs.jsonl"), world.path("b/jobs.jsonl")).unwrap();
    world.write("a/listings.csv", rows([1, 2, 3]));
    world.write("b/listings.csv", rows([1, 2, 3]));
    world.run(&["submit", "a/listings.csv"]).expect(0);
    note(&world, &["a/jobs.jsonl"]);
    world.run(&["submit", "b/listings.csv"]).expect(3);
    assert_eq!(server.posts().len(), 3);
}

/// On another Mac, or to save room: the log is not downloaded.
#[test]
fn a_log_that_is_in_icloud_only_is_not_begun_anew() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2]));
    world.write(".jobs.jsonl.icloud", "bplist00");
    for args in [
        &["submit", "listings.csv"][..],
        &["submit", "listings.csv", "--jobs", "jobs.jsonl"],
        &["submit", "listings.csv", "--dry-run"],
        &["run", "listings.csv"],
    ] {
        let refused = world.run(args).expect(65);
        assert!(refused.stderr.contains("in iCloud"), "{}", refused.stderr);
        assert!(refused.stderr.contains("Finder"), "{}", refused.stderr);
    }
    // An empty file here could replace the one in iCloud.
    assert!(!world.path("jobs.jsonl").exists());
    assert_eq!(server.posts().len(), 0);
    std::fs::remove_file(world.path(".jobs.jsonl.icloud")).unwrap();
    world.run(&["submit", "listings.csv"]).expect(0);
}

/// The old place of a folder that was copied with its log goes on ordering, by a crontab that is still
/// there: each night's rows are few among those that both logs know.
#[test]
fn the_new_rows_of_a_growing_sheet_are_not_ordered_in_two_copies_of_a_folder() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for folder in ["a", "b"] {
        std::fs::create_dir(world.path(folder)).unwrap();
    }
    world.write("a/listings.csv", rows([1, 2, 3, 4, 5]));
    world.run(&["submit", "a/listings.csv"]).expect(0);
    std::fs::copy(world.path("a/jobs.jsonl"), world.path("b/jobs.jsonl")).unwrap();
    for folder in ["a", "b"] {
        let sheet = format!("{folder}/listings.csv");
        world.write(&sheet, rows([1, 2, 3, 4, 5, 6, 7]));
    }
    world.run(&["submit", "a/listings.csv", "-q"]).expect(0);
    note(&world, &["a/jobs.jsonl"]);
    let held = world.run(&["submit", "b/listings.csv", "-q"]).expect(3);
    assert!(held.stderr.contains("holds 2 rows"), "{}", held.stderr);
    assert_eq!(server.posts().len(), 7);
    // A photo of its own is ordered, as a sheet that only one of them has.
    world.write("b/listings.csv", rows([1, 2, 3, 4, 5, 8]));
    world.run(&["submit", "b/listings.csv", "-q"]).expect(0);
    assert_eq!(server.posts().len(), 8);
}

/// Two lines of one crontab start in the same second.
#[test]
fn a_copy_of_the_sheet_is_not_ordered_while_a_run_is_ordering_its_rows() {
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |_| Step::accept().held_at(Phase::Billed, &held));
    let world = World::facing(&server);
    for folder in ["old", "new"] {
        std::fs::create_dir(world.path(folder)).unwrap();
        world.write(&format!("{folder}/listings.csv"), rows([1, 2, 3, 4]));
    }
    let first = world.start(&["submit", "old/listings.csv", "--concurrency", "1"]);
    server.wait_for_posts(1);
    let submit = ["submit", "new/listings.csv", "-q"];
    let held = world.run(&submit).expect(3);
    assert!(
        held.stderr.contains("a run with") && held.stderr.contains("is ordering 4 rows"),
        "{}",
        held.stderr
    );
    assert_eq!(server.posts().len(), 1);
    // Other rows are ordered beside it, and the same ones from another server are other clips.
    world.write("new/others.csv", rows([5]));
    let elsewhere = Server::accepting();
    let other = World::facing(&elsewhere);
    other.write("listings.csv", rows([1, 2, 3, 4]));
    let home = world.path("home");
    let other = other.with_var("HOME", home.to_str().unwrap());
    other.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(elsewhere.posts().len(), 4);
    gate.open();
    first.wait();
    world.run(&["submit", "new/others.csv"]).expect(0);
    assert_eq!(server.bills().len(), 5);
    let notes = std::fs::read_dir(world.path(STATE_FOLDER).join("pending")).unwrap();
    let notes = notes.filter(|note| note.as_ref().unwrap().path().extension().unwrap() == "keys");
    assert_eq!(notes.count(), 0);
}

/// A run that was killed orders nothing any more.
#[cfg(unix)]
#[test]
fn what_a_killed_run_was_about_to_order_holds_no_one_up() {
    let gate = Gate::default();
    let held = gate.clone();
    let server = Server::start(move |post| match post.number {
        1 => Step::accept().held_at(Phase::Read, &held),
        _ => Step::accept(),
    });
    let world = World::facing(&server);
    for folder in ["old", "new"] {
        std::fs::create_dir(world.path(folder)).unwrap();
        world.write(&format!("{folder}/listings.csv"), rows([1, 2]));
    }
    let first = world.start(&["submit", "old/listings.csv", "--concurrency", "1"]);
    server.wait_for_posts(1);
    first.kill();
    gate.open();
    world.run(&["submit", "new/listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 3);
}

#[test]
fn captures_and_a_name_in_the_settings_hide_no_copy_of_the_log() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("creativeai.toml", "jobs = \"june.jsonl\"\n");
    world.write("listings.csv", rows([1, 2]));
    world.run(&["submit", "listings.csv"]).expect(0);
    for day in 1..=20 {
        world.write(
            &format!("captures-{day}.jsonl"),
            r#"{"v":1,"received_at":"2026-03-12T09:22:18Z","method":"POST","url":"/","headers":{},"body":"{}"}"#,
        );
    }
    world.write("creativeai.toml", "");
    world.run(&["submit", "listings.csv"]).expect(3);
    world.write("creativeai.toml", "jobs = \"june.jsonl\"\n");
    std::fs::rename(
        world.path("june.jsonl"),
        world.path("june (conflicted copy 2026-11-28).jsonl"),
    )
    .unwrap();
    std::fs::remove_file(world.path("june.jsonl.lock")).unwrap();
    let held = world.run(&["submit", "listings.csv"]).expect(3);
    assert!(held.stderr.contains("conflicted copy"), "{}", held.stderr);
    assert_eq!(server.posts().len(), 2);
}

/// Commands that order nothing note a log that holds orders, wherever it was moved.
#[test]
fn a_log_is_noted_whenever_a_command_writes_to_it_and_the_one_used_last_is_the_newest() {
    let world = World::new();
    for name in ["a", "b"] {
        std::fs::create_dir(world.path(name)).unwrap();
        let job = SAMPLE_LINE.replace("LST-1", name);
        world.write(&format!("{name}/jobs.jsonl"), format!("{job}\n"));
    }
    let noted = || {
        let text = std::fs::read_to_string(world.path(STATE_FOLDER).join("live-logs")).unwrap();
        let names = text.lines().map(|line| {
            let folder = std::path::Path::new(line).parent().unwrap();
            folder.file_name().unwrap().to_str().unwrap().to_owned()
        });
        names.collect::<Vec<_>>()
    };
    let use_log = |name: &str| {
        let log = format!("{name}/jobs.jsonl");
        world
            .run(&["resolve", name, "--dismiss", "--jobs", &log])
            .expect(0);
    };
    use_log("a");
    use_log("b");
    use_log("b");
    assert_eq!(noted(), ["a", "b"]);
    use_log("a");
    assert_eq!(noted(), ["a", "b", "a"]);
    std::fs::create_dir(world.path("c")).unwrap();
    world
        .run(&["log", "copy", "a/jobs.jsonl", "c/jobs.jsonl"])
        .expect(0);
    assert_eq!(noted().last().unwrap(), "c");
    // A log under --sandbox is none.
    std::fs::create_dir(world.path("s")).unwrap();
    world.write("s/listings.csv", rows([1]));
    world
        .run(&["submit", "s/listings.csv", "--sandbox"])
        .expect(0);
    assert_eq!(noted().last().unwrap(), "c");
}

#[test]
fn a_log_that_was_emptied_together_with_its_lock_is_missed() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2]));
    let submit = ["submit", "listings.csv"];
    world.run(&submit).expect(0);
    note(&world, &["jobs.jsonl"]);
    world.write("jobs.jsonl", "");
    std::fs::remove_file(world.path("jobs.jsonl.lock")).unwrap();
    for _ in 0..2 {
        let missed = world.run(&submit).expect(65);
        assert!(missed.stderr.contains("gone or empty"), "{}", missed.stderr);
    }
    assert_eq!(server.posts().len(), 2);
    world.run(&["log", "accept", "--yes"]).expect(0);
    world.run(&submit).expect(0);
    world.run(&submit).expect(0);
    assert_eq!(server.posts().len(), 4);
}

/// A log in a database that a shell names, and cron does not.
#[test]
fn a_new_file_is_not_begun_where_the_last_orders_went_into_a_database() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2]));
    let folder = world.path(STATE_FOLDER);
    std::fs::create_dir_all(&folder).unwrap();
    let address = "postgres://office@db.example.com/clips?log=main";
    std::fs::write(folder.join("live-logs"), format!("{address}\n")).unwrap();
    let held = world.run(&["submit", "listings.csv", "-q"]).expect(3);
    assert!(held.stderr.contains(address), "{}", held.stderr);
    assert!(server.posts().is_empty());
    // Who names the file means it, from then on.
    let named = [
        "submit",
        "listings.csv",
        "--jobs",
        "jobs.jsonl",
        "--max-jobs",
        "1",
    ];
    world.run(&named).expect(0);
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn a_new_log_is_not_begun_in_silence_where_the_last_one_is_out_of_reach() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2]));
    note(&world, &["jobs.jsonl"]);
    let noted = world.path(STATE_FOLDER).join("live-logs");
    let away = std::fs::read_to_string(&noted)
        .unwrap()
        .replace("jobs.jsonl", "unplugged.jsonl");
    std::fs::write(&noted, away).unwrap();
    let warned = world.run(&["submit", "listings.csv", "-q"]).expect(0);
    assert!(
        warned
            .stderr
            .contains("unplugged.jsonl was the last log used on this computer"),
        "{}",
        warned.stderr
    );
    let quiet = world.run(&["submit", "listings.csv", "-q"]).expect(0);
    assert_eq!(quiet.stderr, "");
}
