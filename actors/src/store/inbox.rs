//! The inbox: every event, from its arrival to its outcome.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use entity::{inbox_event, intake, outbox};
use sea_orm::sea_query::{OnConflict, Query, UnionType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait,
};

use crate::domain::budget::hold::Hold;
use crate::domain::channel::Account;
use crate::domain::event::{Arrival, Source, StoredEvent};
use crate::domain::ids::{EventSeq, SellerId};

use super::pen::{FencedTx, Pen, Sync, Writer, Writing};
use super::rows::{OfSeller, arrival_row, from_json, stored_event};
use super::{OPEN, PENDING, StoreError, app_hold};

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
    /// What was new: its place and its kind.
    pub stored: Vec<(EventSeq, String)>,
}

/// Stores all of it, or nothing, flushed; counts it in `intake` in the same commit.
pub async fn append(pen: &Pen, events: &[Routed], now: DateTime<Utc>) -> Result<Appended, StoreError> {
    append_with(pen, events, None, now).await
}

/// As [`append`]; with what one of the events told of the whole app, so that neither is stored without the other.
pub async fn append_with(
    pen: &Pen,
    events: &[Routed],
    held: Option<&Hold>,
    now: DateTime<Utc>,
) -> Result<Appended, StoreError> {
    if events.is_empty() {
        return Ok(Appended::default());
    }
    let tx = pen.write(Writer::Journal, Sync::Flushed).await?;
    let mut fresh = Vec::with_capacity(events.len());
    for chunk in events.chunks(tx.rows_at_once(STORED_COLUMNS)) {
        fresh.append(&mut insert(&tx, chunk, now).await?);
    }
    count(&tx, events, &fresh, now).await?;
    if let Some(hold) = held {
        app_hold::put(&tx, hold).await?;
    }
    tx.commit("journal.append").await?;
    let wake: BTreeSet<SellerId> = fresh.iter().filter_map(|fresh| fresh.pending_for).collect();
    let new = fresh.len() as u64;
    let stored = fresh.into_iter().map(|fresh| (fresh.seq, fresh.kind)).collect();
    Ok(Appended { new, duplicate: events.len() as u64 - new, wake: wake.into_iter().collect(), stored })
}

/// As many as `arrival_row` sets.
const STORED_COLUMNS: usize = 13;

/// What the inbox did not have yet.
struct Fresh {
    seq: EventSeq,
    kind: String,
    account: String,
    from_meta: bool,
    pending_for: Option<SellerId>,
}

/// The same key twice in one statement is found as any other duplicate is.
async fn insert(tx: &Writing, events: &[Routed], now: DateTime<Utc>) -> Result<Vec<Fresh>, StoreError> {
    use inbox_event::Column::{Account, Key, Kind, SellerId, Seq, Source, State};
    let rows = events.iter().map(|routed| arrival_row(routed, now));
    let mut statement = inbox_event::Entity::insert_many(rows).into_query();
    statement
        .on_conflict(OnConflict::columns([Account, Key]).do_nothing().to_owned())
        .returning(Query::returning().columns([Account, Source, SellerId, State, Seq, Kind]));
    tx.query(&statement).await?.iter().map(fresh).collect()
}

fn fresh(row: &QueryResult) -> Result<Fresh, StoreError> {
    let source: String = row.try_get_by_index(1)?;
    let seller: Option<i64> = row.try_get_by_index(2)?;
    let state: String = row.try_get_by_index(3)?;
    Ok(Fresh {
        seq: EventSeq(row.try_get_by_index(4)?),
        kind: row.try_get_by_index(5)?,
        account: row.try_get_by_index(0)?,
        from_meta: source == Source::Meta.name(),
        pending_for: seller.filter(|_| state == "pending").map(SellerId),
    })
}

/// Adds what came from Meta, and how much of it was known, to the hour's intake.
async fn count(tx: &Writing, events: &[Routed], fresh: &[Fresh], now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut received: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for routed in events.iter().filter(|routed| routed.arrival.source == Source::Meta) {
        let (all, known) = received.entry(routed.arrival.account.as_str()).or_default();
        (*all, *known) = (*all + 1, *known + 1);
    }
    for fresh in fresh.iter().filter(|fresh| fresh.from_meta) {
        if let Some((_, known)) = received.get_mut(fresh.account.as_str()) {
            *known -= 1;
        }
    }
    let hour = now.timestamp().div_euclid(3600);
    let rows: Vec<intake::ActiveModel> =
        received.into_iter().map(|(account, counts)| intake_row(account, hour, counts)).collect();
    for chunk in rows.chunks(tx.rows_at_once(INTAKE_COLUMNS)) {
        tx.execute(intake::Entity::insert_many(chunk.to_vec()).into_query().on_conflict(added_up())).await?;
    }
    Ok(())
}

const INTAKE_COLUMNS: usize = 6;

fn intake_row(account: &str, hour: i64, (received, duplicate): (i64, i64)) -> intake::ActiveModel {
    let account = account.to_owned();
    intake::Model { account, hour, received, duplicate, pruned_handled: 0, pruned_ledgered: 0 }.into()
}

fn added_up() -> OnConflict {
    use intake::Column::{Account, Duplicate, Hour, Received};
    use sea_orm::sea_query::{Expr, ExprTrait};
    let sum = |column: intake::Column| {
        let there = Expr::col((intake::Entity, column));
        (column, there.add(Expr::col(("excluded", column))))
    };
    OnConflict::columns([Account, Hour]).values([sum(Received), sum(Duplicate)]).to_owned()
}

/// A seller's oldest pending events, in Meta's time, then in order of arrival.
pub async fn pending(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    limit: u64,
) -> Result<Vec<StoredEvent>, StoreError> {
    let rows = inbox_event::Entity::of_seller(seller)
        .filter(PENDING.expr())
        .order_by_asc(inbox_event::Column::HappenedAt)
        .order_by_asc(inbox_event::Column::Seq)
        .limit(super::at_most(limit))
        .all(reads)
        .await?;
    rows.into_iter().map(stored_event).collect()
}

/// The keys of all of a seller's pending events from one source.
pub async fn pending_keys(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    source: Source,
) -> Result<Vec<String>, StoreError> {
    let keys = inbox_event::Entity::of_seller(seller)
        .select_only()
        .column(inbox_event::Column::Key)
        .filter(PENDING.expr())
        .filter(inbox_event::Column::Source.eq(source.name()))
        .into_tuple()
        .all(reads)
        .await?;
    Ok(keys)
}

/// Sellers with pending events or open owed calls: whoever might have missed a wake-up.
pub async fn sellers_with_work(reads: &impl ConnectionTrait) -> Result<Vec<SellerId>, StoreError> {
    let owing = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::SellerId)
        .filter(OPEN.expr())
        .distinct()
        .into_query();
    let mut statement = inbox_event::Entity::find()
        .select_only()
        .column(inbox_event::Column::SellerId)
        .filter(PENDING.expr())
        .distinct()
        .into_query();
    statement.union(UnionType::Distinct, owing);
    let rows = reads.query_all(&statement).await?;
    rows.iter().map(|row| Ok(SellerId(row.try_get_by_index(0)?))).collect()
}

/// Counts one more attempt at an event before it is taken in hand, and says the count.
pub async fn count_attempt(tx: &FencedTx, event: EventSeq) -> Result<i32, StoreError> {
    let sql = "UPDATE inbox_event SET attempts = attempts + 1 \
               WHERE seq = $1 AND seller_id = $2 AND state = 'pending' RETURNING attempts";
    let rows = tx.writing().query_sql(sql, vec![event.0.into(), tx.seller().0.into()]).await?;
    match rows.first() {
        Some(row) => Ok(row.try_get_by_index(0)?),
        None => Err(StoreError::Decided),
    }
}

/// The highest place given so far; 0 for an empty inbox.
pub async fn last_seq(reads: &impl ConnectionTrait) -> Result<EventSeq, StoreError> {
    let newest = inbox_event::Entity::find()
        .select_only()
        .column(inbox_event::Column::Seq)
        .order_by_desc(inbox_event::Column::Seq)
        .into_tuple::<i64>()
        .one(reads)
        .await?;
    Ok(EventSeq(newest.unwrap_or(0)))
}

/// The kept answer to a command: none while it is not decided.
pub async fn answer(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    key: &str,
) -> Result<Option<serde_json::Value>, StoreError> {
    let found = inbox_event::Entity::of_seller(seller)
        .select_only()
        .column(inbox_event::Column::Answer)
        .filter(inbox_event::Column::Account.eq(Account::of_seller(seller).as_str()))
        .filter(inbox_event::Column::Key.eq(key))
        .into_tuple::<Option<String>>()
        .one(reads)
        .await?;
    found.flatten().map(|text| from_json("answer", &text)).transpose()
}
