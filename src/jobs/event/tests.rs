use super::*;
use crate::jobs::{
    Credits, Download, Facts, GenerationId, Line, Order, Publication, PublicationStep, Refusal,
    Resolution, Review, ReviewVerdict, Status, StatusReport, Verdict, Via,
};

const JOB: &str = "5b1f0c9a77d2e318";

fn order() -> Order {
    Order {
        variant: Some("b".into()),
        photo_name: Some("1.jpg".into()),
        columns: vec![
            ("property_type".to_owned(), "residential".into()),
            ("sheet_status".to_owned(), "a \"b\"".into()),
        ],
        line: Some(3),
        credits_estimated: Credits::whole(5),
        request: serde_json::from_str(r#"{"model": "kling-v3"}"#).unwrap(),
    }
}

fn facts() -> Facts<'static> {
    Facts {
        output_url: Some("https://x/1.mp4".into()),
        credits: Some(5.0),
        adjusted_credits: Some(2.5),
        failover_used: Some(false),
        model: Some("kling-v4".into()),
        completed_at: Some("2026-03-12T09:22:17Z".into()),
        error: Some("e".into()),
        phase: Some("Encoding".into()),
        progress: Some(0.5),
        eta_seconds: Some(30.0),
        ..Facts::default()
    }
}

/// What is said, and what stands in the line behind the listing.
type Said<'a> = (EventKind<'a>, &'static str);

/// What is said of a request.
fn of_requests<'a>(order: &'a Order, facts: &'a Facts<'a>, id: &'a GenerationId) -> Vec<Said<'a>> {
    let refusal = |http_status, temporary| Refusal {
        error: "no",
        http_status,
        temporary,
    };
    let seen = |status, submitted_at, via| {
        EventKind::Reported(StatusReport {
            status,
            generation_id: id,
            submitted_at,
            report: facts.report(status, Some("kling-v3")),
            via,
        })
    };
    vec![
        (
            EventKind::Submitting(order),
            r#""variant":"b","photo_name":"1.jpg","property_type":"residential","sheet_status":"a \"b\"","line":3,"credits_estimated":5,"request":{"model": "kling-v3"}"#,
        ),
        (
            EventKind::Unknown(refusal(Some(502), false)),
            r#""error":"no","http_status":502"#,
        ),
        (
            EventKind::SubmitFailed(refusal(None, true)),
            r#""error":"no","temporary":true"#,
        ),
        (
            seen(Status::Processing, Some(Timestamp::UNIX_EPOCH), None),
            r#""generation_id":"vgen_1","submitted_at":"1970-01-01T00:00:00.000Z","phase":"Encoding","progress":0.5,"eta_seconds":30"#,
        ),
        (
            seen(Status::Completed, None, Some(Via::Webhook)),
            r#""generation_id":"vgen_1","output_url":"https://x/1.mp4","credits":5,"adjusted_credits":2.5,"failover_used":false,"model_actual":"kling-v4","completed_at":"2026-03-12T09:22:17Z","error":"e","via":"webhook""#,
        ),
    ]
}

/// What is said of a clip.
fn of_clips(id: &GenerationId) -> Vec<Said<'_>> {
    let generation_id = Some(id.as_str());
    vec![
        (
            EventKind::Step(PublicationStep {
                status: Status::Completed,
                generation_id,
                target: "shopify:a",
                step: "uploaded",
                reference: "r",
                error: "e",
            }),
            r#""generation_id":"vgen_1","target":"shopify:a","step":"uploaded","reference":"r","error":"e""#,
        ),
        (
            EventKind::Downloaded(Download {
                generation_id,
                file: "videos/a.mp4",
                file_host: Some("studio"),
                bytes: 4,
                sha256: "ab",
            }),
            r#""generation_id":"vgen_1","file":"videos/a.mp4","file_host":"studio","bytes":4,"sha256":"ab""#,
        ),
        (
            EventKind::Published(Publication {
                generation_id: None,
                target: "exec:a",
                reference: "",
            }),
            r#""target":"exec:a","reference":"""#,
        ),
    ]
}

/// What people say.
fn of_people(id: &GenerationId) -> Vec<Said<'_>> {
    vec![
        (
            EventKind::Resolved(Resolution {
                verdict: Verdict::Accepted,
                generation_id: Some(id),
                by: "ana",
            }),
            r#""verdict":"accepted","generation_id":"vgen_1","by":"ana""#,
        ),
        (
            EventKind::Superseded {
                by_job: JobKey::parse(JOB).unwrap(),
            },
            r#""by_job":"5b1f0c9a77d2e318""#,
        ),
        (
            EventKind::Reviewed(Review {
                verdict: ReviewVerdict::Rejected,
                generation_id: Some("vgen_1"),
                by: "ana",
            }),
            r#""verdict":"rejected","generation_id":"vgen_1","by":"ana""#,
        ),
        (
            EventKind::Renamed {
                image_url: Some("https://x/1.jpg"),
                photo_name: Some("1.jpg"),
                by: "ana",
            },
            r#""image_url":"https://x/1.jpg","photo_name":"1.jpg","by":"ana""#,
        ),
    ]
}

#[test]
fn each_event_is_one_line_that_reads_back() {
    let (order, facts) = (order(), facts());
    let id = GenerationId::parse("vgen_1").unwrap();
    let said = [
        of_requests(&order, &facts, &id),
        of_clips(&id),
        of_people(&id),
    ];
    for (what, fields) in said.into_iter().flatten() {
        let word = what.word();
        let at = Stamp::first("2026-03-12T09:20:00.412Z".parse().unwrap());
        let event = Event::new(at, JobKey::parse(JOB).unwrap(), 2, what)
            .of_item(Some((IdColumn::Listing, "LST-1")))
            .in_sandbox(true);
        let line = event.line();
        let status = word.as_str();
        let expected = format!(
            "{{\"at\":\"2026-03-12T09:20:00.412Z\",\"job\":\"{JOB}\",\"attempt\":2,\
             \"status\":\"{status}\",\"listing_id\":\"LST-1\",{fields},\"sandbox\":true}}\n"
        );
        assert_eq!(line, expected);
        let read = Line::parse_whole(&line).unwrap();
        assert_eq!((read.word, read.attempt), (word, 2));
        assert_eq!(read.at, at.time().as_millisecond());
        assert!(read.sandbox && !read.newer && !read.keyless);
        for (name, _) in &read.rest {
            let name = name.as_str();
            let is_column = order.columns.iter().any(|(column, _)| column == name);
            let is_known = LOG_FIELDS.contains(&name) || name == "image_url";
            assert_ne!(is_column, is_known, "{name}");
        }
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let what = EventKind::SubmitFailed(Refusal {
        error: "no",
        http_status: None,
        temporary: false,
    });
    let event = Event::without_job(Timestamp::UNIX_EPOCH, what);
    let line = "{\"at\":\"1970-01-01T00:00:00.000Z\",\"status\":\"submit_failed\",\
                \"error\":\"no\"}\n";
    assert_eq!(event.line(), line);
}
