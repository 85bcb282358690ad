//! The inbox: every event, from its arrival to its outcome.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use crate::domain::event::{Arrival, Source, StoredEvent};
use crate::domain::ids::{EventSeq, SellerId};

use super::{StoreError, pen::FencedTx, pen::Pen};

/// An arrival with the seller it belongs to, if any.
#[derive(Clone, Debug)]
pub struct Routed {
    /// What arrived.
    pub arrival: Arrival,
    /// Whose account it is; none: it is stored as ledgered.
    pub seller: Option<SellerId>,
}

/// What became of arrivals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// How many were new.
    pub new: u64,
    /// How many the inbox already had.
    pub duplicate: u64,
    /// Sellers with something new and pending.
    pub wake: Vec<SellerId>,
}

/// Stores all of it, or nothing, flushed; counts it in `intake` in the same commit.
pub async fn append(pen: &Pen, events: &[Routed], now: DateTime<Utc>) -> Result<Appended, StoreError> {
    let _ = (pen, events, now);
    unimplemented!()
}

/// A seller's oldest pending events, in Meta's time, then in order of arrival.
pub async fn pending(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    limit: u64,
) -> Result<Vec<StoredEvent>, StoreError> {
    let _ = (reads, seller, limit);
    unimplemented!()
}

/// Sellers with pending events or open owed calls: whoever might have missed a wake-up.
pub async fn sellers_with_work(reads: &impl ConnectionTrait) -> Result<Vec<SellerId>, StoreError> {
    let _ = reads;
    unimplemented!()
}

/// Counts one more attempt at an event before it is taken in hand, and says the count.
pub async fn count_attempt(tx: &FencedTx, event: EventSeq) -> Result<i32, StoreError> {
    let _ = (tx, event);
    unimplemented!()
}

/// The highest place given so far; 0 for an empty inbox.
pub async fn last_seq(reads: &impl ConnectionTrait) -> Result<EventSeq, StoreError> {
    let _ = reads;
    unimplemented!()
}

/// The kept answer to a command: none while it is not decided.
pub async fn answer(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    key: &str,
) -> Result<Option<serde_json::Value>, StoreError> {
    let _ = (reads, seller, key);
    unimplemented!()
}

/// The keys of all of a seller's pending events from one source.
pub async fn pending_keys(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    source: Source,
) -> Result<Vec<String>, StoreError> {
    let _ = (reads, seller, source);
    unimplemented!()
}
