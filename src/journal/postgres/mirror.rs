//! A copy of a log's lines in a file of the cache folder, caught up before each use.
//!
//! A line's number is given out before the line can be seen, so that a reader who asks for higher
//! numbers only would lose lines. Each line carries its transaction instead; everything at or above
//! the oldest transaction that was still open at the last look is read again, and what is there
//! already is left out. Nothing in here is waited for.

mod elsewhere;
mod files;
mod read;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use tempfile::TempPath;
use tokio_postgres::Error;

pub use self::files::LostLines;
use self::files::{LinesFile, MirrorFiles};
pub use self::read::digest;
use self::read::{MirrorState, MirrorSync, read};
use super::super::address::Address;
use super::super::fault::DatabaseError;
use super::handle::{self, NewestLine, QueryError};
use super::logs;
use super::recent::places;
use super::runs::BeingSent;
use super::schema::{self, SchemaUse};
use super::session::{Session, wait_for};
use crate::clock;

/// A log's lines as a file, up to date.
#[derive(Debug)]
pub struct Mirror {
    pub file: PathBuf,
    /// What it mirrors, and how far.
    pub source: MirrorSource,
    /// What other computers are sending now.
    pub being_sent: Vec<BeingSent>,
    /// How far the database's clock is ahead of this computer's.
    pub clock: SignedDuration,
    /// Lines that this computer has seen and the database does not hold any more.
    pub lost: Option<LostLines>,
    /// Lines that it knows from another database alone.
    pub elsewhere: Option<LostLines>,
    /// A file that is this command's own goes with this.
    pub own: Option<TempPath>,
    /// Other commands leave the file alone as long as this is open.
    lock: Option<File>,
}

/// Where lines were read from, and which ones.
#[derive(Clone, Debug)]
pub struct MirrorSource {
    /// Which log it is.
    pub identity: String,
    /// The server, its history and the database, as far as the server says so.
    pub(super) server: String,
    /// The oldest transaction that was still open.
    pub(super) horizon: u64,
    /// Numbers of the lines at or above it that were read.
    pub(super) open: Vec<i64>,
    /// The newest line that was read.
    pub(super) newest: NewestLine,
}

impl MirrorSource {
    /// The name under which this computer keeps what it knows of the log.
    pub fn kept_as(&self) -> String {
        handle::kept_as(&self.identity, &self.server)
    }
}

/// Brings the mirror of `address` up to date and copies it for a writer, so that nothing that this
/// writes keeps other commands from the mirror.
pub fn copy(address: &Address) -> Result<Mirror, DatabaseError> {
    let mut mirror = catch_up(address)?;
    if mirror.own.is_none() {
        let copy = copied(&mirror.file);
        let copy = copy.map_err(|error| QueryError::from(error).when("copy", address))?;
        mirror.file = copy.to_path_buf();
        mirror.own = Some(copy);
    }
    drop(mirror.lock.take());
    Ok(mirror)
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

async fn catch_up_with(address: &Address) -> Result<Mirror, QueryError> {
    let mut session = Session::open(address).await?;
    let version = schema::check(&session, SchemaUse::Read).await?;
    let log = logs::find(&session).await?;
    let mut look = MirrorSync {
        version,
        log,
        being_sent: Vec::new(),
        recent: Vec::new(),
        lost: String::new(),
    };
    let server = handle::server(&session).await;
    let clock = clock_of(&session).await?;
    let place = MirrorFiles::lock(&handle::kept_as(&look.log.identity, &server));
    let ((state, parts), lost, elsewhere) = match &place {
        Some(place) => {
            let read = place.catch_up(&mut session, &mut look, server).await?;
            let here = places(&session);
            (read, place.lost()?, place.elsewhere(&here)?)
        }
        None => (
            read_whole(&mut session, &mut look, server).await?,
            None,
            None,
        ),
    };
    Ok(Mirror {
        file: parts.file,
        source: MirrorSource {
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
        lock: place.map(|place| place.lock),
    })
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
    look: &mut MirrorSync,
    server: String,
) -> Result<(MirrorState, LinesFile), QueryError> {
    let (file, path) = tempfile::NamedTempFile::new()?.into_parts();
    let mut writer = BufWriter::new(file);
    let mut state = read(session, look, &MirrorState::default(), &mut writer).await?;
    writer.flush()?;
    state.server = server;
    let parts = LinesFile {
        file: path.to_path_buf(),
        own: Some(path),
    };
    Ok((state, parts))
}
