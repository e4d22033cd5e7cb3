//! `report --public`: a page for those who buy or rent.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{ReportArgs, clip_folders, place, show};
use crate::commands::outputs;
use crate::exit::Failure;
use crate::journal::JobLog;
use crate::output::report::{Bundle, Files, Pages, PublicClip, PublicOptions, PublicPage, Rules};
use crate::output::{Printer, words};
use crate::settings::Settings;
use crate::text::{escape, suggest};

/// What a public page is to show and say.
#[derive(Clone, Debug)]
pub struct Public {
    /// Listings or SKUs.
    listings: Vec<String>,
    statement: String,
    rules: Rules,
    originals: Option<String>,
}

/// The public page that was asked for, by options and settings.
pub fn wanted(listings: &[String], settings: &Settings) -> Option<Public> {
    let own = &settings.public;
    let rules = match own.rules.as_str() {
        "ab723" => Rules::Ab723,
        "eu-ai-act" => Rules::AiAct,
        _ => Rules::Both,
    };
    let statement = own.statement.clone();
    (!listings.is_empty()).then(|| Public {
        listings: listings.to_vec(),
        statement: statement.unwrap_or_else(|| rules.statement().to_owned()),
        rules,
        originals: own.originals.clone(),
    })
}

/// Writes the page and the proof beside it.
pub fn run(
    public: &Public,
    args: &ReportArgs,
    log: &JobLog,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let ending = if args.bundle { "zip" } else { "html" };
    let Some(output) = args.output.file(log, "public", ending) else {
        return Err(Failure::usage("a public page has a file beside it")
            .help("name a file with -o")
            .into());
    };
    let kind = if args.bundle {
        outputs::ARCHIVE
    } else {
        outputs::PAGE
    };
    kind.check(&output, Some(log.path()))?;
    let bundle = args.bundle.then(Arc::<Bundle>::default);
    let options = PublicOptions {
        statement: public.statement.clone(),
        rules: public.rules,
        originals: public.originals.clone(),
        files: match &bundle {
            Some(bundle) => Files::Bundled(Arc::clone(bundle), ""),
            None => Files::From(place::folder_of(&output).to_owned()),
        },
        clip_folders: clip_folders(log),
        now: args.now,
    };
    let clips = clips(public, args, log, &options)?;
    warn(&clips, args, printer);
    let count = clips.len() as u64;
    let proof_file = if args.bundle {
        Path::new(place::FRONT).with_extension("json")
    } else {
        output.with_extension("json")
    };
    let proof_name = proof_file.file_name().unwrap_or_default().to_string_lossy();
    let page = PublicPage::of(clips, &options, &proof_name);
    let proof = serde_json::to_vec_pretty(page.proof())?;
    let written = if let Some(bundle) = &bundle {
        bundle.add_text(&proof_name, proof);
        place::archive(&output, bundle, |pages: &mut dyn Pages| {
            pages.write(None, &page)
        })
    } else {
        outputs::PROOF.check(&proof_file, Some(log.path()))?;
        place::page(&output, &page).and_then(|()| place::text(&proof_file, &proof))
    };
    written.map_err(|error| {
        Failure::io(format!("cannot write {}", output.display()))
            .because(error)
            .help("check that its folder is there and that you may write in it, or name another file with -o")
    })?;
    if printer.options().json {
        printer.document(&serde_json::json!({
            "command": "report",
            "file": output.to_string_lossy(),
            "proof": (!args.bundle).then(|| proof_file.to_string_lossy()),
            "jobs": count,
            "exit_code": 0,
        }))?;
    } else {
        printer.note(format_args!(
            "public page: {} in {}; have a lawyer read its statement",
            words::count(count, "clip"),
            escape(&output.display().to_string())
        ));
    }
    show(args, &output, printer);
    Ok(())
}

/// The finished clips of the listings, each of which has to be in the log.
fn clips(
    public: &Public,
    args: &ReportArgs,
    log: &JobLog,
    options: &PublicOptions,
) -> anyhow::Result<Vec<PublicClip>> {
    let (mut clips, mut known) = (Vec::new(), BTreeSet::new());
    let of_view = |view: crate::jobs::JobView| {
        let item = view.id().map(|(_, id)| id.to_owned());
        let is_wanted = item.as_ref().is_some_and(|id| public.listings.contains(id));
        let clip = if is_wanted && args.filters.matches(&view) && view.state.is_counted() {
            PublicClip::of(&view, options).transpose()
        } else {
            None
        };
        (item, clip)
    };
    for found in log.map_views(of_view) {
        let (item, clip) = found?;
        known.extend(item);
        clips.extend(clip.transpose()?);
    }
    let missing = public.listings.iter().find(|id| !known.contains(*id));
    if let Some(id) = missing {
        let near = suggest::nearest(id, known.iter().map(String::as_str));
        let failure = Failure::data(format!("the log has no clip of {id}"));
        return Err(match near {
            Some(near) => failure.help(format!("did you mean {near}?")),
            None => failure.help("`creativeai status` lists what it has"),
        }
        .into());
    }
    if clips.is_empty() {
        return Err(Failure::data(format!(
            "no clip of {} is finished",
            public.listings.join(", ")
        ))
        .help("`creativeai status` shows how far they are")
        .into());
    }
    Ok(clips)
}

fn warn(clips: &[PublicClip], args: &ReportArgs, printer: &Printer) {
    let away = clips.iter().filter(|clip| !clip.is_here()).count() as u64;
    if away > 0 {
        printer.warn(format_args!(
            "{} shown by the vendor's link, which expires; `{}` fetches what is missing",
            words::count(away, "clip"),
            args.commands.on_log("download", "")
        ));
    }
    let hidden = clips.iter().filter(|clip| !clip.has_original()).count() as u64;
    if hidden > 0 {
        printer.warn(format_args!(
            "{} without a way to the original photo; set originals in [public] of the settings to \
             where these are online",
            words::count(hidden, "clip")
        ));
    }
}
