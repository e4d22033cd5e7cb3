//! What each task of a transaction comes to, and why a transaction was not made.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::super::super::announce::{AnnounceRefusal, Announcement, ClaimCap};
use super::super::super::fault::DatabaseError;
use super::super::decide::{self, Claims};
use super::super::handle::QueryError;
use super::super::lines::LineBatch;
use super::super::runs::ClaimHolder;
use super::super::task::{Task, TaskAnswer, TaskKind};
use super::DatabaseLink;
use super::snapshot::Snapshot;
use crate::jobs::{JobKey, Ledger};

impl DatabaseLink {
    /// What each task comes to, after what was seen.
    pub(super) fn answers(
        &mut self,
        tasks: &[Task],
        seen: Snapshot,
        uptime: Duration,
        claims: &mut Claims,
    ) -> Result<Vec<TaskAnswer>, QueryError> {
        let ledger = self.ledger.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(sums) = &mut self.sums {
            sums.catch_up(&ledger)?;
        }
        let mut all_claimed = seen.claimed.into_iter();
        let mut answers: Vec<TaskAnswer> = Vec::with_capacity(tasks.len());
        for task in tasks {
            let claimed = task.kind.attempt().and_then(|_| all_claimed.next());
            let claimed = claimed.unwrap_or_default();
            let is_mine = claimed.run.as_deref() == Some(self.run.id.as_str());
            answers.push(match &task.kind {
                TaskKind::Captures(_) | TaskKind::Decided(_)
                    if decide::is_of_another(&task.lines, &ledger) =>
                {
                    TaskAnswer::Refused(AnnounceRefusal::Taken)
                }
                TaskKind::Bind(job, number, id)
                    if decide::has_owner(&ledger, id, (*job, *number)) =>
                {
                    TaskAnswer::Refused(AnnounceRefusal::Taken)
                }
                // They may say otherwise, and a person has not seen that.
                TaskKind::Decided(what) if self.others.have_written_of(&what.jobs, &what.names) => {
                    TaskAnswer::Refused(AnnounceRefusal::Taken)
                }
                TaskKind::Accepted(what) if decide::has_owner(&ledger, &what.id, what.attempt) => {
                    TaskAnswer::Otherwise
                }
                TaskKind::Lines
                | TaskKind::TakeIn(_)
                | TaskKind::Quiet(_)
                | TaskKind::Refresh
                | TaskKind::Captures(_)
                | TaskKind::Decided(_)
                | TaskKind::Bind(..)
                | TaskKind::Accepted(_) => TaskAnswer::Written,
                TaskKind::Announce(what) => {
                    // The run stops over that, as it would in a file, and does not know yet.
                    let mut refused = answers
                        .iter()
                        .any(|answer| matches!(answer, TaskAnswer::Otherwise))
                        .then(|| {
                            AnnounceRefusal::Later(
                                "the vendor gave one id to two orders".to_owned(),
                            )
                        })
                        .or_else(|| seen.halted.refusal());
                    if refused.is_none() {
                        refused = self.refusal((what, &task.lines), &claimed, &ledger, claims)?;
                    }
                    refused.map_or(TaskAnswer::Granted(uptime), TaskAnswer::Refused)
                }
                TaskKind::Lease(key) => match seen.leased.get(key) {
                    None => TaskAnswer::Granted(uptime),
                    Some(host) => TaskAnswer::Refused(AnnounceRefusal::Later(host.clone())),
                },
                TaskKind::IsQuiet => {
                    let not_before = seen.halted.not_before();
                    not_before.map_or(TaskAnswer::Written, TaskAnswer::Refused)
                }
                TaskKind::Renew(..) if is_mine => {
                    let not_before = seen.halted.not_before();
                    not_before.map_or(TaskAnswer::Granted(uptime), TaskAnswer::Refused)
                }
                TaskKind::Withdraw(..) if is_mine => TaskAnswer::Written,
                TaskKind::Renew(..) | TaskKind::Withdraw(..) => TaskAnswer::Lost,
                TaskKind::Settle(job, number) => match &claimed.alive_on {
                    Some(host) if !is_mine => {
                        TaskAnswer::Refused(AnnounceRefusal::Later(host.clone()))
                    }
                    _ if self.others.have_written_of(&[*job], &[]) => {
                        TaskAnswer::Refused(AnnounceRefusal::Taken)
                    }
                    _ => {
                        claims.void(*job, *number, &claimed);
                        TaskAnswer::Written
                    }
                },
            });
        }
        Ok(answers)
    }

    /// Why an attempt is not claimed; nothing where it is.
    fn refusal(
        &self,
        (what, lines): (&Announcement, &LineBatch),
        claimed: &ClaimHolder,
        ledger: &Ledger,
        claims: &mut Claims,
    ) -> io::Result<Option<AnnounceRefusal>> {
        let added = match &self.sums {
            Some(sums) => sums.added_by(what, lines, ledger)?,
            None => Vec::new(),
        };
        let caps = (self.sums.as_ref(), &*added);
        let run = &self.run.id;
        Ok(claims.announce(what, claimed, run, &self.others, ledger, caps))
    }
}

impl DatabaseLink {
    /// Makes one transaction of `tasks`: what each has come to, once the commit is confirmed.
    pub async fn transact(
        &mut self,
        tasks: &[Task],
        rows: &HashSet<JobKey>,
        caps: &Arc<[ClaimCap]>,
    ) -> Result<Vec<TaskAnswer>, DatabaseError> {
        let done = self.try_to_transact(tasks, rows, caps).await;
        // What it has claimed it may have sent.
        let has_sent = !self.own.is_empty();
        done.map_err(|error| {
            if has_sent {
                error.after_orders()
            } else {
                error
            }
        })
    }

    /// To be tried again on a new connection, where what is known is put back first.
    pub(super) fn restored(&self) -> DatabaseError {
        DatabaseError::temporary(
            format!("{} no longer holds what was read from it", self.address),
            "run the same command again; nothing was sent",
        )
    }

    pub(super) fn changed(&self) -> DatabaseError {
        DatabaseError::temporary(
            format!(
                "the claims of {} were changed although its row is locked",
                self.address
            ),
            "run the same command again; nothing was sent",
        )
    }

    pub(super) fn not_back(&self, host: &str) -> DatabaseError {
        DatabaseError::temporary(
            format!(
                "the server of {} was replaced, and a run on {host} that was active has not reconnected to it yet",
                self.address
            ),
            "run the same command again in a minute; nothing was sent",
        )
    }

    pub(super) fn unconfirmed(&self) -> DatabaseError {
        DatabaseError::temporary(
            format!(
                "{} has not confirmed that a standby has what was written",
                self.address
            ),
            "check the database's standbys, then run the same command again",
        )
    }
}
