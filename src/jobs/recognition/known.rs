//! The marks of a log's jobs, and which of them are like a row.

use super::mark_filter::MarkFilter;
use super::marks::{Marks, RecognitionKeys, bare};
use super::normal;
use super::photo_folder::PhotoFolder;

/// What a job is called, or was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct KnownName {
    job: u32,
    wording: u32,
    variant: u32,
    /// [`Marks::photo_name`].
    photo: u32,
    place: PhotoFolder,
}

/// How many entries are looked through on average.
const ENTRIES_OF_A_PART: usize = 4;

/// Which of so many parts, a power of two, a mark is in. A hash's upper bits are as even as its lower ones.
fn part_of(key: u64, parts: usize) -> usize {
    ((u128::from(key) * parts as u128) >> 64) as usize
}

/// How a job is like a row.
#[derive(Clone, Copy)]
pub struct Similarity<'a> {
    name: &'a KnownName,
    known: &'a Recognition,
    row: &'a Marks,
}

impl Similarity<'_> {
    /// The job's place in the ledger.
    pub fn job(&self) -> u32 {
        self.name.job
    }

    /// Whether a person sees the same id.
    pub fn has_same_id(&self) -> bool {
        self.known.has_id(self.name.job, self.row)
    }

    /// Whether a person sees the same prompt and settings.
    pub fn has_same_wording(&self) -> bool {
        self.name.wording == self.row.wording
    }

    /// Whether both have the same variant.
    pub fn has_same_variant(&self) -> bool {
        self.name.variant == self.row.variant
    }

    /// Whether both photos have names besides their addresses, and the same one.
    pub fn has_same_photo_name(&self) -> bool {
        self.row.photo_name != 0 && self.name.photo == self.row.photo_name
    }

    /// Whether both have one, and another one.
    fn has_other_photo_name(&self) -> bool {
        let names = [self.name.photo, self.row.photo_name];
        !names.contains(&0) && !self.has_same_photo_name()
    }

    /// Whether the row's address may be the job's, regenerated.
    pub fn may_be_made_anew(&self) -> bool {
        self.row.place.may_be(&self.name.place)
    }

    /// Whether the folders on the way to the file are the same, tokens aside.
    pub fn has_same_folders(&self) -> bool {
        self.row.place.has_same_folders(&self.name.place)
    }

    /// How many of the folders on the way to the file are the same.
    pub fn common_folders(&self) -> usize {
        self.row.place.common_folders(&self.name.place)
    }
}

#[cfg(test)]
thread_local! {
    /// How many jobs were compared with rows.
    pub static LOOKED_AT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// The marks of a log's jobs.
#[derive(Debug, Default)]
pub struct Recognition {
    names: Vec<KnownName>,
    /// Under which mark which of the names is found. Sorted by mark, by what is seen of the job's id and
    /// by name, once all are there.
    entries: Vec<(u64, u32)>,
    /// Where the entries begin whose marks have the same upper bits, and where the last ones end. A search
    /// through all entries would wait for memory at each step.
    begins: Vec<u32>,
    /// Each job's id as a person sees it, and what its photo's query says.
    seen: Vec<(u64, u32)>,
}

impl Recognition {
    /// Whether no job may be like a row.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a job, as far as rows ask for what it is found by.
    pub fn add(&mut self, job: u32, marks: &Marks, sought: &MarkFilter) {
        let index = job as usize;
        if self.seen.len() <= index {
            self.seen.resize(index + 1, (0, 0));
        }
        self.seen[index] = (marks.id, marks.query);
        self.add_former(job, marks, sought);
    }

    /// Adds what a job that was added was called before: another version of the sheet may call it that
    /// still.
    pub fn add_former(&mut self, job: u32, marks: &Marks, sought: &MarkFilter) {
        let name = KnownName {
            job,
            wording: marks.wording,
            variant: marks.variant,
            photo: marks.photo_name,
            place: marks.place,
        };
        self.add_name(name, marks.kept(), sought);
    }

    /// Adds a job of which no more than its ids are known, as far as rows have them.
    pub fn add_bare(&mut self, job: u32, ids: &[impl AsRef<str>], sought: &MarkFilter) {
        let name = KnownName {
            job,
            ..KnownName::default()
        };
        let keys = ids.iter().map(|id| bare(&normal::id(id.as_ref())));
        self.add_name(name, keys, sought);
    }

    fn add_name(&mut self, name: KnownName, keys: impl Iterator<Item = u64>, sought: &MarkFilter) {
        let place = self.names.len() as u32;
        let before = self.entries.len();
        let keys = keys.filter(|key| sought.may_hold(*key));
        self.entries.extend(keys.map(|key| (key, place)));
        if self.entries.len() > before {
            self.names.push(name);
        }
    }

    /// To be called once all are added.
    pub fn sort(&mut self) {
        let Self {
            names,
            entries,
            begins,
            seen,
        } = self;
        // Jobs of one clip by their ids: thousands may share a photo and a prompt.
        let rank = |&(_, name): &(u64, u32)| {
            let job = names[name as usize].job;
            // Nothing is seen of the bare ones, whichever others were added before or after.
            (seen.get(job as usize).map_or(0, |(id, _)| *id), job, name)
        };
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| rank(a).cmp(&rank(b))));
        // Names of a job that differ only in what is found by other marks.
        entries.dedup_by(|a, b| a.0 == b.0 && names[a.1 as usize] == names[b.1 as usize]);
        let parts = (entries.len() / ENTRIES_OF_A_PART).next_power_of_two();
        begins.clear();
        for (place, (key, _)) in entries.iter().enumerate() {
            begins.resize(part_of(*key, parts) + 1, place as u32);
        }
        begins.resize(parts + 1, entries.len() as u32);
    }

    fn id(&self, job: u32) -> Option<u64> {
        self.seen.get(job as usize).map(|(id, _)| *id)
    }

    /// Whether a person sees the same id at a job.
    pub fn has_id(&self, job: u32, row: &Marks) -> bool {
        #[cfg(test)]
        LOOKED_AT.set(LOOKED_AT.get() + 1);
        self.id(job) == Some(row.id)
    }

    /// Whether the query of a job's photo says the same, signatures aside.
    pub fn has_query(&self, job: u32, row: &Marks) -> bool {
        let query = self.seen.get(job as usize).map(|(_, query)| *query);
        query == Some(row.query)
    }

    /// The entries with a mark.
    fn under(&self, key: u64) -> &[(u64, u32)] {
        let Some(parts) = self.begins.len().checked_sub(1) else {
            return &[];
        };
        let part = part_of(key, parts);
        let entries = &self.entries[self.begins[part] as usize..self.begins[part + 1] as usize];
        let entries = &entries[entries.partition_point(|entry| entry.0 < key)..];
        &entries[..entries.partition_point(|entry| entry.0 == key)]
    }

    fn likes<'a>(
        &'a self,
        row: &'a Marks,
        keys: impl Iterator<Item = u64>,
    ) -> impl Iterator<Item = Similarity<'a>> {
        let keys = keys.filter(|key| *key != 0);
        let entries = keys.flat_map(|key| self.under(key));
        entries.map(|entry| self.like(*entry, row))
    }

    fn like<'a>(&'a self, (_, name): (u64, u32), row: &'a Marks) -> Similarity<'a> {
        Similarity {
            name: &self.names[name as usize],
            known: self,
            row,
        }
    }

    /// Jobs with the same photo, prompt and settings, under whatever id.
    pub fn of_clip<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        self.likes(row, std::iter::once(row.clip))
    }

    /// Those of them at which a person sees the same id.
    pub fn of_clip_and_id<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        let id = |&(_, name): &(u64, u32)| self.id(self.names[name as usize].job);
        let entries = self.under(row.clip);
        let entries = &entries[entries.partition_point(|entry| id(entry) < Some(row.id))..];
        let same = entries
            .iter()
            .take_while(move |entry| id(entry) == Some(row.id));
        same.map(|entry| self.like(*entry, row))
    }

    /// Jobs whose id may be the row's, respelled, with the same photo, whatever the prompt.
    pub fn of_subject<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        self.likes(row, row.sought.iter().map(|keys| keys.subject))
    }

    /// Jobs whose id may be the row's, with the same prompt and settings, and a photo of the same name,
    /// wherever it is. Of voices, those with the same words.
    pub fn of_name<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        let likes = self.likes(row, row.sought.iter().map(|keys| keys.named));
        likes.filter(|like| !like.has_other_photo_name())
    }

    /// Jobs whose id may be the row's, and a photo of the same name, wherever it is and whatever the
    /// prompt.
    pub fn of_file<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        let likes = self.likes(row, row.sought.iter().map(|keys| keys.file));
        likes.filter(|like| !like.has_other_photo_name())
    }

    /// Jobs whose id may be the row's, and whose photo was in the same file on this computer, whatever the
    /// prompt.
    pub fn of_path<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        self.likes(row, row.sought.iter().map(|keys| keys.path))
    }

    /// Jobs whose id may be the row's, with the same prompt and settings, and a photo where the row has
    /// none, or none where it has one.
    pub fn of_other_kind<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        self.likes(row, row.sought.iter().map(RecognitionKeys::other_kind))
    }

    /// Jobs whose id may be the row's, with the same prompt and settings, both with a photo or both
    /// without one.
    pub fn of_kind<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        self.likes(row, row.sought.iter().map(|keys| keys.kind))
    }

    /// Jobs whose id may be the row's, and whose photo's address has a token in place of a name where the
    /// row's has one, and may be that one made anew, whatever the prompt.
    pub fn of_token<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        let likes = self.likes(row, row.sought.iter().map(|keys| keys.token));
        likes.filter(Similarity::may_be_made_anew)
    }

    /// Jobs whose id may be the row's, with the same prompt and settings, and a photo of which the file's
    /// name here is the name there: of one the address has it, of the other what is known besides.
    pub fn of_called<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        self.likes(row, row.sought.iter().map(|keys| keys.called))
    }

    /// Jobs of which no more is known than that they have the row's id.
    pub fn of_bare<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        self.likes(row, std::iter::once(row.bare))
    }

    /// Jobs of which the row may have the photo at another address: the name, the token or the file on this
    /// computer is the same. Or the same words, only one of both with a photo.
    pub fn elsewhere<'a>(&'a self, row: &'a Marks) -> impl Iterator<Item = Similarity<'a>> {
        let likes = self.of_name(row);
        let likes = likes.chain(self.of_file(row).filter(Similarity::may_be_made_anew));
        let likes = likes.chain(self.of_path(row)).chain(self.of_called(row));
        likes
            .chain(self.of_token(row))
            .chain(self.of_other_kind(row))
    }

    /// Whether a row may not be sent unasked where there are such jobs, one that only shares the prompt
    /// aside.
    pub fn has_like(&self, row: &Marks) -> bool {
        let likes = self.of_clip(row).chain(self.of_subject(row));
        let mut likes = likes.chain(self.elsewhere(row)).chain(self.of_bare(row));
        likes.next().is_some()
    }
}

#[cfg(test)]
mod tests;
