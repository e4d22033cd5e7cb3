//! Stands between clients and a database's server: loses or holds back the answers to commits, or is
//! not there at all.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::Gate;
use super::postgres::Database;

#[derive(Default)]
struct State {
    socket: Mutex<PathBuf>,
    /// Answers that are still to be lost, and that were.
    to_lose: AtomicU32,
    lost: AtomicU32,
    /// Holds back the answer to the next commit: reached, and let go.
    hold: Mutex<Option<(Gate, Gate)>>,
    /// Holds back the next commit itself.
    hold_before: Mutex<Option<(Gate, Gate)>>,
    is_away: AtomicBool,
    clients: Mutex<Vec<TcpStream>>,
}

fn socket(folder: &Path) -> PathBuf {
    folder.join(".s.PGSQL.5432")
}

/// A running proxy.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// Before the server whose socket is in `folder`.
    pub fn before(folder: &Path) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            socket: Mutex::new(socket(folder)),
            ..State::default()
        });
        let shared = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.is_away.load(Ordering::SeqCst) {
                    continue;
                }
                let shared = shared.clone();
                let kept = client.try_clone().unwrap();
                shared.clients.lock().unwrap().push(kept);
                thread::spawn(move || relay(client, &shared));
            }
        });
        Self { port, state }
    }

    /// The address of a log by way of it.
    pub fn log(&self, database: &Database, name: &str) -> String {
        self.address(&database.name, name)
    }

    /// The same by the database's name.
    pub fn address(&self, database: &str, name: &str) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/{database}?log={name}",
            self.port
        )
    }

    /// Loses the answers to the next commits, which reach the server.
    pub fn lose(&self, commits: u32) {
        self.state.to_lose.store(commits, Ordering::SeqCst);
    }

    /// How many were lost.
    pub fn lost(&self) -> u32 {
        self.state.lost.load(Ordering::SeqCst)
    }

    /// Holds back the answer to the next commit until the second gate is opened; the first one is
    /// open once the server has it.
    pub fn hold_next(&self) -> (Gate, Gate) {
        let gates = (Gate::default(), Gate::default());
        *self.state.hold.lock().unwrap() = Some(gates.clone());
        gates
    }

    /// Holds back the next commit itself until the second gate is opened, so that its transaction stays
    /// open; the first one is open once the client has asked for it.
    pub fn hold_before_next(&self) -> (Gate, Gate) {
        let gates = (Gate::default(), Gate::default());
        *self.state.hold_before.lock().unwrap() = Some(gates.clone());
        gates
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        for client in self.state.clients.lock().unwrap().drain(..) {
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    /// Is not there until [`Proxy::back`].
    pub fn away(&self) {
        self.state.is_away.store(true, Ordering::SeqCst);
        self.cut();
    }

    /// Leads to the server whose socket is in `folder` from now on, and cuts what led to another.
    pub fn lead_to(&self, folder: &Path) {
        *self.state.socket.lock().unwrap() = socket(folder);
        self.cut();
    }

    pub fn back(&self) {
        self.state.is_away.store(false, Ordering::SeqCst);
    }
}

/// Passes bytes on.
fn relay(mut client: TcpStream, state: &State) {
    let socket = state.socket.lock().unwrap().clone();
    let Ok(mut server) = UnixStream::connect(socket) else {
        let _ = client.shutdown(Shutdown::Both);
        return;
    };
    let mut answers = server.try_clone().unwrap();
    let mut back = client.try_clone().unwrap();
    let is_cut = Arc::new(AtomicBool::new(false));
    let held: Arc<Mutex<Option<(Gate, Gate)>>> = Arc::default();
    let (cut, waiting) = (is_cut.clone(), held.clone());
    let answering = thread::spawn(move || {
        let mut buffer = [0; 1 << 14];
        while let Ok(count @ 1..) = answers.read(&mut buffer) {
            let holds = waiting.lock().unwrap().take();
            if let Some((reached, let_go)) = holds {
                reached.open();
                let_go.wait();
            }
            // The server has committed: this is its answer.
            if cut.load(Ordering::SeqCst) || back.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 1 << 14];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let part = &buffer[..count];
        if part.windows(7).any(|w| w == b"COMMIT\0") {
            let before = state.hold_before.lock().unwrap().take();
            if let Some((reached, let_go)) = before {
                reached.open();
                let_go.wait();
            }
            *held.lock().unwrap() = state.hold.lock().unwrap().take();
            let left = state.to_lose.load(Ordering::SeqCst);
            if left > 0 {
                state.to_lose.store(left - 1, Ordering::SeqCst);
                state.lost.fetch_add(1, Ordering::SeqCst);
                is_cut.store(true, Ordering::SeqCst);
            }
        }
        if server.write_all(part).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
    let _ = answering.join();
}
