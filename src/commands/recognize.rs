//! The log and the manifest read once more, to recognize rows that something has spelt anew.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;

use crate::job_log::for_each_line;
use crate::jobs::recognition::{Asked, Marks, Recognition};
use crate::jobs::{JobState, Ledger, Line};

/// What the log tells of a job besides its state.
struct Told<'a> {
    /// Its place in the ledger.
    job: u32,
    /// The listing's or SKU's id.
    id: &'a str,
    line: &'a Line<'a>,
}

impl Told<'_> {
    /// A further field that is a text.
    fn text(&self, name: &str) -> Option<String> {
        let (_, raw) = self
            .line
            .rest
            .iter()
            .find(|(field, _)| field.as_str() == name)?;
        serde_json::from_str(raw.get()).ok()
    }
}

/// The marks of all jobs that were ever announced.
pub fn marks_of(path: &Path, ledger: &Ledger) -> io::Result<Recognition> {
    let mut known = Recognition::default();
    for_each_owner(path, ledger, |told| {
        let asked = told.line.request.and_then(Asked::parse);
        match asked {
            // Further attempts ask for the same.
            Some(asked) if !known.has(told.job) => {
                let variant = told.text("variant").unwrap_or_default();
                let marks = Marks::of_request(told.id, asked.photo(), &asked, &variant);
                known.add(told.job, &marks);
            }
            None if told.line.keyless => known.add_bare(told.job, told.id),
            _ => {}
        }
    })?;
    known.sort();
    Ok(known)
}

/// The ids of the listings or SKUs of some jobs, by the jobs' places in the ledger.
pub fn names_of(
    path: &Path,
    ledger: &Ledger,
    jobs: impl IntoIterator<Item = u32>,
) -> io::Result<HashMap<u32, String>> {
    let mut names: HashMap<u32, String> =
        jobs.into_iter().map(|job| (job, String::new())).collect();
    if names.is_empty() {
        return Ok(names);
    }
    for_each_owner(path, ledger, |told| {
        if let Some(name) = names.get_mut(&told.job)
            && name.is_empty()
        {
            told.id.clone_into(name);
        }
    })?;
    Ok(names)
}

/// Hands on each line that tells a job's listing or SKU: those with a request, and those of the
/// vendor's sample scripts. Lines that cannot be read were told of when the log was folded.
fn for_each_owner(path: &Path, ledger: &Ledger, mut each: impl FnMut(&Told<'_>)) -> io::Result<()> {
    let has_keyless = ledger.jobs().any(JobState::is_keyless);
    let request = memchr::memmem::Finder::new(b"\"request\"");
    for_each_line(&mut File::open(path)?, |_, text| {
        let Ok(text) = text else { return };
        if !has_keyless && request.find(text.as_bytes()).is_none() {
            return;
        }
        let Ok(line) = Line::parse_whole(text) else {
            return;
        };
        let Ok(parts) = line.parts(Line::parse_whole) else {
            return;
        };
        let lines = if parts.is_empty() { vec![line] } else { parts };
        for line in &lines {
            let job = ledger.place_of(line.job);
            if let (Some(job), Some((_, id))) = (job, &line.id)
                && (line.request.is_some() || line.keyless)
            {
                let id = id.as_str();
                each(&Told { job, id, line });
            }
        }
    })
}
