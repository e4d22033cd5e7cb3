//! With cmd.

use super::*;

const LONG: Duration = Duration::from_secs(600);

fn job<'a>(command: &'a str, variables: &[(&str, &str)]) -> CommandSpec<'a> {
    CommandSpec {
        command,
        input: b"in".to_vec(),
        input_file: "CREATIVEAI_JSON_FILE",
        variables: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        hidden: &["CARGO_MANIFEST_DIR"],
        time_out: LONG,
        drain: LONG,
    }
}

async fn cmd(command: &str, variables: &[(&str, &str)]) -> ProcessResult {
    run(job(command, variables)).await
}

/// This program again, as a command that does what one of the ignored tests below does.
fn again(test: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let path = module_path!().split_once("::").unwrap().1;
    format!(
        "\"{}\" --exact {path}::{test} --ignored --nocapture",
        program.display()
    )
}

#[test]
#[ignore = "a command for the other tests: it shows its input and one variable"]
#[allow(clippy::print_stdout, reason = "the other tests read it")]
fn show_input() {
    let mut input = String::new();
    io::Read::read_to_string(&mut io::stdin(), &mut input).unwrap();
    let file = std::fs::read_to_string(std::env::var("CREATIVEAI_JSON_FILE").unwrap()).unwrap();
    let title = std::env::var("CREATIVEAI_TITLE").unwrap_or_default();
    let hidden = std::env::var_os("CARGO_MANIFEST_DIR").is_some();
    println!("input={input} file={file} title={title} hidden={hidden}.");
}

#[test]
#[ignore = "a command for the other tests: it goes on for ten minutes"]
fn stay() {
    std::thread::sleep(LONG);
}

#[tokio::test]
async fn a_quoted_program_gets_input_file_and_variables() {
    let report = cmd(&again("show_input"), &[("CREATIVEAI_TITLE", "a b")]).await;
    assert!(
        matches!(report.ended, ProcessEnd::With(status) if status.success()),
        "{report:?}"
    );
    let expected = "input=in file=in title=a b hidden=false.";
    assert!(report.output.contains(expected), "{report:?}");
}

#[tokio::test]
async fn a_program_and_its_argument_may_both_be_quoted() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("hand on & go.cmd");
    std::fs::write(&script, "@echo off\r\necho [%~1]\r\nexit /b 3\r\n").unwrap();
    let report = cmd(&format!("\"{}\" \"an argument\"", script.display()), &[]).await;
    assert!(
        matches!(report.ended, ProcessEnd::With(status) if status.code() == Some(3)),
        "{report:?}"
    );
    assert_eq!(report.output, "[an argument]");
}

#[tokio::test]
async fn no_field_can_become_a_command() {
    for value in [
        "a&echo pwned",
        "a&&echo pwned",
        "a|echo pwned",
        "\"&echo pwned&\"",
        "a\"b",
        "100%",
        "%PATH%",
        "%CREATIVEAI_TITLE%",
        "!PATH!",
        "^",
        "a^&b",
        "<in >out",
        "(a) & (b)",
        "Größe",
    ] {
        let report = cmd("echo [!CREATIVEAI_TITLE!]", &[("CREATIVEAI_TITLE", value)]).await;
        assert_eq!(report.output, format!("[{value}]"), "{value:?}: {report:?}");
        let report = cmd(&again("show_input"), &[("CREATIVEAI_TITLE", value)]).await;
        assert!(
            report.output.contains(&format!("title={value} ")),
            "{value:?}: {report:?}"
        );
    }
    let variables = [("CREATIVEAI_TITLE", "a\r\necho pwned\r\nb")];
    let report = cmd("echo [!CREATIVEAI_TITLE!]", &variables).await;
    assert!(
        !report.output.lines().any(|line| line.trim() == "pwned"),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_time_out_ends_what_the_command_has_started() {
    // The inner process holds the output open: were it left alive, this would wait for it.
    let report = run(CommandSpec {
        time_out: Duration::from_millis(200),
        ..job(&format!("cmd /C {}", again("stay")), &[])
    })
    .await;
    assert!(matches!(report.ended, ProcessEnd::TimedOut), "{report:?}");
}

#[tokio::test]
async fn a_command_that_fails_is_reported_with_its_code() {
    let report = cmd("echo said& exit 7", &[]).await;
    assert!(
        matches!(report.ended, ProcessEnd::With(status) if status.code() == Some(7)),
        "{report:?}"
    );
    assert_eq!(report.output, "said");
}
