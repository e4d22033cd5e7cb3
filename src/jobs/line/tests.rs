//! Lines of every kind.

use super::*;

#[test]
fn the_documented_lines_are_read() {
    let line = Line::parse(
        r#"{"at":"2026-03-12T09:22:18.120Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"completed","listing_id":"LST-4202","generation_id":"vgen_def456","output_url":"https://x","credits":5}"#,
    )
    .unwrap();
    assert_eq!(line.at, 1_773_307_338_120);
    assert_eq!(line.job.to_string(), "5b1f0c9a77d2e318");
    assert_eq!(line.word, LineStatus::Status(Status::Completed));
    assert_eq!(line.charged(), Some(5.0));
    assert!(line.rest.is_empty());
}

#[test]
fn a_line_of_the_sample_scripts_gets_its_key_from_the_generation_id() {
    let line = Line::parse_whole(
        r#"{"listing_id":"LST-4201","generation_id":"vgen_abc123","status":"completed","error":null,"completed_at":"2026-03-12T09:22:17Z"}"#,
    )
    .unwrap();
    assert!(line.keyless);
    assert_eq!(line.job, JobKey::of_seed("vgen_abc123"));
    assert_eq!(line.at, 1_773_307_337_000);
    assert_eq!(line.rest.len(), 1, "null is absent: {:?}", line.rest);
}

#[test]
fn a_sample_scripts_submit_failed_is_in_doubt_unless_it_was_refused() {
    let word = |error: &str| {
        let text = format!(
            r#"{{"listing_id":"A","status":"submit_failed","error":{}}}"#,
            serde_json::Value::from(error)
        );
        Line::parse(&text).unwrap().word.status().unwrap()
    };
    assert_eq!(word("TypeError: fetch failed"), Status::Unknown);
    assert_eq!(word("Error: HTTP 500: {}"), Status::Unknown);
    assert_eq!(word("Error: HTTP 408: {}"), Status::Unknown);
    assert_eq!(word("Error: HTTP 422: {}"), Status::SubmitFailed);
}

#[test]
fn what_is_no_log_line_says_why() {
    for (text, expected) in [
        ("", "not a log line"),
        ("[1]", "not a log line"),
        ("{\"job\":", "not a log line"),
        ("{\"status\":\"pending\"}", "names no job"),
        (
            r#"{"job":"5b1f0c9a77d2e318","attempt":"1","status":"pending"}"#,
            "invalid type",
        ),
        (
            r#"{"job":"5b1f0c9a77d2e318","status":"pending","status":"failed"}"#,
            "appears twice",
        ),
        (
            r#"{"at":"2026-03-12T09:22:18.120Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"pending","job":"0000000000000001"}"#,
            "appears twice",
        ),
        (r#"{"job":"nope","status":"pending"}"#, "not a log line"),
        (
            r#"{"job":"5b1f0c9a77d2e318","status":"pending"} {}"#,
            "not a log line",
        ),
    ] {
        let error = Line::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn an_invalid_generation_id_is_no_id() {
    let line =
        Line::parse(r#"{"job":"5b1f0c9a77d2e318","status":"pending","generation_id":"../../etc"}"#)
            .unwrap();
    assert_eq!(line.generation_id, None);
}

#[test]
fn a_line_of_a_newer_version_counts_for_its_job_as_a_doubt() {
    for text in [
        r#"{"job":"5b1f0c9a77d2e318","attempt":2,"status":"archived"}"#,
        r#"{"job":"5b1f0c9a77d2e318","attempt":2,"status":"archived","credits":{"video":5},"at":17}"#,
        r#"{"job":"5b1f0c9a77d2e318","attempt":2,"status":"resolved","verdict":"split"}"#,
    ] {
        for line in [Line::parse(text), Line::parse_whole(text)] {
            let line = line.unwrap();
            assert!(line.newer, "{text}");
            assert_eq!(
                (line.job.to_string().as_str(), line.attempt),
                ("5b1f0c9a77d2e318", 2)
            );
            assert!(
                line.word
                    .status()
                    .is_none_or(|status| status == Status::Unknown)
            );
        }
    }
    for damaged in [
        r#"{"job":"5b1f0c9a77d2e318","attempt":"2","status":"archived"}"#,
        r#"{"job":"5b1f","attempt":2,"status":"archived"}"#,
        r#"{"job":"5b1f0c9a77d2e318","attempt":2,"status":7}"#,
    ] {
        assert!(Line::parse(damaged).is_err(), "{damaged}");
    }
}

#[test]
fn a_field_that_stands_twice_with_one_value_is_read() {
    let text = r#"{"job":"5b1f0c9a77d2e318","status":"pending","job":"5b1f0c9a77d2e318"}"#;
    assert!(Line::parse(text).is_ok());
}
