//! A server on a free port and a client that writes what it likes, for tests.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::{Server, ServerSettings};

/// A server that is running.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) ended: JoinHandle<()>,
}

/// Starts a server for `site`.
pub(crate) async fn start(site: BoxedFilter<(Response,)>, settings: ServerSettings) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let ended = tokio::spawn(Server::new(settings).serve(listener, site, stop.clone()));
    Running { address, stop, ended }
}

impl Running {
    /// A connection on which `bytes` are already sent.
    pub(crate) async fn connect(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// What comes back until the server closes the connection.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> String {
        rest(&mut self.connect(bytes).await).await
    }
}

/// What comes until the other side closes.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset after the answer is an end too.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// The next answer up to the end of `until`.
pub(crate) async fn read_until(stream: &mut TcpStream, until: &str) -> String {
    let mut answer = String::new();
    while !answer.ends_with(until) {
        answer.push(char::from(stream.read_u8().await.unwrap()));
    }
    answer
}
