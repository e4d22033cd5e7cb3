//! The vendor's two calls with nothing behind them: each POST has a new id, each GET has ended.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::{Result, report, runtime};

/// Serves on a free port of this computer until it is killed. A POST is answered after
/// `latency` milliseconds.
pub fn serve(latency: &str) -> Result {
    let latency = Duration::from_millis(latency.parse()?);
    let ids = Arc::new(AtomicU64::new(0));
    runtime()?.block_on(async move {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        report(format_args!("{}", listener.local_addr()?))?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let ids = Arc::clone(&ids);
            tokio::spawn(async move {
                let answer = service_fn(move |request| answer(request, latency, Arc::clone(&ids)));
                // A client that goes away ends its connection, nothing more.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    })
}

async fn answer(
    request: Request<Incoming>,
    latency: Duration,
    ids: Arc<AtomicU64>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = if request.method() == Method::POST {
        // What was sent is read, as any server would.
        let _ = request.into_body().collect().await;
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let id = ids.fetch_add(1, Ordering::Relaxed);
        let body = format!("{{\"id\":\"vgen_bench{id:010}\",\"status\":\"pending\"}}");
        (StatusCode::ACCEPTED, body)
    } else {
        let id = request.uri().path().rsplit('/').next().unwrap_or_default();
        let body = format!(
            "{{\"id\":\"{id}\",\"object\":\"video.generation\",\"status\":\"completed\",\
             \"model\":\"kling-v3\",\"output_url\":\"https://cdn.example.com/{id}.mp4\",\
             \"credits\":5,\"failover_used\":false,\"completed_at\":\"2026-03-12T09:22:17Z\"}}"
        );
        (StatusCode::OK, body)
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}
