//! The server of the page on which clips are looked at. It knows addresses and guards; what is asked
//! of it, someone else answers, one question after the other.
//!
//! The page can spend money, so three things keep others out: it listens on this computer only; each
//! address has a token in it that no one can guess; and a request must name the server as the page
//! does (`Host`, and `Origin` where it changes something), so that a page of the web gets nothing
//! from it even when its name is made to lead here.

mod file;
mod server;

pub use server::{Answer, Ask, Question, ServerEnd, serve, token};
