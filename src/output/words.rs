//! Wording that several outputs share: numbers, money, durations, names of clips, commands.

use super::Typed;
use crate::engine::delivery::names;
use crate::jobs::{Credits, JobKey, JobView, PHOTO_FILE, Rates};
use crate::text::format::group_digits;
pub use crate::text::format::{
    ago, bytes, choose, count, counted, day, duration, listed, moment, moment_utc, number,
};
use crate::text::{escape, shorten};

/// `5 credits`, `1 credit`, `1,200.5 credits`.
pub fn credits(amount: Credits) -> String {
    let text = amount.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    let s = if amount == Credits::whole(1) { "" } else { "s" };
    format!("{}{point}{fraction} credit{s}", group_digits(whole))
}

/// `$0.36 to $0.50`: from the cheapest to the dearest way to buy that many credits.
pub fn dollars(rates: &Rates, amount: Credits) -> String {
    let (low, high) = rates.dollars(amount);
    let (low, high) = (cents(low), cents(high));
    if low == high {
        low
    } else {
        format!("{low} to {high}")
    }
}

/// `5 credits, about $0.36 to $0.50`; without credits no dollars.
pub fn money(rates: &Rates, amount: Credits) -> String {
    if amount == Credits::ZERO {
        return credits(amount);
    }
    format!("{}, about {}", credits(amount), dollars(rates, amount))
}

/// `5 credits charged ($0.36 to $0.50)`, or what a rehearsal would have cost.
pub fn charged(rates: &Rates, amount: Credits, rehearsal: bool) -> String {
    let (credits, dollars) = (credits(amount), dollars(rates, amount));
    if rehearsal {
        format!("would have cost {credits} ({dollars})")
    } else {
        format!("{credits} charged ({dollars})")
    }
}

/// Dollars for JSON, to a tenth of a cent.
pub fn dollars_json(rates: &Rates, amount: Credits) -> serde_json::Value {
    let (low, high) = rates.dollars(amount);
    let to_tenth_of_a_cent = |dollars: f64| (dollars * 1000.0).round() / 1000.0;
    serde_json::json!({ "low": to_tenth_of_a_cent(low), "high": to_tenth_of_a_cent(high) })
}

/// Half a cent is rounded up, as people do; in binary it is not exactly half.
fn cents(dollars: f64) -> String {
    let cents = ((dollars * 1000.0).round() as i64).saturating_add(5) / 10;
    let whole = group_digits(&(cents / 100).to_string());
    format!("${whole}.{:02}", cents % 100)
}

/// Longest name that [`clip_name`] gives, in characters.
const NAME_LEN: usize = 60;

/// The name of a job's photo, without its folder and ending: that of the file that was uploaded, where
/// it was on this computer.
pub fn photo_title(view: &JobView) -> Option<String> {
    if let Some(path) = view.column(PHOTO_FILE) {
        return Some(names::file_name(&path).to_owned());
    }
    names::image_name(&view.photo()?)
}

/// What a clip is called among its listing's or product's: the photo's name without its ending,
/// else how its prompt begins, and its variant.
pub fn clip_name(view: &JobView) -> String {
    let of_request = |name: &str| {
        let text = view.requested(name)?.as_str()?.to_owned();
        (!text.trim().is_empty()).then_some(text)
    };
    let subject = photo_title(view)
        .or_else(|| of_request("prompt"))
        .or_else(|| of_request("text").map(|text| format!("“{text}”")));
    let name = with_variant(subject, view).unwrap_or_else(|| {
        let id = view.effective().and_then(|a| a.generation_id());
        id.map_or_else(|| view.key().to_string(), str::to_owned)
    });
    // One line, whatever the sheet had.
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    shorten(&name, NAME_LEN).into_owned()
}

/// What the clip is called: never by its prompt.
pub fn title(view: &JobView) -> String {
    with_variant(photo_title(view), view).unwrap_or_else(|| "Video".to_owned())
}

/// A clip's subject and its variant, as far as there are any.
fn with_variant(subject: Option<String>, view: &JobView) -> Option<String> {
    let variant = view.fields.text("variant").filter(|v| !v.is_empty());
    match (subject, variant) {
        (Some(subject), Some(variant)) => Some(format!("{subject} ({variant})")),
        (subject, variant) => subject.or_else(|| variant.map(str::to_owned)),
    }
}

/// Writes commands for people to copy: with the log's name where it is not the usual one, with
/// `--sandbox` in a rehearsal, and with the profile that was chosen.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    jobs: Option<String>,
    typed: Typed,
    sandbox: bool,
    /// Attempts that a job gets in all; `None` for as many as usual.
    max_attempts: Option<u32>,
}

/// Attempts that a job gets where no setting says otherwise.
const USUAL_ATTEMPTS: u32 = 3;

impl Commands {
    /// Commands for the log that was named `jobs` on the command line, or for the usual one.
    pub fn for_log(jobs: Option<&str>) -> Self {
        Self {
            jobs: jobs.map(str::to_owned),
            ..Self::default()
        }
    }

    /// Commands with the options that were typed.
    #[must_use]
    pub fn repeating(self, typed: Typed) -> Self {
        Self { typed, ..self }
    }

    /// Completes the commands in a text with the log and the options.
    pub fn repeat_in(&self, text: &str) -> String {
        let log = self.jobs.clone();
        let typed = Typed {
            sandbox: self.sandbox,
            log,
            ..self.typed.clone()
        };
        typed.repeat_in(text)
    }

    /// The same where `retry` makes at most so many attempts for a job.
    #[must_use]
    pub fn with_max_attempts(self, most: u32) -> Self {
        Self {
            max_attempts: Some(most),
            ..self
        }
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

    /// Commands for a rehearsal, where it is one.
    #[must_use]
    pub fn in_sandbox(self, sandbox: bool) -> Self {
        Self { sandbox, ..self }
    }

    /// Whether they are for a rehearsal.
    pub fn is_sandbox(&self) -> bool {
        self.sandbox
    }

    /// `creativeai retry [JOBS] --failed [--sandbox]`.
    pub fn on_log(&self, command: &str, options: &str) -> String {
        let jobs = self.jobs.as_deref().map(shell_word).unwrap_or_default();
        self.rehearsed(&format!("creativeai {command}"), &[&jobs, options])
    }

    fn rehearsed(&self, command: &str, parts: &[&str]) -> String {
        let mut text = command.to_owned();
        let name = command.split(' ').nth(1).unwrap_or_default();
        let typed = self.typed.options(name).join(" ");
        let sandbox = if self.sandbox { "--sandbox" } else { "" };
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

    fn with_jobs(&self, command: &str) -> String {
        let jobs = self.jobs.as_deref().map(shell_word);
        let jobs = jobs.map(|jobs| format!("--jobs {jobs}"));
        self.rehearsed(command, &[&jobs.unwrap_or_default()])
    }
}

/// A word as a shell reads it; quoted only where it has to be.
pub fn shell_word(word: &str) -> String {
    let is_plain =
        |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c) || (cfg!(windows) && c == '\\');
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else if cfg!(windows) {
        format!("\"{word}\"")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_grouped_and_agree_with_their_noun() {
        assert_eq!(credits(Credits::whole(1)), "1 credit");
        assert_eq!(
            credits(Credits::from_number(1234.5).unwrap()),
            "1,234.5 credits"
        );
    }

    #[test]
    fn money_is_a_range_rounded_as_people_round() {
        let rates = Rates::default();
        assert_eq!(
            money(&rates, Credits::whole(5)),
            "5 credits, about $0.36 to $0.50"
        );
        assert_eq!(dollars(&rates, Credits::whole(15)), "$1.07 to $1.50");
        assert_eq!(
            dollars(&rates, Credits::whole(50_000)),
            "$3,550.00 to $5,000.00"
        );
        assert_eq!(money(&rates, Credits::ZERO), "0 credits");
        let flat = Rates {
            dollars_low: 0.1,
            ..rates
        };
        assert_eq!(dollars(&flat, Credits::whole(3)), "$0.30");
    }

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
        let usual = Commands::default().in_sandbox(true);
        assert_eq!(
            usual.on_log("retry", "--failed"),
            "creativeai retry --failed --sandbox"
        );
        let named = Commands::for_log(Some("copy.jsonl")).in_sandbox(true);
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
