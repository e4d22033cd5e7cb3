//! What waits to be forwarded where the log is in a database: there, for every receiver with the same
//! address. Of it only what this receiver has leased is in memory.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{sleep, timeout};

use super::{ForwardEvent, ForwardQueue, ForwardReporter, Outgoing, Shutdown};
use crate::journal::{DatabaseError, Outbox};
use crate::webhook::{VerifyKeys, read_envelope, verify};

/// After so long without anything to do the database is looked at, in case that another receiver has
/// died; each time that there is nothing, the next look is twice as far away.
const FIRST_LOOK: Duration = Duration::from_secs(5);
const LAST_LOOK: Duration = Duration::from_secs(300);
/// The same where another receiver has something, whose end is known.
const SOONEST: Duration = Duration::from_secs(1);
const LATEST: Duration = Duration::from_secs(60);
/// How soon a database that is away is tried again, at first.
const AGAIN: Duration = Duration::from_secs(1);
/// A connection that is not used for so long is closed.
const IDLE: Duration = Duration::from_secs(30);
/// How often it is said that what was leased is still being forwarded.
const RENEWAL: Duration = Duration::from_secs(10);
/// How long the end may take.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// The receiver's end: says that something was queued, and never waits.
#[derive(Clone)]
pub struct QueueWaker(mpsc::Sender<()>);

impl QueueWaker {
    /// Says so.
    pub fn wake(&self) {
        // One word is enough, however many deliveries there are.
        let _ = self.0.try_send(());
    }
}

/// The forwarder's end.
pub struct DatabaseQueue<'a> {
    outbox: Outbox,
    keys: VerifyKeys,
    report: ForwardReporter<'a>,
    woken: Receiver<()>,
    /// Whether the receiver has gone.
    is_closed: bool,
    /// What is leased and was not given yet: numbers and captures.
    page: VecDeque<(i64, String)>,
    /// What was given last.
    current: i64,
    /// Whether it is still leased.
    is_own: bool,
    /// Taken, and not marked so yet.
    taken: Vec<i64>,
    /// Refused, and not marked so yet.
    refused: Vec<i64>,
    /// What has such a number, or a lower one, was come to before the end.
    come_to: i64,
    next_look: Duration,
    /// Whether it was reported that the database is away.
    is_said: bool,
}

impl<'a> DatabaseQueue<'a> {
    /// A queue of what the log holds, and the receiver's end.
    pub fn new(
        outbox: Outbox,
        keys: &VerifyKeys,
        report: ForwardReporter<'a>,
    ) -> (Self, QueueWaker) {
        let (waker, woken) = mpsc::channel(1);
        let queue = Self {
            outbox,
            keys: keys.clone(),
            report,
            woken,
            is_closed: false,
            page: VecDeque::new(),
            current: 0,
            is_own: false,
            taken: Vec::new(),
            refused: Vec::new(),
            come_to: 0,
            next_look: FIRST_LOOK,
            is_said: false,
        };
        (queue, QueueWaker(waker))
    }

    /// Leases what waits. Returns how long nothing is to be looked for, unless something comes.
    async fn look(&mut self) -> Result<Duration, DatabaseError> {
        self.mark().await?;
        let leased = self.outbox.lease(self.come_to).await?;
        if std::mem::take(&mut self.is_said) {
            (self.report)(ForwardEvent::Back);
        }
        if !leased.is_empty() {
            self.next_look = FIRST_LOOK;
            let leased = leased.into_iter();
            self.page = leased.map(|one| (one.number, one.envelope)).collect();
            return Ok(Duration::ZERO);
        }
        if let Some(end) = self.outbox.next_end().await? {
            self.next_look = FIRST_LOOK;
            return Ok(end.clamp(SOONEST, LATEST));
        }
        let wait = self.next_look;
        self.next_look = (wait * 2).min(LAST_LOOK);
        Ok(wait)
    }

    async fn mark(&mut self) -> Result<(), DatabaseError> {
        if !self.taken.is_empty() {
            self.outbox.mark_taken(&self.taken).await?;
            self.taken.clear();
        }
        if !self.refused.is_empty() {
            self.outbox.mark_refused(&self.refused).await?;
            self.refused.clear();
        }
        Ok(())
    }

    /// The capture as a delivery on its way, if it can still be verified: the key may be another one now.
    fn outgoing(&self, envelope: &str) -> Option<Outgoing> {
        let capture = read_envelope(envelope)?;
        Outgoing::of(&capture, &verify(&capture, &self.keys))
    }

    fn say_away(&mut self, error: &DatabaseError) {
        if !std::mem::replace(&mut self.is_said, true) {
            (self.report)(ForwardEvent::Away(&error.message));
        }
    }

    /// Waits for something to do, for so long at most.
    async fn wait(&mut self, time: Duration, end: &mut Shutdown<'_>) {
        if time >= IDLE {
            self.outbox.disconnect();
        }
        tokio::select! {
            woken = self.woken.recv(), if !self.is_closed => self.is_closed = woken.is_none(),
            () = sleep(time) => {}
            () = end.over() => {}
        }
    }

    async fn renew(&mut self) -> Result<(), DatabaseError> {
        let mut numbers: Vec<i64> = self.page.iter().map(|(number, _)| *number).collect();
        numbers.push(self.current);
        let own = self.outbox.renew(&numbers).await?;
        self.page.retain(|(number, _)| own.contains(number));
        self.is_own = own.contains(&self.current);
        Ok(())
    }

    async fn part(&mut self) -> Result<u64, DatabaseError> {
        self.mark().await?;
        self.outbox.release().await
    }
}

impl ForwardQueue for DatabaseQueue<'_> {
    async fn next(&mut self, end: &mut Shutdown<'_>) -> Option<Outgoing> {
        let mut again = AGAIN;
        loop {
            while !end.is_over()
                && let Some((number, envelope)) = self.page.pop_front()
            {
                self.current = number;
                self.is_own = true;
                if let Some(one) = self.outgoing(&envelope) {
                    return Some(one);
                }
                (self.report)(ForwardEvent::Unverifiable);
                self.refused().await;
            }
            if end.is_over() {
                return None;
            }
            let was_closed = self.is_closed;
            let looked = tokio::select! {
                looked = self.look() => looked,
                () = end.over() => return None,
            };
            let wait = match looked {
                Ok(Duration::ZERO) => continue,
                // What others have is theirs.
                Ok(_) if was_closed => return None,
                Ok(wait) => wait,
                Err(error) => {
                    self.say_away(&error);
                    if was_closed {
                        return None;
                    }
                    let wait = again;
                    again = (again * 2).min(LATEST);
                    wait
                }
            };
            self.wait(wait, end).await;
        }
    }

    async fn may_send(&mut self, end: &mut Shutdown<'_>) -> bool {
        let mut again = AGAIN;
        // Without the database another receiver may have taken it over.
        while !self.outbox.holds() {
            let renewed = tokio::select! {
                renewed = self.renew() => renewed,
                () = end.over() => return false,
            };
            if let Err(error) = renewed {
                self.say_away(&error);
                tokio::select! {
                    () = sleep(again) => {}
                    () = end.over() => return false,
                }
                again = (again * 2).min(LATEST);
            }
        }
        self.is_own
    }

    async fn hold(&mut self) {
        loop {
            sleep(RENEWAL).await;
            if let Err(error) = self.renew().await {
                self.say_away(&error);
            }
        }
    }

    async fn taken(&mut self, _: &Outgoing) {
        self.taken.push(self.current);
        if let Err(error) = self.mark().await {
            self.say_away(&error);
        }
    }

    async fn refused(&mut self) {
        self.refused.push(self.current);
        if let Err(error) = self.mark().await {
            self.say_away(&error);
        }
    }

    fn left(&mut self) {
        // What another receiver has now was not come to here.
        if self.is_own {
            self.come_to = self.come_to.max(self.current);
        }
    }

    async fn close(mut self) -> Result<u64, String> {
        let parted = match timeout(SHUTDOWN_LIMIT, self.part()).await {
            Ok(parted) => parted.map_err(|error| error.message),
            Err(_) => Err("the database does not answer".to_owned()),
        };
        if !self.taken.is_empty() {
            (self.report)(ForwardEvent::Unmarked(self.taken.len()));
        }
        parted
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::path::Path;

    use tokio::sync::watch;
    use tokio::time::Instant;

    use super::*;
    use crate::engine::stop::Stop;
    use crate::journal::Location;

    /// A queue with one delivery, whose database takes connections and never answers.
    fn queue(database: &TcpListener) -> DatabaseQueue<'static> {
        let port = database.local_addr().unwrap().port();
        let text = format!("postgres://me@127.0.0.1:{port}/logs?log=shop&sslmode=disable");
        let Location::Database(address) = Location::of(Path::new(&text)).unwrap() else {
            panic!("{text} is an address");
        };
        let outbox = Outbox::unasked(&address, [0; 32]);
        let (mut queue, _) = DatabaseQueue::new(outbox, &VerifyKeys::default(), &|_| {});
        queue.page.push_back((1, "{}".to_owned()));
        queue
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_does_not_wait_for_a_database_that_does_not_answer() {
        let database = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut queue = queue(&database);
        let stop = Stop::default();
        let (over, is_over) = watch::channel(false);
        let mut end = Shutdown {
            stop: &stop,
            is_over,
        };
        let soon = Duration::from_secs(2);
        let began = Instant::now();
        let ends = async {
            sleep(soon).await;
            over.send_replace(true);
        };
        let (may_send, ()) = tokio::join!(queue.may_send(&mut end), ends);
        assert!(!may_send);
        assert_eq!(began.elapsed().as_secs(), soon.as_secs());
        assert!(queue.next(&mut end).await.is_none());
        assert_eq!(queue.page.len(), 1, "it is left to another receiver");
        assert_eq!(began.elapsed().as_secs(), soon.as_secs());
        assert!(queue.close().await.is_err());
        assert_eq!(began.elapsed().as_secs(), (soon + SHUTDOWN_LIMIT).as_secs());
    }
}
