//! One resolved value of everything that can be set, and where each part of it comes from.
//!
//! Flag, then profile, then environment, then `creativeai.toml` (the project's, then the one in the
//! user's settings folder), then default. The key is looked for only when a command needs it.

mod caps;
mod env;
mod file;
mod flags;
mod groups;
mod log_path;
mod logs;
mod names;
mod notify;
mod resolve;
mod resolved;
mod secret;
pub mod table;
mod tables;
pub mod template;
#[cfg(test)]
mod tests;
mod value;
pub mod values;

pub use caps::Cap;
pub use env::{Env, FILE_NAME};
pub use flags::{Flags, RunFlags};
pub use groups::RunSettings;
pub use resolved::Settings;
pub use secret::{read_key_file, replace_key_file, write_key_file};
pub use value::{Origin, SettingRow};
