//! Rows that stand in another log than the one that they would go into.

use crate::support::{Server, World, rows};

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
    assert!(!world.path(STATE_FOLDER).exists());
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
        held.stderr.contains("all.jsonl holds none of them"),
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
