//! Fetching one clip to its end: tries, waits in between, and a fresh link where one has expired.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use super::client::{FetchClient, MAX_RETRY_AFTER};
use super::error::{FetchError, RefreshError};
use super::facts::Delivery;
use super::fetch::Fetch;
use super::outcome::DeliveryEvent;
use super::partial_download::{CompleteClip, PartialDownload};
use super::reply::shown;

/// Tries of one clip after the first, as long as they may work.
const RETRIES: usize = 3;

/// Asks the vendor once where a clip is now: its links expire.
pub trait Refresh: Sync {
    /// The address, and it is also in the log then; `None` when the vendor reported none.
    fn fresh_url(
        &self,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<Option<String>, RefreshError>> + Send;
}

/// What fetching needs.
pub(super) struct Fetcher<'a, R> {
    pub client: &'a FetchClient,
    pub refresh: &'a R,
    /// Bytes.
    pub max_size: u64,
    pub retry_delay: Duration,
    pub progress: &'a (dyn Fn(DeliveryEvent) + Sync),
}

impl<R: Refresh> Fetcher<'_, R> {
    /// Tries until it is whole, until no try is left, or until trying is of no use. A link that
    /// gives no clip, for whatever reason, is requested once more before the clip is given up.
    pub async fn fetch(
        &self,
        delivery: &Delivery,
        part: &mut PartialDownload,
    ) -> Result<CompleteClip, FetchError> {
        let Some(first) = &delivery.output_url else {
            let why = "the log holds no link to the clip";
            let address = self.fresh(delivery, why).await?;
            return self.one_link(delivery, &address, part).await;
        };
        let (why, may_come_back) = match self.one_link(delivery, first, part).await {
            Err(FetchError::NoClip(why)) => (why, false),
            // A server that names a later time knows the clip; one that fails at every try may not.
            Err(FetchError::Again { why, after }) if after.is_none_or(|wait| wait.is_zero()) => {
                (why, true)
            }
            other => return other,
        };
        let fresh = match self.fresh(delivery, &why).await {
            Ok(fresh) if !may_come_back || fresh != *first => fresh,
            Err(trouble) if !may_come_back => return Err(trouble),
            // Nothing better is known than that the server may recover.
            _ => return Err(FetchError::Again { why, after: None }),
        };
        let second = self.one_link(delivery, &fresh, part).await;
        second.map_err(|trouble| match trouble {
            FetchError::NoClip(then) if then == why => {
                FetchError::Lost(format!("{why}, and so does the fresh link from the vendor"))
            }
            FetchError::NoClip(then) => {
                FetchError::Lost(format!("{why}; the fresh link from the vendor: {then}"))
            }
            other => other,
        })
    }

    /// Tries one link as often as it makes sense, and names it in what goes wrong.
    async fn one_link(
        &self,
        delivery: &Delivery,
        address: &str,
        part: &mut PartialDownload,
    ) -> Result<CompleteClip, FetchError> {
        let fetch = Fetch {
            client: self.client,
            max_size: self.max_size,
            progress: self.progress,
            job: delivery.job,
            is_voice: delivery.is_voice,
        };
        let mut delays = delays(self.retry_delay);
        let link = shown(address);
        loop {
            let (why, after) = match fetch.once(address, part).await {
                Err(FetchError::Again { why, after }) => (format!("{link} {why}"), after),
                Err(FetchError::NoClip(why)) => {
                    return Err(FetchError::NoClip(format!("{link} {why}")));
                }
                other => return other,
            };
            let wait = delays.next().map(|delay| after.unwrap_or(delay));
            let Some(wait) = wait.filter(|wait| *wait <= MAX_RETRY_AFTER) else {
                return Err(FetchError::Again { why, after });
            };
            (self.progress)(DeliveryEvent::Waiting {
                job: delivery.job,
                why,
                wait,
            });
            tokio::time::sleep(wait).await;
        }
    }

    /// Asks the vendor for the clip's link; `why` says what happened before.
    async fn fresh(&self, delivery: &Delivery, why: &str) -> Result<String, FetchError> {
        match self.refresh.fresh_url(delivery).await {
            Ok(Some(address)) => Ok(address),
            Ok(None) => Err(FetchError::Lost(format!(
                "{why}; the vendor was asked for a fresh link and gave none"
            ))),
            Err(unasked) => Err(FetchError::RefreshError(RefreshError {
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
