//! Sheets at addresses. The API key goes nowhere.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use reqwest::Client;
use reqwest::redirect::Policy;
use url::Url;

use crate::clock;
use crate::disk;
use crate::exit::Failure;
use crate::settings::Settings;
use crate::text::is_address;
use crate::vendor::{build_transport, is_loopback, root_cause, transport};

/// A sheet at an address may be as large as this, in bytes.
const MAX_BYTES: usize = 64 << 20;
/// Redirects followed on the way to a sheet.
const REDIRECTS: usize = 10;

/// What was fetched from an address.
pub struct FetchedSheet {
    /// Its address, without what may be secret.
    pub name: String,
    pub bytes: Vec<u8>,
    /// The file that it was saved to.
    pub kept: Option<PathBuf>,
}

impl FetchedSheet {
    /// Fetches what is at an address; nothing where a manifest's name is not one.
    pub async fn from(path: &Path, settings: &Settings) -> Result<Option<Self>, Failure> {
        match address(path)? {
            Some(url) => fetch(url, settings).await.map(Some),
            None => Ok(None),
        }
    }

    /// Writes a new file beside the log; its path.
    pub fn keep(&self, log: &Path) -> io::Result<PathBuf> {
        let is_workbook = self.bytes.starts_with(b"PK");
        let ending = if is_workbook { "xlsx" } else { "csv" };
        let date = clock::now().strftime("%Y-%m-%dT%H%M%SZ").to_string();
        let mut twin = String::new();
        for number in 2.. {
            let path = log.with_file_name(format!("manifest-{date}{twin}.{ending}"));
            let mut options = disk::options_of_user();
            match options.write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(mut file) => {
                    file.write_all(&self.bytes)?;
                    disk::sync_file(&file)?;
                    return Ok(path);
                }
            }
            twin = format!("-{number}");
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

/// The address that a manifest's name is, if it is one.
fn address(path: &Path) -> Result<Option<Url>, Failure> {
    let Some(text) = path.to_str().filter(|text| is_address(text)) else {
        return Ok(None);
    };
    let refuse = |why: &str| {
        Err(
            Failure::usage(format!("the manifest {} {why}", shown(text)))
                .help("name a file, or an address that begins with https://"),
        )
    };
    match Url::parse(text) {
        Ok(url) if is_allowed(&url) => Ok(Some(url)),
        Ok(url) if url.scheme() == "http" => refuse("would be fetched without encryption"),
        Ok(_) => refuse("is not an address that sheets are fetched from"),
        Err(_) => refuse("is not an address"),
    }
}

/// An address without what may be secret in it: user, password, query.
pub fn shown(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) => {
            url.set_query(None);
            url.set_fragment(None);
            // An address without a host has no user either.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.into()
        }
        Err(_) => "address".to_owned(),
    }
}

/// Sheets are fetched over https; over http from this computer only.
fn is_allowed(url: &Url) -> bool {
    url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)
}

/// A client for what needs no key; `name` is what it is for. `is_plain` where all is on this computer.
pub fn web_client(
    is_plain: bool,
    redirects: Policy,
    name: &str,
    settings: &Settings,
) -> Result<Client, Failure> {
    let client = transport(is_plain)
        .redirect(redirects)
        .connect_timeout(settings.network.connect_timeout)
        .timeout(settings.network.request_timeout);
    build_transport(client, name).map_err(|error| Failure::config(error.to_string()))
}

async fn fetch(url: Url, settings: &Settings) -> Result<FetchedSheet, Failure> {
    let name = shown(url.as_str());
    let policy = Policy::custom(|attempt| {
        if attempt.previous().len() > REDIRECTS {
            attempt.error("too many redirects")
        } else if is_allowed(attempt.url()) {
            attempt.follow()
        } else {
            attempt.error("redirected to an address without encryption")
        }
    });
    let client = web_client(url.scheme() == "http", policy, &name, settings)?;
    let failed = |error: reqwest::Error| {
        Failure::temporary(format!(
            "the sheet at {name} cannot be fetched ({})",
            root_cause(&error)
        ))
        .help("check the network and the address, then run the same command again; no row was sent")
    };
    let mut reply = client.get(url).send().await.map_err(failed)?;
    let status = reply.status();
    if !status.is_success() {
        let failure = if status.is_server_error() || status.as_u16() == 429 {
            Failure::temporary(format!("the server of {name} answers {status}"))
        } else {
            Failure::data(format!(
                "cannot find a sheet at {name}: the server answers {status}"
            ))
        };
        return Err(failure.help(
            "in Google Sheets: File > Share > Publish to web, as CSV, and take that address; no row \
             was sent",
        ));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(
                Failure::data(format!("the sheet at {name} is larger than 64 MiB"))
                    .help("download it, and name the file; no row was sent"),
            );
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(FetchedSheet {
        name,
        bytes,
        kept: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_addresses_are_reported_apart() {
        for file in ["listings.csv", "-", "C:\\a.csv", "https:listings.csv"] {
            assert!(matches!(address(Path::new(file)), Ok(None)), "{file}");
        }
        for good in [
            "https://docs.google.com/spreadsheets/d/e/x/pub?output=csv",
            "http://127.0.0.1:8000/a.csv",
            "http://localhost/a.csv",
        ] {
            assert!(matches!(address(Path::new(good)), Ok(Some(_))), "{good}");
        }
        for bad in [
            "http://example.com/a.csv",
            "ftp://example.com/a.csv",
            "s3://a/b.csv",
            "://",
        ] {
            assert!(address(Path::new(bad)).is_err(), "{bad}");
        }
        assert_eq!(shown("https://me:pw@e.com/a?key=1#x"), "https://e.com/a");
    }
}
