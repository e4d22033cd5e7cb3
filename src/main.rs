//! The door: parse, run, exit code.

use std::process::ExitCode;

use creativeai::cli::Cli;

fn main() -> ExitCode {
    match Cli::of_process() {
        Ok(cli) => ExitCode::from(creativeai::commands::run(&cli).number()),
        Err(error) => {
            // A closed terminal is no reason for another code.
            let _ = error.print();
            ExitCode::from(error.exit_code() as u8)
        }
    }
}
