//! Whether a job may get a new attempt: the rule that keeps a clip from being paid for twice.
//!
//! `submit` and `retry` both ask here, so that no order of events, however odd, makes one of them
//! order again what the other would not.

use super::{AttemptState, JobState, Status};

/// What keeps a job from a new attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// A newer version wrote of it what this one does not understand.
    NewerVersion,
    /// A person closed the job.
    Dismissed,
    /// An attempt has brought the clip.
    Completed,
    /// An attempt may have been accepted.
    InDoubt,
    /// An attempt was accepted, and has not ended as far as the log knows.
    UnderWay,
}

impl Bar {
    /// Why nothing is sent, as the end of a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewerVersion => "a newer version of creativeai wrote of it",
            Self::Dismissed => "it was dismissed",
            Self::Completed => "its clip is finished",
            Self::InDoubt => "an attempt of it may have been accepted",
            Self::UnderWay => "an attempt of it is under way",
        }
    }
}

impl JobState {
    /// What keeps the job from a new attempt, the most final first. Where nothing does, every
    /// attempt is known to have ended without a clip or never to have been accepted.
    pub fn bar(&self) -> Option<Bar> {
        let any = |is: fn(&AttemptState) -> bool| self.attempts().any(is);
        if self.is_newer() {
            Some(Bar::NewerVersion)
        } else if self.is_dismissed() {
            Some(Bar::Dismissed)
        } else if any(|a| a.status() == Status::Completed) {
            Some(Bar::Completed)
        } else if any(|a| a.status() == Status::Unknown) {
            Some(Bar::InDoubt)
        } else if self.has_attempt_under_way() {
            Some(Bar::UnderWay)
        } else {
            None
        }
    }

    /// Whether an attempt was accepted, and has not ended as far as the log knows.
    pub fn has_attempt_under_way(&self) -> bool {
        self.attempts().any(AttemptState::is_under_way)
    }

    /// Whether a person may ask for a new attempt.
    pub fn may_get_new_attempt(&self) -> bool {
        self.bar().is_none()
    }

    /// Whether the next run makes a new attempt by itself: the newest was refused, and that was
    /// no one's decision (throttled, no network, no credits).
    pub fn may_go_again(&self) -> bool {
        self.newest().is_temporary() && self.may_get_new_attempt()
    }

    /// Whether its attempts in doubt may be sent again as they were, when a person asks: not while
    /// another attempt has brought the clip, or is about to.
    pub fn may_be_resent(&self) -> bool {
        self.bar() == Some(Bar::InDoubt) && !self.has_attempt_under_way()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{Ledger, Rates};

    const JOB: &str = "5b1f0c9a77d2e318";

    /// A job whose attempts, from the first, have lines with these words; `~` is a temporary
    /// refusal, and a verdict stands for itself.
    fn job(attempts: &[&[&str]]) -> JobState {
        let mut ledger = Ledger::new(Rates::default());
        for (number, words) in (1..).zip(attempts) {
            for (second, word) in words.iter().enumerate() {
                let fields = match *word {
                    "~" => r#""status":"submit_failed","temporary":true"#.to_owned(),
                    "accepted" | "not_accepted" | "dismissed" => {
                        format!(
                            r#""status":"resolved","generation_id":"vgen_p","verdict":"{word}""#
                        )
                    }
                    word => format!(r#""status":"{word}""#),
                };
                let line = format!(
                    r#"{{"at":"2026-03-12T09:2{number}:0{second}Z","job":"{JOB}","attempt":{number},{fields}}}"#
                );
                ledger.absorb(&line, 0);
            }
        }
        assert_eq!(ledger.unreadable(), 0);
        ledger.jobs().next().unwrap().clone()
    }

    #[test]
    fn the_rule_case_by_case() {
        use Bar::{Completed, Dismissed, InDoubt, UnderWay};
        // The lines of each attempt, what bars a new one, and whether it is made by itself.
        type Case<'a> = (&'a [&'a [&'a str]], Option<Bar>, bool);
        let cases: &[Case<'_>] = &[
            (&[&["~"]], None, true),
            (&[&["submit_failed"]], None, false),
            (&[&["failed"]], None, false),
            (&[&["submit_failed"], &["~"]], None, true),
            (&[&["failed"], &["~"]], None, true),
            // A webhook reported the first attempt when the second had been throttled.
            (&[&["failed", "completed"], &["~"]], Some(Completed), false),
            (&[&["~", "completed"], &["~"]], Some(Completed), false),
            (&[&["~", "pending"], &["~"]], Some(UnderWay), false),
            (&[&["unknown"], &["~"]], Some(InDoubt), false),
            (&[&["submitting"], &["failed"]], Some(InDoubt), false),
            (&[&["completed"], &["failed"]], Some(Completed), false),
            (&[&["completed"], &["unknown"]], Some(Completed), false),
            (&[&["processing"], &["unknown"]], Some(InDoubt), false),
            (&[&["unknown", "not_accepted"]], None, false),
            (
                &[&["unknown", "not_accepted", "pending"]],
                Some(UnderWay),
                false,
            ),
            (&[&["unknown", "accepted"]], Some(UnderWay), false),
            (&[&["~", "dismissed"]], Some(Dismissed), false),
            (&[&["unknown", "dismissed"]], Some(Dismissed), false),
            (&[&["unknown", "dismissed", "not_accepted"]], None, false),
        ];
        for (attempts, bar, by_itself) in cases {
            let job = job(attempts);
            assert_eq!(job.bar(), *bar, "{attempts:?}");
            assert_eq!(job.may_go_again(), *by_itself, "{attempts:?}");
        }
    }

    #[test]
    fn a_doubt_is_not_sent_again_beside_a_clip_that_is_there_or_on_its_way() {
        for (attempts, may) in [
            (&[&["unknown"][..]][..], true),
            (&[&["failed"], &["submitting"]], true),
            (&[&["unknown"], &["unknown"]], true),
            (&[&["completed"], &["unknown"]], false),
            (&[&["pending"], &["unknown"]], false),
            (&[&["failed"]], false),
            (&[&["unknown", "dismissed"]], false),
        ] {
            assert_eq!(job(attempts).may_be_resent(), may, "{attempts:?}");
        }
    }
}
