//! One file a subcommand: gather, run, tell. No protocol and no file format in here.

mod check;
mod compact;
pub mod completions;
pub mod config;
mod deliver;
mod download;
mod evidence;
pub mod filter;
pub mod help;
pub mod init;
mod listen;
pub mod man;
mod open;
mod poll;
mod publish;
mod reconcile;
mod recover;
mod replay;
pub mod report;
mod resolve;
mod retry;
mod sandbox;
pub mod status;
mod submit;
mod tell;

use std::future::Future;

use crate::cli::{Cli, Command, ReportArgs, StatusArgs, View};
use crate::exit::{self, Code, Failure};
use crate::job_log::LogError;
use crate::output::{Commands, Printer, Voice};
use crate::settings::{Env, Flags, Settings};

/// Runs a command to its end and tells how it went.
pub fn run(cli: &Cli) -> Code {
    harden();
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
                printer.error(exit::describe(&error).trim_end());
            }
            code
        }
    }
}

/// No core dump, which could hold the key; and a file size limit is an error of the write, so that
/// it can be told what happened to the money.
#[cfg(unix)]
fn harden() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Either fails only where the system forbids it; the run is no less right then.
    let _ = setrlimit(Resource::Core, none);
    let _ = signal_hook::flag::register(
        rustix::process::Signal::XFSZ.as_raw(),
        std::sync::Arc::default(),
    );
}

#[cfg(not(unix))]
fn harden() {}

fn run_command(cli: &Cli, printer: &mut Printer) -> anyhow::Result<Code> {
    let env = Env::of_process();
    let settings = || Settings::resolve(&Flags::of(cli), &env);
    let done = |result: anyhow::Result<()>| result.map(|()| Code::Success);
    match &cli.command {
        Command::Submit(args) => on_runtime(submit::run(args, &settings()?, printer)),
        Command::Reconcile(args) => reconcile::run(args, &settings()?, printer),
        Command::Retry(args) => retry::run(args, &settings()?, printer),
        Command::Resolve(args) => resolve::run(args, &settings()?, printer),
        Command::Compact(args) => compact::run(args, &settings()?, printer),
        Command::Listen(args) => listen::run(args, &settings()?, printer),
        Command::Sandbox(args) => sandbox::run(args, &settings()?, printer),
        Command::Status(args) => done(show_status(args, &settings()?, printer)),
        Command::Report(args) => done(make_report(args, &settings()?, printer)),
        Command::Download(args) => download::run(args, &settings()?, printer),
        Command::Publish(args) => publish::run(args, &settings()?, printer),
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
        Command::Check(args) => check::run(args, &settings()?, printer),
    }
}

fn show_status(
    args: &StatusArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let wanted = status::StatusArgs {
        show: match args.view() {
            View::Table => status::Show::Table,
            View::Summary => status::Show::Summary,
            View::One(id) => status::Show::One(id.to_owned()),
            View::Csv => status::Show::Csv,
        },
        filters: open::filters(&args.filter),
        json: printer.voice().json,
        commands: Commands::for_log(open::named_log(args.jobs.jobs.as_deref()).as_deref()),
        now: jiff::Timestamp::now(),
    };
    status::run(&wanted, &path, settings.rates.clone(), printer).map_err(with_next_step)
}

fn make_report(
    args: &ReportArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let wanted = report::ReportArgs {
        output: (args.output.as_os_str() != "-").then(|| args.output.clone()),
        filters: open::filters(&args.filter),
        commands: Commands::for_log(open::named_log(args.jobs.jobs.as_deref()).as_deref()),
        now: jiff::Timestamp::now(),
    };
    report::run(&wanted, &path, settings.rates.clone(), printer).map_err(with_next_step)
}

/// A log that cannot be read, told as every command tells it.
fn with_next_step(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<LogError>() {
        Ok(error) => open::log_failure(error).into(),
        Err(error) => error,
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
