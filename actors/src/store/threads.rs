//! Conversations as an actor works on them: the customer, the open episode's messages, the draft.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{connection, conversation, customer, customer_alias, lead, message, order_line, shop_order};
use sea_orm::sea_query::{Condition, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, Statement,
    Value,
};

use crate::domain::channel::{Account, Channel};
use crate::domain::comment::CommentName;
use crate::domain::conversation::{Conversation, Customer, Lead, Message};
use crate::domain::erasure::AgedPlace;
use crate::domain::ids::{ConversationId, CustomerId, LeadId, OrderId, SellerId};
use crate::domain::order::Order;

use super::desk::DeskWanted;
use super::rows::{self, OfSeller};
use super::sync::SyncWanted;
use super::{StoreError, at_most};

/// Which conversations to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// By account and the customer's id at Meta.
    pub customers: Vec<(Account, String)>,
    /// By id.
    pub conversations: Vec<ConversationId>,
    /// Orders by id, with the conversations they are of.
    pub orders: BTreeSet<OrderId>,
    /// Messages by Meta's id, wherever they were said and whoever said them.
    pub mids: BTreeSet<String>,
    /// Whether these comments are known.
    pub comments: BTreeSet<CommentName>,
    /// By the customer's id at Meta alone, on whichever account of the seller's.
    pub meta_ids: BTreeSet<String>,
    /// By our own id of the customer.
    pub people: BTreeSet<CustomerId>,
    /// By the customer's lead.
    pub leads: BTreeSet<LeadId>,
    /// What else commands of the staff name.
    pub desk: DeskWanted,
    /// Of the catalog sync.
    pub sync: SyncWanted,
    /// The seller's connections, as one of them is otherwise.
    pub connections: bool,
    /// Whoever has said nothing since this time, looked for from this place on.
    pub aged: Option<(DateTime<Utc>, AgedPlace)>,
}

/// One conversation, as far as the open episode goes.
#[derive(Clone, Debug)]
pub struct StoredThread {
    /// With whom.
    pub customer: Customer,
    /// Further ids of the customer at Meta.
    pub aliases: Vec<String>,
    /// The conversation.
    pub conversation: Conversation,
    /// The customer's lead.
    pub lead: Option<Lead>,
    /// Messages of the open episode that count, in Meta's time, then by id; the newest `limit` of them.
    pub heard: Vec<Message>,
    /// The order of the open episode: `conversation.draft`.
    pub draft: Option<Order>,
    /// Of the wanted mids, those that were said in this conversation.
    pub recalled: Vec<Message>,
    /// Of the wanted orders, those of this conversation.
    pub orders: Vec<Order>,
}

/// Reads conversations, one query a table however many are wanted. Unknown ones are simply not in the answer.
pub async fn read(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    wanted: &Wanted,
    limit: u64,
) -> Result<Vec<StoredThread>, StoreError> {
    let mut recalled = recalled(reads, seller, &wanted.mids).await?;
    let mut of_conversation: HashMap<ConversationId, Vec<Order>> = HashMap::new();
    for order in orders(reads, seller, wanted.orders.iter().map(|id| id.0).collect()).await? {
        of_conversation.entry(order.conversation).or_default().push(order);
    }
    let also = recalled.keys().chain(of_conversation.keys()).copied();
    let mut customers = customers(reads, seller, wanted, also).await?;
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let mut aliases = aliases(reads, seller, &customers).await?;
    let ids: Vec<i64> = customers.keys().map(|id| id.0).collect();
    let conversations = conversations(reads, seller, &ids).await?;
    let mut leads = leads(reads, seller, &ids).await?;
    let ids: Vec<i64> = conversations.iter().map(|conversation| conversation.id.0).collect();
    let mut heard = heard(reads, seller, &ids, limit).await?;
    let drafts_of = conversations.iter().filter_map(|conversation| Some(conversation.draft?.0)).collect();
    let mut drafts = drafts(reads, seller, drafts_of).await?;
    let thread = |conversation: Conversation| {
        Some(StoredThread {
            customer: customers.remove(&conversation.customer)?,
            aliases: aliases.remove(&conversation.customer).unwrap_or_default(),
            lead: leads.remove(&conversation.customer),
            heard: heard.remove(&conversation.id).unwrap_or_default(),
            draft: drafts.remove(&conversation.id),
            recalled: recalled.remove(&conversation.id).unwrap_or_default(),
            orders: of_conversation.remove(&conversation.id).unwrap_or_default(),
            conversation,
        })
    };
    Ok(conversations.into_iter().filter_map(thread).collect())
}

async fn customers(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    wanted: &Wanted,
    also: impl Iterator<Item = ConversationId>,
) -> Result<HashMap<CustomerId, Customer>, StoreError> {
    let mut any = Condition::any();
    let mut of_account: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (account, meta_id) in &wanted.customers {
        of_account.entry(account.as_str()).or_default().push(meta_id);
    }
    for (account, meta_ids) in of_account {
        if has_aliases(account) {
            any = any.add(customer::Column::Id.in_subquery(known_as(seller, account, &meta_ids)));
        }
        let these = customer::Column::MetaId.is_in(meta_ids);
        any = any.add(Condition::all().add(customer::Column::Account.eq(account)).add(these));
    }
    let conversations: Vec<i64> = wanted.conversations.iter().copied().chain(also).map(|id| id.0).collect();
    if !conversations.is_empty() {
        let with = conversation::Entity::of_seller(seller)
            .select_only()
            .column(conversation::Column::CustomerId)
            .filter(conversation::Column::Id.is_in(conversations))
            .into_query();
        any = any.add(customer::Column::Id.in_subquery(with));
    }
    let named = named_by_staff(reads, seller, wanted).await?;
    if !named.is_empty() {
        any = any.add(customer::Column::Id.is_in(named));
    }
    if any.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = customer::Entity::of_seller(seller).filter(any).all(reads).await?;
    rows.into_iter().map(|row| Ok((CustomerId(row.id), rows::customer(row)?))).collect()
}

/// Those whom commands name in other ways than Meta does. A question of its own, and only where there are any: with as
/// many choices as this would add to one question, SQLite would rather walk through the whole shop.
async fn named_by_staff(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    wanted: &Wanted,
) -> Result<Vec<i64>, StoreError> {
    let mut named: Vec<i64> = wanted.people.iter().map(|customer| customer.0).collect();
    let mut parts = Vec::new();
    if !wanted.leads.is_empty() {
        let these = lead::Column::Id.is_in(wanted.leads.iter().map(|lead| lead.0));
        parts.push(ids::<lead::Entity>(seller, lead::Column::CustomerId).filter(these).into_query());
    }
    if !wanted.meta_ids.is_empty() {
        let called = ids::<customer::Entity>(seller, customer::Column::Id)
            .filter(customer::Column::Account.in_subquery(accounts(seller)))
            .filter(customer::Column::MetaId.is_in(wanted.meta_ids.iter()));
        let also_called = ids::<customer_alias::Entity>(seller, customer_alias::Column::CustomerId)
            .filter(customer_alias::Column::Account.in_subquery(accounts(seller)))
            .filter(customer_alias::Column::Alias.is_in(wanted.meta_ids.iter()));
        parts.extend([called.into_query(), also_called.into_query()]);
    }
    let all = parts.into_iter().reduce(|mut all, part| all.union(UnionType::All, part).to_owned());
    if let Some(all) = all {
        let rows = reads.query_all_raw(reads.get_database_backend().build(&all)).await?;
        named.extend(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<i64>, _>>()?);
    }
    Ok(named)
}

fn ids<E: OfSeller>(seller: SellerId, column: E::Column) -> Select<E> {
    E::of_seller(seller).select_only().column(column)
}

/// All accounts the seller has or had, and those linked to them: keys of customers begin with one.
fn accounts(seller: SellerId) -> SelectStatement {
    let linked = ids::<connection::Entity>(seller, connection::Column::Linked);
    let linked = linked.filter(connection::Column::Linked.is_not_null()).into_query();
    let own = ids::<connection::Entity>(seller, connection::Column::Account);
    own.into_query().union(UnionType::All, linked).to_owned()
}

/// Only WhatsApp gives a customer a second id; nobody else's customers cost a question about it.
fn has_aliases(account: &str) -> bool {
    Account::stored(account.to_owned()).channel() == Some(Channel::Whatsapp)
}

fn known_as(seller: SellerId, account: &str, ids: &[&str]) -> SelectStatement {
    customer_alias::Entity::of_seller(seller)
        .select_only()
        .column(customer_alias::Column::CustomerId)
        .filter(customer_alias::Column::Account.eq(account))
        .filter(customer_alias::Column::Alias.is_in(ids.iter().copied()))
        .into_query()
}

pub(super) async fn aliases(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    customers: &HashMap<CustomerId, Customer>,
) -> Result<HashMap<CustomerId, Vec<String>>, StoreError> {
    let these = customers.values().filter(|customer| has_aliases(customer.account.as_str()));
    let these: Vec<i64> = these.map(|customer| customer.id.0).collect();
    let mut aliases: HashMap<CustomerId, Vec<String>> = HashMap::new();
    if these.is_empty() {
        return Ok(aliases);
    }
    let rows = customer_alias::Entity::of_seller(seller).filter(customer_alias::Column::CustomerId.is_in(these));
    for row in rows.order_by_asc(customer_alias::Column::Alias).all(reads).await? {
        aliases.entry(CustomerId(row.customer_id)).or_default().push(row.alias);
    }
    Ok(aliases)
}

pub(super) async fn conversations(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    customers: &[i64],
) -> Result<Vec<Conversation>, StoreError> {
    let rows = conversation::Entity::of_seller(seller)
        .filter(conversation::Column::CustomerId.is_in(customers.iter().copied()))
        .order_by_asc(conversation::Column::Id)
        .all(reads)
        .await?;
    rows.into_iter().map(rows::conversation).collect()
}

pub(super) async fn leads(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    customers: &[i64],
) -> Result<HashMap<CustomerId, Lead>, StoreError> {
    let these = lead::Column::CustomerId.is_in(customers.iter().copied());
    let rows = lead::Entity::of_seller(seller).filter(these).all(reads).await?;
    rows.into_iter().map(|row| Ok((CustomerId(row.customer_id), rows::lead(row)?))).collect()
}

/// The newest `limit` of each conversation's open episode, in one query.
pub(super) async fn heard(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    conversations: &[i64],
    limit: u64,
) -> Result<HashMap<ConversationId, Vec<Message>>, StoreError> {
    let places: Vec<String> = (3..3 + conversations.len()).map(|place| format!("${place}")).collect();
    let sql = format!(
        "SELECT * FROM (
             SELECT m.*, ROW_NUMBER() OVER (PARTITION BY m.conversation_id ORDER BY m.at DESC, m.id DESC) AS from_end
             FROM message m
             JOIN conversation c ON c.seller_id = m.seller_id AND c.id = m.conversation_id AND c.episode = m.episode
             WHERE m.seller_id = $1 AND m.counts AND m.conversation_id IN ({})
         ) AS heard WHERE from_end <= $2 ORDER BY conversation_id, at, id",
        places.join(", ")
    );
    let limit = i64::try_from(at_most(limit)).unwrap_or(i64::MAX);
    let values = [seller.0, limit].into_iter().chain(conversations.iter().copied()).map(Value::from);
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, values);
    let mut heard: HashMap<ConversationId, Vec<Message>> = HashMap::new();
    for row in message::Model::find_by_statement(statement).all(reads).await? {
        heard.entry(ConversationId(row.conversation_id)).or_default().push(rows::message(row)?);
    }
    Ok(heard)
}

pub(super) async fn drafts(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    ids: Vec<i64>,
) -> Result<HashMap<ConversationId, Order>, StoreError> {
    Ok(orders(reads, seller, ids).await?.into_iter().map(|order| (order.conversation, order)).collect())
}

async fn orders(reads: &impl ConnectionTrait, seller: SellerId, ids: Vec<i64>) -> Result<Vec<Order>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let orders = shop_order::Entity::of_seller(seller).filter(shop_order::Column::Id.is_in(ids.iter().copied()));
    let orders = orders.order_by_asc(shop_order::Column::Id).all(reads).await?;
    let lines = order_line::Entity::of_seller(seller)
        .filter(order_line::Column::OrderId.is_in(ids))
        .order_by_asc(order_line::Column::OrderId)
        .order_by_asc(order_line::Column::N)
        .all(reads)
        .await?;
    rows::orders(orders, lines)
}

/// Whose last confirmed orders to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastWanted {
    /// Of these conversations.
    pub of: Vec<ConversationId>,
    /// Not these orders: they are about to be cancelled.
    pub except: BTreeSet<OrderId>,
}

/// The last confirmed order of each of these conversations that has one.
pub async fn last_orders(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    wanted: &LastWanted,
) -> Result<HashMap<ConversationId, Order>, StoreError> {
    let places = |first: usize, count: usize| -> String {
        (first..first + count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
    };
    let of = places(2, wanted.of.len());
    let except = match wanted.except.len() {
        0 => String::new(),
        count => format!("AND id NOT IN ({})", places(2 + wanted.of.len(), count)),
    };
    let sql = format!(
        "SELECT id FROM (
             SELECT id, ROW_NUMBER() OVER (PARTITION BY conversation_id ORDER BY confirmed_at DESC, id DESC) AS from_end
             FROM shop_order
             WHERE seller_id = $1 AND conversation_id IN ({of}) AND state IN ('confirmed', 'fulfilled') {except}
         ) AS confirmed WHERE from_end = 1 ORDER BY id"
    );
    let ids = wanted.of.iter().map(|id| id.0).chain(wanted.except.iter().map(|id| id.0));
    let values = [seller.0].into_iter().chain(ids).map(Value::from);
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, values);
    let rows = reads.query_all_raw(statement).await?;
    let ids = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<i64>, _>>()?;
    drafts(reads, seller, ids).await
}

/// So many ids go into one query: a database takes so many values and no more, and a receipt may name any number.
const MIDS_AT_ONCE: usize = 1000;

async fn recalled(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    mids: &BTreeSet<String>,
) -> Result<HashMap<ConversationId, Vec<Message>>, StoreError> {
    let mut recalled: HashMap<ConversationId, Vec<Message>> = HashMap::new();
    let mids: Vec<&str> = mids.iter().map(String::as_str).collect();
    for chunk in mids.chunks(MIDS_AT_ONCE) {
        let these = message::Column::Mid.is_in(chunk.iter().copied());
        for row in message::Entity::of_seller(seller).filter(these).all(reads).await? {
            recalled.entry(ConversationId(row.conversation_id)).or_default().push(rows::message(row)?);
        }
    }
    Ok(recalled)
}
