//! The report as a browser shows it.

mod hostile;
mod public;
mod readable;

use serde_json::{Value, json};

use crate::support::browser::{Browser, in_browser};
use crate::support::orders::{Order, log_of};
use crate::support::vendor::unused_api;
use crate::support::{Server, Step, World};

/// Cards that are shown.
const SHOWN: &str = "return document.querySelectorAll('.card:not([hidden])').length;";

/// Contrast of text and what lies behind it, as WCAG 2 reckons, for every text that is shown; the
/// worst of each kind below 4.5.
const PALE: &str = "
    const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
    const light = (c) => { const f = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
      return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]); };
    const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0.99) return c; } return [255, 255, 255, 1]; };
    const pale = {};
    for (const e of document.body.querySelectorAll('*')) {
      if (e.closest('.unseen, script, [hidden], option') || e.namespaceURI.includes('svg')) continue;
      if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
      const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const kind = e.tagName + '.' + e.className;
      if (ratio < 4.5) pale[kind] = Math.min(pale[kind] || 99, Math.round(ratio * 100) / 100);
    }
    return pale;";

/// Photos for the page: a picture of one color, 3 by 2.
fn photos() -> Server {
    Server::answering(|_| {
        let picture = "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='200'>\
                       <rect width='300' height='200' fill='#a98'/></svg>";
        Step::reply(200, picture).with("Content-Type", "image/svg+xml")
    })
}

/// Orders in every state, four a listing.
fn mixed(photos: &Server, count: usize) -> String {
    let mut orders = Vec::new();
    let mut rest = String::new();
    for n in 0..count {
        let clip = format!("{}/clips/{n}.mp4", photos.url());
        let mut order = Order::of(&format!("LST-{}", n / 4), n + 2, &clip);
        order.image = format!("{}/photos/room-{n}.svg", photos.url());
        if n % 4 == 3 {
            order = order.rendering();
            let mut line: Value =
                serde_json::from_str(order.lines().lines().last().unwrap()).unwrap();
            match n % 3 {
                0 => {
                    line["status"] = "failed".into();
                    line["error"] = "The photo could not be read".into();
                }
                1 => line["status"] = "processing".into(),
                _ => {}
            }
            rest += &(line.to_string() + "\n");
        }
        orders.push(order);
    }
    log_of(&orders) + rest.as_str()
}

/// A rehearsal's clips on disk, three a listing, and the page about them.
fn rehearsed(photos: &Server) -> World {
    let world = World::new();
    let mut rows = String::from("listing_id,image_url,video_prompt,agent\n");
    for n in 0..9 {
        let photo = format!("{}/photos/room-{n}.svg", photos.url());
        rows += &format!("LST-{},{photo},Slow pan {n},Ada\n", n / 3);
    }
    world.write("listings.csv", rows);
    let submit = [
        "submit",
        "listings.csv",
        "--sandbox",
        "--wait",
        "--interval",
        "50ms",
    ];
    world.run(&submit).expect(0);
    world.run(&["download", "--sandbox"]).expect(0);
    world
        .run(&["report", "--sandbox", "-o", "report.html"])
        .expect(0);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_opens_from_a_file_and_narrows_down() {
    let photos = photos();
    let api = unused_api();
    let world = crate::support::vendor::world(&api, &mixed(&photos, 40));
    world.run(&["report", "-o", "report.html"]).expect(0);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        browser.size(1280, 1000, false).await;
        browser.open(&world.path("report.html")).await;
        assert_eq!(browser.count(SHOWN).await, 40);
        let title = browser.ask("return document.title;").await;
        assert_eq!(title, "30 of 40 clips ready");

        // By state.
        for (state, count) in [
            ("ready", 30),
            ("failed", 4),
            ("rendering", 3),
            ("queued", 3),
        ] {
            let chip = format!("document.querySelector('input[value={state}]')");
            browser.ask(&format!("{chip}.parentElement.click();")).await;
            assert_eq!(browser.count(SHOWN).await, count, "{state}");
            let output = browser.ask("return document.getElementById('found').textContent;");
            assert_eq!(output.await, format!("{count} clips shown"));
        }
        browser
            .ask("document.querySelector('input[value=\"\"]').click();")
            .await;
        assert_eq!(browser.count(SHOWN).await, 40);

        // By id, as it is typed.
        browser
            .ask("document.getElementById('find').focus();")
            .await;
        browser.write("lst-7").await;
        browser
            .until("document.getElementById('found').textContent === '4 clips shown'")
            .await;
        let listings = "return document.querySelectorAll('.group:not([hidden])').length;";
        assert_eq!(browser.count(listings).await, 1);
        browser.write(" no such clip").await;
        browser
            .until("!document.getElementById('nothing').hidden")
            .await;
        assert_eq!(browser.count(SHOWN).await, 0);
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_plays_by_itself_and_one_clip_at_a_time() {
    let photos = photos();
    let world = rehearsed(&photos);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        browser.size(1280, 1000, false).await;
        browser.open(&world.path("report.html")).await;
        // Through the whole page and back.
        browser
            .ask(
                "for (const card of document.querySelectorAll('.card')) \
                 card.scrollIntoView({block: 'center'});",
            )
            .await;
        for n in 0..9 {
            let scroll = format!("document.querySelectorAll('.card')[{n}].scrollIntoView();");
            browser.ask(&scroll).await;
            let is_player = format!("document.querySelectorAll('.card')[{n}].querySelector('video')");
            browser.until(&is_player).await;
        }
        browser
            .until("[...document.querySelectorAll('video')].every(v => v.readyState >= 1)")
            .await;
        let playing = "return [...document.querySelectorAll('video, audio')]\
                       .filter(v => !v.paused || v.currentTime > 0.6 || v.autoplay).length;";
        assert_eq!(browser.count(playing).await, 0);
        let relative = browser
            .ask("return [...document.querySelectorAll('video')].every(v => v.src.startsWith('file:') && v.src.includes('/sandbox-videos/LST-'));")
            .await;
        assert_eq!(relative, true);

        browser
            .ask(
                "for (const v of document.querySelectorAll('video')) { v.muted = true; v.loop = true; } \
                 document.querySelectorAll('video')[0].play();",
            )
            .await;
        browser.until("document.querySelectorAll('video')[0].currentTime > 0").await;
        browser.ask("document.querySelectorAll('video')[1].play();").await;
        browser.until("document.querySelectorAll('video')[0].paused").await;
        browser.until("document.querySelectorAll('video')[1].currentTime > 0").await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_shows_a_picture_of_itself_and_a_lost_photo_is_drawn() {
    let photos = Server::answering(|request| {
        if request.path.contains("room-1") {
            return Step::reply(404, "gone");
        }
        Step::reply(
            200,
            "<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'/>",
        )
        .with("Content-Type", "image/svg+xml")
    });
    let world = rehearsed(&photos);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        browser.size(1280, 2400, false).await;
        browser.open(&world.path("report.html")).await;
        browser.until("document.querySelectorAll('video').length === 9").await;
        browser
            .until("[...document.querySelectorAll('video')].every(v => v.readyState >= 2 && !v.seeking && v.currentTime > 0.4)")
            .await;
        browser.until("document.querySelectorAll('.frame .drawn').length === 1").await;
        let drawn = browser
            .ask("return document.querySelector('.frame .drawn').parentElement.textContent;")
            .await;
        assert_eq!(drawn, "The photo cannot be shown hereroom-1");
        let shapes = browser
            .ask(
                "return [...document.querySelectorAll('.media')].every(m => { \
                   const [a, b] = [...m.querySelectorAll('.frame')].map(f => f.getBoundingClientRect()); \
                   return Math.abs(a.width - b.width) < 1 && Math.abs(a.height - b.height) < 1 && Math.abs(a.width / a.height - 16 / 9) < 0.05; });",
            )
            .await;
        assert_eq!(shapes, true);
        browser
            .ask("const v = document.querySelector('video'); v.muted = true; v.play().then(() => v.pause());")
            .await;
        browser.until("document.querySelector('video').paused && document.querySelector('video').currentTime < 0.4").await;
        let links = "return [...document.querySelectorAll('.file a')].filter(a => a.href.startsWith('file:')).length;";
        assert_eq!(browser.count(links).await, 9);
        browser.shoot("posters-1280").await;
        browser.size(390, 1600, true).await;
        browser.shoot("posters-390").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clips_of_the_web_are_not_fetched_before_someone_plays_them() {
    let photos = photos();
    let api = unused_api();
    let world = crate::support::vendor::world(&api, &mixed(&photos, 8));
    world.run(&["report", "-o", "report.html"]).expect(0);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        browser.size(1280, 2400, false).await;
        browser.open(&world.path("report.html")).await;
        browser.until("document.querySelectorAll('video').length === 6").await;
        browser
            .until("[...document.querySelectorAll('img')].every(i => i.complete && i.naturalWidth > 0)")
            .await;
        let asked = photos.polls();
        assert!(asked.len() >= 8, "{asked:?}");
        for get in &asked {
            assert!(get.path.starts_with("/photos/"), "{}", get.path);
            assert_eq!(get.header("referer"), None);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_clips_open_without_loading_them_all() {
    let photos = photos();
    let api = unused_api();
    let world = crate::support::vendor::world(&api, &mixed(&photos, 5000));
    world.run(&["report", "-o", "report.html"]).expect(0);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        browser.size(1280, 1000, false).await;
        browser.open(&world.path("report.html")).await;
        assert_eq!(browser.count(SHOWN).await, 5000);
        browser.until("document.querySelectorAll('video').length > 0").await;
        let players = browser.count("return document.querySelectorAll('video').length;").await;
        assert!(players < 200, "{players} players");
        assert!(photos.polls().len() < 200, "{} photos", photos.polls().len());
        browser.until("performance.getEntriesByName('first-contentful-paint').length").await;
        let output = browser
            .ask(
                "const [load] = performance.getEntriesByType('navigation'); \
                 const [paint] = performance.getEntriesByName('first-contentful-paint'); \
                 return {paint: paint.startTime, ready: load.domContentLoadedEventEnd, load: load.loadEventEnd};",
            )
            .await;
        let size = std::fs::metadata(world.path("report.html")).unwrap().len();
        println!("5,000 clips, {size} bytes, in milliseconds: {output}");

        browser.ask("document.getElementById('find').focus();").await;
        browser.write("lst-1249").await;
        browser.until("document.getElementById('found').textContent === '4 clips shown'").await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        browser.shoot("5000-found").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_clips_are_pages_and_one_in_front_that_opens_at_once() {
    let photos = photos();
    let api = unused_api();
    let count = std::env::var("CREATIVEAI_CLIPS").map_or(5_200, |n| n.parse().unwrap());
    let world = crate::support::vendor::world(&api, &mixed(&photos, count));
    let start = std::time::Instant::now();
    world.run(&["report", "-o", "all clips.html"]).expect(0);
    println!("{count} clips: {:?} to write", start.elapsed());
    let pages = |world: &World| {
        let folder = std::fs::read_dir(world.path("all clips-pages"));
        folder.map_or(0, Iterator::count)
    };
    assert_eq!(pages(&world), count.div_ceil(1000));
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        browser.size(1280, 1000, false).await;
        browser.open(&world.path("all clips.html")).await;
        browser.until("performance.getEntriesByName('first-contentful-paint').length").await;
        let output = browser
            .ask(
                "const [load] = performance.getEntriesByType('navigation'); \
                 const [paint] = performance.getEntriesByName('first-contentful-paint'); \
                 return {paint: paint.startTime, ready: load.domContentLoadedEventEnd, load: load.loadEventEnd};",
            )
            .await;
        println!("{count} clips, the page in front, in milliseconds: {output}");
        let parts = "return document.querySelectorAll('.contents ol a').length;";
        assert_eq!(browser.count(parts).await, count.div_ceil(1000));
        assert_eq!(browser.count(SHOWN).await, 0);
        browser.shoot("front-1280").await;
        // What went wrong is one step away.
        let failed = browser
            .ask("const a = document.querySelector('.contents ul a'); const text = a.textContent; a.click(); return text;")
            .await;
        browser.until("location.pathname.includes('-pages/page-0001.html')").await;
        let target = browser.ask("return document.querySelector(location.hash).textContent;").await;
        assert_eq!(target, failed);
        assert_eq!(browser.count(SHOWN).await, 1000);
        browser.until("document.querySelectorAll('video').length > 0").await;
        browser.ask("scrollTo(0, 0);").await;
        browser.shoot("part-1280").await;
        browser.ask("document.querySelector('a[rel=next]').click();").await;
        browser.until("location.pathname.includes('page-0002.html')").await;
        browser.ask("document.querySelector('.parts a').click();").await;
        browser.until("location.pathname.endsWith('/all%20clips.html')").await;
        browser.size(390, 1000, true).await;
        let overflow = "return Math.max(0, document.documentElement.scrollWidth - innerWidth);";
        assert_eq!(browser.count(overflow).await, 0);
        browser.shoot("front-390").await;
        assert_eq!(browser.ask(PALE).await, json!({}));
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    })
    .await;
    // Fewer clips leave none of the pages behind.
    world
        .run(&[
            "report",
            "-o",
            "all clips.html",
            "--where",
            "listing_id=LST-1",
        ])
        .expect(0);
    assert_eq!(pages(&world), 0);
    assert!(!world.path("all clips-pages").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_one_file_with_all_that_its_page_shows() {
    let photos = photos();
    let world = rehearsed(&photos);
    let run = world
        .run(&["report", "--sandbox", "--bundle", "zip"])
        .expect(0);
    assert!(
        run.stderr
            .contains("report: 9 clips in sandbox-report.zip, with 9 files"),
        "{}",
        run.stderr
    );
    let file = std::fs::File::open(world.path("sandbox-report.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    // At a client's, on another computer.
    let client = tempfile::tempdir().unwrap();
    archive.extract(client.path()).unwrap();
    // Windows does not replace a file that is open.
    drop(archive);
    std::fs::remove_dir_all(world.path("sandbox-videos")).unwrap();
    assert!(client.path().join("clips/LST-0/01-room-0.mp4").is_file());
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        browser.size(1280, 2400, false).await;
        browser.open(&client.path().join("index.html")).await;
        browser
            .until("document.querySelectorAll('video').length === 9")
            .await;
        browser
            .until("[...document.querySelectorAll('video')].every(v => v.readyState >= 2)")
            .await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    })
    .await;
    // It takes the place of its like alone.
    world.write("mine.zip", "not an archive");
    world
        .run(&["report", "--sandbox", "--bundle", "zip", "-o", "mine.zip"])
        .expect(78);
    world
        .run(&["report", "--sandbox", "--bundle", "zip"])
        .expect(0);
}

#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn the_page_is_opened_on_request() {
    use std::os::unix::fs::PermissionsExt;
    let api = unused_api();
    let world = crate::support::vendor::world(&api, &mixed(&photos(), 4));
    std::fs::create_dir(world.path("bin")).unwrap();
    world.write("bin/xdg-open", "#!/bin/sh\nprintf '%s' \"$1\" >opened\n");
    let program = world.path("bin/xdg-open");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", world.path("bin").display());
    let world = world.with_var("PATH", &path);
    world.run(&["report", "--open"]).expect(0);
    let opened = std::fs::read_to_string(world.path("opened")).unwrap();
    assert_eq!(
        std::fs::canonicalize(opened).unwrap(),
        std::fs::canonicalize(world.path("report.html")).unwrap()
    );
    world.write("bin/xdg-open", "#!/bin/sh\nexit 3\n");
    let run = world.run(&["report", "--open"]).expect(0);
    assert!(
        run.stderr
            .contains("no browser was opened (xdg-open ended with"),
        "{}",
        run.stderr
    );
}
