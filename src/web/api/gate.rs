//! Who may make a request of the API, and what keeps it from being done.

use std::error::Error;
use std::time::Duration;

use actors::store::office;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tracing::error;

use super::Api;
use super::ask::Parts;
use crate::vault::Secret;
use crate::web::problem::Problem;

/// Who makes a request.
#[derive(Clone, Debug)]
pub(super) struct Caller;

impl Caller {
    /// As histories name them.
    pub(super) fn named(&self) -> String {
        "the operator".to_owned()
    }
}

/// Lets a request in, or says why not.
pub(super) async fn let_in(api: &Api, _scope: &'static str, parts: &Parts) -> Result<Caller, Problem> {
    let shown = bearer(&parts.headers).ok_or_else(unauthorized)?;
    if shown != api.operator_key { Err(unauthorized()) } else { Ok(Caller) }
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let header = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, shown) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::from(shown.trim_start()))
}

/// A path that names a seller names one that is there.
pub(super) async fn seller_is_known(api: &Api, parts: &Parts) -> Result<(), Problem> {
    if parts.segment("seller").is_empty() {
        return Ok(());
    }
    let seller = parts.seller()?;
    match office::is_known(api.store.reads(), seller).await.map_err(failed)? {
        true => Ok(()),
        false => Err(Problem::not_found().detail(format!("there is no seller {seller}"))),
    }
}

/// Says that the key is wrong, without saying how.
fn unauthorized() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "A key is needed that may do this")
        .detail("send it as: Authorization: Bearer KEY")
}

/// What is wrong with a query.
pub(super) fn invalid_query(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_query", "The query cannot be read").detail(detail)
}

/// What is wrong with a body that could be read.
pub(super) fn invalid(code: &'static str, title: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, title).detail(detail)
}

/// What went wrong on our side: logged here, and never told.
pub(super) fn failed(error: impl Error + 'static) -> Problem {
    error!(error = &error as &dyn Error, "could not answer a call of the API");
    let title = "It could not be done now";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title).retry_after(Duration::from_secs(1))
}

/// A command that was understood and not done.
pub(super) fn refused(answer: &Value) -> Problem {
    let told = |name| answer.get(name).and_then(Value::as_str);
    let status = answer.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).filter(StatusCode::is_client_error);
    let status = status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let code = told("error").unwrap_or("refused").to_owned();
    Problem::coded(status, code, "The command was not done").detail(told("detail").unwrap_or("the shop refused it"))
}

/// Another request was made under this key.
pub(super) fn key_of_another(key: &str) -> Problem {
    let title = "The Idempotency-Key belongs to another request";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", title)
        .detail(format!("something else was asked with {key:?} before; take a new key for a new request"))
}
