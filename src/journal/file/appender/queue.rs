//! What waits for the thread that writes.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::journal::file::pending::AppendError;

/// The room that is kept for the next lines, in bytes.
const ROOM: usize = 1 << 20;

pub(super) type AppendResult = Result<(), AppendError>;

#[derive(Debug)]
pub(super) struct AppendRequest {
    /// Bytes of its lines.
    pub len: usize,
    /// They announce something that only happens once they are durable.
    pub tentative: bool,
    pub done: oneshot::Sender<AppendResult>,
}

/// What is written at once.
#[derive(Debug, Default)]
pub(super) struct AppendBatch {
    pub requests: Vec<AppendRequest>,
    /// The lines that announce nothing, in the order of the requests; on their way to the file,
    /// the others behind them.
    pub lines: String,
    /// Those that do. They are written last, so that they can be cut off.
    pub tentative: String,
}

impl AppendBatch {
    pub fn push(&mut self, lines: &str, request: AppendRequest) {
        if request.tentative {
            self.tentative.push_str(lines);
        } else {
            self.lines.push_str(lines);
        }
        self.requests.push(request);
    }

    pub fn clear(&mut self) {
        self.requests.clear();
        for lines in [&mut self.lines, &mut self.tentative] {
            lines.clear();
            lines.shrink_to(ROOM);
        }
    }
}

/// What waits for the thread that writes.
#[derive(Debug, Default)]
pub(super) struct AppendQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    batch: AppendBatch,
    /// Someone waits for it.
    urgent: bool,
    /// Nothing is handed in any more, or nothing is taken out.
    ended: bool,
}

impl AppendQueue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody will take it.
    pub fn push(&self, lines: &str, request: AppendRequest, urgent: bool) -> bool {
        let mut waiting = self.lock();
        if waiting.ended {
            return false;
        }
        waiting.batch.push(lines, request);
        if urgent {
            self.wake(waiting);
        }
        true
    }

    /// Has what waits written down.
    pub fn urge(&self) {
        self.wake(self.lock());
    }

    fn wake(&self, mut waiting: MutexGuard<'_, QueueState>) {
        if !waiting.urgent && !waiting.batch.requests.is_empty() {
            waiting.urgent = true;
            drop(waiting);
            self.changed.notify_one();
        }
    }

    pub fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_one();
    }

    /// Puts into the empty `batch` what is to be written next, once there is something; nothing at
    /// the end.
    pub fn next(&self, batch: &mut AppendBatch) {
        let mut waiting = self.lock();
        while !waiting.urgent && !waiting.ended {
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut waiting.batch, batch);
        waiting.urgent = false;
    }
}

/// Ends a queue from which nothing is taken any more; who waits learns of it.
pub(super) struct CloseOnDrop(pub Arc<AppendQueue>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.ended = true;
        waiting.batch.clear();
    }
}
