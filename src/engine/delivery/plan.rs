//! Which clips are due, and where each goes. Pure: what is on disk is looked at later.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::jobs::{AttemptView, IdColumn, JobKey, JobView, Look, PHOTO_FILE, Status};
use crate::journal::{LogError, Writer};
use crate::text::is_address;

use super::names::{self, Taken};
use super::sent::{Sent, sent};

/// When a clip is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// As soon as it is finished.
    #[default]
    Each,
    /// Once every counted job of its listing or SKU is finished: they go out together.
    Complete,
}

/// What a `downloaded` line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedClip {
    /// The file: relative to the log's folder, or absolute; or an object's address.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its checksum, hexadecimal.
    pub sha256: String,
    /// The computer that it is on, where the log says so.
    pub host: Option<String>,
}

impl SavedClip {
    /// Whether it is an object in a bucket instead of a file.
    pub fn is_in_bucket(&self) -> bool {
        is_address(&self.file)
    }

    /// The file's place; `log_folder` is where the log is. An object's address stays as it is.
    pub fn path(&self, log_folder: &Path) -> PathBuf {
        if self.is_in_bucket() {
            return PathBuf::from(&self.file);
        }
        // Made of the same slashes on every platform.
        let relative: PathBuf = self.file.split('/').collect();
        if Path::new(&self.file).is_absolute() {
            PathBuf::from(&self.file)
        } else {
            log_folder.join(relative)
        }
    }
}

/// What delivery needs to know of one job.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of one job, each read by its own name"
)]
pub struct Delivery {
    /// The job.
    pub job: JobKey,
    /// The attempt that speaks for it.
    pub attempt: u32,
    /// The listing or SKU.
    pub item: Option<(IdColumn, String)>,
    /// The row's line in the manifest.
    pub line: Option<u64>,
    /// A short name of the clip; may be empty.
    pub slug: String,
    /// Whether it is completed.
    pub is_completed: bool,
    /// What a person thinks of its clip, where one has looked at it.
    pub look: Option<Look>,
    /// Whether it counts: neither dismissed nor superseded.
    pub is_counted: bool,
    /// Whether the person's choice (`--where`) covers it.
    pub is_chosen: bool,
    /// Whether a sandbox made it.
    pub is_sandbox: bool,
    /// Whether it is a voice.
    pub is_voice: bool,
    /// The vendor's id.
    pub generation_id: Option<String>,
    /// Where the clip is, as the vendor reported last.
    pub output_url: Option<String>,
    /// Where it is on this computer's disk or in a bucket, as the log says.
    pub saved: Option<SavedClip>,
    /// Where it is on another computer, as the log says.
    pub elsewhere: Option<SavedClip>,
    /// The job that took its place: of its row when that was edited.
    pub superseded_by: Option<JobKey>,
    /// Which target has which of its attempts' clips, or may have.
    pub sent: Vec<Sent>,
}

impl Delivery {
    /// Reads a job's view.
    pub fn of(view: &JobView, is_chosen: bool) -> Self {
        let effective = view.effective();
        let request = |name| effective.and_then(|attempt| text_of(attempt.request_value(name)?));
        let column = |name| view.column(name).filter(|text| !text.is_empty());
        // A photo that was uploaded from this computer is called as it was there.
        let slug = column(PHOTO_FILE)
            .map(|path| names::file_name(&path).to_owned())
            .or_else(|| names::image_name(&column("image_url")?))
            .or_else(|| view.fields.text("variant").map(str::to_owned))
            .map(|name| names::slug(&name))
            .filter(|slug| !slug.is_empty())
            .or_else(|| {
                let words = request("prompt").or_else(|| request("text"))?;
                let start: Vec<&str> = words.split_whitespace().take(6).collect();
                Some(names::slug(&start.join(" ")))
            });
        let (saved, elsewhere) = saved(effective);
        Self {
            job: view.key(),
            attempt: view.state.effective().number,
            item: view.id().map(|(column, id)| (column, id.to_owned())),
            line: view.line(),
            slug: slug.unwrap_or_default(),
            is_completed: view.state.status() == Status::Completed,
            look: view.state.effective().look(),
            is_counted: view.state.is_counted(),
            is_chosen,
            is_sandbox: view.state.is_sandbox(),
            is_voice: request("text").is_some() && request("prompt").is_none(),
            generation_id: effective.and_then(|a| a.generation_id().map(str::to_owned)),
            output_url: effective.and_then(|a| a.fields.text("output_url").map(str::to_owned)),
            saved,
            elsewhere,
            superseded_by: (view.state.is_superseded())
                .then(|| JobKey::parse(view.fields.text("by_job")?))
                .flatten(),
            sent: sent(view),
        }
    }

    /// Whether the job still stands where it stood.
    pub fn is_of(&self, view: &JobView) -> bool {
        let is_completed = view.state.status() == Status::Completed;
        let number = view.state.effective().number;
        (number, is_completed) == (self.attempt, self.is_completed)
    }

    /// The listing or SKU as a person knows it, else the job's key.
    pub fn owner_name(&self) -> String {
        match &self.item {
            Some((_, id)) => id.clone(),
            None => self.job.to_string(),
        }
    }

    pub(super) fn owner_key(&self) -> (Option<IdColumn>, String) {
        let column = self.item.as_ref().map(|(column, _)| *column);
        (column, self.owner_name())
    }

    /// Whether it is to be delivered at all: finished, counted and chosen.
    pub fn is_due(&self) -> bool {
        self.is_counted && self.is_chosen && self.is_completed
    }

    /// Whether one of these targets has its clip.
    pub fn is_published(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        self.sent
            .iter()
            .any(|sent| sent.is_published && sent.attempt == self.attempt && is_meant(&sent.target))
    }

    /// Whether it was downloaded, here or elsewhere, whatever became of the file.
    pub fn was_downloaded(&self) -> bool {
        self.saved.is_some() || self.elsewhere.is_some()
    }

    /// Whether its clip was rejected, dismissed, replaced or ordered anew in `view`, which was read
    /// later.
    pub(super) fn is_withdrawn(&self, view: &JobView) -> bool {
        let state = &view.state;
        let is_another = self.is_completed && state.effective().number != self.attempt;
        !state.is_counted() || is_another || state.effective().look() == Some(Look::Rejected)
    }
}

/// Finished clips that do not go out, for what a person thinks of them or does not think yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldBack {
    /// A person rejected them.
    pub rejected: usize,
    /// No person has looked at them, and only what was kept is to go out.
    pub not_looked_at: usize,
}

/// Holds back clips that were rejected; with `approved` also those that no one has looked at. For
/// their listing or SKU they count as not finished.
pub fn hold_back(deliveries: &mut [Delivery], approved: bool) -> HeldBack {
    let mut held = HeldBack::default();
    for delivery in deliveries {
        let is_due = delivery.is_due();
        let is_out = delivery
            .sent
            .iter()
            .any(|sent| sent.is_published && sent.attempt == delivery.attempt);
        let count = match delivery.look {
            Some(Look::Rejected) => &mut held.rejected,
            None if approved && !is_out => &mut held.not_looked_at,
            _ => continue,
        };
        *count += usize::from(is_due);
        delivery.is_completed = false;
    }
    held
}

/// Where the log's clips went until now, of the targets that begin with `kind`, when `target` is
/// another one that has none of them.
pub fn other_target<'a>(deliveries: &'a [Delivery], kind: &str, target: &str) -> Option<&'a str> {
    let sent = deliveries.iter().flat_map(|delivery| &delivery.sent);
    let mut targets = sent.map(|sent| sent.target.as_str());
    let mut other = None;
    let is_known = targets.any(|known| {
        if known.starts_with(kind) {
            other = Some(known);
        }
        known == target
    });
    other.filter(|_| !is_known)
}

/// Where a clip is that was downloaded: here, or on another computer.
fn saved(attempt: Option<&AttemptView>) -> (Option<SavedClip>, Option<SavedClip>) {
    let saved = attempt.and_then(|attempt| {
        let downloaded = &attempt.downloaded;
        Some(SavedClip {
            file: downloaded.text("file")?.to_owned(),
            bytes: downloaded.get("bytes")?.as_u64()?,
            sha256: downloaded.text("sha256").unwrap_or_default().to_owned(),
            host: attempt.file_host().map(str::to_owned),
        })
    });
    let is_elsewhere = |saved: &SavedClip| {
        let host = saved.host.as_deref();
        host.is_some_and(|host| host != disk::host_name())
    };
    match saved {
        Some(saved) if is_elsewhere(&saved) => (None, Some(saved)),
        saved => (saved, None),
    }
}

fn text_of(value: serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// Every job of the log, in its order. The writer's ledger must keep places.
pub fn gather(
    writer: &Writer,
    chosen: impl Fn(&JobView) -> bool,
) -> Result<Vec<Delivery>, LogError> {
    let keys: Vec<JobKey> = writer.ledger().jobs().map(|job| job.key).collect();
    let mut deliveries = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(view) = writer.view(key)? {
            deliveries.push(Delivery::of(&view, chosen(&view)));
        }
    }
    Ok(deliveries)
}

/// One clip to fetch.
#[derive(Clone, Debug)]
pub struct PlannedClip {
    /// The job.
    pub delivery: Delivery,
    /// The file's name without extension.
    pub stem: String,
    /// The file's whole name, where the log has it.
    pub name: Option<String>,
}

/// The due clips of one listing or SKU.
#[derive(Clone, Debug)]
pub struct Group {
    /// The folder's name.
    pub folder: String,
    /// The clips, in the manifest's order.
    pub clips: Vec<PlannedClip>,
}

/// What to fetch.
#[derive(Clone, Debug, Default)]
pub struct Plan<'a> {
    /// Every job of the log.
    pub all: &'a [Delivery],
    /// One group a listing or SKU; none is empty.
    pub groups: Vec<Group>,
    /// When the files appear.
    pub when: When,
    /// Finished clips that wait for others of their listing or SKU.
    pub waiting: usize,
}

/// Plans where the clips go below `dir`, whose path must be of the same form as `log_folder`'s
/// (both canonical). A file that a `downloaded` line names keeps its name.
pub fn plan<'a>(deliveries: &'a [Delivery], when: When, log_folder: &Path, dir: &Path) -> Plan<'a> {
    let items = by_owner(deliveries);
    let homes: Vec<Option<(String, String)>> = deliveries
        .iter()
        .map(|delivery| home(delivery, log_folder, dir))
        .collect();
    let folders = folders(deliveries, &items, &homes);
    let mut plan = Plan {
        all: deliveries,
        when,
        ..Plan::default()
    };
    for (item, folder) in items.into_iter().zip(folders) {
        let due = |&&index: &&usize| deliveries[index].is_due();
        let due_count = item.iter().filter(due).count();
        if due_count == 0 {
            continue;
        }
        if when == When::Complete && !is_complete(deliveries, &item) {
            plan.waiting += due_count;
            continue;
        }
        let names = clip_names(deliveries, &item, &homes, &folder);
        let clips = item
            .iter()
            .zip(names)
            .filter(|&(&index, _)| deliveries[index].is_due())
            .map(|(&index, (stem, name))| PlannedClip {
                delivery: deliveries[index].clone(),
                stem,
                name,
            })
            .collect();
        plan.groups.push(Group { folder, clips });
    }
    plan
}

/// The due jobs in the order in which they are published, and how many more wait for others of
/// their listing or SKU.
pub fn due(deliveries: &[Delivery], when: When) -> (Vec<&Delivery>, usize) {
    let mut due = Vec::new();
    let mut waiting = 0;
    for item in by_owner(deliveries) {
        let mine = item.iter().map(|&i| &deliveries[i]).filter(|d| d.is_due());
        if when == When::Complete && !is_complete(deliveries, &item) {
            waiting += mine.count();
        } else {
            due.extend(mine);
        }
    }
    (due, waiting)
}

fn is_complete(deliveries: &[Delivery], item: &[usize]) -> bool {
    let mut counted = item
        .iter()
        .map(|&index| &deliveries[index])
        .filter(|delivery| delivery.is_counted);
    counted.all(|delivery| delivery.is_completed)
}

/// Indices by listing or SKU, each in the manifest's order.
fn by_owner(deliveries: &[Delivery]) -> Vec<Vec<usize>> {
    let mut places = HashMap::new();
    let mut items: Vec<Vec<usize>> = Vec::new();
    for (index, delivery) in deliveries.iter().enumerate() {
        let place = *places.entry(delivery.owner_key()).or_insert_with(|| {
            items.push(Vec::new());
            items.len() - 1
        });
        items[place].push(index);
    }
    for item in &mut items {
        item.sort_by_key(|&index| (deliveries[index].line.unwrap_or(u64::MAX), index));
    }
    items
}

/// Folder and name of the file that a `downloaded` line names, where it is one of `dir`'s.
fn home(delivery: &Delivery, log_folder: &Path, dir: &Path) -> Option<(String, String)> {
    let path = delivery.saved.as_ref()?.path(log_folder);
    let mut parts = path.strip_prefix(dir).ok()?.iter();
    let folder = parts.next()?.to_str()?;
    let name = parts.next()?.to_str()?;
    let fits = parts.next().is_none() && names::is_safe(folder) && names::is_safe(name);
    fits.then(|| (folder.to_owned(), name.to_owned()))
}

fn folders(
    deliveries: &[Delivery],
    items: &[Vec<usize>],
    homes: &[Option<(String, String)>],
) -> Vec<String> {
    let mut taken = Taken::default();
    let saved: Vec<Option<&String>> = items
        .iter()
        .map(|item| {
            let home = item.iter().find_map(|&index| homes[index].as_ref());
            let folder = home.map(|(folder, _)| folder);
            folder.inspect(|folder| taken.insert(folder))
        })
        .collect();
    items
        .iter()
        .zip(saved)
        .map(|(item, saved)| {
            if let Some(folder) = saved {
                return folder.clone();
            }
            let (column, id) = deliveries[item[0]].owner_key();
            let column = column.map_or("job", IdColumn::name);
            taken.claim(names::folder(&id), &format!("{column} {id}"))
        })
        .collect()
}

/// Stem, and whole name where the log has it, of each job of `item`.
fn clip_names(
    deliveries: &[Delivery],
    item: &[usize],
    homes: &[Option<(String, String)>],
    folder: &str,
) -> Vec<(String, Option<String>)> {
    let mut taken = Taken::default();
    let saved: Vec<Option<&str>> = item
        .iter()
        .map(|&index| {
            let (_, name) = homes[index].as_ref().filter(|(home, _)| home == folder)?;
            taken.insert(names::stem(name));
            Some(name.as_str())
        })
        .collect();
    let mut number = 0;
    item.iter()
        .zip(saved)
        .map(|(&index, saved)| {
            let delivery = &deliveries[index];
            number += usize::from(delivery.is_counted);
            if let Some(name) = saved {
                return (names::stem(name).to_owned(), Some(name.to_owned()));
            }
            let slug = match delivery.slug.as_str() {
                "" => "clip",
                slug => slug,
            };
            let stem = format!("{number:02}-{slug}");
            (taken.claim(stem, &delivery.job.to_string()), None)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: &str, line: u64, slug: &str) -> Delivery {
        Delivery {
            job: JobKey::digest(&[id, &line.to_string(), slug]),
            attempt: 1,
            item: Some((IdColumn::Listing, id.to_owned())),
            line: Some(line),
            slug: slug.to_owned(),
            is_completed: true,
            look: None,
            is_counted: true,
            is_chosen: true,
            is_sandbox: false,
            is_voice: false,
            generation_id: None,
            output_url: None,
            saved: None,
            elsewhere: None,
            superseded_by: None,
            sent: Vec::new(),
        }
    }

    fn saved(mut delivery: Delivery, file: &str) -> Delivery {
        delivery.saved = Some(SavedClip {
            file: file.to_owned(),
            bytes: 1,
            sha256: String::new(),
            host: None,
        });
        delivery
    }

    fn paths(deliveries: &[Delivery], when: When) -> Vec<String> {
        let plan = plan(
            deliveries,
            when,
            Path::new("/log"),
            Path::new("/log/videos"),
        );
        plan.groups
            .iter()
            .flat_map(|group| {
                let path = |clip: &PlannedClip| format!("{}/{}", group.folder, clip.stem);
                group.clips.iter().map(path)
            })
            .collect()
    }

    #[test]
    fn files_are_numbered_in_the_manifests_order_whatever_the_logs() {
        let jobs = [
            delivery("LST-2", 9, "hall"),
            delivery("LST-1", 4, "kitchen"),
            delivery("LST-1", 2, "living-room"),
        ];
        assert_eq!(
            paths(&jobs, When::Each),
            ["LST-2/01-hall", "LST-1/01-living-room", "LST-1/02-kitchen"],
        );
    }

    #[test]
    fn a_clip_that_is_not_finished_keeps_its_number() {
        let mut jobs = [delivery("A", 2, "a"), delivery("A", 3, "b")];
        jobs[0].is_completed = false;
        assert_eq!(paths(&jobs, When::Each), ["A/02-b"]);
        jobs[0].is_completed = true;
        assert_eq!(paths(&jobs, When::Each), ["A/01-a", "A/02-b"]);
    }

    #[test]
    fn a_file_that_the_log_says_keeps_its_name_when_rows_are_added() {
        let jobs = [
            saved(delivery("A", 3, "b"), "videos/A/01-b.mov"),
            delivery("A", 2, "new"),
        ];
        assert_eq!(paths(&jobs, When::Each), ["A/01-new", "A/01-b"]);
        let same = [
            saved(delivery("A", 3, "b"), "videos/A/01-b.mov"),
            delivery("A", 2, "b"),
        ];
        let paths = paths(&same, When::Each);
        assert!(paths[0].starts_with("A/01-b-"), "{paths:?}");
        assert_eq!(paths[1], "A/01-b");
    }

    #[test]
    fn a_name_in_the_log_that_leads_elsewhere_is_not_used() {
        for file in [
            "videos/../../etc/x.mp4",
            "/etc/passwd",
            "videos/A/CON",
            "videos/x.mp4",
        ] {
            let jobs = [saved(delivery("A", 2, "a"), file)];
            assert_eq!(paths(&jobs, When::Each), ["A/01-a"], "{file}");
        }
    }

    #[test]
    fn two_ids_that_differ_in_case_have_two_folders_and_the_reported_one_stays() {
        let jobs = [
            delivery("abc", 2, "x"),
            saved(delivery("ABC", 3, "x"), "videos/ABC/01-x.mp4"),
        ];
        let paths = paths(&jobs, When::Each);
        assert!(paths[0].starts_with("abc-"), "{paths:?}");
        assert_eq!(paths[1], "ABC/01-x");
    }

    #[test]
    fn a_listing_waits_for_its_last_counted_clip() {
        let mut jobs = [
            delivery("A", 2, "a"),
            delivery("A", 3, "b"),
            delivery("B", 4, "c"),
        ];
        jobs[1].is_completed = false;
        assert_eq!(paths(&jobs, When::Complete), ["B/01-c"]);
        assert_eq!(due(&jobs, When::Complete).1, 1);
        jobs[1].is_counted = false;
        assert_eq!(paths(&jobs, When::Complete), ["A/01-a", "B/01-c"]);
        assert_eq!(due(&jobs, When::Complete).0.len(), 2);
    }

    #[test]
    fn what_the_choice_leaves_out_still_holds_its_listing_back() {
        let mut jobs = [delivery("A", 2, "a"), delivery("A", 3, "b")];
        jobs[1].is_chosen = false;
        assert_eq!(paths(&jobs, When::Complete), ["A/01-a"]);
        jobs[1].is_completed = false;
        assert!(paths(&jobs, When::Complete).is_empty());
    }
}
