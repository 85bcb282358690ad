//! What a turn changes: the only thing a seller's actor ever stores, in one transaction.

use serde_json::Value;

use super::alarm::{Alarm, AlarmKey};
use super::budget::SpentSlot;
use super::budget::hold::{Hold, HoldOn};
use super::catalog::Product;
use super::channel::Account;
use super::comment::PublicComment;
use super::conversation::{Alias, Conversation, Customer, Lead, Message};
use super::desk::Note;
use super::ids::{EventSeq, NoteId};
use super::order::{Order, OrderChange};
use super::outbox::Owed;
use super::outcome::Outcome;
use super::told::LooseEnd;

/// Rows to be as given, at most one for an id; whatever is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The last id the seller's counter has given.
    pub last_id: i64,
    /// Customers.
    pub customers: Vec<Customer>,
    /// Further ids of customers.
    pub aliases: Vec<Alias>,
    /// Conversations.
    pub conversations: Vec<Conversation>,
    /// Messages.
    pub messages: Vec<Message>,
    /// Leads.
    pub leads: Vec<Lead>,
    /// Orders, each with all its lines.
    pub orders: Vec<Order>,
    /// Steps to add to orders' histories.
    pub order_changes: Vec<OrderChange>,
    /// Owed calls.
    pub outbox: Vec<Owed>,
    /// Products, with all their variants.
    pub products: Vec<Product>,
    /// Calls spent.
    pub spent: Vec<SpentSlot>,
    /// Pauses learned from Meta, or over.
    pub holds: Vec<(HoldOn, Hold)>,
    /// Alarms set.
    pub alarms: Vec<Alarm>,
    /// Alarms that are over.
    pub alarms_over: Vec<AlarmKey>,
    /// Comments and mentions.
    pub comments: Vec<PublicComment>,
    /// What was told of messages that have not come.
    pub loose_ends: Vec<LooseEnd>,
    /// What is not kept any more of that: its message came, or will not come.
    pub loose_ends_over: Vec<(Account, String)>,
    /// Notes to add.
    pub notes: Vec<Note>,
    /// Notes taken away.
    pub notes_over: Vec<NoteId>,
    /// Events, by account and key, whose words are no more: their bytes are let go of once they have ended.
    pub unsaid: Vec<(Account, String)>,
    /// How events ended.
    pub decided: Vec<Decided>,
}

/// How one event ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// Which.
    pub event: EventSeq,
    /// How.
    pub outcome: Outcome,
    /// For commands: the answer that is kept for who asked.
    pub answer: Option<Value>,
}
