//! What a store objects to, and what that means for the run.

use std::time::Duration;

use super::super::cdn::{Step, clip};
use super::super::shop::ShopFault;
use super::Setting;
use crate::engine::delivery::FailureKind;
use crate::engine::delivery::client::TimeOuts;
use crate::engine::delivery::shopify::{Credentials, Metafield, Presentation};
use crate::jobs::IdColumn;

#[tokio::test]
async fn a_store_that_is_frozen_locked_or_moved_is_reported_as_such_and_ends_the_run() {
    for (fault, words) in [
        (
            ShopFault::Status(402),
            "frozen, according to Shopify (HTTP 402): its owner",
        ),
        (ShopFault::Status(423), "fraud: its owner"),
        (
            ShopFault::Moved("https://new-name.myshopify.com/admin/api/2026-10/graphql.json"),
            "--store new-name.myshopify.com",
        ),
        (ShopFault::Moved("https://evil.example/"), "was renamed"),
        (ShopFault::Status(308), "was renamed"),
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
    let look = Presentation {
        position: Some(1),
        metafield: Some(Metafield::parse("custom.video").unwrap()),
        ..Presentation::default()
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
        setting.shop.fault(operation, &[ShopFault::Null]);
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
    assert!(
        summary
            .ended_by
            .unwrap()
            .contains("cannot hold more videos")
    );

    let coded = Setting::new().await;
    coded.job("TEE-1", 2);
    let fault = ShopFault::CodedObjection("NON_IMAGE_MEDIA_PER_SHOP_LIMIT_EXCEEDED", "Too many");
    coded.shop.fault("stagedUploadsCreate", &[fault]);
    assert!(coded.publish().await.ended_by.is_some());
    let own = ShopFault::CodedObjection("PRODUCT_MEDIA_LIMIT_EXCEEDED", "Too many");
    coded.shop.fault("productUpdate", &[own]);
    let summary = coded.publish().await;
    assert_eq!((summary.ended_by, summary.failures.len()), (None, 1));
}

#[tokio::test]
async fn throttling_is_waited_for() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting.shop.fault(
        "productVariants",
        &[
            ShopFault::Throttled,
            ShopFault::TooMany,
            ShopFault::Status(503),
        ],
    );
    setting.shop.fault("productUpdate", &[ShopFault::Throttled]);
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
        .fault("productVariants", &vec![ShopFault::TooMany; 99]);
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
        &[ShopFault::Objection("fileSize is too big")],
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
        .fault("productUpdate", &vec![ShopFault::Objection(refusal); 9]);
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
    for fault in [ShopFault::Errors(words), ShopFault::Objection(words)] {
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
        .fault("productVariants", &vec![ShopFault::Endless; 9]);
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
        .fault("media", &[ShopFault::Errors("Field 'x' doesn't exist")]);
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
