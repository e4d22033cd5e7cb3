//! The real program, run as a user runs it: a file for each command or kind of fault.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(clippy::print_stdout, reason = "seeds, and why something was skipped")]

mod damage;
// Links, modes and faults under system calls are Unix's; src/disk has tests for Windows.
#[cfg(unix)]
mod disk;
mod exports;
mod hostile;
mod kills;
mod manifests;
mod memory;
mod odd_cells;
mod outcomes;
mod recognition;
mod rename;
#[cfg(unix)]
mod resources;
mod retry;
// Wine's pseudo console passes neither Ctrl-C nor its own end on.
#[cfg(unix)]
mod signals;
mod spreadsheets;
#[cfg(unix)]
mod stalls;
mod stops;
mod submit;
mod support;
mod throttling;
mod workbooks;
