//! With a shell of Unix.

use super::*;

async fn sh(command: &str, input: &[u8]) -> ProcessResult {
    run(job(command, input)).await
}

fn job<'a>(command: &'a str, input: &[u8]) -> CommandSpec<'a> {
    CommandSpec {
        command,
        input: input.to_vec(),
        input_file: "CREATIVEAI_JSON_FILE",
        variables: vec![("CREATIVEAI_JOB".to_owned(), "a b".to_owned())],
        hidden: &["CARGO_MANIFEST_DIR"],
        time_out: LONG,
        drain: LONG,
    }
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn input_and_variables_arrive_and_both_streams_are_kept() {
    let command = "cat; echo $CREATIVEAI_JOB >&2; echo dir$CARGO_MANIFEST_DIR; exit 3";
    let report = sh(command, b"in,").await;
    assert!(matches!(report.ended, ProcessEnd::With(status) if status.code() == Some(3)));
    for part in ["in,", "a b\n", "dir\n"] {
        let output = format!("{}\n", report.output);
        assert!(output.contains(part), "{part:?} in {output:?}");
    }
}

#[tokio::test]
async fn the_input_is_also_in_a_file_that_goes_away() {
    let report = sh(
        "cat \"$CREATIVEAI_JSON_FILE\"; echo; echo $CREATIVEAI_JSON_FILE",
        b"{}",
    )
    .await;
    let (input, name) = report.output.split_once('\n').unwrap();
    assert_eq!(input, "{}");
    assert!(!std::path::Path::new(name).exists(), "{name}");
}

#[tokio::test]
async fn a_command_need_not_read() {
    let report = sh("exec <&-; exit 0", &vec![b'x'; 1 << 20]).await;
    assert!(matches!(report.ended, ProcessEnd::With(status) if status.success()));
}

#[tokio::test]
async fn much_output_neither_blocks_nor_is_kept_whole() {
    let command = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done";
    let report = sh(command, b"").await;
    assert!(matches!(report.ended, ProcessEnd::With(status) if status.success()));
    assert!(report.output.len() <= TAIL && report.output.ends_with("line 19999"));
}

#[tokio::test]
async fn a_time_out_kills_what_the_command_has_started() {
    // The inner process holds the output open: were it left alive, this would wait for it.
    let report = run(CommandSpec {
        time_out: Duration::from_millis(50),
        ..job("(sleep 500; echo alive) & wait", b"")
    })
    .await;
    assert!(matches!(report.ended, ProcessEnd::TimedOut), "{report:?}");
    assert!(!report.output.contains("alive"));
}

#[tokio::test]
async fn what_is_left_in_the_background_does_not_hold_the_run_up() {
    let report = run(CommandSpec {
        drain: Duration::ZERO,
        ..job("sleep 3 & exit 0", b"")
    })
    .await;
    assert!(matches!(report.ended, ProcessEnd::With(status) if status.success()));
}
