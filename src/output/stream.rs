//! Standard output whose reader may go.

use std::io::{self, Write};

/// A writer to whom it does not matter that no one reads any more.
pub(super) struct Forgiving<W> {
    pub inner: W,
    /// Whether the reader has gone.
    pub closed: bool,
    /// Whether anything was written.
    pub used: bool,
}

impl<W> Forgiving<W> {
    pub fn of(inner: W) -> Self {
        Self {
            inner,
            closed: false,
            used: false,
        }
    }

    fn forgive<T>(&mut self, result: io::Result<T>, otherwise: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(otherwise)
            }
            // What is wrong with the disk says nothing of the file, which the shell has opened.
            Err(error) => Err(io::Error::new(
                error.kind(),
                format!("cannot write to standard output: {error}"),
            )),
            done => done,
        }
    }
}

impl<W: Write> Write for Forgiving<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.used |= !bytes.is_empty();
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.forgive(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.inner.flush();
        self.forgive(result, ())
    }
}
