//! `rename`: a listing, a SKU or a photo goes by another name. Only a line is written; nothing is
//! ordered.

use std::io::IsTerminal;

use serde_json::{Value, json};

use super::failure;
use super::inputs::Inputs;
use super::limits::Limits;
use super::open;
use super::resolve::who;
use super::submit::{conditions, renamed_rows};
use crate::cli::RenameArgs;
use crate::engine::rename::{Renaming, jobs_called, was_called, write_down};
use crate::exit::{Code, Failure};
use crate::jobs::JobView;
use crate::jobs::recognition::normal::is_invisible;
use crate::journal::Writer;
use crate::manifest::check_address;
use crate::output::{Commands, Printer, words};
use crate::settings::Settings;
use crate::text::escape;

/// Pairs that are shown before the question.
const MOST_SHOWN: usize = 50;

/// Runs the command.
pub fn run(args: &RenameArgs, settings: &Settings, printer: &mut Printer) -> anyhow::Result<Code> {
    let inputs = Inputs::fetch_now(&args.from_manifest, settings)?;
    let path = settings.jobs_path(args.jobs.as_deref(), inputs.first_file());
    let limits = Limits::of_time(settings);
    let writer = open::write_log(&path, settings, "rename", &limits, printer)?;
    let commands = open::commands(&path, &writer.ledger(), settings);
    let is_of_manifest = !args.from_manifest.is_empty();
    let renamings = match (&args.old, &args.new) {
        _ if is_of_manifest => of_manifest(args, &inputs, settings, &writer)?,
        (Some(old), Some(new)) => named(old.trim(), new.trim(), &writer, &commands)?,
        _ => return Err(Failure::usage("name what is to be renamed, and its new name").into()),
    };
    if renamings.is_empty() {
        return nothing_to_do(&inputs, printer);
    }
    if is_of_manifest {
        consent(args, &renamings, printer)?;
    } else if !args.yes {
        refuse_taken(&renamings, &writer, &commands)?;
    }
    write_down(&renamings, &writer, &who(), settings.sandbox).map_err(|error| {
        failure::of_append(
            &error,
            "make room on the disk and run the same command again",
        )
    })?;
    report(&renamings, printer)?;
    Ok(Code::Success)
}

fn nothing_to_do(inputs: &Inputs, printer: &mut Printer) -> anyhow::Result<Code> {
    if printer.options().json {
        printer.document(&json!({ "command": "rename", "renamed": [], "exit_code": 0 }))?;
    } else if !inputs.names().is_empty() {
        printer.note(format_args!(
            "no row of {} looks like a clip that was ordered under an id which is gone; nothing was \
             changed",
            escape(&inputs.names().join(", "))
        ));
    } else {
        printer.note("it has that name already; nothing was changed");
    }
    Ok(Code::Success)
}

/// The jobs that a manifest's rows have other ids for.
fn of_manifest(
    args: &RenameArgs,
    inputs: &Inputs,
    settings: &Settings,
    writer: &Writer,
) -> Result<Vec<Renaming>, Failure> {
    let mut manifest = inputs.open(&args.sheet.reading, settings, conditions(&args.rows))?;
    let rows = {
        let ledger = writer.ledger();
        renamed_rows(&mut manifest, settings, writer.path(), &ledger)?
    };
    Renaming::of_rows(rows, writer).map_err(failure::of_log)
}

/// The jobs that `old` means, each with its new name; none where all have it already.
fn named(
    old: &str,
    new: &str,
    writer: &Writer,
    commands: &Commands,
) -> Result<Vec<Renaming>, Failure> {
    let photo = new.contains("://").then_some(new);
    check_name(new, photo.is_some())?;
    let views = jobs_called(old, writer).map_err(failure::of_log)?;
    if views.is_empty() {
        return Err(Failure::usage(format!(
            "no job, listing, SKU or photo is called {}; nothing was changed",
            escape(old)
        ))
        .help(format!("`{}` lists them", commands.on_log("status", ""))));
    }
    if let (Some(_), [first, _, ..]) = (photo, views.as_slice()) {
        let keys: Vec<String> = views.iter().map(|view| view.key().to_string()).collect();
        return Err(Failure::usage(format!(
            "{} has {}, and a photo's address is one clip's: {}; nothing was changed",
            escape(old),
            words::count(views.len() as u64, "clip"),
            keys.join(", ")
        ))
        .help(format!(
            "name one of them; `{}` shows what each is",
            commands.look_into(first.id().map(|(_, id)| id), first.key())
        )));
    }
    if let (Some(_), Some(voice)) = (photo, views.iter().find(|view| view.photo().is_none())) {
        return Err(Failure::usage(format!(
            "job {} was ordered without a photo; nothing was changed",
            voice.key()
        )));
    }
    let is_new = |view: &JobView| match photo {
        Some(photo) => view.photo().as_deref() != Some(photo),
        None => view.id().is_none_or(|(_, id)| id != new),
    };
    let renaming = |view: JobView| Renaming {
        view,
        id: photo.is_none().then(|| new.to_owned()),
        photo: photo.map(str::to_owned),
    };
    Ok(views.into_iter().filter(is_new).map(renaming).collect())
}

fn check_name(new: &str, is_address: bool) -> Result<(), Failure> {
    if is_address {
        return check_address(new).map(|_| ()).map_err(|reason| {
            Failure::usage(format!("the photo's address {reason}; nothing was changed"))
                .help("write a whole address such as https://example.com/kitchen.jpg")
        });
    }
    if new.is_empty() || new.chars().any(|c| is_invisible(c) || c.is_control()) {
        return Err(Failure::usage(
            "the new id is empty or holds invisible characters; nothing was changed",
        )
        .help("type it by hand"));
    }
    Ok(())
}

/// Two listings under one name cannot be distinguished any more.
fn refuse_taken(
    renamings: &[Renaming],
    writer: &Writer,
    commands: &Commands,
) -> Result<(), Failure> {
    let Some(id) = renamings
        .first()
        .and_then(|renaming| renaming.id.as_deref())
    else {
        return Ok(());
    };
    let others = jobs_called(id, writer).map_err(failure::of_log)?;
    let is_other = |view: &&JobView| {
        let mut own = renamings.iter().map(|renaming| renaming.view.key());
        own.all(|key| key != view.key()) && was_called(view, id)
    };
    let count = others.iter().filter(is_other).count() as u64;
    if count == 0 {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} has {} already; nothing was changed",
        escape(id),
        words::count(count, "clip")
    ))
    .help(format!(
        "look at them with `{}`; to put all of them under one name, add --yes",
        commands.on_log("status", "")
    )))
}

fn consent(args: &RenameArgs, renamings: &[Renaming], printer: &Printer) -> anyhow::Result<()> {
    if !(args.yes && printer.options().quiet) {
        for renaming in renamings.iter().take(MOST_SHOWN) {
            let (old, new) = renaming.pair();
            printer.say(format_args!(
                "{} -> {}  (job {})",
                escape(&old),
                escape(&new),
                renaming.view.key()
            ));
        }
        if renamings.len() > MOST_SHOWN {
            let more = (renamings.len() - MOST_SHOWN) as u64;
            printer.say(format_args!("and {} more", words::number(more)));
        }
    }
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "without a terminal to ask on, --yes is required; nothing was changed",
        )
        .help("look at the pairs above, then run the same command with --yes")
        .into());
    }
    let what = words::count(renamings.len() as u64, "clip");
    if printer.confirm(format_args!("Rename {what}, free of charge?"))? {
        return Ok(());
    }
    Err(Failure::decision("nothing was changed")
        .help("rename single ones with `creativeai rename OLD NEW`")
        .into())
}

fn report(renamings: &[Renaming], printer: &mut Printer) -> anyhow::Result<()> {
    if printer.options().json {
        let renamed = renamings.iter().map(|renaming| {
            let (old, new) = renaming.pair();
            json!({ "job": renaming.view.key(), "old": old, "new": new })
        });
        let renamed: Vec<Value> = renamed.collect();
        printer.document(&json!({ "command": "rename", "renamed": renamed, "exit_code": 0 }))?;
        return Ok(());
    }
    let count = words::count(renamings.len() as u64, "clip");
    let are = if renamings.len() == 1 { "goes" } else { "go" };
    let mut text = format!("{count} {are} by the new name from now on; nothing was ordered");
    let is_there = |renaming: &&Renaming| {
        let state = &renaming.view.state;
        renaming.id.is_some()
            && state
                .attempts()
                .any(|a| a.is_downloaded() || a.is_published())
    };
    if renamings.iter().any(|renaming| is_there(&renaming)) {
        text.push_str(
            ". What was downloaded or published already stays where it is, under the old name, and \
             is not fetched again",
        );
    }
    printer.note(text);
    Ok(())
}
