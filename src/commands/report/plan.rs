//! What `report` is asked for, how the page is made, and the browser that shows it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;

use super::destination;
use crate::commands::outputs;
use crate::engine::filter::Filters;
use crate::jobs::Rates;
use crate::journal::{JobLog, LogError};
use crate::output::report::{Bundle, Files, MOST_ON_ONE_PAGE, PagePaths, ReportOptions, Rules};
use crate::output::{Commands, Printer, Wording};
use crate::text::escape;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Not given: `report.html`; a rehearsal's page has a name of its own, so that it never
    /// takes the place of a real one.
    Usual {
        /// Whether it is known to be a rehearsal's before the log is read.
        rehearsal: bool,
    },
    File(PathBuf),
    Stdout,
}

#[derive(Clone, Debug)]
pub struct ReportQuery {
    pub output: Output,
    pub filters: Filters,
    /// How commands that are shown name the log.
    pub commands: Commands,
    /// The same where the log turns out to be a rehearsal's.
    pub rehearsal: Commands,
    /// The time of the report; ages are counted to it.
    pub now: Timestamp,
    /// Whether page, clips and photos go into one archive.
    pub bundle: bool,
    /// The listings of a page for those who buy.
    pub public: Option<PublicPageArgs>,
    /// The words for an audience.
    pub wording: Option<Wording>,
    /// Whether a browser shows it.
    pub open: bool,
}

impl ReportQuery {
    /// The file of a page, where one can be written there; `None` for standard output.
    pub fn file(&self, log: &JobLog, name: &str) -> anyhow::Result<Option<PathBuf>> {
        let (ending, kind) = if self.bundle {
            ("zip", outputs::ARCHIVE)
        } else {
            ("html", outputs::PAGE)
        };
        let file = match &self.output {
            Output::Usual { rehearsal } if *rehearsal || log.ledger().is_rehearsal() => {
                PathBuf::from(format!("sandbox-{name}.{ending}"))
            }
            Output::Usual { .. } => PathBuf::from(format!("{name}.{ending}")),
            Output::File(file) => file.clone(),
            Output::Stdout => return Ok(None),
        };
        kind.check(&file, Some(log.path()))?;
        Ok(Some(file))
    }
}

/// What a public page is to show and say.
#[derive(Clone, Debug)]
pub struct PublicPageArgs {
    /// Listings or SKUs.
    pub listings: Vec<String>,
    pub statement: String,
    pub rules: Rules,
    pub originals: Option<String>,
}

/// How the page is made.
pub struct ReportPlan {
    pub options: ReportOptions,
    pub bundle: Option<Arc<Bundle>>,
}

/// How the page of these jobs is made.
pub fn plan(
    args: &ReportQuery,
    page: Option<&Path>,
    log: &JobLog,
    rates: Rates,
) -> anyhow::Result<ReportPlan> {
    let bundle = args.bundle.then(Arc::<Bundle>::default);
    let is_split = page.is_some() && count(args, log)? > MOST_ON_ONE_PAGE;
    let pages = page.filter(|_| is_split).map(destination::pages_of);
    let files = match (&bundle, &pages, page) {
        (Some(bundle), None, _) => Files::Bundled(Arc::clone(bundle), ""),
        (Some(bundle), Some(_), _) => Files::Bundled(Arc::clone(bundle), "../"),
        (None, Some(pages), _) => {
            destination::make_folder(pages)?;
            Files::From(pages.clone())
        }
        (None, None, Some(page)) => Files::From(destination::folder_of(page).to_owned()),
        (None, None, None) => Files::Anywhere,
    };
    let split = page.filter(|_| is_split).map(|page| {
        let front = if args.bundle {
            destination::FRONT.into()
        } else {
            page.file_name().unwrap_or_default().to_string_lossy()
        };
        PagePaths::of(&front)
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
    Ok(ReportPlan { options, bundle })
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
fn count(args: &ReportQuery, log: &JobLog) -> Result<usize, LogError> {
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

/// Shows a page in a browser, where that is wanted.
pub fn show(args: &ReportQuery, output: &Path, printer: &Printer) {
    if args.open
        && let Err(why) = open(output)
    {
        printer.warn(format_args!(
            "no browser was opened ({}); open {} yourself",
            escape(&why),
            escape(&output.display().to_string())
        ));
    }
}

/// The error says what is missing.
fn open(page: &Path) -> Result<(), String> {
    let page = std::path::absolute(page).map_err(|error| error.to_string())?;
    let mut command = command(&page);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} ended with {status}")),
        Err(error) => Err(format!("{program} cannot be started: {error}")),
    }
}

#[cfg(target_os = "macos")]
fn command(page: &Path) -> Command {
    let mut command = Command::new("open");
    command.arg(page);
    command
}

#[cfg(windows)]
fn command(page: &Path) -> Command {
    // Takes the path as it is, unlike a command line of cmd.
    let mut command = Command::new("rundll32");
    command.arg("url.dll,FileProtocolHandler").arg(page);
    command
}

#[cfg(all(unix, not(target_os = "macos")))]
fn command(page: &Path) -> Command {
    let mut command = Command::new("xdg-open");
    command.arg(page);
    command
}
