//! What went wrong, in the one form that every refusal has: `application/problem+json` with a stable code.

use std::borrow::Cow;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use tracing::error;
use warp::reply::Response;
use warp::{Rejection, Reply, reject};

/// The longest detail.
const DETAIL_BYTES: usize = 1000;

/// Why a request is not done.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    title: &'static str,
    detail: Option<String>,
    retry_after: Option<Duration>,
    allow: Option<String>,
}

impl Problem {
    /// A problem with its stable code and what it means in general.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self::coded(status, code, title)
    }

    /// The same, with a code that is only known when it happens.
    pub fn coded(status: StatusCode, code: impl Into<Cow<'static, str>>, title: &'static str) -> Self {
        Self { status, code: code.into(), title, detail: None, retry_after: None, allow: None }
    }

    /// Says what it means in this case, in so many words: readers of JSON repeat whatever they could not read.
    pub fn detail(self, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        if detail.len() > DETAIL_BYTES {
            detail.truncate(detail.floor_char_boundary(DETAIL_BYTES));
            detail.push('…');
        }
        Self { detail: Some(detail), ..self }
    }

    /// Says when to try again.
    pub fn retry_after(self, pause: Duration) -> Self {
        Self { retry_after: Some(pause), ..self }
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Nothing is at this address.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address")
    }

    /// Something is at this address, but not for this method.
    pub fn wrong_method(asked: &Method, allowed: &[&Method]) -> Self {
        let allowed = allowed.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
        let title = "This address does not take this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", title)
            .detail(format!("{asked} is not one of {allowed}"))
            .allowing(allowed)
    }

    fn allowing(self, allow: String) -> Self {
        Self { allow: Some(allow), ..self }
    }

    /// What made a route reject the request it was found for.
    pub(super) fn of(rejection: &Rejection) -> Self {
        let bad = |code, title| Self::new(StatusCode::BAD_REQUEST, code, title);
        if rejection.is_not_found() {
            Self::not_found()
        } else if rejection.find::<reject::InvalidQuery>().is_some() {
            bad("invalid_query", "The query cannot be read")
        } else if rejection.find::<reject::MissingHeader>().is_some() {
            bad("missing_header", "A header is missing")
        } else if rejection.find::<reject::InvalidHeader>().is_some() {
            bad("invalid_header", "A header cannot be read")
        } else if rejection.find::<warp::body::BodyDeserializeError>().is_some() {
            bad("invalid_body", "The body cannot be read")
        } else if rejection.find::<reject::UnsupportedMediaType>().is_some() {
            let title = "The body has a type that is not taken here";
            Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", title)
        } else if rejection.find::<reject::LengthRequired>().is_some() {
            Self::new(StatusCode::LENGTH_REQUIRED, "length_required", "The length of the body must be told")
        } else if rejection.find::<reject::PayloadTooLarge>().is_some() {
            Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large")
        } else {
            error!(?rejection, "a route rejected a request for a reason that nobody foresaw");
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side")
        }
    }
}

/// A problem as it is shown (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemOut {
    /// Names the problem for programs that know no code.
    #[serde(rename = "type")]
    kind: String,
    /// What it means in general.
    title: &'static str,
    /// The status it is answered with.
    status: u16,
    /// Stable: what to act on.
    code: Cow<'static, str>,
    /// What it means in this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Reply for Problem {
    fn into_response(self) -> Response {
        let body = ProblemOut {
            kind: format!("urn:hawker:problem:{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
        };
        let body = serde_json::to_string(&body).expect("a problem has only texts and a number");
        let mut answer = Response::new(body.into());
        *answer.status_mut() = self.status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(pause) = self.retry_after {
            headers.insert(RETRY_AFTER, pause.as_secs().max(1).into());
        }
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            headers.insert(ALLOW, allow);
        }
        answer
    }
}
