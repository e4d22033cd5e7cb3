//! Whether the photos of a manifest can be fetched, or uploaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::redirect::Policy;

use crate::commands::{photos, sheets};
use crate::engine::photo_check::{FetchProblem, look_at};
use crate::exit::{Code, Failure};
use crate::manifest::LocalPhoto;
use crate::output::findings::{Findings, MOST_SHOWN};
use crate::output::words;
use crate::settings::Settings;
use crate::text::escape;

const SUBJECT: &str = "photos";
/// Redirects followed on the way to a photo.
const REDIRECTS: usize = 5;

/// The first row that wants a photo, and how many do.
pub struct PhotoUse {
    pub line: u64,
    pub id: String,
    pub rows: u64,
}

/// Photos that are online, by their addresses.
pub type Online = BTreeMap<String, PhotoUse>;
/// Photos on this computer, by the names that they are uploaded under.
pub type Local = BTreeMap<String, Arc<LocalPhoto>>;

/// Looks whether each photo can be fetched.
pub async fn check_online(
    photos: &Online,
    settings: &Settings,
    findings: &mut Findings,
) -> Result<(), Failure> {
    if photos.is_empty() {
        return Ok(());
    }
    if settings.sandbox {
        findings.skip(SUBJECT, "not looked at in a rehearsal");
        return Ok(());
    }
    let is_plain = photos.keys().all(|url| url.starts_with("http://"));
    let policy = Policy::limited(REDIRECTS);
    let client = sheets::web_client(is_plain, policy, "the photos", settings)?;
    let over = async {
        match settings.network.timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let looked = look_at(photos.keys(), &client, over).await;
    let unseen = photos.len() - looked.len();
    let (mut nowhere, mut missing) = (BTreeMap::new(), Vec::new());
    for ((url, wanted), looked) in photos.iter().zip(looked) {
        match looked {
            Ok(()) => {}
            Err(FetchProblem::Host(host)) => *nowhere.entry(host).or_insert(0) += 1,
            Err(FetchProblem::Temporary(why)) => missing.push((url, wanted, Code::Temporary, why)),
            Err(FetchProblem::Wrong(why)) => missing.push((url, wanted, Code::Data, why)),
        }
    }
    let all_found = nowhere.is_empty() && missing.is_empty();
    for (host, photos) in nowhere {
        let (host, photos) = (escape(&host), words::count(photos, "photo"));
        let text = format_args!("no network, or no such host: {host} ({photos})");
        findings.problem(SUBJECT, Code::Temporary, text);
    }
    for (url, wanted, code, why) in missing.iter().take(MOST_SHOWN) {
        let text = format!("{}: {url}: {why}", place(wanted));
        findings.problem(SUBJECT, *code, escape(&text));
    }
    if missing.len() > MOST_SHOWN {
        let more = missing.len() - MOST_SHOWN;
        findings.problem(SUBJECT, Code::Data, format_args!("and {more} more"));
    } else if all_found && unseen == 0 {
        let all = words::count(photos.len() as u64, "photo");
        findings.pass(SUBJECT, format_args!("{all} can be fetched"));
    }
    if unseen > 0 {
        let unseen = words::count(unseen as u64, "photo");
        return Err(Failure::temporary(format!(
            "{unseen} not looked at: --timeout has passed"
        )));
    }
    Ok(())
}

/// Says how many photos on this computer are to be uploaded, and whether their bucket can be used. Their
/// sizes and kinds were looked at when the sheet was read.
pub async fn check_local(
    local: Local,
    settings: &Settings,
    findings: &mut Findings,
) -> Result<(), Failure> {
    if local.is_empty() {
        return Ok(());
    }
    let local: Vec<_> = local.into_values().collect();
    let all = format!(
        "{} on this computer, {}",
        words::count(local.len() as u64, "photo"),
        words::bytes(local.iter().map(|photo| photo.bytes).sum())
    );
    if settings.sandbox {
        findings.skip(SUBJECT, format_args!("{all}; a rehearsal uploads nothing"));
        return Ok(());
    }
    let (address, present) = photos::present(&local, settings).await?;
    findings.pass(
        SUBJECT,
        format_args!(
            "{all}; {} to be uploaded to {}, {} there",
            words::number(local.len() as u64 - present),
            escape(&address),
            words::number(present),
        ),
    );
    Ok(())
}

/// Where a photo is wanted: `line 7 (LST-1001)`, `line 7 (LST-1001) and 2 more`.
fn place(wanted: &PhotoUse) -> String {
    let more = match wanted.rows {
        0 | 1 => String::new(),
        rows => format!(" and {} more", words::number(rows - 1)),
    };
    format!("line {} ({}){more}", wanted.line, wanted.id)
}
