//! The tool as people meet it day by day: what it says, what it asks, what it costs, how it is set
//! up and installed. Texts are compared as wholes with those in `snapshots/`.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod api_errors;
mod help;
mod later_errors;
mod manifest_errors;
mod setup_errors;
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the other tests, which use the rest"
)]
#[path = "../cli/support/mod.rs"]
mod support;
mod transcript;
