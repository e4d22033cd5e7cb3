//! Manifests by name or by address. What is at an address is fetched once, and kept for the record.

use std::path::{Path, PathBuf};

use super::photos;
use super::runtime::on_one_thread;
use super::sheets::FetchedSheet;
use crate::cli::ManifestArgs;
use crate::disk;
use crate::exit::Failure;
use crate::journal::Location;
use crate::manifest;
use crate::manifest::{Defaults, Input, Manifest, Options, RowCondition};
use crate::output::{Printer, failure};
use crate::settings::Settings;
use crate::settings::values::Pair;
use crate::text::escape;

/// The manifests that a command is given.
pub struct Inputs {
    paths: Vec<PathBuf>,
    /// For each path what was fetched, where it is an address.
    fetched: Vec<Option<FetchedSheet>>,
}

impl Inputs {
    /// Fetches what is at an address, each once. The API key goes nowhere.
    pub async fn fetch(paths: &[PathBuf], settings: &Settings) -> Result<Self, Failure> {
        let mut fetched = Vec::with_capacity(paths.len());
        for path in paths {
            fetched.push(FetchedSheet::from(path, settings).await?);
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
        conditions: &[Pair],
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
            conditions: conditions.iter().map(condition).collect(),
            local_photos: photos::local(settings)?,
            ..manifest_options(reading, settings)
        };
        Manifest::open_all(&inputs, options).map_err(failure::of_manifest)
    }

    /// Their log, where `flag` is what was typed for it.
    pub fn log(&self, flag: Option<&Path>, settings: &Settings) -> Result<PathBuf, Failure> {
        settings.log_of_sheets(flag, &self.paths)
    }

    /// The folders that they are in, also by way of links, and the current one.
    pub fn folders(&self) -> Vec<PathBuf> {
        let files = self.paths.iter().zip(&self.fetched);
        let files = files.filter(|(_, fetched)| fetched.is_none());
        let files = files.flat_map(|(path, _)| [Some(path.clone()), disk::canonicalize(path).ok()]);
        let folders = files
            .flatten()
            .filter_map(|path| Some(path.parent()?.to_owned()))
            .filter(|folder| !folder.as_os_str().is_empty());
        folders.chain([PathBuf::from(".")]).collect()
    }

    /// Each as a command names it: what was fetched by the file that it is kept in.
    pub fn names(&self) -> Vec<String> {
        let each = self.paths.iter().zip(&self.fetched);
        each.map(|(path, fetched)| match fetched {
            None => path.display().to_string(),
            Some(FetchedSheet {
                kept: Some(kept), ..
            }) => kept.display().to_string(),
            Some(FetchedSheet { name, .. }) => name.clone(),
        })
        .collect()
    }

    /// Keeps what was fetched beside the log, each in a file with the date in its name.
    pub fn keep(&mut self, log: &Path, printer: &Printer) -> Result<(), Failure> {
        // Beside a log that is in a database there is nothing.
        let log = if Location::is_address(log) {
            Path::new(crate::journal::LOG_NAME)
        } else {
            log
        };
        for fetched in self.fetched.iter_mut().flatten() {
            let path = fetched.keep(log).map_err(|error| {
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

/// Which rows are meant.
fn condition(pair: &Pair) -> RowCondition {
    RowCondition {
        column: pair.name.clone(),
        value: pair.value.clone(),
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
