//! Loading a seller: raising its incarnation, and reading what its actor must know from the start.

use chrono::{DateTime, Utc};

use crate::domain::budget::SpentMinute;
use crate::domain::catalog::Catalog;
use crate::domain::conversation::Message;
use crate::domain::ids::SellerId;
use crate::domain::outbox::Owed;
use crate::domain::seller::Seller;

use super::{Store, StoreError};

/// What an actor starts from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Who, with policies and connections.
    pub seller: Seller,
    /// The number this incarnation writes under.
    pub incarnation: i64,
    /// The last id the seller's counter has given.
    pub last_id: i64,
    /// What is for sale.
    pub catalog: Catalog,
    /// Calls of the last hour.
    pub spent: Vec<SpentMinute>,
    /// Owed calls that are open, each with the message it sends.
    pub open: Vec<(Owed, Option<Message>)>,
}

/// Raises the seller's incarnation, then reads. None: there is no such seller.
pub async fn load(store: &Store, seller: SellerId, now: DateTime<Utc>) -> Result<Option<Loaded>, StoreError> {
    let _ = (store, seller, now);
    unimplemented!()
}
