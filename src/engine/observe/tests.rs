//! What observations teach a log, in every order.

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::jobs::{Credits, Ledger, Rates, Status, Via};
use crate::vendor::Payload;

const SUBMITTING: &str = r#"{"at":"2026-03-12T09:20:00.412Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"submitting","listing_id":"LST-1","request":{"model":"kling-v3","prompt":"pan left"}}"#;
const PENDING: &str = r#"{"at":"2026-03-12T09:20:01.000Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"pending","listing_id":"LST-1","generation_id":"vgen_1"}"#;

struct Log {
    _dir: tempfile::TempDir,
    writer: Writer,
}

fn log(lines: &[&str]) -> Log {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jobs.jsonl");
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let ledger = Ledger::new(Rates::default()).with_places();
    let writer = Writer::open(&path, ledger, "test", Duration::ZERO).unwrap();
    Log { _dir: dir, writer }
}

impl Log {
    fn decide(&self, seen: &Observation<'_>) -> Ingested {
        let clock = || jiff::Timestamp::from_second(1_773_310_000).unwrap();
        Observer {
            writer: &self.writer,
            clock: &clock,
            sandbox: false,
        }
        .decide(seen)
        .unwrap()
    }

    fn learn(&self, seen: &Observation<'_>) -> bool {
        match self.decide(seen) {
            Ingested::New { line, .. } => {
                self.writer.append_blocking(&line).unwrap();
                true
            }
            _ => false,
        }
    }

    fn json(&self) -> Value {
        let key = self.writer.ledger().jobs().next().unwrap().key;
        self.writer.view(key).unwrap().unwrap().to_json()
    }
}

fn seen(body: &str, via: Via) -> Observation<'_> {
    let payload = Payload::parse(body.as_bytes()).unwrap();
    Observation {
        id: payload.id().unwrap(),
        status: Status::from_vendor(payload.status().unwrap().as_str()).unwrap(),
        facts: payload.facts(),
        via,
        correlation: None,
    }
}

const DONE: &str = r#"{"id":"vgen_1","status":"completed","output_url":"https://x/1.mp4","credits":5,"prompt":"pan left","completed_at":"2026-03-12T09:22:17Z"}"#;

#[test]
fn an_end_is_learned_once() {
    let log = log(&[SUBMITTING, PENDING]);
    assert!(log.learn(&seen(DONE, Via::Webhook)));
    assert!(!log.learn(&seen(DONE, Via::Webhook)));
    assert!(!log.learn(&seen(DONE, Via::Poll)));
    assert!(!log.learn(&seen(r#"{"id":"vgen_1","status":"processing"}"#, Via::Poll)));
    let json = log.json();
    assert_eq!(json["status"], "completed");
    assert_eq!(json["credits"], 5);
    assert_eq!(json["listing_id"], "LST-1");
}

#[test]
fn a_late_failure_is_kept_and_flagged_but_does_not_undo_the_clip() {
    let log = log(&[SUBMITTING, PENDING]);
    assert!(log.learn(&seen(DONE, Via::Webhook)));
    assert!(log.learn(&seen(
        r#"{"id":"vgen_1","status":"failed","error":"late"}"#,
        Via::Webhook
    )));
    let json = log.json();
    assert_eq!(json["status"], "completed");
    assert_eq!(json["conflict"], "two_ends");
}

#[test]
fn two_captures_that_differ_end_alike_in_either_order() {
    let other = DONE.replace("1.mp4", "2.mp4");
    let ends: Vec<Value> = [[DONE, other.as_str()], [other.as_str(), DONE]]
        .iter()
        .map(|order| {
            let log = log(&[SUBMITTING, PENDING]);
            for body in order {
                log.learn(&seen(body, Via::Webhook));
            }
            assert!(
                !order
                    .iter()
                    .any(|body| log.learn(&seen(body, Via::Webhook)))
            );
            log.json()["output_url"].clone()
        })
        .collect();
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn a_lost_reply_is_found_by_the_address_of_its_capture() {
    let log = log(&[SUBMITTING]);
    let mut capture = seen(DONE, Via::Webhook);
    assert!(matches!(log.decide(&capture), Ingested::UnknownId(_)));
    capture.correlation = Some((JobKey::parse("5b1f0c9a77d2e318").unwrap(), 1));
    assert!(matches!(
        log.decide(&capture),
        Ingested::New {
            binding: Binding::Adopted,
            ..
        }
    ));
    assert!(log.learn(&capture));
    assert_eq!(log.json()["generation_id"], "vgen_1");
}

#[test]
fn a_capture_with_another_prompt_is_not_adopted() {
    let log = log(&[SUBMITTING]);
    let other = DONE.replace("pan left", "pan right");
    let mut capture = seen(&other, Via::Webhook);
    capture.correlation = Some((JobKey::parse("5b1f0c9a77d2e318").unwrap(), 1));
    assert!(matches!(log.decide(&capture), Ingested::UnknownId(_)));
}

#[test]
fn a_second_id_for_an_attempt_is_billed_twice() {
    let log = log(&[SUBMITTING, PENDING]);
    let other = DONE.replace("vgen_1", "vgen_2");
    let mut capture = seen(&other, Via::Webhook);
    capture.correlation = Some((JobKey::parse("5b1f0c9a77d2e318").unwrap(), 1));
    let learned = log.decide(&capture);
    assert!(
        matches!(&learned, Ingested::New { binding: Binding::BilledTwice { others }, .. } if others == &["vgen_1"]),
        "{learned:?}"
    );
    log.learn(&capture);
    assert_eq!(log.json()["conflict"], "billed_twice");
    assert_eq!(
        log.json()["generation_ids"],
        serde_json::json!(["vgen_1", "vgen_2"])
    );
    // The link came with the second one.
    assert_eq!(log.json()["generation_id"], "vgen_2");
}

/// A line of `vgen_1`'s end, written by a clock that runs ahead by years.
fn ahead(figures: &str) -> String {
    format!(
        r#"{{"at":"2099-03-12T09:22:18.000Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"completed","listing_id":"LST-1","generation_id":"vgen_1","output_url":"https://x/1.mp4",{figures},"completed_at":"2026-03-12T09:22:17Z","via":"webhook"}}"#
    )
}

#[test]
fn what_a_poll_says_later_counts_though_the_line_before_is_of_the_future() {
    let log = log(&[SUBMITTING, PENDING, &ahead(r#""credits":3"#)]);
    assert!(log.learn(&seen(DONE, Via::Poll)));
    assert_eq!(log.json()["credits"], 5);
    assert!(!log.learn(&seen(DONE, Via::Poll)), "it is known by now");
    assert_eq!(charged(&log), Credits::whole(5));
}

#[test]
fn an_older_figure_of_a_poll_does_not_undo_a_correction() {
    for clock in ["2099", "2026"] {
        let correction = ahead(r#""credits":5,"adjusted_credits":3"#).replace("2099", clock);
        let log = log(&[SUBMITTING, PENDING, &correction]);
        // Nothing new, or news that a correction outranks: the figure stays.
        log.learn(&seen(&DONE.replace(":5,", ":7,"), Via::Poll));
        assert_eq!(charged(&log), Credits::whole(3), "{clock}");
        assert_eq!(log.json()["adjusted_credits"], 3, "{clock}");
    }
}

#[test]
fn each_id_of_an_attempt_ends_once() {
    let log = log(&[SUBMITTING, PENDING, &PENDING.replace("vgen_1", "vgen_2")]);
    let other = DONE.replace("vgen_1", "vgen_2");
    assert!(log.learn(&seen(DONE, Via::Webhook)));
    assert!(log.learn(&seen(&other, Via::Webhook)), "another bill");
    for known in [DONE, &other] {
        assert!(!log.learn(&seen(known, Via::Webhook)));
    }
    assert_eq!(charged(&log), Credits::whole(10));
}

#[test]
fn a_capture_without_a_prompt_is_not_adopted() {
    let mut nameless: Value = serde_json::from_str(DONE).unwrap();
    for prompt in [None, Some(""), Some("Pan left")] {
        match prompt {
            None => drop(nameless.as_object_mut().unwrap().remove("prompt")),
            Some(prompt) => nameless["prompt"] = prompt.into(),
        }
        let text = nameless.to_string();
        let mut capture = seen(&text, Via::Webhook);
        capture.correlation = Some((JobKey::parse("5b1f0c9a77d2e318").unwrap(), 1));
        for log in [log(&[SUBMITTING]), log(&[SUBMITTING, PENDING])] {
            let mut second = capture.clone();
            second.id = crate::jobs::GenerationId::parse("vgen_2").unwrap();
            assert!(
                matches!(log.decide(&second), Ingested::UnknownId(_)),
                "{prompt:?}"
            );
        }
    }
}

fn charged(log: &Log) -> Credits {
    log.writer
        .ledger()
        .jobs()
        .map(crate::jobs::JobState::charged)
        .sum()
}
