//! `report`: a page to show.

mod browser;
mod place;
mod public;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;

use super::damage;
use super::failure::warn_of_mismatch;
use super::filter::Filters;
use super::open::refuse_spreadsheet;
use super::outputs;
use crate::exit::Failure;
use crate::jobs::{JobView, Ledger, Rates};
use crate::journal::{JobLog, LogError};
use crate::output::report::{
    Bundle, Files, MOST_ON_ONE_PAGE, ReportOptions, Shown, Single, Split, report,
};
use crate::output::{Commands, DisplayStatus, Printer, Tally, Wording, words};
use crate::text::escape;

pub use public::{Public, wanted};

/// Where the page goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Not given: `report.html`; a rehearsal's page has a name of its own, so that it never
    /// takes the place of a real one.
    Usual {
        /// Whether it is known to be a rehearsal's before the log is read.
        rehearsal: bool,
    },
    File(PathBuf),
    /// Standard output.
    Stdout,
}

impl Output {
    fn file(&self, log: &JobLog, name: &str, ending: &str) -> Option<PathBuf> {
        match self {
            Self::Usual { rehearsal } if *rehearsal || log.ledger().is_rehearsal() => {
                Some(PathBuf::from(format!("sandbox-{name}.{ending}")))
            }
            Self::Usual { .. } => Some(PathBuf::from(format!("{name}.{ending}"))),
            Self::File(file) => Some(file.clone()),
            Self::Stdout => None,
        }
    }
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct ReportArgs {
    /// Where the page goes.
    pub output: Output,
    /// Which jobs.
    pub filters: Filters,
    /// How commands that are shown name the log.
    pub commands: Commands,
    /// The same where the log turns out to be a rehearsal's.
    pub rehearsal: Commands,
    /// The present.
    pub now: Timestamp,
    /// Whether page, clips and photos go into one archive.
    pub bundle: bool,
    /// The listings of a page for those who buy.
    pub public: Option<Public>,
    /// The words for an audience.
    pub wording: Option<Wording>,
    /// Whether a browser shows it.
    pub open: bool,
}

/// Reads the log at `path` and writes the page: as a whole, or not at all. Fails with a
/// [`LogError`] inside when the log cannot be read, with an [`io::Error`] when the page cannot be
/// written.
pub fn run(
    args: &ReportArgs,
    path: &Path,
    rates: Rates,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let log = JobLog::read(path, Ledger::new(rates.clone()).with_places())
        .context("the report cannot be made")?;
    refuse_spreadsheet(path, log.ledger())?;
    warn_of_mismatch(&log, printer);
    damage::warn_of_damage(log.damage(), path, printer);
    if let Some(public) = &args.public {
        return public::run(public, args, &log, printer);
    }
    let ending = if args.bundle { "zip" } else { "html" };
    let output = args.output.file(&log, "report", ending);
    let plan = plan(args, output.as_deref(), &log, rates)?;
    let shown = shown(&log, &args.filters, &plan.options);
    let Some(output) = &output else {
        let written = report(shown, &plan.options, &mut Single(printer.out()));
        let tally = written.map_err(|error| match error {
            Broken::Log(error) => error.into(),
            Broken::Page(error) => {
                anyhow::Error::new(error).context("cannot write the report to standard output")
            }
        })?;
        warn_if_empty(&tally, args, &log, printer);
        return Ok(());
    };
    let kind = if args.bundle {
        outputs::ARCHIVE
    } else {
        outputs::PAGE
    };
    kind.check(output, Some(log.path()))?;
    let written = match &plan.bundle {
        Some(bundle) => place::archive(output, bundle, |pages| report(shown, &plan.options, pages)),
        None => place::folder(output, |pages| report(shown, &plan.options, pages)),
    };
    let tally = written.map_err(|error| match error {
        Broken::Log(error) => anyhow::Error::new(error),
        Broken::Page(error) => Failure::io(format!("cannot write the report {}", output.display()))
            .because(error)
            .help("check that its folder is there and that you may write in it, or name another file with -o")
            .into(),
    })?;
    warn_if_empty(&tally, args, &log, printer);
    print_done(args, output, &tally, &plan, printer)
}

/// Says where the page is, and shows it.
fn print_done(
    args: &ReportArgs,
    output: &Path,
    tally: &Tally,
    plan: &Plan,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let here = plan
        .bundle
        .as_ref()
        .map(|bundle| bundle.files().len() as u64);
    let elsewhere = tally
        .count(DisplayStatus::Ready)
        .saturating_sub(tally.downloaded);
    if here.is_some() && elsewhere > 0 {
        let download = args.commands.on_log("download", "");
        printer.warn(format_args!(
            "{} on this computer, so the bundle links to the vendor; `{download}` fetches {}",
            if elsewhere == 1 {
                "1 clip is not".to_owned()
            } else {
                format!("{} clips are not", words::number(elsewhere))
            },
            if elsewhere == 1 { "it" } else { "them" },
        ));
    }
    if printer.options().json {
        printer.document(&serde_json::json!({
            "command": "report",
            "file": output.to_string_lossy(),
            "jobs": tally.jobs,
            "files": here,
            "exit_code": 0,
        }))?;
    } else {
        let clips = words::count(tally.jobs, "clip");
        let page = output.display().to_string();
        let what = match here {
            None if args.open => String::new(),
            None => "; open it in a browser".to_owned(),
            Some(files) => format!(", with {}", words::count(files, "file")),
        };
        printer.note(format_args!("report: {clips} in {}{what}", escape(&page)));
    }
    show(args, output, printer);
    Ok(())
}

/// Shows a page in a browser, where that is wanted.
fn show(args: &ReportArgs, output: &Path, printer: &Printer) {
    if args.open
        && let Err(why) = browser::open(output)
    {
        printer.warn(format_args!(
            "no browser was opened ({}); open {} yourself",
            escape(&why),
            escape(&output.display().to_string())
        ));
    }
}

/// Why there is no page.
enum Broken {
    Log(LogError),
    Page(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Page(error)
    }
}

/// The jobs that match, as the page shows them.
fn shown(
    log: &JobLog,
    filters: &Filters,
    options: &ReportOptions,
) -> impl Iterator<Item = Result<Shown, Broken>> {
    let matching = |view: JobView| {
        let wording = options.wording.as_ref();
        let is_shown = wording.is_none_or(|wording| wording.shows(&view));
        (is_shown && filters.matches(&view)).then(|| Shown::of(&view, options))
    };
    log.map_views(matching)
        .filter_map(Result::transpose)
        .map(|shown| shown.map_err(Broken::Log))
}

fn warn_if_empty(tally: &Tally, args: &ReportArgs, log: &JobLog, printer: &Printer) {
    if tally.jobs == 0
        && let Some(doubt) = args.filters.doubt(log.views().flatten())
    {
        printer.warn(doubt);
    }
}

/// How the page is made, and the files that come along.
struct Plan {
    options: ReportOptions,
    bundle: Option<Arc<Bundle>>,
}

fn plan(
    args: &ReportArgs,
    page: Option<&Path>,
    log: &JobLog,
    rates: Rates,
) -> anyhow::Result<Plan> {
    let bundle = args.bundle.then(Arc::<Bundle>::default);
    let is_split = page.is_some() && count(args, log)? > MOST_ON_ONE_PAGE;
    let pages = page.filter(|_| is_split).map(place::pages_of);
    let files = match (&bundle, &pages, page) {
        (Some(bundle), None, _) => Files::Bundled(Arc::clone(bundle), ""),
        (Some(bundle), Some(_), _) => Files::Bundled(Arc::clone(bundle), "../"),
        (None, Some(pages), _) => {
            place::make_folder(pages)?;
            Files::From(pages.clone())
        }
        (None, None, Some(page)) => Files::From(place::folder_of(page).to_owned()),
        (None, None, None) => Files::Anywhere,
    };
    let split = page.filter(|_| is_split).map(|page| {
        let front = if args.bundle {
            place::FRONT.into()
        } else {
            page.file_name().unwrap_or_default().to_string_lossy()
        };
        Split::of(&front)
    });
    let options = ReportOptions {
        source: source_of(log),
        files,
        clip_folders: clip_folders(log),
        commands: if log.ledger().is_rehearsal() {
            args.rehearsal.clone()
        } else {
            args.commands.clone()
        },
        rates,
        now: args.now,
        unreadable: log.ledger().unreadable(),
        split,
        wording: args.wording.clone(),
    };
    Ok(Plan { options, bundle })
}

/// What a page calls its log: the file's name, or the address.
pub fn source_of(log: &JobLog) -> String {
    let name = if log.is_in_database() {
        log.name().as_os_str()
    } else {
        log.path().file_name().unwrap_or(log.path().as_os_str())
    };
    name.to_string_lossy().into_owned()
}

/// Where files that the log names are looked for. `download` notes names as the log's folder has them;
/// a person's own notes may mean the current folder.
pub fn clip_folders(log: &JobLog) -> Vec<PathBuf> {
    let beside_log = log.path().parent().filter(|_| !log.is_in_database());
    let here = std::env::current_dir().ok();
    beside_log
        .map(Path::to_owned)
        .into_iter()
        .chain(here)
        .collect()
}

/// How many clips will be shown.
fn count(args: &ReportArgs, log: &JobLog) -> Result<usize, LogError> {
    let all = log.ledger().jobs().len();
    if all <= MOST_ON_ONE_PAGE || args.filters.is_empty() {
        return Ok(all);
    }
    let mut count = 0;
    for matches in log.map_views(|view| args.filters.matches(&view)) {
        count += usize::from(matches?);
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::output::OutputOptions;

    const LINE: &str = r#"{"listing_id":"LST-1","generation_id":"vgen_1","status":"pending"}"#;

    fn args_of(output: Output) -> ReportArgs {
        ReportArgs {
            output,
            filters: Filters::default(),
            commands: Commands::default(),
            rehearsal: Commands::default().in_sandbox(true),
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
