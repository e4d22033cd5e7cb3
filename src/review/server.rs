//! Addresses, guards, and the questions behind them.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use super::file;
use crate::jobs::{Credits, JobKey, ReviewVerdict};

/// Bytes of the largest question: a prompt.
const LONGEST_BODY: usize = 64 << 10;
/// How long replies under way may take once the page is closed.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    Page,
    /// A clip on this computer.
    Clip(JobKey, u32),
    /// That a verdict is written down.
    Look(JobKey, u32, ReviewVerdict),
    /// That a clip is ordered again.
    Order {
        job: JobKey,
        /// The attempt whose clip is not wanted.
        attempt: u32,
        /// What is asked for.
        prompt: String,
        /// What the person agreed to pay, in credits, as the page showed it.
        credits: Credits,
    },
    /// That the person is done.
    Done,
}

#[derive(Debug)]
pub enum Answer {
    /// The page, and the policy that holds on it.
    Page {
        html: Vec<u8>,
        /// The content security policy.
        policy: String,
    },
    /// A file on this computer.
    File(PathBuf),
    /// It was done; a sentence about it.
    Done(String),
    /// It was not; why.
    Refused(String),
    /// There is no such thing.
    Missing,
}

/// Something that is asked, and where the answer goes.
pub struct Question {
    pub ask: Ask,
    reply: oneshot::Sender<Answer>,
}

impl Question {
    /// Answers it. A page that was closed meanwhile hears nothing.
    pub fn answer(self, answer: Answer) {
        let _ = self.reply.send(answer);
    }
}

/// Why the server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerEnd {
    /// The person ended it on the page.
    Done,
    /// It was stopped from elsewhere.
    Stopped,
}

/// 128 bits that no one can guess, in hexadecimal digits.
pub fn token() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(base16ct::lower::encode_string(&bytes))
}

struct App {
    token: String,
    /// The names by which a browser may know it: `127.0.0.1:PORT` and `localhost:PORT`.
    hosts: [String; 2],
    questions: mpsc::Sender<Question>,
    done: watch::Sender<bool>,
}

/// Serves the page below `/TOKEN/` until the person is done or `stopped` resolves. Each question is
/// sent to `questions`.
pub async fn serve(
    listener: TcpListener,
    token: String,
    questions: mpsc::Sender<Question>,
    stopped: impl Future<Output = ()>,
) -> io::Result<ServerEnd> {
    let port = listener.local_addr()?.port();
    let (done, mut is_done) = watch::channel(false);
    let app = Arc::new(App {
        token,
        hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
        questions,
        done,
    });
    let router = Router::new()
        .route("/{token}/", get(page))
        .route("/{token}/clip/{job}/{attempt}", get(clip))
        .route("/{token}/look", post(look))
        .route("/{token}/order", post(order))
        .route("/{token}/done", post(finished))
        .fallback(async || StatusCode::NOT_FOUND)
        .with_state(app);
    let (end, mut ending) = watch::channel(false);
    let shutdown = async move {
        // An error says that the server is gone already.
        let _ = ending.wait_for(|end| *end).await;
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(shutdown);
    let mut serving = std::pin::pin!(serving.into_future());
    let served = tokio::select! {
        ended = &mut serving => return ended.map(|()| ServerEnd::Stopped),
        _ = is_done.wait_for(|done| *done) => ServerEnd::Done,
        () = stopped => ServerEnd::Stopped,
    };
    end.send_replace(true);
    // A player that takes no more bytes must not keep it.
    match tokio::time::timeout(GRACE, serving).await {
        Ok(ended) => ended.map(|()| served),
        Err(_) => Ok(served),
    }
}

/// Why a request gets nothing.
enum RequestRejection {
    /// Not the page's address: nothing is reported about what is here.
    Unknown,
    /// Another site's page, or another name for this computer.
    Foreign,
}

impl IntoResponse for RequestRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND.into_response(),
            Self::Foreign => StatusCode::FORBIDDEN.into_response(),
        }
    }
}

impl App {
    /// Lets requests of the page through.
    fn admit(&self, token: &str, headers: &HeaderMap) -> Result<(), RequestRejection> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        if !self.hosts.iter().any(|known| known == host) {
            return Err(RequestRejection::Foreign);
        }
        // Digests differ from their first byte on, so that no time shows how much was right.
        if Sha256::digest(token) != Sha256::digest(&self.token) {
            return Err(RequestRejection::Unknown);
        }
        Ok(())
    }

    /// Lets requests of the page through that change something.
    fn admit_change(&self, token: &str, headers: &HeaderMap) -> Result<(), RequestRejection> {
        self.admit(token, headers)?;
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        let is_ours = text(header::ORIGIN) == Some(&*format!("http://{host}"));
        // No form of another page can send it.
        let is_json = text(header::CONTENT_TYPE) == Some("application/json");
        if is_ours && is_json {
            Ok(())
        } else {
            Err(RequestRejection::Foreign)
        }
    }

    async fn ask(&self, ask: Ask) -> Answer {
        let (reply, answered) = oneshot::channel();
        if self.questions.send(Question { ask, reply }).is_err() {
            return Answer::Missing;
        }
        answered.await.unwrap_or(Answer::Missing)
    }
}

async fn page(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, RequestRejection> {
    app.admit(&token, &headers)?;
    Ok(respond(app.ask(Ask::Page).await))
}

async fn clip(
    State(app): State<Arc<App>>,
    Path((token, job, attempt)): Path<(String, String, u32)>,
    headers: HeaderMap,
) -> Result<Response, RequestRejection> {
    app.admit(&token, &headers)?;
    let Some(job) = JobKey::parse(&job) else {
        return Err(RequestRejection::Unknown);
    };
    match app.ask(Ask::Clip(job, attempt)).await {
        Answer::File(path) => {
            let reply = file::reply(&path, &headers).await;
            Ok(reply.unwrap_or_else(|_| StatusCode::NOT_FOUND.into_response()))
        }
        other => Ok(respond(other)),
    }
}

#[derive(Deserialize)]
struct LookBody {
    job: String,
    attempt: u32,
    verdict: String,
}

async fn look(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, RequestRejection> {
    app.admit_change(&token, &headers)?;
    let parsed = read::<LookBody>(body).await.and_then(|body| {
        let job = JobKey::parse(&body.job)?;
        Some(Ask::Look(
            job,
            body.attempt,
            ReviewVerdict::parse(&body.verdict)?,
        ))
    });
    answer(&app, parsed).await
}

#[derive(Deserialize)]
struct OrderBody {
    job: String,
    attempt: u32,
    prompt: String,
    credits: String,
}

async fn order(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, RequestRejection> {
    app.admit_change(&token, &headers)?;
    let parsed = read::<OrderBody>(body).await.and_then(|body| {
        Some(Ask::Order {
            job: JobKey::parse(&body.job)?,
            attempt: body.attempt,
            prompt: body.prompt,
            credits: Credits::from_number(body.credits.parse().ok()?)?,
        })
    });
    answer(&app, parsed).await
}

async fn finished(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, RequestRejection> {
    app.admit_change(&token, &headers)?;
    let reply = respond(app.ask(Ask::Done).await);
    app.done.send_replace(true);
    Ok(reply)
}

async fn read<T: for<'a> Deserialize<'a>>(body: Body) -> Option<T> {
    let bytes: Bytes = axum::body::to_bytes(body, LONGEST_BODY).await.ok()?;
    serde_json::from_slice(&bytes).ok()
}

async fn answer(app: &App, ask: Option<Ask>) -> Result<Response, RequestRejection> {
    Ok(match ask {
        Some(ask) => respond(app.ask(ask).await),
        None => StatusCode::BAD_REQUEST.into_response(),
    })
}

fn respond(answer: Answer) -> Response {
    let say = |status, is_done: bool, message: String| {
        let body = json!({ "ok": is_done, "message": message }).to_string();
        (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let mut reply = match answer {
        Answer::Page { html, policy } => (
            [
                (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
                (header::CONTENT_SECURITY_POLICY, policy),
            ],
            html,
        )
            .into_response(),
        Answer::Done(message) => say(StatusCode::OK, true, message),
        Answer::Refused(message) => say(StatusCode::CONFLICT, false, message),
        Answer::File(_) | Answer::Missing => StatusCode::NOT_FOUND.into_response(),
    };
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        // The token must not go to the servers of photos and clips.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        let value = header::HeaderValue::from_static(value);
        reply.headers_mut().insert(name, value);
    }
    reply
}
