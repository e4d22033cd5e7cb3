//! Flag, environment, settings files, default: the first that says something decides.

use std::path::{Path, PathBuf};

use super::file::{File, Value};
use super::table::{DEFINITIONS, OPEN_TABLES, definition};
use super::{Env, Flags, Origin, Row, Setting};
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
    pub sandbox: bool,
    pub rows: Vec<Row>,
}

impl<'a> Layers<'a> {
    /// Reads the settings files: the one that was named, or those of the two usual places.
    pub fn read(env: &'a Env<'a>, flags: &Flags) -> Result<Self, Failure> {
        let mut files = Vec::new();
        if let Some(path) = &flags.config {
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
            sandbox: flags.sandbox,
            rows: Vec::new(),
        })
    }

    /// The first that sets `name`: `flag`, which was typed, the environment, a settings file.
    pub fn find<T>(
        &self,
        name: &str,
        flag: Option<T>,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<Setting<T>>, Failure> {
        let variable = definition(name).map_or("", |known| known.variable);
        let set = match variable {
            "" => None,
            variable => self.env.text(variable)?,
        };
        let set = set.map(|text| {
            read(&Value::Text(text)).map_err(|why| {
                Failure::config(format!("the environment variable {variable} {why}"))
                    .help("set it again, or unset it")
            })
        });
        self.first(name, flag, set.transpose()?, |value, _| read(value))
    }

    /// A path; one in a settings file starts at the file's folder.
    pub fn find_path(
        &self,
        name: &str,
        flag: Option<PathBuf>,
    ) -> Result<Option<Setting<PathBuf>>, Failure> {
        let set = definition(name).and_then(|known| self.env.var(known.variable));
        self.first(name, flag, set.map(PathBuf::from), |value, folder| {
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

    /// All files are checked, also where another value comes first.
    fn first<T>(
        &self,
        name: &str,
        flag: Option<T>,
        set: Option<T>,
        read: impl Fn(&Value, &Path) -> Result<T, String>,
    ) -> Result<Option<Setting<T>>, Failure> {
        let (option, variable) = definition(name).map_or(("", ""), |d| (d.flag, d.variable));
        let mut found = flag.map(|value| Setting::new(value, Origin::Flag(option)));
        found = found.or(set.map(|value| Setting::new(value, Origin::Env(variable))));
        for file in &self.files {
            if let Some(written) = file.get(name) {
                let folder = file.path().parent().unwrap_or(Path::new(""));
                let value = read(&written.value, folder)
                    .map_err(|why| file.problem(name, written, &why))?;
                found = found.or(Some(Setting::new(value, file.origin(written))));
            }
        }
        Ok(found)
    }

    /// A setting with a default.
    pub fn pick<T: Show>(
        &mut self,
        name: &str,
        flag: Option<T>,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let found = self.find(name, flag, &read)?;
        let setting = found.map_or_else(|| self.default(name, read), Ok)?;
        self.show(name, &setting);
        Ok(setting.value)
    }

    /// The table's default.
    pub fn default<T>(
        &self,
        name: &str,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Setting<T>, Failure> {
        let default = definition(name).and_then(|known| known.default_value(self.sandbox));
        let default = default.ok_or_else(|| "has no default".to_owned());
        default
            .and_then(|default| read(&default))
            .map(|value| Setting::new(value, Origin::Default))
            .map_err(|why| Failure::config(format!("`{name}` {why}")))
    }

    /// A setting without one.
    pub fn pick_open<T: Show>(
        &mut self,
        name: &str,
        flag: Option<T>,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let setting = Setting::open(self.find(name, flag, read)?);
        self.show(name, &setting);
        Ok(setting.value)
    }

    /// The rows in the order of the table of settings.
    pub fn rows_in_order(&mut self) -> Vec<Row> {
        let mut rows = std::mem::take(&mut self.rows);
        let place = |name: &str| DEFINITIONS.iter().position(|known| known.name == name);
        let table = |name: &str| {
            OPEN_TABLES
                .into_iter()
                .find(|table| name.starts_with(table))
        };
        rows.sort_by_key(|row| place(table(&row.name).unwrap_or(&row.name)));
        rows
    }

    /// Shows a setting in `creativeai config`.
    pub fn show<T: Show>(&mut self, name: &str, setting: &Setting<T>) {
        self.show_as(name, setting.value.show(), setting.origin.clone());
    }

    /// The same for one that is shown in other words.
    pub fn show_as(&mut self, name: &str, value: String, origin: Origin) {
        let name = name.to_owned();
        self.rows.push(Row {
            name,
            value,
            origin,
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
