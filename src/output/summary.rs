//! What a run did, as one line for people and cron, or as one JSON object.

use serde_json::{Map, Value};

use super::{tally::Tally, words};
use crate::engine::plan::RowCounts;
use crate::jobs::{Credits, DisplayStatus, Rates};

/// What became of the captures of a replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// They taught the log something.
    pub applied: u64,
    /// The log knew already.
    pub known: u64,
    /// Their signature is wrong.
    pub rejected: u64,
    /// They cannot be verified.
    pub unverifiable: u64,
    /// Their id is in no job.
    pub unknown_id: u64,
    /// They say nothing.
    pub unreadable: u64,
}

impl Replayed {
    /// As JSON names them and as people read them.
    fn counts(&self) -> [(&'static str, u64, &'static str); 6] {
        [
            ("applied", self.applied, "applied"),
            ("known", self.known, "already known"),
            ("rejected", self.rejected, "rejected"),
            ("unverifiable", self.unverifiable, "unverifiable"),
            ("unknown_id", self.unknown_id, "of unknown jobs"),
            ("unreadable", self.unreadable, "unreadable"),
        ]
    }
}

/// What a run of `submit`, `reconcile` or `retry` did, and where the jobs that it covered stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The command's name.
    pub command: &'static str,
    /// Nothing was sent or written.
    pub dry_run: bool,
    /// A sandbox answered, so nothing was paid. The line says so; the JSON object is the same.
    pub rehearsal: bool,
    /// Attempts that were accepted.
    pub submitted: u64,
    /// What was decided about rows, where a manifest was read.
    pub rows: RowCounts,
    /// Attempts that were to be made, and that this run did not come to.
    pub left: u64,
    /// Where the jobs that it covers stand at its end.
    pub states: Tally,
    /// What the attempts of this run are expected to cost.
    pub credits_estimated: Credits,
    /// What was charged, as far as this run has learned it.
    pub credits_charged: Credits,
    /// What the process ends with.
    pub exit_code: u8,
    /// The captures, where it was a replay.
    pub replayed: Option<Replayed>,
    /// Further fields of the JSON object; one of the same name replaces a count.
    pub more: Map<String, Value>,
}

impl Summary {
    /// The summary of a run that has done nothing yet.
    pub fn new(command: &'static str) -> Self {
        Self {
            command,
            ..Self::default()
        }
    }

    /// What was decided about the rows of a manifest.
    pub fn of_rows(rows: RowCounts) -> Self {
        Self {
            rows,
            ..Self::new("submit")
        }
    }

    /// One JSON object; all fields are always there.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        out.insert("command".into(), self.command.into());
        if self.dry_run {
            out.insert("dry_run".into(), true.into());
        }
        let replayed = self.replayed.iter().flat_map(Replayed::counts);
        let done = self.counts().map(|(name, count, _)| (name, count));
        for (name, count) in done.into_iter().chain(self.states.states()) {
            out.insert(name.into(), count.into());
        }
        for (name, credits) in [
            ("credits_estimated", self.credits_estimated),
            ("credits_charged", self.credits_charged),
        ] {
            out.insert(name.into(), serde_json::json!(credits));
        }
        for (name, count, _) in replayed {
            out.insert(name.into(), count.into());
        }
        for (name, value) in &self.more {
            out.insert(name.clone(), value.clone());
        }
        out.insert("exit_code".into(), self.exit_code.into());
        Value::Object(out)
    }

    /// One line, without newline: `submit: 3 sent, 2 already there; 3 rendering; about 15 credits
    /// ($1.07 to $1.50)`.
    pub fn line(&self, rates: &Rates) -> String {
        let replayed = self.replayed.iter().flat_map(Replayed::counts);
        let done = self.counts().into_iter().chain(replayed);
        let mut parts = vec![
            words::listed(done.map(|(_, count, words)| (count, words))),
            words::listed(self.states()),
            self.money(rates).unwrap_or_default(),
        ];
        parts.retain(|part| !part.is_empty());
        let dry = match (self.dry_run, self.rehearsal) {
            (true, _) => " (dry run)",
            (_, true) => " (rehearsal)",
            _ => "",
        };
        if parts.is_empty() {
            return format!("{}{dry}: nothing to do", self.command);
        }
        format!("{}{dry}: {}", self.command, parts.join("; "))
    }

    /// What the run did, as JSON names it and as people read it.
    fn counts(&self) -> [(&'static str, u64, &'static str); 9] {
        let sent = if self.dry_run { "to send" } else { "sent" };
        let rows = &self.rows;
        let same_clip = "the same clip under another id and held back";
        [
            ("submitted", self.submitted, sent),
            ("skipped", rows.skip, "already there"),
            ("duplicates", rows.duplicate, "duplicate"),
            ("changed", rows.changed, "changed and held back"),
            ("renamed", rows.renamed, "renamed and held back"),
            ("same_clip", rows.same_clip, same_clip),
            ("hidden", rows.hidden, "hidden and held back"),
            ("invalid", rows.invalid, "invalid and left out"),
            ("left", self.left, "left for another run"),
        ]
    }

    fn states(&self) -> impl Iterator<Item = (u64, &'static str)> {
        [
            DisplayStatus::Ready,
            DisplayStatus::Rendering,
            DisplayStatus::Queued,
            DisplayStatus::NotSent,
            DisplayStatus::Failed,
            DisplayStatus::Refused,
            DisplayStatus::NotAccepted,
        ]
        .map(|display| (self.states.count(display), display.words()))
        .into_iter()
        .chain([(self.unknown(), DisplayStatus::Unknown.words())])
    }

    /// Jobs that may or may not have been accepted, those that only a newer version understands
    /// included.
    pub fn unknown(&self) -> u64 {
        self.states.count(DisplayStatus::Unknown) + self.states.count(DisplayStatus::Newer)
    }

    fn money(&self, rates: &Rates) -> Option<String> {
        if self.credits_charged > Credits::ZERO {
            return Some(words::charged(rates, self.credits_charged, self.rehearsal));
        }
        (self.credits_estimated > Credits::ZERO).then(|| {
            let credits = words::credits(self.credits_estimated);
            let dollars = words::dollars(rates, self.credits_estimated);
            format!("about {credits} ({dollars})")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_no_zeros() {
        let summary = Summary {
            submitted: 3,
            rows: RowCounts {
                skip: 2,
                ..RowCounts::default()
            },
            states: Tally::of_counts(&[(DisplayStatus::Queued, 2), (DisplayStatus::Rendering, 1)]),
            credits_estimated: Credits::whole(15),
            ..Summary::new("submit")
        };
        assert_eq!(
            summary.line(&Rates::default()),
            "submit: 3 sent, 2 already there; 1 rendering, 2 in the queue; about 15 credits ($1.07 \
             to $1.50)"
        );
        let rehearsal = Summary {
            rehearsal: true,
            credits_charged: Credits::whole(15),
            ..summary
        };
        assert_eq!(
            rehearsal.line(&Rates::default()),
            "submit (rehearsal): 3 sent, 2 already there; 1 rendering, 2 in the queue; would have \
             cost 15 credits ($1.07 to $1.50)"
        );
        assert_eq!(rehearsal.to_json().get("rehearsal"), None);
    }

    #[test]
    fn doubts_and_failures_are_in_the_line() {
        let summary = Summary {
            submitted: 1200,
            rows: RowCounts {
                changed: 1,
                invalid: 2,
                ..RowCounts::default()
            },
            states: Tally::of_counts(&[
                (DisplayStatus::Ready, 1),
                (DisplayStatus::Failed, 4),
                (DisplayStatus::NotSent, 2),
                (DisplayStatus::Refused, 3),
                (DisplayStatus::Unknown, 6),
            ]),
            credits_estimated: Credits::whole(6000),
            credits_charged: Credits::whole(5),
            ..Summary::new("submit")
        };
        assert_eq!(
            summary.line(&Rates::default()),
            "submit: 1,200 sent, 1 changed and held back, 2 invalid and left out; 1 ready, \
             2 not sent yet, 4 failed, 3 refused, 6 outcome unknown; 5 credits charged ($0.36 to $0.50)"
        );
    }

    #[test]
    fn a_run_without_work_says_so() {
        let rates = Rates::default();
        assert_eq!(Summary::new("retry").line(&rates), "retry: nothing to do");
        let dry = Summary {
            dry_run: true,
            submitted: 1,
            ..Summary::new("submit")
        };
        assert_eq!(dry.line(&rates), "submit (dry run): 1 to send");
    }

    #[test]
    fn the_object_has_every_field_of_the_contract() {
        let replay = Summary {
            replayed: Some(Replayed {
                applied: 7,
                ..Replayed::default()
            }),
            ..Summary::new("reconcile")
        };
        let json = replay.to_json();
        for field in [
            "command",
            "submitted",
            "skipped",
            "duplicates",
            "changed",
            "invalid",
            "submit_failed",
            "unknown",
            "pending",
            "processing",
            "completed",
            "failed",
            "credits_estimated",
            "credits_charged",
            "exit_code",
            "applied",
            "known",
            "rejected",
            "unverifiable",
            "unknown_id",
            "unreadable",
        ] {
            assert!(json.get(field).is_some(), "{field}");
        }
        assert_eq!(json["applied"], 7);
        assert!(Summary::new("submit").to_json().get("applied").is_none());
        assert_eq!(replay.line(&Rates::default()), "reconcile: 7 applied");
    }
}
