//! `publish`: finished clips, to a command or a shop, each once.

// Its commands are for a shell of Unix; exec_windows.rs has cmd's.
#[cfg(unix)]
mod disk;
#[cfg(unix)]
mod exec;
#[cfg(windows)]
mod exec_windows;
mod shopify;
