use std::time::Duration;

use tokio::sync::watch;

use super::Bench;
use super::cdn::{Cdn, Step, clip};
use super::shop::{Fault, Medium, ShopServer};
use crate::delivery::address::system_lookup;
use crate::delivery::client::{Client, TimeOuts};
use crate::delivery::plan::{Delivery, When, gather};
use crate::delivery::shopify::{
    API_VERSION, Admin, Credentials, Shopify, ShopifyOptions, Store, Version,
};
use crate::delivery::{Event, FailureKind, PublishSummary, Refresh, Unasked};
use crate::jobs::{Fact, IdColumn, JobKey, Record, Stamp};

struct NoVendor;

impl Refresh for NoVendor {
    async fn fresh_url(&self, _: &Delivery) -> Result<Option<String>, Unasked> {
        Err(Unasked {
            kind: FailureKind::MayHelp,
            why: "not in this test".to_owned(),
        })
    }
}

/// A log, a CDN and a store with one product for the SKU `TEE-1`.
struct Setting {
    bench: Bench,
    cdn: Cdn,
    shop: ShopServer,
}

impl Setting {
    async fn new() -> Self {
        let setting = Self {
            bench: Bench::new(),
            cdn: Cdn::start().await,
            shop: ShopServer::start().await,
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

    async fn publish(&self) -> PublishSummary {
        let token = Credentials::token("shpat_test").unwrap();
        self.publish_with(token, |_| {}).await
    }

    async fn publish_with(
        &self,
        credentials: Credentials,
        change: impl Fn(&mut ShopifyOptions),
    ) -> PublishSummary {
        let writer = self.bench.writer();
        let deliveries = gather(&writer, |_| true).unwrap();
        let mut options = ShopifyOptions {
            concurrency: 2,
            interval: Duration::from_millis(1),
            looks: 5,
            max_size: 1 << 20,
            retry_delay: Duration::from_millis(1),
            dry_run: false,
        };
        change(&mut options);
        let client = Client::new(TimeOuts::default(), system_lookup());
        let admin = Admin::new(
            &client,
            Store::parse("test.myshopify.com").unwrap(),
            Version::parse(API_VERSION).unwrap(),
            credentials,
            Some(&format!("http://{}", self.shop.address)),
            options.retry_delay,
        )
        .unwrap();
        let (_signal, stop) = watch::channel(false);
        Shopify {
            options: &options,
            admin: &admin,
            client: &client,
            refresh: &NoVendor,
            writer: &writer,
            progress: &|_: Event| {},
            stop: &stop,
        }
        .run(&deliveries, When::Each)
        .await
    }
}

const TARGET: &str = "shopify:test.myshopify.com";

#[tokio::test]
async fn a_clip_becomes_a_video_of_its_product_once() {
    let setting = Setting::new().await;
    let job = setting.job("TEE-1", 2);
    setting.shop.with(|shop| shop.looks = 3);
    let summary = setting.publish().await;
    assert_eq!(
        (summary.published, summary.failures.as_slice()),
        (1, &[][..])
    );
    let media = setting.shop.media();
    assert_eq!(media.len(), 1);
    assert_eq!(media[0].alt, "Blue \"T\" shirt");
    let told = setting.bench.view(job).attempts[&1].published[TARGET].clone();
    assert_eq!(told.text("reference"), Some("gid://shopify/Video/1"));

    setting.shop.with(|shop| {
        let upload = &shop.uploads[0];
        let names: Vec<&str> = upload.parts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["GoogleAccessId", "key", "policy", "file"]);
        assert!(upload.parts[3].1 == clip(5000, 1));
        assert!(upload.headers.contains_key("content-length"));
        assert!(!upload.headers.contains_key("x-shopify-access-token"));
        let (_, staged) = shop
            .calls
            .iter()
            .find(|(op, _)| *op == "stagedUploadsCreate")
            .unwrap();
        assert_eq!(staged["input"][0]["fileSize"], "5000");
        assert_eq!(staged["input"][0]["resource"], "VIDEO");
    });
    let calls = setting.shop.with(|shop| shop.calls.len());
    let again = setting.publish().await;
    assert_eq!((again.published, again.already), (0, 1));
    assert_eq!(setting.shop.with(|shop| shop.calls.len()), calls);
}

#[tokio::test]
async fn a_downloaded_file_is_used_and_the_steps_do_not_show_as_the_jobs_own() {
    let setting = Setting::new().await;
    let job = setting
        .bench
        .completed(IdColumn::Sku, "TEE-1", 2, "https://gone.invalid/a.mp4");
    std::fs::write(setting.bench.dir.path().join("a.mov"), clip(70_000, 3)).unwrap();
    let at = "2026-03-13T09:20:00Z".parse().unwrap();
    let line = Record::new(Stamp::first(at), job, 1, Fact::Downloaded)
        .with("file", "a.mov")
        .with("bytes", 70_000)
        .with("sha256", "x");
    setting.bench.write(&line.finish());
    assert_eq!(setting.publish().await.published, 1);
    setting.shop.with(|shop| {
        assert!(shop.uploads[0].parts[3].1 == clip(70_000, 3));
        let (_, staged) = shop
            .calls
            .iter()
            .find(|(op, _)| *op == "stagedUploadsCreate")
            .unwrap();
        assert_eq!(staged["input"][0]["mimeType"], "video/quicktime");
    });
    let json = setting.bench.view(job).to_json();
    assert!(
        json.get("step").is_none() && json.get("reference").is_none(),
        "{json}"
    );
    assert_eq!(json["published"][0]["reference"], "gid://shopify/Video/1");
}

#[tokio::test]
async fn the_sku_is_compared_exactly() {
    let setting = Setting::new().await;
    setting
        .shop
        .product("2", "Other", &["tee-10", "TEE-9", "A\"B\\C"]);
    setting.shop.product("3", "Twin", &["TEE-9"]);
    for (line, sku) in (2..).zip(["TEE", "TEE-9", "tee-1"]) {
        setting.job(sku, line);
    }
    setting.job("A\"B\\C", 5);
    let mut summary = setting.publish().await;
    assert_eq!((summary.published, summary.failures.len()), (1, 3));
    summary.failures.sort_by(|a, b| a.owner.cmp(&b.owner));
    assert!(
        summary.failures[0]
            .message
            .contains("no product with the SKU \"TEE\"")
    );
    assert!(summary.failures[1].message.contains("2 products"));
    assert!(
        summary
            .failures
            .iter()
            .all(|f| f.kind == FailureKind::ForGood)
    );
}

#[tokio::test]
async fn two_variants_of_one_product_are_one_product() {
    let setting = Setting::new().await;
    setting.shop.product("2", "Mug", &["MUG", "MUG"]);
    setting.job("MUG", 2);
    assert_eq!(setting.publish().await.published, 1);
}

#[tokio::test]
async fn a_lost_reply_to_attaching_does_not_attach_twice() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting.shop.fault("productUpdate", &[Fault::LostReply]);
    let first = setting.publish().await;
    assert_eq!(first.failures[0].kind, FailureKind::MayHelp);
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.media().len(), 1);
    assert_eq!(setting.shop.count("productUpdate"), 1);
}

#[tokio::test]
async fn an_attached_clip_is_recognised_by_its_reference_where_names_are_lost() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting.shop.with(|shop| {
        shop.forgets_names = true;
        shop.looks = 20;
    });
    let first = setting.publish().await;
    assert_eq!(first.failures[0].kind, FailureKind::MayHelp);
    assert!(first.failures[0].message.contains("still processing"));
    setting
        .shop
        .with(|shop| shop.products[0].media[0].looks = 0);
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.media().len(), 1);
}

#[tokio::test]
async fn an_upload_is_taken_up_after_a_crash_and_done_again_when_it_is_gone() {
    let setting = Setting::new().await;
    let job = setting.job("TEE-1", 2);
    setting.shop.fault("productUpdate", &[Fault::Status(500)]);
    setting.publish().await;
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.with(|shop| shop.uploads.len()), 1, "taken up");

    let gone = Setting::new().await;
    gone.job("TEE-1", 2);
    let at = "2026-03-13T09:20:00Z".parse().unwrap();
    let line = Record::new(Stamp::first(at), job, 1, crate::jobs::Status::Completed)
        .with("generation_id", "vgen_TEE-1_2")
        .with("target", TARGET)
        .with("step", "uploaded")
        .with("reference", "https://shopify-video/long-gone");
    gone.bench.write(&line.finish());
    assert_eq!(gone.publish().await.published, 1);
    assert_eq!(gone.shop.with(|shop| shop.uploads.len()), 1);
    assert_eq!(gone.shop.count("productUpdate"), 2);
}

#[tokio::test]
async fn other_media_are_left_alone_on_every_page() {
    let setting = Setting::new().await;
    let job = setting.job("TEE-1", 2);
    setting.shop.with(|shop| {
        for i in 0..5 {
            shop.products[0].media.push(Medium {
                id: format!("gid://shopify/MediaImage/{i}"),
                filename: "photo.jpg".to_owned(),
                alt: String::new(),
                looks: 0,
                fails: false,
            });
        }
    });
    assert_eq!(setting.publish().await.published, 1);
    let told = setting.bench.view(job).attempts[&1].published[TARGET].clone();
    assert_eq!(told.text("reference"), Some("gid://shopify/Video/6"));
}

#[tokio::test]
async fn throttling_is_waited_for() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting.shop.fault(
        "productVariants",
        &[Fault::Throttled, Fault::TooMany, Fault::Status(503)],
    );
    setting.shop.fault("productUpdate", &[Fault::Throttled]);
    let summary = setting.publish().await;
    assert_eq!((summary.published, summary.failures.len()), (1, 0));
    assert_eq!(setting.shop.count("productVariants"), 4);
}

#[tokio::test]
async fn a_store_that_throttles_without_end_is_left_for_later() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting
        .shop
        .fault("productVariants", &vec![Fault::TooMany; 99]);
    let summary = setting.publish().await;
    assert_eq!(summary.failures[0].kind, FailureKind::MayHelp);
}

#[tokio::test]
async fn objections_are_the_jobs_own() {
    let setting = Setting::new().await;
    setting.shop.product("2", "Mug", &["MUG"]);
    setting.job("TEE-1", 2);
    setting.job("MUG", 3);
    setting.shop.fault(
        "stagedUploadsCreate",
        &[Fault::Objection("fileSize is too big")],
    );
    let summary = setting
        .publish_with(Credentials::token("shpat_test").unwrap(), |o| {
            o.concurrency = 1;
        })
        .await;
    assert_eq!((summary.published, summary.failures.len()), (1, 1));
    let message = &summary.failures[0].message;
    assert!(message.contains("fileSize is too big (media)"), "{message}");
    assert_eq!(summary.ended_by, None);
}

#[tokio::test]
async fn the_stores_limit_is_told_once_and_ends_the_run() {
    let setting = Setting::new().await;
    for line in 2..7 {
        setting.job("TEE-1", line);
    }
    let said = "Exceeded the limit of media per shop.";
    setting
        .shop
        .fault("productUpdate", &vec![Fault::Objection(said); 9]);
    let summary = setting.publish().await;
    assert_eq!((summary.published, summary.failures.len()), (0, 1));
    assert!(summary.ended_by.unwrap().contains(said));
    assert!(setting.shop.count("productUpdate") <= 2);
}

#[tokio::test]
async fn a_wrong_token_ends_the_run_and_is_not_shown() {
    let setting = Setting::new().await;
    for line in 2..7 {
        setting.job("TEE-1", line);
    }
    let summary = setting
        .publish_with(Credentials::token("shpat_wrong").unwrap(), |_| {})
        .await;
    assert_eq!(summary.failures.len(), 1);
    assert_eq!(summary.failures[0].kind, FailureKind::Refused);
    let message = &summary.failures[0].message;
    assert!(
        !message.contains("shpat_wrong") && message.contains("Invalid API key"),
        "{message}"
    );
}

#[tokio::test]
async fn client_credentials_are_exchanged_once_and_again_when_the_token_ends_early() {
    let setting = Setting::new().await;
    for line in 2..5 {
        setting.job("TEE-1", line);
    }
    let credentials = Credentials::client("app", "shpss_test").unwrap();
    assert_eq!(
        setting
            .publish_with(credentials.clone(), |_| {})
            .await
            .published,
        3
    );
    assert_eq!(setting.shop.with(|shop| shop.granted), 1);

    let wrong = Credentials::client("app", "shpss_wrong").unwrap();
    setting.job("TEE-1", 6);
    let summary = setting.publish_with(wrong, |_| {}).await;
    assert_eq!(summary.failures[0].kind, FailureKind::Refused);
    assert!(!summary.failures[0].message.contains("shpss_wrong"));
}

#[tokio::test]
async fn errors_beside_http_200_are_errors() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting
        .shop
        .fault("media", &[Fault::Errors("Field 'x' doesn't exist")]);
    let summary = setting.publish().await;
    assert_eq!(summary.failures[0].kind, FailureKind::ForGood);
    assert!(summary.failures[0].message.contains("doesn't exist"));
}

#[tokio::test]
async fn a_clip_that_shopify_cannot_process_is_not_published() {
    let setting = Setting::new().await;
    let job = setting.job("TEE-1", 2);
    setting
        .shop
        .with(|shop| (shop.fails, shop.looks) = (true, 2));
    let summary = setting.publish().await;
    assert!(summary.failures[0].message.contains("Video is too long"));
    assert!(!setting.bench.view(job).state.speaking().is_published());
    assert_eq!(setting.publish().await.failures.len(), 1);
    assert_eq!(
        setting.shop.media().len(),
        1,
        "it is not attached a second time"
    );
}

#[tokio::test]
async fn a_failed_upload_gets_another_place() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting
        .shop
        .with(|shop| shop.upload_statuses = [503, 403].into());
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.count("stagedUploadsCreate"), 3);
}

#[tokio::test]
async fn a_listing_has_no_sku() {
    let setting = Setting::new().await;
    setting
        .bench
        .completed(IdColumn::Listing, "TEE-1", 2, "https://cdn.example/a.mp4");
    let summary = setting.publish().await;
    assert!(summary.failures[0].message.contains("no SKU"));
    assert_eq!(setting.shop.with(|shop| shop.calls.len()), 0);
}

#[tokio::test]
async fn a_clip_that_cannot_be_fetched_is_a_failure_of_its_job() {
    let setting = Setting::new().await;
    let url = setting.cdn.offer("/x.mp4", clip(100, 1), &[Step::Page]);
    setting.bench.completed(IdColumn::Sku, "TEE-1", 2, &url);
    let summary = setting.publish().await;
    assert!(summary.failures[0].message.contains("text/html"));
    assert_eq!(setting.shop.count("stagedUploadsCreate"), 0);
}

#[tokio::test]
async fn a_dry_run_only_looks() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    let before = std::fs::read(setting.bench.log()).unwrap();
    let token = Credentials::token("shpat_test").unwrap();
    let summary = setting.publish_with(token, |o| o.dry_run = true).await;
    assert_eq!(summary.would.len(), 1);
    assert!(
        summary.would[0].contains("would get"),
        "{:?}",
        summary.would
    );
    assert_eq!(setting.shop.count("stagedUploadsCreate"), 0);
    assert_eq!(std::fs::read(setting.bench.log()).unwrap(), before);
}
