//! `retry --unknown` asks a person at a terminal, and takes nothing but a yes for one.

use crate::support::terminal::{Terminal, plain};
use crate::support::transcript::snapshot;
use crate::support::{Server, Step, World, listings};

/// Two attempts in doubt, and the vendor, who would accept them now.
fn in_doubt() -> (World, Server) {
    let server = Server::scripted(vec![Step::reset(), Step::reset()]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    let args = ["submit", "listings.csv", "--concurrency", "1"];
    world.run(&args).expect(3);
    (world, server)
}

/// Answers the question with what is typed. What was shown, and the exit code.
fn answer(world: &World, typed: &str) -> (String, i32) {
    let mut terminal = Terminal::run(world, 80, &["retry", "--unknown"]);
    terminal.wait_for("Type yes to agree: ");
    terminal.type_in(typed);
    terminal.end()
}

#[test]
fn a_yes_sends() {
    let (world, server) = in_doubt();
    let (shown, code) = answer(&world, "yes\n");
    assert_eq!(code, 0, "{shown}");
    assert_eq!(server.posts().len(), 4);
    assert_eq!(world.log().count("pending"), 2);
    // The same attempts as before, byte for byte.
    let posts = server.posts();
    for post in &posts[2..] {
        let first = posts[..2]
            .iter()
            .find(|p| p.idempotency_key() == post.idempotency_key());
        assert_eq!(first.unwrap().body, post.body);
    }
    let question = plain(&shown);
    let question = question.split("Type yes").next().unwrap();
    for words in ["LST-1", "LST-2", "billed a second time", "10 credits"] {
        assert!(question.contains(words), "{words}: {question}");
    }
}

#[test]
fn anything_else_sends_nothing() {
    let (world, server) = in_doubt();
    let log = world.log().text;
    // The last is the end of the input.
    for typed in ["no\n", "\n", "y\n", "Y\n", "yess\n", "maybe yes\n", "\u{4}"] {
        let (shown, code) = answer(&world, typed);
        assert_eq!(code, 3, "{typed:?}: {shown}");
        assert!(shown.contains("nothing was sent"), "{shown}");
        assert_eq!(server.posts().len(), 2, "{typed:?}");
        assert_eq!(world.log().text, log);
    }
}

#[test]
fn the_question_is_shown_whole() {
    let (world, _server) = in_doubt();
    for columns in [80, 140] {
        let mut terminal = Terminal::run(&world, columns, &["retry", "--unknown"]);
        terminal.wait_for("Type yes to agree: ");
        terminal.type_in("no\n");
        let (shown, _) = terminal.end();
        let shown = plain(&shown);
        for line in shown.lines() {
            assert!(line.chars().count() <= usize::from(columns), "{line}");
        }
        // Other words for the same fault, and the port, are of other lengths elsewhere.
        let question = shown.find("It is not known").unwrap();
        snapshot(&format!("consent-{columns}"), &shown[question..]);
    }
}

#[test]
fn consent_given_by_an_option_or_a_pipe() {
    let (world, server) = in_doubt();
    // A yes that no one typed is none.
    world
        .run_with_input(&["retry", "--unknown"], "yes\n")
        .expect(2);
    assert_eq!(server.posts().len(), 2);
    let args = ["retry", "--unknown", "--yes", "--id", "LST-2"];
    world.run(&args).expect(3);
    assert_eq!(server.posts().len(), 3);
    assert_eq!(world.log().count("unknown"), 1);
}
