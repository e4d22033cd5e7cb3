//! What a run has done so far, as numbers for a monitoring system.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::{fmt, io, thread};

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use prometheus::core::Collector;
use prometheus::{CounterVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use crate::exit::Failure;
use crate::jobs::Credits;

/// Something that has come to an end for one job of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricEvent {
    /// The vendor accepted it.
    Accepted,
    /// The vendor did not accept it.
    Refused,
    /// It is not known whether the vendor accepted it.
    Unknown,
    /// Its clip is ready.
    Completed,
    /// It failed.
    Failed,
    /// Its clip is on disk.
    Saved,
    /// Its clip was published.
    Published,
    /// There was nothing to do.
    Skipped,
}

impl MetricEvent {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Completed,
        Self::Saved,
        Self::Published,
        Self::Skipped,
        Self::Failed,
        Self::Refused,
        Self::Unknown,
    ];

    /// The word for people, and in lines for programs.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Completed => "ready",
            Self::Failed => "failed",
            Self::Saved => "downloaded",
            Self::Published => "published",
            Self::Skipped => "skipped",
        }
    }
}

/// What is counted. A metric that the run's command does not have stays at zero, or is not there.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    jobs: IntCounterVec,
    in_flight: IntGauge,
    rendering: IntGauge,
    waits: IntCounter,
    credits: CounterVec,
    deliveries: IntCounterVec,
    log_writes: IntCounter,
    not_applied: IntGauge,
}

/// What became of a delivery, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryMetric {
    /// It is on disk, and its signature is right.
    Verified,
    /// It is on disk; there was no key to check it with.
    Unverified,
    /// It has no signature, or a wrong one: refused.
    Unsigned,
    /// It is not a delivery: another path, another method, too large, too slow.
    Refused,
    /// It could not be kept; the vendor was asked to send it again.
    Failed,
}

impl DeliveryMetric {
    const fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Unsigned => "unsigned",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Metrics {
    /// Nothing counted yet.
    ///
    /// # Errors
    /// A name that is not valid or stands twice; the names are fixed.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name, help| registered(IntCounter::new(name, help), &registry);
        let gauge = |name, help| registered(IntGauge::new(name, help), &registry);
        let by_result = |name, help| {
            let counter = IntCounterVec::new(Opts::new(name, help), &["result"]);
            registered(counter, &registry)
        };
        let credits = Opts::new(
            "creativeai_credits_total",
            "Credits of this run: estimated when an order was accepted, charged when its clip was seen to be ready",
        );
        Ok(Self {
            jobs: by_result(
                "creativeai_jobs_total",
                "Jobs by what this run did last with each",
            )?,
            in_flight: gauge(
                "creativeai_requests_in_flight",
                "Attempts that the log announces and whose outcome it does not have yet",
            )?,
            rendering: gauge(
                "creativeai_clips_rendering",
                "Clips that this run polls and that have not ended",
            )?,
            waits: counter(
                "creativeai_waits_total",
                "Times that the vendor or the network made this run wait",
            )?,
            credits: registered(CounterVec::new(credits, &["kind"]), &registry)?,
            deliveries: by_result(
                "creativeai_deliveries_total",
                "Requests to the receiver by what became of them",
            )?,
            log_writes: counter(
                "creativeai_log_writes_total",
                "Times that the receiver wrote what it had captured to the job log",
            )?,
            not_applied: gauge(
                "creativeai_captures_not_applied",
                "Captures that the job log does not have yet",
            )?,
            registry,
        })
    }

    /// An attempt is announced, and its request leaves.
    pub(super) fn begin(&self) {
        self.in_flight.inc();
    }

    /// An attempt that was announced has come to an end.
    pub(super) fn conclude(&self) {
        self.in_flight.dec();
    }

    /// Something has come to an end for one job.
    pub(super) fn end(&self, event: MetricEvent) {
        self.jobs.with_label_values(&[event.words()]).inc();
    }

    pub(super) fn rendering(&self, clips: u64) {
        self.rendering.set(i64::try_from(clips).unwrap_or(i64::MAX));
    }

    pub(super) fn waiting(&self) {
        self.waits.inc();
    }

    pub(super) fn estimated(&self, credits: Credits) {
        self.add("estimated", credits.as_f64());
    }

    pub(super) fn charged(&self, credits: f64) {
        self.add("charged", credits);
    }

    fn add(&self, kind: &str, credits: f64) {
        // What a server says may be nonsense; a counter only grows.
        if credits.is_finite() && credits > 0.0 {
            self.credits.with_label_values(&[kind]).inc_by(credits);
        }
    }

    /// The receiver has answered a request.
    pub fn delivered(&self, delivery: DeliveryMetric) {
        self.deliveries.with_label_values(&[delivery.word()]).inc();
    }

    /// The receiver has written to the job log.
    pub fn log_written(&self) {
        self.log_writes.inc();
    }

    /// So many captures are not in the job log yet.
    pub fn not_applied(&self, captures: usize) {
        self.not_applied
            .set(i64::try_from(captures).unwrap_or(i64::MAX));
    }

    fn text(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// Serves `/metrics` on a thread of its own, so that it answers while the run is busy, until the
    /// process ends. Gives the address, whose port the system may have chosen.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub fn serve(&self, address: SocketAddr) -> Result<SocketAddr, Failure> {
        self.listen(address).map_err(|error| {
            Failure::io(format!(
                "cannot serve metrics on {address}; nothing was done"
            ))
            .because(error)
            .help("another program may use that port; choose one with --metrics 127.0.0.1:PORT")
        })
    }

    fn listen(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let metrics = Arc::new(self.clone());
        let answer = move || {
            let text = metrics.text();
            let plain = [(CONTENT_TYPE, prometheus::TEXT_FORMAT)];
            let reply = match text {
                Ok(text) => (StatusCode::OK, plain, text),
                Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, plain, error.to_string()),
            };
            std::future::ready(reply)
        };
        let app = Router::new().route("/metrics", get(answer));
        thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let listener = tokio::net::TcpListener::from_std(listener)?;
                    axum::serve(listener, app).await
                })
            })?;
        Ok(address)
    }
}

/// A collector that the registry knows.
fn registered<C: Collector + Clone + 'static>(
    collector: prometheus::Result<C>,
    registry: &Registry,
) -> prometheus::Result<C> {
    let collector = collector?;
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().map_err(|_| fmt::Error)?.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_in_the_text() {
        let metrics = Metrics::new().unwrap();
        for _ in 0..3 {
            metrics.begin();
        }
        for event in [MetricEvent::Accepted, MetricEvent::Refused] {
            metrics.conclude();
            metrics.end(event);
        }
        metrics.estimated(Credits::whole(5));
        metrics.charged(4.5);
        metrics.charged(f64::NAN);
        metrics.charged(-1.0);
        metrics.delivered(DeliveryMetric::Unsigned);
        metrics.not_applied(7);
        let text = metrics.to_string();
        for line in [
            "# TYPE creativeai_jobs_total counter",
            "creativeai_jobs_total{result=\"accepted\"} 1",
            "creativeai_jobs_total{result=\"refused\"} 1",
            "creativeai_requests_in_flight 1",
            "creativeai_credits_total{kind=\"estimated\"} 5",
            "creativeai_credits_total{kind=\"charged\"} 4.5",
            "creativeai_deliveries_total{result=\"unsigned\"} 1",
            "creativeai_captures_not_applied 7",
            "creativeai_waits_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
