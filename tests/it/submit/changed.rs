//! Rows that were edited after their clip was ordered.

use crate::support::{Server, World};

fn run_twice(first: &str, second: &str, flags: &[&str]) -> (i32, usize) {
    let server = Server::accepting();
    let world = World::facing(&server);
    let args = [&["submit", "m.csv", "--json"], flags].concat();
    world.write("m.csv", first);
    world.run(&args).expect(0);
    let before = server.posts().len();
    world.write("m.csv", second);
    let run = world.run(&args);
    assert_eq!(run.json()["changed"], i32::from(run.code() == 3));
    (run.code(), server.posts().len() - before)
}

#[test]
fn a_clip_without_a_photo_is_held_when_its_prompt_is_edited() {
    let held = run_twice(
        "sku,prompt\nA,one\n",
        "sku,prompt\nA,two\n",
        &["--allow-no-image"],
    );
    assert_eq!(held, (3, 0));
    let added = run_twice(
        "sku,prompt\nA,one\n",
        "sku,prompt\nA,one\nA,two\n",
        &["--allow-no-image"],
    );
    assert_eq!(added, (0, 1), "the older one is still wanted");
}

#[test]
fn a_voice_is_held_when_its_text_is_edited_and_sent_in_another_language() {
    let rows =
        |text: &str, language: &str| format!("listing_id,text,language\nA,{text},{language}\n");
    assert_eq!(
        run_twice(&rows("Hello", "en"), &rows("Hallo", "en"), &[]),
        (3, 0)
    );
    assert_eq!(
        run_twice(&rows("Hello", "en"), &rows("Hallo", "de"), &[]),
        (0, 1)
    );
}

#[test]
fn a_video_and_a_voice_of_one_listing_are_no_versions_of_each_other() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("video.csv", "listing_id,prompt\nA,pan\n");
    world.write("voice.csv", "listing_id,text\nA,Welcome\n");
    world
        .run(&["submit", "video.csv", "--allow-no-image"])
        .expect(0);
    world.run(&["submit", "voice.csv"]).expect(0);
    assert_eq!(server.posts().len(), 2);
}
