//! The job log: what damages it, what changes it, and what its lines say in whatever order.

mod copied;
mod damage;
// Links, modes and faults under system calls are Unix's; src/disk has tests for Windows.
#[cfg(unix)]
mod disk;
mod live_or_rehearsed;
mod memory;
mod order;
mod pause;
mod seeds;
mod taken_back;
