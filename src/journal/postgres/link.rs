//! The transactions of a writer: what has gathered goes into one, with the lock on the log's row.

mod reconnect;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::future::{try_join, try_join3};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Transaction};

use super::super::address::Address;
use super::super::announce::{Announcement, ClaimCap, Refused};
use super::super::location::{DatabaseError, DatabaseFault};
use super::caps::Sums;
use super::captures;
use super::decide::{Claims, Others};
use super::leases::{self, Key};
use super::lines::{self, Halted, LogRow, Merge};
use super::mirror::{self, NOT_READ, Source, digest};
use super::runs::{self, Claimed, Run};
use super::session::Session;
use super::task::{Answer, Kind, Task};
use crate::clock;
use crate::jobs::{JobKey, Ledger, Reading, Status};

/// Digests of confirmed lines that are remembered: whether they are still there distinguishes a server
/// that has lost its newest lines from one that was away.
const REMEMBERED: usize = 64;

/// Takes in lines of the copy, from where they start.
type Sink = Box<dyn FnMut(u64, &[u8]) + Send>;

/// This process's copy of the log: the lines that the ledger has folded.
pub struct LocalCopy {
    /// The file, for appending.
    pub file: File,
    /// Its path.
    pub path: PathBuf,
    /// Its length.
    pub len: u64,
    /// Folds.
    pub sink: Sink,
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

/// Why a transaction was not made.
enum Failed {
    Statement(Error),
    Other(DatabaseError),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Statement(error)
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Other(mirror::unusable(&error))
    }
}

/// What the database knows of the attempts and leases that a batch is about.
struct Sight {
    /// Of each attempt, in the tasks' order.
    claimed: Vec<Claimed>,
    halted: Halted,
    /// Leases that other runs have, with their hosts.
    leased: HashMap<Key, String>,
}

/// A log, as one process writes to it.
pub(super) struct Link {
    address: Address,
    source: Source,
    session: Option<(Session, LogRow)>,
    was_connected: bool,
    /// Numbers of lines at or above the horizon that were read or written, with their transactions.
    open: HashMap<i64, u64>,
    copy: LocalCopy,
    ledger: Arc<RwLock<Ledger>>,
    run: Run,
    /// What this run has claimed.
    own: Vec<(JobKey, u32)>,
    others: Others,
    confirmed: VecDeque<Vec<u8>>,
    /// After a look from the beginning: what the copy holds.
    held: Option<HashSet<[u8; 16]>>,
    /// What counts against the caps.
    sums: Option<Sums>,
}

impl Link {
    pub fn new(
        address: &Address,
        source: Source,
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
            source,
            session: None,
            was_connected: false,
            copy,
            ledger,
            run: Run::new(command),
            own: Vec::new(),
            others: Others::default(),
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

    /// Makes one transaction of `tasks`: what each has come to, once the commit is confirmed.
    pub async fn transact(
        &mut self,
        tasks: &[Task],
        rows: &HashSet<JobKey>,
        caps: &Arc<[ClaimCap]>,
    ) -> Result<Vec<Answer>, DatabaseError> {
        // Before anyone waits for the log's row.
        self.count(caps).map_err(|e| mirror::unusable(&e))?;
        let (mut session, log) = match self.session.take() {
            Some(open) => open,
            None => self.connect().await?,
        };
        match self.commit(&mut session, &log, tasks, rows).await {
            Ok(answers) => {
                self.session = Some((session, log));
                Ok(answers)
            }
            Err(Failed::Statement(error)) => {
                Err(Session::failure(&self.address, "write to", &error))
            }
            Err(Failed::Other(error)) => Err(error),
        }
    }

    /// Counts what counts against the caps, where that was not done yet.
    fn count(&mut self, caps: &Arc<[ClaimCap]>) -> io::Result<()> {
        if caps.is_empty() {
            self.sums = None;
        } else if !self.sums.as_ref().is_some_and(|sums| sums.is_for(caps)) {
            let ledger = self.ledger.read().unwrap_or_else(PoisonError::into_inner);
            self.sums = Some(Sums::of(caps, &self.copy.path, &ledger)?);
        }
        Ok(())
    }

    /// Adds lines to the copy, which folds them.
    fn take_in(&mut self, lines: &str) -> io::Result<()> {
        self.copy.append(lines)?;
        if let Some(sums) = &mut self.sums {
            sums.note(lines);
        }
        Ok(())
    }

    async fn commit(
        &mut self,
        session: &mut Session,
        log: &LogRow,
        tasks: &[Task],
        rows: &HashSet<JobKey>,
    ) -> Result<Vec<Answer>, Failed> {
        let schema = session.address.schema().to_owned();
        let warnings = session.counter();
        let before = warnings.count();
        let transaction = session.client.transaction().await?;
        lines::lock(&transaction, &schema, log).await?;
        let mut known = HashSet::new();
        if tasks.iter().any(|task| task.kind.decides()) {
            known = self
                .catch_up(&transaction, &schema, log, tasks, rows)
                .await?;
        }
        // Before the database hears of this run: so a claim is never younger here than there.
        let uptime = clock::uptime();
        let mut answers = self
            .decide(&transaction, &schema, log, tasks, uptime)
            .await?;
        let outdated = outdated(&transaction, &schema, log, tasks).await?;
        let mut merge = Merge::default();
        let mut text = String::new();
        for (task, _) in tasks.iter().zip(&answers).filter(|(_, a)| a.is_written()) {
            for line in task.lines.lines().filter(|line| !line.is_empty()) {
                if outdated.contains(line) {
                    continue;
                }
                merge.push(line);
                if !known.contains(line) {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
        let added = lines::insert(&transaction, &schema, log, &merge).await?;
        for (task, answer) in tasks.iter().zip(&mut answers) {
            match &task.kind {
                Kind::Captures(captures) => {
                    let own = captures::insert(&transaction, &schema, log, captures).await?;
                    *answer = Answer::Kept(own);
                }
                Kind::Quiet(time) => {
                    lines::keep_quiet(&transaction, &schema, log, *time).await?;
                }
                _ => {}
            }
        }
        transaction.commit().await?;
        if warnings.count() != before {
            return Err(Failed::Other(self.unconfirmed()));
        }
        self.open.extend(added);
        let granted = tasks.iter().zip(&answers);
        let granted = granted.filter(|(_, answer)| matches!(answer, Answer::Granted(_)));
        self.own
            .extend(granted.filter_map(|(task, _)| task.kind.attempt()));
        self.confirmed.extend(merge.digests().iter().cloned());
        let surplus = self.confirmed.len().saturating_sub(REMEMBERED);
        self.confirmed.drain(..surplus);
        self.take_in(&text)?;
        Ok(answers)
    }

    /// Reads and folds what others have committed. Returns those of the tasks' own lines that were
    /// there already, after a commit whose answer was lost.
    async fn catch_up(
        &mut self,
        transaction: &Transaction<'_>,
        schema: &str,
        log: &LogRow,
        tasks: &[Task],
        rows: &HashSet<JobKey>,
    ) -> Result<HashSet<String>, Failed> {
        // One statement, and so one snapshot, for the lines and the horizon.
        let query = format!(
            "SELECT sequence, transaction::text, line FROM {schema}.lines \
             WHERE {NOT_READ} AND NOT sequence = ANY ($4) \
             UNION ALL SELECT 0, pg_snapshot_xmin(pg_current_snapshot())::text, NULL ORDER BY 1"
        );
        let from = self.source.horizon.to_string();
        let known: Vec<i64> = self.open.keys().copied().collect();
        let newest = self.source.newest;
        let parameters: [(&(dyn ToSql + Sync), Type); 4] = [
            (&log.id, Type::INT8),
            (&from, Type::TEXT),
            (&newest, Type::INT8),
            (&known, Type::INT8_ARRAY),
        ];
        let own: HashSet<&str> = tasks.iter().flat_map(|task| task.lines.lines()).collect();
        let mut again = HashSet::new();
        let mut text = String::new();
        let mut horizon = self.source.horizon;
        let mut new = Vec::new();
        for row in transaction.query_typed(&query, &parameters).await? {
            let number: i64 = row.get(0);
            let by: u64 = row.get::<_, &str>(1).parse().unwrap_or(u64::MAX);
            let Some(line) = row.get::<_, Option<&str>>(2) else {
                horizon = by;
                continue;
            };
            new.push((number, by));
            if self
                .held
                .as_ref()
                .is_some_and(|held| held.contains(&digest(line)))
            {
                continue;
            }
            if own.contains(line) {
                again.insert(line.to_owned());
            } else {
                self.others.note(line, rows);
            }
            text.push_str(line);
            text.push('\n');
        }
        self.take_in(&text)?;
        self.others.sort();
        self.held = None;
        self.open.extend(new);
        // The log's row is locked: no lower number comes any more from those who lock it too.
        let newest = self.open.keys().copied().max().unwrap_or(0);
        self.source.newest = self.source.newest.max(newest);
        self.source.horizon = horizon;
        self.open.retain(|_, by| *by >= horizon);
        Ok(again)
    }

    /// Looks at what the database knows of the attempts and leases that tasks are about.
    async fn look(
        &self,
        transaction: &Transaction<'_>,
        schema: &str,
        log: &LogRow,
        tasks: &[Task],
    ) -> Result<Sight, Failed> {
        let attempts = tasks.iter().filter_map(|task| task.kind.attempt());
        let attempts: Vec<_> = attempts.collect();
        let claimed = runs::claims(transaction, schema, log, &attempts);
        let announces = tasks.iter().any(|t| matches!(t.kind, Kind::Announce(_)));
        let (claimed, halted) = if announces {
            let history = &self.source.server;
            let missing = self.run.not_back(transaction, schema, log, history);
            let halted = lines::halted(transaction, schema, log);
            // All on their way at once: the network is waited for once.
            let (claimed, missing, halted) = try_join3(claimed, missing, halted).await?;
            if let Some(host) = missing {
                return Err(Failed::Other(self.not_back(&host)));
            }
            (claimed, halted)
        } else {
            (claimed.await?, Halted::default())
        };
        let leases = tasks.iter().filter_map(|task| match &task.kind {
            Kind::Lease(key) => Some(*key),
            _ => None,
        });
        let run = &self.run.id;
        Ok(Sight {
            claimed,
            halted,
            leased: leases::take(transaction, schema, log, leases.collect(), run).await?,
        })
    }

    /// What each task comes to, after what was seen.
    fn answers(
        &mut self,
        tasks: &[Task],
        sight: Sight,
        uptime: Duration,
        claims: &mut Claims,
    ) -> Result<Vec<Answer>, Failed> {
        let ledger = self.ledger.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(sums) = &mut self.sums {
            sums.catch_up(&ledger)?;
        }
        let mut all_claimed = sight.claimed.into_iter();
        let mut answers = Vec::with_capacity(tasks.len());
        for task in tasks {
            let claimed = task.kind.attempt().and_then(|_| all_claimed.next());
            let claimed = claimed.unwrap_or_default();
            let is_mine = claimed.run.as_deref() == Some(self.run.id.as_str());
            answers.push(match &task.kind {
                Kind::Lines | Kind::Quiet(_) | Kind::Refresh | Kind::Captures(_) => Answer::Written,
                Kind::Announce(what) => {
                    let mut refused = sight.halted.refusal();
                    if refused.is_none() {
                        refused = self.refusal(what, &claimed, &ledger, claims)?;
                    }
                    refused.map_or(Answer::Granted(uptime), Answer::Refused)
                }
                Kind::Lease(key) => match sight.leased.get(key) {
                    None => Answer::Granted(uptime),
                    Some(host) => Answer::Refused(Refused::Later(host.clone())),
                },
                Kind::Renew(..) if is_mine => Answer::Granted(uptime),
                Kind::Withdraw(..) if is_mine => Answer::Written,
                Kind::Renew(..) | Kind::Withdraw(..) => Answer::Lost,
                Kind::Settle(job, number) => match &claimed.alive_on {
                    Some(host) if !is_mine => Answer::Refused(Refused::Later(host.clone())),
                    _ => {
                        claims.void(*job, *number, &claimed);
                        Answer::Written
                    }
                },
            });
        }
        Ok(answers)
    }

    /// Why an attempt is not claimed; nothing where it is.
    fn refusal(
        &self,
        what: &Announcement,
        claimed: &Claimed,
        ledger: &Ledger,
        claims: &mut Claims,
    ) -> io::Result<Option<Refused>> {
        let added = match &self.sums {
            Some(sums) => sums.added_by(what, ledger)?,
            None => Vec::new(),
        };
        let caps = (self.sums.as_ref(), &*added);
        let run = &self.run.id;
        Ok(claims.announce(what, claimed, run, &self.others, ledger, caps))
    }

    /// What becomes of each task, its lines aside.
    async fn decide(
        &mut self,
        transaction: &Transaction<'_>,
        schema: &str,
        log: &LogRow,
        tasks: &[Task],
        uptime: Duration,
    ) -> Result<Vec<Answer>, Failed> {
        let sight = self.look(transaction, schema, log, tasks).await?;
        let mut claims = Claims::default();
        let answers = self.answers(tasks, sight, uptime, &mut claims)?;
        let grants = |answer: &Answer| matches!(answer, Answer::Granted(_));
        let writing = claims.write(transaction, schema, log, &self.run.id);
        let are_as_seen = if answers.iter().any(grants) {
            let history = &self.source.server;
            let showing = self.run.show(transaction, schema, log, history);
            let ((), are_as_seen) = try_join(showing, writing).await?;
            self.run.is_known = true;
            are_as_seen
        } else {
            writing.await?
        };
        if !are_as_seen {
            return Err(Failed::Other(DatabaseError::new(
                DatabaseFault::Temporary,
                format!(
                    "the claims of {} were changed although its row is locked",
                    self.address
                ),
                "run the same command again; nothing was sent",
            )));
        }
        if tasks.iter().any(|task| matches!(task.kind, Kind::Refresh)) {
            let sent = runs::being_sent(transaction, schema, log).await?;
            let mut ledger = self.ledger.write().unwrap_or_else(PoisonError::into_inner);
            for attempt in sent {
                ledger.mark_being_sent(attempt.job, attempt.number);
            }
        }
        Ok(answers)
    }

    fn not_back(&self, host: &str) -> DatabaseError {
        DatabaseError::new(
            DatabaseFault::Temporary,
            format!(
                "the server of {} was replaced, and a run on {host} that was at work has not come \
                 back to it yet",
                self.address
            ),
            "run the same command again in a minute; nothing was sent",
        )
    }

    fn unconfirmed(&self) -> DatabaseError {
        DatabaseError::new(
            DatabaseFault::Temporary,
            format!(
                "{} has not confirmed that a standby has what was written",
                self.address
            ),
            "check the database's standbys, then run the same command again",
        )
    }

    /// Folds lines that are true although the log has not taken them in.
    pub fn fold(&mut self, lines: &str) {
        // Without room for the copy the jobs show as unknown at the end, which is the careful reading.
        let _ = self.take_in(lines);
    }

    /// Says that the run is still there, or that it has ended; whether that could be said. Where it
    /// cannot, others take it for gone after a while.
    pub async fn touch(&mut self, has_ended: bool) -> bool {
        if !self.run.is_known {
            return true;
        }
        if self.session.is_none() && !has_ended {
            self.session = self.connect().await.ok();
        }
        if let Some((session, _)) = &self.session
            && self
                .run
                .touch(session, &self.source.server, has_ended)
                .await
                .is_err()
        {
            self.session = None;
        }
        self.session.is_some()
    }
}

/// Lines that are not true any more: they say that an attempt was not accepted, and someone has had it
/// sent again meanwhile, which may have been.
async fn outdated<'t>(
    transaction: &Transaction<'_>,
    schema: &str,
    log: &LogRow,
    tasks: &'t [Task],
) -> Result<HashSet<&'t str>, Error> {
    let tasks = tasks.iter().filter(|task| matches!(task.kind, Kind::Lines));
    let mut lines = Vec::new();
    let mut attempts = Vec::new();
    for line in tasks.flat_map(|task| task.lines.lines()) {
        let parts = Reading::parts(line).unwrap_or_default();
        if let [part] = parts.as_slice()
            && part.word.status() == Some(Status::SubmitFailed)
        {
            lines.push(line);
            attempts.push((part.job, part.attempt));
        }
    }
    let claims = runs::claims(transaction, schema, log, &attempts).await?;
    let lines = lines.into_iter().zip(claims);
    Ok(lines
        .filter(|(_, claimed)| claimed.was_resent)
        .map(|(line, _)| line)
        .collect())
}
