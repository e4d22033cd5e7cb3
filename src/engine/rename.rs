//! Other names for what was ordered: which jobs are meant, and the lines that say so.

use std::collections::HashMap;

use super::named::jobs_named;
use super::plan::{self, Allowed, ChangeDoubt, Decision, Held, Plan, PlanError};
use crate::jobs::recognition::{PhotoAddress, normal::is_invisible};
use crate::jobs::{Event, EventKind, JobKey, JobView, Lines, Rates};
use crate::journal::{DecisionError, LogError, Writer};
use crate::manifest::{Manifest, Problem, check_address, named_photo};
use crate::text::{escape, format, is_address};

/// Why a name cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum RenameError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What looks like an address is none.
    #[error("the photo's address {0}")]
    Address(String),
    /// An id that could not be seen.
    #[error("the new id is empty or holds invisible characters")]
    Invisible,
    /// No job goes by the old name.
    #[error("no job, listing, SKU or photo is called {}", escape(.0))]
    Unknown(String),
    /// A photo's address would be that of several clips.
    #[error(
        "{} has {}, and a photo's address is one clip's: {}",
        escape(old),
        format::count(jobs.len() as u64, "clip"),
        jobs.iter().map(JobKey::to_string).collect::<Vec<_>>().join(", ")
    )]
    Several {
        /// The old name.
        old: String,
        /// The jobs that go by it.
        jobs: Vec<JobKey>,
        /// The listing or SKU of the first one.
        id: Option<String>,
    },
    /// A voice clip has no photo.
    #[error("job {0} was ordered without a photo")]
    NoPhoto(JobKey),
}

/// A job, and the names that it gets.
pub struct Renaming {
    /// The job as it is now.
    pub view: JobView,
    /// Its new id.
    pub id: Option<String>,
    /// Its photo's new address.
    pub photo: Option<String>,
    /// Its photo's name, where that was given in front of the address.
    pub photo_name: Option<String>,
}

/// What a manifest says of names.
pub struct ManifestNames {
    /// The jobs that get another one.
    pub renamings: Vec<Renaming>,
    /// Rows that may be for the photo of a job, as may others.
    pub unclear: Vec<Held>,
    /// What is wrong with rows, which are left out.
    pub problems: Vec<Problem>,
    /// How many rows these are.
    pub invalid: u64,
}

impl Renaming {
    /// What changes, as `OLD -> NEW`.
    pub fn pair(&self) -> (String, String) {
        let old_id = self.view.id().map_or("", |(_, id)| id);
        match (&self.id, &self.photo) {
            (Some(id), _) => (old_id.to_owned(), id.clone()),
            (None, photo) => (
                self.view.photo().unwrap_or_default(),
                photo.clone().unwrap_or_default(),
            ),
        }
    }

    /// Whether a clip lies under the old id already, on disk or with a receiver.
    pub fn leaves_a_clip(&self) -> bool {
        let mut attempts = self.view.state.attempts();
        self.id.is_some() && attempts.any(|a| a.is_downloaded() || a.is_published())
    }

    /// The jobs that a manifest's rows have other ids or photos elsewhere for: their clips were ordered
    /// under names that are no longer in it. Rows with mistakes are left out, and so are photos that
    /// may be one job's.
    pub fn of_manifest(
        manifest: &mut Manifest,
        rates: &Rates,
        writer: &Writer,
    ) -> Result<ManifestNames, PlanError> {
        let mut problems = Vec::new();
        let mut plan = Plan::of_sound_rows(manifest, rates, |problem| problems.push(problem))?;
        let found = {
            let ledger = writer.ledger();
            let log = Some((writer.path(), &*ledger));
            plan::decide(manifest, &mut plan, log, Allowed::default(), usize::MAX)?
        };
        let mut moved: HashMap<JobKey, u32> = HashMap::new();
        for candidate in found.held.iter().flat_map(|row| &row.moved) {
            *moved.entry(candidate.job).or_default() += 1;
        }
        let is_meant = |row: &Held| match (row.reason, row.moved.as_slice()) {
            (Decision::Renamed, _) => true,
            (_, [sole]) => row.doubt != ChangeDoubt::Nameless && moved.get(&sole.job) == Some(&1),
            _ => false,
        };
        let (meant, other): (Vec<_>, Vec<_>) = found.held.into_iter().partition(is_meant);
        let unclear = other
            .into_iter()
            .filter(|row| !row.moved.is_empty())
            .collect();
        let mut renamings = Vec::new();
        for row in meant {
            let Some(view) = writer.view(row.job)? else {
                continue;
            };
            let old = PhotoAddress::of(&view.photo().unwrap_or_default()).address;
            let has_moved = old != PhotoAddress::of(&row.photo).address;
            renamings.push(Self {
                view,
                id: (row.reason == Decision::Renamed).then_some(row.id),
                photo: has_moved.then_some(row.photo),
                photo_name: row.photo_name.filter(|_| has_moved),
            });
        }
        Ok(ManifestNames {
            renamings,
            unclear,
            problems,
            invalid: plan.counts.invalid,
        })
    }

    /// The jobs that `old` means, each with its new name; none where all have it already.
    pub fn named(old: &str, new: &str, writer: &Writer) -> Result<Vec<Self>, RenameError> {
        let (photo_name, address) = named_photo(new);
        let photo = is_address(address).then_some(address);
        if photo.is_some() {
            check_address(address).map_err(RenameError::Address)?;
        } else if new.is_empty() || new.chars().any(|c| is_invisible(c) || c.is_control()) {
            return Err(RenameError::Invisible);
        }
        let views = jobs_called(old, writer)?;
        if views.is_empty() {
            return Err(RenameError::Unknown(old.to_owned()));
        }
        if let (Some(_), [first, _, ..]) = (photo, views.as_slice()) {
            return Err(RenameError::Several {
                old: old.to_owned(),
                jobs: views.iter().map(JobView::key).collect(),
                id: first.id().map(|(_, id)| id.to_owned()),
            });
        }
        if let (Some(_), Some(voice)) = (photo, views.iter().find(|view| view.photo().is_none())) {
            return Err(RenameError::NoPhoto(voice.key()));
        }
        let is_new = |view: &JobView| match photo {
            Some(photo) => {
                let has_name = photo_name.is_none() || view.photo_name() == photo_name;
                view.photo().as_deref() != Some(photo) || !has_name
            }
            None => view.id().is_none_or(|(_, id)| id != new),
        };
        let renaming = |view: JobView| Self {
            view,
            id: photo.is_none().then(|| new.to_owned()),
            photo: photo.map(str::to_owned),
            photo_name: photo_name.map(str::to_owned),
        };
        Ok(views.into_iter().filter(is_new).map(renaming).collect())
    }
}

/// The id that jobs are about to get and that others have already, and how many these are: two
/// listings under one name cannot be distinguished any more.
pub fn taken<'a>(
    renamings: &'a [Renaming],
    writer: &Writer,
) -> Result<Option<(&'a str, u64)>, LogError> {
    let first = renamings.first();
    let Some(id) = first.and_then(|renaming| renaming.id.as_deref()) else {
        return Ok(None);
    };
    let is_other = |view: &&JobView| {
        let mut own = renamings.iter().map(|renaming| renaming.view.key());
        own.all(|key| key != view.key()) && was_called(view, id)
    };
    let others = jobs_called(id, writer)?;
    let count = others.iter().filter(is_other).count() as u64;
    Ok((count > 0).then_some((id, count)))
}
/// The jobs of a key, a generation id, a listing or SKU by the name it has now, or a photo.
fn jobs_called(old: &str, writer: &Writer) -> Result<Vec<JobView>, LogError> {
    let keys = jobs_named(writer.path(), &writer.ledger(), old)?;
    let is_id = |view: &JobView| view.id().is_some_and(|(_, id)| id.trim() == old);
    let is_key = keys.len() == 1 && {
        let is_its_key = JobKey::parse(old) == Some(keys[0]);
        is_its_key || !is_address(old)
    };
    let mut views = views_of(writer, keys)?;
    if is_key && views.iter().all(|view| !was_called(view, old)) {
        // Named by its key or by the vendor's id.
        return Ok(views);
    }
    views.retain(is_id);
    if !views.is_empty() || !is_address(old) {
        return Ok(views);
    }
    let photo = PhotoAddress::of(old).address;
    let all: Vec<JobKey> = writer.ledger().jobs().map(|job| job.key).collect();
    let mut views = views_of(writer, all)?;
    views.retain(|view| {
        view.photo()
            .is_some_and(|own| PhotoAddress::of(&own).address == photo)
    });
    Ok(views)
}

/// Whether a job's listing or SKU is, or once was, called so.
fn was_called(view: &JobView, name: &str) -> bool {
    let columns = ["listing_id", "sku"];
    let fields = [&view.renamed, &view.fields];
    fields.iter().any(|fields| {
        let names = columns.iter().filter_map(|column| fields.text(column));
        names.into_iter().any(|own| own.trim() == name)
    })
}

fn views_of(writer: &Writer, keys: Vec<JobKey>) -> Result<Vec<JobView>, LogError> {
    let views = keys.into_iter().map(|key| writer.view(key));
    views.filter_map(Result::transpose).collect()
}

/// Writes the new names down: not where another computer has written about one of the clips since the log
/// was read, nor about any `apart` from them that goes by one of their new names. `by` is the user, and
/// `sandbox` whether this is a rehearsal.
pub fn write_down(
    renamings: &[Renaming],
    apart: bool,
    writer: &Writer,
    by: &str,
    sandbox: bool,
) -> Result<(), DecisionError> {
    let line = |renaming: &Renaming| -> Lines {
        let view = &renaming.view;
        let at = view.state.stamp(writer.now());
        let attempt = view.state.newest().number;
        let id = view.id().map(|(column, old)| {
            let id = renaming.id.as_deref().unwrap_or(old);
            (column, id)
        });
        let what = EventKind::Renamed {
            image_url: renaming.photo.as_deref(),
            photo_name: renaming.photo_name.as_deref(),
            by,
        };
        Event::new(at, view.key(), attempt, what)
            .of_item(id)
            .in_sandbox(sandbox || view.state.is_sandbox())
            .into()
    };
    if renamings.is_empty() {
        return Ok(());
    }
    let lines: Lines = renamings.iter().map(line).collect();
    let jobs: Vec<JobKey> = renamings
        .iter()
        .map(|renaming| renaming.view.key())
        .collect();
    let names = renamings
        .iter()
        .filter_map(|renaming| renaming.id.as_deref());
    let names: Vec<&str> = names.filter(|_| apart).collect();
    writer.decide(&jobs, &names, &lines)
}
