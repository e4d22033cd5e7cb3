//! Links that expire, and what the key is shown to.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::support::orders::{Order, files_below, log_of, sha256};
use crate::support::vendor::{Cdn, clip, completing, unused_api, world};
use crate::support::{KEY, Server, Step, World};

/// Every way in which a link gives no clip.
fn no_clips() -> Vec<(&'static str, Step)> {
    let page = "<!doctype html><p>Log in";
    let typed = |kind: &str, body: &[u8]| Step::reply(200, body).with("Content-Type", kind);
    let expired = "<?xml version=\"1.0\"?><Error><Code>ExpiredToken</Code><Message>The provided \
                   token has expired.</Message></Error>";
    let mut cut = b"\0\0\0\x10ftypisom\0\0\0\0".to_vec();
    cut.extend(b"\0\x01\0\0mdat, and nothing more");
    vec![
        ("ExpiredToken", Step::reply(400, expired)),
        ("HTTP 401", Step::reply(401, "")),
        ("HTTP 402", Step::reply(402, "")),
        ("HTTP 403", Step::reply(403, "expired")),
        ("HTTP 404", Step::reply(404, "")),
        ("HTTP 410", Step::reply(410, "")),
        ("HTTP 451", Step::reply(451, "")),
        (
            "text/html",
            typed("text/html; charset=utf-8", page.as_bytes()),
        ),
        ("application/json", typed("application/json", b"{}")),
        ("a page", typed("video/mp4", page.as_bytes())),
        ("a page", typed("video/mp4", b"{\"error\":\"expired\"}")),
        (
            "a page",
            typed("binary/octet-stream", b"Request has expired"),
        ),
        (
            "a picture",
            typed("video/mp4", b"\xff\xd8\xff\xe0\0\x10JFIF"),
        ),
        ("an empty file", typed("video/mp4", b"")),
        ("ends too early", typed("video/mp4", &cut)),
        (
            "gzip",
            typed("video/mp4", b"\x1f\x8b\x08\0 damaged").with("Content-Encoding", "gzip"),
        ),
        (
            "br-encoded",
            typed("video/mp4", b"??").with("Content-Encoding", "br"),
        ),
        (
            "redirects",
            Step::reply(302, "").with("Location", "/a.mp4?old"),
        ),
        (
            "not https",
            Step::reply(302, "").with("Location", "http://login.example/"),
        ),
        // At every try.
        ("HTTP 500", Step::reply(500, "").with("Retry-After", "0")),
    ]
}

#[test]
fn a_link_that_gives_no_clip_is_asked_for_once_and_the_fresh_one_is_kept() {
    for (words, step) in no_clips() {
        let cdn = Cdn::start(move |request, whole| match request.path.as_str() {
            "/a.mp4?old" => step.clone(),
            _ => whole,
        });
        let fresh = cdn.put("a", clip("a", 5000));
        let api = completing({
            let fresh = fresh.clone();
            move |_| fresh.clone()
        });
        let order = Order::of("LST-1", 2, &format!("{fresh}?old"));
        let world = world(&api, &order.lines());
        world.run(&["download"]).expect(0);
        let path = api.polls()[0].path.clone();
        assert_eq!(path, "/v1/video/generations/vgen_0002", "{words}");
        assert_eq!(api.polls().len(), 1, "{words}");
        let log = world.log();
        assert_eq!(log.job()["output_url"], fresh, "{}", log.text);
        let file = std::fs::read(world.path("videos/LST-1/01-2.mp4")).unwrap();
        assert_eq!(file, clip("a", 5000), "{words}");
        assert_eq!(log.job()["downloaded"]["sha256"], sha256(&file));

        let gets = cdn.gets().len();
        world.run(&["download"]).expect(0);
        assert_eq!((api.polls().len(), cdn.gets().len()), (1, gets), "{words}");
        assert_eq!(world.log().text, log.text);
    }
}

#[test]
fn a_clip_is_lost_only_after_the_vendor_was_asked_and_the_message_shows_both_links() {
    for (words, step) in no_clips() {
        let may_come_back = words == "HTTP 500";
        let cdn = Cdn::start(move |_, _| step.clone());
        let api = completing({
            let fresh = cdn.server.url() + "/fresh.mp4?signature=s3cret";
            move |_| fresh.clone()
        });
        let url = format!("{}/a.mp4?signature=s3cret", cdn.server.url());
        let world = world(&api, &Order::of("LST-1", 2, &url).lines());
        let code = if may_come_back { 75 } else { 1 };
        let run = world.run(&["download"]).expect(code);
        assert_eq!(api.polls().len(), 1, "{words}");
        let printed = &run.stderr;
        let second = format!("{}/fresh.mp4?...", cdn.server.url());
        assert!(
            printed.contains(words) && printed.contains(&second),
            "{words}: {printed}"
        );
        assert!(!printed.contains("s3cret"), "{printed}");
        if !may_come_back {
            let first = format!("{}/a.mp4?...", cdn.server.url());
            assert!(printed.contains(&first), "{words}: {printed}");
            assert!(
                printed.contains("paid") && printed.contains("vgen_0002"),
                "{printed}"
            );
        }
        let files = files_below(&world.path("videos"));
        assert!(
            files.iter().all(|name| name.starts_with('.')),
            "{words}: {files:?}"
        );
        assert_eq!(world.log().job()["downloaded"], serde_json::Value::Null);
    }
}

#[test]
fn a_log_in_redirect_is_shown_with_the_place_it_led_to() {
    let cdn = Cdn::start(|request, _| match request.path.as_str() {
        "/login?back=a" => Step::reply(200, "<html>").with("Content-Type", "text/html"),
        _ => Step::reply(302, "").with("Location", "/login?back=a"),
    });
    let url = cdn.server.url() + "/a.mp4";
    let api = completing({
        let url = url.clone();
        move |_| url.clone()
    });
    let world = world(&api, &Order::of("LST-1", 2, &url).lines());
    let run = world.run(&["download"]).expect(1);
    let place = format!("text/html at {}/login?...", cdn.server.url());
    assert!(run.stderr.contains(&place), "{}", run.stderr);
}

#[test]
fn a_server_that_recovers_is_not_lost_though_the_vendor_cannot_be_asked() {
    let cdn = Cdn::start(|_, _| Step::reply(503, "").with("Retry-After", "0"));
    let url = cdn.server.url() + "/a.mp4";
    let world = World::new().without_var("CREATIVEAI_API_KEY");
    world.write("jobs.jsonl", Order::of("LST-1", 2, &url).lines());
    let run = world.run(&["download"]).expect(75);
    assert!(run.stderr.contains("HTTP 503"), "{}", run.stderr);
}

#[test]
fn a_clip_sent_with_gzip_is_unpacked_and_continued_where_it_was_cut() {
    use std::io::Write;
    let pack = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    for (is_announced, is_cut) in [(true, false), (false, false), (true, true)] {
        let count = AtomicUsize::new(0);
        let cdn = Cdn::start(move |_, step| {
            let step = if is_announced {
                step.with("Content-Encoding", "gzip")
            } else {
                step
            };
            if is_cut && count.fetch_add(1, Ordering::Relaxed) == 0 {
                step.cut_before_the_last(3000)
            } else {
                step
            }
        });
        let whole = clip("a", 90_000);
        let url = cdn.put("a", pack(&whole));
        let api = unused_api();
        let world = world(&api, &Order::of("LST-1", 2, &url).lines());
        world.run(&["download"]).expect(0);
        let file = std::fs::read(world.path("videos/LST-1/01-2.mp4")).unwrap();
        assert_eq!(file, whole);
        let log = world.log();
        assert_eq!(log.job()["downloaded"]["sha256"], sha256(&whole));
        assert_eq!(log.job()["downloaded"]["bytes"], 90_000);
        assert_eq!(files_below(&world.path("videos")).len(), 1);
        assert_eq!(cdn.gets().len(), 1 + usize::from(is_cut));
        let ranged = cdn.gets().iter().any(|get| get.header("range").is_some());
        assert_eq!(ranged, is_cut);
        world.run(&["download"]).expect(0);
        assert_eq!(world.log().text, log.text);
    }
}

#[test]
fn a_packed_clip_above_the_limit_is_not_unpacked_beyond_it() {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&clip("a", 100)).unwrap();
    packed.write_all(&vec![0; 5_000_000]).unwrap();
    let cdn = Cdn::honest();
    let url = cdn.put("a", packed.finish().unwrap());
    let api = unused_api();
    let world = world(&api, &Order::of("LST-1", 2, &url).lines());
    let run = world.run(&["download", "--max-size", "1MB"]).expect(1);
    assert!(run.stderr.contains("--max-size"), "{}", run.stderr);
    assert!(files_below(&world.path("videos")).is_empty());
}

#[test]
fn a_fresh_link_that_does_not_work_either_is_reported_plainly_after_one_poll() {
    let cdn = Cdn::honest();
    let gone = cdn.server.url() + "/gone.mp4";
    let api = completing({
        let gone = gone.clone();
        move |_| gone.clone()
    });
    let world = world(&api, &Order::of("LST-1", 2, &gone).lines());
    let run = world.run(&["download", "--json"]).expect(1);
    assert_eq!(run.json()["failed"], 1);
    assert!(
        run.stderr.contains("the fresh link from the vendor"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("vgen_0002"), "{}", run.stderr);
    assert_eq!((api.polls().len(), cdn.gets().len()), (1, 2));
    assert!(files_below(&world.path("videos")).is_empty());
}

#[test]
fn why_no_fresh_link_came_decides_the_exit_code() {
    let cdn = Cdn::honest();
    let gone = cdn.server.url() + "/gone.mp4";
    let orders = [
        Order::of("LST-1", 2, &gone),
        Order::of("LST-2", 3, &gone),
        Order::of("LST-3", 4, &gone),
    ];
    let log = log_of(&orders);

    let refusing = Server::answering(|_| Step::reply(401, json!({"error": "no"}).to_string()));
    let refused = world(&refusing, &log);
    let run = refused.run(&["download", "--concurrency", "1"]).expect(77);
    assert!(run.stderr.contains("refused the key"), "{}", run.stderr);
    assert_eq!(
        refusing.polls().len(),
        1,
        "a refused key is not tried again"
    );

    let down = Server::answering(|_| Step::reply(500, "oops"));
    let run = world(&down, &log).run(&["download"]).expect(75);
    assert!(run.stderr.contains("later"), "{}", run.stderr);

    let keyless = World::new().without_var("CREATIVEAI_API_KEY");
    keyless.write("jobs.jsonl", &log);
    let run = keyless.run(&["download"]).expect(78);
    assert!(run.stderr.contains("CREATIVEAI_API_KEY"), "{}", run.stderr);

    let silent = completing(|_| String::new());
    let run = world(&silent, &log).run(&["download"]).expect(1);
    assert!(run.stderr.contains("gave none"), "{}", run.stderr);
}

#[test]
fn a_clip_without_a_link_is_asked_for_once() {
    let cdn = Cdn::honest();
    let url = cdn.put("a", clip("a", 900));
    let api = completing(move |_| url.clone());
    let order = Order::of("LST-1", 2, "x");
    let log = order.lines().replace("\"output_url\":\"x\",", "");
    let world = world(&api, &log);
    world.run(&["download"]).expect(0);
    assert_eq!((api.polls().len(), cdn.gets().len()), (1, 1));
}

#[test]
fn the_key_goes_to_the_api_and_nowhere_else() {
    // Redirected to another host, expired, cut: whatever happens, the CDN sees no key.
    let target = Cdn::honest();
    target.put("a", clip("a", 40_000));
    let elsewhere = target.server.url() + "/a.mp4";
    let count = AtomicUsize::new(0);
    let cdn = Cdn::start(move |request, step| match request.path.as_str() {
        "/moved.mp4" => Step::reply(302, "").with("Location", &elsewhere),
        "/old.mp4" => Step::reply(410, ""),
        _ if count.fetch_add(1, Ordering::Relaxed) == 0 => step.cut_before_the_last(20_000),
        _ => step,
    });
    let fresh = cdn.put("b", clip("b", 40_000));
    let api = completing(move |_| fresh.clone());
    let orders = [
        Order::of("LST-1", 2, &format!("{}/moved.mp4", cdn.server.url())),
        Order::of("LST-2", 3, &format!("{}/old.mp4", cdn.server.url())),
    ];
    let world = world(&api, &log_of(&orders));
    let run = world.run(&["download", "-vv"]).expect(0);
    let polls = api.polls();
    let bearer = format!("Bearer {KEY}");
    assert_eq!(polls[0].header("authorization"), Some(&*bearer));
    let mut gets = cdn.gets();
    gets.extend(target.gets());
    assert_eq!(
        gets.len(),
        5,
        "moved and its target, expired, cut, resumed: {gets:?}"
    );
    for get in gets {
        let output = format!("{get:?}");
        assert!(!output.contains(KEY), "{output}");
        for name in ["authorization", "cookie", "referer", "idempotency-key"] {
            assert_eq!(get.header(name), None, "{output}");
        }
    }
    assert!(!run.stderr.contains(KEY) && !world.log().text.contains(KEY));
}

#[test]
fn addresses_that_lead_into_the_house_are_not_called() {
    let cdn = Cdn::start(|_, _| Step::reply(302, "").with("Location", "http://169.254.169.254/x"));
    for url in [
        "http://cdn.example.com/plain.mp4".to_owned(),
        "https://10.0.0.1/a.mp4".to_owned(),
        "file:///etc/passwd".to_owned(),
        format!("{}/redirected.mp4", cdn.server.url()),
    ] {
        let api = completing({
            let url = url.clone();
            move |_| url.clone()
        });
        let world = world(&api, &Order::of("LST-1", 2, &url).lines());
        let run = world.run(&["download"]).expect(1);
        assert!(run.stderr.contains("not allowed"), "{url}: {}", run.stderr);
        assert!(files_below(&world.path("videos")).is_empty(), "{url}");
    }
}
