//! A clip gets onto its product once, whatever happens in between.

use super::super::cdn::clip;
use super::super::shop::ShopFault;
use super::{Bench, Setting, TARGET};
use crate::engine::delivery::FailureKind;
use crate::engine::delivery::shopify::{Credentials, Presentation};
use crate::engine::stop::{Stop, StopReason};
use crate::jobs::IdColumn;
use crate::sandbox::shop::HeldReply;

#[tokio::test]
async fn a_stop_waits_until_the_log_says_what_became_of_a_call() {
    let mut setting = Setting::new().await;
    setting.job("TEE-1", 2);
    let held = HeldReply::default();
    let fault = ShopFault::Held(held.clone());
    setting.shop.fault("productUpdate", &[fault]);
    let stopped = async {
        held.begun.notified().await;
        setting.stop.set(StopReason::Signal(2));
        held.go.notify_one();
    };
    let (summary, ()) = tokio::join!(setting.publish(), stopped);
    assert_eq!((summary.published, summary.failures.len()), (0, 0));
    assert_eq!(setting.bench.lines_with("\"step\":\"attached\""), 1);

    setting.stop = Stop::default();
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.count("productUpdate"), 1);
}

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
async fn a_lost_reply_to_attaching_does_not_attach_twice() {
    let setting = Setting::new().await;
    setting.job("TEE-1", 2);
    setting.shop.fault("productUpdate", &[ShopFault::LostReply]);
    assert_eq!(setting.publish().await.published, 1);
    assert_eq!(setting.shop.media().len(), 1);
    assert_eq!(setting.shop.count("productUpdate"), 1);
}

#[tokio::test]
async fn a_clip_that_the_store_shows_late_is_waited_for_by_the_next_run() {
    for fault in [ShopFault::LostReply, ShopFault::DoneAndNull] {
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
    setting
        .shop
        .fault("productUpdate", &[ShopFault::Status(500)]);
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
    let look = Presentation {
        position: Some(1),
        ..Presentation::default()
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
