//! Serves a site over HTTP/1: bounded in connections and in the patience it has with each, and stopped in three steps.
//!
//! It knows nothing of what is served.

mod patience;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};
use warp::filters::BoxedFilter;
use warp::reply::Response;

use patience::Patient;

/// The pause after a failure to accept anybody at all, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Where a request's head that has still not ended is refused.
const MAX_HEAD: usize = 64 << 10;

/// What the server bears.
#[derive(Clone, Copy, Debug)]
pub struct ServerSettings {
    /// Connections at one time; more wait in the system's backlog.
    pub max_connections: usize,
    /// The time for a request's head, counted from the end of the one before: an idle connection ends with it too.
    pub head_timeout: Duration,
    /// How long a peer may take none of what we send before it is given up.
    pub write_patience: Duration,
    /// How long requests in flight may take once the server is to stop.
    pub stop_grace: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            head_timeout: Duration::from_secs(30),
            write_patience: Duration::from_secs(30),
            stop_grace: Duration::from_secs(10),
        }
    }
}

/// Who is at the other end of the connection: an extension of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// A server that waits to be given something to serve.
#[derive(Debug)]
pub struct Server {
    settings: ServerSettings,
    slots: Arc<Semaphore>,
}

impl Server {
    /// A server that bears this much.
    pub fn new(settings: ServerSettings) -> Self {
        let slots = Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS));
        Self { settings, slots: Arc::new(slots) }
    }

    /// Serves `site` on `listener` until `stop`: then accepts nobody more, lets requests in flight end, and at last cuts.
    pub async fn serve(self, listener: TcpListener, site: BoxedFilter<(Response,)>, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        loop {
            let (stream, peer, slot) = tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = connections.join_next() => {
                    look_at(ended);
                    continue;
                }
                next = self.accept(&listener) => next,
            };
            let connection = converse(stream, peer, site.clone(), self.settings, stop.clone());
            connections.spawn(async move {
                connection.await;
                drop(slot);
            });
        }
        drop(listener);
        let ending = async {
            while let Some(ended) = connections.join_next().await {
                look_at(ended);
            }
        };
        if timeout(self.settings.stop_grace, ending).await.is_err() {
            warn!(connections = connections.len(), "cutting connections that did not end in time");
            connections.shutdown().await;
        }
    }

    /// The next connection, as soon as there is a place for it.
    async fn accept(&self, listener: &TcpListener) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
        let slot = self.slots.clone().acquire_owned().await.expect("the semaphore is never closed");
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, peer, slot),
                Err(error) if concerns_one_peer(&error) => debug!(%error, "a connection ended before it began"),
                Err(error) => {
                    error!(%error, "could not accept a connection; trying again");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Whether the failure is over with the connection it happened to.
fn concerns_one_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn look_at(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        error!("a connection panicked outside of any handler");
    }
}

/// Serves one connection until it ends.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    site: BoxedFilter<(Response,)>,
    settings: ServerSettings,
    stop: CancellationToken,
) {
    // Answers are small; waiting for more to send would only delay them. A socket that refuses is served all the same.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Patient::new(stream, settings.write_patience));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_timeout)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_HEAD)
        .serve_connection(io, handler(site, peer));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(error = &error as &dyn Error, %peer, "a connection ended badly");
    }
}

/// The site as hyper calls it: told who asks, and answering even where it panics.
fn handler(
    site: BoxedFilter<(Response,)>,
    peer: SocketAddr,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> {
    let site = TowerToHyperService::new(warp::service(site));
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let (method, uri) = (request.method().clone(), request.uri().clone());
        // Asked to be a proxy (`CONNECT host:1`), there is no path to find a route by.
        let answer = uri.path_and_query().is_some().then(|| AssertUnwindSafe(site.call(request)).catch_unwind());
        async move {
            let Some(answer) = answer else { return Ok(problem(StatusCode::BAD_REQUEST, NO_PATH)) };
            answer.await.unwrap_or_else(|_| {
                error!(%method, path = uri.path(), "a handler panicked");
                Ok(problem(StatusCode::INTERNAL_SERVER_ERROR, BROKEN))
            })
        }
    })
}

const BROKEN: &str = r#"{"type":"urn:hawker:problem:internal","title":"Something went wrong on our side","status":500,"code":"internal"}"#;
const NO_PATH: &str = r#"{"type":"urn:hawker:problem:no_path","title":"The request asks for no path of this server","status":400,"code":"no_path"}"#;

fn problem(status: StatusCode, body: &'static str) -> Response {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    answer
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
