//! Capture formats, recognized by content. Each is one small file.

mod api_gateway;
mod envelope;
mod fields;
mod har;
mod hookdeck;
mod logs;
mod ngrok;
mod parts;
mod postman;
mod raw_with_headers;
mod request;
mod smee;
mod text;
mod value;
mod webhook_site;
mod workflows;

pub(super) use parts::{CaptureResult, decode_base64};
pub(super) use raw_with_headers::capture as read_with_headers;
pub(super) use text::read as read_text;
pub use value::read_envelope;
pub(super) use value::{not_json, read_value};

#[cfg(test)]
mod tests;
