//! What waits for a person, as sentences with commands to copy.

use super::Tally;
use crate::jobs::{DisplayStatus, JobKey};
use crate::output::{commands::Commands, display_status::Tone, words};

/// Jobs in doubt whose commands a notice spells out.
const MOST_DOUBTS: usize = 2;

const MIXED: &str = "# [job|jobs] of a sandbox [is|are] in a log of live jobs, which must never \
     happen: the totals include [it|them], and nothing is sent for such a log. Go back to the logs \
     from before they were joined.";
const BILLED_TWICE: &str = "# [clip|clips] BILLED TWICE: one request was given two generation ids. \
     Ask the vendor to refund the second charge; status --json names the ids.";
const TWO_ENDS: &str = "# [clip was|clips were] reported as failed and as completed; the finished \
     clip counts. Check that it was charged once.";
const UNKNOWN: &str = "# [clip was|clips were] sent without a clear answer, and may have been paid \
     for. Nothing is sent again automatically. {doubts}";
const NEWER: &str = "# [clip has|clips have] lines of a newer version of creativeai, which this one does \
     not know. Nothing is sent again for [it|them]. Update this program.";
const FAILED: &str = "# [clip|clips] could not be made; failed clips are not charged. Try again:";
const FAILED_FOR_GOOD: &str = "# [clip|clips] failed {times} and [is|are] not ordered again \
     automatically. Another photo or prompt in [its row|their rows] may help; to try again \
     unchanged:";
const REFUSED: &str = "# [clip was|clips were] refused, and cost nothing. If [its row is|their \
     rows are] wrong, correct [it|them] and submit again; if something else was, such as the \
     address, try again unchanged:";
const REFUSED_FOR_GOOD: &str = "# [clip was|clips were] refused, and cost nothing. Correct [its \
     row|their rows] and submit again.";
const NOT_ACCEPTED: &str = "# [clip was|clips were] not accepted, as a person confirmed, and cost \
     nothing. Order [it|them]:";
const NOT_SENT: &str = "# [clip was|clips were] not accepted yet and cost nothing; the next creativeai \
     submit sends [it|them] again.";
const UNDER_WAY: &str = "# [clip|clips] under way. Ask how far:";
const TO_LOOK_AT: &str = "# [clip waits|clips wait] for review:";
const REJECTED: &str = "# [clip was|clips were] rejected, and [is|are] not published. To order \
     again, a new bill:";
const UNREADABLE: &str = "# [line|lines] of the log could not be read and [was|were] left out. One \
     torn line after a crash is harmless; more mean that something else wrote to the file.";

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyNotice {
    /// How grave.
    pub tone: Tone,
    /// What it is.
    pub text: String,
    /// Commands to copy. Of several that exclude each other, each is named.
    pub commands: Vec<NextStep>,
}

/// A command, and in which case it is the one to type; empty where it is the only one.
pub type NextStep = (&'static str, String);

impl TallyNotice {
    /// Its name in the style of pages.
    pub const fn key(&self) -> &'static str {
        match self.tone {
            Tone::Bad => "bad",
            Tone::Doubt => "doubt",
            _ => "busy",
        }
    }
}

impl Tally {
    /// What waits for a person, the gravest first.
    pub fn notices(&self, commands: &Commands) -> Vec<TallyNotice> {
        let most = commands.max_attempts();
        let (failed_for_good, attempts) = self.given_up(DisplayStatus::Failed, most);
        let (refused_for_good, _) = self.given_up(DisplayStatus::Refused, most);
        let refused = self.count(DisplayStatus::Refused);
        let failed = self.count(DisplayStatus::Failed) - failed_for_good;
        let unknown = self.count(DisplayStatus::Unknown);
        let only = |command: String| vec![("", command)];
        let again = || only(commands.on_log("retry", "--failed"));
        let (refusal, after_refusal) = if refused > refused_for_good {
            (REFUSED, again())
        } else {
            (REFUSED_FOR_GOOD, vec![])
        };
        let not_accepted = self.count(DisplayStatus::NotAccepted);
        let order = match self.given_up(DisplayStatus::NotAccepted, most) {
            (given_up, attempts) if given_up == not_accepted => {
                only(commands.retry_after(attempts))
            }
            _ => again(),
        };
        let once_more = only(commands.retry_after(attempts.max(most)));
        let times = words::count(attempts.into(), "time");
        let newer = self.count(DisplayStatus::Newer);
        let not_sent = self.count(DisplayStatus::NotSent);
        let (under_way, to_look_at) = (self.under_way(), self.to_look_at());
        let wait = only(commands.on_log("reconcile", "--wait"));
        let look = only(commands.on_log("review", ""));
        let anew = only(commands.on_log("retry", "--rejected"));
        let table = [
            (self.mixed(), Tone::Bad, MIXED, vec![]),
            (self.billed_twice, Tone::Bad, BILLED_TWICE, vec![]),
            (self.two_ends, Tone::Doubt, TWO_ENDS, vec![]),
            (unknown, Tone::Doubt, UNKNOWN, self.ways_out(commands)),
            (newer, Tone::Doubt, NEWER, vec![]),
            (failed, Tone::Bad, FAILED, again()),
            (failed_for_good, Tone::Bad, FAILED_FOR_GOOD, once_more),
            (refused, Tone::Bad, refusal, after_refusal),
            (not_accepted, Tone::Bad, NOT_ACCEPTED, order),
            (not_sent, Tone::Busy, NOT_SENT, vec![]),
            (under_way, Tone::Busy, UNDER_WAY, wait),
            (to_look_at, Tone::Busy, TO_LOOK_AT, look),
            (self.rejected, Tone::Busy, REJECTED, anew),
            (self.unreadable, Tone::Doubt, UNREADABLE, vec![]),
        ];
        let table = table.into_iter().filter(|(n, ..)| *n > 0);
        let notices = table.map(|(n, tone, sentence, ways)| {
            let text = words::agreeing(n, sentence).replace("{times}", &times);
            // What a sheet says comes last, so that it is no part of a sentence.
            let text = text.replace("{doubts}", &self.doubts_in_words(commands));
            TallyNotice {
                tone,
                text,
                commands: ways,
            }
        });
        notices.collect()
    }

    /// Commands that settle jobs in doubt; a few of those are named.
    fn ways_out(&self, commands: &Commands) -> Vec<NextStep> {
        let mut jobs: Vec<String> = self.doubts.iter().map(JobKey::to_string).collect();
        let mut ways = Vec::new();
        if jobs.len() > MOST_DOUBTS {
            // Where the word in capitals comes from.
            ways.push(("look", commands.on_log("status", "--id JOB")));
            jobs = vec!["JOB".to_owned()];
        }
        for job in jobs {
            ways.push(("found", commands.resolve(&job, "--generation-id ID")));
            ways.push(("not there", commands.resolve(&job, "--not-accepted")));
        }
        if !self.only_by_hand {
            ways.push(("send again", commands.on_log("retry", "--unknown")));
        }
        ways
    }

    /// What can be done about jobs in doubt, and how they are found in the vendor's account, each on a
    /// line.
    fn doubts_in_words(&self, commands: &Commands) -> String {
        let look = if commands.is_sandbox() && self.unplaced > 0 {
            "The log does not show whether that went to the sandbox or, by another run, to the vendor: if it \
             may have, check the vendor's dashboard. Say what you found"
        } else if commands.is_sandbox() {
            "A rehearsal has no vendor dashboard: say what you would find there"
        } else {
            "Check the vendor's dashboard and say what you found"
        };
        let again = if self.only_by_hand {
            ""
        } else {
            ", or send again at the risk of paying twice"
        };
        let named = self.sought.len() as u64;
        let more = self.count(DisplayStatus::Unknown).saturating_sub(named);
        let more = (named > 0 && more > 0).then(|| format!("and {} more", words::number(more)));
        let lines = self.sought.iter().cloned().chain(more);
        let text = format!("{look}{again}, by one of these commands:");
        lines.fold(text, |text, line| text + "\n" + &line)
    }
}
