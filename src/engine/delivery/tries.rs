//! Fetching one clip to its end: tries, waits in between, and a fresh link where one has expired.

use std::io;
use std::path::Path;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use super::client::{Client, MAX_RETRY_AFTER};
use super::fetch::{Fetch, Trouble};
use super::outcome::{Event, Failure, FailureKind, Halt, spoils_all};
use super::part::{Part, Whole};
use super::plan::Delivery;
use super::reply::shown;

/// Tries of one clip after the first, as long as they may work.
const RETRIES: usize = 3;

/// Asks the vendor once where a clip is now: its links expire.
pub trait Refresh: Sync {
    /// The address, and it is also in the log then; `None` when the vendor told none.
    fn fresh_url(
        &self,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<Option<String>, Unasked>> + Send;
}

/// The vendor could not be asked, or did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unasked {
    /// What it means for the exit code.
    pub kind: FailureKind,
    /// Why, in plain words.
    pub why: String,
}

/// What fetching needs.
pub(super) struct Tries<'a, R> {
    pub client: &'a Client,
    pub refresh: &'a R,
    /// Bytes.
    pub max_size: u64,
    pub retry_delay: Duration,
    pub halt: &'a Halt,
    pub progress: &'a (dyn Fn(Event) + Sync),
}

impl<R: Refresh> Tries<'_, R> {
    /// Tries until it is whole, until no try is left, or until trying is of no use. A link that
    /// gives no clip, for whatever reason, is asked for anew once before the clip is given up.
    pub async fn fetch(&self, delivery: &Delivery, part: &mut Part) -> Result<Whole, Trouble> {
        let Some(first) = &delivery.output_url else {
            let why = "the log holds no link to the clip";
            let address = self.fresh(delivery, why).await?;
            return self.one_link(delivery, &address, part).await;
        };
        let (why, may_come_back) = match self.one_link(delivery, first, part).await {
            Err(Trouble::NoClip(why)) => (why, false),
            // A server that names a later time knows the clip; one that fails at every try may not.
            Err(Trouble::Again { why, after }) if after.is_none_or(|wait| wait.is_zero()) => {
                (why, true)
            }
            other => return other,
        };
        let fresh = match self.fresh(delivery, &why).await {
            Err(Trouble::Stopped) => return Err(Trouble::Stopped),
            Ok(fresh) if !may_come_back || fresh != *first => fresh,
            Err(trouble) if !may_come_back => return Err(trouble),
            // Nothing better is known than that the server may recover.
            _ => return Err(Trouble::Again { why, after: None }),
        };
        let second = self.one_link(delivery, &fresh, part).await;
        second.map_err(|trouble| match trouble {
            Trouble::NoClip(then) if then == why => {
                Trouble::Lost(format!("{why}, and so does the fresh link from the vendor"))
            }
            Trouble::NoClip(then) => {
                Trouble::Lost(format!("{why}; the fresh link from the vendor: {then}"))
            }
            other => other,
        })
    }

    /// Tries one link as often as it makes sense, and names it in what goes wrong.
    async fn one_link(
        &self,
        delivery: &Delivery,
        address: &str,
        part: &mut Part,
    ) -> Result<Whole, Trouble> {
        let fetch = Fetch {
            client: self.client,
            max_size: self.max_size,
            halt: self.halt,
            progress: self.progress,
            job: delivery.job,
            is_voice: delivery.is_voice,
        };
        let mut delays = delays(self.retry_delay);
        let link = shown(address);
        loop {
            let (why, after) = match fetch.once(address, part).await {
                Err(Trouble::Again { why, after }) => (format!("{link} {why}"), after),
                Err(Trouble::NoClip(why)) => return Err(Trouble::NoClip(format!("{link} {why}"))),
                other => return other,
            };
            let wait = delays.next().map(|delay| after.unwrap_or(delay));
            let Some(wait) = wait.filter(|wait| *wait <= MAX_RETRY_AFTER) else {
                return Err(Trouble::Again { why, after });
            };
            (self.progress)(Event::Waiting {
                job: delivery.job,
                why,
                wait,
            });
            if !self.halt.sleep(wait).await {
                return Err(Trouble::Stopped);
            }
        }
    }

    /// Asks the vendor for the clip's link; `why` says what happened before.
    async fn fresh(&self, delivery: &Delivery, why: &str) -> Result<String, Trouble> {
        let fresh = tokio::select! {
            biased;
            () = self.halt.wait() => return Err(Trouble::Stopped),
            fresh = self.refresh.fresh_url(delivery) => fresh,
        };
        match fresh {
            Ok(Some(address)) => Ok(address),
            Ok(None) => Err(Trouble::Lost(format!(
                "{why}; the vendor was asked for a fresh link and gave none"
            ))),
            Err(unasked) => Err(Trouble::Unasked(Unasked {
                why: format!(
                    "{why}; the vendor could not be asked for a fresh link: {}",
                    unasked.why
                ),
                ..unasked
            })),
        }
    }
}

/// The waits between tries: three, growing, with jitter.
pub(super) fn delays(first: Duration) -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(first)
        .with_max_times(RETRIES)
        .with_jitter()
        .build()
}

impl Trouble {
    /// What it means to the person; `dir` is where the clip was written to. A disk that will take
    /// no other clip either halts the run.
    pub fn explain(self, delivery: &Delivery, dir: &Path, halt: &Halt) -> Failure {
        let (kind, message) = match self {
            Self::NoClip(why) | Self::Lost(why) => (
                FailureKind::ForGood,
                format!(
                    "{why}; the clip was rendered and paid: ask the vendor's support for it{}",
                    with_id(delivery)
                ),
            ),
            Self::Again { why, .. } => (
                FailureKind::MayHelp,
                format!(
                    "{why}; run the command again, it goes on where it stopped{}",
                    if delivery.is_sandbox {
                        " (it is a rehearsal's clip: add --sandbox, unless `creativeai sandbox` \
                         is running)"
                    } else {
                        ""
                    }
                ),
            ),
            Self::Unasked(Unasked { kind, why }) => (
                kind,
                match kind {
                    FailureKind::MayHelp => format!("{why}; run the command again later"),
                    _ => why,
                },
            ),
            Self::Never(why) => (FailureKind::ForGood, format!("{why}{}", with_id(delivery))),
            Self::Unable(why) => (
                FailureKind::Setup,
                format!(
                    "no https connection can be made from this machine ({why}); are the system's \
                     root certificates installed?"
                ),
            ),
            Self::Stopped => (
                FailureKind::MayHelp,
                "it was stopped; run the command again".to_owned(),
            ),
            Self::Bucket(error) => {
                if error.kind == FailureKind::Setup {
                    // The other clips would meet the same.
                    halt.halt();
                }
                (error.kind, error.why)
            }
            Self::Disk(error) => (FailureKind::Disk, disk_message(&error, dir, halt)),
        };
        Failure {
            job: delivery.job,
            owner: delivery.owner_name(),
            kind,
            message,
        }
    }
}

fn disk_message(error: &io::Error, dir: &Path, halt: &Halt) -> String {
    if spoils_all(error) {
        halt.halt();
    }
    format!(
        "cannot write below {}: {error}; make room or choose another folder, then run the command \
         again, it goes on where it stopped",
        dir.display()
    )
}

fn with_id(delivery: &Delivery) -> String {
    match &delivery.generation_id {
        Some(id) => format!(" (generation id {id})"),
        None => String::new(),
    }
}
