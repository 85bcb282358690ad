//! Pieces of an erasure in the inbox. An event stays as a row, so that the books add up; its bytes go, and its key
//! becomes one that only whoever has the very same event can make again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::{QueryResult, Value};
use serde_json::Value as Json;

use super::names::Names;
use super::pieces::{CHUNK, Piece, places};
use crate::domain::channel::Account;
use crate::domain::erasure::{Erased, Erasure, Keyed, Whom, is_nobody, masked_key};
use crate::domain::event::Source;
use crate::store::intake::{self, Counted, hour_of};
use crate::store::rows::ms;
use crate::store::{FencedTx, StoreError};

struct Row {
    seq: i64,
    key: String,
    customer: Option<String>,
    happened_at: i64,
    received_at: i64,
    raw: Option<Vec<u8>>,
}

impl Row {
    fn read(row: &QueryResult) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.try_get_by_index(0)?,
            key: row.try_get_by_index(1)?,
            customer: row.try_get_by_index(2)?,
            happened_at: row.try_get_by_index(3)?,
            received_at: row.try_get_by_index(4)?,
            raw: row.try_get_by_index(5)?,
        })
    }

    fn is_theirs(&self, erasure: &Erasure, names: &Names) -> bool {
        let is_before = self.seq <= erasure.through.0 || self.happened_at <= ms(erasure.until());
        is_before && !is_nobody(&self.key) && names.tell(self.customer.as_deref(), self.raw.as_deref())
    }
}

/// Of the events of an account, those that are this seller's: an account goes from one seller to another, with what is
/// said on it from then on. What came for nobody is whose the account is now.
pub(in crate::store) fn are_of_seller(place: usize) -> String {
    format!(
        "(seller_id = ${place} OR (seller_id IS NULL AND EXISTS (SELECT 1 FROM account_owner w \
         WHERE w.account = inbox_event.account AND w.seller_id = ${place})))"
    )
}

/// The next events of Meta's on the account, by key, so that each piece finds its place again.
pub(super) async fn of_meta(
    tx: &FencedTx,
    erasure: &Erasure,
    after: &str,
    (keyed, now): (&dyn Keyed, DateTime<Utc>),
) -> Piece {
    let sql = format!(
        "SELECT seq, key, customer, happened_at, received_at, CASE WHEN customer IS NULL THEN raw END \
         FROM inbox_event WHERE account = $1 AND key > $2 AND {} ORDER BY key LIMIT {CHUNK}",
        are_of_seller(3)
    );
    let values = vec![erasure.account.as_str().into(), after.into(), tx.seller().0.into()];
    let rows = tx.writing().query_sql(&sql, values).await?;
    let rows = rows.iter().map(Row::read).collect::<Result<Vec<_>, _>>()?;
    let names = Names::new(&erasure.meta_ids);
    let theirs: Vec<&Row> = rows.iter().filter(|row| row.is_theirs(erasure, &names)).collect();
    let masked = |row: &Row| masked_key(keyed, &erasure.account, &row.key);
    let known = known(tx, &erasure.account, theirs.iter().map(|row| masked(row))).await?;
    // Of two that are the same, the one that came first is the event, and the other came again.
    let came_again = |row: &&&Row| known.get(&masked(row)).is_some_and(|(seq, _)| *seq < row.seq);
    let (again, anew): (Vec<&Row>, Vec<&Row>) = theirs.iter().partition(came_again);
    let emptied_before = anew.iter().filter_map(|row| known.get(&masked(row)).copied());
    let again = again.iter().map(|row| (row.seq, row.received_at)).chain(emptied_before).collect::<Vec<_>>();
    count_as_again(tx, &erasure.account, &again).await?;
    empty(tx, anew.iter().map(|row| (row.seq, masked(row))), now).await?;
    let more = rows.last().filter(|_| rows.len() == CHUNK).map(|last| last.key.clone());
    Ok((Erased { events: theirs.len() as u64, ..Erased::default() }, more))
}

/// Which of these keys are there, with the event's place and when it came: it came again, and was emptied by the journal.
async fn known(
    tx: &FencedTx,
    account: &Account,
    keys: impl Iterator<Item = String>,
) -> Result<BTreeMap<String, (i64, i64)>, StoreError> {
    let keys: Vec<Value> = keys.map(Value::from).collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let these = places(2, keys.len());
    let sql = format!("SELECT key, seq, received_at FROM inbox_event WHERE account = $1 AND key IN ({these})");
    let values = [Value::from(account.as_str())].into_iter().chain(keys).collect();
    let rows = tx.writing().query_sql(&sql, values).await?;
    let read = |row: &QueryResult| Ok((row.try_get_by_index(0)?, (row.try_get_by_index(1)?, row.try_get_by_index(2)?)));
    rows.iter().map(read).collect()
}

/// Empties events. What nobody had decided yet is decided with that; what was in the ledger stays there for this reason.
async fn empty(
    tx: &FencedTx,
    events: impl Iterator<Item = (i64, String)>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let events: Vec<(i64, String)> = events.collect();
    if events.is_empty() {
        return Ok(());
    }
    let rows: Vec<String> =
        (0..events.len()).map(|n| format!("(CAST(${} AS BIGINT), ${})", 2 + 2 * n, 3 + 2 * n)).collect();
    let sql = format!(
        "UPDATE inbox_event SET raw = '', customer = NULL, answer = NULL, key = e.column2, \
         reason = CASE WHEN state IN ('pending', 'ledgered') THEN 'erased' ELSE reason END, \
         decided_at = COALESCE(decided_at, $1), state = CASE WHEN state = 'pending' THEN 'ledgered' ELSE state END \
         FROM (VALUES {}) AS e WHERE inbox_event.seq = e.column1",
        rows.join(", ")
    );
    let values = events.into_iter().flat_map(|(seq, key)| [Value::from(seq), Value::from(key)]);
    tx.writing().execute_sql(&sql, [Value::from(ms(now))].into_iter().chain(values).collect()).await?;
    Ok(())
}

/// Removes events that are there already, by place and time of arrival: they were the same once more.
async fn count_as_again(tx: &FencedTx, account: &Account, again: &[(i64, i64)]) -> Result<(), StoreError> {
    if again.is_empty() {
        return Ok(());
    }
    let sql = format!("DELETE FROM inbox_event WHERE seq IN ({})", places(1, again.len()));
    tx.writing().execute_sql(&sql, again.iter().map(|(seq, _)| Value::from(*seq)).collect()).await?;
    let mut counted = Counted::new();
    for (_, received_at) in again {
        counted.entry((account.as_str(), hour_of(*received_at))).or_default().duplicate += 1;
    }
    intake::add(tx.writing(), &counted).await
}

/// The next commands and results of the shop's own, by key.
pub(super) async fn of_the_shop(tx: &FencedTx, erasure: &Erasure, after: &str) -> Piece {
    let account = Account::of_seller(tx.seller());
    let sql =
        format!("SELECT {} FROM inbox_event WHERE account = $1 AND key > $2 ORDER BY key LIMIT {CHUNK}", Own::COLUMNS);
    let rows = tx.writing().query_sql(&sql, vec![account.as_str().into(), after.into()]).await?;
    let rows = rows.iter().map(Own::read).collect::<Result<Vec<_>, _>>()?;
    let theirs = named(tx, erasure, &rows).await?;
    let found: Vec<&Own> = rows.iter().filter(|row| row.state != "pending" && theirs.have(row)).collect();
    if !found.is_empty() {
        // The answer to an erasure names nobody, and whoever asked may ask again.
        let sql = format!(
            "UPDATE inbox_event SET raw = '', answer = CASE WHEN answer IS NULL OR answer LIKE '%\"erasure\"%' \
             THEN answer ELSE '{{\"erased\":true}}' END WHERE seq IN ({})",
            places(1, found.len())
        );
        tx.writing().execute_sql(&sql, found.iter().map(|row| Value::from(row.seq)).collect()).await?;
    }
    let more = rows.last().filter(|_| rows.len() == CHUNK).map(|last| last.key.clone());
    Ok((Erased { commands: found.len() as u64, ..Erased::default() }, more))
}

/// By what the shop's own events name these persons.
async fn named(tx: &FencedTx, erasure: &Erasure, rows: &[Own]) -> Result<Named, StoreError> {
    let of = |one: fn(&Whom) -> i64| erasure.whom.iter().map(one).collect::<Vec<i64>>();
    let customers = of(|whom| whom.customer.0);
    let conversations = of(|whom| whom.conversation.0);
    let (mut orders, mut calls) = (Vec::new(), Vec::new());
    if !erasure.whom.is_empty() {
        let these = places(2, customers.len());
        let sql = format!("SELECT id FROM shop_order WHERE seller_id = $1 AND customer_id IN ({these})");
        orders = ids(tx, &sql, customers.clone()).await?;
        let asked: Vec<i64> = rows.iter().filter_map(Own::call).collect();
        if !asked.is_empty() {
            let sql = format!(
                "SELECT id FROM outbox WHERE seller_id = $1 AND conversation_id IN ({these}) AND id IN ({})",
                places(2 + conversations.len(), asked.len())
            );
            calls = ids(tx, &sql, conversations.iter().copied().chain(asked).collect()).await?;
        }
    }
    Ok(Named::new(Names::new(&erasure.meta_ids), (customers, conversations, orders), calls))
}

async fn ids(tx: &FencedTx, sql: &str, named: Vec<i64>) -> Result<Vec<i64>, StoreError> {
    let values = [tx.seller().0].into_iter().chain(named).map(Value::from).collect();
    let rows = tx.writing().query_sql(sql, values).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

/// A command or a result.
pub(in crate::store) struct Own {
    pub(in crate::store) seq: i64,
    pub(in crate::store) key: String,
    pub(in crate::store) source: String,
    pub(in crate::store) state: String,
    pub(in crate::store) raw: Vec<u8>,
    pub(in crate::store) answer: Option<String>,
}

impl Own {
    /// The columns that it is read from.
    pub(in crate::store) const COLUMNS: &str = "seq, key, source, state, raw, answer";

    pub(in crate::store) fn read(row: &QueryResult) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.try_get("", "seq")?,
            key: row.try_get("", "key")?,
            source: row.try_get("", "source")?,
            state: row.try_get("", "state")?,
            raw: row.try_get("", "raw")?,
            answer: row.try_get("", "answer")?,
        })
    }

    /// The owed call whose result it is.
    pub(in crate::store) fn call(&self) -> Option<i64> {
        (self.source == Source::Result.name()).then(|| named_call(&self.key))?
    }
}

/// The owed call that the key of a result names: `call:<id>:<try>`.
fn named_call(key: &str) -> Option<i64> {
    key.strip_prefix("call:")?.split(':').next()?.parse().ok()
}

/// By what the shop's own events name persons.
pub(in crate::store) struct Named {
    names: Names,
    named: BTreeMap<&'static str, BTreeSet<i64>>,
    calls: BTreeSet<i64>,
}

impl Named {
    /// By their names at Meta, their customers, conversations and orders, and the calls whose results may be looked at.
    pub(in crate::store) fn new(
        names: Names,
        (customers, conversations, orders): (Vec<i64>, Vec<i64>, Vec<i64>),
        calls: Vec<i64>,
    ) -> Self {
        let named = [("customer", customers), ("conversation", conversations), ("order", orders)];
        let named = named.into_iter().map(|(name, ids)| (name, ids.into_iter().collect())).collect();
        Self { names, named, calls: calls.into_iter().collect() }
    }

    /// Other calls whose results may be looked at.
    pub(in crate::store) fn with_calls(&mut self, calls: Vec<i64>) {
        self.calls = calls.into_iter().collect();
    }

    /// Whether a conversation is theirs.
    pub(in crate::store) fn has_conversation(&self, id: i64) -> bool {
        self.named.get("conversation").is_some_and(|all| all.contains(&id))
    }

    pub(in crate::store) fn have(&self, row: &Own) -> bool {
        let is_call = row.call().is_some_and(|call| self.calls.contains(&call));
        let says =
            || self.names.are_in(&row.raw) || row.answer.as_ref().is_some_and(|it| self.names.are_in(it.as_bytes()));
        let named = || serde_json::from_slice(&row.raw).is_ok_and(|raw: Json| self.are_named_in(&raw));
        is_call || says() || (row.source == Source::Command.name() && named())
    }

    /// Whether a command names one of theirs, however deep.
    fn are_named_in(&self, value: &Json) -> bool {
        match value {
            Json::Object(members) => members.iter().any(|(name, value)| {
                let is_one = |ids: &BTreeSet<i64>| value.as_i64().is_some_and(|id| ids.contains(&id));
                self.named.get(name.as_str()).is_some_and(is_one) || self.are_named_in(value)
            }),
            Json::Array(all) => all.iter().any(|one| self.are_named_in(one)),
            _ => false,
        }
    }
}
