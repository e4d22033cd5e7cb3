//! The state of an attempt, folded from lines, in few bytes.
//!
//! Every merge here is a join: bits are united, values are chosen by a total order. So the result
//! depends neither on the order of the lines nor on how often one was seen.

mod charges;

use super::bill::{Bill, Charge, ReportedEnds};
use super::line_facts::{self, LineFacts};
use super::status::{JobFact, LineStatus, ReviewVerdict, Status, Verdict};

/// A `resolved` line, ordered by time, by caution and then by content: the greatest speaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RankedResolution {
    at: i64,
    caution: u8,
    raw: Box<[u8]>,
    pub verdict: Verdict,
    id: u64,
}

/// What few attempts have; kept out of line.
#[derive(Clone, Debug)]
struct RareFields {
    resolution: Option<RankedResolution>,
    /// Further ids, ascending by hash: one attempt, billed more than once.
    more: Vec<Bill>,
    /// A figure in a line without an id.
    unnamed: Charge,
    /// As [`AttemptState::times`], of further lines.
    times: [Vec<u32>; 2],
    /// The newest `reviewed` line: its time and its word. Of two with one time the cautious one speaks.
    review: Option<(i64, ReviewVerdict)>,
    /// The newest `superseded` line: its time, and whether it names another job. Of two with one time
    /// that one counts.
    superseded: Option<(i64, bool)>,
}

impl Default for RareFields {
    fn default() -> Self {
        Self {
            resolution: None,
            more: Vec::new(),
            unnamed: Charge::NONE,
            times: [const { Vec::new() }; 2],
            review: None,
            superseded: None,
        }
    }
}

/// One attempt: one request of the user, one possible bill.
#[derive(Clone, Debug)]
pub struct AttemptState {
    /// Its number, from 1.
    pub number: u32,
    /// A bit for each status that was seen.
    seen: u8,
    flags: u8,
    /// Hash of the smallest id; 0 for none. What was reported of it follows: a bill, taken apart so that
    /// it fits in.
    id: u64,
    charge: Charge,
    ends: ReportedEnds,
    /// Hash of what its furthest end says; 0 for no end, 1 where its lines differ.
    end_hash: u64,
    /// Thousandths of a credit, with the bit [`line_facts::ESTIMATE_HELD`] where the log holds it.
    estimate: u32,
    /// When it was first announced, and first refused, as far as that tells lines apart; 0 for never.
    times: [u32; 2],
    rare: Option<Box<RareFields>>,
}

/// Places in [`AttemptState::times`].
const ANNOUNCED: usize = 0;
const TURNED_DOWN: usize = 1;

const TEMPORARY: u8 = 1;
const PERMANENT: u8 = 1 << 1;
const REFUSED: u8 = 1 << 2;
const DOWNLOADED: u8 = 1 << 3;
const PUBLISHED: u8 = 1 << 4;
/// Not from a line: the run that announced it is still at work.
const BEING_SENT: u8 = 1 << 6;

impl AttemptState {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            seen: 0,
            flags: 0,
            id: 0,
            charge: Charge::NONE,
            ends: ReportedEnds::default(),
            end_hash: 0,
            estimate: 0,
            times: [0; 2],
            rare: None,
        }
    }

    fn rare(&mut self) -> &mut RareFields {
        self.rare.get_or_insert_with(Box::default)
    }

    pub(super) fn resolution(&self) -> Option<&RankedResolution> {
        self.rare.as_ref()?.resolution.as_ref()
    }

    /// What a person decided, unless an acceptance has proved itself since.
    pub fn verdict(&self) -> Option<Verdict> {
        self.resolution().map(|r| r.verdict)
    }

    /// What a person thinks of its clip, where one has looked at it.
    pub fn look(&self) -> Option<ReviewVerdict> {
        Some(self.rare.as_ref()?.review?.1)
    }

    /// Whether it brought a clip that a person rejected.
    pub fn is_rejected(&self) -> bool {
        self.look() == Some(ReviewVerdict::Rejected) && self.status() == Status::Completed
    }

    /// The status that the lines alone show; `None` when only facts were seen.
    fn shown(&self) -> Option<Status> {
        (0..7)
            .rev()
            .find(|rank| self.seen & (1 << rank) != 0)
            .map(|r| Status::ALL[r])
    }

    /// All that its lines show: what compacting a log must not change.
    pub(super) fn summary(&self) -> impl std::fmt::Debug + use<> {
        let resolution = self.resolution().map(|r| (r.at, r.verdict));
        (
            self.shown(),
            self.status(),
            self.flags,
            self.charged(),
            self.estimate,
            self.has_two_ends(),
            self.has_two_ids(),
            resolution,
            self.rare.as_ref().and_then(|rare| rare.review),
        )
    }

    /// Where it stands. A lone `submitting` is `unknown`. One that was given two ids may bring its
    /// clip under either: it has failed once both have.
    pub fn status(&self) -> Status {
        match (self.shown(), self.verdict()) {
            (Some(Status::Failed), _) if self.is_half_ended() => {
                if self.has_seen(Status::Processing) {
                    Status::Processing
                } else {
                    Status::Pending
                }
            }
            (Some(shown), _) if shown.is_accepted() => shown,
            (_, Some(Verdict::Accepted)) => Status::Pending,
            (_, Some(Verdict::NotAccepted)) => Status::SubmitFailed,
            (Some(Status::SubmitFailed), _) if !self.lacks_a_refusal() => Status::SubmitFailed,
            _ => Status::Unknown,
        }
    }

    /// Whether it was announced more often than it was refused. In one log a request that was sent again is
    /// refused by no line; so lines of several logs were joined, and one request may be a bill.
    fn lacks_a_refusal(&self) -> bool {
        let count = |of: usize| {
            let more = self.rare.as_ref().map_or(0, |rare| rare.times[of].len());
            usize::from(self.times[of] != 0) + more
        };
        count(ANNOUNCED) > count(TURNED_DOWN).max(1)
    }

    /// Whether a line with `status` has been seen.
    pub fn has_seen(&self, status: Status) -> bool {
        self.seen & (1 << status.rank()) != 0
    }

    /// Whether a line of `status`, which is not an end, would come too late to add anything.
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
        !self.more_bills().is_empty()
    }

    fn more_bills(&self) -> &[Bill] {
        self.rare.as_ref().map_or(&[][..], |r| &r.more)
    }

    /// Its ids with what was reported of each; one without an id where it has none.
    fn bills(&self) -> impl Iterator<Item = Bill> + '_ {
        let first = Bill {
            id: self.id,
            charge: self.charge,
            ends: self.ends,
        };
        std::iter::once(first).chain(self.more_bills().iter().copied())
    }

    /// Hash of its smallest id; 0 for none.
    pub(super) fn smallest_id(&self) -> u64 {
        self.id
    }

    /// Whether nothing about it is out of the ordinary: one id at most, and no verdict.
    pub(super) fn is_plain(&self) -> bool {
        self.rare.is_none()
    }

    /// A run that is at work is sending it.
    pub(super) fn mark_being_sent(&mut self) {
        self.flags |= BEING_SENT;
    }

    /// None is any more.
    pub(super) fn forget_being_sent(&mut self) {
        self.flags &= !BEING_SENT;
    }

    /// Whether an edited row replaced it.
    pub(super) fn is_superseded(&self) -> bool {
        let superseded = self.rare.as_ref().and_then(|rare| rare.superseded);
        superseded.is_some_and(|(_, by_another)| by_another)
    }

    /// Whether it was accepted, and has not ended as far as the log knows.
    pub fn is_under_way(&self) -> bool {
        self.status().is_rendering()
    }

    /// Whether of several ids one has not ended.
    fn is_half_ended(&self) -> bool {
        self.has_two_ids() && self.bills().any(|bill| bill.ends.is_none())
    }

    /// Whether an end of `status` is news of one of its ids, by hash, though not of the attempt.
    pub(super) fn is_news_of(&self, id: u64, status: Status) -> bool {
        let is_news = |bill: Bill| bill.id == id && !bill.ends.has(status);
        status.is_terminal() && self.has_two_ids() && self.bills().any(is_news)
    }

    /// Hashes of the ids that prove themselves, and of the one a person named.
    pub(super) fn id_hashes(&self) -> impl Iterator<Item = u64> + '_ {
        let named = self
            .resolution()
            .filter(|r| r.verdict == Verdict::Accepted)
            .map(|r| r.id);
        let more = self.more_bills().iter().map(|bill| bill.id);
        std::iter::once(self.id)
            .chain(more)
            .chain(named)
            .filter(|&id| id != 0)
    }

    /// Whether it has an id that could be asked for.
    pub fn has_id(&self) -> bool {
        self.id_hashes().next().is_some()
    }

    /// Whether a poll can teach something about it.
    pub fn may_be_asked_for(&self) -> bool {
        self.has_id() && !self.status().is_terminal()
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

    /// Whether its `submitting` line stands alone, and no person has decided about it.
    pub fn is_announced(&self) -> bool {
        self.shown() == Some(Status::Submitting) && self.verdict().is_none()
    }

    /// Whether an active run is sending it right now, as far as the log's lock or database
    /// knows.
    pub fn is_being_sent(&self) -> bool {
        self.flags & BEING_SENT != 0 && self.is_announced()
    }

    /// Whether its clip is on disk.
    pub fn is_downloaded(&self) -> bool {
        self.flags & DOWNLOADED != 0
    }

    /// Whether its clip was published, somewhere.
    pub fn is_published(&self) -> bool {
        self.flags & PUBLISHED != 0
    }

    pub(super) fn absorb(&mut self, facts: &LineFacts, raw: &[u8]) {
        match facts.word {
            LineStatus::Status(status) => self.absorb_status(status, facts),
            LineStatus::Fact(JobFact::Downloaded) => self.flags |= DOWNLOADED,
            LineStatus::Fact(JobFact::Published) => self.flags |= PUBLISHED,
            LineStatus::Fact(JobFact::Resolved) => return self.absorb_resolution(facts, raw),
            LineStatus::Fact(JobFact::Superseded) => self.absorb_superseded(facts),
            LineStatus::Fact(JobFact::Reviewed) => self.absorb_review(facts),
            LineStatus::Fact(JobFact::Renamed) => {}
        }
        let charge = facts.charged.map_or(Charge::NONE, |amount| {
            Charge::reported(amount, facts.at, facts.flags & line_facts::IS_ADJUSTED != 0)
        });
        let ends = facts
            .word
            .status()
            .map_or_else(ReportedEnds::default, ReportedEnds::of);
        if facts.id != 0 {
            self.absorb_bill(Bill {
                id: facts.id,
                charge,
                ends,
            });
        } else if charge > Charge::NONE {
            let unnamed = &mut self.rare().unnamed;
            *unnamed = charge.max(*unnamed);
        }
        self.estimate = self.estimate.max(facts.estimate);
    }

    fn absorb_status(&mut self, status: Status, facts: &LineFacts) {
        self.absorb_end(status, facts.end_hash);
        self.seen |= 1 << status.rank();
        match status {
            Status::Submitting => self.absorb_time(ANNOUNCED, facts.at),
            Status::SubmitFailed => self.absorb_time(TURNED_DOWN, facts.at),
            _ => {}
        }
        if status == Status::SubmitFailed {
            let temporary = facts.flags & line_facts::IS_TEMPORARY != 0;
            self.flags |= if temporary { TEMPORARY } else { PERMANENT };
            if facts.flags & line_facts::IS_REFUSAL != 0 {
                self.flags |= REFUSED;
            }
        }
    }

    fn absorb_time(&mut self, of: usize, at: i64) {
        let time = ((at ^ (at >> 32)) as u32).max(1);
        if self.times[of] == 0 {
            self.times[of] = time;
        } else if self.times[of] != time && !self.rare().times[of].contains(&time) {
            self.rare().times[of].push(time);
        }
    }

    /// Keeps what the lines of the furthest end have in common: all the same, or nothing.
    fn absorb_end(&mut self, status: Status, end_hash: u64) {
        if !status.is_terminal() {
            return;
        }
        match self.shown() {
            Some(shown) if shown.is_terminal() && shown > status => {}
            Some(shown) if shown == status && self.end_hash != end_hash => {
                self.end_hash = line_facts::UNLIKE;
            }
            _ => self.end_hash = end_hash,
        }
    }

    /// Whether each of its lines of `status`, its furthest end, says what `end_hash` is the hash of.
    pub(super) fn has_reported(&self, status: Status, end_hash: u64) -> bool {
        status.is_terminal()
            && self.shown() == Some(status)
            && self.end_hash == end_hash
            && end_hash != line_facts::UNLIKE
    }

    fn absorb_bill(&mut self, new: Bill) {
        let mut first = Bill {
            id: self.id,
            charge: self.charge,
            ends: self.ends,
        };
        if self.id == 0 || self.id == new.id {
            first.id = new.id;
            first.join(new.charge, new.ends);
        } else {
            let (smaller, other) = if new.id < first.id {
                (new, first)
            } else {
                (first, new)
            };
            first = smaller;
            let more = &mut self.rare().more;
            match more.binary_search_by_key(&other.id, |bill| bill.id) {
                Ok(place) => more[place].join(other.charge, other.ends),
                Err(place) => more.insert(place, other),
            }
        }
        (self.id, self.charge, self.ends) = (first.id, first.charge, first.ends);
    }

    fn absorb_review(&mut self, facts: &LineFacts) {
        if let Some(look) = facts.look {
            let review = &mut self.rare().review;
            *review = (*review).max(Some((facts.at, look)));
        }
    }

    fn absorb_superseded(&mut self, facts: &LineFacts) {
        let by_another = facts.flags & line_facts::IS_TAKEN_BACK == 0;
        let superseded = &mut self.rare().superseded;
        *superseded = (*superseded).max(Some((facts.at, by_another)));
    }

    fn absorb_resolution(&mut self, facts: &LineFacts, raw: &[u8]) {
        let Some(verdict) = facts.verdict else {
            return;
        };
        let new = RankedResolution {
            at: facts.at,
            caution: verdict.caution(),
            raw: raw.into(),
            verdict,
            id: facts.id,
        };
        let rare = self.rare();
        if rare.resolution.as_ref().is_none_or(|old| *old < new) {
            rare.resolution = Some(new);
        }
    }
}
