//! What the fold takes from a line, small and independent of others, so that lines can be read on
//! every core and folded on one.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use super::clip::Seconds;
use super::damage::{AcceptedDamage, Digest};
use super::id::{IdColumn, JobKey};
use super::line::Line;
use super::line::{self, EndFields};
use super::money::{Credits, Rates};
use super::request::RequestFacts;
use super::status::Verdict;
use super::status::{JobFact, LineStatus, ReviewVerdict, Status};

/// The line's facts. Texts are given by their places in the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineFacts {
    pub key: JobKey,
    pub attempt: u32,
    pub word: LineStatus,
    pub flags: u8,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Hash of the generation id; 0 for none.
    pub id: u64,
    /// Of an end: hash of what it says; see [`ReadOptions::hash_of_end`].
    pub end_hash: u64,
    /// Thousandths of a credit. One that the log holds has the bit [`ESTIMATE_HELD`], so that it is more
    /// than any that stands in for it.
    pub estimate: u32,
    pub charged: Option<Credits>,
    pub verdict: Option<Verdict>,
    pub look: Option<ReviewVerdict>,
    pub item: Option<(IdColumn, Span)>,
    pub model: Option<Span>,
}

/// A text within a line; of no length where it is too long, or written with escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u16,
    len: u16,
}

impl Span {
    fn of(text: &str, line: &str) -> Self {
        // A borrowed text lies within its line; another one does not.
        let start = (text.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
        let inside = start
            .checked_add(text.len())
            .is_some_and(|end| end <= line.len());
        match (u16::try_from(start), u16::try_from(text.len())) {
            (Ok(start), Ok(len)) if inside => Self { start, len },
            _ => Self::NONE,
        }
    }

    /// No text to be had.
    const NONE: Self = Self { start: 0, len: 0 };

    /// The text, where there is one to be had.
    pub fn text(self, line: &[u8]) -> Option<&[u8]> {
        let start = usize::from(self.start);
        line.get(start..start + usize::from(self.len))
            .filter(|text| !text.is_empty())
    }
}

/// On [`LineFacts::estimate`].
pub(crate) const ESTIMATE_HELD: u32 = 1 << 31;

/// On [`LineFacts::flags`].
pub(crate) const KEYLESS: u8 = 1;
pub(crate) const IN_SANDBOX: u8 = 1 << 1;
pub(crate) const IS_TEMPORARY: u8 = 1 << 2;
pub(crate) const IS_REFUSAL: u8 = 1 << 3;
pub(crate) const IS_ADJUSTED: u8 = 1 << 4;
pub(crate) const IS_NEWER: u8 = 1 << 5;
/// On a `superseded` line: the job takes its own place again.
pub(crate) const IS_TAKEN_BACK: u8 = 1 << 6;

/// In place of a [`LineFacts::end_hash`], of ends that differ: no other says the same.
pub(crate) const UNLIKE: u64 = 1;

/// How the lines of one ledger are read.
#[derive(Clone, Debug)]
pub(crate) struct ReadOptions {
    pub hasher: DefaultHashBuilder,
    pub rates: Rates,
    pub items: bool,
}

/// The batch of some lines, for [`Ledger::fold`](super::Ledger::fold).
#[derive(Debug, Default)]
pub(crate) struct ReadLines {
    pub lines: Vec<(LineAt, LineKind)>,
    /// Where lines start that say nothing.
    pub unreadable: Vec<u32>,
}

impl ReadLines {
    /// None yet, but room for so many.
    pub fn with_room_for(lines: usize) -> Self {
        Self {
            lines: Vec::with_capacity(lines),
            unreadable: Vec::new(),
        }
    }
}

/// A line's place in the text that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineAt {
    pub start: u32,
    pub len: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum LineKind {
    One(LineFacts),
    /// A compacted line, whose history is to be read.
    Many,
    /// A person has accepted that a line is damaged; `None` where the line itself is quoted, and so
    /// is no longer in the log.
    Accepted(Option<Digest>),
}

impl ReadOptions {
    /// A reading that keeps only what every fold needs.
    pub fn new(rates: Rates) -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            rates,
            items: false,
        }
    }

    /// Reads a line; blank ones are none.
    pub fn read(&self, raw: &str, at: LineAt, into: &mut ReadLines) {
        if raw.trim().is_empty() {
            return;
        }
        let (skipped, raw) = line::bare(raw);
        let at = LineAt {
            start: at.start + skipped as u32,
            len: raw.len() as u32,
        };
        match Line::parse(raw) {
            Ok(line) => into.lines.push((at, self.classify(&line))),
            Err(_) => Self::read_accepted(raw, at, into),
        }
    }

    /// Reads a line that says nothing of a job: one that accepts damage, or one that is none.
    #[cold]
    fn read_accepted(raw: &str, at: LineAt, into: &mut ReadLines) {
        match AcceptedDamage::parse(raw) {
            Some(AcceptedDamage { text, digest }) => {
                let digest = text.is_none().then_some(digest);
                into.lines.push((at, LineKind::Accepted(digest)));
            }
            None => into.unreadable.push(at.start),
        }
    }

    fn classify(&self, line: &Line<'_>) -> LineKind {
        match line.history {
            Some(_) => LineKind::Many,
            None => LineKind::One(self.facts(line)),
        }
    }

    /// The hash of an id, never 0.
    pub fn id(&self, id: &str) -> u64 {
        self.hasher.hash_one(id).max(1)
    }

    /// The hash of what an end says: what was charged, before and after a correction, and the rest.
    pub fn hash_of_end(&self, charged: [Option<f64>; 2], end: EndFields<'_>) -> u64 {
        let charged = charged.map(|credits| credits.map(f64::to_bits));
        self.hasher.hash_one((charged, end)).max(UNLIKE + 1)
    }

    pub fn facts(&self, line: &Line<'_>) -> LineFacts {
        let is_request_wanted = self.items || line.credits_estimated.is_none();
        let request = line
            .request
            .filter(|_| is_request_wanted)
            .and_then(RequestFacts::parse);
        let estimate = match (line.credits_estimated, &request) {
            (Some(credits), _) => Credits::from_number(credits),
            (None, request) => request.as_ref().map(|r| self.rates.of_facts(r)),
        };
        let item = line
            .id
            .as_ref()
            .map(|(column, item)| (*column, item.as_ref()));
        let is_end = line.word.status().is_some_and(Status::is_terminal);
        LineFacts {
            key: line.job,
            attempt: line.attempt,
            word: line.word,
            flags: flags(line),
            at: line.at,
            id: line
                .generation_id
                .as_ref()
                .map_or(0, |id| self.id(id.as_ref())),
            end_hash: if is_end {
                self.hash_of_end([line.credits, line.adjusted_credits], line.end)
            } else {
                0
            },
            // An order whose request is not in the log still has a price: that of the shortest clip.
            estimate: estimate.map_or_else(
                || in_thousandths(self.rates.video("", Seconds::SHORTEST)),
                |credits| in_thousandths(credits) | ESTIMATE_HELD,
            ),
            charged: line.charged().and_then(Credits::from_number),
            verdict: line
                .verdict
                .as_ref()
                .and_then(|verdict| Verdict::parse(verdict.as_ref())),
            look: line
                .verdict
                .as_ref()
                .filter(|_| line.word == LineStatus::Fact(JobFact::Reviewed))
                .and_then(|look| ReviewVerdict::parse(look.as_ref())),
            item: item.map(|(column, id)| (column, Span::of(id, line.raw))),
            model: match (&request, line.request) {
                (Some(request), _) => {
                    let model = request.model.as_ref();
                    model.map(|model| Span::of(model.as_str(), line.raw))
                }
                (None, Some(_)) => Some(Span::NONE),
                (None, None) => None,
            },
        }
    }
}

fn in_thousandths(credits: Credits) -> u32 {
    let most = ESTIMATE_HELD - 1;
    u32::try_from(credits.thousandths()).map_or(most, |n| n.min(most))
}

fn flags(line: &Line<'_>) -> u8 {
    let mut flags = 0;
    let mut put = |flag, is_set| flags |= if is_set { flag } else { 0 };
    put(KEYLESS, line.keyless);
    put(IN_SANDBOX, line.is_sandbox());
    put(IS_TEMPORARY, line.temporary);
    put(IS_REFUSAL, matches!(line.http_status, Some(401..=403)));
    put(IS_ADJUSTED, line.adjusted_credits.is_some());
    put(IS_NEWER, line.newer);
    let is_superseded = line.word == LineStatus::Fact(JobFact::Superseded);
    // The fold reads no further fields; these lines are few.
    let names_itself = || Line::parse_whole(line.raw).is_ok_and(|line| line.names_itself());
    put(IS_TAKEN_BACK, is_superseded && names_itself());
    flags
}
