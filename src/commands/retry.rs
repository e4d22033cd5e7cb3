//! `retry`: new attempts for what failed, or the same attempts again whose outcome is unknown.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::caps;
use super::damage;
use super::failure;
use super::inputs::Inputs;
use super::inputs::manifest_failure;
use super::limits::Limits;
use super::open::{self, Api};
use super::photos;
use super::stopped;
use super::submit::conditions;
use super::{Ended, evidence, on_one_thread};
use crate::cli::{Retry, RetryArgs};
use crate::clock;
use crate::commands::finish;
use crate::commands::sending::Sending;
use crate::engine::cap::{Admission, Cap};
use crate::engine::dispatch::{Attempt, Dispatcher, Event, Tally};
use crate::exit::{Code, Ending, Failure};
use crate::jobs::{
    AttemptView, Bar, Clip, Credits, IdColumn, JobKey, JobState, JobView, Ledger, Order, Status,
};
use crate::journal::{JobLog, Writer};
use crate::manifest::{LocalPhoto, RowFault};
use crate::output::{self, Commands, Printer, Summary, words};
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{Endpoint, correlated, recorrelated, request_body, with_photo, with_prompt};

/// Runs the command.
pub fn run(args: &RetryArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Ended> {
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    if !args.dry_run {
        settings.require_key()?;
    }
    if args.dry_run {
        return dry_run(args, settings, &path, printer).map(Ended::from);
    }
    caps::refuse_on_databases(&path, settings)?;
    let limits = Limits::of_time(settings);
    let writer = open::write_log_to_send(&path, settings, "retry", &limits, printer)?;
    on_one_thread(async {
        damage::settle(&writer, args.accept_damage, settings, printer).await?;
        Ok(())
    })?;
    let commands = open::commands(&path, &writer.ledger(), settings);
    open::refuse_unrecovered(&writer, &path, settings)?;
    let found = find(args, settings, Log::Written(&writer), printer, &commands)?;
    let attempts = &found.attempts;
    if attempts.is_empty() && args.which.choice() == Retry::Unknown {
        printer.note(format_args!(
            "nothing of unknown outcome; for clips that failed: {}",
            commands.on_log("retry", "--failed")
        ));
    }
    if attempts.is_empty() && args.which.choice() == Retry::Rejected {
        printer.note(format_args!(
            "nothing was ordered: no clip that was rejected waits for another; to look at clips: {}",
            commands.on_log("review", "")
        ));
    }
    let charged_before = finish::charged(writer.ledger().jobs());
    let mut summary = Summary::new("retry");
    let mut ending = Ending::default();
    if !attempts.is_empty() {
        writer.check_form().map_err(failure::of_log)?;
        if args.which.choice() != Retry::Failed {
            consent(args, attempts, settings, &writer, printer, &commands)?;
        }
        summary.more.extend(finish::payer(true, settings, printer)?);
        let cap = caps::of_writer(args.max_credits, settings, &writer)?;
        let wanted = attempts.len() as u64;
        let caps = (&cap, args.max_credits);
        let (tally, stopped) =
            on_one_thread(send(found, settings, &writer, printer, caps, &commands))?;
        ending.join(stopped);
        ending.note_if(cap.is_reached(), Code::Decision);
        ending.note_if(tally.later + tally.taken > 0, Code::Temporary);
        caps::warn(&cap, printer);
        summary.submitted = tally.accepted;
        summary.left = wanted.saturating_sub(tally.begun);
        summary.credits_estimated = tally.credits;
    }
    let ledger = writer.ledger();
    finish::finish(
        summary,
        charged_before,
        ledger.jobs(),
        ending,
        settings,
        &commands,
        printer,
    )
}

/// The attempts to be made.
fn find(
    args: &RetryArgs,
    settings: &Settings,
    log: Log<'_>,
    printer: &Printer,
    commands: &Commands,
) -> anyhow::Result<Found> {
    let (clips, photos) = read_clips(args, settings)?;
    let search = Search {
        args,
        settings,
        log,
        clips: &clips,
        printer,
        commands,
    };
    let (attempts, exhausted) = match args.which.choice() {
        Retry::Failed => search.new_attempts(JobState::may_be_retried)?,
        Retry::Rejected => search.new_attempts(JobState::may_be_replaced)?,
        Retry::Unknown => (search.unknown()?, 0),
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
    Ok(Found { attempts, photos })
}

/// The log, as far as a search needs it: a dry run only reads, and so needs no lock.
#[derive(Clone, Copy)]
enum Log<'a> {
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

/// The attempts to be made, and the photos on this computer that a manifest names.
#[derive(Default)]
struct Found {
    attempts: Vec<Attempt>,
    photos: Vec<Arc<LocalPhoto>>,
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
    clips: &'a Clips,
    printer: &'a Printer,
    commands: &'a Commands,
}

impl Search<'_> {
    /// New attempts for jobs that may get one, and how many have had all they get.
    fn new_attempts(
        &self,
        may_get_one: fn(&JobState) -> bool,
    ) -> Result<(Vec<Attempt>, u64), Failure> {
        let mut exhausted = 0;
        let mut requestless = Vec::new();
        let mut attempts = Vec::new();
        let wanted = |job: &JobState| job.is_counted() && may_get_one(job);
        if !self.args.id.is_empty() {
            self.report_barred(|job| !wanted(job))?;
        }
        for view in self.views(wanted)? {
            if view.state.attempts().count() as u32 >= self.settings.max_attempts {
                exhausted += 1;
                continue;
            }
            match self.new_attempt(&view)? {
                Some(attempt) => attempts.push(attempt),
                None => requestless.push(
                    view.id()
                        .map_or_else(|| view.key().to_string(), |(_, id)| escape(id).into_owned()),
                ),
            }
        }
        self.report_requestless(&requestless);
        Ok((attempts, exhausted))
    }

    /// The attempts in doubt, to be sent again as they were.
    fn unknown(&self) -> Result<Vec<Attempt>, Failure> {
        let mut requestless = Vec::new();
        let mut attempts = Vec::new();
        let in_doubt = |job: &JobState| job.is_counted() && job.may_be_resent();
        self.report_barred(|job| {
            let has_doubt = || job.attempts().any(|a| a.status() == Status::Unknown);
            job.is_counted() && has_doubt() && !job.may_be_resent()
        })?;
        for view in self.views(in_doubt)? {
            for state in view
                .state
                .attempts()
                .filter(|a| a.status() == Status::Unknown)
            {
                let known = view.attempts.get(&state.number);
                match known.and_then(|a| Some((a, a.request.as_ref()?))) {
                    Some((_, request)) => {
                        let body = request.clone();
                        attempts.push(self.attempt(&view, state.number, body, true));
                    }
                    None => requestless.push(
                        view.id()
                            .map_or_else(|| view.key().to_string(), |(_, id)| id.to_owned()),
                    ),
                }
            }
        }
        if !requestless.is_empty() {
            self.printer.warn(format_args!(
                "the log does not hold what was sent for {}; `{}` shows how to settle {}",
                escape(&requestless.join(", ")),
                self.commands.on_log("status", ""),
                if requestless.len() == 1 { "it" } else { "them" },
            ));
        }
        Ok(attempts)
    }

    /// Says why nothing is sent for jobs of these that --id and --where let through.
    fn report_barred(&self, barred: impl Fn(&JobState) -> bool) -> Result<(), Failure> {
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
            self.printer
                .warn(format_args!("{id}job {key}: nothing is sent, since {why}"));
        }
        Ok(())
    }

    fn report_requestless(&self, ids: &[String]) {
        if ids.is_empty() {
            return;
        }
        let why = if self.args.manifest.is_empty() {
            "so name the spreadsheet with --manifest FILE for"
        } else {
            "and the manifest has no row, or several, for"
        };
        self.printer.warn(format_args!(
            "the log does not hold what was sent for {}, {why} {}; nothing was sent for {0}",
            words::count(ids.len() as u64, "job"),
            ids.join(", "),
        ));
    }

    /// Jobs that are `wanted` and that --id and --where let through.
    fn views(&self, wanted: impl Fn(&JobState) -> bool) -> Result<Vec<JobView>, Failure> {
        let filter = open::filters(&self.args.filter);
        let mut views = Vec::new();
        for key in self.log.keys(wanted) {
            let Some(view) = self.log.view(key)? else {
                continue;
            };
            if filter.matches(&view) && self.is_named(&view) {
                views.push(view);
            }
        }
        if views.is_empty() {
            let all = self.log.keys(|_| true).into_iter();
            let views = all.filter_map(|key| self.log.view(key).ok().flatten());
            open::warn_of_filters(&filter, views, self.printer);
        }
        Ok(views)
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

    fn new_attempt(&self, view: &JobView) -> Result<Option<Attempt>, Failure> {
        let number = view.state.newest().number + 1;
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

/// Says what sending again may cost, and asks.
fn consent(
    args: &RetryArgs,
    attempts: &[Attempt],
    settings: &Settings,
    writer: &Writer,
    printer: &Printer,
    commands: &Commands,
) -> anyhow::Result<()> {
    if args.yes && printer.voice().quiet {
        return Ok(());
    }
    if args.which.choice() == Retry::Rejected {
        return consent_to_replace(args, attempts, settings, printer, commands);
    }
    let seen = evidence::gather(attempts, writer, settings, commands)?;
    for (attempt, evidence) in attempts.iter().zip(&seen) {
        let view = writer.view(attempt.job).map_err(failure::of_log)?;
        let sought = view.as_ref().map(output::sought).unwrap_or_default();
        printer.say(format_args!(
            "{} (job {}, attempt {})",
            escape(&sought),
            attempt.job,
            attempt.number
        ));
        for line in evidence {
            printer.say(format_args!("    {}", escape(line)));
        }
    }
    let most: Credits = attempts.iter().map(Attempt::estimate).sum();
    printer.say(format_args!(
        "It is not known whether {} accepted. If so, sending {} again may be billed a second time: \
         at most {}.",
        if attempts.len() == 1 {
            "this one was"
        } else {
            "these were"
        },
        words::count(attempts.len() as u64, "job"),
        words::money(&settings.rates, most),
    ));
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "without a terminal to ask on, --yes is required; nothing was sent",
        )
        .help(format!(
            "look at the vendor's dashboard first; then say what you found (`{}` shows how), or \
                 send again: `{}`",
            commands.on_log("status", ""),
            commands.on_log("retry", "--unknown --yes"),
        ))
        .into());
    }
    if printer.confirm("Send again?")? {
        return Ok(());
    }
    Err(Failure::decision("nothing was sent")
        .help(format!(
            "look at the vendor's dashboard and say what you found; `{}` shows how",
            commands.on_log("status", "")
        ))
        .into())
}

/// The same for clips that were rejected: each is certainly billed.
fn consent_to_replace(
    args: &RetryArgs,
    attempts: &[Attempt],
    settings: &Settings,
    printer: &Printer,
    commands: &Commands,
) -> anyhow::Result<()> {
    let most: Credits = attempts.iter().map(Attempt::estimate).sum();
    let prompt = match &args.new_prompt {
        Some(prompt) => format!("with the prompt “{}”", escape(prompt)),
        None => "with the same prompts".to_owned(),
    };
    printer.say(format_args!(
        "{} rejected. Ordering {} again {prompt} is a new bill: {}.",
        if attempts.len() == 1 {
            "1 clip was".to_owned()
        } else {
            words::count(attempts.len() as u64, "clip") + " were"
        },
        if attempts.len() == 1 { "it" } else { "them" },
        words::money(&settings.rates, most),
    ));
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "without a terminal to ask on, --yes is required; nothing was sent",
        )
        .help(format!(
            "to order at that price: `{}`",
            commands.on_log("retry", "--rejected --yes")
        ))
        .into());
    }
    if printer.confirm("Order again?")? {
        return Ok(());
    }
    Err(Failure::decision("nothing was sent")
        .help(format!(
            "`{}` shows the clips, where one can be kept after all",
            commands.on_log("review", "")
        ))
        .into())
}

/// Shows what would be sent. The log is only read.
fn dry_run(
    args: &RetryArgs,
    settings: &Settings,
    path: &Path,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let log = JobLog::read(path, settings.ledger()).map_err(failure::of_log)?;
    failure::warn_of_mismatch(&log, printer);
    damage::refuse(&log, args.accept_damage)?;
    damage::warn(log.ledger(), log.damage(), log.path(), printer);
    let commands = open::commands(path, log.ledger(), settings);
    let attempts = find(args, settings, Log::Read(&log), printer, &commands)?.attempts;
    let credits: Credits = attempts.iter().map(Attempt::estimate).sum();
    let limits = caps::of_log(args.max_credits, settings, Some(&log))?;
    let wanted = attempts.iter().map(|attempt| {
        let job = log.view(attempt.job).ok().flatten();
        (job, more_for(attempt))
    });
    let caps = caps::preview(&limits, wanted);
    if printer.voice().json {
        let mut summary =
            Summary::new("retry").with_states(&output::Tally::of(log.ledger().jobs()));
        summary.dry_run = true;
        summary.credits_estimated = credits;
        let jobs: Vec<Value> = attempts
            .iter()
            .map(
                |a| json!({ "job": a.job, "attempt": a.number, "credits_estimated": a.estimate() }),
            )
            .collect();
        summary.more = Map::from_iter([
            ("new".to_owned(), attempts.len().into()),
            ("jobs".to_owned(), jobs.into()),
        ]);
        if !caps.is_empty() {
            let caps = caps.into_iter().map(|(_, cap)| cap).collect();
            summary.more.insert("caps".to_owned(), caps);
        }
        printer.document(&summary.to_json())?;
        return Ok(Code::Success);
    }
    for attempt in &attempts {
        let id = attempt.id.as_ref().map_or("", |(_, id)| id.as_str());
        writeln!(
            printer.out(),
            "{}  job {}  attempt {}  {}",
            escape(id),
            attempt.job,
            attempt.number,
            words::credits(attempt.estimate())
        )?;
    }
    for (cap, _) in &caps {
        writeln!(printer.out(), "{cap}")?;
    }
    writeln!(
        printer.out(),
        "{} would be sent, {}. Nothing was sent, nothing was written.",
        words::count(attempts.len() as u64, "job"),
        words::money(&settings.rates, credits)
    )?;
    printer.flush()?;
    Ok(Code::Success)
}

/// What an attempt adds to what is reserved: a repeated one is reserved for already.
fn more_for(attempt: &Attempt) -> Credits {
    if attempt.resend {
        Credits::ZERO
    } else {
        attempt.estimate()
    }
}

/// The job of an attempt, with the columns that the log has of it.
fn job_of(attempt: &Attempt, writer: &Writer, settings: &Settings) -> Option<JobView> {
    let known = writer.view(attempt.job).ok().flatten();
    known.or_else(|| attempt.as_job(&settings.rates))
}

async fn send(
    found: Found,
    settings: &Settings,
    writer: &Writer,
    printer: &Printer,
    (cap, most): (&Cap<'_>, Option<Credits>),
    commands: &Commands,
) -> anyhow::Result<(Tally, Ending)> {
    let limits = Limits::watch(settings);
    limits.start_timer();
    let stop = &limits.stop;
    let api = Api::open(settings).await?;
    open::check_mixing(writer, settings, &api.base)?;
    let mut attempts = found.attempts;
    photos::renew(&mut attempts, &found.photos, settings, stop, printer).await?;
    let column = attempts
        .first()
        .and_then(|a| a.id.as_ref())
        .map_or(IdColumn::Sku, |(c, _)| *c);
    let concurrency = settings.network.concurrency_for(column);
    let throttle = open::throttle(settings, concurrency, limits.deadline);
    let reporter = Sending::new(printer, attempts.len() as u64, commands);
    let report_event = |event: Event<'_>| reporter.report(&event);
    let now = clock::now;
    let dispatcher =
        Dispatcher::new(&api.client, writer, &throttle, stop, &now, &report_event).within(most);
    let feed = attempts.into_iter().map_while(|attempt| {
        let job = || job_of(&attempt, writer, settings);
        match cap.admits(more_for(&attempt), &dispatcher.tally(), job) {
            Admission::Granted => Some(Some(attempt)),
            Admission::Held => Some(None),
            Admission::Over => None,
        }
    });
    let feed = feed.flatten();
    let tally = dispatcher.run(feed, concurrency).await;
    reporter.finish();
    open::look_at_others(writer, printer).await;
    Ok((tally, stopped::ending_of(stop, printer, commands)))
}
