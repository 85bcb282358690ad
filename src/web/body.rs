//! Reading a body that may be too large, too slow or one of too many, chunked or not.

use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::problem::Problem;

/// How much is read of a body that is too large, so that its sender gets to see the answer: closing at once would
/// throw it away together with what is still on its way to us.
const READ_ON: usize = 4;

/// What a single body may be.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// At most so many bytes.
    pub bytes: usize,
    /// All of it within this time.
    pub deadline: Duration,
}

/// The bytes that all bodies in hand may have together.
#[derive(Debug)]
pub struct BodyRoom(Semaphore);

/// A body, which takes up room until it is dropped.
#[derive(Debug)]
pub struct Body<'a> {
    /// What was sent.
    pub bytes: Bytes,
    _room: SemaphorePermit<'a>,
}

impl BodyRoom {
    /// Room for so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS)))
    }

    /// Reads all of `stream`, or says why not.
    pub async fn read<S, B, E>(&self, stream: S, limits: BodyLimits) -> Result<Body<'_>, Problem>
    where
        S: Stream<Item = Result<B, E>>,
        B: Buf,
    {
        timeout(limits.deadline, self.gather(stream, limits.bytes)).await.unwrap_or_else(|_| Err(too_slow(limits)))
    }

    async fn gather<S, B, E>(&self, stream: S, limit: usize) -> Result<Body<'_>, Problem>
    where
        S: Stream<Item = Result<B, E>>,
        B: Buf,
    {
        let mut stream = pin!(stream);
        let mut room = self.0.try_acquire_many(0).map_err(|_| no_room())?;
        let mut bytes = Gathered::Nothing;
        while let Some(chunk) = stream.next().await {
            let mut chunk = chunk.map_err(|_| broken_off())?;
            let size = chunk.remaining();
            if bytes.len() + size > limit {
                drop((bytes, room));
                read_on(stream, limit.saturating_mul(READ_ON)).await;
                return Err(too_large(limit));
            }
            let claim = u32::try_from(size).map_err(|_| too_large(limit))?;
            room.merge(self.0.try_acquire_many(claim).map_err(|_| no_room())?);
            bytes = bytes.with(chunk.copy_to_bytes(size));
        }
        Ok(Body { bytes: bytes.all(), _room: room })
    }
}

/// What came so far. Nearly every body comes in one piece, which is never copied.
enum Gathered {
    Nothing,
    Piece(Bytes),
    Pieces(BytesMut),
}

impl Gathered {
    fn len(&self) -> usize {
        match self {
            Gathered::Nothing => 0,
            Gathered::Piece(bytes) => bytes.len(),
            Gathered::Pieces(bytes) => bytes.len(),
        }
    }

    fn with(self, piece: Bytes) -> Self {
        let mut bytes = match self {
            Gathered::Nothing => return Gathered::Piece(piece),
            Gathered::Piece(first) => BytesMut::from(first),
            Gathered::Pieces(bytes) => bytes,
        };
        bytes.extend_from_slice(&piece);
        Gathered::Pieces(bytes)
    }

    fn all(self) -> Bytes {
        match self {
            Gathered::Nothing => Bytes::new(),
            Gathered::Piece(bytes) => bytes,
            Gathered::Pieces(bytes) => bytes.freeze(),
        }
    }
}

async fn read_on<B: Buf, E>(mut stream: impl Stream<Item = Result<B, E>> + Unpin, limit: usize) {
    let mut rest = limit;
    while let Some(Ok(chunk)) = stream.next().await {
        rest = rest.saturating_sub(chunk.remaining());
        if rest == 0 {
            return;
        }
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large")
        .detail(format!("at most {limit} bytes are taken"))
}

fn too_slow(limits: BodyLimits) -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", "The body did not come in time")
        .detail(format!("all of it must be here within {:?}", limits.deadline))
}

fn broken_off() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "body_broken_off", "The body broke off")
}

fn no_room() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much is in hand already")
        .retry_after(Duration::from_secs(1))
}
