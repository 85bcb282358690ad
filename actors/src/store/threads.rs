//! Conversations as an actor works on them: the customer, the open episode's messages, the draft.

use sea_orm::ConnectionTrait;

use crate::domain::channel::Account;
use crate::domain::conversation::{Conversation, Customer, Lead, Message};
use crate::domain::ids::{ConversationId, SellerId};
use crate::domain::order::Order;

use super::StoreError;

/// Which conversations to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// By account and the customer's id at Meta.
    pub customers: Vec<(Account, String)>,
    /// By id.
    pub conversations: Vec<ConversationId>,
    /// Messages of ours by Meta's id, wherever they were said.
    pub mids: Vec<String>,
}

/// One conversation, as far as the open episode goes.
#[derive(Clone, Debug)]
pub struct StoredThread {
    /// With whom.
    pub customer: Customer,
    /// The conversation.
    pub conversation: Conversation,
    /// The customer's lead.
    pub lead: Option<Lead>,
    /// Messages of the open episode that count, in Meta's time, then by id; the newest `limit` of them.
    pub heard: Vec<Message>,
    /// The order of the open episode: `conversation.draft`.
    pub draft: Option<Order>,
    /// Of the wanted mids, those that were said in this conversation.
    pub sent: Vec<Message>,
}

/// Reads conversations, one query a table however many are wanted. Unknown ones are simply not in the answer.
pub async fn read(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    wanted: &Wanted,
    limit: u64,
) -> Result<Vec<StoredThread>, StoreError> {
    let _ = (reads, seller, wanted, limit);
    unimplemented!()
}
