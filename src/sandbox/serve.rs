//! Serves the sandbox's routes on a listener; a handler may ask that its connection be cut without an answer.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;

/// The answer of a handler.
pub(super) type Response = http::Response<String>;

/// Marks an answer that must never be given: the connection is closed in its place.
#[derive(Clone, Copy)]
struct Cut;

/// An answer that closes the connection without a byte.
pub(super) fn cut() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(Cut);
    response
}

/// Serves until it is told to stop, and then drops every connection.
pub(super) async fn serve(listener: TcpListener, routes: BoxedFilter<(Response,)>, stop: CancellationToken) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                let connection = serve_connection(stream, routes.clone());
                let stop = stop.clone();
                tokio::spawn(async move { stop.run_until_cancelled(connection).await });
            }
            // Out of file handles, most likely: give those in use a moment to be freed.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// A caller that goes away in mid-call ends its own connection and nothing else.
async fn serve_connection(stream: TcpStream, routes: BoxedFilter<(Response,)>) {
    // Answers are small and waited for.
    _ = stream.set_nodelay(true);
    let routes = TowerToHyperService::new(warp::service(routes));
    let service = service_fn(move |request| {
        let answer = routes.call(request);
        async move {
            let response = answer.await.unwrap_or_else(|never: Infallible| match never {});
            match response.extensions().get::<Cut>() {
                Some(Cut) => Err(io::Error::other("cut on request")),
                None => Ok(response),
            }
        }
    });
    _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
