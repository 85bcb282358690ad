//! What can go wrong with the store, sorted once into what the caller can do about it.

use thiserror::Error;

/// Why the store did not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another incarnation of the seller's actor has taken over: stop.
    #[error("a newer incarnation of seller {0} has taken over")]
    Fenced(i64),
    /// An event was decided already by another incarnation: reload.
    #[error("an event of this turn was decided before")]
    Decided,
    /// The database refuses these very rows; the same rows will be refused again.
    #[error("the database refuses the data")]
    Data(#[source] sea_orm::DbErr),
    /// The database cannot be used now: full disk, lost connection, read-only. Later may be better.
    #[error("the database cannot be used now")]
    Unavailable(#[source] sea_orm::DbErr),
    /// A row holds what this version cannot read.
    #[error("a stored {what} cannot be read: {why}")]
    Unreadable {
        /// Which table or column.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}
