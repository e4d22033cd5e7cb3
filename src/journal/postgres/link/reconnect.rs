//! Connecting again: a server that has lost lines gets them back before anything is decided there.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use tokio_postgres::Error;

use super::super::super::fault::DatabaseError;
use super::super::super::file::for_each_line;
use super::super::handle::{self, LogHandle, LogRow, NewestLine, QueryError};
use super::super::lines::{self, LineBatch};
use super::super::logs;
use super::super::mirror::digest;
use super::super::runs;
use super::super::schema::SchemaUse;
use super::super::session::Session;
use super::DatabaseLink;

/// Lines that are put back at once.
const PART: usize = 1000;

impl DatabaseLink {
    /// Connects. A server that is another one than before, or does not hold what was confirmed, gets
    /// back first all that this process knows of the log.
    pub(super) async fn connect(&mut self) -> Result<(Session, LogRow), DatabaseError> {
        let (session, log) = logs::open(&self.address, SchemaUse::Write).await?;
        let server = handle::server(&session).await;
        let is_copy = handle::are_apart(&server, &self.source.server);
        if is_copy || log.identity != self.source.identity {
            return Err(DatabaseError::config(
                format!(
                    "{} is not the log that was read; nothing was written",
                    self.address
                ),
                "check which database the address leads to, then run the same command again",
            ));
        }
        let is_same = server == self.source.server && (!self.was_connected || !server.is_empty());
        let handle = log.of(&session);
        let holds_all = is_same && {
            let held = self.holds_known(&handle).await;
            held.map_err(|error| session.failed("read", &error))?
        };
        if !holds_all {
            let back = self.put_back(&handle).await;
            back.map_err(|failed| failed.when("write to", &self.address))?;
            self.must_come_back = true;
        }
        if self.must_come_back && self.run.is_known {
            let back = self.come_back(&handle, &server).await;
            back.map_err(|error| session.failed("write to", &error))?;
        }
        self.must_come_back = false;
        self.source.server = server;
        self.was_connected = true;
        Ok((session, log))
    }

    /// Says that the run is still there. Returns whether the server heard it. Where it cannot, others take it
    /// for gone after a while.
    pub async fn touch(&mut self) -> bool {
        if !self.run.is_known {
            return true;
        }
        if self.session.is_none() {
            self.session = self.connect().await.ok();
        }
        if let Some((session, _)) = &self.session
            && self.run.touch(session, &self.source.server).await.is_err()
        {
            self.session = None;
        }
        self.session.is_some()
    }

    /// Says that the run has ended, and where it has `kept` what the log did not take in; takes away what
    /// others have left long ago. Where that fails, another run does it.
    pub async fn end(&mut self, kept: Option<&Path>) {
        if !self.run.is_known {
            return;
        }
        // Also where the log takes no more lines, as after a right was lost.
        if self.session.is_none() {
            self.session = self.connect().await.ok();
        }
        if let Some((session, log)) = &self.session
            && self.run.end(session, kept).await.is_ok()
        {
            let _ = runs::tidy(&log.of(session)).await;
        }
    }

    /// Takes this run's claims back, and says that it is there. Others wait for that before they claim
    /// anything.
    async fn come_back(&self, log: &LogHandle<'_>, server: &str) -> Result<(), Error> {
        lines::begin(log).await?;
        lines::claim(log, &self.own, &self.run.id, true).await?;
        self.run.show(log, server).await?;
        lines::commit(log).await
    }

    /// Whether the newest line that is known and the newest confirmed ones are still there.
    async fn holds_known(&self, log: &LogHandle<'_>) -> Result<bool, Error> {
        let is_there = self.newest.is_in(log).await?;
        if !is_there || self.confirmed.is_empty() {
            return Ok(is_there);
        }
        let confirmed: Vec<_> = self.confirmed.iter().cloned().collect();
        Ok(lines::missing(log, &confirmed).await?.is_empty())
    }

    /// Puts every line of the copy back that the log does not hold, and reads the log from its
    /// beginning with the next transaction.
    async fn put_back(&mut self, log: &LogHandle<'_>) -> Result<(), QueryError> {
        let mut parts = vec![LineBatch::default()];
        let mut held = HashSet::new();
        let mut file = File::open(&self.copy.path)?;
        for_each_line(&mut file, |_, line| {
            let Ok(line) = line else { return };
            if parts.last().is_none_or(|part| part.len() >= PART) {
                parts.push(LineBatch::default());
            }
            if let Some(part) = parts.last_mut() {
                part.push(line);
            }
            held.insert(digest(line));
        })?;
        for part in parts {
            lines::add(log, &part).await?;
        }
        self.source.horizon = 0;
        self.source.newest = NewestLine::default();
        self.newest = NewestLine::default();
        self.open.clear();
        self.held = Some(held);
        Ok(())
    }
}
