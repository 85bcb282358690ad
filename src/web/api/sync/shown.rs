//! How items and runs of the catalog sync are shown.

use actors::domain::ids::RunId;
use actors::domain::sync::errand::Errand;
use actors::domain::sync::item::Review;
use actors::domain::sync::known::{ItemState, KnownItem};
use actors::domain::sync::run::{Counts, Failure, Pause, PausedSpan, Refusal, RunKind, RunStatus, SyncRun};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

/// How one item is at Meta.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CatalogItem")]
pub(super) struct ItemOut {
    /// Its SKU, which is its name at Meta.
    retailer_id: String,
    /// The SKU of the product it is, or is a variant of.
    product: String,
    /// Meta's id of it.
    item_id: Option<String>,
    /// How far it is.
    state: ItemState,
    /// Why it is not as wanted, in words.
    reason: Option<String>,
    /// What Meta's review says.
    review: Option<Review>,
    /// Whether posts can name it; none: Meta does not say.
    can_be_tagged: Option<bool>,
    /// Whether the shop shows it; none: Meta does not say.
    is_in_shop: Option<bool>,
    /// When Meta last showed it.
    seen_at: Option<DateTime<Utc>>,
    /// When its state last changed.
    changed_at: DateTime<Utc>,
}

impl From<KnownItem> for ItemOut {
    fn from(item: KnownItem) -> Self {
        Self {
            retailer_id: item.retailer_id,
            product: item.product,
            item_id: item.item_id,
            state: item.state,
            reason: item.reason,
            review: item.review,
            can_be_tagged: item.can_be_tagged,
            is_in_shop: item.is_in_shop,
            seen_at: Some(item.seen_at).filter(|at| *at > DateTime::UNIX_EPOCH),
            changed_at: item.changed_at,
        }
    }
}

/// A run of the catalog sync.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SyncRun")]
pub(super) struct RunOut {
    id: RunId,
    kind: RunKind,
    status: RunStatus,
    /// Who asked for it; none: the service by itself.
    by: Option<String>,
    /// What is to be done in all, in items.
    total: u64,
    /// What of it has come to its end.
    done: u64,
    /// What was counted.
    counts: Counts,
    /// The first items that lack what Meta asks for.
    refusals: Vec<Refusal>,
    /// What it waits for.
    pause: Option<Pause>,
    /// What it has waited for.
    pauses: Vec<PausedSpan>,
    /// Why it failed.
    failure: Option<Failure>,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<SyncRun> for RunOut {
    fn from(run: SyncRun) -> Self {
        Self {
            id: run.id,
            kind: run.kind,
            status: run.status,
            by: run.by,
            total: run.counts.total(),
            done: run.counts.done(),
            counts: run.counts,
            refusals: run.refusals,
            pause: run.pause,
            pauses: run.pauses,
            failure: run.failure,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}

/// A run with what it has before it, and its batches.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SyncRunDetails")]
pub(super) struct RunDetails {
    #[serde(flatten)]
    pub(super) run: RunOut,
    /// Calls that are still to be made, at least.
    pub(super) calls_left: u64,
    /// When the last of them will have left, at the caps there are; none: nobody can say.
    pub(super) eta: Option<DateTime<Utc>>,
    /// Batches, in the order they were made.
    pub(super) batches: Vec<BatchOut>,
}

/// One batch.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SyncBatch")]
pub(super) struct BatchOut {
    /// What Meta named it.
    handle: Option<String>,
    /// How many items it carried.
    items: u32,
    /// How far it is, or what came of it.
    outcome: String,
    made_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<Errand> for BatchOut {
    fn from(errand: Errand) -> Self {
        let Errand { handle, items, outcome, state, made_at, ended_at, .. } = errand;
        Self { handle, items, outcome: outcome.unwrap_or_else(|| state.name().to_owned()), made_at, ended_at }
    }
}
