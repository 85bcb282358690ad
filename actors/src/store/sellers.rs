//! Loading a seller: raising its incarnation, and reading what its actor must know from the start.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{conversation, hold, message, outbox, rate_window};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    QueryTrait, Statement, Value,
};

use crate::domain::budget::hold::{Hold, HoldOn};
use crate::domain::budget::window::first_known_slot;
use crate::domain::budget::{Family, SpentSlot};
use crate::domain::catalog::Catalog;
use crate::domain::channel::Account;
use crate::domain::conversation::{Message, window_closes_at};
use crate::domain::credential::Use;
use crate::domain::erasure::Erasure;
use crate::domain::ids::{ConnectionId, ConversationId, SellerId};
use crate::domain::outbox::{Owed, OwedCall};
use crate::domain::seller::{Connection, Seller, Settings};
use crate::domain::told::LooseEnd;

use super::pen::{Pen, Sync, Writer, Writing, lazily};
use super::rows::{self, OfSeller, ms};
use super::{CONNECTED, OPEN, Store, StoreError, erasures, goods, loose_ends, sync};

/// What an actor starts from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Who, with policies and connections.
    pub seller: Seller,
    /// The number this incarnation writes under.
    pub incarnation: i64,
    /// The last id the seller's counter has given.
    pub last_id: i64,
    /// How many turns are stored.
    pub turns: i64,
    /// What is for sale.
    pub catalog: Catalog,
    /// Calls of the last day.
    pub spent: Vec<SpentSlot>,
    /// Pauses learned from Meta.
    pub holds: Vec<(HoldOn, Hold)>,
    /// Owed calls that are open, each with the message it sends.
    pub open: Vec<(Owed, Option<Message>)>,
    /// When the window of the conversations closes in which those calls are.
    pub windows: Vec<(ConversationId, DateTime<Utc>)>,
    /// What was told of messages that have not come.
    pub loose_ends: Vec<LooseEnd>,
    /// Erasures under way.
    pub erasing: Vec<Erasure>,
    /// The catalog at Meta, and what moves there.
    pub sync: sync::Stored,
}

/// Raises the seller's incarnation, then reads. None: there is no such seller.
///
/// The order matters: once the raise is committed, no earlier incarnation can commit any more, and whatever one did
/// commit is there to be read.
pub async fn load(store: &Store, seller: SellerId, now: DateTime<Utc>) -> Result<Option<Loaded>, StoreError> {
    let raise = raise(store.pen().clone(), seller, now);
    let Some(raised) = store.pen().dictate(raise).await? else { return Ok(None) };
    let reads = store.reads();
    let connections = connections(reads, seller).await?;
    Ok(Some(Loaded {
        seller: Seller { id: seller, settings: raised.settings, connections },
        incarnation: raised.incarnation,
        last_id: raised.last_id,
        turns: raised.turns,
        catalog: goods::catalog(reads, seller).await?,
        spent: spent(reads, seller, now).await?,
        holds: holds(reads, seller).await?,
        open: open(reads, seller).await?,
        windows: windows(reads, seller).await?,
        loose_ends: loose_ends::of_seller(reads, seller).await?,
        erasing: erasures::under_way(reads, seller).await?,
        sync: sync::stored(reads, seller).await?,
    }))
}

/// A seller's policies; none: there is no such seller. Its caps are not among them.
pub async fn settings(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Option<Settings>, StoreError> {
    let row = entity::seller::Entity::find_by_id(seller.0).one(reads).await?;
    row.map(|row| rows::from_json("settings", &row.settings)).transpose()
}

struct Raised {
    incarnation: i64,
    last_id: i64,
    turns: i64,
    settings: Settings,
}

/// Waits for the transaction of an earlier incarnation to end: on SQLite for the pen, on PostgreSQL for the row.
async fn raise(pen: Pen, seller: SellerId, now: DateTime<Utc>) -> Result<Option<Raised>, StoreError> {
    let tx = pen.write(Writer::Seller, Sync::Lazy).await?;
    let sql = format!(
        "UPDATE seller SET incarnation = incarnation + 1 WHERE id = $1 RETURNING incarnation, last_id, settings, turns, caps, {}",
        lazily(&tx, Sync::Lazy)
    );
    let rows = tx.query_sql(&sql, vec![seller.0.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (settings, caps): (String, String) = (row.try_get_by_index(2)?, row.try_get_by_index(4)?);
    let settings: Settings = rows::from_json("settings", &settings)?;
    let raised = Raised {
        incarnation: row.try_get_by_index(0)?,
        last_id: row.try_get_by_index(1)?,
        turns: row.try_get_by_index(3)?,
        settings: Settings { caps: rows::from_json("caps", &caps)?, ..settings },
    };
    forget_old(&tx, seller, now).await?;
    loose_ends::remove_old(&tx, seller, now).await?;
    tx.commit("seller.load").await?;
    Ok(Some(raised))
}

/// A seller's connections that were not ended, each with the token it has for messages.
async fn connections(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Vec<Connection>, StoreError> {
    let sql = format!(
        "SELECT n.id, n.account, n.linked, COALESCE(c.generation, n.generation), c.cause, r.generation, r.code \
         FROM connection n \
         LEFT JOIN credential c ON c.seller_id = n.seller_id AND c.connection_id = n.id AND c.purpose = $2 \
         LEFT JOIN token_refused r ON r.seller_id = n.seller_id AND r.connection_id = n.id AND r.purpose = $2 \
         WHERE n.seller_id = $1 AND n.state = '{CONNECTED}' ORDER BY n.id"
    );
    let values: Vec<Value> = vec![seller.0.into(), Use::Messages.name().into()];
    let rows = reads.query_all_raw(Statement::from_sql_and_values(reads.get_database_backend(), sql, values)).await?;
    rows.iter().map(read_connection).collect()
}

fn read_connection(row: &QueryResult) -> Result<Connection, StoreError> {
    let (generation, cause): (i64, Option<String>) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
    let (refused, code): (Option<i64>, Option<String>) = (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
    let linked: Option<String> = row.try_get_by_index(2)?;
    Ok(Connection {
        id: ConnectionId(row.try_get_by_index(0)?),
        account: Account::stored(row.try_get_by_index(1)?),
        linked: linked.map(Account::stored),
        generation,
        // What was learned of a token before this one says nothing of this one.
        refused: cause.or_else(|| code.filter(|_| refused >= Some(generation))),
    })
}

/// The same, where they are wanted.
pub(crate) async fn connections_if(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    wanted: bool,
) -> Result<Option<Vec<Connection>>, StoreError> {
    match wanted {
        true => Ok(Some(connections(reads, seller).await?)),
        false => Ok(None),
    }
}

/// Slots that may still matter: what lies ahead of the clock does, too.
fn known_slots(now: DateTime<Utc>) -> Condition {
    Family::ALL.into_iter().fold(Condition::any(), |any, family| {
        let of_family = rate_window::Column::Family.eq(family.name());
        any.add(of_family.and(rate_window::Column::Slot.gte(first_known_slot(family, now))))
    })
}

/// So long after its end a pause that nobody has disproved is as good as forgotten.
const HOLD_IS_OLD: TimeDelta = TimeDelta::days(2);

async fn forget_old(tx: &Writing, seller: SellerId, now: DateTime<Utc>) -> Result<(), StoreError> {
    let spent = rate_window::Entity::delete_many()
        .filter(rate_window::Column::SellerId.eq(seller.0))
        .filter(Condition::any().add(known_slots(now).not()).add(rate_window::Column::Calls.eq(0)))
        .into_query();
    tx.execute(&spent).await?;
    let over = Condition::any()
        .add(hold::Column::Until.lt(ms(now - HOLD_IS_OLD)))
        .add(hold::Column::Times.eq(0).and(hold::Column::Until.lt(ms(now))));
    let holds = hold::Entity::delete_many().filter(hold::Column::SellerId.eq(seller.0)).filter(over).into_query();
    tx.execute(&holds).await?;
    Ok(())
}

pub(super) async fn spent(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    now: DateTime<Utc>,
) -> Result<Vec<SpentSlot>, StoreError> {
    let rows = rate_window::Entity::of_seller(seller).filter(known_slots(now)).all(reads).await?;
    rows.into_iter().map(rows::spent).collect()
}

pub(super) async fn holds(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Vec<(HoldOn, Hold)>, StoreError> {
    let rows = hold::Entity::of_seller(seller).all(reads).await?;
    rows.into_iter().map(rows::hold).collect()
}

pub(super) async fn open(
    reads: &impl ConnectionTrait,
    seller: SellerId,
) -> Result<Vec<(Owed, Option<Message>)>, StoreError> {
    let open = outbox::Entity::of_seller(seller).filter(OPEN.expr());
    let sent_by = open.clone().select_only().column(outbox::Column::MessageId).into_query();
    let calls = open.order_by_asc(outbox::Column::Id).all(reads).await?;
    let messages =
        message::Entity::of_seller(seller).filter(message::Column::Id.in_subquery(sent_by)).all(reads).await?;
    let mut messages = messages
        .into_iter()
        .map(|row| Ok((row.id, rows::message(row)?)))
        .collect::<Result<HashMap<_, _>, StoreError>>()?;
    let with_message = |row| {
        let owed = rows::owed(row)?;
        let message = match &owed.call {
            OwedCall::Send { message, .. } => messages.remove(&message.0),
            OwedCall::Find { .. } => None,
        };
        Ok((owed, message))
    };
    calls.into_iter().map(with_message).collect()
}

/// Conversations with open calls, each with when its window closes.
async fn windows(
    reads: &impl ConnectionTrait,
    seller: SellerId,
) -> Result<Vec<(ConversationId, DateTime<Utc>)>, StoreError> {
    let open = outbox::Entity::of_seller(seller).filter(OPEN.expr());
    let of_those = open.select_only().column(outbox::Column::ConversationId).into_query();
    let rows = conversation::Entity::of_seller(seller)
        .select_only()
        .columns([conversation::Column::Id, conversation::Column::LastInboundAt])
        .filter(conversation::Column::Id.in_subquery(of_those))
        .filter(conversation::Column::LastInboundAt.is_not_null())
        .into_tuple::<(i64, i64)>()
        .all(reads)
        .await?;
    rows.into_iter().map(|(id, last)| Ok((ConversationId(id), window_closes_at(rows::time(last)?)))).collect()
}
