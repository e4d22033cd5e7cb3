//! Texts of a manifest that would run or load something.

use serde_json::{Value, json};

use super::{SHOWN, photos};
use crate::support::Server;
use crate::support::browser::{Browser, in_browser};
use crate::support::orders::Order;
use crate::support::vendor::unused_api;

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
