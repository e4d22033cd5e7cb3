//! Running a person's command: through the shell, in its own process group, with a time-out.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// Bytes of output that are kept: the last ones tell what went wrong.
const TAIL: usize = 8 << 10;
/// How a command ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself.
    With(ExitStatus),
    /// It took too long, and was killed with everything it had started.
    TimedOut,
    /// It could not be started, or not be waited for.
    NotRun(io::Error),
}

/// How a command ended and the last it wrote, both streams together.
#[derive(Debug)]
pub(super) struct Report {
    pub ended: Ended,
    pub output: String,
}

/// What to run.
pub(super) struct Job<'a> {
    pub command: &'a str,
    pub input: Vec<u8>,
    pub variables: Vec<(String, String)>,
    /// Names of variables that are not handed down.
    pub hidden: &'a [&'a str],
    pub time_out: Duration,
    /// How long output is waited for once the command has ended: something it left running in the
    /// background may hold the pipes open for good.
    pub drain: Duration,
}

/// Runs it to its end. When this future is dropped, the command is killed.
pub(super) async fn run(job: Job<'_>) -> Report {
    let tail = Mutex::new(Vec::new());
    let ended = match start(&job) {
        Ok(child) => follow(child, &job, &tail).await,
        Err(error) => Ended::NotRun(error),
    };
    let bytes = tail.into_inner().unwrap_or_else(PoisonError::into_inner);
    Report {
        ended,
        output: String::from_utf8_lossy(&bytes).trim().to_owned(),
    }
}

fn start(job: &Job<'_>) -> io::Result<Child> {
    let mut command = shell(job.command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for name in job.hidden {
        command.env_remove(name);
    }
    command.envs(job.variables.iter().map(|(name, value)| (name, value)));
    command.spawn()
}

#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    #[cfg(unix)]
    shell.process_group(0);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    // The command is a line for the shell already; quoting it again would change it.
    shell.arg("/D").arg("/C").raw_arg(command);
    shell
}

async fn follow(mut child: Child, job: &Job<'_>, tail: &Mutex<Vec<u8>>) -> Ended {
    let mut group = Group::of(&child);
    let stdin = child.stdin.take();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
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
            ended = child.wait() => break ended.map_or_else(Ended::NotRun, Ended::With),
            () = &mut pipes, if !drained => drained = true,
            () = &mut deadline => {
                group.kill();
                let _ = child.start_kill();
                let _ = child.wait().await;
                break Ended::TimedOut;
            }
        }
    };
    group.let_go();
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

/// The processes a command has started, itself included; killed when this is dropped before the
/// command has ended.
#[cfg(unix)]
struct Group(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }

    fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            // It fails only when there is nobody left to kill.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }

    /// The command has ended; its number may belong to somebody else now.
    fn let_go(&mut self) {
        self.0 = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Elsewhere the command itself is killed, not what it has started.
#[cfg(not(unix))]
struct Group;

#[cfg(not(unix))]
impl Group {
    fn of(_: &Child) -> Self {
        Self
    }

    fn kill(&mut self) {}

    fn let_go(&mut self) {}
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn sh(command: &str, input: &[u8]) -> Report {
        run(job(command, input)).await
    }

    fn job<'a>(command: &'a str, input: &[u8]) -> Job<'a> {
        Job {
            command,
            input: input.to_vec(),
            variables: vec![("CREATIVEAI_JOB".to_owned(), "a b".to_owned())],
            hidden: &["CARGO_MANIFEST_DIR"],
            time_out: LONG,
            drain: LONG,
        }
    }

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn input_and_variables_arrive_and_both_streams_are_kept() {
        let command = "cat; echo $CREATIVEAI_JOB >&2; echo dir$CARGO_MANIFEST_DIR; exit 3";
        let report = sh(command, b"in,").await;
        assert!(matches!(report.ended, Ended::With(status) if status.code() == Some(3)));
        for part in ["in,", "a b\n", "dir\n"] {
            let output = format!("{}\n", report.output);
            assert!(output.contains(part), "{part:?} in {output:?}");
        }
    }

    #[tokio::test]
    async fn a_command_need_not_read() {
        let report = sh("exec <&-; exit 0", &vec![b'x'; 1 << 20]).await;
        assert!(matches!(report.ended, Ended::With(status) if status.success()));
    }

    #[tokio::test]
    async fn much_output_neither_blocks_nor_is_kept_whole() {
        let command = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done";
        let report = sh(command, b"").await;
        assert!(matches!(report.ended, Ended::With(status) if status.success()));
        assert!(report.output.len() <= TAIL && report.output.ends_with("line 19999"));
    }

    #[tokio::test]
    async fn a_time_out_kills_what_the_command_has_started() {
        // The inner process holds the output open: were it left alive, this would wait for it.
        let report = run(Job {
            time_out: Duration::from_millis(50),
            ..job("(sleep 500; echo alive) & wait", b"")
        })
        .await;
        assert!(matches!(report.ended, Ended::TimedOut), "{report:?}");
        assert!(!report.output.contains("alive"));
    }

    #[tokio::test]
    async fn what_is_left_in_the_background_does_not_hold_the_run_up() {
        let report = run(Job {
            drain: Duration::ZERO,
            ..job("sleep 3 & exit 0", b"")
        })
        .await;
        assert!(matches!(report.ended, Ended::With(status) if status.success()));
    }
}
