//! What handlers answer, each with the status and the shape it is documented with.

use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use actors::store::views;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use warp::Reply;

use crate::web::operation::{Documented, Schemas};
use crate::web::route::Answer;

/// Proxies cut connections that are silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const JSON: &str = "application/json";

/// Something that a handler answers when all is well.
pub(super) trait Answers: Send + 'static {
    /// What may come, for the document.
    fn documents(schemas: &mut Schemas) -> Vec<Documented>;

    /// It, as it is sent.
    fn into_answer(self) -> Answer;
}

/// What was asked for.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize + JsonSchema + Send + 'static> Answers for Json<T> {
    fn documents(schemas: &mut Schemas) -> Vec<Documented> {
        vec![documented::<T>(schemas, 200, "Done.")]
    }

    fn into_answer(self) -> Answer {
        warp::reply::json(&self.0).into_response()
    }
}

/// What was made.
pub(super) struct Created<T>(pub(super) T);

impl<T: Serialize + JsonSchema + Send + 'static> Answers for Created<T> {
    fn documents(schemas: &mut Schemas) -> Vec<Documented> {
        vec![documented::<T>(schemas, 201, "Made.")]
    }

    fn into_answer(self) -> Answer {
        warp::reply::with_status(warp::reply::json(&self.0), StatusCode::CREATED).into_response()
    }
}

/// What was asked for, with the version it has: whoever changes it sends that back.
pub(super) struct Versioned<T>(pub(super) T, pub(super) i64);

impl<T: Serialize + JsonSchema + Send + 'static> Answers for Versioned<T> {
    fn documents(schemas: &mut Schemas) -> Vec<Documented> {
        Json::<T>::documents(schemas)
    }

    fn into_answer(self) -> Answer {
        let mut answer = Json(self.0).into_answer();
        let tag = HeaderValue::try_from(format!("\"{}\"", self.1)).expect("digits are visible");
        answer.headers_mut().insert(ETAG, tag);
        answer
    }
}

/// What became of a command.
pub(super) enum Obeyed<T> {
    /// It was done: the answer its seller's actor gave, which has the shape of `T`.
    Done(Value, PhantomData<T>),
    /// It is stored, and will be done.
    Later(LaterOut),
}

/// A command that is stored, and will be done.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LaterOut {
    /// Always true.
    accepted: bool,
    /// The command's key, under which its result is found.
    command: String,
    /// Where that is.
    result: String,
    /// What to do.
    detail: &'static str,
}

impl<T> Obeyed<T> {
    pub(super) fn done(answer: Value) -> Self {
        Self::Done(answer, PhantomData)
    }

    pub(super) fn later(key: String, result: String) -> Self {
        let detail = "it is stored and will be done; read its result, or send the same request with the command as its \
                      Idempotency-Key";
        Self::Later(LaterOut { accepted: true, command: key, result, detail })
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Answers for Obeyed<T> {
    fn documents(schemas: &mut Schemas) -> Vec<Documented> {
        let later = "It is stored and will be done; its result can be read later.";
        vec![documented::<T>(schemas, 200, "Done."), documented::<LaterOut>(schemas, 202, later)]
    }

    fn into_answer(self) -> Answer {
        match self {
            Obeyed::Done(answer, _) => warp::reply::json(&answer).into_response(),
            Obeyed::Later(later) => {
                warp::reply::with_status(warp::reply::json(&later), StatusCode::ACCEPTED).into_response()
            }
        }
    }
}

/// It is gone, or done, and there is nothing to say.
pub(super) struct NoContent;

impl Answers for NoContent {
    fn documents(_: &mut Schemas) -> Vec<Documented> {
        vec![Documented { status: 204, sentence: "Done.", content: Vec::new() }]
    }

    fn into_answer(self) -> Answer {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// Bytes in pieces that are made while they are sent; one that fails breaks the answer off.
pub(super) struct Pieces {
    /// What they are.
    pub(super) media: &'static str,
    /// The pieces.
    pub(super) pieces: BoxStream<'static, io::Result<Bytes>>,
}

impl Pieces {
    /// What pieces are sent as.
    pub(super) const MEDIA: [&'static str; 3] = ["text/csv", "application/json", "application/x-ndjson"];
}

impl Answers for Pieces {
    fn documents(_: &mut Schemas) -> Vec<Documented> {
        let content = Self::MEDIA.map(|media| (media, json!({}))).into();
        vec![Documented { status: 200, sentence: "All of it, in pieces.", content }]
    }

    fn into_answer(self) -> Answer {
        let mut answer = warp::reply::stream(Shared::new(self.pieces)).into_response();
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.media));
        answer
    }
}

/// Events as they happen, until the reader or the service goes.
pub(super) struct Live(pub(super) BoxStream<'static, warp::sse::Event>);

impl Answers for Live {
    fn documents(_: &mut Schemas) -> Vec<Documented> {
        let content = vec![("text/event-stream", json!({ "type": "string" }))];
        vec![Documented { status: 200, sentence: "Events as they happen.", content }]
    }

    fn into_answer(self) -> Answer {
        let events = Shared::new(self.0).map(Ok::<_, Infallible>);
        // A line now and then shows that the connection lives: proxies cut those that are silent.
        let alive = warp::sse::keep_alive().interval(KEEP_ALIVE).stream(events);
        warp::sse::reply(alive).into_response()
    }
}

/// A stream as an answer wants it: one that may be shared between threads, although only one ever polls it.
struct Shared<T>(Mutex<BoxStream<'static, T>>);

impl<T> Shared<T> {
    fn new(stream: BoxStream<'static, T>) -> Self {
        Self(Mutex::new(stream))
    }
}

impl<T> Stream for Shared<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let stream = self.get_mut().0.get_mut().unwrap_or_else(PoisonError::into_inner);
        stream.as_mut().poll_next(context)
    }
}

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct Page<T> {
    /// What is on it.
    pub(super) data: Vec<T>,
    /// Where the next page begins: give it as `after`. None: this is the last.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// A page of rows by id: a full one may have another behind it.
    pub(super) fn of<R: Into<T>>(rows: Vec<R>, page: views::Page, id: impl Fn(&R) -> i64) -> Self {
        let is_full = u64::try_from(rows.len()).is_ok_and(|count| count == page.limit);
        let next = rows.last().filter(|_| is_full).map(|row| id(row).to_string());
        Self { data: rows.into_iter().map(Into::into).collect(), next }
    }
}

fn documented<T: JsonSchema>(schemas: &mut Schemas, status: u16, sentence: &'static str) -> Documented {
    Documented { status, sentence, content: vec![(JSON, schemas.answered::<T>())] }
}
