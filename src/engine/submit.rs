//! The attempts for the rows that a plan sends, made one by one while they are sent.
//!
//! A million rows need not be in memory: the manifest is read a second time, as fast as attempts
//! are taken.

use serde_json::value::RawValue;

use super::dispatch::{Attempt, Cap, Tally};
use super::plan::{Decision, Plan};
use super::stop::{Reason, Stop};
use crate::jobs::{IdColumn, Order, Rates};
use crate::journal::Writer;
use crate::manifest::{Manifest, ManifestError, Row, RowFault};
use crate::vendor::{DurationStyle, Endpoint, correlated, request_body};

/// The orders that a plan asks for, and what making them takes.
pub struct Orders<'a> {
    /// Which rows are sent; every row was decided.
    pub plan: &'a Plan,
    /// The log that announces them.
    pub writer: &'a Writer,
    /// Ends the run when the manifest is not what was checked.
    pub stop: &'a Stop,
    /// What may be charged and reserved.
    pub cap: &'a Cap,
    /// What the run has done so far.
    pub tally: &'a dyn Fn() -> Tally,
    /// What a clip is expected to cost.
    pub rates: &'a Rates,
    /// How the vendor is given a duration.
    pub duration_style: DurationStyle,
    /// Attempts of this run at most.
    pub most: u64,
    /// Whether the webhook's address names job and attempt.
    pub correlate: bool,
    /// Whether the orders go to a sandbox.
    pub sandbox: bool,
}

impl<'a> Orders<'a> {
    /// The second pass over the manifest: the attempts, made one by one as there is room to send.
    ///
    /// # Errors
    ///
    /// When the manifest is not the one that was planned, or cannot be read again.
    pub fn attempts(
        self,
        manifest: &'a mut Manifest,
    ) -> Result<impl Iterator<Item = Attempt> + 'a, ManifestError> {
        if manifest.has_changed()? {
            return Err(ManifestError::Changed(manifest.name().into()));
        }
        let id_column = manifest.id_column();
        let carried = manifest.carried_columns().to_vec();
        let mut left = self.most;
        // When nothing is sent the file need not be read again.
        let rows = (left > 0).then(|| manifest.rows()).transpose()?;
        let mut rows = rows.into_iter().flatten().enumerate();
        Ok(std::iter::from_fn(move || {
            while left > 0 {
                let (index, row) = rows.next()?;
                let row = match row {
                    Ok(row) => row,
                    Err(RowFault::Problems { .. }) if self.plan.was_invalid(index) => continue,
                    Err(RowFault::Broken(error)) => return self.broken(error.to_string()),
                    Err(fault @ RowFault::Problems { .. }) => {
                        return self.broken(fault.to_string());
                    }
                };
                match self.plan.decided(index, &row) {
                    Some(Decision::Send) => {}
                    Some(_) => continue,
                    None => {
                        return self.broken(ManifestError::Changed(row.file).to_string());
                    }
                }
                let estimate = self.rates.estimate(&row.clip);
                if !self.cap.admits(estimate, &(self.tally)()) {
                    return None;
                }
                left -= 1;
                return match self.attempt(index, &row, id_column, &carried) {
                    Ok(attempt) => Some(attempt),
                    Err(error) => self.broken(error),
                };
            }
            None
        }))
    }

    fn broken(&self, error: String) -> Option<Attempt> {
        self.stop.set(Reason::Input(error));
        None
    }

    fn attempt(
        &self,
        index: usize,
        row: &Row,
        id_column: IdColumn,
        carried: &[String],
    ) -> Result<Attempt, String> {
        let key = self.plan.key_of(index, row);
        let ledger = self.writer.ledger();
        let number = ledger.job(key).map_or(1, |job| job.newest().number + 1);
        let webhook_url = match &row.webhook_url {
            Some(url) if self.correlate => {
                Some(correlated(url, key, number).map_err(|e| e.to_string())?)
            }
            other => other.clone(),
        };
        let body = request_body(&row.clip, webhook_url.as_deref(), self.duration_style);
        let columns = carried.iter().zip(&row.carried);
        let order = Order {
            variant: (!row.variant.is_empty()).then(|| row.variant.as_str().into()),
            columns: columns
                .map(|(column, cell)| (column.clone(), cell.as_str().into()))
                .collect(),
            line: Some(row.line),
            credits_estimated: self.rates.estimate(&row.clip),
            request: RawValue::from_string(body).map_err(|e| e.to_string())?,
        };
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
