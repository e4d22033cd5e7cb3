//! Orders of which it is not known whether they were accepted.

use super::*;

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
