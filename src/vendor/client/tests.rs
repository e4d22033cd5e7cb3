//! The client against small servers that do what they are given, byte by byte.

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
async fn a_reset_after_the_request_was_read_is_unknown_and_not_repeated() {
    let server = Server::new(Act::Reset).await;
    let (http_status, error) = unknown(server.submit().await);
    assert_eq!(http_status, None);
    assert!(error.contains(server.base.origin()), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_reset_of_a_connection_used_before_is_unknown_and_not_repeated() {
    let server = Server::with(|number| match number {
        0 => Act::Send(http("202 Accepted", "", ACCEPTED)),
        _ => Act::Reset,
    })
    .await;
    let client = server.client();
    let first = client
        .submit(Endpoint::Video, "k1", "{}", None)
        .await
        .unwrap();
    assert!(matches!(first, Outcome::Accepted { .. }), "{first:?}");
    unknown(
        client
            .submit(Endpoint::Video, "k2", "{}", None)
            .await
            .unwrap(),
    );
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_connection_closed_without_a_word_is_unknown() {
    let server = Server::new(Act::SendAndClose(String::new())).await;
    assert_eq!(unknown(server.submit().await).0, None);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_is_no_http_is_unknown() {
    let server = Server::new(Act::SendAndClose("220 mail.example.com\r\n\r\n".into())).await;
    assert_eq!(unknown(server.submit().await).0, None);
}

#[tokio::test]
async fn a_reply_cut_in_its_middle_is_unknown_with_its_status() {
    let whole = http("202 Accepted", "", ACCEPTED);
    let server = Server::new(Act::SendAndClose(whole[..whole.len() - 5].to_owned())).await;
    let (http_status, error) = unknown(server.submit().await);
    assert_eq!(http_status, Some(202));
    assert!(
        error.contains("cut short") && error.contains("vgen_1"),
        "{error}"
    );
}

#[tokio::test]
async fn a_reply_beyond_the_cap_is_unknown() {
    let long = format!(r#"{{"id":"vgen_1","note":"{}"}}"#, "x".repeat(MAX_REPLY));
    let server = Server::new(Act::SendAndClose(http("202 Accepted", "", &long))).await;
    let (http_status, error) = unknown(server.submit().await);
    assert_eq!(http_status, Some(202));
    assert!(
        error.contains("longer than") && error.len() < 1000,
        "{error}"
    );
}

#[tokio::test]
async fn a_reply_of_exactly_the_cap_is_read() {
    let empty = r#"{"id":"vgen_1","note":""}"#;
    let note = "x".repeat(MAX_REPLY - empty.len());
    let body = empty.replace("\"\"", &format!("\"{note}\""));
    assert_eq!(body.len(), MAX_REPLY);
    let server = Server::new(Act::Send(http("202 Accepted", "", &body))).await;
    let outcome = server.submit().await;
    assert!(matches!(outcome, Outcome::Accepted { .. }));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let server = Server::with(move |number| {
            Act::Send(match number {
                0 => http(status, "location: /elsewhere\r\n", ""),
                _ => http("202 Accepted", "", ACCEPTED),
            })
        })
        .await;
        let (http_status, error) = unknown(server.submit().await);
        assert_eq!(
            http_status.map(|s| s.to_string()).as_deref(),
            Some(&status[..3])
        );
        assert!(error.contains("redirects to /elsewhere"), "{error}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_unknown() {
    let server = Server::new(Act::Silence).await;
    let client = Client::new(ClientOptions {
        request_timeout: Duration::from_millis(50),
        ..options(server.base.clone())
    })
    .unwrap();
    let (http_status, error) = unknown(
        client
            .submit(Endpoint::Video, "k", "{}", None)
            .await
            .unwrap(),
    );
    assert_eq!(http_status, None);
    assert!(error.contains("within 0.05 s"), "{error}");
}

#[tokio::test]
async fn a_reply_that_never_ends_is_unknown_with_its_status() {
    let head = "HTTP/1.1 202 Accepted\r\ncontent-length: 99\r\n\r\n{".to_owned();
    let server = Server::new(Act::Send(head)).await;
    let client = Client::new(ClientOptions {
        request_timeout: Duration::from_millis(200),
        ..options(server.base.clone())
    })
    .unwrap();
    let (http_status, error) = unknown(
        client
            .submit(Endpoint::Video, "k", "{}", None)
            .await
            .unwrap(),
    );
    assert_eq!(http_status, Some(202), "{error}");
}

#[tokio::test]
async fn a_refused_connection_is_provably_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let base = BaseUrl::parse(&format!("http://{address}")).unwrap();
    let client = Client::new(options(base)).unwrap();
    let outcome = client
        .submit(Endpoint::Video, "k", "{}", None)
        .await
        .unwrap();
    let Outcome::NotSent { error } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        error.starts_with("no connection to http://127.0.0.1:"),
        "{error}"
    );
    let poll = client.poll(Endpoint::Video, &id()).await;
    assert!(
        matches!(
            poll,
            PollOutcome::Trouble {
                http_status: None,
                ..
            }
        ),
        "{poll:?}"
    );
}

/// A client for an https address that trusts no one, so that it needs no certificates.
fn https_client(address: &str, connect_timeout: Duration) -> Client {
    let base = BaseUrl::parse(&format!("https://{address}")).unwrap();
    let http = transport(false).tls_certs_only([]).no_proxy();
    Client::over(
        http,
        ClientOptions {
            connect_timeout,
            ..options(base)
        },
    )
    .unwrap()
}

#[tokio::test]
async fn a_tls_handshake_with_a_server_that_speaks_none_is_provably_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        heard
    });
    let client = https_client(&address, Duration::from_secs(10));
    let outcome = client
        .submit(Endpoint::Video, "secret-key", "{}", None)
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::NotSent { .. }), "{outcome:?}");
    drop(client);
    let heard = String::from_utf8_lossy(&server.await.unwrap()).into_owned();
    assert!(
        !heard.contains("POST") && !heard.contains("rph_live"),
        "{heard}"
    );
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_provably_not_sent() {
    let server = Server::new(Act::Silence).await;
    let address = server
        .base
        .origin()
        .trim_start_matches("http://")
        .to_owned();
    let client = https_client(&address, Duration::from_millis(50));
    let outcome = client
        .submit(Endpoint::Video, "k", "{}", None)
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::NotSent { .. }), "{outcome:?}");
}

struct NoNames;

impl reqwest::dns::Resolve for NoNames {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(std::future::ready(Err("no such name".into())))
    }
}

#[tokio::test]
async fn a_name_that_is_not_found_is_provably_not_sent() {
    let base = BaseUrl::parse("https://api.creativeai.run").unwrap();
    let http = transport(false)
        .tls_certs_only([])
        .no_proxy()
        .dns_resolver(NoNames);
    let client = Client::over(http, options(base)).unwrap();
    let outcome = client
        .submit(Endpoint::Video, "k", "{}", None)
        .await
        .unwrap();
    let Outcome::NotSent { error } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(error.contains("no such name"), "{error}");
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
            matches!(outcome, PollOutcome::Trouble { .. }),
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
        matches!(outcome, PollOutcome::Trouble { .. }),
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

#[tokio::test]
async fn localhost_is_this_computer() {
    let server = Server::new(Act::Send(http("202 Accepted", "", ACCEPTED))).await;
    let address = server.base.origin().replace("127.0.0.1", "localhost");
    let client = Client::new(options(BaseUrl::parse(&address).unwrap())).unwrap();
    let outcome = client
        .submit(Endpoint::Video, "k", "{}", None)
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
}

/// Run by the next test in a process of its own, whose environment names no certificates.
#[tokio::test]
#[ignore = "needs an environment without certificates; another test runs it"]
async fn in_an_environment_without_certificates() {
    localhost_works_and_https_is_a_plain_error().await;
}

async fn localhost_works_and_https_is_a_plain_error() {
    let server = Server::new(Act::Send(http("202 Accepted", "", ACCEPTED))).await;
    let outcome = server.submit().await;
    assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    let base = BaseUrl::parse("https://api.creativeai.run").unwrap();
    let error = Client::new(options(base)).unwrap_err();
    assert!(error.0.contains("ca-certificates"), "{error}");
    assert!(error.0.contains("Nothing was sent"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn without_certificates_a_sandbox_works_and_https_is_a_plain_error() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact"])
        .arg("vendor::client::tests::in_an_environment_without_certificates")
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && report.contains("1 passed"),
        "{report}"
    );
}

#[tokio::test]
async fn a_request_is_not_sent_when_it_must_not_be_at_the_moment_of_writing() {
    let server = Server::new(Act::SendAndClose(http("202 Accepted", "", ACCEPTED))).await;
    let client = server.client();
    for allowed in [false, true] {
        let may_send: MaySend = Arc::new(move || allowed);
        let outcome = client
            .submit(Endpoint::Video, "k", r#"{"prompt":"pan"}"#, Some(may_send))
            .await;
        assert_eq!(outcome.is_some(), allowed, "{outcome:?}");
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(requests[0].contains("content-length: 16"), "{requests:?}");
    assert!(requests[0].ends_with(r#"{"prompt":"pan"}"#), "{requests:?}");
}
