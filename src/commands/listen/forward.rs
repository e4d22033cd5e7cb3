//! `listen --forward`: each verified delivery also goes to another address, as it came.
//!
//! One after the other, in the order of arrival, and never before it is kept. What the address has
//! taken is noted beside the captures; what it has not taken is sent by the next run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use url::{Host, Url};

use super::forwarded::{Delivered, Outgoing, deliveries};
use crate::commands::inputs::shown;
use crate::engine::stop::Stop;
use crate::exit::Failure;
use crate::output::Printer;
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{build_transport, root_cause, transport};

/// The wait before a first repeat; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long what is left is sent once the command is to end.
const DRAIN: Duration = Duration::from_secs(10);
/// Deliveries held in memory; when more wait, they are read from the capture file again.
const MOST_WAITING: usize = 10_000;
/// Headers that belong to a connection, not to the delivery.
const OF_CONNECTION: [&str; 10] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The receiver's end: puts deliveries into the queue, and never waits.
#[derive(Clone)]
pub struct Sender {
    queue: UnboundedSender<Outgoing>,
    waiting: Arc<AtomicUsize>,
    /// Whether deliveries were left out, which are in the capture file.
    has_more: Arc<AtomicBool>,
    /// How many were left out.
    left_out: Arc<AtomicU64>,
}

impl Sender {
    /// Queues a delivery. `make` is called where there is room for it.
    pub fn send(&self, make: impl FnOnce() -> Option<Outgoing>) {
        if self.waiting.load(Ordering::Relaxed) >= MOST_WAITING {
            self.has_more.store(true, Ordering::Release);
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if let Some(one) = make() {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            // The other end lives as long as the server; should it not, the file has the delivery.
            let _ = self.queue.send(one);
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forwards {
    /// Deliveries that the address has taken.
    pub taken: u64,
    /// Deliveries that it has not taken.
    pub left: u64,
}

/// What came of one try.
enum Tried {
    Taken,
    /// The address does not want it.
    Refused(String),
    /// Another try may help.
    Again(String),
}

/// Sends deliveries to one address.
pub struct Forwarder<'a> {
    client: reqwest::Client,
    address: Url,
    name: String,
    delivered: Delivered,
    /// How many are in the queue; shared with [`Sender`].
    waiting: Arc<AtomicUsize>,
    has_more: Arc<AtomicBool>,
    left_out: Arc<AtomicU64>,
    incoming: UnboundedReceiver<Outgoing>,
    printer: &'a Printer,
    done: Forwards,
    /// Whether it was reported that the address takes nothing.
    is_said: bool,
}

impl<'a> Forwarder<'a> {
    /// Prepares it, and the receiver's end; nothing is sent yet.
    pub fn new(
        address: &Url,
        delivered: Delivered,
        settings: &Settings,
        printer: &'a Printer,
    ) -> Result<(Self, Sender), Failure> {
        let name = shown(address.as_str());
        let is_here = match address.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let client = transport(address.scheme() == "http" && is_here)
            .connect_timeout(settings.network.connect_timeout)
            .timeout(settings.network.request_timeout);
        let client = build_transport(client, &name).map_err(|e| Failure::config(e.to_string()))?;
        let (queue, incoming) = mpsc::unbounded_channel();
        let sender = Sender {
            queue,
            waiting: Arc::default(),
            has_more: Arc::default(),
            left_out: Arc::default(),
        };
        let forwarder = Self {
            client,
            address: address.clone(),
            name,
            delivered,
            waiting: Arc::clone(&sender.waiting),
            has_more: Arc::clone(&sender.has_more),
            left_out: Arc::clone(&sender.left_out),
            incoming,
            printer,
            done: Forwards::default(),
            is_said: false,
        };
        Ok((forwarder, sender))
    }

    /// Where deliveries go, without what may be secret in it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends what an earlier run has left, then what comes, until the receiver has gone and all is
    /// sent. Once `stop` is set it ends in bounded time.
    pub async fn run(self, stop: &Stop) -> Forwards {
        let (over, is_over) = watch::channel(false);
        let ends = async {
            stop.wait().await;
            tokio::time::sleep(DRAIN).await;
            over.send_replace(true);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            done = self.send_all(stop, is_over) => done,
            () = ends => Forwards::default(),
        }
    }

    async fn send_all(mut self, stop: &Stop, mut is_over: watch::Receiver<bool>) -> Forwards {
        let left = self.delivered.waiting();
        if let Err(error) = self.delivered.shorten() {
            self.printer.warn(format_args!(
                "the file that remembers what was forwarded could not be shortened ({}); it stays as \
                 it is",
                escape(&error.to_string())
            ));
        }
        for one in left {
            self.forward(&one, stop, &mut is_over).await;
        }
        while let Some(one) = self.incoming.recv().await {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.forward(&one, stop, &mut is_over).await;
            if self.incoming.is_empty() && self.has_more.swap(false, Ordering::AcqRel) {
                for one in self.delivered.waiting() {
                    self.forward(&one, stop, &mut is_over).await;
                }
            }
        }
        if !self.delivered.is_durable() {
            self.done.left += self.left_out.load(Ordering::Relaxed);
        }
        if self.done.left > 0 {
            self.say_left();
        }
        self.done
    }

    fn say_left(&self) {
        let left = self.done.left;
        let (what, name) = (deliveries(left), escape(&self.name));
        if self.delivered.is_durable() {
            self.printer.warn(format_args!(
                "{what} not forwarded to {name}; the next `creativeai listen --forward` with this \
                 capture file sends {}",
                if left == 1 { "it" } else { "them" },
            ));
        } else {
            self.printer.warn(format_args!(
                "{what} not forwarded to {name}, and not sent there any more; `creativeai log \
                 captures` prints what the log keeps"
            ));
        }
    }

    /// Sends one delivery until it is taken or refused, or the end has come.
    async fn forward(&mut self, one: &Outgoing, stop: &Stop, is_over: &mut watch::Receiver<bool>) {
        if self.delivered.has(one) {
            return;
        }
        let mut wait = FIRST_WAIT;
        loop {
            let tried = tokio::select! {
                tried = self.once(one) => tried,
                _ = is_over.wait_for(|is_over| *is_over) => break,
            };
            match tried {
                Tried::Taken => return self.taken(one),
                Tried::Refused(why) => {
                    let again = if self.delivered.is_durable() {
                        ", and the next `listen --forward` sends it again"
                    } else {
                        ""
                    };
                    self.printer.warn(format_args!(
                        "{} does not take the delivery of {} ({}); it is kept{again}",
                        escape(&self.name),
                        escape(&one.id),
                        escape(&why)
                    ));
                    break;
                }
                Tried::Again(why) => self.say_trouble(&why),
            }
            if stop.is_set() {
                break;
            }
            // Jitter, so that several receivers do not come at the same time.
            let jittered = wait.mul_f64(0.75 + fastrand::f64() / 2.0);
            tokio::select! {
                () = tokio::time::sleep(jittered) => {}
                () = stop.wait() => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        self.done.left += 1;
    }

    fn taken(&mut self, one: &Outgoing) {
        self.done.taken += 1;
        if std::mem::take(&mut self.is_said) {
            let name = escape(&self.name);
            self.printer
                .note(format_args!("{name} takes deliveries again"));
        }
        self.printer
            .detail(format_args!("{}: forwarded", escape(&one.id)));
        if let Err(error) = self.delivered.note(one) {
            self.printer.warn(format_args!(
                "it cannot be noted what was forwarded ({}); the next run may send it again",
                escape(&error.to_string())
            ));
        }
    }

    fn say_trouble(&mut self, why: &str) {
        if !std::mem::replace(&mut self.is_said, true) {
            self.printer.warn(format_args!(
                "{} takes no deliveries ({}); they are kept, and sent when it does",
                escape(&self.name),
                escape(why)
            ));
        }
    }

    async fn once(&self, one: &Outgoing) -> Tried {
        let request = self
            .client
            .post(with_query(&self.address, one.query.as_deref()))
            .headers(headers(&one.headers))
            .body(one.body.clone());
        match request.send().await {
            Ok(reply) => judged(reply.status()),
            Err(error) => Tried::Again(root_cause(&error)),
        }
    }
}

fn judged(status: StatusCode) -> Tried {
    let may_help = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
    );
    match status {
        _ if status.is_success() => Tried::Taken,
        _ if may_help || status.is_server_error() => Tried::Again(format!("it answers {status}")),
        _ => Tried::Refused(format!("it answers {status}")),
    }
}

/// The address with the delivery's own query, which names the job, behind its own.
fn with_query(address: &Url, query: Option<&str>) -> Url {
    let mut url = address.clone();
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        let all = match address.query().filter(|own| !own.is_empty()) {
            Some(own) => format!("{own}&{query}"),
            None => query.to_owned(),
        };
        url.set_query(Some(&all));
    }
    url
}

/// The delivery's headers, so that its signature can be checked there, too.
fn headers(of_delivery: &[(String, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in of_delivery {
        let is_of_connection = OF_CONNECTION
            .iter()
            .any(|other| name.eq_ignore_ascii_case(other));
        if !is_of_connection
            && let Ok(name) = HeaderName::try_from(name.as_str())
            && let Ok(value) = HeaderValue::try_from(value.as_str())
        {
            headers.append(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deliverys_query_stands_behind_the_addresss_own() {
        let all =
            |address: &str, query| with_query(&Url::parse(address).unwrap(), query).to_string();
        assert_eq!(all("https://a.example/h", None), "https://a.example/h");
        assert_eq!(
            all("https://a.example/h", Some("creativeai_job=1.1")),
            "https://a.example/h?creativeai_job=1.1"
        );
        assert_eq!(
            all("https://a.example/h?k=v", Some("creativeai_job=1.1")),
            "https://a.example/h?k=v&creativeai_job=1.1"
        );
    }

    #[test]
    fn only_what_may_change_is_tried_again() {
        for (status, again) in [
            (500, true),
            (503, true),
            (429, true),
            (408, true),
            (400, false),
            (404, false),
            (302, false),
        ] {
            let tried = judged(StatusCode::from_u16(status).unwrap());
            assert_eq!(matches!(tried, Tried::Again(_)), again, "{status}");
            assert_eq!(matches!(tried, Tried::Refused(_)), !again, "{status}");
        }
        assert!(matches!(judged(StatusCode::NO_CONTENT), Tried::Taken));
    }

    #[test]
    fn headers_of_the_connection_stay_behind() {
        let pairs = [
            ("Host", "a"),
            ("Transfer-Encoding", "chunked"),
            ("x-creativeai-signature", "sha256=1"),
            ("content-type", "application/json"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers = headers(&pairs);
        assert_eq!(headers.len(), 2);
        assert_eq!(headers["x-creativeai-signature"], "sha256=1");
    }
}
