//! What is held of a person in the inbox: the same events that an erasure would empty.

use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use serde_json::{Value as Json, json};

use super::{Exported, Found, Subject, ask, ids_of};
use crate::domain::channel::Account;
use crate::domain::ids::SellerId;
use crate::store::StoreError;
use crate::store::erasures::{Named, Names, Own, are_of_seller, places};

/// Events looked at in one go; a part of a file of products is large.
const CHUNK: usize = 200;

/// The seller's events of an account, by key, with their bytes where these are looked into.
async fn next(
    reads: &impl ConnectionTrait,
    (seller, account): (SellerId, &Account),
    (after, is_wanted, names): (&str, &str, &[String]),
) -> Result<Vec<QueryResult>, StoreError> {
    let sql = format!(
        "SELECT key, source, kind, customer, happened_at, received_at, state, reason, answer, seq, \
         CASE WHEN {is_wanted} THEN raw ELSE $3 END AS raw \
         FROM inbox_event WHERE account = $1 AND key > $2 AND {} ORDER BY key LIMIT {CHUNK}",
        are_of_seller(4)
    );
    let names = names.iter().map(|name| Value::from(name.clone()));
    let asked = [account.as_str().into(), after.into(), Vec::<u8>::new().into(), seller.0.into()];
    let values = asked.into_iter().chain(names);
    Ok(reads.query_all_raw(Statement::from_sql_and_values(reads.get_database_backend(), sql, values)).await?)
}

fn place(rows: &[QueryResult]) -> Result<Option<String>, StoreError> {
    let last = rows.last().filter(|_| rows.len() == CHUNK);
    Ok(last.map(|row| row.try_get("", "key")).transpose()?)
}

pub(super) async fn of_meta(reads: &impl ConnectionTrait, subject: &Subject, after: &str) -> Found {
    let is_wanted = format!("customer IS NULL OR customer IN ({})", places(5, subject.meta_ids.len()));
    let found = next(reads, (subject.seller, &subject.account), (after, &is_wanted, &subject.meta_ids)).await?;
    let (names, mut rows) = (Names::new(&subject.meta_ids), Vec::new());
    for row in &found {
        let (customer, raw): (Option<String>, Vec<u8>) = (row.try_get("", "customer")?, row.try_get("", "raw")?);
        if names.tell(customer.as_deref(), Some(&raw)) {
            let mut row = shown(row)?;
            if customer.is_none() {
                // Nobody could read it, and so nobody knows who else stands in it.
                row["said"] = Json::Null;
            }
            rows.push(row);
        }
    }
    Ok(Exported { rows, next: place(&found)? })
}

pub(super) async fn of_the_shop(reads: &impl ConnectionTrait, subject: &Subject, after: &str) -> Found {
    let found = next(reads, (subject.seller, &Account::of_seller(subject.seller)), (after, "1 = 1", &[])).await?;
    let own = found.iter().map(Own::read).collect::<Result<Vec<_>, _>>()?;
    let named = named(reads, subject, &own).await?;
    let theirs = found.iter().zip(&own).filter(|(_, own)| named.have(own));
    let rows = theirs.map(|(row, _)| shown(row)).collect::<Result<_, _>>()?;
    Ok(Exported { rows, next: place(&found)? })
}

async fn named(reads: &impl ConnectionTrait, subject: &Subject, rows: &[Own]) -> Result<Named, StoreError> {
    let sql = "SELECT id FROM shop_order WHERE seller_id = $1 AND customer_id = $2";
    let orders = ids_of(&ask(reads, subject, sql, vec![subject.customer.0.into()]).await?)?;
    let asked: Vec<i64> = rows.iter().filter_map(Own::call).collect();
    let mut calls = Vec::new();
    if !asked.is_empty() && !subject.conversations.is_empty() {
        let sql = format!(
            "SELECT id FROM outbox WHERE seller_id = $1 AND id IN ({}) AND conversation_id IN ({})",
            places(2, asked.len()),
            places(2 + asked.len(), subject.conversations.len())
        );
        let values = asked.into_iter().chain(subject.conversations.iter().copied()).map(Value::from).collect();
        calls = ids_of(&ask(reads, subject, &sql, values).await?)?;
    }
    let whose = (vec![subject.customer.0], subject.conversations.clone(), orders);
    Ok(Named::new(Names::new(&subject.meta_ids), whose, calls))
}

/// The bytes as JSON, where they are; else as the text they are, as well as can be told.
fn shown(row: &QueryResult) -> Result<Json, StoreError> {
    let raw: Vec<u8> = row.try_get("", "raw")?;
    let said = serde_json::from_slice(&raw).unwrap_or_else(|_| json!(String::from_utf8_lossy(&raw)));
    let time = |name| Ok::<_, StoreError>(super::time(json!(row.try_get::<i64>("", name)?)));
    let text = |name| Ok::<_, StoreError>(row.try_get::<Option<String>>("", name)?);
    Ok(json!({
        "key": text("key")?,
        "source": text("source")?,
        "kind": text("kind")?,
        "happened_at": time("happened_at")?,
        "received_at": time("received_at")?,
        "state": text("state")?,
        "reason": text("reason")?,
        "answer": text("answer")?.and_then(|answer| serde_json::from_str::<Json>(&answer).ok()),
        "said": said,
    }))
}
