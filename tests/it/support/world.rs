//! A folder of its own with the real program in it, and nothing of the surroundings.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc;

use tempfile::TempDir;

use super::gate::PATIENCE;
use super::{Log, Server, memory, schemas};

/// The API key of the tests.
pub const KEY: &str = "rph_live_0123456789abcdef";

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_creativeai");

/// A temporary folder, the current one of every run in it.
pub struct World {
    dir: TempDir,
    vars: Vec<(String, OsString)>,
}

impl World {
    /// With a key, and no address: nothing must be sent.
    pub fn new() -> Self {
        let dir = tempfile::tempdir_in(memory::folder()).unwrap();
        let home = dir.path().join("home");
        std::fs::create_dir(&home).unwrap();
        let mut vars: Vec<(String, OsString)> = Vec::new();
        for name in ["HOME", "XDG_CONFIG_HOME", "APPDATA", "USERPROFILE"] {
            vars.push((name.to_owned(), home.clone().into()));
        }
        // Windows opens no socket without it; `sh` and `strace` are found by PATH.
        for name in ["SystemRoot", "PATH"] {
            vars.extend(std::env::var_os(name).map(|value| (name.to_owned(), value)));
        }
        Self { dir, vars }.with_var("CREATIVEAI_API_KEY", KEY)
    }

    /// Talks to `server`.
    pub fn facing(server: &Server) -> Self {
        Self::new().with_var("CREATIVEAI_BASE_URL", &server.url())
    }

    /// Sets an environment variable for every run.
    pub fn with_var(mut self, name: &str, value: &str) -> Self {
        self.vars.retain(|(n, _)| n != name);
        self.vars.push((name.to_owned(), value.into()));
        self
    }

    /// Takes an environment variable away.
    pub fn without_var(mut self, name: &str) -> Self {
        self.vars.retain(|(n, _)| n != name);
        self
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Names in the folder, sorted, the home folder aside.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "home")
            .collect();
        names.sort();
        names
    }

    /// The usual log.
    pub fn log(&self) -> Log {
        Log::read(&self.path("jobs.jsonl"))
    }

    /// `program`, ready to run here.
    pub fn command(&self, program: impl AsRef<Path>, args: &[&str]) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("TZ", "UTC")
            .envs(self.vars.iter().map(|(n, v)| (n, v)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Ended {
        self.start(args).wait()
    }

    /// Runs it with `input` on standard input.
    #[track_caller]
    pub fn run_with_input(&self, args: &[&str], input: impl AsRef<[u8]>) -> Ended {
        let mut command = self.command(PROGRAM, args);
        command.stdin(Stdio::piped());
        let mut running = Running::of(command);
        running.feed(input.as_ref());
        running.wait()
    }

    /// Starts the program.
    pub fn start(&self, args: &[&str]) -> Running {
        Running::of(self.command(PROGRAM, args))
    }

    /// Runs a line of shell; `"$0"` in it is the program.
    #[cfg(unix)]
    pub fn shell(&self, line: &str) -> Ended {
        Running::of(self.command("sh", &["-c", line, PROGRAM])).wait()
    }
}

/// A process that has been started. Dropping it kills it.
pub struct Running {
    /// What was typed, where it is the program.
    args: Vec<String>,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Output,
    stderr: Output,
}

impl Running {
    /// Starts `command`.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let args = command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned());
        let is_program = command.get_program() == PROGRAM;
        Self {
            args: args.filter(|_| is_program).collect(),
            stdin: child.stdin.take(),
            stdout: Output::of(child.stdout.take()),
            stderr: Output::of(child.stderr.take()),
            child,
        }
    }

    /// Writes standard input and closes it.
    pub fn feed(&mut self, input: &[u8]) {
        if let Some(mut stdin) = self.stdin.take() {
            // A program that ends without reading everything is judged by how it ends.
            let _ = stdin.write_all(input);
        }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has come to an end.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Returns once standard error has said `words`.
    #[cfg_attr(windows, allow(dead_code, reason = "its tests are for Unix"))]
    pub fn wait_for_words(&mut self, words: &str) {
        while !self.stderr.so_far().contains(words) {
            assert!(
                self.stderr.more(),
                "it never said {words:?}, only {}",
                self.stderr.so_far()
            );
        }
    }

    /// The line of standard error that holds `words`, once it has been said whole.
    pub fn wait_for_line(&mut self, words: &str) -> String {
        loop {
            let so_far = self.stderr.so_far();
            let whole = so_far.rfind('\n').map_or("", |end| &so_far[..end]);
            if let Some(line) = whole.lines().find(|line| line.contains(words)) {
                return line.to_owned();
            }
            assert!(self.stderr.more(), "it never said {words:?}, only {so_far}");
        }
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end. What it prints for programs is held to its schema.
    #[track_caller]
    pub fn wait(mut self) -> Ended {
        self.stdin.take();
        let (stderr, stdout) = (self.stderr.whole(), self.stdout.whole());
        schemas::check_output(&self.args, &stdout);
        Ended {
            status: self.child.wait().unwrap(),
            stdout,
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A stream that is read aside as it comes.
struct Output {
    pieces: mpsc::Receiver<Vec<u8>>,
    bytes: Vec<u8>,
}

impl Output {
    /// Starts reading. A stream that is none is empty.
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let (sender, pieces) = mpsc::channel();
        std::thread::spawn(move || {
            let Some(mut stream) = stream else { return };
            let mut buffer = vec![0; 1 << 16];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            pieces,
            bytes: Vec::new(),
        }
    }

    /// Waits for another piece; whether there was one before the end.
    fn more(&mut self) -> bool {
        match self.pieces.recv_timeout(PATIENCE) {
            Ok(piece) => {
                self.bytes.extend(piece);
                true
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => false,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("the program hangs: {}", self.so_far()),
        }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// All of it, once the stream has ended.
    fn whole(&mut self) -> String {
        while self.more() {}
        String::from_utf8(std::mem::take(&mut self.bytes)).unwrap()
    }
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// The exit code; a process that a signal has ended fails the test.
    #[track_caller]
    pub fn code(&self) -> i32 {
        let code = self.status.code();
        code.unwrap_or_else(|| panic!("{}\n{}", self.status, self.stderr))
    }

    /// Demands an exit code, and a panic nowhere.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{}\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.stdout, self.stderr))
    }
}
