//! Reads the log once more to recognize rows that were respelled.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::marks::full_path;
use crate::jobs::recognition::{MarkFilter, Marks, PhotoNotes, Recognition, RequestedClip};
use crate::jobs::{Clip, JobFact, JobState, Ledger, Line, LineStatus, PHOTO_FILE};
use crate::journal::{LogError, map_lines_of};

/// A log that has been folded.
#[derive(Clone, Copy)]
pub struct FoldedLog<'a> {
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
    /// What it asks for, and its variant.
    fn clip(&self) -> Option<(Clip, String)> {
        let asked = self.line.request.and_then(RequestedClip::parse)?;
        Some((
            asked.clip()?,
            self.line.other_text("variant").unwrap_or_default(),
        ))
    }

    /// The photo at an address, by the name that the line has for it.
    fn photo(&self, address: &str) -> NamedPhoto {
        NamedPhoto {
            address: address.to_owned(),
            name: self.line.other_text("photo_name"),
        }
    }

    /// Where the photo was on this computer; the line says it from the log's folder.
    fn photo_file(&self, folder: &Path) -> Option<String> {
        let path = self.line.other_text(PHOTO_FILE)?;
        full_path(&folder.join(path))
    }

    fn is_renaming(&self) -> bool {
        self.line.word == LineStatus::Fact(JobFact::Renamed)
    }
}

/// The names that a job was given after it was ordered, each with its time; once all are there, the
/// newest first.
#[derive(Default)]
struct JobNames {
    ids: Vec<(i64, String)>,
    photos: Vec<(i64, NamedPhoto)>,
}

/// A photo's address, and its name where it was given one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NamedPhoto {
    address: String,
    name: Option<String>,
}

impl JobNames {
    fn add(&mut self, at: i64, id: String, photo: Option<NamedPhoto>) {
        self.ids.push((at, id));
        self.photos.extend(photo.map(|photo| (at, photo)));
    }

    fn sort(&mut self) {
        self.ids.sort_unstable_by(|a, b| b.cmp(a));
        self.photos.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// All ids of a job, today's first, the one that a line has of it last.
    fn ids<'a>(this: Option<&'a Self>, last: &'a str) -> impl Iterator<Item = &'a str> {
        let renamed = this.into_iter().flat_map(|names| &names.ids);
        renamed
            .map(|(_, id)| id.as_str())
            .chain(std::iter::once(last))
    }

    /// The same of its photo. A name that was given once holds for all of its addresses.
    fn photos(this: Option<&Self>, last: NamedPhoto) -> Vec<NamedPhoto> {
        let renamed = this.into_iter().flat_map(|names| &names.photos);
        let renamed = renamed.map(|(_, photo)| photo.clone());
        let mut photos: Vec<NamedPhoto> = renamed.chain([last]).collect();
        let known = photos.iter().find_map(|photo| photo.name.clone());
        for photo in &mut photos {
            photo.name = photo.name.take().or_else(|| known.clone());
        }
        photos
    }
}

/// What the log holds of a job that stands for a row that is held.
pub struct OrderedClip {
    /// Its listing or SKU, as it is called now.
    pub id: String,
    /// What it asked for last, and its variant; none where the log does not hold that.
    pub clip: Option<(Clip, String)>,
}

/// What a line says of a job that is compared with rows.
enum Identity {
    /// Its marks under all of its names, today's first; none where no row may be like it.
    Marks(Vec<Marks>),
    /// Its ids and no more.
    Bare(Vec<String>),
}

impl FoldedLog<'_> {
    /// The marks of jobs that may be like a row, by all names that they ever had. Only jobs at whose
    /// places `compared` is true are looked at.
    pub fn marks(self, compared: &[bool], sought: &MarkFilter) -> Result<Recognition, LogError> {
        let is_compared = |job: u32| compared[job as usize];
        let names = self.names(is_compared)?;
        let ids = |logged: &LoggedJob<'_>| -> Vec<String> {
            let ids = JobNames::ids(names.get(&logged.job), logged.id);
            ids.map(str::to_owned).collect()
        };
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let say = |logged: &LoggedJob<'_>| match logged.clip() {
            Some((clip, variant)) => {
                let names = names.get(&logged.job);
                let photos = JobNames::photos(names, logged.photo(clip.image_url()));
                let file = logged.photo_file(folder);
                let under = |id| {
                    let marks = photos.iter().map(|photo| {
                        let notes = PhotoNotes {
                            name: photo.name.as_deref(),
                            file: file.as_deref(),
                        };
                        Marks::of(id, &clip.with_photo(&photo.address), &variant, notes)
                    });
                    marks.collect::<Vec<_>>()
                };
                let mut marks: Vec<Marks> =
                    JobNames::ids(names, logged.id).flat_map(under).collect();
                if !marks.iter().any(|marks| sought.may_be(marks)) {
                    marks.clear();
                }
                Some(Identity::Marks(marks))
            }
            None => logged.line.keyless.then(|| Identity::Bare(ids(logged))),
        };
        let mut known = Recognition::default();
        let mut has_marks = vec![false; compared.len()];
        self.of_owners(is_compared, say, |job, identity| match identity {
            // Further attempts may ask with another prompt.
            Identity::Marks(marks) => {
                has_marks[job as usize] = true;
                if let Some((today, former)) = marks.split_first() {
                    known.add(job, today, sought);
                    for marks in former {
                        known.add_former(job, marks, sought);
                    }
                }
            }
            Identity::Bare(ids) => known.add_bare(job, &ids, sought),
        })?;
        // Jobs whose request cannot be read, as after damage that was accepted, go by the ids that
        // their other lines report.
        let is_bare = |job: u32| {
            let state = self.ledger.job_at(job).filter(|_| is_compared(job));
            state.is_some_and(JobState::maybe_accepted) && !has_marks[job as usize]
        };
        if (0..compared.len() as u32).any(is_bare) {
            let say = |logged: &LoggedJob<'_>| Some(ids(logged));
            self.of_named(
                |_| true,
                is_bare,
                say,
                |job, ids| {
                    known.add_bare(job, &ids, sought);
                },
            )?;
        }
        known.sort();
        Ok(known)
    }

    /// What some jobs are called, and what they asked for last, by their places in the ledger.
    pub fn ordered(
        self,
        jobs: impl IntoIterator<Item = u32>,
    ) -> Result<HashMap<u32, OrderedClip>, LogError> {
        let jobs: HashSet<u32> = jobs.into_iter().collect();
        let mut all: HashMap<u32, OrderedClip> = HashMap::with_capacity(jobs.len());
        if jobs.is_empty() {
            return Ok(all);
        }
        let is_wanted = |job: u32| jobs.contains(&job);
        let say = |logged: &LoggedJob<'_>| Some((logged.id.to_owned(), logged.clip()));
        self.of_owners(is_wanted, say, |job, (id, clip)| {
            let ordered = all
                .entry(job)
                .or_insert_with(|| OrderedClip { id, clip: None });
            ordered.clip = clip.or(ordered.clip.take());
        })?;
        for (job, names) in self.names(is_wanted)? {
            let Some(ordered) = all.get_mut(&job) else {
                continue;
            };
            if let Some((_, id)) = names.ids.into_iter().next() {
                ordered.id = id;
            }
            let photo = names.photos.into_iter().next();
            if let (Some((_, photo)), Some((clip, _))) = (photo, &mut ordered.clip) {
                *clip = clip.with_photo(&photo.address);
            }
        }
        Ok(all)
    }

    /// The names of those jobs that were renamed, by their places in the ledger.
    fn names(
        self,
        is_wanted: impl Fn(u32) -> bool + Sync,
    ) -> Result<HashMap<u32, JobNames>, LogError> {
        let mut all: HashMap<u32, JobNames> = HashMap::new();
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
                let address = logged.line.other_text("image_url");
                let photo = address.map(|address| logged.photo(&address));
                (at, logged.id.to_owned(), photo)
            })
        };
        let has_word = |line: &[u8]| word.find(line).is_some();
        self.of_named(has_word, was_renamed, renaming, |job, (at, id, photo)| {
            all.entry(job).or_default().add(at, id, photo);
        })?;
        all.values_mut().for_each(JobNames::sort);
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
    }
}
