//! What a customer asked for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::channel::Channel;
use super::ids::{ConversationId, CustomerId, MessageId, OrderId};
use super::money::Money;
use super::reading::Contact;

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl OrderState {
    /// The word used in the database.
    pub fn name(self) -> &'static str {
        match self {
            OrderState::Draft => "draft",
            OrderState::Confirmed => "confirmed",
            OrderState::Cancelled => "cancelled",
            OrderState::Fulfilled => "fulfilled",
        }
    }

    /// The state with this name.
    pub fn named(name: &str) -> Option<Self> {
        use OrderState::{Cancelled, Confirmed, Draft, Fulfilled};
        [Draft, Confirmed, Cancelled, Fulfilled].into_iter().find(|state| state.name() == name)
    }
}

/// Why a person should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The customer wants a confirmed order otherwise.
    ChangeWanted,
    /// The answer would have been too late.
    TooLate,
    /// More was said than a draft is built from.
    LongThread,
    /// The answer could not be sent.
    NotSent,
    /// The same customer has another conversation, under another id.
    TwoConversations,
}

impl Look {
    /// True for what is wrong with a draft: whatever else somebody should look at stays when it is confirmed.
    pub fn is_over_once_confirmed(self) -> bool {
        match self {
            Look::Unsure | Look::StillMissing | Look::TooLate | Look::LongThread => true,
            Look::Attachment | Look::LateMessage | Look::ChangeWanted | Look::NotSent | Look::TwoConversations => false,
        }
    }

    /// Every cause.
    pub const ALL: [Look; 9] = [
        Look::Attachment,
        Look::Unsure,
        Look::StillMissing,
        Look::LateMessage,
        Look::ChangeWanted,
        Look::TooLate,
        Look::LongThread,
        Look::NotSent,
        Look::TwoConversations,
    ];

    /// The word used in the database.
    pub fn name(self) -> &'static str {
        match self {
            Look::Attachment => "attachment",
            Look::Unsure => "unsure",
            Look::StillMissing => "still_missing",
            Look::LateMessage => "late_message",
            Look::ChangeWanted => "change_wanted",
            Look::TooLate => "too_late",
            Look::LongThread => "long_thread",
            Look::NotSent => "not_sent",
            Look::TwoConversations => "two_conversations",
        }
    }

    /// The cause with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|look| look.name() == name)
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
    /// Contact details as they were when it was confirmed.
    pub contact: Contact,
    /// When its first message was said, by Meta's clock.
    pub opened_at: DateTime<Utc>,
    /// When it was confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
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
}

/// Words of one message that led to an order line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What: `drafted`, `confirmed`, `cancelled`.
    pub what: &'static str,
}

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
