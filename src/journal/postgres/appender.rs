//! Writing to a log in a database, on a thread of its own: one transaction for whatever has gathered
//! while the last one was under way.
//!
//! A line is kept once, by its digest, and an attempt is claimed once, by its key. So a commit whose
//! answer was lost is simply made again, and then is known. While the database is away nothing is
//! granted, and what has become of requests is kept on this computer's disk until it is back.

use std::cell::Cell;
use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::super::announce::ClaimCap;
use super::super::fault::{DatabaseError, DatabaseFault};
use super::super::file::{AppendError, Pending};
use super::lines::LineBatch;
use super::link::DatabaseLink;
use super::spool::Spool;
use super::task::{Task, TaskAnswer, TaskKind};
use crate::jobs::JobKey;

/// How often a run that has something claimed says that it is still there.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How soon it says so again where it could not.
const SOON: Duration = Duration::from_secs(1);
/// How long one transaction may take, locks of others included.
const LONGEST: Duration = Duration::from_secs(45);
/// After so long without an answer, what has become of requests is kept on this computer's disk.
const SLOW: Duration = Duration::from_secs(1);
/// How long the end of a run may take to be reported.
const END_LIMIT: Duration = Duration::from_secs(2);
/// The first wait for a database that is away; each further one is twice as long, up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How long a database that is away is waited for, unless set otherwise.
const OUTAGE_LIMIT: Duration = Duration::from_secs(5 * 60);

#[derive(Debug, Default)]
struct TaskQueue {
    tasks: Vec<Task>,
    /// Someone waits for them.
    urgent: bool,
    /// Nothing is handed in any more, or nothing is taken out.
    ended: bool,
}

/// What the thread and those who hand in share.
#[derive(Debug, Default)]
struct TaskState {
    waiting: Mutex<TaskQueue>,
    arrived: Notify,
    /// Claims that are held.
    held: Arc<AtomicUsize>,
    /// How long the database is waited for, in milliseconds.
    patience: AtomicU64,
    /// The jobs of this run's rows.
    rows: Mutex<Arc<HashSet<JobKey>>>,
    /// The caps that hold for claims.
    caps: Mutex<Arc<[ClaimCap]>>,
    /// Where lines are kept that the log did not take in.
    spool: Mutex<Option<PathBuf>>,
}

/// What a panic may have left is whole: each change is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TaskState {
    fn lock(&self) -> MutexGuard<'_, TaskQueue> {
        lock(&self.waiting)
    }

    fn urge(&self) {
        let mut waiting = self.lock();
        waiting.urgent |= !waiting.tasks.is_empty();
        drop(waiting);
        self.arrived.notify_one();
    }

    /// What is to be done now, and whether that is the end.
    fn take(&self) -> (Vec<Task>, bool) {
        let mut waiting = self.lock();
        let is_due = waiting.urgent || waiting.ended;
        waiting.urgent = false;
        let tasks = if is_due {
            std::mem::take(&mut waiting.tasks)
        } else {
            Vec::new()
        };
        (tasks, waiting.ended)
    }

    fn caps(&self) -> Arc<[ClaimCap]> {
        Arc::clone(&lock(&self.caps))
    }

    fn rows(&self) -> Arc<HashSet<JobKey>> {
        Arc::clone(&lock(&self.rows))
    }
}

/// Writes to one log. Dropping it waits for what was handed in.
#[derive(Debug)]
pub struct DatabaseAppender {
    shared: Arc<TaskState>,
    thread: Option<JoinHandle<()>>,
}

impl DatabaseAppender {
    pub(super) fn start(link: DatabaseLink, spool: Spool) -> io::Result<Self> {
        let shared = Arc::new(TaskState {
            patience: AtomicU64::new(OUTAGE_LIMIT.as_millis() as u64),
            ..TaskState::default()
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut worker = Worker {
            shared: Arc::clone(&shared),
            link,
            spool,
            failed: None,
            next_beat: Instant::from_std(std::time::Instant::now() + HEARTBEAT),
            has_leases: false,
        };
        let thread = std::thread::Builder::new()
            .name("database".to_owned())
            .spawn(move || runtime.block_on(worker.run()))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// How long the database is waited for when it is away.
    pub fn wait_for_database(&self, patience: Duration) {
        let millis = patience.as_millis() as u64;
        self.shared.patience.store(millis, Ordering::SeqCst);
    }

    /// The jobs of this run's rows: an order of someone else for one of them is known by its key.
    pub fn expect_rows(&self, rows: HashSet<JobKey>) {
        *lock(&self.shared.rows) = Arc::new(rows);
    }

    /// Caps that hold for every attempt from now on.
    pub fn hold(&self, caps: Vec<ClaimCap>) {
        *lock(&self.shared.caps) = caps.into();
    }

    /// Where lines are kept that the log did not take in.
    pub fn spool(&self) -> Option<PathBuf> {
        lock(&self.shared.spool).clone()
    }

    /// The run's claims, counted.
    pub fn held(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.shared.held)
    }

    /// Hands lines in, to be written at once.
    pub fn begin(&self, lines: &str) -> Pending<TaskAnswer> {
        let pending = self.ask(TaskKind::Lines, lines);
        self.shared.urge();
        pending
    }

    /// Lets no computer claim anything for some time. What is claimed next comes after that.
    pub fn keep_quiet(&self, time: Duration) {
        // Where it cannot be reported, the others are asked by the vendor themselves.
        drop(self.ask(TaskKind::Quiet(time), ""));
        self.shared.urge();
    }

    /// Asks something of the log, which is done with what comes next, or once someone waits.
    pub fn ask(&self, kind: TaskKind, lines: &str) -> Pending<TaskAnswer> {
        let (sender, done) = oneshot::channel();
        let read = LineBatch::of(lines);
        let mut waiting = self.shared.lock();
        // Without a taker the sender is dropped, and who waits learns of it.
        if !waiting.ended {
            waiting.tasks.push(Task {
                kind,
                lines: read,
                done: sender,
                is_kept: Cell::new(false),
            });
        }
        drop(waiting);
        let shared = Arc::clone(&self.shared);
        Pending {
            done,
            urge: Box::new(move || shared.urge()),
            lines: lines.to_owned(),
        }
    }
}

impl Drop for DatabaseAppender {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.take() {
            // It only ends by running out of tasks.
            let _ = thread.join();
        }
    }
}

/// The thread's own.
struct Worker {
    shared: Arc<TaskState>,
    link: DatabaseLink,
    spool: Spool,
    failed: Option<DatabaseError>,
    next_beat: Instant,
    /// Leases hold as long as the run does.
    has_leases: bool,
}

/// Ends the queue should the thread end early.
struct CloseOnDrop(Arc<TaskState>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.ended = true;
        waiting.tasks.clear();
    }
}

impl Worker {
    async fn run(&mut self) {
        let taker = CloseOnDrop(Arc::clone(&self.shared));
        let shared = &taker.0;
        loop {
            let (tasks, is_over) = shared.take();
            if !tasks.is_empty() {
                self.finish(tasks).await;
            } else if is_over {
                break;
            } else {
                let holds = shared.held.load(Ordering::SeqCst) > 0;
                tokio::select! {
                    () = shared.arrived.notified() => {}
                    () = sleep_until(self.next_beat), if holds => self.beat().await,
                }
            }
            if self.next_beat <= Instant::now() && shared.held.load(Ordering::SeqCst) > 0 {
                self.beat().await;
            }
        }
        // Where it cannot be reported, others take the run for gone a little later.
        let kept = lock(&self.shared.spool).clone();
        let _ = timeout(END_LIMIT, self.link.end(kept.as_deref())).await;
    }

    async fn beat(&mut self) {
        let touched = timeout(END_LIMIT, self.link.touch()).await;
        if touched.is_err() {
            self.link.disconnect();
        }
        // After a failover others wait for this one.
        let next = if touched == Ok(true) { HEARTBEAT } else { SOON };
        self.next_beat = Instant::now() + next;
    }

    /// Does the tasks, and those that come while the database is away, or gives them up.
    async fn finish(&mut self, mut tasks: Vec<Task>) {
        let shared = Arc::clone(&self.shared);
        let mut away_since = None;
        let mut wait = FIRST_WAIT;
        loop {
            let error = match self.failed.clone() {
                Some(error) => error,
                None => match self.attempt(&tasks).await {
                    Ok(answers) => return self.answer(tasks, answers),
                    Err(error) => error,
                },
            };
            self.link.disconnect();
            let since = *away_since.get_or_insert_with(Instant::now);
            let patience = Duration::from_millis(shared.patience.load(Ordering::SeqCst));
            keep(&mut self.spool, &shared, &tasks);
            let is_hopeless = error.kind != DatabaseFault::Temporary || self.failed.is_some();
            if is_hopeless || since.elapsed() + wait > patience {
                return self.give_up(tasks, &error);
            }
            if self.next_beat <= Instant::now() && shared.held.load(Ordering::SeqCst) > 0 {
                // The server may be there, and only the log's row be locked.
                self.beat().await;
            }
            let until = Instant::now() + wait;
            while Instant::now() < until {
                tokio::select! {
                    () = sleep_until(until) => {}
                    () = shared.arrived.notified() => {
                        tasks.extend(shared.take().0);
                        keep(&mut self.spool, &shared, &tasks);
                    }
                }
            }
            wait = (wait * 2).min(LAST_WAIT);
        }
    }

    /// Makes one transaction of the tasks. When that takes long, their lines, and those that come
    /// meanwhile, are kept on this computer's disk.
    async fn attempt(&mut self, tasks: &[Task]) -> Result<Vec<TaskAnswer>, DatabaseError> {
        let Self {
            shared,
            link,
            spool,
            ..
        } = self;
        let (rows, caps) = (shared.rows(), shared.caps());
        let work = timeout(LONGEST, link.transact(tasks, &rows, &caps));
        let mut work = std::pin::pin!(work);
        let slow = sleep(SLOW);
        let mut slow = std::pin::pin!(slow);
        let mut is_slow = false;
        let done = loop {
            tokio::select! {
                biased;
                done = &mut work => break done,
                () = &mut slow, if !is_slow => is_slow = true,
                () = shared.arrived.notified(), if is_slow => {}
            }
            keep(spool, shared, tasks);
            for task in &shared.lock().tasks {
                keep_one(spool, shared, task);
            }
        };
        // What has arrived was only kept.
        shared.arrived.notify_one();
        done.unwrap_or_else(|_| {
            Err(DatabaseError::temporary(
                format!(
                    "the database has not answered for {} seconds",
                    LONGEST.as_secs()
                ),
                "check that the server runs and can be reached, then run the same command again",
            ))
        })
    }

    fn answer(&mut self, tasks: Vec<Task>, answers: Vec<TaskAnswer>) {
        for (task, answer) in tasks.into_iter().zip(answers) {
            let is_claim = matches!(
                (&task.kind, &answer),
                (TaskKind::Announce(_), TaskAnswer::Granted(_))
            );
            let is_first_lease = !self.has_leases
                && matches!(
                    (&task.kind, &answer),
                    (TaskKind::Lease(_), TaskAnswer::Granted(_))
                );
            self.has_leases |= is_first_lease;
            if is_claim || is_first_lease {
                self.shared.held.fetch_add(1, Ordering::SeqCst);
                self.next_beat = Instant::now() + HEARTBEAT;
            }
            // No one waits any more when a run was stopped at once.
            if task.done.send(Ok(answer)).is_err() && is_claim {
                self.shared.held.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let waits = |task: &Task| task.is_kept.get();
        let mut spool = lock(&self.shared.spool);
        if spool.is_some() && !self.shared.lock().tasks.iter().any(waits) {
            // A spool that stays is taken in once more, which adds nothing.
            let _ = self.spool.clear();
            *spool = None;
        }
    }

    fn give_up(&mut self, tasks: Vec<Task>, error: &DatabaseError) {
        self.failed = Some(error.clone());
        let is_lost = |task: &Task| task.kind.is_outcome() && !task.is_kept.get();
        if tasks.iter().any(is_lost) {
            // The caller that waits for them keeps them elsewhere.
            *lock(&self.shared.spool) = None;
        }
        let shared = Arc::new(io::Error::other(error.clone()));
        for task in tasks {
            if task.is_kept.get() {
                // They are as true as if the log had them, for what this process says at its end.
                self.link.fold(&task.lines);
            }
            let failed = AppendError {
                error: Arc::clone(&shared),
                lines: task.lines.text(),
            };
            let _ = task.done.send(Err(failed));
        }
    }
}

/// Keeps the lines that say what has become of requests.
fn keep(spool: &mut Spool, shared: &TaskState, tasks: &[Task]) {
    for task in tasks {
        keep_one(spool, shared, task);
    }
}

fn keep_one(spool: &mut Spool, shared: &TaskState, task: &Task) {
    if !task.kind.is_outcome() || task.is_kept.get() {
        return;
    }
    // Where nothing can be kept, the caller that waits for the lines reports them when they are given up.
    if spool.keep(&task.lines.text()).is_ok() {
        task.is_kept.set(true);
        let path = spool.path().map(PathBuf::from);
        *lock(&shared.spool) = path;
    }
}
