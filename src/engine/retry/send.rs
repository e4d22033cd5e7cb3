//! The attempts of a retry, sent until one cannot be made.

use super::{Retries, RetryError};
use crate::engine::cap::Caps;
use crate::engine::dispatch::{Attempt, Dispatcher, SendCounts, Transport};

impl Retries<'_> {
    /// Sends attempts, each made when its turn comes, as far as `cap` admits them. One that cannot be
    /// made ends the run: what was sent until then is in the log and in the counts.
    pub async fn send<T: Transport>(
        &self,
        attempts: impl Iterator<Item = Result<Option<Attempt>, RetryError>>,
        cap: &Caps<'_>,
        dispatcher: Dispatcher<'_, T>,
        concurrency: usize,
    ) -> (SendCounts, Result<(), RetryError>) {
        let job = |attempt: &Attempt| {
            let known = self.log.view(attempt.job).ok().flatten();
            known.or_else(|| attempt.as_job(self.rates))
        };
        let mut made = Ok(());
        let attempts = attempts.map_while(|one| one.map_err(|error| made = Err(error)).ok());
        let dispatcher = dispatcher.within(cap, &job);
        let tally = dispatcher.run(attempts.flatten(), concurrency).await;
        (tally, made)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::retry::{Clips, RetryLog};
    use crate::engine::stop::Stop;
    use crate::jobs::{Credits, JobKey, Ledger, Rates};
    use crate::journal::Writer;
    use crate::vendor::{DurationStyle, Endpoint, MaySend, Outcome, Throttle};

    /// Answers nothing.
    struct Silent;

    impl Transport for Silent {
        async fn submit(
            &self,
            _: Endpoint,
            _: &str,
            _: &str,
            _: Option<MaySend>,
        ) -> Option<Outcome> {
            Some(Outcome::Unknown {
                http_status: None,
                error: "cut".to_owned(),
            })
        }
    }

    #[tokio::test]
    async fn what_was_sent_before_an_attempt_that_cannot_be_made_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let rates = Rates::default();
        let ledger = Ledger::new(rates.clone()).with_places();
        let log = dir.path().join("jobs.jsonl");
        let writer = Writer::open(&log, ledger, "retry", Duration::ZERO).unwrap();
        let retries = Retries {
            log: RetryLog::Written(&writer),
            covers: Box::new(|_| true),
            rows: None,
            clips: Clips::new(),
            new_prompt: None,
            max_attempts: 3,
            rates: &rates,
            duration_style: DurationStyle::default(),
            sandbox: false,
        };
        let (throttle, stop) = (Throttle::new(1, None, None), Stop::default());
        let (now, cap) = (jiff::Timestamp::now, Caps::default());
        let dispatcher = Dispatcher::new(&Silent, &writer, &throttle, &stop, &now, &|_| {});
        let broken = RetryError::Request {
            job: JobKey::of_seed("1"),
            why: "its request: not JSON".to_owned(),
        };
        let [first, last] = [0, 2].map(|i| Ok(Some(Attempt::of_test(i))));
        let attempts = [first, Ok(None), Err(broken), last].into_iter();
        let (tally, made) = retries.send(attempts, &cap, dispatcher, 1).await;
        assert_eq!((tally.made(), tally.unknown), (1, 1));
        assert_eq!(tally.credits, Credits::whole(5));
        assert!(matches!(made, Err(RetryError::Request { .. })), "{made:?}");
    }
}
