//! The page for all who read it: contrast, keyboard, names.

use serde_json::json;

use super::{PALE, mixed, photos, rehearsed};
use crate::support::browser::{Browser, in_browser};
use crate::support::orders::Order;
use crate::support::vendor::unused_api;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_can_be_read_in_both_themes_on_a_phone_and_on_paper() {
    let photos = photos();
    let api = unused_api();
    let mut log = mixed(&photos, 14);
    let mut doubt =
        Order::of("A listing with quite a long name, 14 Long Avenue", 40, "").rendering();
    doubt.image = format!(
        "{}/photos/a-very-long-name-of-a-photo-without-any-end.svg",
        photos.url()
    );
    log += doubt.lines().lines().next().unwrap();
    log += "\n";
    let world = crate::support::vendor::world(&api, &log);
    world.run(&["report", "-o", "report.html"]).expect(0);
    let shown = rehearsed(&photos);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        for scheme in ["light", "dark"] {
            browser.scheme(scheme).await;
            browser.size(1280, 1600, false).await;
            browser.open(&world.path("report.html")).await;
            browser.until("document.querySelectorAll('video').length > 2").await;
            browser.ask("document.querySelector('details').open = true;").await;
            assert_eq!(browser.ask(PALE).await, json!({}), "{scheme}");
            browser.until("[...document.querySelectorAll('img')].slice(0, 3).every(i => i.naturalWidth > 0)").await;
            browser.shoot(&format!("{scheme}-wide")).await;
            for width in [320, 390] {
                browser.size(width, 1200, true).await;
                let overflow = browser
                    .count("return Math.max(0, document.documentElement.scrollWidth - innerWidth);")
                    .await;
                assert_eq!(overflow, 0, "{scheme} at {width} points");
                browser.ask("scrollTo(0, 0);").await;
                browser.shoot(&format!("{scheme}-{width}")).await;
            }
            browser.open(&shown.path("report.html")).await;
            browser.until("document.querySelector('video')?.readyState >= 2").await;
            browser.shoot(&format!("{scheme}-rehearsal-390")).await;
        }
        browser.scheme("light").await;
        browser.size(1280, 1000, false).await;
        browser.open(&world.path("report.html")).await;
        browser.report("Emulation.setEmulatedMedia", json!({"media": "print"})).await;
        let hidden = "return ['.tools', '.skip', 'details'].every(s => getComputedStyle(document.querySelector(s)).display === 'none');";
        assert_eq!(browser.ask(hidden).await, true);
        browser.shoot("print").await;
        let pdf = browser.print().await;
        assert!(pdf.starts_with("JVBERi0"), "a PDF in base 64");
        if let Some(folder) = std::env::var_os("CREATIVEAI_SCREENSHOTS") {
            use base64::Engine;
            let bytes = base64::engine::general_purpose::STANDARD.decode(pdf).unwrap();
            std::fs::write(std::path::Path::new(&folder).join("report.pdf"), bytes).unwrap();
        }
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_by_keyboard_and_is_named_for_those_who_listen() {
    let photos = photos();
    let api = unused_api();
    let world = crate::support::vendor::world(&api, &mixed(&photos, 12));
    world.run(&["report", "-o", "report.html"]).expect(0);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        browser.size(1280, 1000, false).await;
        browser.open(&world.path("report.html")).await;
        browser.press("Tab", "Tab").await;
        let focus = "return document.activeElement.className || document.activeElement.id || document.activeElement.name;";
        assert_eq!(browser.ask(focus).await, "skip");
        browser.press("Tab", "Tab").await;
        assert_eq!(browser.ask(focus).await, "find");
        browser.press("Tab", "Tab").await;
        assert_eq!(browser.ask(focus).await, "state");
        browser.press("ArrowRight", "ArrowRight").await;
        browser.until("document.querySelectorAll('.card:not([hidden])').length === 9").await;

        // The skip link leads past all of it.
        browser.ask("document.querySelector('.skip').focus();").await;
        browser.press("Enter", "Enter").await;
        browser.until("location.hash === '#clips'").await;
        // From there on: a clip, then its details, which open by key.
        browser.until("document.querySelectorAll('video').length > 0").await;
        browser.ask("document.querySelector('.card:not([hidden]) summary').focus();").await;
        browser.press("Enter", "Enter").await;
        browser.until("document.querySelector('.card:not([hidden]) details').open").await;

        let unnamed = browser
            .ask(
                "const found = []; \
                 for (const e of document.querySelectorAll('img:not([alt]), img[alt=\"\"], video:not([aria-label]), svg[role=img]:not([aria-label]):not([aria-labelledby]), section:not([aria-label]):not([aria-labelledby])')) found.push(e.outerHTML); \
                 for (const e of document.querySelectorAll('input')) if (!e.labels.length) found.push(e.outerHTML); \
                 for (const e of document.querySelectorAll('a, summary')) if (!e.textContent.trim()) found.push(e.outerHTML); \
                 if (!document.documentElement.lang || document.querySelectorAll('h1').length !== 1 || document.querySelectorAll('main').length !== 1) found.push('landmarks'); \
                 return found;",
            )
            .await;
        assert_eq!(unnamed, json!([]));
    })
    .await;
}
