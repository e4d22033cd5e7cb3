//! The attempts for the rows that a plan sends, made one by one while they are sent.
//!
//! A million rows need not be in memory: the manifest is read a second time, as fast as attempts
//! are taken.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::dispatch::Attempt;
use super::photos::PhotoUploads;
use super::plan::Plan;
use super::stop::{Stop, StopReason};
use crate::jobs::{Clip, Credits, IdColumn, JobView, Order, PHOTO_FILE, Rates};
use crate::journal::Writer;
use crate::manifest::{LocalPhoto, Manifest, ManifestError, Row, RowFault};
use crate::vendor::{DurationStyle, Endpoint, correlated, request_body};

/// The orders that a plan asks for, and what making them takes.
pub struct Orders<'a> {
    /// Which rows are sent; every row was decided.
    pub plan: &'a Plan,
    /// The log that announces them.
    pub writer: &'a Writer,
    /// Ends the run when the manifest is not what was checked.
    pub stop: &'a Stop,
    /// What a clip is expected to cost.
    pub rates: &'a Rates,
    /// How the vendor is given a duration.
    pub duration_style: DurationStyle,
    /// Where the photos on this computer are online.
    pub photos: &'a PhotoUploads,
    /// Whether the webhook's address names job and attempt.
    pub correlate: bool,
    /// Whether the orders go to a sandbox.
    pub sandbox: bool,
}

impl Orders<'_> {
    /// The second pass over the manifest: the attempts, made one by one as there is room to send, for
    /// those rows to be sent that `is_now` picks by their places in the manifest. A row is left out whose
    /// job has come into the log since it was decided, as when a plan is used twice.
    ///
    /// # Errors
    ///
    /// When the manifest is not the one that was planned, or cannot be read again.
    pub fn attempts<'m>(
        &'m self,
        manifest: &'m mut Manifest,
        is_now: &'m dyn Fn(u32) -> bool,
    ) -> Result<impl Iterator<Item = Attempt> + 'm, ManifestError> {
        if manifest.has_changed()? {
            return Err(ManifestError::Changed(manifest.name().into()));
        }
        let id_column = manifest.id_column();
        let carried = manifest.carried_columns().to_vec();
        let now = self.plan.sent().filter(|index| is_now(*index));
        let rows = manifest.rows_at(now)?;
        let attempts = rows.map_while(move |(index, row)| {
            let attempt = self.attempt(index, row, id_column, &carried);
            attempt
                .map_err(|error| self.stop.set(StopReason::Input(error)))
                .ok()
        });
        Ok(attempts.flatten())
    }

    fn attempt(
        &self,
        index: usize,
        row: Result<Row, RowFault>,
        id_column: IdColumn,
        carried: &[String],
    ) -> Result<Option<Attempt>, String> {
        let row = &row.map_err(|fault| fault.to_string())?;
        if self.plan.decided(index, row).is_none() {
            return Err(ManifestError::Changed(row.file.clone()).to_string());
        }
        let key = self.plan.key_of(index, row);
        let ledger = self.writer.ledger();
        let job = ledger.job(key);
        // What other computers have written is looked at, and counted, where the attempt is announced.
        let is_alone = !self.writer.is_shared();
        if is_alone && job.is_some_and(|job| !job.is_ordered_for_its_row()) {
            return Ok(None);
        }
        let number = job.map_or(1, |job| job.newest().number + 1);
        let webhook_url = match &row.webhook_url {
            Some(url) if self.correlate => {
                Some(correlated(url, key, number).map_err(|e| e.to_string())?)
            }
            other => other.clone(),
        };
        let clip = for_vendor(&row.clip, self.photos);
        let body = request_body(&clip, webhook_url.as_deref(), self.duration_style);
        let mut order = order(row, carried, body, self.rates)?;
        if let Some(photo) = &row.photo_file {
            order
                .columns
                .extend(photo_file(photo, self.writer, carried));
        }
        let replaced = self.plan.replaced(index).iter();
        let replaced = replaced.filter_map(|key| ledger.job(*key));
        Ok(Some(Attempt {
            job: key,
            number,
            id: Some((id_column, row.id.clone())),
            endpoint: Endpoint::of(&row.clip),
            order,
            replaces: replaced.map(|old| (old.key, old.newest().number)).collect(),
            resend: false,
            sandbox: self.sandbox,
        }))
    }
}

/// The clip with the photo's address as the vendor can fetch it.
fn for_vendor<'c>(clip: &'c Clip, photos: &PhotoUploads) -> Cow<'c, Clip> {
    let address = photos.address_for_vendor(clip.image_url());
    if address == clip.image_url() {
        return Cow::Borrowed(clip);
    }
    Cow::Owned(clip.with_photo(address))
}

/// Where a photo on this computer is, from the log's folder where it lies below that. A column of
/// that name comes first.
fn photo_file(photo: &LocalPhoto, writer: &Writer, carried: &[String]) -> Option<(String, Value)> {
    if carried.iter().any(|column| column == PHOTO_FILE) {
        return None;
    }
    let path = std::path::absolute(&photo.path).ok()?;
    let folder = writer.path().parent();
    let short = folder.and_then(|folder| path.strip_prefix(folder).ok());
    let path = short.unwrap_or(&path).to_str()?;
    Some((PHOTO_FILE.to_owned(), path.into()))
}

/// What is ordered for a row.
fn order(row: &Row, carried: &[String], body: String, rates: &Rates) -> Result<Order, String> {
    let columns = carried.iter().zip(&row.carried);
    Ok(Order {
        variant: (!row.variant.is_empty()).then(|| row.variant.as_str().into()),
        photo_name: row.photo_name.clone(),
        columns: columns
            .map(|(column, cell)| (column.clone(), cell.as_str().into()))
            .collect(),
        line: Some(row.line),
        credits_estimated: rates.estimate(&row.clip),
        request: RawValue::from_string(body).map_err(|e| e.to_string())?,
    })
}

/// The photos on this computer that the first `most` rows to be sent ask for.
///
/// # Errors
///
/// When the manifest cannot be read again.
pub fn photos_to_send(
    plan: &Plan,
    manifest: &mut Manifest,
    most: u64,
) -> Result<Vec<Arc<LocalPhoto>>, ManifestError> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let rows = manifest.rows_at(plan.sent().take(most))?;
    Ok(rows.filter_map(|(_, row)| row.ok()?.photo_file).collect())
}

/// The rows that a plan sends, as the jobs that they would be, each with what it would cost. For
/// looking at them before anything is written.
///
/// # Errors
///
/// When the manifest cannot be read again.
pub fn planned<'a>(
    plan: &'a Plan,
    manifest: &'a mut Manifest,
    rates: &'a Rates,
    style: DurationStyle,
) -> Result<impl Iterator<Item = (Option<JobView>, Credits)> + 'a, ManifestError> {
    let id_column = manifest.id_column();
    let carried = manifest.carried_columns().to_vec();
    let rows = manifest.rows_at(plan.sent())?;
    Ok(rows.filter_map(move |(index, row)| {
        let row = row.ok()?;
        plan.decided(index, &row)?;
        let estimate = rates.estimate(&row.clip);
        let body = request_body(&row.clip, None, style);
        let attempt = order(&row, &carried, body, rates).map(|order| Attempt {
            job: plan.key_of(index, &row),
            number: 1,
            id: Some((id_column, row.id.clone())),
            endpoint: Endpoint::of(&row.clip),
            order,
            replaces: Vec::new(),
            resend: false,
            sandbox: false,
        });
        let job = attempt.ok().and_then(|attempt| attempt.as_job(rates));
        Some((job, estimate))
    }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::jobs::{Event, EventKind, Facts, GenerationId, Ledger, Lines, Status, StatusReport};
    use crate::manifest::Options;

    #[test]
    fn a_plan_that_is_used_again_orders_only_what_the_log_does_not_hold() {
        let dir = tempfile::tempdir().unwrap();
        let rates = Rates::default();
        let text = "sku,image_url,video_prompt\nA,https://x.example/a.jpg,pan\n\
                    B,https://x.example/b.jpg,pan\n";
        let mut manifest =
            Manifest::from_reader("sheet.csv", text.as_bytes(), Options::default()).unwrap();
        let plan = Plan::of(&mut manifest, &rates).unwrap();
        let log = dir.path().join("jobs.jsonl");
        let ledger = Ledger::new(rates.clone());
        let writer = Writer::open(&log, ledger, "test", Duration::ZERO).unwrap();
        let (stop, photos) = (Stop::default(), PhotoUploads::default());
        let orders = Orders {
            plan: &plan,
            writer: &writer,
            stop: &stop,
            rates: &rates,
            duration_style: DurationStyle::default(),
            photos: &photos,
            correlate: false,
            sandbox: false,
        };
        let mut attempts = || -> Vec<Attempt> {
            let attempts = orders.attempts(&mut manifest, &|_| true).unwrap();
            attempts.collect()
        };
        let first = attempts();
        assert_eq!(first.len(), 2);
        let (job, id) = (first[0].job, GenerationId::parse("vgen_1").unwrap());
        let facts = Facts::default();
        let seen = StatusReport {
            status: Status::Pending,
            generation_id: &id,
            submitted_at: None,
            report: facts.report(Status::Pending, None),
            via: None,
        };
        for what in [
            EventKind::Submitting(&first[0].order),
            EventKind::Reported(seen),
        ] {
            let at = writer.ledger().stamp(job, writer.now());
            let line = Lines::from(Event::new(at, job, 1, what));
            writer.append_blocking(&line).unwrap();
            let again: Vec<_> = attempts().iter().map(|a| (a.job, a.number)).collect();
            assert_eq!(again, [(first[1].job, 1)]);
        }
    }
}
