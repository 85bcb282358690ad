//! A stand-in for Meta that answers requests from a script and remembers them. It may also hang, hang up or babble.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is done with one request.
pub(super) enum Reply {
    /// Answered with these bytes.
    Bytes(Vec<u8>),
    /// Never answered.
    Hang,
    /// The connection is closed without an answer.
    HangUp,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) line: String,
    pub(super) headers: Vec<String>,
    pub(super) body: String,
    /// The how-manieth connection it came on.
    pub(super) connection: usize,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.headers.iter().filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

pub(super) struct Meta {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

/// An answer of JSON.
pub(super) fn json(status: u16, body: &str) -> Reply {
    with_headers(status, &[], body)
}

/// An answer with headers of its own.
pub(super) fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    Reply::Bytes(format!("HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

impl Meta {
    /// Listens, and goes through the replies in turn; hangs when they are used up.
    pub(super) fn replying(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let meta = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, mut replies) = (Arc::clone(&meta.seen), replies.into_iter().collect::<VecDeque<_>>());
        thread::spawn(move || {
            let mut hanging = Vec::new();
            for connection in 1.. {
                let Ok((stream, _)) = listener.accept() else { return };
                hanging.extend(serve(stream, connection, &seen, &mut replies));
            }
        });
        meta
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

/// Serves one connection; gives it back where it is to hang.
fn serve(
    stream: TcpStream,
    connection: usize,
    seen: &Mutex<Vec<Request>>,
    replies: &mut VecDeque<Reply>,
) -> Option<BufReader<TcpStream>> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream, connection) {
        seen.lock().unwrap().push(request);
        match replies.pop_front() {
            Some(Reply::Bytes(bytes)) => stream.get_mut().write_all(&bytes).ok()?,
            Some(Reply::HangUp) => return None,
            Some(Reply::Hang) | None => return Some(stream),
        }
    }
    None
}

fn read(stream: &mut BufReader<TcpStream>, connection: usize) -> Option<Request> {
    let mut lines = stream.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let (line, headers) = (lines.next()?, lines.collect());
    let mut request = Request { line, headers, body: String::new(), connection };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    stream.take(length).read_to_string(&mut request.body).ok()?;
    Some(request)
}
