use std::{collections::VecDeque, sync::Mutex, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    routing::post as on_post,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::mpsc;

use super::*;
use crate::sandbox::{WebhookFaults, WebhookOptions};

/// A delivery as it arrived.
struct Delivery {
    uri: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Delivery {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn is_signed_with(&self, key: &str) -> bool {
        let hex = self.header("x-creativeai-signature");
        let signature = base16ct::mixed::decode_vec(hex.strip_prefix("sha256=").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(&self.body);
        mac.verify_slice(&signature).is_ok()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Clone)]
struct Desk {
    arrived: mpsc::UnboundedSender<Delivery>,
    replies: Arc<Mutex<VecDeque<u16>>>,
}

/// Receives webhooks, answers with `replies` first and with 200 after that.
struct Receiver {
    url: String,
    arrived: mpsc::UnboundedReceiver<Delivery>,
}

impl Receiver {
    async fn start(replies: &[u16]) -> Self {
        async fn take(
            State(desk): State<Desk>,
            uri: Uri,
            headers: HeaderMap,
            body: Bytes,
        ) -> StatusCode {
            let uri = uri.to_string();
            desk.arrived.send(Delivery { uri, headers, body }).unwrap();
            let reply = desk.replies.lock().unwrap().pop_front().unwrap_or(200);
            StatusCode::from_u16(reply).unwrap()
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/hook?creativeai_job=a.1",
            listener.local_addr().unwrap()
        );
        let (sender, arrived) = mpsc::unbounded_channel();
        let desk = Desk {
            arrived: sender,
            replies: Arc::new(Mutex::new(replies.iter().copied().collect())),
        };
        let router = Router::new().route("/hook", on_post(take)).with_state(desk);
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { url, arrived }
    }

    async fn next(&mut self) -> Delivery {
        // Only there so that a bug fails the test rather than hangs it.
        let next = tokio::time::timeout(Duration::from_secs(60), self.arrived.recv());
        next.await.expect("a delivery").unwrap()
    }

    fn body(&self) -> String {
        BODY.replace('}', &format!(r#","webhook_url":"{}"}}"#, self.url))
    }
}

/// Renders in no time, tries again at once.
fn hasty(faults: WebhookFaults) -> Options {
    Options {
        webhooks: WebhookOptions {
            retry_delays: vec![Duration::ZERO; 3],
            faults,
            ..WebhookOptions::default()
        },
        ..quick()
    }
}

#[test]
fn tries_are_those_that_the_vendor_documents() {
    let options = WebhookOptions::default();
    assert_eq!(options.retry_delays, [0, 5, 30].map(Duration::from_secs));
    assert_eq!(options.timeout, Duration::from_secs(10));
}

#[tokio::test]
async fn the_end_is_reported_as_a_poll_would_say_it_byte_for_byte() {
    let mut receiver = Receiver::start(&[]).await;
    let sandbox = sandbox(hasty(WebhookFaults::default())).await;
    let answer = post(&sandbox, "a.1", &receiver.body()).await.json();
    let id = answer["id"].as_str().unwrap();
    let delivery = receiver.next().await;
    assert_eq!(delivery.uri, "/hook?creativeai_job=a.1");
    assert_eq!(delivery.header("content-type"), "application/json");
    assert_eq!(
        delivery.header("x-creativeai-event"),
        "video.generation.completed"
    );
    assert_eq!(delivery.header("x-creativeai-delivery-id"), id);
    assert!(delivery.is_signed_with("sandbox"));
    assert_eq!(delivery.json().get("image_url"), None);
    assert_eq!(delivery.body, poll(&sandbox, id).await.body);
}

#[tokio::test]
async fn a_failure_has_its_own_event_and_the_key_of_the_job_signs_it() {
    let mut receiver = Receiver::start(&[]).await;
    let sandbox = sandbox(Options {
        any_key: true,
        fail_share: 1.0,
        ..hasty(WebhookFaults::default())
    })
    .await;
    let head = format!("POST {VIDEOS} HTTP/1.1\r\nAuthorization: Bearer rph_live_1");
    exchange(&sandbox, &head, &receiver.body()).await.unwrap();
    let delivery = receiver.next().await;
    assert_eq!(
        delivery.header("x-creativeai-event"),
        "video.generation.failed"
    );
    assert_eq!(delivery.json()["status"], "failed");
    assert!(delivery.is_signed_with("rph_live_1"));
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_and_then_given_up() {
    let mut receiver = Receiver::start(&[500, 302, 204, 500, 500, 500]).await;
    let sandbox = sandbox(hasty(WebhookFaults::default())).await;
    post(&sandbox, "a.1", &receiver.body()).await;
    let first = receiver.next().await;
    for _ in 0..2 {
        assert_eq!(receiver.next().await.body, first.body);
    }
    post(&sandbox, "b.1", &receiver.body()).await;
    for _ in 0..3 {
        assert_ne!(receiver.next().await.body, first.body);
    }
    loop {
        let webhooks = get(&sandbox, "/_sandbox/", "").await.json()["webhooks"].clone();
        if webhooks["given_up"] == 1 {
            assert_eq!(webhooks["delivered"], 1);
            break;
        }
    }
    assert!(receiver.arrived.try_recv().is_err());
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_counts_as_a_miss() {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = hasty(WebhookFaults::default());
    options.webhooks.timeout = Duration::from_millis(1);
    let sandbox = sandbox(options).await;
    let url = format!("http://{}/hook", mute.local_addr().unwrap());
    let body = BODY.replace('}', &format!(r#","webhook_url":"{url}"}}"#));
    post(&sandbox, "a.1", &body).await;
    while get(&sandbox, "/_sandbox/", "").await.json()["webhooks"]["given_up"] != 1 {}
}

#[tokio::test]
async fn deliveries_misbehave_where_that_is_asked_for() {
    let mut receiver = Receiver::start(&[401]).await;
    let sandbox = sandbox(hasty(WebhookFaults {
        duplicate: 1.0,
        out_of_order: 1.0,
        bad_signature: 1.0,
        ..WebhookFaults::default()
    }))
    .await;
    post(&sandbox, "a.1", &receiver.body()).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let delivery = receiver.next().await;
        let status = delivery.json()["status"].as_str().unwrap().to_owned();
        seen.push((delivery.is_signed_with("sandbox"), status));
    }
    let seen: Vec<(bool, &str)> = seen.iter().map(|(ok, s)| (*ok, s.as_str())).collect();
    assert_eq!(
        seen,
        [
            (false, "completed"),
            (true, "completed"),
            (true, "completed"),
            (true, "processing"),
        ]
    );
}

#[tokio::test]
async fn no_one_outside_of_this_machine_is_called() {
    let sandbox = sandbox(hasty(WebhookFaults::default())).await;
    let body = BODY.replace('}', r#","webhook_url":"https://hooks.example.com/w"}"#);
    assert_eq!(post(&sandbox, "a.1", &body).await.status, 202);
    assert_eq!(sandbox.skipped_webhooks(), 1);
}

#[tokio::test]
async fn many_jobs_are_all_reported() {
    let mut receiver = Receiver::start(&[]).await;
    let sandbox = sandbox(Options {
        render_time: Duration::from_millis(20),
        ..hasty(WebhookFaults {
            late: 0.5,
            late_by: Duration::from_millis(20),
            ..WebhookFaults::default()
        })
    })
    .await;
    for n in 0..500 {
        assert_eq!(
            post(&sandbox, &format!("{n}.1"), &receiver.body())
                .await
                .status,
            202
        );
    }
    let mut output = std::collections::HashSet::new();
    for _ in 0..500 {
        output.insert(receiver.next().await.json()["id"].to_string());
    }
    assert_eq!(output.len(), 500);
}
