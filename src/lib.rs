//! `creativeai`: a batch submitter and reconciler for the `CreativeAI` video API.
//!
//! Imports go down only; a room's name says what it holds.
//!
//! | room | holds |
//! |---|---|
//! | `main.rs` | the entry point: parse, run, exit code |
//! | `cli` | what can be typed |
//! | `settings` | one table of settings; flags, environment and `creativeai.toml`, resolved |
//! | `exit` | what happened, as an exit code |
//! | `commands` | one file a subcommand: parse, one call, render |
//! | [`engine`] | what happens: attempts sent, observations taken in, clips downloaded and published |
//! | [`manifest`] | spreadsheets in, checked rows out |
//! | [`journal`] | where events are kept: a log's file, or a log in a database, read and written to |
//! | [`vendor`] | the vendor's API |
//! | `review` | the server of the page on which clips are looked at |
//! | [`webhook`] | signatures, capture formats, the receiver |
//! | [`sandbox`] | the stand-in for the vendor |
//! | `disk` | where systems differ: paths, replacing files, making them durable |
//! | [`clock`] | the computer's clock |
//! | [`text`] | text made safe to show, and short; numbers and times as people read them |
//! | `output` | progress, tables, wording, the HTML report |
//! | [`jobs`] | the heart: job, attempt, line, ledger; no I/O, no clock, no async |
//!
//! # As a library
//!
//! `cargo add creativeai --no-default-features` leaves out the command line. A platform opens a
//! [`journal`], plans the rows of a [`manifest`], dispatches attempts by the [`engine`], takes in
//! webhooks and asks for jobs. `examples/embed.rs` does all of it.
//!
//! | feature | adds |
//! |---|---|
//! | `server` | the webhook receiver and the sandbox |
//! | `report` | the HTML page |
//! | `postgres` | job logs in a `PostgreSQL` database; a default feature |
//! | `cli` | the program; a default feature, and needs `server` and `report` |

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test may do what the product may not"
    )
)]

#[cfg(feature = "cli")]
mod cli;
pub mod clock;
#[cfg(feature = "cli")]
mod commands;
mod disk;
pub mod engine;
#[cfg(feature = "cli")]
mod exit;
pub mod jobs;
pub mod journal;
pub mod manifest;
#[cfg(feature = "report")]
pub mod output;
#[cfg(feature = "cli")]
mod review;
#[cfg(feature = "server")]
pub mod sandbox;
#[cfg(feature = "cli")]
mod settings;
pub mod text;
pub mod vendor;
pub mod webhook;

/// What `creativeai` does as a program.
#[cfg(feature = "cli")]
pub use {
    cli::Cli,
    commands::{refuse, run},
};
