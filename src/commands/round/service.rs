//! Rounds by a schedule, until a signal.

use super::steps::RoundRunner;
use crate::cli::RunArgs;
use crate::commands::runtime::on_one_thread;
use crate::commands::signals;
use crate::engine::round::{NextRound, RoundRemainder, Schedule, serve, sheets};
use crate::engine::stop::Stop;
use crate::exit::{self, Code, Failure};
use crate::output::{Printer, stopped};
use crate::settings::Settings;
use crate::text::escape;

/// Runs rounds until a signal, which the exit code says, as of `listen`.
pub fn run(
    schedule: &Schedule,
    args: &RunArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let stop = Stop::default();
    signals::watch(&stop);
    let notes = printer.without_progress();
    let say = |next: &NextRound<'_>| match next {
        NextRound::Change(path, again) => {
            let absent = if path.exists() {
                ""
            } else {
                ", which is not there yet"
            };
            let again = again.as_ref().map(|at| {
                format!(
                    " what is left is tried again at {};",
                    at.strftime("%H:%M:%S")
                )
            });
            notes.note(format_args!(
                "watching {}{absent};{} stop it with Ctrl-C",
                escape(&path.display().to_string()),
                again.unwrap_or_default()
            ));
        }
        NextRound::At(next) => notes.note(format_args!(
            "the next round begins at {}; stop it with Ctrl-C",
            next.strftime("%Y-%m-%d %H:%M:%S")
        )),
    };
    serve(
        schedule,
        &stop,
        say,
        |wait| {
            on_one_thread(async {
                wait.await;
                Ok(())
            })
        },
        |is_first| round(&of_this_round(args), settings, is_first, printer),
    )?;
    Ok(stopped::ending_of_server(&stop).code())
}

/// What was typed, with the spreadsheets that are there now where only a place for them was named.
fn of_this_round(args: &RunArgs) -> RunArgs {
    let mut args = args.clone();
    if let (true, Some(path)) = (args.manifests.is_empty(), args.watch.as_deref()) {
        args.manifests = sheets(path);
    }
    args
}

/// One of many: the next round is tried after one that fails, but the first shows whether
/// the settings are right at all.
fn round(
    args: &RunArgs,
    settings: &Settings,
    is_first: bool,
    printer: &mut Printer,
) -> anyhow::Result<RoundRemainder> {
    let round = RoundRunner::new(args, settings)
        .map_err(anyhow::Error::from)
        .and_then(|tour| tour.round(printer));
    let (code, left, error) = match round {
        Ok(ended) => (ended.code, ended.left, None),
        Err(error) => match exit::code_of(&error) {
            Code::Temporary => (Code::Temporary, RoundRemainder::Something, Some(error)),
            code => (code, RoundRemainder::Nothing, Some(error)),
        },
    };
    printer.settle(code == Code::Success);
    if is_first && matches!(code, Code::Config | Code::Usage) {
        let why = "the first round could not be made, so no other is waited for";
        return Err(error.unwrap_or_else(|| Failure::new(code, why).into()));
    }
    if let Some(error) = error {
        printer.error(exit::describe(&error, |step| settings.typed.repeat_in(step)).trim_end());
    }
    Ok(left)
}
