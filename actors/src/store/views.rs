//! What people look at: orders, conversations, messages, leads, owed calls of one seller, a page at a time.

use std::collections::HashMap;

use entity::{conversation, customer, lead, message, order_line, outbox, product, shop_order};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

use crate::domain::conversation::{Conversation, Customer, Lead, Message};
use crate::domain::ids::{ConversationId, CustomerId, MessageId, SellerId};
use crate::domain::order::Order;
use crate::domain::outbox::Owed;

use super::rows::{self, OfSeller, unreadable};
use super::{StoreError, at_most};

/// A page: rows after this id, at most so many.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Rows with a greater id.
    pub after: i64,
    /// At most so many.
    pub limit: u64,
}

impl Page {
    /// This page of a seller's rows, by id.
    pub(super) fn of<E: OfSeller>(self, seller: SellerId, id: E::Column) -> Select<E> {
        E::of_seller(seller).filter(id.gt(self.after)).order_by_asc(id).limit(at_most(self.limit))
    }
}

/// Orders with their lines, oldest first.
pub async fn orders(reads: &impl ConnectionTrait, seller: SellerId, page: Page) -> Result<Vec<Order>, StoreError> {
    let orders = page.of::<shop_order::Entity>(seller, shop_order::Column::Id).all(reads).await?;
    let (Some(first), Some(last)) = (orders.first(), orders.last()) else { return Ok(Vec::new()) };
    // A page has every order between its ends.
    let lines = order_line::Entity::of_seller(seller)
        .filter(order_line::Column::OrderId.between(first.id, last.id))
        .order_by_asc(order_line::Column::OrderId)
        .order_by_asc(order_line::Column::N)
        .all(reads)
        .await?;
    rows::orders(orders, lines)
}

/// Conversations with their customers, oldest first.
pub async fn conversations(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    page: Page,
) -> Result<Vec<(Conversation, Customer)>, StoreError> {
    let conversations = page.of::<conversation::Entity>(seller, conversation::Column::Id).all(reads).await?;
    let (Some(first), Some(last)) = (conversations.first(), conversations.last()) else { return Ok(Vec::new()) };
    let with = conversation::Entity::of_seller(seller)
        .select_only()
        .column(conversation::Column::CustomerId)
        .filter(conversation::Column::Id.between(first.id, last.id))
        .into_query();
    let customers =
        customer::Entity::of_seller(seller).filter(customer::Column::Id.in_subquery(with)).all(reads).await?;
    let mut customers: HashMap<i64, customer::Model> = customers.into_iter().map(|row| (row.id, row)).collect();
    let with_customer = |row: conversation::Model| {
        let customer = customers.remove(&row.customer_id).ok_or_else(|| unreadable("customer", row.customer_id))?;
        Ok((rows::conversation(row)?, rows::customer(customer)?))
    };
    conversations.into_iter().map(with_customer).collect()
}

/// One conversation.
pub async fn conversation(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    conversation: ConversationId,
) -> Result<Option<Conversation>, StoreError> {
    let this = conversation::Column::Id.eq(conversation.0);
    let found = conversation::Entity::of_seller(seller).filter(this).one(reads).await?;
    found.map(rows::conversation).transpose()
}

/// One customer.
pub async fn customer(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    customer: CustomerId,
) -> Result<Option<Customer>, StoreError> {
    let found = customer::Entity::of_seller(seller).filter(customer::Column::Id.eq(customer.0)).one(reads).await?;
    found.map(rows::customer).transpose()
}

/// One message of ours, with the owed call that sends it.
pub async fn send(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    message: MessageId,
) -> Result<Option<(Message, Owed)>, StoreError> {
    let found = message::Entity::of_seller(seller).filter(message::Column::Id.eq(message.0)).one(reads).await?;
    let Some(row) = found else { return Ok(None) };
    let Some(outbox) = row.outbox_id else { return Ok(None) };
    let owed = outbox::Entity::of_seller(seller).filter(outbox::Column::Id.eq(outbox)).one(reads).await?;
    owed.map(|owed| Ok((rows::message(row)?, rows::owed(owed)?))).transpose()
}

/// A conversation's messages, in Meta's time, then by id.
pub async fn messages(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    conversation: ConversationId,
) -> Result<Vec<Message>, StoreError> {
    let rows = message::Entity::of_seller(seller)
        .filter(message::Column::ConversationId.eq(conversation.0))
        .order_by_asc(message::Column::At)
        .order_by_asc(message::Column::Id)
        .all(reads)
        .await?;
    rows.into_iter().map(rows::message).collect()
}

/// Leads, oldest first.
pub async fn leads(reads: &impl ConnectionTrait, seller: SellerId, page: Page) -> Result<Vec<Lead>, StoreError> {
    let rows = page.of::<lead::Entity>(seller, lead::Column::Id).all(reads).await?;
    rows.into_iter().map(rows::lead).collect()
}

/// Owed calls, oldest first.
pub async fn outbox(reads: &impl ConnectionTrait, seller: SellerId, page: Page) -> Result<Vec<Owed>, StoreError> {
    let rows = page.of::<outbox::Entity>(seller, outbox::Column::Id).all(reads).await?;
    rows.into_iter().map(rows::owed).collect()
}

/// How many of a product are left; none when it is not counted, or not there.
pub async fn stock(reads: &impl ConnectionTrait, seller: SellerId, product: &str) -> Result<Option<i64>, StoreError> {
    let row = product::Entity::of_seller(seller).filter(product::Column::RetailerId.eq(product)).one(reads).await?;
    Ok(row.and_then(|row| row.stock))
}
