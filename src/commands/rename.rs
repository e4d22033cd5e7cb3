//! `rename`: a listing, a SKU or a photo goes by another name. Only a line is written; nothing is
//! ordered.

use serde_json::Value;

use super::consent::{NoConsent, ask};
use super::inputs::Inputs;
use super::limits::Limits;
use super::open::OpenLog;
use crate::cli::RenameArgs;
use crate::disk;
use crate::engine::rename::{ManifestNames, RenameError, Renaming, taken, write_down};
use crate::exit::{Code, Failure};
use crate::journal::{DecisionError, Writer};
use crate::output::{Commands, Printer, failure, mistakes, rename, words};
use crate::settings::Settings;
use crate::text::escape;

pub fn run(args: &RenameArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let inputs = Inputs::fetch_now(&args.from_manifest, settings)?;
    let path = inputs.log(args.jobs.as_deref(), settings)?;
    let limits = Limits::of_time(settings);
    let log = OpenLog::existing(path, "rename", limits, settings, printer)?;
    let (writer, commands) = (&log.writer, &log.commands);
    let is_of_manifest = !args.from_manifest.is_empty();
    let mut invalid_rows = Vec::new();
    let renamings = match (&args.old, &args.new) {
        _ if is_of_manifest => {
            let mut manifest = inputs.open(&args.sheet.reading, settings, &args.rows)?;
            let found = Renaming::of_manifest(&mut manifest, &settings.rates, writer);
            let found = found.map_err(failure::of_plan)?;
            rename::warn_unclear(&found.unclear, commands, printer);
            invalid_rows = report_invalid(&found, &inputs, printer);
            found.renamings
        }
        (Some(old), Some(new)) => Renaming::named(old.trim(), new.trim(), writer)
            .map_err(|error| of_rename(error, commands))?,
        _ => return Err(Failure::usage("name what is to be renamed, and its new name").into()),
    };
    if is_of_manifest && !renamings.is_empty() {
        consent(args, &renamings, printer)?;
    } else if !args.yes {
        refuse_taken(&renamings, writer, commands)?;
    }
    let by = disk::user_and_host();
    let apart = !args.yes;
    write_down(&renamings, apart, writer, &by, settings.sandbox).map_err(of_unsettled)?;
    let code = if renamings.is_empty() && !invalid_rows.is_empty() {
        Code::Data
    } else {
        Code::Success
    };
    printer.result(
        || rename::to_json(&renamings, &invalid_rows, code.number()),
        || rename::sentence(&renamings, &inputs.names()),
    )?;
    Ok(code)
}

/// Reports rows with mistakes, which are left out. Gives the mistakes for the JSON document.
fn report_invalid(found: &ManifestNames, inputs: &Inputs, printer: &Printer) -> Vec<Value> {
    for problem in found.problems.iter().take(mistakes::MOST_PROBLEMS) {
        printer.warn(problem);
    }
    if found.invalid > 0 {
        printer.warn(format_args!(
            "{} of {} with mistakes left out: what was ordered for {} keeps its name. Correct {}, then \
             run the same command again",
            words::count(found.invalid, "row"),
            escape(&inputs.names().join(", ")),
            words::choose(found.invalid, "it", "them"),
            words::choose(found.invalid, "it", "them"),
        ));
    }
    found.problems.iter().map(mistakes::to_json).collect()
}

/// Why nothing is renamed, as the end of the run.
fn of_rename(error: RenameError, commands: &Commands) -> Failure {
    let failure = Failure::usage(format!("{error}; nothing was changed"));
    match error {
        RenameError::Log(error) => failure::of_log(error),
        RenameError::Address(_) => {
            failure.help("write a full address such as https://example.com/kitchen.jpg")
        }
        RenameError::Invisible => failure.help("type it by hand"),
        RenameError::Unknown(_) => {
            failure.help(format!("`{}` lists them", commands.on_log("status", "")))
        }
        RenameError::Several { jobs, id, .. } => failure.help(format!(
            "name one of them; `{}` shows what each is",
            commands.look_into(id.as_deref(), jobs[0])
        )),
        RenameError::NoPhoto(_) => failure,
    }
}

/// Why the new names are not in the log, as the end of the run.
fn of_unsettled(unsettled: DecisionError) -> Failure {
    match unsettled {
        DecisionError::Failed(error) => failure::of_append(&error, failure::MAKE_ROOM),
        DecisionError::BeingSent(_) | DecisionError::Outdated => Failure::temporary(
            "another computer has since written about what was to be renamed, or about its new \
             name; nothing was changed",
        )
        .help("run the same command again; it will take that into account"),
    }
}

/// Two listings under one name cannot be distinguished any more.
fn refuse_taken(
    renamings: &[Renaming],
    writer: &Writer,
    commands: &Commands,
) -> Result<(), Failure> {
    let Some((id, clips)) = taken(renamings, writer).map_err(failure::of_log)? else {
        return Ok(());
    };
    Err(Failure::usage(format!(
        "{} has {} already; nothing was changed",
        escape(id),
        words::count(clips, "clip")
    ))
    .help(format!(
        "look at them with `{}`; to put all of them under one name, add --yes",
        commands.on_log("status", "")
    )))
}

fn consent(args: &RenameArgs, renamings: &[Renaming], printer: &Printer) -> anyhow::Result<()> {
    if !(args.yes && printer.options().quiet) {
        rename::pairs(renamings, printer);
    }
    let unasked = NoConsent {
        end: "nothing was changed",
        without_terminal: "look at the pairs above, then run the same command with --yes"
            .to_owned(),
        after_no: "rename single ones with `creativeai rename OLD NEW`".to_owned(),
    };
    let clips = words::count(renamings.len() as u64, "clip");
    ask(
        format_args!("Rename {clips}, free of charge?"),
        args.yes,
        unasked,
        printer,
    )
}
