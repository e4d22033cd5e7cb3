//! One attempt's requests: as many POSTs of the same bytes as it takes.

use std::future::Future;
use std::sync::Arc;

use super::Dispatcher;
use super::attempt::Attempt;
use super::progress::DispatchEvent;
use crate::engine::stop::StopReason;
use crate::journal::{Claim, Renewed, VendorBackoff};
use crate::vendor::{Client, Endpoint, MAX_POSTS, MaySend, Outcome, Permit, Wait, idempotency_key};

/// Sends one request. The vendor's client does; tests bring their own.
pub trait Transport {
    /// POSTs `body` under `idempotency_key`, if `may_send` still says so when it is written; `None`
    /// where it does not.
    fn submit(
        &self,
        endpoint: Endpoint,
        idempotency_key: &str,
        body: &str,
        may_send: Option<MaySend>,
    ) -> impl Future<Output = Option<Outcome>>;
}

impl Transport for Client {
    async fn submit(
        &self,
        endpoint: Endpoint,
        idempotency_key: &str,
        body: &str,
        may_send: Option<MaySend>,
    ) -> Option<Outcome> {
        Self::submit(self, endpoint, idempotency_key, body, may_send).await
    }
}

impl<'a, T: Transport> Dispatcher<'a, T> {
    /// Sends what is in the log, as often as it takes; `None` where the claim no longer lets it.
    ///
    /// A claim that has grown old before the first POST is not used: others may have taken this
    /// computer for gone. Neither is one that was granted after the run was to stop.
    pub(super) async fn send(
        &self,
        attempt: &Attempt,
        claim: &Claim,
        mut permit: Permit<'a>,
    ) -> Option<Outcome> {
        if !claim.holds() || (claim.is_shared() && self.stop.is_set()) {
            return None;
        }
        let key = idempotency_key(attempt.job, attempt.number);
        let body = attempt.order.request.get();
        let mut posts = 0;
        loop {
            let may_send = claim
                .may_send()
                .map(|may_send| Arc::new(may_send) as MaySend);
            let sent = self
                .transport
                .submit(attempt.endpoint, &key, body, may_send);
            let outcome = sent.await?;
            posts += 1;
            let (retry_after, error) = match &outcome {
                Outcome::Throttled {
                    retry_after, error, ..
                } => (*retry_after, error),
                Outcome::NotSent { error } => (None, error),
                settled => {
                    if matches!(settled, Outcome::Accepted { .. }) {
                        permit.succeeded();
                    }
                    return Some(outcome);
                }
            };
            let wait = permit.throttled(retry_after, posts);
            if matches!(outcome, Outcome::Throttled { .. })
                && let Some(pause) = self.throttle.pause()
            {
                self.writer.keep_quiet(pause);
            }
            let next = match wait {
                Wait::Until(until) if posts < MAX_POSTS && !self.stop.is_set() => {
                    let wait = until.saturating_duration_since(tokio::time::Instant::now());
                    (self.report)(DispatchEvent::Waiting(wait, error.clone()));
                    self.permit().await
                }
                Wait::PastDeadline => {
                    if let Some(asked) = retry_after {
                        (self.report)(DispatchEvent::Waiting(asked, error.clone()));
                    }
                    None
                }
                Wait::Until(_) => None,
            };
            permit = match next {
                Some(next) => next,
                None => return Some(outcome),
            };
            permit = match self.renewed(claim, permit).await {
                Ok(renewed) => renewed?,
                // What the vendor said about the earlier POST is still true.
                Err(()) => return Some(outcome),
            };
        }
    }

    /// Makes sure of a claim before a further POST: it may have grown old while the vendor asked to
    /// wait, and another computer may have been asked to wait longer. `None` where it is lost; an error
    /// where that stays open.
    async fn renewed(
        &self,
        claim: &Claim,
        mut permit: Permit<'a>,
    ) -> Result<Option<Permit<'a>>, ()> {
        loop {
            match self.writer.renew(claim).await.map_err(|_| ())? {
                Renewed::Holds => return Ok(Some(permit)),
                Renewed::Lost => return Ok(None),
                Renewed::NotBefore(quiet) => {
                    self.hold_for_others(&quiet);
                    drop(permit);
                    permit = self.permit().await.ok_or(())?;
                }
            }
        }
    }

    /// Lets nothing be sent for as long as the vendor has asked another computer for.
    pub(super) fn hold_for_others(&self, quiet: &VendorBackoff) {
        self.throttle.hold(quiet.left);
        (self.report)(DispatchEvent::Waiting(quiet.left, quiet.to_string()));
    }

    /// Leave to send; `None` when the run stops first.
    pub(super) async fn permit(&self) -> Option<Permit<'a>> {
        let permit = self.stop.or(self.throttle.permit()).await?;
        if permit.is_none() {
            self.stop.set(StopReason::Deadline);
        }
        permit
    }
}
