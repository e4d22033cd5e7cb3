//! One clip's way onto its product, step by step.

use super::Shopify;
use super::calls::{Medium, Product};
use super::error::{ShopifyError, failed_call, log_failed, not_processed};
use super::look::cut;
use super::search::Search;
use crate::engine::delivery::fetcher::Refresh;
use crate::engine::delivery::lease::{self, Begun, Work};
use crate::engine::delivery::outcome::{Event, Failure, FailureKind};
use crate::engine::delivery::plan::Delivery;
use crate::engine::delivery::publish::{
    Marking, Outcome, Step, is_published, publish_id, published_line, step_line, steps,
};
use crate::engine::stop::Stop;
use crate::jobs::{IdColumn, JobView};

/// Digits of the publish id in a clip's file name at Shopify: what a clip is recognised by there.
const TAG: usize = 16;
/// The clip is one of the product's media; the reference is which.
pub(super) const ATTACHED: &str = "attached";
/// The older clip of this reference was removed.
const REMOVED: &str = "removed";
/// The metafield of this name holds the clip.
const IN_METAFIELD: &str = "metafield";

pub(super) struct Run<'a, R> {
    pub with: &'a Shopify<'a, R>,
    pub stop: Stop,
    pub marking: Marking<'a>,
    /// Every job of the log: where older clips of a photo are.
    pub all: &'a [Delivery],
}

impl<R: Refresh> Run<'_, R> {
    /// What became of one clip; `None` when the run stops before.
    pub async fn one(&self, delivery: &Delivery) -> Option<Outcome> {
        if self.stop.is_set() {
            return None;
        }
        let outcome = match self.with.writer.view(delivery.job) {
            // A run may stop at any wait: what was begun, the next one takes up.
            Ok(view) => self.stop.or(self.publish(delivery, &view?)).await?,
            Err(error) => Err(log_failed(error.into(), None)),
        };
        let failure = |kind, message| Failure {
            job: delivery.job,
            item: delivery.owner_name(),
            kind,
            message,
        };
        let outcome = match outcome {
            Ok(outcome) | Err(ShopifyError::NotNow(outcome)) => outcome,
            Err(ShopifyError::Failed(kind, why)) => Outcome::Failed(failure(kind, why)),
            Err(ShopifyError::Ended(kind, why)) => Outcome::Ended(failure(kind, why)),
            Err(ShopifyError::Clip(trouble, folder)) => {
                Outcome::Failed(trouble.explain(delivery, &folder, &self.stop))
            }
        };
        let job = delivery.job;
        match &outcome {
            Outcome::Published | Outcome::Unmarked(_) => (self.with.progress)(Event::Done { job }),
            Outcome::Failed(_) | Outcome::Ended(_) => (self.with.progress)(Event::Failed { job }),
            _ => {}
        }
        Some(outcome)
    }

    async fn publish(&self, delivery: &Delivery, view: &JobView) -> Result<Outcome, ShopifyError> {
        if self.is_done(delivery, view) {
            return Ok(Outcome::Already);
        }
        if self.with.options.dry_run {
            return self.put(delivery, view).await;
        }
        match self.lease(delivery).await? {
            Begun::Mine(view) if self.is_done(delivery, &view) => Ok(Outcome::Already),
            Begun::Mine(view) => {
                self.check(delivery, &view)?;
                self.put(delivery, &view).await
            }
            Begun::Another => Ok(Outcome::Another(Box::new(delivery.clone()))),
        }
    }

    fn is_done(&self, delivery: &Delivery, view: &JobView) -> bool {
        let steps = steps(view, delivery, self.marking.target);
        is_published(view, delivery, self.marking.target)
            && self.stale(delivery, &steps).is_empty()
            && self.is_in_metafield(&steps)
    }

    /// Whether a clip is still to go out, as the log stands.
    pub(super) fn check(&self, delivery: &Delivery, view: &JobView) -> Result<(), ShopifyError> {
        if delivery.is_withdrawn(view) {
            return Err(ShopifyError::NotNow(Outcome::Withdrawn));
        }
        match self.marking.together.is_complete(delivery) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ShopifyError::NotNow(Outcome::Waiting)),
            Err(error) => Err(log_failed(error.into(), None)),
        }
    }

    pub(super) async fn lease(&self, delivery: &Delivery) -> Result<Begun, ShopifyError> {
        let begun = lease::begin(
            self.with.writer,
            Work::Publish(self.marking.target),
            delivery,
        );
        begun.await.map_err(|error| log_failed(error, None))
    }

    /// Puts a clip onto its product, or goes on where an earlier run stopped.
    async fn put(&self, delivery: &Delivery, view: &JobView) -> Result<Outcome, ShopifyError> {
        let steps = steps(view, delivery, self.marking.target);
        let is_published = is_published(view, delivery, self.marking.target);
        let stale = self.stale(delivery, &steps);
        let product = self.product(delivery).await?;
        let alt = self.alt(view, &product)?;
        let media = self.with.admin.media(&product).await?;
        let found = self.own(delivery, &media, &steps);
        if self.with.options.dry_run {
            let what = if found.is_some() { "has" } else { "would get" };
            return Ok(Outcome::Would(format!(
                "{}: product {:?} {what} this clip",
                delivery.owner_name(),
                product.title
            )));
        }
        if found.is_none() && is_published {
            // A person has taken it away; that is not a reason to bring it back.
            return Ok(Outcome::Already);
        }
        let begun = self.marking.begin(delivery, view).await;
        begun.map_err(|error| log_failed(error.into(), None))?;
        let medium = match found {
            Some(medium) => medium.clone(),
            None => self.bring(delivery, &product, &alt, &steps).await?,
        };
        let medium = self.processed(&product, medium).await?;
        self.arrange(delivery, &product, &medium, &steps, is_published)
            .await?;
        for old in stale {
            if media.iter().any(|other| other.id == old) {
                let removed = self.with.admin.remove(&old).await;
                removed.map_err(|failure| failed_call("to remove the older clip", failure))?;
            }
            self.record_step(delivery, REMOVED, &old).await?;
        }
        if is_published {
            return Ok(Outcome::Already);
        }
        let line = published_line(self.with.writer, delivery, self.marking.target, &medium.id);
        Ok(self.marking.mark(delivery, &line).await)
    }

    /// What a person wants of a clip that is ready, beyond that it is there.
    async fn arrange(
        &self,
        delivery: &Delivery,
        product: &Product,
        medium: &Medium,
        steps: &[Step],
        is_published: bool,
    ) -> Result<(), ShopifyError> {
        let (admin, look) = (self.with.admin, &self.with.options.look);
        // Once it is published, its place is a person's matter.
        if let Some(position) = look.position.filter(|_| !is_published) {
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
    fn is_in_metafield(&self, steps: &[Step]) -> bool {
        let Some(field) = &self.with.options.look.metafield else {
            return true;
        };
        let name = field.to_string();
        let mut set = steps.iter().filter(|step| step.name == IN_METAFIELD);
        set.any(|step| step.reference == name)
    }

    /// With `--replace`: this tool's older clips of the same photo of the same product. A job that
    /// still counts keeps its clip: it is another clip of the photo, not an older one.
    fn stale(&self, delivery: &Delivery, steps: &[Step]) -> Vec<String> {
        if !self.with.options.look.replace {
            return Vec::new();
        }
        let is_older = |other: &&Delivery| {
            other.job == delivery.job
                || (!other.is_counted
                    && other.item == delivery.item
                    && other.photo.is_some()
                    && other.photo == delivery.photo)
        };
        let is_gone = |reference: &str| {
            let mut gone = steps.iter().filter(|step| step.name == REMOVED);
            gone.any(|step| step.reference == reference)
        };
        let others = self.all.iter().filter(is_older);
        others
            .flat_map(|other| {
                let own = other.job == delivery.job;
                let published = other.published.iter();
                published.filter(move |saved| !(own && saved.attempt == delivery.attempt))
            })
            .filter(|saved| saved.target == self.marking.target && !is_gone(&saved.reference))
            .map(|saved| saved.reference.clone())
            .collect()
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
            let why = "it has no SKU, and products are found by SKU only; leave it out by --where";
            return failed(why.to_owned());
        };
        if delivery.is_voice {
            return failed("it is a voice; products take videos only".to_owned());
        }
        match self.with.admin.find(sku).await? {
            Search::One(product) => Ok(product),
            Search::None(near) => {
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
                     clip the right SKU, which costs nothing: `creativeai rename {sku:?} NEW`. Then \
                     correct the manifest too; without the rename a corrected SKU there looks like \
                     a new clip"
                ))
            }
            Search::Several(count) => failed(format!(
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
        steps: &[Step],
    ) -> Option<&'m Medium> {
        let tag = self.tag(delivery);
        let attached: Vec<&str> = steps
            .iter()
            .filter(|step| step.name == ATTACHED)
            .map(|step| step.reference.as_str())
            .collect();
        media.iter().find(|medium| {
            let name = medium.filename.as_deref().unwrap_or_default();
            name.contains(&tag) || attached.contains(&medium.id.as_str())
        })
    }

    pub(super) fn tag(&self, delivery: &Delivery) -> String {
        let mut id = publish_id(delivery, self.marking.target);
        id.truncate(TAG);
        id
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
        let step = Step {
            name: name.to_owned(),
            reference: reference.to_owned(),
            error: String::new(),
        };
        let line = step_line(self.with.writer, delivery, self.marking.target, &step);
        let recorded = self.marking.record(&line).await;
        recorded.map_err(|(error, kept)| log_failed(error.into(), kept.as_deref()))
    }
}
