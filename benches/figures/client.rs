//! A client that costs little: requests made beforehand, connections that are kept, one thread of its own. It knows
//! just enough HTTP to see where an answer ends.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_blocking};
use tokio::time::{sleep_until, timeout};

use crate::measure::{Times, processor_time};

/// Nothing here takes this long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Requests as they go over the wire, head and body.
pub(crate) type Requests = Arc<Vec<Vec<u8>>>;

/// How requests are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// To whom.
    pub(crate) to: SocketAddr,
    /// Over how many connections; each sends when it was answered.
    pub(crate) connections: usize,
    /// Requests a second over all connections; none: as many as are answered.
    pub(crate) pace: Option<f64>,
}

/// What came of it. Every request was answered with 200.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// The processor time of this process meanwhile: client, server and whatever else went on.
    pub(crate) worked: Duration,
    /// How long each waited for its answer. With a pace, counted from when it was due.
    pub(crate) waited: Times,
    /// The same, request by request.
    pub(crate) answered: Vec<Answered>,
}

/// When a request was to be sent, and when its answer was there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    /// With a pace, by that; else when it was sent.
    pub(crate) due: Instant,
    /// When the answer was there.
    pub(crate) at: Instant,
}

/// Sends all of them, and waits for the answers.
pub(crate) async fn send(requests: Requests, load: Load) -> anyhow::Result<Run> {
    spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, send_here(requests, load))
    })
    .await?
}

async fn send_here(requests: Requests, load: Load) -> anyhow::Result<Run> {
    let mut connections = Vec::new();
    for _ in 0..load.connections {
        connections.push(Connection::open(load.to).await?);
    }
    let next = Rc::new(Cell::new(0));
    let answered = Rc::new(RefCell::new(Vec::with_capacity(requests.len())));
    let (began, worked) = (Instant::now(), processor_time()?);
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let (requests, next, answered) = (requests.clone(), next.clone(), answered.clone());
            tokio::task::spawn_local(async move {
                while let Some(request) = requests.get(next.get()) {
                    let number = next.replace(next.get() + 1);
                    let due = match load.pace {
                        Some(pace) => began + Duration::from_secs_f64(number as f64 / pace),
                        None => Instant::now(),
                    };
                    sleep_until(due.into()).await;
                    timeout(PATIENCE, connection.ask(request)).await.context("no answer")??;
                    answered.borrow_mut().push((number, Answered { due, at: Instant::now() }));
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let (took, worked) = (began.elapsed(), processor_time()? - worked);
    let mut answered = answered.take();
    answered.sort_unstable_by_key(|(number, _)| *number);
    let answered: Vec<Answered> = answered.into_iter().map(|(_, answered)| answered).collect();
    let waited = Times::new(answered.iter().map(|answered| answered.at - answered.due).collect());
    Ok(Run { took, worked, waited, answered })
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(to: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to).await.context("could not connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(1024) })
    }

    async fn ask(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(request).await?;
        self.read.clear();
        loop {
            ensure!(self.stream.read_buf(&mut self.read).await? > 0, "the connection was closed");
            if let Some(end) = answer_ends(&self.read)? {
                ensure!(end == self.read.len(), "more than one answer");
                break;
            }
        }
        if !self.read.starts_with(b"HTTP/1.1 200") {
            bail!("answered {}", String::from_utf8_lossy(&self.read));
        }
        Ok(())
    }
}

/// Where the answer ends; none while its head is not all there.
fn answer_ends(read: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(head) = read.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&read[..head]).context("a head that is no text")?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value.trim())
    });
    let length: usize = length.context("an answer of unknown length")?.parse()?;
    let end = head + 4 + length;
    Ok((read.len() >= end).then_some(end))
}
