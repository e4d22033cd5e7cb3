//! Standard error, written by a thread of its own: a terminal that stands still, or a pipe that
//! is not read, costs messages and never keeps an order, a poll or a delivery waiting.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use console::Term;

/// Bytes of messages that wait at most before further ones are dropped.
const MOST_WAITING: usize = 1 << 20;
/// Bytes written at a time. Small, so that a slow reader is distinguished from one that has stopped.
const CHUNK: usize = 1 << 14;
/// Pictures of a progress bar that wait at most; an old one is worth nothing.
const MOST_FRAMES: usize = 8;
/// How long a full queue is given before it counts as stalled. It is waited for once a stall.
const HICCUP: Duration = Duration::from_millis(50);
/// How long other output waits for the messages before it.
const ORDER_LIMIT: Duration = Duration::from_secs(1);

/// How much a message is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Dropped, and counted, when too many wait.
    News,
    /// Never dropped while the run goes on: how it ended, and why.
    Kept,
    /// The only trace of what it says: even the end of the process waits for it.
    Vital,
}

/// One step of drawing a progress bar.
pub type DrawStep = Box<dyn FnOnce(&Term) -> io::Result<()> + Send>;

enum Message {
    Text(String, Priority),
    Frame(Vec<DrawStep>),
}

#[derive(Default)]
struct MessageQueue {
    waiting: VecDeque<Message>,
    /// Bytes of text among them.
    bytes: usize,
    frames: usize,
    /// Vital messages that are not written yet, the one being written included.
    vital: usize,
    /// Messages dropped since the last that was not.
    dropped: u64,
    /// The queue was full, and stayed so.
    stalled: bool,
    /// The thread is writing.
    writing: bool,
    /// Writes so far, to distinguish slow from stalled.
    writes: u64,
    closed: bool,
}

impl MessageQueue {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.writing
    }

    fn is_full(&self) -> bool {
        self.bytes >= MOST_WAITING
    }

    fn push(&mut self, text: String, worth: Priority) {
        self.bytes += text.len();
        self.vital += usize::from(worth == Priority::Vital);
        self.waiting.push_back(Message::Text(text, worth));
    }

    /// The oldest message; of text as many as make a good write. `None` when there is none.
    fn take(&mut self) -> Option<PendingWrite> {
        let (mut text, mut vital) = match self.waiting.pop_front()? {
            Message::Frame(steps) => {
                self.frames -= 1;
                return Some(PendingWrite::Frame(steps));
            }
            Message::Text(text, worth) => (text, usize::from(worth == Priority::Vital)),
        };
        self.bytes -= text.len();
        while let Some(Message::Text(next, worth)) = self.waiting.front()
            && text.len() + next.len() <= CHUNK
        {
            self.bytes -= next.len();
            vital += usize::from(*worth == Priority::Vital);
            text.push_str(next);
            self.waiting.pop_front();
        }
        Some(PendingWrite::Text { text, vital })
    }
}

struct Channel {
    queue: Mutex<MessageQueue>,
    changed: Condvar,
    writer: Mutex<Box<dyn Write + Send>>,
}

impl Channel {
    fn queue(&self) -> MutexGuard<'_, MessageQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, text: &str) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // When even standard error fails there is no one left to report to.
        let _ = writer.write_all(text.as_bytes());
        let _ = writer.flush();
    }

    /// Writes what comes until the other side has gone.
    fn serve(&self) {
        let mut terminal = None;
        let mut vital = 0;
        while let Some(work) = self.next(vital) {
            vital = work.vital();
            match work {
                PendingWrite::Text { text, .. } => self.write(&text),
                PendingWrite::Frame(steps) => {
                    // A picture that cannot be drawn is missed by no one.
                    let _ = draw(terminal.get_or_insert_with(Term::buffered_stderr), steps);
                }
            }
        }
    }

    /// What is to be written next. What was handed out before, with so many `vital` messages, is
    /// written by now.
    fn next(&self, vital: usize) -> Option<PendingWrite> {
        let mut queue = self.queue();
        queue.vital -= vital;
        if std::mem::take(&mut queue.writing) {
            queue.writes += 1;
            queue.stalled = false;
        }
        if queue.dropped > 0 {
            let notice = notice(std::mem::take(&mut queue.dropped));
            queue.push(notice, Priority::Kept);
        }
        self.changed.notify_all();
        let nothing = |queue: &mut MessageQueue| queue.waiting.is_empty() && !queue.closed;
        let waited = self.changed.wait_while(queue, nothing);
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
        let work = queue.take()?;
        queue.writing = true;
        Some(work)
    }
}

/// What the thread writes in one go.
enum PendingWrite {
    Text { text: String, vital: usize },
    Frame(Vec<DrawStep>),
}

impl PendingWrite {
    fn vital(&self) -> usize {
        match self {
            Self::Text { vital, .. } => *vital,
            Self::Frame(_) => 0,
        }
    }
}

/// The words for messages that were dropped.
fn notice(dropped: u64) -> String {
    format!(
        "warning: {} not shown, because standard error was not read; nothing else is missing\n",
        super::words::counted(dropped, "message was", "messages were")
    )
}

fn draw(terminal: &Term, steps: Vec<DrawStep>) -> io::Result<()> {
    for step in steps {
        step(terminal)?;
    }
    terminal.flush()
}

/// The way to standard error.
pub struct Messages {
    shared: Arc<Channel>,
    /// Whether a thread writes; known once there was something to write.
    has_thread: OnceLock<bool>,
}

impl Messages {
    /// Messages that go to `writer`.
    pub fn new(writer: Box<dyn Write + Send>) -> Self {
        Self {
            shared: Arc::new(Channel {
                queue: Mutex::default(),
                changed: Condvar::new(),
                writer: Mutex::new(writer),
            }),
            has_thread: OnceLock::new(),
        }
    }

    /// The same, each written before [`Messages::push`] returns.
    #[cfg(test)]
    pub fn at_once(writer: Box<dyn Write + Send>) -> Self {
        let messages = Self::new(writer);
        let _ = messages.has_thread.set(false);
        messages
    }

    /// Hands in whole lines.
    pub fn push(&self, text: String, worth: Priority) {
        if !self.has_thread() {
            return self.shared.write(&text);
        }
        let mut queue = self.shared.queue();
        if worth == Priority::News && queue.is_full() && !queue.stalled {
            // Many messages at once are no stall yet.
            let waited = self
                .shared
                .changed
                .wait_timeout_while(queue, HICCUP, |queue| queue.is_full());
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.stalled = queue.is_full();
        }
        if worth == Priority::News && queue.is_full() {
            queue.dropped += 1;
            return;
        }
        queue.push(text, worth);
        drop(queue);
        self.shared.changed.notify_all();
    }

    /// Hands in a picture of a progress bar. Where older ones wait still it is dropped.
    pub fn draw(&self, frame: Vec<DrawStep>) {
        if frame.is_empty() || !self.has_thread() {
            return;
        }
        let mut queue = self.shared.queue();
        if queue.frames < MOST_FRAMES {
            queue.frames += 1;
            queue.waiting.push_back(Message::Frame(frame));
            drop(queue);
            self.shared.changed.notify_all();
        }
    }

    /// Returns once everything is written, or nothing was for as long as `patience`. Vital
    /// messages are still waited for.
    pub fn drain(&self, patience: Duration) {
        let mut queue = self.shared.queue();
        while !queue.is_idle() {
            let before = queue.writes;
            let waiting = |queue: &mut MessageQueue| !queue.is_idle() && queue.writes == before;
            let waited = self
                .shared
                .changed
                .wait_timeout_while(queue, patience, waiting);
            let (now, late) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = now;
            if late.timed_out() && queue.vital == 0 {
                queue.stalled = true;
                return;
            }
        }
    }

    /// Waits for what was handed in, so that text which goes elsewhere comes after it; not at all
    /// while no one takes anything.
    pub fn keep_order(&self) {
        if !self.shared.queue().stalled {
            self.drain(ORDER_LIMIT);
        }
    }

    fn has_thread(&self) -> bool {
        *self.has_thread.get_or_init(|| {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name("messages".to_owned());
            // Where the system gives no thread, a message is written by the thread that has it.
            thread.spawn(move || shared.serve()).is_ok()
        })
    }
}

impl Drop for Messages {
    /// Lets the thread end once everything is written.
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc;

    use super::*;

    /// A reader that takes one write whenever it is allowed to.
    struct Slow {
        leave: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Once the other side has gone, everything is let through.
            let _ = self.leave.recv();
            self.written.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Messages, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (go, leave) = mpsc::channel();
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let writer = Slow {
            leave,
            written: Arc::clone(&written),
        };
        (Messages::new(Box::new(writer)), go, written)
    }

    fn text(written: &Mutex<Vec<u8>>) -> String {
        String::from_utf8(written.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_reader_that_stands_still_costs_news_and_nothing_else() {
        let (messages, go, written) = slow();
        let line = "x".repeat(CHUNK - 1) + "\n";
        let fitting = MOST_WAITING / CHUNK;
        for _ in 0..fitting + 10 {
            messages.push(line.clone(), Priority::News);
        }
        messages.push("the end\n".to_owned(), Priority::Kept);
        messages.push("the only trace\n".to_owned(), Priority::Vital);
        assert_eq!(text(&written), "", "no one has read yet");
        drop(go);
        messages.drain(Duration::MAX);
        let written = text(&written);
        let shown = written.matches("x\n").count();
        // One is in the thread's hands, besides those that wait.
        assert!((fitting..=fitting + 1).contains(&shown), "{shown}");
        for kept in ["the end\n", "the only trace\n"] {
            assert!(written.contains(kept), "{kept}");
        }
        let missing = format!("warning: {} messages were not shown", fitting + 10 - shown);
        assert!(written.contains(&missing), "{missing}");
    }

    #[test]
    fn everything_is_shown_in_order_to_a_reader_that_reads() {
        let (messages, go, written) = slow();
        drop(go);
        let mut expected = String::new();
        for n in 0..20_000 {
            let line = format!("message {n} of many, each with a few words more\n");
            expected.push_str(&line);
            messages.push(line, Priority::News);
        }
        messages.drain(Duration::MAX);
        assert!(text(&written) == expected);
    }

    #[test]
    fn the_end_waits_for_what_is_vital_and_not_for_ever_for_the_rest() {
        let (messages, go, written) = slow();
        messages.push("some news\n".to_owned(), Priority::News);
        messages.drain(Duration::from_millis(1));
        assert_eq!(text(&written), "", "it was not waited for");
        messages.push("the only trace\n".to_owned(), Priority::Vital);
        let (done, ended) = mpsc::channel();
        std::thread::scope(|scope| {
            let messages = &messages;
            scope.spawn(move || {
                messages.drain(Duration::from_millis(1));
                done.send(()).unwrap();
            });
            assert!(ended.try_recv().is_err(), "it is waited for");
            drop(go);
            ended.recv().unwrap();
        });
        assert_eq!(text(&written), "some news\nthe only trace\n");
    }

    #[test]
    fn pictures_of_a_bar_do_not_pile_up() {
        let (messages, go, _written) = slow();
        messages.push("first\n".to_owned(), Priority::News);
        for _ in 0..100 {
            messages.draw(vec![Box::new(Term::clear_line)]);
        }
        assert!(messages.shared.queue().frames <= MOST_FRAMES);
        messages.shared.queue().waiting.clear();
        messages.shared.queue().frames = 0;
        drop(go);
    }
}
