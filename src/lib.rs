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
//! | [`dispatch`] | attempts in: a `submitting` line, a POST, an outcome line |
//! | [`stop`] | why a run ends early, told to everybody who waits |
//! | [`observe`] | observations in: the lines that teach the log something |
//! | [`manifest`] | spreadsheets in, checked rows out |
//! | [`job_log`] | the log's file: append, read, lock, compact |
//! | [`api`] | the vendor's contract |
//! | [`webhook`] | signatures, capture formats, the receiver |
//! | [`delivery`] | clips on disk, clips handed on |
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

pub mod api;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod delivery;
pub mod disk;
pub mod dispatch;
pub mod exit;
pub mod job_log;
pub mod jobs;
pub mod manifest;
pub mod observe;
pub mod output;
pub mod sandbox;
pub mod settings;
pub mod stop;
pub mod webhook;
