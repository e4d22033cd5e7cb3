//! The client against small servers that do what they are given, byte by byte.

mod not_sent;
mod unknown;

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::jobs::Status;

const ACCEPTED: &str = r#"{"id":"vgen_1","status":"processing"}"#;

/// What a server does once it has read a request.
#[derive(Clone)]
enum Act {
    /// Sends these bytes and keeps the connection.
    Send(String),
    /// Sends these bytes and closes.
    SendAndClose(String),
    /// Resets the connection.
    Reset,
    /// Never answers.
    Silence,
}

struct Server {
    base: BaseUrl,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Does `act` for every request.
    async fn new(act: Act) -> Self {
        Self::with(move |_| act.clone()).await
    }

    /// Asks `act` what to do with the nth request, from 0.
    async fn with(act: impl Fn(usize) -> Act + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let requests = seen.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(converse(stream, requests.clone(), act.clone()));
            }
        });
        Self {
            base: BaseUrl::parse(&format!("http://{address}")).unwrap(),
            seen,
            task,
        }
    }

    fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn client(&self) -> Client {
        Client::new(options(self.base.clone())).unwrap()
    }

    async fn submit(&self) -> Outcome {
        self.client()
            .submit(
                Endpoint::Video,
                "5b1f0c9a77d2e318.1",
                r#"{"prompt":"pan"}"#,
                None,
            )
            .await
            .unwrap()
    }

    async fn poll(&self) -> PollOutcome {
        self.client().poll(Endpoint::Video, &id()).await
    }
}

async fn converse(
    mut stream: TcpStream,
    seen: Arc<Mutex<Vec<String>>>,
    act: impl Fn(usize) -> Act,
) {
    while let Some(request) = read_request(&mut stream).await {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request);
            seen.len() - 1
        };
        match act(number) {
            Act::Send(reply) => stream.write_all(reply.as_bytes()).await.unwrap(),
            Act::SendAndClose(reply) => {
                // The client may have gone in the middle of a reply it will not read.
                let _ = stream.write_all(reply.as_bytes()).await;
                return;
            }
            Act::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
            Act::Silence => {
                let _ = stream.read(&mut [0]).await;
                return;
            }
        }
    }
}

/// One request, head and body; `None` when the client has closed.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

fn options(base: BaseUrl) -> ClientOptions {
    ClientOptions {
        base,
        key: ApiKey::new("rph_live_1"),
        connect_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(60),
        voice_poll_path: None,
    }
}

fn id() -> GenerationId {
    GenerationId::parse("vgen_1").unwrap()
}

fn unknown(outcome: Outcome) -> (Option<u16>, String) {
    match outcome {
        Outcome::Unknown { http_status, error } => (http_status, error),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_accepted_post_carries_the_documented_headers_and_body() {
    let server = Server::new(Act::Send(http("202 Accepted", "", ACCEPTED))).await;
    let outcome = server.submit().await;
    let Outcome::Accepted {
        id,
        status,
        warning,
        ..
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        (id.as_str(), status, warning),
        ("vgen_1", Status::Processing, None)
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert!(
        request.starts_with("POST /v1/video/generations HTTP/1.1\r\n"),
        "{request}"
    );
    for header in [
        "authorization: Bearer rph_live_1",
        "content-type: application/json",
        "idempotency-key: 5b1f0c9a77d2e318.1",
        concat!("user-agent: creativeai/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(
            request.contains(&format!("\r\n{header}\r\n")),
            "{header} in {request}"
        );
    }
    assert!(
        request.ends_with("\r\n\r\n{\"prompt\":\"pan\"}"),
        "{request}"
    );
}

#[tokio::test]
async fn without_a_key_there_is_no_authorization() {
    let server = Server::new(Act::Send(http("401 Unauthorized", "", ""))).await;
    let client = Client::new(ClientOptions {
        key: None,
        ..options(server.base.clone())
    })
    .unwrap();
    let outcome = client
        .submit(Endpoint::Voice, "k", "{}", None)
        .await
        .unwrap();
    assert!(
        matches!(
            outcome,
            Outcome::Denied {
                http_status: 401,
                ..
            }
        ),
        "{outcome:?}"
    );
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("POST /api/generate/voice HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(!request.contains("authorization"), "{request}");
}

#[tokio::test]
async fn throttling_says_how_long_to_wait() {
    let server = Server::new(Act::Send(http(
        "503 Service Unavailable",
        "date: Thu, 12 Mar 2026 09:20:00 GMT\r\nretry-after: Thu, 12 Mar 2026 09:20:30 GMT\r\n",
        "<h1>Busy</h1>",
    )))
    .await;
    assert_eq!(
        server.submit().await,
        Outcome::Throttled {
            http_status: 503,
            retry_after: Some(Duration::from_secs(30)),
            error: "HTTP 503: Busy".to_owned(),
        }
    );
}

#[tokio::test]
async fn the_key_is_blotted_out_of_what_the_server_says() {
    let body = r#"{"error":"no such key: rph_live_1"}"#;
    let server = Server::new(Act::Send(http("422 Unprocessable", "", body))).await;
    assert_eq!(
        server.submit().await,
        Outcome::Refused {
            http_status: 422,
            error: "HTTP 422: no such key: [key]".to_owned(),
        }
    );
    assert!(!format!("{:?}", server.client()).contains("rph_live"));
}

#[tokio::test]
async fn a_poll_asks_for_the_id_and_reads_where_it_stands() {
    let body = r#"{"id":"vgen_1","status":"completed","output_url":"https://cdn/x.mp4"}"#;
    let server = Server::new(Act::Send(http("200 OK", "", body))).await;
    let outcome = server.poll().await;
    let PollOutcome::Seen { status, body } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(status, Status::Completed);
    assert_eq!(
        body.payload().output_url().unwrap().as_str(),
        "https://cdn/x.mp4"
    );
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("GET /v1/video/generations/vgen_1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains("authorization: Bearer"), "{request}");
}

#[tokio::test]
async fn a_poll_of_another_id_or_a_broken_reply_is_trouble() {
    let other = http("200 OK", "", r#"{"id":"vgen_2","status":"completed"}"#);
    for act in [
        Act::SendAndClose(other.clone()),
        Act::SendAndClose(other[..other.len() - 1].to_owned()),
        Act::Reset,
        Act::Send(http("302 Found", "location: /x\r\n", "")),
    ] {
        let server = Server::new(act).await;
        let outcome = server.poll().await;
        assert!(
            matches!(outcome, PollOutcome::Unavailable { .. }),
            "{outcome:?}"
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_voice_is_polled_only_where_a_path_is_set() {
    let server = Server::new(Act::Send(http("200 OK", "", r#"{"status":"pending"}"#))).await;
    let client = server.client();
    assert!(client.can_poll(Endpoint::Video) && !client.can_poll(Endpoint::Voice));
    let outcome = client.poll(Endpoint::Voice, &id()).await;
    assert!(
        matches!(outcome, PollOutcome::Unavailable { .. }),
        "{outcome:?}"
    );
    assert!(server.requests().is_empty());

    let client = Client::new(ClientOptions {
        voice_poll_path: Some("/api/generate/voice/{id}?full=1".to_owned()),
        ..options(server.base.clone())
    })
    .unwrap();
    let outcome = client.poll(Endpoint::Voice, &id()).await;
    assert!(matches!(outcome, PollOutcome::Seen { .. }), "{outcome:?}");
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("GET /api/generate/voice/vgen_1?full=1 HTTP"),
        "{request}"
    );
}

#[test]
fn a_voice_path_that_leaves_the_base_or_names_no_id_is_refused() {
    for base in ["http://127.0.0.1:1", "http://127.0.0.1"] {
        for path in [
            "",
            "/voice",
            "voice/{id}",
            "@evil.example.com/{id}",
            ":81/{id}",
        ] {
            let result = Client::new(ClientOptions {
                voice_poll_path: Some(path.to_owned()),
                ..options(BaseUrl::parse(base).unwrap())
            });
            assert!(result.is_err(), "{path}");
        }
    }
}
