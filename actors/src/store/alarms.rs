//! Alarms: rows that say when a seller is to be woken.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use crate::domain::alarm::Alarm;
use crate::domain::ids::SellerId;

use super::StoreError;

/// When the next alarm of anybody is due.
pub async fn next_due(reads: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>, StoreError> {
    let _ = reads;
    unimplemented!()
}

/// Sellers with an alarm due at `now`.
pub async fn sellers_due(reads: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<SellerId>, StoreError> {
    let _ = (reads, now);
    unimplemented!()
}

/// A seller's alarms due at `now`, oldest first, at most `limit`.
pub async fn due_of(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Alarm>, StoreError> {
    let _ = (reads, seller, now, limit);
    unimplemented!()
}
