//! Where the API reports finished clips.

use crate::support::{Server, World, listings};

#[test]
fn an_address_that_is_none_stops_the_run_before_any_row_is_sent() {
    // The first row has an address of its own; the second would need the one that is wrong.
    let rows = "listing_id,image_url,video_prompt,webhook_url\n\
                A,https://x.example/a.jpg,pan,https://own.example/hook\n\
                B,https://x.example/b.jpg,pan,\n";
    let server = Server::accepting();
    let submit = ["submit", "listings.csv"];
    let flag = ["submit", "listings.csv", "--webhook-url", "nonsense"];
    let uncorrelated = [&flag[..], &["--no-correlation"]].concat();

    let world = World::facing(&server);
    world.write("listings.csv", rows);
    world.run(&flag).expect(2);
    world.run(&uncorrelated).expect(2);
    world.write("creativeai.toml", "webhook_url = \"nonsense\"\n");
    let run = world.run(&submit).expect(78);
    assert!(run.stderr.contains("creativeai.toml"), "{}", run.stderr);
    assert_eq!(world.files(), ["creativeai.toml", "listings.csv"]);

    let world = World::facing(&server).with_var("CREATIVEAI_WEBHOOK_URL", "nonsense");
    world.write("listings.csv", rows);
    let run = world.run(&submit).expect(78);
    assert!(
        run.stderr.contains("CREATIVEAI_WEBHOOK_URL"),
        "{}",
        run.stderr
    );
    assert!(server.posts().is_empty());
}

#[test]
fn query_and_fragment_of_an_address_are_kept() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    let hook = "https://h.example/p?a=1#part";
    world
        .run(&["submit", "listings.csv", "--webhook-url", hook])
        .expect(0);
    let post = &server.posts()[0];
    let sent = format!(
        "https://h.example/p?a=1&creativeai_job={}#part",
        post.idempotency_key()
    );
    assert_eq!(post.json()["webhook_url"], sent);
}

#[test]
fn a_retry_by_manifest_names_its_attempt_in_the_address_as_well() {
    let server = Server::accepting();
    let world = World::facing(&server);
    let seed = r#"{"listing_id":"LST-1","status":"failed","generation_id":"vgen_1","error":"no"}"#;
    world.write("jobs.jsonl", format!("{seed}\n"));
    world.write("listings.csv", listings(1));
    let world = world.with_var("CREATIVEAI_WEBHOOK_URL", "https://h.example/hook");
    world
        .run(&["retry", "--failed", "--manifest", "listings.csv"])
        .expect(0);
    let post = &server.posts()[0];
    let sent = format!(
        "https://h.example/hook?creativeai_job={}",
        post.idempotency_key()
    );
    assert_eq!(post.json()["webhook_url"], sent);
}
