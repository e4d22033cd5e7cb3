//! `publish`: finished clips published, each once.

use std::io::IsTerminal;
use std::time::Duration;

use super::deliver::{self, ApiOnDemand};
use super::failure;
use super::limits::Limits;
use super::stopped;
use super::{Ended, on_runtime, open};
use crate::cli::{PublishArgs, Target};
use crate::engine::delivery::exec::filled_in_too_early;
use crate::engine::delivery::plan::{Delivery, When, gather, hold_back, other_target};
use crate::engine::delivery::shopify::{
    Admin, Credentials, Look, Shopify, ShopifyOptions, Store, TARGET, Version,
};
use crate::engine::delivery::{Event, Exec, ExecOptions, PublishSummary};
use crate::exit::{Code, Failure};
use crate::journal::Writer;
use crate::output::delivery::Published;
use crate::output::{self, Printer, Progress};
use crate::settings::Settings;
use crate::text::escape;

/// The wait before a first repeat.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// The wait between two looks at whether a shop has processed a clip.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Looks before the next run is left to look again: five minutes.
const LOOKS: usize = 60;
/// The shop of a rehearsal that names none.
const REHEARSAL_STORE: &str = "sandbox.myshopify.com";
/// The token of a rehearsal that has none. Tokens are blotted out wherever a server quotes them, so
/// it must be no word that occurs by itself.
const REHEARSAL_TOKEN: &str = "shpat_rehearsal";
/// What a person who has two receivers needs to know when the second seems to have got it all.
const ONE_RECEIVER: &str = " (another receiver needs a name of its own: --target NAME)";

/// Runs the command.
pub fn run(
    args: &PublishArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Ended> {
    if let Target::Exec(command) = args.target.target() {
        refuse_early_fields(command)?;
    }
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let filters = open::filters(&args.filter);
    let limits = Limits::watch(settings);
    let writer = open::write_log(&path, settings, "publish", &limits, printer)?;
    let mut deliveries = gather(&writer, |view| filters.matches(view)).map_err(failure::of_log)?;
    deliver::warn_of_filters(&filters, &deliveries, &writer, printer);
    let held = hold_back(&mut deliveries, settings.publish.approved);
    let when = deliver::when(args.when);
    let (summary, shop) = match args.target.target() {
        Target::Exec(command) => {
            let target = args.target_name.as_deref();
            let options = ExecOptions {
                dry_run: args.dry_run,
                ..deliver::exec_options(command, target, settings)
            };
            let sent = to_command(&options, &deliveries, when, &writer, &limits, printer);
            (on_runtime(sent)?, None)
        }
        Target::Shopify => {
            let all = &mut deliveries;
            let sent = to_shop(args, all, when, &writer, settings, &limits, printer);
            let (summary, store) = on_runtime(sent)?;
            (summary, Some(store.to_string()))
        }
    };
    let commands = open::commands(&path, &writer.ledger(), settings);
    let mut own = stopped::ending_of(&limits.stop, printer, &commands);
    own.note_if(summary.disk_failed, Code::Io);
    own.note_if(!summary.left.is_empty(), Code::Temporary);
    let end = deliver::end(
        summary.published,
        &summary.failures,
        own,
        (!args.dry_run).then_some(&filters),
        &writer,
        &commands,
        printer,
    )?;
    let repeated = match args.target.target() {
        Target::Exec(_) if args.target_name.is_none() => ONE_RECEIVER,
        _ => "",
    };
    let report = Published {
        summary: &summary,
        held,
        is_dry_run: args.dry_run,
        shop: shop.as_deref(),
        repeated,
        unready: end.unready,
    };
    let (code, done) = (end.code, end.done);
    if printer.options().json {
        printer.document(&report.to_json(code.number()))?;
        return Ok(Ended { code, done });
    }
    for would in &summary.would {
        writeln!(printer.out(), "{}", escape(would))?;
    }
    printer.flush()?;
    let sentence = report.sentence(&commands);
    printer.conclude(format_args!("publish: {sentence}"), code == Code::Success);
    Ok(Ended { code, done })
}

/// A bar, where there is something to do.
fn progress_over(deliveries: &[Delivery], printer: &Printer) -> Progress {
    if deliveries.is_empty() {
        Progress::hidden()
    } else {
        Progress::new(None, "publishing", printer)
    }
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
            "write !{name}! instead; docs/windows-macos.md shows it in a file of commands, too"
        ))),
    }
}

async fn to_command(
    options: &ExecOptions,
    deliveries: &[Delivery],
    when: When,
    writer: &Writer,
    limits: &Limits,
    printer: &Printer,
) -> anyhow::Result<PublishSummary> {
    limits.start_timer();
    let progress = progress_over(deliveries, printer);
    let show =
        |event: Event| output::delivery::show(&event, &progress, printer, output::Event::Published);
    let exec = Exec {
        options,
        writer,
        progress: &show,
        stop: &limits.stop,
    };
    let summary = exec.run(deliveries, when).await;
    drop(progress);
    Ok(summary)
}

async fn to_shop(
    args: &PublishArgs,
    deliveries: &mut [Delivery],
    when: When,
    writer: &Writer,
    settings: &Settings,
    limits: &Limits,
    printer: &Printer,
) -> anyhow::Result<(PublishSummary, Store)> {
    let wrong = |e: crate::engine::delivery::shopify::StoreError| {
        Failure::config(e.to_string()).help("nothing was sent; see `creativeai help publish`")
    };
    let look = look(args)?;
    let api = ApiOnDemand::new(writer, settings);
    api.at_hand(deliveries).await?;
    let is_rehearsal = deliveries.iter().any(|delivery| delivery.is_sandbox);
    let stand_in = stand_in(&api, is_rehearsal, settings, args.dry_run).await?;
    let name = match (settings.shopify_store.as_deref(), &stand_in) {
        (Some(name), _) => name,
        (None, Some(_)) => REHEARSAL_STORE,
        (None, None) => {
            return Err(Failure::config("no shop is named; nothing was sent")
                .help(
                    "add --store NAME.myshopify.com, or set store in the [shopify] part of \
                     creativeai.toml",
                )
                .into());
        }
    };
    let store = Store::parse(name).map_err(wrong)?;
    if !args.yes {
        agree_to_shop(&store, deliveries, args.dry_run, printer)?;
    }
    let version = Version::parse(&settings.shopify_api_version).map_err(wrong)?;
    let credentials = credentials(settings, stand_in.is_some())?;
    let client = deliver::client(settings);
    let admin = Admin::new(
        &client,
        store.clone(),
        version,
        credentials,
        stand_in.as_deref(),
        RETRY_DELAY,
    )
    .map_err(wrong)?;
    let options = ShopifyOptions {
        concurrency: usize::from(settings.publish.concurrency),
        interval: LOOK_EVERY,
        looks: LOOKS,
        max_size: settings.download.max_size,
        retry_delay: RETRY_DELAY,
        dry_run: args.dry_run,
        look,
    };
    limits.start_timer();
    let progress = progress_over(deliveries, printer);
    let show =
        |event: Event| output::delivery::show(&event, &progress, printer, output::Event::Published);
    let shopify = Shopify {
        options: &options,
        admin: &admin,
        client: &client,
        refresh: &api.links(),
        writer,
        progress: &show,
        stop: &limits.stop,
    };
    let summary = shopify.run(deliveries, when).await;
    drop(progress);
    Ok((summary, store))
}

/// A shop that has none of the log's clips, where another one has, may be another client's.
fn agree_to_shop(
    store: &Store,
    deliveries: &[Delivery],
    dry_run: bool,
    printer: &Printer,
) -> anyhow::Result<()> {
    let target = format!("{TARGET}{store}");
    let Some(other) = other_target(deliveries, TARGET, &target) else {
        return Ok(());
    };
    let other = other.trim_start_matches(TARGET);
    let found = format!(
        "this log's clips went to {} until now, not to {store}",
        escape(other)
    );
    if dry_run {
        printer.warn(format_args!("{found}; publishing will ask about it"));
        return Ok(());
    }
    let is_asked = std::io::stdin().is_terminal();
    if is_asked && printer.confirm(format_args!("{found}. Publish them to {store}?"))? {
        return Ok(());
    }
    Err(Failure::decision(format!("{found}; nothing was sent"))
        .help(
            "name the right shop with --store; `creativeai config` shows where this one comes from. \
             If both shops are right, add --yes",
        )
        .into())
}

/// How the clips are to look at their products.
fn look(args: &PublishArgs) -> Result<Look, Failure> {
    let metafield = args.metafield().transpose();
    Ok(Look {
        position: args.position,
        alt: args.alt.clone(),
        replace: args.replace,
        metafield: metafield.map_err(|why| Failure::usage(format!("--as: {why}")))?,
    })
}

/// Where the stand-in for the shop is. A rehearsal's clips go nowhere else: to the sandbox inside
/// this command, or to the one on this computer that they were ordered from.
async fn stand_in(
    api: &ApiOnDemand<'_>,
    is_rehearsal: bool,
    settings: &Settings,
    is_dry_run: bool,
) -> Result<Option<String>, Failure> {
    if !is_rehearsal && !settings.sandbox {
        return Ok(None);
    }
    let origin = api.shop_stand_in().await?;
    if origin.is_none() && !is_dry_run {
        return Err(Failure::config(
            "these are a rehearsal's clips, and they never go to a real shop; nothing was sent",
        )
        .help("add --sandbox: the sandbox has a stand-in for the shop"));
    }
    Ok(origin)
}

/// A static token, else an app's id and secret; only from environment or file. A rehearsal inside
/// the command needs none, and is not shown any.
fn credentials(settings: &Settings, is_rehearsal: bool) -> Result<Credentials, Failure> {
    if settings.sandbox {
        return Credentials::token(REHEARSAL_TOKEN).map_err(|e| Failure::config(e.to_string()));
    }
    let wrong = |e: crate::engine::delivery::shopify::StoreError| Failure::config(e.to_string());
    if let Some(token) = settings.shopify_token()? {
        return Credentials::token(token.expose()).map_err(wrong);
    }
    let var = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
    match (var("SHOPIFY_CLIENT_ID"), var("SHOPIFY_CLIENT_SECRET")) {
        (Some(id), Some(secret)) => Credentials::client(&id, &secret).map_err(wrong),
        (None, None) if is_rehearsal => Credentials::token(REHEARSAL_TOKEN).map_err(wrong),
        _ => Err(
            Failure::config("access to the shop is not set up; nothing was sent").help(
                "set SHOPIFY_ADMIN_TOKEN, or SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET of an app \
             with the scope write_products",
            ),
        ),
    }
}
