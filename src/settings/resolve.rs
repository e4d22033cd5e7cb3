//! Flag, environment, settings files, default: the first that says something decides.

use std::path::{Path, PathBuf};

use super::file::{File, Value};
use super::{Env, Origin, Row, Setting};
use crate::exit::Failure;

/// A value that can be shown as a row of `creativeai config`.
pub trait Show {
    /// As a person would write it; empty for nothing.
    fn show(&self) -> String;
}

/// The sources of settings below the command line, and the rows shown of what was taken.
pub struct Layers<'a> {
    pub env: &'a Env<'a>,
    pub files: Vec<File>,
    pub rows: Vec<Row>,
}

/// What the command line and the environment say about one setting.
pub struct Said<T> {
    flag: Option<(T, &'static str)>,
    env: Option<(T, &'static str)>,
}

impl<T> Said<T> {
    /// Nothing: the setting stands in files only.
    pub fn nothing() -> Self {
        Self {
            flag: None,
            env: None,
        }
    }

    /// What was typed as `flag`.
    pub fn flag(value: Option<T>, flag: &'static str) -> Self {
        Self {
            flag: value.map(|v| (v, flag)),
            env: None,
        }
    }

    /// And what the variable says.
    pub fn env(mut self, value: Option<T>, variable: &'static str) -> Self {
        self.env = value.map(|v| (v, variable));
        self
    }
}

impl<'a> Layers<'a> {
    /// Reads the settings files: the one that was named, or those of the two usual places.
    pub fn read(env: &'a Env<'a>, named: Option<&Path>) -> Result<Self, Failure> {
        let mut files = Vec::new();
        if let Some(path) = named {
            let missing = || {
                Failure::config(format!("there is no settings file {}", path.display()))
                    .help("correct the path after --config, or make a file with `creativeai init`")
            };
            files.push(File::read(path)?.ok_or_else(missing)?);
        } else {
            for path in env.settings_files() {
                files.extend(File::read(&path)?);
            }
        }
        Ok(Self {
            env,
            files,
            rows: Vec::new(),
        })
    }

    /// The first that says something about `name`; `None` when nobody does. All files are checked,
    /// also where they have no say.
    pub fn find<T>(
        &self,
        name: &str,
        said: Said<T>,
        read: impl Fn(&Value, &Path) -> Result<T, String>,
    ) -> Result<Option<Setting<T>>, Failure> {
        let mut first = None;
        for file in &self.files {
            if let Some(found) = file.get(name) {
                let folder = file.path().parent().unwrap_or(Path::new(""));
                let value =
                    read(&found.value, folder).map_err(|why| file.problem(name, found, &why))?;
                let origin = file.origin(found);
                first = first.or(Some(Setting { value, origin }));
            }
        }
        let flag = said.flag.map(|(value, flag)| Setting {
            value,
            origin: Origin::Flag(flag),
        });
        let env = said.env.map(|(value, name)| Setting {
            value,
            origin: Origin::Env(name),
        });
        Ok(flag.or(env).or(first))
    }

    /// A setting with a default.
    pub fn pick<T: Show>(
        &mut self,
        name: &'static str,
        said: Said<T>,
        read: impl Fn(&Value) -> Result<T, String>,
        default: T,
    ) -> Result<T, Failure> {
        let found = self.find(name, said, |value, _| read(value))?;
        let setting = found.unwrap_or(Setting {
            value: default,
            origin: Origin::Default,
        });
        self.show(name, &setting);
        Ok(setting.value)
    }

    /// A setting without one.
    pub fn pick_open<T: Show>(
        &mut self,
        name: &'static str,
        said: Said<T>,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let setting = Setting::open(self.find(name, said, |value, _| read(value))?);
        self.show(name, &setting);
        Ok(setting.value)
    }

    /// A path without showing it; one in a settings file starts at the file's folder.
    pub fn find_path(
        &self,
        name: &str,
        said: Said<PathBuf>,
    ) -> Result<Option<Setting<PathBuf>>, Failure> {
        self.find(name, said, |value, folder| {
            let text = text(value)?;
            if text.contains(char::is_control) {
                return Err(format!(
                    "is no path: in double quotes a backslash and a letter are one character; \
                     write it in single quotes: {name} = 'C:\\folder\\file'"
                ));
            }
            Ok(self.env.path_in_file(folder, &text))
        })
    }

    /// Shows a setting in `creativeai config`.
    pub fn show<T: Show>(&mut self, name: &str, setting: &Setting<T>) {
        self.rows.push(Row {
            name: name.to_owned(),
            value: setting.value.show(),
            origin: setting.origin.clone(),
        });
    }
}

/// A text that is not empty.
pub fn text(value: &Value) -> Result<String, String> {
    match value.text()?.trim() {
        "" => Err("must not be empty".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// A text in a form of its own.
pub fn parsed<T>(
    parse: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&Value) -> Result<T, String> {
    move |value| parse(value.text()?).map_err(|why| format!("is wrong: {why}"))
}

/// The same, where a plain number will do as well.
pub fn parsed_or_number<T>(
    parse: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&Value) -> Result<T, String> {
    move |value| parse(value.either()?).map_err(|why| format!("is wrong: {why}"))
}

/// A whole number between bounds.
pub fn whole(min: u32, max: u32) -> impl Fn(&Value) -> Result<u32, String> {
    move |value| {
        let number = value.number()?.replace('_', "").parse().ok();
        number
            .filter(|n| (min..=max).contains(n))
            .ok_or_else(|| format!("must be a whole number from {min} to {max}"))
    }
}

/// An amount of money or credits: finite and not negative.
pub fn amount(value: &Value) -> Result<f64, String> {
    let number = value.number()?.replace('_', "").parse::<f64>().ok();
    number
        .filter(|n| (0.0..=1e9).contains(n))
        .ok_or_else(|| "must be a number that is not negative".to_owned())
}
