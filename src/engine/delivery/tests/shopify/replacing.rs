//! Which older clips make room, and which stay.

use super::super::shop::{Medium, ShopFault};
use super::{Setting, TARGET};
use crate::engine::delivery::FailureKind;
use crate::engine::delivery::shopify::{Metafield, Presentation};
use crate::jobs::{self, EventKind, JobKey, Publication, Stamp};

impl Setting {
    /// A newer clip of the photo at line 2, whose prompt was edited, takes the place of the old one.
    fn edit(&self, old: JobKey) -> JobKey {
        let new = self.job("TEE-1", 3);
        let at = "2026-03-14T09:20:00Z".parse().unwrap();
        let what = EventKind::Superseded { by_job: new };
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
    let look = Presentation {
        replace: true,
        ..Presentation::default()
    };
    let (setting, ..) = edited().await;
    setting.shop.with(|shop| shop.looks = 50);
    let summary = setting.publish_as(look.clone()).await;
    assert!(summary.failures[0].message.contains("still processing"));
    assert_eq!(setting.shop.media().len(), 2, "the old one is still there");
    setting
        .shop
        .with(|shop| shop.products[0].media[1].looks = 0);
    setting.shop.fault(
        "fileDelete",
        &[ShopFault::Status(502), ShopFault::LostReply],
    );
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
            setting.shop.fault("productUpdate", &[ShopFault::LostReply]);
        }
        assert_eq!(setting.publish().await.published, 0);
        setting.shop.with(|shop| {
            (shop.looks, shop.hidden) = (0, 0);
            shop.products[0].media[0].hidden = 0;
        });
        setting.edit(old);
        let look = Presentation {
            replace: true,
            ..Presentation::default()
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
    let what = EventKind::Published(Publication {
        generation_id: Some("vgen_TEE-1_2"),
        target: TARGET,
        reference: "gid://shopify/Video/7",
    });
    let line = jobs::Event::new(Stamp::first(at), old, 1, what).line();
    setting.bench.write(&line);
    let look = Presentation {
        replace: true,
        ..Presentation::default()
    };
    assert_eq!(setting.publish_as(look).await.published, 1);
    let media = setting.shop.media();
    let ids: Vec<&str> = media.iter().map(|medium| &*medium.id).collect();
    assert_eq!(ids, ["gid://shopify/Video/7", "gid://shopify/Video/2"]);
}

#[tokio::test]
async fn a_clip_whose_row_was_set_back_goes_up_again() {
    let (setting, old, new) = edited().await;
    let look = Presentation {
        replace: true,
        metafield: Some(Metafield::parse("custom.video").unwrap()),
        ..Presentation::default()
    };
    assert_eq!(setting.publish_as(look.clone()).await.published, 1);
    for job in [old, new] {
        let at = "2026-03-15T09:20:00Z".parse().unwrap();
        let what = EventKind::Superseded { by_job: old };
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
    setting.shop.fault("fileDelete", &[ShopFault::Status(403)]);
    let look = Presentation {
        replace: true,
        ..Presentation::default()
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
    let what = EventKind::Superseded { by_job };
    let line = jobs::Event::new(Stamp::first(at), old, 1, what).line();
    setting.bench.write(&line);
    let look = Presentation {
        replace: true,
        ..Presentation::default()
    };
    assert_eq!(setting.publish_as(look).await.published, 2);
    assert_eq!(setting.shop.media().len(), 3);
    assert_eq!(setting.shop.count("fileDelete"), 0);
}

#[tokio::test]
async fn another_store_gets_its_own_and_keeps_what_another_one_replaced() {
    let (mut setting, ..) = edited().await;
    setting.store = "new.myshopify.com";
    setting.shop.with(|shop| shop.products[0].media.clear());
    let look = Presentation {
        replace: true,
        ..Presentation::default()
    };
    assert_eq!(setting.publish_as(look.clone()).await.published, 1);
    assert_eq!(setting.shop.media().len(), 1);
    let log = std::fs::read_to_string(setting.bench.log()).unwrap();
    assert!(!log.contains("\"removed\""), "{log}");
}
