//! `status`: every clip on a line, grouped by listing or product.

use std::io;

use jiff::Timestamp;

use super::columns::{aligned, labelled, width_of};
use super::{Card, Commands, Printer, Standing, Tally, Tone, words, wrap};
use crate::jobs::Rates;
use crate::text::{escape, shorten};

/// The jobs of one listing or product.
#[derive(Clone, Debug)]
pub struct Group {
    /// What it holds, in order; never empty.
    pub cards: Vec<Card>,
    /// Its counts and money.
    pub tally: Tally,
}

impl Group {
    /// Its id.
    pub fn owner(&self) -> Option<&str> {
        self.cards.first()?.owner.as_deref()
    }
}

/// Prints the groups and, below, counts, money and what waits for a person.
pub fn table(
    groups: &[Group],
    tally: &Tally,
    rates: &Rates,
    commands: &Commands,
    now: Timestamp,
    printer: &mut Printer,
) -> io::Result<()> {
    rehearsal(tally, printer)?;
    // A sign and blanks stand before each line of the columns.
    let width = printer.width().saturating_sub(4);
    let cards = || groups.iter().flat_map(|group| &group.cards);
    let patience = Patience::of(cards());
    let lines = lines_of(cards(), &patience, now, width);
    let widest = lines.iter().map(|line| width_of(line)).max().unwrap_or(0);
    let detail_of = |card: &Card| Detail::of(card, patience.left(card, now));
    let beside = cards().all(|card| widest + 2 + detail_of(card).width() <= usize::from(width));
    let mut rest = lines.iter();
    for (i, group) in groups.iter().enumerate() {
        if i > 0 {
            writeln!(printer.out())?;
        }
        let headline = headline(group, rates, printer);
        writeln!(printer.out(), "{headline}")?;
        for (card, line) in group.cards.iter().zip(rest.by_ref()) {
            let detail = detail_of(card);
            let sign = printer.paint(card.standing.sign(), card.standing.tone());
            let gap = widest + 2 - width_of(line);
            let line = if card.standing.is_counted() {
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

/// Says before all else that nothing was paid, where that is so.
pub fn rehearsal(tally: &Tally, printer: &mut Printer) -> io::Result<()> {
    if tally.rehearsal {
        let text = printer.paint("Rehearsal: nothing was paid", Tone::Strong);
        writeln!(printer.out(), "{text}\n")?;
    }
    Ok(())
}

/// `LST-4201  3 of 4 clips ready, 15 credits, about $1.07 to $1.50`.
fn headline(group: &Group, rates: &Rates, printer: &Printer) -> String {
    let owner = group.owner().map(escape);
    let owner = owner.map_or_else(
        || "Without a listing or SKU".to_owned(),
        |owner| shorten(&owner, 40).into_owned(),
    );
    let owner = printer.paint(&owner, Tone::Strong);
    let money = words::money(rates, group.tally.committed());
    format!("{owner}: {}; {money}", group.tally.progress())
}

/// The cards' lines, in columns.
fn lines_of<'a>(
    cards: impl Iterator<Item = &'a Card>,
    patience: &Patience,
    now: Timestamp,
    width: u16,
) -> Vec<String> {
    let rows: Vec<[String; 4]> = cards.map(|card| cells(card, patience, now)).collect();
    let rows: Vec<[&str; 4]> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| &**cell))
        .collect();
    aligned(&rows, width)
}

/// How long a clip may be under way before it is overdue, learned from those of the log that are ready.
struct Patience {
    /// How long half of them took at most, in seconds.
    usual: Option<i64>,
}

impl Patience {
    /// Fewer clips than this say nothing about the others.
    const FEWEST: usize = 3;
    /// So many times as long as half of the clips take is too long,
    const TIMES: i64 = 4;
    /// but nothing is overdue before so many seconds: renders differ.
    const LEAST: i64 = 600;

    fn of<'a>(cards: impl Iterator<Item = &'a Card>) -> Self {
        let mut took: Vec<i64> = cards.filter_map(|card| card.took).collect();
        took.sort_unstable();
        let is_enough = took.len() >= Self::FEWEST;
        Self {
            usual: is_enough.then(|| took[took.len() / 2]),
        }
    }

    fn is_over(&self, card: &Card, now: Timestamp) -> bool {
        let most = |usual: i64| usual.saturating_mul(Self::TIMES).max(Self::LEAST);
        let is_under_way = matches!(card.standing, Standing::Queued | Standing::Rendering);
        let since = card.since.filter(|_| is_under_way);
        let waited = since.map(|since| now.duration_since(since).as_secs());
        waited
            .zip(self.usual)
            .is_some_and(|(waited, usual)| waited > most(usual))
    }

    /// How many seconds a clip that is under way will take yet, as far as the others tell.
    fn left(&self, card: &Card, now: Timestamp) -> Option<u64> {
        let is_under_way = matches!(card.standing, Standing::Queued | Standing::Rendering);
        let waited = now.duration_since(card.sent?).as_secs();
        let left = self.usual?.checked_sub(waited)?;
        (is_under_way && left > 0).then_some(left.unsigned_abs())
    }
}

fn cells(card: &Card, patience: &Patience, now: Timestamp) -> [String; 4] {
    let overdue = if patience.is_over(card, now) {
        ", overdue"
    } else {
        ""
    };
    [
        escape(&card.name).into_owned(),
        format!("{}{overdue}", escape(&card.state)),
        card.since
            .map_or_else(String::new, |at| words::ago(now, at)),
        card.cost.clone(),
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
    fn of(card: &Card, left: Option<u64>) -> Self {
        let mut detail = Self {
            text: String::new(),
            whole: String::new(),
            tone: Tone::Quiet,
        };
        if !card.billed_twice.is_empty() {
            let ids = card.billed_twice.join(", ");
            detail.whole = format!("BILLED TWICE, as {}", escape(&ids));
            detail.tone = Tone::Bad;
            return detail;
        }
        match card.standing {
            Standing::Ready => {
                let place = card.file.as_ref().or(card.link.as_ref());
                let place = place.filter(|_| card.file.is_some() || !card.is_at_stand_in());
                let place = place.or(card.next.as_ref().filter(|_| card.link.is_none()));
                detail.whole = escape(place.map_or("", |place| place)).into_owned();
            }
            Standing::Queued | Standing::Rendering => {
                // The vendor's own word comes first.
                let learned = || left.map(|left| format!("about {} left", words::duration(left)));
                detail.text = card.reason.clone().or_else(learned).unwrap_or_default();
            }
            Standing::Replaced | Standing::Closed => {}
            standing => {
                detail.text = escape(card.reason.as_deref().unwrap_or_default()).into_owned();
                detail.whole = card.next.clone().unwrap_or_default();
                detail.tone = standing.tone();
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
        let mut lines = wrap::lines(&text, usize::from(width));
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
    let counts: Vec<_> = tally
        .counts()
        .into_iter()
        .map(|(standing, n)| format!("{} {}", words::number(n), standing.words()))
        .collect();
    let mut rows = vec![(
        "Clips",
        format!("{}: {}", words::number(tally.jobs), counts.join(", ")),
    )];
    if tally.kept + tally.rejected > 0 {
        let [kept, rejected, open] =
            [tally.kept, tally.rejected, tally.to_look_at()].map(words::number);
        let reviewed = format!("{kept} kept, {rejected} rejected, {open} not looked at");
        rows.push(("Reviewed", reviewed));
    }
    if tally.downloaded + tally.published > 0 {
        let mut done = Vec::new();
        if tally.downloaded > 0 {
            done.push(format!("{} downloaded", words::number(tally.downloaded)));
        }
        if tally.published > 0 {
            done.push(format!("{} published", words::number(tally.published)));
        }
        rows.push(("Delivered", done.join(", ")));
    }
    if tally.rehearsal && tally.ready() > tally.downloaded {
        rows.push(("To fetch", commands.on_log("download", "")));
    }
    rows.extend(tally.money(rates));
    let rows = rows.iter().map(|(label, text)| (*label, &**text));
    writeln!(printer.out(), "{}", labelled(rows, 0, width))?;
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
        let text = labelled([(sign, lines.next().unwrap_or_default())], 0, width);
        let text = printer.paint(&text, notice.tone);
        writeln!(printer.out(), "{text}")?;
        for line in lines {
            writeln!(printer.out(), "   {}", escape(line))?;
        }
        for command in notice.commands {
            writeln!(printer.out(), "     {}", escape(&command))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{JobKey, JobView};

    /// A clip that was ordered at 09:00 and is ready after so many seconds, if at all.
    fn card(n: u64, took: Option<u32>) -> Card {
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
        Card::of(&view.unwrap().unwrap(), &Commands::default())
    }

    #[test]
    fn what_is_left_is_learned_from_clips_that_are_ready() {
        let ready = [card(1, Some(60)), card(2, Some(120)), card(3, Some(500))];
        let rendering = card(4, None);
        let at = |time: &str| format!("2026-03-12T{time}Z").parse::<Timestamp>().unwrap();
        let patience = Patience::of(ready.iter());
        assert_eq!(patience.left(&rendering, at("09:00:30")), Some(90));
        assert_eq!(patience.left(&rendering, at("09:05:00")), None);
        assert_eq!(patience.left(&ready[0], at("09:00:30")), None);
        assert_eq!(
            Patience::of(ready[..2].iter()).left(&rendering, at("09:00:30")),
            None
        );
        let detail = Detail::of(&rendering, Some(90));
        assert_eq!(detail.text, "about 1 min 30 s left");
    }
}
