//! The vendor's contract: wire types, the client, what an HTTP outcome means, throttling.
//!
//! | file | holds |
//! |---|---|
//! | `base` | the address of the API, checked |
//! | `wire` | what is sent: bodies, the idempotency key |
//! | `correlation` | the job and attempt in a webhook's address |
//! | `client` | the requests themselves |
//! | `outcome` | what a reply, or none, means: the one place that decides |
//! | `payload` | what the vendor says about a generation |
//! | `explain` | what a server reported, fit for a log and a person |
//! | `retry_after` | how long a server asks to wait |
//! | `rate` | `--rate` |
//! | `throttle` | who may send now: concurrency, rate, shared pauses |
//! | `key` | the API key, kept from every output |
//! | `signature` | how a webhook is signed with it |

mod base;
mod client;
mod correlation;
mod deadline;
mod explain;
mod key;
mod original;
mod outcome;
mod payload;
mod proxy;
mod rate;
mod retry_after;
mod signature;
mod throttle;
mod wire;

pub use base::{BaseUrl, ConfigError, SANDBOX_ORIGIN, is_loopback};
pub use client::{Client, ClientOptions, MaySend, build_transport, transport};
pub use correlation::{BadUrl, CORRELATION, correlated, correlation, recorrelated};
pub(crate) use explain::message as message_in_reply;
pub use explain::root_cause;
pub use key::{ApiKey, PREFIX as KEY_PREFIX};
pub use original::as_first_sent;
pub use outcome::{Body, Outcome, PollOutcome, Reply, classify_poll, classify_submission};
pub use payload::{Payload, PayloadError};
pub use rate::{Rate, RateError};
pub use retry_after::{MAX_WAIT, parse_retry_after};
pub(crate) use signature::hmac_of;
pub use signature::sign;
pub use throttle::{LONGEST_ASKED, MAX_POSTS, Permit, Throttle, Wait};
pub use wire::{
    DurationStyle, Endpoint, idempotency_key, photo_of, request_body, with_photo, with_prompt,
};
