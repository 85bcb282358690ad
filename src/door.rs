//! The door: who signed a webhook, and what its body holds, cut into events that can each be kept on their own.
//!
//! Plain functions over bytes. It knows neither HTTP nor the database, and Meta's JSON goes no further than here.

mod attachments;
mod catalog;
mod change;
mod cut;
mod decode;
mod handshake;
mod item;
mod json;
mod keep;
mod kinds;
mod messaging;
mod metas_clock;
mod news;
mod notes;
mod permissions;
mod referral;
mod seen;
mod signature;
mod signed_request;
#[cfg(test)]
mod tests;
mod whatsapp;

pub use cut::cut;
pub use decode::decode;
pub use handshake::VerifyTokens;
pub use metas_clock::{Heard, MetasClock};
pub use permissions::{KIND as PERMISSIONS, TakenBack, taken_back};
pub use seen::SecretsSeen;
pub use signature::{Objects, Refusal, Secret, Secrets, Signature, Signed};
pub use signed_request::{NotTaken, SignedRequest};

use actors::domain::event::Arrival;
use chrono::{DateTime, Utc};

/// What was let in.
#[derive(Debug)]
pub struct LetIn {
    /// The events.
    pub arrivals: Vec<Arrival>,
    /// When Meta sent the last of it, by its own clock, where that is told.
    pub sent_at: Option<DateTime<Utc>>,
}

/// The events in a body signed with one of our secrets, or why it is turned away.
///
/// An object that the secret's app has no business with refuses the whole body: nobody but a forger mixes them.
pub fn admit(signed: &Signed<'_>, body: &[u8], received_at: DateTime<Utc>) -> Result<LetIn, Refusal> {
    let pieces = cut::pieces(body, received_at);
    match pieces.objects.iter().all(|object| signed.may_sign(object)) {
        true => Ok(LetIn { arrivals: pieces.arrivals, sent_at: pieces.sent_at }),
        false => Err(Refusal::WrongObject),
    }
}
