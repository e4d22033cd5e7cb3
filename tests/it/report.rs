//! The report as a browser shows it.

use serde_json::{Value, json};

use crate::support::browser::{Browser, in_browser};
use crate::support::orders::{Order, log_of};
use crate::support::vendor::unused_api;
use crate::support::{Server, Step, World};

/// Cards that are shown.
const SHOWN: &str = "return document.querySelectorAll('.card:not([hidden])').length;";

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

/// Texts that would run, load or break out if any of them got through unescaped.
fn hostile(server: &Server) -> Vec<String> {
    let beacon = server.url() + "/pwned";
    vec![
        format!("<script>window.pwned=1;fetch('{beacon}')</script>"),
        format!("\"><img src=x onerror=\"window.pwned=1;fetch('{beacon}')\">"),
        format!("' onmouseover='window.pwned=1' style='background:url({beacon})' x='"),
        "javascript:window.pwned=1//".to_owned(),
        "\" autofocus onfocus=\"window.pwned=1".to_owned(),
        format!("</title></style></script><svg onload=window.pwned=1><iframe src={beacon}>"),
        "data:text/html,<script>window.pwned=1</script>".to_owned(),
        "{{constructor.constructor('window.pwned=1')()}}".to_owned(),
        format!("<meta http-equiv=refresh content='0;url={beacon}'><base href={beacon}>"),
        "--><!--<details open ontoggle=window.pwned=1>".to_owned(),
        "&lt;script&gt;window.pwned=1&lt;/script&gt;".to_owned(),
        "\u{202e}\u{2028}</bdi><b>x".to_owned(),
    ]
}

/// One order with `text` in every field, in each state in turn.
fn poisoned(n: usize, text: &str) -> String {
    let mut lines: Vec<Value> = Order::of(text, n + 2, text)
        .lines()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    lines[0]["request"] = json!({
        "model": text, "prompt": text, "image_url": text, "duration": text, "aspect_ratio": text,
        "text": text, "voice": text, "language": text,
    });
    lines[0]["variant"] = text.into();
    lines[0]["agent"] = text.into();
    lines[0][text] = text.into();
    for line in &mut lines[1..] {
        for field in ["generation_id", "phase", "model_actual", "via", "error"] {
            line[field] = text.into();
        }
    }
    let output =
        json!({"file": text, "target": text, "reference": text, "bytes": 1, "sha256": text});
    for status in ["downloaded", "published"] {
        let mut line = lines[2].clone();
        line["status"] = status.into();
        line.as_object_mut()
            .unwrap()
            .extend(output.as_object().unwrap().clone());
        lines.push(line);
    }
    match n % 4 {
        0 => {}
        1 => {
            lines.truncate(3);
            lines[2]["status"] = "failed".into();
        }
        2 => {
            lines.truncate(2);
            lines[1]["status"] = "processing".into();
        }
        _ => {
            lines.truncate(1);
        }
    }
    lines.iter().map(|line| line.to_string() + "\n").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_manifest_runs_and_loads_nothing() {
    let server = photos();
    let api = unused_api();
    let mut log = String::new();
    let mut count = 0;
    for text in hostile(&server) {
        for _ in 0..4 {
            log += &poisoned(count, &text);
            count += 1;
        }
    }
    let world = crate::support::vendor::world(&api, &log);
    world.run(&["report", "-o", "report.html"]).expect(0);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        browser.size(1280, 1000, false).await;
        browser.open(&world.path("report.html")).await;
        let here = browser.ask("return location.href;").await;
        assert_eq!(browser.count(SHOWN).await, count);
        // Everything is opened, scrolled to, pointed at and focused.
        browser
            .ask(
                "for (const d of document.querySelectorAll('details')) d.open = true; \
                 for (const e of document.body.querySelectorAll('*')) { \
                   e.scrollIntoView(); \
                   if (e.focus) e.focus(); \
                   for (const kind of ['mouseover', 'mouseenter', 'pointerover', 'toggle', 'animationend', 'error', 'load']) \
                     if (e.tagName !== 'VIDEO' && e.tagName !== 'IMG') e.dispatchEvent(new Event(kind)); }",
            )
            .await;
        let foreign = browser
            .ask(
                "const found = []; \
                 for (const e of document.querySelectorAll('*')) { \
                   for (const a of e.attributes) { \
                     if (a.name.startsWith('on') || a.name === 'autoplay' || a.name === 'style') found.push(e.tagName + ' ' + a.name); \
                     if (['href', 'src', 'action', 'data', 'poster'].includes(a.name) && !/^(https?:|file:|#)/.test(e[a.name]) && !/^#/.test(a.value)) found.push(e.tagName + ' ' + a.value); } \
                   if (/^(iframe|object|embed|base|link|frame|b|portal)$/i.test(e.tagName) && !(e.tagName === 'B' && e.closest('.chip'))) found.push(e.tagName); } \
                 if (document.scripts.length !== 1) found.push('scripts'); \
                 if (document.querySelectorAll('meta[http-equiv=refresh]').length) found.push('refresh'); \
                 return found;",
            )
            .await;
        assert_eq!(foreign, json!([]));
        assert_eq!(browser.ask("return typeof window.pwned;").await, "undefined");
        assert_eq!(browser.ask("return location.href;").await, here);
        let texts = browser.ask("return document.body.textContent;").await;
        assert!(texts.as_str().unwrap().contains("<script>window.pwned=1"), "shown as text");
        let complaints = browser.complaints().await;
        assert!(complaints.is_empty(), "{complaints:#?}");
    })
    .await;
    let asked = server.polls();
    assert!(
        asked.iter().all(|get| !get.path.contains("pwned")),
        "{asked:?}"
    );
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

/// A clip with Content Credentials, which are a box at its end.
fn with_credentials(clip: &std::path::Path) {
    let mut bytes = std::fs::read(clip).unwrap();
    let id = [
        0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4,
        0x81,
    ];
    let content = [&id[..], b"\0\0\0\0manifest\0\0\0\0\0\0\0\0\0\0\0\0\x08jumb"].concat();
    bytes.extend((content.len() as u32 + 8).to_be_bytes());
    bytes.extend(b"uuid");
    bytes.extend(content);
    std::fs::write(clip, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_page_shows_originals_and_clips_and_neither_prompts_nor_costs() {
    let photos = photos();
    let world = rehearsed(&photos);
    let credentialed = world.path("sandbox-videos/LST-2/01-room-6.mp4");
    with_credentials(&credentialed);
    let report = ["report", "--sandbox", "--public", "LST-0", "LST-2"];
    let run = world.run(&report).expect(0);
    assert!(
        run.stderr
            .contains("public page: 6 clips in sandbox-public.html"),
        "{}",
        run.stderr
    );
    let text = std::fs::read_to_string(world.path("sandbox-public.html")).unwrap();
    for hidden in ["Slow pan", "credit", "$", "kling", "vgen_", "Ada", "LST-1"] {
        let shown = text.replace("credentials", "").replace("Credentials", "");
        assert!(
            !shown.split("</style>").nth(1).unwrap().contains(hidden),
            "{hidden}"
        );
    }
    assert!(
        text.contains("California AB 723 and Article 50 of the EU AI Act"),
        "{text}"
    );
    assert_eq!(text.matches("Content Credentials (C2PA)").count(), 1);
    assert!(text.contains("Rehearsal: these clips come from the sandbox"));
    let proof: Value =
        serde_json::from_slice(&std::fs::read(world.path("sandbox-public.json")).unwrap()).unwrap();
    assert_eq!(
        proof["rules"],
        json!(["California AB 723", "EU AI Act, Article 50"])
    );
    let clips = proof["clips"].as_array().unwrap();
    assert_eq!(clips.len(), 6);
    let first = &clips[0];
    let file = std::fs::read(world.path(first["clip"].as_str().unwrap())).unwrap();
    assert_eq!(first["sha256"], crate::support::orders::sha256(&file));
    assert_eq!(first["bytes"], file.len());
    assert_eq!(first["digitally_generated"], true);
    assert_eq!(first["content_credentials"], false);
    assert_eq!(
        first["original"]["address"],
        format!("{}/photos/room-0.svg", photos.url())
    );
    assert!(first["completed_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(clips[3]["content_credentials"], true);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        for (name, width, is_phone) in [("public-1280", 1280, false), ("public-390", 390, true)] {
            browser.size(width, 1400, is_phone).await;
            browser.open(&world.path("sandbox-public.html")).await;
            browser.until("[...document.querySelectorAll('video')].every(v => v.readyState >= 2)").await;
            browser.until("[...document.querySelectorAll('img')].slice(0, 2).every(i => i.naturalWidth > 0)").await;
            assert_eq!(browser.count("return document.querySelectorAll('svg.code').length;").await, 6);
            let overflow = "return Math.max(0, document.documentElement.scrollWidth - innerWidth);";
            assert_eq!(browser.count(overflow).await, 0);
            assert_eq!(browser.ask(PALE).await, json!({}));
            assert_eq!(browser.count("return document.scripts.length;").await, 0);
            browser.shoot(name).await;
        }
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    })
    .await;

    // In one file, in the user's own words.
    world.write(
        "creativeai.toml",
        "[public]\nrules = \"ab723\"\nstatement = \"Made by computer & checked.\"\n",
    );
    world
        .run(&[&report[..], &["--bundle", "zip"]].concat())
        .expect(0);
    let file = std::fs::File::open(world.path("sandbox-public.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let client = tempfile::tempdir().unwrap();
    archive.extract(client.path()).unwrap();
    // Windows does not replace a file that is open.
    drop(archive);
    let text = std::fs::read_to_string(client.path().join("index.html")).unwrap();
    assert!(text.contains("Made by computer &#38; checked."), "{text}");
    let kept = std::fs::read(client.path().join("clips/LST-2/01-room-6.mp4")).unwrap();
    assert_eq!(
        kept,
        std::fs::read(&credentialed).unwrap(),
        "credentials stay in the clip"
    );
    let proof: Value =
        serde_json::from_slice(&std::fs::read(client.path().join("index.json")).unwrap()).unwrap();
    assert_eq!(proof["rules"], json!(["California AB 723"]));

    let run = world
        .run(&["report", "--sandbox", "--public", "LST-10"])
        .expect(65);
    assert!(
        run.stderr.contains("the log has no clip of LST-10"),
        "{}",
        run.stderr
    );
}
