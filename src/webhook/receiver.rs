//! The receiver: keeps each delivery durably before it answers 200.
//!
//! A caller may be slow, hostile or there twice: connections are bounded, heads and bodies
//! have their time, and a duplicate is just kept again. Without keys everything is kept, to be
//! verified later: a public receiver need not hold a key that can spend money.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::capture::{Body, Capture, Headers, SIGNATURE_HEADER};
use super::signature::{SignatureCheck, VerifyKeys, verify_bytes};

/// Bytes of a request's head; a longer one is answered with 431.
const HEAD_LIMIT: usize = 32 << 10;
/// How much more than the limit of a too large body is read (and dropped), so that its sender
/// gets to read the answer.
const DRAIN_FACTOR: usize = 8;
/// How long a connection may live: one that takes no answers would stay for ever.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(600);
/// How long to wait when a connection cannot be accepted, as when files run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How a receiver behaves.
#[derive(Clone, Debug)]
pub struct ReceiverOptions {
    /// The only path that is served.
    pub path: String,
    /// Bytes of the largest body.
    pub body_limit: usize,
    /// Time for a request's head, and for a kept connection's next one to come.
    pub header_timeout: Duration,
    /// Time for a request's whole body.
    pub body_timeout: Duration,
    /// Connections served at the same time; the next ones wait to be accepted.
    pub max_connections: u32,
    /// What signatures are checked with; none keeps everything.
    pub keys: VerifyKeys,
    /// Gives the time for `received_at`.
    pub now: fn() -> jiff::Timestamp,
}

impl Default for ReceiverOptions {
    fn default() -> Self {
        Self {
            path: "/webhooks/creativeai".to_owned(),
            body_limit: 1 << 20,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            max_connections: 512,
            keys: VerifyKeys::default(),
            now: crate::clock::now,
        }
    }
}

/// Where deliveries are kept.
pub trait Sink: Send + Sync + 'static {
    /// Keeps a delivery. Durable when it resolves.
    fn keep(&self, capture: &Capture<'_>) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Whether the next delivery could be kept, as far as that is known.
    fn ready(&self) -> impl Future<Output = anyhow::Result<()>> + Send {
        std::future::ready(Ok(()))
    }
}

/// What happened to one request.
#[derive(Debug)]
pub enum ReceiverEvent<'e> {
    /// It is durable; the answer is still to be sent.
    Kept(&'e Capture<'e>),
    /// It was not kept.
    Refused(RejectReason),
    /// It has a signature, but came to this other path and was not kept.
    Astray(&'e str),
    /// It could not be kept, and the vendor was asked to try again: why.
    Failed(&'e anyhow::Error),
}

/// Why a request was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RejectReason {
    /// 404.
    #[error("its path is not the receiver's")]
    Path,
    /// 405.
    #[error("it is not a POST")]
    Method,
    /// 413.
    #[error("its body is over the limit")]
    TooLarge,
    /// 408.
    #[error("its body took too long")]
    TooSlow,
    /// 400.
    #[error("its body was cut short")]
    Broken,
    /// 401.
    #[error("it has no signature")]
    Unsigned,
    /// 401.
    #[error("its signature is wrong")]
    Signature,
}

/// What a receiver has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Deliveries that are durable.
    pub kept: u64,
    /// Deliveries without a right signature.
    pub unsigned: u64,
    /// Deliveries that could not be kept; the vendor was asked to try again.
    pub failed: u64,
    /// Other requests that were refused.
    pub refused: u64,
}

#[derive(Default)]
struct Counters {
    kept: AtomicU64,
    unsigned: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
}

struct Receiver<S, E> {
    options: ReceiverOptions,
    sink: S,
    on_event: E,
    counters: Counters,
}

/// Serves until `shutdown` resolves, then lets what is in flight have its answer.
///
/// `on_event` is called for every request, on its connection's task: it must not block.
///
/// # Errors
/// None after it has begun; a connection that cannot be accepted is tried again.
pub async fn serve<S: Sink>(
    listener: TcpListener,
    options: ReceiverOptions,
    sink: S,
    on_event: impl Fn(ReceiverEvent<'_>) + Send + Sync + 'static,
    shutdown: impl Future<Output = ()>,
) -> io::Result<Stats> {
    let connections = options.max_connections.clamp(1, 1 << 16);
    let slots = Arc::new(Semaphore::new(connections as usize));
    let (stop, stopped) = watch::channel(());
    let receiver = Arc::new(Receiver {
        options,
        sink,
        on_event,
        counters: Counters::default(),
    });
    let mut shutdown = pin!(shutdown);
    loop {
        let slot = tokio::select! {
            () = &mut shutdown => break,
            slot = Arc::clone(&slots).acquire_owned() => slot.map_err(io::Error::other)?,
        };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let receiver = Arc::clone(&receiver);
        let stopped = stopped.clone();
        tokio::spawn(async move {
            receiver.connection(stream, stopped).await;
            drop(slot);
        });
    }
    drop(listener);
    drop(stop);
    let _all = slots.acquire_many(connections).await;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Ok(Stats {
        kept: count(&receiver.counters.kept),
        unsigned: count(&receiver.counters.unsigned),
        failed: count(&receiver.counters.failed),
        refused: count(&receiver.counters.refused),
    })
}

impl<S: Sink, E: Fn(ReceiverEvent<'_>) + Send + Sync + 'static> Receiver<S, E> {
    /// Serves one connection; ends by itself, in bounded time after `stopped`.
    async fn connection(self: Arc<Self>, stream: TcpStream, mut stopped: watch::Receiver<()>) {
        let _ = stream.set_nodelay(true);
        let grace = self.options.header_timeout + self.options.body_timeout;
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.header_timeout)
            .max_buf_size(HEAD_LIMIT)
            // A sender may close its half early; what it sent still gets kept and reported.
            .half_close(true);
        let service = service_fn(move |request| {
            let receiver = Arc::clone(&self);
            async move { Ok::<_, std::convert::Infallible>(receiver.answer(request).await) }
        });
        let mut connection = pin!(server.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = stopped.changed() => {}
            () = sleep(CONNECTION_LIFETIME) => {}
        }
        connection.as_mut().graceful_shutdown();
        // A failed connection is its client's matter.
        let _ = timeout(grace, connection).await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        if let Some(answer) = self.health(&parts).await {
            return answer;
        }
        let (counter, answer) = match self.take(&parts, body).await {
            Ok(capture) => match self.sink.keep(&capture).await {
                Ok(()) => {
                    (self.on_event)(ReceiverEvent::Kept(&capture));
                    (&self.counters.kept, reply(StatusCode::OK, "kept\n"))
                }
                Err(e) => {
                    (self.on_event)(ReceiverEvent::Failed(&e));
                    let answer = reply(StatusCode::SERVICE_UNAVAILABLE, "try again\n");
                    (&self.counters.failed, answer)
                }
            },
            Err(refusal) => {
                let is_astray = refusal == RejectReason::Path && is_signed_post(&parts);
                (self.on_event)(if is_astray {
                    ReceiverEvent::Astray(parts.uri.path())
                } else {
                    ReceiverEvent::Refused(refusal)
                });
                let counter = match refusal {
                    RejectReason::Unsigned | RejectReason::Signature => &self.counters.unsigned,
                    _ => &self.counters.refused,
                };
                (counter, refusal.reply())
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
        answer
    }

    /// The answer to a balancer or a supervisor: whether the process lives, and whether deliveries can
    /// be kept. Neither is counted as a request.
    async fn health(&self, parts: &Parts) -> Option<Response<Full<Bytes>>> {
        let path = parts.uri.path();
        if parts.method != Method::GET || path == self.options.path {
            return None;
        }
        match path {
            "/healthz" => Some(reply(StatusCode::OK, "alive\n")),
            "/readyz" if self.sink.ready().await.is_ok() => Some(reply(StatusCode::OK, "ready\n")),
            "/readyz" => {
                let text = "deliveries cannot be kept\n";
                Some(reply(StatusCode::SERVICE_UNAVAILABLE, text))
            }
            _ => None,
        }
    }

    /// The request as a capture, or why it is none.
    async fn take<'p>(
        &self,
        parts: &'p Parts,
        body: Incoming,
    ) -> Result<Capture<'p>, RejectReason> {
        let options = &self.options;
        if parts.uri.path() != options.path {
            return Err(RejectReason::Path);
        }
        if parts.method != Method::POST {
            return Err(RejectReason::Method);
        }
        let body = timeout(
            options.body_timeout,
            read_body(parts, body, options.body_limit),
        )
        .await
        .map_err(|_| RejectReason::TooSlow)??;
        let mut headers = Headers::default();
        for (name, value) in &parts.headers {
            headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
        }
        let capture = Capture {
            received_at: Some(format!("{:.3}", (options.now)()).into()),
            method: Some(parts.method.as_str().into()),
            url: parts.uri.path_and_query().map(|url| url.as_str().into()),
            headers,
            body: Body::Exact(Vec::from(body).into()),
        };
        if options.keys.is_empty() {
            return Ok(capture);
        }
        match verify_bytes(&capture, capture.body.bytes(), &options.keys) {
            SignatureCheck::Verified => Ok(capture),
            SignatureCheck::Wrong => Err(RejectReason::Signature),
            SignatureCheck::Missing => Err(RejectReason::Unsigned),
        }
    }
}

/// What no one else than the vendor sends. The signature is not checked.
fn is_signed_post(parts: &Parts) -> bool {
    parts.method == Method::POST && parts.headers.contains_key(SIGNATURE_HEADER)
}

/// Reads a body of at most `limit` bytes.
async fn read_body(parts: &Parts, mut body: Incoming, limit: usize) -> Result<Bytes, RejectReason> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced <= limit {
        match Limited::new(&mut body, limit).collect().await {
            Ok(whole) => return Ok(whole.to_bytes()),
            Err(e) if !e.is::<http_body_util::LengthLimitError>() => {
                return Err(RejectReason::Broken);
            }
            Err(_) => {}
        }
    } else if parts.headers.contains_key(header::EXPECT) {
        // It waits for leave to send; the answer comes first.
        return Err(RejectReason::TooLarge);
    }
    let mut left = limit.saturating_mul(DRAIN_FACTOR);
    while let Some(Ok(frame)) = body.frame().await {
        let len = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(len) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    Err(RejectReason::TooLarge)
}

impl RejectReason {
    fn reply(self) -> Response<Full<Bytes>> {
        let (status, text) = match self {
            Self::Path => (StatusCode::NOT_FOUND, "no webhooks are received here\n"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "only POST\n"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body took too long\n"),
            Self::Broken => (StatusCode::BAD_REQUEST, "the body was cut short\n"),
            Self::Unsigned => (StatusCode::UNAUTHORIZED, "the signature is missing\n"),
            Self::Signature => (StatusCode::UNAUTHORIZED, "the signature is wrong\n"),
        };
        let mut reply = reply(status, text);
        let headers = reply.headers_mut();
        match self {
            Self::Method => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            // What is left of the body would be taken for the next request.
            Self::TooLarge | Self::TooSlow | Self::Broken => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        reply
    }
}

fn reply(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *reply.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    reply.headers_mut().insert(header::CONTENT_TYPE, plain);
    reply
}

#[cfg(test)]
mod tests;
