//! `creativeai`: a batch submitter and reconciler for the `CreativeAI` video API.
//!
//! Imports go down only; a room's name tells what it holds.
//!
//! | room | holds |
//! |---|---|
//! | `main.rs` | the door: parse, run, exit code |
//! | [`cli`] | what can be typed |
//! | [`settings`] | flags, environment and `creativeai.toml`, resolved |
//! | [`exit`] | what happened, as an exit code |
//! | [`commands`] | one file a subcommand: gather, run, tell |
//! | [`engine`] | what happens: attempts sent, observations taken in, clips downloaded and published |
//! | [`manifest`] | spreadsheets in, checked rows out |
//! | [`journal`] | where events are kept: the log's file, read, appended to, locked, compacted |
//! | [`vendor`] | the vendor's API |
//! | [`webhook`] | signatures, capture formats, the receiver |
//! | [`sandbox`] | the stand-in for the vendor |
//! | [`disk`] | where systems differ: paths, replacing files, making them durable |
//! | [`clock`] | the computer's clock |
//! | [`output`] | progress, tables, wording, the HTML report |
//! | [`jobs`] | the heart: job, attempt, line, ledger; no I/O, no clock, no async |

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test may do what the product may not"
    )
)]

pub mod cli;
pub mod clock;
pub mod commands;
pub mod disk;
pub mod engine;
pub mod exit;
pub mod jobs;
pub mod journal;
pub mod manifest;
pub mod output;
pub mod sandbox;
pub mod settings;
pub mod vendor;
pub mod webhook;
