//! The older clips in whose place a clip comes are removed.

use std::collections::HashSet;

use super::TARGET;
use super::calls::Medium;
use super::clip::ShopifyRun;
use super::error::{ShopifyError, failed_call};
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::fetcher::Refresh;
use crate::engine::delivery::sent::{REMOVED, Sent};
use crate::jobs::JobKey;

/// Edits of a row that are followed.
const LONGEST_CHAIN: usize = 100;

impl<R: Refresh> ShopifyRun<'_, R> {
    /// Removes the older clips that are among a product's media.
    pub(super) async fn remove_stale(
        &self,
        delivery: &Delivery,
        media: &[Medium],
    ) -> Result<(), ShopifyError> {
        let mut removed = HashSet::new();
        for (older, sent) in self.stale(delivery) {
            let tags = self.tags(older.job, sent.generation_id.as_deref());
            let found = media.iter().find(|medium| {
                let is_it = || sent.reference.as_ref() == Some(&medium.id);
                // A file with a name of its own is a person's, whatever the log says.
                medium.has_tag(&tags) || (medium.is_nameless() && is_it())
            });
            let _changing = self.changing.read().await;
            if let Some(medium) = found
                && removed.insert(&medium.id)
            {
                let removed = self.with.admin.remove(&medium.id).await;
                removed.map_err(|failure| {
                    failed_call("to remove the older clip", failure).of_one_clip()
                })?;
            }
            // Where it is not, another store may have it.
            if found.is_none() && sent.target != self.marking.target {
                continue;
            }
            let older = Delivery {
                attempt: sent.attempt,
                generation_id: sent.generation_id.clone(),
                is_completed: true,
                ..older.clone()
            };
            let reference = sent.reference.clone().unwrap_or_default();
            self.record(&older, &sent.target, REMOVED, &reference)
                .await?;
        }
        Ok(())
    }

    /// With `--replace`: the clips in whose place this one is, published or only attached, whatever the
    /// store was called: those of earlier attempts, and of rows that were edited into this one. What merely
    /// shows the same photo, or was dismissed, is not among them.
    pub(super) fn stale<'s>(
        &'s self,
        delivery: &'s Delivery,
    ) -> impl Iterator<Item = (&'s Delivery, &'s Sent)> {
        let is_wanted = self.with.options.look.replace;
        let is_older = move |other: &Delivery| {
            let is_older = || self.is_replaced_by(other, delivery.job);
            // Of another product's clip nothing is seen here.
            other.job == delivery.job || (other.item == delivery.item && is_older())
        };
        let others = self
            .all
            .iter()
            .filter(move |other| is_wanted && is_older(other));
        others.flat_map(move |other| {
            let own = other.job == delivery.job;
            let sent = other.sent.iter();
            sent.filter(move |sent| sent.is_there && sent.target.starts_with(TARGET))
                .filter(move |sent| !(own && sent.attempt == delivery.attempt))
                .map(move |sent| (other, sent))
        })
    }

    /// Whether a row was edited into that of `job`, at once or in steps.
    fn is_replaced_by(&self, older: &Delivery, job: JobKey) -> bool {
        let next = |key: &JobKey| {
            let next = self.all.iter().find(|other| other.job == *key)?;
            next.superseded_by
        };
        let chain = std::iter::successors(older.superseded_by, next);
        // A log of someone else may have a circle.
        chain.take(LONGEST_CHAIN).any(|key| key == job)
    }
}
