//! Lines on their way into a log.

use super::event::Event;

/// Whole lines that a log is to take in, each with its newline: events, or lines from an existing
/// log, unchanged.
///
/// ```
/// use creativeai::jobs::{Event, JobKey, Lines, Stamp, EventKind};
/// let job = JobKey::parse("5b1f0c9a77d2e318").unwrap();
/// let at = Stamp::first(jiff::Timestamp::UNIX_EPOCH);
/// let by_job = JobKey::parse("0a77d2e3185b1f0c").unwrap();
/// let lines = Lines::from(Event::new(at, job, 1, EventKind::Superseded { by_job }));
/// assert_eq!(lines.as_str().lines().count(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(String);

impl Lines {
    /// Lines of a log, unchanged.
    pub fn verbatim(text: &str) -> Self {
        let mut lines = Self::default();
        lines.push_verbatim(text);
        lines
    }

    /// Adds an event.
    pub fn push(&mut self, event: &Event<'_>) {
        event.write(&mut self.0);
    }

    /// Adds lines of a log, as they stand there. The last one may lack its newline.
    pub fn push_verbatim(&mut self, text: &str) {
        self.0.push_str(text);
        if !text.is_empty() && !text.ends_with('\n') {
            self.0.push('\n');
        }
    }

    /// Their text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<Event<'_>> for Lines {
    fn from(event: Event<'_>) -> Self {
        Self(event.line())
    }
}

impl<'a> FromIterator<Event<'a>> for Lines {
    fn from_iter<I: IntoIterator<Item = Event<'a>>>(events: I) -> Self {
        let mut lines = Self::default();
        events.into_iter().for_each(|event| lines.push(&event));
        lines
    }
}

impl Extend<Self> for Lines {
    fn extend<I: IntoIterator<Item = Self>>(&mut self, parts: I) {
        parts.into_iter().for_each(|part| self.0.push_str(&part.0));
    }
}

impl FromIterator<Self> for Lines {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        let mut lines = Self::default();
        lines.extend(parts);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_line_without_its_newline_gets_one() {
        let mut lines = Lines::verbatim("{\"a\":1}\n{\"a\":2}");
        lines.push_verbatim("{\"a\":3}");
        lines.push_verbatim("");
        assert_eq!(lines.as_str(), "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
        assert!(Lines::verbatim("").is_empty());
    }
}
