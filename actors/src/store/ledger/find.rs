//! Finding events: a page at a time, each page at a bounded price however little there is to find.

use chrono::{DateTime, Utc};
use entity::inbox_event;
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, Statement, Value};

use crate::domain::channel::Account;
use crate::domain::event::Source;
use crate::domain::ids::{EventSeq, SellerId};
use crate::domain::outcome::Reason;
use crate::store::rows::{maybe_time, named, time};
use crate::store::{LEDGERED, StoreError};

use super::select::{Conditions, Selection, State};

/// So many events are looked at for one page, at most: what is rare is found in several.
const LOOKED_AT: i64 = 20_000;

/// Which end of the inbox to begin at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What came last.
    Newest,
    /// What came first.
    Oldest,
}

/// An event, without the bytes it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundEvent {
    /// Its place.
    pub seq: EventSeq,
    /// Where it stands.
    pub state: State,
    /// Why it was ledgered; none when it was not, or for a reason of a newer version.
    pub reason: Option<Reason>,
    /// The same, as stored.
    pub reason_code: Option<String>,
    /// Who told us.
    pub source: Source,
    /// What it is, as a word.
    pub kind: String,
    /// Whose account at Meta.
    pub account: Account,
    /// Unique within the account.
    pub key: String,
    /// Whose it is with us.
    pub seller: Option<SellerId>,
    /// The customer's id at Meta.
    pub customer: Option<String>,
    /// When it happened, by its sender's clock.
    pub happened_at: DateTime<Utc>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When it ended.
    pub decided_at: Option<DateTime<Utc>>,
    /// How often it was taken in hand one by one.
    pub attempts: i32,
}

/// A page of what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The events.
    pub events: Vec<FoundEvent>,
    /// Where to go on; none when everything was looked at.
    pub next: Option<EventSeq>,
}

/// An event with the bytes it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// All but the bytes.
    pub event: FoundEvent,
    /// The bytes.
    pub raw: Vec<u8>,
}

#[derive(FromQueryResult)]
struct Row {
    seq: i64,
    state: String,
    reason: Option<String>,
    source: String,
    kind: String,
    account: String,
    key: String,
    seller_id: Option<i64>,
    customer: Option<String>,
    happened_at: i64,
    received_at: i64,
    decided_at: Option<i64>,
    attempts: i32,
}

const COLUMNS: &str = "seq, state, reason, source, kind, account, key, seller_id, customer, happened_at, received_at, \
                       decided_at, attempts";

/// A page of the events of a selection that are in a state, or in any; those beyond `after`.
pub async fn events(
    reads: &impl ConnectionTrait,
    (state, selection): (Option<State>, Selection),
    (order, after): (Order, Option<EventSeq>),
    limit: usize,
) -> Result<Found, StoreError> {
    let mut conditions = Conditions::default();
    let window = window(&mut conditions, (state, selection.reason), (order, after));
    let within = conditions.values.clone();
    let filter = filter(conditions, state, selection);
    let (direction, more) = (direction(order), limit.saturating_add(1).min(10_000));
    let sql = format!(
        "SELECT {COLUMNS} FROM ({window}) AS looked_at WHERE {} ORDER BY seq {direction} LIMIT {more}",
        filter.sql()
    );
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, filter.values);
    let mut rows = Row::find_by_statement(statement).all(reads).await?;
    let next = if rows.len() > limit {
        rows.truncate(limit);
        rows.last().map(|row| EventSeq(row.seq))
    } else {
        end_of_window(reads, &window, within, order).await?
    };
    Ok(Found { events: rows.into_iter().map(found).collect::<Result<_, _>>()?, next })
}

fn direction(order: Order) -> &'static str {
    match order {
        Order::Newest => "DESC",
        Order::Oldest => "ASC",
    }
}

/// The rows to look at: of those in the ledger, which an index leads to, or of all.
fn window(
    conditions: &mut Conditions,
    (state, reason): (Option<State>, Option<Reason>),
    (order, after): (Order, Option<EventSeq>),
) -> String {
    let mut parts = vec!["1 = 1".to_owned()];
    if state == Some(State::Ledgered) || reason.is_some() {
        parts.push(LEDGERED.0.to_owned());
    }
    if let Some(reason) = reason {
        parts.push(format!("reason = {}", conditions.place(reason.code())));
    }
    if let Some(after) = after {
        let beyond = if order == Order::Newest { '<' } else { '>' };
        parts.push(format!("seq {beyond} {}", conditions.place(after.0)));
    }
    let (parts, direction) = (parts.join(" AND "), direction(order));
    format!("SELECT {COLUMNS} FROM inbox_event WHERE {parts} ORDER BY seq {direction} LIMIT {LOOKED_AT}")
}

fn filter(within: Conditions, state: Option<State>, selection: Selection) -> Conditions {
    let mut conditions = within;
    if let Some(state) = state {
        conditions.add("state = ?", state.name());
    }
    selection.into_conditions(&mut conditions);
    conditions
}

/// Where a page that was not filled goes on, unless it has seen everything.
async fn end_of_window(
    reads: &impl ConnectionTrait,
    window: &str,
    values: Vec<Value>,
    order: Order,
) -> Result<Option<EventSeq>, StoreError> {
    let last = if order == Order::Newest { "MIN" } else { "MAX" };
    let sql = format!("SELECT {last}(seq), COUNT(*) FROM ({window}) AS looked_at");
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, values);
    let Some(row) = reads.query_one_raw(statement).await? else { return Ok(None) };
    let (last, looked_at): (Option<i64>, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok(last.filter(|_| looked_at >= LOOKED_AT).map(EventSeq))
}

/// One event with its bytes.
pub async fn event(reads: &impl ConnectionTrait, seq: EventSeq) -> Result<Option<Whole>, StoreError> {
    let Some(model) = inbox_event::Entity::find_by_id(seq.0).one(reads).await? else { return Ok(None) };
    let row = Row {
        seq: model.seq,
        state: model.state,
        reason: model.reason,
        source: model.source,
        kind: model.kind,
        account: model.account,
        key: model.key,
        seller_id: model.seller_id,
        customer: model.customer,
        happened_at: model.happened_at,
        received_at: model.received_at,
        decided_at: model.decided_at,
        attempts: model.attempts,
    };
    Ok(Some(Whole { event: found(row)?, raw: model.raw }))
}

fn found(row: Row) -> Result<FoundEvent, StoreError> {
    let state = named("state", &row.state, State::named)?;
    // What is pending may have one already, and is not in the ledger yet.
    let reason = row.reason.filter(|_| state == State::Ledgered);
    Ok(FoundEvent {
        seq: EventSeq(row.seq),
        state,
        reason: reason.as_deref().and_then(Reason::coded),
        reason_code: reason,
        source: named("source", &row.source, Source::named)?,
        kind: row.kind,
        account: Account::stored(row.account),
        key: row.key,
        seller: row.seller_id.map(SellerId),
        customer: row.customer,
        happened_at: time(row.happened_at)?,
        received_at: time(row.received_at)?,
        decided_at: maybe_time(row.decided_at)?,
        attempts: row.attempts,
    })
}
