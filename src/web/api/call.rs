//! One call of the API: who calls, what for, and the parts of the request as values.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use actors::store::views::Page;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::error;
use warp::path::FullPath;
use warp::{Filter, Reply};

use super::{Api, unauthorized};
use crate::vault::Secret;
use crate::web::problem::Problem;
use crate::web::route::{Answer, Route};

const PAGE_ROWS: u64 = 100;
const MOST_PAGE_ROWS: u64 = 500;

/// A request of somebody who may make it.
pub(super) struct Call {
    pattern: &'static str,
    path: FullPath,
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A route of the API that answers with what `handler` says.
pub(super) fn answer<F, R>(
    api: &Arc<Api>,
    method: Method,
    pattern: &'static str,
    summary: &'static str,
    handler: F,
) -> Route
where
    F: Fn(Arc<Api>, Call) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Value, Problem>> + Send,
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
                handler(api.clone(), call).await
            };
            match done.await {
                Ok(value) => warp::reply::json(&value).into_response(),
                Err(problem) => problem.into_response(),
            }
        }
    });
    Route::open(method, pattern, summary, filter.map(|answer: Answer| answer)).for_scope("operator")
}

fn operator_only(api: &Api, headers: &HeaderMap) -> Result<(), Problem> {
    let header = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(unauthorized)?;
    match Secret::from(shown.to_owned()) == api.operator_key {
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

    /// The body, as what is expected.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "invalid_body", "The body cannot be read").detail(error.to_string())
        })
    }

    /// `?after=ID&limit=ROWS`
    pub(super) fn page(&self) -> Result<Page, Problem> {
        let mut page = Page { after: 0, limit: PAGE_ROWS };
        for (name, value) in url::form_urlencoded::parse(self.query.as_bytes()) {
            let wrong = |_| {
                let title = "The query cannot be read";
                Problem::new(StatusCode::BAD_REQUEST, "invalid_query", title)
                    .detail(format!("{name} is a whole number, at least 0"))
            };
            match &*name {
                "after" => {
                    page.after = value.parse::<u32>().map(i64::from).or_else(|_| value.parse()).map_err(wrong)?
                }
                "limit" => page.limit = value.parse::<u64>().map_err(wrong)?.clamp(1, MOST_PAGE_ROWS),
                _ => {}
            }
        }
        Ok(page)
    }

    /// What makes a repeated request the same request.
    pub(super) fn idempotency_key(&self) -> Option<&str> {
        let key = self.headers.get("idempotency-key").and_then(|value| value.to_str().ok());
        key.filter(|key| !key.is_empty() && key.len() <= 200)
    }
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
