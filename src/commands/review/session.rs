//! The log of clips that are looked at: read, shown, and verdicts written down.

use std::path::{Path, PathBuf};

use crate::commands::report;
use crate::engine::delivery::facts::Delivery;
use crate::engine::filter::Filters;
use crate::engine::review::{self, ClipReview, ReviewError};
use crate::exit::Failure;
use crate::jobs::{JobKey, JobView};
use crate::journal::{JobLog, Writer};
use crate::output::report::{Files, ReportOptions, ReviewPage, review_policy};
use crate::output::{Commands, Printer, damage, failure};
use crate::review::Answer;
use crate::settings::Settings;
use crate::{clock, disk};

/// Reads a log to look at it, and says what is wrong with it.
pub fn read_log(path: &Path, settings: &Settings, printer: &Printer) -> Result<JobLog, Failure> {
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    failure::warn_of_mismatch(&log, printer);
    damage::warn_of_damage(log.damage(), path, printer);
    Ok(log)
}

/// Writes verdicts down; how many were new. `next` is the step where the disk is full.
pub fn write_down(verdicts: &[ClipReview], writer: &Writer, next: &str) -> Result<usize, Failure> {
    let by = disk::user_and_host();
    review::write_down(verdicts, writer, &by, writer.now()).map_err(|error| match error {
        ReviewError::Read(error) => failure::of_log(error),
        ReviewError::Write(error) => failure::of_append(&error, next),
    })
}

/// The clips of a log. It is read for each question.
pub struct ReviewSession<'a> {
    pub path: &'a Path,
    pub filters: &'a Filters,
    pub settings: &'a Settings,
    pub commands: Commands,
}

impl ReviewSession<'_> {
    pub fn read(&self) -> Result<JobLog, Failure> {
        JobLog::read(self.path, self.settings.ledger()).map_err(failure::of_log)
    }

    /// The page, with what there is to look at.
    pub fn page(&self) -> anyhow::Result<Answer> {
        let log = self.read()?;
        let options = self.options(&log);
        let mut page = ReviewPage::new(&options);
        for view in log.views() {
            let view = view.map_err(failure::of_log)?;
            if self.filters.matches(&view) {
                page.add(&view, || file_of(&view, &options).is_some());
            }
        }
        let mut html = Vec::new();
        page.write(&mut html)?;
        let policy = review_policy();
        Ok(Answer::Page { html, policy })
    }

    fn options(&self, log: &JobLog) -> ReportOptions {
        ReportOptions {
            source: report::source_of(log),
            files: Files::Anywhere,
            split: None,
            wording: None,
            clip_folders: report::clip_folders(log),
            commands: self.commands.clone(),
            rates: self.settings.rates.clone(),
            now: clock::now(),
            unreadable: 0,
        }
    }

    /// The clip of that attempt.
    pub fn clip(&self, job: JobKey, attempt: u32) -> anyhow::Result<Answer> {
        let log = self.read()?;
        let options = self.options(&log);
        let view = log.view(job).map_err(failure::of_log)?;
        let view = view.filter(|view| view.state.effective().number == attempt);
        let file = view.and_then(|view| file_of(&view, &options));
        Ok(file.map_or(Answer::Missing, Answer::File))
    }
}

/// The job's clip on this computer, where `download` has put it.
fn file_of(view: &JobView, options: &ReportOptions) -> Option<PathBuf> {
    let saved = Delivery::of(view, true).saved?;
    let folders = options
        .clip_folders
        .iter()
        .filter(|_| !saved.is_in_bucket());
    let mut files = folders.map(|folder| saved.path(folder));
    files.find(|path| path.is_file())
}
