//! The recipes of the pages, with the program itself, and with failures in them.

use std::fs;

use super::root;
use super::session::Session;

#[test]
fn a_rehearsed_night_does_everything_and_says_nothing() {
    let session = Session::new();
    for _ in 0..2 {
        let (printed, code) = session.run("cd examples && sh nightly.sh --sandbox");
        assert_eq!((printed.as_str(), code), ("", 0));
    }
    let made = |name: &str| session.folder().join("examples").join(name).exists();
    assert!(made("sandbox-report.html"));
    assert!(made("sandbox-videos/LST-1002"));
    let orders = fs::read_to_string(session.folder().join("examples/sandbox-jobs.jsonl")).unwrap();
    assert_eq!(orders.matches("\"submitting\"").count(), 3, "{orders}");
}

#[test]
fn clips_are_published_once_by_the_script_that_is_given() {
    let session = Session::new();
    let night = "cd examples && sh nightly.sh --sandbox --exec ./upload.sh && rm -r published/LST-1002 \
                 && sh nightly.sh --sandbox --exec ./upload.sh";
    assert_eq!(session.run(night), (String::new(), 0));
    let published = session.folder().join("examples/published");
    assert_eq!(fs::read_dir(published.join("LST-1001")).unwrap().count(), 2);
    assert!(
        !published.join("LST-1002").exists(),
        "the second night published nothing again"
    );
}

/// Clips of a session that were downloaded.
fn downloaded(session: &Session) -> usize {
    let log = fs::read_to_string(session.folder().join("jobs.jsonl")).unwrap_or_default();
    log.matches("\"status\":\"downloaded\"").count()
}

#[test]
fn nights_in_which_clips_fail_fetch_the_others_and_name_each_failure_once() {
    let session = Session::facing(SOME_FAIL);
    let night = || session.run("cp examples/nightly.sh . && sh nightly.sh --skip check");
    let (printed, code) = night();
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains(" failed"), "{printed}");
    assert!((1..3).contains(&downloaded(&session)), "{printed}");
    // In the end each clip is there or has been given up, and that is said once.
    let mut given_up = 0;
    for _ in 0..2 {
        let (printed, _) = night();
        given_up += printed.matches("given up after 3 attempts").count();
    }
    let (printed, _) = night();
    assert_eq!(printed, "");
    assert_eq!(downloaded(&session) + given_up, 3);
}

/// Two of the three clips of the example come, the first time.
const SOME_FAIL: &[&str] = &["--fail-share", "50%", "--seed", "1"];

/// The line after `head` of a page, from its fifth field on, as cron runs it.
fn crontab_line(page: &str) -> String {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let shortest = text.split("shortest useful crontab line").nth(1).unwrap();
    let line = shortest
        .lines()
        .find(|line| line.contains("* * *"))
        .unwrap();
    let fields = line.trim().splitn(6, ' ').collect::<Vec<_>>();
    fields[5].to_owned()
}

#[test]
fn the_shortest_crontab_line_fetches_what_is_ready_also_when_a_clip_has_failed() {
    let session = Session::facing(SOME_FAIL);
    let line = crontab_line("docs/scheduling.md");
    assert!(line.contains("$HOME/clips"), "{line}");
    let clips = "mkdir -p \"$HOME/clips\" && cp listings.csv \"$HOME/clips\"";
    // Photos of the example are nowhere, which a check would say.
    let line = line.replace(" --quiet", " --quiet --skip check");
    let (printed, code) = session.run(&format!("{clips}\n{line}"));
    assert_eq!(code, 1, "{printed}");
    let log = fs::read_to_string(session.home().join("clips/jobs.jsonl")).unwrap();
    let fetched = log.matches("\"status\":\"downloaded\"").count();
    assert!((1..3).contains(&fetched), "{fetched}: {printed}");
}

#[test]
fn the_recipe_of_the_exit_codes_fetches_what_is_ready_also_when_a_clip_has_failed() {
    let help = fs::read_to_string(root().join("src/commands/topics/exit-codes.txt")).unwrap();
    let (_, script) = help.split_once("In a script:\n").unwrap();
    let lines = script
        .lines()
        .take_while(|line| !line.contains("does all of this"));
    let script: Vec<&str> = lines.collect();
    let session = Session::facing(SOME_FAIL);
    let (printed, code) = session.run(&format!("set +e\n{}", script.join("\n")));
    assert_eq!(code, 1, "{printed}");
    assert!((1..3).contains(&downloaded(&session)), "{printed}");
}
