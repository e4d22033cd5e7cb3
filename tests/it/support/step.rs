//! What the server does with one request.

use std::fmt;
use std::sync::Arc;

use super::Gate;

/// Points in a request's life at which a test can put its foot in the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The whole request was read; nothing has become of it yet.
    Read,
    /// It was billed, if it is to be.
    Billed,
    /// Half of the reply is on its way.
    HalfReplied,
    /// All of it is.
    Replied,
}

/// What is sent back.
#[derive(Clone, Debug)]
pub enum Answer {
    /// An accepted generation: HTTP status, status word, and the id (made up when `None`).
    Accepted {
        code: u16,
        word: String,
        id: Option<String>,
    },
    /// Anything else.
    Reply {
        code: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// Nothing: the connection is closed.
    Close,
    /// Nothing: the connection is reset.
    Reset,
    /// Nothing at all, until the client goes away.
    Silence,
}

type Hook = Arc<dyn Fn() + Send + Sync>;

/// One step of a script.
#[derive(Clone)]
pub struct Step {
    pub answer: Answer,
    /// Whether the vendor has taken the request and the credits.
    pub bills: bool,
    /// Only so much of the reply is sent before the connection is closed: so many bytes are
    /// missing.
    pub missing: usize,
    /// Sent after the reply though no one has asked for it: in the same write, or once the hooks
    /// of [`Phase::Replied`] are through.
    pub stray: Vec<u8>,
    pub stray_at_once: bool,
    hooks: Vec<(Phase, Hook)>,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("answer", &self.answer)
            .field("bills", &self.bills)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

impl Step {
    fn new(answer: Answer) -> Self {
        Self {
            bills: matches!(answer, Answer::Accepted { .. }),
            answer,
            missing: 0,
            stray: Vec::new(),
            stray_at_once: false,
            hooks: Vec::new(),
        }
    }

    /// 202 with a fresh id: accepted and billed.
    pub fn accept() -> Self {
        Self::accept_as("pending")
    }

    /// The same with another status word.
    pub fn accept_as(word: &str) -> Self {
        Self::new(Answer::Accepted {
            code: 202,
            word: word.to_owned(),
            id: None,
        })
    }

    /// Accepted under this id.
    pub fn accept_under(id: &str) -> Self {
        Self::new(Answer::Accepted {
            code: 202,
            word: "pending".to_owned(),
            id: Some(id.to_owned()),
        })
    }

    /// A reply of any kind; nothing is billed.
    pub fn reply(code: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(Answer::Reply {
            code,
            headers: Vec::new(),
            body: body.into(),
        })
    }

    /// The connection is closed without a reply.
    pub fn close() -> Self {
        Self::new(Answer::Close)
    }

    /// The connection is reset without a reply.
    pub fn reset() -> Self {
        Self::new(Answer::Reset)
    }

    /// No reply, ever.
    pub fn silence() -> Self {
        Self::new(Answer::Silence)
    }

    /// With another HTTP status, on an accepted generation.
    pub fn coded(mut self, new: u16) -> Self {
        if let Answer::Accepted { code, .. } = &mut self.answer {
            *code = new;
        }
        self
    }

    /// With a header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Answer::Reply { headers, .. } = &mut self.answer {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Billed all the same.
    pub fn billed(mut self) -> Self {
        self.bills = true;
        self
    }

    /// The connection is closed when so many bytes of the reply are still to come.
    pub fn cut_before_the_last(mut self, bytes: usize) -> Self {
        self.missing = bytes;
        self
    }

    /// Followed by another whole reply, which accepts under `id`; in the same write where that is
    /// `at_once`.
    pub fn and_unasked(mut self, id: &str, at_once: bool) -> Self {
        let body = format!(r#"{{"id":"{id}","status":"pending"}}"#);
        let length = body.len();
        let head = format!("HTTP/1.1 202 Whatever\r\nContent-Length: {length}\r\n\r\n");
        self.stray = format!("{head}{body}").into_bytes();
        self.stray_at_once = at_once;
        self
    }

    /// Calls `hook` at `phase`.
    pub fn at(mut self, phase: Phase, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.push((phase, Arc::new(hook)));
        self
    }

    /// Waits at `phase` until the gate is opened.
    pub fn held_at(self, phase: Phase, gate: &Gate) -> Self {
        let gate = gate.clone();
        self.at(phase, move || gate.wait())
    }

    pub(super) fn reach(&self, phase: Phase) {
        for (_, hook) in self.hooks.iter().filter(|(p, _)| *p == phase) {
            hook();
        }
    }
}
