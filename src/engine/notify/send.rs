//! Requests on their way. Addresses of services are secrets, so no error names one.

use reqwest::header::HeaderValue;

use super::{Listeners, Notice, NoticeRequest, TIME_OUT, desktop};
use crate::vendor::{build_transport, is_loopback, root_cause, transport};

/// Sends a notice to all who hear of it, at once. What failed, and why; the rest has arrived.
pub async fn send(listeners: &Listeners, notice: &Notice) -> Vec<String> {
    let requests = listeners.requests(notice);
    let posts = futures::future::join_all(requests.iter().map(post));
    let desktop = async {
        if listeners.shows(notice) {
            let shown = desktop::show(notice).await;
            return shown.err().map(|why| format!("the desktop: {why}"));
        }
        None
    };
    let emails = async {
        match listeners.email(notice) {
            Some(email) => email.send(notice).await,
            None => Vec::new(),
        }
    };
    let (posts, emails, desktop) = futures::future::join3(posts, emails, desktop).await;
    let failed = requests.iter().zip(posts).filter_map(|(request, sent)| {
        let why = sent.err()?;
        Some(format!("{}: {why}", request.what))
    });
    failed.chain(emails).chain(desktop).collect()
}

async fn post(request: &NoticeRequest) -> Result<(), String> {
    let url = url::Url::parse(&request.url).map_err(|_| "its address is not valid".to_owned())?;
    let plain = url.scheme() == "http" && is_loopback(&url);
    let client = transport(plain).timeout(TIME_OUT);
    let client = build_transport(client, "the service").map_err(|error| error.to_string())?;
    let mut post = client.post(url).body(request.body.clone());
    for (name, value) in &request.headers {
        let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
        post = post.header(*name, value);
    }
    let reply = post.send().await;
    let reply = reply.map_err(|error| root_cause(&error.without_url()))?;
    match reply.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("the service answered {status}")),
    }
}
