//! The door: parse, run, exit code.

use std::process::ExitCode;

use creativeai::Cli;

fn main() -> ExitCode {
    match Cli::of_process() {
        Ok(cli) => ExitCode::from(creativeai::run(&cli).number()),
        Err(error) => {
            let mut typed = std::env::args_os().take_while(|arg| arg != "--");
            let json = typed.any(|arg| arg == "--json");
            ExitCode::from(creativeai::refuse(&error, json).number())
        }
    }
}
