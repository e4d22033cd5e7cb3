//! The fold is a join: shown by permuting, repeating and splitting random logs.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::id::JobKey;
use super::ledger::Ledger;
use super::money::Rates;
use super::status::Verdict;
use super::view::JobView;

const KEYS: [&str; 2] = ["5b1f0c9a77d2e318", "00000000000000aa"];

fn status_line() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "submitting",
        "unknown",
        "submit_failed",
        "pending",
        "processing",
        "failed",
        "completed",
    ]);
    let id = prop::option::of(prop::sample::select(vec!["vgen_1", "vgen_2", "vgen_3"]));
    let credits = prop::option::of(0u32..9);
    (word, id, credits, any::<bool>(), any::<bool>()).prop_map(
        |(word, id, credits, temporary, adjusted)| {
            let mut line =
                json!({ "status": word, "room": word, "output_url": format!("u{credits:?}") });
            if let Some(id) = id {
                line["generation_id"] = id.into();
            }
            if let Some(credits) = credits {
                line[if adjusted {
                    "adjusted_credits"
                } else {
                    "credits"
                }] = credits.into();
            }
            if word == "submit_failed" {
                line["temporary"] = temporary.into();
            }
            if word == "submitting" {
                line["request"] =
                    json!({"model": "m", "duration": "10s", "image_url": "https://x/a"});
            }
            line
        },
    )
}

fn fact_line() -> impl Strategy<Value = Value> {
    let verdict = prop::sample::select(vec!["accepted", "not_accepted", "dismissed"]);
    prop_oneof![
        (verdict, prop::sample::select(vec!["vgen_4", "vgen_5"])).prop_map(|(verdict, id)| {
            let mut line = json!({"status": "resolved", "verdict": verdict, "by": "a@b"});
            if verdict == "accepted" {
                line["generation_id"] = id.into();
            }
            line
        }),
        (0..3u8).prop_map(|n| json!({"status": "downloaded", "file": format!("{n}.mp4")})),
        (0..3u8).prop_map(
            |n| json!({"status": "published", "target": "x", "reference": n.to_string()})
        ),
        prop::sample::select(vec!["00000000000000aa", "00000000000000bb"])
            .prop_map(|by| json!({"status": "superseded", "by_job": by})),
        prop::sample::select(vec!["kept", "rejected"])
            .prop_map(|look| json!({"status": "reviewed", "verdict": look, "by": "a@b"})),
        (0..3u8).prop_map(|n| json!({"status": "renamed", "image_url": format!("https://x/{n}")})),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let body = prop_oneof![4 => status_line(), 1 => fact_line()];
    (body, 0..2usize, 1..4u32, 0..7u32).prop_map(|(mut line, job, attempt, second)| {
        line["at"] = match second {
            4 => "9999-12-31T23:59:59Z".into(),
            5 => "1970-01-01T00:00:00Z".into(),
            6 => "2099-03-12T09:20:00.000Z".into(),
            _ => format!("2026-03-12T09:20:0{second}.000Z").into(),
        };
        line["job"] = KEYS[job].into();
        line["attempt"] = attempt.into();
        line["listing_id"] = format!("LST-{job}").into();
        line.to_string()
    })
}

/// Everything the fold can say about a log.
fn folded(lines: &[String]) -> Vec<String> {
    let rates = Rates::default();
    let mut ledger = Ledger::new(rates.clone());
    let mut kept = Ledger::new(rates.clone());
    kept.keep_committed();
    for line in lines {
        ledger.absorb(line, 0);
        kept.absorb(line, 0);
    }
    assert_eq!(ledger.unreadable(), 0, "{lines:#?}");
    assert_eq!(kept.committed(), ledger.committed());
    KEYS.into_iter()
        .filter_map(JobKey::parse)
        .filter_map(|key| {
            let job = ledger.job(key)?;
            let view = JobView::fold(key, lines.iter().map(String::as_str), &rates);
            let view = view.unwrap().unwrap();
            assert_eq!(view.state.status(), job.status());
            Some(format!(
                "{} {:?} {} {} {} {:?} {:?} {:?} {:?} bar={:?} poll={:?} | {}",
                job.key,
                job.status(),
                job.is_superseded(),
                job.is_dismissed(),
                job.effective().is_temporary(),
                job.charged(),
                job.reserved(),
                job.committed(),
                (job.unreported(), job.expected(), job.refunded()),
                job.bar(),
                job.to_poll().map(|a| a.number).collect::<Vec<_>>(),
                view.to_json(),
            ))
        })
        .collect()
}

proptest! {
    #[test]
    fn neither_order_nor_repetition_changes_the_fold(
        (lines, shuffled) in prop::collection::vec(line(), 1..12)
            .prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut other = shuffled;
        for index in repeats {
            let again = index.get(&other).clone();
            other.push(again);
        }
        prop_assert_eq!(folded(&lines), folded(&other));
    }

    #[test]
    fn a_verdict_never_undoes_a_proof(lines in prop::collection::vec(line(), 1..12)) {
        let mut ledger = Ledger::new(Rates::default());
        for line in &lines {
            ledger.absorb(line, 0);
        }
        for job in ledger.jobs() {
            for attempt in job.attempts() {
                let proved = super::Status::ALL.into_iter().rfind(|s| attempt.has_seen(*s));
                if let Some(proved) = proved.filter(|s| s.is_accepted()) {
                    // Of two ids one may still bring the clip when the other has failed.
                    let may_come = proved == super::Status::Failed && attempt.has_two_ids();
                    prop_assert!(
                        attempt.status() == proved || (may_come && attempt.is_under_way())
                    );
                }
            }
        }
    }

    #[test]
    fn a_job_gets_a_new_attempt_only_when_no_attempt_can_still_cost(
        lines in prop::collection::vec(line(), 1..12),
    ) {
        let mut ledger = Ledger::new(Rates::default());
        for line in &lines {
            ledger.absorb(line, 0);
        }
        for job in ledger.jobs() {
            let is_over = |a: &super::AttemptState| {
                matches!(a.status(), super::Status::Failed | super::Status::SubmitFailed)
            };
            prop_assert_eq!(
                job.may_get_new_attempt(),
                job.attempts().all(is_over)
                    && !job.attempts().any(super::AttemptState::is_under_way)
                    && !job.is_dismissed()
            );
            if job.may_go_again() {
                prop_assert!(job.may_get_new_attempt() && job.newest().is_temporary());
            }
            if job.may_be_resent() {
                prop_assert!(job.bar_beside_rejected() == Some(super::AttemptBlock::InDoubt));
                let has_clip_or_may =
                    |a: &super::AttemptState| a.status().is_accepted() && !is_over(a);
                prop_assert!(!job.attempts().any(|a| has_clip_or_may(a) && !a.is_rejected()));
            }
            // Beside a clip that is not rejected, or one on its way, nothing orders another.
            if job.may_be_retried() || job.may_be_replaced() {
                prop_assert!(job.attempts().all(|a| is_over(a) || a.is_rejected()));
                prop_assert!(!job.may_go_again() || job.may_get_new_attempt());
            }
        }
    }

    #[test]
    fn a_new_line_is_later_than_all_that_were_read(
        lines in prop::collection::vec(line(), 1..12),
        clock in prop::sample::select(vec![
            "-000001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-03-12T09:20:02Z",
            "2099-01-01T00:00:00Z", "9999-06-01T00:00:00Z",
        ]),
    ) {
        let mut ledger = Ledger::new(Rates::default());
        for line in &lines {
            ledger.absorb(line, 0);
        }
        let now = clock.parse().unwrap();
        let verdict = |ledger: &Ledger, key, verdict: Verdict| {
            let at = ledger.stamp(key, now);
            let resolution = super::Resolution { verdict, generation_id: None, by: "me" };
            super::Event::new(at, key, 1, super::EventKind::Resolved(resolution)).line()
        };
        let keys: Vec<_> = ledger.jobs().map(|job| job.key).collect();
        for key in keys {
            // The last word counts, each time.
            for closed in [true, false, true] {
                let word = if closed { Verdict::Dismissed } else { Verdict::NotAccepted };
                let line = verdict(&ledger, key, word);
                ledger.absorb(&line, 0);
                prop_assert_eq!(ledger.job(key).unwrap().is_dismissed(), closed, "{}", line);
            }
        }
    }
}
