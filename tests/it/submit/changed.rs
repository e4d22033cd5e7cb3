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

#[test]
fn what_differs_from_the_order_is_named_also_where_the_sheet_was_not_touched() {
    let sheet = "listing_id,image_url,video_prompt\nA,https://a.example/1.jpg,Slow pan\n";
    let edited = sheet.replace("Slow", "Fast");
    let settings = "model = \"kling-v4\"\n";
    for (second, toml, flags, differs) in [
        (sheet, "", &["--model", "kling-v4"][..], &["model"][..]),
        (sheet, settings, &[], &["model"]),
        (
            sheet,
            "",
            &["--duration", "10s", "--aspect-ratio", "9:16"],
            &["duration", "aspect_ratio"],
        ),
        (&edited, "", &[], &["prompt"]),
        (&edited, "", &["--model", "kling-v4"], &["prompt", "model"]),
    ] {
        let server = Server::accepting();
        let world = World::facing(&server);
        world.write("m.csv", sheet);
        world.run(&["submit", "m.csv"]).expect(0);
        world.write("m.csv", second);
        world.write("creativeai.toml", toml);
        let run = [&["submit", "m.csv", "--json"], flags].concat();
        let held = world.run(&run).expect(3);
        assert_eq!(
            held.json()["held"][0]["differs"],
            serde_json::json!(differs)
        );
        let mut named = differs.to_vec();
        named.sort_unstable();
        let words = format!("what was ordered differs in {}", named.join(", "));
        assert!(held.stderr.contains(&words), "{words}: {}", held.stderr);
        let is_setting = differs != ["prompt"];
        assert_eq!(
            held.stderr.contains("creativeai config"),
            is_setting,
            "{}",
            held.stderr
        );
        assert_eq!(server.posts().len(), 1);
    }
}

/// A copy that was made before rows were edited, in the same folder, is no reason to order the edited rows.
#[test]
fn a_copy_of_the_sheet_lifts_no_hold_of_edited_rows() {
    const HEAD: &str = "sku,image_url,video_prompt,variant\n";
    const OLD: &str = "L1,https://a.example/1.jpg,pan,\nL2,https://a.example/2.jpg,tilt,\n";
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("a.csv", format!("{HEAD}{OLD}"));
    world.run(&["submit", "a.csv"]).expect(0);
    world.write("a.csv", format!("{HEAD}{}", OLD.replace("pan", "pan left")));
    world.write("a - Copy.csv", format!("{HEAD}{OLD}"));
    let both = ["submit", "a.csv", "a - Copy.csv"];
    for files in [&both[..], &["submit", "a - Copy.csv", "a.csv"]] {
        let held = world.run(files).expect(3);
        assert!(
            held.stderr.contains("a.csv:2: L1")
                && held.stderr.contains("a - Copy.csv:2")
                && held.stderr.contains("in prompt"),
            "{}",
            held.stderr
        );
    }
    let json = world
        .run(&[&both[..], &["--json"]].concat())
        .expect(3)
        .json();
    assert_eq!(json["held"][0]["other_manifest"], "a - Copy.csv");
    assert_eq!(json["held"][0]["other_line"], 2);
    assert_eq!(server.posts().len(), 2);
    // Other clips of the photo: of another part, of another variant, of a sheet that has both.
    let others = [
        (
            "part.csv",
            "L1,https://a.example/1.jpg?crop=left,slow pan,\n",
            "",
        ),
        (
            "variant.csv",
            "L1,https://a.example/1.jpg,slow pan,square\n",
            "",
        ),
        ("all.csv", "L1,https://a.example/1.jpg,quick pan,\n", OLD),
    ];
    for (file, row, more) in others {
        world.write(file, format!("{HEAD}{row}{more}"));
    }
    let files = others.map(|(file, ..)| file);
    world
        .run(&[&["submit", "a - Copy.csv"], &files[..]].concat())
        .expect(0);
    assert_eq!(server.posts().len(), 5);
    // Who asks for both gets both.
    let all = [&both[..], &files].concat();
    world
        .run(&[&all[..], &["--resubmit-changed"]].concat())
        .expect(0);
    world.run(&all).expect(0);
    assert_eq!(server.posts().len(), 6);
}

/// Two files, and what distinguishes the rows of the second one: the photo's address is made anew, its
/// folder has another name, it is a voice.
#[test]
fn a_copy_of_the_sheet_lifts_no_hold_of_rows_whose_photos_are_elsewhere() {
    const PHOTO: &str = "listing_id,image_url,video_prompt\nL1,";
    const VOICE: &str = "listing_id,text,voice,language,speed\nL1,";
    const AIRTABLE: [&str; 2] = [
        "https://v5.airtableusercontent.com/v3/u/27/27/1717171200000/aB3dEfGh1jKlMnOpQrStUv/Ab1dEfGhIjKlMnOpQrStUvWx",
        "https://v5.airtableusercontent.com/v3/u/28/28/1727171200000/zY9xWvUt8sRqPoNmLkJiHg/zZ1dEfGhIjKlMnOpQrStUvWx",
    ];
    let airtable = AIRTABLE.map(|address| format!("{address},"));
    let named = AIRTABLE.map(|address| format!("kitchen.jpg ({address}),"));
    let google = ["Pq8Xn0aLk2Wz7RtbYvQm", "Zz4Kd9uHb1Xc5LeoTsNf"];
    let google = google.map(|token| format!("https://lh3.googleusercontent.com/pw/{token},"));
    let photos = |one: &str, other: &str| [one, other].map(|at| format!("https://{at}/k.jpg,"));
    let voices = |one: &str, other: &str| [one, other].map(str::to_owned);
    let cases = [
        (PHOTO, airtable, ["pan", "tilt"]),
        (PHOTO, named.clone(), ["pan", "tilt"]),
        (PHOTO, named, ["pan", "pan"]),
        (PHOTO, google.clone(), ["pan", "tilt"]),
        (PHOTO, google, ["pan", "pan"]),
        (
            PHOTO,
            photos("a.example/t/AbCdEfGh", "a.example/t/IjKlMnOp"),
            ["pan", "tilt"],
        ),
        (PHOTO, photos("a.example", "b.example"), ["pan", "tilt"]),
        (
            PHOTO,
            photos("a.example/draft", "a.example/final"),
            ["pan", "pan"],
        ),
        (
            VOICE,
            voices("Hello,alloy,en,", "Hello,alloy,en,"),
            ["1.0", "1.2"],
        ),
        (
            VOICE,
            voices("Hello,alloy,en,", "Hello,alloy,de,"),
            ["1.0", "1.0"],
        ),
        (
            VOICE,
            voices("Hello,alloy,en,", "Hello!,alloy,en,"),
            ["1.0", "1.0"],
        ),
    ];
    for (head, [old, new], [before, after]) in cases {
        let server = Server::accepting();
        let world = World::facing(&server);
        let (old, new) = (
            format!("{head}{old}{before}\n"),
            format!("{head}{new}{after}\n"),
        );
        world.write("a.csv", &old);
        world.run(&["submit", "a.csv"]).expect(0);
        world.write("a.csv", &new);
        world.write("b.csv", &old);
        for files in [&["a.csv"][..], &["a.csv", "b.csv"], &["b.csv", "a.csv"]] {
            let run = world.run(&[&["submit"], files].concat());
            // Alone, a photo of that name at Airtable is the one that was ordered.
            let is_same = new.contains("kitchen.jpg (") && before == after;
            let code = if is_same && files.len() == 1 { 0 } else { 3 };
            assert_eq!(run.code(), code, "{new} {files:?}: {}", run.stderr);
            assert_eq!(server.posts().len(), 1, "{new} {files:?}: {}", run.stderr);
        }
        // One that is in the sheet itself is another clip.
        let both = format!("{old}{}", new.lines().last().unwrap());
        world.write("a.csv", both);
        world.run(&["submit", "a.csv", "b.csv"]).expect(0);
        assert_eq!(server.posts().len(), 2, "{new}");
    }
}

/// The rows of a copy that `--where` leaves out are rows all the same.
#[test]
fn a_copy_whose_rows_are_left_out_lifts_no_hold_of_edited_rows() {
    const HEAD: &str = "sku,image_url,video_prompt,state\n";
    const OLD: &str = "L1,https://a.example/1.jpg,pan,old\n";
    const NEW: &str = "L1,https://a.example/1.jpg,tilt,new\n";
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("a.csv", format!("{HEAD}{OLD}"));
    world.run(&["submit", "a.csv"]).expect(0);
    world.write("a.csv", format!("{HEAD}{NEW}"));
    world.write("b.csv", format!("{HEAD}{OLD}"));
    for files in [["a.csv", "b.csv"], ["b.csv", "a.csv"]] {
        let run = [&["submit", "--where", "state=new"], &files[..]].concat();
        let held = world.run(&run).expect(3);
        assert!(held.stderr.contains("b.csv:2"), "{}", held.stderr);
    }
    assert_eq!(server.posts().len(), 1);
    // In one sheet they are two clips.
    world.write("a.csv", format!("{HEAD}{NEW}{OLD}"));
    let run = ["submit", "--where", "state=new", "a.csv", "b.csv"];
    world.run(&run).expect(0);
    assert_eq!(server.posts().len(), 2);
}
