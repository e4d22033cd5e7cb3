//! Running a person's command: through the shell, with all that it starts, and with a time-out.

mod output;
#[cfg_attr(unix, path = "tree_unix.rs")]
#[cfg_attr(windows, path = "tree_windows.rs")]
mod tree;

use std::io::{self, Write};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempPath;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

pub use tree::kill_all;
use tree::{Tree, shell};

/// Bytes of output that are kept: the last ones say what went wrong.
const TAIL: usize = 8 << 10;

/// How a command ended.
#[derive(Debug)]
pub(super) enum ProcessEnd {
    /// By itself.
    With(ExitStatus),
    /// It took too long, and was killed with everything it had started.
    TimedOut,
    /// It could not be started, or not be waited for.
    NotRun(io::Error),
}

/// How a command ended and the last it wrote, both streams together.
#[derive(Debug)]
pub(super) struct ProcessResult {
    pub ended: ProcessEnd,
    pub output: String,
}

/// What to run.
pub(super) struct CommandSpec<'a> {
    pub command: &'a str,
    /// What stands on its standard input.
    pub input: Vec<u8>,
    /// The variable that names a file with the same: not every program can read its input as it is.
    pub input_file: &'a str,
    pub variables: Vec<(String, String)>,
    /// Names of variables that are not handed down.
    pub hidden: &'a [&'a str],
    pub time_out: Duration,
    /// How long output is waited for once the command has ended: something it left running in the
    /// background may hold the pipes open for good.
    pub drain: Duration,
}

/// Runs it to its end. When this future is dropped, the command is killed.
pub(super) async fn run(job: CommandSpec<'_>) -> ProcessResult {
    let tail = Mutex::new(Vec::new());
    let ended = match start(&job) {
        Ok((tree, _file)) => follow(tree, &job, &tail).await,
        Err(error) => ProcessEnd::NotRun(error),
    };
    let bytes = tail.into_inner().unwrap_or_else(PoisonError::into_inner);
    ProcessResult {
        ended,
        output: output::decode(&bytes).await.trim().to_owned(),
    }
}

/// The command, and the file that it needs until it has ended.
fn start(job: &CommandSpec<'_>) -> io::Result<(Tree, TempPath)> {
    let mut file = tempfile::Builder::new()
        .prefix("creativeai-")
        .suffix(".json")
        .tempfile()?;
    file.write_all(&job.input)?;
    let file = file.into_temp_path();
    let mut command = shell(job.command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in job.hidden {
        command.env_remove(name);
    }
    command.envs(job.variables.iter().map(|(name, value)| (name, value)));
    command.env(job.input_file, &file);
    Ok((Tree::spawn(command)?, file))
}

async fn follow(mut tree: Tree, job: &CommandSpec<'_>, tail: &Mutex<Vec<u8>>) -> ProcessEnd {
    let (stdin, stdout, stderr) = tree.pipes();
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A command need not read what it is given.
            let _ = stdin.write_all(&job.input).await;
            let _ = stdin.shutdown().await;
        }
    };
    let mut pipes = std::pin::pin!(async {
        tokio::join!(feed, keep(stdout, tail), keep(stderr, tail));
    });
    let mut drained = false;
    let mut deadline = std::pin::pin!(tokio::time::sleep(job.time_out));
    let ended = loop {
        tokio::select! {
            ended = tree.wait() => break ended.map_or_else(ProcessEnd::NotRun, ProcessEnd::With),
            () = &mut pipes, if !drained => drained = true,
            () = &mut deadline => {
                tree.kill();
                let _ = tree.wait().await;
                break ProcessEnd::TimedOut;
            }
        }
    };
    tree.let_go();
    if !drained {
        let _ = tokio::time::timeout(job.drain, pipes).await;
    }
    ended
}

async fn keep(pipe: Option<impl AsyncRead + Unpin>, tail: &Mutex<Vec<u8>>) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend_from_slice(&buffer[..count]);
        let excess = tail.len().saturating_sub(TAIL);
        tail.drain(..excess);
    }
}

#[cfg(test)]
#[cfg_attr(unix, path = "tests_unix.rs")]
#[cfg_attr(windows, path = "tests_windows.rs")]
mod tests;
