//! Without a terminal: one line on success, nothing with `-q`, errors on standard error, no
//! colors.

use crate::support::{Server, Step, World, listings};

/// Everything that a night does, one command after the other, with rendered clips served.
const NIGHT: [&[&str]; 5] = [
    &["submit", "listings.csv"],
    &["retry", "--failed"],
    &["reconcile", "--wait"],
    &["download"],
    &["report"],
];

/// A vendor who renders at once and serves the clips.
fn vendor() -> Server {
    Server::answering(|request| {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        match request.method.as_str() {
            "POST" => Step::accept(),
            _ if request.path.starts_with("/clips/") => {
                Step::reply(200, CLIP).with("Content-Type", "video/mp4")
            }
            _ => {
                let host = request.header("host").unwrap_or_default();
                let reply = serde_json::json!({
                    "id": id, "status": "completed", "credits": 5,
                    "output_url": format!("http://{host}/clips/{id}"),
                });
                Step::reply(200, reply.to_string())
            }
        }
    })
}

/// The first bytes of an MP4, which is all that is looked at.
const CLIP: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08mdat";

fn assert_plain(text: &str) {
    assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text:?}");
}

#[test]
fn each_step_of_the_night_says_one_line() {
    let server = vendor();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    // A log that is made is announced, once.
    world.write("jobs.jsonl", "");
    for command in NIGHT {
        let run = world.run(command).expect(0);
        assert_eq!(run.stdout, "", "{command:?}");
        assert_eq!(run.stderr.lines().count(), 1, "{command:?}: {}", run.stderr);
        assert!(
            run.stderr.starts_with(&format!("{}: ", command[0])),
            "{}",
            run.stderr
        );
        assert_plain(&run.stderr);
    }
    // And the next night, when there is nothing to do.
    for command in NIGHT {
        let run = world.run(command).expect(0);
        assert_eq!(
            (run.stdout.as_str(), run.stderr.lines().count()),
            ("", 1),
            "{command:?}"
        );
    }
}

#[test]
fn with_quiet_a_good_night_says_nothing() {
    let server = vendor();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    for command in NIGHT {
        let mut args = command.to_vec();
        args.push("-q");
        let run = world.run(&args).expect(0);
        assert_eq!(
            (run.stdout.as_str(), run.stderr.as_str()),
            ("", ""),
            "{command:?}"
        );
    }
}

#[test]
fn with_quiet_trouble_is_reported_all_the_same_and_on_standard_error() {
    let server = Server::scripted(vec![Step::reply(422, "no")]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(2));
    let run = world.run(&["submit", "listings.csv", "-q"]).expect(1);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("refused"), "{}", run.stderr);
    for args in [
        ["submit", "nowhere.csv", "-q"],
        ["status", "nowhere.jsonl", "-q"],
        ["submit", "listings.csv", "--no-such"],
    ] {
        let run = world.run(&args);
        assert_ne!(run.code(), 0);
        assert_eq!(run.stdout, "", "{args:?}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
        assert_plain(&run.stderr);
    }
}

#[test]
fn json_alone_stands_on_standard_output() {
    let server = vendor();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    world.write("jobs.jsonl", "");
    for command in NIGHT {
        let mut args = command.to_vec();
        args.push("--json");
        let run = world.run(&args).expect(0);
        run.json();
        assert_eq!(run.stderr, "", "{command:?}");
    }
}

#[test]
fn colors_come_only_when_they_are_asked_for() {
    let server = vendor();
    let world = World::facing(&server)
        .with_var("TERM", "xterm-256color")
        .with_var("COLORTERM", "truecolor");
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let colored = |args: &[&str]| {
        let run = world.run(args);
        (run.stdout + &*run.stderr).contains('\u{1b}')
    };
    // One for each way to say something: a table, an error of ours, a parser's error, help.
    for args in [
        vec!["status"],
        vec!["status", "nowhere.jsonl"],
        vec!["status", "--no-such"],
        vec!["submti"],
        vec!["--help"],
    ] {
        let with = |when: &'static str| [&["--color", when], args.as_slice()].concat();
        assert!(!colored(&args), "{args:?}");
        assert!(!colored(&with("auto")), "{args:?}");
        assert!(!colored(&with("never")), "{args:?}");
        assert!(colored(&with("always")), "{args:?}");
    }
}
