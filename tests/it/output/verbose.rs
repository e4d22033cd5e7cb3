//! What `-v` and `-vv` add.

use crate::support::{Server, Step, World, listings};

#[test]
fn each_request_is_shown_without_the_key_where_it_is_asked_for_twice() {
    let server = Server::answering(|request| match request.method.as_str() {
        "POST" => Step::accept(),
        _ => Step::reply(503, "busy"),
    });
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    let shown = |args: &[&str]| {
        let printed = world.run(args).stderr;
        let requests = printed.lines().filter(|line| line.contains(" ms"));
        requests.map(str::to_owned).collect::<Vec<_>>()
    };
    let posts = shown(&["submit", "listings.csv", "-vv"]);
    assert_eq!(posts.len(), 1, "{posts:?}");
    let post = &server.posts()[0];
    let start = format!("POST {}: 202 Accepted after ", post.path);
    assert!(posts[0].starts_with(&start), "{posts:?}");
    let key = post.header("authorization").unwrap();
    let key = key.trim_start_matches("Bearer ");
    let polls = shown(&["reconcile", "-vv"]);
    assert!(!polls.is_empty());
    for poll in &polls {
        assert!(
            poll.starts_with("GET /") && poll.contains(": 503 "),
            "{poll}"
        );
        assert!(!poll.contains(key), "{poll}");
    }
    assert_eq!(shown(&["reconcile", "-v"]), [] as [&str; 0]);
}
