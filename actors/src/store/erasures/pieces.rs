//! Pieces of an erasure in the shop's own tables: each looks at a bounded number of rows.

use sea_orm::Value;

use crate::domain::erasure::{Erased, Erasure};
use crate::store::rows::ms;
use crate::store::{FencedTx, StoreError};

/// What was erased, and where to go on; none: there is no more.
pub(super) type Piece = Result<(Erased, Option<String>), StoreError>;

/// Rows that are removed or looked at by one piece.
pub(super) const CHUNK: usize = 500;

/// `$3, $4, $5`
pub(in crate::store) fn places(first: usize, count: usize) -> String {
    (first..first + count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

/// The seller, and these.
fn values(tx: &FencedTx, others: impl IntoIterator<Item = Value>) -> Vec<Value> {
    [Value::from(tx.seller().0)].into_iter().chain(others).collect()
}

fn customers(erasure: &Erasure) -> Vec<Value> {
    erasure.whom.iter().map(|whom| whom.customer.0.into()).collect()
}

fn conversations(erasure: &Erasure) -> Vec<Value> {
    erasure.whom.iter().map(|whom| whom.conversation.0.into()).collect()
}

fn start(place: &str) -> i64 {
    place.parse().unwrap_or(0)
}

pub(super) async fn messages(tx: &FencedTx, erasure: &Erasure) -> Piece {
    let of = conversations(erasure);
    if of.is_empty() {
        return Ok((Erased::default(), None));
    }
    let sql = format!(
        "DELETE FROM message WHERE seller_id = $1 AND id IN \
         (SELECT id FROM message WHERE seller_id = $1 AND conversation_id IN ({}) LIMIT {CHUNK})",
        places(2, of.len())
    );
    let messages = tx.writing().execute_sql(&sql, values(tx, of)).await?;
    let more = (messages >= CHUNK as u64).then(String::new);
    Ok((Erased { messages, ..Erased::default() }, more))
}

pub(super) async fn orders(tx: &FencedTx, erasure: &Erasure, place: &str) -> Piece {
    let (writing, of) = (tx.writing(), customers(erasure));
    if of.is_empty() {
        return Ok((Erased::default(), None));
    }
    let sql = format!(
        "SELECT id FROM shop_order WHERE seller_id = $1 AND id > $2 AND customer_id IN ({}) ORDER BY id LIMIT {CHUNK}",
        places(3, of.len())
    );
    let found = writing.query_sql(&sql, values(tx, [start(place).into()].into_iter().chain(of))).await?;
    let ids = found.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<i64>, _>>()?;
    let Some(last) = ids.last() else { return Ok((Erased::default(), None)) };
    let these = places(2, ids.len());
    let with_ids = || values(tx, ids.iter().map(|id| Value::from(*id)));
    // The key of the event an order began with is no two orders' own, and so is this.
    let nameless = format!(
        "UPDATE shop_order SET phone = NULL, email = NULL, address = NULL, version = version + 1, \
         source_key = 'erased:' || CAST(id AS TEXT) WHERE seller_id = $1 AND id IN ({these})"
    );
    let orders = writing.execute_sql(&nameless, with_ids()).await?;
    let evidence = format!("UPDATE order_line SET evidence = '[]' WHERE seller_id = $1 AND order_id IN ({these})");
    writing.execute_sql(&evidence, with_ids()).await?;
    let edits = format!("UPDATE order_change SET edit = NULL WHERE seller_id = $1 AND order_id IN ({these})");
    writing.execute_sql(&edits, with_ids()).await?;
    let notes = format!("DELETE FROM note WHERE seller_id = $1 AND on_kind = 'order' AND on_id IN ({these})");
    let notes = writing.execute_sql(&notes, with_ids()).await?;
    let more = (ids.len() == CHUNK).then(|| last.to_string());
    Ok((Erased { orders, notes, ..Erased::default() }, more))
}

pub(super) async fn details(tx: &FencedTx, erasure: &Erasure) -> Piece {
    let mut erased = Erased::default();
    if !erasure.whom.is_empty() {
        let these = places(2, erasure.whom.len());
        let of_customers = || values(tx, customers(erasure));
        let leads = format!("DELETE FROM lead WHERE seller_id = $1 AND customer_id IN ({these})");
        erased.leads = tx.writing().execute_sql(&leads, of_customers()).await?;
        let aliases = format!("DELETE FROM customer_alias WHERE seller_id = $1 AND customer_id IN ({these})");
        tx.writing().execute_sql(&aliases, of_customers()).await?;
        for (kind, of) in [("customer", customers(erasure)), ("conversation", conversations(erasure))] {
            let notes = format!("DELETE FROM note WHERE seller_id = $1 AND on_kind = '{kind}' AND on_id IN ({these})");
            erased.notes += tx.writing().execute_sql(&notes, values(tx, of)).await?;
        }
    }
    let ends = format!(
        "DELETE FROM loose_end WHERE seller_id = $1 AND account = $2 AND customer IN ({})",
        places(3, erasure.meta_ids.len())
    );
    tx.writing().execute_sql(&ends, values(tx, known_as(erasure))).await?;
    Ok((erased, None))
}

/// The account, and the ids there.
fn known_as(erasure: &Erasure) -> impl Iterator<Item = Value> {
    let ids = erasure.meta_ids.iter().map(|id| Value::from(id.clone()));
    [Value::from(erasure.account.as_str())].into_iter().chain(ids)
}

pub(super) async fn comments(tx: &FencedTx, erasure: &Erasure, place: &str) -> Piece {
    let Some(through) = last_of(tx, "comment", place).await? else { return Ok((Erased::default(), None)) };
    let count = erasure.meta_ids.len();
    let sql = format!(
        "DELETE FROM comment WHERE seller_id = $1 AND account = $2 AND customer IN ({}) AND id > ${} AND id <= ${} \
         AND at <= ${}",
        places(3, count),
        3 + count,
        4 + count,
        5 + count
    );
    let bounds = [start(place).into(), through.into(), ms(erasure.until()).into()];
    let comments = tx.writing().execute_sql(&sql, values(tx, known_as(erasure).chain(bounds))).await?;
    Ok((Erased { comments, ..Erased::default() }, Some(through.to_string())))
}

pub(super) async fn outbox(tx: &FencedTx, erasure: &Erasure, place: &str) -> Piece {
    let of = conversations(erasure);
    if of.is_empty() {
        return Ok((Erased::default(), None));
    }
    let Some(through) = last_of(tx, "outbox", place).await? else { return Ok((Erased::default(), None)) };
    let sql = format!(
        "UPDATE outbox SET recipient = '', text = '', attachment = NULL, quick_replies = NULL, mid = NULL, \
         error = NULL WHERE seller_id = $1 AND id > $2 AND id <= $3 AND conversation_id IN ({})",
        places(4, of.len())
    );
    let bounds = [start(place).into(), through.into()];
    let calls = tx.writing().execute_sql(&sql, values(tx, bounds.into_iter().chain(of))).await?;
    Ok((Erased { calls, ..Erased::default() }, Some(through.to_string())))
}

/// What was said in public goes by its own age, whoever said it.
pub(super) async fn aged(tx: &FencedTx, erasure: &Erasure, place: &str) -> Piece {
    let Some(through) = last_of(tx, "comment", place).await? else { return Ok((Erased::default(), None)) };
    let sql = "DELETE FROM comment WHERE seller_id = $1 AND id > $2 AND id <= $3 AND at <= $4";
    let bounds = [start(place).into(), through.into(), ms(erasure.until()).into()];
    let comments = tx.writing().execute_sql(sql, values(tx, bounds)).await?;
    Ok((Erased { comments, ..Erased::default() }, Some(through.to_string())))
}

/// The last of the next rows of one of the seller's tables; none: there are no more.
async fn last_of(tx: &FencedTx, table: &str, place: &str) -> Result<Option<i64>, StoreError> {
    let sql = format!(
        "SELECT MAX(id) FROM (SELECT id FROM {table} WHERE seller_id = $1 AND id > $2 ORDER BY id LIMIT {CHUNK}) AS n"
    );
    let rows = tx.writing().query_sql(&sql, values(tx, [start(place).into()])).await?;
    Ok(rows.first().map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten())
}
