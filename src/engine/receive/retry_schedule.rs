//! When clips for which a command could not run are looked at again.

use std::time::Duration;

use tokio::time::Instant;

/// After so long it is looked whether clips that others have leased are free, or a log that could not be
/// used can be; each time that something still waits, the next look is twice as far away. A run that was
/// killed sends no event.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LAST_LOOK: Duration = Duration::from_secs(60);

/// When what waits is looked at again.
#[derive(Default)]
pub(super) struct RetrySchedule {
    at: Option<Instant>,
    wait: Duration,
}

impl RetrySchedule {
    /// When that is, if something waits.
    pub fn at(&self) -> Option<Instant> {
        self.at
    }

    /// After a look, or after something new was come to.
    pub fn plan(&mut self, was_look: bool, is_waiting: bool) {
        self.wait = if was_look {
            (self.wait * 2).min(LAST_LOOK)
        } else {
            FIRST_LOOK
        };
        let next = Instant::now() + self.wait;
        // What comes in a stream does not put a look off.
        let planned = self.at.filter(|_| !was_look);
        self.at = is_waiting.then(|| planned.map_or(next, |at| at.min(next)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_waits_is_looked_at_more_and_more_seldom_and_no_stream_puts_it_off() {
        let mut look = RetrySchedule::default();
        let after = |look: &RetrySchedule| Some((look.at? - Instant::now()).as_secs());
        look.plan(false, false);
        assert_eq!(after(&look), None);
        look.plan(false, true);
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(after(&look), Some(seconds));
            tokio::time::advance(Duration::from_secs(seconds)).await;
            look.plan(true, true);
        }
        // Something new may be free sooner.
        look.plan(false, true);
        assert_eq!(after(&look), Some(1));
        tokio::time::advance(Duration::from_millis(600)).await;
        let at = look.at;
        look.plan(false, true);
        assert_eq!(look.at, at);
        look.plan(true, false);
        assert_eq!(after(&look), None);
    }
}
