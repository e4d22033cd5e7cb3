//! The door: parse, run, exit code.

use std::process::ExitCode;

use clap::Parser;
use creativeai::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    ExitCode::from(creativeai::commands::run(&cli).number())
}
