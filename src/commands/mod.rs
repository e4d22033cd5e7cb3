//! One file a subcommand: gather, run, report. No protocol and no file format in here.

mod addresses;
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
mod failure;
pub mod filter;
mod finish;
pub mod help;
mod init;
mod inputs;
mod limits;
mod listen;
mod log;
pub mod man;
mod observe;
mod open;
mod outputs;
mod photos;
mod publish;
mod reconcile;
mod recover;
mod rename;
mod replay;
pub mod report;
mod resolve;
mod resources;
mod retry;
mod review;
mod round;
mod sandbox;
mod schema;
mod signals;
pub mod status;
mod stopped;
mod submit;

use std::future::Future;
use std::net::SocketAddr;

use crate::cli::{Cli, Command, ReportArgs, StatusArgs, View};
use crate::clock;
use crate::disk;
use crate::engine::round::Done;
use crate::exit::{self, Code, Failure};
use crate::journal::{LogError, redacted};
use crate::output::{Audience, Metrics, OutputOptions, Printer, Summary, Wording};
use crate::settings::{Env, Settings};
use crate::text::escape_lines;

/// Runs a command to its end and says how it went.
pub fn run(cli: &Cli) -> Code {
    harden();
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
        Err(error) => {
            let code = exit::code_of(&error);
            printer.settle(code == Code::Success);
            if code != Code::Success {
                let typed = cli.typed();
                let text = exit::describe(&error, |step| typed.repeat_in(step));
                printer.error(text.trim_end());
                let next = exit::next_step_of(&error).map(|step| typed.repeat_in(step));
                print_json(cli.command.name(), &error, next, code, &mut printer);
            }
            code
        }
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

/// With `--json`, standard output holds a document also when the run could not go on. Where the
/// command prints a summary otherwise, this one has its fields: it has done nothing.
fn print_json(
    command: &'static str,
    error: &anyhow::Error,
    next: Option<String>,
    code: Code,
    printer: &mut Printer,
) {
    if !printer.options().json || printer.has_spoken() {
        return;
    }
    let mut more = serde_json::Map::new();
    more.insert("command".to_owned(), command.into());
    for (name, value) in exit::fields_of(error) {
        more.insert((*name).to_owned(), value.clone());
    }
    more.insert("error".to_owned(), exit::causes(error).join(": ").into());
    more.insert("error_code".to_owned(), code.word().into());
    if let Some(step) = next {
        more.insert("next".to_owned(), step.into());
    }
    let document = if matches!(command, "submit" | "reconcile" | "retry") {
        let mut summary = Summary::new(command);
        summary.exit_code = code.number();
        summary.more = more;
        summary.to_json()
    } else {
        more.insert("exit_code".to_owned(), code.number().into());
        more.into()
    };
    // The code says already that something went wrong; standard error says what.
    let _ = printer.document(&document);
}

/// Reports that a command line could not be understood, also as JSON where that was asked for, and
/// gives the code. A request for help is none: it is shown.
pub fn refuse(error: &clap::Error, json: bool) -> Code {
    let text = error.render().to_string();
    let safe = redacted(&text);
    if safe == text {
        // A closed terminal is not a reason for another code.
        let _ = error.print();
    } else {
        let printer = Printer::new(OutputOptions::default());
        printer.say(escape_lines(&safe).trim_end());
        printer.finish_messages();
    }
    if !error.use_stderr() {
        return Code::Success;
    }
    if json {
        let options = OutputOptions {
            json,
            ..OutputOptions::default()
        };
        let paragraph: Vec<&str> = safe.lines().take_while(|line| !line.is_empty()).collect();
        let output = paragraph.join("\n");
        let document = serde_json::json!({
            "error": output.strip_prefix("error: ").unwrap_or(&output),
            "error_code": Code::Usage.word(),
            "exit_code": Code::Usage.number(),
        });
        let _ = Printer::new(options).document(&document);
    }
    Code::Usage
}

/// No core dump, which could hold the key; and a file size limit is an error of the write, so that
/// it can report what happened to the money.
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
        Command::Status(args) => show_status(args, &settings()?, printer),
        Command::Report(args) => done(make_report(args, &settings()?, printer)),
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
            let options = printer.options();
            let mut output = Vec::new();
            let keys = &mut init::Terminal;
            let result = if args.key_only {
                let settings = settings()?;
                init::replace_key(args, &settings, &env, keys, options, &mut output)
            } else if cli.global.profile.is_some() {
                let failure = Failure::usage("--profile goes with --key-only; nothing was changed");
                Err(failure
                    .help("write [profile.NAME] in creativeai.toml, then run init --key-only")
                    .into())
            } else {
                init::run(args, &env, keys, options, &mut output)
            };
            // What was done before it failed is reported, too.
            show(&output, printer)?;
            done(result)
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

fn show_status(
    args: &StatusArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    #[cfg(feature = "postgres")]
    if args.runs {
        return status::runs::run(&path, printer);
    }
    if args.watch && printer.options().json {
        return Err(Failure::usage("--watch and --json exclude each other").into());
    }
    if args.csv && printer.options().json {
        return Err(Failure::usage("--csv and --json exclude each other").into());
    }
    let wanted = status::StatusArgs {
        show: match args.view() {
            View::Table => match words_for(args.audience.as_deref(), settings) {
                Some(wording) => status::Show::Audience(wording),
                None => status::Show::Table,
            },
            View::Summary => status::Show::Summary,
            View::One(id) => status::Show::One(id.to_owned()),
            View::Csv => status::Show::Csv(args.dialect()),
            View::Money => status::Show::Money {
                by: args.by.clone(),
                // As caps count.
                since: (args.filter.since).and_then(|since| since.from_utc(clock::now())),
                csv: args.csv,
            },
        },
        filters: if args.money {
            // With money, a moment is about when it was ordered.
            filter::Filters::new(args.filter.filters.iter().cloned())
        } else {
            open::filters(&args.filter)
        },
        json: printer.options().json,
        commands: open::commands_for(&path, false, settings),
        rehearsal: open::commands_for(&path, true, settings),
        now: clock::now(),
    };
    let shown = if args.watch {
        status::watch(&wanted, &path, &settings.rates, printer)
    } else {
        let shown = status::run(&wanted, &path, settings.rates.clone(), printer);
        shown.map(|()| Code::Success)
    };
    shown.map_err(with_next_step)
}

/// The words for an audience, by option and settings.
fn words_for(audience: Option<&str>, settings: &Settings) -> Option<Wording> {
    let audience = Audience::of(audience?)?;
    let own = match audience {
        Audience::Agent => &settings.copy.agent[..],
        Audience::Buyer => &settings.copy.buyer,
        Audience::Raw => &[],
    };
    Some(Wording {
        audience,
        own: own.to_vec(),
        language: settings.copy.language.clone(),
    })
}

fn make_report(
    args: &ReportArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let to_stdout = args.output.as_deref().is_some_and(|o| o.as_os_str() == "-");
    if to_stdout && printer.options().json {
        return Err(Failure::usage(
            "the page and the JSON document cannot both go to standard output",
        )
        .help("leave out --json, or name a file with -o")
        .into());
    }
    if to_stdout && (args.bundle.is_some() || args.open || !args.public.is_empty()) {
        return Err(Failure::usage("standard output takes the page alone")
            .help("name a file with -o, or leave out --bundle, --public and --open")
            .into());
    }
    let wanted = report::ReportArgs {
        output: match &args.output {
            None => report::Output::Usual {
                rehearsal: settings.sandbox,
            },
            Some(_) if to_stdout => report::Output::Stdout,
            Some(file) => report::Output::File(file.clone()),
        },
        filters: open::filters(&args.filter),
        commands: open::commands_for(&path, false, settings),
        rehearsal: open::commands_for(&path, true, settings),
        now: clock::now(),
        bundle: args.bundle.is_some(),
        public: report::wanted(&args.public, settings),
        wording: words_for(args.audience.as_deref(), settings),
        open: args.open,
    };
    report::run(&wanted, &path, settings.rates.clone(), printer).map_err(with_next_step)
}

/// A log that cannot be read, reported as every command reports it.
fn with_next_step(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<LogError>() {
        Ok(error) => failure::of_log(error).into(),
        Err(error) => error,
    }
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

/// Runs what waits for the network or for signals.
fn on_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    run_on(runtime.worker_threads(2), work)
}

/// The same for commands that send many small requests: on one thread no one is woken elsewhere,
/// which is most of what such a request costs.
fn on_one_thread<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    run_on(&mut tokio::runtime::Builder::new_current_thread(), work)
}

fn run_on<T>(
    runtime: &mut tokio::runtime::Builder,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(|e| Failure::io("cannot start the program's own machinery").because(e))?;
    let result = runtime.block_on(work);
    // Nothing in the background is worth waiting for: what counts is durable.
    runtime.shutdown_background();
    result
}
