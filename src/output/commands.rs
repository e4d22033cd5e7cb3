//! Commands for people to copy.

use super::typed_options::TypedOptions;
use super::words::shell_word;
use crate::jobs::JobKey;
use crate::text::escape;

/// Writes commands for people to copy: with the log's name where it is not the usual one, with
/// `--sandbox` in a rehearsal, and with the profile that was chosen.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    typed: TypedOptions,
    /// Attempts that a job gets in all; `None` for as many as usual.
    max_attempts: Option<u32>,
}

/// Attempts that a job gets where no setting says otherwise.
const USUAL_ATTEMPTS: u32 = 3;

impl Commands {
    /// Commands with what was typed, where `retry` makes at most so many attempts for a job.
    pub fn new(typed: TypedOptions, max_attempts: u32) -> Self {
        Self {
            typed,
            max_attempts: Some(max_attempts),
        }
    }

    /// Commands for the log that was named `log` on the command line, or for the usual one.
    pub fn for_log(log: Option<&str>) -> Self {
        let typed = TypedOptions {
            log: log.map(str::to_owned),
            ..TypedOptions::default()
        };
        Self {
            typed,
            max_attempts: None,
        }
    }

    /// The same in a rehearsal.
    #[cfg(test)]
    #[must_use]
    pub fn in_sandbox(mut self) -> Self {
        self.typed.sandbox = true;
        self
    }

    /// Completes the commands in a text with the log and the options.
    pub fn repeat_in(&self, text: &str) -> String {
        self.typed.repeat_in(text)
    }

    /// Attempts after which `retry` leaves a job alone.
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts.unwrap_or(USUAL_ATTEMPTS)
    }

    /// `creativeai retry [JOBS] --failed`, for jobs that have had `attempts`: with leave for one
    /// more, where it would else do nothing.
    pub fn retry_after(&self, attempts: u32) -> String {
        if attempts < self.max_attempts() {
            return self.on_log("retry", "--failed");
        }
        let more = attempts.saturating_add(1);
        self.on_log("retry", &format!("--failed --max-attempts {more}"))
    }

    /// Whether they are for a rehearsal.
    pub fn is_sandbox(&self) -> bool {
        self.typed.sandbox
    }

    /// `creativeai retry [JOBS] --failed [--sandbox]`.
    pub fn on_log(&self, command: &str, options: &str) -> String {
        let jobs = self
            .typed
            .log
            .as_deref()
            .map(shell_word)
            .unwrap_or_default();
        self.rehearsed(&format!("creativeai {command}"), &[&jobs, options])
    }

    fn rehearsed(&self, command: &str, parts: &[&str]) -> String {
        let mut text = command.to_owned();
        let name = command.split(' ').nth(1).unwrap_or_default();
        let typed = self.typed.options(name).join(" ");
        let sandbox = if self.typed.sandbox { "--sandbox" } else { "" };
        for part in parts.iter().chain([&&*typed, &sandbox]) {
            if !part.is_empty() {
                text.push(' ');
                text.push_str(part);
            }
        }
        text
    }

    /// `creativeai status [JOBS] --id LST-4202`: the one of that id. One that cannot be typed as
    /// it is goes by its job's key.
    pub fn look_into(&self, id: Option<&str>, key: JobKey) -> String {
        let typeable = |id: &&str| {
            let plain = |c: char| !c.is_control() && !"\"%`".contains(c);
            !id.is_empty() && !id.starts_with('-') && escape(id) == *id && id.chars().all(plain)
        };
        let id = id.filter(typeable);
        let id = id.map_or_else(|| key.to_string(), shell_word);
        self.on_log("status", &format!("--id {id}"))
    }

    /// `creativeai submit MANIFEST [--jobs FILE] [--sandbox]`: the log does not hold the manifest's name.
    pub fn submit(&self) -> String {
        self.with_jobs("creativeai submit MANIFEST")
    }

    /// `creativeai resolve JOB --dismiss [--jobs FILE] [--sandbox]`.
    pub fn resolve(&self, job: &str, verdict: &str) -> String {
        let command = format!("creativeai resolve {} {verdict}", shell_word(job));
        self.with_jobs(&command)
    }

    /// `creativeai rename OLD NEW [--jobs FILE] [--sandbox]`.
    pub fn rename(&self, old: &str, new: &str) -> String {
        let names = format!("{} {}", shell_word(old), shell_word(new));
        // What begins like an option is a name after `--`, behind which nothing else may come.
        if old.starts_with('-') || new.starts_with('-') {
            return self.with_jobs("creativeai rename") + " -- " + &names;
        }
        self.with_jobs(&format!("creativeai rename {names}"))
    }

    /// `creativeai rename --from-manifest MANIFEST [--jobs FILE] [--sandbox]`.
    pub fn rename_from(&self, manifests: &[String]) -> String {
        let mut command = "creativeai rename".to_owned();
        for manifest in manifests {
            command.extend([" --from-manifest ", &shell_word(manifest)]);
        }
        for option in &self.typed.for_rename {
            command.extend([" ", option]);
        }
        self.with_jobs(&command)
    }

    /// How a person orders from the manifests with one more option: `run the same command with OPTION`.
    /// Of a round, which lacks it: the `submit` that has it.
    pub fn submit_with(&self, option: &str, manifests: &[String]) -> String {
        if !self.is_round() {
            return format!("run the same command with {option}");
        }
        format!("run `{}`", self.submit_these(option, manifests))
    }

    /// `creativeai submit MANIFEST OPTION [--jobs FILE] [--sandbox]`, read as a round reads it.
    pub fn submit_these(&self, option: &str, manifests: &[String]) -> String {
        let mut command = "creativeai submit".to_owned();
        let manifests = manifests.iter().map(|manifest| shell_word(manifest));
        let typed = self.typed.for_submit.iter().flatten().cloned();
        for word in manifests.chain(typed).chain([option.to_owned()]) {
            command.extend([" ", &word]);
        }
        self.with_jobs(&command)
    }

    /// Whether they are shown by a round.
    pub fn is_round(&self) -> bool {
        self.typed.for_submit.is_some()
    }

    fn with_jobs(&self, command: &str) -> String {
        let jobs = self.typed.log.as_deref().map(shell_word);
        let jobs = jobs.map(|jobs| format!("--jobs {jobs}"));
        self.rehearsed(command, &[&jobs.unwrap_or_default()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_log_only_where_it_is_not_the_usual_one() {
        let usual = Commands::default();
        assert_eq!(
            usual.on_log("retry", "--failed"),
            "creativeai retry --failed"
        );
        let other = Commands::for_log(Some("my jobs.jsonl"));
        let quoted = if cfg!(windows) {
            "\"my jobs.jsonl\""
        } else {
            "'my jobs.jsonl'"
        };
        assert_eq!(
            other.on_log("reconcile", ""),
            format!("creativeai reconcile {quoted}")
        );
        assert_eq!(
            other.resolve("LST-1", "--dismiss"),
            format!("creativeai resolve LST-1 --dismiss --jobs {quoted}")
        );
    }

    #[test]
    fn commands_of_a_rehearsal_rehearse() {
        let usual = Commands::default().in_sandbox();
        assert_eq!(
            usual.on_log("retry", "--failed"),
            "creativeai retry --failed --sandbox"
        );
        let named = Commands::for_log(Some("copy.jsonl")).in_sandbox();
        assert_eq!(
            named.on_log("reconcile", ""),
            "creativeai reconcile copy.jsonl --sandbox"
        );
        assert_eq!(
            named.resolve("LST-1", "--dismiss"),
            "creativeai resolve LST-1 --dismiss --jobs copy.jsonl --sandbox"
        );
    }

    #[test]
    fn an_id_that_cannot_be_typed_gives_way_to_the_key() {
        let key = JobKey::from_number(1);
        let look = |id| Commands::default().look_into(id, key);
        assert_eq!(look(Some("LST-1")), "creativeai status --id LST-1");
        for id in [None, Some(""), Some("-q"), Some("a\u{1b}[2J"), Some("a\nb")] {
            assert_eq!(look(id), format!("creativeai status --id {key}"), "{id:?}");
        }
    }
}
