//! A bare load generator: the same POST over and over, so many in flight, nothing read but the
//! reply. For where `oha` is not installed, and for a second opinion where it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Result, runtime, tell};

/// Sends `body` to `url` `requests` times and prints the seconds it took.
pub fn post(url: &str, body: &str, requests: &str, in_flight: &str) -> Result {
    let (requests, in_flight): (u64, u64) = (requests.parse()?, in_flight.parse()?);
    let uri: hyper::Uri = url.parse()?;
    let host = uri.authority().ok_or("no host")?.as_str().to_owned();
    if !host.starts_with("127.0.0.1:") {
        return Err("only this computer is measured".into());
    }
    let path = uri.path().to_owned();
    let body = Bytes::copy_from_slice(body.as_bytes());
    let seconds = runtime()?.block_on(async move {
        let sent = Arc::new(AtomicU64::new(0));
        let started = Instant::now();
        let workers = (0..in_flight).map(|_| {
            let work = work(
                host.clone(),
                path.clone(),
                body.clone(),
                Arc::clone(&sent),
                requests,
            );
            tokio::spawn(async move { work.await.map_err(|e| e.to_string()) })
        });
        for done in futures::future::join_all(workers).await {
            done??;
        }
        Result::Ok(started.elapsed().as_secs_f64())
    })?;
    tell(format_args!("{seconds:.4}"))
}

async fn work(
    host: String,
    path: String,
    body: Bytes,
    sent: Arc<AtomicU64>,
    requests: u64,
) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(&host).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    while sent.fetch_add(1, Ordering::Relaxed) < requests {
        let request = Request::post(&path)
            .header(HOST, &host)
            .header(CONTENT_TYPE, "application/json")
            .header("authorization", "Bearer rph_live_bench")
            .body(Full::new(body.clone()))?;
        sender.ready().await?;
        let reply = sender.send_request(request).await?;
        if !reply.status().is_success() {
            return Err(format!("the server answered {}", reply.status()).into());
        }
        reply.into_body().collect().await?;
    }
    Ok(())
}
