//! Error messages, word for word: each with its cause, what it means for the money, and the next step.

mod api;
mod later;
mod manifest;
mod setup;
