//! `download --dir s3://...`, against a real S3 server: moto, from the Python package index.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::support::orders::{Order, log_of, sha256};
use crate::support::vendor::{Cdn, clip, nobody, world};
use crate::support::{World, skip};

/// A server of S3's interface. Dropping it ends it.
struct S3 {
    child: Child,
    host: String,
}

impl S3 {
    /// Starts one with the bucket `clips`; `None` where there is none to start.
    fn start() -> Option<Self> {
        // Where `.ci/run` installs it; else wherever Python finds it.
        let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools");
        let mut command = Command::new("python3");
        command
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONPATH", tools)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            skip("python3 is not here");
            return None;
        };
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let host = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, host) = line.split_once("Running on http://")?;
            Some(host.trim().to_owned())
        });
        let Some(host) = host else {
            let _ = child.wait();
            skip("moto is not here: python3 -m pip install --target target/tools 'moto[server]'");
            return None;
        };
        // Whatever more it says is not to block it.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, host };
        assert_eq!(server.call("PUT", "/clips", b"").0, 200);
        Some(server)
    }

    /// One request. Moto wants a signature and does not check it.
    fn call(&self, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
             SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let status = String::from_utf8_lossy(&reply[9..12]).parse().unwrap();
        let end = reply
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        (status, reply.split_off(end + 4))
    }

    fn object(&self, key: &str) -> Vec<u8> {
        let (status, body) = self.call("GET", &format!("/clips/{key}"), b"");
        assert_eq!(status, 200, "{key}");
        body
    }

    /// The keys of all objects.
    fn keys(&self) -> Vec<String> {
        let (_, list) = self.call("GET", "/clips?list-type=2", b"");
        elements(&String::from_utf8(list).unwrap(), "Key")
    }

    /// Uploads that were begun and neither ended nor aborted.
    fn begun(&self) -> usize {
        let (_, list) = self.call("GET", "/clips?uploads", b"");
        elements(&String::from_utf8(list).unwrap(), "UploadId").len()
    }

    /// A world whose credentials are for this server.
    fn world(&self, world: World) -> World {
        world
            .with_var("AWS_ACCESS_KEY_ID", "test")
            .with_var("AWS_SECRET_ACCESS_KEY", "s3cret-key")
            .with_var("AWS_REGION", "us-east-1")
            .with_var("AWS_ENDPOINT_URL", &format!("http://{}", self.host))
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn elements(xml: &str, name: &str) -> Vec<String> {
    let start = format!("<{name}>");
    let parts = xml.split(&start).skip(1);
    let parts = parts.filter_map(|part| part.split('<').next());
    parts.map(str::to_owned).collect()
}

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
    let world = s3.world(world(&nobody(), &log_of(&orders)));
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
        let told = &job["downloaded"];
        let address = told["file"].as_str().unwrap();
        let expected = match n {
            0 => format!("s3://clips/june/LST-0/01-2-{}.mp4", &order.job()[..8]),
            1 => "s3://clips/june/LST-0/02-3.mp4".to_owned(),
            _ => "s3://clips/june/LST-1/01-4.mp4".to_owned(),
        };
        assert_eq!(address, expected);
        let object = s3.object(address.strip_prefix("s3://clips/").unwrap());
        assert_eq!(object, clip(&n.to_string(), sizes[n]));
        assert_eq!(told["sha256"], sha256(&object));
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
        "it may be somebody's"
    );
    world.run(&["download", "--check"]).expect(0);
}

#[test]
fn killed_while_it_uploads_it_goes_on_with_the_next_part_and_shows_no_half_object() {
    let Some(s3) = S3::start() else { return };
    let cdn = Cdn::honest();
    let whole = clip("a", 60_000_000);
    let url = cdn.put("a", whole.clone());
    let world = s3.world(world(&nobody(), &Order::of("LST-1", 2, &url).lines()));
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
        std::thread::yield_now();
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
        std::thread::yield_now();
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
    let world = s3.world(world(&nobody(), &Order::of("LST-1", 2, &url).lines()));
    let run = world
        .run(&["download", "--dir", "s3://nobody/june"])
        .expect(78);
    assert!(
        run.stderr.contains("s3://nobody was not found"),
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
    let world = s3.world(world(&nobody(), &Order::of("LST-1", 2, &url).lines()));
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
            "\"status\":\"completed\",{id},\"output_url\":\"http://127.0.0.1:1/mug.mp4\",\"credits\":5"
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
