//! `report`: a page to show.

mod destination;
mod plan;
mod public;

use std::io;
use std::path::Path;

use self::destination::unwritable;
use self::plan::{Output, PublicPageArgs, ReportQuery, plan, show};
use super::damage;
use super::open::refuse_spreadsheet;
use crate::commands::open;
use crate::engine::filter::Filters;
use crate::exit::Failure;
use crate::jobs::{JobView, Ledger, Rates};
use crate::journal::{JobLog, LogError};
use crate::output::failure::{self, warn_of_mismatch};
use crate::output::report::{ReportEntry, ReportOptions, Rules, SinglePage, report};
use crate::output::{Printer, unrecovered, written};
use crate::settings::Settings;
use crate::{cli, clock};

pub use plan::{clip_folders, source_of};

pub fn run_asked(
    args: &cli::ReportArgs,
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
    let asked = ReportQuery {
        output: match &args.output {
            None => Output::Usual {
                rehearsal: settings.sandbox,
            },
            Some(_) if to_stdout => Output::Stdout,
            Some(file) => Output::File(file.clone()),
        },
        filters: args.filter.filters(clock::now()),
        commands: open::commands_for(&path, false, settings),
        rehearsal: open::commands_for(&path, true, settings),
        now: clock::now(),
        bundle: args.bundle.is_some(),
        public: wanted(&args.public, settings),
        wording: settings.copy.wording(args.audience.as_deref()),
        open: args.open,
    };
    run(&asked, &path, settings.rates.clone(), printer).map_err(failure::of_reading)
}

/// The public page that was asked for, by options and settings.
fn wanted(listings: &[String], settings: &Settings) -> Option<PublicPageArgs> {
    let own = &settings.public;
    let rules = match own.rules.as_str() {
        "ab723" => Rules::Ab723,
        "eu-ai-act" => Rules::AiAct,
        _ => Rules::Both,
    };
    let statement = own.statement.clone();
    (!listings.is_empty()).then(|| PublicPageArgs {
        listings: listings.to_vec(),
        statement: statement.unwrap_or_else(|| rules.statement().to_owned()),
        rules,
        originals: own.originals.clone(),
    })
}

/// Reads the log at `path` and writes the page: as a whole, or not at all. Fails with a
/// [`LogError`] inside when the log cannot be read, with an [`io::Error`] when the page cannot be
/// written.
pub fn run(
    args: &ReportQuery,
    path: &Path,
    rates: Rates,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let log = JobLog::read(path, Ledger::new(rates.clone()).with_places())?;
    refuse_spreadsheet(path, log.ledger())?;
    warn_of_mismatch(&log, printer);
    damage::warn_of_damage(log.damage(), path, printer);
    let commands = if log.ledger().is_rehearsal() {
        &args.rehearsal
    } else {
        &args.commands
    };
    unrecovered::warn(&log, path, commands, printer)?;
    if let Some(public) = &args.public {
        return public::run(public, args, &log, printer);
    }
    let output = args.file(&log, "report")?;
    let plan = plan(args, output.as_deref(), &log, rates)?;
    let shown = shown(&log, &args.filters, &plan.options);
    let written = match (&output, &plan.bundle) {
        (None, _) => report(shown, &plan.options, &mut SinglePage(printer.out())),
        (Some(output), Some(bundle)) => {
            destination::archive(output, bundle, |pages| report(shown, &plan.options, pages))
        }
        (Some(output), None) => {
            destination::folder(output, |pages| report(shown, &plan.options, pages))
        }
    };
    let tally = written.map_err(|error| match (error, &output) {
        (PageError::Log(error), _) => anyhow::Error::new(error),
        (PageError::Page(error), None) => {
            anyhow::Error::new(error).context("cannot write the report to standard output")
        }
        (PageError::Page(error), Some(output)) => unwritable("the report ", output, error).into(),
    })?;
    if tally.jobs == 0
        && let Some(doubt) = args.filters.doubt(log.views().flatten())
    {
        printer.warn(doubt);
    }
    let Some(output) = &output else {
        return Ok(());
    };
    let files = plan.bundle.map(|bundle| bundle.files().len() as u64);
    let elsewhere = tally.ready().saturating_sub(tally.downloaded);
    if files.is_some() && elsewhere > 0 {
        written::warn_of_links(elsewhere, &args.commands, printer);
    }
    printer.result(
        || written::to_json(output, tally.jobs, files),
        || written::sentence(output, tally.jobs, files, args.open),
    )?;
    show(args, output, printer);
    Ok(())
}

/// Why the page could not be made.
enum PageError {
    Log(LogError),
    Page(io::Error),
}

impl From<io::Error> for PageError {
    fn from(error: io::Error) -> Self {
        Self::Page(error)
    }
}

/// The jobs that match, as the page shows them.
fn shown(
    log: &JobLog,
    filters: &Filters,
    options: &ReportOptions,
) -> impl Iterator<Item = Result<ReportEntry, PageError>> {
    let matching = |view: JobView| {
        let wording = options.wording.as_ref();
        let is_shown = wording.is_none_or(|wording| wording.shows(&view));
        (is_shown && filters.matches(&view)).then(|| ReportEntry::of(&view, options))
    };
    log.map_views(matching)
        .filter_map(Result::transpose)
        .map(|shown| shown.map_err(PageError::Log))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::Timestamp;

    use super::plan::Output;
    use super::*;
    use crate::output::{Commands, OutputOptions};

    const LINE: &str = r#"{"listing_id":"LST-1","generation_id":"vgen_1","status":"pending"}"#;

    fn args_of(output: Output) -> ReportQuery {
        ReportQuery {
            output,
            filters: Filters::default(),
            commands: Commands::default(),
            rehearsal: Commands::default().in_sandbox(),
            now: Timestamp::UNIX_EPOCH,
            bundle: false,
            public: None,
            wording: None,
            open: false,
        }
    }

    fn run_in(dir: &Path, output: Output, options: OutputOptions) -> (String, String) {
        let log = dir.join("jobs.jsonl");
        fs::write(&log, format!("{LINE}\n")).unwrap();
        let args = args_of(output);
        let (mut printer, heard) = Printer::for_test(80, options);
        run(&args, &log, Rates::default(), &mut printer).unwrap();
        (heard.out(), heard.err())
    }

    #[test]
    fn a_page_takes_the_place_of_the_older_one_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let page = dir.path().join("report.html");
        fs::write(&page, "<!doctype html>old").unwrap();
        let (out, err) = run_in(
            dir.path(),
            Output::File(page.clone()),
            OutputOptions::default(),
        );
        assert_eq!(out, "");
        assert!(
            err.ends_with("report.html; open it in a browser\n")
                && err.starts_with("report: 1 clip in "),
            "{err}"
        );
        assert!(fs::read_to_string(&page).unwrap().contains("LST-1"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn without_a_file_the_page_goes_to_standard_output() {
        let dir = tempfile::tempdir().unwrap();
        let (out, err) = run_in(dir.path(), Output::Stdout, OutputOptions::default());
        assert!(out.starts_with("<!doctype html>") && out.trim_end().ends_with("</html>"));
        assert_eq!(err, "");
    }

    #[test]
    fn with_json_the_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let options = OutputOptions {
            json: true,
            ..OutputOptions::default()
        };
        let (out, err) = run_in(dir.path(), Output::File(dir.path().join("p.html")), options);
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(json["jobs"], 1);
        assert_eq!(err, "");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("jobs.jsonl");
        fs::write(&log, LINE).unwrap();
        let args = args_of(Output::File(dir.path().join("no/report.html")));
        let (mut printer, _) = Printer::for_test(80, OutputOptions::default());
        let error = run(&args, &log, Rates::default(), &mut printer).unwrap_err();
        assert!(error.to_string().contains("report.html"), "{error:#}");
        assert!(error.chain().any(<dyn std::error::Error>::is::<io::Error>));
    }
}
