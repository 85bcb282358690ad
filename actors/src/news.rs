//! Who waits for news of a shop, and is told that there is some. News carries no cargo: what happened is in the rows, so
//! news may be lost, and a listener who is slow holds nothing up and nothing in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::ids::SellerId;

/// The listeners of each shop that has any.
#[derive(Default)]
pub(crate) struct News(Mutex<HashMap<SellerId, watch::Sender<()>>>);

impl News {
    /// Listens from now on.
    pub(crate) fn listen(&self, seller: SellerId) -> watch::Receiver<()> {
        self.listeners().entry(seller).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// Tells all who listen.
    pub(crate) fn tell(&self, seller: SellerId) {
        let mut listeners = self.listeners();
        if let Some(sender) = listeners.get(&seller)
            && sender.send(()).is_err()
        {
            listeners.remove(&seller);
        }
    }

    /// There will be no more.
    pub(crate) fn end(&self) {
        self.listeners().clear();
    }

    fn listeners(&self) -> MutexGuard<'_, HashMap<SellerId, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_shop_nobody_listens_to_costs_nothing_and_an_end_is_heard() {
        let (news, shop) = (News::default(), SellerId(1));
        let mut first = news.listen(shop);
        let second = news.listen(shop);
        news.tell(SellerId(2));
        assert!(!first.has_changed().unwrap());
        news.tell(shop);
        news.tell(shop);
        assert!(first.has_changed().unwrap() && second.has_changed().unwrap());
        first.mark_unchanged();
        news.end();
        assert!(first.changed().await.is_err());
        let third = news.listen(shop);
        drop(third);
        news.tell(shop);
        assert!(news.listeners().is_empty());
    }
}
