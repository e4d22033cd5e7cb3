//! Clips on disk, clips handed on.

pub mod address;
pub mod client;
mod media;
pub mod names;
