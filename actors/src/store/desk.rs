//! What a turn must know of things that commands of the staff name, beside the conversations themselves.

use std::collections::{BTreeMap, BTreeSet};

use entity::{note, shop_order};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QuerySelect, Statement, Value};

use crate::domain::ids::{ConversationId, MessageId, NoteId, OrderId, SellerId};

use super::StoreError;
use super::rows::OfSeller;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskWanted {
    /// Whether there are these orders.
    pub orders: BTreeSet<OrderId>,
    /// Whether there are these notes.
    pub notes: BTreeSet<NoteId>,
    /// How many messages of the customer came after this one of the conversation.
    pub read_through: BTreeSet<(ConversationId, MessageId)>,
}

/// What there is of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskKnown {
    /// The orders.
    pub orders: BTreeSet<OrderId>,
    /// The notes.
    pub notes: BTreeSet<NoteId>,
    /// How many came later; of messages that are not in their conversation nothing.
    pub later: BTreeMap<(ConversationId, MessageId), i64>,
}

/// Looks for all of it, one query a table and none for what nobody asks.
pub async fn known(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    wanted: &DeskWanted,
) -> Result<DeskKnown, StoreError> {
    let mut known = DeskKnown::default();
    if !wanted.orders.is_empty() {
        let these = shop_order::Column::Id.is_in(wanted.orders.iter().map(|order| order.0));
        let ids = shop_order::Entity::of_seller(seller).select_only().column(shop_order::Column::Id).filter(these);
        known.orders = ids.into_tuple::<i64>().all(reads).await?.into_iter().map(OrderId).collect();
    }
    if !wanted.notes.is_empty() {
        let these = note::Column::Id.is_in(wanted.notes.iter().map(|note| note.0));
        let ids = note::Entity::of_seller(seller).select_only().column(note::Column::Id).filter(these);
        known.notes = ids.into_tuple::<i64>().all(reads).await?.into_iter().map(NoteId).collect();
    }
    if !wanted.read_through.is_empty() {
        known.later = later(reads, seller, &wanted.read_through).await?;
    }
    Ok(known)
}

/// Later is by id, as they came in: one that was said earlier and came later has not been seen.
async fn later(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    marks: &BTreeSet<(ConversationId, MessageId)>,
) -> Result<BTreeMap<(ConversationId, MessageId), i64>, StoreError> {
    let rows: Vec<String> = (0..marks.len()).map(|n| format!("(${}, ${})", 2 + 2 * n, 3 + 2 * n)).collect();
    let sql = format!(
        "SELECT w.column1, w.column2, COUNT(CASE WHEN m.id > w.column2 AND m.author = 'customer' THEN 1 END),
                COUNT(CASE WHEN m.id = w.column2 THEN 1 END)
         FROM (VALUES {}) AS w JOIN message m
           ON m.seller_id = $1 AND m.conversation_id = w.column1 AND m.id >= w.column2
         GROUP BY w.column1, w.column2",
        rows.join(", ")
    );
    let marks = marks.iter().flat_map(|(conversation, message)| [conversation.0, message.0]);
    let values = [seller.0].into_iter().chain(marks).map(Value::from);
    let rows = reads.query_all_raw(Statement::from_sql_and_values(reads.get_database_backend(), sql, values)).await?;
    let mut later = BTreeMap::new();
    for row in rows {
        let mark = (ConversationId(row.try_get_by_index(0)?), MessageId(row.try_get_by_index(1)?));
        let (after, is_there): (i64, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        if is_there > 0 {
            later.insert(mark, after);
        }
    }
    Ok(later)
}
