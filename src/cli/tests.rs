use clap::CommandFactory;

use super::*;
use crate::engine::retry::RetryKind;
use crate::jobs::Credits;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
}

fn command(line: &str) -> Command {
    parse(line).unwrap().command
}

#[test]
fn what_is_typed_after_a_scripts_own_options_counts() {
    let line = "creativeai run a.csv --max-credits 500 --timeout 1h --skip check --quiet \
                --max-credits 100 --timeout 2h --skip report --quiet";
    let Command::Run(run) = command(line) else {
        panic!("another command");
    };
    assert_eq!(run.max_credits, Some(Credits::whole(100)));
    assert_eq!(run.skip.len(), 2);
}

#[test]
fn the_definition_has_no_contradictions() {
    Cli::command().debug_assert();
}

#[test]
fn every_commands_help_opens_with_its_sentence_and_ends_with_examples() {
    let mut cli = Cli::command();
    cli.build();
    let about: Vec<_> = cli
        .get_subcommands()
        .map(|c| c.get_about().cloned())
        .collect();
    assert_eq!(about.len(), 21);
    for (command, about) in cli.get_subcommands_mut().zip(about) {
        let help = command.render_help().to_string();
        let first = help.lines().next().unwrap_or_default();
        assert_eq!(first, about.unwrap().to_string(), "{help}");
        let examples = help.rsplit_once("\nExamples:\n").expect(&help).1;
        assert!((2..=3).contains(&examples.trim().lines().count()), "{help}");
        assert!(
            examples
                .lines()
                .all(|l| l.trim_start().starts_with("creativeai ")),
            "{help}"
        );
    }
}

#[test]
fn every_example_can_be_typed() {
    let mut cli = Cli::command();
    cli.build();
    for command in cli.get_subcommands_mut() {
        let help = command.render_help().to_string();
        for line in help.rsplit_once("Examples:\n").unwrap().1.lines() {
            let end = line.find(" > ").or(line.find(" < ")).or(line.find(" >> "));
            let end = end
                .or(line.find(" | "))
                .or(line.find("   ("))
                .unwrap_or(line.len());
            let typed = line[..end].trim();
            parse(typed).map_err(|e| e.kind()).expect(typed);
        }
    }
}

#[test]
fn choices_that_exclude_each_other_become_one_value() {
    let Command::Retry(retry) = command("creativeai retry --unknown -y") else {
        panic!("another command")
    };
    assert_eq!(retry.which.choice(), RetryKind::Unknown);
    for wrong in [
        "creativeai retry",
        "creativeai retry --failed --unknown",
        "creativeai resolve J",
        "creativeai resolve J --dismiss --not-accepted",
        "creativeai resolve J --generation-id ../x",
        "creativeai resolve J --generation-id ID",
        "creativeai publish",
        "creativeai review --csv --from x",
        "creativeai review --csv --port 1",
        "creativeai submit x.csv --canary 3 --dry-run",
        "creativeai submit x.csv --yes",
        "creativeai submit x.csv --max-failed x",
        "creativeai retry --failed --new-prompt x",
        "creativeai retry --rejected --new-prompt TBD",
        "creativeai retry --rejected --new-prompt \u{200b}",
        "creativeai retry --failed --rejected",
        "creativeai publish --to shopify --exec x",
        "creativeai status --csv --summary",
        "creativeai reconcile --strict",
        "creativeai reconcile --wait --replay x",
        "creativeai status --sandbox --base-url http://127.0.0.1:1",
    ] {
        assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong}");
    }
}

#[test]
fn reconcile_learns_from_one_source() {
    let Command::Reconcile(args) = command("creativeai reconcile a.jsonl --replay b c -q") else {
        panic!("another command")
    };
    assert_eq!(args.jobs.jobs, Some("a.jsonl".into()));
    let ReconcileSource::Replay { paths, .. } = args.source() else {
        panic!("another source")
    };
    assert_eq!(paths.len(), 2);
}

#[test]
fn the_sandbox_is_as_usual_unless_something_is_said() {
    let options = |line: &str| match command(line) {
        Command::Sandbox(args) => args.options(),
        _ => panic!("another command"),
    };
    let usual = crate::sandbox::Options::default();
    let typed = options("creativeai sandbox");
    assert_eq!(typed.faults.slow_reply.as_secs(), 10, "the help says so");
    assert!(!typed.faults.throttle.is_possible());
    assert_eq!(typed.webhooks, usual.webhooks);
    assert_eq!(typed.faults.retry_after, usual.faults.retry_after);
    assert_eq!(
        (typed.seed, typed.render_time),
        (usual.seed, usual.render_time)
    );

    let typed = options("creativeai sandbox --out-of-order --late --lost-reply-share each:1");
    assert!(typed.webhooks.faults.out_of_order > 0.99);
    assert!(typed.webhooks.faults.late > 0.99);
    assert!(typed.faults.lost_reply.is_possible());
}

#[test]
fn a_mistyped_option_is_not_taken_for_a_files_name() {
    let advice = |line| {
        let error = parse(line).map_err(without_escape_tip).unwrap_err();
        error.to_string()
    };
    let other = advice("creativeai status --watsh");
    assert!(!other.contains("-- --"), "{other}");
    let near = advice("creativeai status --sumary");
    assert!(
        near.contains("'--summary'") && !near.contains("-- --"),
        "{near}"
    );
}

#[test]
fn a_mistyped_command_gets_a_hint() {
    let error = parse("creativeai submti x.csv").unwrap_err().to_string();
    assert!(error.contains("'submit'"), "{error}");
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    assert!(parse("creativeai --json status").unwrap().global.json);
    assert!(parse("creativeai status --json").unwrap().global.json);
}
