//! What happened in shops, read in order, and let go of once it is old.

use chrono::{DateTime, Utc};
use entity::{seller, shop_event};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};

use crate::domain::ids::{SellerId, ShopEventId};
use crate::domain::shop_event::{ShopEvent, ShopEventKind};

use super::pen::{Sync, Writer, lazily};
use super::rows::{self, OfSeller, ms};
use super::{Store, StoreError, at_most};

/// So many are let go of at once.
const CHUNK: u64 = 500;

/// What happened in a shop after this, in order; of these kinds, or of any when none is named. It may not be on disk
/// yet: whoever passes it on waits for that first, with
/// [`on_disk`].
pub async fn after(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    after: ShopEventId,
    kinds: &[ShopEventKind],
    limit: u64,
) -> Result<Vec<ShopEvent>, StoreError> {
    let mut events = shop_event::Entity::of_seller(seller).filter(shop_event::Column::Id.gt(after.0));
    if !kinds.is_empty() {
        events = events.filter(shop_event::Column::Kind.is_in(kinds.iter().map(|kind| kind.name())));
    }
    let rows = events.order_by_asc(shop_event::Column::Id).limit(at_most(limit)).all(reads).await?;
    rows.into_iter().map(rows::shop_event).collect()
}

/// Waits until whatever was read before is on disk. SQLite shares one flush among all who wait. PostgreSQL shows what a
/// seller commits before it is there: a commit of our own that waits for the disk takes all before it along.
pub async fn on_disk(store: &Store) -> Result<(), StoreError> {
    if store.reads().get_database_backend() == DbBackend::Sqlite {
        return store.pen().flush_seen().await;
    }
    let tx = store.pen().write(Writer::Office, Sync::Flushed).await?;
    tx.query_sql("SELECT pg_logical_emit_message(true, 'hawker', '')", vec![]).await?;
    tx.finish().await
}

/// Where a shop's events begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The last that was let go of: who goes on from before it has missed something. 0: none was.
    pub gone: ShopEventId,
    /// The last there is.
    pub last: ShopEventId,
}

/// The last event of a shop that was let go of; 0: none was. None: there is no such seller.
pub async fn gone(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Option<ShopEventId>, StoreError> {
    let gone = seller::Entity::find_by_id(seller.0).select_only().column(seller::Column::EventsGone);
    Ok(gone.into_tuple::<i64>().one(reads).await?.map(ShopEventId))
}

/// Where a shop's events begin and end; none: there is no such seller.
pub async fn extent(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Option<Extent>, StoreError> {
    let Some(ShopEventId(gone)) = gone(reads, seller).await? else { return Ok(None) };
    let last = shop_event::Entity::of_seller(seller)
        .filter(shop_event::Column::Id.gt(gone))
        .select_only()
        .column(shop_event::Column::Id)
        .order_by_desc(shop_event::Column::Id)
        .into_tuple::<i64>()
        .one(reads)
        .await?;
    Ok(Some(Extent { gone: ShopEventId(gone), last: ShopEventId(last.unwrap_or(gone)) }))
}

/// The next seller after this one with events from before a time.
async fn next_with_old(store: &Store, after: SellerId, before: i64) -> Result<Option<SellerId>, StoreError> {
    let sql = "SELECT s.id FROM seller AS s WHERE s.id > $1 AND \
               (SELECT e.at FROM shop_event AS e WHERE e.seller_id = s.id ORDER BY e.id LIMIT 1) < $2 \
               ORDER BY s.id LIMIT 1";
    let reads = store.reads();
    let values = [after.0.into(), before.into()];
    let row = reads.query_one_raw(Statement::from_sql_and_values(reads.get_database_backend(), sql, values)).await?;
    row.map(|row| Ok(SellerId(row.try_get_by_index(0)?))).transpose()
}

/// Lets go of some events from before a time, of the first seller after this one that has any. Answers the seller to go
/// on after; none: it was the last. No flush: what a power cut brings back goes again.
pub async fn prune(store: &Store, after: SellerId, before: DateTime<Utc>) -> Result<Option<SellerId>, StoreError> {
    let before = ms(before);
    let Some(seller) = next_with_old(store, after, before).await? else { return Ok(None) };
    let tx = store.pen().write(Writer::Office, Sync::Lazy).await?;
    let old = format!(
        "SELECT MAX(id), {} FROM (SELECT id, at FROM shop_event WHERE seller_id = $1 ORDER BY id LIMIT {CHUNK}) AS e \
         WHERE at < $2",
        lazily(&tx, Sync::Lazy)
    );
    let found = tx.query_sql(&old, vec![seller.0.into(), before.into()]).await?;
    let through = found.first().map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
    let Some(through) = through else { return Ok(Some(seller)) };
    let note = "UPDATE seller SET events_gone = $2 WHERE id = $1 AND events_gone < $2";
    tx.execute_sql(note, vec![seller.0.into(), through.into()]).await?;
    let go = "DELETE FROM shop_event WHERE seller_id = $1 AND id <= $2";
    let gone = tx.execute_sql(go, vec![seller.0.into(), through.into()]).await?;
    tx.finish().await?;
    // The same seller once more, unless that was all of it.
    Ok(Some(if gone < CHUNK { seller } else { SellerId(seller.0 - 1) }))
}
