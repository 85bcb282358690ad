//! What is stored of a seller's budgets, for whoever looks at them from outside its actor.

use chrono::{DateTime, Utc};
use entity::{outbox, seller as sellers_table};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};

use crate::domain::budget::hold::{Hold, HoldOn};
use crate::domain::budget::{OwnCaps, SpentSlot};
use crate::domain::ids::SellerId;
use crate::domain::outbox::Owed;

use super::rows::{self, OfSeller, from_json};
use super::{OPEN, StoreError, sellers};

/// A seller's budgets as stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Caps of its own.
    pub own: OwnCaps,
    /// What was spent.
    pub spent: Vec<SpentSlot>,
    /// Pauses learned from Meta.
    pub holds: Vec<(HoldOn, Hold)>,
    /// Calls that are open.
    pub open: Vec<Owed>,
}

/// Reads them; none when there is no such seller.
pub async fn read(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    now: DateTime<Utc>,
) -> Result<Option<Stored>, StoreError> {
    let Some(row) = sellers_table::Entity::find_by_id(seller.0).one(reads).await? else { return Ok(None) };
    let open = outbox::Entity::of_seller(seller).filter(OPEN.expr()).all(reads).await?;
    Ok(Some(Stored {
        own: from_json("caps", &row.caps)?,
        spent: sellers::spent(reads, seller, now).await?,
        holds: sellers::holds(reads, seller).await?,
        open: open.into_iter().map(rows::owed).collect::<Result<_, _>>()?,
    }))
}
