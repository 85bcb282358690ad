//! One call of the API: who calls, what for, and the parts of the request as values.

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use actors::domain::ids::SellerId;
use actors::store::office;
use actors::store::views::Page;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tracing::error;
use warp::path::FullPath;
use warp::{Filter, Reply};

use super::{Api, unauthorized};
use crate::keys::Caller;
use crate::office::{Print, Request};
use crate::vault::Secret;
use crate::web::problem::Problem;
use crate::web::route::{Answer, Route};

const PAGE_ROWS: u64 = 100;
const MOST_PAGE_ROWS: i64 = 500;

/// What was done, as it is answered.
pub(super) struct Done {
    status: StatusCode,
    value: Value,
}

impl From<Value> for Done {
    fn from(value: Value) -> Self {
        Self { status: StatusCode::OK, value }
    }
}

impl Done {
    /// A command that is stored, and will be decided.
    pub(super) fn later(key: &str) -> Self {
        let value = json!({
            "accepted": true,
            "command": key,
            "detail": format!("it is stored and will be done; the same request with Idempotency-Key: {key} reads its answer"),
        });
        Self { status: StatusCode::ACCEPTED, value }
    }
}

/// A request of somebody who may make it.
pub(super) struct Call {
    pattern: &'static str,
    path: FullPath,
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A route of the API that answers with what `handler` says. Where its path names a seller, there is that seller.
pub(super) fn answer<F, R, D>(
    api: &Arc<Api>,
    method: Method,
    pattern: &'static str,
    summary: &'static str,
    handler: F,
) -> Route
where
    F: Fn(Arc<Api>, Call) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<D, Problem>> + Send,
    D: Into<Done>,
{
    let api = api.clone();
    let query = warp::query::raw().or_else(|_| std::future::ready(Ok::<_, warp::Rejection>((String::new(),))));
    let parts = warp::path::full().and(query).and(warp::header::headers_cloned()).and(warp::body::stream());
    let filter = parts.then(move |path, query, headers: HeaderMap, body| {
        let (api, handler) = (api.clone(), handler.clone());
        async move {
            let done = async {
                operator_only(&api, &headers)?;
                let read = api.room.read(body, api.limits).await?;
                let call = Call { pattern, path, query, headers, body: read.bytes.clone() };
                call.seller_is_known(&api).await?;
                handler(api.clone(), call).await.map(Into::<Done>::into)
            };
            match done.await {
                Ok(done) => warp::reply::with_status(warp::reply::json(&done.value), done.status).into_response(),
                Err(problem) => problem.into_response(),
            }
        }
    });
    Route::open(method, pattern, summary, filter.map(|answer: Answer| answer)).for_scope("operator")
}

fn operator_only(api: &Api, headers: &HeaderMap) -> Result<(), Problem> {
    let header = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, shown) = header.and_then(|value| value.split_once(' ')).ok_or_else(unauthorized)?;
    match scheme.eq_ignore_ascii_case("bearer") && Secret::from(shown.trim_start()) == api.operator_key {
        true => Ok(()),
        false => Err(unauthorized()),
    }
}

impl Call {
    /// A named segment of the path.
    pub(super) fn text(&self, name: &str) -> &str {
        let named = self.pattern.split('/').zip(self.path.as_str().split('/'));
        let wanted = |segment: &str| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) == Some(name);
        named.into_iter().find(|(pattern, _)| wanted(pattern)).map_or("", |(_, segment)| segment)
    }

    /// A named segment of the path that is an id.
    pub(super) fn id(&self, name: &str) -> Result<i64, Problem> {
        let wrong = |_| Problem::not_found().detail(format!("{name} is a whole number"));
        self.text(name).parse().map_err(wrong)
    }

    /// The seller whose shop it is about.
    pub(super) fn seller(&self) -> Result<SellerId, Problem> {
        self.id("seller").map(SellerId)
    }

    async fn seller_is_known(&self, api: &Api) -> Result<(), Problem> {
        if self.text("seller").is_empty() {
            return Ok(());
        }
        let seller = self.seller()?;
        match office::is_known(api.store.reads(), seller).await.map_err(failed)? {
            true => Ok(()),
            false => Err(Problem::not_found().detail(format!("there is no seller {seller}"))),
        }
    }

    /// The body, as what is expected.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "invalid_body", "The body cannot be read").detail(error.to_string())
        })
    }

    /// The members of the query, in their order.
    pub(super) fn query(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        url::form_urlencoded::parse(self.query.as_bytes()).collect()
    }

    /// `?after=ID&limit=ROWS`
    pub(super) fn page(&self) -> Result<Page, Problem> {
        let mut page = Page { after: 0, limit: PAGE_ROWS };
        for (name, value) in url::form_urlencoded::parse(self.query.as_bytes()) {
            let number = value.parse::<i64>().ok().filter(|number| *number >= 0);
            match (&*name, number) {
                ("after", Some(after)) => page.after = after,
                ("limit", Some(limit @ 1..=MOST_PAGE_ROWS)) => page.limit = limit.unsigned_abs(),
                _ => return Err(invalid_query()),
            }
        }
        Ok(page)
    }

    /// The request as the front office knows it.
    pub(super) fn request<'a>(
        &'a self,
        caller: &'a Caller,
        method: Method,
        now: DateTime<Utc>,
    ) -> Result<Request<'a>, Problem> {
        let print = Print::of(method.as_str(), self.path.as_str(), &self.body);
        Ok(Request::new(caller, now).once(self.idempotency_key()?, print))
    }

    /// What makes a repeated request the same request. One that cannot be used is refused: whoever sent it relies on it.
    pub(super) fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        let mut keys = self.headers.get_all("idempotency-key").iter();
        let Some(key) = keys.next() else { return Ok(None) };
        let fits = |key: &&str| !key.is_empty() && key.len() <= 200;
        let key = key.to_str().ok().filter(fits).filter(|_| keys.next().is_none());
        key.map(Some).ok_or_else(|| {
            let title = "The Idempotency-Key cannot be used";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_idempotency_key", title)
                .detail("send one, of 1 to 200 visible ASCII characters")
        })
    }
}

fn invalid_query() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_query", "The query cannot be read")
        .detail(format!("there are after, an id of 0 or more, and limit, from 1 to {MOST_PAGE_ROWS}"))
}

/// What went wrong on our side: logged here, and never told.
pub(super) fn failed(error: impl Error + 'static) -> Problem {
    error!(error = &error as &dyn Error, "could not answer a call of the API");
    let title = "It could not be done now";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title).retry_after(std::time::Duration::from_secs(1))
}

/// A command that was understood and not done.
pub(super) fn refused(answer: &Value) -> Problem {
    let detail = answer.get("detail").and_then(Value::as_str).unwrap_or("the seller's shop refused it");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", "The command was not done").detail(detail)
}

/// Another request was made under this key.
pub(super) fn key_of_another(key: &str) -> Problem {
    let title = "The Idempotency-Key belongs to another request";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", title)
        .detail(format!("something else was asked with {key:?} before; take a new key for a new request"))
}
