//! The real program, run as a user runs it: a file or a folder for each command, and for what all
//! commands have in common (`log`, `output`, `errors`). It faces servers, a terminal and a browser
//! on this machine. Texts are compared as wholes with those in `snapshots/`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; it may say so, and need not be fast"
)]

mod check;
mod completions;
#[cfg(unix)]
mod database;
mod download;
mod errors;
mod help;
mod init;
mod listen;
mod log;
mod output;
mod publish;
mod reconcile;
mod release;
mod rename;
mod report;
mod retry;
mod review;
mod run;
mod status;
mod submit;
mod support;
mod version;

/// What the stand-in for a shop is made of.
use creativeai::sandbox;

/// The same stand-in for a shop that the unit tests have.
#[allow(dead_code, reason = "the unit tests use the rest")]
#[path = "../../src/engine/delivery/tests/shop.rs"]
mod shop;
