//! Why a seller's actor ends itself, sorted into what the supervisor does about it.

use thiserror::Error;

use crate::domain::ids::SellerId;
use crate::store::StoreError;
use crate::trouble::Trouble;

/// Why a seller's actor ended itself. Its memory may be ahead of the database, so it is always loaded anew.
#[derive(Debug, Error)]
pub(crate) enum Fall {
    /// Nobody to be an actor for.
    #[error("there is no seller {0}")]
    NoSuchSeller(SellerId),
    /// Another incarnation has decided or has taken over: nobody's fault.
    #[error("what this incarnation knows is out of date")]
    OutOfDate(#[source] Trouble),
    /// The database cannot be used, whatever the event: no fault of this seller's.
    #[error("the database cannot be used")]
    Outage(#[source] Trouble),
    /// The database refuses what was decided, or holds what cannot be read: a fault of what was in hand.
    #[error("what was decided cannot be stored, or what is stored cannot be read")]
    Broken(#[source] Trouble),
    /// A rehearsal.
    #[error("told to fail")]
    Told,
}

impl From<Trouble> for Fall {
    fn from(trouble: Trouble) -> Self {
        match &trouble {
            Trouble::Store(StoreError::Fenced(_) | StoreError::Decided) => Fall::OutOfDate(trouble),
            Trouble::Store(StoreError::Data(_) | StoreError::Unreadable { .. }) => Fall::Broken(trouble),
            Trouble::Store(
                StoreError::Unavailable(_) | StoreError::InUse | StoreError::NotMigrated | StoreError::Address(_),
            )
            | Trouble::TooLong(_) => Fall::Outage(trouble),
        }
    }
}
