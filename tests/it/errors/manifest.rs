//! What is reported of a manifest that is not in order, word for word.

use crate::support::transcript::recorded;
use crate::support::{Server, World, listings, rows};

const HEADER: &str = "listing_id,image_url,video_prompt\n";

/// Submits a manifest of these bytes; nothing may be sent.
#[track_caller]
fn refused(name: &str, bytes: impl AsRef<[u8]>, code: i32) {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", bytes);
    recorded(name, &world, &["submit", "listings.csv"]).expect(code);
    assert_eq!(server.connections(), 0);
    assert_eq!(world.files(), ["listings.csv"]);
}

#[test]
fn no_such_file() {
    let world = World::new();
    recorded(
        "error-manifest-missing",
        &world,
        &["submit", "listings.csv"],
    )
    .expect(74);
    recorded("error-manifest-folder", &world, &["submit", "home"]).expect(74);
    world.write("My Listings June.csv", listings(1));
    let args = ["submit", "My", "Listings", "June.csv"];
    recorded("error-manifest-blanks", &world, &args).expect(74);
    recorded("error-manifest-other", &world, &["submit", "rooms.csv"]).expect(74);
    world.write("~$rooms.xlsx", "\u{5}Maria");
    recorded("error-manifest-mark", &world, &["submit", "~$rooms.xlsx"]).expect(65);
}

#[test]
fn a_column_that_is_missing() {
    refused(
        "error-column-missing",
        "listing_id,imgae_url,video_prompt\nLST-1,https://cdn.example.com/1.jpg,pan\n",
        65,
    );
    refused("error-columns-none", "a,b,c\n1,2,3\n", 65);
}

#[test]
fn two_columns_for_one_thing() {
    refused(
        "error-both-ids",
        "listing_id,sku,image_url,video_prompt\nL,S,https://cdn.example.com/1.jpg,pan\n",
        65,
    );
    refused(
        "error-header-twice",
        "listing_id,image_url,video_prompt,Image URL\nL,https://a.example/1.jpg,pan,x\n",
        65,
    );
}

#[test]
fn a_column_named_like_a_field_of_the_log() {
    let world = World::facing(&Server::accepting());
    world.write(
        "listings.csv",
        "listing_id,image_url,video_prompt,status\nL,https://a.example/1.jpg,pan,x\n",
    );
    let args = ["submit", "listings.csv", "--dry-run"];
    recorded("column-of-the-log", &world, &args).expect(0);
}

#[test]
fn rows_with_mistakes() {
    let rows = [
        "LST-1,not-an-address,pan,5s\n",
        "LST-2,https://cdn.example.com/2.jpg,,5s\n",
        "LST-3,https://cdn.example.com/3.jpg,pan,soon\n",
        ",https://cdn.example.com/4.jpg,pan,5s\n",
        "LST-5,,pan,-5\n",
        "LST-6,https://cdn.example.com/6.jpg,pan\n",
    ];
    let text = format!(
        "listing_id,image_url,video_prompt,duration\n{}",
        rows.concat()
    );
    refused("error-rows", &text, 65);
    let world = World::facing(&Server::accepting());
    world.write("listings.csv", &text);
    recorded(
        "error-rows-dry-run",
        &world,
        &["submit", "listings.csv", "--dry-run"],
    )
    .expect(65);
}

#[test]
fn rows_with_mistakes_left_out() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write(
        "listings.csv",
        format!("{HEADER}LST-1,not-an-address,pan\nLST-2,https://cdn.example.com/2.jpg,pan\n"),
    );
    recorded(
        "rows-skipped",
        &world,
        &["submit", "listings.csv", "--skip-invalid"],
    )
    .expect(0);
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn a_quote_that_is_not_closed() {
    refused(
        "error-quote",
        format!(
            "{HEADER}LST-1,https://cdn.example.com/1.jpg,\"pan\nLST-2,https://cdn.example.com/2.jpg,pan\n"
        ),
        65,
    );
}

#[test]
fn another_encoding() {
    refused(
        "error-encoding",
        [
            HEADER.as_bytes(),
            b"LST-1,https://cdn.example.com/1.jpg,Caf\xe9\n",
        ]
        .concat(),
        65,
    );
}

#[test]
fn files_that_are_no_text() {
    // What a workbook begins with: a zip archive.
    refused(
        "error-xlsx",
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00",
        65,
    );
    refused("error-empty", "", 65);
    refused("error-pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", 65);
}

#[test]
fn a_header_without_rows() {
    let world = World::facing(&Server::accepting());
    world.write("listings.csv", HEADER);
    recorded("no-rows", &world, &["submit", "listings.csv"]).expect(0);
}

#[test]
fn rows_that_were_edited_after_their_order() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    world.run(&["submit", "listings.csv"]).expect(0);
    world.write("listings.csv", listings(3).replace("evening", "morning"));
    recorded("rows-changed", &world, &["submit", "listings.csv"]).expect(3);
    recorded(
        "rows-changed-dry-run",
        &world,
        &["submit", "listings.csv", "--dry-run"],
    )
    .expect(0);
}

#[test]
fn rows_that_stand_there_twice() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", rows([1, 2, 1]));
    recorded("rows-duplicate", &world, &["submit", "listings.csv"]).expect(0);
}

#[test]
fn a_column_mapped_to_a_header_that_is_not_there() {
    let world = World::new();
    world.write("listings.csv", listings(1));
    let args = ["submit", "listings.csv", "--map", "image_url=Photo"];
    recorded("error-map-header", &world, &args).expect(65);
    let args = ["submit", "listings.csv", "--map", "photo=image_url"];
    recorded("error-map-column", &world, &args);
}

#[test]
fn the_sandbox_and_the_vendor_share_no_log() {
    // Nothing is asked there: the log is looked at first.
    let world = World::new().with_var("CREATIVEAI_BASE_URL", "https://api.example.invalid");
    world.write("listings.csv", listings(1));
    world
        .run(&["submit", "listings.csv", "--sandbox", "--jobs", "a.jsonl"])
        .expect(0);
    recorded(
        "error-mixed-live",
        &world,
        &["submit", "listings.csv", "--jobs", "a.jsonl"],
    )
    .expect(78);
    let line = r#"{"at":"2026-03-12T09:20:01Z","job":"5b1f0c9a77d2e318","attempt":1,"status":"pending","generation_id":"vgen_def456"}"#;
    world.write("jobs.jsonl", format!("{line}\n"));
    let args = [
        "submit",
        "listings.csv",
        "--sandbox",
        "--jobs",
        "jobs.jsonl",
    ];
    recorded("error-mixed-sandbox", &world, &args).expect(78);
}

#[test]
fn headers_that_are_nearly_right_are_reported() {
    let world = World::new();
    world.write(
        "listings.csv",
        "listing_id,image_url,video_prompt,durations,varient,webhok_url,rooms,note\n\
         LST-1,https://cdn.example.com/1.jpg,pan,5s,a,,4,x\n",
    );
    recorded(
        "columns-nearly",
        &world,
        &["submit", "listings.csv", "--dry-run"],
    )
    .expect(0);
    // What was named on purpose is no slip.
    let named = ["--map", "photo_durations=durations"];
    let mut args = vec!["submit", "listings.csv", "--dry-run"];
    args.extend(named);
    let run = world.run(&args).expect(0);
    assert!(
        !run.stderr.contains("did you mean duration?"),
        "{}",
        run.stderr
    );
    let run = world.run(&[
        "submit",
        "listings.csv",
        "--dry-run",
        "--map",
        "image=image_url",
    ]);
    run.expect(2);
}

#[test]
fn a_blank_in_an_address() {
    refused(
        "error-address-blank",
        format!("{HEADER}LST-1,https://cdn.example.com/a b.jpg,pan\n"),
        65,
    );
}

#[test]
fn a_manifest_is_checked_as_it_would_be_sent() {
    let world = World::new();
    world.write(
        "listings.csv",
        "listing_id,image_url,video_prompt\n\
         LST-1,https://cdn.example.com/1.jpg,pan\n\
         LST-1,https://cdn.example.com/1.jpg,pan\n\
         LST-2,2.jpg,pan\n",
    );
    let args = ["check", "listings.csv", "--sandbox", "--skip-invalid"];
    recorded("check-skip-invalid", &world, &args).expect(0);
    world.run(&args[..3]).expect(65);
}
