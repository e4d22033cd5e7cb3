//! `publish`: finished clips published, each once.

mod shop;

use super::deliver;
use super::finish::CommandEnd;
use super::limits::Limits;
use super::on_demand::ApiOnDemand;
use super::open::{OpenLog, refuse_absent};
use super::runtime::on_runtime;
use crate::cli::{PublishArgs, PublishTarget};
use crate::clock;
use crate::engine::delivery::due::hold_back;
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::shopify::Shopify;
use crate::engine::delivery::{EXEC_TARGET, Exec, ExecOptions, PublishSummary, hold_without_file};
use crate::exit::Code;
use crate::output::{self, MetricEvent, Printer, Progress};
use crate::output::{delivery::Published, stopped};
use crate::settings::Settings;
use crate::text::escape;
use shop::ConnectedShop;

/// What a person who has two receivers needs to know when the second seems to have got it all.
const ONE_RECEIVER: &str = " (another receiver needs a name of its own: --target NAME)";

/// Whether a clip goes out without its file.
pub type MayLackFile<'a> = &'a dyn Fn(&Delivery) -> bool;

pub fn run(
    args: &PublishArgs,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<CommandEnd> {
    run_with_files(args, &|_| true, settings, printer)
}

/// The same after a download: clips that it may get later wait for that.
pub fn run_with_files(
    args: &PublishArgs,
    may_lack_file: MayLackFile<'_>,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<CommandEnd> {
    if let PublishTarget::Exec(command) = args.target.target() {
        deliver::refuse_early_fields(command)?;
    }
    let path = settings.jobs_path(args.jobs.jobs.as_deref(), None);
    let filters = args.filter.filters(clock::now());
    let limits = Limits::watch(settings);
    refuse_absent(&path)?;
    // Before the log: a `listen` that runs the command writes down what became of it.
    let _target = match args.target.target() {
        PublishTarget::Exec(_) if !args.dry_run => {
            let target = args.target_name.as_deref().unwrap_or(EXEC_TARGET);
            limits.lock_target(&path, target, "publish", settings, printer)?
        }
        _ => None,
    };
    let log = OpenLog::existing(path, "publish", limits, settings, printer)?;
    if !args.dry_run {
        // Among them may be the mark of a clip that was published.
        log.refuse_unrecovered("nothing was published")?;
    }
    let mut deliveries = deliver::gather(&log, &filters, printer)?;
    let held = hold_back(&mut deliveries, settings.publish.approved);
    hold_without_file(&mut deliveries, &log.writer.folder(), may_lack_file);
    let (summary, shop) = on_runtime(publish(args, &mut deliveries, &log, printer))?;
    let mut own = stopped::ending_of(&log.limits.stop, printer, &log.commands);
    own.note_if(summary.disk_failed, Code::Io);
    own.join(output::delivery::ending_of_unmarked(
        &summary.unmarked,
        printer,
        &log.commands,
    ));
    own.note_if(!summary.left.is_empty(), Code::Temporary);
    let covered = (!args.dry_run).then_some(&filters);
    let (clips, failures) = (summary.published, &summary.failures);
    let end = deliver::end(&log, clips, failures, own, covered, printer)?;
    let repeated = match args.target.target() {
        PublishTarget::Exec(_) if args.target_name.is_none() => ONE_RECEIVER,
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
        return Ok(CommandEnd { code, done });
    }
    for would in &summary.would {
        writeln!(printer.out(), "{}", escape(would))?;
    }
    printer.flush()?;
    let sentence = report.sentence(&log.commands);
    printer.conclude(format_args!("publish: {sentence}"), code == Code::Success);
    Ok(CommandEnd { code, done })
}

/// Publishes what is due; also gives the name of the shop, where it goes to one.
async fn publish(
    args: &PublishArgs,
    deliveries: &mut [Delivery],
    log: &OpenLog<'_>,
    printer: &Printer,
) -> anyhow::Result<(PublishSummary, Option<String>)> {
    let (settings, writer, stop) = (log.settings, &log.writer, &log.limits.stop);
    let when = deliver::when(args.when);
    let begin = |deliveries: &[Delivery]| {
        log.limits.start_timer();
        progress_over(deliveries, printer)
    };
    let show = |event: &_, progress: &_| {
        output::delivery::show(event, progress, printer, MetricEvent::Published);
    };
    match args.target.target() {
        PublishTarget::Exec(command) => {
            let progress = begin(deliveries);
            let exec = Exec {
                options: &ExecOptions {
                    dry_run: args.dry_run,
                    ..deliver::exec_options(command, args.target_name.as_deref(), settings)
                },
                writer,
                progress: &|event| show(&event, &progress),
                stop,
            };
            Ok((exec.run(deliveries, when).await, None))
        }
        PublishTarget::Shopify => {
            let (client, api) = (deliver::client(settings), ApiOnDemand::new(log));
            let receiver =
                ConnectedShop::open(args, deliveries, &api, &client, settings, printer).await?;
            let progress = begin(deliveries);
            let shopify = Shopify {
                options: &receiver.options,
                admin: &receiver.admin,
                client: &client,
                refresh: &api.links(),
                writer,
                progress: &|event| show(&event, &progress),
                stop,
            };
            let summary = shopify.run(deliveries, when).await;
            Ok((summary, Some(receiver.admin.store().to_string())))
        }
    }
}

/// A bar, where there is something to do.
fn progress_over(deliveries: &[Delivery], printer: &Printer) -> Progress {
    if deliveries.is_empty() {
        Progress::hidden()
    } else {
        Progress::new(None, "publishing", printer)
    }
}
