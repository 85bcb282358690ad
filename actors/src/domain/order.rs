//! What a customer asked for.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::ids::{ConversationId, CustomerId, MessageId, OrderId};
use super::money::Money;
use super::named::named;
use super::reading::Contact;

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OrderState {
    /// Follows the conversation.
    Draft,
    /// Agreed with the customer; never changed by a message.
    Confirmed,
    /// Not wanted any more.
    Cancelled,
    /// Handed over.
    Fulfilled,
}

named!(OrderState { Draft = "draft", Confirmed = "confirmed", Cancelled = "cancelled", Fulfilled = "fulfilled", });

/// Why a person should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// A picture or the like that we cannot read.
    Attachment,
    /// The draft is complete but we are not sure of it.
    Unsure,
    /// The customer did not give what was asked for.
    StillMissing,
    /// A message older than the confirmed order came after it.
    LateMessage,
    /// The customer wants an order otherwise, and did not say how, or it is confirmed.
    ChangeWanted,
    /// The customer said more about an order after a person had written its draft.
    SaidAfterEdit,
    /// The answer would have been too late.
    TooLate,
    /// More was said than a draft is built from.
    LongThread,
    /// The answer could not be sent.
    NotSent,
    /// The same customer has another conversation, under another id.
    TwoConversations,
    /// A cart or a product page names a product that the shop does not have.
    UnknownProduct,
    /// A button was tapped that has nothing to stand for any more.
    StaleButton,
    /// The same as last time is wanted, and there was no last time.
    NothingToRepeat,
}

named!(Look {
    Attachment = "attachment",
    Unsure = "unsure",
    StillMissing = "still_missing",
    LateMessage = "late_message",
    ChangeWanted = "change_wanted",
    SaidAfterEdit = "said_after_edit",
    TooLate = "too_late",
    LongThread = "long_thread",
    NotSent = "not_sent",
    UnknownProduct = "unknown_product",
    StaleButton = "stale_button",
    NothingToRepeat = "nothing_to_repeat",
    TwoConversations = "two_conversations",
});

/// All that a person should look at.
pub type Looks = BTreeSet<Look>;

impl Look {
    /// True for what is wrong with a draft, and over once that is confirmed or not wanted any more: whatever else
    /// somebody should look at stays.
    pub fn is_about_the_draft(self) -> bool {
        match self {
            Look::Unsure | Look::StillMissing | Look::TooLate | Look::LongThread => true,
            Look::Attachment | Look::LateMessage | Look::ChangeWanted | Look::NotSent => false,
            Look::UnknownProduct | Look::StaleButton | Look::NothingToRepeat | Look::TwoConversations => false,
            Look::SaidAfterEdit => false,
        }
    }

    /// What happened and what to do about it.
    pub fn sentence(self) -> &'static str {
        match self {
            Look::Attachment => "The customer sent a picture or the like: look at it, and answer.",
            Look::Unsure => "The draft is complete, but not surely what the customer meant: read it against the words.",
            Look::StillMissing => "The customer was asked and did not say what is missing: ask again, as a person.",
            Look::LateMessage => "A message from before the confirmed order came after it: see whether it changes it.",
            Look::ChangeWanted => "The customer wants an order otherwise: find out how, and change it.",
            Look::SaidAfterEdit => "More was said after a person wrote the draft: see whether that changes it.",
            Look::TooLate => "The automatic answer would have come too late: answer yourself.",
            Look::LongThread => "More was said than a draft is built from: read the whole conversation.",
            Look::NotSent => "An answer of ours could not be sent: see why, and send it.",
            Look::UnknownProduct => "A product was wanted that the shop does not have: add it, or offer another.",
            Look::StaleButton => "A button was tapped that is out of date, so nothing was done: ask what is meant.",
            Look::NothingToRepeat => "The same as last time is wanted, and no earlier order is known: ask what it was.",
            Look::TwoConversations => "The customer has another conversation, under another id: read both.",
        }
    }
}

/// An order, from its first word to its hand-over.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Its id; also its number for people.
    pub id: OrderId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// Who wants it.
    pub customer: CustomerId,
    /// The channel of the message it began with.
    pub channel: Channel,
    /// The key of the event it began with; no two orders of a seller share it.
    pub source_key: String,
    /// How far it is.
    pub state: OrderState,
    /// What is wanted.
    pub lines: Vec<OrderLine>,
    /// From 0 to 1: the least sure of its lines.
    pub confidence: f32,
    /// Of a draft the contact details set by hand; of any other all of them, as they were when it was confirmed.
    pub contact: Contact,
    /// When its first message was said, by Meta's clock.
    pub opened_at: DateTime<Utc>,
    /// When it was confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// 1 at first, and one more with every stored change: who changes it says which one was seen.
    pub version: i64,
    /// True once a person has written its lines: no message changes them any more.
    pub by_hand: bool,
}

/// One product in an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderLine {
    /// The product's SKU.
    pub product: String,
    /// The variant's SKU, once known.
    pub variant: Option<String>,
    /// The product's title, then.
    pub title: String,
    /// Option values said so far.
    pub options: Vec<(String, String)>,
    /// Modifier ids.
    pub modifiers: Vec<String>,
    /// How many.
    pub quantity: u32,
    /// Price of one, then.
    pub unit_price: Money,
    /// The words that led here.
    pub evidence: Vec<LineEvidence>,
    /// From 0 to 1.
    pub confidence: f32,
    /// True while its quantity is missing in the stock for it: it was counted when the order was confirmed.
    pub stock_taken: bool,
}

/// Words of one message that led to an order line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineEvidence {
    /// The message.
    pub message: MessageId,
    /// As they stand in it.
    pub words: String,
    /// What they were taken for.
    #[serde(rename = "for")]
    pub of: String,
}

/// A step in an order's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderChange {
    /// Which order.
    pub order: OrderId,
    /// When, by our clock.
    pub at: DateTime<Utc>,
    /// What.
    pub what: OrderStep,
    /// Who did it; none: the customer, or the service by itself.
    pub by: Option<String>,
    /// For edits: what was changed.
    pub edit: Option<OrderEdit>,
}

/// What an edit has changed, in short. Histories keep no contact details, only that there are others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEdit {
    /// The lines; none: they are as they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LinesEdit>,
    /// The contact details that are others now: `phone`, `email`, `address`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<String>,
}

/// How the lines of an order were changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinesEdit {
    /// How many there were.
    pub before: usize,
    /// How many there are.
    pub after: usize,
    /// What all of it did cost.
    pub total_before: Option<Money>,
    /// What all of it costs.
    pub total_after: Option<Money>,
}

/// What a command about an order is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OrderAnswer {
    /// Which order.
    pub order: OrderId,
    /// Its version now.
    pub version: i64,
    /// How far it is now.
    pub state: OrderState,
    /// For a confirmation: whether the customer is told by a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_customer: Option<bool>,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStep {
    /// It became a draft, or one again.
    Drafted,
    /// A draft was changed by hand.
    Edited,
    /// It was agreed.
    Confirmed,
    /// It is not wanted any more.
    Cancelled,
    /// It was handed over.
    Fulfilled,
}

named!(OrderStep {
    Drafted = "drafted",
    Edited = "edited",
    Confirmed = "confirmed",
    Cancelled = "cancelled",
    Fulfilled = "fulfilled",
});

impl Order {
    /// The price of everything; none while there is no line.
    pub fn total(&self) -> Option<Money> {
        let currency = self.lines.first()?.unit_price.currency;
        let minor = self.lines.iter().map(|line| line.total().minor).fold(0, i64::saturating_add);
        Some(Money { minor, currency })
    }
}

impl OrderLine {
    /// `Linen Shirt (blue, M)`
    pub fn label(&self) -> String {
        if self.options.is_empty() {
            return self.title.clone();
        }
        let values: Vec<&str> = self.options.iter().map(|(_, value)| value.as_str()).collect();
        format!("{} ({})", self.title, values.join(", "))
    }

    /// The price of all of it.
    pub fn total(&self) -> Money {
        self.unit_price.times(self.quantity)
    }
}
