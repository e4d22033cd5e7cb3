//! The vendor's contract: wire types, the client, what an HTTP outcome means, throttling.

mod key;
mod payload;

pub use key::ApiKey;
pub use payload::{Payload, PayloadError};
