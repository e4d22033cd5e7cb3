//! One clip's way onto its product, step by step.

use std::collections::BTreeSet;

use tokio::sync::RwLock;

use super::Shopify;
use super::calls::{Medium, Product};
use super::error::{ShopifyError, failed_call, log_failed, not_processed};
use super::presentation::cut;
use super::search::ProductSearch;
use crate::engine::delivery::facts::Delivery;
use crate::engine::delivery::fetcher::Refresh;
use crate::engine::delivery::lease::{self, ClipLease, LeasedWork};
use crate::engine::delivery::outcome::{DeliveryEvent, DeliveryFailure, FailureKind};
use crate::engine::delivery::publish::{
    self, LoggedStep, PublicationLog, PublishOutcome, id_of, is_published, published_line,
    step_line, steps,
};
use crate::engine::delivery::sent::{ATTACHED, REMOVED};
use crate::engine::stop::Stop;
use crate::jobs::{IdColumn, JobKey, JobView, Lines};

/// Digits of the publish id in a clip's file name at Shopify: what a clip is recognized by there.
const TAG: usize = 16;
/// The metafield of this name holds the clip.
const IN_METAFIELD: &str = "metafield";

pub(super) struct ShopifyRun<'a, R> {
    pub with: &'a Shopify<'a, R>,
    pub stop: Stop,
    pub marking: PublicationLog<'a>,
    /// Every job of the log: where the clips are in whose place others come.
    pub all: &'a [Delivery],
    /// Held while the store is changed, until the log says so.
    pub changing: RwLock<()>,
    /// Every shop that clips of the log went to, by its name: a store that was renamed is one of them.
    pub shops: BTreeSet<&'a str>,
}

impl<R: Refresh> ShopifyRun<'_, R> {
    /// What became of one clip; `None` when the run stops before.
    pub async fn one(&self, delivery: &Delivery) -> Option<PublishOutcome> {
        if self.stop.is_set() {
            return None;
        }
        let outcome = match self.with.writer.view(delivery.job) {
            Ok(view) => {
                let view = view?;
                // A run may stop at any wait: what was begun, the next one takes up.
                tokio::select! {
                    biased;
                    () = self.ended() => return None,
                    outcome = self.publish(delivery, &view) => outcome,
                }
            }
            Err(error) => Err(log_failed(error.into(), None)),
        };
        let failure = |kind, message| DeliveryFailure {
            job: delivery.job,
            item: delivery.owner_name(),
            kind,
            message,
        };
        let outcome = match outcome {
            Ok(outcome) | Err(ShopifyError::NotNow(outcome)) => outcome,
            Err(ShopifyError::Failed(kind, why)) => PublishOutcome::Failed(failure(kind, why)),
            Err(ShopifyError::Ended(kind, why)) => PublishOutcome::Ended(failure(kind, why)),
            Err(ShopifyError::Clip(trouble, folder)) => {
                PublishOutcome::Failed(trouble.explain(delivery, &folder, &self.stop))
            }
        };
        let job = delivery.job;
        match &outcome {
            PublishOutcome::Published | PublishOutcome::Unmarked(_) => {
                (self.with.progress)(DeliveryEvent::Done { job });
            }
            PublishOutcome::Failed(_) | PublishOutcome::Ended(_) => {
                (self.with.progress)(DeliveryEvent::Failed { job });
            }
            _ => {}
        }
        Some(outcome)
    }

    /// Returns once the run is to stop and the log says how changes of the store that were under way have
    /// ended, or that takes too long.
    async fn ended(&self) {
        self.stop.wait().await;
        let longest = self.with.client.longest_reply();
        let _ = tokio::time::timeout(longest, self.changing.write()).await;
    }

    async fn publish(
        &self,
        delivery: &Delivery,
        view: &JobView,
    ) -> Result<PublishOutcome, ShopifyError> {
        if self.is_done(delivery, view) {
            return Ok(PublishOutcome::Already);
        }
        if self.with.options.dry_run {
            return self.put(delivery, view).await;
        }
        match self.lease(delivery).await? {
            ClipLease::Mine(view) if self.is_done(delivery, &view) => Ok(PublishOutcome::Already),
            ClipLease::Mine(view) => {
                self.check(delivery, &view)?;
                self.put(delivery, &view).await
            }
            ClipLease::Another => Ok(PublishOutcome::Another(Box::new(delivery.clone()))),
        }
    }

    fn is_done(&self, delivery: &Delivery, view: &JobView) -> bool {
        let steps = steps(view, delivery, self.marking.target);
        is_published(view, delivery, self.marking.target)
            && !self
                .stale(delivery)
                .any(|(_, sent)| sent.target == self.marking.target)
            && self.is_in_metafield(&steps)
    }

    /// Whether a clip is still to go out, as the log stands.
    pub(super) fn check(&self, delivery: &Delivery, view: &JobView) -> Result<(), ShopifyError> {
        if delivery.is_withdrawn(view) {
            return Err(ShopifyError::NotNow(PublishOutcome::Withdrawn));
        }
        match self.marking.together.is_complete(delivery) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ShopifyError::NotNow(PublishOutcome::Waiting)),
            Err(error) => Err(log_failed(error.into(), None)),
        }
    }

    pub(super) async fn lease(&self, delivery: &Delivery) -> Result<ClipLease, ShopifyError> {
        let begun = lease::begin(
            self.with.writer,
            LeasedWork::Publish(self.marking.target),
            delivery,
        );
        begun.await.map_err(|error| log_failed(error, None))
    }

    /// Puts a clip onto its product, or goes on where an earlier run stopped.
    async fn put(
        &self,
        delivery: &Delivery,
        view: &JobView,
    ) -> Result<PublishOutcome, ShopifyError> {
        let steps = steps(view, delivery, self.marking.target);
        let is_published = is_published(view, delivery, self.marking.target);
        let product = self.product(delivery).await?;
        let alt = self.alt(view, &product)?;
        let media = self.with.admin.media(&product).await?;
        let found = self.own(delivery, &media, &steps);
        if self.with.options.dry_run {
            let what = if found.is_some() { "has" } else { "would get" };
            return Ok(PublishOutcome::Would(format!(
                "{}: product {:?} {what} this clip",
                delivery.owner_name(),
                product.title
            )));
        }
        if found.is_none() && is_published {
            // A person has taken it away; that is not a reason to bring it back.
            return Ok(PublishOutcome::Already);
        }
        let begun = self.marking.begin(delivery, view).await;
        begun.map_err(|error| log_failed(error.into(), None))?;
        let has_come = found.is_some();
        let medium = match found {
            Some(medium) => medium.clone(),
            None => self.bring(delivery, &product, &alt, &steps).await?,
        };
        let medium = self.processed(&product, medium).await?;
        // Once it is published, its place is a person's matter; so it is after the store was renamed.
        let mut shops = self.shops.iter();
        let has_place = has_come && shops.any(|shop| publish::is_published(view, delivery, shop));
        self.arrange(delivery, &product, &medium, &steps, has_place)
            .await?;
        let outcome = if is_published {
            PublishOutcome::Already
        } else {
            let line = published_line(self.with.writer, delivery, self.marking.target, &medium.id);
            self.marking.mark(delivery, &line).await
        };
        // It is there, whatever comes of the older ones.
        if !matches!(outcome, PublishOutcome::Unmarked(_)) {
            self.remove_stale(delivery, &media).await?;
        }
        Ok(outcome)
    }

    /// What a person wants of a clip that is ready, beyond that it is there.
    async fn arrange(
        &self,
        delivery: &Delivery,
        product: &Product,
        medium: &Medium,
        steps: &[LoggedStep],
        has_place: bool,
    ) -> Result<(), ShopifyError> {
        let (admin, look) = (self.with.admin, &self.with.options.look);
        let _changing = self.changing.read().await;
        if let Some(position) = look.position.filter(|_| !has_place) {
            let moved = admin.reorder(product, &medium.id, position);
            moved
                .await
                .map_err(|failure| failed_call("to move the clip", failure))?;
        }
        if let Some(field) = look
            .metafield
            .as_ref()
            .filter(|_| !self.is_in_metafield(steps))
        {
            let set = admin.set_metafield(product, field, &medium.id);
            set.await.map_err(|failure| {
                failed_call(&format!("to set the metafield {field}"), failure)
            })?;
            self.record_step(delivery, IN_METAFIELD, &field.to_string())
                .await?;
        }
        Ok(())
    }

    /// Whether no metafield is wanted, or an earlier run has set it.
    fn is_in_metafield(&self, steps: &[LoggedStep]) -> bool {
        let Some(field) = &self.with.options.look.metafield else {
            return true;
        };
        let name = field.to_string();
        // One that was removed and is there again is another video.
        let steps = steps.iter().rev().take_while(|step| step.name != REMOVED);
        let mut set = steps.filter(|step| step.name == IN_METAFIELD);
        set.any(|step| step.reference == name)
    }

    fn alt(&self, view: &JobView, product: &Product) -> Result<String, ShopifyError> {
        let Some(template) = &self.with.options.look.alt else {
            return Ok(cut(&product.title));
        };
        template.fill(view, &product.title).map_err(|column| {
            let why = format!(
                "--alt names the column {column:?}, which is missing or empty in this row; nothing \
                 was sent for it: write {{{column}|otherwise}}, or fill the cell"
            );
            ShopifyError::Failed(FailureKind::ForGood, why)
        })
    }

    async fn product(&self, delivery: &Delivery) -> Result<Product, ShopifyError> {
        let failed = |why: String| Err(ShopifyError::Failed(FailureKind::ForGood, why));
        let Some((IdColumn::Sku, sku)) = &delivery.item else {
            let why = "it has no SKU, and products are found by SKU only; --where sku!= leaves such \
                       clips out";
            return failed(why.to_owned());
        };
        if delivery.is_voice {
            return failed("it is a voice; products take videos only".to_owned());
        }
        match self.with.admin.find(sku).await? {
            ProductSearch::One(product) => Ok(product),
            ProductSearch::None(near) => {
                let store = self.with.admin.store();
                let near: Vec<String> = near.iter().map(|sku| format!("{sku:?}")).collect();
                let near = match near.as_slice() {
                    [] => String::new(),
                    near => format!(
                        ", but {}, which differs in case, blanks or leading zeros",
                        near.join(", ")
                    ),
                };
                failed(format!(
                    "{store} has no product with the SKU {sku:?}{near}; correct it there, or give the \
                     clip the right SKU with `creativeai rename`, which costs nothing. Then correct the \
                     manifest too; without the rename a corrected SKU there looks like a new clip"
                ))
            }
            ProductSearch::Several(count) => failed(format!(
                "{count} products of {} have the SKU {sku:?}, so it is not clear which is meant; \
                 make it unique there",
                self.with.admin.store()
            )),
        }
    }

    /// This clip among a product's media: by the file name it was given, or by the reference that
    /// an earlier run has recorded.
    pub(super) fn own<'m>(
        &self,
        delivery: &Delivery,
        media: &'m [Medium],
        steps: &[LoggedStep],
    ) -> Option<&'m Medium> {
        let tags = self.tags(delivery.job, delivery.generation_id.as_deref());
        let is_attached = |medium: &Medium| {
            let mut attached = steps.iter().filter(|step| step.name == ATTACHED);
            attached.any(|step| step.reference == medium.id)
        };
        let mut media = media.iter();
        media.find(|medium| medium.has_tag(&tags) || is_attached(medium))
    }

    /// What a clip's file is recognized by at Shopify, under each name that the store may have had.
    pub(super) fn tags(&self, job: JobKey, generation_id: Option<&str>) -> Vec<String> {
        let tag = |shop: &&str| tag(&id_of(job, generation_id, shop));
        self.shops.iter().map(tag).collect()
    }

    /// Waits until Shopify has processed it.
    async fn processed(
        &self,
        product: &Product,
        mut medium: Medium,
    ) -> Result<Medium, ShopifyError> {
        for _ in 0..self.with.options.looks {
            match medium.status.as_str() {
                "READY" => return Ok(medium),
                "FAILED" => return Err(not_processed(product, &medium)),
                _ => {}
            }
            tokio::time::sleep(self.with.options.interval).await;
            let media = self.with.admin.media(product).await?;
            let now = media.into_iter().find(|other| other.id == medium.id);
            medium = now.ok_or_else(|| {
                let why = "the clip was removed from the product while Shopify processed it";
                ShopifyError::Failed(FailureKind::ForGood, why.to_owned())
            })?;
        }
        if medium.status == "READY" {
            return Ok(medium);
        }
        Err(ShopifyError::Failed(
            FailureKind::MayHelp,
            "Shopify is still processing the clip; run the command again in a few minutes, it is \
             not uploaded twice"
                .to_owned(),
        ))
    }

    pub(super) async fn record_step(
        &self,
        delivery: &Delivery,
        name: &str,
        reference: &str,
    ) -> Result<(), ShopifyError> {
        self.record(delivery, self.marking.target, name, reference)
            .await
    }

    pub(super) async fn record(
        &self,
        delivery: &Delivery,
        target: &str,
        name: &str,
        reference: &str,
    ) -> Result<(), ShopifyError> {
        let line = self.line(delivery, target, name, reference);
        let recorded = self.marking.record(&line).await;
        recorded.map_err(|(error, kept)| log_failed(error.into(), kept.as_deref()))
    }

    /// A step's line.
    pub(super) fn line(
        &self,
        delivery: &Delivery,
        target: &str,
        name: &str,
        reference: &str,
    ) -> Lines {
        let step = LoggedStep {
            name: name.to_owned(),
            reference: reference.to_owned(),
            error: String::new(),
        };
        step_line(self.with.writer, delivery, target, &step)
    }
}

/// The part of a publish id that stands in a file's name.
pub(super) fn tag(publish_id: &str) -> String {
    publish_id.chars().take(TAG).collect()
}
