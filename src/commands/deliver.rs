//! What `download` and `publish` share: fresh links, the wish to stop, what failures mean.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use etcetera::BaseStrategy;
use tokio::sync::OnceCell;

use super::failure;
use super::filter::Filters;
use super::open::{self, Api};
use crate::cli::When as WhenArg;
use crate::commands::finish;
use crate::commands::observe::observer;
use crate::engine::delivery::address::system_lookup;
use crate::engine::delivery::bucket::Bucket;
use crate::engine::delivery::client::{Client, TimeOuts};
use crate::engine::delivery::plan;
use crate::engine::delivery::plan::{Delivery, When};
use crate::engine::delivery::{Event, Failure as Missed, FailureKind, Refresh, RefreshError};
use crate::engine::observe::Ingested;
use crate::exit::{Code, Ending, Failure};
use crate::jobs::{GenerationId, JobState, JobView, Observation, Via};
use crate::journal::Writer;
use crate::output::{self, Commands, Printer, Progress};
use crate::sandbox::Sandbox;
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{BaseUrl, PollOutcome};

/// Asks the vendor for fresh links, and only then needs the key.
pub struct Links<'a> {
    /// The log.
    pub writer: &'a Writer,
    /// Where the API is.
    pub settings: &'a Settings,
    api: OnceCell<Api>,
    /// What the vendor reported when it refused the key: it need not be asked again for every clip.
    denied: OnceLock<String>,
}

impl<'a> Links<'a> {
    /// No one asked yet.
    pub fn new(writer: &'a Writer, settings: &'a Settings) -> Self {
        Self {
            writer,
            settings,
            api: OnceCell::new(),
            denied: OnceLock::new(),
        }
    }

    async fn api(&self) -> Result<&Api, Failure> {
        let open = || async {
            let api = Api::open(self.settings).await?;
            open::check_mixing(self.writer, self.settings, &api.base)?;
            Ok(api)
        };
        self.api.get_or_try_init(open).await
    }

    /// Under `--sandbox` the stand-in of this command has the clips.
    pub async fn at_hand(&self, deliveries: &mut [Delivery]) -> Result<(), Failure> {
        if !self.settings.sandbox {
            return Ok(());
        }
        for delivery in deliveries {
            if let Some(url) = delivery.output_url.take() {
                delivery.output_url = Some(self.here(url).await?);
            }
        }
        Ok(())
    }

    /// Where the sandbox is that stands in for the shop, too: inside this command, or listening on
    /// this computer.
    pub async fn shop_stand_in(&self) -> Result<Option<String>, Failure> {
        let is_here = |url: &str| BaseUrl::parse(url).is_ok_and(|base| base.is_loopback());
        match &self.settings.base_url.value {
            _ if self.settings.sandbox => {
                let api = self.api().await?;
                Ok(api.stand_in.as_ref().map(Sandbox::base_url))
            }
            Some(url) if is_here(url) => Ok(Some(url.clone())),
            _ => Ok(None),
        }
    }

    async fn here(&self, url: String) -> Result<String, Failure> {
        Ok(self.api().await?.here(&url))
    }

    async fn ask(&self, delivery: &Delivery) -> Result<Option<String>, RefreshError> {
        if let Some(refusal) = self.denied.get() {
            return Err(unasked(FailureKind::Refused, refusal.as_str()));
        }
        let api = self.api().await.map_err(|error| {
            let why = match error.next_step() {
                Some(step) => format!("{error}; {step}"),
                None => error.to_string(),
            };
            let kind = match error.code() {
                Code::Config => FailureKind::Setup,
                Code::Io => FailureKind::Disk,
                _ => FailureKind::MayHelp,
            };
            unasked(kind, why)
        })?;
        let id = delivery
            .generation_id
            .as_deref()
            .and_then(GenerationId::parse);
        let Some(id) = id else {
            let why = "the log has no generation id to ask for";
            return Err(unasked(FailureKind::ForGood, why));
        };
        let endpoint = if delivery.is_voice {
            crate::vendor::Endpoint::Voice
        } else {
            crate::vendor::Endpoint::Video
        };
        let (status, facts) = match api.client.poll(endpoint, &id).await {
            PollOutcome::Seen { status, body } => (status, body.payload().facts().into_owned()),
            PollOutcome::Trouble { error, .. } => {
                return Err(unasked(FailureKind::MayHelp, error));
            }
            PollOutcome::Denied { error, .. } => {
                let refusal = format!("the vendor refused the key ({error})");
                return Err(unasked(
                    FailureKind::Refused,
                    self.denied.get_or_init(|| refusal).as_str(),
                ));
            }
        };
        let fresh = facts.output_url.clone().map(|url| url.0.into_owned());
        let observer = observer(self.writer, self.settings);
        let seen = Observation {
            id,
            status,
            facts,
            via: Via::Poll,
            correlation: None,
        };
        let disk = |why: String| unasked(FailureKind::Disk, why);
        let learned = observer.decide(&seen).map_err(|e| disk(e.to_string()))?;
        if let Ingested::New { line, .. } = learned {
            let appended = self.writer.append(&line).await;
            appended.map_err(|e| disk(e.to_string()))?;
        }
        match fresh {
            Some(url) => match self.here(url).await {
                Ok(url) => Ok(Some(url)),
                Err(error) => Err(unasked(FailureKind::Setup, error.to_string())),
            },
            None => Ok(None),
        }
    }
}

impl Refresh for Links<'_> {
    async fn fresh_url(&self, delivery: &Delivery) -> Result<Option<String>, RefreshError> {
        self.ask(delivery).await
    }
}

fn unasked(kind: FailureKind, why: impl Into<String>) -> RefreshError {
    RefreshError {
        kind,
        why: why.into(),
    }
}

/// Fetches clips, and calls shops.
pub fn client(settings: &Settings) -> Client {
    let time_outs = TimeOuts {
        connect: settings.network.connect_timeout,
        idle: settings.network.request_timeout,
    };
    Client::new(time_outs, system_lookup())
}

/// Under `--sandbox` only a rehearsal's log is worked on: its clips are the stand-in's.
pub fn check_rehearsal(writer: &Writer, settings: &Settings) -> Result<(), Failure> {
    if writer.ledger().check_mixing(true, true).is_err() && settings.sandbox {
        return Err(Failure::config(format!(
            "{} holds live jobs, and --sandbox is for rehearsals; nothing was sent",
            writer.name().display()
        ))
        .help("leave --sandbox out, or leave the log's name out"));
    }
    Ok(())
}

/// Warns of a column that no job has, when nothing was chosen.
pub fn warn_of_filters(
    filters: &Filters,
    deliveries: &[Delivery],
    writer: &Writer,
    printer: &Printer,
) {
    if deliveries.iter().any(|delivery| delivery.is_chosen) {
        return;
    }
    let views = deliveries.iter().map(|delivery| writer.view(delivery.job));
    open::warn_of_filters(
        filters,
        views.filter_map(|view| view.ok().flatten()),
        printer,
    );
}

/// `--when` as typed.
pub fn when(arg: Option<WhenArg>) -> When {
    match arg {
        Some(WhenArg::Complete) => When::Complete,
        None => When::default(),
    }
}

/// Shows events on the bar.
pub fn show(event: &Event, progress: &Progress, printer: &Printer, done: output::Event) {
    match event {
        Event::Started { .. } => {}
        Event::Received { bytes, .. } => progress.bytes(*bytes),
        Event::Waiting { job, why, wait } => {
            progress.suspend(|| {
                printer.detail(format_args!(
                    "job {job}: {}; again in {}",
                    escape(why),
                    output::words::duration(wait.as_secs())
                ));
            });
        }
        Event::Done { .. } => progress.end(done),
        Event::Failed { .. } => progress.end(output::Event::Failed),
    }
}

/// Reports each failure, and what they mean for the run's end.
pub fn ending(failures: &[Missed], disk_failed: bool, printer: &Printer) -> Ending {
    let mut ending = Ending::default();
    ending.note_if(disk_failed, Code::Io);
    for failure in failures {
        printer.warn(format_args!(
            "{} (job {}): {}",
            escape(&failure.owner),
            failure.job,
            escape(&failure.message)
        ));
        ending.note(match failure.kind {
            FailureKind::MayHelp => Code::Temporary,
            FailureKind::ForGood => Code::Failed,
            FailureKind::Setup => Code::Config,
            FailureKind::Refused => Code::Refused,
            FailureKind::Disk => Code::Io,
        });
    }
    ending
}

/// What the covered jobs, as they stand, put on the run's end.
pub fn ending_of_covered(
    writer: &Writer,
    covered: impl Fn(&JobView) -> bool,
    is_all: bool,
) -> Result<Ending, Failure> {
    if is_all {
        return Ok(finish::ending_of_jobs(writer.ledger().jobs()));
    }
    let keys: Vec<_> = writer.ledger().jobs().map(|job| job.key).collect();
    let mut states: Vec<JobState> = Vec::new();
    for key in keys {
        let view = writer.view(key).map_err(failure::of_log)?;
        states.extend(view.filter(&covered).map(|view| view.state));
    }
    Ok(finish::ending_of_jobs(states.iter()))
}

/// Why a run that failed at no clip does not end with 0: there are clips that it cannot have yet.
pub fn unready<T>(others: Ending, failures: &[T], commands: &Commands) -> Option<String> {
    let is_why = failures.is_empty() && others.code() != Code::Success;
    is_why.then(|| {
        let status = commands.on_log("status", "");
        format!("some clips are not ready; `{status}` shows why")
    })
}

/// The bucket that `dir` names, where it is not a folder.
pub fn bucket_of(dir: &str) -> Result<Option<Bucket>, Failure> {
    if !plan::is_address(dir) {
        return Ok(None);
    }
    Bucket::open(dir).map(Some).map_err(|error| {
        Failure::config(error.why).help("nothing was sent; `creativeai help download` has examples")
    })
}

/// A clip that was fetched into another folder than `dir`, and is there.
pub fn elsewhere(deliveries: &[Delivery], writer: &Writer, dir: &Path) -> Option<PathBuf> {
    let folder = writer.folder();
    deliveries
        .iter()
        .filter(|delivery| delivery.is_completed && delivery.is_chosen)
        .filter_map(|delivery| Some(delivery.saved.as_ref()?.path(&folder)))
        .find(|path| !path.starts_with(dir) && path.is_file())
}

/// Where clips wait on their way to a bucket: beside the log, or where it is in a database, among what
/// can be made again.
pub fn waiting_room(writer: &Writer) -> PathBuf {
    let base = etcetera::choose_base_strategy().ok();
    let cache = base.filter(|_| writer.is_shared());
    cache.map_or_else(
        || writer.folder(),
        |base| base.cache_dir().join("creativeai").join("clips"),
    )
}

/// What is left to other computers, as a part of a sentence.
pub fn left(count: usize, verb: &str) -> Option<String> {
    (count > 0).then(|| {
        format!(
            "{count} being {verb} by other computers: run it again to see what has become of {}",
            if count == 1 { "it" } else { "them" }
        )
    })
}
