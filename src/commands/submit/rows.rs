//! The first pass over a manifest: every row is checked, and all that is wrong is reported.

use serde_json::{Value, json};

use crate::cli::SubmitArgs;
use crate::commands::caps;
use crate::commands::inputs::Inputs;
use crate::engine::plan::{self, Allowed, Plan};
use crate::exit::Failure;
use crate::journal::Writer;
use crate::manifest::{Condition, Manifest, Problem, RowFault};
use crate::output::{Printer, failure, held, words};
use crate::settings::Settings;
use crate::settings::values::Pair;
use crate::text::escape;

/// Mistakes of a manifest that are reported one by one; further ones are counted.
pub const MOST_PROBLEMS: usize = 100;

/// Which rows are meant.
pub fn conditions(pairs: &[Pair]) -> Vec<Condition> {
    let pairs = pairs.iter();
    pairs
        .map(|pair| Condition {
            column: pair.name.clone(),
            value: pair.value.clone(),
        })
        .collect()
}

/// How many rows `--where` has left out, as a field of the summary for programs.
pub fn left_out(args: &SubmitArgs, plan: &Plan) -> Option<(String, Value)> {
    let count = plan.counts.left_out;
    (!args.rows.is_empty()).then(|| ("left_out".to_owned(), count.into()))
}

/// Says how many rows `--where` has left out.
pub fn report_left_out(args: &SubmitArgs, plan: &Plan, printer: &Printer) {
    if args.rows.is_empty() {
        return;
    }
    let texts: Vec<String> = args
        .rows
        .iter()
        .map(|pair| format!("{}={}", pair.name, pair.value))
        .collect();
    let texts = texts.join(" and ");
    let left_out = plan.counts.left_out;
    if plan.keys().next().is_none() && left_out > 0 {
        printer.warn(format_args!("no row has {}", escape(&texts)));
    } else if left_out > 0 {
        printer.note(format_args!(
            "{} without {} left out",
            words::count(left_out, "row"),
            escape(&texts)
        ));
    }
}

pub fn allowed(args: &SubmitArgs) -> Allowed {
    Allowed {
        changed: args.resubmit_changed,
        same_clip: args.allow_same_clip,
    }
}

/// The first pass: every row is checked before anything is sent. Also gives what is wrong with rows
/// that are left out, where a JSON document will hold it.
pub fn read(
    manifest: &mut Manifest,
    args: &SubmitArgs,
    settings: &Settings,
    printer: &Printer,
) -> Result<(Plan, Vec<Value>), Failure> {
    let mut plan = if args.dry_run {
        Plan::with_shares()
    } else {
        Plan::default()
    };
    let mut invalid_rows = Vec::new();
    let (mut problems, mut rows) = (0, 0u64);
    let name = manifest.name().to_owned();
    for (file, note) in manifest.notes() {
        printer.note(format_args!("{}: {note}", escape(file)));
    }
    for (file, doubt) in manifest.doubts() {
        printer.warn(format_args!("{}: {doubt}", escape(file)));
    }
    caps::refuse_without_column(settings, manifest)?;
    for row in manifest.rows().map_err(failure::of_manifest)? {
        match row {
            Ok(row) => {
                if let Some(first) = plan.note(&row, &settings.rates) {
                    printer.warn(format_args!(
                        "{}:{}: the same row as {}; it is sent once. For a second clip of the \
                         same photo, fill in the column variant",
                        escape(&row.file),
                        row.line,
                        held::place_name(&first, first.file != row.file)
                    ));
                }
            }
            Err(RowFault::Problems {
                problems: found,
                row,
            }) => {
                rows += 1;
                for problem in found {
                    problems += 1;
                    if printer.options().json {
                        invalid_rows.push(invalid_row(&problem));
                    }
                    if problems <= MOST_PROBLEMS && args.skip_invalid {
                        printer.warn(problem);
                    } else if problems <= MOST_PROBLEMS {
                        printer.error(problem);
                    }
                }
                plan.note_invalid(row.as_deref(), &settings.rates);
            }
            Err(RowFault::Broken(error)) => return Err(failure::of_manifest(error)),
        }
    }
    if problems > MOST_PROBLEMS {
        printer.warn(format_args!("and {} more", problems - MOST_PROBLEMS));
    }
    if rows > 0 && !args.skip_invalid && !args.dry_run {
        return Err(Failure::data(format!(
            "{} of {} cannot be sent, so none was",
            words::count(rows, "row"),
            escape(&name)
        ))
        .help(format!(
            "correct {0} and run the same command again, or leave {0} out with --skip-invalid",
            words::choose(rows, "it", "them")
        ))
        .counting("invalid", rows)
        .field("invalid_rows", invalid_rows.into()));
    }
    Ok((plan, invalid_rows))
}

/// The rows of sheets against the log as it stands, for a look: nothing is reported of them. Rows with
/// mistakes are none.
pub fn plan_of(args: &SubmitArgs, settings: &Settings, writer: &Writer) -> anyhow::Result<Plan> {
    let inputs = Inputs::fetch_now(&args.manifests, settings)?;
    let mut manifest = inputs.open(&args.sheet.reading, settings, conditions(&args.rows))?;
    let mut plan = Plan::of(&mut manifest, &settings.rates).map_err(failure::of_manifest)?;
    let ledger = writer.ledger();
    let log = Some((writer.path(), &*ledger));
    plan::decide(&mut manifest, &mut plan, log, allowed(args), 0).map_err(failure::of_plan)?;
    Ok(plan)
}

/// A mistake of a row as an object of the JSON document.
pub fn invalid_row(problem: &Problem) -> Value {
    let column = problem.column.as_ref();
    json!({
        "manifest": &*problem.file,
        "line": problem.line,
        "column": column.map(|column| &column.header),
        "column_number": column.map(|column| column.number),
        "cell": problem.cell,
        "reason": problem.message,
        "help": problem.help,
    })
}
