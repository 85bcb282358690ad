//! Meta's callbacks: a person shuts our app out, or wants their data deleted; and the page that tells what became of it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use actors::domain::erasure::{Erased, OUT_OF_REACH};
use actors::ports::Clock;
use bytes::Buf;
use chrono::{DateTime, Utc};
use futures::Stream;
use http::header::ACCEPT;
use http::{HeaderMap, Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use tracing::error;
use url::Url;
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::{Filter, Reply};

use super::body::{BodyLimits, BodyRoom};
use super::operation::{Described, Documented, Operation, Schemas};
use super::page::{page, private};
use super::problem::Problem;
use super::route::{Answer, Route};
use crate::door::{NotTaken, Secrets, SignedRequest};
use crate::office::{Deletion, Office, OfficeError};

const DEAUTHORIZE: &str = "/meta/deauthorize";
const DATA_DELETION: &str = "/meta/data-deletion";
const STATUS: &str = "/meta/data-deletion/{code}";
const FORM: &str = "application/x-www-form-urlencoded";
/// Such a form is a few hundred bytes.
const FORM_LIMITS: BodyLimits = BodyLimits { bytes: 16 << 10, deadline: Duration::from_secs(10) };

/// What the callbacks work with.
pub struct Callbacks {
    /// The apps' secrets: any of them may sign.
    pub secrets: Secrets,
    /// Does what is asked.
    pub office: Office,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How the world reaches us.
    pub public_url: Url,
    /// Room for bodies.
    pub room: BodyRoom,
}

/// The routes.
pub fn routes(callbacks: &Arc<Callbacks>) -> Vec<Route> {
    let shut_out = {
        let callbacks = callbacks.clone();
        warp::body::stream().then(move |body| {
            let callbacks = callbacks.clone();
            async move { callbacks.deauthorize(body).await.unwrap_or_else(Problem::into_response) }
        })
    };
    let delete = {
        let callbacks = callbacks.clone();
        warp::body::stream().then(move |body| {
            let callbacks = callbacks.clone();
            async move { callbacks.delete_data(body).await.unwrap_or_else(Problem::into_response) }
        })
    };
    let shown = status(callbacks.clone());
    vec![
        Route::open(Method::POST, DEAUTHORIZE, taking("deauthorize", DEAUTHORIZED_SENTENCE), shut_out),
        Route::open(Method::POST, DATA_DELETION, taking("delete_data", DELETION_SENTENCE), delete),
        Route::open(Method::GET, STATUS, showing(), shown),
    ]
}

const DEAUTHORIZED_SENTENCE: &str = "Takes from Meta that a person has shut our app out: their tokens are dropped";
const DELETION_SENTENCE: &str =
    "Takes from Meta that a person wants their data deleted, and says where to see how far it is";

fn status(callbacks: Arc<Callbacks>) -> BoxedFilter<(Answer,)> {
    let parts = warp::path::full().and(warp::header::headers_cloned());
    let shown = parts.then(move |path: FullPath, headers: HeaderMap| {
        let callbacks = callbacks.clone();
        async move { callbacks.show(path.as_str(), &headers).await.unwrap_or_else(Problem::into_response) }
    });
    shown.boxed()
}

/// What Meta is answered.
#[derive(Serialize, JsonSchema)]
struct TakenOut {
    /// Where a person can see how far it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// By what the request is known.
    confirmation_code: String,
}

/// What became of a request to delete data.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DataDeletion")]
struct DeletionOut {
    confirmation_code: String,
    /// `done` or `under_way`.
    state: &'static str,
    asked_at: DateTime<Utc>,
    done_at: Option<DateTime<Utc>>,
    /// In how many places there was anything of the person.
    places: usize,
    /// In how many of them it is erased.
    places_done: usize,
    /// How many connections of the person's were ended.
    connections_ended: usize,
    /// How much was erased.
    erased: Erased,
    /// What is not reached.
    out_of_reach: [&'static str; 5],
}

impl From<Deletion> for DeletionOut {
    fn from(deletion: Deletion) -> Self {
        let Deletion { code, asked_at, done_at, places, connections, erased } = deletion;
        Self {
            confirmation_code: code,
            state: if done_at.is_some() { "done" } else { "under_way" },
            asked_at,
            done_at,
            places: places.0,
            places_done: places.1,
            connections_ended: connections,
            erased,
            out_of_reach: OUT_OF_REACH,
        }
    }
}

impl Callbacks {
    async fn signed<B: Buf>(&self, body: impl Stream<Item = Result<B, warp::Error>>) -> Result<SignedRequest, Problem> {
        let body = self.room.read(body, FORM_LIMITS).await?;
        let mut fields = url::form_urlencoded::parse(&body.bytes);
        let text = fields.find(|(name, _)| name == "signed_request").map(|(_, text)| text.into_owned());
        let text = text.ok_or_else(|| malformed("the form has no field signed_request"))?;
        SignedRequest::read(&text, &self.secrets, self.clock.now()).map_err(not_taken)
    }

    async fn deauthorize<B: Buf>(&self, body: impl Stream<Item = Result<B, warp::Error>>) -> Result<Answer, Problem> {
        let signed = self.signed(body).await?;
        let taken = self.office.deauthorize(&signed).await.map_err(failed)?;
        match taken.again {
            true => Err(replayed()),
            false => Ok(json(&TakenOut { url: None, confirmation_code: taken.code })),
        }
    }

    /// The same request again is answered alike: Meta may not have got the answer.
    async fn delete_data<B: Buf>(&self, body: impl Stream<Item = Result<B, warp::Error>>) -> Result<Answer, Problem> {
        let signed = self.signed(body).await?;
        let taken = self.office.delete_data(&signed).await.map_err(failed)?;
        let url = format!("{}{DATA_DELETION}/{}", self.public_url.as_str().trim_end_matches('/'), taken.code);
        Ok(json(&TakenOut { url: Some(url), confirmation_code: taken.code }))
    }

    async fn show(&self, path: &str, headers: &HeaderMap) -> Result<Answer, Problem> {
        let code = path.rsplit('/').next().unwrap_or_default();
        let is_code = code.len() == 32 && code.bytes().all(|byte| byte.is_ascii_hexdigit());
        let found = if is_code { self.office.deletion(code).await.map_err(failed)? } else { None };
        let shown: DeletionOut = found.ok_or_else(|| Problem::not_found().detail("there is no such request"))?.into();
        let wants = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        Ok(if wants.contains("json") { private(json(&shown)) } else { page_of(&shown) })
    }
}

/// All that stands in it is ours: numbers, times and a code of digits.
fn page_of(shown: &DeletionOut) -> Answer {
    let day = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let state = match shown.done_at {
        Some(at) => format!("Done on {}. Nothing of you is left here.", day(at)),
        None => format!("Under way: {} of {} places are done.", shown.places_done, shown.places),
    };
    let Erased { messages, orders, notes, comments, events, .. } = shown.erased;
    let left: String = OUT_OF_REACH.iter().map(|sentence| format!("<li>{sentence}</li>")).collect();
    let told = format!(
        "<p>Asked for on {}. Confirmation code: <code>{}</code></p><p><strong>{state}</strong></p>\
         <p>Erased so far: {messages} messages, {comments} comments, {notes} notes, {events} events as Meta sent them; \
         {orders} orders do not say any more whom they were for. Connections ended: {}.</p>\
         <p>What we cannot reach:</p><ul>{left}</ul>",
        day(shown.asked_at),
        shown.confirmation_code,
        shown.connections_ended,
    );
    page(StatusCode::OK, "Your request to delete your data", &told)
}

fn json(value: &impl Serialize) -> Answer {
    warp::reply::json(value).into_response()
}

fn taking(name: &'static str, sentence: &'static str) -> Operation {
    Operation::new(name, sentence, "webhooks", |schemas: &mut Schemas| {
        let form = json!({
            "type": "object",
            "properties": { "signed_request": { "type": "string" } },
            "required": ["signed_request"],
        });
        let content = vec![("application/json", schemas.answered::<TakenOut>())];
        Described {
            takes: vec![(FORM, form)],
            answers: vec![Documented { status: 200, sentence: "It is taken up.", content }],
            fails: vec![400, 403, 408, 409, 413, 503],
            ..Described::default()
        }
    })
}

fn showing() -> Operation {
    let sentence = "Shows a person how far the deletion of their data is";
    Operation::new("show_data_deletion", sentence, "webhooks", |schemas: &mut Schemas| {
        let content =
            vec![("application/json", schemas.answered::<DeletionOut>()), ("text/html", json!({ "type": "string" }))];
        Described {
            answers: vec![Documented { status: 200, sentence: "How far it is.", content }],
            fails: vec![400, 404, 503],
            ..Described::default()
        }
    })
}

fn malformed(detail: &str) -> Problem {
    let title = "The signed_request cannot be read";
    Problem::new(StatusCode::BAD_REQUEST, "signed_request_malformed", title).detail(detail)
}

fn not_taken(why: NotTaken) -> Problem {
    let bad = |code, title| Problem::new(StatusCode::BAD_REQUEST, code, title).detail(why.to_string());
    match why {
        NotTaken::Malformed => malformed(&why.to_string()),
        NotTaken::WrongSignature => {
            let title = "The signed_request is not signed by an app of ours";
            Problem::new(StatusCode::FORBIDDEN, "bad_signature", title).detail(why.to_string())
        }
        NotTaken::WrongAlgorithm => bad("signed_request_algorithm", "The signed_request is signed in an unknown way"),
        NotTaken::Expired => bad("signed_request_expired", "The signed_request is too old"),
        NotTaken::FromTheFuture => bad("signed_request_from_the_future", "The signed_request is not good yet"),
    }
}

fn replayed() -> Problem {
    Problem::new(StatusCode::CONFLICT, "signed_request_replayed", "The signed_request was taken before")
        .detail("it was done then, and nothing is done again")
}

fn failed(error: OfficeError) -> Problem {
    error!(error = &error as &dyn Error, "could not take up what Meta asks for a person");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_stored", "It could not be stored: send it again")
        .retry_after(Duration::from_secs(5))
}
