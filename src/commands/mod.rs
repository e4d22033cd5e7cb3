//! One file a subcommand: gather, run, tell. No protocol and no file format in here.

pub mod completions;
pub mod config;
pub mod help;
pub mod init;
pub mod man;
