//! Whether photos that are online can be fetched.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::error::Error;

use futures::stream::{self, StreamExt};
use reqwest::header::{CONTENT_TYPE, RANGE};
use reqwest::{Client, Response, StatusCode, Url};

use crate::manifest::picture;
use crate::vendor::root_cause;

/// Photos looked at at the same time.
const CONCURRENCY: usize = 8;

/// Why a photo cannot be fetched.
pub enum FetchProblem {
    /// Its host, which has this name, cannot be found.
    Host(String),
    /// It may be there later.
    Temporary(String),
    /// It is not there, or is not a photo.
    Wrong(String),
}

/// Looks at photos, and gives in their order what is wrong with each. Those are left out that it has not
/// come to when the time is `over`.
pub async fn look_at(
    urls: impl Iterator<Item = &String>,
    client: &Client,
    over: impl Future<Output = ()>,
) -> Vec<Result<(), FetchProblem>> {
    let nowhere = RefCell::new(BTreeSet::new());
    let nowhere = &nowhere;
    let looks = stream::iter(urls).map(|url| async move {
        let host = Url::parse(url).ok();
        let host = host.and_then(|url| Some(url.host_str()?.to_owned()));
        let host = host.unwrap_or_default();
        // Each host is looked up once.
        if nowhere.borrow().contains(&host) {
            return Err(FetchProblem::Host(host));
        }
        let looked = look(client, url, &host).await;
        if matches!(looked, Err(FetchProblem::Host(_))) {
            nowhere.borrow_mut().insert(host);
        }
        looked
    });
    let looks = looks.buffered(CONCURRENCY);
    looks.take_until(std::pin::pin!(over)).collect().await
}

/// Whether a photo is there, and is one: its first bytes say so.
async fn look(client: &Client, url: &str, host: &str) -> Result<(), FetchProblem> {
    let reply = ask(client, url, host).await?;
    match reply.status() {
        // There is no first byte to be had of an empty file.
        StatusCode::RANGE_NOT_SATISFIABLE => {
            return Err(FetchProblem::Wrong(picture::EMPTY.to_owned()));
        }
        status if !status.is_success() => {
            return Err(FetchProblem::Wrong(format!("the server answers {status}")));
        }
        _ => {}
    }
    let kind = reply.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let head = head_of(reply).await?;
    picture::judge(&head, kind.as_deref()).map_err(FetchProblem::Wrong)
}

/// As many first bytes as report what a file is; a server may send all of it.
async fn head_of(mut reply: Response) -> Result<Vec<u8>, FetchProblem> {
    let mut head = Vec::new();
    while head.len() < picture::HEAD {
        let chunk = reply.chunk().await;
        match chunk.map_err(|error| FetchProblem::Temporary(root_cause(&error)))? {
            Some(chunk) => head.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok(head)
}

async fn ask(client: &Client, url: &str, host: &str) -> Result<Response, FetchProblem> {
    // Signed addresses are often good for GET only, so there is no HEAD before it.
    let first = format!("bytes=0-{}", picture::HEAD - 1);
    let reply = client.get(url).header(RANGE, first).send().await;
    // The network may be back in a minute; an address that is wrong will not.
    reply.map_err(|error| {
        if is_about_the_name(&error) {
            FetchProblem::Host(host.to_owned())
        } else if error.is_builder() {
            FetchProblem::Wrong(root_cause(&error))
        } else {
            FetchProblem::Temporary(root_cause(&error))
        }
    })
}

/// Whether the look-up of the host's name failed. The client says that in words only.
fn is_about_the_name(error: &reqwest::Error) -> bool {
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.any(|cause| cause.to_string().starts_with("dns error"))
}
