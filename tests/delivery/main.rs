//! Clips on disk, clips handed on, the page to show: the real program, run as a user runs it,
//! facing servers and a browser on this machine.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::format_push_string,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may fail, and say so"
)]

mod browser;
mod bucket;
mod download;
// Its commands are for a shell of Unix; exec_windows.rs has cmd's.
#[cfg(unix)]
mod exec;
#[cfg(windows)]
mod exec_windows;
mod folders;
mod kills;
mod links;
mod orders;
mod page;
mod proof;
mod rehearsal;
mod shopify;
mod vendor;

/// What the stand-in for a shop is made of.
use creativeai::sandbox;

/// The same stand-in for a shop that the unit tests have.
#[allow(dead_code, reason = "the unit tests use the rest")]
#[path = "../../src/engine/delivery/tests/shop.rs"]
mod shop;
/// Shared with the tests of the other commands, which use the rest of it.
#[allow(dead_code, unused_imports, reason = "see above")]
#[path = "../cli/support/mod.rs"]
mod support;
