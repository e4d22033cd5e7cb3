//! The transactions of a writer: what has gathered goes into one, with the lock on the log's row.

mod answers;
mod reconnect;
mod snapshot;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use futures::future::{try_join_all, try_join4};
use tokio_postgres::{Error, Row};

use self::snapshot::{HORIZON, NEWEST, outdated, read, when};
use super::super::address::Address;
use super::super::announce::ClaimCap;
use super::super::fault::DatabaseError;
use super::caps::CapTotals;
use super::captures;
use super::decide::{Claims, ForeignLines};
use super::handle::{LogHandle, LogRow, NewestLine, QueryError};
use super::lines::{self, LineBatch};
use super::mirror::{self, MirrorSource, digest};
use super::recent::RecentLines;
use super::runs::{self, BeingSent, RunRow};
use super::session::Session;
use super::task::{Task, TaskAnswer, TaskKind};
use crate::clock;
use crate::jobs::{JobKey, Ledger, Line, Status};

/// Digests of confirmed lines that are remembered: whether they are still there distinguishes a server
/// that has lost its newest lines from one that was away.
const REMEMBERED: usize = 64;

/// Takes in lines of the copy, from where they start.
type LineFn = Box<dyn FnMut(u64, &[u8]) + Send>;

/// This process's copy of the log: the lines that the ledger has folded.
pub struct LocalCopy {
    /// The file, for appending.
    pub file: File,
    pub path: PathBuf,
    /// Its length.
    pub len: u64,
    /// Folds.
    pub sink: LineFn,
}

impl LocalCopy {
    fn append(&mut self, lines: &str) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        self.file.write_all(lines.as_bytes())?;
        (self.sink)(self.len, lines.as_bytes());
        self.len += lines.len() as u64;
        Ok(())
    }
}

/// A log, as one process writes to it.
pub(super) struct DatabaseLink {
    address: Address,
    source: MirrorSource,
    session: Option<(Session, LogRow)>,
    was_connected: bool,
    /// What it knows of the log was put back, and its claims were not yet.
    must_come_back: bool,
    /// Numbers of lines at or above the horizon that were read or written, with their transactions.
    open: BTreeMap<i64, u64>,
    /// The newest line that was read or written.
    newest: NewestLine,
    copy: LocalCopy,
    recent: Option<RecentLines>,
    catching_up: Option<JoinHandle<()>>,
    /// Lines that the log holds and this computer does not remember yet.
    seen: String,
    ledger: Arc<RwLock<Ledger>>,
    run: RunRow,
    /// What this run has claimed.
    own: HashSet<(JobKey, u32)>,
    others: ForeignLines,
    confirmed: VecDeque<Vec<u8>>,
    /// After a look from the beginning: what the copy holds.
    held: Option<HashSet<[u8; 16]>>,
    /// What counts against the caps.
    sums: Option<CapTotals>,
}

impl DatabaseLink {
    pub fn new(
        address: &Address,
        source: MirrorSource,
        copy: LocalCopy,
        ledger: Arc<RwLock<Ledger>>,
        command: &str,
    ) -> Self {
        Self {
            address: address.clone(),
            open: source
                .open
                .iter()
                .map(|number| (*number, u64::MAX))
                .collect(),
            newest: source.newest.clone(),
            recent: RecentLines::of(&source.kept_as()),
            catching_up: None,
            seen: String::new(),
            source,
            session: None,
            was_connected: false,
            must_come_back: false,
            copy,
            ledger,
            run: RunRow::new(command),
            own: HashSet::new(),
            others: ForeignLines::default(),
            confirmed: VecDeque::new(),
            held: None,
            sums: None,
        }
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.run.id
    }

    /// Leaves the server alone until the next transaction.
    pub fn disconnect(&mut self) {
        self.session = None;
    }

    /// Makes one transaction of `tasks`. An error says that nothing was sent.
    async fn try_to_transact(
        &mut self,
        tasks: &[Task],
        rows: &HashSet<JobKey>,
        caps: &Arc<[ClaimCap]>,
    ) -> Result<Vec<TaskAnswer>, DatabaseError> {
        // Before anyone waits for the log's row.
        let counted = self.count(caps).map_err(QueryError::from);
        counted.map_err(|failed| failed.when("write to", &self.address))?;
        loop {
            let kept = self.session.take();
            let kept = kept.filter(|(session, _)| !session.client.is_closed());
            let was_kept = kept.is_some();
            let (session, log) = match kept {
                Some(open) => open,
                None => self.connect().await?,
            };
            match self.commit(&session, &log, tasks, rows).await {
                Ok(answers) => {
                    self.session = Some((session, log));
                    return Ok(answers);
                }
                // A pooler may close what is idle, and a server may have been replaced since: only a new
                // connection shows whether the database is away. What was committed is there already.
                Err(QueryError::Statement(_)) if was_kept && session.client.is_closed() => {}
                Err(failed) => return Err(failed.when("write to", &self.address)),
            }
        }
    }

    /// Counts what counts against the caps, where that was not done yet.
    fn count(&mut self, caps: &Arc<[ClaimCap]>) -> io::Result<()> {
        if caps.is_empty() {
            self.sums = None;
        } else if !self.sums.as_ref().is_some_and(|sums| sums.is_for(caps)) {
            let ledger = self.ledger.read().unwrap_or_else(PoisonError::into_inner);
            self.sums = Some(CapTotals::of(caps, &self.copy.path, &ledger)?);
        }
        Ok(())
    }

    /// Adds lines to the copy, which folds them.
    fn take_in(&mut self, lines: &str, jobs: impl Iterator<Item = JobKey>) -> io::Result<()> {
        self.copy.append(lines)?;
        if let Some(sums) = &mut self.sums {
            sums.note(jobs);
        }
        Ok(())
    }

    /// Lets this computer remember what was seen of the log, also after a crash where something is sent
    /// on it.
    fn remember(&mut self, is_sent: bool) -> io::Result<()> {
        let is_much = match &self.recent {
            Some(recent) => recent.add(&self.seen, is_sent)?,
            None => false,
        };
        self.seen.clear();
        if is_much {
            self.catch_mirror_up();
        }
        Ok(())
    }

    /// Has the mirror take in what this computer remembers, which would grow as long as the run goes on.
    /// Nothing waits for that, and it may end with the process at any moment.
    fn catch_mirror_up(&mut self) {
        let is_running = |thread: &JoinHandle<()>| !thread.is_finished();
        if self.catching_up.as_ref().is_some_and(is_running) {
            return;
        }
        let address = self.address.clone();
        let thread = thread::Builder::new().name("mirror".to_owned());
        let catch_up = move || drop(mirror::catch_up(&address));
        self.catching_up = thread.spawn(catch_up).ok();
    }

    /// Three times the network is waited for: the statements of each part are on their way at once.
    async fn commit(
        &mut self,
        session: &Session,
        log: &LogRow,
        tasks: &[Task],
        rows: &HashSet<JobKey>,
    ) -> Result<Vec<TaskAnswer>, QueryError> {
        let log = &log.of(session);
        let warnings = session.warnings();
        let known = (&self.source, &self.open, &self.newest);
        let mut seen = read(log, tasks, &self.run, known).await?;
        let known = self.catch_up(&seen.unread, tasks, rows)?;
        if let Some(host) = seen.missing {
            return Err(self.not_back(&host).into());
        }
        // Before the database hears of this run: so a claim is never younger here than there.
        let uptime = clock::uptime();
        let mut claims = Claims::default();
        let being_sent = seen.being_sent.take();
        let outdated = outdated(tasks, &seen.resent);
        let answers = self.answers(tasks, seen, uptime, &mut claims)?;
        if let Some(being_sent) = being_sent {
            self.mark_being_sent(&being_sent);
        }
        let mut merge = LineBatch::default();
        let mut text = String::new();
        for (task, answer) in tasks.iter().zip(&answers).filter(|(_, a)| a.is_written()) {
            for line in task.written(answer).lines() {
                if outdated.contains(&*line.text) {
                    continue;
                }
                merge.add(line.clone());
                if !known.contains(&line.text) {
                    text.push_str(&line.text);
                    text.push('\n');
                }
            }
        }
        let granted = tasks.iter().zip(&answers);
        let granted = granted.filter(|(_, answer)| matches!(answer, TaskAnswer::Granted(_)));
        let granted = granted.filter_map(|(task, _)| task.kind.attempt());
        let granted: HashSet<_> = granted.collect();
        merge.skip_claims(|attempt| self.own.contains(attempt) || granted.contains(attempt));
        let added = self.write(log, tasks, &answers, (&claims, &merge));
        let added = added.await?;
        if session.warnings() != warnings {
            return Err(self.unconfirmed().into());
        }
        self.note(added);
        let grants = !granted.is_empty();
        self.own.extend(granted);
        self.confirmed.extend(merge.digests().cloned());
        let surplus = self.confirmed.len().saturating_sub(REMEMBERED);
        self.confirmed.drain(..surplus);
        self.seen.push_str(&text);
        self.remember(grants)?;
        self.take_in(&text, merge.jobs())?;
        Ok(answers)
    }

    /// Notes where lines are that were read or written.
    fn note(&mut self, lines: Vec<NewestLine>) {
        for line in lines {
            self.open.insert(line.sequence, line.transaction);
            self.newest = line.max(std::mem::take(&mut self.newest));
        }
    }

    /// Folds what others have committed. Returns those of the tasks' own lines that were there already,
    /// after a commit whose answer was lost.
    fn catch_up(
        &mut self,
        unread: &[Row],
        tasks: &[Task],
        rows: &HashSet<JobKey>,
    ) -> Result<HashSet<String>, QueryError> {
        let mut again = HashSet::new();
        let own = tasks.iter().flat_map(Task::all_lines);
        let own: HashSet<&str> = own.map(|line| line.text.as_str()).collect();
        let mut text = String::new();
        let mut horizon = self.source.horizon;
        let mut is_whole = self.newest.sequence == 0;
        let mut new = Vec::new();
        let ledger = self.ledger.read().unwrap_or_else(PoisonError::into_inner);
        for row in unread {
            let at = NewestLine::of(row);
            if at.sequence == NEWEST {
                let sequence = self.newest.sequence;
                is_whole = self.newest == NewestLine { sequence, ..at };
                continue;
            }
            if !is_whole {
                return Err(self.restored().into());
            }
            if at.sequence == HORIZON {
                horizon = at.transaction;
                continue;
            }
            new.push(at);
            let line: &str = row.get(3);
            let is_held = |held: &HashSet<_>| held.contains(&digest(line));
            if self.held.as_ref().is_some_and(is_held) {
                continue;
            }
            if own.contains(line) {
                again.insert(line.to_owned());
            } else {
                self.others.note(line, rows, &ledger);
            }
            text.push_str(line);
            text.push('\n');
        }
        drop(ledger);
        self.seen.push_str(&text);
        let lines = text.lines().filter_map(|line| Line::parts(line).ok());
        let lines: Vec<_> = lines.flatten().collect();
        self.take_in(&text, lines.iter().map(|line| line.job))?;
        // Until the log is asked once more: it may be away by the end.
        let mut ledger = self.ledger.write().unwrap_or_else(PoisonError::into_inner);
        for line in &lines {
            let is_announced = line.word.status() == Some(Status::Submitting);
            if is_announced && !self.own.contains(&(line.job, line.attempt)) {
                ledger.mark_being_sent(line.job, line.attempt, None);
            }
        }
        drop(ledger);
        self.others.sort();
        self.held = None;
        self.note(new);
        // The log's row is locked: no lower number comes any more from those who lock it too.
        self.source.newest = self.newest.clone();
        self.source.horizon = horizon;
        self.open.retain(|_, by| *by >= horizon);
        Ok(again)
    }

    /// Writes what was decided, and commits. Returns where the new lines are.
    async fn write(
        &mut self,
        log: &LogHandle<'_>,
        tasks: &[Task],
        answers: &[TaskAnswer],
        (claims, merge): (&Claims, &LineBatch),
    ) -> Result<Vec<NewestLine>, QueryError> {
        let grants = answers.iter().any(|a| matches!(a, TaskAnswer::Granted(_)));
        self.run.is_known |= grants;
        let showing = when(grants, self.run.show(log, &self.source.server));
        let claiming = claims.write(log, &self.run.id);
        let inserting = lines::insert(log, merge);
        let keeping = tasks.iter().map(|task| keep(log, task));
        let writing = try_join4(showing, claiming, inserting, try_join_all(keeping));
        let (_, are_as_seen, added, _) = writing.await?;
        if !are_as_seen {
            return Err(self.changed().into());
        }
        lines::commit(log).await?;
        Ok(added)
    }

    fn mark_being_sent(&self, attempts: &[BeingSent]) {
        let mut ledger = self.ledger.write().unwrap_or_else(PoisonError::into_inner);
        ledger.forget_being_sent();
        for attempt in attempts {
            ledger.mark_being_sent(attempt.job, attempt.number, Some(&attempt.on));
        }
    }

    /// Folds lines that are true although the log has not taken them in.
    pub fn fold(&mut self, lines: &LineBatch) {
        // Without room for the copy the jobs show as unknown at the end, which is the careful reading.
        let _ = self.take_in(&lines.text(), lines.jobs());
    }
}

/// Keeps what of a task is not lines.
async fn keep(log: &LogHandle<'_>, task: &Task) -> Result<(), Error> {
    match &task.kind {
        TaskKind::Captures(all) => captures::insert(log, all).await,
        TaskKind::Quiet(time) => lines::keep_quiet(log, *time).await,
        TaskKind::TakeIn(run) => runs::taken_in(log, run).await,
        _ => Ok(()),
    }
}
