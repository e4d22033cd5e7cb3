//! tmp
use std::borrow::Cow;
/// tmp
pub fn escape(t: &str) -> Cow<'_, str> {
    Cow::Borrowed(t)
}
