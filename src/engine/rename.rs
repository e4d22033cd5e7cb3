//! Other names for what was ordered: which jobs are meant, and the lines that say so.

use super::named::jobs_named;
use super::plan::Held;
use crate::jobs::recognition::normal::Photo;
use crate::jobs::{Event, JobKey, JobView, What};
use crate::journal::{AppendError, LogError, Writer};

/// Lines that are appended at once.
const LINES_AT_ONCE: usize = 1000;

/// A job, and the names that it gets.
pub struct Renaming {
    /// The job as it is now.
    pub view: JobView,
    /// Its new id.
    pub id: Option<String>,
    /// Its photo's new address.
    pub photo: Option<String>,
}

impl Renaming {
    fn old_id(&self) -> &str {
        self.view.id().map_or("", |(_, id)| id)
    }

    /// What changes, as `OLD -> NEW`.
    pub fn pair(&self) -> (String, String) {
        match (&self.id, &self.photo) {
            (Some(id), _) => (self.old_id().to_owned(), id.clone()),
            (None, photo) => (
                self.view.photo().unwrap_or_default(),
                photo.clone().unwrap_or_default(),
            ),
        }
    }

    /// The jobs of rows whose clips were ordered under other ids.
    pub fn of_rows(rows: Vec<Held>, writer: &Writer) -> Result<Vec<Self>, LogError> {
        let mut renamings = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(view) = writer.view(row.job)? else {
                continue;
            };
            let old = Photo::of(&view.photo().unwrap_or_default()).address;
            let has_moved = old != Photo::of(&row.photo).address;
            renamings.push(Self {
                view,
                id: Some(row.id),
                photo: has_moved.then_some(row.photo),
            });
        }
        Ok(renamings)
    }
}

/// The jobs of a key, a generation id, a listing or SKU by the name it has now, or a photo.
pub fn jobs_called(old: &str, writer: &Writer) -> Result<Vec<JobView>, LogError> {
    let keys = jobs_named(writer.path(), &writer.ledger(), old).map_err(|error| LogError::Io {
        doing: "read",
        path: writer.path().to_owned(),
        error,
    })?;
    let is_id = |view: &JobView| view.id().is_some_and(|(_, id)| id.trim() == old);
    let is_key = keys.len() == 1 && {
        let is_its_key = JobKey::parse(old) == Some(keys[0]);
        is_its_key || !old.contains("://")
    };
    let mut views = views_of(writer, keys)?;
    if is_key && views.iter().all(|view| !was_called(view, old)) {
        // Named by its key or by the vendor's id.
        return Ok(views);
    }
    views.retain(is_id);
    if !views.is_empty() || !old.contains("://") {
        return Ok(views);
    }
    let photo = Photo::of(old).address;
    let all: Vec<JobKey> = writer.ledger().jobs().map(|job| job.key).collect();
    let mut views = views_of(writer, all)?;
    views.retain(|view| {
        view.photo()
            .is_some_and(|own| Photo::of(&own).address == photo)
    });
    Ok(views)
}

/// Whether a job's listing or SKU is, or once was, called so.
pub fn was_called(view: &JobView, name: &str) -> bool {
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

/// Writes the new names down. `by` is the user, and `sandbox` whether this is a rehearsal.
pub fn write_down(
    renamings: &[Renaming],
    writer: &Writer,
    by: &str,
    sandbox: bool,
) -> Result<(), AppendError> {
    for some in renamings.chunks(LINES_AT_ONCE) {
        let line = |renaming: &Renaming| {
            let view = &renaming.view;
            let at = view.state.stamp(writer.now());
            let attempt = view.state.newest().number;
            let id = view.id().map(|(column, old)| {
                let id = renaming.id.as_deref().unwrap_or(old);
                (column, id)
            });
            let what = What::Renamed {
                image_url: renaming.photo.as_deref(),
                by,
            };
            Event::new(at, view.key(), attempt, what)
                .of_item(id)
                .in_sandbox(sandbox || view.state.is_sandbox())
                .line()
        };
        let lines: String = some.iter().map(line).collect();
        writer.append_blocking(&lines)?;
    }
    Ok(())
}
