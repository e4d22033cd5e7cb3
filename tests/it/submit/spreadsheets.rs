//! Spreadsheets as programs write them: what stands above the header, rows of other lengths,
//! several photos in a cell, prompts from columns, photos that the vendor cannot fetch.

use serde_json::Value;

use crate::support::{Server, World};

/// Submits a manifest; the bodies of what was sent.
#[track_caller]
fn sent(text: impl AsRef<[u8]>, options: &[&str]) -> Vec<Value> {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", text);
    let arguments = [&["submit", "sheet.csv", "--concurrency", "1"], options].concat();
    world.run(&arguments).expect(0);
    server
        .posts()
        .iter()
        .map(crate::support::request::Request::json)
        .collect()
}

/// Submits a manifest that is refused; what was said.
#[track_caller]
fn refused(text: impl AsRef<[u8]>, options: &[&str]) -> String {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("sheet.csv", text);
    let arguments = [&["submit", "sheet.csv"], options].concat();
    let run = world.run(&arguments).expect(65);
    assert!(server.posts().is_empty(), "{}", run.stderr);
    run.stderr
}

#[test]
fn the_header_may_stand_below_a_title() {
    const TABLE: &str =
        "sku,image_url,video_prompt\nMUG-1,https://cdn.example.com/mug.jpg,Half turn\n";
    for above in [
        "",
        "\n\n",
        "Spring collection\n",
        "Spring collection,,\n,,\n",
        "# exported on 2026-03-12\n\n",
        "Export of all products,12 March 2026\nby Ann, for the shop,\n\n",
        "sep=,\n",
        "\"sep=,\"\r\n",
        "SEP=,\nSpring collection\n",
    ] {
        let bodies = sent(format!("{above}{TABLE}"), &[]);
        assert_eq!(bodies.len(), 1, "{above:?}");
        assert_eq!(bodies[0]["prompt"], "Half turn", "{above:?}");
    }
    let semicolons = TABLE.replace(',', ";");
    assert_eq!(sent(format!("\"sep=;\"\n{semicolons}"), &[]).len(), 1);
    assert_eq!(
        sent(format!("Title, with a comma\n{semicolons}"), &[]).len(),
        1
    );
    // A tenth line is still looked at, an eleventh is not.
    assert_eq!(
        sent(format!("{}{TABLE}", "Title\n".repeat(9)), &[]).len(),
        1
    );
    let output = refused(format!("{}{TABLE}", "Title\n".repeat(10)), &[]);
    assert!(output.contains("sheet.csv:1"), "{output}");
}

#[test]
fn rows_with_other_numbers_of_empty_cells_are_read() {
    let text = "sku,image_url,video_prompt,collection,notes\n\
        A,https://cdn.example.com/a.jpg,Turn\n\
        B,https://cdn.example.com/b.jpg,Turn,new,,,,\n\
        C,https://cdn.example.com/c.jpg,Turn,,x\n";
    assert_eq!(sent(text, &[]).len(), 3);
    for (row, output) in [
        (
            "D,https://cdn.example.com/d.jpg\n",
            "the row ends before the prompt",
        ),
        ("D\n", "the row ends before the photo's address"),
        (
            "D,https://cdn.example.com/d.jpg,Turn,,,,more\n",
            "this row has 7 cells",
        ),
        (
            "D,https://cdn.example.com/d.jpg,Tur",
            "the file ends within this row",
        ),
        (
            "D,\"https://cdn.example.com/d.jpg,Turn\nE,f\",Turn\n",
            "quote",
        ),
    ] {
        let printed = refused(format!("{text}{row}"), &[]);
        assert!(
            printed.contains("sheet.csv:5") && printed.contains(output),
            "{printed}"
        );
    }
}

#[test]
fn what_is_no_spreadsheet_is_called_what_it_is() {
    for (bytes, output) in [
        (
            &b"<!DOCTYPE html><html><body>Sign in</body></html>"[..],
            "web page",
        ),
        (b"{\"rows\": [1, 2]}", "JSON"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
    ] {
        let printed = refused(bytes, &[]);
        assert!(printed.contains(output), "{printed}");
    }
}

#[test]
fn several_photos_in_a_cell_are_refused_or_split() {
    for between in ["|", ";", ", ", "\n", " "] {
        let text = format!(
            "sku,image_url,video_prompt\nMUG-1,\"https://cdn.example.com/a.jpg{between}https://cdn.example.com/b.jpg\",Turn\n"
        );
        let printed = refused(&text, &[]);
        assert!(
            printed.contains("there are 2 addresses in this cell")
                && printed.contains("--split-images"),
            "{printed}"
        );
        let bodies = sent(&text, &["--split-images"]);
        let images: Vec<&Value> = bodies.iter().map(|body| &body["image_url"]).collect();
        assert_eq!(
            images,
            [
                "https://cdn.example.com/a.jpg",
                "https://cdn.example.com/b.jpg"
            ],
            "{between:?}"
        );
    }
    // An address inside another address does not count separately.
    let nested = "sku,image_url,video_prompt\nMUG-1,https://r.example.com/fetch/https://cdn.example.com/a.jpg,Turn\n";
    assert_eq!(sent(nested, &[]).len(), 1);
}

#[test]
fn split_rows_keep_their_line_and_are_ordered_once() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "sheet.csv",
        "sku,image_url,video_prompt\nMUG-1,https://cdn.example.com/a.jpg|https://cdn.example.com/b.jpg,Turn\n",
    );
    let arguments = ["submit", "sheet.csv", "--split-images"];
    world.run(&arguments).expect(0);
    world.run(&arguments).expect(0);
    assert_eq!(server.posts().len(), 2);
    let log = world.log();
    assert_eq!(log.jobs.len(), 2);
    let opened = log
        .lines
        .iter()
        .filter(|line| line["status"] == "submitting");
    assert!(opened.map(|line| &line["line"]).all(|line| *line == 2));
}

#[test]
fn a_prompt_is_filled_from_columns() {
    let text = "sku,image_url,Room Name,light,video_prompt\n\
        A,https://cdn.example.com/a.jpg,kitchen,,\n\
        B,https://cdn.example.com/b.jpg,hall,low sun,\n\
        C,https://cdn.example.com/c.jpg,,,My own words\n";
    let prompt = "Slow pan through the {room_name}, {light|warm light}";
    let bodies = sent(text, &["--prompt", prompt]);
    let prompts: Vec<&Value> = bodies.iter().map(|body| &body["prompt"]).collect();
    assert_eq!(
        prompts,
        [
            "Slow pan through the kitchen, warm light",
            "Slow pan through the hall, low sun",
            "My own words"
        ]
    );
    for (text, prompt, output) in [
        (text, "Pan {rom name}", "did you mean {Room Name}?"),
        (
            text,
            "Pan {light}",
            "the prompt asks for {light}, and this cell is empty",
        ),
        (
            "sku,image_url,room\nA,https://cdn.example.com/a.jpg,#N/A\n",
            "Pan {room}",
            "a lookup found nothing",
        ),
        (
            "sku,image_url,room\nA,https://cdn.example.com/a.jpg,{name}\n",
            "Pan {room}",
            "a placeholder was left unfilled: {name}",
        ),
    ] {
        let printed = refused(text, &["--prompt", prompt]);
        assert!(printed.contains(output), "{printed}");
    }
    let world = World::new();
    world.write("sheet.csv", text);
    let run = world.run(&["submit", "sheet.csv", "--prompt", "Pan {", "--dry-run"]);
    assert!(run.expect(2).stderr.contains("{room}"));
}

/// Photos that the vendor cannot fetch, and a part of what is said.
const OUT_OF_REACH: [(&str, &str); 14] = [
    ("http://192.168.1.20/a.jpg", "your own network"),
    ("http://10.0.0.5/a.jpg", "your own network"),
    ("http://172.20.0.5/a.jpg", "your own network"),
    ("http://169.254.1.1/a.jpg", "your own network"),
    ("http://[fd00::1]/a.jpg", "your own network"),
    ("https://nas.local/a.jpg", "your own network"),
    ("https://nas/a.jpg", "your own network"),
    ("file:///Users/ann/a.jpg", "file on this computer"),
    ("C:\\Photos\\a.jpg", "file on this computer"),
    ("\\\\nas\\photos\\a.jpg", "your own network"),
    (
        "https://drive.google.com/file/d/abc/view?usp=sharing",
        "shows a page, not the photo",
    ),
    ("https://www.dropbox.com/s/abc/a.jpg?dl=0", "raw=1"),
    ("https://1drv.ms/i/s!abc", "shows a page"),
    ("https://photos.app.goo.gl/abc", "shows a page"),
];

#[test]
fn photos_that_the_vendor_cannot_fetch_are_never_ordered() {
    let server = Server::accepting();
    let world = World::facing(&server);
    for (photo, output) in OUT_OF_REACH {
        world.write(
            "sheet.csv",
            format!("sku,image_url,video_prompt\nMUG-1,{photo},Turn\n"),
        );
        let printed = world.run(&["submit", "sheet.csv"]).expect(65).stderr;
        assert!(printed.contains(output), "{photo}: {printed}");
    }
    assert!(server.posts().is_empty());
}

#[test]
fn photos_on_this_computer_are_all_right_for_a_stand_in_only() {
    let text = "sku,image_url,video_prompt\nMUG-1,http://localhost:8000/a.jpg,Turn\n";
    // The tests' server is on this computer.
    assert_eq!(sent(text, &[]).len(), 1);
    let world = World::new();
    world.write("sheet.csv", text);
    world.run(&["submit", "sheet.csv", "--sandbox"]).expect(0);
    let live = [
        "submit",
        "sheet.csv",
        "--dry-run",
        "--base-url",
        "https://api.example.com",
    ];
    let printed = world.run(&live).expect(65).stderr;
    assert!(
        printed.contains("the photo is on this computer"),
        "{printed}"
    );
}

#[test]
fn the_settings_file_can_name_columns() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "creativeai.toml",
        "[map]\nimage_url = \"Photo\"\nvideo_prompt = \"Scene\"\n",
    );
    world.write(
        "a.csv",
        "sku,Photo,Scene\nMUG-1,https://cdn.example.com/a.jpg,Turn\n",
    );
    // Nothing is said about a file that has other names.
    world.write(
        "b.csv",
        "sku,image_url,video_prompt,Scene\nMUG-2,https://cdn.example.com/b.jpg,Turn,3\n",
    );
    world.run(&["submit", "a.csv"]).expect(0);
    world.run(&["submit", "b.csv"]).expect(0);
    assert_eq!(server.posts()[1].json()["prompt"], "Turn");
    assert_eq!(server.posts().len(), 2);
    let shown = world.run(&["config"]).expect(0).stdout;
    assert!(shown.contains("map.image_url"), "{shown}");
}

#[test]
fn hints_name_the_right_columns_of_known_exports() {
    for (header, hint) in [
        (
            "sku,Image Src,Image Alt Text,Variant Image,video_prompt",
            "--map \"image_url=Variant Image\"",
        ),
        (
            "listing_id,PhotosChangeTimestamp,PhotosCount,Photo Link,video_prompt",
            "--map \"image_url=Photo Link\"",
        ),
    ] {
        let printed = refused(format!("{header}\nA,b,c,d,Turn\n"), &[]);
        assert!(printed.contains(hint), "{printed}");
    }
    let printed = refused(
        "sku,image_url,SEO Title,SEO Description\nA,https://cdn.example.com/a.jpg,x,y\n",
        &[],
    );
    assert!(
        !printed.contains("=SEO") && printed.contains("--prompt"),
        "{printed}"
    );
}
