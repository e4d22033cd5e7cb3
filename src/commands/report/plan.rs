//! How a page is made, and the files that come along.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::ReportArgs;
use super::place;
use crate::jobs::Rates;
use crate::journal::{JobLog, LogError};
use crate::output::report::{Bundle, Files, MOST_ON_ONE_PAGE, ReportOptions, Split};

/// How the page is made.
pub struct Plan {
    pub options: ReportOptions,
    pub bundle: Option<Arc<Bundle>>,
}

/// How the page of these jobs is made.
pub fn plan(
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
