//! A log in a database reads as the same lines in a file do.

use std::collections::BTreeSet;

use super::{lines, world};
use crate::support::postgres::{self, Database};
use crate::support::{Server, Step, World, listings};

/// A database with a log that holds `text`, and the same text in `jobs.jsonl`.
fn with_log(text: &str) -> Option<(Database, World, String)> {
    let database = postgres::database()?;
    let world = world();
    let log = database.log("shop");
    world.run(&["log", "init", &log]).expect(0);
    world.write("jobs.jsonl", text);
    world.run(&["log", "copy", "jobs.jsonl", &log]).expect(0);
    Some((database, world, log))
}

/// What `status --json` says of a log.
fn status(world: &World, log: &str) -> String {
    world.run(&["status", log, "--json"]).expect(0).stdout
}

#[test]
fn a_thousand_jobs_read_byte_for_byte_as_from_a_file() {
    let Some((_, world, log)) = with_log(&lines(1..=1000)) else {
        return;
    };
    assert_eq!(status(&world, &log), status(&world, "jobs.jsonl"));
    let summary = |log: &str| {
        let command = ["status", log, "--summary", "--json"];
        world.run(&command).expect(0).stdout
    };
    assert_eq!(summary(&log), summary("jobs.jsonl"));
    let of_one = |log: &str| {
        let command = ["status", log, "--id", "SKU-7 Größe", "--json"];
        world.run(&command).expect(0).stdout
    };
    assert_eq!(of_one(&log), of_one("jobs.jsonl"));
    world.run(&["report", &log, "-o", "page.html"]).expect(0);
    let page = std::fs::read_to_string(world.path("page.html")).unwrap();
    assert!(page.contains("SKU-1000") && page.contains("log=shop"));
    let ended = world.run(&["check", "--jobs", &log]);
    assert!(ended.stdout.contains("1,000 jobs"), "{}", ended.stdout);
    // The tests' server takes no care of its disk.
    assert!(ended.stdout.contains("fsync off"), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("a server crash may lose"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_copy_adds_nothing_twice_and_comes_back_as_the_same_set() {
    let text = lines(1..=1500);
    let Some((_, world, log)) = with_log(&text) else {
        return;
    };
    let again = world.run(&["log", "copy", "jobs.jsonl", &log, "--json"]);
    let again = again.expect(0).json();
    assert_eq!(
        (&again["lines"], &again["added"]),
        (&3375.into(), &0.into())
    );
    world.write("back.jsonl", lines([9_000]));
    let back = world.run(&["log", "copy", &log, "back.jsonl", "--json"]);
    assert_eq!(back.expect(0).json()["added"], 3375);
    let back = std::fs::read_to_string(world.path("back.jsonl")).unwrap();
    let all = format!("{text}{}", lines([9_000]));
    assert_eq!(back.lines().count(), all.lines().count());
    assert_eq!(
        back.lines().collect::<BTreeSet<_>>(),
        all.lines().collect::<BTreeSet<_>>()
    );
}

#[test]
fn a_rehearsal_and_a_damaged_log_are_not_copied() {
    let Some((database, world, log)) = with_log(&lines([2])) else {
        return;
    };
    let rehearsal = lines([3]).replace("\"sku\"", "\"sandbox\":true,\"sku\"");
    world.write("rehearsal.jsonl", rehearsal);
    world
        .run(&["log", "copy", "rehearsal.jsonl", &log])
        .expect(78);
    let damaged = lines([5, 6]).replacen("\"attempt\":1", "\"attempt\":;", 1);
    world.write("damaged.jsonl", damaged);
    world
        .run(&["log", "copy", "damaged.jsonl", &log])
        .expect(65);
    world.run(&["log", "copy", "absent.jsonl", &log]).expect(74);
    world
        .run(&["log", "copy", "jobs.jsonl", "./jobs.jsonl"])
        .expect(2);
    assert_eq!(database.sql("SELECT count(*) FROM creativeai.lines"), "3");
}

/// Adds a line as another computer would.
fn insert(job: u64) -> String {
    let line = lines([job * 4]);
    let line = line.trim_end();
    format!(
        "INSERT INTO creativeai.lines (log, digest, line) \
         SELECT id, sha256(convert_to('{line}', 'UTF8')), '{line}' FROM creativeai.logs"
    )
}

#[test]
fn a_line_that_was_numbered_before_and_committed_after_a_look_is_not_lost() {
    let Some((database, world, log)) = with_log(&lines([4])) else {
        return;
    };
    let jobs = || {
        let jobs: serde_json::Value = serde_json::from_str(&status(&world, &log)).unwrap();
        jobs.as_array().unwrap().len()
    };
    assert_eq!(jobs(), 1);
    let mut slow = database.session();
    slow.run(&format!("BEGIN; {}", insert(11)));
    database.sql(&insert(12));
    assert_eq!(jobs(), 2, "the slow one is not there yet");
    database.sql(&insert(13));
    assert_eq!(jobs(), 3);
    slow.run("COMMIT");
    assert_eq!(jobs(), 4, "its number is below one that was seen before");
    assert_eq!(jobs(), 4);
    let all = lines([4, 44, 48, 52]);
    world.write("all.jsonl", all);
    assert_eq!(status(&world, &log), status(&world, "all.jsonl"));
}

/// The one file of the mirrors with this ending.
fn mirror(world: &World, ending: &str) -> Option<std::path::PathBuf> {
    let folder = world.path("home/.cache/creativeai/logs");
    let files = std::fs::read_dir(folder).ok()?;
    let mut names = files.map(|file| file.unwrap().path());
    names.find(|path| path.to_str().unwrap().ends_with(ending))
}

#[test]
fn the_mirror_may_be_deleted_cut_off_or_left_half_written() {
    let Some((database, world, log)) = with_log(&lines(1..=50)) else {
        return;
    };
    let all = status(&world, "jobs.jsonl");
    assert_eq!(status(&world, &log), all);
    let file = mirror(&world, ".jsonl").unwrap();
    let whole = std::fs::read_to_string(&file).unwrap();
    assert!(whole.lines().count() > 50);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    }
    // Killed while it wrote.
    std::fs::write(&file, format!("{whole}{{\"at\":\"2026")).unwrap();
    assert_eq!(status(&world, &log), all);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole);
    std::fs::write(&file, &whole[..100]).unwrap();
    assert_eq!(status(&world, &log), all);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(status(&world, &log), all);
    std::fs::write(mirror(&world, ".state").unwrap(), "{").unwrap();
    assert_eq!(status(&world, &log), all);
    // Only what is new is read.
    database.sql(&insert(100));
    status(&world, &log);
    let more = std::fs::read_to_string(&file).unwrap();
    assert!(more.starts_with(&whole) && more.lines().count() == whole.lines().count() + 1);
    // No cache folder at all.
    let world = world.with_var("XDG_CACHE_HOME", "/dev/null");
    world.write("all.jsonl", lines((1..=50).chain([400])));
    assert_eq!(status(&world, &log), status(&world, "all.jsonl"));
}

#[test]
fn what_an_old_dump_lacks_is_noticed_although_server_and_database_are_the_same() {
    for added_since in [0, 7] {
        let Some((database, world, log)) = with_log(&lines([4])) else {
            return;
        };
        let dump = database.server.dump(&database.name);
        database.sql(&insert(5));
        assert!(status(&world, &log).contains("SKU-20 Größe"));
        database.sql(&dump);
        if added_since > 0 {
            // It gets the number of the line that was lost.
            database.sql(&insert(added_since));
        }
        let ended = world.run(&["status", &log, "--json"]).expect(0);
        assert!(ended.stderr.contains("has lost 1 line"), "{}", ended.stderr);
        let lost = mirror(&world, ".lost.jsonl").unwrap();
        let copy = ["log", "copy", lost.to_str().unwrap(), &log];
        world.run(&copy).expect(0);
        let ended = world.run(&["status", &log, "--json"]).expect(0);
        assert!(!ended.stderr.contains("lost"), "{}", ended.stderr);
        assert!(ended.stdout.contains("SKU-20 Größe"));
    }
}

#[test]
fn a_doubt_of_a_file_is_not_hidden_by_an_order_from_the_database() {
    let order = |server: &Server, log: &str, code: i32| {
        let world = World::facing(server).with_var("CREATIVEAI_JOBS", log);
        world.write("listings.csv", listings(1));
        world.run(&["submit", "listings.csv"]).expect(code);
        world
    };
    let Some((database, log)) = super::empty_log() else {
        return;
    };
    let (silent, accepting) = (
        Server::start(|_| Step::close().billed()),
        Server::accepting(),
    );
    let world = order(&silent, "jobs.jsonl", 3);
    order(&accepting, &log, 0);
    for (added, in_doubt) in [(2, 1), (0, 0)] {
        let copied = world.run(&["log", "copy", "jobs.jsonl", &log, "--json"]);
        let copied = copied.expect(0).json();
        assert_eq!(
            (&copied["added"], &copied["in_doubt"]),
            (&added.into(), &in_doubt.into())
        );
    }
    let jobs = world.run(&["status", &log, "--json"]).expect(0).json();
    assert_eq!(jobs[0]["status"], "unknown");
    // The attempt that stands for the doubt is claimed as well.
    assert_eq!(database.sql("SELECT count(*) FROM creativeai.claims"), "2");
}
