//! The rows of the sheets that `submit` is given, and what is decided about them.

use std::path::Path;

use serde_json::Value;

use crate::cli::SubmitArgs;
use crate::commands::caps;
use crate::commands::inputs::Inputs;
use crate::engine::plan::{self, Allowed, MOST_LISTED, Plan, RecognitionResult};
use crate::engine::round::LeftOutRows;
use crate::exit::Failure;
use crate::jobs::Ledger;
use crate::journal::Writer;
use crate::manifest::{Manifest, RowFault};
use crate::output::held::HeldReport;
use crate::output::mistakes::{Mistakes, report_left_out, warn_of_twin};
use crate::output::{Commands, Printer, failure};
use crate::settings::Settings;
use crate::text::escape;

/// The rows, as they were typed, read and planned.
pub struct PlannedRows<'a> {
    pub args: &'a SubmitArgs,
    pub inputs: Inputs,
    pub manifest: Manifest,
    pub plan: Plan,
    /// What is wrong with rows that are left out, where a JSON document will hold it.
    pub invalid: Vec<Value>,
    /// Rows with mistakes, for the round that this is a step of.
    pub with_mistakes: LeftOutRows,
}

impl<'a> PlannedRows<'a> {
    /// The first pass: every row is checked before anything is sent.
    pub async fn read(
        args: &'a SubmitArgs,
        settings: &Settings,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let inputs = Inputs::fetch(&args.manifests, settings).await?;
        let mut manifest = inputs.open(&args.sheet.reading, settings, &args.rows)?;
        let mut plan = if args.dry_run {
            Plan::with_shares()
        } else {
            Plan::default()
        };
        for (file, note) in manifest.notes() {
            printer.note(format_args!("{}: {note}", escape(file)));
        }
        for (file, doubt) in manifest.doubts() {
            // Also with --quiet: the clip is ordered without what stands there.
            printer.say(format_args!("warning: {}: {doubt}", escape(file)));
        }
        caps::refuse_without_column(settings, &manifest)?;
        let mut mistakes = Mistakes::new(args.skip_invalid, printer);
        let mut with_mistakes = LeftOutRows::default();
        for row in manifest.rows().map_err(failure::of_manifest)? {
            match row {
                Ok(row) => {
                    if let Some(first) = plan.note(&row, &settings.rates) {
                        warn_of_twin(&row, &first, printer);
                    }
                }
                Err(RowFault::Problems { problems, row }) => {
                    if printer.is_step() {
                        with_mistakes.add(&problems, row.as_deref());
                    }
                    mistakes.add(problems);
                    plan.note_invalid(row.as_deref(), &settings.rates);
                }
                Err(RowFault::Broken(error)) => return Err(failure::of_manifest(error)),
            }
        }
        let refuses = !args.skip_invalid && !args.dry_run;
        let invalid = mistakes.finish(manifest.name(), refuses)?;
        Ok(Self {
            args,
            inputs,
            manifest,
            plan,
            invalid,
            with_mistakes,
        })
    }

    /// Decides about every row against a log.
    pub fn decide(&mut self, log: Option<(&Path, &Ledger)>) -> Result<RecognitionResult, Failure> {
        let (manifest, plan) = (&mut self.manifest, &mut self.plan);
        plan::decide(manifest, plan, log, allowed(self.args), MOST_LISTED).map_err(failure::of_plan)
    }

    /// How many rows are sent at most.
    pub fn most(&self) -> u64 {
        let all = self.plan.counts.send;
        self.args.max_jobs.map_or(all, |most| most.min(all))
    }

    /// How many rows `--where` has left out, as a field of the summary for programs.
    pub fn left_out(&self) -> Option<(String, Value)> {
        let count = self.plan.counts.left_out;
        (!self.args.rows.is_empty()).then(|| ("left_out".to_owned(), count.into()))
    }

    /// Reports which rows are left out, and which are held or taken for others.
    pub fn report(&self, found: &RecognitionResult, commands: &Commands, printer: &Printer) {
        let pairs = self.args.rows.iter();
        let asked: Vec<_> = pairs.map(|p| format!("{}={}", p.name, p.value)).collect();
        let is_all = self.plan.keys().next().is_none();
        let count = self.plan.counts.left_out;
        report_left_out(&asked.join(" and "), count, is_all, printer);
        let report = HeldReport {
            plan: &self.plan,
            found,
            manifest: self.manifest.name(),
            files: &self.inputs.names(),
            commands,
            printer,
        };
        report.report();
        report.report_hidden_columns(&self.manifest);
    }
}

fn allowed(args: &SubmitArgs) -> Allowed {
    Allowed {
        changed: args.resubmit_changed,
        same_clip: args.allow_same_clip,
        hidden: args.include_hidden,
    }
}

/// The rows of sheets against the log as it stands, for a look: nothing is reported of them. Rows with
/// mistakes are none.
pub fn plan_of(args: &SubmitArgs, settings: &Settings, writer: &Writer) -> anyhow::Result<Plan> {
    let inputs = Inputs::fetch_now(&args.manifests, settings)?;
    let mut manifest = inputs.open(&args.sheet.reading, settings, &args.rows)?;
    let mut plan = Plan::of(&mut manifest, &settings.rates).map_err(failure::of_manifest)?;
    let ledger = writer.ledger();
    let log = Some((writer.path(), &*ledger));
    plan::decide(&mut manifest, &mut plan, log, allowed(args), 0).map_err(failure::of_plan)?;
    Ok(plan)
}
