//! What will happen to a request: drawn from the seed and the request, by nothing else.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::job::{Endpoint, JobEnding};
use super::options::{Chance, Options};
use super::request::Request;
use crate::jobs::{Credits, Seconds};

/// Credits for each started 5 seconds that another provider serves, where that is less: the vendor bills
/// the lower price.
const FAILOVER_RATE: Credits = Credits::whole(3);

/// What goes wrong with a submission; [`super::Faults`] says what each does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described where its chance is set")]
pub enum Fault {
    Throttle,
    Unavailable,
    ServerError,
    BilledError,
    Refuse,
    LostReply,
    Slow,
}

impl Fault {
    /// Whether the job is accepted and billed anyway.
    pub const fn is_billed(self) -> bool {
        matches!(self, Self::BilledError | Self::LostReply | Self::Slow)
    }
}

/// What goes wrong with a job's webhook; [`super::WebhookFaults`] says what each does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described where its share is set")]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn on its own")]
pub struct DrawnFaults {
    pub lost: bool,
    pub duplicate: bool,
    pub out_of_order: bool,
    pub late_by: Duration,
    pub bad_signature: bool,
}

/// Which case this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occasion {
    /// Cases of any kind before this one.
    pub running: u64,
    /// The same case before this one: the same body with the same idempotency key, the same id.
    pub repeat: u32,
}

/// What will happen to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What goes wrong with the submission itself.
    pub fault: Option<Fault>,
    /// How rendering ends.
    pub ending: JobEnding,
    /// How long it takes, in whole milliseconds.
    pub render: Duration,
    /// Whether the first status is `processing` already.
    pub starts_processing: bool,
    /// Credits taken with the submission.
    pub taken: Credits,
    /// Credits charged in the end.
    pub charged: Credits,
    /// Which of the known error texts a failed job gives, 0 to 3.
    pub complaint: u8,
    /// What goes wrong with its webhook.
    pub faults: DrawnFaults,
}

impl Options {
    /// What will happen to `request`; `draw` is what [`Draw::of`] gave.
    ///
    /// With an idempotency key, the ending depends on the key and not on the occasion: repeating
    /// a POST of unknown outcome ends as the first would have. Faults are drawn again each time.
    pub(super) fn plan(
        &self,
        request: &Request<'_>,
        draw: Draw,
        has_key: bool,
        occasion: Occasion,
    ) -> Scenario {
        let anew = draw.repeated(occasion.repeat);
        let lasting = if has_key { draw } else { anew };
        let ending = if lasting.hits(Salt::Fail, self.fail_share) {
            JobEnding::Failed
        } else if lasting.hits(Salt::Failover, self.failover_share) {
            JobEnding::Failover
        } else {
            JobEnding::Completed
        };
        let (taken, charged) = self.price(request, ending);
        let factor = 0.5 + lasting.unit(Salt::Render);
        let render = (self.render_time.as_millis() as f64 * factor).round();
        Scenario {
            fault: self.fault(anew, occasion),
            ending,
            render: Duration::from_millis(u64::from(render as u32)),
            starts_processing: lasting.hits(Salt::Processing, self.processing_share),
            taken,
            charged,
            complaint: (lasting.unit(Salt::Complaint) * 4.0) as u8,
            faults: self.faults(lasting),
        }
    }

    fn fault(&self, draw: Draw, occasion: Occasion) -> Option<Fault> {
        let faults = &self.faults;
        let chances = [
            (Fault::Throttle, faults.throttle),
            (Fault::Unavailable, faults.unavailable),
            (Fault::ServerError, faults.server_error),
            (Fault::BilledError, faults.billed_error),
            (Fault::Refuse, faults.refuse),
            (Fault::LostReply, faults.lost_reply),
            (Fault::Slow, faults.slow),
        ];
        let mut hits = chances
            .into_iter()
            .filter(|(fault, chance)| chance.hits(draw, Salt::Fault(*fault), occasion));
        hits.next().map(|(fault, _)| fault)
    }

    fn faults(&self, draw: Draw) -> DrawnFaults {
        let faults = &self.webhooks.faults;
        DrawnFaults {
            lost: draw.hits(Salt::Lost, faults.lost),
            duplicate: draw.hits(Salt::Duplicate, faults.duplicate),
            out_of_order: draw.hits(Salt::OutOfOrder, faults.out_of_order),
            late_by: if draw.hits(Salt::Late, faults.late) {
                faults.late_by.mul_f64(draw.unit(Salt::LateBy))
            } else {
                Duration::ZERO
            },
            bad_signature: draw.hits(Salt::BadSignature, faults.bad_signature),
        }
    }

    /// Credits taken at first, and those charged in the end.
    fn price(&self, request: &Request<'_>, ending: JobEnding) -> (Credits, Credits) {
        let mut started = 1;
        let taken = match request.endpoint {
            Endpoint::Video => {
                // The vendor's documented example is five seconds long.
                let duration = request.duration().map_or(5, Seconds::get);
                started = u64::from(duration).div_ceil(5);
                let model = request.model().unwrap_or_default();
                let rate = self.rates.models.get(model.as_str());
                rate.copied()
                    .unwrap_or(self.rates.video_per_5s)
                    .times(started)
            }
            Endpoint::Voice => self.rates.voice,
        };
        let charged = match ending {
            JobEnding::Completed => taken,
            JobEnding::Failover => taken.min(FAILOVER_RATE.times(started)),
            JobEnding::Failed => Credits::ZERO,
        };
        (taken, charged)
    }
}

impl Chance {
    pub(super) fn hits(self, draw: Draw, salt: Salt, occasion: Occasion) -> bool {
        match self {
            Self::Never => false,
            Self::Share(share) => draw.hits(salt, share),
            Self::First(cases) => occasion.running < cases,
            Self::FirstOfEach(cases) => occasion.repeat < cases,
        }
    }
}

/// What is drawn, so that one draw says nothing about another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Salt {
    Fail,
    Failover,
    Render,
    Processing,
    Complaint,
    Lost,
    Duplicate,
    OutOfOrder,
    Late,
    LateBy,
    BadSignature,
    PollError,
    CutDownload,
    Fault(Fault),
}

impl Salt {
    const fn number(self) -> u64 {
        match self {
            Self::Fail => 1,
            Self::Failover => 2,
            Self::Render => 3,
            Self::Processing => 4,
            Self::Complaint => 5,
            Self::Lost => 6,
            Self::Duplicate => 7,
            Self::OutOfOrder => 8,
            Self::Late => 9,
            Self::LateBy => 10,
            Self::BadSignature => 11,
            Self::PollError => 12,
            Self::CutDownload => 13,
            Self::Fault(fault) => 100 + fault as u64,
        }
    }
}

/// A source of choices: the same wherever and whenever it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw(u64);

impl Draw {
    /// For a submission.
    pub fn of(seed: u64, request: &Request<'_>, key: Option<&str>) -> Self {
        Self::over(seed, request.essence().chain(key))
    }

    /// For anything that has a name.
    pub fn over<'a>(seed: u64, parts: impl Iterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut head = [0; 8];
        head.copy_from_slice(&hash.finalize()[..8]);
        Self(u64::from_be_bytes(head))
    }

    /// The one for the same case again.
    pub fn repeated(self, times: u32) -> Self {
        Self(mix(self.0 ^ u64::from(times)))
    }

    /// Distinguishes what was drawn over.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// A number from 0 up to, but without, 1.
    fn unit(self, salt: Salt) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (mix(self.0.wrapping_add(mix(salt.number()))) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn hits(self, salt: Salt, share: f64) -> bool {
        share > 0.0 && self.unit(salt) < share
    }
}

/// Spreads a number over 64 bits: the output function of the generator known as `SplitMix64`.
const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::{Faults, WebhookFaults};
    use super::*;

    fn body(prompt: &str, port: u16) -> String {
        format!(
            r#"{{"model":"kling-v3","prompt":"{prompt}","duration":"10s","webhook_url":"http://127.0.0.1:{port}/w"}}"#
        )
    }

    fn plan(options: &Options, prompt: &str, key: Option<&str>, repeat: u32) -> Scenario {
        let body = body(prompt, 1);
        let request = Request::parse(Endpoint::Video, &body).unwrap();
        let running = u64::from(repeat);
        let draw = Draw::of(options.seed, &request, key);
        options.plan(&request, draw, key.is_some(), Occasion { running, repeat })
    }

    fn mixed() -> Options {
        Options {
            fail_share: 0.3,
            failover_share: 0.3,
            faults: Faults {
                throttle: Chance::Share(0.3),
                ..Faults::default()
            },
            ..Options::default()
        }
    }

    #[test]
    fn the_same_request_has_the_same_future() {
        let options = mixed();
        for i in 0..50 {
            let key = format!("job{i}.1");
            let (a, b) = (body("pan", 1), body("pan", 2));
            let a = Request::parse(Endpoint::Video, &a).unwrap();
            let b = Request::parse(Endpoint::Video, &b).unwrap();
            let planned = |request: &Request<'_>, occasion| {
                let draw = Draw::of(options.seed, request, Some(&key));
                options.plan(request, draw, true, occasion)
            };
            let late = Occasion {
                running: 999,
                repeat: 0,
            };
            assert_eq!(planned(&a, Occasion::default()), planned(&b, late));
        }
    }

    #[test]
    fn a_repeated_post_draws_its_fault_anew_but_keeps_its_ending() {
        let options = mixed();
        let plans: Vec<Scenario> = (0..50)
            .map(|n| plan(&options, "pan", Some("job.1"), n))
            .collect();
        assert!(plans.iter().any(|p| p.fault.is_some()));
        assert!(plans.iter().any(|p| p.fault.is_none()));
        assert!(plans.iter().all(|p| p.ending == plans[0].ending));
    }

    #[test]
    fn another_attempt_draws_another_ending() {
        let options = mixed();
        let failed = (1..=200)
            .filter(|n| {
                plan(&options, "pan", Some(&format!("job.{n}")), 0).ending == JobEnding::Failed
            })
            .count();
        assert!((40..=80).contains(&failed), "{failed} of 200 at 0.3");
    }

    #[test]
    fn without_a_key_each_repetition_is_another_job() {
        let options = mixed();
        let failed = (0..200)
            .filter(|n| plan(&options, "pan", None, *n).ending == JobEnding::Failed)
            .count();
        assert!((40..=80).contains(&failed), "{failed} of 200 at 0.3");
    }

    #[test]
    fn another_seed_is_another_future() {
        let endings = |seed| -> Vec<JobEnding> {
            let options = Options { seed, ..mixed() };
            (0..50)
                .map(|n| plan(&options, &format!("pan {n}"), Some("k"), 0).ending)
                .collect()
        };
        assert_eq!(endings(1), endings(1));
        assert_ne!(endings(1), endings(2));
    }

    #[test]
    fn rendering_takes_between_half_and_one_and_a_half_of_the_time() {
        let options = Options::default();
        let times: Vec<u128> = (0..500)
            .map(|n| plan(&options, &n.to_string(), None, 0).render.as_millis())
            .collect();
        assert!(times.iter().all(|ms| (1000..=3000).contains(ms)));
        assert!(times.iter().any(|ms| *ms < 1200) && times.iter().any(|ms| *ms > 2800));
    }

    #[test]
    fn a_failure_is_refunded_and_a_failover_is_billed_at_the_lower_price() {
        for (fail_share, failover_share, charged) in [(0.0, 0.0, 10), (1.0, 0.0, 0), (0.0, 1.0, 6)]
        {
            let options = Options {
                fail_share,
                failover_share,
                ..Options::default()
            };
            let plan = plan(&options, "pan", None, 0);
            assert_eq!(plan.taken, Credits::whole(10));
            assert_eq!(plan.charged, Credits::whole(charged));
        }
    }

    #[test]
    fn counted_faults_hit_the_first_cases_only() {
        let mut options = Options::default();
        options.faults.throttle = Chance::First(2);
        options.faults.slow = Chance::FirstOfEach(3);
        let faults: Vec<Option<Fault>> = (0..4)
            .map(|n| plan(&options, "pan", Some("k"), n).fault)
            .collect();
        assert_eq!(
            faults,
            [
                Some(Fault::Throttle),
                Some(Fault::Throttle),
                Some(Fault::Slow),
                None
            ]
        );
    }

    #[test]
    fn webhook_faults_are_drawn_apart() {
        let mut options = Options::default();
        options.webhooks.faults = WebhookFaults {
            duplicate: 0.5,
            late: 0.5,
            ..WebhookFaults::default()
        };
        let drawn: Vec<DrawnFaults> = (0..100)
            .map(|n| plan(&options, &n.to_string(), None, 0).faults)
            .collect();
        for (duplicate, late) in [(true, true), (true, false), (false, true), (false, false)] {
            let same = |m: &&DrawnFaults| m.duplicate == duplicate && m.late_by.is_zero() != late;
            assert!(drawn.iter().filter(same).count() > 10);
        }
        assert!(!drawn.iter().any(|m| m.lost || m.bad_signature));
    }
}
