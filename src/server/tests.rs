//! The server over real sockets, with peers that are slow, silent or too many.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::testing::{read_until, rest, start};
use super::{MAX_HEAD, Peer, ServerSettings, concerns_one_peer};

const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const ASK_AND_CLOSE: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn settings() -> ServerSettings {
    ServerSettings { head_timeout: Duration::from_millis(200), ..ServerSettings::default() }
}

fn hello() -> BoxedFilter<(Response,)> {
    warp::any().map(|| "hello".into_response()).boxed()
}

/// A site that answers when `go` says so, and tells by `begun` that it was asked.
fn waiting(begun: Arc<Notify>, go: Arc<Notify>) -> BoxedFilter<(Response,)> {
    warp::any()
        .then(move || {
            let (begun, go) = (begun.clone(), go.clone());
            async move {
                begun.notify_one();
                go.notified().await;
                "done".into_response()
            }
        })
        .boxed()
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let server = start(hello(), settings()).await;
    assert_eq!(server.exchange(b"GET / HTTP/1.1\r\nhost:").await, "");
    assert_eq!(server.exchange(b"").await, "");
    assert!(server.exchange(ASK_AND_CLOSE).await.ends_with("hello"));
}

#[tokio::test]
async fn an_idle_connection_ends_after_a_while() {
    let server = start(hello(), settings()).await;
    let answer = server.exchange(ASK).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"));
}

#[tokio::test]
async fn whoever_takes_the_server_for_a_proxy_is_refused() {
    let site = warp::path::full().map(|path: warp::path::FullPath| path.as_str().to_owned().into_response()).boxed();
    let server = start(site, settings()).await;
    let answer = server.exchange(b"CONNECT elsewhere:1 HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("no_path"), "{answer}");
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let server = start(hello(), ServerSettings::default()).await;
    let endless = format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(MAX_HEAD));
    let answer = server.exchange(endless.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_panic_is_answered_and_harms_nobody_else() {
    let site = warp::path::full().map(|path: warp::path::FullPath| match path.as_str() {
        "/panic" => panic!("on purpose"),
        _ => "hello".into_response(),
    });
    let server = start(site.boxed(), ServerSettings::default()).await;
    let mut stream = server.connect(b"GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let answer = read_until(&mut stream, "}").await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("application/problem+json"), "{answer}");
    stream.write_all(ASK_AND_CLOSE).await.unwrap();
    assert!(rest(&mut stream).await.ends_with("hello"));
}

#[tokio::test]
async fn a_handler_can_know_its_peer() {
    let site = warp::ext::get::<Peer>().map(|Peer(address)| address.to_string().into_response());
    let server = start(site.boxed(), ServerSettings::default()).await;
    let mut stream = server.connect(ASK_AND_CLOSE).await;
    let address = stream.local_addr().unwrap().to_string();
    assert!(rest(&mut stream).await.ends_with(&address));
}

#[tokio::test]
async fn stopping_lets_a_request_in_flight_end_and_accepts_no_other() {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = start(waiting(begun.clone(), go.clone()), ServerSettings::default()).await;
    let mut idle = server.connect(b"").await;
    let mut asking = server.connect(ASK).await;
    begun.notified().await;
    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed at once");
    go.notify_one();
    assert!(rest(&mut asking).await.ends_with("done"));
    server.ended.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn stopping_cuts_what_does_not_end() {
    let begun = Arc::new(Notify::new());
    let settings = ServerSettings { stop_grace: Duration::from_millis(50), ..ServerSettings::default() };
    let server = start(waiting(begun.clone(), Arc::default()), settings).await;
    let mut asking = server.connect(ASK).await;
    begun.notified().await;
    server.stop.cancel();
    server.ended.await.unwrap();
    assert_eq!(rest(&mut asking).await, "");
}

#[tokio::test]
async fn connections_beyond_the_most_wait_for_their_turn() {
    let server = start(hello(), ServerSettings { max_connections: 1, ..ServerSettings::default() }).await;
    let mut first = server.connect(ASK).await;
    assert!(read_until(&mut first, "hello").await.starts_with("HTTP/1.1 200"));
    let second = server.exchange(ASK_AND_CLOSE);
    tokio::pin!(second);
    let early = tokio::time::timeout(Duration::from_millis(100), second.as_mut()).await;
    assert!(early.is_err(), "the second was served beside the first");
    drop(first);
    assert!(second.await.ends_with("hello"));
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_given_up() {
    let settings =
        ServerSettings { max_connections: 1, write_patience: Duration::from_millis(100), ..ServerSettings::default() };
    let site = warp::any().map(|| vec![b'x'; 32 << 20].into_response());
    let server = start(site.boxed(), settings).await;
    let deaf = server.connect(ASK).await;
    // It is in the only place there is, and never reads.
    let mut next = server.connect(ASK_AND_CLOSE).await;
    assert!(read_until(&mut next, "\r\n").await.starts_with("HTTP/1.1 200"));
    drop(deaf);
}

#[test]
fn only_failures_of_one_peer_are_passed_over() {
    use std::io::{Error, ErrorKind};
    assert!(concerns_one_peer(&ErrorKind::ConnectionAborted.into()));
    const TOO_MANY_OPEN_FILES: i32 = 24;
    assert!(!concerns_one_peer(&Error::from_raw_os_error(TOO_MANY_OPEN_FILES)));
}
