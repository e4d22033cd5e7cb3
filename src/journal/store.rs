//! Where a writer's lines go: to a file, or to a database. Who sends and who observes does not know
//! which.

#[cfg(feature = "postgres")]
use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
#[cfg(feature = "postgres")]
use sha2::{Digest, Sha256};

use super::announce::{Announced, Announcement, Claim, ClaimCap, Lease, Leased, Refused, Renewed};
use super::file::{self, AppendError, Appender};
use super::pause;
#[cfg(feature = "postgres")]
use super::postgres::{Answer, DatabaseAppender, KeptCapture, Pending};
use crate::clock;
use crate::jobs::JobKey;

/// What takes lines in.
#[derive(Debug)]
pub(super) enum Store {
    File {
        appender: Appender,
        /// It pauses the log where it is there.
        pause: PathBuf,
    },
    #[cfg(feature = "postgres")]
    Database {
        appender: DatabaseAppender,
        /// How far the database's clock is ahead of this computer's.
        clock: jiff::SignedDuration,
    },
}

/// Lines on their way into the log.
#[derive(Debug)]
#[must_use]
pub struct Appending(Way);

#[derive(Debug)]
enum Way {
    File(file::Pending),
    #[cfg(feature = "postgres")]
    Database(Pending),
}

impl Appending {
    /// Returns once the lines are durable and folded.
    pub(super) async fn done(self) -> Result<(), AppendError> {
        match self.0 {
            Way::File(pending) => pending.done().await,
            #[cfg(feature = "postgres")]
            Way::Database(pending) => pending.done().await.map(drop),
        }
    }

    /// The same for callers that are not async.
    pub(super) fn wait(self) -> Result<(), AppendError> {
        match self.0 {
            Way::File(pending) => pending.wait(),
            #[cfg(feature = "postgres")]
            Way::Database(pending) => pending.wait().map(drop),
        }
    }
}

/// Why a person's word about an attempt was not taken in.
#[derive(Debug)]
pub enum Unsettled {
    /// This computer is sending it just now.
    BeingSent(String),
    /// The log cannot be written to.
    Failed(AppendError),
}

impl Store {
    pub fn begin(&self, lines: &str) -> Appending {
        Appending(match self {
            Self::File { appender, .. } => Way::File(appender.begin(lines)),
            #[cfg(feature = "postgres")]
            Self::Database { appender, .. } => Way::Database(appender.begin(lines)),
        })
    }

    pub fn begin_lazily(&self, lines: &str) -> Appending {
        Appending(match self {
            Self::File { appender, .. } => Way::File(appender.begin_lazily(lines)),
            #[cfg(feature = "postgres")]
            Self::Database { appender, .. } => Way::Database(appender.begin_lazily(lines)),
        })
    }

    pub async fn announce(&self, what: Announcement) -> Result<Announced, AppendError> {
        match self {
            Self::File { appender, pause } => {
                if let Some(by) = pause::read(pause) {
                    return Ok(Announced::Refused(Refused::Paused(by)));
                }
                appender.append_tentative(&what.lines).await?;
                Ok(Announced::Granted(Claim::alone()))
            }
            #[cfg(feature = "postgres")]
            Self::Database { appender, .. } => {
                let (job, number) = (what.job, what.number);
                Ok(match appender.announce(what).await? {
                    Answer::Granted(confirmed) => {
                        let held = appender.held();
                        let claim = Claim::among_others(job, number, confirmed, held);
                        Announced::Granted(claim)
                    }
                    Answer::Refused(refused) => Announced::Refused(refused),
                    Answer::Written | Answer::Lost => {
                        let why = "the log has not claimed it".to_owned();
                        Announced::Refused(Refused::Later(why))
                    }
                })
            }
        }
    }

    /// Gives a claim up: `lines` say that it was not used. Whether they were written; they are not
    /// where the claim is another's by now.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables))]
    pub async fn withdraw(&self, claim: &Claim, lines: String) -> Result<bool, AppendError> {
        match self {
            Self::File { appender, .. } => appender.append(&lines).await.map(|()| true),
            #[cfg(feature = "postgres")]
            Self::Database { appender, .. } => {
                let Some(shared) = claim.shared() else {
                    return Ok(false);
                };
                let answer = appender.withdraw(shared.job, shared.number, lines).await?;
                Ok(matches!(answer, Answer::Written))
            }
        }
    }

    /// Makes sure of a claim once more.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables))]
    pub async fn renew(&self, claim: &Claim) -> Result<Renewed, AppendError> {
        match self {
            Self::File { .. } => Ok(Renewed::Holds),
            #[cfg(feature = "postgres")]
            Self::Database { appender, .. } => {
                let Some(shared) = claim.shared() else {
                    return Ok(Renewed::Lost);
                };
                Ok(match appender.renew(shared.job, shared.number).await? {
                    Answer::Granted(confirmed) => {
                        claim.confirm(confirmed);
                        Renewed::Holds
                    }
                    Answer::Refused(Refused::NotBefore(wait)) => Renewed::NotBefore(wait),
                    _ => Renewed::Lost,
                })
            }
        }
    }

    /// How long the vendor wants to be left alone yet, where it has said so to another computer.
    pub async fn is_quiet(&self) -> Result<Option<Duration>, AppendError> {
        match self {
            Self::File { .. } => Ok(None),
            #[cfg(feature = "postgres")]
            Self::Database { appender, .. } => Ok(match appender.is_quiet().await? {
                Answer::Refused(Refused::NotBefore(wait)) => Some(wait),
                _ => None,
            }),
        }
    }

    /// Takes the lease of this name, or makes sure of it once more.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables))]
    pub async fn lease(&self, name: &str) -> Result<Leased, AppendError> {
        match self {
            Self::File { .. } => Ok(Leased::Mine(Lease::alone())),
            #[cfg(feature = "postgres")]
            Self::Database { appender, .. } => {
                let key = Sha256::digest(name.as_bytes());
                Ok(match appender.lease(key.into()).await? {
                    Answer::Granted(confirmed) => Leased::Mine(Lease::among_others(confirmed)),
                    Answer::Refused(Refused::Later(host)) => Leased::Another(host),
                    Answer::Refused(_) | Answer::Written | Answer::Lost => {
                        Leased::Another(String::new())
                    }
                })
            }
        }
    }

    /// Whether other computers write to the log, too.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Self::File { .. })
    }

    /// Takes in a person's word that an attempt was not accepted.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables))]
    pub fn settle(&self, job: JobKey, number: u32, lines: &str) -> Result<(), Unsettled> {
        match self {
            Self::File { appender, .. } => {
                appender.append_blocking(lines).map_err(Unsettled::Failed)
            }
            #[cfg(feature = "postgres")]
            Self::Database { appender, .. } => {
                let answer = appender.settle(job, number, lines);
                match answer.map_err(Unsettled::Failed)? {
                    Answer::Refused(Refused::Later(host)) => Err(Unsettled::BeingSent(host)),
                    _ => Ok(()),
                }
            }
        }
    }

    /// The time by which verdicts are ordered: the database's, where the log is in one.
    pub fn now(&self) -> Timestamp {
        let now = clock::now();
        match self {
            Self::File { .. } => now,
            #[cfg(feature = "postgres")]
            Self::Database { clock, .. } => now.saturating_add(*clock).unwrap_or(now),
        }
    }

    /// Reads what others have written meanwhile.
    pub async fn refresh(&self) -> Result<(), AppendError> {
        match self {
            Self::File { .. } => Ok(()),
            #[cfg(feature = "postgres")]
            Self::Database { appender, .. } => appender.refresh().done().await.map(drop),
        }
    }

    /// The same for callers that are not async.
    #[cfg(feature = "postgres")]
    pub fn refresh_blocking(&self) -> Result<(), AppendError> {
        match self {
            Self::File { .. } => Ok(()),
            Self::Database { appender, .. } => appender.refresh().wait().map(drop),
        }
    }

    /// Keeps deliveries, with the lines that say what they have taught, all or nothing. A file keeps
    /// the lines alone.
    #[cfg(feature = "postgres")]
    pub fn keep_captures(
        &self,
        captures: Vec<KeptCapture>,
        lines: String,
    ) -> Result<(), AppendError> {
        match self {
            Self::File { appender, .. } => appender.append_blocking(&lines),
            Self::Database { appender, .. } => appender.keep_captures(captures, lines).map(drop),
        }
    }

    /// Where lines are kept already that the log did not take in.
    pub fn spool(&self) -> Option<PathBuf> {
        match self {
            Self::File { .. } => None,
            #[cfg(feature = "postgres")]
            Self::Database { appender, .. } => appender.spool(),
        }
    }

    /// Lets no computer announce an attempt for some time.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables))]
    pub fn keep_quiet(&self, time: Duration) {
        #[cfg(feature = "postgres")]
        if let Self::Database { appender, .. } = self {
            appender.keep_quiet(time);
        }
    }

    /// Caps that hold for every attempt from now on, on all computers that write to the log. A file's
    /// are held by its only writer.
    #[cfg_attr(not(feature = "postgres"), expect(unused_variables))]
    pub fn hold(&self, caps: Vec<ClaimCap>) {
        #[cfg(feature = "postgres")]
        if let Self::Database { appender, .. } = self {
            appender.hold(caps);
        }
    }

    #[cfg(feature = "postgres")]
    pub fn expect_rows(&self, rows: impl Iterator<Item = JobKey>) {
        if let Self::Database { appender, .. } = self {
            appender.expect_rows(rows.collect::<HashSet<_>>());
        }
    }

    #[cfg(feature = "postgres")]
    pub fn wait_for_database(&self, patience: Duration) {
        if let Self::Database { appender, .. } = self {
            appender.wait_for_database(patience);
        }
    }
}
