use super::*;
use crate::jobs::{Credits, GenerationId};

#[tokio::test]
async fn an_accepted_job_is_answered_with_202_and_listed_in_order() {
    let hands = Hands::new();
    let sandbox = sandbox(Options {
        clock: hands.clock(),
        ..quick()
    })
    .await;
    let first = submit(&sandbox, "a.1").await;
    let second = submit(&sandbox, "b.1").await;
    assert!(GenerationId::parse(&first).unwrap().is_sandbox());

    let listed = get(&sandbox, "/_sandbox/accepted", "").await.json();
    assert_eq!(
        listed[0],
        serde_json::json!({
            "id": first,
            "at": "2026-03-12T09:20:01.006Z",
            "idempotency_key": "a.1",
            "endpoint": VIDEOS,
            "body": serde_json::from_str::<Value>(BODY).unwrap(),
            "credits": 5,
        })
    );
    assert_eq!(listed[1]["id"], second.as_str());
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let accepted = sandbox.accepted();
    assert_eq!(&*accepted[0].body, BODY);
    assert_eq!(accepted[0].credits, Credits::whole(5));
}

#[tokio::test]
async fn the_same_idempotency_key_is_billed_again_as_with_the_vendor() {
    let sandbox = sandbox(quick()).await;
    let first = submit(&sandbox, "a.1").await;
    let second = submit(&sandbox, "a.1").await;
    assert_ne!(first, second);
    assert_eq!(sandbox.accepted().len(), 2);
}

#[tokio::test]
async fn some_jobs_start_as_processing() {
    let sandbox = sandbox(Options {
        processing_share: 1.0,
        ..Options::default()
    })
    .await;
    let answer = post(&sandbox, "a.1", BODY).await;
    assert_eq!(answer.json()["status"], "processing");
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(poll(&sandbox, &id).await.json()["status"], "processing");
}

#[tokio::test]
async fn a_request_without_the_right_key_is_refused() {
    let sandbox = sandbox(quick()).await;
    for auth in [
        "",
        "\r\nAuthorization: Bearer other",
        "\r\nAuthorization: Basic c2FuZGJveA==",
        "\r\nAuthorization: Bearer ",
    ] {
        let head = format!("POST {VIDEOS} HTTP/1.1{auth}");
        let answer = exchange(&sandbox, &head, BODY).await.unwrap();
        assert_eq!(answer.status, 401, "{auth}");
        assert_eq!(answer.json()["error"]["type"], "authentication_error");
        assert!(!answer.json().to_string().contains("other"));
    }
    assert!(sandbox.accepted().is_empty());
}

#[tokio::test]
async fn any_key_is_taken_where_that_is_asked_for() {
    let sandbox = sandbox(Options {
        any_key: true,
        ..quick()
    })
    .await;
    let head = format!("POST {VIDEOS} HTTP/1.1\r\nAuthorization: Bearer rph_live_1");
    assert_eq!(exchange(&sandbox, &head, BODY).await.unwrap().status, 202);
    let head = format!("POST {VIDEOS} HTTP/1.1");
    assert_eq!(exchange(&sandbox, &head, BODY).await.unwrap().status, 401);
}

#[tokio::test]
async fn what_cannot_be_rendered_is_refused_with_a_json_object() {
    let sandbox = sandbox(quick()).await;
    let huge = format!(r#"{{"prompt":"{}"}}"#, "x".repeat(1 << 20));
    for (body, status) in [("[]", 400), (r#"{"model":"m"}"#, 422), (huge.as_str(), 413)] {
        let answer = post(&sandbox, "a.1", body).await;
        assert_eq!(answer.status, status);
        assert!(answer.json()["error"]["message"].is_string());
    }
    assert!(sandbox.accepted().is_empty());
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_refused_with_a_json_object() {
    let sandbox = sandbox(quick()).await;
    for (method, path, status) in [
        ("GET", "/v1/video", 404),
        ("GET", VIDEOS, 405),
        ("DELETE", VIDEOS, 405),
        ("POST", "/_sandbox/accepted", 405),
        ("GET", "/_sandbox/clips/../../etc/passwd", 404),
    ] {
        let head = format!("{method} {path} HTTP/1.1\r\nAuthorization: Bearer sandbox");
        let answer = exchange(&sandbox, &head, "").await.unwrap();
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.json()["error"]["message"].is_string());
    }
}

#[tokio::test]
async fn a_voice_job_has_its_own_address_and_field() {
    let sandbox = sandbox(quick()).await;
    let auth = "\r\nAuthorization: Bearer sandbox";
    let head = format!("POST /api/generate/voice HTTP/1.1{auth}");
    let body = r#"{"text":"Welcome home","voice":"alloy"}"#;
    let answer = exchange(&sandbox, &head, body).await.unwrap();
    assert_eq!(answer.status, 202);
    let id = answer.json()["job_id"].as_str().unwrap().to_owned();

    let path = format!("/api/generate/voice/{id}");
    let polled = get(&sandbox, &path, auth).await.json();
    assert_eq!(polled["status"], "completed");
    assert_eq!(polled["text"], "Welcome home");
    assert_eq!(polled["credits"], 1);
    let clip = format!("/_sandbox/clips/{id}.mp3");
    let url = format!("{}{clip}", sandbox.base_url());
    assert_eq!(polled["output_url"], url.as_str());
    let sound = get(&sandbox, &clip, "").await;
    assert_eq!(sound.header("content-type"), Some("audio/mpeg"));
    assert_eq!(poll(&sandbox, &id).await.status, 404);
}

#[tokio::test]
async fn health_says_what_it_is() {
    let sandbox = sandbox(quick()).await;
    submit(&sandbox, "a.1").await;
    for path in ["/_sandbox/", "/_sandbox"] {
        let health = get(&sandbox, path, "").await.json();
        assert_eq!(health["object"], "sandbox");
        assert_eq!(health["accepted"], 1);
        assert_eq!(health["credits_taken"], 5);
    }
}

#[tokio::test]
async fn once_stopped_no_one_answers() {
    let sandbox = sandbox(quick()).await;
    let addr = sandbox.addr();
    // An idle connection must not hold it.
    let _idle = TcpStream::connect(addr).await.unwrap();
    sandbox.stop().await;
    assert!(TcpStream::connect(addr).await.is_err());
}
