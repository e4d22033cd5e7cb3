//! A copy of a log's lines in a file of the cache folder, caught up before each use.
//!
//! A line's number is given out before the line can be seen, so that a reader who asks for higher
//! numbers only would lose lines. Each line carries its transaction instead; everything at or above
//! the oldest transaction that was still open at the last look is read again, and what is there
//! already is left out. Nothing in here is waited for.

mod elsewhere;
mod place;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use futures::TryStreamExt;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::TempPath;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, IsolationLevel};

use self::place::Place;
use super::super::address::Address;
use super::super::fault::DatabaseError;
use super::failed::Failed;
use super::handle::{LogRow, Parameter};
use super::logs;
use super::origin;
use super::position::{NOT_READ, Newest};
use super::recent;
use super::runs::{self, BeingSent};
use super::schema::{self, Use};
use super::session::{Session, wait_for};
use crate::clock;

/// A log's lines as a file, up to date.
#[derive(Debug)]
pub struct Mirror {
    file: PathBuf,
    /// What it mirrors, and how far.
    source: Source,
    /// What other computers are sending now.
    being_sent: Vec<BeingSent>,
    /// How far the database's clock is ahead of this computer's.
    clock: SignedDuration,
    /// Lines that this computer has seen and the database does not hold any more.
    lost: Option<Lost>,
    /// Lines that it knows from another database alone.
    elsewhere: Option<Lost>,
    /// Other commands leave the file alone as long as this is open.
    _lock: Option<File>,
    /// Where there is no cache folder the file goes with this.
    own: Option<TempPath>,
}

/// Where lines were read from, and which ones.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which log it is.
    pub identity: String,
    /// The server, its history and the database, as far as the server says so.
    pub(super) server: String,
    /// The oldest transaction that was still open.
    pub(super) horizon: u64,
    /// Numbers of the lines at or above it that were read.
    pub(super) open: Vec<i64>,
    /// The newest line that was read.
    pub(super) newest: Newest,
}

/// Lines that a database does not hold: it has lost them, as after a failover to a server that was
/// behind, or another one holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How many.
    pub lines: u64,
    /// The file that keeps them, a log by itself.
    pub file: PathBuf,
}

impl Source {
    /// The name under which this computer keeps what it knows of the log.
    pub fn kept_as(&self) -> String {
        origin::kept_as(&self.identity, &self.server)
    }
}

impl Mirror {
    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What it mirrors, and how far.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What other computers were sending when it was caught up.
    pub fn being_sent(&self) -> &[BeingSent] {
        &self.being_sent
    }

    /// What the database has lost.
    pub fn lost(&self) -> Option<&Lost> {
        self.lost.as_ref()
    }

    /// What another database alone holds.
    pub fn elsewhere(&self) -> Option<&Lost> {
        self.elsewhere.as_ref()
    }

    /// Lets other commands go on; what keeps a file that is this command's own stays.
    pub fn release(self) -> Option<TempPath> {
        self.own
    }
}

/// What a mirror knows of its source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// The server, its history and the database, as far as the server says so.
    server: String,
    /// Bytes of the mirror.
    length: u64,
    /// The oldest transaction that was still open.
    horizon: u64,
    /// Numbers of the lines at or above it that are in the mirror.
    open: Vec<i64>,
    /// The newest line that is in the mirror.
    newest: Newest,
}

/// A command's own copy of a log, to which it adds what it has written.
#[derive(Debug)]
pub struct Copy {
    /// The copy; it is removed with this.
    pub file: TempPath,
    /// What it is a copy of.
    pub source: Source,
    /// What other computers are sending now.
    pub being_sent: Vec<BeingSent>,
    /// How far the database's clock is ahead of this computer's.
    pub clock: SignedDuration,
    /// Lines that the database has lost.
    pub lost: Option<Lost>,
    /// Lines that another database alone holds.
    pub elsewhere: Option<Lost>,
}

/// Brings the mirror of `address` up to date and copies it for a writer, so that nothing that this
/// writes keeps other commands from the mirror.
pub fn copy(address: &Address) -> Result<Copy, DatabaseError> {
    let mirror = catch_up(address)?;
    let file = match mirror.own {
        Some(own) => own,
        None => copied(&mirror.file).map_err(|error| Failed::from(error).when("copy", address))?,
    };
    Ok(Copy {
        file,
        source: mirror.source,
        being_sent: mirror.being_sent,
        clock: mirror.clock,
        lost: mirror.lost,
        elsewhere: mirror.elsewhere,
    })
}

fn copied(mirror: &Path) -> io::Result<TempPath> {
    let copy = tempfile::NamedTempFile::new()?;
    io::copy(&mut File::open(mirror)?, &mut copy.as_file())?;
    Ok(copy.into_temp_path())
}

/// Brings the mirror of `address` up to date.
pub fn catch_up(address: &Address) -> Result<Mirror, DatabaseError> {
    wait_for(|| async {
        let caught_up = catch_up_with(address).await;
        caught_up.map_err(|failed| failed.when("read", address))
    })
}

async fn catch_up_with(address: &Address) -> Result<Mirror, Failed> {
    let mut session = Session::open(address).await?;
    let version = schema::check(&session, Use::Read).await?;
    let log = logs::find(&session).await?;
    let mut look = Look {
        has_runs: version >= schema::RUNS,
        log,
        being_sent: Vec::new(),
        recent: Vec::new(),
        lost: String::new(),
    };
    let server = origin::server(&session).await;
    let clock = clock_of(&session).await?;
    let place = Place::lock(&origin::kept_as(&look.log.identity, &server));
    let ((state, parts), lost, elsewhere) = match &place {
        Some(place) => {
            let read = place.catch_up(&mut session, &mut look, server).await?;
            (read, place.lost()?, place.elsewhere()?)
        }
        None => (
            read_whole(&mut session, &mut look, server).await?,
            None,
            None,
        ),
    };
    Ok(Mirror {
        file: parts.file,
        source: Source {
            identity: look.log.identity,
            server: state.server,
            horizon: state.horizon,
            open: state.open,
            newest: state.newest,
        },
        being_sent: look.being_sent,
        clock,
        lost,
        elsewhere,
        own: parts.own,
        _lock: place.map(|place| place.lock),
    })
}

/// What a look at a log's lines takes, and what it sees beside them.
struct Look {
    log: LogRow,
    /// Whether the tables hold runs.
    has_runs: bool,
    being_sent: Vec<BeingSent>,
    /// Lines that commands on this computer have seen there before.
    recent: Vec<u8>,
    /// Those of them that are not there any more.
    lost: String,
}

/// Where the lines are.
struct Parts {
    file: PathBuf,
    own: Option<TempPath>,
}

/// How far the database's clock is ahead of this computer's.
async fn clock_of(session: &Session) -> Result<SignedDuration, Error> {
    let query = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let row = session.client.query_typed_one(query, &[]).await?;
    let there: i64 = row.get(0);
    let here = clock::now().as_millisecond();
    Ok(SignedDuration::from_millis(there.saturating_sub(here)))
}

/// A mirror without a cache folder: read whole, gone with the command.
async fn read_whole(
    session: &mut Session,
    look: &mut Look,
    server: String,
) -> Result<(State, Parts), Failed> {
    let (file, path) = tempfile::NamedTempFile::new()?.into_parts();
    let mut writer = BufWriter::new(file);
    let mut state = read(session, look, &State::default(), &mut writer).await?;
    writer.flush()?;
    state.server = server;
    let parts = Parts {
        file: path.to_path_buf(),
        own: Some(path),
    };
    Ok((state, parts))
}

/// Appends what `state` does not know to `writer`, and returns the state afterwards, its length
/// aside.
async fn read(
    session: &mut Session,
    look: &mut Look,
    state: &State,
    writer: &mut impl Write,
) -> Result<State, Failed> {
    let schema = session.address.schema();
    let transaction = session
        .client
        .build_transaction()
        // One snapshot for the horizon, the lines and the claims.
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let horizon = transaction
        .query_typed_one("SELECT pg_snapshot_xmin(pg_current_snapshot())::text", &[])
        .await?
        .get::<_, String>(0);
    let query = format!(
        "SELECT sequence, transaction >= $4::text::xid8, line FROM {schema}.lines \
         WHERE {NOT_READ} ORDER BY sequence"
    );
    let from = state.horizon.to_string();
    let parameters: [Parameter<'_>; 4] = [
        (&look.log.id, Type::INT8),
        (&from, Type::TEXT),
        (&state.newest.sequence, Type::INT8),
        (&horizon, Type::TEXT),
    ];
    let rows = transaction.query_typed_raw(&query, parameters).await?;
    let mut rows = std::pin::pin!(rows);
    let known: HashSet<i64> = state.open.iter().copied().collect();
    let mut next = State {
        server: state.server.clone(),
        length: state.length,
        horizon: horizon.parse().unwrap_or(0),
        open: Vec::new(),
        newest: state.newest.clone(),
    };
    while let Some(row) = rows.try_next().await? {
        let sequence: i64 = row.get(0);
        next.newest.sequence = next.newest.sequence.max(sequence);
        if row.get::<_, bool>(1) {
            next.open.push(sequence);
        }
        if known.contains(&sequence) {
            continue;
        }
        let line: &str = row.get(2);
        writer.write_all(line.as_bytes())?;
        writer.write_all(b"\n")?;
        next.length += line.len() as u64 + 1;
    }
    let log = look.log.on(&transaction, schema);
    let sequence = next.newest.sequence;
    let newest = Newest::at(&log, sequence).await?;
    // One that is gone again does not count as there, and all is read anew.
    next.newest = newest.unwrap_or(Newest {
        sequence,
        ..Newest::default()
    });
    // In this transaction: what follows its end at once, a pooler may give to another connection.
    look.lost = recent::lost(&look.recent, &log).await?;
    if look.has_runs {
        look.being_sent = runs::being_sent(&log).await?;
    }
    Ok(next)
}

/// The beginning of a line's SHA-256.
pub(super) fn digest(line: &str) -> [u8; 16] {
    let whole = Sha256::digest(line.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}
