//! What surrounds the process: environment variables and folders.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::exit::Failure;

/// Looks an environment variable up.
type Lookup<'a> = Box<dyn Fn(&str) -> Option<OsString> + 'a>;

/// The surroundings that settings are read from. Tests make their own.
pub struct Env<'a> {
    vars: Lookup<'a>,
    /// The current folder; empty in the program, so that paths are shown as they were typed.
    pub folder: PathBuf,
    /// The user's settings folder: `~/.config/creativeai` on Linux and macOS (or below
    /// `$XDG_CONFIG_HOME`), `%APPDATA%\creativeai` on Windows. `None` for a user without a home.
    pub user_folder: Option<PathBuf>,
    /// What `~/` stands for in a settings file.
    pub home: Option<PathBuf>,
}

impl Env<'static> {
    /// The process's own.
    pub fn of_process() -> Self {
        let base = etcetera::choose_base_strategy().ok();
        Self {
            vars: Box::new(|name| std::env::var_os(name)),
            folder: PathBuf::new(),
            user_folder: base.as_ref().map(|b| b.config_dir().join("creativeai")),
            home: base.map(|b| b.home_dir().to_owned()),
        }
    }
}

impl<'a> Env<'a> {
    /// Surroundings with these variables, `folder` as the current one, and nothing else.
    pub fn new(vars: impl Fn(&str) -> Option<OsString> + 'a, folder: impl Into<PathBuf>) -> Self {
        Self {
            vars: Box::new(vars),
            folder: folder.into(),
            user_folder: None,
            home: None,
        }
    }

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
                .help("set it again, or unset it")
        })
    }

    /// The settings file of the current folder, and the user's.
    pub fn settings_files(&self) -> impl Iterator<Item = PathBuf> {
        let folders = [Some(self.folder.clone()), self.user_folder.clone()];
        folders
            .into_iter()
            .flatten()
            .map(|f| f.join(super::FILE_NAME))
    }

    /// Where the key is kept that `init` asks for.
    pub fn default_key_file(&self) -> Option<PathBuf> {
        self.user_folder
            .as_ref()
            .map(|folder| folder.join("api-key"))
    }

    /// A path as a settings file in `folder` means it: `~/` is the home folder, and a relative
    /// one starts at the file.
    pub fn path_in_file(&self, folder: &Path, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => folder.join(text),
        }
    }
}
