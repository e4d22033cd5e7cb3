//! Which failed clips a round orders again: those that a row of its sheet still asks for.

use super::{ROUND, round, vendor, world};
use crate::support::{Server, Step, World, rows};

/// A world whose only clip has failed.
fn failed(server: &Server, sheet: &str) -> World {
    let world = World::facing(server);
    world.write("listings.csv", sheet);
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 1, "{output}");
    world
}

fn sheet(photo: &str, prompt: &str) -> String {
    format!("listing_id,image_url,video_prompt\nLST-1,https://cdn.example.com/{photo},{prompt}\n")
}

#[test]
fn a_failed_clip_whose_row_is_gone_is_left_alone_and_named_once() {
    let server = vendor(|number| number == 1);
    let world = world(&server, 1);
    round(&world, &[]);
    let job = world.log().job()["job"].as_str().unwrap().to_owned();
    world.write("listings.csv", rows([2]));
    let (code, output) = round(&world, &["-q"]);
    assert_eq!((code, server.posts().len()), (1, 2), "{output}");
    let again = format!("retry --failed --id {job}");
    let close = format!("resolve {job} --dismiss");
    for words in ["left alone", "because: too dark", &again, &close] {
        assert!(output.contains(words), "{words}: {output}");
    }
    assert!(!output.contains("next round"), "{output}");
    assert_eq!(round(&world, &["-q"]), (1, String::new()), "it was said");
    assert_eq!(server.posts().len(), 2);
    let ended = world.run(&[&ROUND[..], &["--json"]].concat()).expect(1);
    assert_eq!(ended.json()["given_up"], serde_json::json!([job]));
    let args: Vec<&str> = again.split(' ').collect();
    world.run(&args).expect(0);
    assert_eq!(server.posts().len(), 3, "the command that was named works");
}

#[test]
fn a_failed_clip_that_was_closed_is_not_spoken_of_again() {
    let server = vendor(|number| number == 1);
    let world = failed(&server, &sheet("a.jpg", "A pan"));
    let job = world.log().job()["job"].as_str().unwrap().to_owned();
    world.run(&["resolve", &job, "--dismiss"]).expect(0);
    world.write("listings.csv", rows([2]));
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 0, "{output}");
    assert!(!output.contains("left alone"), "{output}");
}

#[test]
fn a_failed_clip_is_not_paid_for_again_beside_what_its_row_asks_for_now() {
    // A row with another photo is sent, one with another prompt is held.
    for (photo, prompt, code, posts) in
        [("b.jpg", "A pan", None, 2), ("a.jpg", "A tilt", Some(3), 1)]
    {
        let server = vendor(|number| number == 1);
        let world = failed(&server, &sheet("a.jpg", "A pan"));
        world.write("listings.csv", sheet(photo, prompt));
        for _ in 0..2 {
            let (ended, output) = round(&world, &[]);
            assert!(code.is_none_or(|code| code == ended), "{output}");
            assert_eq!(server.posts().len(), posts, "{photo} {prompt}: {output}");
        }
    }
}

#[test]
fn a_failed_clip_whose_photos_address_was_made_anew_is_ordered_again() {
    let server = vendor(|number| number == 1);
    let world = failed(&server, &sheet("00ff00ff/a.jpg", "A pan"));
    world.write("listings.csv", sheet("11ff00ff/a.jpg", "A pan"));
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("run: 1 ordered again"), "{output}");
}

#[test]
fn an_order_refused_for_now_whose_row_is_gone_is_left_alone_as_well() {
    let server = Server::start(|post| match post.number {
        0 => Step::reply(402, r#"{"error":"no credits"}"#),
        _ => Step::accept(),
    });
    let world = world(&server, 1);
    let short = ["--wait", "50ms", "--interval", "10ms"];
    assert_eq!(round(&world, &short).0, 77);
    world.write("listings.csv", rows([2]));
    let (code, output) = round(&world, &short);
    assert_eq!((code, server.posts().len()), (1, 2), "{output}");
    assert!(output.contains("not sent yet, and left alone"), "{output}");
    world.write("listings.csv", rows([1, 2]));
    let (_, output) = round(&world, &short);
    assert_eq!(server.posts().len(), 3, "its row is back: {output}");
}

#[test]
fn a_round_without_a_sheet_orders_every_failed_clip_again() {
    let server = vendor(|number| number == 1);
    let world = failed(&server, &sheet("a.jpg", "A pan"));
    world.run(&["run"]).expect(0);
    assert_eq!(server.posts().len(), 2);
}
