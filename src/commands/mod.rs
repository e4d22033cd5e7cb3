//! One file a subcommand: gather, run, tell. No protocol, no file format here.

pub mod filter;
pub mod report;
pub mod status;
