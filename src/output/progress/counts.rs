//! What a run has done so far, and what it waits for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::output::event::Event;
use crate::output::words;

/// What a run has done so far. Counting costs an addition; words are made when they are drawn.
#[derive(Debug, Default)]
pub(super) struct Counts {
    ended: [AtomicU64; Event::ALL.len()],
    pub rendering: AtomicU64,
    pub bytes: AtomicU64,
    wait: Mutex<Option<Wait>>,
}

#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub until: Instant,
    pub why: String,
}

impl Counts {
    pub fn end(&self, event: Event) {
        self.ended[event as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn ended(&self) -> u64 {
        self.ended.iter().map(|n| n.load(Ordering::Relaxed)).sum()
    }

    /// `12 accepted, 1 refused; 40 rendering; 1.2 MB`.
    pub fn words(&self) -> String {
        let count = |event| self.ended[event as usize].load(Ordering::Relaxed);
        let ended = words::listed(Event::ALL.map(|event| (count(event), event.words())));
        let rendering = self.rendering.load(Ordering::Relaxed);
        let bytes = self.bytes.load(Ordering::Relaxed);
        let parts = [
            (!ended.is_empty()).then_some(ended),
            (rendering > 0).then(|| format!("{} rendering", words::number(rendering))),
            (bytes > 0).then(|| words::bytes(bytes)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    pub fn wait(&self) -> Option<Wait> {
        self.wait
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub fn set_wait(&self, wait: Option<Wait>) {
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = wait;
    }
}
