//! The log and the manifest read once more, to recognize rows that something has spelt anew.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use crate::jobs::recognition::{Asked, Marks, Recognition};
use crate::jobs::{Fact, JobState, Ledger, Line, Word};
use crate::journal::each_line_of;

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
    add_bare_jobs(path, ledger, &new, &mut known)?;
    known.sort();
    Ok(known)
}

/// Adds the jobs whose request cannot be read, as after damage that was accepted, by the ids that
/// their other lines tell.
fn add_bare_jobs(
    path: &Path,
    ledger: &Ledger,
    new: &HashMap<u32, Names>,
    known: &mut Recognition,
) -> io::Result<()> {
    let is_bare = |job: &JobState| {
        let place = ledger.place_of(job.key);
        job.maybe_accepted() && place.is_some_and(|place| !known.has(place))
    };
    let bare: HashSet<u32> = ledger
        .jobs()
        .filter(|job| is_bare(job))
        .filter_map(|job| ledger.place_of(job.key))
        .collect();
    if bare.is_empty() {
        return Ok(());
    }
    for_each_named(
        path,
        ledger,
        |_| true,
        |told| {
            if bare.contains(&told.job) {
                let new_id = new.get(&told.job).and_then(|names| names.id.as_ref());
                known.add_bare(told.job, new_id.map_or(told.id, |(_, id)| id));
            }
        },
    )
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

/// Passes on each line that tells a job's listing or SKU: those with a request, those that rename a
/// job, and those of the vendor's sample scripts. Lines that cannot be read were told of when the log was folded.
fn for_each_owner(path: &Path, ledger: &Ledger, mut each: impl FnMut(&Told<'_>)) -> io::Result<()> {
    let has_keyless = ledger.jobs().any(JobState::is_keyless);
    let has_renamed = ledger.jobs().any(JobState::is_renamed);
    let request = memchr::memmem::Finder::new(b"\"request\"");
    let renamed = memchr::memmem::Finder::new(b"\"renamed\"");
    let tells = |bytes: &[u8]| {
        has_keyless
            || request.find(bytes).is_some()
            || (has_renamed && renamed.find(bytes).is_some())
    };
    for_each_named(path, ledger, tells, |told| {
        let line = told.line;
        if line.request.is_some() || line.keyless || is_renaming(line) {
            each(told);
        }
    })
}

/// Passes on each line that names a job and its listing or SKU, of those that `is_wanted`.
fn for_each_named(
    path: &Path,
    ledger: &Ledger,
    is_wanted: impl Fn(&[u8]) -> bool,
    mut each: impl FnMut(&Told<'_>),
) -> io::Result<()> {
    each_line_of(path, ledger, |text| {
        if !is_wanted(text.as_bytes()) {
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
            if let (Some(job), Some((_, id))) = (job, &line.id) {
                let id = id.as_str();
                each(&Told { job, id, line });
            }
        }
    })
}

fn is_renaming(line: &Line<'_>) -> bool {
    line.word == Word::Fact(Fact::Renamed)
}
