//! What `download` and `publish` share: the API on demand, clients, what failures mean.

use tokio::sync::OnceCell;

use super::api::Api;
use super::open;
use crate::cli::When as WhenArg;
use crate::commands::finish;
use crate::commands::observe::observer;
use crate::engine::delivery::address::system_lookup;
use crate::engine::delivery::client::{Client, TimeOuts};
use crate::engine::delivery::plan::{Delivery, When};
use crate::engine::delivery::{EXEC_TARGET, ExecOptions};
use crate::engine::delivery::{Failure as Missed, FailureKind, Links, OnDemand, RefreshError};
use crate::engine::filter::Filters;
use crate::engine::round::Done;
use crate::exit::{Code, Ending, Failure};
use crate::jobs::JobState;
use crate::journal::Writer;
use crate::output::{Commands, Printer, delivery, failure};
use crate::sandbox::Sandbox;
use crate::settings::Settings;
use crate::vendor;

/// How clips are passed to a command; `target` is the receiver's name in the log.
pub fn exec_options(command: &str, target: Option<&str>, settings: &Settings) -> ExecOptions {
    ExecOptions {
        command: command.to_owned(),
        target: target.unwrap_or(EXEC_TARGET).to_owned(),
        concurrency: usize::from(settings.publish.concurrency),
        time_out: settings.publish.exec_timeout,
        dry_run: false,
    }
}

/// The API, opened once it is needed, and only then with the key.
pub struct ApiOnDemand<'a> {
    writer: &'a Writer,
    settings: &'a Settings,
    api: OnceCell<Api>,
}

impl<'a> ApiOnDemand<'a> {
    /// Not opened yet.
    pub fn new(writer: &'a Writer, settings: &'a Settings) -> Self {
        Self {
            writer,
            settings,
            api: OnceCell::new(),
        }
    }

    /// Asks it for fresh links.
    pub fn links(&self) -> Links<'_, Self> {
        Links::new(self, observer(self.writer, self.settings))
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
        let has_links = deliveries.iter().any(|one| one.output_url.is_some());
        if !self.settings.sandbox || !has_links {
            return Ok(());
        }
        let api = self.api().await?;
        for delivery in deliveries {
            delivery.output_url = delivery.output_url.take().map(|url| api.here(&url));
        }
        Ok(())
    }

    /// Where the sandbox is that stands in for the shop, too: inside this command, or listening on
    /// this computer.
    pub async fn shop_stand_in(&self) -> Result<Option<String>, Failure> {
        if self.settings.sandbox {
            let api = self.api().await?;
            return Ok(api.stand_in.as_ref().map(Sandbox::base_url));
        }
        let url = self.settings.base_url.value.clone();
        Ok(url.filter(|_| self.settings.calls_this_computer()))
    }
}

impl OnDemand for ApiOnDemand<'_> {
    async fn client(&self) -> Result<&vendor::Client, RefreshError> {
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
            RefreshError::new(kind, why)
        })?;
        Ok(&api.client)
    }

    async fn here(&self, url: String) -> Result<String, RefreshError> {
        let api = self.api().await;
        let api = api.map_err(|e| RefreshError::new(FailureKind::Setup, e.to_string()))?;
        Ok(api.here(&url))
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

/// What a failure puts on the run's end.
pub fn code_of(kind: FailureKind) -> Code {
    match kind {
        FailureKind::MayHelp => Code::Temporary,
        FailureKind::ForGood => Code::Failed,
        FailureKind::Setup => Code::Config,
        FailureKind::Refused => Code::Refused,
        FailureKind::Disk => Code::Io,
    }
}

/// How a delivery has ended.
pub struct End {
    /// With how the jobs that it covers stand.
    pub code: Code,
    /// Without.
    pub done: Done,
    /// Why a run that failed at no clip does not end with 0: there are clips that it cannot have yet.
    pub unready: Option<String>,
}

/// Reports each failure, and puts together how a delivery of `clips` ended. `own` is what it met
/// beside its failures; `filters` say which jobs count, unless it was a dry run.
pub fn end(
    clips: usize,
    failures: &[Missed],
    mut own: Ending,
    filters: Option<&Filters>,
    writer: &Writer,
    commands: &Commands,
    printer: &Printer,
) -> Result<End, Failure> {
    for failure in failures {
        delivery::warn_of(failure, printer);
        own.note(code_of(failure.kind));
    }
    let others = match filters {
        Some(filters) => ending_of_covered(writer, filters)?,
        None => Ending::default(),
    };
    let is_unready = failures.is_empty() && others.code() != Code::Success;
    let mut ending = own;
    ending.join(others);
    Ok(End {
        code: ending.code(),
        done: Done {
            own,
            clips: clips as u64,
        },
        unready: is_unready.then(|| {
            let status = commands.on_log("status", "");
            format!("some clips are not ready; `{status}` shows why")
        }),
    })
}

/// What the covered jobs, as they stand, put on the run's end.
fn ending_of_covered(writer: &Writer, filters: &Filters) -> Result<Ending, Failure> {
    if filters.is_empty() {
        return Ok(finish::ending_of_jobs(writer.ledger().jobs()));
    }
    let keys: Vec<_> = writer.ledger().jobs().map(|job| job.key).collect();
    let mut states: Vec<JobState> = Vec::new();
    for key in keys {
        let view = writer.view(key).map_err(failure::of_log)?;
        states.extend(
            view.filter(|view| filters.matches(view))
                .map(|view| view.state),
        );
    }
    Ok(finish::ending_of_jobs(states.iter()))
}
