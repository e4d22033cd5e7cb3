use std::time::Duration;

use super::Bench;
use super::cdn::{Cdn, Step, clip};
use super::shop::{Fault, Held, Medium, ShopServer};
use crate::engine::delivery::address::system_lookup;
use crate::engine::delivery::client::{Client, TimeOuts};
use crate::engine::delivery::due::When;
use crate::engine::delivery::facts::{Delivery, gather};
use crate::engine::delivery::shopify::{
    API_VERSION, Admin, AltTemplate, Credentials, Look, Metafield, Shopify, ShopifyOptions, Store,
    Version,
};
use crate::engine::delivery::{Event, FailureKind, PublishSummary, Refresh, RefreshError};
use crate::engine::stop::{Reason, Stop};
use crate::jobs::{self, IdColumn, JobKey, Publication, Stamp, What};

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
    async fn publish_as(&self, look: Look) -> PublishSummary {
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
            writer.append(meanwhile).await.unwrap();
        }
        let mut options = ShopifyOptions {
            concurrency: 2,
            interval: Duration::from_millis(1),
            looks: 5,
            max_size: 1 << 20,
            retry_delay: Duration::from_millis(1),
            dry_run: false,
            again: false,
            look: Look::default(),
        };
        change(&mut options);
        let client = Client::new(self.time_outs, system_lookup());
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
            progress: &|_: Event| {},
            stop: &self.stop,
        }
        .run(&deliveries, When::Each)
        .await
    }
}

#[tokio::test]
async fn a_stop_waits_until_the_log_says_what_became_of_a_call() {
    let mut setting = Setting::new().await;
    setting.job("TEE-1", 2);
    let held = Held::default();
    let fault = Fault::Held(held.clone());
    setting.shop.fault("productUpdate", &[fault]);
    let stopped = async {
        held.begun.notified().await;
        setting.stop.set(Reason::Signal(2));
        held.go.notify_one();
    };
    let (summary, ()) = tokio::join!(setting.publish(), stopped);
    assert_eq!((summary.published, summary.failures.len()), (0, 0));
    assert_eq!(setting.bench.lines_with("\"step\":\"attached\""), 1);

    setting.stop = Stop::default();
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.count("productUpdate"), 1);
}

const TARGET: &str = "shopify:test.myshopify.com";

#[tokio::test]
async fn a_clip_that_is_rejected_meanwhile_is_not_attached() {
    let setting = Setting::new().await;
    let job = setting.job("TEE-1", 2);
    let rejected = format!(
        "{{\"at\":\"2026-03-14T09:20:00Z\",\"job\":\"{job}\",\"attempt\":1,\
         \"status\":\"reviewed\",\"verdict\":\"rejected\",\"by\":\"ann\"}}\n"
    );
    let token = Credentials::token("shpat_test").unwrap();
    let summary = setting.publish_while(token, |_| {}, &rejected).await;
    assert_eq!((summary.published, summary.withdrawn), (0, 1));
    assert!(setting.shop.media().is_empty());
}

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
    let saved = setting.bench.view(job).attempts[&1].published[TARGET].clone();
    assert_eq!(saved.text("reference"), Some("gid://shopify/Video/1"));

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
    setting.bench.downloaded(job, "a.mov", 70_000);
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
    summary.failures.sort_by(|a, b| a.item.cmp(&b.item));
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
async fn a_sku_is_found_on_a_later_page_and_near_misses_are_named() {
    let setting = Setting::new().await;
    let many: Vec<String> = (0..9).map(|n| format!("MUG-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    setting.shop.product("2", "Mugs", &many);
    setting.shop.product("3", "Mug", &["MUG"]);
    setting.job("MUG", 2);
    assert_eq!(setting.publish().await.published, 1);

    setting
        .shop
        .product("4", "Cup", &["00471", "Cup 1", "cup-2"]);
    for (line, (sku, near)) in (3..).zip([
        ("471", "\"00471\""),
        ("Cup 1", "\"Cup1\""),
        ("CUP-2", "\"cup-2\""),
        (" CUP-2", "\"cup-2\""),
    ]) {
        let setting_of_one = Setting::new().await;
        setting_of_one
            .shop
            .product("4", "Cup", &["00471", "Cup1", "cup-2"]);
        setting_of_one.job(sku, line);
        let summary = setting_of_one.publish().await;
        let message = &summary.failures[0].message;
        assert_eq!(summary.published, 0, "{sku}");
        assert!(message.contains(near), "{sku}: {message}");
    }
}

#[tokio::test]
async fn a_clip_gets_the_place_and_the_alt_text_that_a_person_wants() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting.shop.with(|shop| {
        for id in 0..3 {
            shop.products[0].media.push(Medium {
                id: format!("gid://shopify/MediaImage/{id}"),
                filename: "photo.jpg".to_owned(),
                ..Medium::default()
            });
        }
    });
    let alt = "{product} for {surface}{nothing|, in motion}";
    let look = Look {
        position: Some(2),
        alt: Some(AltTemplate::parse(alt).unwrap()),
        ..Look::default()
    };
    let summary = setting.publish_as(look).await;
    assert_eq!((summary.published, &summary.failures), (1, &vec![]));
    let media = setting.shop.media();
    assert_eq!(media[1].alt, "Blue \"T\" shirt for shopify-pdp, in motion");
    assert_eq!(setting.shop.count("productReorderMedia"), 1);

    let other = Setting::new().await;
    other.job("TEE-1", 2);
    let look = Look {
        alt: Some(AltTemplate::parse("{color}").unwrap()),
        ..Look::default()
    };
    let summary = other.publish_as(look).await;
    assert!(summary.failures[0].message.contains("\"color\""));
    assert_eq!(other.shop.with(|shop| shop.uploads.len()), 0);
}

#[tokio::test]
async fn a_metafield_names_the_video_once_even_of_a_clip_that_was_there() {
    let look = Look {
        metafield: Some(Metafield::parse("custom.video").unwrap()),
        ..Look::default()
    };
    for was_there in [false, true] {
        let setting = Setting::new().await;
        setting.job("TEE-1", 2);
        if was_there {
            assert_eq!(setting.publish().await.published, 1);
        }
        let first = setting.publish_as(look.clone()).await;
        assert_eq!(first.failures, [], "{was_there}");
        assert_eq!(
            (first.published, first.already),
            (usize::from(!was_there), usize::from(was_there))
        );
        let video = setting.shop.media()[0].id.clone();
        let fields = setting
            .shop
            .with(|shop| shop.products[0].metafields.clone());
        let expected = (
            "custom.video".to_owned(),
            "file_reference".to_owned(),
            video,
        );
        assert_eq!(fields, [expected]);
        let calls = setting.shop.with(|shop| shop.calls.len());
        assert_eq!(setting.publish_as(look.clone()).await.already, 1);
        assert_eq!(setting.shop.with(|shop| shop.calls.len()), calls);
        assert_eq!(setting.shop.media().len(), 1);
    }
}

impl Setting {
    /// A newer clip of the photo at line 2, whose prompt was edited, takes the place of the old one.
    fn edit(&self, old: JobKey) -> JobKey {
        let new = self.job("TEE-1", 3);
        let at = "2026-03-14T09:20:00Z".parse().unwrap();
        let what = What::Superseded { by_job: new };
        let line = jobs::Event::new(Stamp::first(at), old, 1, what).line();
        self.bench.write(&line);
        new
    }
}

/// The clip at line 2, published, and the newer one.
async fn edited() -> (Setting, JobKey, JobKey) {
    let setting = Setting::new().await;
    let old = setting.job("TEE-1", 2);
    assert_eq!(setting.publish().await.published, 1);
    let new = setting.edit(old);
    (setting, old, new)
}

#[tokio::test]
async fn the_older_clip_of_a_photo_goes_only_once_the_new_one_is_ready() {
    let look = Look {
        replace: true,
        ..Look::default()
    };
    let (setting, ..) = edited().await;
    setting.shop.with(|shop| shop.looks = 50);
    let summary = setting.publish_as(look.clone()).await;
    assert!(summary.failures[0].message.contains("still processing"));
    assert_eq!(setting.shop.media().len(), 2, "the old one is still there");
    setting
        .shop
        .with(|shop| shop.products[0].media[1].looks = 0);
    setting
        .shop
        .fault("fileDelete", &[Fault::Status(502), Fault::LostReply]);
    let summary = setting.publish_as(look.clone()).await;
    assert_eq!((summary.published, &summary.failures), (1, &vec![]));
    let media = setting.shop.media();
    assert_eq!((media.len(), &*media[0].id), (1, "gid://shopify/Video/2"));
    let calls = setting.shop.with(|shop| shop.calls.len());
    setting.publish_as(look.clone()).await;
    assert_eq!(setting.shop.with(|shop| shop.calls.len()), calls);

    // Asked for later, it goes all the same; without being asked for, it stays.
    let (setting, ..) = edited().await;
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.media().len(), 2);
    assert_eq!(setting.publish_as(look).await.already, 1);
    assert_eq!(setting.shop.media().len(), 1);
}

#[tokio::test]
async fn an_older_clip_that_was_only_attached_goes_too() {
    for is_answered in [true, false] {
        let setting = Setting::new().await;
        let old = setting.job("TEE-1", 2);
        setting.shop.with(|shop| shop.looks = 50);
        if !is_answered {
            setting.shop.with(|shop| shop.hidden = 50);
            setting.shop.fault("productUpdate", &[Fault::LostReply]);
        }
        assert_eq!(setting.publish().await.published, 0);
        setting.shop.with(|shop| {
            (shop.looks, shop.hidden) = (0, 0);
            shop.products[0].media[0].hidden = 0;
        });
        setting.edit(old);
        let look = Look {
            replace: true,
            ..Look::default()
        };
        let summary = setting.publish_as(look.clone()).await;
        assert_eq!((summary.published, &summary.failures), (1, &vec![]));
        let media = setting.shop.media();
        assert_eq!((media.len(), &*media[0].id), (1, "gid://shopify/Video/2"));
        let calls = setting.shop.with(|shop| shop.calls.len());
        assert_eq!(setting.publish_as(look).await.already, 1);
        assert_eq!(setting.shop.with(|shop| shop.calls.len()), calls);
    }
}

#[tokio::test]
async fn a_persons_video_stays_even_where_the_log_takes_it_for_the_older_clip() {
    let (setting, old, _) = edited().await;
    setting.shop.with(|shop| {
        shop.products[0].media.push(Medium {
            id: "gid://shopify/Video/7".to_owned(),
            filename: "persons-own.mp4".to_owned(),
            ..Medium::default()
        });
    });
    let at = "2026-03-15T09:20:00Z".parse().unwrap();
    let what = What::Published(Publication {
        generation_id: Some("vgen_TEE-1_2"),
        target: TARGET,
        reference: "gid://shopify/Video/7",
    });
    let line = jobs::Event::new(Stamp::first(at), old, 1, what).line();
    setting.bench.write(&line);
    let look = Look {
        replace: true,
        ..Look::default()
    };
    assert_eq!(setting.publish_as(look).await.published, 1);
    let media = setting.shop.media();
    let ids: Vec<&str> = media.iter().map(|medium| &*medium.id).collect();
    assert_eq!(ids, ["gid://shopify/Video/7", "gid://shopify/Video/2"]);
}

#[tokio::test]
async fn a_clip_whose_row_was_set_back_goes_up_again() {
    let (setting, old, new) = edited().await;
    let look = Look {
        replace: true,
        metafield: Some(Metafield::parse("custom.video").unwrap()),
        ..Look::default()
    };
    assert_eq!(setting.publish_as(look.clone()).await.published, 1);
    for job in [old, new] {
        let at = "2026-03-15T09:20:00Z".parse().unwrap();
        let what = What::Superseded { by_job: old };
        let line = jobs::Event::new(Stamp::first(at), job, 1, what).line();
        setting.bench.write(&line);
    }
    let summary = setting.publish_as(look.clone()).await;
    assert_eq!((summary.published, &summary.failures), (1, &vec![]));
    let media = setting.shop.media();
    assert_eq!((media.len(), &*media[0].id), (1, "gid://shopify/Video/3"));
    let field = setting
        .shop
        .with(|shop| shop.products[0].metafields[0].clone());
    assert_eq!(field.2, "gid://shopify/Video/3");
    assert_eq!(setting.publish_as(look).await.already, 1);
}

#[tokio::test]
async fn a_clip_that_is_there_counts_although_the_older_one_cannot_be_removed() {
    let (setting, _, new) = edited().await;
    setting.shop.product("2", "Mug", &["MUG"]);
    let other = setting.job("MUG", 9);
    setting.shop.fault("fileDelete", &[Fault::Status(403)]);
    let look = Look {
        replace: true,
        ..Look::default()
    };
    let summary = setting.publish_as(look.clone()).await;
    assert_eq!(summary.failures.len(), 1);
    let failure = &summary.failures[0];
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(failure.message.contains("write_files"), "{failure:?}");
    for job in [new, other] {
        assert!(setting.bench.view(job).state.effective().is_published());
    }
    assert_eq!(setting.publish_as(look).await.failures, []);
    assert_eq!(setting.shop.media().len(), 2);
}

#[tokio::test]
async fn only_what_a_clip_takes_the_place_of_is_replaced() {
    let setting = Setting::new().await;
    let old = setting.job("TEE-1", 2);
    assert_eq!(setting.publish().await.published, 1);
    // Another photo, and the same photo as a variant that is still wanted.
    setting.job("TEE-1", 3);
    setting.job("TEE-1", 4);
    let log = std::fs::read_to_string(setting.bench.log()).unwrap();
    std::fs::write(
        setting.bench.log(),
        log.replace("Room%204.jpg", "Room%202.jpg"),
    )
    .unwrap();
    // The first one's row was edited, and what was ordered for it is not ready: nothing replaces it.
    let at = "2026-03-14T09:20:00Z".parse().unwrap();
    let by_job = JobKey::digest(&["not ready"]);
    let what = What::Superseded { by_job };
    let line = jobs::Event::new(Stamp::first(at), old, 1, what).line();
    setting.bench.write(&line);
    let look = Look {
        replace: true,
        ..Look::default()
    };
    assert_eq!(setting.publish_as(look).await.published, 2);
    assert_eq!(setting.shop.media().len(), 3);
    assert_eq!(setting.shop.count("fileDelete"), 0);
}

#[tokio::test]
async fn a_store_that_is_frozen_locked_or_moved_is_reported_as_such_and_ends_the_run() {
    for (fault, words) in [
        (
            Fault::Status(402),
            "frozen, as Shopify says (HTTP 402): its owner",
        ),
        (Fault::Status(423), "fraud: its owner"),
        (
            Fault::Moved("https://new-name.myshopify.com/admin/api/2026-10/graphql.json"),
            "--store new-name.myshopify.com",
        ),
        (Fault::Moved("https://evil.example/"), "was renamed"),
        (Fault::Status(308), "was renamed"),
    ] {
        let setting = Setting::new().await;
        setting.job("TEE-1", 2);
        setting.job("TEE-1", 3);
        setting
            .shop
            .fault("productVariants", &[fault.clone(), fault]);
        let summary = setting.publish().await;
        assert_eq!(summary.failures.len(), 1);
        let failure = &summary.failures[0];
        assert!(
            failure.message.contains(words),
            "{words}: {}",
            failure.message
        );
        assert!(!failure.message.contains("evil"), "{}", failure.message);
        assert_eq!(failure.kind, FailureKind::Setup);
    }
}

#[tokio::test]
async fn null_without_an_error_is_an_error() {
    let look = Look {
        position: Some(1),
        metafield: Some(Metafield::parse("custom.video").unwrap()),
        ..Look::default()
    };
    for operation in [
        "productVariants",
        "stagedUploadsCreate",
        "productUpdate",
        "productReorderMedia",
        "metafieldsSet",
    ] {
        let setting = Setting::new().await;
        let job = setting.job("TEE-1", 2);
        setting.shop.fault(operation, &[Fault::Null]);
        let summary = setting.publish_as(look.clone()).await;
        assert_eq!(summary.published, 0, "{operation}");
        let message = &summary.failures[0].message;
        assert!(message.contains("expected shape"), "{operation}: {message}");
        assert!(!setting.bench.view(job).state.effective().is_published());
        assert_eq!(
            setting.publish_as(look.clone()).await.published,
            1,
            "{operation}"
        );
        assert_eq!(setting.shop.media().len(), 1, "{operation}");
    }
}

#[tokio::test]
async fn the_documented_codes_of_a_full_store_end_the_run_once() {
    let setting = Setting::new().await;
    for line in 2..7 {
        setting.job("TEE-1", line);
    }
    setting
        .shop
        .with(|shop| shop.fails = Some("FILE_STORAGE_LIMIT_EXCEEDED"));
    let summary = setting.publish().await;
    assert_eq!((summary.published, summary.failures.len()), (0, 1));
    assert!(summary.ended_by.unwrap().contains("no more videos"));

    let coded = Setting::new().await;
    coded.job("TEE-1", 2);
    let fault = Fault::CodedObjection("NON_IMAGE_MEDIA_PER_SHOP_LIMIT_EXCEEDED", "Too many");
    coded.shop.fault("stagedUploadsCreate", &[fault]);
    assert!(coded.publish().await.ended_by.is_some());
    let own = Fault::CodedObjection("PRODUCT_MEDIA_LIMIT_EXCEEDED", "Too many");
    coded.shop.fault("productUpdate", &[own]);
    let summary = coded.publish().await;
    assert_eq!((summary.ended_by, summary.failures.len()), (None, 1));
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
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.media().len(), 1);
    assert_eq!(setting.shop.count("productUpdate"), 1);
}

#[tokio::test]
async fn a_clip_that_the_store_shows_late_is_waited_for_by_the_next_run() {
    for fault in [Fault::LostReply, Fault::DoneAndNull] {
        let setting = Setting::new().await;
        let job = setting.job("TEE-1", 2);
        setting.shop.with(|shop| shop.hidden = 10);
        setting.shop.fault("productUpdate", &[fault]);
        let first = setting.publish().await;
        assert_eq!((first.published, first.failures.len()), (0, 1));
        assert!(!setting.bench.view(job).state.effective().is_published());
        let next = setting.publish().await;
        assert_eq!((next.published, &next.failures), (1, &vec![]));
        assert_eq!(setting.shop.media().len(), 1);
        assert_eq!(setting.shop.count("productUpdate"), 1);
    }
}

#[tokio::test]
async fn a_clip_that_came_into_view_during_the_upload_is_not_attached_again() {
    let mut setting = Setting::new().await;
    setting.job("TEE-1", 2);
    assert_eq!(setting.publish().await.published, 1);
    setting
        .shop
        .with(|shop| shop.products[0].media[0].hidden = 1);
    // A copy of the log that was made before.
    setting.bench = Bench::new();
    setting.job("TEE-1", 2);
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.media().len(), 1);
    assert_eq!(setting.shop.count("stagedUploadsCreate"), 2);
}

#[tokio::test]
async fn what_a_person_adds_in_the_same_moment_is_not_taken_for_the_clip() {
    let setting = Setting::new().await;
    let job = setting.job("TEE-1", 2);
    setting
        .shop
        .with(|shop| (shop.hidden, shop.person_adds) = (1, true));
    assert_eq!(setting.publish().await.published, 1);
    let saved = setting.bench.view(job).attempts[&1].published[TARGET].clone();
    assert_eq!(saved.text("reference"), Some("gid://shopify/Video/1"));
}

#[tokio::test]
async fn a_clip_whose_name_the_store_loses_is_added_again_only_when_a_person_says_so() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting.shop.with(|shop| shop.forgets_names = true);
    for _ in 0..2 {
        let summary = setting.publish().await;
        let failure = &summary.failures[0];
        assert_eq!(failure.kind, FailureKind::MayHelp);
        assert!(failure.message.contains("--yes"), "{}", failure.message);
        assert_eq!(setting.shop.media().len(), 1);
    }
    setting.shop.with(|shop| shop.forgets_names = false);
    let token = Credentials::token("shpat_test").unwrap();
    let summary = setting.publish_with(token, |o| o.again = true).await;
    assert_eq!((summary.published, setting.shop.media().len()), (1, 2));
}

#[tokio::test]
async fn what_a_person_cut_after_a_failed_run_is_published_as_it_is() {
    let setting = Setting::new().await;
    let job = setting
        .bench
        .completed(IdColumn::Sku, "TEE-1", 2, "https://gone.invalid/a.mp4");
    let file = setting.bench.dir.path().join("a.mp4");
    std::fs::write(&file, clip(7000, 3)).unwrap();
    setting.bench.downloaded(job, "a.mp4", 7000);
    setting.shop.fault("productUpdate", &[Fault::Status(500)]);
    assert_eq!(setting.publish().await.published, 0);
    std::fs::write(&file, clip(6000, 4)).unwrap();
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.media().len(), 1);
    setting
        .shop
        .with(|shop| assert!(shop.uploads.last().unwrap().parts[3].1 == clip(6000, 4)));
}

#[tokio::test]
async fn a_renamed_store_has_its_clips_already() {
    let mut setting = Setting::new().await;
    let job = setting.job("TEE-1", 2);
    assert_eq!(setting.publish().await.published, 1);
    setting.store = "new.myshopify.com";
    let look = Look {
        position: Some(1),
        ..Look::default()
    };
    assert_eq!(setting.publish_as(look).await.published, 1);
    assert_eq!(setting.shop.media().len(), 1);
    assert_eq!(setting.shop.count("stagedUploadsCreate"), 1);
    assert_eq!(setting.shop.count("productReorderMedia"), 0);
    let saved = &setting.bench.view(job).attempts[&1].published;
    let reference = saved["shopify:new.myshopify.com"].text("reference");
    assert_eq!(reference, Some("gid://shopify/Video/1"));
}

#[tokio::test]
async fn another_store_gets_its_own_and_keeps_what_another_one_replaced() {
    let (mut setting, ..) = edited().await;
    setting.store = "new.myshopify.com";
    setting.shop.with(|shop| shop.products[0].media.clear());
    let look = Look {
        replace: true,
        ..Look::default()
    };
    assert_eq!(setting.publish_as(look.clone()).await.published, 1);
    assert_eq!(setting.shop.media().len(), 1);
    let log = std::fs::read_to_string(setting.bench.log()).unwrap();
    assert!(!log.contains("\"removed\""), "{log}");
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
                ..Medium::default()
            });
        }
    });
    assert_eq!(setting.publish().await.published, 1);
    let saved = setting.bench.view(job).attempts[&1].published[TARGET].clone();
    assert_eq!(saved.text("reference"), Some("gid://shopify/Video/1"));
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
async fn the_stores_limit_is_reported_once_and_ends_the_run() {
    let setting = Setting::new().await;
    for line in 2..7 {
        setting.job("TEE-1", line);
    }
    let refusal = "Exceeded the limit of media per shop.";
    setting
        .shop
        .fault("productUpdate", &vec![Fault::Objection(refusal); 9]);
    let summary = setting.publish().await;
    assert_eq!((summary.published, summary.failures.len()), (0, 1));
    assert!(summary.ended_by.unwrap().contains(refusal));
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
async fn a_quoted_token_is_not_shown_however_it_is_written_and_words_are_cut() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    let words = format!("bad shpat\u{5f}test {}", "x".repeat(5000));
    let words: &'static str = words.leak();
    setting.shop.with(|shop| shop.escapes = Some('_'));
    for fault in [Fault::Errors(words), Fault::Objection(words)] {
        setting.shop.fault("stagedUploadsCreate", &[fault]);
        let summary = setting.publish().await;
        let message = &summary.failures[0].message;
        assert!(message.contains("bad [token]"), "{message}");
        assert!(message.len() < 600, "{message}");
    }
}

#[tokio::test]
async fn a_reply_that_never_ends_is_given_up() {
    let mut setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting.time_outs = TimeOuts {
        connect: Duration::from_millis(100),
        idle: Duration::from_millis(100),
    };
    setting
        .shop
        .fault("productVariants", &vec![Fault::Endless; 9]);
    let summary = setting.publish().await;
    let message = &summary.failures[0].message;
    assert!(message.contains("in time"), "{message}");
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
        .with(|shop| (shop.fails, shop.looks) = (Some("VIDEO_VALIDATION_ERROR"), 2));
    let summary = setting.publish().await;
    assert!(summary.failures[0].message.contains("Video is too long"));
    assert!(!setting.bench.view(job).state.effective().is_published());
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
async fn an_expired_link_is_asked_for_anew_for_the_shop_too() {
    let mut setting = Setting::new().await;
    let old = setting
        .cdn
        .offer("/old.mp4", clip(9, 1), &[Step::Status(410)]);
    setting.vendor.0 = Some(setting.cdn.offer("/new.mp4", clip(3000, 2), &[]));
    setting.bench.completed(IdColumn::Sku, "TEE-1", 2, &old);
    assert_eq!(setting.publish().await.published, 1);
    setting
        .shop
        .with(|shop| assert!(shop.uploads[0].parts[3].1 == clip(3000, 2)));
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
