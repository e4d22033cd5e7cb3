//! What systems do differently with files: how a resolved path is written, how a file takes
//! another's place, and how it becomes durable.

mod path;
mod replace;
mod sync;

pub use path::canonicalize;
pub use replace::{create, rename, replace};
pub use sync::{is_weakly_synced, sync_data, sync_file, sync_folder, sync_folder_of};
