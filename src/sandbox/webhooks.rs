//! Webhooks out: signed, tried again, and, on request, badly behaved.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, watch},
};
use url::{Host, Position, Url};

use super::plan::DrawnFaults;
use super::reply::Reply;
use super::state::{Accepted, State};
use super::token::{Stage, Token};
use crate::vendor::{ApiKey, sign};

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
pub(super) struct Counts {
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
    state: Arc<State>,
    stopping: watch::Receiver<bool>,
    under_way: Semaphore,
    delivered: AtomicU64,
    given_up: AtomicU64,
    skipped: AtomicU64,
}

impl WebhookSender {
    pub fn new(state: Arc<State>, stopping: watch::Receiver<bool>) -> Self {
        Self {
            state,
            stopping,
            under_way: Semaphore::new(UNDER_WAY),
            delivered: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
        }
    }

    pub fn counts(&self) -> Counts {
        Counts {
            delivered: self.delivered.load(Ordering::Relaxed),
            given_up: self.given_up.load(Ordering::Relaxed),
            skipped: self.skipped.load(Ordering::Relaxed),
        }
    }

    /// Takes charge of a webhook: it is delivered in a task of its own, once rendering has ended.
    pub fn send(self: &Arc<Self>, webhook: PendingWebhook) {
        let Some(addresses) = loopback(&webhook.url) else {
            self.skipped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if webhook.faults.lost {
            return;
        }
        let sender = self.clone();
        tokio::spawn(async move {
            let mut stopping = sender.stopping.clone();
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => {}
                () = sender.deliver(&webhook, &addresses) => {}
            }
        });
    }

    async fn deliver(&self, webhook: &PendingWebhook, addresses: &[SocketAddr]) {
        let render = Duration::from_millis(webhook.token.render_ms.into());
        tokio::time::sleep(render.saturating_add(webhook.faults.late_by)).await;
        let end = SignedRequest::new(&self.state, webhook, Stage::Ended);
        if webhook.faults.bad_signature {
            let forged = SignedRequest {
                signature: format!("sha256={}", "0".repeat(64)),
                ..end.clone()
            };
            // Whatever is answered to it, it has been shown.
            let _ = self.post(webhook, addresses, &forged).await;
        }
        self.insist(webhook, addresses, &end).await;
        if webhook.faults.duplicate {
            self.insist(webhook, addresses, &end).await;
        }
        if webhook.faults.out_of_order {
            let not_yet = Stage::Processing {
                done: 0.9,
                left: render.mul_f64(0.1),
            };
            let stale = SignedRequest::new(&self.state, webhook, not_yet);
            self.insist(webhook, addresses, &stale).await;
        }
    }

    /// Tries until it is taken or the tries are used up.
    async fn insist(
        &self,
        webhook: &PendingWebhook,
        addresses: &[SocketAddr],
        request: &SignedRequest,
    ) {
        for delay in &self.state.options.webhooks.retry_delays {
            tokio::time::sleep(*delay).await;
            let status = self.post(webhook, addresses, request).await;
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
        addresses: &[SocketAddr],
        request: &SignedRequest,
    ) -> io::Result<StatusCode> {
        // Never closed.
        let _permit = self.under_way.acquire().await;
        let timeout = self.state.options.webhooks.timeout;
        let post = post(&webhook.url, addresses, request);
        tokio::time::timeout(timeout, post)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
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
    fn new(sandbox: &State, webhook: &PendingWebhook, stage: Stage) -> Self {
        let request = webhook.accepted.request();
        let output_url = sandbox.output_url(&webhook.token, None);
        let reply = Reply::new(&webhook.token, stage, request.as_ref(), output_url);
        let body = reply.json();
        Self {
            event: reply.event(),
            id: webhook.token.to_string(),
            signature: sign(&webhook.key, &body),
            body: body.into(),
        }
    }
}

/// The addresses behind a webhook's URL, if it is on this machine and not encrypted. A name other
/// than `localhost` is not even looked up.
fn loopback(url: &Url) -> Option<Vec<SocketAddr>> {
    let addresses = match url.host()? {
        Host::Ipv4(ip) => vec![IpAddr::V4(ip)],
        Host::Ipv6(ip) => vec![IpAddr::V6(ip)],
        Host::Domain("localhost") => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        Host::Domain(_) => return None,
    };
    let port = url.port_or_known_default()?;
    (url.scheme() == "http" && addresses.iter().all(IpAddr::is_loopback))
        .then(|| addresses.into_iter().map(|ip| (ip, port).into()).collect())
}

/// One POST over a connection of its own. Redirects are not followed, proxies are not asked.
async fn post(
    url: &Url,
    addresses: &[SocketAddr],
    request: &SignedRequest,
) -> io::Result<StatusCode> {
    let stream = TcpStream::connect(addresses).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let request = Request::post(&url[Position::BeforePath..Position::AfterQuery])
        .header(
            header::HOST,
            &url[Position::BeforeHost..Position::AfterPort],
        )
        .header(header::USER_AGENT, "CreativeAI-Sandbox/1")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close")
        .header("X-CreativeAI-Event", &request.event)
        .header("X-CreativeAI-Delivery-Id", &request.id)
        .header("X-CreativeAI-Signature", &request.signature)
        .body(Body::from(request.body.clone()))
        .map_err(io::Error::other)?;
    let exchange = async {
        let response = sender.send_request(request).await;
        response.map(|response| response.status())
    };
    tokio::pin!(connection);
    // The connection has to be driven for the exchange to get anywhere.
    tokio::pin!(exchange);
    tokio::select! {
        status = &mut exchange => status.map_err(io::Error::other),
        ended = &mut connection => match ended {
            Ok(()) => exchange.await.map_err(io::Error::other),
            Err(why) => Err(io::Error::other(why)),
        },
    }
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
            assert_eq!(loopback(&url).is_some(), called, "{url}");
        }
    }
}
