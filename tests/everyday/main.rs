//! The tool as people meet it day by day: what it says, what it asks, what it costs, how it is set
//! up and installed. Texts are compared as wholes with those in `snapshots/`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::format_push_string,
    reason = "a test may fail, and need not be fast"
)]

mod api_errors;
mod check;
// These type on a terminal of Unix; a pseudo console of Wine draws differently from Windows'.
#[cfg(unix)]
mod consent;
mod cost;
mod cron;
mod help;
mod init;
mod later_errors;
// The same.
#[cfg(unix)]
mod layout;
mod manifest_errors;
mod packaging;
mod release;
mod setup_errors;
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the other tests, which use the rest"
)]
#[path = "../cli/support/mod.rs"]
mod support;
#[cfg(unix)]
mod terminal;
mod transcript;
mod version;
mod voice;
