//! The log read once more, to recognize rows that something has spelt anew.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::jobs::recognition::{Asked, Marks, Recognition, Sought};
use crate::jobs::{Fact, JobState, Ledger, Line, Word};
use crate::journal::{LogError, map_lines_of};

/// A log that has been folded.
#[derive(Clone, Copy)]
pub struct Log<'a> {
    /// Its file.
    pub path: &'a Path,
    /// Its jobs.
    pub ledger: &'a Ledger,
}

/// A line that names a job and its listing or SKU.
struct LoggedJob<'a> {
    /// The job's place in the ledger.
    job: u32,
    /// The listing's or SKU's id.
    id: &'a str,
    line: &'a Line<'a>,
}

impl LoggedJob<'_> {
    fn is_renaming(&self) -> bool {
        self.line.word == Word::Fact(Fact::Renamed)
    }
}

/// The names that a job was given after it was ordered, each with what decides which is the newest.
#[derive(Default)]
struct Names {
    id: Option<(i64, String)>,
    photo: Option<(i64, String)>,
}

impl Names {
    fn id_or<'a>(this: Option<&'a Self>, old: &'a str) -> &'a str {
        let new = this.and_then(|names| names.id.as_ref());
        new.map_or(old, |(_, id)| id)
    }

    fn photo_or<'a>(this: Option<&'a Self>, old: &'a str) -> &'a str {
        let new = this.and_then(|names| names.photo.as_ref());
        new.map_or(old, |(_, photo)| photo)
    }
}

/// What a line says of a job that is compared with rows.
enum Identity {
    /// Its marks, with those of its first names where it was renamed, unless no row may be like it.
    Marks(Option<(Marks, Option<Marks>)>),
    /// Its id and no more.
    Bare(String),
}

impl Log<'_> {
    /// The marks of jobs that may be like a row, by the names that they have now. Only jobs at whose
    /// places `compared` is true are looked at.
    pub fn marks(self, compared: &[bool], sought: &Sought) -> Result<Recognition, LogError> {
        let is_compared = |job: u32| compared[job as usize];
        let new = self.new_names(is_compared)?;
        let say = |logged: &LoggedJob<'_>| {
            let names = new.get(&logged.job);
            let id = Names::id_or(names, logged.id);
            match logged.line.request.and_then(Asked::parse) {
                Some(asked) => {
                    let variant = logged.line.other_text("variant").unwrap_or_default();
                    let photo = Names::photo_or(names, asked.photo());
                    let marks = Marks::of_request(id, photo, &asked, &variant);
                    let former = names
                        .map(|_| Marks::of_request(logged.id, asked.photo(), &asked, &variant));
                    let is_sought = marks.may_be(sought)
                        || former.as_ref().is_some_and(|former| former.may_be(sought));
                    Some(Identity::Marks(is_sought.then_some((marks, former))))
                }
                None => (logged.line.keyless).then(|| Identity::Bare(id.to_owned())),
            }
        };
        let mut known = Recognition::default();
        let mut has_marks = vec![false; compared.len()];
        self.of_owners(is_compared, say, |job, identity| match identity {
            // Further attempts ask for the same.
            Identity::Marks(marks) => {
                let is_first = !std::mem::replace(&mut has_marks[job as usize], true);
                if let Some((marks, former)) = marks.filter(|_| is_first) {
                    known.add(job, &marks, sought);
                    if let Some(former) = former {
                        known.add_former(job, &former, sought);
                    }
                }
            }
            Identity::Bare(id) => known.add_bare(job, &id, sought),
        })?;
        // Jobs whose request cannot be read, as after damage that was accepted, go by the ids that
        // their other lines report.
        let is_bare = |job: u32| {
            let state = self.ledger.job_at(job).filter(|_| is_compared(job));
            state.is_some_and(JobState::maybe_accepted) && !has_marks[job as usize]
        };
        if (0..compared.len() as u32).any(is_bare) {
            let id = |logged: &LoggedJob<'_>| {
                Some(Names::id_or(new.get(&logged.job), logged.id).to_owned())
            };
            self.of_named(
                |_| true,
                is_bare,
                id,
                |job, id| {
                    known.add_bare(job, &id, sought);
                },
            )?;
        }
        known.sort();
        Ok(known)
    }

    /// The ids of the listings or SKUs of some jobs, by the jobs' places in the ledger.
    pub fn ids(
        self,
        jobs: impl IntoIterator<Item = u32>,
    ) -> Result<HashMap<u32, String>, LogError> {
        let jobs: HashSet<u32> = jobs.into_iter().collect();
        let mut ids = HashMap::with_capacity(jobs.len());
        if jobs.is_empty() {
            return Ok(ids);
        }
        let is_wanted = |job: u32| jobs.contains(&job);
        let id = |logged: &LoggedJob<'_>| Some(logged.id.to_owned());
        self.of_owners(is_wanted, id, |job, id| {
            ids.entry(job).or_insert(id);
        })?;
        for (job, names) in self.new_names(is_wanted)? {
            if let Some((_, id)) = names.id {
                ids.insert(job, id);
            }
        }
        Ok(ids)
    }

    /// The newest names of those jobs that were renamed, by their places in the ledger.
    fn new_names(
        self,
        is_wanted: impl Fn(u32) -> bool + Sync,
    ) -> Result<HashMap<u32, Names>, LogError> {
        let mut all: HashMap<u32, Names> = HashMap::new();
        let was_renamed = |job: u32| {
            let job = self.ledger.job_at(job).filter(|_| is_wanted(job));
            job.is_some_and(JobState::is_renamed)
        };
        if !(0..self.ledger.jobs().len() as u32).any(was_renamed) {
            return Ok(all);
        }
        let word = memchr::memmem::Finder::new(b"\"renamed\"");
        let renaming = |logged: &LoggedJob<'_>| {
            let at = logged.line.at;
            let is_renaming = logged.is_renaming();
            is_renaming.then(|| {
                (
                    at,
                    logged.id.to_owned(),
                    logged.line.other_text("image_url"),
                )
            })
        };
        let has_word = |line: &[u8]| word.find(line).is_some();
        self.of_named(has_word, was_renamed, renaming, |job, (at, id, photo)| {
            let names = all.entry(job).or_default();
            names.id = names.id.take().max(Some((at, id)));
            names.photo = names.photo.take().max(photo.map(|photo| (at, photo)));
        })?;
        Ok(all)
    }

    /// Passes on what `say` makes of each line that says a job's listing or SKU: those with a
    /// request, those that rename a job, and those of the vendor's sample scripts.
    fn of_owners<T: Send>(
        self,
        is_wanted: impl Fn(u32) -> bool + Sync,
        say: impl Fn(&LoggedJob<'_>) -> Option<T> + Sync,
        each: impl FnMut(u32, T),
    ) -> Result<(), LogError> {
        let has_keyless = self.ledger.jobs().any(JobState::is_keyless);
        let has_renamed = self.ledger.jobs().any(JobState::is_renamed);
        let request = memchr::memmem::Finder::new(b"\"request\"");
        let renamed = memchr::memmem::Finder::new(b"\"renamed\"");
        let may_tell = |line: &[u8]| {
            has_keyless
                || request.find(line).is_some()
                || (has_renamed && renamed.find(line).is_some())
        };
        let say = |logged: &LoggedJob<'_>| {
            let says_something =
                logged.line.request.is_some() || logged.line.keyless || logged.is_renaming();
            says_something.then(|| say(logged)).flatten()
        };
        self.of_named(may_tell, is_wanted, say, each)
    }

    /// Passes on what `say` makes of each line that names a job and its listing or SKU, of those that
    /// `may_tell`, and of jobs that are wanted. Lines that cannot be read were reported when the log
    /// was folded.
    fn of_named<T: Send>(
        self,
        may_tell: impl Fn(&[u8]) -> bool + Sync,
        is_wanted: impl Fn(u32) -> bool + Sync,
        say: impl Fn(&LoggedJob<'_>) -> Option<T> + Sync,
        mut each: impl FnMut(u32, T),
    ) -> Result<(), LogError> {
        let is_of_wanted = |line: &Line<'_>| self.ledger.place_of(line.job).is_some_and(&is_wanted);
        let read = |text: &str, made: &mut Vec<(u32, T)>| {
            // Few lines are read with all their fields, which takes its time.
            if !may_tell(text.as_bytes()) || !Line::parse(text).is_ok_and(|l| is_of_wanted(&l)) {
                return;
            }
            for line in &Line::whole_parts(text).unwrap_or_default() {
                let job = self.ledger.place_of(line.job);
                if let (Some(job), Some((_, id))) = (job, &line.id) {
                    let id = id.as_str();
                    made.extend(say(&LoggedJob { job, id, line }).map(|identity| (job, identity)));
                }
            }
        };
        map_lines_of(self.path, self.ledger, read, |(job, identity)| {
            each(job, identity);
        })
        .map_err(|error| LogError::Io {
            doing: "read the job log",
            path: self.path.to_owned(),
            error,
        })
    }
}
