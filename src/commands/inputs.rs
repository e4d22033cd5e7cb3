//! Manifests by name or by address. What is at an address is fetched once, and kept for the record.

use std::io::Write;
use std::path::{Path, PathBuf};

use reqwest::Client;
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::on_one_thread;
use super::photos;
use crate::cli::ManifestArgs;
use crate::exit::Failure;
use crate::journal::Location;
use crate::manifest;
use crate::manifest::{Condition, Defaults, Input, Manifest, ManifestError, Options};
use crate::output::Printer;
use crate::settings::Settings;
use crate::text::escape;
use crate::vendor::{build_transport, root_cause, transport};

/// A sheet at an address may be as large as this, in bytes.
const MAX_BYTES: usize = 64 << 20;
/// Redirects followed on the way to a sheet.
const REDIRECTS: usize = 10;

/// What was fetched from an address.
struct Fetched {
    name: String,
    bytes: Vec<u8>,
    /// Where it is kept.
    kept: Option<PathBuf>,
}

/// The manifests that a command is given.
pub struct Inputs {
    paths: Vec<PathBuf>,
    /// For each path what was fetched, where it is an address.
    fetched: Vec<Option<Fetched>>,
}

impl Inputs {
    /// Fetches what is at an address, each once. The API key goes nowhere.
    pub async fn fetch(paths: &[PathBuf], settings: &Settings) -> Result<Self, Failure> {
        let mut fetched = Vec::with_capacity(paths.len());
        for path in paths {
            fetched.push(match address(path)? {
                Some(url) => Some(fetch(url, settings).await?),
                None => None,
            });
        }
        Ok(Self {
            paths: paths.to_vec(),
            fetched,
        })
    }

    /// The same outside of a runtime.
    pub fn fetch_now(paths: &[PathBuf], settings: &Settings) -> anyhow::Result<Self> {
        on_one_thread(async { Ok(Self::fetch(paths, settings).await?) })
    }

    /// Reads the headers of all of them. Rows that do not fulfill the conditions are left out.
    pub fn open(
        &self,
        reading: &ManifestArgs,
        settings: &Settings,
        conditions: Vec<Condition>,
    ) -> Result<Manifest, Failure> {
        let inputs: Vec<Input<'_>> = self
            .paths
            .iter()
            .zip(&self.fetched)
            .map(|(path, fetched)| match fetched {
                Some(fetched) => Input::Fetched {
                    name: &fetched.name,
                    bytes: &fetched.bytes,
                },
                None => Input::File(path),
            })
            .collect();
        let options = manifest::Options {
            conditions,
            local_photos: photos::local(settings)?,
            ..manifest_options(reading, settings)
        };
        Manifest::open_all(&inputs, options).map_err(manifest_failure)
    }

    /// The first that is a file: the log stands beside it.
    pub fn first_file(&self) -> Option<&Path> {
        let mut files = self.paths.iter().zip(&self.fetched);
        let (path, _) = files.find(|(_, fetched)| fetched.is_none())?;
        Some(path)
    }

    /// Each as a command names it: what was fetched by the file that it is kept in.
    pub fn names(&self) -> Vec<String> {
        let each = self.paths.iter().zip(&self.fetched);
        each.map(|(path, fetched)| match fetched {
            None => path.display().to_string(),
            Some(Fetched {
                kept: Some(kept), ..
            }) => kept.display().to_string(),
            Some(Fetched { name, .. }) => name.clone(),
        })
        .collect()
    }

    /// Keeps what was fetched beside the log, each in a file with the date in its name.
    pub fn keep(&mut self, log: &Path, printer: &Printer) -> Result<(), Failure> {
        // Beside a log that is in a database there is nothing.
        let log = if Location::is_address(log) {
            Path::new(crate::settings::LOG_NAME)
        } else {
            log
        };
        for fetched in self.fetched.iter_mut().flatten() {
            let path = keep(fetched, log).map_err(|error| {
                Failure::io(format!(
                    "the sheet from {} could not be kept beside the log: {error}",
                    fetched.name
                ))
                .help("make room, or name another log with --jobs; no row was sent")
            })?;
            printer.note(format_args!(
                "{} was fetched and is kept as {}",
                escape(&fetched.name),
                escape(&path.display().to_string())
            ));
            fetched.kept = Some(path);
        }
        Ok(())
    }
}

/// The address that a manifest's name is, if it is one.
fn address(path: &Path) -> Result<Option<Url>, Failure> {
    let Some(text) = path.to_str().filter(|text| text.contains("://")) else {
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
    let is_own = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_own
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

async fn fetch(url: Url, settings: &Settings) -> Result<Fetched, Failure> {
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
    Ok(Fetched {
        name,
        bytes,
        kept: None,
    })
}

/// Writes a new file; its path.
fn keep(fetched: &Fetched, log: &Path) -> std::io::Result<PathBuf> {
    let ending = if fetched.bytes.starts_with(b"PK") {
        "xlsx"
    } else {
        "csv"
    };
    let date = crate::clock::now().strftime("%Y-%m-%dT%H%M%SZ").to_string();
    let mut number = 1;
    loop {
        let twin = if number > 1 {
            format!("-{number}")
        } else {
            String::new()
        };
        let path = log.with_file_name(format!("manifest-{date}{twin}.{ending}"));
        let mut options = crate::disk::options_of_user();
        match options.write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(&fetched.bytes)?;
                crate::disk::sync_file(&file)?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// How the manifest is read, by options and settings.
fn manifest_options(reading: &crate::cli::ManifestArgs, settings: &Settings) -> Options {
    Options {
        map: reading
            .map
            .iter()
            .map(|pair| (pair.name.clone(), pair.value.clone()))
            .collect(),
        encoding: reading.encoding.map(|e| e.name().to_owned()),
        delimiter: reading.delimiter,
        sheet: reading.sheet.clone(),
        allow_no_image: reading.allow_no_image,
        allow_odd_cells: reading.allow_odd_cells,
        usual_map: settings.map.clone(),
        split_images: reading.split_images,
        allow_own_photos: settings.calls_this_computer(),
        prompt: reading.prompt.clone(),
        local_photos: None,
        conditions: Vec::new(),
        defaults: Defaults {
            model: settings.video.model.clone(),
            duration: settings.video.duration,
            aspect_ratio: settings.video.aspect_ratio.clone(),
            webhook_url: settings.webhook_url.clone(),
            voice: settings.voice.voice.clone(),
            language: settings.voice.language.clone(),
            speed: settings.voice.speed.clone(),
        },
    }
}

/// What a manifest that cannot be read means for the run.
#[expect(clippy::needless_pass_by_value, reason = "stands in `map_err`")]
pub fn manifest_failure(error: ManifestError) -> Failure {
    let message = error.to_string();
    match error {
        ManifestError::Io { .. } => {
            Failure::io(message).help("name a CSV file that you can read; no row was sent")
        }
        ManifestError::Invalid(_) => {
            Failure::data(format!("the manifest cannot be used:\n{message}"))
                .help("correct the file and run the same command again; no row was sent")
        }
        ManifestError::Changed(_) => Failure::data(message),
        ManifestError::Usage(_) => Failure::usage(message),
    }
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
