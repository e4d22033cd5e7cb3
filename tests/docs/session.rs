//! A person at a terminal: a folder with the examples, and commands typed one after the other.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{examples, root};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_creativeai");

/// One folder, one environment.
pub struct Session {
    temp: TempDir,
    /// The stand-in for the vendor that commands without `--sandbox` talk to.
    _server: Server,
    base_url: String,
}

/// Ends with the session.
struct Server(Child);

impl Session {
    /// A folder with a copy of the examples, `listings.csv` beside them, and nothing else.
    pub fn new() -> Self {
        Self::facing(&[])
    }

    /// The same with faults on request: further options of the sandbox.
    pub fn facing(faults: &[&str]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let (server, base_url) = serve(faults);
        let session = Self {
            temp,
            _server: server,
            base_url,
        };
        for file in examples() {
            let copy = session.folder().join(file.strip_prefix(root()).unwrap());
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(file, copy).unwrap();
        }
        let listings = session.folder().join("listings.csv");
        fs::copy(root().join("examples/listings.csv"), listings).unwrap();
        // Where the nightly script looks first.
        let programs = session.home().join(".cargo/bin");
        fs::create_dir_all(&programs).unwrap();
        std::os::unix::fs::symlink(PROGRAM, programs.join("creativeai")).unwrap();
        session
    }

    /// Where commands are typed.
    pub fn folder(&self) -> PathBuf {
        self.temp.path().join("folder")
    }

    /// The person's own folder.
    pub fn home(&self) -> PathBuf {
        self.temp.path().join("home")
    }

    /// Types a script. What it prints, both streams together as a terminal shows them, and its
    /// exit code.
    pub fn run(&self, script: &str) -> (String, i32) {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut command = Command::new("sh");
        let own = self.home().join(".cargo/bin");
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .args(["-e", "-c", script])
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", format!("{}:{path}", own.display()))
            .env("HOME", self.home())
            .env("TZ", "UTC")
            .env("LANG", "C.UTF-8")
            .env("CREATIVEAI_BASE_URL", &self.base_url)
            .env("CREATIVEAI_API_KEY", "sandbox")
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer);
        let mut child = command.spawn().unwrap();
        // Holds the pipe's other end, too.
        drop(command);
        let mut printed = String::new();
        reader.read_to_string(&mut printed).unwrap();
        let code = child.wait().unwrap().code().unwrap_or(-1);
        (self.forget_the_folder(&printed), code)
    }

    /// The text without the folder's address, which is another in every run.
    fn forget_the_folder(&self, text: &str) -> String {
        let real = fs::canonicalize(self.folder()).unwrap();
        let mut text = text.to_owned();
        for folder in [real.as_path(), &self.folder()] {
            text = text.replace(&format!("{}/", folder.display()), "");
        }
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A sandbox of its own, which renders at once, and its address.
fn serve(faults: &[&str]) -> (Server, String) {
    let mut command = Command::new(PROGRAM);
    command
        .args(["sandbox", "--addr", "127.0.0.1:0", "--render-time", "0s"])
        .args(faults)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut server = Server(command.spawn().unwrap());
    let output = BufReader::new(server.0.stderr.take().unwrap()).lines();
    let address = output.map_while(Result::ok).find_map(|line| {
        let (_, rest) = line.split_once("http://")?;
        let end = rest.find(|c: char| c != ':' && c != '.' && !c.is_ascii_digit());
        Some(format!("http://{}", &rest[..end.unwrap_or(rest.len())]))
    });
    (server, address.unwrap())
}
