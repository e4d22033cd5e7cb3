//! On a terminal: lines that fit, a bar that goes away, colors.

use crate::support::terminal::{Terminal, plain};
use crate::support::{Gate, Phase, Server, Step, World, listings};

#[test]
fn a_line_fits_the_terminal_and_breaks_between_words() {
    let world = World::new();
    world.write(
        "listings.csv",
        "listing_id,image_url,video_prompt,duration\nLST-1,kitchen.jpg,pan,soon\n",
    );
    let whole = world.run(&["submit", "listings.csv"]).expect(65).stderr;
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for columns in [40, 80, 140] {
        let (shown, code) = Terminal::run(&world, columns, &["submit", "listings.csv"]).end();
        assert_eq!(code, 65);
        let shown = plain(&shown);
        assert_eq!(words(&shown), words(&whole), "{columns}");
        let longest = words(&whole).iter().map(String::len).max().unwrap_or(0) + 6;
        for line in shown.lines() {
            let fits = line.chars().count() <= usize::from(columns).max(longest);
            assert!(fits, "{columns}: {line}");
        }
    }
}

#[test]
fn progress_is_drawn_on_one_line_and_leaves_nothing_behind() {
    for columns in [60, 80, 140] {
        let gate = Gate::default();
        let server = Server::start({
            let gate = gate.clone();
            move |post| match post.number {
                5 => Step::accept().held_at(Phase::Read, &gate),
                _ => Step::accept(),
            }
        });
        let world = World::facing(&server);
        world.write("listings.csv", listings(6));
        world.write("jobs.jsonl", "");
        let args = ["submit", "listings.csv", "--concurrency", "1"];
        let mut terminal = Terminal::run(&world, columns, &args);
        terminal.wait_for("5 accepted");
        gate.open();
        let (shown, code) = terminal.end();
        assert_eq!(code, 0);
        let drawn: Vec<String> = shown
            .split(['\r', '\n'])
            .map(plain)
            .filter(|line| line.contains("sending"))
            .collect();
        assert!(!drawn.is_empty());
        for line in &drawn {
            let fits = line.trim_end().chars().count() <= usize::from(columns);
            assert!(fits && line.contains("/6"), "{columns}: {line:?}");
        }
        // The bar's line is cleared before the summary comes.
        let (bar, summary) = shown.rsplit_once("submit: ").unwrap();
        assert!(bar.ends_with("\u{1b}[2K"), "{bar:?}");
        assert!(
            plain(summary).starts_with("6 sent; 6 in the queue"),
            "{summary}"
        );
    }
}

#[test]
fn nothing_is_drawn_where_a_terminal_cannot_draw() {
    let server = Server::accepting();
    let world = World::facing(&server).with_var("TERM", "dumb");
    world.write("listings.csv", listings(3));
    let (shown, code) = Terminal::run(&world, 80, &["submit", "listings.csv"]).end();
    assert_eq!(code, 0);
    assert!(shown.contains("submit: 3 sent"), "{shown}");
    assert!(
        !shown.contains('\u{1b}') && !shown.contains("sending"),
        "{shown:?}"
    );
}

#[test]
fn quiet_and_json_draw_nothing() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    let (shown, _) = Terminal::run(&world, 80, &["submit", "listings.csv", "-q"]).end();
    assert_eq!(shown, "");
    let args = ["submit", "listings.csv", "--json", "--jobs", "other.jsonl"];
    let (shown, _) = Terminal::run(&world, 80, &args).end();
    assert!(
        !shown.contains('\u{1b}') && !shown.contains("sending"),
        "{shown}"
    );
}

#[test]
fn colors_are_for_terminals_that_want_them() {
    let colored = |world: &World, args: &[&str]| {
        let (shown, _) = Terminal::run(world, 80, args).end();
        shown.contains("\u{1b}[3")
    };
    let args = ["status", "nowhere.jsonl"];
    let world = World::new();
    assert!(colored(&world, &args));
    assert!(!colored(
        &world,
        &["status", "nowhere.jsonl", "--color", "never"]
    ));
    assert!(!colored(&world.with_var("NO_COLOR", "1"), &args));
}

#[test]
fn a_result_breaks_between_words_too() {
    let server = Server::scripted(vec![Step::accept(), Step::reset()]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    let (shown, code) = Terminal::run(&world, 40, &["submit", "listings.csv"]).end();
    assert_eq!(code, 3);
    let shown = plain(&shown);
    let result = &shown[shown.find("submit: ").unwrap()..];
    assert!(result.lines().all(|l| l.chars().count() <= 40), "{result}");
    assert!(result.contains("outcome unknown"), "{result}");
    let (shown, _) = Terminal::run(&world, 60, &["check", "--sandbox"]).end();
    let shown = plain(&shown);
    let continued = |line: &&str| !line.starts_with(['✓', '✗', '–', 'E']);
    let mut rest = shown.lines().filter(continued).peekable();
    assert!(rest.peek().is_some(), "{shown}");
    assert!(rest.all(|l| l.starts_with(&" ".repeat(12))), "{shown}");
}
