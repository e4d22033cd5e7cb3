//! Where there is nothing to show.

use jiff::Timestamp;

use super::*;
use crate::journal::LogError;
use crate::output::failure;

#[test]
fn an_empty_log_is_no_error() {
    let (out, err) = printed("", Asked::default());
    assert_eq!(out, "");
    assert_eq!(
        err,
        "jobs.jsonl holds no jobs yet. Submit some: creativeai submit MANIFEST\n"
    );
    let json = Asked {
        json: true,
        ..Asked::default()
    };
    assert_eq!(printed("", json).0, "[]\n");
}

#[test]
fn a_file_that_is_no_log_is_questioned() {
    let (_, err) = printed("listing_id,image_url\nLST-1,x\n", Asked::default());
    assert!(
        err.ends_with("2 lines of jobs.jsonl could not be read. Is it a job log?\n"),
        "{err}"
    );
}

#[test]
fn a_missing_log_is_reported_with_the_way_to_make_one() {
    let dir = tempfile::tempdir().unwrap();
    let (mut printer, _) = Printer::for_test(80, OutputOptions::default());
    let args = StatusQuery {
        show: StatusView::Table,
        filters: Filters::default(),
        json: false,
        commands: Commands::default(),
        rehearsal: Commands::default().in_sandbox(),
        now: Timestamp::UNIX_EPOCH,
    };
    let path = dir.path().join("jobs.jsonl");
    let error = run(&args, &path, Rates::default(), &mut printer).unwrap_err();
    assert!(error.downcast_ref::<LogError>().is_some());
    let error = failure::of_reading(error);
    let next = crate::exit::next_step_of(&error).unwrap();
    assert!(next.contains("creativeai submit MANIFEST"), "{next}");
}

#[test]
fn nothing_that_matches_is_said_with_the_filter() {
    let (out, err) = printed(
        LOG,
        Asked {
            filters: Filters::new([Condition::is("property_type", "castle")]),
            ..Asked::default()
        },
    );
    assert_eq!(out, "");
    assert!(
        err.contains("None of the 7 jobs in jobs.jsonl has property_type=castle."),
        "{err}"
    );
}
