//! What can be asked of the tree of actors from outside, and what it answers.

use chrono::{DateTime, Utc};
use ractor::RpcReplyPort;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::budget::forecast::BudgetLine;
use crate::domain::ids::{EventSeq, SellerId};

/// Why arrivals were not stored, as far as is known. Appending them again is always right: keys are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotStored {
    /// Too many requests wait already.
    #[error("too many events wait to be stored")]
    Busy,
    /// It takes too long; it may be stored yet.
    #[error("storing takes too long")]
    Late,
    /// The journal fell or is not there; it may have been stored.
    #[error("the journal is not there")]
    Down,
    /// The database cannot be used now.
    #[error("the database cannot be used now")]
    Unavailable,
    /// The database refuses these very events.
    #[error("the database refuses the events")]
    Refused,
}

/// A command about a seller's actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Nothing but the answer.
    Status,
    /// Take no turn until resumed: events are stored and wait.
    Pause,
    /// Go on, after a pause or a rest.
    Resume,
    /// Let the actor go; its next event brings it back.
    Unload,
    /// Let the actor go and load it again, with its connections as they are now.
    Reload,
    /// End the actor in the midst of whatever it does.
    Kill,
    /// Make the actor fall, as a rehearsal.
    Fault(Fault),
}

/// A way to fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A panic.
    Panic,
    /// An error out of the actor.
    Error,
    /// Not the actor itself: its catalog sync is killed, if there is one.
    Sync,
}

/// Where a seller's actor stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SellerStatus {
    /// Whose.
    pub seller: SellerId,
    /// Whether it runs.
    pub slot: Slot,
    /// True while it is to take no turn.
    pub paused: bool,
    /// The number it writes under; none before its first load.
    pub incarnation: Option<i64>,
    /// How often it was started since it was last unloaded.
    pub starts: u32,
    /// How often it fell since it last got anything done.
    pub falls: u32,
    /// Calls handed over and not ended.
    pub in_flight: usize,
    /// Owed calls that wait, as of the last turn.
    pub waiting: usize,
    /// When the next of them may be made, while a cap or a limit of Meta's keeps them waiting.
    pub calls_paused_until: Option<DateTime<Utc>>,
    /// The last of the events that the turn under way has taken in hand.
    pub in_hand: Option<EventSeq>,
}

/// Whether a seller's actor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// No; its next event loads it.
    NotLoaded,
    /// Yes.
    Up,
    /// It fell and waits a little before it is started again.
    Backoff,
    /// It fell too often: it is started again when resumed, or with the process.
    Resting,
}

/// What a seller's actor has in hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Whose.
    pub seller: SellerId,
    /// The number it writes under.
    pub incarnation: i64,
    /// Since when.
    pub loaded_at: DateTime<Utc>,
    /// Turns that changed something.
    pub turns: u64,
    /// The last id its counter has given.
    pub last_id: i64,
    /// Calls handed over and not ended.
    pub in_flight: usize,
    /// Events up to here are taken one by one, with attempts counted.
    pub careful_through: EventSeq,
    /// The next alarm it set.
    pub next_alarm: Option<DateTime<Utc>>,
    /// What may be spent at Meta, what was, and what waits for it.
    pub budgets: Vec<BudgetLine>,
}

/// Why the tree gave no answer about a seller's actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotTold {
    /// No answer in time.
    #[error("no answer in time")]
    Late,
    /// The supervisor is not there just now.
    #[error("the supervisor is not there")]
    Down,
    /// Whose each account is could not be read.
    #[error("whose each account is could not be read")]
    Unreadable,
}

/// Answers; that nobody waits any more is no trouble of whoever answers.
pub(crate) fn answer<T>(reply: RpcReplyPort<T>, answer: T) {
    let _ = reply.send(answer);
}
