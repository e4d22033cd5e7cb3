//! What may be done only where no other computer does it, too: attempts, leases, verdicts.

use super::Writer;
use crate::jobs::{GenerationId, JobKey, Lines};
use crate::journal::announce::{
    AnnounceRefusal, Announced, Announcement, Claim, Lease, LeaseOutcome, Renewed, VendorBackoff,
};
use crate::journal::file::AppendError;
use crate::journal::pause;
#[cfg(feature = "postgres")]
use crate::journal::postgres::{DecisionGuard, TaskAnswer, TaskKind};
use crate::journal::store::{DecisionError, Store};
#[cfg(feature = "postgres")]
use sha2::{Digest, Sha256};

impl Writer {
    /// Announces an attempt; it may be sent once that is durable, and granted.
    pub async fn announce(&self, what: Announcement) -> Result<Announced, AppendError> {
        match &self.store {
            Store::File { appender, pause } => {
                if let Some(by) = pause::read(pause) {
                    return Ok(Announced::Refused(AnnounceRefusal::Paused(by)));
                }
                appender.append_tentative(what.lines.as_str()).await?;
                Ok(Announced::Granted(Claim::alone()))
            }
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                let (job, number, lines) = (what.job, what.number, what.lines.clone());
                let asked = appender.ask(TaskKind::Announce(what), lines.as_str());
                Ok(match asked.done().await? {
                    TaskAnswer::Granted(confirmed) => {
                        let held = appender.held();
                        let claim = Claim::among_others(job, number, confirmed, held);
                        Announced::Granted(claim)
                    }
                    TaskAnswer::Refused(refused) => Announced::Refused(refused),
                    TaskAnswer::Written | TaskAnswer::Otherwise | TaskAnswer::Lost => {
                        let why = "the log has not claimed it".to_owned();
                        Announced::Refused(AnnounceRefusal::Later(why))
                    }
                })
            }
        }
    }

    /// Gives a claim up: `lines` say that it was not used. Whether they were written; they are not
    /// where the claim is another's by now.
    pub async fn withdraw(&self, claim: &Claim, lines: &Lines) -> Result<bool, AppendError> {
        match &self.store {
            Store::File { appender, .. } => appender.append(lines.as_str()).await.map(|()| true),
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                let Some(shared) = claim.shared() else {
                    return Ok(false);
                };
                let asked = appender.ask(
                    TaskKind::Withdraw(shared.job, shared.number),
                    lines.as_str(),
                );
                Ok(matches!(asked.done().await?, TaskAnswer::Written))
            }
        }
    }

    /// Makes sure of a claim once more.
    pub async fn renew(&self, claim: &Claim) -> Result<Renewed, AppendError> {
        match &self.store {
            Store::File { .. } => Ok(Renewed::Holds),
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                let Some(shared) = claim.shared() else {
                    return Ok(Renewed::Lost);
                };
                let asked = appender.ask(TaskKind::Renew(shared.job, shared.number), "");
                Ok(match asked.done().await? {
                    TaskAnswer::Granted(confirmed) => {
                        claim.confirm(confirmed);
                        Renewed::Holds
                    }
                    TaskAnswer::Refused(AnnounceRefusal::NotBefore(quiet)) => {
                        Renewed::NotBefore(quiet)
                    }
                    _ => Renewed::Lost,
                })
            }
        }
    }

    /// Whether the vendor wants to be left alone, where other computers ask it, too.
    pub async fn is_quiet(&self) -> Result<Option<VendorBackoff>, AppendError> {
        match &self.store {
            Store::File { .. } => Ok(None),
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                let asked = appender.ask(TaskKind::IsQuiet, "");
                Ok(match asked.done().await? {
                    TaskAnswer::Refused(AnnounceRefusal::NotBefore(quiet)) => Some(quiet),
                    _ => None,
                })
            }
        }
    }

    /// Takes the lease of this name, or makes sure of it once more: the right to fetch or publish
    /// something while no other run does. What others have written is folded then. It holds until
    /// this writer is dropped, or this run is not heard of any more.
    pub async fn lease(&self, name: &str) -> Result<LeaseOutcome, AppendError> {
        match &self.store {
            Store::File { .. } => Ok(LeaseOutcome::Mine(Lease::alone())),
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                let key = Sha256::digest(name.as_bytes());
                let asked = appender.ask(TaskKind::Lease(key.into()), "");
                Ok(match asked.done().await? {
                    TaskAnswer::Granted(confirmed) => {
                        LeaseOutcome::Mine(Lease::among_others(confirmed))
                    }
                    TaskAnswer::Refused(_)
                    | TaskAnswer::Written
                    | TaskAnswer::Otherwise
                    | TaskAnswer::Lost => LeaseOutcome::Another,
                })
            }
        }
    }

    /// Takes in a person's word that an attempt was not accepted. No one may be about to send it.
    pub fn settle(&self, job: JobKey, number: u32, lines: &Lines) -> Result<(), DecisionError> {
        match &self.store {
            Store::File { appender, .. } => appender
                .append_blocking(lines.as_str())
                .map_err(DecisionError::Failed),
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                let asked = appender.ask(TaskKind::Settle(job, number), lines.as_str());
                match asked.wait().map_err(DecisionError::Failed)? {
                    TaskAnswer::Refused(AnnounceRefusal::Later(host)) => {
                        Err(DecisionError::BeingSent(host))
                    }
                    TaskAnswer::Refused(_) => Err(DecisionError::Outdated),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Takes in what a person has decided about `jobs`, some of which get these `names`: not where another
    /// computer has written about them, or of those names, since the log was read.
    pub fn decide(
        &self,
        jobs: &[JobKey],
        names: &[&str],
        lines: &Lines,
    ) -> Result<(), DecisionError> {
        match &self.store {
            Store::File { .. } => self.append_in_parts(lines).map_err(DecisionError::Failed),
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                let kind = TaskKind::Decided(DecisionGuard {
                    jobs: jobs.to_vec(),
                    names: names.iter().map(|name| (*name).to_owned()).collect(),
                });
                let asked = appender.ask(kind, lines.as_str());
                match asked.wait().map_err(DecisionError::Failed)? {
                    TaskAnswer::Refused(_) => Err(DecisionError::Outdated),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Takes in that an attempt was accepted under `id`. Returns whose that id is, where it has become
    /// another's.
    pub fn bind(
        &self,
        (job, number): (JobKey, u32),
        id: &GenerationId,
        lines: &Lines,
    ) -> Result<Option<(JobKey, u32)>, AppendError> {
        let owner = || self.owner_of(id).filter(|owner| *owner != (job, number));
        if let Some(owner) = owner() {
            return Ok(Some(owner));
        }
        match &self.store {
            Store::File { appender, .. } => appender.append_blocking(lines.as_str()).map(|()| None),
            #[cfg(feature = "postgres")]
            Store::Database { appender, .. } => {
                let kind = TaskKind::Bind(job, number, id.clone());
                // What others have written is folded by then.
                appender.ask(kind, lines.as_str()).wait().map(|_| owner())
            }
        }
    }
}
