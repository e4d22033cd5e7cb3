//! The sandbox as its clients see it: over a socket.

mod clips;
mod faults;
mod polls;
mod submissions;
mod webhooks;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Clock, Options, Sandbox, start};

const VIDEOS: &str = "/v1/video/generations";
const BODY: &str = r#"{"model":"kling-v3","prompt":"slow \"pan\"","image_url":"https://cdn.example.com/a.jpg","duration":"5s","aspect_ratio":"16:9"}"#;

/// A clock that stands still until it is set.
#[derive(Clone)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_773_307_201_006)))
    }

    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    fn clock(&self) -> Clock {
        let hands = self.0.clone();
        Clock::new(move || Timestamp::from_millisecond(hands.load(Ordering::Relaxed)).unwrap())
    }
}

async fn sandbox(options: Options) -> Sandbox {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    start(listener, options).await.unwrap()
}

/// Renders in no time.
fn quick() -> Options {
    Options {
        render_time: std::time::Duration::ZERO,
        processing_share: 0.0,
        ..Options::default()
    }
}

/// What came back over one connection.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends one request; `None` when the connection was closed without a byte.
async fn exchange(sandbox: &Sandbox, head: &str, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(sandbox.addr()).await.unwrap();
    let request = format!(
        "{head}\r\nHost: sandbox\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // A cut connection may show as an end or as an error; what came before it counts.
    let _ = stream.read_to_end(&mut bytes).await;
    if bytes.is_empty() {
        return None;
    }
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    Some(Answer {
        status: head[9..12].parse().unwrap(),
        head,
        body: bytes[end + 4..].to_vec(),
    })
}

async fn get(sandbox: &Sandbox, path: &str, headers: &str) -> Answer {
    exchange(sandbox, &format!("GET {path} HTTP/1.1{headers}"), "")
        .await
        .unwrap()
}

async fn poll(sandbox: &Sandbox, id: &str) -> Answer {
    let path = format!("{VIDEOS}/{id}");
    get(sandbox, &path, "\r\nAuthorization: Bearer sandbox").await
}

async fn try_post(sandbox: &Sandbox, key: &str, body: &str) -> Option<Answer> {
    let head = format!(
        "POST {VIDEOS} HTTP/1.1\r\nAuthorization: Bearer sandbox\r\nIdempotency-Key: {key}"
    );
    exchange(sandbox, &head, body).await
}

async fn post(sandbox: &Sandbox, key: &str, body: &str) -> Answer {
    try_post(sandbox, key, body).await.unwrap()
}

/// Submits [`BODY`] and gives the id.
async fn submit(sandbox: &Sandbox, key: &str) -> String {
    let answer = post(sandbox, key, BODY).await;
    assert_eq!(answer.status, 202);
    answer.json()["id"].as_str().unwrap().to_owned()
}
