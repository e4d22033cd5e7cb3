//! Putting clips on the products of a Shopify store.
//!
//! One job, step by step: find the product by its exact SKU, look whether the clip is
//! there, upload it, attach it, wait until Shopify has processed it. None of the calls can be
//! repeated safely by itself, so each step is reported in the log, and before a clip is attached the
//! product's own media are looked at: what is there decides. That a clip is about to be attached is
//! written down first; where the answer is lost, the product is looked at until it shows the clip. A clip
//! is known by a tag in the name of its file, and by nothing else: what other people add in the same
//! moment is not taken for it.

mod attach;
mod calls;
mod client;
mod clip;
mod error;
mod presentation;
mod replace;
mod search;
mod store;
mod upload;
mod words;

use std::time::Duration;

use tokio::sync::{OnceCell, RwLock};

use crate::journal::Writer;

use super::client::FetchClient;
use super::due::{When, due};
use super::facts::Delivery;
use super::fetcher::Refresh;
use super::group_guard::GroupGuard;
use super::lease::LeasedWork;
use super::outcome::DeliveryEvent;
use super::publish::{PublicationLog, PublishSummary, publish_all};
use crate::engine::stop::Stop;

pub use client::Admin;
pub use presentation::{AltTemplate, Metafield, Presentation};
pub use store::{API_VERSION, Credentials, Store, StoreError, Version};

/// What the targets of shops begin with, as the log has them; the store follows.
pub const TARGET: &str = "shopify:";

/// The wait between two looks at whether a shop has processed a clip, as people have it.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Looks before the next run is left to look again: five minutes.
pub const LOOKS: usize = 60;

/// How to publish.
#[derive(Clone, Debug)]
pub struct ShopifyOptions {
    /// Clips at the same time, at least 1.
    pub concurrency: usize,
    /// The wait between two looks at whether Shopify has processed a clip.
    pub interval: Duration,
    /// Looks before the next run is left to look again.
    pub looks: usize,
    /// The largest clip, in bytes.
    pub max_size: u64,
    /// The wait before a first repeat; later ones are longer.
    pub retry_delay: Duration,
    /// Only look, and say what would be done.
    pub dry_run: bool,
    /// Add once more what the store said it took and does not show.
    pub again: bool,
    /// How clips are to look at their products.
    pub look: Presentation,
}

/// Everything that publishing to a store needs.
pub struct Shopify<'a, R> {
    /// How.
    pub options: &'a ShopifyOptions,
    /// The store.
    pub admin: &'a Admin<'a>,
    /// Whom to fetch clips with that are not on disk, and to upload them with.
    pub client: &'a FetchClient,
    /// Whom to ask for fresh links.
    pub refresh: &'a R,
    /// The log; its ledger must keep places.
    pub writer: &'a Writer,
    /// Takes what happens.
    pub progress: &'a (dyn Fn(DeliveryEvent) + Sync),
    /// Turns true when the run is to end; what was begun, the next run takes up.
    pub stop: &'a Stop,
}

impl<R: Refresh> Shopify<'_, R> {
    /// Publishes what is due.
    pub async fn run(&self, deliveries: &[Delivery], when: When) -> PublishSummary {
        let target = format!("{TARGET}{}", self.admin.store());
        let sent = deliveries.iter().flat_map(|delivery| &delivery.sent);
        let shops = sent.map(|sent| sent.target.as_str());
        let shops = shops.filter(|shop| shop.starts_with(TARGET));
        let shops = shops.chain([target.as_str()]).collect();
        let run = clip::ShopifyRun {
            with: self,
            stop: self.stop.part(),
            marking: PublicationLog {
                writer: self.writer,
                target: &target,
                together: GroupGuard::of(
                    self.writer,
                    deliveries,
                    when,
                    LeasedWork::Publish(&target),
                ),
                progress: self.progress,
                has_room: OnceCell::new(),
            },
            all: deliveries,
            changing: RwLock::default(),
            shops,
        };
        let (due, waiting) = due(deliveries, when);
        let each = due.into_iter().map(|delivery| run.one(delivery));
        let mut summary = publish_all(each, waiting, self.options.concurrency, &run.stop).await;
        summary.look_again(self.writer, &target).await;
        summary
    }
}
