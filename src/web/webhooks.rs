//! Meta's webhooks: the handshake, and events that are acknowledged once they are stored.
//!
//! What storing means is not known here; it is handed in as a function.

use std::error::Error;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actors::domain::event::Arrival;
use actors::ports::{Clock, Later};
use bytes::Buf;
use futures::Stream;
use http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{error, warn};
use warp::{Filter, Rejection, Reply};

use super::body::{BodyLimits, BodyRoom};
use super::operation::{Described, Documented, Operation, header};
use super::problem::Problem;
use super::route::Answer;
use crate::door::{self, LetIn, Refusal, Secrets, SecretsSeen, Signature, VerifyTokens};

const SIGNATURE: &str = "x-hub-signature-256";

/// Stores events for good, or says that they are not stored.
pub type Keep = Arc<dyn Fn(Vec<Arrival>) -> Later<'static, Result<(), NotStored>> + Send + Sync>;

/// Events could not be stored, so they must not be acknowledged.
#[derive(Debug, thiserror::Error)]
#[error("could not store events")]
pub struct NotStored(#[source] pub Box<dyn Error + Send + Sync>);

/// What the door bears.
#[derive(Clone, Copy, Debug)]
pub struct WebhookLimits {
    /// What a single body may be.
    pub body: BodyLimits,
    /// The bytes that all bodies in hand may have together.
    pub bytes_in_hand: usize,
    /// The signed requests that may wait for being stored at one time.
    pub requests_in_hand: usize,
    /// The time that storing may take before Meta is asked to send again.
    pub storing: Duration,
}

impl Default for WebhookLimits {
    fn default() -> Self {
        Self {
            body: BodyLimits { bytes: 4 << 20, deadline: Duration::from_secs(10) },
            bytes_in_hand: 256 << 20,
            requests_in_hand: 1024,
            storing: Duration::from_secs(10),
        }
    }
}

/// The door as it stands in the web.
pub struct Webhooks {
    secrets: Secrets,
    seen: Arc<SecretsSeen>,
    tokens: VerifyTokens,
    keep: Keep,
    clock: Arc<dyn Clock>,
    limits: WebhookLimits,
    room: BodyRoom,
    slots: Semaphore,
    warned_at: AtomicI64,
}

impl Webhooks {
    /// A door that lets in what these secrets sign, and hands it to `keep`.
    pub fn new(
        secrets: Secrets,
        tokens: VerifyTokens,
        keep: Keep,
        clock: Arc<dyn Clock>,
        limits: WebhookLimits,
    ) -> Self {
        let (room, seen) = (BodyRoom::new(limits.bytes_in_hand), Arc::new(SecretsSeen::of(&secrets)));
        let slots = Semaphore::new(limits.requests_in_hand.min(Semaphore::MAX_PERMITS));
        Self { secrets, seen, tokens, keep, clock, limits, room, slots, warned_at: AtomicI64::new(i64::MIN) }
    }

    /// The same, and notes here which secrets signed what came.
    pub fn noting(self, seen: Arc<SecretsSeen>) -> Self {
        Self { seen, ..self }
    }

    /// Stores the events of a signed body: what we acknowledge we never lose.
    async fn take<B: Buf>(
        &self,
        signature: Option<HeaderValue>,
        body: impl Stream<Item = Result<B, warp::Error>>,
    ) -> Result<(), Problem> {
        let signature = Signature::parse(signature.as_ref().map(HeaderValue::as_bytes)).map_err(refused)?;
        let body = self.room.read(body, self.limits.body).await?;
        let signed = self.secrets.signer(signature, &body.bytes).map_err(|refusal| self.turned_away(refusal))?;
        let now = self.clock.now();
        let LetIn { arrivals, sent_at } =
            door::admit(&signed, &body.bytes, now).map_err(|refusal| self.turned_away(refusal))?;
        self.seen.note(signed.label, now);
        if let Some(sent_at) = sent_at {
            self.seen.clock.note(sent_at, now);
        }
        // Taken only now: whoever cannot sign cannot use up the slots by sending slowly.
        let _slot = self.slots.try_acquire().map_err(|_| busy())?;
        match timeout(self.limits.storing, (self.keep)(arrivals)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                error!(error = &error as &dyn Error, "could not store webhook events, so they are not acknowledged");
                Err(not_stored())
            }
            Err(_) => {
                error!("storing webhook events takes too long, so they are not acknowledged");
                Err(not_stored())
            }
        }
    }

    /// Says at most once a minute that somebody is turned away: a wrong secret in our settings must be seen, and a
    /// flood of forgeries must not fill the log.
    fn turned_away(&self, refusal: Refusal) -> Problem {
        let (minute, warned_at) = (self.clock.now().timestamp() / 60, self.warned_at.load(Ordering::Relaxed));
        let is_first = minute != warned_at
            && self.warned_at.compare_exchange(warned_at, minute, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        self.seen.note_refusal(self.clock.now());
        if is_first {
            warn!(%refusal, "a webhook was turned away: is the app's secret in our settings?");
        }
        refused(refusal)
    }
}

/// Answers `POST` with Meta's events.
pub(super) fn receive(webhooks: Arc<Webhooks>) -> impl Filter<Extract = (Answer,), Error = Rejection> + Clone {
    let signature = warp::header::value(SIGNATURE).map(Some).or_else(|_| ready(Ok::<_, Rejection>((None,))));
    signature.and(warp::body::stream()).then(move |signature, body| {
        let webhooks = webhooks.clone();
        async move {
            match webhooks.take(signature, body).await {
                Ok(()) => received(),
                Err(problem) => problem.into_response(),
            }
        }
    })
}

/// Answers `GET` with the challenge. It asks nobody, so that it works when nothing else does.
pub(super) fn handshake(webhooks: Arc<Webhooks>) -> impl Filter<Extract = (Answer,), Error = Rejection> + Clone {
    let query = warp::query::raw().or_else(|_| ready(Ok::<_, Rejection>((String::new(),))));
    query.map(move |query: String| match webhooks.tokens.answer(&query) {
        Some(challenge) => plain(challenge),
        None => not_ours().into_response(),
    })
}

/// What is told of taking events: each of the three addresses has its own name.
pub(super) fn receiving(n: usize) -> Operation {
    let name = ["receive", "receive_at_second_address", "receive_at_third_address"][n];
    Operation::new(name, "Takes events from Meta, signed with the app's secret", "webhooks", |_| {
        let received =
            json!({ "type": "object", "properties": { "received": { "const": true } }, "required": ["received"] });
        Described {
            parameters: vec![header(SIGNATURE, "`sha256=` and the HMAC-SHA256 of the body, in hex")],
            takes: vec![("application/json", json!({ "type": "object" }))],
            may_be_empty: false,
            answers: vec![Documented {
                status: 200,
                sentence: "They are on disk.",
                content: vec![("application/json", received)],
            }],
            fails: vec![400, 403, 408, 413, 503],
        }
    })
}

/// What is told of the handshake.
pub(super) fn shaking_hands(n: usize) -> Operation {
    let name = ["shake_hands", "shake_hands_at_second_address", "shake_hands_at_third_address"][n];
    Operation::new(name, "Answers Meta's question whether this address is ours", "webhooks", |_| Described {
        answers: vec![Documented {
            status: 200,
            sentence: "It is: the challenge.",
            content: vec![("text/plain", json!({ "type": "string" }))],
        }],
        fails: vec![400, 403],
        ..Described::default()
    })
}

fn received() -> Answer {
    let mut answer = Answer::new(r#"{"received":true}"#.into());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn plain(text: String) -> Answer {
    let mut answer = Answer::new(text.into());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    // The text is the asker's own; no browser may take it for a page of ours.
    answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

fn refused(refusal: Refusal) -> Problem {
    let title = "The webhook is not signed by an app of ours";
    Problem::new(StatusCode::FORBIDDEN, "bad_signature", title).detail(refusal.to_string())
}

fn not_ours() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "bad_verify_token", "This is no handshake with a verify token of ours")
}

fn busy() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many webhooks are in hand already")
        .retry_after(Duration::from_secs(1))
}

fn not_stored() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_stored", "The events could not be stored: send them again")
        .retry_after(Duration::from_secs(5))
}
