//! What is announced in the log before a request is sent, and the right to send it.
//!
//! A file is one process's: what it has announced may be sent. A log in a database is everyone's:
//! an attempt is claimed with its announcement, by one computer and for ever. The claim lets that
//! one send only shortly after: a computer that was asleep meanwhile may have been given up.

#![cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "a log in a file has no claims to share")
)]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock;
use crate::jobs::{Credits, JobKey, JobView, Lines};

/// How long after it was made a claim lets its request be sent. Well below the time after which a
/// run that no one hears of counts as gone.
pub const CLAIM_HOLDS: Duration = Duration::from_secs(10);

/// An attempt that is about to be sent.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// The job.
    pub job: JobKey,
    /// The attempt's number.
    pub number: u32,
    /// Whether it was sent before, and is sent again as it was.
    pub resend: bool,
    /// Whether it is a rehearsal's.
    pub sandbox: bool,
    /// What it adds to what is reserved.
    pub more: Credits,
    /// Jobs that it replaces.
    pub replaces: Vec<JobKey>,
    /// The lines that announce it.
    pub lines: Lines,
}

/// What became of an announcement.
#[derive(Debug)]
pub enum Announced {
    /// It is in the log, and may be sent.
    Granted(Claim),
    /// It is not in the log, and must not be sent.
    Refused(AnnounceRefusal),
}

/// What has become of a claim that was to be made sure of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// It is this run's.
    Holds,
    /// It is, but nothing may be sent yet: the vendor has asked a computer to wait.
    NotBefore(VendorBackoff),
    /// It is not this run's any more.
    Lost,
}

/// That the vendor wants to be left alone, whichever computer it has said so to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VendorBackoff {
    /// For how long yet.
    pub left: Duration,
    /// The computer that it has asked; empty where that is not known.
    pub asked: String,
}

impl fmt::Display for VendorBackoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = match self.asked.as_str() {
            "" => "another computer",
            asked => asked,
        };
        write!(f, "the vendor has asked {asked} to wait")
    }
}

/// Why an attempt is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnnounceRefusal {
    /// Another computer makes it, or has made it: the log says so.
    Taken,
    /// The next run decides again, with what others have written since.
    Later(String),
    /// Not yet: the vendor has asked another computer to wait.
    NotBefore(VendorBackoff),
    /// The log is paused; by whom, since when.
    Paused(String),
    /// Another computer has begun a rehearsal in a log that live jobs were for, or the reverse.
    Mixed,
    /// It would go beyond these caps.
    CapReached(Vec<ReachedCap>),
}

/// A cap that does not admit another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReachedCap {
    /// Its place among the caps.
    pub place: usize,
    /// What counts against it.
    pub committed: Credits,
}

/// What a job counts against a cap.
pub type CapCount = Arc<dyn Fn(&JobView) -> Credits + Send + Sync>;

/// A cap that is held where attempts are claimed, for all computers together.
#[derive(Clone)]
pub struct ClaimCap {
    /// The most that may be charged and reserved.
    pub most: Credits,
    /// What a job counts; everything that it has charged and reserved without it. The ledger must
    /// keep places where there is one.
    pub counts: Option<CapCount>,
}

impl fmt::Debug for ClaimCap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimCap")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

/// The right to send what was announced. Dropping it says that its outcome is in the log, or never
/// will be.
#[derive(Debug)]
pub struct Claim {
    shared: Option<SharedClaim>,
}

/// A claim of an attempt that other computers know of.
#[derive(Debug)]
pub(super) struct SharedClaim {
    pub job: JobKey,
    pub number: u32,
    /// The computer's uptime when it was last made sure of, in milliseconds.
    confirmed: Arc<AtomicU64>,
    /// How many claims the run has.
    held: Arc<AtomicUsize>,
}

impl Claim {
    /// Of a log that only this process writes to.
    pub(super) const fn alone() -> Self {
        Self { shared: None }
    }

    /// Of a log of many computers. `confirmed` is this computer's uptime before the claim was
    /// confirmed; `held` counts the run's claims, this one included.
    pub(super) fn among_others(
        job: JobKey,
        number: u32,
        confirmed: Duration,
        held: Arc<AtomicUsize>,
    ) -> Self {
        let confirmed = Arc::new(AtomicU64::new(confirmed.as_millis() as u64));
        Self {
            shared: Some(SharedClaim {
                job,
                number,
                confirmed,
                held,
            }),
        }
    }

    pub(super) fn shared(&self) -> Option<&SharedClaim> {
        self.shared.as_ref()
    }

    /// Whether other computers may take the attempt for given up.
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether a request may be sent by it now.
    pub fn holds(&self) -> bool {
        self.shared
            .as_ref()
            .is_none_or(|shared| is_young(&shared.confirmed))
    }

    /// The same question, to be asked while a request is on its way; `None` where the answer is
    /// always yes.
    pub fn may_send(&self) -> Option<impl Fn() -> bool + Send + Sync + use<>> {
        let confirmed = Arc::clone(&self.shared.as_ref()?.confirmed);
        Some(move || is_young(&confirmed))
    }

    /// It was made sure of once more; `confirmed` is the uptime before.
    pub(super) fn confirm(&self, confirmed: Duration) {
        if let Some(shared) = &self.shared {
            let millis = confirmed.as_millis() as u64;
            shared.confirmed.store(millis, Ordering::SeqCst);
        }
    }
}

/// The right to fetch or publish something while no other run does.
#[derive(Debug)]
pub struct Lease {
    /// The computer's uptime before it was confirmed; none where only this process may.
    confirmed: Option<Duration>,
}

/// Who may fetch or publish something.
#[derive(Debug)]
pub enum LeaseOutcome {
    /// This run.
    Mine(Lease),
    /// A run on another computer, or another one on this computer.
    Another,
}

impl Lease {
    /// Of a log that only this process writes to.
    pub(super) const fn alone() -> Self {
        Self { confirmed: None }
    }

    /// Of a log of many computers.
    pub(super) const fn among_others(confirmed: Duration) -> Self {
        Self {
            confirmed: Some(confirmed),
        }
    }

    /// Whether it was confirmed so shortly ago that no other run can have it by now.
    pub fn holds(&self) -> bool {
        self.confirmed
            .is_none_or(|confirmed| clock::uptime().saturating_sub(confirmed) <= CLAIM_HOLDS)
    }
}

fn is_young(confirmed: &AtomicU64) -> bool {
    let confirmed = Duration::from_millis(confirmed.load(Ordering::SeqCst));
    clock::uptime().saturating_sub(confirmed) <= CLAIM_HOLDS
}

impl Drop for SharedClaim {
    fn drop(&mut self) {
        self.held.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_claim_lets_a_request_be_sent_for_ten_seconds_and_again_once_it_is_confirmed() {
        let held = Arc::new(AtomicUsize::new(1));
        let job = JobKey::of_seed("a");
        let long_ago = clock::uptime().saturating_sub(CLAIM_HOLDS + Duration::from_secs(1));
        let claim = Claim::among_others(job, 1, long_ago, Arc::clone(&held));
        let may_send = claim.may_send().unwrap();
        assert!(!claim.holds() && !may_send());
        claim.confirm(clock::uptime());
        assert!(claim.holds() && may_send());
        drop(claim);
        assert_eq!(held.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_claim_of_a_file_holds_for_ever() {
        let claim = Claim::alone();
        assert!(claim.holds() && claim.may_send().is_none() && !claim.is_shared());
    }
}
