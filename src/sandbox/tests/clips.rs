use std::time::Duration;

use super::*;
use crate::sandbox::Chance;

fn path(id: &str) -> String {
    format!("/_sandbox/clips/{id}.mp4")
}

#[tokio::test]
async fn a_clip_is_a_video_of_its_own() {
    let sandbox = sandbox(quick()).await;
    let (a, b) = (submit(&sandbox, "a.1").await, submit(&sandbox, "b.1").await);
    // No key is needed, as with a link to a CDN.
    let first = get(&sandbox, &path(&a), "").await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("content-type"), Some("video/mp4"));
    assert_eq!(first.header("accept-ranges"), Some("bytes"));
    let length = first.body.len().to_string();
    assert_eq!(first.header("content-length"), Some(length.as_str()));
    assert_eq!(&first.body[4..8], b"ftyp");
    assert!(first.body.len() < 10_000);

    let second = get(&sandbox, &path(&b), "").await;
    assert_ne!(first.body, second.body);
    assert_ne!(first.header("etag"), second.header("etag"));
    assert_eq!(first.body, get(&sandbox, &path(&a), "").await.body);
}

#[tokio::test]
async fn the_rest_of_a_clip_can_be_fetched() {
    let sandbox = sandbox(quick()).await;
    let path = path(&submit(&sandbox, "a.1").await);
    let whole = get(&sandbox, &path, "").await;
    let etag = whole.header("etag").unwrap();
    let len = whole.body.len();

    let same = format!("\r\nRange: bytes=1000-\r\nIf-Range: {etag}");
    let part = get(&sandbox, &path, &same).await;
    assert_eq!(part.status, 206);
    assert_eq!(part.body, whole.body[1000..]);
    let range = format!("bytes 1000-{}/{len}", len - 1);
    assert_eq!(part.header("content-range"), Some(range.as_str()));
    assert_eq!(part.header("etag"), Some(etag));

    let changed = "\r\nRange: bytes=1000-\r\nIf-Range: \"another\"";
    let all = get(&sandbox, &path, changed).await;
    assert_eq!((all.status, all.body.len()), (200, len));

    let beyond = get(&sandbox, &path, "\r\nRange: bytes=999999-").await;
    assert_eq!(beyond.status, 416);
    let range = format!("bytes */{len}");
    assert_eq!(beyond.header("content-range"), Some(range.as_str()));
}

#[tokio::test]
async fn a_head_request_says_the_length() {
    let sandbox = sandbox(quick()).await;
    let path = path(&submit(&sandbox, "a.1").await);
    let whole = get(&sandbox, &path, "").await;
    let head = exchange(&sandbox, &format!("HEAD {path} HTTP/1.1"), "").await;
    let head = head.unwrap();
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    assert_eq!(
        head.header("content-length"),
        whole.header("content-length")
    );
    assert_eq!(head.header("etag"), whole.header("etag"));
}

#[tokio::test]
async fn there_is_no_clip_before_its_time_nor_of_a_failure() {
    let hands = Hands::new();
    let rendering = sandbox(Options {
        clock: hands.clock(),
        ..Options::default()
    })
    .await;
    let id = submit(&rendering, "a.1").await;
    assert_eq!(get(&rendering, &path(&id), "").await.status, 404);
    hands.forward(3);
    assert_eq!(get(&rendering, &path(&id), "").await.status, 200);
    let wrong_kind = format!("/_sandbox/clips/{id}.mp3");
    assert_eq!(get(&rendering, &wrong_kind, "").await.status, 404);

    let failing = sandbox(Options {
        fail_share: 1.0,
        ..quick()
    })
    .await;
    let id = submit(&failing, "a.1").await;
    assert_eq!(get(&failing, &path(&id), "").await.status, 404);
}

#[tokio::test]
async fn an_expired_link_is_gone_and_a_poll_gives_a_fresh_one() {
    let hands = Hands::new();
    let sandbox = sandbox(Options {
        clock: hands.clock(),
        link_lifetime: Some(Duration::from_secs(60)),
        ..quick()
    })
    .await;
    let id = submit(&sandbox, "a.1").await;
    let mut old = path(&id);
    for _ in 0..3 {
        assert_eq!(get(&sandbox, &old, "").await.status, 200);
        hands.forward(61);
        let gone = get(&sandbox, &old, "").await;
        assert_eq!(gone.status, 410);
        assert_eq!(gone.json()["error"]["type"], "expired");
        let url = poll(&sandbox, &id).await.json()["output_url"].to_string();
        old = url.trim_matches('"')[sandbox.base_url().len()..].to_owned();
    }
}

#[tokio::test]
async fn a_download_can_break_off() {
    let mut options = quick();
    options.clip_bytes = 300_000;
    options.faults.cut_download = Chance::FirstOfEach(1);
    let sandbox = sandbox(options).await;
    let path = path(&submit(&sandbox, "a.1").await);
    let cut = get(&sandbox, &path, "").await;
    assert_eq!(cut.status, 200);
    assert_eq!(cut.header("content-length"), Some("300000"));
    assert!(cut.body.len() < 300_000);
    let rest = format!("\r\nRange: bytes={}-", cut.body.len());
    let rest = get(&sandbox, &path, &rest).await;
    let whole = get(&sandbox, &path, "").await;
    assert_eq!([cut.body, rest.body].concat(), whole.body);
}

#[tokio::test]
async fn a_picture_of_any_name_is_there() {
    let sandbox = sandbox(quick()).await;
    let photo = get(&sandbox, "/_sandbox/photos/living%20room.jpg", "").await;
    assert_eq!(photo.status, 200);
    assert_eq!(photo.header("content-type"), Some("image/svg+xml"));
    assert!(
        String::from_utf8(photo.body)
            .unwrap()
            .contains(">living room<")
    );
}
