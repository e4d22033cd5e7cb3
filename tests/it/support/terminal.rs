//! A real terminal of a chosen width, and someone who sits at it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::support::World;
use crate::support::gate::PATIENCE;
use crate::support::world::PROGRAM;

/// A program whose three streams are a terminal. Dropping it kills the program.
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: mpsc::Receiver<Vec<u8>>,
    seen: Vec<u8>,
}

impl Terminal {
    /// Runs the program at a terminal with so many columns.
    pub fn run(world: &World, columns: u16, args: &[&str]) -> Self {
        Self::start(world.command(PROGRAM, args), columns)
    }

    /// Runs the program in a session of its own, so that the terminal is also the one behind
    /// `/dev/tty`.
    #[cfg(target_os = "linux")]
    pub fn run_in_session(world: &World, columns: u16, args: &[&str]) -> Self {
        let mut all = vec!["--ctty", "--wait", PROGRAM];
        all.extend(args);
        Self::start(world.command("setsid", &all), columns)
    }

    fn start(mut command: Command, columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let size = Winsize {
            ws_row: 50,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&slave, size).unwrap();
        let stream = || Stdio::from(slave.try_clone().unwrap());
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm-256color");
        }
        let child = command
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .unwrap();
        // The command holds the terminal's other end, too, and with it the end of what it shows.
        drop((command, slave));
        let keyboard = File::from(master);
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 12];
            // Linux says that it failed when no one is left at the other end.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            seen: Vec::new(),
        }
    }

    /// Waits until the screen has shown `words`.
    #[track_caller]
    pub fn wait_for(&mut self, words: &str) {
        while !self.text().contains(words) {
            assert!(self.more(), "it never said {words:?}: {}", self.text());
        }
    }

    /// Waits until what is typed is no longer shown.
    #[cfg_attr(
        not(target_os = "linux"),
        allow(dead_code, reason = "only a terminal of a session asks for a key")
    )]
    pub fn wait_until_hidden(&self) {
        let deadline = std::time::Instant::now() + PATIENCE;
        let shown = || {
            let modes = tcgetattr(self.keyboard.as_fd()).unwrap().local_modes;
            modes.contains(LocalModes::ECHO)
        };
        while shown() {
            assert!(std::time::Instant::now() < deadline, "it is still shown");
            std::thread::yield_now();
        }
    }

    /// Types.
    pub fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Waits for the end. All that was shown, and the exit code.
    pub fn end(mut self) -> (String, i32) {
        while self.more() {}
        let code = self.child.wait().unwrap().code().unwrap();
        (self.text(), code)
    }

    fn more(&mut self) -> bool {
        match self.screen.recv_timeout(PATIENCE) {
            Ok(piece) => {
                self.seen.extend(piece);
                true
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => false,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs: {}", self.text()),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).replace("\r\n", "\n")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text without colors.
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic());
        rest = end.map_or("", |end| &after[end + 1..]);
    }
    out + rest
}
