//! How long a reply is waited for.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

/// A timer that comes this late came to a process that was not running: stopped with Ctrl-Z,
/// frozen with its container, or starved.
const LATE: Duration = Duration::from_millis(100);
/// Turns of the runtime that a reply gets after the time is up. It takes a few from the socket to
/// here, and each turn serves some sixty of up to 1,024 connections.
const TURNS: usize = 64;

/// The time that one request has, connecting and the reply's last byte included.
///
/// A timer alone would be unjust. When the process was stopped for longer than the limit, the
/// timer has run out and the reply stands in the socket; both are seen at the same moment. So the
/// reply goes first: what has arrived is read before the time counts as up, and time in which the
/// process was not running is given back, up to one limit at a time.
#[derive(Debug)]
pub struct Deadline {
    limit: Duration,
    /// `None` is never.
    until: Option<Instant>,
}

impl Deadline {
    /// `limit` from now.
    pub fn after(limit: Duration) -> Self {
        Self {
            limit,
            until: Instant::now().checked_add(limit),
        }
    }

    /// What `future` gives; `None` when the time is up first.
    pub async fn wait<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        loop {
            let Some(until) = self.until else {
                return Some(future.await);
            };
            tokio::select! {
                biased;
                done = &mut future => return Some(done),
                () = sleep_until(until) => {}
            }
            let late = until.elapsed();
            for _ in 0..TURNS {
                yield_now().await;
                if let std::task::Poll::Ready(done) = futures::poll!(&mut future) {
                    return Some(done);
                }
            }
            if late < LATE {
                return None;
            }
            self.until = Instant::now().checked_add(late.min(self.limit));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tokio::time::{advance, pause, sleep};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_reply_within_the_time_is_taken_and_none_after_it() {
        let mut deadline = Deadline::after(LIMIT);
        let reply = deadline.wait(async {
            sleep(LIMIT / 2).await;
            1
        });
        assert_eq!(reply.await, Some(1));
        // The rest of the same time.
        assert_eq!(deadline.wait(sleep(LIMIT)).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_that_has_arrived_when_the_time_is_up_is_taken() {
        let (reply, arrives) = oneshot::channel();
        // Several tasks hand it on, each in a turn of its own.
        tokio::spawn(async move {
            sleep(LIMIT).await;
            for _ in 0..5 {
                yield_now().await;
            }
            reply.send("accepted").unwrap();
        });
        let got = Deadline::after(LIMIT).wait(arrives).await;
        assert_eq!(got.unwrap().unwrap(), "accepted");
    }

    #[tokio::test]
    async fn the_time_of_a_process_that_was_stopped_is_given_back() {
        pause();
        let (reply, arrives) = oneshot::channel();
        let waiting = tokio::spawn(async move { Deadline::after(LIMIT).wait(arrives).await });
        yield_now().await;
        // Nothing runs in between, as between SIGSTOP and SIGCONT.
        advance(LIMIT * 10).await;
        sleep(LIMIT / 2).await;
        reply.send("accepted").unwrap();
        assert_eq!(waiting.await.unwrap().unwrap().unwrap(), "accepted");
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_comes_is_not_waited_for_without_end() {
        let begun = Instant::now();
        let got = Deadline::after(LIMIT)
            .wait(std::future::pending::<()>())
            .await;
        assert_eq!(got, None);
        assert!(begun.elapsed() < LIMIT * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_beyond_the_clock_is_no_panic() {
        assert_eq!(
            Deadline::after(Duration::MAX).wait(async { 1 }).await,
            Some(1)
        );
    }
}
