//! A command's processes on Unix: a process group.

use std::io;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// The shell, with a line for it.
pub fn shell(line: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(line);
    shell
}

/// The groups of commands that run.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends all that commands of this process have started: a process that ends at once drops nothing.
/// Returns how many commands those were.
pub fn kill_all() -> usize {
    let groups = std::mem::take(&mut *running());
    for group in &groups {
        let _ = kill_process_group(*group, Signal::KILL);
    }
    groups.len()
}

/// A command and what it has started; killed when this is dropped before the command has ended.
pub struct Tree {
    child: Child,
    /// None once the command has ended: its number may belong to someone else then.
    group: Option<Pid>,
}

impl Tree {
    /// Starts the command.
    pub fn spawn(mut command: Command) -> io::Result<Self> {
        // Held while it starts: a signal in between would end this process and leave the command.
        let mut running = running();
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let group = id.and_then(Pid::from_raw);
        running.extend(group);
        drop(running);
        Ok(Self { child, group })
    }

    /// The pipes to and from it.
    pub fn pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        let child = &mut self.child;
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    }

    /// Waits for the command itself.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends all of it.
    pub fn kill(&mut self) {
        if let Some(group) = self.take_group() {
            // It fails only when there is no one left to kill.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.start_kill();
    }

    /// The command has ended; what it has left in the background stays.
    pub fn let_go(&mut self) {
        self.take_group();
    }

    fn take_group(&mut self) -> Option<Pid> {
        let group = self.group.take()?;
        running().retain(|running| *running != group);
        Some(group)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if self.group.is_some() {
            self.kill();
        }
    }
}
