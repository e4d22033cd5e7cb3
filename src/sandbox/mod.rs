//! A local stand-in for the vendor's API: a batch can be rehearsed without spending a credit, and
//! the tests run against it.
//!
//! It imitates what is known of the vendor ([`crate::vendor`]), the unpleasant parts on request:
//! throttling, replies that never come though the job was billed, webhooks that come twice or in
//! disorder. An id itself says when its job was accepted and how it will end, so any process can
//! answer for the ids of any other, and nothing is kept on disk. What was chosen to happen depends
//! on the seed and on the request alone, never on the order in which requests arrive.
//!
//! | path | |
//! |---|---|
//! | `POST /v1/video/generations`, `POST /api/generate/voice` | accepts a job |
//! | `GET /v1/video/generations/{id}`, `GET /api/generate/voice/{id}` | says where it stands |
//! | `GET /_sandbox/clips/{id}.mp4` (`.mp3`) | a small real clip |
//! | `GET /_sandbox/photos/{name}` | a picture, for example manifests |
//! | `GET /_sandbox/accepted` | what this process has accepted, in order |
//! | `GET /_sandbox/` | options and counters |
//! | `POST /admin/...` | a stand-in for a Shopify store, see [`shop`] |

mod app;
mod clips;
mod job;
mod options;
mod plan;
mod reply;
mod request;
mod routes;
mod server;
pub mod shop;
mod state;
mod submit;
#[cfg(test)]
mod tests;
mod token;
mod webhooks;

pub use crate::vendor::SANDBOX_ORIGIN;
pub use job::{Endpoint, JobEnding};
pub use options::{
    Chance, Clock, Faults, Options, RetryAfter, RetryAfterError, WebhookFaults, WebhookOptions,
};
pub use plan::{DrawnFaults, Fault, Occasion, Scenario};
pub use request::{ApiError, Request};
pub use server::{Sandbox, start};
pub use state::Accepted;
