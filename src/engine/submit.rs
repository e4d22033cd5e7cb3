//! The attempts for the rows that a plan sends, made one by one while they are sent.
//!
//! A million rows need not be in memory: the manifest is read a second time, as fast as attempts
//! are taken.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::dispatch::Attempt;
use super::photos::Placed;
use super::plan::Plan;
use super::stop::{Reason, Stop};
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
    pub photos: &'a Placed,
    /// Whether the webhook's address names job and attempt.
    pub correlate: bool,
    /// Whether the orders go to a sandbox.
    pub sandbox: bool,
}

impl Orders<'_> {
    /// The second pass over the manifest: the attempts, made one by one as there is room to send, for
    /// those rows to be sent that `is_now` picks by their places in the manifest.
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
        Ok(rows.map_while(move |(index, row)| {
            let attempt = self.attempt(index, row, id_column, &carried);
            attempt
                .map_err(|error| self.stop.set(Reason::Input(error)))
                .ok()
        }))
    }

    fn attempt(
        &self,
        index: usize,
        row: Result<Row, RowFault>,
        id_column: IdColumn,
        carried: &[String],
    ) -> Result<Attempt, String> {
        let row = &row.map_err(|fault| fault.to_string())?;
        if self.plan.decided(index, row).is_none() {
            return Err(ManifestError::Changed(row.file.clone()).to_string());
        }
        let key = self.plan.key_of(index, row);
        let ledger = self.writer.ledger();
        let number = ledger.job(key).map_or(1, |job| job.newest().number + 1);
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
        Ok(Attempt {
            job: key,
            number,
            id: Some((id_column, row.id.clone())),
            endpoint: Endpoint::of(&row.clip),
            order,
            replaces: replaced.map(|old| (old.key, old.newest().number)).collect(),
            resend: false,
            sandbox: self.sandbox,
        })
    }
}

/// The clip with the photo's address as the vendor can fetch it.
fn for_vendor<'c>(clip: &'c Clip, photos: &Placed) -> Cow<'c, Clip> {
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
