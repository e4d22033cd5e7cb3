//! All settings, put together.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::caps::{self, Cap};
use super::env::{self, Env};
use super::flags::Flags;
use super::groups::{
    DownloadSettings, NetworkSettings, PhotoSettings, PublishSettings, RunSettings, VideoDefaults,
    VoiceDefaults,
};
use super::resolve::{Sources, parsed_or_number, text, whole};
use super::secret::{self, KeySource};
use super::tables::{AudienceWords, PublicSettings};
use super::value::{Origin, Setting, SettingRow};
use super::{log_path, notify, tables, values};
use crate::engine::notify::Listeners;
use crate::exit::Failure;
use crate::jobs::{Ledger, Rates};
use crate::journal::{LOG_NAME, Location, SANDBOX_LOG_NAME};
use crate::manifest::check_address;
use crate::output::TypedOptions;
use crate::vendor::{ApiKey, BaseUrl};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether a stand-in for the API runs inside the command.
    pub sandbox: bool,
    /// Where the API is, not yet checked; `None` under `--sandbox`, where each command has its
    /// own, so that no one calls the live one by mistake.
    pub base_url: Setting<Option<String>>,
    /// For rows that name none.
    pub webhook_url: Option<String>,
    /// What manifests call their columns: a column's name here, and its header.
    pub map: Vec<(String, String)>,
    /// What may be charged and reserved.
    pub caps: Vec<Cap>,
    /// For video rows that leave something open.
    pub video: VideoDefaults,
    /// For voice rows that leave something open.
    pub voice: VoiceDefaults,
    /// How fast, and how patiently, the API is called.
    pub network: NetworkSettings,
    /// Longest wait for the log's lock.
    pub lock_wait: Duration,
    /// Longest wait for the database of a log that is in one.
    pub database_wait: Duration,
    /// Attempts of a job in all.
    pub max_attempts: u32,
    /// What clips and credits cost.
    pub rates: Rates,
    pub photos: PhotoSettings,
    pub download: DownloadSettings,
    pub publish: PublishSettings,
    pub run: RunSettings,
    /// Texts of `--audience` for each state.
    pub copy: AudienceWords,
    /// Of `report --public`.
    pub public: PublicSettings,
    /// Who hears of rounds.
    pub notify: Listeners,
    /// The shop that clips are published to.
    pub shopify_store: Option<String>,
    /// e.g. `2026-10`.
    pub shopify_api_version: String,
    /// The profile that was chosen.
    pub profile: Option<String>,
    /// What commands that people are shown repeat.
    pub typed: TypedOptions,
    pub(super) jobs: Setting<Option<PathBuf>>,
    /// The log's name where none is set.
    log_name: String,
    key: KeySource,
    verify_keys: Vec<ApiKey>,
    shopify_token: KeySource,
    rows: Vec<SettingRow>,
    files: Vec<PathBuf>,
    /// Why the key is not sent to the API's address.
    stray_address: Option<String>,
}

impl Settings {
    /// An empty ledger with these rates, that keeps where lines stand.
    pub fn ledger(&self) -> Ledger {
        Ledger::new(self.rates.clone()).with_places()
    }

    /// Puts everything together. Errors are about the configuration (78), except for options that
    /// exclude each other (2).
    pub fn resolve(flags: &Flags, env: &Env<'_>) -> Result<Self, Failure> {
        let mut sources = Sources::read(env, flags)?;
        let l = &mut sources;
        let base_url = base_url(l, flags)?;
        let key = secret::api_key_source(l, flags)?;
        Ok(Self {
            sandbox: flags.sandbox,
            stray_address: secret::stray_address(l, &base_url, &key),
            base_url,
            key,
            verify_keys: secret::verify_keys(l)?,
            webhook_url: webhook_url(l, flags)?,
            jobs: jobs(l)?,
            log_name: log_name(l),
            profile: l.profile().map(str::to_owned),
            typed: TypedOptions {
                profile: l.profile().map(str::to_owned),
                ..flags.typed()
            },
            map: tables::map(l)?,
            caps: caps::caps(l)?,
            video: VideoDefaults::resolve(l, flags)?,
            network: NetworkSettings::resolve(l, flags)?,
            lock_wait: l.pick(
                "lock_wait",
                flags.lock_wait,
                parsed_or_number(values::duration),
            )?,
            database_wait: l.pick(
                "database_wait",
                flags.database_wait,
                parsed_or_number(values::duration),
            )?,
            max_attempts: l.pick("max_attempts", flags.max_attempts, whole(1, 100))?,
            voice: VoiceDefaults::resolve(l)?,
            rates: tables::rates(l)?,
            photos: PhotoSettings::resolve(l)?,
            download: DownloadSettings::resolve(l, flags)?,
            publish: PublishSettings::resolve(l, flags)?,
            run: RunSettings::resolve(l, &flags.run)?,
            copy: AudienceWords::resolve(l)?,
            public: PublicSettings::resolve(l)?,
            notify: notify::notify(l)?,
            shopify_store: l.pick_open("shopify.store", flags.shopify_store.clone(), text)?,
            shopify_api_version: l.pick("shopify.api_version", None, text)?,
            shopify_token: secret::shopify_token_source(l)?,
            files: l.files.iter().map(|f| f.path().to_owned()).collect(),
            rows: l.rows_in_order(),
        })
    }

    /// Every setting with its origin, in the settings file's order; keys are blotted out.
    pub fn rows(&self) -> &[SettingRow] {
        &self.rows
    }

    /// The settings files that were read, the first in say first.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Whether the environment or a settings file names the job log.
    pub fn names_a_log(&self) -> bool {
        self.jobs.value.is_some()
    }

    /// The job log: `flag`, else what environment or settings file name, else the usual name
    /// beside the manifest, or in the current folder where there is no manifest in a folder.
    ///
    /// Under `--sandbox` the settings file's choice stands for the live log, so the rehearsal's
    /// takes its usual name beside it.
    pub fn jobs_path(&self, flag: Option<&Path>, manifest: Option<&Path>) -> PathBuf {
        if let Some(path) = flag {
            return path.to_owned();
        }
        let name = &self.log_name;
        match (&self.jobs.value, &self.jobs.origin) {
            (Some(path), Origin::File(..)) if self.sandbox => beside(path, name),
            (Some(path), _) => path.clone(),
            (None, _) => match manifest.filter(|path| !env::is_elsewhere(path)) {
                Some(path) => log_path::of_sheet(path, name),
                None => PathBuf::from(name),
            },
        }
    }

    /// Whether what is asked for photos runs on this computer: the sandbox, or a stand-in.
    pub fn calls_this_computer(&self) -> bool {
        let base = self.base_url.value.as_deref();
        self.sandbox
            || base.is_some_and(|url| BaseUrl::parse(url).is_ok_and(|base| base.is_loopback()))
    }

    /// The API key, where there is one; under `--sandbox` there always is.
    pub fn key(&self) -> Result<Option<ApiKey>, Failure> {
        let key = self.key.read("CREATIVEAI_API_KEY")?;
        Ok(key.or_else(|| self.sandbox.then(|| ApiKey::new("sandbox")).flatten()))
    }

    /// The API key. That there is none is an error (78).
    pub fn require_key(&self) -> Result<ApiKey, Failure> {
        if let Some(why) = &self.stray_address {
            return Err(Failure::config(format!("{why}; nothing was sent")).help(
                "a settings file that came with a spreadsheet may be another person's; if the address \
                 is right, repeat it with --base-url, or write it in your own settings file",
            ));
        }
        self.key()?.ok_or_else(|| {
            let missing = "no API key is set; nothing was sent";
            match &self.profile {
                None => Failure::config(missing).help(
                    "set CREATIVEAI_API_KEY, or run `creativeai init`, which keeps it in a private \
                     file; --sandbox rehearses without one",
                ),
                Some(name) => Failure::config(format!("profile {name}: {missing}")).help(format!(
                    "write api_key_file in [profile.{name}], or run `creativeai init --key-only \
                     --profile {name}`; a key outside the profile is never used for it"
                )),
            }
        })
    }

    /// The file that the API key is in or would be; `None` where it comes from the environment, or
    /// there is no place for it.
    pub fn key_file(&self, env: &Env<'_>) -> Option<PathBuf> {
        match &self.key {
            KeySource::Named(file) => Some(file.value.clone()),
            KeySource::Usual(path) => Some(path.clone()),
            KeySource::None => env.default_key_file(self.profile.as_deref()),
            KeySource::Variable(_) => None,
        }
    }

    /// Every key that may have signed a capture: the API key, then further ones (rotated keys).
    pub fn verification_keys(&self) -> Result<Vec<ApiKey>, Failure> {
        let mut keys: Vec<ApiKey> = self.key()?.into_iter().collect();
        keys.extend(self.verify_keys.iter().cloned());
        Ok(keys)
    }

    /// The shop's Admin API token, where there is one.
    pub fn shopify_token(&self) -> Result<Option<ApiKey>, Failure> {
        self.shopify_token.read("SHOPIFY_ADMIN_TOKEN")
    }

    /// The id and the secret of an app that may change the shop, which only the environment has.
    pub fn shopify_app() -> (Option<String>, Option<String>) {
        let var = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        (var("SHOPIFY_CLIENT_ID"), var("SHOPIFY_CLIENT_SECRET"))
    }
}

/// A file beside the log at `path`; beside one in a database, in the current folder.
fn beside(path: &Path, name: &str) -> PathBuf {
    if Location::is_address(path) {
        PathBuf::from(name)
    } else {
        path.with_file_name(name)
    }
}

fn base_url(l: &mut Sources<'_>, flags: &Flags) -> Result<Setting<Option<String>>, Failure> {
    if flags.sandbox && flags.base_url.is_some() {
        return Err(
            Failure::usage("--sandbox and --base-url exclude each other")
                .help("--sandbox runs its own stand-in; leave one of the two out"),
        );
    }
    let setting = if flags.sandbox {
        Setting::new(None, Origin::Flag("--sandbox"), String::new())
    } else {
        let found = l.find("base_url", flags.base_url.clone(), text)?;
        let found = found.map_or_else(|| l.default("base_url", text), Ok)?;
        Setting::open(Some(found))
    };
    let shown = setting.value.clone().unwrap_or_default();
    l.show("base_url", shown, setting.origin.clone());
    Ok(setting)
}

/// Where the API reports finished clips, by every row that names no address of its own. It is
/// checked here, before any row is sent.
fn webhook_url(l: &mut Sources<'_>, flags: &Flags) -> Result<Option<String>, Failure> {
    let typed = flags.webhook_url.clone();
    if let Some(Err(reason)) = typed.as_deref().map(check_address) {
        return Err(
            Failure::usage(format!("the address after --webhook-url {reason}"))
                .help("write a full address such as https://example.com/webhooks/creativeai"),
        );
    }
    l.pick_open("webhook_url", typed, |value| {
        let url = text(value)?;
        check_address(&url).map_or_else(Err, |_| Ok(url))
    })
}

/// The log's name where none is set.
fn log_name(l: &Sources<'_>) -> String {
    l.usual_name(if l.sandbox {
        SANDBOX_LOG_NAME
    } else {
        LOG_NAME
    })
}

/// The log that environment or settings file name. The command's own argument comes later.
fn jobs(l: &mut Sources<'_>) -> Result<Setting<Option<PathBuf>>, Failure> {
    let setting = Setting::open(l.find_path("jobs", None)?);
    if let Some(Err(error)) = setting.value.as_deref().map(Location::of) {
        let origin = &setting.origin;
        return Err(Failure::config(format!("{origin}: {error}")).help(error.help));
    }
    // What the command will use.
    let used = match (&setting.value, &setting.origin) {
        (Some(path), Origin::File(..)) if l.sandbox => beside(path, &log_name(l)),
        (Some(path), _) => path.clone(),
        (None, _) => PathBuf::from(log_name(l)),
    };
    l.show("jobs", used.display().to_string(), setting.origin.clone());
    Ok(setting)
}
