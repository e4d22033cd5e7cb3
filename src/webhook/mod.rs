//! Webhooks: signatures, captures in every format that keeps them, the receiver.
//!
//! A *capture* is one delivery as someone kept it. [`verify()`] says what one proves, [`replay()`] reads
//! and verifies files and folders on every core, and [`serve`] makes captures. None of them knows
//! jobs: what a proven payload teaches the log is decided elsewhere.

mod capture;
mod formats;
mod http1;
#[cfg(feature = "server")]
mod receiver;
mod replay;
mod restore;
mod signature;
mod source;
mod verify;

pub use crate::vendor::sign;
pub use capture::{Body, Capture, DELIVERY_ID_HEADER, Headers, SIGNATURE_HEADER, Unreadable};
pub use formats::read_envelope;
#[cfg(feature = "server")]
pub use receiver::{ReceiverEvent, ReceiverOptions, RejectReason, Sink, Stats, serve};
pub use replay::{VerifiedEntry, replay, replay_kept};
pub use signature::{SignatureCheck, VerifyKeys};
pub use verify::{Rejection, Unverifiable, Verification, verify};
