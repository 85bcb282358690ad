//! Why a request came to nothing, and what whoever made it can do.

use std::error::Error;
use std::time::Duration;

use anyhow::anyhow;
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::call::Call;
use crate::cli::shown::clean;

const THROTTLED: StatusCode = StatusCode::TOO_MANY_REQUESTS;
/// No server is asked to be waited for longer than so.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The service was reached, and does not do it: asking again changes nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::cli) struct Refusal(String);

/// Why one try came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nobody was reached: nothing was asked of anybody.
    Nobody(reqwest::Error),
    /// There was no answer, or not all of one: it may have been done.
    Lost(reqwest::Error),
    /// What answered is no Hawker.
    Foreign(StatusCode),
    /// It was refused.
    Refused { status: StatusCode, problem: Value, after: Option<Duration> },
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        if error.is_connect() { Trouble::Nobody(error) } else { Trouble::Lost(error) }
    }
}

impl Trouble {
    /// What an answer that is no success says.
    pub(super) async fn of(answer: Response) -> Self {
        let status = answer.status();
        let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let after = seconds.map(Duration::from_secs);
        match answer.bytes().await {
            Err(error) => Trouble::Lost(error),
            Ok(body) => match serde_json::from_slice(&body) {
                Ok(problem @ Value::Object(_)) => Trouble::Refused { status, problem, after },
                _ => Trouble::Foreign(status),
            },
        }
    }

    /// How long to wait before it may be otherwise; none: it will not be.
    pub(super) fn passes_after(&self, pause: Duration) -> Option<Duration> {
        match self {
            Trouble::Lost(_) => Some(pause),
            Trouble::Refused { status: THROTTLED | StatusCode::SERVICE_UNAVAILABLE, after, .. } => {
                Some(after.unwrap_or(pause)).filter(|pause| *pause <= LONGEST_PAUSE)
            }
            Trouble::Foreign(StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE) => Some(pause),
            Trouble::Foreign(StatusCode::GATEWAY_TIMEOUT) => Some(pause),
            Trouble::Nobody(_) | Trouble::Foreign(_) | Trouble::Refused { .. } => None,
        }
    }

    /// It, as a person is told.
    pub(super) fn told(self, address: &str, call: &Call) -> anyhow::Error {
        match self {
            Trouble::Nobody(error) => anyhow!(
                "nobody answers at {address} ({}): is the service running, and is --server right? `hawker serve` starts \
                 it, `hawker` alone a demo",
                innermost(&error)
            ),
            Trouble::Lost(error) => anyhow!("{address} gave no answer ({}){}", innermost(&error), unsure(call)),
            Trouble::Foreign(status) => anyhow!("{address} answered {status}, and no JSON: is it a Hawker?"),
            Trouble::Refused { status, problem, .. } if status.is_client_error() && status != THROTTLED => {
                Refusal(refused(address, status, &problem)).into()
            }
            Trouble::Refused { status, problem, .. } => anyhow!(refused(address, status, &problem)),
        }
    }
}

/// What a problem says.
fn refused(address: &str, status: StatusCode, problem: &Value) -> String {
    let said = |name: &str| problem[name].as_str().map(clean).unwrap_or_default();
    if status == StatusCode::UNAUTHORIZED && said("code") == "unauthorized" {
        return format!(
            "{address} does not know this key: set HAWKER_API_KEY to the operator's key, or to your shop's"
        );
    }
    let title = problem["title"].as_str().map_or_else(|| status.to_string(), clean);
    match (said("detail"), said("code")) {
        (detail, code) if detail.is_empty() => format!("{title} ({code})"),
        (detail, code) => format!("{title}: {detail} ({code})"),
    }
}

/// What to do when nobody knows whether it was done.
fn unsure(call: &Call) -> String {
    match &call.key {
        Some(key) => format!(
            "; whether it was done is not known. The same words with --idempotency-key {key} do it if it was not, and \
             nothing if it was"
        ),
        None => String::new(),
    }
}

/// The cause of all causes: what came before it says the same in more words.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
