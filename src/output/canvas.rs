//! The progress bar's drawing target: frames that the standard-error thread puts on the screen.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use console::Term;
use indicatif::TermLike;

use super::messages::DrawStep;
use super::terminal::width_of_stderr;

/// Collects the drawing steps of a frame and passes them on, without ever waiting for the terminal.
pub struct Canvas<F> {
    steps: Mutex<Vec<DrawStep>>,
    show: F,
}

impl<F: Fn(Vec<DrawStep>)> Canvas<F> {
    /// A canvas whose pictures go to `show`.
    pub fn new(show: F) -> Self {
        Self {
            steps: Mutex::default(),
            show,
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "each step of a picture may fail")]
    fn take(&self, step: impl FnOnce(&Term) -> io::Result<()> + Send + 'static) -> io::Result<()> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.push(Box::new(step));
        Ok(())
    }
}

impl<F> fmt::Debug for Canvas<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canvas").finish_non_exhaustive()
    }
}

impl<F: Fn(Vec<DrawStep>) + Send + Sync> TermLike for Canvas<F> {
    fn width(&self) -> u16 {
        width_of_stderr()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.take(move |terminal| terminal.move_cursor_up(n))
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.take(move |terminal| terminal.move_cursor_down(n))
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.take(move |terminal| terminal.move_cursor_right(n))
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.take(move |terminal| terminal.move_cursor_left(n))
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        let text = text.to_owned();
        self.take(move |terminal| terminal.write_line(&text))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let text = text.to_owned();
        self.take(move |terminal| terminal.write_str(&text))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.take(Term::clear_line)
    }

    fn flush(&self) -> io::Result<()> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = std::mem::take(&mut *steps);
        drop(steps);
        (self.show)(picture);
        Ok(())
    }
}
