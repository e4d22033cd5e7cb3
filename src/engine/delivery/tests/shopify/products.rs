//! Which product it is, and how the clip is to look there.

use super::super::shop::Medium;
use super::{Setting, TARGET};
use crate::engine::delivery::FailureKind;
use crate::engine::delivery::shopify::{AltTemplate, Metafield, Presentation};
use crate::jobs::IdColumn;

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
    let look = Presentation {
        position: Some(2),
        alt: Some(AltTemplate::parse(alt).unwrap()),
        ..Presentation::default()
    };
    let summary = setting.publish_as(look).await;
    assert_eq!((summary.published, &summary.failures), (1, &vec![]));
    let media = setting.shop.media();
    assert_eq!(media[1].alt, "Blue \"T\" shirt for shopify-pdp, in motion");
    assert_eq!(setting.shop.count("productReorderMedia"), 1);

    let other = Setting::new().await;
    other.job("TEE-1", 2);
    let look = Presentation {
        alt: Some(AltTemplate::parse("{color}").unwrap()),
        ..Presentation::default()
    };
    let summary = other.publish_as(look).await;
    assert!(summary.failures[0].message.contains("\"color\""));
    assert_eq!(other.shop.with(|shop| shop.uploads.len()), 0);
}

#[tokio::test]
async fn a_metafield_names_the_video_once_even_of_a_clip_that_was_there() {
    let look = Presentation {
        metafield: Some(Metafield::parse("custom.video").unwrap()),
        ..Presentation::default()
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

#[tokio::test]
async fn two_variants_of_one_product_are_one_product() {
    let setting = Setting::new().await;
    setting.shop.product("2", "Mug", &["MUG", "MUG"]);
    setting.job("MUG", 2);
    assert_eq!(setting.publish().await.published, 1);
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
async fn a_listing_has_no_sku() {
    let setting = Setting::new().await;
    setting
        .bench
        .completed(IdColumn::Listing, "TEE-1", 2, "https://cdn.example/a.mp4");
    let summary = setting.publish().await;
    assert!(summary.failures[0].message.contains("no SKU"));
    assert_eq!(setting.shop.with(|shop| shop.calls.len()), 0);
}
