//! The public contract, sentence by sentence, with the real program: what it prints, keeps and
//! ends with.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed"
)]

#[path = "../cli/support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "another suite uses the rest of it"
)]
mod support;

mod changed;
mod json;
mod quiet;
mod settle;
mod webhook;
