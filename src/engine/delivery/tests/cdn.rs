//! A stand-in for a CDN: serves clips with ranges, and misbehaves on request.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures::StreamExt;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

/// How the next request for a path is answered.
#[derive(Clone, Debug)]
pub enum Step {
    /// As it should be.
    Serve,
    /// As it should be, while another run that ends removes this folder if it is empty.
    Swept(PathBuf),
    /// The first bytes, then the connection ends.
    CutAfter(usize),
    /// Only a status.
    Status(u16),
    /// A status and a `Retry-After`.
    Later(u16, &'static str),
    /// A page that says so.
    Page,
    /// A page that calls itself a video.
    HiddenPage,
    Empty,
    Redirect(String),
    /// A range other than the one asked for.
    WrongRange,
    /// No length: in chunks.
    Chunked,
}

#[derive(Default)]
struct Shared {
    clips: Mutex<HashMap<String, Vec<u8>>>,
    script: Mutex<HashMap<String, VecDeque<Step>>>,
    seen: Mutex<Vec<(String, HeaderMap)>>,
}

pub struct Cdn {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Cdn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Cdn {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let app = axum::Router::new()
            .fallback(answer)
            .with_state(shared.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            address,
            shared,
            task,
        }
    }

    /// Offers a clip; its address.
    pub fn offer(&self, path: &str, clip: Vec<u8>, steps: &[Step]) -> String {
        let mut clips = self.shared.clips.lock().unwrap();
        clips.insert(path.to_owned(), clip);
        let mut script = self.shared.script.lock().unwrap();
        script.insert(path.to_owned(), steps.iter().cloned().collect());
        self.url(path)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Paths and headers of the requests so far.
    pub fn seen(&self) -> Vec<(String, HeaderMap)> {
        self.shared.seen.lock().unwrap().clone()
    }
}

/// A clip of `len` bytes that begins like an MP4 file.
pub fn clip(len: usize, seed: u8) -> Vec<u8> {
    let mut clip = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec();
    clip.extend((clip.len()..len).map(|i| (i % 251) as u8 ^ seed));
    clip
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let headers = request.headers().clone();
    shared
        .seen
        .lock()
        .unwrap()
        .push((path.clone(), headers.clone()));
    let step = shared
        .script
        .lock()
        .unwrap()
        .get_mut(&path)
        .and_then(VecDeque::pop_front)
        .unwrap_or(Step::Serve);
    let Some(clip) = shared.clips.lock().unwrap().get(&path).cloned() else {
        return status(404);
    };
    match step {
        Step::Serve => serve(&clip, &headers, None),
        Step::Swept(folder) => {
            let _ = std::fs::remove_dir(folder);
            serve(&clip, &headers, None)
        }
        Step::CutAfter(bytes) => serve(&clip, &headers, Some(bytes)),
        Step::Status(code) => status(code),
        Step::Later(code, when) => {
            let mut response = status(code);
            let when = HeaderValue::from_static(when);
            response.headers_mut().insert(header::RETRY_AFTER, when);
            response
        }
        Step::Page => page("text/html"),
        Step::HiddenPage => page("video/mp4"),
        Step::Empty => serve(&[], &HeaderMap::new(), None),
        Step::Redirect(to) => {
            let mut response = status(302);
            let to = HeaderValue::from_str(&to).unwrap();
            response.headers_mut().insert(header::LOCATION, to);
            response
        }
        Step::WrongRange => {
            let mut response = serve(&clip, &headers, None);
            let wrong = HeaderValue::from_str(&format!("bytes 0-9/{}", clip.len())).unwrap();
            response.headers_mut().insert(header::CONTENT_RANGE, wrong);
            response
        }
        Step::Chunked => {
            let chunks = clip
                .chunks(1000)
                .map(|c| Ok::<_, std::io::Error>(Bytes::copy_from_slice(c)));
            let body = Body::from_stream(futures::stream::iter(chunks.collect::<Vec<_>>()));
            Response::builder()
                .header(header::CONTENT_TYPE, "video/mp4")
                .body(body)
                .unwrap()
        }
    }
}

fn serve(clip: &[u8], headers: &HeaderMap, cut_after: Option<usize>) -> Response<Body> {
    let tag = format!(
        "\"{}-{}\"",
        clip.len(),
        clip.iter().map(|&b| u64::from(b)).sum::<u64>()
    );
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let from = text(header::RANGE)
        .filter(|_| text(header::IF_RANGE).is_none_or(|wanted| wanted == tag))
        .and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse()
                .ok()
        });
    let mut builder = Response::builder()
        .header(header::CONTENT_TYPE, "video/mp4")
        .header(header::ETAG, &tag);
    let from: usize = match from {
        Some(from) if from >= clip.len() => {
            let range = format!("bytes */{}", clip.len());
            return builder
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(header::CONTENT_RANGE, range)
                .body(Body::empty())
                .unwrap();
        }
        Some(from) => {
            let range = format!("bytes {from}-{}/{}", clip.len() - 1, clip.len());
            builder = builder
                .status(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_RANGE, range);
            from
        }
        None => 0,
    };
    let rest = clip[from..].to_vec();
    builder = builder.header(header::CONTENT_LENGTH, rest.len());
    let body = match cut_after {
        None => Body::from(rest),
        Some(bytes) => {
            let start = Bytes::from(rest[..bytes.min(rest.len())].to_vec());
            let cut = async {
                // Lets the server write what it has before the connection ends.
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                Err(std::io::Error::other("cut"))
            };
            let start = futures::stream::iter([Ok(start)]);
            Body::from_stream(start.chain(futures::stream::once(cut)))
        }
    };
    builder.body(body).unwrap()
}

fn status(code: u16) -> Response<Body> {
    Response::builder()
        .status(code)
        .body(Body::empty())
        .unwrap()
}

fn page(content_type: &'static str) -> Response<Body> {
    Response::builder()
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from("<!doctype html><title>Sorry</title>"))
        .unwrap()
}
