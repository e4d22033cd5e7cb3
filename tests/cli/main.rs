//! The real program, run as a user runs it: a file for each command or kind of fault.

mod hostile;
mod outcomes;
mod stops;
mod submit;
mod support;
mod throttling;
