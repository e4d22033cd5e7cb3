//! One file a subcommand: gather, run, report. No protocol and no file format in here.

mod addresses;
mod api;
mod caps;
mod check;
mod compact;
pub mod completions;
pub mod config;
mod consent;
mod damage;
mod deliver;
mod doubt_details;
mod download;
mod environment;
mod finish;
pub mod help;
mod init;
mod inputs;
mod limits;
mod listen;
mod log;
pub mod man;
mod on_demand;
mod open;
mod outputs;
mod photos;
mod publish;
mod reconcile;
mod recover;
mod refusal;
mod rename;
mod replay;
pub mod report;
mod resolve;
mod resources;
mod retry;
mod review;
mod round;
mod runtime;
mod sandbox;
mod schema;
mod sheets;
mod signals;
pub mod status;
mod submit;
mod text_output;

use self::finish::CommandEnd;
pub use self::refusal::refuse;
use self::runtime::on_one_thread;
use self::text_output::{show, text};
use crate::cli::{Cli, Command};
use crate::clock;
use crate::disk;
use crate::exit::{Code, Failure};
use crate::output::{self, OutputOptions, Printer};
use crate::settings::{Env, Settings};

/// Runs a command to its end and says how it went.
pub fn run(cli: &Cli) -> Code {
    runtime::harden();
    let mut printer = Printer::new(OutputOptions {
        color: cli.global.color.unwrap_or(clap::ColorChoice::Auto),
        quiet: cli.global.quiet,
        verbose: cli.global.verbose,
        json: cli.global.json,
        progress: cli.global.progress,
    });
    if cli.global.quiet && !cli.global.json && cli.command.is_for_people() {
        printer.mute();
    }
    let result = resources::guard(|| {
        let code = run_command(cli, &mut printer)?;
        printer.flush()?;
        Ok(code)
    });
    if disk::is_weakly_synced() {
        output::damage::warn_of_drive(&printer);
    }
    let code = match result {
        Ok(code) => {
            printer.settle(code == Code::Success);
            code
        }
        Err(error) => refusal::report(&error, cli, &mut printer),
    };
    // The log is free by now: what waits for it need not wait for a terminal.
    printer.finish_messages();
    code
}

fn run_command(cli: &Cli, printer: &mut Printer) -> anyhow::Result<Code> {
    let env = Env::of_process();
    let settings = || {
        check_clock()?;
        let settings = Settings::resolve(&cli.flags(), &env)?;
        addresses::check(&cli.command)?;
        anyhow::Ok(settings)
    };
    let networked = || {
        let settings = settings()?;
        resources::check(&settings)?;
        anyhow::Ok(settings)
    };
    if let Some(address) = cli.command.metrics() {
        printer.serve_metrics(address)?;
    }
    let done = |result: anyhow::Result<()>| result.map(|()| Code::Success);
    let code = |result: anyhow::Result<CommandEnd>| result.map(|ended| ended.code);
    match &cli.command {
        Command::Submit(args) => code(on_one_thread(submit::run(args, &networked()?, printer))),
        Command::Reconcile(args) => code(reconcile::run(args, &networked()?, printer)),
        Command::Retry(args) => code(retry::run(args, &networked()?, printer)),
        Command::Run(args) => round::run(args, &networked()?, printer),
        Command::Review(args) => review::run(args, &networked()?, printer),
        Command::Resolve(args) => resolve::run(args, &settings()?, printer),
        Command::Rename(args) => rename::run(args, &settings()?, printer),
        Command::Compact(args) => compact::run(args, &settings()?, printer),
        Command::Log(args) => log::run(args, &settings()?, printer),
        Command::Listen(args) => listen::run(args, &networked()?, printer),
        Command::Sandbox(args) => sandbox::run(args, &networked()?, printer),
        Command::Status(args) => status::run_asked(args, &settings()?, printer),
        Command::Report(args) => done(report::run_asked(args, &settings()?, printer)),
        Command::Download(args) => code(download::run(args, &networked()?, printer)),
        Command::Publish(args) => code(publish::run(args, &networked()?, printer)),
        Command::Completions(args) => {
            done(text(cli, printer, |out| completions::run(args, &env, out)))
        }
        Command::Man(args) => done(text(cli, printer, |out| {
            man::run(args, cli.global.quiet, out)
        })),
        Command::Help(args) => done(text(cli, printer, |out| help::run(args, out))),
        Command::Init(args) => {
            let has_profile = cli.global.profile.is_some();
            done(init::command(args, has_profile, settings, &env, printer))
        }
        Command::Config => {
            let mut output = Vec::new();
            config::run(&settings()?, cli.global.json, &mut output)?;
            done(show(&output, printer))
        }
        Command::Check(args) => check::run(args, &networked()?, printer),
    }
}

/// Every command that works on a log writes the time, or reckons with it.
fn check_clock() -> Result<(), Failure> {
    clock::check(std::time::SystemTime::now()).map_err(|error| {
        Failure::config(format!("{error}; nothing was sent and nothing was written"))
            .help("set the date of this computer and run the same command again")
    })
}
