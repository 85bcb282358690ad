//! What happens in a shop, followed live: in order, from any event on that is still kept, nothing left out and nothing
//! twice. Only what is on disk is passed on, and between two pages nothing is held.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::domain::ids::{SellerId, ShopEventId};
use crate::domain::shop_event::{ShopEvent, ShopEventKind};
use crate::store::{StoreError, shop_events};
use crate::world::World;

/// Events of one page.
const PAGE: u64 = 100;
/// How often to look for events whose news was lost.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Why there is nothing to follow.
#[derive(Debug, Error)]
pub enum NotFed {
    /// There is no such seller.
    #[error("there is no such seller")]
    NoSuchSeller,
    /// What followed that event is not kept any more.
    #[error("what followed event {after} is not kept any more, up to event {gone}: read the shop anew")]
    TooOld {
        /// Where to go on was asked for.
        after: ShopEventId,
        /// The last event that was let go of: from there on, everything is there.
        gone: ShopEventId,
    },
    /// The store could not say.
    #[error("the events could not be read now")]
    Store(#[from] StoreError),
}

impl NotFed {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            NotFed::NoSuchSeller => "not_found",
            NotFed::TooOld { .. } => "resume_too_old",
            NotFed::Store(_) => "unavailable",
        }
    }
}

/// A listener's place in what happens in a shop.
pub struct Feed {
    world: Arc<World>,
    seller: SellerId,
    kinds: Vec<ShopEventKind>,
    after: ShopEventId,
    news: watch::Receiver<()>,
}

impl Feed {
    /// Goes on after an event, or begins with what happens from now on.
    pub(crate) async fn open(
        world: Arc<World>,
        seller: SellerId,
        after: Option<ShopEventId>,
        kinds: Vec<ShopEventKind>,
    ) -> Result<Self, NotFed> {
        // Listening begins before the first look, so that nothing slips past between the two.
        let news = world.news.listen(seller);
        let extent = shop_events::extent(world.store.reads(), seller).await?.ok_or(NotFed::NoSuchSeller)?;
        let after = after.unwrap_or(extent.last);
        match after < extent.gone {
            true => Err(NotFed::TooOld { after, gone: extent.gone }),
            false => Ok(Self { world, seller, kinds, after, news }),
        }
    }

    /// The last event that was passed on or passed over: where to go on after a break.
    pub fn place(&self) -> ShopEventId {
        self.after
    }

    /// What happened next, once something has. None: the service ends. After an error of the store, asking again goes on.
    pub async fn next_page(&mut self) -> Result<Option<Vec<ShopEvent>>, NotFed> {
        loop {
            self.news.mark_unchanged();
            let mut page = self.page().await?;
            let Some(last) = page.last().map(|event| event.id) else {
                if self.world.is_stopping() || matches!(timeout(LOOK_AGAIN, self.news.changed()).await, Ok(Err(_))) {
                    return Ok(None);
                }
                continue;
            };
            self.after = last;
            page.retain(|event| self.kinds.is_empty() || self.kinds.contains(&event.what.kind));
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
    }

    /// Of all kinds: what is passed over must not be looked at again and again.
    async fn page(&self) -> Result<Vec<ShopEvent>, NotFed> {
        let (store, after) = (&self.world.store, self.after);
        let page = shop_events::after(store.reads(), self.seller, after, &[], PAGE).await?;
        // Asked after the page was read: what was let go of by then may be missing on it.
        let gone = shop_events::gone(store.reads(), self.seller).await?.ok_or(NotFed::NoSuchSeller)?;
        if after < gone {
            return Err(NotFed::TooOld { after, gone });
        }
        if !page.is_empty() {
            shop_events::on_disk(store).await?;
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests;
