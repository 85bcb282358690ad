//! What people look at: orders, conversations, messages, leads, owed calls of one seller, a page at a time.

use sea_orm::ConnectionTrait;

use crate::domain::conversation::{Conversation, Customer, Lead, Message};
use crate::domain::ids::{ConversationId, SellerId};
use crate::domain::order::Order;
use crate::domain::outbox::Owed;

use super::StoreError;

/// A page: rows after this id, at most so many.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Rows with a greater id.
    pub after: i64,
    /// At most so many.
    pub limit: u64,
}

/// Orders with their lines, oldest first.
pub async fn orders(reads: &impl ConnectionTrait, seller: SellerId, page: Page) -> Result<Vec<Order>, StoreError> {
    let _ = (reads, seller, page);
    unimplemented!()
}

/// Conversations with their customers, oldest first.
pub async fn conversations(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    page: Page,
) -> Result<Vec<(Conversation, Customer)>, StoreError> {
    let _ = (reads, seller, page);
    unimplemented!()
}

/// A conversation's messages, in Meta's time, then by id.
pub async fn messages(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    conversation: ConversationId,
) -> Result<Vec<Message>, StoreError> {
    let _ = (reads, seller, conversation);
    unimplemented!()
}

/// Leads, oldest first.
pub async fn leads(reads: &impl ConnectionTrait, seller: SellerId, page: Page) -> Result<Vec<Lead>, StoreError> {
    let _ = (reads, seller, page);
    unimplemented!()
}

/// Owed calls, oldest first.
pub async fn outbox(reads: &impl ConnectionTrait, seller: SellerId, page: Page) -> Result<Vec<Owed>, StoreError> {
    let _ = (reads, seller, page);
    unimplemented!()
}
