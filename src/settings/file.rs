//! `creativeai.toml`, read: single values under dotted names, each with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::names::{self, NameKind};
use super::table::PROFILE;
use super::value::{Origin, Value};
use crate::disk;
use crate::exit::Failure;

/// A settings file is a page or two.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Debug)]
pub struct File {
    path: PathBuf,
    values: BTreeMap<String, FileValue>,
}

/// One value and where it stands.
#[derive(Debug)]
pub struct FileValue {
    pub value: Value,
    /// From 1.
    pub line: usize,
}

impl File {
    /// Reads the file at `path`; `None` when there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let cannot =
            || Failure::config(format!("cannot read the settings file {}", path.display()));
        let text = match disk::open_regular(path).and_then(|file| read_capped(&file)) {
            Ok(text) => text,
            // These settings were meant to count: without them another log and other caps could apply.
            Err(e) if path.is_symlink() => {
                return Err(cannot().because(e).help(
                    "the link points to a file that does not exist; restore that file, or remove the link",
                ));
            }
            // A log may be named below a file by mistake; that is reported when the log is opened.
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(e) => {
                return Err(cannot()
                    .because(e)
                    .help("correct it, or name another one with --config"));
            }
        };
        Self::parse(path, &text).map(Some)
    }

    /// Takes the values out of `text`, which stands at `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        // Some editors put a byte order mark in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document = DeTable::parse(text).map_err(|e| {
            let start = e.span().map_or(0, |s| s.start);
            let line = text
                .lines()
                .nth(line_of(text, start) - 1)
                .unwrap_or_default();
            let help = if line.contains('"') && line.contains('\\') {
                "write paths of Windows in single quotes: api_key_file = 'C:\\keys\\creativeai'"
            } else if line.contains(['“', '”', '„', '‘', '’']) {
                "“ and ” do not work as quotes here: type straight ones, as in model = \"kling-v3\""
            } else {
                "values look like: model = \"kling-v3\"  or  concurrency = 3"
            };
            let place = place(path, text, start);
            Failure::config(format!("{place}: {}", e.message().trim())).help(help)
        })?;
        let mut file = Self {
            path: path.to_owned(),
            values: BTreeMap::new(),
        };
        file.take("", document.get_ref(), text)?;
        Ok(file)
    }

    fn take(&mut self, prefix: &str, table: &DeTable<'_>, text: &str) -> Result<(), Failure> {
        for (key, value) in table {
            let name = match prefix {
                "" => key.get_ref().to_string(),
                _ => format!("{prefix}.{}", key.get_ref()),
            };
            let start = key.span().start;
            let wrong = |what: String| {
                Failure::config(format!("{}: {what}", place(&self.path, text, start)))
            };
            if prefix == PROFILE && !names::is_profile(key.get_ref()) {
                return Err(wrong(format!("{:?} cannot name a profile", key.get_ref()))
                    .help("write up to 64 letters, digits, dashes and underscores"));
            }
            match (names::kind(&name), value.get_ref()) {
                (NameKind::Table, DeValue::Table(inner)) => self.take(&name, inner, text)?,
                (NameKind::List, value) => {
                    let Some(tables) = tables_of(value) else {
                        return Err(wrong(format!("`{name}` is a list of tables"))
                            .help(format!("write [[{name}]] above the keys of each")));
                    };
                    for (i, inner) in tables.into_iter().enumerate() {
                        self.take(&format!("{name}.{i}"), inner, text)?;
                    }
                }
                (NameKind::Table, _) => {
                    return Err(wrong(format!("`{name}` is a table")).help(format!(
                        "write [{name}] on a line of its own, its keys below"
                    )));
                }
                (NameKind::Value, value) => {
                    let line = line_of(text, start);
                    let value = simple(value);
                    self.values.insert(name, FileValue { value, line });
                }
                (NameKind::Secret, _) => {
                    return Err(
                        wrong(format!("`{name}`: secrets do not belong in this file")).help(
                            "remove it here and name a file that only you can read: api_key_file \
                         (or token_file in [shopify]); `creativeai init` makes one",
                        ),
                    );
                }
                (NameKind::Unknown, DeValue::Table(_)) => {
                    return Err(wrong(format!("unknown table [{name}]"))
                        .help(names::table_suggestion(&name)));
                }
                (NameKind::Unknown, _) => {
                    let help = names::suggestion(&name);
                    return Err(wrong(format!("unknown setting `{name}`")).help(
                        help.unwrap_or_else(|| "`creativeai config` lists all settings".to_owned()),
                    ));
                }
            }
        }
        Ok(())
    }

    /// The value under a dotted name, in the table of a profile.
    pub fn get(&self, profile: Option<&str>, name: &str) -> Option<&FileValue> {
        self.values.get(&names::of_profile(profile, name))
    }

    /// The tables of a list, each with its dotted name.
    pub fn list<'a>(
        &'a self,
        profile: Option<&str>,
        name: &str,
    ) -> impl Iterator<Item = String> + use<'a> {
        let mut names: Vec<usize> = self
            .table(profile, name)
            .filter_map(|(name, _)| name.split_once('.')?.0.parse().ok())
            .collect();
        names.sort_unstable();
        names.dedup();
        let name = name.to_owned();
        names.into_iter().map(move |i| format!("{name}.{i}"))
    }

    /// The profiles that have a value here.
    pub fn profiles(&self) -> BTreeSet<&str> {
        let names = self.table(None, PROFILE).map(|(name, _)| name);
        names
            .filter_map(|name| Some(name.split_once('.')?.0))
            .collect()
    }

    /// The values of a table, in the order of their names.
    pub fn table<'a>(
        &'a self,
        profile: Option<&str>,
        name: &str,
    ) -> impl Iterator<Item = (&'a str, &'a FileValue)> + use<'a> {
        let prefix = format!("{}.", names::of_profile(profile, name));
        self.values
            .iter()
            .filter_map(move |(name, found)| Some((name.strip_prefix(&prefix)?, found)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The origin of one of its values.
    pub fn origin(&self, found: &FileValue) -> Origin {
        Origin::File(self.path.clone(), found.line)
    }

    /// The error about one of its values.
    pub fn problem(&self, name: &str, found: &FileValue, why: &str) -> Failure {
        Failure::config(format!(
            "{}, line {}: `{name}` {why}",
            self.path.display(),
            found.line
        ))
        .help("correct the line; `creativeai config` shows the settings in effect")
    }
}

fn read_capped(file: &std::fs::File) -> std::io::Result<String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    // Windows PowerShell writes UTF-16.
    if encoding_rs::Encoding::for_bom(&bytes).is_some() {
        return Ok(encoding_rs::UTF_8.decode(&bytes).0.into_owned());
    }
    String::from_utf8(bytes).map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))
}

/// The tables of a list that holds nothing else.
fn tables_of<'a, 'text>(value: &'a DeValue<'text>) -> Option<Vec<&'a DeTable<'text>>> {
    let DeValue::Array(items) = value else {
        return None;
    };
    let table = |item: &'a toml::Spanned<DeValue<'text>>| match item.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    };
    items.iter().map(table).collect()
}

fn simple(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => {
            Value::Number(number.as_str().to_owned())
        }
        DeValue::Integer(_) => Value::Other("a number that is not decimal"),
        DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(values) => {
            let text = |value: &toml::Spanned<DeValue<'_>>| match value.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            };
            let texts: Option<Vec<String>> = values.iter().map(text).collect();
            texts.map_or(
                Value::Other("a list that holds something other than strings"),
                Value::List,
            )
        }
        DeValue::Table(_) => Value::Other("a table"),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    memchr::memchr_iter(b'\n', before).count() + 1
}

fn place(path: &Path, text: &str, offset: usize) -> String {
    let start = text
        .get(..offset)
        .map_or(0, |before| before.rfind('\n').map_or(0, |i| i + 1));
    let column = text
        .get(start..offset)
        .map_or(0, |before| before.chars().count())
        + 1;
    let line = line_of(text, offset);
    format!("{}, line {line}, column {column}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Code;

    fn parse(text: &str) -> Result<File, Failure> {
        File::parse(Path::new("creativeai.toml"), text)
    }

    fn refusal(text: &str) -> String {
        let failure = parse(text).unwrap_err();
        assert_eq!(failure.code(), Code::Config);
        format!("{failure}; {}", failure.next_step().unwrap())
    }

    #[test]
    fn values_are_found_under_their_dotted_names_with_their_lines() {
        let file = parse("\u{feff}model = \"x\"\r\n\r\n[voice]\r\nspeed = 1.0\n").unwrap();
        assert_eq!(file.get(None, "model").unwrap().line, 1);
        let speed = file.get(None, "voice.speed").unwrap();
        assert_eq!(
            (&speed.value, speed.line),
            (&Value::Number("1.0".into()), 4)
        );
    }

    #[test]
    fn a_table_may_be_written_in_any_of_tomls_ways() {
        for text in [
            "voice.speed = 2",
            "voice = { speed = 2 }",
            "[voice]\nspeed = 2",
        ] {
            assert!(
                parse(text).unwrap().get(None, "voice.speed").is_some(),
                "{text}"
            );
        }
        let file = parse("[rates.models]\n\"a.b\" = 3\n").unwrap();
        let models: Vec<_> = file
            .table(None, "rates.models")
            .map(|(name, _)| name)
            .collect();
        assert_eq!(models, ["a.b"]);
    }

    #[test]
    fn a_profile_is_a_table_of_settings() {
        let text =
            "model = \"a\"\n[profile.acme]\nmodel = \"b\"\n[profile.acme.voice]\nspeed = 2\n";
        let file = parse(text).unwrap();
        assert_eq!(file.get(Some("acme"), "model").unwrap().line, 3);
        assert_eq!(file.get(Some("acme"), "voice.speed").unwrap().line, 5);
        assert!(file.get(Some("other"), "model").is_none());
        assert_eq!(file.profiles().into_iter().collect::<Vec<_>>(), ["acme"]);
        assert!(refusal("[profile.acme]\nmodle = 1\n").contains("did you mean `model`?"));
        assert!(refusal("[profile.\"a/b\"]\nmodel = \"x\"\n").contains("cannot name a profile"));
        assert!(refusal("[profile.acme.profile.b]\nmodel = \"x\"\n").contains("unknown"));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place_and_the_nearest_right_one() {
        assert_eq!(
            refusal("model = \"x\"\n  aspect_ration = \"1:1\"\n"),
            "creativeai.toml, line 2, column 3: unknown setting `aspect_ration`; did you mean \
             `aspect_ratio`?"
        );
    }

    #[test]
    fn a_key_in_the_file_is_refused_and_never_quoted() {
        let text = refusal("api_key = \"rph_live_secret\"\n");
        assert!(
            text.contains("line 1") && text.contains("api_key_file"),
            "{text}"
        );
        assert!(!text.contains("secret\""), "{text}");
    }

    #[test]
    fn a_path_of_windows_in_double_quotes_is_explained() {
        let text = refusal("model = \"x\"\napi_key_file = \"C:\\Users\\me\\key\"\n");
        assert!(
            text.contains("line 2") && text.contains("single quotes"),
            "{text}"
        );
        assert!(!refusal("model = kling").contains("single quotes"));
    }

    #[test]
    fn what_is_no_settings_file_says_where() {
        for (text, place) in [
            ("model = kling", "line 1"),
            ("\n\nmodel = \"x", "line 3"),
            ("[voice", "line 1"),
            ("voice = 3", "line 1"),
            ("model = \"a\"\nmodel = \"b\"", "line 2"),
            ("\0", "line 1"),
        ] {
            assert!(refusal(text).contains(place), "{text:?}: {}", refusal(text));
        }
    }
}
