//! Keys: where they are, who else can read them, and what is in their files.

use std::path::{Path, PathBuf};

use super::flags::Flags;
use super::log_path::folder_of;
use super::resolve::{Sources, text};
use super::value::{Origin, Setting};
use crate::disk::{self, SecretReadError};
use crate::exit::Failure;
use crate::vendor::{ApiKey, BaseUrl};

/// What is shown in a key's place.
const REDACTED: &str = "(set, not shown)";

/// Where a key is, as far as that is known without looking.
#[derive(Clone, Debug)]
pub enum KeySource {
    Variable(ApiKey),
    /// In a file that someone named, which has to exist.
    Named(Setting<PathBuf>),
    /// In the user's settings folder, perhaps.
    Usual(PathBuf),
    None,
}

impl KeySource {
    /// The key; `variable` is named in the advice.
    pub(super) fn read(&self, variable: &str) -> Result<Option<ApiKey>, Failure> {
        match self {
            Self::Variable(key) => Ok(Some(key.clone())),
            Self::Usual(path) => read_key_file(path),
            Self::None => Ok(None),
            Self::Named(Setting {
                value: path,
                origin,
                ..
            }) => read_key_file(path)?.map(Some).ok_or_else(|| {
                let shown = path.display();
                Failure::config(format!("cannot find the key file {shown} ({origin})"))
                    .help(format!("correct the path, or set {variable} instead"))
            }),
        }
    }
}

/// Where the API key is: `--api-key-file`, the environment, a settings file, the file that `init`
/// writes.
pub(super) fn api_key_source(l: &mut Sources<'_>, flags: &Flags) -> Result<KeySource, Failure> {
    const VARIABLE: &str = "CREATIVEAI_API_KEY";
    let file = l.find_path("api_key_file", flags.api_key_file.clone())?;
    let (source, value, origin) = match variable_or_file(l, VARIABLE, file)? {
        Some(found) => found,
        None => match l.env.default_key_file(l.profile()) {
            Some(path) if path.exists() => {
                let shown = format!("in {}", path.display());
                (KeySource::Usual(path), shown, Origin::Default)
            }
            _ if flags.sandbox => (KeySource::None, "sandbox".to_owned(), Origin::Default),
            _ => (KeySource::None, String::new(), Origin::Default),
        },
    };
    l.show("api_key", value, origin);
    Ok(source)
}

/// Further keys that may have signed captures.
pub(super) fn verify_keys(l: &mut Sources<'_>) -> Result<Vec<ApiKey>, Failure> {
    const VARIABLE: &str = "CREATIVEAI_VERIFY_KEYS";
    let mut keys = Vec::new();
    let text = l.env.text(VARIABLE)?.unwrap_or_default();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        keys.push(ApiKey::new(part).ok_or_else(|| unusable(VARIABLE, part))?);
    }
    let (value, origin) = match keys.len() {
        0 => (String::new(), Origin::Default),
        n => (format!("{n} {REDACTED}"), Origin::Env(VARIABLE)),
    };
    l.show("verify_keys", value, origin);
    Ok(keys)
}

/// Where the shop's token is: the environment, else a settings file.
pub(super) fn shopify_token_source(l: &mut Sources<'_>) -> Result<KeySource, Failure> {
    const VARIABLE: &str = "SHOPIFY_ADMIN_TOKEN";
    let file = l.find_path("shopify.token_file", None)?;
    let (source, value, origin) = variable_or_file(l, VARIABLE, file)?
        .unwrap_or_else(|| (KeySource::None, String::new(), Origin::Default));
    l.show("shopify.token", value, origin);
    Ok(source)
}

/// A key's source, as it is shown, and its origin: the environment, else the file that was named.
fn variable_or_file(
    l: &Sources<'_>,
    variable: &'static str,
    file: Option<Setting<PathBuf>>,
) -> Result<Option<(KeySource, String, Origin)>, Failure> {
    if !is_nearer(l, file.as_ref())
        && let Some(key) = key_in(l, variable)?
    {
        let source = KeySource::Variable(key);
        return Ok(Some((source, REDACTED.to_owned(), Origin::Env(variable))));
    }
    Ok(file.map(|file| {
        let shown = format!("in {}", file.value.display());
        let origin = file.origin.clone();
        (KeySource::Named(file), shown, origin)
    }))
}

/// Whether a file with a key was named by an option or by the profile, and so goes before a variable.
fn is_nearer(l: &Sources<'_>, file: Option<&Setting<PathBuf>>) -> bool {
    match file.map(|file| &file.origin) {
        Some(Origin::Flag(_)) => true,
        Some(Origin::File(..)) => l.profile.is_some(),
        _ => false,
    }
}

fn key_in(l: &Sources<'_>, variable: &str) -> Result<Option<ApiKey>, Failure> {
    let Some(text) = l.env.text(variable)? else {
        return Ok(None);
    };
    ApiKey::new(&text)
        .map(Some)
        .ok_or_else(|| unusable(variable, &text))
}

fn unusable(variable: &str, text: &str) -> Failure {
    Failure::config(format!(
        "the environment variable {variable} holds no usable key: {}",
        ApiKey::fault(text).unwrap_or_default()
    ))
    .help("set it again, to the key alone")
}

/// Reads the key in the file at `path`; `None` when there is no such file. On Unix a file that
/// others can read or write is refused; elsewhere `init` limits access and says who has it.
pub fn read_key_file(path: &Path) -> Result<Option<ApiKey>, Failure> {
    let shown = path.display();
    let text = disk::read_private(path).map_err(|why| match why {
        SecretReadError::Io(error) => Failure::config(format!("cannot read the key file {shown}"))
            .because(error)
            .help("name a readable file with --api-key-file, or set CREATIVEAI_API_KEY"),
        SecretReadError::Shared { mode } => Failure::config(format!(
            "others can read or change the key file {shown} (mode {mode:04o}): anyone who has the \
             key can spend your credits"
        ))
        .help(format!("chmod 600 {shown}")),
    })?;
    let Some(text) = text else {
        return Ok(None);
    };
    ApiKey::new(&text).map(Some).ok_or_else(|| {
        Failure::config(format!(
            "the key file {shown} holds no key: {}",
            ApiKey::fault(&text).unwrap_or_default()
        ))
        .help("it must hold the key alone, on one line")
    })
}

/// Writes `key` in the place of the one in the file at `path`, which stays as it is until the new one
/// is whole.
pub fn replace_key_file(path: &Path, key: &ApiKey) -> std::io::Result<()> {
    if !path.exists() {
        return write_key_file(path, key);
    }
    let path = disk::canonicalize(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!("{name}.new"));
    match std::fs::remove_file(&new) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    write_key_file(&new, key)?;
    disk::rename(&new, &path).inspect_err(|_| {
        // The error of the replacement is the one to report.
        let _ = std::fs::remove_file(&new);
    })
}

/// Writes `key` into a new file at `path` that only the user can read, making its folder where
/// needed. An existing file is never touched: `AlreadyExists`.
pub fn write_key_file(path: &Path, key: &ApiKey) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        disk::make_folder_of_user(folder)?;
    }
    let mut options = disk::options_of_user();
    let mut file = options.write(true).create_new(true).open(path)?;
    // Where access cannot be limited, as on a memory card, `init` says who can read it.
    let _ = disk::make_private(path);
    let written = writeln!(file, "{}", key.expose()).and_then(|()| disk::sync_file(&file));
    if written.is_err() {
        // Half a key would be taken for a wrong one.
        let _ = std::fs::remove_file(path);
    }
    written
}

/// Why the key is not sent to an address that a settings file beside the work names: such a file may have
/// come with another person's spreadsheet. A key of the same folder may be, and any to this computer.
pub(super) fn stray_address(
    l: &Sources<'_>,
    base_url: &Setting<Option<String>>,
    key: &KeySource,
) -> Option<String> {
    let url = base_url.value.as_deref()?;
    let folder = folder_of(l.project_file(&base_url.origin)?);
    let usual = l.default("base_url", text).ok()?.value;
    let is_here = BaseUrl::parse(url).is_ok_and(|base| base.is_loopback());
    let is_usual = BaseUrl::parse(url).ok() == BaseUrl::parse(&usual).ok();
    let is_of_folder = match key {
        KeySource::Named(file) => {
            let file = disk::canonicalize(&file.value);
            file.is_ok_and(|file| file.starts_with(folder))
        }
        _ => false,
    };
    (!is_here && !is_usual && !is_of_folder).then(|| {
        let origin = &base_url.origin;
        format!("base_url ({origin}) would have your API key sent to {url}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Code;

    #[test]
    fn a_written_key_reads_back_and_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/api-key");
        let key = ApiKey::new("rph_live_1").unwrap();
        write_key_file(&path, &key).unwrap();
        assert_eq!(
            read_key_file(&path).unwrap().unwrap().expose(),
            "rph_live_1"
        );
        let again = write_key_file(&path, &key).unwrap_err();
        assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_missing_file_is_no_error_here() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read_key_file(&dir.path().join("none")).unwrap().is_none());
    }

    // Windows has access lists in place of modes.
    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_or_write_is_refused_with_the_command_that_fixes_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_key_file(&path, &ApiKey::new("rph_live_1").unwrap()).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        for (mode, fine) in [
            (0o600, true),
            (0o400, true),
            (0o700, true),
            (0o640, false),
            (0o604, false),
            (0o620, false),
            (0o602, false),
        ] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let result = read_key_file(&path);
            assert_eq!(result.is_ok(), fine, "{mode:o}");
            if let Err(failure) = result {
                assert_eq!(failure.code(), Code::Config);
                assert!(failure.next_step().unwrap().starts_with("chmod 600 "));
            }
        }
    }

    #[test]
    fn a_file_that_windows_wrote_reads_as_well() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_key_file(&path, &ApiKey::new("x").unwrap()).unwrap();
        let wide: Vec<u8> = "\u{feff}rph_live_1\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in [&wide[..], b"\xef\xbb\xbfrph_live_1\r\n"] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(
                read_key_file(&path).unwrap().unwrap().expose(),
                "rph_live_1"
            );
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_quoted() {
        let dir = tempfile::tempdir().unwrap();
        for (i, text) in ["", "  \n", "two words", "a\nb"].into_iter().enumerate() {
            let path = dir.path().join(format!("key{i}"));
            write_key_file(&path, &ApiKey::new("x").unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            let failure = read_key_file(&path).unwrap_err();
            assert_eq!(failure.code(), Code::Config);
            assert!(text.trim().is_empty() || !failure.to_string().contains(text));
        }
    }
}
