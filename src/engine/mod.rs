//! What happens: attempts are sent, observations are taken in, clips come home and go out.
//!
//! | module | holds |
//! |---|---|
//! | [`plan`] | which rows of a manifest are sent |
//! | [`restored_rows`] | older versions of clips that rows were set back to |
//! | [`submit`] | the attempts for those rows, made one by one |
//! | `batch` | what a plan sends: all of it, or a canary first; clips asked for meanwhile |
//! | `canary` | the first few orders of a batch, looked at before the rest is ordered |
//! | [`cap`] | what may be charged and reserved |
//! | `copy` | the lines of one log, added to another |
//! | `damage` | what the damaged lines of a log may have ordered, marked as in doubt |
//! | `receive` | deliveries as they come: kept, applied to the log, passed to a command |
//! | `recover` | lines that a full disk kept out of the log, taken back |
//! | `rename` | other names for what was ordered |
//! | `replay` | captured webhooks, taken in one by one |
//! | `resolve` | what a person has found out about an attempt in doubt |
//! | [`retry`] | the attempts for jobs that failed, were rejected, or are in doubt |
//! | [`dispatch`] | attempts: a `submitting` line, a POST, an outcome line |
//! | [`observe`] | observations: the lines that add a fact to the log |
//! | `filter` | which jobs a command, or a cap, is about |
//! | `forward` | deliveries that also go to another address, until it takes them |
//! | [`ingest`] | captures: what they say, appended in large batches |
//! | `open` | a log that another command has is waited for; files that are no logs |
//! | [`poll`] | clips that are asked for, once or until they have ended |
//! | [`delivery`] | clips: downloaded, verified, published |
//! | `named` | jobs by the names that people have for them |
//! | `noted_logs` | which logs of this computer hold live orders |
//! | `notify` | notices of rounds: webhook, dead man's switch, e-mail, desktop |
//! | `other_logs` | logs beside a log or elsewhere that hold the rows that it is about to order |
//! | `pending_orders` | rows that other runs on this computer are about to order |
//! | `photo_check` | whether photos that are online can be fetched |
//! | [`photos`] | photos on this computer, uploaded so that the vendor can fetch them |
//! | [`review`] | what a person thinks of clips |
//! | `round` | the whole round: its steps, how they end together, when the next is due |
//! | [`stop`] | why a run ends early |

#[cfg(feature = "cli")]
pub(crate) mod batch;
#[cfg(feature = "cli")]
pub(crate) mod canary;
pub mod cap;
#[cfg(feature = "cli")]
pub(crate) mod copy;
mod counts;
#[cfg(feature = "cli")]
pub(crate) mod damage;
pub mod delivery;
pub mod dispatch;
#[cfg(feature = "cli")]
pub(crate) mod filter;
#[cfg(feature = "cli")]
pub(crate) mod forward;
pub mod ingest;
#[cfg(feature = "cli")]
pub(crate) mod named;
#[cfg(feature = "cli")]
pub(crate) mod noted_logs;
#[cfg(feature = "cli")]
pub(crate) mod notify;
pub mod observe;
#[cfg(feature = "cli")]
pub(crate) mod open;
#[cfg(feature = "cli")]
pub(crate) mod other_logs;
#[cfg(feature = "cli")]
pub(crate) mod pending_orders;
#[cfg(feature = "cli")]
pub(crate) mod photo_check;
pub mod photos;
pub mod plan;
pub mod poll;
#[cfg(feature = "cli")]
pub(crate) mod receive;
#[cfg(feature = "cli")]
pub(crate) mod recover;
#[cfg(feature = "cli")]
pub(crate) mod rename;
#[cfg(feature = "cli")]
pub(crate) mod replay;
#[cfg(feature = "cli")]
pub(crate) mod resolve;
pub mod restored_rows;
pub mod retry;
pub mod review;
#[cfg(feature = "cli")]
pub(crate) mod round;
pub mod stop;
pub mod submit;
