//! What is asked of Meta about a catalog, and what it answers. Field names and addresses are the client's business.

use serde::{Deserialize, Serialize};

use super::item::{CatalogItem, ItemChange, SeenItem};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum CatalogAsk {
    /// Takes all of these changes, no two of one SKU. Answered by [`CatalogAnswer::Batched`].
    Batch {
        /// The changes.
        changes: Vec<ItemChange>,
    },
    /// How far a batch is. Answered by [`CatalogAnswer::Status`].
    Status {
        /// What Meta named the batch.
        handle: String,
    },
    /// Makes one item be so, whether it is there or not. Answered by [`CatalogAnswer::Put`].
    Put {
        /// The item.
        item: Box<CatalogItem>,
        /// Meta's id of it, where it is known.
        item_id: Option<String>,
    },
    /// Takes one item out. Answered by [`CatalogAnswer::Removed`].
    Remove {
        /// Its SKU.
        retailer_id: String,
        /// Meta's id of it, where it is known; else it has to be found by its SKU.
        item_id: Option<String>,
    },
    /// A page of what is there. Answered by [`CatalogAnswer::Page`].
    Page {
        /// Goes on behind this; none: from the start.
        after: Option<String>,
        /// At most so many.
        limit: u32,
    },
    /// The items with these SKUs, at most a hundred. Answered by [`CatalogAnswer::Page`] without a next one.
    Items {
        /// Their SKUs.
        retailer_ids: Vec<String>,
    },
    /// The catalog itself, and what may be done with it. Answered by [`CatalogAnswer::Looked`].
    Look,
    /// Asks for another review of a rejected item. Answered by [`CatalogAnswer::Appealed`].
    Appeal {
        /// Meta's id of the item.
        item_id: String,
        /// Why it should be shown, in the seller's words.
        reason: String,
    },
}

/// Each address but the last holds at least so many bytes of SKUs: that bounds how many are needed.
const BYTES_OF_A_PART: usize = 3_000;

impl CatalogAsk {
    /// How many requests to Meta it takes, at most: each of them counts.
    pub fn requests(&self) -> u32 {
        match self {
            // The catalog, the account, and where that may not show it, its shop.
            Self::Look => 3,
            // It has to be found first.
            Self::Remove { item_id: None, .. } => 2,
            Self::Items { retailer_ids } => {
                let bytes: usize = retailer_ids.iter().map(|retailer_id| retailer_id.len() + 3).sum();
                1 + u32::try_from(bytes / BYTES_OF_A_PART).unwrap_or(u32::MAX - 1)
            }
            Self::Batch { .. } | Self::Status { .. } | Self::Put { .. } | Self::Remove { .. } => 1,
            Self::Page { .. } | Self::Appeal { .. } => 1,
        }
    }

    /// What it is, as a word for logs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Batch { .. } => "batch",
            Self::Status { .. } => "status",
            Self::Put { .. } => "put",
            Self::Remove { .. } => "remove",
            Self::Page { .. } => "page",
            Self::Items { .. } => "items",
            Self::Look => "look",
            Self::Appeal { .. } => "appeal",
        }
    }
}

/// What Meta answers. A call that has no answer ends as `Unknown`; one that was surely not done and can be made again,
/// as `Again` (with the limits beside it, if it was refused for calling too much). Reads without an answer are `Again`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum CatalogAnswer {
    /// To a batch.
    Batched {
        /// What Meta named it; none: nothing of it was taken.
        handle: Option<String>,
        /// Items that Meta will not take.
        errors: Vec<ItemFault>,
        /// Items that it takes, with a remark.
        warnings: Vec<ItemFault>,
    },
    /// To a batch: it is too large, nothing of it was taken. To the question for a page: fewer items are to be asked for.
    TooMuch {
        /// What happened, in our words.
        error: String,
    },
    /// To the question how far a batch is.
    Status {
        /// True when nothing more will come of it. A word that is not known means false.
        is_finished: bool,
        /// Meta's word for how far it is.
        word: String,
        /// SKUs of the items that were not taken: the authority on that.
        invalid: Vec<String>,
        /// Why, for some of them or all.
        errors: Vec<ItemFault>,
        /// How many errors there are in all.
        errors_total: u64,
        /// Items that were taken, with a remark.
        warnings: Vec<ItemFault>,
    },
    /// One item is as asked.
    Put {
        /// Meta's id of it, where it was told.
        item_id: Option<String>,
    },
    /// One item is not there any more.
    Removed {
        /// False when it was not there before.
        was_there: bool,
    },
    /// A page of items.
    Page {
        /// The items.
        items: Vec<SeenItem>,
        /// What to go on behind; none: this was the last page.
        next: Option<String>,
    },
    /// The catalog itself.
    Looked {
        /// Its name.
        name: String,
        /// How many items it has, where Meta says so.
        products: Option<u64>,
        /// How far it is from being seen.
        standing: Standing,
    },
    /// The appeal was taken.
    Appealed,
    /// It was surely not done, and the same again will not be. In the place of `Refused`, for all calls of a catalog.
    Denied {
        /// What kind of refusal it is.
        why: Denied,
        /// Meta's code, with the subcode behind a slash; `no_token` where there was nothing to call with.
        code: String,
        /// What happened, in our words, or in Meta's where it speaks of an item.
        error: String,
    },
}

impl CatalogAnswer {
    /// True when Meta did what was asked.
    pub fn is_done(&self) -> bool {
        match self {
            Self::TooMuch { .. } | Self::Denied { .. } => false,
            Self::Batched { .. } | Self::Status { .. } | Self::Put { .. } | Self::Removed { .. } => true,
            Self::Page { .. } | Self::Looked { .. } | Self::Appealed => true,
        }
    }
}

/// What Meta says of one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFault {
    /// Its SKU.
    pub retailer_id: String,
    /// Meta's words, bounded.
    pub message: String,
}

/// How far a catalog is from being seen by customers, as Meta tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The shop waits for Meta's approval, or is not set up yet.
    Pending,
    /// The account may show it.
    Active,
    /// Meta has refused the shop.
    Refused,
    /// The shop was switched off.
    Disabled,
}

/// Kinds of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denied {
    /// The token is not accepted, or has not the rights: the account is to be connected again.
    Reconnect,
    /// The catalog is not there, or not for this account.
    NoCatalog,
    /// The catalog takes no batches: items have to go one by one.
    NoBatches,
    /// Meta has restricted the account.
    Policy,
    /// It is about the one item that was asked for: another would have been taken.
    Item,
    /// Anything else.
    Other,
}
