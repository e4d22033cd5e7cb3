//! The page of `review`: what a browser does with it, and what others get from its server.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::finished;
use crate::support::browser::{Browser, in_browser};
use crate::support::http::Connection;
use crate::support::vendor::{Cdn, clip};
use crate::support::{Running, Server, Step, World};

/// `review` on a port of its own, and the page's address.
fn review(world: &World, args: &[&str]) -> (Running, String) {
    let mut run = world.start(&[&["review"], args].concat());
    let line = run.wait_for_line("review on http://");
    let url = line.split_once("review on ").unwrap().1;
    (run, url.split(' ').next().unwrap().to_owned())
}

/// A rehearsal's clips, on disk.
fn rehearsed() -> (World, Server) {
    let photos = Server::answering(|_| {
        let picture = "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='200'/>";
        Step::reply(200, picture).with("Content-Type", "image/svg+xml")
    });
    let world = World::new();
    let mut rows = String::from("listing_id,image_url,video_prompt\n");
    for n in 0..4 {
        rows += &format!("LST-{n},{}/photos/{n}.svg,Slow pan {n}\n", photos.url());
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
    (world, photos)
}

fn jobs(world: &World) -> Vec<Value> {
    let json = world
        .run(&["status", "--sandbox", "--json"])
        .expect(0)
        .json();
    json.as_array().unwrap().clone()
}

const FOCUSED: &str = "return document.activeElement.getAttribute('aria-label');";

#[tokio::test(flavor = "multi_thread")]
async fn clips_are_kept_rejected_and_ordered_again_by_keys_alone() {
    let (world, _photos) = rehearsed();
    let (run, url) = review(&world, &["--sandbox"]);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        browser.visit(&url).await;
        // The first that waits has the focus, and its clip plays from the disk.
        assert!(
            browser
                .ask(FOCUSED)
                .await
                .as_str()
                .unwrap()
                .starts_with("LST-0,")
        );
        browser.press(" ", "Space").await;
        browser
            .until("document.querySelector('video').currentTime > 0")
            .await;
        browser.press("k", "KeyK").await;
        browser
            .until("document.querySelector('[data-look=kept]')")
            .await;
        browser
            .until("document.activeElement.getAttribute('aria-label').startsWith('LST-1,')")
            .await;
        browser.press("x", "KeyX").await;
        browser
            .until("document.querySelector('[data-look=rejected]')")
            .await;
        browser.press("ArrowDown", "ArrowDown").await;
        browser
            .until("document.activeElement.getAttribute('aria-label').startsWith('LST-3,')")
            .await;
        let counts = browser
            .ask("return document.getElementById('counts').textContent;")
            .await;
        assert_eq!(counts, "2 waiting for a look, 1 kept, 1 rejected.");
        browser.shoot("review").await;

        // Another prompt, and the bill before it.
        browser.press("o", "KeyO").await;
        browser.until("document.getElementById('order').open").await;
        let bill = browser
            .ask("return document.getElementById('bill').textContent;")
            .await;
        assert!(bill.as_str().unwrap().starts_with("5 credits"), "{bill}");
        browser
            .ask("document.getElementById('prompt').value = '';")
            .await;
        browser.write("Pan left, slowly").await;
        browser.shoot("review-order").await;
        browser.press("Tab", "Tab").await;
        browser.press("Enter", "Enter").await;
        browser
            .until("document.querySelector('[data-look=ordered]')")
            .await;

        // On a narrow page nothing is cut off.
        browser.size(360, 740, true).await;
        browser.shoot("review-narrow").await;
        let is_wide = "return document.documentElement.scrollWidth > window.innerWidth;";
        assert_eq!(browser.ask(is_wide).await, false);
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        browser
            .ask("document.getElementById('done').click();")
            .await;
        browser
            .until("document.querySelector('h1').textContent.startsWith('Done')")
            .await;
        let ended = run.wait().expect(0);
        assert!(
            ended
                .stderr
                .contains("review: 1 kept, 2 rejected, 1 ordered again"),
            "{}",
            ended.stderr
        );
        let jobs = jobs(&world);
        let look = |n: usize| jobs[n]["reviewed"]["verdict"].clone();
        assert_eq!((look(0), look(1)), (json!("kept"), json!("rejected")));
        assert_eq!(look(2), Value::Null);
        assert_eq!(jobs[3]["attempt"], 2);
        assert_eq!(jobs[3]["request"]["prompt"], "Pan left, slowly");
    })
    .await;
}

fn address(url: &str) -> (SocketAddr, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    (host.parse().unwrap(), format!("/{path}"))
}

/// Sends a request to the server, with these headers beside its length; the status.
fn ask(addr: SocketAddr, request: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    let mut head = format!("{request} HTTP/1.1\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n{body}", body.len());
    Connection::open(addr)
        .unwrap()
        .request(head.as_bytes())
        .unwrap()
}

#[test]
fn other_pages_and_other_names_of_this_computer_get_nothing() {
    let (_api, world, orders) = finished(1);
    let (run, url) = review(&world, &[]);
    let (addr, path) = address(&url);
    let before = world.log().text;
    let host = addr.to_string();
    let origin = format!("http://{host}");
    let json = ("content-type", "application/json");
    let look = json!({"job": orders[0].job(), "attempt": 1, "verdict": "kept"}).to_string();
    let post = format!("POST {path}look");
    let page = format!("GET {path}");
    for (what, request, headers, status) in [
        ("the page", &*page, vec![("host", &*host)], 200),
        (
            "another token",
            "GET /00000000000000000000000000000000/",
            vec![("host", &*host)],
            404,
        ),
        ("no token", "GET /", vec![("host", &*host)], 404),
        (
            "a name that leads here",
            &*page,
            vec![("host", "evil.example")],
            403,
        ),
        (
            "the same for a verdict",
            &*post,
            vec![
                ("host", "evil.example"),
                ("origin", "http://evil.example"),
                json,
            ],
            403,
        ),
        (
            "another page's verdict",
            &*post,
            vec![("host", &*host), ("origin", "https://evil.example"), json],
            403,
        ),
        (
            "a verdict without an origin",
            &*post,
            vec![("host", &*host), json],
            403,
        ),
        (
            "a form's verdict",
            &*post,
            vec![
                ("host", &*host),
                ("origin", &*origin),
                ("content-type", "text/plain"),
            ],
            403,
        ),
        (
            "a verdict by a link",
            &*format!("GET {path}look"),
            vec![("host", &*host)],
            405,
        ),
    ] {
        assert_eq!(ask(addr, request, &headers, &look), status, "{what}");
    }
    assert_eq!(world.log().text, before);
    let ours = [("host", &*host), ("origin", &*origin), json];
    assert_eq!(ask(addr, &post, &ours, "{}"), 400);
    assert_eq!(ask(addr, &post, &ours, &look), 200);
    assert!(world.log().text.contains("\"verdict\":\"kept\""));
    run.kill();
}

/// A vendor who accepts each order.
fn accepting() -> Server {
    Server::answering(|_| {
        let body = json!({"id": "vgen_second", "status": "pending"}).to_string();
        Step::reply(200, body).with("Content-Type", "application/json")
    })
}

#[test]
fn an_order_is_one_bill_at_the_price_that_was_agreed() {
    let (_, world, orders) = finished(2);
    let api = accepting();
    let world = world.with_var("CREATIVEAI_BASE_URL", &api.url());
    let (run, url) = review(&world, &["--max-credits", "16"]);
    let (addr, path) = address(&url);
    let host = addr.to_string();
    let origin = format!("http://{host}");
    let headers = [
        ("host", &*host),
        ("origin", &*origin),
        ("content-type", "application/json"),
    ];
    let order = |n: usize, credits: &str, prompt: &str| {
        let body = json!({
            "job": orders[n].job(), "attempt": 1, "prompt": prompt, "credits": credits,
        });
        ask(
            addr,
            &format!("POST {path}order"),
            &headers,
            &body.to_string(),
        )
    };
    assert_eq!(order(0, "4", "Pan"), 409, "another price");
    for nothing in [" ", "\u{200b}", "TBD", "#N/A"] {
        assert_eq!(order(0, "5", nothing), 409, "no prompt");
    }
    assert!(api.posts().is_empty());
    assert_eq!(order(0, "5", "Pan left"), 200);
    // A second click, or a page that is not loaded anew.
    assert_eq!(order(0, "5", "Pan left"), 409);
    assert_eq!(api.posts().len(), 1);
    // 10 credits were charged, 5 are reserved: another 5 are beyond the cap.
    assert_eq!(order(1, "5", "Pan left"), 409, "the cap");
    assert_eq!(api.posts().len(), 1);
    let orders = world.log().text.matches("\"submitting\"").count();
    assert_eq!(orders, 3);
    run.kill();
}

#[test]
fn a_clip_on_disk_is_served_in_parts_and_no_other_file() {
    let cdn = Cdn::honest();
    let bytes = clip("0", 5000);
    let order = crate::support::orders::Order::of("LST-0", 2, &cdn.put("0", bytes));
    let api = crate::support::vendor::unused_api();
    let world = crate::support::vendor::world(&api, &order.lines());
    world.run(&["download"]).expect(0);
    let (run, url) = review(&world, &[]);
    let (addr, path) = address(&url);
    let host = addr.to_string();
    let clip = format!("GET {path}clip/{}/1", order.job());
    let host = ("host", &*host);
    assert_eq!(ask(addr, &clip, &[host], ""), 200);
    assert_eq!(ask(addr, &clip, &[host, ("range", "bytes=10-99")], ""), 206);
    let other = format!("GET {path}clip/{}/2", order.job());
    assert_eq!(ask(addr, &other, &[host], ""), 404);
    let up = format!("GET {path}clip/..%2f..%2fjobs.jsonl/1");
    assert_eq!(ask(addr, &up, &[host], ""), 404);
    run.kill();
}
