//! A command's processes on Windows: a job object.

use std::io;
use std::process::ExitStatus;

use process_wrap::tokio::{ChildWrapper, CommandWrap, CreationFlags, JobObject};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use windows::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;

/// The shell, with a line for it.
pub fn shell(line: &str) -> Command {
    let mut shell = Command::new("cmd");
    // /D: without what the registry would run first. /V:ON: `!NAME!` is filled in once the line
    // has been read as commands, so that no field can become one. /S /C: cmd takes off the outer
    // quotation marks, and leaves all within as it is.
    shell.raw_arg(format!("/D /V:ON /S /C \"{line}\""));
    shell
}

/// Ends nothing: a job object can only be reached by the run that owns it, so the commands go on.
pub fn kill_all() -> usize {
    0
}

/// A command and what it has started; killed when this is dropped before the command has ended.
pub struct Tree {
    job: Box<dyn ChildWrapper>,
    has_ended: bool,
}

impl Tree {
    /// Starts the command. A Ctrl-C in our window is not for it.
    pub fn spawn(command: Command) -> io::Result<Self> {
        let job = CommandWrap::from(command)
            .wrap(CreationFlags(CREATE_NEW_PROCESS_GROUP))
            .wrap(JobObject)
            .spawn()?;
        Ok(Self {
            job,
            has_ended: false,
        })
    }

    /// The pipes to and from it.
    pub fn pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        let job = &mut self.job;
        (job.stdin().take(), job.stdout().take(), job.stderr().take())
    }

    /// Waits for the command itself. The job object as a whole would also wait for what the
    /// command has left in the background.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.job.inner_mut().wait().await
    }

    /// Ends all of it.
    pub fn kill(&mut self) {
        // It fails only when there is nothing left to end.
        let _ = self.job.start_kill();
    }

    /// The command has ended; what it has left in the background stays.
    pub fn let_go(&mut self) {
        self.has_ended = true;
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if !self.has_ended {
            self.kill();
        }
    }
}
