//! Finds which items to ask Meta about, and which Meta has not shown.

use chrono::{DateTime, Utc};

use crate::domain::sync::known::{ItemState, KnownItem, Wants};
use crate::domain::sync::run::Cursor;
use crate::shop::{Found, Task};
use crate::store::{StoreError, sync};

use super::Look;

/// Items of one question to Meta.
const ASKED_AT_ONCE: u64 = 100;
/// With more of them waiting, all that is at Meta is looked through, which shows more of them a call.
const MANY: u64 = 1000;
const PAGE: u64 = 1000;

/// The next items that wait for Meta's review.
pub(super) async fn next(look: &Look<'_>, task: &Task, cursor: &Cursor) -> Result<Found, StoreError> {
    let reads = look.reads;
    if cursor.after.is_empty() {
        let waiting = sync::by_state(reads, look.of(task)).await?.get(&ItemState::Accepted).copied();
        if waiting.unwrap_or(0) > MANY {
            return Ok(Found::Many);
        }
    }
    let waiting = (cursor.after.as_str(), Some(ItemState::Accepted));
    let page = sync::page(reads, look.of(task), waiting, ASKED_AT_ONCE).await?;
    let after = page.last().map_or_else(|| cursor.after.clone(), |last| last.retailer_id.clone());
    let retailer_ids = page.into_iter().map(|item| item.retailer_id).collect();
    Ok(Found::Ask { retailer_ids, next: Cursor { after, ..cursor.clone() } })
}

/// Items that Meta has accepted and did not show: they are sent again.
pub(super) async fn missing(
    look: &Look<'_>,
    task: &Task,
    (cursor, since): (&Cursor, DateTime<Utc>),
) -> Result<Found, StoreError> {
    let (reads, now) = (look.reads, look.now);
    let unseen = sync::unseen_since(reads, look.of(task), (&cursor.after, since), PAGE).await?;
    let next = unseen.next.map(|after| Cursor { after, ..cursor.clone() });
    let owed = |item: KnownItem| KnownItem {
        state: ItemState::Owed,
        wants: Wants::Put,
        accepted: None,
        // Sent again it is another item there.
        item_id: None,
        seen: None,
        changed_at: now,
        ..item
    };
    Ok(Found::Missing { items: unseen.items.into_iter().map(owed).collect(), next })
}
