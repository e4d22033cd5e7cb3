//! What a text is about, from which its color follows.

/// What a piece of text is about; its color follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Done.
    Good,
    /// Under way.
    Busy,
    /// Failed.
    Bad,
    /// Waits for a decision.
    Doubt,
    /// Less important than the rest.
    Quiet,
    /// A headline.
    Strong,
}
