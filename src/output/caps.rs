//! What is reported of caps: which one was reached, and what a dry run would come to.

use serde_json::{Value, json};

use super::{printer::Printer, words};
use crate::engine::cap::{Cap, Limit};
use crate::jobs::{Credits, JobView};
use crate::text::escape;

/// The name of the cap that is typed.
pub const TYPED: &str = "--max-credits";

/// Says which caps have kept something back.
pub fn warn(cap: &Cap<'_>, printer: &Printer) {
    for limit in cap.reached() {
        if limit.name == TYPED {
            printer.warn(
                "the next clip would go beyond --max-credits, which counts all that the log has \
                 charged and reserved; raise it to send the rest",
            );
        } else {
            printer.warn(format_args!(
                "the next clip would go beyond the cap of {}: {} are charged or reserved; raise it, \
                 or wait for the next period, to send the rest",
                escape(&limit.name),
                words::credits(limit.committed())
            ));
        }
    }
}

/// What is said of credits that a cap does not admit.
pub const BEYOND: &str = "beyond it, and not sent";

/// What a dry run says of the caps: for people, a line each, and for programs.
pub fn preview(
    limits: &[Limit<'_>],
    wanted: impl Iterator<Item = (Option<JobView>, Credits)>,
) -> Vec<(String, Value)> {
    let mut totals = vec![Credits::ZERO; limits.len()];
    for (job, credits) in wanted {
        for (limit, total) in limits.iter().zip(&mut totals) {
            if limit.counts(job.as_ref()) {
                *total += credits;
            }
        }
    }
    let lines = limits.iter().zip(totals).map(|(limit, wanted)| {
        let beyond = (limit.committed + wanted).beyond(limit.most);
        let end = match beyond {
            Credits::ZERO => "within it".to_owned(),
            beyond => format!("{beyond} {BEYOND}"),
        };
        let name = match limit.name.as_str() {
            TYPED => format!("{TYPED} {}", limit.most),
            name => format!("cap of {}", escape(name)),
        };
        let text = format!(
            "{name}: {} charged or reserved, {wanted} more wanted: {end}",
            limit.committed
        );
        let value = json!({
            "cap": limit.name,
            "credits": limit.most,
            "committed": limit.committed,
            "wanted": wanted,
        });
        (text, value)
    });
    lines.collect()
}
