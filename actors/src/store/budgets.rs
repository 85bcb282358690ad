//! What is stored of a seller's budgets, for whoever looks at them from outside its actor.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::{outbox, seller as sellers_table};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};

use crate::domain::budget::hold::{Hold, HoldOn};
use crate::domain::budget::{OwnCaps, SpentSlot};
use crate::domain::ids::{ConnectionId, SellerId};
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
    /// Their connections that have no token, or one that Meta takes no more.
    pub without_token: Vec<ConnectionId>,
}

/// Reads them; none when there is no such seller.
pub async fn read(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    now: DateTime<Utc>,
) -> Result<Option<Stored>, StoreError> {
    let Some(row) = sellers_table::Entity::find_by_id(seller.0).one(reads).await? else { return Ok(None) };
    let open = outbox::Entity::of_seller(seller).filter(OPEN.expr()).all(reads).await?;
    let open = open.into_iter().map(rows::owed).collect::<Result<Vec<_>, _>>()?;
    let connections = sellers::connections_if(reads, seller, !open.is_empty()).await?.unwrap_or_default();
    let works = |id: ConnectionId| connections.iter().any(|known| known.id == id && known.refused.is_none());
    let without_token: BTreeSet<ConnectionId> =
        open.iter().map(|owed| owed.connection).filter(|connection| !works(*connection)).collect();
    Ok(Some(Stored {
        own: from_json("caps", &row.caps)?,
        spent: sellers::spent(reads, seller, now).await?,
        holds: sellers::holds(reads, seller).await?,
        without_token: without_token.into_iter().collect(),
        open,
    }))
}
