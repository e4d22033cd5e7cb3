//! What can be asked of a sandbox. The defaults are a vendor on a good day.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::jobs::{Credits, Rates};
use crate::vendor::ApiKey;

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The key that requests must carry and that webhooks are signed with.
    pub key: ApiKey,
    /// Takes whatever key is sent instead, and signs a job's webhooks with that.
    pub any_key: bool,
    /// How long a clip renders on average; each takes between half and one and a half of it.
    pub render_time: Duration,
    /// Share of clips that fail, 0 to 1.
    pub fail_share: f64,
    /// Share of the others that another provider serves, 0 to 1.
    pub failover_share: f64,
    /// Share of jobs whose first status is `processing` already, 0 to 1.
    pub processing_share: f64,
    /// What every choice is drawn with.
    pub seed: u64,
    /// Waited before every reply of the API.
    pub latency: Duration,
    /// What a clip costs. A failed one is refunded.
    pub rates: Rates,
    /// Credits there are to spend; what does not fit gets 402. Refunds do not refill it.
    pub balance: Option<Credits>,
    /// What goes wrong with requests.
    pub faults: Faults,
    /// How webhooks are delivered, and what goes wrong with them.
    pub webhooks: WebhookOptions,
    /// What `output_url` starts with, e.g. `http://127.0.0.1:8790`; the listener's own address
    /// where there is none.
    pub public_origin: Option<String>,
    /// How long an `output_url` works (410 afterwards; a poll gives a fresh one). For ever where
    /// there is none.
    pub link_lifetime: Option<Duration>,
    /// A clip's size in bytes is at least this (at most 64 MiB is honored).
    pub clip_bytes: usize,
    /// What the time is.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            key: ApiKey::sandbox(),
            any_key: false,
            render_time: Duration::from_secs(2),
            fail_share: 0.0,
            failover_share: 0.0,
            processing_share: 0.1,
            seed: 0,
            latency: Duration::ZERO,
            rates: Rates::default(),
            balance: None,
            faults: Faults::default(),
            webhooks: WebhookOptions::default(),
            public_origin: None,
            link_lifetime: None,
            clip_bytes: 0,
            clock: Clock::system(),
        }
    }
}

/// What goes wrong with requests. Of several that hit one request, the first in this list wins.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    /// 429, not accepted.
    pub throttle: Chance,
    /// 503 with a `Retry-After`, not accepted.
    pub unavailable: Chance,
    /// 500, not accepted; a client cannot know that.
    pub server_error: Chance,
    /// 500 though accepted and billed.
    pub billed_error: Chance,
    /// 422, as for a prompt that breaks the vendor's rules.
    pub refuse: Chance,
    /// The connection is cut without a reply, accepted and billed.
    pub lost_reply: Chance,
    /// Accepted at once, answered after `slow_reply`.
    pub slow: Chance,
    /// See `slow`.
    pub slow_reply: Duration,
    /// What 429 and 503 say about when to come back.
    pub retry_after: RetryAfter,
    /// 500 in answer to a poll.
    pub poll_error: Chance,
    /// A download that breaks off in the middle (those of a range never do).
    pub cut_download: Chance,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            throttle: Chance::Never,
            unavailable: Chance::Never,
            server_error: Chance::Never,
            billed_error: Chance::Never,
            refuse: Chance::Never,
            lost_reply: Chance::Never,
            slow: Chance::Never,
            slow_reply: Duration::from_secs(10),
            retry_after: RetryAfter::Seconds(1),
            poll_error: Chance::Never,
            cut_download: Chance::Never,
        }
    }
}

/// How a `Retry-After` header is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Not at all.
    Absent,
    /// As a number of seconds.
    Seconds(u32),
    /// As the date that many seconds from now.
    Date(u32),
}

impl FromStr for RetryAfter {
    type Err = RetryAfterError;

    /// Reads a number of seconds, `date:SECONDS` or `none`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.strip_prefix("date:") {
            Some(seconds) => seconds.parse().map(Self::Date),
            None if text == "none" => Ok(Self::Absent),
            None => text.parse().map(Self::Seconds),
        };
        parsed.map_err(|_| RetryAfterError(text.to_owned()))
    }
}

/// A text that is no [`RetryAfter`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a number of seconds, nor `date:SECONDS`, nor `none`")]
pub struct RetryAfterError(String);

/// How often something goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Chance {
    /// Never.
    #[default]
    Never,
    /// In this share of cases, 0 to 1, drawn by seed.
    Share(f64),
    /// In the first so many cases of all.
    First(u64),
    /// In the first so many cases of each: POSTs of one attempt, polls of one id, downloads of
    /// one clip.
    FirstOfEach(u32),
}

impl Chance {
    /// Whether it can ever hit.
    pub fn is_possible(self) -> bool {
        match self {
            Self::Never => false,
            Self::Share(share) => share > 0.0,
            Self::First(cases) => cases > 0,
            Self::FirstOfEach(cases) => cases > 0,
        }
    }
}

/// How webhooks are delivered. They only ever go to loopback addresses, over plain http: a
/// rehearsal calls no one outside of this machine.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookOptions {
    /// Waited before each try; the number of tries is the length of this.
    pub retry_delays: Vec<Duration>,
    /// How long a receiver may take to answer.
    pub timeout: Duration,
    /// What goes wrong with them.
    pub faults: WebhookFaults,
}

impl Default for WebhookOptions {
    /// The vendor's documented tries: at once, after 5 and after 30 seconds, 10 seconds each.
    fn default() -> Self {
        Self {
            retry_delays: [0, 5, 30].map(Duration::from_secs).to_vec(),
            timeout: Duration::from_secs(10),
            faults: WebhookFaults::default(),
        }
    }
}

/// What goes wrong with webhooks, as shares of jobs from 0 to 1, each drawn on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookFaults {
    /// Never sent: only a poll shows it.
    pub lost: f64,
    /// Sent a second time after it was taken.
    pub duplicate: f64,
    /// A `processing` event comes after the end.
    pub out_of_order: f64,
    /// Sent up to `late_by` after the end.
    pub late: f64,
    /// See `late`.
    pub late_by: Duration,
    /// Sent with a wrong signature first, then with the right one.
    pub bad_signature: f64,
}

impl Default for WebhookFaults {
    fn default() -> Self {
        Self {
            lost: 0.0,
            duplicate: 0.0,
            out_of_order: 0.0,
            late: 0.0,
            late_by: Duration::from_secs(10),
            bad_signature: 0.0,
        }
    }
}

/// What says the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's.
    pub fn system() -> Self {
        Self::new(crate::clock::now)
    }

    /// Any other.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What the time is now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_is_read() {
        assert_eq!("7".parse(), Ok(RetryAfter::Seconds(7)));
        assert_eq!("date:7".parse(), Ok(RetryAfter::Date(7)));
        assert_eq!("none".parse(), Ok(RetryAfter::Absent));
        for bad in ["", "date:", "-1", "soon"] {
            assert!(bad.parse::<RetryAfter>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn debug_does_not_show_the_key() {
        assert!(!format!("{:?}", Options::default()).contains("\"sandbox\""));
    }
}
