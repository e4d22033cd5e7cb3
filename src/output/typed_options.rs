//! Commands that people are shown repeat the options that were typed, so that they work as they stand.

use super::words::shell_word;

/// What was typed and also holds for the command that is typed next. What the environment says is
/// still there then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedOptions {
    /// `--config`.
    pub config: Option<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--api-key-file`.
    pub api_key_file: Option<String>,
    /// `--base-url`.
    pub base_url: Option<String>,
    /// `--sandbox`.
    pub sandbox: bool,
    /// What `rename` has, too, with the options' names: how a manifest is read.
    pub for_rename: Vec<String>,
    /// In a round: what `submit` has, too, with the options' names.
    pub for_submit: Option<Vec<String>>,
    /// The job log, where it was named.
    pub log: Option<String>,
}

/// How a command names the job log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LogOption {
    First,
    Option,
    Not,
}

/// The commands that read settings: whether they call the API, and how they name the job log.
const COMMANDS: [(&str, bool, LogOption); 16] = [
    ("check", true, LogOption::Option),
    ("compact", false, LogOption::First),
    ("config", false, LogOption::Not),
    ("download", false, LogOption::First),
    ("listen", false, LogOption::Option),
    ("log", false, LogOption::Not),
    ("publish", false, LogOption::First),
    ("reconcile", true, LogOption::First),
    ("rename", false, LogOption::Option),
    ("report", false, LogOption::First),
    ("resolve", false, LogOption::Option),
    ("retry", true, LogOption::First),
    ("review", true, LogOption::First),
    ("run", true, LogOption::Option),
    ("status", false, LogOption::First),
    ("submit", true, LogOption::Option),
];

/// Whether a command calls the API, and how it names the job log; `None` for one that reads no settings.
fn about(command: &str) -> Option<(bool, LogOption)> {
    let mut commands = COMMANDS.into_iter();
    commands.find_map(|(name, calls, log)| (name == command).then_some((calls, log)))
}

impl TypedOptions {
    /// Options of the settings and of the API, for `command`.
    pub fn options(&self, command: &str) -> Vec<String> {
        let calls = about(command).is_some_and(|(calls, _)| calls);
        let api = |value: &Option<String>| value.clone().filter(|_| calls);
        let named = [
            ("--config", self.config.clone()),
            ("--profile", self.profile.clone()),
            ("--api-key-file", api(&self.api_key_file)),
            ("--base-url", api(&self.base_url)),
        ];
        let named = named
            .into_iter()
            .filter_map(|(option, value)| Some(format!("{option} {}", shell_word(&value?))));
        named.collect()
    }

    /// Completes every command in backticks.
    pub fn repeat_in(&self, text: &str) -> String {
        const OPENS: &str = "`creativeai ";
        let mut done = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPENS) {
            let Some((command, after)) = after.split_once('`') else {
                break;
            };
            done.extend([before, OPENS, &self.complete(command), "`"]);
            rest = after;
        }
        done + rest
    }

    /// `retry --failed`, with what was typed.
    fn complete(&self, typed: &str) -> String {
        let mut words = typed.split_whitespace();
        let command = words.next().unwrap_or_default();
        let words: Vec<&str> = words.collect();
        // `init` alone writes the files for which the options are.
        let replaces_key = command == "init" && words.contains(&"--key-only");
        let names_log = match about(command) {
            Some((_, log)) => log,
            None if replaces_key => LogOption::Not,
            None => return typed.to_owned(),
        };
        let mut text = command.to_owned();
        let log = self.log.as_deref().map(shell_word);
        // What was taken for a log may be something else.
        let log = log.filter(|log| !words.contains(&&**log));
        let has_log = words.first().is_some_and(|word| !word.starts_with('-'));
        if let Some(log) = log
            .as_ref()
            .filter(|_| names_log == LogOption::First && !has_log)
        {
            text.extend([" ", log]);
        }
        let mut more = self.options(command);
        if let Some(log) = log.filter(|_| names_log == LogOption::Option) {
            more.push(format!("--jobs {log}"));
        }
        if self.sandbox && !replaces_key && !matches!(command, "log" | "compact" | "listen") {
            more.push("--sandbox".to_owned());
        }
        let is_new = |option: &String| {
            !words
                .iter()
                .any(|word| option.split(' ').next() == Some(word))
        };
        let more: Vec<&str> = more
            .iter()
            .filter(|o| is_new(o))
            .map(String::as_str)
            .collect();
        for word in words.iter().chain(&more) {
            text.extend([" ", word]);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> TypedOptions {
        TypedOptions {
            profile: Some("acme".to_owned()),
            ..TypedOptions::default()
        }
    }

    #[test]
    fn a_command_repeats_what_was_typed() {
        let log = |log: &str| TypedOptions {
            log: Some(log.to_owned()),
            ..typed()
        };
        let sandbox = || TypedOptions {
            sandbox: true,
            ..TypedOptions::default()
        };
        let elsewhere = || TypedOptions {
            base_url: Some("http://127.0.0.1:8790".to_owned()),
            api_key_file: Some("k".to_owned()),
            config: Some("c.toml".to_owned()),
            ..TypedOptions::default()
        };
        let api = "--config c.toml --api-key-file k --base-url http://127.0.0.1:8790";
        for (typed, command, expected) in [
            (TypedOptions::default(), "status", "status".to_owned()),
            (typed(), "status", "status --profile acme".to_owned()),
            (typed(), "help publish", "help publish".to_owned()),
            (typed(), "init", "init".to_owned()),
            (
                typed(),
                "init --key-only",
                "init --key-only --profile acme".to_owned(),
            ),
            (
                typed(),
                "config --profile acme",
                "config --profile acme".to_owned(),
            ),
            (
                log("x.jsonl"),
                "status",
                "status x.jsonl --profile acme".to_owned(),
            ),
            (
                log("x.jsonl"),
                "status x.jsonl",
                "status x.jsonl --profile acme".to_owned(),
            ),
            (
                log("x.jsonl"),
                "status --id A",
                "status x.jsonl --id A --profile acme".to_owned(),
            ),
            (
                log("x.jsonl"),
                "submit s.csv",
                "submit s.csv --profile acme --jobs x.jsonl".to_owned(),
            ),
            (log("x.jsonl"), "config", "config --profile acme".to_owned()),
            (
                log("s.csv"),
                "submit s.csv",
                "submit s.csv --profile acme".to_owned(),
            ),
            (
                sandbox(),
                "retry --failed",
                "retry --failed --sandbox".to_owned(),
            ),
            (sandbox(), "status --sandbox", "status --sandbox".to_owned()),
            (sandbox(), "compact a.jsonl", "compact a.jsonl".to_owned()),
            (
                elsewhere(),
                "reconcile --wait",
                format!("reconcile --wait {api}"),
            ),
            (
                elsewhere(),
                "download",
                "download --config c.toml".to_owned(),
            ),
        ] {
            let text = format!("run `creativeai {command}`, then wait");
            let expected = format!("run `creativeai {expected}`, then wait");
            assert_eq!(typed.repeat_in(&text), expected, "{command}");
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in [
            "",
            "`rm x`",
            "a ` creativeai status",
            "`creativeai status",
            "creativeai status",
        ] {
            assert_eq!(typed().repeat_in(text), text);
        }
        let both =
            typed().repeat_in("`creativeai config`, `creativeai help log` or `creativeai status`");
        assert_eq!(
            both,
            "`creativeai config --profile acme`, `creativeai help log` or `creativeai status --profile acme`"
        );
    }
}
