//! Whether the photos of a manifest can be fetched.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use reqwest::header::{CONTENT_TYPE, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use super::findings::{Findings, MOST_SHOWN};
use crate::commands::photos;
use crate::exit::Code;
use crate::manifest::{LocalPhoto, picture};
use crate::output::words;
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{build_transport, root_cause, transport};

/// Photos looked at at the same time.
const CONCURRENCY: usize = 8;
/// Redirects followed on the way to a photo.
const REDIRECTS: usize = 5;

/// The first row that wants a photo, and how many do.
pub struct Wanted {
    pub line: u64,
    pub id: String,
    pub rows: u64,
}

/// The photos of a manifest.
#[derive(Default)]
pub struct Photos {
    /// Those that are online, by their addresses.
    pub online: BTreeMap<String, Wanted>,
    /// Those on this computer, by the names that they are uploaded under.
    pub local: BTreeMap<String, Arc<LocalPhoto>>,
}

/// Looks whether each photo can be fetched.
pub(super) async fn check_photos(
    photos: &BTreeMap<String, Wanted>,
    settings: &Settings,
    findings: &mut Findings,
) {
    if photos.is_empty() {
        return;
    }
    if settings.sandbox {
        return findings.skip("photos", "not looked at in a rehearsal");
    }
    let client = transport(photos.keys().all(|url| url.starts_with("http://")))
        .redirect(Policy::limited(REDIRECTS))
        .connect_timeout(settings.network.connect_timeout)
        .timeout(settings.network.request_timeout);
    let client = match build_transport(client, "the photos") {
        Ok(client) => client,
        Err(error) => return findings.problem("photos", Code::Config, escape(&error.to_string())),
    };
    let nowhere = Hosts::default();
    let looks = stream::iter(photos)
        .map(|(url, wanted)| {
            let (client, nowhere) = (&client, &nowhere);
            async move {
                let result = look_unless(nowhere, client, url).await;
                result.err().map(|why| (url, wanted, why))
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
        .filter_map(|(url, wanted, missed)| Some((url, wanted, missed?)))
        .collect();
    for (url, wanted, (code, why)) in missing.iter().take(MOST_SHOWN) {
        findings.problem(
            "photos",
            *code,
            format_args!("{}: {}: {}", place(wanted), escape(url), escape(why)),
        );
    }
    if missing.len() > MOST_SHOWN {
        let more = missing.len() - MOST_SHOWN;
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

/// Says how many photos on this computer are to be uploaded, and whether their bucket can be used. Their
/// sizes and kinds were looked at when the sheet was read.
pub(super) async fn check_local(
    local: BTreeMap<String, Arc<LocalPhoto>>,
    settings: &Settings,
    findings: &mut Findings,
) {
    if local.is_empty() {
        return;
    }
    let local: Vec<_> = local.into_values().collect();
    let bytes = local.iter().map(|photo| photo.bytes).sum();
    let all = format!(
        "{} on this computer, {}",
        words::count(local.len() as u64, "photo"),
        words::bytes(bytes)
    );
    if settings.sandbox {
        return findings.skip("photos", format_args!("{all}; a rehearsal uploads nothing"));
    }
    match photos::present(&local, settings).await {
        Ok((address, present)) => findings.pass(
            "photos",
            format_args!(
                "{all}; {} to be uploaded to {}, {} there",
                words::number(local.len() as u64 - present),
                escape(&address),
                words::number(present),
            ),
        ),
        Err(failure) => findings.failure("photos", &failure),
    }
}

/// Hosts that cannot be found, and how many photos are reported to be there. One problem, reported once.
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

/// Where a photo is wanted: `line 7 (LST-1001)`, `line 7 (LST-1001) and 2 more`.
fn place(wanted: &Wanted) -> String {
    let more = match wanted.rows {
        0 | 1 => String::new(),
        rows => format!(" and {} more", words::number(rows - 1)),
    };
    format!("line {} ({}){more}", wanted.line, escape(&wanted.id))
}

/// Whether a photo is there, and is one: its first bytes say so.
async fn look(client: &Client, url: &str) -> Result<(), Missed> {
    let reply = ask(client, url).await?;
    let bad = |why: String| Err(Missed::Photo(Code::Data, why));
    match reply.status() {
        // There is no first byte to be had of an empty file.
        StatusCode::RANGE_NOT_SATISFIABLE => return bad(picture::EMPTY.to_owned()),
        status if !status.is_success() => return bad(format!("the server answers {status}")),
        _ => {}
    }
    let kind = reply
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .map(str::to_owned);
    let head = head_of(reply).await?;
    picture::judge(&head, kind.as_deref()).or_else(bad)
}

/// As many first bytes as report what a file is; a server may send all of it.
async fn head_of(mut reply: Response) -> Result<Vec<u8>, Missed> {
    let mut head = Vec::new();
    while head.len() < picture::HEAD {
        let chunk = reply.chunk().await;
        match chunk.map_err(|e| Missed::Photo(Code::Temporary, root_cause(&e)))? {
            Some(chunk) => head.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok(head)
}

async fn ask(client: &Client, url: &str) -> Result<Response, Missed> {
    // Signed addresses are often good for GET only, so there is no HEAD before it.
    let request = client
        .get(url)
        .header(RANGE, format!("bytes=0-{}", picture::HEAD - 1));
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

/// Whether the look-up of the host's name failed. The client says that in words only.
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
