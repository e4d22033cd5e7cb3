//! Where each clip goes that is fetched. Pure: what is on disk is looked at later.

use std::path::Path;

use super::due::{When, by_owner, is_complete};
use super::facts::Delivery;
use super::names::{self, UsedNames};
use crate::jobs::IdColumn;

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
pub struct ClipGroup {
    /// The folder's name.
    pub folder: String,
    /// The clips, in the manifest's order.
    pub clips: Vec<PlannedClip>,
}

/// What to fetch.
#[derive(Clone, Debug, Default)]
pub struct DeliveryPlan<'a> {
    /// Every job of the log.
    pub all: &'a [Delivery],
    /// One group a listing or SKU; none is empty.
    pub groups: Vec<ClipGroup>,
    /// When the files appear.
    pub when: When,
    /// Finished clips that wait for others of their listing or SKU.
    pub waiting: usize,
}

/// Plans where the clips go below `dir`, whose path must be of the same form as `log_folder`'s
/// (both canonical). A file that a `downloaded` line names keeps its name.
pub fn plan<'a>(
    deliveries: &'a [Delivery],
    when: When,
    log_folder: &Path,
    dir: &Path,
) -> DeliveryPlan<'a> {
    let items = by_owner(deliveries);
    let homes: Vec<Option<(String, String)>> = deliveries
        .iter()
        .map(|delivery| home(delivery, log_folder, dir))
        .collect();
    let folders = folders(deliveries, &items, &homes);
    let mut plan = DeliveryPlan {
        all: deliveries,
        when,
        ..DeliveryPlan::default()
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
        plan.groups.push(ClipGroup { folder, clips });
    }
    plan
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
    let mut taken = UsedNames::default();
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
    let mut taken = UsedNames::default();
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
    use crate::engine::delivery::due::due;
    use crate::engine::delivery::facts::SavedClip;
    use crate::jobs::JobKey;

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
