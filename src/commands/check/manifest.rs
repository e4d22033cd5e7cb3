//! Whether each row of a manifest can be ordered.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::photos::{Local, Online, PhotoUse};
use crate::cli::CheckArgs;
use crate::commands::caps;
use crate::commands::inputs::Inputs;
use crate::exit::{Code, Failure};
use crate::jobs::JobKey;
use crate::manifest::{Row, RowFault};
use crate::output::findings::{Findings, MOST_SHOWN};
use crate::output::{failure, words};
use crate::settings::Settings;
use crate::text::escape;

const SUBJECT: &str = "manifest";

/// What rows name.
#[derive(Default)]
pub struct ManifestRefs {
    pub online: Online,
    pub local: Local,
    pub webhooks: BTreeSet<String>,
    keys: HashSet<JobKey>,
    repeated: u64,
}

impl ManifestRefs {
    fn add(&mut self, row: Row) {
        self.repeated += u64::from(!self.keys.insert(row.key()));
        let image = row.clip.image_url();
        if let Some(photo) = &row.photo_file {
            self.local.insert(photo.name.clone(), Arc::clone(photo));
        } else if !image.is_empty() {
            let first = || PhotoUse {
                line: row.line,
                id: row.id.clone(),
                rows: 0,
            };
            let wanted = self.online.entry(image.to_owned());
            wanted.or_insert_with(first).rows += 1;
        }
        self.webhooks.extend(row.webhook_url);
    }
}

/// Reads every row.
pub fn check(
    inputs: &Inputs,
    args: &CheckArgs,
    settings: &Settings,
    named: &mut ManifestRefs,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let mut manifest = inputs.open(&args.sheet.reading, settings, &[])?;
    let name = escape(manifest.name()).into_owned();
    for (file, note) in manifest.notes() {
        findings.pass(SUBJECT, format_args!("{}: {note}", escape(file)));
    }
    for (file, doubt) in manifest.doubts() {
        findings.skip(SUBJECT, format_args!("{}: {doubt}", escape(file)));
    }
    if let Some(problem) = caps::without_column(settings, &manifest) {
        let problem = format!("{problem}; {}", caps::WITHOUT_COLUMN);
        findings.problem(SUBJECT, Code::Config, problem);
    }
    let (mut good, mut bad) = (0, 0);
    for row in manifest.rows().map_err(failure::of_manifest)? {
        let fault = match row {
            Ok(row) => {
                good += 1;
                named.add(row);
                continue;
            }
            Err(fault) => fault,
        };
        bad += 1;
        let is_left_out = args.skip_invalid && matches!(fault, RowFault::Problems { .. });
        if bad <= MOST_SHOWN && is_left_out {
            findings.skip(SUBJECT, format_args!("left out: {fault}"));
        } else if bad <= MOST_SHOWN {
            findings.problem(SUBJECT, Code::Data, &fault);
        }
        if matches!(fault, RowFault::Broken(_)) {
            break;
        }
    }
    if bad > MOST_SHOWN {
        let more = format!("and {} more", bad - MOST_SHOWN);
        if args.skip_invalid {
            findings.skip(SUBJECT, more);
        } else {
            findings.problem(SUBJECT, Code::Data, more);
        }
    }
    if bad == 0 || args.skip_invalid {
        let rows = words::count(good, "row");
        let twice = match named.repeated {
            0 => String::new(),
            n => format!(", {} of them repeated and sent once", words::number(n)),
        };
        findings.pass(SUBJECT, format_args!("{name}: {rows}{twice}"));
    }
    Ok(())
}
