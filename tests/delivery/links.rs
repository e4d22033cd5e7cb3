//! Links that expire, and what the key is shown to.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::orders::{Order, files_below, log_of, sha256};
use crate::support::{KEY, Server, Step, World};
use crate::vendor::{Cdn, clip, nobody, telling, world};

#[test]
fn an_expired_link_costs_one_poll_and_the_fresh_one_is_kept() {
    for status in [403, 404, 410] {
        let cdn = Cdn::start(move |request, step| {
            if request.path.ends_with("?old") {
                Step::reply(status, "expired")
            } else {
                step
            }
        });
        let fresh = cdn.put("a", clip("a", 5000));
        let api = telling({
            let fresh = fresh.clone();
            move |_| fresh.clone()
        });
        let order = Order::of("LST-1", 2, &format!("{fresh}?old"));
        let world = world(&api, &order.lines());
        world.run(&["download"]).expect(0);
        let path = api.polls()[0].path.clone();
        assert_eq!(path, "/v1/video/generations/vgen_0002", "{status}");
        assert_eq!(api.polls().len(), 1, "{status}");
        let log = world.log();
        assert_eq!(log.job()["output_url"], fresh, "{}", log.text);
        let file = std::fs::read(world.path("videos/LST-1/01-2.mp4")).unwrap();
        assert_eq!(log.job()["downloaded"]["sha256"], sha256(&file));

        world.run(&["download"]).expect(0);
        assert_eq!((api.polls().len(), cdn.gets().len()), (1, 2), "{status}");
        assert_eq!(world.log().text, log.text);
    }
}

#[test]
fn a_fresh_link_that_does_not_work_either_is_told_plainly_after_one_poll() {
    let cdn = Cdn::honest();
    let gone = cdn.server.url() + "/gone.mp4";
    let api = telling({
        let gone = gone.clone();
        move |_| gone.clone()
    });
    let world = world(&api, &Order::of("LST-1", 2, &gone).lines());
    let run = world.run(&["download", "--json"]).expect(1);
    assert_eq!(run.json()["failed"], 1);
    assert!(
        run.stderr.contains("not even a fresh one"),
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

    let silent = telling(|_| String::new());
    let run = world(&silent, &log).run(&["download"]).expect(1);
    assert!(run.stderr.contains("no fresh one"), "{}", run.stderr);
}

#[test]
fn a_clip_without_a_link_is_asked_for_once() {
    let cdn = Cdn::honest();
    let url = cdn.put("a", clip("a", 900));
    let api = telling(move |_| url.clone());
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
    let api = telling(move |_| fresh.clone());
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
        let told = format!("{get:?}");
        assert!(!told.contains(KEY), "{told}");
        for name in ["authorization", "cookie", "referer", "idempotency-key"] {
            assert_eq!(get.header(name), None, "{told}");
        }
    }
    assert!(!run.stderr.contains(KEY) && !world.log().text.contains(KEY));
}

#[test]
fn addresses_that_lead_into_the_house_are_not_called() {
    let api = nobody();
    let cdn = Cdn::start(|_, _| Step::reply(302, "").with("Location", "http://169.254.169.254/x"));
    for url in [
        "http://cdn.example.com/plain.mp4".to_owned(),
        "https://10.0.0.1/a.mp4".to_owned(),
        "file:///etc/passwd".to_owned(),
        format!("{}/redirected.mp4", cdn.server.url()),
    ] {
        let world = world(&api, &Order::of("LST-1", 2, &url).lines());
        let run = world.run(&["download"]).expect(1);
        assert!(run.stderr.contains("LST-1"), "{url}: {}", run.stderr);
        assert!(files_below(&world.path("videos")).is_empty(), "{url}");
    }
}
