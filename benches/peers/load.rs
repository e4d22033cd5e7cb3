//! A bare load generator: the same POST over and over, so many in flight, nothing read but the
//! reply. With a log, a line before each POST and one after it is durable before it goes on: what
//! is left to gain for a program that keeps that promise and does nothing else.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::{Result, report, runtime};

/// Sends `body` to `url` `requests` times and prints the seconds it took. `log` may be empty.
pub fn post(url: &str, body: &str, requests: &str, in_flight: &str, log: &str) -> Result {
    let (requests, in_flight): (u64, u64) = (requests.parse()?, in_flight.parse()?);
    let uri: hyper::Uri = url.parse()?;
    let host = uri.authority().ok_or("no host")?.as_str().to_owned();
    if !host.starts_with("127.0.0.1:") {
        return Err("only this computer is measured".into());
    }
    let work = Arc::new(Work {
        host,
        path: uri.path().to_owned(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        left: AtomicU64::new(requests),
        log: if log.is_empty() {
            None
        } else {
            Some(Log::open(log)?)
        },
    });
    let seconds = runtime()?.block_on(async move {
        let started = Instant::now();
        let workers = (0..in_flight).map(|_| {
            let work = Arc::clone(&work);
            tokio::spawn(async move { work.run().await.map_err(|e| e.to_string()) })
        });
        for done in futures::future::join_all(workers).await {
            done??;
        }
        Result::Ok(started.elapsed().as_secs_f64())
    })?;
    report(format_args!("{seconds:.4}"))
}

struct Work {
    host: String,
    path: String,
    body: Bytes,
    left: AtomicU64,
    log: Option<Log>,
}

impl Work {
    async fn run(&self) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(&self.host).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let take = |left: u64| left.checked_sub(1);
        while self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
        {
            self.note(BEFORE).await?;
            let request = Request::post(&self.path)
                .header(HOST, &self.host)
                .header(CONTENT_TYPE, "application/json")
                .header("authorization", "Bearer rph_live_bench")
                .body(Full::new(self.body.clone()))?;
            sender.ready().await?;
            let reply = sender.send_request(request).await?;
            if !reply.status().is_success() {
                return Err(format!("the server answered {}", reply.status()).into());
            }
            reply.into_body().collect().await?;
            self.note(AFTER).await?;
        }
        Ok(())
    }

    async fn note(&self, len: usize) -> std::result::Result<(), &'static str> {
        match &self.log {
            None => Ok(()),
            Some(log) => log
                .append(len)
                .await
                .map_err(|_| "the log cannot be written"),
        }
    }
}

/// About as long as the lines before and after a POST are.
const BEFORE: usize = 400;
const AFTER: usize = 200;

/// Makes lines durable, as many at a time as have gathered.
struct Log(mpsc::Sender<(usize, oneshot::Sender<()>)>);

impl Log {
    fn open(path: &str) -> std::io::Result<Self> {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        let (sender, lines) = mpsc::channel::<(usize, oneshot::Sender<()>)>();
        std::thread::spawn(move || {
            while let Ok(first) = lines.recv() {
                let batch: Vec<_> = std::iter::once(first).chain(lines.try_iter()).collect();
                let bytes = vec![b'x'; batch.iter().map(|(len, _)| len).sum()];
                // Who waits learns of an error by getting no answer.
                if file
                    .write_all(&bytes)
                    .and_then(|()| file.sync_data())
                    .is_err()
                {
                    return;
                }
                for (_, done) in batch {
                    let _ = done.send(());
                }
            }
        });
        Ok(Self(sender))
    }

    fn append(&self, len: usize) -> oneshot::Receiver<()> {
        let (sender, done) = oneshot::channel();
        // As above.
        let _ = self.0.send((len, sender));
        done
    }
}
