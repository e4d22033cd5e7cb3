use reqwest::header::HeaderValue;

use super::*;

const GOOD: &str = r#"{"id":"vgen_1","status":"pending"}"#;

fn reply(status: u16, headers: &[(HeaderName, &'static str)], body: &'static str) -> Reply {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
        .collect();
    Reply::new(
        StatusCode::from_u16(status).unwrap(),
        &headers,
        Bytes::from_static(body.as_bytes()),
        None,
        SystemTime::UNIX_EPOCH,
    )
}

fn submission(status: u16, body: &'static str) -> Outcome {
    classify_submission(&reply(status, &[], body), Endpoint::Video, None)
}

fn poll(status: u16, body: &'static str) -> PollOutcome {
    let asked = GenerationId::parse("vgen_1").unwrap();
    classify_poll(&reply(status, &[], body), &asked, None)
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Refused { .. } => "refused",
        Outcome::Denied { .. } => "denied",
        Outcome::Throttled { .. } => "throttled",
        Outcome::NotSent { .. } => "not sent",
        Outcome::Unknown { .. } => "unknown",
    }
}

#[test]
fn every_status_has_its_outcome() {
    for status in 100..=999 {
        let body = if status < 400 { GOOD } else { "no" };
        let expected = match status {
            200..=299 => "accepted",
            401..=403 => "denied",
            429 => "throttled",
            408 | 409 => "unknown",
            400..=499 => "refused",
            _ => "unknown",
        };
        assert_eq!(word(&submission(status, body)), expected, "{status}");
    }
}

#[test]
fn a_refusal_that_names_an_accepted_order_proves_nothing() {
    let error_with_id = r#"{"id":"req_1","status":"failed","error":"no"}"#;
    for status in [400, 401, 402, 403, 404, 422, 429, 503] {
        assert_eq!(word(&submission(status, GOOD)), "unknown", "{status}");
        let refused = word(&submission(status, r#"{"id":"req_1","error":"no"}"#));
        assert_eq!(word(&submission(status, error_with_id)), refused);
        assert_eq!(refused == "unknown", status == 503, "{status}");
    }
}

#[test]
fn an_accepted_order_is_known_in_any_spelling_behind_a_status_that_asks_to_wait() {
    let later = |body, is_cut: bool| {
        let reply = Reply {
            cut: is_cut.then(|| "the connection was closed".to_owned()),
            ..reply(503, &[(RETRY_AFTER, "7")], body)
        };
        word(&classify_submission(&reply, Endpoint::Video, None))
    };
    for order in [
        GOOD,
        r#"{"id":"vgen_1","status":"queued"}"#,
        r#"{"generation_id":"vgen_1","status":"PENDING"}"#,
        r#"{"job_id":"vgen_1","status":"in_progress"}"#,
        r#"{"data":{"id":"vgen_1","status":"pending"}}"#,
        r#"{"generation":{"id":"vgen_1","status":"pending"}}"#,
        r#"{"id":"vgen_1","id":"vgen_1","status":"pending","status":"pending"}"#,
    ] {
        assert_eq!(later(order, false), "unknown", "{order}");
    }
    for cut in [
        r#"{"id":"vgen_1","status":"pending""#,
        r#"{"generation_id":"vg"#,
    ] {
        assert_eq!(later(cut, true), "unknown", "{cut}");
    }
    for refusal in [
        "",
        "busy",
        r#"{"status":"pending"}"#,
        r#"{"id":"req_1"}"#,
        r#"{"id":"req_1","status":"503"}"#,
        r#"{"id":"req_1","status":503}"#,
        r#"{"id":"req_1","status":"Rate_Limited"}"#,
        r#"{"id":"req_1","status":"temporarily unavailable"}"#,
        r#"{"id":"req_1","status":"FAILED"}"#,
        r#"{"id":"req_1","status":"payment_required"}"#,
        r#"{"id":"req_1","status":"insufficient_credits"}"#,
        r#"{"id":"req_1","status":"payload too large"}"#,
        r#"{"id":"req_1","status":"expired_key"}"#,
        r#"{"errors":[{"id":"req_1","status":"pending"}]}"#,
    ] {
        assert_eq!(later(refusal, false), "throttled", "{refusal}");
    }
    let cut = r#"{"error":"slow down","id":"req_1"#;
    assert_eq!(later(cut, true), "throttled", "{cut}");
}

#[test]
fn only_a_503_that_says_when_is_throttling() {
    let later = [(RETRY_AFTER, "7")];
    for (status, expected) in [
        (429, "throttled"),
        (503, "throttled"),
        (500, "unknown"),
        (502, "unknown"),
        (504, "unknown"),
    ] {
        let outcome = classify_submission(&reply(status, &later, ""), Endpoint::Video, None);
        assert_eq!(word(&outcome), expected, "{status}");
        if let Outcome::Throttled { retry_after, .. } = outcome {
            assert_eq!(retry_after, Some(Duration::from_secs(7)));
        }
    }
    let nonsense = reply(503, &[(RETRY_AFTER, "soon")], "");
    assert_eq!(
        word(&classify_submission(&nonsense, Endpoint::Video, None)),
        "unknown"
    );
    let Outcome::Throttled { retry_after, .. } = classify_submission(
        &reply(429, &[(RETRY_AFTER, "soon")], ""),
        Endpoint::Video,
        None,
    ) else {
        panic!("a 429 is throttling whatever its Retry-After says");
    };
    assert_eq!(retry_after, None);
}

#[test]
fn a_retry_after_date_is_measured_against_the_replys_date() {
    let headers = [
        (RETRY_AFTER, "Thu, 12 Mar 2026 09:20:30 GMT"),
        (DATE, "Thu, 12 Mar 2026 09:20:00 GMT"),
    ];
    let outcome = classify_submission(&reply(429, &headers, ""), Endpoint::Video, None);
    let Outcome::Throttled { retry_after, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(30)));
}

/// A queue in front of the vendor may add an id of its own.
#[test]
fn of_two_ids_a_video_and_a_voice_have_the_one_that_the_vendor_gives_them() {
    let body = r#"{"job_id":"job_1","generation_id":"vgen_1","status":"pending"}"#;
    let id = |endpoint| match classify_submission(&reply(202, &[], body), endpoint, None) {
        Outcome::Accepted { id, .. } => id.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(id(Endpoint::Video), "vgen_1");
    assert_eq!(id(Endpoint::Voice), "job_1");
    let both = r#"{"job_id":"job_1","generation_id":"vgen_1","status":"completed"}"#;
    assert!(matches!(
        poll(200, both),
        PollOutcome::Seen {
            status: Status::Completed,
            ..
        }
    ));
    let other = r#"{"job_id":"job_1","generation_id":"vgen_2","status":"completed"}"#;
    assert!(matches!(poll(200, other), PollOutcome::Unavailable { .. }));
}

#[test]
fn the_id_may_have_other_names_and_the_status_may_be_any() {
    for (body, status, warned) in [
        (GOOD, Status::Pending, false),
        (
            r#"{"job_id":"vgen_1","status":"processing"}"#,
            Status::Processing,
            false,
        ),
        (
            r#"{"generation_id":"vgen_1","status":"completed"}"#,
            Status::Completed,
            false,
        ),
        (
            r#"{"id":"vgen_1","status":"failed"}"#,
            Status::Failed,
            false,
        ),
        (r#"{"id":"vgen_1"}"#, Status::Pending, false),
        (r#"{"id":"vgen_1","status":null}"#, Status::Pending, false),
        (
            r#"{"id":"vgen_1","status":"queued"}"#,
            Status::Pending,
            true,
        ),
        (
            r#"{"id":"vgen_1","status":"submit_failed"}"#,
            Status::Pending,
            true,
        ),
    ] {
        let outcome = submission(202, body);
        let Outcome::Accepted {
            id,
            status: reported,
            warning,
            body: kept,
        } = outcome
        else {
            panic!("{body}: {outcome:?}");
        };
        assert_eq!(
            (id.as_str(), reported, warning.is_some()),
            ("vgen_1", status, warned),
            "{body}"
        );
        assert_eq!(kept.bytes(), body.as_bytes());
    }
}

#[test]
fn a_2xx_without_a_valid_id_is_unknown() {
    for body in [
        "",
        "OK",
        "<html>",
        "[]",
        "{}",
        r#"["vgen_1"]"#,
        r#"{"id":7}"#,
        r#"{"id":""}"#,
        r#"{"id":"../x"}"#,
        r#"{"status":"pending"}"#,
        r#"{"id":"vgen_1""#,
    ] {
        for status in [200, 201, 202, 204] {
            let outcome = submission(status, body);
            let Outcome::Unknown { http_status, .. } = outcome else {
                panic!("{body}: {outcome:?}");
            };
            assert_eq!(http_status, Some(status));
        }
    }
}

#[test]
fn a_cut_2xx_is_unknown_and_its_beginning_is_kept_as_evidence() {
    let mut cut = reply(202, &[], GOOD);
    cut.cut = Some("the connection broke".to_owned());
    let outcome = classify_submission(&cut, Endpoint::Video, None);
    let Outcome::Unknown { error, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        error.contains("broke") && error.contains("vgen_1"),
        "{error}"
    );
    cut.status = StatusCode::BAD_REQUEST;
    cut.body = Bytes::from_static(b"no");
    assert_eq!(
        word(&classify_submission(&cut, Endpoint::Video, None)),
        "refused"
    );
}

#[test]
fn errors_say_the_status_and_the_message_without_the_key() {
    let key = ApiKey::new("rph_live_1").unwrap();
    for (status, headers, body, text) in [
        (
            422,
            &[][..],
            r#"{"error":{"message":"no photo"}}"#,
            "HTTP 422: no photo",
        ),
        (401, &[], "bad key rph_live_1", "HTTP 401: bad key [key]"),
        (502, &[], "<h1>Bad gateway</h1>", "HTTP 502: Bad gateway"),
        (500, &[], "", "HTTP 500: Internal Server Error"),
        (599, &[], "", "HTTP 599"),
        (
            302,
            &[(LOCATION, "http://x/?k=rph_live_1")],
            "moved",
            "HTTP 302: redirects to http://x/?k=[key], which is not followed",
        ),
    ] {
        let outcome =
            classify_submission(&reply(status, headers, body), Endpoint::Video, Some(&key));
        let (Outcome::Refused { error, .. }
        | Outcome::Denied { error, .. }
        | Outcome::Unknown { error, .. }) = outcome
        else {
            panic!("{outcome:?}");
        };
        assert_eq!(error, text);
    }
}

#[test]
fn a_poll_that_says_a_known_status_is_seen() {
    for (body, status) in [
        (GOOD, Status::Pending),
        (r#"{"status":"processing"}"#, Status::Processing),
        (
            r#"{"id":"vgen_1","status":"completed","credits":3}"#,
            Status::Completed,
        ),
        (
            r#"{"generation_id":"vgen_1","status":"failed"}"#,
            Status::Failed,
        ),
    ] {
        let outcome = poll(200, body);
        let PollOutcome::Seen {
            status: reported,
            body: kept,
        } = outcome
        else {
            panic!("{body}: {outcome:?}");
        };
        assert_eq!(reported, status);
        assert_eq!(kept.payload().status().unwrap().as_str(), status.as_str());
    }
}

#[test]
fn a_poll_that_teaches_nothing_is_trouble() {
    for (status, body) in [
        (404, ""),
        (500, GOOD),
        (302, GOOD),
        (429, ""),
        (200, ""),
        (200, "{}"),
        (200, r#"{"id":"vgen_2","status":"completed"}"#),
        (200, r#"{"id":"not valid!","status":"completed"}"#),
        (200, r#"{"id":"vgen_1"}"#),
        (200, r#"{"id":"vgen_1","status":"queued"}"#),
        (200, r#"{"id":"vgen_1","status":"unknown"}"#),
    ] {
        let outcome = poll(status, body);
        let PollOutcome::Unavailable { http_status, .. } = outcome else {
            panic!("{status} {body}: {outcome:?}");
        };
        assert_eq!(http_status, Some(status));
    }
    let mut cut = reply(200, &[], GOOD);
    cut.cut = Some("the connection broke".to_owned());
    let asked = GenerationId::parse("vgen_1").unwrap();
    let outcome = classify_poll(&cut, &asked, None);
    assert!(
        matches!(outcome, PollOutcome::Unavailable { .. }),
        "{outcome:?}"
    );
}

#[test]
fn a_poll_passes_on_how_long_to_wait_and_that_the_key_was_refused() {
    let asked = GenerationId::parse("vgen_1").unwrap();
    for status in [429, 503] {
        let outcome = classify_poll(&reply(status, &[(RETRY_AFTER, "3")], ""), &asked, None);
        let PollOutcome::Unavailable { retry_after, .. } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(retry_after, Some(Duration::from_secs(3)));
    }
    for status in [401, 402, 403] {
        assert!(
            matches!(poll(status, ""), PollOutcome::Denied { .. }),
            "{status}"
        );
    }
}
