//! The receiver over real sockets.

use std::net::SocketAddr;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::vendor::ApiKey;
use crate::webhook::{SIGNATURE_HEADER, sign};

const BODY: &str = r#"{"id":"vgen_1","status":"completed"}"#;
/// Longer than any test takes.
const NEVER: Duration = Duration::from_secs(3600);
/// For what is meant to time out.
const SOON: Duration = Duration::from_millis(20);

#[derive(Clone, Default)]
struct Memory {
    lines: Arc<Mutex<Vec<String>>>,
    full: bool,
    /// Held by a test that wants a delivery to stay in flight.
    gate: Arc<tokio::sync::Mutex<()>>,
    /// Reports that a delivery has come in.
    entered: Arc<tokio::sync::Notify>,
}

impl Sink for Memory {
    async fn keep(&self, capture: &Capture<'_>) -> anyhow::Result<()> {
        self.entered.notify_one();
        let _open = self.gate.lock().await;
        anyhow::ensure!(!self.full, "disk full");
        self.lines.lock().unwrap().push(capture.to_envelope_line());
        Ok(())
    }
}

struct Server {
    addr: SocketAddr,
    sink: Memory,
    events: Arc<Mutex<Vec<String>>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<Stats>>,
}

fn options(keys: &[ApiKey]) -> ReceiverOptions {
    ReceiverOptions {
        path: "/h".to_owned(),
        header_timeout: NEVER,
        body_timeout: NEVER,
        keys: VerifyKeys::new(keys),
        now: || jiff::Timestamp::UNIX_EPOCH,
        ..ReceiverOptions::default()
    }
}

async fn start(options: ReceiverOptions, sink: Memory) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let on_event = move |event: ReceiverEvent<'_>| {
        seen.lock().unwrap().push(match event {
            ReceiverEvent::Kept(capture) => format!("kept {}", capture.body.bytes().len()),
            ReceiverEvent::Refused(refusal) => format!("{refusal:?}"),
            ReceiverEvent::Astray(path) => format!("astray: {path}"),
            ReceiverEvent::Failed(e) => e.to_string(),
        });
    };
    let shutdown = async {
        let _ = stopped.await;
    };
    let task = tokio::spawn(serve(listener, options, sink.clone(), on_event, shutdown));
    Server {
        addr,
        sink,
        events,
        stop,
        task,
    }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    /// Sends bytes on a connection of their own and reads all that is answered.
    async fn send(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        read_all(&mut stream).await
    }

    async fn stop(self) -> Stats {
        let _ = self.stop.send(());
        self.task.await.unwrap().unwrap()
    }

    fn lines(&self) -> Vec<String> {
        self.sink.lines.lock().unwrap().clone()
    }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset after the answer is as good as its end.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn key() -> ApiKey {
    ApiKey::new("rph_live_test").unwrap()
}

fn post(url: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let len = body.len();
    let mut bytes = format!(
        "POST {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len}\r\n{headers}\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn signed(body: &[u8]) -> Vec<u8> {
    let header = format!("X-CreativeAI-Signature: {}\r\n", sign(&key(), body));
    post("/h?creativeai_job=5b1f0c9a77d2e318.1", &header, body)
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or("none")
}

#[tokio::test]
async fn a_signed_delivery_is_kept_before_it_is_answered() {
    let server = start(options(&[key()]), Memory::default()).await;
    assert_eq!(status(&server.send(&signed(BODY.as_bytes())).await), "200");
    let lines = server.lines();
    assert_eq!(lines.len(), 1);
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line["v"], 1);
    assert_eq!(line["received_at"], "1970-01-01T00:00:00.000Z");
    assert_eq!(line["method"], "POST");
    assert_eq!(line["url"], "/h?creativeai_job=5b1f0c9a77d2e318.1");
    assert_eq!(line["body"], BODY);
    let signature = sign(&key(), BODY.as_bytes());
    assert_eq!(line["headers"][SIGNATURE_HEADER], signature);
    assert_eq!(*server.events.lock().unwrap(), ["kept 36"]);
}

#[tokio::test]
async fn with_a_key_a_bad_signature_gets_401_and_is_not_kept() {
    let server = start(options(&[key()]), Memory::default()).await;
    let wrong = post(
        "/h",
        "X-CreativeAI-Signature: sha256=00\r\n",
        BODY.as_bytes(),
    );
    let missing = post("/h", "", BODY.as_bytes());
    assert_eq!(status(&server.send(&wrong).await), "401");
    assert_eq!(status(&server.send(&missing).await), "401");
    assert!(server.lines().is_empty());
    assert_eq!(*server.events.lock().unwrap(), ["Signature", "Unsigned"]);
    let stats = server.stop().await;
    assert_eq!((stats.kept, stats.unsigned), (0, 2));
}

#[tokio::test]
async fn without_a_key_everything_is_kept_byte_for_byte() {
    let server = start(options(&[]), Memory::default()).await;
    for body in [&b"\xff\x00\n"[..], b"", b"hello"] {
        assert_eq!(status(&server.send(&post("/h", "", body)).await), "200");
    }
    let bodies: Vec<_> = server
        .lines()
        .iter()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            (line["body"].clone(), line["body_b64"].clone())
        })
        .collect();
    assert_eq!(bodies[0].1, "/wAK");
    assert_eq!(bodies[1].0, "");
    assert_eq!(bodies[2].0, "hello");
}

#[tokio::test]
async fn a_signed_body_that_is_no_json_and_a_duplicate_are_kept() {
    let server = start(options(&[key()]), Memory::default()).await;
    for _ in 0..2 {
        assert_eq!(status(&server.send(&signed(b"<html>")).await), "200");
    }
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn other_methods_and_paths_are_refused() {
    let server = start(options(&[]), Memory::default()).await;
    let get = "GET /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = server.send(get.as_bytes()).await.to_ascii_lowercase();
    assert_eq!(status(&answer), "405");
    assert!(answer.contains("\r\nallow: post\r\n"), "{answer}");
    for path in ["/", "/hh", "/h/", "/H", "/%68"] {
        let answer = server.send(&post(path, "", b"{}")).await;
        assert_eq!(status(&answer), "404", "{path}");
    }
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_body_over_the_limit_gets_413_however_it_is_sent() {
    let mut options = options(&[]);
    options.body_limit = 1000;
    let server = start(options, Memory::default()).await;
    let most = vec![b'x'; 1000];
    let more = vec![b'x'; 1001];
    assert_eq!(status(&server.send(&post("/h", "", &most)).await), "200");
    assert_eq!(status(&server.send(&post("/h", "", &more)).await), "413");
    let mut chunked =
        b"POST /h HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n".to_vec();
    chunked.extend_from_slice(&more);
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    assert_eq!(status(&server.send(&chunked).await), "413");
    let waiting =
        "POST /h HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9999\r\n\r\n";
    assert_eq!(status(&server.send(waiting.as_bytes()).await), "413");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_sink_that_fails_is_answered_503_so_that_the_vendor_tries_again() {
    let sink = Memory {
        full: true,
        ..Memory::default()
    };
    let server = start(options(&[]), sink).await;
    assert_eq!(status(&server.send(&post("/h", "", b"{}")).await), "503");
    assert_eq!(*server.events.lock().unwrap(), ["disk full"]);
    assert_eq!(server.stop().await.failed, 1);
}

#[tokio::test]
async fn slow_heads_and_idle_connections_are_closed() {
    let mut options = options(&[]);
    options.header_timeout = SOON;
    let server = start(options, Memory::default()).await;
    for begun in ["", "POST /h HTT", "POST /h HTTP/1.1\r\nHost: x\r\n"] {
        let answer = server.send(begun.as_bytes()).await;
        assert!(status(&answer) != "200", "{answer}");
    }
    // A whole request is answered; the silence after it closes the connection.
    let kept = "POST /h HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
    assert_eq!(status(&server.send(kept.as_bytes()).await), "200");
}

#[tokio::test]
async fn a_slow_body_gets_408_and_is_not_kept() {
    let mut options = options(&[]);
    options.body_timeout = SOON;
    let server = start(options, Memory::default()).await;
    let begun = "POST /h HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{\"id\":";
    assert_eq!(status(&server.send(begun.as_bytes()).await), "408");
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn hostile_requests_leave_the_receiver_standing() {
    let server = start(options(&[key()]), Memory::default()).await;
    let long = format!("POST /h HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(HEAD_LIMIT));
    let many = format!("POST /h HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(500));
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GARBAGE\r\n\r\n",
        b"POST /h HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /h HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST * HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"POST /h HTTP/1.1\r\nConnection: close\r\nX-CreativeAI-Signature: \xff\xfe\r\n\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ] {
        let mut stream = server.connect().await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let answer = read_all(&mut stream).await;
        assert!(status(&answer) != "200", "{answer}");
    }
    assert_eq!(status(&server.send(&signed(b"{}")).await), "200");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn connections_are_bounded_and_the_next_one_waits_for_its_turn() {
    let mut options = options(&[]);
    options.max_connections = 1;
    let server = start(options, Memory::default()).await;
    let mut first = server.connect().await;
    let request = "POST /h HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
    first.write_all(request.as_bytes()).await.unwrap();
    let mut begin = [0; 12];
    first.read_exact(&mut begin).await.unwrap();
    // The first is kept alive, so the second is not served until it ends.
    let mut second = server.connect().await;
    second.write_all(&post("/h", "", b"2")).await.unwrap();
    first.write_all(request.as_bytes()).await.unwrap();
    let mut rest = [0; 200];
    assert!(first.read(&mut rest).await.unwrap() > 0);
    assert!(
        !server
            .lines()
            .iter()
            .any(|line| line.contains("\"body\":\"2\""))
    );
    drop(first);
    assert_eq!(status(&read_all(&mut second).await), "200");
}

#[tokio::test]
async fn a_stop_lets_what_is_in_flight_have_its_answer() {
    let sink = Memory::default();
    let gate = Arc::clone(&sink.gate).lock_owned().await;
    let server = start(options(&[]), sink).await;
    let mut idle = server.connect().await;
    let mut stream = server.connect().await;
    let kept_alive = "POST /h HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
    stream.write_all(kept_alive.as_bytes()).await.unwrap();
    server.sink.entered.notified().await;
    let addr = server.addr;
    let _ = server.stop.send(());
    assert_eq!(read_all(&mut idle).await, "", "closed without an answer");
    assert!(TcpStream::connect(addr).await.is_err(), "still listening");
    drop(gate);
    assert_eq!(status(&read_all(&mut stream).await), "200");
    let stats = server.task.await.unwrap().unwrap();
    assert_eq!((stats.kept, stats.refused), (1, 0));
}
