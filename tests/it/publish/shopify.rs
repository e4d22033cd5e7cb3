//! `publish --to shopify`: the documented calls, against a stand-in for the shop.

use creativeai::sandbox::shop::{HeldReply, Tokens};

use crate::shop::{ShopFault, ShopServer};
use crate::support::gate::PATIENCE;
use crate::support::orders::{Order, log_of};
use crate::support::vendor::{Cdn, clip, unused_api, world};
use crate::support::{Ended, World};

/// What the stand-in takes.
const TOKEN: &str = "shpat_test";

pub const PUBLISH: [&str; 6] = [
    "publish",
    "--to",
    "shopify",
    "--store",
    "example.myshopify.com",
    "--json",
];

/// A shop, a CDN and a log.
pub struct Setting {
    pub shop: ShopServer,
    cdn: Cdn,
    pub world: World,
}

impl Setting {
    /// Products for SKU-1001 and SKU-1002, and finished clips of these SKUs.
    pub async fn of(skus: &[&str]) -> Self {
        let shop = ShopServer::start().await;
        shop.product("1", "White mug", &["SKU-1001"]);
        shop.product("2", "Running shoe", &["SKU-1002", "SKU-1002-XL"]);
        let cdn = Cdn::honest();
        let orders: Vec<Order> = skus
            .iter()
            .enumerate()
            .map(|(n, sku)| {
                let url = cdn.put(sku, clip(sku, 2000));
                let surface = match *sku {
                    "SKU-1003" => "meta-ads",
                    _ => "shopify-pdp",
                };
                let order = Order::of(sku, n + 2, &url).for_sku().rehearsed();
                order
                    .with("collection", "new-arrivals")
                    .with("target_surface", surface)
            })
            .collect();
        let world = World::new()
            .with_var("SHOPIFY_ADMIN_TOKEN", TOKEN)
            .with_var("CREATIVEAI_BASE_URL", &format!("http://{}", shop.address));
        world.write("jobs.jsonl", log_of(&orders));
        Self { shop, cdn, world }
    }

    pub fn publish(&self, more: &[&str], code: i32) -> Ended {
        let args: Vec<&str> = PUBLISH.iter().chain(more).copied().collect();
        let run = self.world.run(&args).expect(code);
        let log = self.world.log().text;
        for text in [&run.stdout, &run.stderr, &log] {
            assert!(!text.contains(TOKEN), "the token is shown: {text}");
        }
        run
    }

    fn calls(&self) -> usize {
        self.shop.with(|shop| shop.calls.len())
    }

    pub fn titles_with_media(&self) -> Vec<(String, usize)> {
        self.shop.with(|shop| {
            let products = shop.products.iter();
            products
                .map(|product| (product.title.clone(), product.media.len()))
                .collect()
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clips_of_a_mixed_manifest_reach_their_products_once() {
    let set = Setting::of(&["SKU-1001", "SKU-1002", "SKU-1003"]).await;
    let pdp = ["--where", "target_surface=shopify-pdp"];
    let run = set.publish(&pdp, 0);
    assert_eq!(run.json()["published"], 2);
    let each_one = [("White mug".to_owned(), 1), ("Running shoe".to_owned(), 1)];
    assert_eq!(set.titles_with_media(), each_one);
    let media = set.shop.media();
    assert_eq!(media[0].alt, "White mug");
    let mut uploads: Vec<Vec<u8>> = set.shop.with(|shop| {
        let uploads = shop.uploads.iter();
        uploads
            .map(|upload| upload.parts.last().unwrap().1.clone())
            .collect()
    });
    uploads.sort();
    let mut clips = [clip("SKU-1001", 2000), clip("SKU-1002", 2000)];
    clips.sort();
    assert_eq!(uploads, clips);
    // Neither the place of the upload nor the CDN is shown the token.
    set.shop.with(|shop| {
        for upload in &shop.uploads {
            assert!(!format!("{:?}", upload.headers).contains(TOKEN));
        }
    });
    assert!(!format!("{:?}", set.cdn.gets()).contains(TOKEN));

    let log = set.world.log();
    let output = &log.job_of("SKU-1001")["published"][0];
    assert_eq!(output["target"], "shopify:example.myshopify.com");
    assert_eq!(
        output["reference"],
        *media.iter().find(|m| m.alt == "White mug").unwrap().id
    );
    assert_eq!(log.job_of("SKU-1003")["published"], serde_json::Value::Null);

    let calls = set.calls();
    let run = set.publish(&pdp, 0);
    assert_eq!(
        (&run.json()["published"], &run.json()["already"]),
        (&0.into(), &2.into())
    );
    assert_eq!(set.calls(), calls, "the log knows");
    assert_eq!(set.world.log().text, log.text);
    let status = set.world.run(&["status"]).expect(0).stdout;
    assert!(status.contains("2 published"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn downloaded_files_are_used_where_they_are_there() {
    let set = Setting::of(&["SKU-1001"]).await;
    set.world.run(&["download"]).expect(0);
    set.publish(&[], 0);
    assert_eq!(set.cdn.gets().len(), 1);
    assert_eq!(set.shop.media().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_looks_and_changes_nothing() {
    let set = Setting::of(&["SKU-1001", "SKU-1002"]).await;
    let before = set.world.log().text;
    let run = set.publish(&["--dry-run"], 0);
    let would = run.json()["would"].to_string();
    assert!(
        would.contains("White mug") && would.contains("would get"),
        "{would}"
    );
    assert!(set.shop.media().is_empty());
    assert_eq!(
        set.shop.count("stagedUploadsCreate") + set.shop.count("productUpdate"),
        0
    );
    assert_eq!(set.world.log().text, before);
    assert!(set.cdn.gets().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_that_meets_an_unknown_sku_does_not_end_well() {
    let set = Setting::of(&["SKU-1001", "SKU-100"]).await;
    let run = set.publish(&["--dry-run"], 1);
    assert_eq!(run.json()["failed"], 1);
    assert!(run.stderr.contains("SKU-100"), "{}", run.stderr);
    assert!(set.shop.media().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_whose_token_is_refused_does_not_end_well() {
    let set = Setting::of(&["SKU-1001"]).await;
    set.shop
        .with(|shop| shop.tokens = Tokens::Only(vec!["shpat_new".to_owned()]));
    let before = set.world.log().text;
    let run = set.publish(&["--dry-run"], 77);
    assert!(run.stderr.contains("SHOPIFY_ADMIN_TOKEN"), "{}", run.stderr);
    assert_eq!(run.json()["exit_code"], 77);
    assert_eq!(set.world.log().text, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_that_no_one_has_fails_alone() {
    let set = Setting::of(&["SKU-1001", "SKU-100", "SKU-1002"]).await;
    let run = set.publish(&[], 1);
    assert_eq!(
        (&run.json()["published"], &run.json()["failed"]),
        (&2.into(), &1.into())
    );
    assert!(run.stderr.contains("\"SKU-100\""), "{}", run.stderr);
    // Once the shop has it, the next run does the rest.
    set.shop.product("3", "Tea pot", &["SKU-100"]);
    let run = set.publish(&[], 0);
    assert_eq!(run.json()["published"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_shop_objects_to_is_reported_and_tried_again_by_the_next_run() {
    let set = Setting::of(&["SKU-1001"]).await;
    for (operation, fault, words) in [
        (
            "stagedUploadsCreate",
            ShopFault::Objection("File size is invalid"),
            "File size is invalid",
        ),
        (
            "productUpdate",
            ShopFault::Objection("Media is invalid"),
            "Media is invalid",
        ),
        (
            "media",
            ShopFault::Errors("Field 'media' doesn't exist"),
            "doesn't exist",
        ),
    ] {
        set.shop.fault(operation, &[fault]);
        let run = set.publish(&[], 1);
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        assert!(set.shop.media().is_empty());
    }
    set.publish(&[], 0);
    assert_eq!(set.shop.media().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shops_throttle_is_respected_whichever_way_it_says_so() {
    let set = Setting::of(&["SKU-1001"]).await;
    set.shop.fault("productVariants", &[ShopFault::Throttled]);
    set.shop.fault("productUpdate", &[ShopFault::TooMany]);
    set.publish(&[], 0);
    assert_eq!(set.shop.count("productVariants"), 2);
    assert_eq!(set.shop.count("productUpdate"), 2);
    assert_eq!(set.shop.media().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_that_the_shop_cannot_process_is_not_published() {
    let set = Setting::of(&["SKU-1001"]).await;
    set.shop
        .with(|shop| shop.fails = Some("VIDEO_VALIDATION_ERROR"));
    let run = set.publish(&[], 1);
    assert!(run.stderr.contains("Video is too long"), "{}", run.stderr);
    assert!(!set.world.log().words().contains(&"published"));
    // A person removes it and has it tried again.
    set.shop.with(|shop| {
        shop.fails = None;
        shop.products[0].media.clear();
    });
    set.publish(&[], 0);
    assert_eq!(set.shop.media().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_was_lost_does_not_attach_a_clip_twice() {
    let set = Setting::of(&["SKU-1001"]).await;
    set.shop.fault("productUpdate", &[ShopFault::LostReply]);
    let run = set.publish(&[], 0);
    assert_eq!(run.json()["published"], 1);
    assert_eq!(set.shop.media().len(), 1);
    assert_eq!(set.shop.count("productUpdate"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_call_a_clip_is_attached_once() {
    for operation in [
        "productVariants",
        "media",
        "stagedUploadsCreate",
        "productUpdate",
    ] {
        let output = format!("killed at {operation}");
        let set = Setting::of(&["SKU-1001"]).await;
        // The reply is held back, so that the run does nothing after this call; the clip is never ready
        // before the kill.
        let held = HeldReply::default();
        set.shop.with(|shop| {
            shop.looks = 1000;
            let faults = [ShopFault::Held(held.clone())].into();
            shop.faults.push((operation, faults));
        });
        let run = set.world.start(&PUBLISH);
        let begun = tokio::time::timeout(PATIENCE, held.begun.notified());
        begun.await.expect(&output);
        run.kill();
        set.shop.with(|shop| {
            shop.looks = 0;
            for medium in &mut shop.products[0].media {
                // Shown only after a look of the next run.
                (medium.looks, medium.hidden) = (0, 1);
            }
        });
        let run = set.publish(&[], 0);
        assert_eq!(run.json()["published"], 1, "{output}");
        assert_eq!(set.shop.media().len(), 1, "{output}");
        let calls = set.calls();
        set.publish(&[], 0);
        assert_eq!(set.calls(), calls, "{output}");
    }
}

// Windows has no signals, and Wine's consoles pass no Ctrl-C on.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_while_the_shop_processes_leaves_the_rest_to_the_next_run() {
    let set = Setting::of(&["SKU-1001"]).await;
    set.shop.with(|shop| shop.looks = 1000);
    let run = set.world.start(&PUBLISH);
    while !set.world.log().text.contains("\"attached\"") {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_raw(run.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    run.wait().expect(143);
    set.shop.with(|shop| shop.products[0].media[0].looks = 0);
    set.publish(&[], 0);
    assert_eq!(set.shop.media().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_end_the_run_at_once_and_are_not_reported() {
    let mut set = Setting::of(&["SKU-1001", "SKU-1002"]).await;
    set.shop
        .with(|shop| shop.tokens = Tokens::Only(vec!["shpat_new".to_owned()]));
    let run = set.publish(&["--concurrency", "1"], 77);
    assert_eq!(set.calls(), 0);
    assert!(run.stderr.contains("SHOPIFY_ADMIN_TOKEN"), "{}", run.stderr);

    // An app's id and secret bring a token of their own.
    let world = std::mem::replace(&mut set.world, World::new());
    set.world = world
        .without_var("SHOPIFY_ADMIN_TOKEN")
        .with_var("SHOPIFY_CLIENT_ID", "app")
        .with_var("SHOPIFY_CLIENT_SECRET", "shpss_test");
    let run = set.publish(&["-vv"], 0);
    for secret in ["shpss_test", "granted_1"] {
        assert!(!run.stderr.contains(secret) && !run.stdout.contains(secret));
        assert!(!set.world.log().text.contains(secret));
    }

    let world = std::mem::replace(&mut set.world, World::new());
    set.world = world.without_var("SHOPIFY_CLIENT_ID");
    let run = set.publish(&[], 78);
    assert!(run.stderr.contains("SHOPIFY_CLIENT_ID"), "{}", run.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_listens_is_shown_no_real_token_and_no_real_secret() {
    let mut set = Setting::of(&["SKU-1001"]).await;
    set.shop
        .with(|shop| shop.tokens = Tokens::Only(vec!["shpat_rehearsal".to_owned()]));
    let world = std::mem::replace(&mut set.world, World::new());
    set.world = world.with_var("SHOPIFY_ADMIN_TOKEN", "shpat_0123456789abcdef");
    set.publish(&["--dry-run"], 0);
    let world = std::mem::replace(&mut set.world, World::new());
    set.world = world
        .without_var("SHOPIFY_ADMIN_TOKEN")
        .with_var("SHOPIFY_CLIENT_ID", "app")
        .with_var("SHOPIFY_CLIENT_SECRET", "shpss_0123456789abcdef");
    set.publish(&[], 0);
    assert_eq!(set.shop.with(|shop| shop.granted), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_shop_than_the_logs_is_asked_about() {
    let set = Setting::of(&["SKU-1001", "SKU-1002"]).await;
    let run = set.publish(&["--where", "sku=SKU-1001"], 0);
    assert_eq!(run.json()["shop"], "example.myshopify.com");
    let calls = set.calls();
    let other = [
        "publish",
        "--to",
        "shopify",
        "--store",
        "other.myshopify.com",
    ];
    let run = set.world.run(&other).expect(3);
    for name in ["example.myshopify.com", "other.myshopify.com", "--yes"] {
        assert!(run.stderr.contains(name), "{}", run.stderr);
    }
    assert_eq!(set.calls(), calls, "nothing was sent");
    let dry = set
        .world
        .run(&[&other[..], &["--dry-run"]].concat())
        .expect(0);
    assert!(dry.stderr.contains("until now"), "{}", dry.stderr);
    let run = set.world.run(&[&other[..], &["--yes"]].concat()).expect(0);
    let output = "2 clips published to other.myshopify.com";
    assert!(run.stderr.contains(output), "{}", run.stderr);
    // It is the log's, too, from now on.
    set.world.run(&other).expect(0);
    set.publish(&[], 0);
}

#[test]
fn only_a_shop_of_shopifys_is_shown_the_token() {
    let api = unused_api();
    let order = Order::of("SKU-1", 2, "https://cdn.example.com/a.mp4").for_sku();
    let world = world(&api, &order.lines()).with_var("SHOPIFY_ADMIN_TOKEN", TOKEN);
    for store in [
        "example.com",
        "x.myshopify.com.evil.example",
        "127.0.0.1:1",
        "a/b.myshopify.com",
    ] {
        let args = ["publish", "--to", "shopify", "--store", store];
        let run = world.run(&args).expect(78);
        assert!(!run.stderr.contains(TOKEN), "{}", run.stderr);
    }
    // A variable of earlier versions leads nowhere.
    let world = world
        .with_var("CREATIVEAI_SHOPIFY_STAND_IN", "http://127.0.0.1:1")
        .without_var("SHOPIFY_ADMIN_TOKEN");
    world
        .run(&["publish", "--to", "shopify", "--store", "x.myshopify.com"])
        .expect(78);
}

#[test]
fn a_rehearsal_needs_neither_shop_nor_token_and_shows_none() {
    let world = World::new()
        .without_var("CREATIVEAI_API_KEY")
        .with_var("SHOPIFY_ADMIN_TOKEN", "shpat_secret");
    world.write(
        "products.csv",
        "sku,image_url,video_prompt,color\n\
         SKU-1,https://cdn.example.com/1.jpg,slow pan,blue\n\
         SKU-2,https://cdn.example.com/2.jpg,slow pan,red\n",
    );
    world
        .run(&[
            "submit",
            "products.csv",
            "--sandbox",
            "--wait",
            "--interval",
            "50ms",
        ])
        .expect(0);
    let publish = [
        "publish",
        "--to",
        "shopify",
        "--sandbox",
        "--position",
        "1",
        "--replace",
        "--alt",
        "{product} in {color}",
        "--as",
        "metafield",
        "custom.video",
        "--json",
    ];
    let run = world.run(&publish).expect(0);
    assert_eq!(run.json()["published"], 2, "{}", run.stderr);
    let log = std::fs::read_to_string(world.path("sandbox-jobs.jsonl")).unwrap();
    assert!(log.contains("shopify:sandbox.myshopify.com") && !log.contains("shpat_secret"));
    let run = world.run(&publish).expect(0);
    assert_eq!(run.json()["already"], 2, "{}", run.stderr);
}

#[test]
fn what_is_wanted_of_a_clips_look_is_checked_before_anything_is_sent() {
    let world = World::new();
    for wrong in [
        &["--position", "0"][..],
        &["--alt", "{color"],
        &["--as", "metafield", "custom"],
        &["--as", "file", "custom.video"],
        &["--as", "metafield"],
    ] {
        let args: Vec<&str> = PUBLISH.iter().chain(wrong).copied().collect();
        world.write("jobs.jsonl", Order::of("SKU-1", 2, "x").for_sku().lines());
        world.run(&args).expect(2);
    }
    for option in [&["--position", "1"][..], &["--replace"], &["--alt", "x"]] {
        let mut args = vec!["publish", "--exec", "true"];
        args.extend(option);
        world.run(&args).expect(2);
    }
}
