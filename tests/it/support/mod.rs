//! What the tests share: a folder with the program in it, servers that misbehave on request, a
//! terminal, a browser, and what logs, workbooks and webhooks are made of.

// Its crate knows other things to add to a `String`, so here `+ &*text` says which is meant.
pub mod azure;
pub mod browser;
pub mod convert;
pub mod delivery;
pub mod gate;
pub mod http;
pub mod lines;
pub mod log;
pub mod mail;
pub mod manifest;
mod memory;
pub mod orders;
#[cfg(unix)]
pub mod postgres;
pub mod processes;
#[cfg(unix)]
pub mod proxy;
pub mod request;
pub mod s3;
pub mod schemas;
pub mod server;
pub mod skip;
pub mod step;
#[cfg(unix)]
pub mod terminal;
pub mod transcript;
pub mod vendor;
pub mod workbook;
pub mod world;

pub use gate::Gate;
pub use log::Log;
pub use manifest::{listings, rows};
pub use request::Request;
pub use server::Server;
pub use skip::skip;
pub use step::{Phase, Step};
pub use world::{Ended, KEY, Running, World};
