//! The states of an attempt and of a job, folded from lines, in few bytes.
//!
//! Every merge here is a join: bits are united, values are chosen by a total order. So the result
//! depends neither on the order of the lines nor on how often one was seen.

use super::gist::{self, Gist};
use super::owners;
use super::stamp::{self, Stamp};
use super::{Credits, Fact, JobKey, Status, Word};

/// What a person decided about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It was accepted, under the id that the line names.
    Accepted,
    /// It was not accepted: a new attempt is safe.
    NotAccepted,
    /// The job is closed for good.
    Dismissed,
}

impl Verdict {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NotAccepted => "not_accepted",
            Self::Dismissed => "dismissed",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Accepted, Self::NotAccepted, Self::Dismissed]
            .into_iter()
            .find(|v| v.as_str() == word)
    }
}

/// A `resolved` line, ordered by time and then by content: the greatest speaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Resolution {
    at: i64,
    raw: Box<[u8]>,
    verdict: Verdict,
    id: u64,
}

/// What few attempts have; kept out of line.
#[derive(Clone, Debug, Default)]
struct Rare {
    resolution: Option<Resolution>,
    /// Hashes of further ids, ascending: one attempt, billed more than once.
    more_ids: Vec<u64>,
}

/// One attempt: one request of the user, one possible bill.
#[derive(Clone, Debug)]
pub struct AttemptState {
    /// Its number, from 1.
    pub number: u32,
    /// A bit for each status that was seen.
    seen: u8,
    flags: u8,
    /// Hash of the smallest id; 0 for none.
    id: u64,
    /// Thousandths of a credit; meaningful when `charged_order` is not `i64::MIN`.
    charged: i64,
    charged_order: i64,
    /// Hash of what its furthest end tells; 0 for no end, 1 where its lines differ.
    told: u64,
    /// Thousandths of a credit; 0 for none.
    estimate: u32,
    rare: Option<Box<Rare>>,
}

const TEMPORARY: u8 = 1;
const PERMANENT: u8 = 1 << 1;
const REFUSED: u8 = 1 << 2;
const DOWNLOADED: u8 = 1 << 3;
const PUBLISHED: u8 = 1 << 4;
const SUPERSEDED: u8 = 1 << 5;

impl AttemptState {
    fn new(number: u32) -> Self {
        Self {
            number,
            seen: 0,
            flags: 0,
            id: 0,
            charged: 0,
            charged_order: i64::MIN,
            told: 0,
            estimate: 0,
            rare: None,
        }
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_with(Box::default)
    }

    fn resolution(&self) -> Option<&Resolution> {
        self.rare.as_ref()?.resolution.as_ref()
    }

    /// What a person decided, unless an acceptance has proved itself since.
    pub fn verdict(&self) -> Option<Verdict> {
        self.resolution().map(|r| r.verdict)
    }

    /// The status that the lines alone show; `None` when only facts were seen.
    fn shown(&self) -> Option<Status> {
        (0..7)
            .rev()
            .find(|rank| self.seen & (1 << rank) != 0)
            .map(|r| Status::ALL[r])
    }

    /// Where it stands. A lone `submitting` is `unknown`.
    pub fn status(&self) -> Status {
        match (self.shown(), self.verdict()) {
            (Some(shown), _) if shown.is_accepted() => shown,
            (_, Some(Verdict::Accepted)) => Status::Pending,
            (_, Some(Verdict::NotAccepted)) | (Some(Status::SubmitFailed), _) => {
                Status::SubmitFailed
            }
            _ => Status::Unknown,
        }
    }

    /// Whether a line with `status` has been seen.
    pub fn has_seen(&self, status: Status) -> bool {
        self.seen & (1 << status.rank()) != 0
    }

    /// Whether a line of `status`, which is no end, would come too late to tell anything.
    pub fn has_passed(&self, status: Status) -> bool {
        let as_far = |other: &Status| *other >= status && self.has_seen(*other);
        !status.is_terminal() && Status::ALL.iter().any(as_far)
    }

    /// Whether both ends were reported for it.
    pub fn has_two_ends(&self) -> bool {
        self.has_seen(Status::Failed) && self.has_seen(Status::Completed)
    }

    /// Whether it was given more than one id: billed twice.
    pub fn has_two_ids(&self) -> bool {
        self.rare.as_ref().is_some_and(|r| !r.more_ids.is_empty())
    }

    /// Whether it was accepted, and has not ended as far as the log knows.
    pub fn is_under_way(&self) -> bool {
        self.status().is_rendering()
    }

    /// Hashes of the ids that prove themselves, and of the one a person named.
    pub(super) fn id_hashes(&self) -> impl Iterator<Item = u64> + '_ {
        let named = self
            .resolution()
            .filter(|r| r.verdict == Verdict::Accepted)
            .map(|r| r.id);
        let more = self.rare.as_ref().map_or(&[][..], |r| &r.more_ids);
        std::iter::once(self.id)
            .chain(more.iter().copied())
            .chain(named)
            .filter(|&id| id != 0)
    }

    /// Whether it has an id that could be asked for.
    pub fn has_id(&self) -> bool {
        self.id_hashes().next().is_some()
    }

    /// On `submit_failed`: the next run may try again by itself.
    pub fn is_temporary(&self) -> bool {
        self.status() == Status::SubmitFailed
            && self.flags & TEMPORARY != 0
            && self.flags & PERMANENT == 0
            && self.verdict().is_none()
    }

    /// On a temporary `submit_failed`: it was the key or the credits that were refused.
    pub fn is_refused(&self) -> bool {
        self.is_temporary() && self.flags & REFUSED != 0
    }

    /// Whether its clip is on disk.
    pub fn is_downloaded(&self) -> bool {
        self.flags & DOWNLOADED != 0
    }

    /// Whether its clip was handed on, somewhere.
    pub fn is_published(&self) -> bool {
        self.flags & PUBLISHED != 0
    }

    /// What was charged, as far as the vendor has told.
    pub fn charged(&self) -> Option<Credits> {
        (self.charged_order != i64::MIN)
            .then(|| Credits::from_number(self.charged as f64 / 1000.0))
            .flatten()
    }

    /// What was expected when it was sent.
    pub fn estimate(&self) -> Credits {
        Credits::from_number(f64::from(self.estimate) / 1000.0).unwrap_or_default()
    }

    fn absorb(&mut self, gist: &Gist, raw: &[u8]) {
        match gist.word {
            Word::Status(status) => self.absorb_status(status, gist),
            Word::Fact(Fact::Downloaded) => self.flags |= DOWNLOADED,
            Word::Fact(Fact::Published) => self.flags |= PUBLISHED,
            Word::Fact(Fact::Resolved) => return self.absorb_resolution(gist, raw),
            Word::Fact(Fact::Superseded) => self.flags |= SUPERSEDED,
        }
        if gist.id != 0 {
            self.absorb_id(gist.id);
        }
        if gist.estimate != u32::MAX {
            self.estimate = self.estimate.max(gist.estimate);
        }
        if let Some(charged) = gist.charged {
            // A correction outranks the first figure; the newest outranks the rest.
            let correction = gist.flags & gist::IS_ADJUSTED != 0;
            let order = gist.at + if correction { 1 << 60 } else { 0 };
            let new = (order, charged.thousandths());
            if new > (self.charged_order, self.charged) {
                (self.charged_order, self.charged) = new;
            }
        }
    }

    fn absorb_status(&mut self, status: Status, gist: &Gist) {
        self.absorb_told(status, gist.told);
        self.seen |= 1 << status.rank();
        if status == Status::SubmitFailed {
            let temporary = gist.flags & gist::IS_TEMPORARY != 0;
            self.flags |= if temporary { TEMPORARY } else { PERMANENT };
            if gist.flags & gist::IS_REFUSAL != 0 {
                self.flags |= REFUSED;
            }
        }
    }

    /// Keeps what the lines of the furthest end have in common: all the same, or nothing.
    fn absorb_told(&mut self, status: Status, told: u64) {
        if !status.is_terminal() {
            return;
        }
        match self.shown() {
            Some(shown) if shown.is_terminal() && shown > status => {}
            Some(shown) if shown == status && self.told != told => self.told = gist::UNLIKE,
            _ => self.told = told,
        }
    }

    /// Whether each of its lines of `status`, its furthest end, tells what `told` is the hash of.
    pub(super) fn has_been_told(&self, status: Status, told: u64) -> bool {
        status.is_terminal()
            && self.shown() == Some(status)
            && self.told == told
            && told != gist::UNLIKE
    }

    fn absorb_id(&mut self, id: u64) {
        if self.id == 0 || self.id == id {
            self.id = id;
            return;
        }
        let other = self.id.max(id);
        self.id = self.id.min(id);
        let more = &mut self.rare().more_ids;
        if let Err(place) = more.binary_search(&other) {
            more.insert(place, other);
        }
    }

    fn absorb_resolution(&mut self, gist: &Gist, raw: &[u8]) {
        let Some(verdict) = gist.verdict else {
            return;
        };
        let new = Resolution {
            at: gist.at,
            raw: raw.into(),
            verdict,
            id: gist.id,
        };
        let rare = self.rare();
        if rare.resolution.as_ref().is_none_or(|old| *old < new) {
            rare.resolution = Some(new);
        }
    }
}

/// One job: one clip the user wants.
#[derive(Clone, Debug)]
pub struct JobState {
    /// Its key.
    pub key: JobKey,
    first: AttemptState,
    /// Attempts after the first seen, ascending; boxed since few jobs have any.
    #[expect(clippy::box_collection, reason = "8 bytes in a job instead of 24")]
    more: Option<Box<Vec<AttemptState>>>,
    /// The newest time of any of its lines.
    newest_at: i64,
    flags: u8,
    // Two fields in place of one, so that they fit in beside the flags.
    owner: u32,
    model: u16,
}

const SANDBOX: u8 = 1;
const HAS_KEY: u8 = 1 << 1;

impl JobState {
    /// A job of which nothing is known but its key and an attempt's number.
    pub fn new(key: JobKey, attempt: u32) -> Self {
        Self {
            key,
            first: AttemptState::new(attempt),
            more: None,
            newest_at: stamp::NO_LINE,
            flags: 0,
            owner: owners::Place::NEW.owner,
            model: owners::Place::NEW.model,
        }
    }

    /// Takes in a line, `raw`, by its gist.
    pub(super) fn absorb(&mut self, gist: &Gist, raw: &[u8]) {
        if gist.flags & gist::IN_SANDBOX != 0 {
            self.flags |= SANDBOX;
        }
        if gist.flags & gist::KEYLESS == 0 {
            self.flags |= HAS_KEY;
        }
        self.newest_at = self.newest_at.max(gist.at);
        self.attempt_mut(gist.attempt).absorb(gist, raw);
    }

    /// Whether one of its lines is of this time or a later one.
    pub fn has_reached(&self, at: Stamp) -> bool {
        self.newest_at >= at.time().as_millisecond()
    }

    /// The time for its next line, when the clock says `now`: later than all of its lines.
    pub fn stamp(&self, now: jiff::Timestamp) -> Stamp {
        Stamp::after(self.newest_at, now)
    }

    /// Where its owner and model are kept.
    pub(super) const fn place(&self) -> owners::Place {
        owners::Place {
            owner: self.owner,
            model: self.model,
        }
    }

    /// Changes that.
    pub(super) const fn set_place(&mut self, place: owners::Place) {
        (self.owner, self.model) = (place.owner, place.model);
    }

    /// Hash of the smallest id of its first attempt; 0 for none.
    pub(super) fn first_id(&self) -> u64 {
        self.first.id
    }

    fn attempt_mut(&mut self, number: u32) -> &mut AttemptState {
        if number == self.first.number {
            return &mut self.first;
        }
        let more = self.more.get_or_insert_with(Box::default);
        if number < self.first.number {
            let old = std::mem::replace(&mut self.first, AttemptState::new(number));
            more.insert(0, old);
            return &mut self.first;
        }
        let place = match more.binary_search_by_key(&number, |a| a.number) {
            Ok(place) => place,
            Err(place) => {
                more.insert(place, AttemptState::new(number));
                place
            }
        };
        &mut more[place]
    }

    /// Its attempts, ascending.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &AttemptState> {
        let more = self.more.as_ref().map_or(&[][..], |m| m.as_slice());
        std::iter::once(&self.first).chain(more)
    }

    /// One of them.
    pub fn attempt(&self, number: u32) -> Option<&AttemptState> {
        self.attempts().find(|a| a.number == number)
    }

    /// The newest attempt.
    pub fn newest(&self) -> &AttemptState {
        self.attempts().next_back().unwrap_or(&self.first)
    }

    /// The attempt that speaks for the job: a completed one, else the newest.
    pub fn speaking(&self) -> &AttemptState {
        self.attempts()
            .rfind(|a| a.status() == Status::Completed)
            .unwrap_or_else(|| self.newest())
    }

    /// Where the job stands.
    pub fn status(&self) -> Status {
        self.speaking().status()
    }

    /// Whether a person closed it for good.
    pub fn is_dismissed(&self) -> bool {
        self.attempts()
            .filter_map(AttemptState::resolution)
            .max()
            .is_some_and(|r| r.verdict == Verdict::Dismissed)
    }

    /// Whether an edited row replaced it. A newer attempt means that the row was set back, and the
    /// job counts again.
    pub fn is_superseded(&self) -> bool {
        self.newest().flags & SUPERSEDED != 0
    }

    /// Whether it counts in exit codes and may be retried.
    pub fn is_counted(&self) -> bool {
        !self.is_dismissed() && !self.is_superseded()
    }

    /// Whether any attempt was ever accepted, or may have been.
    pub fn maybe_accepted(&self) -> bool {
        self.attempts().any(|a| a.status() != Status::SubmitFailed)
    }

    /// The attempts a poll can teach something about.
    pub fn to_poll(&self) -> impl Iterator<Item = &AttemptState> {
        let closed = self.is_dismissed();
        self.attempts()
            .filter(move |a| !closed && a.has_id() && !a.status().is_terminal())
    }

    /// Its only attempt, where nothing about it is out of the ordinary: one id, and no verdict.
    pub fn plain_attempt(&self) -> Option<&AttemptState> {
        let is_plain = self.more.is_none() && self.first.rare.is_none();
        is_plain.then_some(&self.first)
    }

    /// Whether a sandbox wrote of it.
    pub fn is_sandbox(&self) -> bool {
        self.flags & SANDBOX != 0
    }

    /// Whether it is known only from lines of the vendor's sample scripts.
    pub fn is_keyless(&self) -> bool {
        self.flags & HAS_KEY == 0
    }

    /// What was charged for its completed attempts, as told.
    pub fn charged(&self) -> Credits {
        self.attempts()
            .filter(|a| a.status() == Status::Completed)
            .filter_map(AttemptState::charged)
            .sum()
    }

    /// What is at stake: the estimates of attempts that are in flight or in doubt.
    pub fn reserved(&self) -> Credits {
        if self.is_dismissed() {
            return Credits::ZERO;
        }
        self.attempts()
            .filter(|a| a.status() == Status::Unknown || a.status().is_rendering())
            .map(AttemptState::estimate)
            .sum()
    }

    /// What failed attempts would have cost; the vendor refunds it.
    pub fn refunded(&self) -> Credits {
        self.attempts()
            .filter(|a| a.status() == Status::Failed)
            .map(|a| a.charged().unwrap_or_else(|| a.estimate()))
            .sum()
    }

    /// What counts against a cap: charges (the estimate where none was told) and reservations.
    pub fn committed(&self) -> Credits {
        let spent: Credits = self
            .attempts()
            .filter(|a| a.status() == Status::Completed)
            .map(|a| a.charged().unwrap_or_else(|| a.estimate()))
            .sum();
        spent + self.reserved()
    }
}
