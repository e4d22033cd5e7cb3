//! The client that fetches clips. It never holds the API key.

use std::collections::HashSet;
use std::io;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Body, Response, StatusCode};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::address::{self, AddressRefusal, Guard, HostLookup, Reach};
use crate::vendor::root_cause;

/// Redirects followed for one clip.
const MAX_REDIRECTS: usize = 5;
/// The longest wait a server may ask for; beyond it the next run is the better time.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// How long is waited for a server.
#[derive(Clone, Copy, Debug)]
pub struct TimeOuts {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes.
    pub idle: Duration,
}

impl Default for TimeOuts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(60),
        }
    }
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The address, or one it redirected to, must not be called.
    #[error("the address was not called: {0}")]
    Refused(AddressRefusal),
    /// More than 5 redirects, or one that says not where to.
    #[error("the address redirects endlessly")]
    Redirects,
    /// This machine cannot make such calls at all, e.g. for want of root certificates.
    #[error("no https connection can be made: {0}")]
    Unable(String),
    /// The network failed; another try may work.
    #[error("{}", plain(.0))]
    Network(reqwest::Error),
    /// The server took no more of a body, or has it and did not answer; another try may work.
    #[error("the server stalled for too long")]
    Stalled,
}

/// What went wrong on the network, without the address: signed ones are as good as passwords.
pub(super) fn plain(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "the server did not answer in time"
    } else if error.is_connect() {
        "no connection to the server"
    } else {
        "the connection was cut"
    };
    // A reqwest error without a cause would print its address.
    match std::error::Error::source(error) {
        Some(cause) => format!("{what} ({})", root_cause(cause)),
        None => what.to_owned(),
    }
}

/// Fetches from other people's servers; see [`address`] for which.
pub struct FetchClient {
    time_outs: TimeOuts,
    lookup: HostLookup,
    /// For calls whose reply begins soon.
    asking: Inner,
    /// For bodies that take long.
    uploading: Inner,
}

/// Clients for both reaches, made where they are needed.
#[derive(Default)]
struct Inner {
    public: OnceLock<Result<reqwest::Client, String>>,
    loopback: OnceLock<Result<reqwest::Client, String>>,
    /// How long a reply may take to begin, and to go on.
    read_timeout: Option<Duration>,
}

impl FetchClient {
    /// A client that finds hosts by `lookup`.
    pub fn new(time_outs: TimeOuts, lookup: HostLookup) -> Self {
        Self {
            time_outs,
            lookup,
            asking: Inner {
                read_timeout: Some(time_outs.idle),
                ..Inner::default()
            },
            uploading: Inner::default(),
        }
    }

    /// Asks for `address`, following redirects that may be followed.
    pub async fn get(&self, address: &str, headers: &HeaderMap) -> Result<Response, CallError> {
        let mut url =
            Url::parse(address).map_err(|_| CallError::Refused(AddressRefusal::Unreadable))?;
        let mut from = None;
        for _ in 0..=MAX_REDIRECTS {
            let reach = address::check(&url, from).map_err(CallError::Refused)?;
            let client = self.inner(&self.asking, reach)?;
            let request = client.get(url.clone()).headers(headers.clone());
            let response = request.send().await.map_err(call_error)?;
            if !is_redirect(response.status()) {
                return Ok(response);
            }
            url = next(&response).ok_or(CallError::Redirects)?;
            // Once out on the internet, always out there.
            from = Some(match from {
                Some(Reach::Public) => Reach::Public,
                _ => reach,
            });
        }
        Err(CallError::Redirects)
    }

    /// Sends a body to `address`, once; a redirect is a reply like any other.
    pub async fn post(
        &self,
        address: &str,
        headers: HeaderMap,
        body: String,
    ) -> Result<Response, CallError> {
        self.send(&self.asking, address, headers, body.into()).await
    }

    /// The same for a body that may take long: as long as it moves, it goes on.
    pub async fn upload(
        &self,
        address: &str,
        headers: HeaderMap,
        body: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Result<Response, CallError> {
        let (idle, began) = (self.time_outs.idle, Instant::now());
        let (taken, mut progress) = watch::channel(());
        let body = Body::wrap_stream(body.inspect(move |_| taken.send_replace(())));
        let mut sending = pin!(self.send(&self.uploading, address, headers, body));
        loop {
            tokio::select! {
                biased;
                sent = &mut sending => return sent,
                changed = progress.changed() => if changed.is_err() { break },
                () = sleep(idle) => return Err(CallError::Stalled),
            }
        }
        // What the system still holds of the body moves no faster than the rest did.
        let answered = timeout(idle.max(began.elapsed()), sending).await;
        answered.unwrap_or(Err(CallError::Stalled))
    }

    async fn send(
        &self,
        inner: &Inner,
        address: &str,
        headers: HeaderMap,
        body: Body,
    ) -> Result<Response, CallError> {
        let url =
            Url::parse(address).map_err(|_| CallError::Refused(AddressRefusal::Unreadable))?;
        let reach = address::check(&url, None).map_err(CallError::Refused)?;
        let client = self.inner(inner, reach)?;
        let request = client.post(url).headers(headers).body(body);
        request.send().await.map_err(call_error)
    }

    /// The longest wait for a whole reply that is short.
    pub(super) fn longest_reply(&self) -> Duration {
        self.time_outs.connect + self.time_outs.idle
    }

    fn inner<'c>(&self, inner: &'c Inner, reach: Reach) -> Result<&'c reqwest::Client, CallError> {
        let cell = match reach {
            Reach::Public => &inner.public,
            Reach::Loopback => &inner.loopback,
        };
        let build = || self.build(reach, inner.read_timeout);
        cell.get_or_init(|| build().map_err(|error| error.to_string()))
            .as_ref()
            .map_err(|why| CallError::Unable(why.clone()))
    }

    fn build(
        &self,
        reach: Reach,
        read_timeout: Option<Duration>,
    ) -> reqwest::Result<reqwest::Client> {
        let is_public = reach == Reach::Public;
        let guard = Guard {
            lookup: self.lookup.clone(),
            reach,
            exempt: Arc::new(if is_public { proxies() } else { HashSet::new() }),
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("creativeai/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(self.time_outs.connect)
            .dns_resolver(guard);
        if let Some(most) = read_timeout {
            builder = builder.read_timeout(most);
        }
        if is_public {
            builder.build()
        } else {
            // Nothing on this machine goes through a proxy, nor needs the system's certificates,
            // which may be missing.
            builder.no_proxy().tls_certs_only([]).build()
        }
    }
}

/// Hosts of the proxies that the environment names.
fn proxies() -> HashSet<String> {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .filter_map(|text| {
            let url = Url::parse(&text).or_else(|_| Url::parse(&format!("http://{text}")));
            Some(url.ok()?.host_str()?.to_ascii_lowercase())
        })
        .collect()
}

fn call_error(error: reqwest::Error) -> CallError {
    match address::refusal(&error) {
        Some(refused) => CallError::Refused(refused.clone()),
        None => CallError::Network(error),
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn next(response: &Response) -> Option<Url> {
    let to = response.headers().get(LOCATION)?.to_str().ok()?;
    response.url().join(to).ok()
}

/// What a reply asks to wait, in seconds or until a date.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_both_spellings() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let wait = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        let date = "Thu, 01 Jan 1970 00:16:50 GMT";
        assert_eq!(wait(date), Some(Duration::from_secs(10)));
        assert_eq!(wait("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
    }
    /// Uploads to a server that takes everything in and answers, while a clock of the test's own says
    /// what time it is.
    async fn upload(body: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            // The last chunk of a body of unknown length.
            while !request.ends_with(b"\r\n0\r\n\r\n") {
                assert!(stream.read_buf(&mut request).await.unwrap() > 0);
            }
            let reply = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(reply).await.unwrap();
            std::future::pending::<()>().await;
        });
        // As long as a thread is at work, the clock stands still but for what the body does.
        let (end, wait) = std::sync::mpsc::channel::<()>();
        let held = tokio::task::spawn_blocking(move || wait.recv());
        let client = FetchClient::new(TimeOuts::default(), address::system_lookup());
        let sent = client.upload(&address, HeaderMap::new(), body).await;
        drop(end);
        held.await.unwrap().unwrap_err();
        sent.map_or_else(
            |error| error.to_string(),
            |reply| reply.status().to_string(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_moves_may_take_longer_than_the_wait_for_a_reply() {
        let idle = TimeOuts::default().idle;
        let slow = futures::stream::iter(0..5).then(move |_| async move {
            tokio::time::advance(idle * 3 / 4).await;
            Ok(Bytes::from_static(b"clip"))
        });
        assert_eq!(upload(slow).await, "201 Created");
        let stuck = futures::stream::once(async { Ok(Bytes::from_static(b"clip")) });
        let stuck = stuck.chain(futures::stream::once(async move {
            loop {
                tokio::time::advance(idle).await;
            }
        }));
        assert_eq!(upload(stuck).await, CallError::Stalled.to_string());
    }
}
