//! What waits to be forwarded where captures are in a file: in memory, as far as there is room, else in
//! that file. What was forwarded is noted beside it.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::forwarded::Delivered;
use super::{End, Event, Outgoing, Queue, Report};
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
    delivered: Delivered,
    /// What was read from the capture file.
    read: VecDeque<Outgoing>,
    /// Whether it was looked for what an earlier run has left.
    has_begun: bool,
    incoming: UnboundedReceiver<Outgoing>,
    /// How many are in the queue; shared with [`Sender`].
    waiting: Arc<AtomicUsize>,
    has_more: Arc<AtomicBool>,
    left: u64,
    report: Report<'a>,
}

impl<'a> FileQueue<'a> {
    /// A queue for the captures in that file, which begins with what an earlier run has left, and the
    /// receiver's end.
    pub fn open(
        captures: &Path,
        keys: &VerifyKeys,
        report: Report<'a>,
    ) -> io::Result<(Self, Sender)> {
        let delivered = Delivered::open(captures, keys, report)?;
        let (queue, incoming) = mpsc::unbounded_channel();
        let sender = Sender {
            queue,
            waiting: Arc::default(),
            has_more: Arc::default(),
        };
        let queue = Self {
            delivered,
            read: VecDeque::new(),
            has_begun: false,
            incoming,
            waiting: Arc::clone(&sender.waiting),
            has_more: Arc::clone(&sender.has_more),
            left: 0,
            report,
        };
        Ok((queue, sender))
    }

    fn begin(&mut self) {
        self.read = self.delivered.waiting().into();
        if let Err(error) = self.delivered.shorten() {
            (self.report)(Event::NotShortened(&error));
        }
    }

    async fn take(&mut self) -> Option<Outgoing> {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.begin();
        }
        if self.read.is_empty()
            && self.incoming.is_empty()
            && self.has_more.swap(false, Ordering::AcqRel)
        {
            self.read = self.delivered.waiting().into();
        }
        if let Some(one) = self.read.pop_front() {
            return Some(one);
        }
        let one = self.incoming.recv().await?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(one)
    }
}

impl Queue for FileQueue<'_> {
    async fn next(&mut self, _: &mut End<'_>) -> Option<Outgoing> {
        loop {
            let one = self.take().await?;
            if !self.delivered.has(&one) {
                return Some(one);
            }
        }
    }

    /// One receiver has the file.
    async fn may_send(&mut self, _: &mut End<'_>) -> bool {
        true
    }

    async fn hold(&mut self) {
        std::future::pending::<()>().await;
    }

    async fn taken(&mut self, one: &Outgoing) {
        if let Err(error) = self.delivered.note(one) {
            (self.report)(Event::Unnoted(&error));
        }
    }

    async fn refused(&mut self) {
        self.left += 1;
    }

    fn left(&mut self) {
        self.left += 1;
    }

    async fn close(self) -> Result<u64, String> {
        Ok(self.left)
    }
}
