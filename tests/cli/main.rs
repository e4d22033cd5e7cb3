//! The real program, run as a user runs it: a file for each command or kind of fault.

#[cfg(unix)]
mod disk;
mod hostile;
mod kills;
mod outcomes;
#[cfg(unix)]
mod signals;
mod stops;
mod submit;
mod support;
mod throttling;
