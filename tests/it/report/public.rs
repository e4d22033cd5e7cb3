//! The page for those who buy.

use serde_json::{Value, json};

use super::{PALE, photos, rehearsed};
use crate::support::browser::{Browser, in_browser};

/// A clip with Content Credentials, which are a box at its end.
fn with_credentials(clip: &std::path::Path) {
    let mut bytes = std::fs::read(clip).unwrap();
    let id = [
        0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4,
        0x81,
    ];
    let content = [&id[..], b"\0\0\0\0manifest\0\0\0\0\0\0\0\0\0\0\0\0\x08jumb"].concat();
    bytes.extend((content.len() as u32 + 8).to_be_bytes());
    bytes.extend(b"uuid");
    bytes.extend(content);
    std::fs::write(clip, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_page_shows_originals_and_clips_and_neither_prompts_nor_costs() {
    let photos = photos();
    let world = rehearsed(&photos);
    let credentialed = world.path("sandbox-videos/LST-2/01-room-6.mp4");
    with_credentials(&credentialed);
    let report = ["report", "--sandbox", "--public", "LST-0", "LST-2"];
    let run = world.run(&report).expect(0);
    assert!(
        run.stderr
            .contains("public page: 6 clips in sandbox-public.html"),
        "{}",
        run.stderr
    );
    let text = std::fs::read_to_string(world.path("sandbox-public.html")).unwrap();
    for hidden in ["Slow pan", "credit", "$", "kling", "vgen_", "Ada", "LST-1"] {
        let shown = text.replace("credentials", "").replace("Credentials", "");
        assert!(
            !shown.split("</style>").nth(1).unwrap().contains(hidden),
            "{hidden}"
        );
    }
    assert!(
        text.contains("California AB 723 and Article 50 of the EU AI Act"),
        "{text}"
    );
    assert_eq!(text.matches("Content Credentials (C2PA)").count(), 1);
    assert!(text.contains("Rehearsal: these clips come from the sandbox"));
    let proof: Value =
        serde_json::from_slice(&std::fs::read(world.path("sandbox-public.json")).unwrap()).unwrap();
    assert_eq!(
        proof["rules"],
        json!(["California AB 723", "EU AI Act, Article 50"])
    );
    let clips = proof["clips"].as_array().unwrap();
    assert_eq!(clips.len(), 6);
    let first = &clips[0];
    let file = std::fs::read(world.path(first["clip"].as_str().unwrap())).unwrap();
    assert_eq!(first["sha256"], crate::support::orders::sha256(&file));
    assert_eq!(first["bytes"], file.len());
    assert_eq!(first["digitally_generated"], true);
    assert_eq!(first["content_credentials"], false);
    assert_eq!(
        first["original"]["address"],
        format!("{}/photos/room-0.svg", photos.url())
    );
    assert!(first["completed_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(clips[3]["content_credentials"], true);
    in_browser(&world.path("home/profile"), async |browser: Browser| {
        for (name, width, is_phone) in [("public-1280", 1280, false), ("public-390", 390, true)] {
            browser.size(width, 1400, is_phone).await;
            browser.open(&world.path("sandbox-public.html")).await;
            browser.until("[...document.querySelectorAll('video')].every(v => v.readyState >= 2)").await;
            browser.until("[...document.querySelectorAll('img')].slice(0, 2).every(i => i.naturalWidth > 0)").await;
            assert_eq!(browser.count("return document.querySelectorAll('svg.code').length;").await, 6);
            let overflow = "return Math.max(0, document.documentElement.scrollWidth - innerWidth);";
            assert_eq!(browser.count(overflow).await, 0);
            assert_eq!(browser.ask(PALE).await, json!({}));
            assert_eq!(browser.count("return document.scripts.length;").await, 0);
            browser.shoot(name).await;
        }
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    })
    .await;

    // In one file, in the user's own words.
    world.write(
        "creativeai.toml",
        "[public]\nrules = \"ab723\"\nstatement = \"Made by computer & checked.\"\n",
    );
    world
        .run(&[&report[..], &["--bundle", "zip"]].concat())
        .expect(0);
    let file = std::fs::File::open(world.path("sandbox-public.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let client = tempfile::tempdir().unwrap();
    archive.extract(client.path()).unwrap();
    // Windows does not replace a file that is open.
    drop(archive);
    let text = std::fs::read_to_string(client.path().join("index.html")).unwrap();
    assert!(text.contains("Made by computer &#38; checked."), "{text}");
    let kept = std::fs::read(client.path().join("clips/LST-2/01-room-6.mp4")).unwrap();
    assert_eq!(
        kept,
        std::fs::read(&credentialed).unwrap(),
        "credentials stay in the clip"
    );
    let proof: Value =
        serde_json::from_slice(&std::fs::read(client.path().join("index.json")).unwrap()).unwrap();
    assert_eq!(proof["rules"], json!(["California AB 723"]));

    let run = world
        .run(&["report", "--sandbox", "--public", "LST-10"])
        .expect(65);
    assert!(
        run.stderr.contains("the log has no clip of LST-10"),
        "{}",
        run.stderr
    );
}
