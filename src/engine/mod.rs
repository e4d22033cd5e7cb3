//! What happens: attempts are sent, observations are taken in, clips come home and go out.
//!
//! | module | holds |
//! |---|---|
//! | [`dispatch`] | attempts: a `submitting` line, a POST, an outcome line |
//! | [`observe`] | observations: the lines that add a fact to the log |
//! | [`delivery`] | clips: downloaded, verified, published |
//! | [`stop`] | why a run ends early |

pub mod delivery;
pub mod dispatch;
pub mod observe;
pub mod stop;
