//! Orders that were provably not sent, and addresses of this computer.

use super::*;

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
            PollOutcome::Unavailable {
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
        .arg("vendor::client::tests::not_sent::in_an_environment_without_certificates")
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
