//! Storing a turn: one statement a table, whatever the number of events.

use crate::domain::changes::Changes;

use super::{FencedTx, StoreError};

/// Stores all of it. [`StoreError::Decided`] when an event was not pending any more.
pub async fn save(tx: &FencedTx, changes: &Changes) -> Result<(), StoreError> {
    let _ = (tx, changes);
    unimplemented!()
}
