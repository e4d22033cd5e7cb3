//! Whether the photos of a manifest can be fetched.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use reqwest::header::{CONTENT_TYPE, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode};

use super::{Findings, TOLD};
use crate::api::{build_transport, root_cause, transport};
use crate::exit::Code;
use crate::output::escape::escape;
use crate::output::words;
use crate::settings::Settings;

/// Photos looked at at the same time.
const CONCURRENCY: usize = 8;
/// Redirects followed on the way to a photo.
const REDIRECTS: usize = 5;

/// Looks whether each photo can be fetched.
pub(super) async fn check_photos(
    photos: &BTreeSet<String>,
    settings: &Settings,
    findings: &mut Findings,
) {
    if photos.is_empty() {
        return;
    }
    if settings.sandbox {
        return findings.skip("photos", "not looked at in a rehearsal");
    }
    let client = transport(photos.iter().all(|url| url.starts_with("http://")))
        .redirect(Policy::limited(REDIRECTS))
        .connect_timeout(settings.network.connect_timeout)
        .timeout(settings.network.request_timeout);
    let client = match build_transport(client, "the photos") {
        Ok(client) => client,
        Err(error) => return findings.problem("photos", Code::Config, escape(&error.to_string())),
    };
    let nowhere = Hosts::default();
    let looks = stream::iter(photos)
        .map(|url| {
            let (client, nowhere) = (&client, &nowhere);
            async move {
                let result = look_unless(nowhere, client, url).await;
                result.err().map(|why| (url, why))
            }
        })
        .buffered(CONCURRENCY);
    let over = async {
        match settings.network.timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let seen: Vec<_> = looks.take_until(std::pin::pin!(over)).collect().await;
    let unseen = photos.len() - seen.len();
    let all_found = seen.iter().flatten().next().is_none();
    for (host, photos) in nowhere.into_inner() {
        findings.problem(
            "photos",
            Code::Temporary,
            format_args!(
                "no network, or no such host: {} ({})",
                escape(&host),
                words::count(photos, "photo")
            ),
        );
    }
    let missing: Vec<_> = seen
        .into_iter()
        .flatten()
        .filter_map(|(url, missed)| Some((url, missed?)))
        .collect();
    for (url, (code, why)) in missing.iter().take(TOLD) {
        findings.problem(
            "photos",
            *code,
            format_args!("{}: {}", escape(url), escape(why)),
        );
    }
    if missing.len() > TOLD {
        let more = missing.len() - TOLD;
        findings.problem("photos", Code::Data, format_args!("and {more} more"));
    } else if all_found && unseen == 0 {
        let all = words::count(photos.len() as u64, "photo");
        findings.pass("photos", format_args!("{all} can be fetched"));
    }
    if unseen > 0 {
        findings.problem(
            "photos",
            Code::Temporary,
            format_args!(
                "{} not looked at: --timeout has passed",
                words::count(unseen as u64, "photo")
            ),
        );
    }
}

/// Hosts that cannot be found, and how many photos are said to be there. One problem, told once.
type Hosts = RefCell<BTreeMap<String, u64>>;

/// Looks at a photo unless its host is known to be nowhere. `None` is for a host that is counted
/// in `nowhere`.
async fn look_unless(
    nowhere: &Hosts,
    client: &Client,
    url: &str,
) -> Result<(), Option<(Code, String)>> {
    let host = reqwest::Url::parse(url)
        .ok()
        .and_then(|url| Some(url.host_str()?.to_owned()))
        .unwrap_or_default();
    if let Some(photos) = nowhere.borrow_mut().get_mut(&host) {
        *photos += 1;
        return Err(None);
    }
    look(client, url).await.map_err(|missed| match missed {
        Missed::Host => {
            *nowhere.borrow_mut().entry(host).or_default() += 1;
            None
        }
        Missed::Photo(code, why) => Some((code, why)),
    })
}

/// Why a photo cannot be fetched.
enum Missed {
    /// Its host cannot be found.
    Host,
    /// Anything about the photo itself.
    Photo(Code, String),
}

/// Whether a photo is there: its head, or its first byte where the server knows no heads.
async fn look(client: &Client, url: &str) -> Result<(), Missed> {
    let reply = ask(client, Method::HEAD, url).await?;
    let reply = match reply.status() {
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED | StatusCode::FORBIDDEN => {
            ask(client, Method::GET, url).await?
        }
        _ => reply,
    };
    if !reply.status().is_success() {
        let why = format!("the server answers {}", reply.status());
        return Err(Missed::Photo(Code::Data, why));
    }
    let kind = reply
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    match kind {
        Some(kind)
            if kind.starts_with("image/") || kind.starts_with("application/octet-stream") =>
        {
            Ok(())
        }
        Some(kind) => {
            let why = format!("it is no image but {kind}");
            Err(Missed::Photo(Code::Data, why))
        }
        None => Ok(()),
    }
}

async fn ask(client: &Client, method: Method, url: &str) -> Result<Response, Missed> {
    let mut request = client.request(method.clone(), url);
    if method == Method::GET {
        request = request.header(RANGE, "bytes=0-0");
    }
    // The network may be back in a minute; an address that is wrong will not.
    request.send().await.map_err(|e| {
        if is_about_the_name(&e) {
            return Missed::Host;
        }
        let code = if e.is_builder() {
            Code::Data
        } else {
            Code::Temporary
        };
        Missed::Photo(code, root_cause(&e))
    })
}

/// Whether the look-up of the host's name failed. The client tells that in words only.
fn is_about_the_name(error: &reqwest::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.to_string().starts_with("dns error") {
            return true;
        }
        source = cause.source();
    }
    false
}
