//! What an outcome means for the log and for the rest of the run.

use super::{
    Attempt, AttemptOutcome, DispatchEvent, Dispatcher, FinishedAttempt, MAX_IN_A_ROW, ReplyHint,
    Transport,
};
use crate::engine::stop::{InFlight, StopReason};
use crate::jobs::{EventKind, Facts, GenerationId, Lines, Refusal, Status, StatusReport};
use crate::journal::{AppendError, Claim};
use crate::vendor::Outcome;

impl<T: Transport> Dispatcher<'_, T> {
    /// Brings the line of an attempt to safety that the log did not take in: it is reported, and kept
    /// in a file. Until it is taken back the attempt is in doubt.
    fn recover(&self, attempt: &Attempt, error: &AppendError) {
        {
            let tally = &mut self.state().tally;
            tally.unknown += 1;
            tally.credits += attempt.estimate();
        }
        (self.report)(DispatchEvent::Recover(error.lines.trim_end().to_owned()));
        self.stop.set(StopReason::of_append(error));
        // Where no file can be written either, what was just reported is all there is.
        if let Ok(file) = self.writer.keep_for_recovery(error) {
            self.stop.set(StopReason::Kept(file));
        }
    }

    /// Reports an outcome once its line is durable. When it cannot be, it is reported as a line to
    /// recover, and the run stops.
    pub(super) async fn conclude(&self, settled: FinishedAttempt) {
        let FinishedAttempt {
            attempt,
            outcome,
            line,
            claim,
            in_flight,
        } = settled;
        let written = line.done_as_it_is().await;
        drop((claim, in_flight));
        self.count(&attempt);
        if let AttemptOutcome::Accepted(id) = &outcome {
            self.state().arriving.remove(id);
        }
        match written {
            Ok(true) => self.close(&attempt, outcome),
            Ok(false) => self.close(&attempt, self.taken_meanwhile(outcome)),
            Err(error) => self.recover(&attempt, &error),
        }
    }

    /// What a reply has come to whose id another computer has written of another order meanwhile.
    fn taken_meanwhile(&self, outcome: AttemptOutcome) -> AttemptOutcome {
        let AttemptOutcome::Accepted(id) = outcome else {
            return outcome;
        };
        let error = given_meanwhile(&id);
        self.stop.set(StopReason::SameId(id.to_string()));
        AttemptOutcome::Unknown(error)
    }

    /// Counts and reports an outcome that is in the log.
    pub(super) fn close(&self, attempt: &Attempt, outcome: AttemptOutcome) {
        let event = {
            let tally = &mut self.state().tally;
            match outcome {
                AttemptOutcome::Accepted(_) => {
                    tally.accepted += 1;
                    tally.credits += attempt.estimate();
                    DispatchEvent::Accepted(attempt)
                }
                AttemptOutcome::Refused(http_status, error) => {
                    tally.refused += 1;
                    DispatchEvent::Refused(attempt, http_status, error)
                }
                AttemptOutcome::GaveUp(http_status, error) => {
                    tally.gave_up += 1;
                    match http_status {
                        Some(401..=403) => DispatchEvent::Denied(attempt, error),
                        _ => DispatchEvent::GaveUp(attempt, error),
                    }
                }
                AttemptOutcome::Unknown(error) => {
                    tally.unknown += 1;
                    tally.credits += attempt.estimate();
                    DispatchEvent::Unknown(attempt, error)
                }
            }
        };
        (self.report)(event);
    }

    /// Judges an outcome and begins to append its line.
    pub(super) fn settle(
        &self,
        attempt: Attempt,
        outcome: Outcome,
        (claim, in_flight): (Claim, InFlight),
    ) -> FinishedAttempt {
        let (line, outcome) = match outcome {
            Outcome::Accepted {
                id,
                status,
                warning,
                body,
            } => {
                if let Some(warning) = warning {
                    (self.report)(DispatchEvent::Warning(&attempt, warning));
                }
                self.accepted(&attempt, id, status, &body.payload().facts())
            }
            Outcome::Refused { http_status, error } => self.refused(&attempt, http_status, error),
            Outcome::Denied { http_status, error } => {
                self.stop
                    .set(StopReason::Denied(http_status, error.clone()));
                self.give_up(&attempt, Some(http_status), error)
            }
            Outcome::Unknown { http_status, error } => self.unknown(&attempt, http_status, error),
            Outcome::Throttled {
                http_status, error, ..
            } => self.give_up(&attempt, Some(http_status), error),
            Outcome::NotSent { error } => self.give_up(&attempt, None, error),
        };
        let line = match &outcome {
            AttemptOutcome::Accepted(id) => {
                let (otherwise, _) = self.still_unknown(&attempt, None, given_meanwhile(id));
                let its = (attempt.job, attempt.number);
                self.writer.begin_acceptance(its, id, &line, &otherwise)
            }
            _ => self.writer.begin_append_lazily(&line),
        };
        FinishedAttempt {
            attempt,
            outcome,
            line,
            claim,
            in_flight,
        }
    }

    fn accepted(
        &self,
        attempt: &Attempt,
        id: GenerationId,
        status: Status,
        facts: &Facts<'_>,
    ) -> (Lines, AttemptOutcome) {
        if let Err((reason, error)) = self.claim(attempt, &id) {
            self.stop.set(reason);
            return self.unknown(attempt, None, error);
        }
        self.state().any_accepted = true;
        self.note(ReplyHint::Clear);
        let now = (self.clock)();
        let sighting = StatusReport {
            status,
            generation_id: &id,
            submitted_at: Some(now),
            report: facts.report(status, None),
            via: None,
        };
        let line = self.line(attempt, now, EventKind::Reported(sighting));
        (line, AttemptOutcome::Accepted(id))
    }

    /// Makes sure that the id is this attempt's alone, and of this log's kind.
    fn claim(&self, attempt: &Attempt, id: &GenerationId) -> Result<(), (StopReason, String)> {
        let owner = self.writer.owner_of(id);
        let mut state = self.state();
        let is_arriving = state.arriving.contains(id);
        if is_arriving || owner.is_some_and(|owner| owner != (attempt.job, attempt.number)) {
            let whose = match owner {
                // A vendor may answer for an order that it has made before.
                Some((job, number)) if job == attempt.job => {
                    format!("that of this job's attempt {number}")
                }
                _ => "another job's".to_owned(),
            };
            let error = format!("the reply's id {id} is {whose} already");
            return Err((StopReason::SameId(id.to_string()), error));
        }
        if !self.writer.ledger().may_hold(id) {
            let error =
                format!("the reply's id {id} is a sandbox's in a log of live jobs, or the reverse");
            return Err((StopReason::Mixed, error));
        }
        state.arriving.insert(id.clone());
        Ok(())
    }

    /// Takes in a reply: some that come in a row promise nothing good for the next requests.
    fn note(&self, reply: ReplyHint) {
        let mut state = self.state();
        state.in_a_row = if state.newest == reply {
            state.in_a_row + 1
        } else {
            1
        };
        state.newest = reply;
        if state.in_a_row >= MAX_IN_A_ROW {
            match reply {
                ReplyHint::Unknown => self.stop.set(StopReason::ThreeUnknown),
                ReplyHint::NoSuchPage if !state.any_accepted => {
                    self.stop.set(StopReason::WrongAddress);
                }
                ReplyHint::NoSuchPage | ReplyHint::Clear => {}
            }
        }
    }

    fn refused(
        &self,
        attempt: &Attempt,
        http_status: u16,
        error: String,
    ) -> (Lines, AttemptOutcome) {
        self.note(match http_status {
            404 | 405 => ReplyHint::NoSuchPage,
            _ => ReplyHint::Clear,
        });
        if attempt.resend {
            return self.still_unknown(attempt, Some(http_status), error);
        }
        let what = EventKind::SubmitFailed(Refusal {
            error: &error,
            http_status: Some(http_status),
            temporary: false,
        });
        let line = self.line(attempt, (self.clock)(), what);
        (line, AttemptOutcome::Refused(http_status, error))
    }

    /// Every POST of the run is known not to have been accepted, for now.
    fn give_up(
        &self,
        attempt: &Attempt,
        http_status: Option<u16>,
        error: String,
    ) -> (Lines, AttemptOutcome) {
        self.note(ReplyHint::Clear);
        self.not_accepted(attempt, http_status, error)
    }

    /// The line about an attempt of which the run got no POST accepted.
    pub(super) fn not_accepted(
        &self,
        attempt: &Attempt,
        http_status: Option<u16>,
        error: String,
    ) -> (Lines, AttemptOutcome) {
        if attempt.resend {
            return self.still_unknown(attempt, http_status, error);
        }
        let what = EventKind::SubmitFailed(Refusal {
            error: &error,
            http_status,
            temporary: true,
        });
        let line = self.line(attempt, (self.clock)(), what);
        (line, AttemptOutcome::GaveUp(http_status, error))
    }

    fn unknown(
        &self,
        attempt: &Attempt,
        http_status: Option<u16>,
        error: String,
    ) -> (Lines, AttemptOutcome) {
        self.note(ReplyHint::Unknown);
        self.still_unknown(attempt, http_status, error)
    }

    fn still_unknown(
        &self,
        attempt: &Attempt,
        http_status: Option<u16>,
        error: String,
    ) -> (Lines, AttemptOutcome) {
        let what = EventKind::Unknown(Refusal {
            error: &error,
            http_status,
            temporary: false,
        });
        let line = self.line(attempt, (self.clock)(), what);
        (line, AttemptOutcome::Unknown(error))
    }
}

/// Why an accepted reply leaves its order in doubt: who was first, and with what, is in the log.
fn given_meanwhile(id: &GenerationId) -> String {
    format!("another computer has meanwhile written the reply's id {id} of another order")
}
