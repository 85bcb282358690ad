//! Webhooks out: delivers what happened in a shop to whoever the seller wants to be told of it, signed the Standard
//! Webhooks way, and never to an address inside. It makes one try; when to try again is decided by those who ask.

mod address;
mod endpoints;
mod signature;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use actors::domain::ids::{EndpointId, SellerId};
use actors::domain::webhook::Tried;
use actors::ports::{Later, Letter, Post};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, redirect, retry};
use tracing::debug;

use crate::vault::{Purpose, Sealed, Secret, Vault, VaultError};

pub use self::address::{NotAllowed, checked};
pub use self::endpoints::{Change, Endpoints, Made, NotDone};

/// What is read of an answer.
const ANSWER_LIMIT_BYTES: usize = 1024;
/// For one connection to be made, with TLS.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// Shorter than receivers keep idle connections open, so that no try meets a closing one.
const IDLE_CONNECTION: Duration = Duration::from_secs(5);

/// Makes tries.
pub struct Sender {
    http: Client,
    vault: Arc<Vault>,
    allow_loopback: bool,
}

/// How tries are made.
#[derive(Clone, Copy, Debug)]
pub struct SenderSettings {
    /// How long a try may take.
    pub timeout: Duration,
    /// Whether plain http to this very machine is allowed, as for trying things out.
    pub allow_loopback: bool,
}

impl Sender {
    /// Makes tries with secrets out of this vault.
    pub fn new(vault: Arc<Vault>, settings: SenderSettings) -> Result<Self, reqwest::Error> {
        Ok(Self { http: client(settings)?, vault, allow_loopback: settings.allow_loopback })
    }

    async fn make(&self, letter: &Letter) -> Tried {
        match self.sent(letter).await {
            Ok(response) => answered(response, letter.at).await,
            Err(error) => Tried { error: Some(error), ..Tried::default() },
        }
    }

    async fn sent(&self, letter: &Letter) -> Result<Response, String> {
        let url = checked(&letter.url, self.allow_loopback).map_err(|refused| refused.to_string())?;
        let secrets = self.secrets(letter).map_err(|error| error.to_string())?;
        let at = letter.at.timestamp();
        let signatures = signature::signatures(&secrets, &letter.name, at, &letter.body);
        let request = self
            .http
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &letter.name)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signatures)
            .body(letter.body.clone());
        request.send().await.map_err(|error| why(&error))
    }

    fn secrets(&self, letter: &Letter) -> Result<Vec<Secret>, VaultError> {
        let purpose = purpose(letter.seller, letter.endpoint);
        letter.secrets.iter().map(|sealed| self.vault.open(&Sealed::stored(sealed.clone()), &purpose)).collect()
    }
}

impl Post for Sender {
    fn post<'a>(&'a self, letter: &'a Letter) -> Later<'a, Tried> {
        Box::pin(self.make(letter))
    }
}

/// What the secret of an endpoint is sealed for.
pub(crate) fn purpose(seller: SellerId, endpoint: EndpointId) -> Purpose {
    Purpose::Endpoint { seller, endpoint, what: "signing_secret" }
}

/// A client that reaches nobody inside, and follows nobody there. Addresses are to be [`checked`] all the same.
pub fn client(settings: SenderSettings) -> Result<Client, reqwest::Error> {
    match builder(settings).build() {
        // A machine to try things out on may have no certificates, and for plain http none are needed.
        Err(_) if settings.allow_loopback => builder(settings).tls_certs_only([]).build(),
        built => built,
    }
}

fn builder(SenderSettings { timeout, allow_loopback }: SenderSettings) -> reqwest::ClientBuilder {
    // Another part of the process may have chosen already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("hawker/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_DEADLINE)
        .timeout(timeout)
        .pool_idle_timeout(IDLE_CONNECTION)
        // A redirect would lead past the check of the address, a proxy would look names up for itself.
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(address::Outside { allow_loopback })
        .retry(retry::never())
        .referer(false)
}

async fn answered(mut response: Response, now: DateTime<Utc>) -> Tried {
    let (status, after) = (response.status(), retry_after(response.headers(), now));
    let mut read = 0;
    // Read a little, so that the connection can serve again; whatever else it says is of no interest.
    while read < ANSWER_LIMIT_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) | Err(_) => break,
        }
    }
    debug!(status = status.as_u16(), "a webhook endpoint answered");
    let error = (!status.is_success()).then(|| format!("it answered {status}"));
    Tried { status: Some(status.as_u16()), error, after }
}

/// Seconds, or a date. Where whoever answers says what time it is there, clocks need not agree.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let told = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |name| told(name).and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map(|date| date.to_utc());
    let after = match told(RETRY_AFTER)?.parse() {
        Ok(seconds) => TimeDelta::try_seconds(seconds)?,
        Err(_) => date(RETRY_AFTER)? - date(DATE).unwrap_or(now),
    };
    Some(after).filter(|after| *after >= TimeDelta::zero())
}

/// What went wrong, without the address: that is the seller's, and may hold what is nobody else's business.
fn why(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(known) = cause {
        if let Some(refused) = known.downcast_ref::<NotAllowed>() {
            return refused.to_string();
        }
        cause = known.source();
    }
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection could be made"
    } else {
        "the connection broke"
    };
    what.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_wait_is_seconds_or_a_date_by_the_clock_of_whoever_wishes() {
        let now = DateTime::from_timestamp(1_445_412_480, 0).unwrap();
        let after = |headers: &[(_, &str)]| {
            let headers = headers.iter().map(|(name, value)| (name, value.parse().unwrap()));
            retry_after(&headers.map(|(name, value)| (reqwest::header::HeaderName::clone(name), value)).collect(), now)
        };
        let (half_past, an_hour_off) = ("Wed, 21 Oct 2015 07:30:00 GMT", "Wed, 21 Oct 2015 06:29:00 GMT");
        for (headers, seconds) in [
            (&[(RETRY_AFTER, "120")][..], Some(120)),
            (&[(RETRY_AFTER, half_past)], Some(120)),
            (&[(RETRY_AFTER, half_past), (DATE, an_hour_off)], Some(3660)),
            (&[(RETRY_AFTER, an_hour_off)], None),
            (&[(RETRY_AFTER, "-5")], None),
            (&[(RETRY_AFTER, "soon")], None),
            (&[(RETRY_AFTER, "9223372036854775807")], None),
            (&[], None),
        ] {
            assert_eq!(after(headers).map(|after| after.num_seconds()), seconds, "{headers:?}");
        }
    }
}
