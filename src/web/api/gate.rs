//! Who may make a request of the API, and what keeps it from being done.

use std::error::Error;
use std::time::Duration;

use actors::domain::access::{Holder, Scope};
use actors::domain::ids::SellerId;
use actors::store::office;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tracing::error;

use super::Api;
use super::ask::Parts;
use crate::keys::{Admitted, Caller, NoCaller, NotAdmitted, Wait};
use crate::office::OfficeError;
use crate::vault::Secret;
use crate::web::problem::Problem;

/// Lets a request in, or says why not. An operator's use of a shop is noted before anything is done.
pub(super) async fn let_in(api: &Api, scope: Option<Scope>, parts: &Parts) -> Result<Caller, Problem> {
    let shown = bearer(&parts.headers).ok_or_else(unauthorized)?;
    let now = api.clock.now();
    let from = parts.peer.map(|peer| peer.ip());
    let Admitted { caller, .. } = api.gate.admit(&shown, from, now).await.map_err(not_admitted)?;
    if let Some(scope) = scope.filter(|scope| !caller.may(*scope)) {
        return Err(lacks(scope));
    }
    if !parts.segment("seller").is_empty() {
        let seller = parts.seller()?;
        if !caller.may_see(seller) {
            return Err(not_your_shop(seller));
        }
        note_use(api, &caller, Some(seller), parts).await?;
    }
    Ok(caller)
}

/// What cannot be noted is not done. None: it is about no single shop.
pub(super) async fn note_use(
    api: &Api,
    caller: &Caller,
    seller: Option<SellerId>,
    parts: &Parts,
) -> Result<(), Problem> {
    if caller.holder != Holder::Operator {
        return Ok(());
    }
    let action = format!("{} {}", parts.method, parts.pattern);
    let noted = api.office.note(caller, (seller, &action), json!({ "path": parts.path }), api.clock.now()).await;
    noted.map_err(not_done)
}

fn not_admitted(error: NotAdmitted) -> Problem {
    let too_many =
        |code, title, wait: Wait| Problem::new(StatusCode::TOO_MANY_REQUESTS, code, title).retry_after(wait.0);
    let ended = |code, error: &NoCaller| {
        Problem::new(StatusCode::UNAUTHORIZED, code, "The key opens nothing any more").detail(error.to_string())
    };
    match error {
        NotAdmitted::TooFast(wait) => too_many("too_many_requests", "Too many requests with this key", wait),
        NotAdmitted::TooManyGuesses(wait) => {
            too_many("too_many_wrong_keys", "Too many wrong keys came from here", wait)
        }
        NotAdmitted::NoCaller(error @ NoCaller::Expired(_)) => ended("key_expired", &error),
        NotAdmitted::NoCaller(error @ NoCaller::Revoked(_)) => ended("key_revoked", &error),
        NotAdmitted::NoCaller(NoCaller::Unknown | NoCaller::Unreadable) => unauthorized(),
        NotAdmitted::NoCaller(error @ NoCaller::Unavailable(_)) => failed(error),
    }
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let header = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, shown) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::from(shown.trim_start()))
}

fn forbidden(code: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, "The key may not do this").detail(detail)
}

/// The key was given no such scope.
pub(super) fn lacks(scope: Scope) -> Problem {
    forbidden("scope_missing", format!("the key has no scope {scope}"))
}

/// It is about the service as a whole, and no seller's business.
pub(super) fn for_the_operator() -> Problem {
    forbidden("for_the_operator", "this is about the service, and for the operator's keys".to_owned())
}

/// Said alike whether there is such a seller or not.
pub(super) fn not_your_shop(seller: SellerId) -> Problem {
    forbidden("not_your_shop", format!("the key is not for seller {seller}"))
}

/// Why the front office did not do it.
pub(super) fn not_done(error: OfficeError) -> Problem {
    let problem = |status, code, title| Problem::new(status, code, title).detail(error.to_string());
    match &error {
        OfficeError::Taken(..) => {
            problem(StatusCode::CONFLICT, "account_taken", "The account is connected to another seller")
        }
        OfficeError::Ended => problem(StatusCode::CONFLICT, "connecting_ended", "It has ended already"),
        OfficeError::RequestReused => {
            let title = "The Idempotency-Key belongs to another request";
            problem(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", title)
        }
        OfficeError::VersionConflict { .. } => {
            problem(StatusCode::CONFLICT, "version_conflict", "It was changed by somebody else")
        }
        OfficeError::NotAllowed(_) => problem(StatusCode::FORBIDDEN, "scope_missing", "The key may not do this"),
        OfficeError::NotTheirs(_) => problem(StatusCode::FORBIDDEN, "not_your_shop", "The key may not do this"),
        OfficeError::NoSeller(_) => Problem::not_found().detail(error.to_string()),
        OfficeError::Invalid(_) => problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "It cannot be like this"),
        OfficeError::RequestUnreadable => {
            problem(StatusCode::BAD_REQUEST, "invalid_idempotency_key", "The Idempotency-Key cannot be used")
        }
        OfficeError::Store(_) | OfficeError::Vault(_) | OfficeError::NoRandomness(_) => failed(error),
    }
}

impl From<OfficeError> for Problem {
    fn from(error: OfficeError) -> Self {
        not_done(error)
    }
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
