//! The requests themselves.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use reqwest::{ClientBuilder, RequestBuilder, Response};
use tokio::task::yield_now;
use url::Url;

use super::deadline::Deadline;
use super::outcome::{Outcome, PollOutcome, Reply, classify_poll, classify_submission};
use super::{ApiKey, BaseUrl, ConfigError, Endpoint, explain, proxy};
use crate::jobs::GenerationId;

/// Longest reply read, in bytes. The documented ones are well below 1 KiB.
const MAX_REPLY: usize = 64 * 1024;
/// How long an idle connection is kept. Common servers close theirs after 5 s; a POST that meets
/// a closing connection could end as unknown.
const IDLE: Duration = Duration::from_secs(4);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Stands for the id in the path of a voice's status call.
const ID: &str = "{id}";

/// What a client needs to know.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Where the API is.
    pub base: BaseUrl,
    /// Sent with every request; without one there is no `Authorization` header.
    pub key: Option<ApiKey>,
    /// For name look-up, connection and TLS together.
    pub connect_timeout: Duration,
    /// For a whole request, connecting included.
    pub request_timeout: Duration,
    /// Path of a voice's status call, e.g. `/api/generate/voice/{id}`; the vendor documents none.
    pub voice_poll_path: Option<String>,
}

/// Whether a request may be written, asked at that moment.
pub type MaySend = Arc<dyn Fn() -> bool + Send + Sync>;

/// A client of the vendor's API. It sends each request once: no redirect is followed, nothing is
/// repeated.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    options: ClientOptions,
    video: Url,
    voice: Url,
    /// The other end, as errors name it.
    peer: String,
}

impl Client {
    /// Prepares a client. This reads the system's certificates when the base is https; a computer
    /// that has none can still talk to a sandbox on itself.
    pub fn new(options: ClientOptions) -> Result<Self, ConfigError> {
        let http = transport(!options.base.is_https());
        Self::over(http, options)
    }

    fn over(http: ClientBuilder, options: ClientOptions) -> Result<Self, ConfigError> {
        if let Some(path) = &options.voice_poll_path {
            check_poll_path(path, &options.base)?;
        }
        // A connection that takes too long is provably unsent, a request that takes too long is
        // not: so the former is to be noticed first.
        let connecting = options
            .connect_timeout
            .min(options.request_timeout.mul_f64(0.9));
        let http = http
            .default_headers(default_headers(options.key.as_ref())?)
            .connect_timeout(connecting);
        Ok(Self {
            http: build_transport(http, options.base.origin())?,
            video: options.base.join(Endpoint::Video.path())?,
            voice: options.base.join(Endpoint::Voice.path())?,
            peer: proxy::peer(&options.base),
            options,
        })
    }

    /// Sends one POST of an attempt, once. `body` is JSON. `None`, and nothing sent, if `may_send` says
    /// no at the moment when the body is written: connecting takes time, and this computer may have
    /// been asleep meanwhile.
    pub async fn submit(
        &self,
        endpoint: Endpoint,
        idempotency_key: &str,
        body: &str,
        may_send: Option<MaySend>,
    ) -> Option<Outcome> {
        let withheld = Arc::<AtomicBool>::default();
        let length = body.len();
        let body = match may_send {
            Some(may_send) => guarded(body, may_send, Arc::clone(&withheld)),
            None => body.to_owned().into(),
        };
        let key = self.options.key.as_ref();
        let url = match endpoint {
            Endpoint::Video => &self.video,
            Endpoint::Voice => &self.voice,
        };
        let request = self
            .http
            .post(url.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(IDEMPOTENCY_KEY, idempotency_key)
            .header(CONTENT_LENGTH, length)
            .body(body);
        let mut deadline = Deadline::after(self.options.request_timeout);
        // A kept connection on which something has arrived that was not asked for is closed by the
        // library as soon as it sees it. So it gets to look before the connection is used again:
        // else that reply would be taken for this request's.
        yield_now().await;
        let Some(sent) = self.send(request, &mut deadline).await else {
            return Some(Outcome::Unknown {
                http_status: None,
                error: self.too_late(),
            });
        };
        Some(match sent {
            // A request without its body is none.
            Err(_) if withheld.load(Ordering::SeqCst) => return None,
            Ok(response) => {
                let reply = self.read(response, &mut deadline).await;
                classify_submission(&reply, endpoint, key)
            }
            // Only this proves that nothing has left: see the crate's own error kinds. A request
            // that could not even be built has not left either.
            Err(e) if e.is_connect() || e.is_builder() => Outcome::NotSent {
                error: self.describe(e),
            },
            Err(e) => Outcome::Unknown {
                http_status: None,
                error: self.describe(e),
            },
        })
    }

    /// Whether the status of what `endpoint` makes can be asked for.
    pub fn can_poll(&self, endpoint: Endpoint) -> bool {
        match endpoint {
            Endpoint::Video => true,
            Endpoint::Voice => self.options.voice_poll_path.is_some(),
        }
    }

    /// Asks once where a generation stands. Without a known status call this is trouble, and
    /// nothing is sent; see [`Client::can_poll`].
    pub async fn poll(&self, endpoint: Endpoint, id: &GenerationId) -> PollOutcome {
        let trouble = |error: String| PollOutcome::Unavailable {
            http_status: None,
            retry_after: None,
            error,
        };
        let url = match self.poll_url(endpoint, id) {
            Ok(url) => url,
            Err(e) => return trouble(e.0),
        };
        let mut deadline = Deadline::after(self.options.request_timeout);
        let Some(sent) = self.send(self.http.get(url), &mut deadline).await else {
            return trouble(self.too_late());
        };
        match sent {
            Ok(response) => {
                let reply = self.read(response, &mut deadline).await;
                classify_poll(&reply, id, self.options.key.as_ref())
            }
            Err(e) => trouble(self.describe(e)),
        }
    }

    /// Sends a request and waits for the head of its reply; `None` when the time is up first. Each is an
    /// event for [`tracing`], without what its headers and bodies hold.
    async fn send(
        &self,
        request: RequestBuilder,
        deadline: &mut Deadline,
    ) -> Option<reqwest::Result<Response>> {
        let request = match request.build() {
            Ok(request) => request,
            Err(error) => return Some(Err(error)),
        };
        let what = format!("{} {}", request.method(), request.url().path());
        let started = Instant::now();
        let sent = deadline.wait(self.http.execute(request)).await;
        let reply = match &sent {
            Some(Ok(response)) => response.status().to_string(),
            Some(Err(_)) => "no reply".to_owned(),
            None => "no reply in time".to_owned(),
        };
        tracing::debug!("{what}: {reply} after {} ms", started.elapsed().as_millis());
        sent
    }

    fn poll_url(&self, endpoint: Endpoint, id: &GenerationId) -> Result<Url, ConfigError> {
        let base = &self.options.base;
        match (endpoint, &self.options.voice_poll_path) {
            (Endpoint::Video, _) => {
                let mut url = self.video.clone();
                // An id needs no escapes.
                url.path_segments_mut()
                    .map_err(|()| ConfigError(format!("{base} cannot have paths appended to it")))?
                    .push(id.as_str());
                Ok(url)
            }
            (Endpoint::Voice, Some(path)) => base.join(&path.replace(ID, id.as_str())),
            (Endpoint::Voice, None) => Err(ConfigError(
                "the vendor documents no call that reports where a voice stands; wait for its \
                 webhook, or set poll_path in the [voice] part of creativeai.toml"
                    .to_owned(),
            )),
        }
    }

    /// Reads a reply up to the cap.
    async fn read(&self, mut response: Response, deadline: &mut Deadline) -> Reply {
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        let cut = loop {
            let Some(chunk) = deadline.wait(response.chunk()).await else {
                break Some(format!("the reply was cut short: {}", self.too_late()));
            };
            match chunk {
                Ok(None) => break None,
                Ok(Some(chunk)) => {
                    let room = MAX_REPLY - body.len();
                    body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    if chunk.len() > room {
                        break Some(format!("the reply is longer than {MAX_REPLY} bytes"));
                    }
                }
                Err(e) => break Some(format!("the reply was cut short: {}", self.describe(e))),
            }
        };
        // From here on no one sees the key, wherever in the reply it stood.
        if let Some(key) = &self.options.key {
            body = key.blot_body(body);
        }
        Reply::new(status, &headers, body.into(), cut, SystemTime::now())
    }

    /// The words for a reply that did not come in time.
    fn too_late(&self) -> String {
        let peer = &self.peer;
        let seconds = self.options.request_timeout.as_secs_f64();
        format!("no whole reply from {peer} within {seconds} s")
    }

    /// What went wrong on the way, in words.
    fn describe(&self, error: reqwest::Error) -> String {
        let peer = &self.peer;
        let what = if error.is_connect() {
            format!("no connection to {peer}")
        } else {
            format!("the connection to {peer} failed")
        };
        // The library's own words for the request as a whole add nothing but the address.
        let error = error.without_url();
        let text = match std::error::Error::source(&error) {
            Some(cause) => format!("{what}: {}", explain::root_cause(cause)),
            None => what,
        };
        explain::tidy(&text, self.options.key.as_ref())
    }
}

/// A body that is only given out if `may_send` says so then; else `withheld` is set, and the request
/// breaks off.
fn guarded(body: &str, may_send: MaySend, withheld: Arc<AtomicBool>) -> reqwest::Body {
    let body = body.to_owned();
    let chunk = futures::stream::once(async move {
        if may_send() {
            return Ok(body);
        }
        withheld.store(true, Ordering::SeqCst);
        Err(std::io::Error::other(
            "the request is not to be sent any more",
        ))
    });
    reqwest::Body::wrap_stream(chunk)
}

/// A client's settings for requests that cost money, or lead to what did: one connection's
/// worth of HTTP/1.1, no redirects, no repetitions.
///
/// With `plain`, for http to this computer only, no certificates are loaded and no proxy is
/// asked; without certificates on the computer the library would refuse even that otherwise.
pub fn transport(plain: bool) -> ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("creativeai/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(usize::MAX);
    if !plain {
        return builder;
    }
    // The name is allowed as an address of this computer, so it must not be looked up elsewhere.
    let loopback = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    ];
    builder
        .tls_certs_only([])
        .no_proxy()
        .resolve_to_addrs("localhost", &loopback)
}

/// Builds what [`transport`] began; `origin` is named in the error.
pub fn build_transport(
    builder: ClientBuilder,
    origin: &str,
) -> Result<reqwest::Client, ConfigError> {
    builder.build().map_err(|e| {
        ConfigError(format!(
            "a connection to {origin} cannot be prepared ({}); a secure one needs the system's \
             certificates: install the package ca-certificates, or set SSL_CERT_FILE. Nothing \
             was sent",
            explain::root_cause(&e)
        ))
    })
}

fn default_headers(key: Option<&ApiKey>) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(key) = key {
        let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose()))
            .map_err(|_| ConfigError("the API key cannot be sent in a header".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

/// A status path must hold the id and stay below the base, since the key goes there.
fn check_poll_path(path: &str, base: &BaseUrl) -> Result<(), ConfigError> {
    let joined = base.join(path);
    let stays = joined.is_ok_and(|url| url.origin().ascii_serialization() == base.origin());
    if path.starts_with('/') && path.contains(ID) && stays {
        Ok(())
    } else {
        Err(ConfigError(format!(
            "poll_path {path:?} in the [voice] settings must be a path that begins with / and holds \
             {ID}, such as /api/generate/voice/{ID}"
        )))
    }
}

#[cfg(test)]
mod tests;
