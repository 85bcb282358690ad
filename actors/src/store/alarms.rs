//! Alarms: rows that say when a seller is to be woken.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::alarm;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::domain::alarm::Alarm;
use crate::domain::ids::SellerId;

use super::rows::{self, OfSeller, ms};
use super::{StoreError, at_most};

/// When the next alarm of anybody is due, of those that are not due at `now`.
pub async fn next_due(reads: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
    let next = alarm::Entity::find()
        .select_only()
        .column(alarm::Column::Due)
        .filter(alarm::Column::Due.gt(ms(now)))
        .order_by_asc(alarm::Column::Due)
        .into_tuple::<i64>()
        .one(reads)
        .await?;
    rows::maybe_time(next)
}

/// Sellers with an alarm due at `now`, who waits longest first, and since when.
pub async fn sellers_due(
    reads: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Vec<(SellerId, DateTime<Utc>)>, StoreError> {
    let sellers = alarm::Entity::find()
        .select_only()
        .columns([alarm::Column::SellerId, alarm::Column::Due])
        .filter(alarm::Column::Due.lte(ms(now)))
        .order_by_asc(alarm::Column::Due)
        .into_tuple::<(i64, i64)>()
        .all(reads)
        .await?;
    // Not `DISTINCT`: for that SQLite walks every alarm there is.
    let mut seen = HashSet::new();
    let first = sellers.into_iter().filter(|(seller, _)| seen.insert(*seller));
    first.map(|(seller, due)| Ok((SellerId(seller), rows::time(due)?))).collect()
}

/// A seller's alarms due at `now`, oldest first, at most `limit`.
pub async fn due_of(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Alarm>, StoreError> {
    let due = alarm::Entity::of_seller(seller)
        .filter(alarm::Column::Due.lte(ms(now)))
        .order_by_asc(alarm::Column::Due)
        .order_by_asc(alarm::Column::Kind)
        .order_by_asc(alarm::Column::Subject)
        .limit(at_most(limit))
        .all(reads)
        .await?;
    due.into_iter().map(rows::alarm).collect()
}
