//! The log and the manifest read once more, to recognize rows that something has spelt anew.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use crate::job_log::each_line_of;
use crate::jobs::recognition::{Asked, Marks, Recognition};
use crate::jobs::{Fact, JobState, Ledger, Line, Word};

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

/// The names that a job was given after it was ordered, each with what decides which is the newest.
#[derive(Default)]
struct Names {
    id: Option<(i64, String)>,
    photo: Option<(i64, String)>,
}

/// The newest names of all jobs that were renamed, by the jobs' places in the ledger.
fn new_names(path: &Path, ledger: &Ledger) -> io::Result<HashMap<u32, Names>> {
    let mut all: HashMap<u32, Names> = HashMap::new();
    if !ledger.jobs().any(JobState::is_renamed) {
        return Ok(all);
    }
    for_each_owner(path, ledger, |told| {
        if !is_renaming(told.line) {
            return;
        }
        let names = all.entry(told.job).or_default();
        let offer = |name: &mut Option<(i64, String)>, new: String| {
            *name = name.take().max(Some((told.line.at, new)));
        };
        offer(&mut names.id, told.id.to_owned());
        if let Some(photo) = told.text("image_url") {
            offer(&mut names.photo, photo);
        }
    })?;
    Ok(all)
}

/// The marks of all jobs that were ever announced, by the names that they have now.
pub fn marks_of(path: &Path, ledger: &Ledger) -> io::Result<Recognition> {
    let mut known = Recognition::default();
    let new = new_names(path, ledger)?;
    for_each_owner(path, ledger, |told| {
        let names = new.get(&told.job);
        let new_id = names.and_then(|names| names.id.as_ref());
        let id = new_id.map_or(told.id, |(_, id)| id);
        let new_photo = names.and_then(|names| names.photo.as_ref());
        let asked = told.line.request.and_then(Asked::parse);
        match asked {
            // Further attempts ask for the same.
            Some(asked) if !known.has(told.job) => {
                let variant = told.text("variant").unwrap_or_default();
                let photo = new_photo.map_or(asked.photo(), |(_, photo)| photo);
                let marks = Marks::of_request(id, photo, &asked, &variant);
                known.add(told.job, &marks);
            }
            None if told.line.keyless => known.add_bare(told.job, id),
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
    for (job, new) in new_names(path, ledger)? {
        if let (Some(name), Some((_, id))) = (names.get_mut(&job), new.id) {
            *name = id;
        }
    }
    Ok(names)
}

/// Hands on each line that tells a job's listing or SKU: those with a request, those that rename a
/// job, and those of the vendor's sample scripts. Lines that cannot be read were told of when the log was folded.
fn for_each_owner(path: &Path, ledger: &Ledger, mut each: impl FnMut(&Told<'_>)) -> io::Result<()> {
    let has_keyless = ledger.jobs().any(JobState::is_keyless);
    let has_renamed = ledger.jobs().any(JobState::is_renamed);
    let request = memchr::memmem::Finder::new(b"\"request\"");
    let renamed = memchr::memmem::Finder::new(b"\"renamed\"");
    each_line_of(path, ledger, |text| {
        let bytes = text.as_bytes();
        let tells = has_keyless
            || request.find(bytes).is_some()
            || (has_renamed && renamed.find(bytes).is_some());
        if !tells {
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
                && (line.request.is_some() || line.keyless || is_renaming(line))
            {
                let id = id.as_str();
                each(&Told { job, id, line });
            }
        }
    })
}

fn is_renaming(line: &Line<'_>) -> bool {
    line.word == Word::Fact(Fact::Renamed)
}
