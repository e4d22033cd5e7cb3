//! One file a subcommand: gather, run, tell. No protocol, no file format in here.

mod completions;
mod config;
mod help;
mod init;
mod man;
mod open;
mod poll;
mod reconcile;
mod submit;
mod tell;

use std::future::Future;

use crate::cli::{Cli, Command};
use crate::exit::{self, Code, Failure};
use crate::output::{Printer, Voice, escape};
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
            printer.raw(exit::describe(&error).trim_end());
            exit::code_of(&error)
        }
    }
}

fn run_command(cli: &Cli, printer: &mut Printer) -> anyhow::Result<Code> {
    let env = Env::of_process();
    let settings = || Settings::resolve(&Flags::of(cli), &env);
    match &cli.command {
        Command::Submit(args) => on_runtime(submit::run(args, &settings()?, printer)),
        Command::Reconcile(args) => on_runtime(reconcile::run(args, &settings()?, printer)),
        Command::Init(args) => {
            let voice = printer.voice();
            init::run(args, &env, &mut init::Terminal, voice, printer.out()).map(done)
        }
        Command::Config => config::run(&settings()?, printer.voice().json, printer.out()).map(done),
        Command::Completions(args) => completions::run(args, printer.out()).map(done),
        Command::Man(args) => man::run(args, printer.out()).map(done),
        Command::Help(args) => help::run(args, printer.out()).map(done),
        _ => anyhow::bail!("not yet"),
    }
}

/// A command that has nothing to say about jobs.
fn done((): ()) -> Code {
    Code::Success
}

/// Runs what waits for the network or for signals.
fn on_runtime(work: impl Future<Output = anyhow::Result<Code>>) -> anyhow::Result<Code> {
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
