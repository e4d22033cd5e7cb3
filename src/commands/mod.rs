//! One file a subcommand: gather, run, tell. No protocol and no file format in here.

pub mod completions;
pub mod config;
pub mod help;
pub mod init;
pub mod man;
mod open;
mod poll;
mod reconcile;
mod recover;
mod replay;
mod submit;
mod tell;

use std::future::Future;

use crate::cli::{Cli, Command};
use crate::exit::{self, Code, Failure};
use crate::output::escape::escape_lines;
use crate::output::{Printer, Voice};
use crate::settings::{Env, Flags, Settings};

/// Runs a command to its end and tells how it went.
pub fn run(cli: &Cli) -> Code {
    let mut printer = Printer::new(Voice {
        color: cli.global.color.unwrap_or(clap::ColorChoice::Auto),
        quiet: cli.global.quiet,
        verbose: cli.global.verbose,
        json: cli.global.json,
    });
    let result = run_command(cli, &mut printer).and_then(|code| {
        printer.flush()?;
        Ok(code)
    });
    match result {
        Ok(code) => code,
        Err(error) => {
            let code = exit::code_of(&error);
            if code != Code::Success {
                printer.raw(escape_lines(&exit::describe(&error)).trim_end());
            }
            code
        }
    }
}

fn run_command(cli: &Cli, printer: &mut Printer) -> anyhow::Result<Code> {
    let env = Env::of_process();
    let settings = || Settings::resolve(&Flags::of(cli), &env);
    let done = |result: anyhow::Result<()>| result.map(|()| Code::Success);
    match &cli.command {
        Command::Submit(args) => on_runtime(submit::run(args, &settings()?, printer)),
        Command::Reconcile(args) => reconcile::run(args, &settings()?, printer),
        Command::Completions(args) => done(completions::run(args, printer.out())),
        Command::Man(args) => done(man::run(args, printer.out())),
        Command::Help(args) => done(help::run(args, printer.out())),
        Command::Init(args) => {
            let voice = printer.voice();
            done(init::run(
                args,
                &env,
                &mut init::Terminal,
                voice,
                printer.out(),
            ))
        }
        Command::Config => done(config::run(&settings()?, cli.global.json, printer.out())),
        _ => Err(Failure::usage("this command is not built yet").into()),
    }
}

/// Runs what waits for the network or for signals.
fn on_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Failure::io("cannot start the program's own machinery").because(e))?;
    let result = runtime.block_on(work);
    // Nothing in the background is worth waiting for: what counts is durable.
    runtime.shutdown_background();
    result
}
