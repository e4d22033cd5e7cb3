//! What `download` and `publish` share: the clips of a log, clients, what failures mean.

use super::finish::ending_of_jobs;
use super::open::{self, OpenLog};
use crate::cli::WhenArg;
use crate::engine::delivery::address::system_lookup;
use crate::engine::delivery::client::{FetchClient, TimeOuts};
use crate::engine::delivery::due::When;
use crate::engine::delivery::exec::filled_in_too_early;
use crate::engine::delivery::facts::{self, Delivery};
use crate::engine::delivery::{DeliveryFailure as Missed, EXEC_TARGET, ExecOptions};
use crate::engine::filter::Filters;
use crate::engine::round::StepOutcome;
use crate::exit::{Code, Ending, Failure};
use crate::jobs::JobState;
use crate::journal::Writer;
use crate::output::{Printer, delivery, failure};
use crate::settings::Settings;

/// How clips are passed to a command; `target` is the receiver's name in the log.
pub fn exec_options(command: &str, target: Option<&str>, settings: &Settings) -> ExecOptions {
    ExecOptions {
        command: command.to_owned(),
        target: target.unwrap_or(EXEC_TARGET).to_owned(),
        concurrency: usize::from(settings.publish.concurrency),
        time_out: settings.publish.exec_timeout,
        approved: settings.publish.approved,
        dry_run: false,
    }
}

/// Fetches clips, and calls shops.
pub fn client(settings: &Settings) -> FetchClient {
    let time_outs = TimeOuts {
        connect: settings.network.connect_timeout,
        idle: settings.network.request_timeout,
    };
    FetchClient::new(time_outs, system_lookup())
}

/// On Windows: a command into which cells of the spreadsheet would be filled before it is read.
pub fn refuse_early_fields(command: &str) -> Result<(), Failure> {
    match filled_in_too_early(command).filter(|_| cfg!(windows)) {
        None => Ok(()),
        Some(name) => Err(Failure::usage(format!(
            "--exec: Windows fills %{name}% in before it reads the command, so that a cell of the \
             spreadsheet could become a command of its own; nothing was published"
        ))
        .help(format!(
            "write !{name}! instead; docs/windows-macos.md also shows it in a batch file"
        ))),
    }
}

/// The clips of a log; those that `filters` choose are marked.
pub fn gather(
    log: &OpenLog<'_>,
    filters: &Filters,
    printer: &Printer,
) -> Result<Vec<Delivery>, Failure> {
    let deliveries = facts::gather(&log.writer, |view| filters.matches(view));
    let deliveries = deliveries.map_err(failure::of_log)?;
    if !deliveries.iter().any(|delivery| delivery.is_chosen) {
        let views = deliveries.iter().map(|one| log.writer.view(one.job));
        open::warn_of_filters(filters, views.flatten().flatten(), printer);
    }
    Ok(deliveries)
}

/// `--when` as typed.
pub fn when(arg: Option<WhenArg>) -> When {
    match arg {
        Some(WhenArg::Complete) => When::Complete,
        None => When::default(),
    }
}

/// How a delivery has ended.
pub struct DeliveryEnd {
    /// With how the jobs that it covers stand.
    pub code: Code,
    /// Without.
    pub done: StepOutcome,
    /// Why a run that failed at no clip does not end with 0: there are clips that it cannot have yet.
    pub unready: Option<String>,
}

/// Reports each failure, and puts together how a delivery of `clips` ended. `own` is what it met
/// beside its failures; `filters` say which jobs count, unless it was a dry run.
pub fn end(
    log: &OpenLog<'_>,
    clips: usize,
    failures: &[Missed],
    mut own: Ending,
    filters: Option<&Filters>,
    printer: &Printer,
) -> Result<DeliveryEnd, Failure> {
    delivery::warn_of_all(failures, printer);
    for failure in failures {
        own.note(delivery::code_of(failure.kind));
    }
    let others = match filters {
        Some(filters) => ending_of_covered(&log.writer, filters)?,
        None => Ending::default(),
    };
    let is_unready = failures.is_empty() && others.code() != Code::Success;
    let mut ending = own;
    ending.join(others);
    Ok(DeliveryEnd {
        code: ending.code(),
        done: StepOutcome {
            own,
            clips: clips as u64,
        },
        unready: is_unready.then(|| {
            let status = log.commands.on_log("status", "");
            format!("some clips are not ready; `{status}` shows why")
        }),
    })
}

/// What the covered jobs, as they stand, put on the run's end.
fn ending_of_covered(writer: &Writer, filters: &Filters) -> Result<Ending, Failure> {
    if filters.is_empty() {
        return Ok(ending_of_jobs(writer.ledger().jobs()));
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
    Ok(ending_of_jobs(states.iter()))
}
