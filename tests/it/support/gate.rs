//! A door that is closed until the test opens it.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Longer than anything here takes; only a test that hangs gets here.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Cheap to clone; all clones are one door.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    inner: Arc<(Mutex<bool>, Condvar)>,
}

impl Gate {
    /// Lets everybody pass from now on.
    pub fn open(&self) {
        *self.inner.0.lock().unwrap() = true;
        self.inner.1.notify_all();
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        *self.inner.0.lock().unwrap()
    }

    /// Returns once it is open.
    pub fn wait(&self) {
        let (open, changed) = &*self.inner;
        let guard = open.lock().unwrap();
        let (_guard, late) = changed
            .wait_timeout_while(guard, PATIENCE, |open| !*open)
            .unwrap();
        assert!(!late.timed_out(), "no one opened the gate");
    }
}
