//! What is known of one item at Meta, and what is still to become of it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::ids::OutboxId;
use crate::domain::named::named;

use super::item::Review;

/// One item, as far as we know.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownItem {
    /// Its SKU, frozen: it is the item's name at Meta.
    pub retailer_id: String,
    /// The SKU of the product it is, or is a variant of.
    pub product: String,
    /// Meta's id of it.
    pub item_id: Option<String>,
    /// How far it is.
    pub state: ItemState,
    /// True when it goes before others that are owed.
    pub is_urgent: bool,
    /// What is to become of it.
    pub wants: Wants,
    /// The call it is in.
    pub batch: Option<OutboxId>,
    /// What Meta last accepted; none: it has it not, as far as we know.
    pub accepted: Option<Prints>,
    /// What was last sent.
    pub sent: Option<Prints>,
    /// How Meta should show what was last sent.
    pub expected: Option<i64>,
    /// How Meta showed it when it first did since.
    pub seen: Option<i64>,
    /// When Meta last showed it.
    pub seen_at: DateTime<Utc>,
    /// How often it was sent again because Meta showed something else.
    pub mended: i32,
    /// Why it is not as wanted, in words.
    pub reason: Option<String>,
    /// What Meta's review says.
    pub review: Option<Review>,
    /// Whether posts can name it.
    pub can_be_tagged: Option<bool>,
    /// Whether the shop shows it.
    pub is_in_shop: Option<bool>,
    /// When its state last changed.
    pub changed_at: DateTime<Utc>,
}

/// Prints of an item's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prints {
    /// Of all of it.
    pub whole: i64,
    /// Of what it costs and whether it can be had.
    pub offer: i64,
}

/// How far an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Something is to be sent.
    Owed,
    /// It is with Meta, and not processed.
    Sent,
    /// Meta has it as it is here; whether it may be shown is not said yet.
    Accepted,
    /// Meta will not take it, or not show it.
    Rejected,
    /// It lacks what Meta asks for: it is not sent.
    Refused,
    /// Meta shows it.
    Live,
    /// It is not offered, and not at Meta.
    Hidden,
    /// It is no more.
    Removed,
}

named!(ItemState {
    Owed = "owed",
    Sent = "sent",
    Accepted = "accepted",
    Rejected = "rejected",
    Refused = "refused",
    Live = "live",
    Hidden = "hidden",
    Removed = "removed",
});

/// What is to become of an item at Meta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// It is to be as it is here.
    Put,
    /// It is to be no more.
    Remove,
    /// It is to be no more for as long as it is not offered.
    Hide,
}

named!(Wants { Put = "put", Remove = "remove", Hide = "hide", });

impl Wants {
    /// How far an item is once this is done.
    pub fn done(self) -> ItemState {
        match self {
            Self::Put => ItemState::Accepted,
            Self::Remove => ItemState::Removed,
            Self::Hide => ItemState::Hidden,
        }
    }
}

impl KnownItem {
    /// One that Meta has never been told of.
    pub fn new(retailer_id: &str, product: &str, now: DateTime<Utc>) -> Self {
        Self {
            retailer_id: retailer_id.to_owned(),
            product: product.to_owned(),
            item_id: None,
            state: ItemState::Owed,
            is_urgent: false,
            wants: Wants::Put,
            batch: None,
            accepted: None,
            sent: None,
            expected: None,
            seen: None,
            seen_at: DateTime::UNIX_EPOCH,
            mended: 0,
            reason: None,
            review: None,
            can_be_tagged: None,
            is_in_shop: None,
            changed_at: now,
        }
    }

    /// True when Meta may have it.
    pub fn is_at_meta(&self) -> bool {
        self.accepted.is_some() || self.sent.is_some() && !matches!(self.state, ItemState::Hidden | ItemState::Removed)
    }
}
