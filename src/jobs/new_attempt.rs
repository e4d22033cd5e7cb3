//! Whether a job may get a new attempt: the rule that keeps a clip from being paid for twice.
//!
//! `submit` and `retry` both ask here, so that no order of events, however odd, makes one of them
//! order again what the other would not.

use super::attempt_state::AttemptState;
use super::state::JobState;
use super::status::Status;

/// What keeps a job from a new attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptBlock {
    /// A newer version wrote of it what this one does not understand.
    NewerVersion,
    /// A person closed the job.
    Dismissed,
    /// An attempt has brought the clip.
    Completed,
    /// An attempt may have been accepted.
    InDoubt,
    /// An active run is sending an attempt right now.
    BeingSent,
    /// An attempt was accepted, and has not ended as far as the log knows.
    UnderWay,
}

impl AttemptBlock {
    /// Why nothing is sent, as the end of a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewerVersion => "a newer version of creativeai wrote about it",
            Self::Dismissed => "it was dismissed",
            Self::Completed => "its clip is finished",
            Self::InDoubt => "an attempt of it may have been accepted",
            Self::BeingSent => "an active run is sending it",
            Self::UnderWay => "an attempt of it is under way",
        }
    }
}

impl JobState {
    /// What keeps the job from a new attempt, the most final first. Where nothing does, every
    /// attempt is known to have ended without a clip or never to have been accepted.
    pub fn bar(&self) -> Option<AttemptBlock> {
        self.bar_of(|attempt| attempt.status() == Status::Completed)
    }

    /// The same, where clips that a person rejected bar nothing.
    pub fn bar_beside_rejected(&self) -> Option<AttemptBlock> {
        self.bar_of(|attempt| attempt.status() == Status::Completed && !attempt.is_rejected())
    }

    fn bar_of(&self, has_clip: fn(&AttemptState) -> bool) -> Option<AttemptBlock> {
        let any = |is: fn(&AttemptState) -> bool| self.attempts().any(is);
        if self.is_newer() {
            Some(AttemptBlock::NewerVersion)
        } else if self.is_dismissed() {
            Some(AttemptBlock::Dismissed)
        } else if any(has_clip) {
            Some(AttemptBlock::Completed)
        } else if any(AttemptState::is_being_sent) {
            Some(AttemptBlock::BeingSent)
        } else if any(|a| a.status() == Status::Unknown) {
            Some(AttemptBlock::InDoubt)
        } else if self.has_attempt_under_way() {
            Some(AttemptBlock::UnderWay)
        } else {
            None
        }
    }

    /// Whether an attempt was accepted, and has not ended as far as the log knows.
    pub fn has_attempt_under_way(&self) -> bool {
        self.attempts().any(AttemptState::is_under_way)
    }

    /// Whether no attempt has brought a clip, and none may.
    pub fn may_get_new_attempt(&self) -> bool {
        self.bar().is_none()
    }

    /// Whether a person may ask for a new attempt, since the newest is known to have failed. Of a
    /// clip that was rejected and ordered again, the new order may have failed.
    pub fn may_be_retried(&self) -> bool {
        self.newest().status() != Status::Completed && self.bar_beside_rejected().is_none()
    }

    /// Whether the next `submit` sends its order again: it was refused for the time being. One that
    /// replaces a clip that was rejected waits for a person instead, as its prompt is not the row's.
    pub fn is_sent_by_itself(&self) -> bool {
        self.effective().is_temporary() && !self.attempts().any(AttemptState::is_rejected)
    }

    /// Whether a person may ask for another clip, since the newest was rejected: a new bill.
    pub fn may_be_replaced(&self) -> bool {
        self.newest().is_rejected() && self.bar_beside_rejected().is_none()
    }

    /// Whether the next run makes a new attempt by itself: the newest was refused, and that was
    /// no one's decision (throttled, no network, no credits).
    pub fn may_go_again(&self) -> bool {
        self.newest().is_temporary() && self.may_get_new_attempt()
    }

    /// Whether its row is ordered by a run: the next one does that by itself, or an edited row had
    /// replaced the job and was set back before there was a clip.
    pub fn is_ordered_for_its_row(&self) -> bool {
        self.may_go_again() || (self.is_superseded() && self.may_get_new_attempt())
    }

    /// Whether its attempts in doubt may be sent again as they were, when a person asks: not while
    /// another attempt has brought the clip, or is about to.
    pub fn may_be_resent(&self) -> bool {
        self.newest().status() != Status::Completed
            && self.bar_beside_rejected() == Some(AttemptBlock::InDoubt)
            && !self.has_attempt_under_way()
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
                    "kept" | "rejected" => {
                        format!(r#""status":"reviewed","verdict":"{word}""#)
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
        use AttemptBlock::{Completed, Dismissed, InDoubt, UnderWay};
        // The lines of each attempt, what bars a new one, and whether it is made by itself.
        type Case<'a> = (&'a [&'a [&'a str]], Option<AttemptBlock>, bool);
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
    fn a_rejected_clip_can_be_replaced_and_is_never_paid_for_again_by_itself() {
        // Whether `retry --failed` and `retry --rejected` order again; nothing else does.
        type Case<'a> = (&'a [&'a [&'a str]], bool, bool);
        let cases: &[Case<'_>] = &[
            (&[&["completed"]], false, false),
            (&[&["completed", "kept"]], false, false),
            (&[&["completed", "rejected"]], false, true),
            (&[&["completed", "rejected", "kept"]], false, false),
            (&[&["completed", "kept", "rejected"]], false, true),
            (&[&["completed", "rejected"], &["pending"]], false, false),
            (&[&["completed", "rejected"], &["unknown"]], false, false),
            (&[&["completed", "rejected"], &["failed"]], true, false),
            (&[&["completed", "rejected"], &["~"]], true, false),
            (&[&["completed", "rejected"], &["completed"]], false, false),
            (&[&["completed"], &["failed"]], false, false),
            (&[&["completed", "rejected", "dismissed"]], false, false),
            // A verdict says nothing of an attempt without a clip.
            (&[&["pending", "rejected"]], false, false),
        ];
        for (attempts, retried, replaced) in cases {
            let job = job(attempts);
            assert_eq!(job.may_be_retried(), *retried, "{attempts:?}");
            assert_eq!(job.may_be_replaced(), *replaced, "{attempts:?}");
            assert!(!job.may_go_again(), "{attempts:?}");
            assert!(!job.is_sent_by_itself(), "{attempts:?}");
        }
        let doubt = job(&[&["completed", "rejected"], &["unknown"]]);
        assert!(doubt.may_be_resent());
    }

    #[test]
    fn the_order_that_replaces_a_rejected_clip_speaks_until_the_clip_is_kept_after_all() {
        let replaced: &[&[&str]] = &[&["completed", "rejected"], &["pending"]];
        assert_eq!(job(replaced).status(), Status::Pending);
        let kept: &[&[&str]] = &[&["completed", "rejected", "kept"], &["pending"]];
        assert_eq!(job(kept).status(), Status::Completed);
        assert_eq!(job(kept).effective().number, 1);
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
