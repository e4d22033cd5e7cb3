//! Servers and manifests that mean harm: the key, the terminal and the log stay as they are.

use crate::support::{KEY, Server, Step, World, listings};

const ONE_BY_ONE: [&str; 6] = [
    "submit",
    "listings.csv",
    "--concurrency",
    "1",
    "-vv",
    "--json",
];

#[test]
fn a_redirect_is_never_followed() {
    let elsewhere = Server::accepting();
    for code in [301, 302, 303, 307, 308] {
        let target = format!("{}/v1/video/generations", elsewhere.url());
        let server = Server::scripted(vec![Step::reply(code, "").with("Location", &target)]);
        let world = World::facing(&server);
        world.write("listings.csv", listings(1));
        world.run(&["submit", "listings.csv"]).expect(3);
        assert_eq!(server.posts().len(), 1, "{code}");
        let log = world.log();
        assert_eq!(log.job()["status"], "unknown", "{code}");
        assert_eq!(log.job()["http_status"], code);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn a_key_is_sent_only_over_https_or_to_this_computer() {
    for url in [
        "http://api.creativeai.run",
        "http://192.0.2.1:8790",
        "http://127.0.0.1.example.com",
        "http://user:secret@127.0.0.1:1",
        "ftp://127.0.0.1",
        "not an address",
    ] {
        let world = World::new();
        world.write("listings.csv", listings(1));
        let run = world
            .run(&["submit", "listings.csv", "--base-url", url])
            .expect(78);
        assert_eq!(world.files(), ["listings.csv"], "{url}");
        for secret in [KEY, "secret"] {
            assert!(!run.stderr.contains(secret), "{}", run.stderr);
        }
    }
}

#[test]
fn the_key_goes_into_its_header_and_nowhere_else() {
    let echo = format!(r#"{{"error":"the key {KEY} may not do that\n{{\"job\":\"forged\"}}"}}"#);
    let server = Server::scripted(vec![
        Step::reply(422, echo.clone()),
        Step::reply(500, format!("<p>{KEY}</p>")),
        Step::reply(202, echo.clone()),
        Step::accept(),
        Step::reply(302, "").with("Location", &format!("https://evil.example/{KEY}")),
        Step::reply(202, format!(r#"{{"id":"vgen_1","status":"{KEY}"}}"#)),
        Step::reply(401, echo),
    ]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(7));
    let run = world.run(&ONE_BY_ONE);
    assert_eq!(server.posts().len(), 7, "{}", run.stderr);
    for post in server.posts() {
        assert_eq!(
            post.header("authorization"),
            Some(&*format!("Bearer {KEY}"))
        );
        assert!(!String::from_utf8_lossy(&post.body).contains(KEY));
        assert!(!post.path.contains(KEY));
    }
    let log = world.log();
    for text in [&run.stderr, &run.stdout, &log.text] {
        assert!(!text.contains(KEY), "{text}");
    }
    assert_eq!(log.text.lines().count(), log.lines.len());
    assert_eq!(log.jobs.len(), 7, "no line was forged: {}", log.text);
}

#[test]
fn the_key_is_blotted_out_of_an_accepted_reply_too() {
    let body = format!(
        r#"{{"id":"vgen_1","status":"completed","output_url":"https://cdn.example.com/{KEY}.mp4",
            "model_actual":"{KEY}","completed_at":"{KEY}"}}"#
    );
    let failed = format!(r#"{{"id":"vgen_2","status":"failed","error":{{"message":"{KEY}"}}}}"#);
    let escaped = body
        .replace("rph_live", r"rph\u005flive")
        .replace("vgen_1", "vgen_3");
    let server = Server::scripted(vec![
        Step::reply(202, body),
        Step::reply(202, failed),
        Step::reply(202, escaped),
        Step::accept_under(KEY),
    ]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(4));
    let run = world.run(&ONE_BY_ONE);
    assert_eq!(server.posts().len(), 4);
    let log = world.log();
    assert_eq!(
        log.states(),
        ["completed", "completed", "failed", "unknown"]
    );
    for text in [&run.stderr, &run.stdout, &log.text] {
        assert!(!text.contains(KEY), "{text}");
    }
}

/// A character that acts on a terminal instead of being shown.
fn unsafe_in(text: &str) -> Option<char> {
    text.chars().find(|c| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

#[test]
fn what_a_server_says_cannot_steer_a_terminal() {
    let nasty = r"\u001b[2J\u001b]0;title\u0007\u009b31m\u202egnp.exe\r\n{}";
    let json = |field: &str| format!(r#"{{"{field}":"{nasty}"}}"#);
    let with_id = |field: &str| format!(r#"{{"id":"vgen_1","{field}":"{nasty}"}}"#);
    let failed = format!(r#"{{"id":"vgen_2","status":"failed","error":"{nasty}"}}"#);
    let server = Server::scripted(vec![
        Step::reply(422, json("error")),
        Step::reply(500, "<p>\u{1b}[31mred\u{7}\u{202e}</p>"),
        Step::reply(202, with_id("status")),
        Step::reply(202, json("id")),
        Step::reply(202, failed),
        Step::reply(303, "").with("Location", "http://x/\u{202e}[2J"),
        Step::reply(403, json("detail")),
    ]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(7));
    let run = world.run(&ONE_BY_ONE);
    assert_eq!(server.posts().len(), 7, "{}", run.stderr);
    assert_eq!(unsafe_in(&run.stderr), None, "{:?}", run.stderr);
    assert_eq!(unsafe_in(&run.stdout), None, "{:?}", run.stdout);
    assert_eq!(world.log().text.lines().count(), 14, "no line was forged");
    assert_eq!(world.log().jobs.len(), 7);
}

#[test]
fn what_a_poll_says_cannot_steer_a_terminal() {
    let nasty = r"\u001b[2J\u009b31m\u202egnp.exe";
    let server = Server::answering(move |request| match request.method.as_str() {
        "POST" => Step::accept(),
        _ if request.number == 0 => Step::reply(500, format!("{{\"error\":\"{nasty}\"}}")),
        _ if request.number == 1 => Step::reply(200, format!("{{\"status\":\"{nasty}\"}}")),
        _ => Step::reply(
            200,
            format!("{{\"status\":\"processing\",\"phase\":\"{nasty}\"}}"),
        ),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    world.run(&["submit", "listings.csv"]).expect(0);
    let run = world
        .run(&["reconcile", "-vv", "--concurrency", "1"])
        .expect(75);
    assert_eq!(server.polls().len(), 3);
    assert_eq!(unsafe_in(&run.stderr), None, "{:?}", run.stderr);
    assert!(!run.stderr.contains(KEY));
}

#[test]
fn a_manifests_cells_cannot_steer_a_terminal_either() {
    let server = Server::start(|_| Step::reply(422, "no"));
    let world = World::facing(&server);
    world.write(
        "listings.csv",
        "listing_id,image_url,video_prompt\n\u{1b}[31mLST\u{202e},https://cdn.example.com/a.jpg,pan\n",
    );
    let run = world.run(&ONE_BY_ONE);
    assert_eq!(unsafe_in(&run.stderr), None, "{:?}", run.stderr);
}

#[test]
fn a_reply_that_no_one_has_asked_for_is_never_the_next_orders() {
    // Right behind the reply, and later while the connection is kept: the rate leaves it idle.
    for (at_once, args) in [(true, &[][..]), (false, &["--rate", "5/s"])] {
        let server = Server::start(move |post| {
            Step::accept().and_unasked(&format!("vgen_stray_{}", post.number), at_once)
        });
        let world = World::facing(&server);
        world.write("listings.csv", listings(6));
        let submit = ["submit", "listings.csv", "--concurrency", "1"];
        world.run(&[&submit[..], args].concat()).expect(0);
        let log = world.log();
        let bills = server.bills();
        assert_eq!(bills.len(), 6);
        for bill in &bills {
            assert!(log.ids().contains(&bill.id.as_str()), "{}", log.text);
        }
        assert!(!log.text.contains("vgen_stray"), "{}", log.text);
        assert_eq!(server.connections(), 6, "none of them is used again");
    }
}
