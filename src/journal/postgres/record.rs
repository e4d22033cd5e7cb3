//! Lines written to a log in a database, one commit for whatever has gathered.
//!
//! A line is kept once, by its digest. So a commit whose answer was lost is simply made again, and
//! the lines are there once either way.

use std::io;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::super::address::Address;
use super::super::location::{DatabaseError, DatabaseFault};
use super::logs::{self, LogRow, Merge};
use super::schema::{self, Use};
use super::session::Session;

/// How long a database that is away is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first wait; each further one is twice as long, up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Writes to one log.
pub struct Recorder {
    address: Address,
    /// Which log was read: another one of the same name is not written to.
    identity: String,
    runtime: Runtime,
    session: Option<(Session, LogRow)>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recorder({})", self.address)
    }
}

impl Recorder {
    /// Prepares to write to the log of `address` that was read as `identity`.
    pub fn new(address: &Address, identity: &str) -> io::Result<Self> {
        Ok(Self {
            address: address.clone(),
            identity: identity.to_owned(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            session: None,
        })
    }

    /// Adds whole lines, each with its newline; returns once the commit is confirmed.
    pub fn write(&mut self, lines: &str) -> Result<(), DatabaseError> {
        let mut merge = Merge::default();
        for line in lines.lines().filter(|line| !line.is_empty()) {
            merge.push(line);
        }
        let until = Instant::now() + PATIENCE;
        let mut wait = FIRST_WAIT;
        loop {
            let error = match self.try_write(&merge) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // Whatever the connection was in the middle of, a new one begins anew.
            self.session = None;
            if error.kind != DatabaseFault::Temporary || Instant::now() + wait > until {
                return Err(error);
            }
            std::thread::sleep(wait);
            wait = (wait * 2).min(LAST_WAIT);
        }
    }

    fn try_write(&mut self, merge: &Merge) -> Result<(), DatabaseError> {
        let Self {
            address,
            identity,
            runtime,
            session,
        } = self;
        runtime.block_on(async {
            let (connected, log) = match session {
                Some(session) => session,
                None => session.insert(open(address, identity).await?),
            };
            let added = logs::add(connected, log, merge).await;
            added
                .map(drop)
                .map_err(|error| Session::failure(address, "write to", &error))
        })
    }
}

async fn open(address: &Address, identity: &str) -> Result<(Session, LogRow), DatabaseError> {
    let session = Session::open(address).await?;
    schema::check(&session, Use::Write).await?;
    let log = logs::find(&session).await?;
    if log.identity != identity {
        return Err(DatabaseError::new(
            DatabaseFault::Config,
            format!("{address} is another log than the one that was read; nothing was written"),
            "check which database the address leads to, then run the same command again",
        ));
    }
    Ok((session, log))
}
