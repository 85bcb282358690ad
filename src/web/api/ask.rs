//! One call of the API: who asks, what for, and the parts of the request as values.

use std::borrow::Cow;
use std::net::SocketAddr;

use actors::domain::ids::SellerId;
use actors::store::views::Page;
use bytes::{Buf, Bytes};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Api, MAX_BODY};
use crate::keys::Caller;
use crate::office::{Print, Request};
use crate::web::body::{Body, BodyLimits};
use crate::web::operation::{Parameter, Schemas};
use crate::web::problem::Problem;

/// The bytes of a request's body, as they come.
pub(super) type Incoming = BoxStream<'static, Result<Bytes, warp::Error>>;

/// A request of somebody who may make it.
pub(super) struct Ask<Q = NoQuery, B = Nothing> {
    /// Who asks.
    pub(super) caller: Caller,
    /// What the query says.
    pub(super) query: Q,
    /// What the body says.
    pub(super) body: B,
    /// The rest.
    pub(super) parts: Parts,
}

/// Path and headers of a request.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) method: Method,
    pub(super) pattern: &'static str,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) peer: Option<SocketAddr>,
    /// What tells this request from others with its Idempotency-Key; none until the body was read.
    pub(super) print: Option<Print>,
}

impl<Q, B> Ask<Q, B> {
    /// The seller whose shop it is about.
    pub(super) fn seller(&self) -> Result<SellerId, Problem> {
        self.parts.seller()
    }

    /// A named segment of the path that is an id.
    pub(super) fn id(&self, name: &str) -> Result<i64, Problem> {
        self.parts.id(name)
    }

    /// A named segment of the path.
    pub(super) fn text(&self, name: &str) -> Result<String, Problem> {
        self.parts.text(name)
    }

    /// The request as the front office knows it.
    pub(super) fn request(&self, api: &Api) -> Result<Request<'_>, Problem> {
        let request = Request::new(&self.caller, api.clock.now());
        let print = self.parts.print.unwrap_or_else(|| self.parts.print_with(b""));
        Ok(request.once(self.idempotency_key()?, print))
    }

    /// What makes a repeated request the same request.
    pub(super) fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        self.parts.idempotency_key()
    }
}

impl Parts {
    /// A named segment of the path as it was sent; empty where the path has none.
    pub(super) fn segment(&self, name: &str) -> &str {
        let named = self.pattern.split('/').zip(self.path.split('/'));
        let wanted = |segment: &str| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) == Some(name);
        named.into_iter().find(|(pattern, _)| wanted(pattern)).map_or("", |(_, segment)| segment)
    }

    /// The print of this request with such a body.
    pub(super) fn print_with(&self, body: &[u8]) -> Print {
        Print::of(self.method.as_str(), &self.path, body)
    }

    fn text(&self, name: &str) -> Result<String, Problem> {
        let text = percent_decode_str(self.segment(name)).decode_utf8();
        let text = text.ok().filter(|text| !text.contains(char::is_control) && text.len() <= 200);
        let wrong = || Problem::not_found().detail(format!("{name} is 1 to 200 bytes of text"));
        text.map(Cow::into_owned).ok_or_else(wrong)
    }

    fn id(&self, name: &str) -> Result<i64, Problem> {
        let id = self.segment(name).parse().ok().filter(|id| *id > 0);
        id.ok_or_else(|| Problem::not_found().detail(format!("{name} is a whole number from 1")))
    }

    /// The seller whose shop it is about.
    pub(super) fn seller(&self) -> Result<SellerId, Problem> {
        self.id("seller").map(SellerId)
    }

    /// One that cannot be used is refused: whoever sent it relies on it.
    pub(super) fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        let mut keys = self.headers.get_all("idempotency-key").iter();
        let Some(key) = keys.next() else { return Ok(None) };
        let fits = |key: &&str| !key.is_empty() && key.len() <= 200 && key.bytes().all(|byte| byte.is_ascii_graphic());
        let key = key.to_str().ok().filter(fits).filter(|_| keys.next().is_none());
        key.map(Some).ok_or_else(|| {
            let title = "The Idempotency-Key cannot be used";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_idempotency_key", title)
                .detail("send one, of 1 to 200 visible ASCII characters")
        })
    }
}

/// Members of a query, in their order.
pub(super) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// What a query is read as.
pub(super) trait Asks: Sized + Send + 'static {
    /// Its members, for the document.
    fn parameters(schemas: &mut Schemas) -> Vec<Parameter>;

    /// The query, or a sentence that says what is wrong with it.
    fn read(pairs: Pairs<'_>) -> Result<Self, String>;
}

/// No query: whatever is there is ignored by nobody, as it is refused.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}

/// A page of a list: `?after=...&limit=...`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    /// Where the page begins, as `next` of the page before gave it.
    pub(super) after: Option<After>,
    /// How many rows at most.
    pub(super) limit: Option<Limit>,
}

impl PageQuery {
    /// The page that is asked for.
    pub(super) fn page(&self) -> Page {
        Page { after: self.after.map_or(0, |after| after.0), limit: self.limit.unwrap_or_default().0 }
    }
}

/// Where a page begins, in lists that go by id.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(transparent)]
pub(super) struct After(#[schemars(range(min = 0))] pub(super) i64);

/// How many rows a page has at most.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(transparent)]
pub(super) struct Limit(#[schemars(range(min = 1, max = 500))] pub(super) u64);

/// An id that something is looked for by.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(transparent)]
pub(super) struct Id(#[schemars(range(min = 1))] pub(super) i64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let id = text.parse().ok().filter(|id| *id > 0);
        id.map(Self).ok_or_else(|| serde::de::Error::custom("an id is a whole number from 1"))
    }
}

/// `true` or `false`, as a query has it.
#[derive(Clone, Copy, Debug, Default, JsonSchema)]
#[schemars(transparent)]
pub(super) struct Flag(pub(super) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err(serde::de::Error::custom("it is true or false")),
        }
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(100)
    }
}

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let after = text.parse().ok().filter(|after| *after >= 0);
        after.map(Self).ok_or_else(|| serde::de::Error::custom("after is where a page begins, as `next` gave it"))
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let limit = text.parse().ok().filter(|limit| (1..=500).contains(limit));
        limit.map(Self).ok_or_else(|| serde::de::Error::custom("limit is a number from 1 to 500"))
    }
}

/// Reads a query member by member, each a text that its type makes sense of.
pub(super) fn read_query<T: DeserializeOwned>(pairs: Pairs<'_>) -> Result<T, String> {
    let mut members = Map::new();
    for (name, value) in pairs {
        if value.contains('\0') {
            return Err("a query has no NUL".to_owned());
        }
        if members.insert(name.clone().into_owned(), Value::String(value.into_owned())).is_some() {
            return Err(format!("{} is there twice", name.escape_debug()));
        }
    }
    serde_json::from_value(Value::Object(members)).map_err(|error| error.to_string())
}

/// Queries that are read member by member.
macro_rules! queries {
    ($($query:ty),+) => {$(
        impl $crate::web::api::ask::Asks for $query {
            fn parameters(schemas: &mut $crate::web::operation::Schemas) -> Vec<$crate::web::operation::Parameter> {
                schemas.query::<Self>()
            }

            fn read(pairs: $crate::web::api::ask::Pairs<'_>) -> Result<Self, String> {
                $crate::web::api::ask::read_query(pairs)
            }
        }
    )+};
}

pub(super) use queries;

queries!(NoQuery, PageQuery);

/// What a body is read as.
pub(super) trait Takes: Sized + Send + 'static {
    /// Whether there must be one.
    const REQUIRED: bool = true;

    /// Media types and shapes, for the document; none: no body is taken.
    fn shapes(schemas: &mut Schemas) -> Vec<(&'static str, Value)>;

    /// The body, with the room it takes up while it is in hand.
    fn take(api: &Api, body: Incoming) -> impl Future<Output = Result<(Self, Option<Body<'_>>), Problem>> + Send;
}

/// No body. One that is sent all the same is read and let go, within bounds.
#[derive(Debug, Default)]
pub(super) struct Nothing;

impl Takes for Nothing {
    fn shapes(_: &mut Schemas) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    async fn take(api: &Api, body: Incoming) -> Result<(Self, Option<Body<'_>>), Problem> {
        api.room.read(body, limits(api)).await?;
        Ok((Self, None))
    }
}

/// A JSON body.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Takes for JsonBody<T> {
    fn shapes(schemas: &mut Schemas) -> Vec<(&'static str, Value)> {
        vec![("application/json", schemas.taken::<T>())]
    }

    async fn take(api: &Api, body: Incoming) -> Result<(Self, Option<Body<'_>>), Problem> {
        let body = api.room.read(body, limits(api)).await?;
        Ok((Self(read_object(&body.bytes)?), Some(body)))
    }
}

/// A JSON body that may be left out.
#[derive(Debug)]
pub(super) struct MaybeBody<T>(pub(super) T);

impl<T: DeserializeOwned + JsonSchema + Default + Send + 'static> Takes for MaybeBody<T> {
    const REQUIRED: bool = false;

    fn shapes(schemas: &mut Schemas) -> Vec<(&'static str, Value)> {
        JsonBody::<T>::shapes(schemas)
    }

    async fn take(api: &Api, body: Incoming) -> Result<(Self, Option<Body<'_>>), Problem> {
        let body = api.room.read(body, limits(api)).await?;
        let is_empty = body.bytes.trim_ascii().is_empty();
        let value = if is_empty { T::default() } else { read_object(&body.bytes)? };
        Ok((Self(value), Some(body)))
    }
}

/// A body that may be as large as it likes: it is taken piece by piece, and never held whole.
pub(super) struct Upload(pub(super) Incoming);

impl Takes for Upload {
    const REQUIRED: bool = false;

    fn shapes(_: &mut Schemas) -> Vec<(&'static str, Value)> {
        ["text/csv", "application/json", "application/x-ndjson"].map(|media| (media, serde_json::json!({}))).into()
    }

    async fn take(_: &Api, body: Incoming) -> Result<(Self, Option<Body<'_>>), Problem> {
        Ok((Self(body), None))
    }
}

fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A list of values without names would be taken for an object by their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(unreadable("an object is expected: {...}"));
    }
    serde_json::from_slice(bytes).map_err(|error| unreadable(&error.to_string()))
}

fn unreadable(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_body", "The body cannot be read").detail(detail)
}

fn limits(api: &Api) -> BodyLimits {
    BodyLimits { bytes: MAX_BODY.min(api.limits.bytes), ..api.limits }
}

/// A body in the pieces it comes in.
pub(super) fn incoming<B: Buf>(stream: impl Stream<Item = Result<B, warp::Error>> + Send + 'static) -> Incoming {
    stream.map(|piece| piece.map(|mut piece| piece.copy_to_bytes(piece.remaining()))).boxed()
}
