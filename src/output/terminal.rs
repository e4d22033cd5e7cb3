//! What a stream is connected to: a terminal of some width, with colors or without, or a reader that may go.

use std::io::{self, Write};

use anstream::AutoStream;
use anstream::stream::RawStream;
use clap::ColorChoice;
use owo_colors::OwoColorize;
use terminal_size::terminal_size_of;

use super::display_status::Tone;

/// Columns of a terminal that does not say, and of everything that is none.
const USUAL_WIDTH: u16 = 80;

/// What a stream is connected to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StreamTarget {
    pub terminal: bool,
    pub colored: bool,
}

impl StreamTarget {
    pub fn of(stream: &impl RawStream, choice: ColorChoice) -> Self {
        let colored = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => AutoStream::choice(stream) != anstream::ColorChoice::Never,
        };
        Self {
            terminal: stream.is_terminal(),
            colored,
        }
    }

    /// Whether it is a terminal on which a line can be drawn again.
    pub fn can_draw(self) -> bool {
        let is_dumb = || std::env::var_os("TERM").is_some_and(|kind| kind == "dumb");
        self.terminal && !is_dumb()
    }

    /// `text` in the color of `tone`, where colors are wanted.
    pub fn paint(self, text: &str, tone: Tone) -> String {
        if !self.colored || text.is_empty() {
            return text.to_owned();
        }
        match tone {
            Tone::Good => text.green().to_string(),
            Tone::Busy => text.cyan().to_string(),
            Tone::Bad => text.red().to_string(),
            Tone::Doubt => text.yellow().to_string(),
            Tone::Quiet => text.dimmed().to_string(),
            Tone::Strong => text.bold().to_string(),
        }
    }
}

/// The terminal's width; where there is none, `COLUMNS` where it is set, as in a pager's pipe.
pub(super) fn width_of_stdout() -> u16 {
    let from_environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    usable(width.or_else(from_environment))
}

/// The width of the terminal behind standard error.
pub(super) fn width_of_stderr() -> u16 {
    usable(terminal_size_of(io::stderr()).map(|(width, _)| width.0))
}

fn usable(width: Option<u16>) -> u16 {
    width.filter(|width| *width > 0).unwrap_or(USUAL_WIDTH)
}

/// A writer to whom it does not matter that no one reads any more.
pub(super) struct IgnoreClosed<W> {
    pub inner: W,
    /// Whether the reader has gone.
    pub closed: bool,
    /// Whether anything was written.
    pub used: bool,
}

impl<W> IgnoreClosed<W> {
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

impl<W: Write> Write for IgnoreClosed<W> {
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
