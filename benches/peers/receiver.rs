//! A webhook receiver that reads each delivery, answers 200 and keeps nothing.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use tokio::net::TcpListener;

use super::{Result, report};

/// Serves on a free port of this computer until it is killed, on two threads as `listen` does.
pub fn serve() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        report(format_args!("{}", listener.local_addr()?))?;
        let take = |_: HeaderMap, _: Bytes| async { "kept\n" };
        let app = axum::Router::new().route("/webhooks/creativeai", post(take));
        axum::serve(listener, app).await?;
        Ok(())
    })
}
