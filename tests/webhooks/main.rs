//! Webhooks with the real program: sandbox, receiver and submitter each a process of its own, and
//! captures in every format.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(clippy::print_stdout, reason = "what was measured")]
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "shorter, and speed does not matter here"
)]

mod adoption;
mod convert;
mod delivery;
mod equality;
mod grades;
mod http;
mod load;
mod order;
mod processes;
mod receiver;
#[path = "../cli/support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "each test program uses its part of it"
)]
mod support;
mod terminals;
