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
mod download;
mod environment;
mod evidence;
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

use std::net::SocketAddr;

pub use self::refusal::refuse;
use self::runtime::{on_one_thread, on_runtime};
use crate::cli::{Cli, Command};
use crate::clock;
use crate::disk;
use crate::engine::round::Done;
use crate::exit::{Code, Failure};
use crate::output::{Metrics, OutputOptions, Printer};
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
    if cli.global.quiet && !cli.global.json && is_for_people(&cli.command) {
        printer.mute();
    }
    let result = resources::guard(|| {
        let code = run_command(cli, &mut printer)?;
        printer.flush()?;
        Ok(code)
    });
    if disk::is_weakly_synced() {
        printer.warn(
            "this drive cannot say when it has written its own memory, as is usual for a network \
             drive: after a power cut the last lines may be missing; a log on this computer's own \
             drive is safer",
        );
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

/// Whether what a command writes to standard output is there to be looked at. The rest is made to
/// be kept: pages, tables for a spreadsheet, scripts.
fn is_for_people(command: &Command) -> bool {
    match command {
        Command::Status(args) => !args.csv,
        Command::Review(args) => !args.csv,
        Command::Report(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Help(_)
        | Command::Listen(_)
        | Command::Sandbox(_) => false,
        _ => true,
    }
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
        serve_metrics(address, printer)?;
    }
    let done = |result: anyhow::Result<()>| result.map(|()| Code::Success);
    let code = |result: anyhow::Result<Ended>| result.map(|ended| ended.code);
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

/// How a command ended, and what of that is its own doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ended {
    /// With how the jobs that it covers stand.
    code: Code,
    /// Without.
    done: Done,
}

impl From<Code> for Ended {
    fn from(code: Code) -> Self {
        let done = Done {
            own: code.into(),
            clips: 0,
        };
        Self { code, done }
    }
}

/// Every command that works on a log writes the time, or reckons with it.
fn check_clock() -> Result<(), Failure> {
    clock::check(std::time::SystemTime::now()).map_err(|error| {
        Failure::config(format!("{error}; nothing was sent and nothing was written"))
            .help("set the date of this computer and run the same command again")
    })
}

/// Shows what a command has written; JSON as it is.
fn show(output: &[u8], printer: &mut Printer) -> anyhow::Result<()> {
    if printer.options().json {
        printer.out().write_all(output)?;
    } else {
        printer.text(&String::from_utf8_lossy(output))?;
    }
    Ok(())
}

/// A command that only prints a text; with `--json` the text is a field of the document.
fn text(
    cli: &Cli,
    printer: &mut Printer,
    write: impl FnOnce(&mut dyn std::io::Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if !printer.options().json {
        return write(printer.out());
    }
    let mut text = Vec::new();
    write(&mut text)?;
    Ok(printer.document(&serde_json::json!({
        "command": cli.command.name(),
        "text": String::from_utf8_lossy(&text),
        "exit_code": 0,
    }))?)
}

/// Serves what the run has done so far, before it does anything.
fn serve_metrics(address: SocketAddr, printer: &mut Printer) -> anyhow::Result<()> {
    let metrics = Metrics::new()?;
    let served = metrics.serve(address).map_err(|error| {
        Failure::io(format!(
            "cannot serve metrics on {address}; nothing was done"
        ))
        .because(error)
        .help("another program may use that port; choose one with --metrics 127.0.0.1:PORT")
    })?;
    printer.note(format_args!("metrics at http://{served}/metrics"));
    printer.count(metrics);
    Ok(())
}
