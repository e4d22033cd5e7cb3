//! Fresh links to clips: the vendor is asked where one is, and what it reports is in the log then.

use std::sync::OnceLock;

use super::error::RefreshError;
use super::facts::Delivery;
use super::fetcher::Refresh;
use super::outcome::FailureKind;
use crate::engine::observe::{Ingested, Observer};
use crate::jobs::{GenerationId, Observation, Via};
use crate::vendor::{Client, Endpoint, PollOutcome};

/// The vendor, called upon only once a link is needed: most deliveries need no key.
pub trait OnDemand: Sync {
    /// The API's client.
    fn client(&self) -> impl Future<Output = Result<&Client, RefreshError>> + Send;
    /// Where a clip's address leads from here.
    fn here(&self, url: String) -> impl Future<Output = Result<String, RefreshError>> + Send;
}

/// Asks the vendor for fresh links.
pub struct Links<'a, V> {
    vendor: &'a V,
    observer: Observer<'a>,
    /// What the vendor reported when it refused the key: it need not be asked again for every clip.
    denied: OnceLock<String>,
}

impl<'a, V> Links<'a, V> {
    /// No one asked yet.
    pub fn new(vendor: &'a V, observer: Observer<'a>) -> Self {
        Self {
            vendor,
            observer,
            denied: OnceLock::new(),
        }
    }
}

impl<V: OnDemand> Refresh for Links<'_, V> {
    async fn fresh_url(&self, delivery: &Delivery) -> Result<Option<String>, RefreshError> {
        if let Some(refusal) = self.denied.get() {
            return Err(RefreshError::new(FailureKind::Refused, refusal));
        }
        let client = self.vendor.client().await?;
        let id = delivery.generation_id.as_deref();
        let id = id.and_then(GenerationId::parse).ok_or_else(|| {
            let why = "the log has no generation id to ask for";
            RefreshError::new(FailureKind::ForGood, why)
        })?;
        let endpoint = if delivery.is_voice {
            Endpoint::Voice
        } else {
            Endpoint::Video
        };
        let (status, facts) = match client.poll(endpoint, &id).await {
            PollOutcome::Seen { status, body } => (status, body.payload().facts().into_owned()),
            PollOutcome::Unavailable { error, .. } => {
                return Err(RefreshError::new(FailureKind::MayHelp, error));
            }
            PollOutcome::Denied { error, .. } => {
                let refusal = format!("the vendor refused the key ({error})");
                let refusal = self.denied.get_or_init(|| refusal);
                return Err(RefreshError::new(FailureKind::Refused, refusal));
            }
        };
        let fresh = facts.output_url.clone().map(|url| url.0.into_owned());
        let seen = Observation {
            id,
            status,
            facts,
            via: Via::Poll,
            correlation: None,
        };
        let disk = |why: String| RefreshError::new(FailureKind::Disk, why);
        let news = self.observer.decide(&seen);
        if let Ingested::New { line, .. } = news.map_err(|e| disk(e.to_string()))? {
            let appended = self.observer.writer.append(&line).await;
            appended.map_err(|e| disk(e.to_string()))?;
        }
        match fresh {
            Some(url) => self.vendor.here(url).await.map(Some),
            None => Ok(None),
        }
    }
}
