//! Connections in, connections out. Below axum's own server, since a reply that gets lost has to
//! end its connection without a byte.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::Request, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tower::Service;

use super::app::{App, CloseConnection};
use super::options::Options;
use super::routes;
use super::shop::{self, Shop};
use super::state::Accepted;
use super::state::SandboxState;
use super::webhooks::WebhookSender;

/// How long requests under way may take to end once the sandbox is asked to stop.
const GRACE: Duration = Duration::from_secs(1);
/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Waited before accepting again when the system had no connection to give (too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running sandbox. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    state: Arc<SandboxState>,
    sender: Arc<WebhookSender>,
    shop: Arc<Mutex<Shop>>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// Serves the vendor's API on `listener`, in tasks of the current runtime, until the returned
/// [`Sandbox`] is stopped or dropped.
///
/// Fails when the listener has no address.
pub async fn start(listener: TcpListener, options: Options) -> io::Result<Sandbox> {
    let addr = listener.local_addr()?;
    let origin = match &options.public_origin {
        Some(origin) => origin.trim_end_matches('/').to_owned(),
        None => format!("http://{addr}"),
    };
    let (stop, stopping) = watch::channel(false);
    let state = Arc::new(SandboxState::new(options, origin));
    let sender = WebhookSender::new(state.clone(), stopping.clone()).map_err(io::Error::other)?;
    let sender = Arc::new(sender);
    let store = Arc::new(Mutex::new(Shop::for_rehearsal()));
    let router = routes::router(App {
        state: state.clone(),
        sender: sender.clone(),
    })
    .merge(shop::router(store.clone()));
    let server = tokio::spawn(serve(listener, router, stopping));
    Ok(Sandbox {
        addr,
        state,
        sender,
        shop: store,
        stop,
        server,
    })
}

impl Sandbox {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What a client's base URL has to be.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The stand-in for a Shopify store: what it holds, and what is to go wrong in it.
    pub fn shop(&self) -> &Arc<Mutex<Shop>> {
        &self.shop
    }

    /// What it has accepted and billed so far, in order.
    pub fn accepted(&self) -> Vec<Accepted> {
        let accepted = self.state.accepted();
        accepted.iter().map(|one| Accepted::clone(one)).collect()
    }

    /// Webhooks that will not be sent, since their address is not on this machine.
    pub fn skipped_webhooks(&self) -> u64 {
        self.sender.counts().skipped
    }

    /// Ends: no new connections, a moment for the requests under way; webhooks that are still to
    /// be delivered are dropped.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // The task ends by itself; were it to panic there would be nothing left to stop.
        let _ = self.server.await;
    }
}

async fn serve(listener: TcpListener, router: Router, mut stopping: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            incoming = listener.accept() => match incoming {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), stopping.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
            // An error says that the `Sandbox` was dropped.
            _ = stopping.changed() => break,
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // What has not ended by then is cut when the set is dropped.
    let _ = tokio::time::timeout(GRACE, ended).await;
}

async fn connection(stream: TcpStream, router: Router, mut stopping: watch::Receiver<bool>) {
    // Small replies must not wait for more to come; where that cannot be set they are just slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        async move {
            let response: Result<Response, Infallible> = router.call(request).await;
            match response {
                Ok(response) if response.extensions().get::<CloseConnection>().is_none() => {
                    Ok(response)
                }
                _ => Err(CloseConnection),
            }
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // How a connection ended, well or badly, is the client's to notice.
    tokio::select! {
        _ = &mut connection => return,
        _ = stopping.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
