//! Where events are kept: the job log.
//!
//! [`file`] is the log as a file of JSON lines. Nothing above this room names that module; what
//! is needed of it stands here.

mod file;

pub use file::*;
