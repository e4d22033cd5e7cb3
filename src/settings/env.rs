//! What surrounds the process: environment variables and folders.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::disk;
use crate::exit::Failure;
use crate::text::is_address;

/// The settings file's name.
pub const FILE_NAME: &str = "creativeai.toml";

/// Looks an environment variable up.
type VarLookup<'a> = Box<dyn Fn(&str) -> Option<OsString> + 'a>;

/// The surroundings that settings are read from. Tests make their own.
pub struct Env<'a> {
    vars: VarLookup<'a>,
    /// The current folder; empty in the program, so that paths are shown as they were typed.
    pub folder: PathBuf,
    /// The user's settings folders, in the order in which they are looked at; new files go into
    /// the first. `~/.config/creativeai` (or below `$XDG_CONFIG_HOME`) on Linux;
    /// `~/Library/Application Support/creativeai`, then the same as on Linux, on macOS, where a set
    /// `$XDG_CONFIG_HOME` comes first; `%APPDATA%\creativeai` on Windows. None for a user without
    /// a home.
    pub user_folders: Vec<PathBuf>,
    /// What `~/` stands for in a settings file; on Windows `~\`, too.
    pub home: Option<PathBuf>,
}

impl Env<'static> {
    /// The process's own.
    pub fn of_process() -> Self {
        let base = etcetera::choose_base_strategy().ok();
        Self {
            vars: Box::new(|name| std::env::var_os(name)),
            folder: PathBuf::new(),
            user_folders: base.as_ref().map_or_else(Vec::new, |base| {
                let names_xdg = std::env::var_os("XDG_CONFIG_HOME").is_some_and(|v| !v.is_empty());
                let mac_home = cfg!(target_os = "macos").then(|| base.home_dir());
                user_folders(&base.config_dir(), mac_home, names_xdg)
            }),
            home: base.map(|b| b.home_dir().to_owned()),
        }
    }
}

#[cfg(test)]
impl<'a> Env<'a> {
    /// Surroundings with these variables, `folder` as the current one, and nothing else.
    pub fn new(vars: impl Fn(&str) -> Option<OsString> + 'a, folder: impl Into<PathBuf>) -> Self {
        Self {
            vars: Box::new(vars),
            folder: folder.into(),
            user_folders: Vec::new(),
            home: None,
        }
    }
}

impl Env<'_> {
    /// A variable's value; an empty one counts as unset.
    pub fn var(&self, name: &str) -> Option<OsString> {
        (self.vars)(name).filter(|value| !value.is_empty())
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        let Some(value) = self.var(name) else {
            return Ok(None);
        };
        value.into_string().map(Some).map_err(|_| {
            Failure::config(format!("the environment variable {name} is not valid text"))
                .help("correct it, or unset it")
        })
    }

    /// The places where the project's settings file may be, the first that counts first: beside what
    /// the command `works_on`, then the current folder.
    pub fn project_files(&self, works_on: &[PathBuf]) -> Vec<PathBuf> {
        let beside = works_on.iter().filter(|path| !is_elsewhere(path));
        let beside = beside.flat_map(|path| {
            let path = self.folder.join(path);
            // What a link leads to has its log beside it, and its settings.
            let target = path.is_symlink().then(|| disk::canonicalize(&path).ok());
            [Some(path), target.flatten()]
        });
        let folders = beside
            .flatten()
            .filter_map(|path| Some(path.parent()?.to_owned()));
        let folders = folders.chain([self.folder.clone()]);
        folders.map(|folder| folder.join(FILE_NAME)).collect()
    }

    /// The user's settings files.
    pub fn user_files(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let folders = self.user_folders.iter();
        folders.map(|folder| folder.join(FILE_NAME))
    }

    /// Whether a file is among those of the user's settings, where keys are.
    pub fn is_in_settings_folder(&self, file: &Path) -> bool {
        let real = |path: &Path| disk::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let file = real(file);
        let mut folders = self.user_folders.iter();
        folders.any(|folder| file.starts_with(real(folder)))
    }

    /// Where the key is that `init` asks for, or where it will be. Each profile has its own.
    pub fn default_key_file(&self, profile: Option<&str>) -> Option<PathBuf> {
        let name = match profile {
            Some(profile) => format!("api-key-{profile}"),
            None => "api-key".to_owned(),
        };
        let mut files = self.user_folders.iter().map(|folder| folder.join(&name));
        let first = files.clone().next();
        files.find(|file| file.exists()).or(first)
    }

    /// A path as a settings file in `folder` means it: `~/` (on Windows `~\` too) is the home
    /// folder, and a relative one starts at the file.
    pub fn path_in_file(&self, folder: &Path, text: &str) -> PathBuf {
        let below_home = text
            .strip_prefix('~')
            .and_then(|rest| rest.strip_prefix(std::path::is_separator));
        match (below_home, &self.home) {
            // A bucket's address, which is not a path.
            _ if is_address(text) => PathBuf::from(text),
            (Some(rest), Some(home)) => home.join(rest),
            _ => folder.join(text),
        }
    }
}

/// Whether a file is in no folder of its own: standard input, or an address. A pipe, as a shell's `<(command)`
/// names one, is in a folder that holds no logs.
pub fn is_elsewhere(file: &Path) -> bool {
    let is_pipe = || {
        let meta = std::fs::metadata(file);
        meta.is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
    };
    file.as_os_str() == "-" || file.to_str().is_some_and(is_address) || is_pipe()
}

/// The user's settings folders; `mac_home` is the home folder on macOS.
fn user_folders(config: &Path, mac_home: Option<&Path>, names_xdg: bool) -> Vec<PathBuf> {
    let mut folders = vec![config.join("creativeai")];
    if let Some(home) = mac_home {
        let at = usize::from(names_xdg);
        folders.insert(at, home.join("Library/Application Support/creativeai"));
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_has_two_settings_folders() {
        let folders = |mac_home: Option<&str>, names_xdg| {
            user_folders(Path::new("/h/.config"), mac_home.map(Path::new), names_xdg)
        };
        let xdg = PathBuf::from("/h/.config/creativeai");
        let mac = PathBuf::from("/h/Library/Application Support/creativeai");
        assert_eq!(folders(None, false), std::slice::from_ref(&xdg));
        assert_eq!(folders(Some("/h"), false), [mac.clone(), xdg.clone()]);
        assert_eq!(folders(Some("/h"), true), [xdg, mac]);
    }

    #[test]
    fn a_key_is_found_in_any_settings_folder_and_written_to_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let mut env = Env::new(|_| None, dir.path());
        env.user_folders = ["a", "b"].map(|name| dir.path().join(name)).to_vec();
        assert_eq!(
            env.default_key_file(None),
            Some(dir.path().join("a/api-key"))
        );
        std::fs::create_dir(dir.path().join("b")).unwrap();
        std::fs::write(dir.path().join("b/api-key"), "x").unwrap();
        assert_eq!(
            env.default_key_file(None),
            Some(dir.path().join("b/api-key"))
        );
        let profiles = env.default_key_file(Some("acme"));
        assert_eq!(profiles, Some(dir.path().join("a/api-key-acme")));
    }

    #[test]
    fn settings_are_looked_for_beside_what_is_worked_on_first() {
        let env = Env::new(|_| None, "here");
        let works_on = ["logs/a.jsonl", "-", "https://example.com/a.csv", "b.csv"];
        let files = env.project_files(&works_on.map(PathBuf::from));
        let expected = ["here/logs", "here", "here"].map(|f| Path::new(f).join("creativeai.toml"));
        assert_eq!(files, expected);
    }

    #[test]
    fn a_path_may_start_at_home() {
        let mut env = Env::new(|_| None, "");
        env.home = Some(PathBuf::from("home"));
        let path = |text| env.path_in_file(Path::new("here"), text);
        assert_eq!(path("~/key"), Path::new("home").join("key"));
        assert_eq!(path("~key"), Path::new("here").join("~key"));
        let expected = if cfg!(windows) { "home" } else { "here" };
        assert!(path("~\\key").starts_with(expected));
    }
}
