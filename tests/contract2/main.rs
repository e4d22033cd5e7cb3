//! What is promised about the job log, captures, exit codes and voices, tried on the real program
//! with logs written by hand.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod lines;
mod money;
mod order;
mod polls;
mod rehearsals;
mod seeds;
#[allow(
    dead_code,
    unused_imports,
    reason = "made for the other tests of the program too"
)]
#[path = "../cli/support/mod.rs"]
mod support;
mod voices;
