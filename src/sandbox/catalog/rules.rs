//! How a catalog behaves, and what it may be told to do wrong.

use serde::{Deserialize, Serialize};

use crate::sandbox::refusal::Refusal;

const HOUR_MS: u64 = 3_600_000;

/// How a catalog behaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogRules {
    /// How many `items_batch` calls it takes in a rolling minute; none: any number.
    pub batches_per_minute: Option<u32>,
    /// How many other calls it takes in a rolling hour; none: any number.
    pub calls_per_hour: Option<u32>,
    /// What is answered beyond the share of the hour. It may be the user's or the app's share that is full.
    pub beyond_the_hour: Refusal,
    /// How long a batch takes.
    pub batch_ms: u64,
    /// How many requests a batch may have.
    pub most_items: usize,
    /// How many bytes the body of a batch may have.
    pub most_bytes: usize,
    /// How long a handle can be asked for, from when its batch was taken.
    pub handle_ms: u64,
    /// How many errors a finished batch shows; its count tells of all.
    pub errors_shown: usize,
    /// Whether missing fields are counted as errors, and told among the warnings.
    pub disguises_missing_fields: bool,
    /// How many items a page may have.
    pub most_per_page: usize,
    /// False: it refuses batches, and takes items one by one only.
    pub takes_batches: bool,
    /// Whether the removal of an item that is not there is an error; else it is a warning.
    pub removing_none_fails: bool,
    /// How items are reviewed.
    pub review: ReviewRules,
    /// A picture is broken if its address contains one of these.
    pub broken_images: Vec<String>,
    /// Every call is refused with this.
    pub refused_with: Option<Refusal>,
    /// Whether its shop is open, as its merchant settings tell.
    pub shop_is_open: bool,
    /// What Meta's look at its shop has come to: `approved`, `pending`, `rejected`.
    pub shop_review: String,
    /// Whether its accounts may tag its items.
    pub may_tag: bool,
    /// Whether finished batches are told by webhook.
    pub tells_batches: bool,
}

/// How items are reviewed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewRules {
    /// How long it takes, from the latest change of what is shown.
    pub takes_ms: u64,
    /// What is rejected; all else is approved.
    pub rejects: Vec<Rejects>,
    /// Whether an appeal is heard: a rejected item is approved once it was looked at again.
    pub appeals_win: bool,
}

/// What a review rejects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejects {
    /// Items whose SKU, title, description or picture's address contains this.
    pub word: String,
    /// Meta's word for why, as `COMMERCE_POLICY`.
    pub reason: String,
}

/// What becomes of a batch that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchFate {
    /// It is done after this many milliseconds.
    Takes(u64),
    /// It stays in progress for ever, and nothing of it is done.
    NeverFinishes,
    /// It ends with the status `error`, and nothing of it is done.
    Fails,
    /// It is done as usual, but its handle is not known to anybody.
    IsForgotten,
}

impl Default for CatalogRules {
    fn default() -> Self {
        Self {
            batches_per_minute: None,
            calls_per_hour: None,
            beyond_the_hour: Refusal::CatalogRate,
            batch_ms: 3_000,
            most_items: 5_000,
            most_bytes: 28_000_000,
            handle_ms: 24 * HOUR_MS,
            errors_shown: 100,
            disguises_missing_fields: false,
            most_per_page: 1_000,
            takes_batches: true,
            removing_none_fails: false,
            review: ReviewRules::default(),
            broken_images: Vec::new(),
            refused_with: None,
            shop_is_open: true,
            shop_review: "approved".to_owned(),
            may_tag: true,
            tells_batches: false,
        }
    }
}

impl Rejects {
    /// Rejects what contains a word.
    pub fn new(word: &str, reason: &str) -> Self {
        Self { word: word.to_owned(), reason: reason.to_owned() }
    }
}
