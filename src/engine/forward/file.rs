//! What waits to be forwarded where captures are in a file: in memory, as far as there is room, else in
//! that file. What was forwarded is noted beside it.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::spawn_blocking;

use super::forwarded::ForwardedDeliveries;
use super::outgoing::DeliveryDigest;
use super::{ForwardEvent, ForwardQueue, ForwardReporter, Outgoing, Shutdown};
use crate::webhook::VerifyKeys;

/// Deliveries held in memory; when more wait, they are read from the capture file again.
const MOST_WAITING: usize = 10_000;

/// The receiver's end: puts deliveries into the queue, and never waits.
#[derive(Clone)]
pub struct Sender {
    queue: UnboundedSender<Outgoing>,
    waiting: Arc<AtomicUsize>,
    /// Whether deliveries were left out, which are in the capture file.
    has_more: Arc<AtomicBool>,
}

impl Sender {
    /// Queues a delivery. `make` is called where there is room for it.
    pub fn send(&self, make: impl FnOnce() -> Option<Outgoing>) {
        if self.waiting.load(Ordering::Relaxed) >= MOST_WAITING {
            self.has_more.store(true, Ordering::Release);
            return;
        }
        if let Some(one) = make() {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            // The other end lives as long as the server; should it not, the file has the delivery.
            let _ = self.queue.send(one);
        }
    }
}

/// The forwarder's end.
pub struct FileQueue<'a> {
    /// A thread that looks through the capture file has it until it is done.
    delivered: Arc<Mutex<ForwardedDeliveries>>,
    /// What was read from the capture file.
    read: VecDeque<Outgoing>,
    /// Whether it was looked for what an earlier run has left.
    has_begun: bool,
    /// Whether the end came before the capture file was read.
    is_unread: bool,
    incoming: UnboundedReceiver<Outgoing>,
    /// How many are in the queue; shared with [`Sender`].
    waiting: Arc<AtomicUsize>,
    has_more: Arc<AtomicBool>,
    /// What was given last.
    current: DeliveryDigest,
    /// What was given and not taken. A delivery that comes while the file is read is given twice.
    left: HashSet<DeliveryDigest>,
    report: ForwardReporter<'a>,
}

impl<'a> FileQueue<'a> {
    /// A queue for the captures in that file, which begins with what an earlier run has left, and the
    /// receiver's end.
    pub fn open(
        captures: &Path,
        keys: &VerifyKeys,
        report: ForwardReporter<'a>,
    ) -> io::Result<(Self, Sender)> {
        let delivered = ForwardedDeliveries::open(captures, keys, report)?;
        let (queue, incoming) = mpsc::unbounded_channel();
        let sender = Sender {
            queue,
            waiting: Arc::default(),
            has_more: Arc::default(),
        };
        let queue = Self {
            delivered: Arc::new(Mutex::new(delivered)),
            read: VecDeque::new(),
            has_begun: false,
            is_unread: false,
            incoming,
            waiting: Arc::clone(&sender.waiting),
            has_more: Arc::clone(&sender.has_more),
            current: DeliveryDigest::default(),
            left: HashSet::new(),
            report,
        };
        Ok((queue, sender))
    }

    fn delivered(&self) -> MutexGuard<'_, ForwardedDeliveries> {
        locked(&self.delivered)
    }

    /// Looks through the capture file, on a thread of its own: meanwhile deliveries are answered. Nothing
    /// if the end comes first.
    async fn look(&mut self, end: &mut Shutdown<'_>) -> Option<()> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let delivered = Arc::clone(&self.delivered);
        let looking = spawn_blocking(move || {
            let mut delivered = locked(&delivered);
            let found = delivered.look();
            let shortened = is_first.then(|| delivered.shorten());
            (found, shortened.unwrap_or(Ok(())))
        });
        let looked = tokio::select! {
            biased;
            () = end.over() => None,
            looked = looking => looked.ok(),
        };
        self.is_unread = looked.is_none();
        let (found, shortened) = looked?;
        self.read = found.waiting.into();
        if let Err(error) = shortened {
            (self.report)(ForwardEvent::NotShortened(&error));
        }
        if is_first && found.unverified > 0 {
            (self.report)(ForwardEvent::Unverified(found.unverified as u64));
        }
        Some(())
    }

    async fn take(&mut self, end: &mut Shutdown<'_>) -> Option<Outgoing> {
        let is_dry = self.read.is_empty() && self.incoming.is_empty();
        if !self.has_begun || is_dry && self.has_more.swap(false, Ordering::AcqRel) {
            self.look(end).await?;
        }
        if let Some(one) = self.read.pop_front() {
            return Some(one);
        }
        let one = self.incoming.recv().await?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(one)
    }
}

fn locked(delivered: &Mutex<ForwardedDeliveries>) -> MutexGuard<'_, ForwardedDeliveries> {
    delivered.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ForwardQueue for FileQueue<'_> {
    async fn next(&mut self, end: &mut Shutdown<'_>) -> Option<Outgoing> {
        loop {
            let one = self.take(end).await?;
            if !self.delivered().has(&one) {
                self.current = one.digest;
                return Some(one);
            }
        }
    }

    /// One receiver has the file.
    async fn may_send(&mut self, _: &mut Shutdown<'_>) -> bool {
        true
    }

    async fn hold(&mut self) {
        std::future::pending::<()>().await;
    }

    async fn taken(&mut self, one: &Outgoing) {
        self.left.remove(&one.digest);
        let noted = self.delivered().note(one);
        if let Err(error) = noted {
            (self.report)(ForwardEvent::Unnoted(&error));
        }
    }

    async fn refused(&mut self) {
        self.left.insert(self.current);
    }

    fn left(&mut self) {
        self.left.insert(self.current);
    }

    async fn close(self) -> Result<u64, String> {
        if self.is_unread {
            return Err("the capture file was not read to its end".to_owned());
        }
        Ok(self.left.len() as u64)
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::thread;
    use std::time::Duration;

    use tokio::sync::watch;

    use super::*;
    use crate::engine::forward::{beside, fixture};
    use crate::engine::stop::Stop;

    fn queue(captures: &Path) -> (FileQueue<'static>, Sender) {
        std::fs::write(beside(captures), "").unwrap();
        FileQueue::open(captures, &fixture::keys(), &|_| {}).unwrap()
    }

    #[tokio::test]
    async fn deliveries_are_answered_while_the_capture_file_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let captures = fixture::pipe(dir.path());
        let (mut queue, _sender) = queue(&captures);
        let (answer, answered) = std::sync::mpsc::channel();
        let writes = thread::spawn(move || {
            let mut pipe = File::options().write(true).open(captures).unwrap();
            // Only what hangs waits for so long.
            let is_answered = answered.recv_timeout(Duration::from_secs(20)).is_ok();
            pipe.write_all(fixture::line(1).as_bytes()).unwrap();
            is_answered
        });
        let stop = Stop::default();
        let (_over, is_over) = watch::channel(false);
        let mut end = Shutdown {
            stop: &stop,
            is_over,
        };
        // Both are one task, as the server and what forwards are.
        let answers = async { answer.send(()) };
        let (next, _) = tokio::join!(queue.next(&mut end), answers);
        assert_eq!(next.unwrap().id, "vgen_1");
        assert!(writes.join().unwrap(), "nothing is answered meanwhile");
    }

    #[tokio::test]
    async fn the_end_does_not_wait_until_the_capture_file_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let captures = fixture::pipe(dir.path());
        let (mut queue, _sender) = queue(&captures);
        let (stop, is_over) = (Stop::default(), watch::channel(true).1);
        let mut end = Shutdown {
            stop: &stop,
            is_over,
        };
        assert!(queue.next(&mut end).await.is_none());
        assert!(queue.close().await.is_err(), "what is left is not known");
        // The thread that reads it ends.
        drop(File::options().write(true).open(captures));
    }
}
