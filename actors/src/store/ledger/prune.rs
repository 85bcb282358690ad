//! Letting go of events that have ended long ago: what is removed from the inbox is added to `intake` in the same
//! transaction, so that the equation holds at every moment. What is pending is never touched.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement, Value};
use std::collections::BTreeMap;

use crate::domain::event::Source;
use crate::domain::ids::EventSeq;
use crate::domain::outcome::Reason;
use crate::store::intake::{self, Counted, hour_of};
use crate::store::pen::{Sync, Writer, Writing, lazily};
use crate::store::rows::{ms, named};
use crate::store::{Store, StoreError, unknown};

use super::select::State;

/// Events looked at in one step, and the most that are removed by one transaction.
const CHUNK: usize = 500;

/// How long events are kept once they have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Handled ones and duplicates. At least as long as Meta delivers again, or they would be taken for new.
    pub decided: TimeDelta,
    /// Those in the ledger.
    pub ledgered: TimeDelta,
    /// Those in the ledger because their account is nobody's.
    pub unknown_account: TimeDelta,
}

/// A walk through the inbox, a step at a time. What is missed because the clock or a replay changed the order of things
/// is met in the next round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    walk: usize,
    after: i64,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// How many events were let go of.
    pub events: usize,
    /// Where to go on; none: the round is over.
    pub next: Option<Round>,
}

/// Which rows a walk is about.
#[derive(Clone, Copy, Debug)]
enum Walk {
    Decided,
    Ledgered(Reason),
}

impl Round {
    fn walk(self) -> Option<Walk> {
        match self.walk.checked_sub(1) {
            None => Some(Walk::Decided),
            Some(reason) => Reason::ALL.get(reason).copied().map(Walk::Ledgered),
        }
    }
}

impl Walk {
    /// The rows to look at, written out so that the planner sees which index has them.
    fn rows(self) -> String {
        match self {
            Walk::Decided => "1 = 1".to_owned(),
            Walk::Ledgered(reason) => format!("state = 'ledgered' AND reason = '{}'", reason.code()),
        }
    }

    /// Of those, what may go.
    fn may_go(self) -> String {
        match self {
            Walk::Decided => "state IN ('handled', 'duplicate')".to_owned(),
            Walk::Ledgered(_) => self.rows(),
        }
    }

    fn keep(self, keep: Keep) -> TimeDelta {
        match self {
            Walk::Decided => keep.decided,
            Walk::Ledgered(Reason::UnknownAccount) => keep.unknown_account,
            Walk::Ledgered(_) => keep.ledgered,
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    seq: i64,
    received_at: i64,
    decided_at: Option<i64>,
    may_go: i32,
}

/// Takes one step of a round.
pub async fn prune(store: &Store, keep: Keep, round: Round, now: DateTime<Utc>) -> Result<Pruned, StoreError> {
    let Some(walk) = round.walk() else {
        let tx = store.pen().write(Writer::Office, Sync::Lazy).await?;
        unknown::forget(&tx, now - keep.unknown_account).await?;
        tx.finish().await?;
        return Ok(Pruned { events: 0, next: None });
    };
    let before = ms(now - walk.keep(keep));
    let rows = rows(store.reads(), walk, round.after).await?;
    let old = |row: &&Row| row.may_go == 1 && row.decided_at.is_some_and(|decided| decided < before);
    let go: Vec<EventSeq> = rows.iter().filter(old).map(|row| EventSeq(row.seq)).collect();
    let events = if go.is_empty() { 0 } else { remove(store, (walk, before), &go, now).await? };
    // Places are given in the order of arrival: behind a chunk in which nothing is old, nothing is.
    let is_over = rows.len() < CHUNK || rows.iter().all(|row| row.received_at >= before);
    let next = match rows.last() {
        Some(last) if !is_over => Round { after: last.seq, ..round },
        _ => Round { walk: round.walk + 1, after: 0 },
    };
    Ok(Pruned { events, next: Some(next) })
}

async fn rows(reads: &impl ConnectionTrait, walk: Walk, after: i64) -> Result<Vec<Row>, StoreError> {
    let (rows, may_go) = (walk.rows(), walk.may_go());
    let sql = format!(
        "SELECT seq, received_at, decided_at, CASE WHEN {may_go} THEN 1 ELSE 0 END AS may_go FROM inbox_event \
         WHERE seq > $1 AND {rows} ORDER BY seq LIMIT {CHUNK}"
    );
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, [after.into()]);
    Ok(Row::find_by_statement(statement).all(reads).await?)
}

/// Removes what is still as it was read, and counts it. No flush: what a power cut brings back goes again.
async fn remove(
    store: &Store,
    (walk, before): (Walk, i64),
    events: &[EventSeq],
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let tx = store.pen().write(Writer::Office, Sync::Lazy).await?;
    let places: Vec<String> = (2..2 + events.len()).map(|place| format!("${place}")).collect();
    let sql = format!(
        "DELETE FROM inbox_event WHERE seq IN ({}) AND {} AND decided_at < $1 \
         RETURNING account, received_at, source, state, seller_id, {}",
        places.join(", "),
        walk.may_go(),
        lazily(&tx, Sync::Lazy)
    );
    let values: Vec<Value> = [before].into_iter().chain(events.iter().map(|event| event.0)).map(Value::from).collect();
    let gone = tx.query_sql(&sql, values).await?;
    let gone = gone.iter().map(gone_event).collect::<Result<Vec<_>, _>>()?;
    count(&tx, &gone, now).await?;
    tx.finish().await?;
    Ok(gone.len())
}

struct Gone {
    account: String,
    hour: i64,
    from_meta: bool,
    state: State,
    nobodys: bool,
}

fn gone_event(row: &QueryResult) -> Result<Gone, StoreError> {
    let (source, state): (String, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
    Ok(Gone {
        account: row.try_get_by_index(0)?,
        hour: hour_of(row.try_get_by_index(1)?),
        from_meta: source == Source::Meta.name(),
        state: named("state", &state, State::named)?,
        nobodys: row.try_get_by_index::<Option<i64>>(4)?.is_none(),
    })
}

/// By the hour in which each came. Commands and results are no part of the equation.
async fn count(tx: &Writing, gone: &[Gone], now: DateTime<Utc>) -> Result<(), StoreError> {
    let (mut counted, mut left) = (Counted::new(), BTreeMap::new());
    for gone in gone.iter().filter(|gone| gone.from_meta) {
        let counts = counted.entry((gone.account.as_str(), gone.hour)).or_default();
        match gone.state {
            State::Handled => counts.pruned_handled += 1,
            State::Duplicate => counts.duplicate += 1,
            State::Ledgered => counts.pruned_ledgered += 1,
            State::Pending => return Err(StoreError::Decided),
        }
        if gone.state == State::Ledgered && gone.nobodys {
            *left.entry(gone.account.as_str()).or_default() -= 1;
        }
    }
    unknown::add(tx, &left, now).await?;
    intake::add(tx, &counted).await
}
