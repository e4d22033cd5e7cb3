//! A vendor that lies, hangs, cuts and resets, byte for byte as a script says, and keeps a ledger
//! of what it has really accepted.

use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use socket2::SockRef;

use super::gate::PATIENCE;
use super::step::Answer;
use super::{Phase, Request, Step};

/// One accepted request: what the vendor would have charged for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// `JOB.ATTEMPT`
    pub key: String,
    pub id: String,
    pub body: Vec<u8>,
}

impl Bill {
    /// The job it was for.
    pub fn job(&self) -> &str {
        self.key.split('.').next().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct State {
    connections: usize,
    posts: Vec<Request>,
    polls: Vec<Request>,
    bills: Vec<Bill>,
    /// How many of the next connections are closed before a byte is read.
    unread: usize,
    closing: bool,
}

type Script = Box<dyn Fn(&Request) -> Step + Send + Sync>;

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    script: Script,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Listens on a port of its own until it is dropped.
pub struct Server {
    shared: Arc<Shared>,
    addr: SocketAddr,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers each POST as `script` says; polls are answered that the clip renders.
    pub fn start(script: impl Fn(&Request) -> Step + Send + Sync + 'static) -> Self {
        Self::answering(move |request| match request.method.as_str() {
            "POST" => script(request),
            _ => rendering(request),
        })
    }

    /// Answers each request as `script` says.
    pub fn answering(script: impl Fn(&Request) -> Step + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            script: Box::new(script),
        });
        let listening = std::thread::spawn({
            let shared = shared.clone();
            move || listen(&listener, &shared)
        });
        Self {
            shared,
            addr,
            listening: Some(listening),
        }
    }

    /// Answers the first POSTs with these steps, the others with an acceptance.
    pub fn scripted(steps: Vec<Step>) -> Self {
        Self::start(move |post| steps.get(post.number).cloned().unwrap_or_else(Step::accept))
    }

    /// Accepts everything.
    pub fn accepting() -> Self {
        Self::scripted(Vec::new())
    }

    /// Closes the next `count` connections before it reads a byte from them.
    pub fn close_unread(&self, count: usize) {
        self.shared.state().unread = count;
    }

    /// Its address as a base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Every POST that was read whole, in the order of their arrival.
    pub fn posts(&self) -> Vec<Request> {
        self.shared.state().posts.clone()
    }

    /// Every poll.
    pub fn polls(&self) -> Vec<Request> {
        self.shared.state().polls.clone()
    }

    /// Everything that was accepted.
    pub fn bills(&self) -> Vec<Bill> {
        self.shared.state().bills.clone()
    }

    /// The photos of what was accepted, in order.
    pub fn paid_photos(&self) -> Vec<String> {
        let photo = |bill: &Bill| {
            let body: Value = serde_json::from_slice(&bill.body).unwrap();
            body["image_url"].as_str().unwrap().to_owned()
        };
        self.bills().iter().map(photo).collect()
    }

    /// How many connections were made, used or not.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Returns once `count` POSTs have been read.
    pub fn wait_for_posts(&self, count: usize) {
        self.wait_for(|state| state.posts.len() >= count);
    }

    /// Returns once `count` polls have been read.
    #[cfg_attr(windows, allow(dead_code, reason = "its tests are for Unix"))]
    pub fn wait_for_polls(&self, count: usize) {
        self.wait_for(|state| state.polls.len() >= count);
    }

    fn wait_for(&self, enough: impl Fn(&State) -> bool) {
        let state = self.shared.state();
        let (_state, late) = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !enough(state))
            .unwrap();
        assert!(!late.timed_out(), "too few requests came");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.state().closing = true;
        // Wakes the listener up.
        let _ = TcpStream::connect_timeout(&self.addr, Duration::from_secs(5));
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn rendering(poll: &Request) -> Step {
    let id = poll.path.rsplit('/').next().unwrap_or_default();
    Step::reply(200, json!({"id": id, "status": "processing"}).to_string())
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        let mut state = shared.state();
        if state.closing {
            return;
        }
        let Ok(stream) = stream else { continue };
        state.connections += 1;
        if state.unread > 0 {
            state.unread -= 1;
            continue;
        }
        drop(state);
        let shared = shared.clone();
        // It ends with its client, which every test ends before the server.
        std::thread::spawn(move || {
            // A client that goes away in the middle is what some tests are about.
            let _ = serve(stream, &shared);
        });
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = Request::read(&mut reader)? {
        {
            let mut state = shared.state();
            let seen = match request.method.as_str() {
                "POST" => &mut state.posts,
                _ => &mut state.polls,
            };
            request.number = seen.len();
            seen.push(request.clone());
            shared.changed.notify_all();
        }
        let step = (shared.script)(&request);
        step.reach(Phase::Read);
        let id = match &step.answer {
            Answer::Accepted { id: Some(id), .. } => id.clone(),
            _ => format!(
                "vgen_{:04}_{}",
                request.number,
                request.idempotency_key().replace('.', "_")
            ),
        };
        if step.bills {
            shared.state().bills.push(Bill {
                key: request.idempotency_key().to_owned(),
                id: id.clone(),
                body: request.body.clone(),
            });
        }
        step.reach(Phase::Billed);
        if !answer(reader.get_mut(), &step, &id)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether the connection goes on.
fn answer(stream: &mut TcpStream, step: &Step, id: &str) -> io::Result<bool> {
    let reply = match &step.answer {
        Answer::Accepted { code, word, .. } => {
            let body = json!({"id": id, "status": word}).to_string();
            write_reply(*code, &[], body.as_bytes())
        }
        Answer::Reply {
            code,
            headers,
            body,
        } => write_reply(*code, headers, body),
        Answer::Close => return Ok(false),
        Answer::Reset => {
            SockRef::from(&*stream).set_linger(Some(Duration::ZERO))?;
            return Ok(false);
        }
        Answer::Silence => {
            let mut rest = [0; 64];
            while stream.read(&mut rest)? > 0 {}
            return Ok(false);
        }
    };
    let end = reply.len().saturating_sub(step.missing);
    let half = end / 2;
    stream.write_all(&reply[..half])?;
    step.reach(Phase::HalfReplied);
    if step.stray_at_once {
        stream.write_all(&[&reply[half..end], &step.stray].concat())?;
        step.reach(Phase::Replied);
    } else {
        stream.write_all(&reply[half..end])?;
        step.reach(Phase::Replied);
        stream.write_all(&step.stray)?;
    }
    Ok(step.missing == 0)
}

fn write_reply(code: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!(
        "HTTP/1.1 {code} Whatever\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.extend([name.as_str(), ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    let mut reply = head.into_bytes();
    reply.extend_from_slice(body);
    reply
}
