//! `download --dir s3://...` and `az://...`, against real servers: moto, from the Python package index,
//! and azurite, from the npm registry.

use crate::support::World;
use crate::support::azure::Azure;
use crate::support::orders::{Order, log_of, sha256};
use crate::support::s3::{S3, Store};
use crate::support::vendor::{Cdn, clip, unused_api, world};

const TO_BUCKET: [&str; 3] = ["download", "--dir", "s3://clips/june"];

#[test]
fn clips_go_to_a_bucket_under_the_names_they_have_in_a_folder() {
    let Some(s3) = S3::start() else { return };
    let cdn = Cdn::honest();
    // The second takes three parts.
    let sizes = [3000, 20_000_000, 4000];
    let orders: Vec<Order> = (0..3)
        .map(|n| {
            let name = n.to_string();
            let url = cdn.put(&name, clip(&name, sizes[n]));
            Order::of(&format!("LST-{}", n / 2), n + 2, &url)
        })
        .collect();
    // Someone else's object has the first clip's name.
    s3.call("PUT", "/clips/june/LST-0/01-2.mp4", b"not ours");
    let world = s3.world(world(&unused_api(), &log_of(&orders)));
    let run = world.run(&[&TO_BUCKET[..], &["--json"]].concat()).expect(0);
    assert_eq!(run.json()["downloaded"], 3);
    assert_eq!(s3.object("june/LST-0/01-2.mp4"), b"not ours");
    let log = world.log();
    for (n, order) in orders.iter().enumerate() {
        let job = log
            .jobs
            .iter()
            .find(|job| job["job"] == order.job())
            .unwrap();
        let output = &job["downloaded"];
        let address = output["file"].as_str().unwrap();
        let expected = match n {
            0 => format!("s3://clips/june/LST-0/01-2-{}.mp4", &order.job()[..8]),
            1 => "s3://clips/june/LST-0/02-3.mp4".to_owned(),
            _ => "s3://clips/june/LST-1/01-4.mp4".to_owned(),
        };
        assert_eq!(address, expected);
        let object = s3.object(address.strip_prefix("s3://clips/").unwrap());
        assert_eq!(object, clip(&n.to_string(), sizes[n]));
        assert_eq!(output["sha256"], sha256(&object));
    }
    assert_eq!((s3.keys().len(), s3.begun()), (4, 0));
    assert!(!log.text.contains("s3cret-key") && !run.stderr.contains("s3cret-key"));
    assert_eq!(
        world.files(),
        ["jobs.jsonl", "jobs.jsonl.lock"],
        "nothing is left here"
    );

    // Nothing is fetched or written twice; what was removed is fetched again.
    let run = world.run(&[&TO_BUCKET[..], &["--json"]].concat()).expect(0);
    assert_eq!(run.json()["already"], 3);
    assert_eq!((world.log().text, cdn.gets().len()), (log.text, 3));
    world.run(&["download", "--check"]).expect(0);
    s3.call("DELETE", "/clips/june/LST-1/01-4.mp4", b"");
    s3.call("PUT", "/clips/june/LST-0/02-3.mp4", b"altered");
    let run = world.run(&["download", "--check", "--json"]).expect(1);
    let problems: Vec<_> = run.json()["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["problem"].clone())
        .collect();
    assert_eq!(problems, ["altered", "missing"]);
    world.run(&TO_BUCKET).expect(0);
    assert_eq!(
        s3.object("june/LST-0/02-3.mp4"),
        b"altered",
        "it may be someone's"
    );
    world.run(&["download", "--check"]).expect(0);
}

#[test]
fn clips_go_to_google_as_well() {
    let Some(s3) = S3::start() else { return };
    clips_go_to("gs://clips/june", |world| s3.world_of_google(world), &s3);
}

#[test]
fn clips_go_to_azure_as_well() {
    let Some(azure) = Azure::start() else { return };
    clips_go_to("az://clips/june", |world| azure.world(world), &azure);
}

/// Clips are put there, looked at and read again; none takes the name of another object.
fn clips_go_to(address: &str, in_world: impl FnOnce(World) -> World, store: &impl Store) {
    let cdn = Cdn::honest();
    // The second takes three parts.
    let sizes = [3000, 20_000_000];
    let orders: Vec<Order> = (0..2)
        .map(|n| {
            let name = n.to_string();
            let url = cdn.put(&name, clip(&name, sizes[n]));
            Order::of("LST-0", n + 2, &url)
        })
        .collect();
    store.put("june/LST-0/01-2.mp4", b"not ours");
    let world = in_world(world(&unused_api(), &log_of(&orders)));
    let download = ["download", "--dir", address, "--json"];
    let run = world.run(&download).expect(0);
    assert_eq!(run.json()["downloaded"], 2, "{}", run.stderr);
    let longer = format!("june/LST-0/01-2-{}.mp4", &orders[0].job()[..8]);
    let mut names = store.names();
    names.sort();
    assert_eq!(
        names,
        [&*longer, "june/LST-0/01-2.mp4", "june/LST-0/02-3.mp4"]
    );
    assert_eq!(store.object("june/LST-0/01-2.mp4"), b"not ours");
    assert!(store.object(&longer) == clip("0", sizes[0]));
    assert!(store.object("june/LST-0/02-3.mp4") == clip("1", sizes[1]));
    let output = world.log().text;
    assert!(
        output.contains(&format!("{address}/LST-0/02-3.mp4")),
        "{output}"
    );
    assert!(!output.contains("s3cret-key") && !run.stderr.contains("s3cret-key"));

    let run = world.run(&download).expect(0);
    assert_eq!((&run.json()["already"], cdn.gets().len()), (&2.into(), 2));
    world.run(&["download", "--check"]).expect(0);
    store.put("june/LST-0/02-3.mp4", b"altered");
    let run = world.run(&["download", "--check", "--json"]).expect(1);
    assert_eq!(run.json()["problems"][0]["problem"], "altered");
}

#[test]
fn killed_while_it_uploads_it_goes_on_with_the_next_part_and_shows_no_half_object() {
    let Some(s3) = S3::start() else { return };
    let cdn = Cdn::honest();
    let whole = clip("a", 50_000_000);
    let url = cdn.put("a", whole.clone());
    let world = s3.world(world(&unused_api(), &Order::of("LST-1", 2, &url).lines()));
    let staging = world.path(".creativeai-partial");
    let notes = || -> String {
        let Ok(entries) = std::fs::read_dir(&staging) else {
            return String::new();
        };
        let notes = entries.map(|entry| entry.unwrap().path());
        let mut notes = notes.filter(|path| path.extension().is_some_and(|e| e == "json"));
        notes
            .find_map(|path| std::fs::read_to_string(path).ok())
            .unwrap_or_default()
    };
    let parts = |notes: &str| -> usize {
        let notes: serde_json::Value = serde_json::from_str(notes).unwrap_or_default();
        notes["begun"]["parts"].as_array().map_or(0, Vec::len)
    };
    let mut run = world.start(&TO_BUCKET);
    while parts(&notes()) < 2 {
        assert!(!run.has_ended(), "it has ended before the second part");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    run.kill();
    let before: serde_json::Value = serde_json::from_str(&notes()).unwrap();
    assert_eq!(s3.keys(), [""; 0], "no half object");
    assert_eq!(s3.begun(), 1);

    let mut run = world.start(&TO_BUCKET);
    let mut same_upload = false;
    while !run.has_ended() {
        let now: serde_json::Value = serde_json::from_str(&notes()).unwrap_or_default();
        same_upload |= now["begun"]["id"] == before["begun"]["id"];
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    run.wait().expect(0);
    assert!(same_upload, "the upload was begun anew");
    assert_eq!((s3.keys().len(), s3.begun()), (1, 0));
    assert!(s3.object("june/LST-1/01-2.mp4") == whole);
    assert_eq!(cdn.gets().len(), 1, "the clip is not fetched twice");
    assert!(!staging.exists());
}

#[test]
fn a_bucket_that_cannot_be_used_is_named_with_what_is_missing() {
    let Some(s3) = S3::start() else { return };
    let cdn = Cdn::honest();
    let url = cdn.put("a", clip("a", 3000));
    let world = s3.world(world(&unused_api(), &Order::of("LST-1", 2, &url).lines()));
    let run = world
        .run(&["download", "--dir", "s3://absent/june"])
        .expect(78);
    assert!(
        run.stderr.contains("s3://absent was not found"),
        "{}",
        run.stderr
    );
    for wrong in ["ftp://clips/june", "s3://", "https://clips/june"] {
        let run = world.run(&["download", "--dir", wrong]).expect(78);
        assert!(run.stderr.contains("s3://BUCKET/PREFIX"), "{}", run.stderr);
    }
    assert_eq!(world.log().words().last(), Some(&"completed"));
}

// The command is one for a shell of Unix; exec_windows.rs has those for cmd.
#[cfg(unix)]
#[test]
fn what_is_in_a_bucket_is_handed_on_from_there() {
    let Some(s3) = S3::start() else { return };
    let cdn = Cdn::honest();
    let url = cdn.put("a", clip("a", 3000));
    let world = s3.world(world(&unused_api(), &Order::of("LST-1", 2, &url).lines()));
    // From a folder it is uploaded without a second download.
    world.run(&["download"]).expect(0);
    world.run(&TO_BUCKET).expect(0);
    assert_eq!(cdn.gets().len(), 1);
    let command = "test -z \"$CREATIVEAI_FILE\" && echo \"$CREATIVEAI_FILE_URL\" > handed";
    world.run(&["publish", "--exec", command]).expect(0);
    let handed = std::fs::read_to_string(world.path("handed")).unwrap();
    assert_eq!(handed, "s3://clips/june/LST-1/01-2.mp4\n");
    let status = world.run(&["status"]).expect(0).stdout;
    assert!(
        status.contains("s3://clips/june/LST-1/01-2.mp4"),
        "{status}"
    );
}

#[test]
fn a_shop_gets_the_clip_from_the_bucket_although_its_link_is_gone() {
    let Some(s3) = S3::start() else { return };
    let bytes = clip("mug", 3000);
    assert_eq!(s3.call("PUT", "/clips/june/MUG-1/01-2.mp4", &bytes).0, 200);
    let world = s3.world(World::new());
    let cdn = Cdn::honest();
    let gone = format!("{}/mug.mp4", cdn.server.url());
    let line = |more: &str| {
        format!(
            "{{\"at\":\"2026-03-12T09:20:00Z\",\"job\":\"5b1f0c9a77d2e318\",\"attempt\":1,\
             \"sku\":\"MUG-1\",\"sandbox\":true,{more}}}\n"
        )
    };
    // The sandbox inside of the command does not know the clip, so no fresh link can be had.
    let id = "\"generation_id\":\"vgen_sandbox_mug\"";
    let log = [
        line(
            "\"status\":\"submitting\",\"request\":{\"prompt\":\"Turn\",\"model\":\"kling-v3\",\"duration\":\"5s\"}",
        ),
        line(&format!(
            "\"status\":\"completed\",{id},\"output_url\":\"{gone}\",\"credits\":5"
        )),
        line(&format!(
            "\"status\":\"downloaded\",{id},\"file\":\"s3://clips/june/MUG-1/01-2.mp4\",\
             \"bytes\":{},\"sha256\":\"{}\"",
            bytes.len(),
            sha256(&bytes)
        )),
    ];
    world.write("sandbox-jobs.jsonl", log.concat());
    let publish = ["publish", "--to", "shopify", "--sandbox", "--json"];
    assert_eq!(world.run(&publish).expect(0).json()["published"], 1);
    // An object that someone has changed is not the clip.
    world.write("sandbox-jobs.jsonl", log.concat());
    std::fs::remove_file(world.path("sandbox-jobs.jsonl.lock")).unwrap();
    let other = clip("cup", 3000);
    assert_eq!(s3.call("PUT", "/clips/june/MUG-1/01-2.mp4", &other).0, 200);
    let run = world.run(&publish);
    assert_ne!(run.code(), 0, "{}", run.stderr);
    assert_eq!(run.json()["published"], 0);
}
