//! The state of a job: its attempts' states, and what its lines say beside them, in few bytes.

use super::attempt_state::AttemptState;
use super::id::JobKey;
use super::items;
use super::line_facts::{self, LineFacts};
use super::money::Credits;
use super::stamp::{self, Stamp};
use super::status::{JobFact, LineStatus, Status, Verdict};

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
    item: u32,
    model: u16,
}

const SANDBOX: u8 = 1;
const KEYLESS: u8 = 1 << 1;
const NEWER: u8 = 1 << 2;
const RENAMED: u8 = 1 << 3;
const LIVE: u8 = 1 << 4;

impl JobState {
    /// A job of which nothing is known but its key and an attempt's number.
    pub fn new(key: JobKey, attempt: u32) -> Self {
        Self {
            key,
            first: AttemptState::new(attempt),
            more: None,
            newest_at: stamp::NO_LINE,
            flags: 0,
            item: items::ItemSlot::NEW.item,
            model: items::ItemSlot::NEW.model,
        }
    }

    /// Takes in a line, `raw`, by its facts.
    pub(super) fn absorb(&mut self, facts: &LineFacts, raw: &[u8]) {
        if facts.flags & line_facts::IN_SANDBOX != 0 {
            self.flags |= SANDBOX;
        } else if facts.id != 0 {
            self.flags |= LIVE;
        }
        if facts.flags & line_facts::KEYLESS != 0 {
            self.flags |= KEYLESS;
        }
        if facts.word == LineStatus::Fact(JobFact::Renamed) {
            self.flags |= RENAMED;
        }
        self.newest_at = self.newest_at.max(facts.at);
        if facts.flags & line_facts::IS_NEWER != 0 {
            self.flags |= NEWER;
        }
        self.attempt_mut(facts.attempt).absorb(facts, raw);
    }

    /// A run that is at work is sending this attempt.
    pub fn mark_being_sent(&mut self, number: u32) {
        let mut attempts = self.attempts_mut();
        if let Some(attempt) = attempts.find(|attempt| attempt.number == number) {
            attempt.mark_being_sent();
        }
    }

    /// No run is sending any of its attempts any more.
    pub(super) fn forget_being_sent(&mut self) {
        self.attempts_mut()
            .for_each(AttemptState::forget_being_sent);
    }

    fn attempts_mut(&mut self) -> impl Iterator<Item = &mut AttemptState> {
        let more = self.more.iter_mut().flat_map(|more| more.iter_mut());
        std::iter::once(&mut self.first).chain(more)
    }

    /// Whether any of its lines was written at `time` or later.
    pub fn was_written_since(&self, time: jiff::Timestamp) -> bool {
        self.newest_at >= time.as_millisecond()
    }

    /// The time for its next line, when the clock says `now`: later than all of its lines.
    pub fn stamp(&self, now: jiff::Timestamp) -> Stamp {
        Stamp::after(self.newest_at, now)
    }

    /// Where its item and model are kept.
    pub(super) const fn place(&self) -> items::ItemSlot {
        items::ItemSlot {
            item: self.item,
            model: self.model,
        }
    }

    /// Changes that.
    pub(super) const fn set_place(&mut self, place: items::ItemSlot) {
        (self.item, self.model) = (place.item, place.model);
    }

    /// Hash of the smallest id of its first attempt; 0 for none.
    pub(super) fn first_id(&self) -> u64 {
        self.first.smallest_id()
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

    /// How many attempts count where a job gets so many in all: those that were not put off, as while the
    /// network was away.
    pub fn tries(&self) -> u32 {
        self.attempts().filter(|a| !a.is_temporary()).count() as u32
    }

    /// One of them.
    pub fn attempt(&self, number: u32) -> Option<&AttemptState> {
        self.attempts().find(|a| a.number == number)
    }

    /// The newest attempt.
    pub fn newest(&self) -> &AttemptState {
        self.attempts().next_back().unwrap_or(&self.first)
    }

    /// The attempt that speaks for the job: a completed one whose clip was not rejected, else the
    /// newest.
    pub fn effective(&self) -> &AttemptState {
        self.attempts()
            .rfind(|a| a.status() == Status::Completed && !a.is_rejected())
            .unwrap_or_else(|| self.newest())
    }

    /// The attempt that a person is asked about: the newest one in doubt.
    pub fn attempt_in_doubt(&self) -> Option<&AttemptState> {
        self.attempts().rfind(|a| a.status() == Status::Unknown)
    }

    /// Where the job stands.
    pub fn status(&self) -> Status {
        self.effective().status()
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
        self.newest().is_superseded()
    }

    /// Whether it counts in exit codes and may be retried.
    pub fn is_counted(&self) -> bool {
        !self.is_dismissed() && !self.is_superseded()
    }

    /// Whether any attempt was ever accepted, or may have been.
    pub fn maybe_accepted(&self) -> bool {
        let mut attempts = self.attempts();
        self.is_newer() || attempts.any(|a| a.status() != Status::SubmitFailed)
    }

    /// Whether a newer version wrote something of it that this one does not understand. It is
    /// never sent again.
    pub fn is_newer(&self) -> bool {
        self.flags & NEWER != 0
    }

    /// The attempts a poll can teach something about.
    pub fn to_poll(&self) -> impl Iterator<Item = &AttemptState> {
        let closed = self.is_dismissed();
        self.attempts()
            .filter(move |a| !closed && a.may_be_asked_for())
    }

    /// Its only attempt, where nothing about it is out of the ordinary: one id, and no verdict.
    pub fn plain_attempt(&self) -> Option<&AttemptState> {
        let is_plain = self.more.is_none() && self.first.is_plain();
        is_plain.then_some(&self.first)
    }

    /// Whether a sandbox wrote of it.
    pub fn is_sandbox(&self) -> bool {
        self.flags & SANDBOX != 0
    }

    /// Whether an id is its that no sandbox made.
    pub fn is_live(&self) -> bool {
        self.flags & LIVE != 0
    }

    /// Whether its listing, SKU or photo was given another name.
    pub fn is_renamed(&self) -> bool {
        self.flags & RENAMED != 0
    }

    /// Whether a line of the vendor's sample scripts, which note no key, is about it.
    pub fn is_keyless(&self) -> bool {
        self.flags & KEYLESS != 0
    }

    /// What was charged for its completed attempts, as reported.
    pub fn charged(&self) -> Credits {
        self.completed().filter_map(AttemptState::charged).sum()
    }

    /// What was expected for its completed attempts where the vendor has reported no charge.
    pub fn unreported(&self) -> Credits {
        self.completed().map(AttemptState::unreported).sum()
    }

    /// What was expected for its completed attempts.
    pub fn expected(&self) -> Credits {
        self.completed().map(AttemptState::expected).sum()
    }

    fn completed(&self) -> impl Iterator<Item = &AttemptState> {
        self.attempts().filter(|a| a.status() == Status::Completed)
    }

    /// What is at stake: the estimates of attempts that are in flight or in doubt. What a person has
    /// dismissed is paid for all the same.
    pub fn reserved(&self) -> Credits {
        self.attempts().map(AttemptState::reserved).sum()
    }

    /// What failed attempts would have cost; the vendor refunds it.
    pub fn refunded(&self) -> Credits {
        self.attempts().map(AttemptState::refunded).sum()
    }

    /// What counts against a cap: charges (the estimate where none was reported), reservations, and
    /// what is assumed of orders of which the log holds no estimate.
    pub fn committed(&self) -> Credits {
        let assumed: Credits = self.attempts().map(AttemptState::assumed).sum();
        self.charged() + self.unreported() + self.reserved() + assumed
    }
}
