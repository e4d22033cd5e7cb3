//! `status`: every clip on a line, grouped by listing or product.

use std::io;

use jiff::Timestamp;

use super::audience::JobMessage;
use super::columns::{self, aligned, labeled, width_of};
use super::{
    commands::Commands, display_status::Tone, job_summary::JobSummary, printer::Printer,
    tally::Tally, words,
};
use crate::jobs::{DisplayStatus, Ledger, Rates};
use crate::text::{escape, shorten};

/// The jobs of one listing or product.
#[derive(Clone, Debug)]
pub struct ListingGroup {
    /// What it holds, in order; never empty.
    pub cards: Vec<JobSummary>,
    /// Its counts and money.
    pub tally: Tally,
}

impl ListingGroup {
    /// Its id.
    pub fn item(&self) -> Option<&str> {
        self.cards.first()?.item.as_deref()
    }
}

/// Prints the groups and, below, counts, money and what waits for a person.
pub fn table(
    groups: &[ListingGroup],
    tally: &Tally,
    rates: &Rates,
    commands: &Commands,
    now: Timestamp,
    printer: &mut Printer,
) -> io::Result<()> {
    rehearsal(tally, printer)?;
    // Each line of the columns starts with a sign and spaces.
    let width = printer.width().saturating_sub(4);
    let cards = || groups.iter().flat_map(|group| &group.cards);
    let patience = OverdueRule::of(cards());
    let lines = lines_of(cards(), &patience, now, width);
    let widest = lines.iter().map(|line| width_of(line)).max().unwrap_or(0);
    let detail_of = |summary: &JobSummary| Detail::of(summary, patience.left(summary, now));
    let beside =
        cards().all(|summary| widest + 2 + detail_of(summary).width() <= usize::from(width));
    let mut rest = lines.iter();
    for (i, group) in groups.iter().enumerate() {
        if i > 0 {
            writeln!(printer.out())?;
        }
        let headline = headline(group, rates, printer);
        writeln!(printer.out(), "{headline}")?;
        for (summary, line) in group.cards.iter().zip(rest.by_ref()) {
            let detail = detail_of(summary);
            let sign = printer.paint(summary.display.sign(), summary.display.tone());
            let gap = widest + 2 - width_of(line);
            let line = if summary.display.is_counted() {
                line.clone()
            } else {
                printer.paint(line, Tone::Quiet)
            };
            let shown = if detail.width() == 0 {
                line
            } else if beside {
                format!("{line}{:gap$}{}", "", detail.painted(printer, u16::MAX))
            } else {
                format!("{line}\n    {}", detail.painted(printer, width))
            };
            writeln!(printer.out(), "  {sign} {shown}")?;
        }
        if printer.is_closed() {
            return Ok(());
        }
    }
    writeln!(printer.out())?;
    footer(tally, rates, commands, printer)
}

/// Prints clips in the words of an audience.
pub fn messages(messages: &[JobMessage], printer: &mut Printer) -> io::Result<()> {
    let mut item = None;
    for (n, message) in messages.iter().enumerate() {
        if n == 0 || item != message.item.as_ref() {
            item = message.item.as_ref();
            let name = item.map_or(words::NO_ITEM.into(), |item| escape(item));
            let name = printer.paint(&name, Tone::Strong);
            let gap = if n == 0 { "" } else { "\n" };
            writeln!(printer.out(), "{gap}{name}")?;
        }
        let (sign, name) = (message.sign(), escape(&message.name));
        writeln!(printer.out(), "  {sign} {name}: {}", escape(&message.text))?;
    }
    Ok(())
}

/// Says kindly that a log has nothing to show, or nothing of what was asked for.
pub fn nothing(
    log: &str,
    ledger: &Ledger,
    asked: &str,
    doubt: Option<String>,
    commands: &Commands,
    printer: &Printer,
) {
    let log = escape(log);
    if ledger.is_empty() {
        let sandbox = if commands.is_sandbox() {
            " --sandbox"
        } else {
            ""
        };
        printer.note(format_args!(
            "{log} holds no jobs yet. Submit some: creativeai submit MANIFEST{sandbox}"
        ));
    } else {
        printer.note(format_args!(
            "None of the {} in {log} has {}. Values are compared exactly.",
            words::count(ledger.jobs().len() as u64, "job"),
            escape(asked),
        ));
        if let Some(doubt) = doubt {
            printer.warn(doubt);
        }
    }
    if ledger.unreadable() > 0 {
        printer.warn(format_args!(
            "{} of {log} could not be read. Is it a job log?",
            words::count(ledger.unreadable(), "line")
        ));
    }
}

/// Says before all else that nothing was paid, where that is so.
pub fn rehearsal(tally: &Tally, printer: &mut Printer) -> io::Result<()> {
    if tally.is_rehearsal() {
        let unless = match tally.unplaced {
            0 => String::new(),
            n => format!(
                ", unless {} in doubt went to the vendor",
                words::count(n, "order")
            ),
        };
        let text = format!("Rehearsal: nothing was paid{unless}");
        let text = printer.paint(&text, Tone::Strong);
        writeln!(printer.out(), "{text}\n")?;
    }
    Ok(())
}

/// `LST-4201  3 of 4 clips ready, 15 credits, about $1.07 to $1.50`.
fn headline(group: &ListingGroup, rates: &Rates, printer: &Printer) -> String {
    let item = group.item().map(escape);
    let item = item.unwrap_or(words::NO_ITEM.into());
    let item = shorten(&item, 40);
    let money = words::money(rates, group.tally.committed());
    let rest = format!("{}; {money}", group.tally.progress());
    let width = usize::from(printer.width());
    let fits = width_of(&item) + 2 + width_of(&rest) <= width;
    let item = printer.paint(&item, Tone::Strong);
    if fits {
        return format!("{item}: {rest}");
    }
    format!(
        "{item}:\n  {}",
        columns::lines(&rest, width.saturating_sub(2)).join("\n  ")
    )
}

/// The cards' lines, in columns.
fn lines_of<'a>(
    cards: impl Iterator<Item = &'a JobSummary>,
    patience: &OverdueRule,
    now: Timestamp,
    width: u16,
) -> Vec<String> {
    let rows: Vec<[String; 4]> = cards.map(|summary| cells(summary, patience, now)).collect();
    aligned(&rows, width)
}

/// How long a clip may be under way before it is overdue, learned from those of the log that are ready.
struct OverdueRule {
    /// How long half of them took at most, in seconds.
    usual: Option<i64>,
}

impl OverdueRule {
    /// Fewer clips than this say nothing about the others.
    const FEWEST: usize = 3;
    /// So many times as long as half of the clips take is too long,
    const TIMES: i64 = 4;
    /// but nothing is overdue before so many seconds: renders differ.
    const LEAST: i64 = 600;

    fn of<'a>(cards: impl Iterator<Item = &'a JobSummary>) -> Self {
        let mut took: Vec<i64> = cards.filter_map(|summary| summary.took).collect();
        took.sort_unstable();
        let is_enough = took.len() >= Self::FEWEST;
        Self {
            usual: is_enough.then(|| took[took.len() / 2]),
        }
    }

    fn is_over(&self, summary: &JobSummary, now: Timestamp) -> bool {
        let most = |usual: i64| usual.saturating_mul(Self::TIMES).max(Self::LEAST);
        let since = summary.since.filter(|_| summary.display.is_under_way());
        let waited = since.map(|since| now.duration_since(since).as_secs());
        waited
            .zip(self.usual)
            .is_some_and(|(waited, usual)| waited > most(usual))
    }

    /// How many seconds a clip that is under way will take yet, as far as the others show.
    fn left(&self, summary: &JobSummary, now: Timestamp) -> Option<u64> {
        let waited = now.duration_since(summary.sent?).as_secs();
        let left = self.usual?.checked_sub(waited)?;
        (summary.display.is_under_way() && left > 0).then_some(left.unsigned_abs())
    }
}

fn cells(summary: &JobSummary, patience: &OverdueRule, now: Timestamp) -> [String; 4] {
    let overdue = if patience.is_over(summary, now) {
        ", overdue"
    } else {
        ""
    };
    [
        escape(&summary.name).into_owned(),
        format!("{}{overdue}", escape(&summary.state)),
        summary
            .since
            .map_or_else(String::new, |at| words::ago(now, at)),
        summary.cost.clone(),
    ]
}

/// What stands beside or below a row: the clip's place, or what is wrong and what to do.
struct Detail {
    /// May be cut.
    text: String,
    /// Is never cut: a link or a command that is cut is of no use.
    whole: String,
    tone: Tone,
}

impl Detail {
    fn of(summary: &JobSummary, left: Option<u64>) -> Self {
        let mut detail = Self {
            text: String::new(),
            whole: String::new(),
            tone: Tone::Quiet,
        };
        if !summary.billed_twice.is_empty() {
            let ids = summary.billed_twice.join(", ");
            detail.whole = format!("BILLED TWICE, as {}", escape(&ids));
            detail.tone = Tone::Bad;
            return detail;
        }
        match summary.display {
            DisplayStatus::Ready => {
                let place = summary.file.as_ref().or(summary.link.as_ref());
                let place = place.filter(|_| summary.file.is_some() || !summary.is_at_stand_in());
                let place = place.or(summary.next.as_ref().filter(|_| summary.link.is_none()));
                detail.whole = escape(place.map_or("", |place| place)).into_owned();
            }
            DisplayStatus::Queued | DisplayStatus::Rendering => {
                // The vendor's own word comes first.
                let learned = || left.map(|left| format!("about {} left", words::duration(left)));
                detail.text = summary.reason.clone().or_else(learned).unwrap_or_default();
            }
            DisplayStatus::Replaced | DisplayStatus::Closed => {}
            display => {
                detail.text = escape(summary.reason.as_deref().unwrap_or_default()).into_owned();
                detail.whole = summary.next.clone().unwrap_or_default();
                detail.tone = display.tone();
            }
        }
        detail
    }

    fn joint(&self) -> &'static str {
        if self.text.is_empty() || self.whole.is_empty() {
            ""
        } else {
            " → "
        }
    }

    fn width(&self) -> usize {
        let text = shorten(&self.text, LONGEST_REASON);
        width_of(&text) + width_of(self.joint()) + width_of(&self.whole)
    }

    /// On one line, where that fits; else the reason over as many lines as it takes, and what to do
    /// on the next.
    fn painted(&self, printer: &Printer, width: u16) -> String {
        let text = shorten(&self.text, LONGEST_REASON);
        let whole = format!("{text}{}{}", self.joint(), self.whole);
        if text.is_empty() || width_of(&whole) <= usize::from(width) {
            return printer.paint(&whole, self.tone);
        }
        let mut lines = columns::lines(&text, usize::from(width));
        if !self.whole.is_empty() {
            lines.push(format!("→ {}", self.whole));
        }
        let lines: Vec<String> = lines
            .iter()
            .map(|line| printer.paint(line, self.tone))
            .collect();
        lines.join("\n    ")
    }
}

/// Longest reason in a table, in characters; `--id` shows all of it.
const LONGEST_REASON: usize = 200;

/// Counts, money, and what waits for a person.
pub fn footer(
    tally: &Tally,
    rates: &Rates,
    commands: &Commands,
    printer: &mut Printer,
) -> io::Result<()> {
    let width = printer.width();
    let clips = format!("{}: {}", words::number(tally.jobs), tally.listed());
    let mut rows = vec![("Clips", clips)];
    if tally.kept + tally.rejected > 0 {
        let [kept, rejected, open] =
            [tally.kept, tally.rejected, tally.to_look_at()].map(words::number);
        let reviewed = format!("{kept} kept, {rejected} rejected, {open} not looked at");
        rows.push(("Reviewed", reviewed));
    }
    if tally.downloaded + tally.published > 0 {
        let done = [
            (tally.downloaded, "downloaded"),
            (tally.published, "published"),
        ];
        rows.push(("Delivered", words::listed(done)));
    }
    if tally.ready() > tally.downloaded.max(tally.published) {
        rows.push(("To fetch", commands.on_log("download", "")));
    }
    rows.extend(tally.money(rates));
    let rows = rows.iter().map(|(label, text)| (*label, &**text));
    writeln!(printer.out(), "{}", labeled(rows, 0, width))?;
    let notices = tally.notices(commands);
    if !notices.is_empty() {
        writeln!(printer.out())?;
    }
    for notice in notices {
        let sign = if notice.tone == Tone::Busy {
            "•"
        } else {
            "!"
        };
        let mut lines = notice.text.lines();
        let text = labeled([(sign, lines.next().unwrap_or_default())], 0, width);
        let text = printer.paint(&text, notice.tone);
        writeln!(printer.out(), "{text}")?;
        for line in lines {
            writeln!(printer.out(), "   {}", escape(line))?;
        }
        for (way, command) in notice.commands {
            // Pasted into a shell together, none of several ways is taken.
            let way = match way {
                "" => String::new(),
                way => format!("{:<12}", format!("{way}:")),
            };
            writeln!(printer.out(), "     {way}{}", escape(&command))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{JobKey, JobView};

    /// A clip that was ordered at 09:00 and is ready after so many seconds, if at all.
    fn summary(n: u64, took: Option<u32>) -> JobSummary {
        let line = |at: u32, status: &str| {
            let time = format!("2026-03-12T09:{:02}:{:02}Z", at / 60, at % 60);
            format!(
                r#"{{"at":"{time}","job":"{n:016x}","attempt":1,"status":"{status}","generation_id":"g{n}"}}"#
            )
        };
        let end = took.map_or_else(|| line(1, "processing"), |took| line(took, "completed"));
        let sent = line(0, "submitting").replace(&format!(r#","generation_id":"g{n}""#), "");
        let key = JobKey::from_number(n);
        let view = JobView::fold(key, [&*sent, &end], &Rates::default());
        JobSummary::of(&view.unwrap().unwrap(), &Commands::default())
    }

    #[test]
    fn what_is_left_is_learned_from_clips_that_are_ready() {
        let ready = [
            summary(1, Some(60)),
            summary(2, Some(120)),
            summary(3, Some(500)),
        ];
        let rendering = summary(4, None);
        let at = |time: &str| format!("2026-03-12T{time}Z").parse::<Timestamp>().unwrap();
        let patience = OverdueRule::of(ready.iter());
        assert_eq!(patience.left(&rendering, at("09:00:30")), Some(90));
        assert_eq!(patience.left(&rendering, at("09:05:00")), None);
        assert_eq!(patience.left(&ready[0], at("09:00:30")), None);
        assert_eq!(
            OverdueRule::of(ready[..2].iter()).left(&rendering, at("09:00:30")),
            None
        );
        let detail = Detail::of(&rendering, Some(90));
        assert_eq!(detail.text, "about 1 min 30 s left");
    }
}
