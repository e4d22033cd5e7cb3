//! Flag, environment, settings files, default: the first that says something decides.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::env::Env;
use super::file::File;
use super::flags::Flags;
use super::table::{DEFINITIONS, OPEN_TABLES, PROFILE, definition};
use super::value::{Origin, Setting, SettingRow, Value};

use crate::exit::Failure;
use crate::text::suggest;

/// The sources of settings below the command line, and the rows shown of what was taken.
pub struct Sources<'a> {
    pub env: &'a Env<'a>,
    pub files: Vec<File>,
    /// The profile that was chosen, and by what.
    pub profile: Option<Setting<String>>,
    pub sandbox: bool,
    pub rows: Vec<SettingRow>,
    /// The settings file that stands with the work, and so may be another person's.
    project: Option<PathBuf>,
}

impl<'a> Sources<'a> {
    /// Reads the settings files: the one that was named, or those of the two usual places.
    pub fn read(env: &'a Env<'a>, flags: &Flags) -> Result<Self, Failure> {
        let mut files: Vec<File> = Vec::new();
        let mut project = None;
        if let Some(path) = &flags.config {
            let missing = || {
                Failure::config(format!("cannot find the settings file {}", path.display()))
                    .help("correct the path after --config, or make a file with `creativeai init`")
            };
            files.push(File::read(path)?.ok_or_else(missing)?);
        } else {
            let mut works_on = flags.works_on.clone();
            let log = definition("jobs").and_then(|jobs| env.var(jobs.variable));
            works_on.extend(log.map(PathBuf::from));
            // One project's settings never complement another's.
            for path in env.project_files(&works_on) {
                files.extend(File::read(&path)?);
                if !files.is_empty() {
                    let is_of_user = env.user_files().any(|own| own == path);
                    project = (!is_of_user).then_some(path);
                    break;
                }
            }
            for path in env.user_files() {
                files.extend(File::read(&path)?);
            }
        }
        let mut sources = Self {
            env,
            files,
            profile: None,
            sandbox: flags.sandbox,
            rows: Vec::new(),
            project,
        };
        sources.profile = sources.find(PROFILE, flags.profile.clone(), text)?;
        sources.check_profile()?;
        let profile = Setting::open(sources.profile.clone());
        sources.show(PROFILE, profile.value.unwrap_or_default(), profile.origin);
        Ok(sources)
    }

    /// The settings file that stands with the work, where a setting is from that.
    pub fn project_file(&self, origin: &Origin) -> Option<&Path> {
        let project = self.project.as_deref()?;
        matches!(origin, Origin::File(path, _) if path == project).then_some(project)
    }

    /// The name of the profile.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_ref().map(|profile| profile.value.as_str())
    }

    /// A profile that no settings file has is a typing error, which may not order on another's key.
    fn check_profile(&self) -> Result<(), Failure> {
        let Some(Setting {
            value: name,
            origin,
            ..
        }) = &self.profile
        else {
            return Ok(());
        };
        let known: BTreeSet<&str> = self.files.iter().flat_map(File::profiles).collect();
        if known.contains(name.as_str()) {
            return Ok(());
        }
        let files: Vec<_> = self
            .files
            .iter()
            .map(|f| f.path().display().to_string())
            .collect();
        let place = match files.as_slice() {
            [] => "no settings file was found".to_owned(),
            files => format!("no table [{PROFILE}.{name}] is in {}", files.join(" or ")),
        };
        let next = match suggest::nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write [{PROFILE}.{name}] in creativeai.toml, its settings below it"),
        };
        let failure = Failure::config(format!("unknown profile {name:?} ({origin}): {place}"));
        Err(failure.help(next))
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
            let value = read(&Value::Text(text.clone())).map_err(|why| {
                Failure::config(format!("the environment variable {variable} {why}"))
                    .help("correct it, or unset it")
            })?;
            Ok(Setting::new(value, Origin::Env(variable), text))
        });
        self.first(name, flag, set.transpose()?, |value, _| read(value))
    }

    /// A path; one in a settings file starts at the file's folder.
    pub fn find_path(
        &self,
        name: &str,
        flag: Option<PathBuf>,
    ) -> Result<Option<Setting<PathBuf>>, Failure> {
        let variable = definition(name).map_or("", |known| known.variable);
        let set = self
            .env
            .var(variable)
            .map(|path| Setting::new(PathBuf::from(path), Origin::Env(variable), String::new()));
        self.first(name, flag, set, |value, folder| {
            let text = text(value)?;
            if text.contains(char::is_control) {
                return Err(format!(
                    "is not a path: in double quotes a backslash and a letter are one character; \
                     write it in single quotes: {name} = 'C:\\folder\\file'"
                ));
            }
            Ok(self.env.path_in_file(folder, &text))
        })
    }

    /// The chosen profile comes before variables, which may be left from work for another client.
    /// All files are checked, also where another value comes first.
    fn first<T>(
        &self,
        name: &str,
        flag: Option<T>,
        set: Option<Setting<T>>,
        read: impl Fn(&Value, &Path) -> Result<T, String>,
    ) -> Result<Option<Setting<T>>, Failure> {
        let option = definition(name).map_or("", |known| known.flag);
        let (mut of_profile, mut of_all) = (None, None);
        for file in &self.files {
            for profile in std::iter::once(None).chain(file.profiles().into_iter().map(Some)) {
                let Some(written) = file.get(profile, name) else {
                    continue;
                };
                let folder = file.path().parent().unwrap_or(Path::new(""));
                let value = read(&written.value, folder)
                    .map_err(|why| file.problem(name, written, &why))?;
                let text = written.value.as_written();
                let setting = Setting::new(value, file.origin(written), text);
                if profile.is_some() && profile == self.profile() {
                    of_profile = of_profile.or(Some(setting));
                } else if profile.is_none() && self.takes_from_all(name) {
                    of_all = of_all.or(Some(setting));
                }
            }
        }
        let flag = flag.map(|value| Setting::new(value, Origin::Flag(option), String::new()));
        Ok(flag.or(of_profile).or(set).or(of_all))
    }

    /// Whether a setting may be taken from outside the chosen profile's table.
    fn takes_from_all(&self, name: &str) -> bool {
        let table = OPEN_TABLES
            .into_iter()
            .find(|table| name.starts_with(&format!("{table}.")));
        let known = definition(table.unwrap_or(name));
        self.profile.is_none() || known.is_none_or(|known| !known.own)
    }

    /// The names in an open table, of the chosen profile or of all.
    pub fn names_in(&self, table: &str) -> BTreeSet<String> {
        let of_profile = |profile| {
            let entries = self
                .files
                .iter()
                .flat_map(move |file| file.table(profile, table));
            entries.map(|(name, _)| name.to_owned())
        };
        let mut names: BTreeSet<_> = of_profile(None).collect();
        if let Some(profile) = self.profile() {
            names.extend(of_profile(Some(profile)));
        }
        names
    }

    /// A file's usual name: with a profile, its own.
    pub fn usual_name(&self, name: &str) -> String {
        match self.profile() {
            Some(profile) => format!("{profile}-{name}"),
            None => name.to_owned(),
        }
    }

    /// A setting with a default.
    pub fn pick<T>(
        &mut self,
        name: &str,
        flag: Option<T>,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let found = self.find(name, flag, &read)?;
        let setting = found.map_or_else(|| self.default(name, read), Ok)?;
        self.show(name, setting.written, setting.origin);
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
            .and_then(|default| {
                let value = read(&default)?;
                Ok(Setting::new(value, Origin::Default, default.as_written()))
            })
            .map_err(|why| Failure::config(format!("`{name}` {why}")))
    }

    /// A setting without one.
    pub fn pick_open<T>(
        &mut self,
        name: &str,
        flag: Option<T>,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let setting = Setting::open(self.find(name, flag, read)?);
        self.show(name, setting.written, setting.origin);
        Ok(setting.value)
    }

    /// The rows in the order of the table of settings.
    pub fn rows_in_order(&mut self) -> Vec<SettingRow> {
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
    pub fn show(&mut self, name: &str, value: String, origin: Origin) {
        let name = name.to_owned();
        self.rows.push(SettingRow {
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
        .ok_or_else(|| "must not be a negative number".to_owned())
}
