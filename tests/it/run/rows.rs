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

/// A vendor who answers an order for a photo that is not there with this status, and renders all others
/// at once.
fn refusing(status: u16) -> Server {
    Server::answering(move |request| match request.method.as_str() {
        "POST" if request.json()["image_url"].to_string().contains("kitchn") => {
            Step::reply(status, "no")
        }
        "POST" => Step::accept_under(&format!("vgen_order{}", request.number)),
        _ if request.path.starts_with("/clips/") => {
            Step::reply(200, super::CLIP).with("Content-Type", "video/mp4")
        }
        _ => {
            let id = request.path.rsplit('/').next().unwrap_or_default();
            let host = request.header("host").unwrap_or_default();
            let reply = serde_json::json!({
                "id": id, "status": "completed", "credits": 5,
                "output_url": format!("http://{host}/clips/{id}"),
            });
            Step::reply(200, reply.to_string())
        }
    })
}

#[test]
fn a_photo_that_was_corrected_after_a_refusal_leaves_nothing_behind() {
    // Refused for good or for now.
    for (status, code) in [(422, 1), (402, 77)] {
        let server = refusing(status);
        let world = World::facing(&server);
        world.write("listings.csv", sheet("kitchn.jpg", "A pan"));
        let (ended, output) = round(&world, &[]);
        assert_eq!(ended, code, "{output}");
        let refused = world.log().job()["job"].as_str().unwrap().to_owned();
        world.write("listings.csv", sheet("kitchen.jpg", "A pan"));
        let (ended, output) = round(&world, &[]);
        assert_eq!((ended, server.bills().len()), (0, 1), "{output}");
        assert!(!output.contains("left alone"), "{output}");
        let status = world.run(&["status", "--id", &refused]).expect(0).stdout;
        assert!(status.contains("Replaced by"), "{status}");
        assert_eq!(round(&world, &["-q"]), (0, String::new()));
        world.run(&["retry", "--failed"]).expect(0);
        assert_eq!(server.bills().len(), 1);
    }
}

#[test]
fn a_corrected_photo_replaces_only_what_was_refused_and_has_no_row() {
    const HEADER: &str = "listing_id,image_url,video_prompt\n";
    let row = |id: &str, photo: &str, prompt: &str| {
        format!("{id},https://cdn.example.com/{photo},{prompt}\n")
    };
    let old = row("LST-1", "kitchn.jpg", "A pan");
    let new = row("LST-1", "kitchen.jpg", "A pan");
    for (status, rows) in [
        // It may have been accepted.
        (500, new.clone()),
        // Its row is there.
        (422, format!("{old}{new}")),
        // Another listing, and another prompt.
        (422, row("LST-2", "kitchen.jpg", "A pan")),
        (422, row("LST-1", "kitchen.jpg", "A tilt")),
    ] {
        let server = refusing(status);
        let world = World::facing(&server);
        world.write("listings.csv", format!("{HEADER}{old}"));
        world.run(&["submit", "listings.csv"]);
        world.write("listings.csv", format!("{HEADER}{rows}"));
        world.run(&["submit", "listings.csv"]);
        assert_eq!(super::times(&world, "superseded"), 0, "{status} {rows}");
        assert_eq!(server.posts().len(), 2, "{status} {rows}");
    }
    // Of two that were refused, one row replaces one.
    let server = Server::start(|post| match post.number {
        0 | 1 => Step::reply(422, "no"),
        _ => Step::accept(),
    });
    let world = World::facing(&server);
    let other = row("LST-1", "bth.jpg", "A pan");
    world.write("listings.csv", format!("{HEADER}{old}{other}"));
    world.run(&["submit", "listings.csv"]).expect(1);
    for (photos, replaced) in [(&["kitchen.jpg"][..], 1), (&["kitchen.jpg", "bath.jpg"], 2)] {
        let rows: String = photos
            .iter()
            .map(|photo| row("LST-1", photo, "A pan"))
            .collect();
        world.write("listings.csv", format!("{HEADER}{rows}"));
        world.run(&["submit", "listings.csv"]).expect(0);
        assert_eq!(super::times(&world, "superseded"), replaced);
    }
}
