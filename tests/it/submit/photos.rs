//! Photos on this computer, uploaded to a bucket: against a real S3 server.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::azure::Azure;
use crate::support::orders::sha256;
use crate::support::s3::{S3, Store};
use crate::support::{Server, Step, World};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF-a-kitchen";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n-a-garden";
const HEADER: &str = "listing_id,image_url,video_prompt\n";

/// A folder with two photos and a sheet that names them, uploaded to the bucket `clips`.
fn world(s3: &S3, server: &Server, rows: &str) -> World {
    let world = s3.world(World::facing(server));
    with_photos(world, "s3://clips/photos/", rows)
}

/// The same with another bucket.
fn with_photos(world: World, bucket: &str, rows: &str) -> World {
    std::fs::create_dir(world.path("photos")).unwrap();
    world.write("photos/kitchen 1.jpg", JPEG);
    world.write("photos/garden.png", PNG);
    world.write("listings.csv", format!("{HEADER}{rows}"));
    let settings = format!("[photos]\nupload = \"{bucket}\"\n");
    world.write("creativeai.toml", settings);
    world
}

fn photo(post: &crate::support::Request) -> String {
    post.json()["image_url"].as_str().unwrap().to_owned()
}

/// What is at a web address, without credentials.
fn get(address: &str) -> Vec<u8> {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    assert!(reply.starts_with(b"HTTP/1.1 200"), "{address}");
    let end = reply.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    reply.split_off(end + 4)
}

#[test]
fn a_photo_is_uploaded_once_and_is_the_same_clip_for_ever() {
    let Some(s3) = S3::start() else { return };
    let server = Server::accepting();
    let world = world(
        &s3,
        &server,
        "LST-1,photos/kitchen 1.jpg,pan\nLST-2,photos/garden.png,pan\nLST-3,photos/kitchen 1.jpg,pan\n\
         LST-4,https://cdn.example.com/4.jpg,pan\n",
    );
    world
        .run(&["submit", "listings.csv", "--dry-run"])
        .expect(0);
    assert_eq!(s3.keys(), [""; 0], "a dry run uploads nothing");
    let run = world.run(&["submit", "listings.csv"]).expect(0);
    assert!(
        run.stderr
            .contains("2 photos uploaded to s3://clips/photos"),
        "{}",
        run.stderr
    );
    let (kitchen, garden) = (sha256(JPEG), sha256(PNG));
    let mut keys = vec![
        format!("photos/{kitchen}.jpg"),
        format!("photos/{garden}.png"),
    ];
    keys.sort();
    assert_eq!(s3.keys(), keys);
    assert_eq!(s3.object(&format!("photos/{kitchen}.jpg")), JPEG);
    // The vendor can fetch them, by addresses with a signature.
    let posts = server.posts();
    assert_eq!(posts.len(), 4);
    for post in &posts {
        let address = photo(post);
        if address.contains("cdn.example.com") {
            continue;
        }
        assert!(address.contains("?X-Amz-"), "{address}");
        assert!(address.contains("X-Amz-Expires=604800"), "{address}");
        assert!([JPEG, PNG].contains(&&get(&address)[..]), "{address}");
    }
    let log = world.log();
    let first = log
        .jobs
        .iter()
        .find(|job| job["listing_id"] == "LST-1")
        .unwrap();
    assert_eq!(first["photo_file"], "photos/kitchen 1.jpg");

    // The next night, other credentials sign anew, and the photo has moved and is named in full.
    std::fs::create_dir(world.path("moved")).unwrap();
    std::fs::rename(
        world.path("photos/kitchen 1.jpg"),
        world.path("moved/k.jpg"),
    )
    .unwrap();
    let moved = world.path("moved/k.jpg");
    let address = url::Url::from_file_path(&moved).unwrap();
    world.write(
        "listings.csv",
        format!(
            "{HEADER}LST-1,{},pan\nLST-2,photos/garden.png,pan\nLST-3,{address},pan\n",
            moved.display()
        ),
    );
    let world = world.with_var("AWS_ACCESS_KEY_ID", "another");
    let run = world.run(&["submit", "listings.csv", "--json"]).expect(0);
    assert_eq!(run.json()["submitted"], 0);
    assert_eq!(run.json()["skipped"], 3);
    assert_eq!(server.posts().len(), 4);
    assert_eq!(world.log().text, log.text);

    // Another file with another content is another clip; a new prompt for a known photo uploads nothing.
    world.write("moved/k.jpg", [JPEG, b"!"].concat());
    world.write(
        "listings.csv",
        format!("{HEADER}LST-1,moved/k.jpg,pan\nLST-9,photos/garden.png,zoom\n"),
    );
    let run = world.run(&["submit", "listings.csv"]).expect(0);
    assert!(run.stderr.contains("1 photo uploaded"), "{}", run.stderr);
    assert!(run.stderr.contains("1 there already"), "{}", run.stderr);
    assert_eq!((server.posts().len(), s3.keys().len()), (6, 3));
}

#[test]
fn a_photo_file_that_was_saved_again_is_not_ordered_again_unasked() {
    let Some(s3) = S3::start() else { return };
    for is_same in [true, false] {
        let server = Server::accepting();
        let rows = "LST-1,photos/kitchen 1.jpg,pan\nLST-2,photos/garden.png,pan\n";
        let world = world(&s3, &server, rows);
        world.run(&["submit", "listings.csv"]).expect(0);
        let ordered = world.log().text;
        world.write("photos/kitchen 1.jpg", [JPEG, b"!"].concat());
        let dry = ["submit", "listings.csv", "--dry-run", "--json"];
        assert_eq!(world.run(&dry).expect(0).json()["changed"], 1);
        let run = world.run(&["submit", "listings.csv", "--json"]).expect(3);
        let output = run.json();
        assert_eq!(output["held"][0]["line"], 2, "{output}");
        assert_eq!(output["held"][0]["reason"], "changed");
        assert_eq!(
            output["held"][0]["differs"],
            serde_json::json!(["image_url"])
        );
        for words in [
            "the photo's file was changed since the clip was ordered",
            "the older order still counts, and may be paid for",
            "creativeai rename --from-manifest listings.csv",
            "--resubmit-changed",
        ] {
            assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        }
        assert_eq!(server.posts().len(), 2);
        assert_eq!(world.log().text, ordered);
        if is_same {
            world
                .run(&["rename", "--from-manifest", "listings.csv", "--yes"])
                .expect(0);
        } else {
            world
                .run(&["submit", "listings.csv", "--resubmit-changed"])
                .expect(0);
            assert!(world.log().words().contains(&"superseded"));
        }
        world.run(&["submit", "listings.csv"]).expect(0);
        let orders = if is_same { 2 } else { 3 };
        assert_eq!(server.posts().len(), orders);
        // Saved again and with another prompt it is an edited row.
        world.write("photos/kitchen 1.jpg", [JPEG, b"?"].concat());
        world.write(
            "listings.csv",
            format!("{HEADER}{}", rows.replacen("pan", "tilt", 1)),
        );
        let run = world.run(&["submit", "listings.csv", "--json"]).expect(3);
        let differs = &run.json()["held"][0]["differs"];
        assert_eq!(*differs, serde_json::json!(["image_url", "prompt"]));
        assert_eq!(server.posts().len(), orders);
    }
}

#[test]
fn photos_go_to_azure_as_well() {
    let Some(azure) = Azure::start() else { return };
    let server = Server::accepting();
    let rows = "LST-1,photos/kitchen 1.jpg,pan\nLST-2,photos/garden.png,pan\n";
    let world = azure.world(World::facing(&server));
    let world = with_photos(world, "az://clips/photos", rows);
    world.run(&["submit", "listings.csv"]).expect(0);
    let mut names = azure.names();
    names.sort();
    let [kitchen, garden] = [sha256(JPEG), sha256(PNG)];
    let mut expected = [
        format!("photos/{kitchen}.jpg"),
        format!("photos/{garden}.png"),
    ];
    expected.sort();
    assert_eq!(names, expected);
    for post in server.posts() {
        let address = photo(&post);
        assert!(address.contains("sig="), "{address}");
        assert!([JPEG, PNG].contains(&&get(&address)[..]), "{address}");
    }
    // The signature is not a part of the photo: the same sheet orders nothing more.
    world.run(&["submit", "listings.csv"]).expect(0);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn what_is_not_a_photo_stops_the_sheet_before_anything_is_uploaded() {
    let Some(s3) = S3::start() else { return };
    let server = Server::accepting();
    let world = world(
        &s3,
        &server,
        "LST-1,photos/garden.png,pan\nLST-2,photos/none.jpg,pan\nLST-3,photos/empty.jpg,pan\n\
         LST-4,photos/iphone.jpg,pan\nLST-5,photos/png.jpg,pan\nLST-6,photos,pan\n",
    );
    world.write("photos/empty.jpg", b"");
    world.write("photos/iphone.jpg", b"\0\0\0\x18ftypheic----");
    world.write("photos/png.jpg", PNG);
    let run = world.run(&["submit", "listings.csv"]).expect(65);
    for part in [
        "listings.csv:3: column 2 (image_url): the photo ",
        "none.jpg is not there",
        "listings.csv:4: column 2 (image_url): the photo cannot be used: the file is empty",
        "listings.csv:5: column 2 (image_url): the photo cannot be used: it is a HEIC photo",
        "listings.csv:6: column 2 (image_url): the file's name says image/jpeg, but its content is image/png",
        "listings.csv:7: column 2 (image_url): ",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    assert_eq!((server.posts().len(), s3.keys().len()), (0, 0));
    assert!(!world.files().contains(&"jobs.jsonl".to_owned()));
    // The right ones go out alone on request.
    world
        .run(&["submit", "listings.csv", "--skip-invalid"])
        .expect(0);
    assert_eq!((server.posts().len(), s3.keys().len()), (1, 1));
}

#[test]
fn check_reports_how_many_photos_are_to_be_uploaded() {
    let Some(s3) = S3::start() else { return };
    let server = Server::accepting();
    let world = world(
        &s3,
        &server,
        "LST-1,photos/kitchen 1.jpg,pan\nLST-2,photos/garden.png,pan\n",
    );
    s3.call("PUT", &format!("/clips/photos/{}.png", sha256(PNG)), PNG);
    let run = world.run(&["check", "listings.csv"]).expect(0);
    let output =
        "2 photos on this computer, 37 bytes; 1 to be uploaded to s3://clips/photos, 1 there";
    assert!(run.stdout.contains(output), "{}", run.stdout);
    assert_eq!(s3.keys().len(), 1);
}

#[test]
fn without_the_setting_a_path_is_refused_with_the_way_to_get_it_online() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("kitchen.jpg", JPEG);
    world.write("listings.csv", format!("{HEADER}LST-1,kitchen.jpg,pan\n"));
    let run = world.run(&["submit", "listings.csv"]).expect(65);
    assert!(
        run.stderr
            .contains("upload = \"s3://BUCKET/PREFIX\" in [photos]"),
        "{}",
        run.stderr
    );
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn a_bucket_that_refuses_costs_nothing() {
    let Some(s3) = S3::start() else { return };
    let server = Server::accepting();
    let world = world(&s3, &server, "LST-1,photos/garden.png,pan\n");
    world.write(
        "creativeai.toml",
        "[photos]\nupload = \"s3://elsewhere/photos\"\n",
    );
    let run = world.run(&["submit", "listings.csv"]).expect(78);
    assert!(run.stderr.contains("s3://elsewhere"), "{}", run.stderr);
    assert!(run.stderr.contains("no row was sent"), "{}", run.stderr);
    assert_eq!(server.posts().len(), 0);
    // Google signs with a service account's key alone.
    world.write(
        "creativeai.toml",
        "[photos]\nupload = \"gs://clips/photos\"\n",
    );
    let run = world.run(&["submit", "listings.csv"]).expect(78);
    assert!(
        run.stderr.contains("the key of a service account"),
        "{}",
        run.stderr
    );
    assert_eq!(server.posts().len(), 0);
    // A rehearsal asks no bucket.
    world
        .run(&["submit", "listings.csv", "--sandbox", "--jobs", "s.jsonl"])
        .expect(0);
}

#[test]
fn a_new_attempt_has_a_new_signature_and_the_same_photo() {
    let Some(s3) = S3::start() else { return };
    let server = Server::start(|_| Step::reply(422, r#"{"error":"no"}"#));
    let world = world(&s3, &server, "LST-1,photos/garden.png,pan\n");
    world.run(&["submit", "listings.csv"]).expect(1);
    let world = world.with_var("AWS_ACCESS_KEY_ID", "another");
    world.run(&["retry", "--failed"]).expect(1);
    let posts = server.posts();
    let (first, second) = (photo(&posts[0]), photo(&posts[1]));
    assert_ne!(first, second);
    assert!(second.contains("another"), "{second}");
    assert_eq!(get(&second), PNG);
    let jobs: Vec<Value> = world.log().jobs;
    assert_eq!(jobs.len(), 1);
    // A photo that was deleted meanwhile is not ordered.
    s3.call("DELETE", &format!("/clips/photos/{}.png", sha256(PNG)), b"");
    let run = world.run(&["retry", "--failed"]).expect(65);
    assert!(
        run.stderr.contains("no longer in the bucket"),
        "{}",
        run.stderr
    );
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn a_photo_that_goes_online_or_comes_from_there_is_not_ordered_again_unasked() {
    const ONLINE: &str = "LST-1,https://cdn.example.com/p/Kitchen%201.jpg,pan\n";
    const HERE: &str = "LST-1,photos/kitchen 1.jpg,pan\n";
    let Some(s3) = S3::start() else { return };
    for (before, after) in [(HERE, ONLINE), (ONLINE, HERE)] {
        let server = Server::accepting();
        let world = world(&s3, &server, before);
        world.run(&["submit", "listings.csv"]).expect(0);
        // Another photo, or a second one beside the first, is a clip of its own.
        let other = after.replacen("itchen", "itchenette", 1);
        world.write("photos/kitchenette 1.jpg", [JPEG, b"2"].concat());
        world.write("listings.csv", format!("{HEADER}{before}{after}{other}"));
        world.run(&["submit", "listings.csv"]).expect(0);
        assert_eq!(server.posts().len(), 3);
        let server = Server::accepting();
        let world = self::world(&s3, &server, before);
        world.run(&["submit", "listings.csv"]).expect(0);
        world.write("listings.csv", format!("{HEADER}{after}"));
        let held = world.run(&["submit", "listings.csv"]).expect(3);
        for words in [
            "is in a different place",
            "creativeai rename ",
            "--resubmit-changed",
        ] {
            assert!(held.stderr.contains(words), "{words}: {}", held.stderr);
        }
        world
            .run(&["rename", "--from-manifest", "listings.csv", "--yes"])
            .expect(0);
        world.run(&["submit", "listings.csv"]).expect(0);
        assert_eq!(server.posts().len(), 1);
    }
}
