//! Clips on the products of a stand-in store.

mod attaching;
mod failing;
mod products;
mod replacing;

use std::time::Duration;

use super::Bench;
use super::cdn::{Cdn, clip};
use super::shop::ShopServer;
use crate::engine::delivery::address::system_lookup;
use crate::engine::delivery::client::{FetchClient, TimeOuts};
use crate::engine::delivery::due::When;
use crate::engine::delivery::facts::{Delivery, gather};
use crate::engine::delivery::shopify::{
    API_VERSION, Admin, Credentials, Presentation, Shopify, ShopifyOptions, Store, Version,
};
use crate::engine::delivery::{DeliveryEvent, FailureKind, PublishSummary, Refresh, RefreshError};
use crate::engine::stop::Stop;
use crate::jobs::{IdColumn, JobKey, Lines};

/// Gives this fresh link, if any.
#[derive(Default)]
struct Vendor(Option<String>);

impl Refresh for Vendor {
    async fn fresh_url(&self, _: &Delivery) -> Result<Option<String>, RefreshError> {
        match &self.0 {
            Some(fresh) => Ok(Some(fresh.clone())),
            None => Err(RefreshError {
                kind: FailureKind::MayHelp,
                why: "not in this test".to_owned(),
            }),
        }
    }
}

/// A log, a CDN and a store with one product for the SKU `TEE-1`.
struct Setting {
    bench: Bench,
    cdn: Cdn,
    shop: ShopServer,
    vendor: Vendor,
    store: &'static str,
    time_outs: TimeOuts,
    stop: Stop,
}

impl Setting {
    async fn new() -> Self {
        let setting = Self {
            bench: Bench::new(),
            cdn: Cdn::start().await,
            shop: ShopServer::start().await,
            vendor: Vendor::default(),
            store: "test.myshopify.com",
            time_outs: TimeOuts::default(),
            stop: Stop::default(),
        };
        setting
            .shop
            .product("1", "Blue \"T\" shirt", &["TEE-1", "TEE-1-XL"]);
        setting
    }

    fn job(&self, sku: &str, line: u64) -> JobKey {
        let url = self.cdn.offer(&format!("/{line}.mp4"), clip(5000, 1), &[]);
        self.bench.completed(IdColumn::Sku, sku, line, &url)
    }

    /// As a person wants it to look.
    async fn publish_as(&self, look: Presentation) -> PublishSummary {
        let token = Credentials::token("shpat_test").unwrap();
        self.publish_with(token, |options| options.look = look.clone())
            .await
    }

    async fn publish(&self) -> PublishSummary {
        let token = Credentials::token("shpat_test").unwrap();
        self.publish_with(token, |_| {}).await
    }

    async fn publish_with(
        &self,
        credentials: Credentials,
        change: impl Fn(&mut ShopifyOptions),
    ) -> PublishSummary {
        self.publish_while(credentials, change, "").await
    }

    /// These lines come into the log once it is known what is due.
    async fn publish_while(
        &self,
        credentials: Credentials,
        change: impl Fn(&mut ShopifyOptions),
        meanwhile: &str,
    ) -> PublishSummary {
        let writer = self.bench.writer();
        let deliveries = gather(&writer, |_| true).unwrap();
        if !meanwhile.is_empty() {
            writer.append(&Lines::verbatim(meanwhile)).await.unwrap();
        }
        let mut options = ShopifyOptions {
            concurrency: 2,
            interval: Duration::from_millis(1),
            looks: 5,
            max_size: 1 << 20,
            retry_delay: Duration::from_millis(1),
            dry_run: false,
            again: false,
            look: Presentation::default(),
        };
        change(&mut options);
        let client = FetchClient::new(self.time_outs, system_lookup());
        let admin = Admin::new(
            &client,
            Store::parse(self.store).unwrap(),
            Version::parse(API_VERSION).unwrap(),
            credentials,
            Some(&format!("http://{}", self.shop.address)),
            options.retry_delay,
        )
        .unwrap();
        Shopify {
            options: &options,
            admin: &admin,
            client: &client,
            refresh: &self.vendor,
            writer: &writer,
            progress: &|_: DeliveryEvent| {},
            stop: &self.stop,
        }
        .run(&deliveries, When::Each)
        .await
    }
}

const TARGET: &str = "shopify:test.myshopify.com";
