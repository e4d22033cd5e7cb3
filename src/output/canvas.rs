//! What a progress bar is drawn on: pictures that standard error's own thread puts on the screen.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use indicatif::TermLike;

use super::messages::Step;

/// Collects the steps of a picture and hands them on, without ever waiting for the terminal.
pub struct Canvas<F> {
    steps: Mutex<Vec<Step>>,
    show: F,
}

impl<F: Fn(Vec<Step>)> Canvas<F> {
    /// A canvas whose pictures go to `show`.
    pub fn new(show: F) -> Self {
        Self {
            steps: Mutex::default(),
            show,
        }
    }

    fn take(&self, step: Step) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.push(step);
    }
}

impl<F> fmt::Debug for Canvas<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canvas").finish_non_exhaustive()
    }
}

impl<F: Fn(Vec<Step>) + Send + Sync> TermLike for Canvas<F> {
    fn width(&self) -> u16 {
        super::printer::width_of_stderr()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.take(Step::Up(n));
        Ok(())
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.take(Step::Down(n));
        Ok(())
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.take(Step::Right(n));
        Ok(())
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.take(Step::Left(n));
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.take(Step::Line(text.to_owned()));
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.take(Step::Text(text.to_owned()));
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.take(Step::Clear);
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = std::mem::take(&mut *steps);
        drop(steps);
        (self.show)(picture);
        Ok(())
    }
}
