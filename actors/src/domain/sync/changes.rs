//! What a turn changes of the sync.

use crate::domain::ids::{CatalogId, OutboxId};

use super::catalog::MetaCatalog;
use super::errand::Errand;
use super::known::KnownItem;
use super::run::SyncRun;

/// Rows to be as given, at most one for an id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncChanges {
    /// Catalogs.
    pub catalogs: Vec<MetaCatalog>,
    /// Runs.
    pub runs: Vec<SyncRun>,
    /// Calls. What they ask is stored when it is given, and let go of once Meta has it.
    pub errands: Vec<Errand>,
    /// Items, with the catalog they are in.
    pub items: Vec<(CatalogId, KnownItem)>,
    /// What becomes of all items of a call that are not among `items`.
    pub batches: Vec<BatchEnd>,
    /// Runs before this many of the newest are forgotten.
    pub forgets_runs: bool,
}

/// What becomes of the items of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchEnd {
    /// In which catalog.
    pub catalog: CatalogId,
    /// Which call.
    pub call: OutboxId,
    /// True: Meta has accepted what was sent. False: it is owed again.
    pub is_taken: bool,
}
