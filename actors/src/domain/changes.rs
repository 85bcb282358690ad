//! What a turn changes: the only thing a seller's actor ever stores, in one transaction.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::alarm::{Alarm, AlarmKey};
use super::budget::hold::{Hold, HoldOn};
use super::budget::{OwnCaps, SpentSlot};
use super::catalog::{Details, Modifier, Product, Variant};
use super::channel::Account;
use super::comment::PublicComment;
use super::conversation::{Alias, Conversation, Customer, Lead, Message};
use super::credential::TokenRefused;
use super::desk::Note;
use super::erasure::Erasure;
use super::ids::{ErasureId, EventSeq, NoteId};
use super::order::{Order, OrderChange};
use super::outbox::Owed;
use super::outcome::Outcome;
use super::shop_event::ShopEvent;
use super::sync::changes::SyncChanges;
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
    /// Products, with all their variants. What is shown of them stays as it is.
    pub products: Vec<Product>,
    /// What is shown of products.
    pub details: Vec<DetailsOf>,
    /// SKUs of products that are not for sale any more.
    pub products_over: Vec<String>,
    /// What Meta's catalog may still have of them, and of variants there are no more.
    pub items_over: Vec<ItemOver>,
    /// Modifiers.
    pub modifiers: Vec<Modifier>,
    /// Ids of modifiers that are not for sale any more.
    pub modifiers_over: Vec<String>,
    /// The catalog sync.
    pub sync: Option<Box<SyncChanges>>,
    /// Caps of the seller's own.
    pub caps: Option<OwnCaps>,
    /// Calls spent.
    pub spent: Vec<SpentSlot>,
    /// Pauses learned from Meta, or over.
    pub holds: Vec<(HoldOn, Hold)>,
    /// Tokens that Meta took no more.
    pub tokens_refused: Vec<TokenRefused>,
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
    /// Erasures that begin.
    pub erasures: Vec<Erasure>,
    /// Erasures of which a piece is to be done, once everything else is as it is to be.
    pub erasing: Vec<ErasureId>,
    /// What happened by all of this, for others to be told.
    pub events: Vec<ShopEvent>,
}

/// All that is shown of a product and its variants.
#[derive(Clone, Debug, PartialEq)]
pub struct DetailsOf {
    /// The product's SKU.
    pub product: String,
    /// Of the product.
    pub own: Option<Box<Details>>,
    /// Of its variants, by SKU.
    pub variants: Vec<(String, Box<Details>)>,
}

/// A product or variant that was for sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemOver {
    /// Its SKU.
    pub retailer_id: String,
    /// Meta's id of it, where it was known.
    pub item_id: Option<String>,
    /// Until when it was for sale.
    pub at: DateTime<Utc>,
}

impl DetailsOf {
    /// What this product comes with.
    pub fn product(product: &Product) -> Self {
        let of_variant = |variant: &Variant| Some((variant.retailer_id.clone(), variant.details.clone()?));
        Self {
            product: product.retailer_id.clone(),
            own: product.details.clone(),
            variants: product.variants.iter().filter_map(of_variant).collect(),
        }
    }
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
