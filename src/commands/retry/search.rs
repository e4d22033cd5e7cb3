//! The attempts that `retry` makes: new ones for jobs that may get one, or those in doubt again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::cli::{Retry, RetryArgs};
use crate::commands::failure;
use crate::commands::inputs::{Inputs, manifest_failure};
use crate::commands::open;
use crate::commands::submit::conditions;
use crate::engine::dispatch::Attempt;
use crate::exit::Failure;
use crate::jobs::{
    AttemptView, Bar, Clip, Credits, JobKey, JobState, JobView, Ledger, Order, Status,
};
use crate::journal::{JobLog, Writer};
use crate::manifest::{LocalPhoto, RowFault};
use crate::output::{Commands, Printer, words};
use crate::settings::Settings;
use crate::text::{escape, suggest};
use crate::vendor::{Endpoint, correlated, recorrelated, request_body, with_photo, with_prompt};

/// The attempts to be made.
pub fn find<'a>(
    args: &'a RetryArgs,
    settings: &'a Settings,
    log: Log<'a>,
    printer: &Printer,
    commands: &Commands,
) -> anyhow::Result<Found<'a>> {
    let (clips, photos) = read_clips(args, settings)?;
    let search = Search {
        args,
        settings,
        log,
        clips,
    };
    search.refuse_unknown_names(commands)?;
    let (wanted, exhausted) = match args.which.choice() {
        Retry::Failed => search.new_attempts(JobState::may_be_retried, printer)?,
        Retry::Rejected => search.new_attempts(JobState::may_be_replaced, printer)?,
        Retry::Unknown => (search.unknown(printer, commands)?, 0),
    };
    if exhausted > 0 {
        let text = format!(
            "{} {} left alone after {}: nothing more was sent; --max-attempts N allows more",
            words::count(exhausted, "job"),
            if exhausted == 1 { "is" } else { "are" },
            words::count(u64::from(settings.max_attempts), "attempt"),
        );
        if printer.is_step() {
            // A round says it once, when the last attempt has failed.
            printer.detail(text);
        } else {
            printer.warn(text);
        }
    }
    Ok(Found {
        wanted,
        photos,
        search,
    })
}

/// The log, as far as a search needs it: a dry run only reads, and so needs no lock.
#[derive(Clone, Copy)]
pub enum Log<'a> {
    Written(&'a Writer),
    Read(&'a JobLog),
}

impl Log<'_> {
    fn keys(self, wanted: impl Fn(&JobState) -> bool) -> Vec<JobKey> {
        let keys = |ledger: &Ledger| {
            let jobs = ledger.jobs().filter(|job| wanted(job));
            jobs.map(|job| job.key).collect()
        };
        match self {
            Self::Written(writer) => keys(&writer.ledger()),
            Self::Read(log) => keys(log.ledger()),
        }
    }

    fn view(self, key: JobKey) -> Result<Option<JobView>, Failure> {
        let view = match self {
            Self::Written(writer) => writer.view(key),
            Self::Read(log) => log.view(key),
        };
        view.map_err(failure::of_log)
    }
}

/// Clips of a manifest by listing or SKU, for logs that hold no requests.
type Clips = HashMap<String, Vec<(Clip, Option<String>)>>;

/// An attempt that is to be made. Of many, what is decided is held, and not what was read for that.
#[derive(Clone, Copy, Serialize)]
pub struct Wanted {
    pub job: JobKey,
    #[serde(rename = "attempt")]
    pub number: u32,
    /// What it is expected to cost.
    #[serde(rename = "credits_estimated")]
    pub estimate: Credits,
    #[serde(skip)]
    resend: bool,
}

impl Wanted {
    pub fn of(attempt: &Attempt) -> Self {
        Self {
            job: attempt.job,
            number: attempt.number,
            estimate: attempt.estimate(),
            resend: attempt.resend,
        }
    }

    /// What it adds to what is reserved: a repeated one is reserved for already.
    pub fn more(&self) -> Credits {
        if self.resend {
            Credits::ZERO
        } else {
            self.estimate
        }
    }
}

/// The attempts to be made, and the photos on this computer that a manifest names.
pub struct Found<'a> {
    pub wanted: Vec<Wanted>,
    pub photos: Vec<Arc<LocalPhoto>>,
    search: Search<'a>,
}

impl Found<'_> {
    /// An attempt with all that is sent and kept of it, read from the log once more.
    pub fn attempt(&self, wanted: &Wanted) -> Result<Option<Attempt>, Failure> {
        let search = &self.search;
        let Some(view) = search.log.view(wanted.job)? else {
            return Ok(None);
        };
        if wanted.resend {
            return Ok(search.repeated(&view, wanted.number));
        }
        search.new_attempt(&view, wanted.number)
    }

    /// All of them, for a few.
    pub fn attempts(&self) -> Result<Vec<Attempt>, Failure> {
        let made = self.wanted.iter().map(|wanted| self.attempt(wanted));
        made.filter_map(Result::transpose).collect()
    }
}

fn read_clips(
    args: &RetryArgs,
    settings: &Settings,
) -> anyhow::Result<(Clips, Vec<Arc<LocalPhoto>>)> {
    let (mut clips, mut photos) = (Clips::new(), Vec::new());
    if args.manifest.is_empty() {
        return Ok((clips, photos));
    }
    let inputs = Inputs::fetch_now(&args.manifest, settings)?;
    let mut manifest = inputs.open(&args.reading, settings, conditions(&args.manifest_where))?;
    for row in manifest.rows().map_err(manifest_failure)? {
        match row {
            Ok(row) if row.is_left_out => {}
            Ok(row) => {
                photos.extend(row.photo_file);
                let clips = clips.entry(row.id).or_default();
                clips.push((row.clip, row.webhook_url));
            }
            Err(RowFault::Broken(error)) => return Err(manifest_failure(error).into()),
            Err(fault @ RowFault::Problems(_)) => {
                return Err(Failure::data(fault.to_string())
                    .help("correct the row and run the same command again; nothing was sent")
                    .into());
            }
        }
    }
    Ok((clips, photos))
}

/// Finds the attempts to be made.
struct Search<'a> {
    args: &'a RetryArgs,
    settings: &'a Settings,
    log: Log<'a>,
    clips: Clips,
}

impl Search<'_> {
    /// Refuses an --id that no job has: what was meant would stay as it is, and no one would know.
    fn refuse_unknown_names(&self, commands: &Commands) -> Result<(), Failure> {
        let mut missing: Vec<&String> = self.args.id.iter().collect();
        let mut known = BTreeSet::new();
        let keys = if missing.is_empty() {
            Vec::new()
        } else {
            self.log.keys(|_| true)
        };
        for key in keys {
            let Some(view) = self.log.view(key)? else {
                continue;
            };
            let id = view.id().map(|(_, id)| id.to_owned());
            missing.retain(|name| **name != key.to_string() && id.as_ref() != Some(*name));
            if missing.is_empty() {
                break;
            }
            known.extend(id);
        }
        let Some(name) = missing.first() else {
            return Ok(());
        };
        let near = suggest::nearest(name, known.iter().map(String::as_str));
        let failure = Failure::usage(format!(
            "no job, listing or SKU in the log is called {}; nothing was sent",
            escape(name)
        ));
        Err(match near {
            Some(near) => failure.help(format!("did you mean {}?", escape(near))),
            None => failure.help(format!("`{}` lists them", commands.on_log("status", ""))),
        })
    }

    /// New attempts for jobs that may get one, and how many have had all they get.
    fn new_attempts(
        &self,
        may_get_one: fn(&JobState) -> bool,
        printer: &Printer,
    ) -> Result<(Vec<Wanted>, u64), Failure> {
        let mut exhausted = 0;
        let mut requestless = Vec::new();
        let mut attempts = Vec::new();
        let wanted = |job: &JobState| job.is_counted() && may_get_one(job);
        if !self.args.id.is_empty() {
            self.report_barred(printer, |job| !wanted(job))?;
        }
        self.for_each_view(wanted, printer, |view| {
            if view.state.attempts().count() as u32 >= self.settings.max_attempts {
                exhausted += 1;
                return Ok(());
            }
            match self.new_attempt(view, view.state.newest().number + 1)? {
                Some(attempt) => attempts.push(Wanted::of(&attempt)),
                None => requestless.push(
                    view.id()
                        .map_or_else(|| view.key().to_string(), |(_, id)| escape(id).into_owned()),
                ),
            }
            Ok(())
        })?;
        self.report_requestless(&requestless, printer);
        Ok((attempts, exhausted))
    }

    /// The attempts in doubt, to be sent again as they were.
    fn unknown(&self, printer: &Printer, commands: &Commands) -> Result<Vec<Wanted>, Failure> {
        let mut requestless = Vec::new();
        let mut attempts = Vec::new();
        let in_doubt = |job: &JobState| job.is_counted() && job.may_be_resent();
        self.report_barred(printer, |job| {
            let has_doubt = || job.attempts().any(|a| a.status() == Status::Unknown);
            job.is_counted() && has_doubt() && !job.may_be_resent()
        })?;
        self.for_each_view(in_doubt, printer, |view| {
            let doubts = view.state.attempts();
            for state in doubts.filter(|a| a.status() == Status::Unknown) {
                match self.repeated(view, state.number) {
                    Some(attempt) => attempts.push(Wanted::of(&attempt)),
                    None => requestless.push(
                        view.id()
                            .map_or_else(|| view.key().to_string(), |(_, id)| id.to_owned()),
                    ),
                }
            }
            Ok(())
        })?;
        if !requestless.is_empty() {
            printer.warn(format_args!(
                "the log does not hold what was sent for {}; `{}` shows how to settle {}",
                escape(&requestless.join(", ")),
                commands.on_log("status", ""),
                if requestless.len() == 1 { "it" } else { "them" },
            ));
        }
        Ok(attempts)
    }

    /// Says why nothing is sent for jobs of these that --id and --where let through.
    fn report_barred(
        &self,
        printer: &Printer,
        barred: impl Fn(&JobState) -> bool,
    ) -> Result<(), Failure> {
        let filter = open::filters(&self.args.filter);
        for key in self.log.keys(barred) {
            let Some(view) = self.log.view(key)? else {
                continue;
            };
            if !filter.matches(&view) || !self.is_named(&view) {
                continue;
            }
            let why = match view.state.bar() {
                _ if view.state.is_superseded() => "an edited row replaced it",
                Some(Bar::InDoubt) if view.state.has_attempt_under_way() => Bar::UnderWay.as_str(),
                Some(bar) => bar.as_str(),
                None => continue,
            };
            let id = view
                .id()
                .map_or_else(String::new, |(_, id)| format!("{} ", escape(id)));
            printer.warn(format_args!("{id}job {key}: nothing is sent, since {why}"));
        }
        Ok(())
    }

    fn report_requestless(&self, ids: &[String], printer: &Printer) {
        if ids.is_empty() {
            return;
        }
        let why = if self.args.manifest.is_empty() {
            "so name the spreadsheet with --manifest FILE for"
        } else {
            "and the manifest has no row, or several, for"
        };
        printer.warn(format_args!(
            "the log does not hold what was sent for {}, {why} {}; nothing was sent for {0}",
            words::count(ids.len() as u64, "job"),
            ids.join(", "),
        ));
    }

    /// Passes on jobs that are `wanted` and that --id and --where let through.
    fn for_each_view(
        &self,
        wanted: impl Fn(&JobState) -> bool,
        printer: &Printer,
        mut each: impl FnMut(&JobView) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let filter = open::filters(&self.args.filter);
        let mut any = false;
        for key in self.log.keys(wanted) {
            let Some(view) = self.log.view(key)? else {
                continue;
            };
            if filter.matches(&view) && self.is_named(&view) {
                any = true;
                each(&view)?;
            }
        }
        if !any {
            let all = self.log.keys(|_| true).into_iter();
            let views = all.filter_map(|key| self.log.view(key).ok().flatten());
            open::warn_of_filters(&filter, views, printer);
        }
        Ok(())
    }

    fn is_named(&self, view: &JobView) -> bool {
        let key = view.key().to_string();
        let id = view.id().map(|(_, id)| id);
        self.args.id.is_empty()
            || self
                .args
                .id
                .iter()
                .any(|name| *name == key || Some(name.as_str()) == id)
    }

    /// An attempt in doubt, as it was.
    fn repeated(&self, view: &JobView, number: u32) -> Option<Attempt> {
        let body = view.attempts.get(&number)?.request.clone()?;
        Some(self.attempt(view, number, body, true))
    }

    fn new_attempt(&self, view: &JobView, number: u32) -> Result<Option<Attempt>, Failure> {
        let logged = view
            .attempts
            .values()
            .rev()
            .find_map(|attempt: &AttemptView| attempt.request.as_ref());
        let body = match logged {
            Some(request) => request.get().to_owned(),
            None => match self.body_from_manifest(view, number)? {
                Some(body) => body,
                None => return Ok(None),
            },
        };
        let body = match view.new_photo() {
            Some(photo) => with_photo(&body, photo).unwrap_or(body),
            None => body,
        };
        let body = match &self.args.new_prompt {
            Some(prompt) => with_prompt(&body, prompt).unwrap_or(body),
            None => body,
        };
        let body = recorrelated(&body, view.key(), number)
            .map_err(|e| Failure::data(format!("job {}: {e}", view.key())))?;
        let body = RawValue::from_string(body)
            .map_err(|e| Failure::data(format!("job {}: its request: {e}", view.key())))?;
        Ok(Some(self.attempt(view, number, body, false)))
    }

    /// The one row of the manifest for a job whose request the log does not hold.
    fn body_from_manifest(&self, view: &JobView, number: u32) -> Result<Option<String>, Failure> {
        let rows = view.id().and_then(|(_, id)| self.clips.get(id));
        let Some([(clip, webhook_url)]) = rows.map(Vec::as_slice) else {
            return Ok(None);
        };
        let webhook_url = webhook_url
            .as_ref()
            .map(|url| correlated(url, view.key(), number))
            .transpose()
            .map_err(|e| Failure::data(format!("job {}: {e}", view.key())))?;
        let style = self.settings.video.duration_style;
        Ok(Some(request_body(clip, webhook_url.as_deref(), style)))
    }

    fn attempt(&self, view: &JobView, number: u32, body: Box<RawValue>, resend: bool) -> Attempt {
        let order = Order {
            variant: view.fields.get("variant").cloned(),
            columns: view
                .carried()
                .map(|(column, value)| (column.to_owned(), value.clone()))
                .collect(),
            line: view.line(),
            credits_estimated: self.settings.rates.of_request(body.get()),
            request: body,
        };
        Attempt {
            job: view.key(),
            number,
            id: view.id().map(|(column, id)| (column, id.to_owned())),
            endpoint: Endpoint::of_request(order.request.get()),
            order,
            replaces: Vec::new(),
            resend,
            sandbox: self.settings.sandbox || view.state.is_sandbox(),
        }
    }
}
