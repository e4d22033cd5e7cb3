//! What is reported of other names for what was ordered.

use serde_json::{Value, json};

use super::{commands::Commands, held, printer::Printer, words};
use crate::engine::plan::Held;
use crate::engine::rename::Renaming;
use crate::text::escape;

/// Pairs that are shown before the question.
const MOST_SHOWN: usize = 50;

/// Shows what a yes would change.
pub fn pairs(renamings: &[Renaming], printer: &Printer) {
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

/// Warns of rows that are left out: several may be the photo of one job.
pub fn warn_unclear(rows: &[Held], commands: &Commands, printer: &Printer) {
    const MOST_NAMED: usize = 10;
    for row in rows.iter().take(MOST_NAMED) {
        printer.warn(format_args!(
            "{}:{}: this may be the photo of {}, and so may another row. It was left out; if it is, \
             name it: {}",
            escape(&row.place.file),
            row.place.line,
            words::counted(row.moved.len() as u64, "job", "jobs"),
            held::renamings(row, commands),
        ));
    }
    if rows.len() > MOST_NAMED {
        let more = (rows.len() - MOST_NAMED) as u64;
        printer.warn(format_args!(
            "{} more of this kind left out",
            words::count(more, "row")
        ));
    }
}

/// The result for programs.
pub fn to_json(renamings: &[Renaming], invalid_rows: &[Value], exit_code: u8) -> Value {
    let renamed = renamings.iter().map(|renaming| {
        let (old, new) = renaming.pair();
        json!({ "job": renaming.view.key(), "old": old, "new": new })
    });
    json!({
        "command": "rename",
        "renamed": renamed.collect::<Value>(),
        "invalid_rows": invalid_rows,
        "exit_code": exit_code,
    })
}

/// The result for people; `sheets` are those whose ids were compared.
pub fn sentence(renamings: &[Renaming], sheets: &[String]) -> String {
    if !renamings.is_empty() {
        let there = if renamings.iter().any(Renaming::leaves_a_clip) {
            ". What was downloaded or published already stays where it is, under the old name, and \
             is not fetched again"
        } else {
            ""
        };
        let clips = words::counted(renamings.len() as u64, "clip goes", "clips go");
        return format!("{clips} by the new name from now on; nothing was ordered{there}");
    }
    if sheets.is_empty() {
        return "it already has that name; nothing was changed".to_owned();
    }
    format!(
        "no row of {} gives a new name to a clip whose own row is gone; nothing was changed",
        escape(&sheets.join(", "))
    )
}
