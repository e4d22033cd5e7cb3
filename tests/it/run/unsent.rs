//! Rows that a round did not send, and logs that it cannot read in full: what a person is told to type works
//! when it is typed, and nothing is told every night.

use super::{round, vendor, world};
use crate::support::{World, listings};

const HEADER: &str = "listing_id,image_url,video_prompt\n";

fn row(id: &str, photo: &str, prompt: &str) -> String {
    format!("{id},https://cdn.example.com/{photo},{prompt}\n")
}

/// The command in backticks that holds `words`, as it is typed.
fn command<'a>(output: &'a str, words: &str) -> Vec<&'a str> {
    let commands = output.split('`').skip(1).step_by(2);
    let found = commands.into_iter().find(|text| text.contains(words));
    let found = found.unwrap_or_else(|| panic!("{words}: {output}"));
    found
        .strip_prefix("creativeai ")
        .unwrap()
        .split(' ')
        .collect()
}

#[test]
fn a_held_row_of_a_round_is_ordered_by_the_command_that_the_round_shows() {
    let first = row("LST-1", "a.jpg", "A pan");
    for (sheet, option, more) in [
        (
            row("LST-1", "a.jpg", "A tilt"),
            "--resubmit-changed",
            &[][..],
        ),
        (
            format!("{first}{}", row("LST-2", "a.jpg", "A pan")),
            "--allow-same-clip",
            &["--jobs", "other.jsonl", "--max-credits", "50"],
        ),
    ] {
        let server = vendor(|_| false);
        let world = World::facing(&server);
        world.write("listings.csv", format!("{HEADER}{first}"));
        assert_eq!(round(&world, more).0, 0);
        world.write("listings.csv", format!("{HEADER}{sheet}"));
        let (code, output) = round(&world, more);
        assert_eq!((code, server.posts().len()), (3, 1), "{output}");
        assert!(!output.contains("the same command"), "{output}");
        let next = output.lines().last().unwrap();
        assert!(
            next.starts_with("  next: decide about the rows"),
            "{output}"
        );
        let look = command(next, "--dry-run");
        let look = world.run(&look).expect(0).stderr;
        assert!(look.contains(option), "{look}");
        world.run(&command(&output, option)).expect(0);
        assert_eq!(server.posts().len(), 2, "{output}");
    }
}

#[test]
fn a_round_on_a_damaged_log_says_once_what_to_do_about_it() {
    let server = vendor(|_| false);
    let world = world(&server, 2);
    assert_eq!(round(&world, &[]).0, 0);
    let text = world.log().text;
    let damaged = text.replacen("\"attempt\":1", "\"attempt\":[1]", 1);
    std::fs::remove_file(world.path("jobs.jsonl.lock")).unwrap();
    world.write("jobs.jsonl", damaged);
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 65, "{output}");
    assert_eq!(output.matches("damaged").count(), 1, "{output}");
    // As it was typed, and also where the round has no sheet.
    let without = world.run(&["run"]).expect(65).stderr;
    let retry = command(&without, "--accept-damage");
    assert_eq!(retry, ["retry", "--failed", "--accept-damage"]);
    let accept = command(&output, "--accept-damage");
    assert_eq!(accept, ["submit", "listings.csv", "--accept-damage"]);
    let accepted = world.run(&accept);
    assert!(accepted.stderr.contains("accepted"), "{}", accepted.stderr);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn a_row_that_is_left_out_every_night_is_named_once() {
    let server = vendor(|_| false);
    let world = World::facing(&server);
    let bad = "LST-2,lobby.jpg,A pan\n";
    let put = |rows: &[&str]| world.write("listings.csv", HEADER.to_owned() + &*rows.concat());
    let night = || {
        let (code, output) = round(&world, &["-q", "--skip-invalid"]);
        assert_eq!(code, 0, "{output}");
        output
    };
    let good = row("LST-1", "a.jpg", "A pan");
    put(&[&good, bad]);
    let output = night();
    for words in ["1 row was left out", "listings.csv:3", "lobby.jpg"] {
        assert!(output.contains(words), "{words}: {output}");
    }
    assert_eq!(night(), "", "it was said");
    // It has moved, and is what it was.
    put(&[&row("LST-3", "c.jpg", "A pan"), &good, bad]);
    assert_eq!(night(), "");
    put(&[&good, bad, "LST-4,bath.jpg,A pan\n"]);
    let output = night();
    assert!(output.contains("bath.jpg"), "{output}");
    assert!(!output.contains("lobby.jpg"), "{output}");
    put(&[&good, "LST-2,hall.jpg,A pan\n", "LST-4,bath.jpg,A pan\n"]);
    let output = night();
    assert!(output.contains("hall.jpg"), "{output}");
    assert!(!output.contains("bath.jpg"), "{output}");
}

#[test]
fn what_accepts_a_damaged_log_is_named_where_the_command_lacks_the_option() {
    let server = vendor(|_| false);
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    world.run(&["submit", "listings.csv"]).expect(0);
    let text = world.log().text;
    world.write(
        "old.jsonl",
        text.replacen("\"attempt\":1", "\"attempt\":[1]", 1),
    );
    let refused = world
        .run(&["log", "copy", "old.jsonl", "new.jsonl"])
        .expect(65);
    let accept = command(&refused.stderr, "--accept-damage");
    world.run(&accept).expect(0);
    world
        .run(&["log", "copy", "old.jsonl", "new.jsonl"])
        .expect(0);
}
