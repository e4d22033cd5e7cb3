//! Rows that stand in another log than the one that they would go into.

use crate::support::{Server, World, rows};

const SAMPLE_LINE: &str = r#"{"listing_id":"LST-1","generation_id":"vgen_9","status":"pending"}"#;

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
