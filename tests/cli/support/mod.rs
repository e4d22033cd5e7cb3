//! What the tests share: a folder with the program in it, a server that misbehaves on request, and
//! a reader for the log.

pub mod gate;
pub mod log;
pub mod manifest;
pub mod request;
pub mod server;
pub mod skip;
pub mod step;
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
