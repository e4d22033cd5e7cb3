//! The door: parse, run, exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use creativeai::cli::{Cli, Command};
use creativeai::commands;
use creativeai::exit::{self, Failure};
use creativeai::output::escape::escape_lines;
use creativeai::settings::{Env, Flags, Settings};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed terminal is no reason for another code.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = exit::code_of(&error);
            if code != exit::Code::Success {
                let text = escape_lines(&exit::describe(&error));
                let _ = std::io::stderr().write_all(text.as_bytes());
            }
            ExitCode::from(code.number())
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let out = &mut std::io::stdout().lock();
    let env = Env::of_process();
    match &cli.command {
        Command::Completions(args) => commands::completions::run(args, out),
        Command::Man(args) => commands::man::run(args, out),
        Command::Help(args) => commands::help::run(args, out),
        Command::Init(args) => {
            let quiet = cli.global.quiet;
            commands::init::run(args, &env, &mut commands::init::Terminal, quiet, out)
        }
        Command::Config => {
            let settings = Settings::resolve(&Flags::of(cli), &env)?;
            commands::config::run(&settings, cli.global.json, out)
        }
        _ => Err(Failure::usage("this command is not built yet").into()),
    }
}
