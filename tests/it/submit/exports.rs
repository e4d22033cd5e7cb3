//! Exports of shops and listing services: read as they are, without `--map`.

use serde_json::Value;

use crate::support::{Ended, Server, World};

/// An example's text.
fn example(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/exports/");
    std::fs::read_to_string(format!("{folder}{name}")).unwrap()
}

/// Rehearses an example, then submits it; what was said, and id and photo of each clip.
#[track_caller]
fn submitted(name: &str, options: &[&str]) -> (Ended, Vec<[String; 3]>) {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(name, example(name));
    let dry = [&["submit", name, "--sandbox", "--dry-run"], options].concat();
    world.run(&dry).expect(0);
    assert!(server.posts().is_empty());
    let arguments = [&["submit", name, "--concurrency", "1"], options].concat();
    let run = world.run(&arguments).expect(0);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let log = world.log();
    let opened = log
        .lines
        .iter()
        .filter(|line| line["status"] == "submitting");
    let clips = opened
        .map(|line| {
            let id = if line["sku"].is_null() {
                &line["listing_id"]
            } else {
                &line["sku"]
            };
            let request = &line["request"];
            [
                text(id),
                text(&request["image_url"]),
                text(&request["prompt"]),
            ]
        })
        .collect();
    (run, clips)
}

#[test]
fn a_shopify_export_gives_each_variant_its_own_picture() {
    let prompt = ["--prompt", "Slow turn, {Option1 Value|plain} on white"];
    let (run, clips) = submitted("shopify-products.csv", &prompt);
    assert!(
        run.stderr.contains("this is a Shopify products export"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("image_url is \"Variant Image\""),
        "{}",
        run.stderr
    );
    let clips: Vec<_> = clips
        .iter()
        .map(|[id, photo, _]| (&**id, &**photo))
        .collect();
    assert_eq!(
        clips,
        [
            ("BAG-BLK", "https://cdn.example.com/shop/bag-black.jpg"),
            ("BAG-BLU", "https://cdn.example.com/shop/bag-blue.jpg"),
            ("LMP-0042", "https://cdn.example.com/shop/desk-lamp.jpg"),
        ]
    );
}

#[test]
fn a_variant_without_its_own_picture_is_not_given_anothers() {
    let world = World::facing(&Server::accepting());
    let text = example("shopify-products.csv");
    let text = text.replace(
        ",https://cdn.example.com/shop/bag-blue.jpg,\ncanvas-bag",
        ",,\ncanvas-bag",
    );
    world.write("shop.csv", text);
    let run = world
        .run(&["submit", "shop.csv", "--prompt", "Slow turn"])
        .expect(65);
    assert!(
        run.stderr.contains("give this variant its own"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("shop.csv:3"), "{}", run.stderr);
}

#[test]
fn a_woocommerce_export_is_read() {
    let (run, clips) = submitted(
        "woocommerce-products.csv",
        &["--split-images", "--prompt", "Slow turn of the {Name}"],
    );
    assert!(
        run.stderr.contains("this is a WooCommerce products export"),
        "{}",
        run.stderr
    );
    let clips: Vec<_> = clips
        .iter()
        .map(|[id, photo, prompt]| (&**id, &**photo, &**prompt))
        .collect();
    assert_eq!(
        clips,
        [
            (
                "TEA-0110",
                "https://cdn.example.com/shop/teapot-front.jpg",
                "Slow turn of the Teapot"
            ),
            (
                "MUG-0007",
                "https://cdn.example.com/shop/mug-front.jpg",
                "Slow turn of the Mug"
            ),
            (
                "MUG-0007",
                "https://cdn.example.com/shop/mug-side.jpg",
                "Slow turn of the Mug"
            ),
        ]
    );
}

#[test]
fn an_airtable_export_is_read() {
    let (run, clips) = submitted("airtable.csv", &[]);
    assert!(
        run.stderr.contains("this is an Airtable export"),
        "{}",
        run.stderr
    );
    let clips: Vec<_> = clips
        .iter()
        .map(|[id, photo, _]| (&**id, &**photo))
        .collect();
    assert_eq!(
        clips,
        [
            (
                "LST-2001",
                "https://cdn.example.com/listings/2001-kitchen.jpg"
            ),
            (
                "LST-2001",
                "https://cdn.example.com/listings/2001-garden.jpg"
            ),
        ]
    );
}

#[test]
fn a_media_export_of_a_listing_service_is_read() {
    let prompt = ["--prompt", "Slow pan, {ShortDescription|soft light}"];
    let (run, clips) = submitted("reso-media.csv", &prompt);
    assert!(
        run.stderr.contains("image_url is \"MediaURL\""),
        "{}",
        run.stderr
    );
    let clips: Vec<_> = clips
        .iter()
        .map(|[id, photo, _]| (&**id, &**photo))
        .collect();
    assert_eq!(
        clips,
        [
            ("LST-3001", "https://cdn.example.com/mls/3001-front.jpg"),
            ("LST-3001", "https://cdn.example.com/mls/3001-kitchen.jpg"),
        ],
        "the floor plan is no photo"
    );
}

#[test]
fn an_export_without_prompts_asks_for_one() {
    let world = World::facing(&Server::accepting());
    for name in [
        "shopify-products.csv",
        "woocommerce-products.csv",
        "reso-media.csv",
    ] {
        world.write(name, example(name));
        let run = world.run(&["submit", name]).expect(65);
        assert!(run.stderr.contains("--prompt"), "{}", run.stderr);
        assert!(!run.stderr.contains("=SEO"), "{}", run.stderr);
        assert!(
            !run.stderr.contains("no column for the photo"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn what_is_said_on_the_command_line_goes_before_what_is_known() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("shop.csv", example("shopify-products.csv"));
    world
        .run(&[
            "submit",
            "shop.csv",
            "--prompt",
            "Slow turn",
            "--map",
            "image_url=Image Src",
            "--concurrency",
            "1",
        ])
        .expect(0);
    let sent = server.posts();
    assert_eq!(sent.len(), 3);
    assert_eq!(
        sent[0].json()["image_url"],
        "https://cdn.example.com/shop/bag-front.jpg"
    );
}
