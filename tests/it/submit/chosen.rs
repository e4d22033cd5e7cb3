//! `--where`: only some of the rows are sent, and the others are as good as ever.

use crate::support::server::Bill;
use crate::support::{Server, World};

const SHEET: &str = "sku,image_url,Room Name,Status,video_prompt\n\
    A,https://cdn.example.com/a.jpg,kitchen,active,\n\
    B,https://cdn.example.com/b.jpg,bedroom,active,\n\
    C,https://cdn.example.com/c.jpg,kitchen,draft,Own prompt\n\
    D,#REF!,bedroom,draft,\n";

/// What a run with these options says.
fn submit(world: &World, options: &[&str], code: i32) -> crate::support::Ended {
    let all = [&["submit", "sheet.csv"], options].concat();
    world.run(&all).expect(code)
}

fn prompts(server: &Server) -> Vec<String> {
    let bills = server.bills();
    let prompt = |bill: &Bill| {
        let body: serde_json::Value = serde_json::from_slice(&bill.body).unwrap();
        body["prompt"].as_str().unwrap().to_owned()
    };
    let mut prompts: Vec<String> = bills.iter().map(prompt).collect();
    prompts.sort();
    prompts
}

#[test]
fn each_group_of_rows_gets_its_own_prompt_and_each_row_one_clip() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", SHEET);
    let kitchens = [
        "--where",
        "room_name=kitchen",
        "--prompt",
        "Pan the {room name}",
    ];
    let bedrooms = [
        "--where",
        "Room Name= bedroom",
        "--where",
        "sheet_status=active",
        "--prompt",
        "Tilt up in the {room name}",
    ];
    // The broken row is in neither group, so it stops nothing.
    let run = submit(&world, &kitchens, 0);
    assert!(
        run.stderr
            .contains("2 rows without room_name=kitchen left out"),
        "{}",
        run.stderr
    );
    let run = submit(&world, &[&bedrooms[..], &["--json"]].concat(), 0);
    assert_eq!(run.json()["left_out"], 3);
    assert_eq!(run.json()["submitted"], 1);
    let all = ["Own prompt", "Pan the kitchen", "Tilt up in the bedroom"];
    assert_eq!(prompts(&server), all);
    // Night after night: nothing is new, and no one is asked.
    for group in [&kitchens[..], &bedrooms[..]] {
        let run = submit(&world, &[group, &["--json"]].concat(), 0);
        assert_eq!(run.json()["submitted"], 0);
        assert_eq!(run.json()["held"].as_array().unwrap().len(), 0);
    }
    assert_eq!(prompts(&server), all);
    // A row with a mistake that is meant stops the run.
    submit(&world, &["--where", "sku=D", "--prompt", "Pan"], 65);
}

#[test]
fn a_column_that_no_sheet_has_is_refused_and_a_value_that_no_row_has_sends_nothing() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", SHEET);
    let run = submit(
        &world,
        &["--where", "rom_name=kitchen", "--prompt", "Pan"],
        2,
    );
    assert!(
        run.stderr.contains("did you mean \"Room Name\"")
            || run.stderr.contains("did you mean Room Name"),
        "{}",
        run.stderr
    );
    let run = submit(
        &world,
        &["--where", "room_name=attic", "--prompt", "Pan"],
        0,
    );
    assert!(
        run.stderr.contains("no row has room_name=attic"),
        "{}",
        run.stderr
    );
    assert!(server.posts().is_empty());
}

/// The clip of a row that is left out is neither taken for another row's nor called renamed.
#[test]
fn rows_that_are_left_out_keep_their_clips() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", SHEET);
    let bedroom = ["--where", "sku=B", "--prompt", "Slow pan"];
    submit(&world, &bedroom, 0);
    assert_eq!(server.bills().len(), 1);
    // Another product with the photo and the prompt that B's template gave: B's row is still there.
    world.write(
        "sheet.csv",
        format!("{SHEET}Z,https://cdn.example.com/b.jpg,attic,active,Slow pan\n"),
    );
    let run = submit(&world, &["--where", "sku=Z"], 3);
    assert!(run.stderr.contains("was ordered for B"), "{}", run.stderr);
    assert!(!run.stderr.contains("is gone"), "{}", run.stderr);
    // The same clip moved to a place of its own in another row of B: that is a new order, since the
    // row of the first photo is only left out.
    world.write(
        "sheet.csv",
        format!("{SHEET}B,https://other.example.com/x/b.jpg,attic,active,Slow pan\n"),
    );
    submit(&world, &["--where", "room_name=attic"], 0);
    assert_eq!(server.bills().len(), 2);
}

/// A prompt that was edited is held, whatever is left out.
#[test]
fn an_edited_row_is_held_although_others_are_left_out() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", SHEET);
    submit(&world, &["--where", "sku=C"], 0);
    world.write("sheet.csv", SHEET.replace("Own prompt", "Other prompt"));
    submit(&world, &["--where", "sku=C"], 3);
    submit(
        &world,
        &["--where", "room_name=kitchen", "--prompt", "Pan"],
        3,
    );
    assert_eq!(server.bills().len(), 2, "A is new, C is held");
}
