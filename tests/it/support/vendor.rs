//! A vendor whose API and whose CDN are two hosts, each keeping what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::{Request, Server, Step, World};

/// An MP4 file's first box, so that it is taken for a video.
const HEAD: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";

/// The bytes of a clip, no two the same.
pub fn clip(name: &str, size: usize) -> Vec<u8> {
    let mut bytes = HEAD.to_vec();
    bytes.extend_from_slice(name.as_bytes());
    let mut rng = fastrand::Rng::with_seed(name.bytes().map(u64::from).sum());
    bytes.resize_with(size.max(bytes.len()), || rng.u8(..));
    bytes
}

/// The whole clip or the range that was asked for, as a CDN with entity tags does it.
pub fn serve(request: &Request, bytes: &[u8], etag: &str) -> Step {
    let first = request
        .header("range")
        .filter(|_| request.header("if-range") == Some(etag))
        .and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse()
                .ok()
        })
        .filter(|first: &usize| *first < bytes.len());
    let step = match first {
        Some(first) => Step::reply(206, &bytes[first..]).with(
            "Content-Range",
            &format!("bytes {first}-{}/{}", bytes.len() - 1, bytes.len()),
        ),
        None => Step::reply(200, bytes),
    };
    step.with("Content-Type", "video/mp4").with("ETag", etag)
}

type Twist = Box<dyn Fn(&Request, Step) -> Step + Send + Sync>;

/// A CDN that serves clips by path and counts.
pub struct Cdn {
    pub server: Server,
    clips: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl Cdn {
    /// Serves what is put in; `twist` may change an answer.
    pub fn start(twist: impl Fn(&Request, Step) -> Step + Send + Sync + 'static) -> Self {
        let twist: Twist = Box::new(twist);
        let clips: Arc<Mutex<HashMap<String, Vec<u8>>>> = Arc::default();
        let server = Server::answering({
            let clips = clips.clone();
            move |request| {
                let path = request.path.split('?').next().unwrap_or_default();
                let step = match clips.lock().unwrap().get(path) {
                    Some(bytes) => serve(request, bytes, &format!("\"{path}\"")),
                    None => Step::reply(404, "no such clip"),
                };
                twist(request, step)
            }
        });
        Self { server, clips }
    }

    /// Serves every clip at once.
    pub fn honest() -> Self {
        Self::start(|_, step| step)
    }

    /// Puts a clip in; its address.
    pub fn put(&self, name: &str, bytes: Vec<u8>) -> String {
        let path = format!("/{name}.mp4");
        self.clips.lock().unwrap().insert(path.clone(), bytes);
        self.server.url() + path.as_str()
    }

    /// The clip at a path.
    pub fn clip(&self, path: &str) -> Vec<u8> {
        self.clips.lock().unwrap()[path].clone()
    }

    /// What was asked for, in order.
    pub fn gets(&self) -> Vec<Request> {
        self.server.polls()
    }

    /// The paths of `gets`, after the first `seen`.
    pub fn paths_after(&self, seen: usize) -> Vec<String> {
        let gets = self.gets();
        gets[seen..].iter().map(|get| get.path.clone()).collect()
    }
}

/// An API that reports to every poll a completed clip at `url(id)`.
pub fn completing(url: impl Fn(&str) -> String + Send + Sync + 'static) -> Server {
    Server::answering(move |request| {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let body = json!({"id": id, "status": "completed", "output_url": url(id), "credits": 5});
        Step::reply(200, body.to_string()).with("Content-Type", "application/json")
    })
}

/// An API that takes each order and reports its clip completed, at `link`.
pub fn taking(link: &str) -> Server {
    let link = link.to_owned();
    Server::answering(move |request| order_or_clip(request, &link))
}

/// The answer of [`taking`]: to an order, or to a poll.
pub fn order_or_clip(request: &Request, link: &str) -> Step {
    let (id, status) = if request.method == "POST" {
        let key = request.idempotency_key();
        (format!("vgen_{}", &key[..8]), "pending")
    } else {
        let id = request.path.rsplit('/').next().unwrap();
        (id.to_owned(), "completed")
    };
    let body = json!({"id": id, "status": status, "output_url": link, "credits": 5});
    Step::reply(200, body.to_string()).with("Content-Type", "application/json")
}

/// An API that no one is to ask.
pub fn unused_api() -> Server {
    Server::answering(|request| panic!("{} {} was asked", request.method, request.path))
}

/// A folder with a log in it, facing `api`.
pub fn world(api: &Server, log: &str) -> World {
    let world = World::facing(api);
    world.write("jobs.jsonl", log);
    world
}
