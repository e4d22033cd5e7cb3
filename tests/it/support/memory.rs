//! Memory in place of a disk, for the many small files of tests.

use std::path::PathBuf;

/// Where tests put their files. To make, flush and remove them on a disk takes most of the time of the
/// tests; memory is used where there is plenty, and programs in it may be run.
pub fn folder() -> PathBuf {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::StatVfsMountFlags;

        const PLENTY: u64 = 4 << 30;
        let memory = "/dev/shm";
        if let Ok(disk) = rustix::fs::statvfs(memory)
            && disk.f_bavail * disk.f_frsize >= PLENTY
            && !disk.f_flag.contains(StatVfsMountFlags::NOEXEC)
        {
            return memory.into();
        }
    }
    std::env::temp_dir()
}
