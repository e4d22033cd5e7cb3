//! Webhooks out: signed, tried again, and, on request, badly behaved.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{StatusCode, header};
use tokio::sync::{Semaphore, watch};
use url::{Host, Url};

use super::plan::DrawnFaults;
use super::reply::JobReply;
use super::state::{Accepted, SandboxState};
use super::token::{Stage, Token};
use crate::vendor::{ApiKey, sign, transport};

/// Deliveries under way at once.
const UNDER_WAY: usize = 64;

/// A job whose end is to be reported.
#[derive(Debug)]
pub(super) struct PendingWebhook {
    pub token: Token,
    pub accepted: Arc<Accepted>,
    /// Signs it.
    pub key: ApiKey,
    pub url: Url,
    pub faults: DrawnFaults,
}

/// How deliveries went so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WebhookCounts {
    /// Taken by the receiver with a 2xx.
    pub delivered: u64,
    /// Never taken, however often tried.
    pub given_up: u64,
    /// For an address that is not on this machine.
    pub skipped: u64,
}

/// Delivers webhooks.
#[derive(Debug)]
pub(super) struct WebhookSender {
    state: Arc<SandboxState>,
    http: reqwest::Client,
    stopping: watch::Receiver<bool>,
    under_way: Semaphore,
    delivered: AtomicU64,
    given_up: AtomicU64,
    skipped: AtomicU64,
}

impl WebhookSender {
    pub fn new(state: Arc<SandboxState>, stopping: watch::Receiver<bool>) -> reqwest::Result<Self> {
        // Each delivery has a connection of its own, as the vendor's have.
        let http = transport(true)
            .user_agent("CreativeAI-Sandbox/1")
            .pool_max_idle_per_host(0)
            .timeout(state.options.webhooks.timeout)
            .build()?;
        Ok(Self {
            state,
            http,
            stopping,
            under_way: Semaphore::new(UNDER_WAY),
            delivered: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
        })
    }

    pub fn counts(&self) -> WebhookCounts {
        WebhookCounts {
            delivered: self.delivered.load(Ordering::Relaxed),
            given_up: self.given_up.load(Ordering::Relaxed),
            skipped: self.skipped.load(Ordering::Relaxed),
        }
    }

    /// Takes charge of a webhook: it is delivered in a task of its own, once rendering has ended.
    pub fn send(self: &Arc<Self>, webhook: PendingWebhook) {
        if !is_loopback(&webhook.url) {
            self.skipped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if webhook.faults.lost {
            return;
        }
        let sender = self.clone();
        tokio::spawn(async move {
            let mut stopping = sender.stopping.clone();
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => {}
                () = sender.deliver(&webhook) => {}
            }
        });
    }

    async fn deliver(&self, webhook: &PendingWebhook) {
        let render = Duration::from_millis(webhook.token.render_ms.into());
        tokio::time::sleep(render.saturating_add(webhook.faults.late_by)).await;
        let end = SignedRequest::new(&self.state, webhook, Stage::Ended);
        if webhook.faults.bad_signature {
            let forged = SignedRequest {
                signature: format!("sha256={}", "0".repeat(64)),
                ..end.clone()
            };
            // Whatever is answered to it, it has been shown.
            let _ = self.post(webhook, &forged).await;
        }
        self.insist(webhook, &end).await;
        if webhook.faults.duplicate {
            self.insist(webhook, &end).await;
        }
        if webhook.faults.out_of_order {
            let not_yet = Stage::Processing {
                done: 0.9,
                left: render.mul_f64(0.1),
            };
            let stale = SignedRequest::new(&self.state, webhook, not_yet);
            self.insist(webhook, &stale).await;
        }
    }

    /// Tries until it is taken or the tries are used up.
    async fn insist(&self, webhook: &PendingWebhook, request: &SignedRequest) {
        for delay in &self.state.options.webhooks.retry_delays {
            tokio::time::sleep(*delay).await;
            let status = self.post(webhook, request).await;
            if status.is_ok_and(|status| status.is_success()) {
                self.delivered.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }

    async fn post(
        &self,
        webhook: &PendingWebhook,
        request: &SignedRequest,
    ) -> reqwest::Result<StatusCode> {
        // Never closed.
        let _permit = self.under_way.acquire().await;
        let post = self
            .http
            .post(webhook.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-CreativeAI-Event", &request.event)
            .header("X-CreativeAI-Delivery-Id", &request.id)
            .header("X-CreativeAI-Signature", &request.signature)
            .body(request.body.clone());
        Ok(post.send().await?.status())
    }
}

/// One delivery's content.
#[derive(Clone, Debug)]
struct SignedRequest {
    event: String,
    id: String,
    signature: String,
    body: axum::body::Bytes,
}

impl SignedRequest {
    fn new(sandbox: &SandboxState, webhook: &PendingWebhook, stage: Stage) -> Self {
        let request = webhook.accepted.request();
        let output_url = sandbox.output_url(&webhook.token, None);
        let reply = JobReply::new(&webhook.token, stage, request.as_ref(), output_url);
        let body = reply.json();
        Self {
            event: reply.event(),
            id: webhook.token.to_string(),
            signature: sign(&webhook.key, &body),
            body: body.into(),
        }
    }
}

/// Whether a webhook's URL is on this machine and not encrypted. A name other than `localhost` is not
/// even looked up.
fn is_loopback(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    is_here && url.scheme() == "http"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        for (url, called) in [
            ("http://127.0.0.1:8787/webhooks/creativeai", true),
            ("http://127.9.9.9/w", true),
            ("http://[::1]:8787/w", true),
            ("http://localhost:8787/w", true),
            ("https://127.0.0.1/w", false),
            ("http://example.com/w", false),
            ("http://localhost.example.com/w", false),
            ("http://192.168.0.1/w", false),
            ("http://0.0.0.0/w", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(is_loopback(&url), called, "{url}");
        }
    }
}
