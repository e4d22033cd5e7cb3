//! `report --public`: a page for those who buy or rent.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::destination::{self, unwritable};
use super::plan::{PublicPageArgs, ReportQuery, clip_folders, show};
use crate::commands::outputs;
use crate::exit::Failure;
use crate::journal::JobLog;
use crate::output::report::{Bundle, Files, Pages, PublicClip, PublicOptions, PublicPage};
use crate::output::{Printer, written};
use crate::text::suggest;

/// Writes the page and the proof beside it.
pub fn run(
    public: &PublicPageArgs,
    args: &ReportQuery,
    log: &JobLog,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let Some(output) = args.file(log, "public")? else {
        return Err(Failure::usage("a public page has a file beside it")
            .help("name a file with -o")
            .into());
    };
    let bundle = args.bundle.then(Arc::<Bundle>::default);
    let options = PublicOptions {
        statement: public.statement.clone(),
        rules: public.rules,
        originals: public.originals.clone(),
        files: match &bundle {
            Some(bundle) => Files::Bundled(Arc::clone(bundle), ""),
            None => Files::From(destination::folder_of(&output).to_owned()),
        },
        clip_folders: clip_folders(log),
        now: args.now,
    };
    let clips = clips(public, args, log, &options)?;
    written::warn_of_public(&clips, &args.commands, printer);
    let count = clips.len() as u64;
    let proof_file = if args.bundle {
        Path::new(destination::FRONT).with_extension("json")
    } else {
        output.with_extension("json")
    };
    let proof_name = proof_file.file_name().unwrap_or_default().to_string_lossy();
    let page = PublicPage::of(clips, &options, &proof_name);
    let proof = serde_json::to_vec_pretty(page.proof())?;
    let written = if let Some(bundle) = &bundle {
        bundle.add_text(&proof_name, proof);
        destination::archive(&output, bundle, |pages: &mut dyn Pages| {
            pages.write(None, &page)
        })
    } else {
        outputs::PROOF.check(&proof_file, Some(log.path()))?;
        destination::page(&output, &page).and_then(|()| destination::text(&proof_file, &proof))
    };
    written.map_err(|error| unwritable("", &output, error))?;
    let proof = (!args.bundle).then_some(&*proof_file);
    printer.result(
        || written::public_to_json(&output, count, proof),
        || written::public_sentence(&output, count),
    )?;
    show(args, &output, printer);
    Ok(())
}

/// The finished clips of the listings, each of which has to be in the log.
fn clips(
    public: &PublicPageArgs,
    args: &ReportQuery,
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
