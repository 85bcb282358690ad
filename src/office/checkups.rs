//! What was found when connections were looked at, as the front office keeps it.

use actors::domain::ids::{ConnectionId, SellerId};
use actors::domain::shop_event::ShopEventKind;
use actors::store::inbox;
use actors::store::office::checkups::{self, KeptCheckup};
use chrono::{DateTime, Utc};

use super::{Office, OfficeError};

const RED: &str = "red";

impl Office {
    /// Keeps what was found. Where it is red and was not before, the shop is told.
    pub async fn keep_checkup(
        &self,
        whose: (SellerId, ConnectionId),
        found: &KeptCheckup,
        is_red: bool,
    ) -> Result<(), OfficeError> {
        let (now, tx) = (self.world.now(), self.begin().await?);
        let was_red = checkups::light_before(&tx, whose).await?.is_some_and(|light| light == RED);
        let is_theirs = checkups::put(&tx, whose, found).await?;
        let is_news = is_theirs && is_red && !was_red;
        if is_news {
            inbox::announce(&tx, whose.0, (ShopEventKind::ConnectionUnwell, whose.1.0), now).await?;
        }
        tx.commit("office").await?;
        if is_news {
            self.sellers.wake(whose.0);
        }
        Ok(())
    }

    /// Says when connections are looked at that nobody has planned a look at.
    pub async fn plan_checkups(&self, at: DateTime<Utc>) -> Result<(), OfficeError> {
        let tx = self.begin().await?;
        checkups::plan(&tx, at).await?;
        Ok(tx.commit("office").await?)
    }

    /// Says when a connection is looked at next.
    pub async fn put_off_checkup(&self, whose: (SellerId, ConnectionId), at: DateTime<Utc>) -> Result<(), OfficeError> {
        let tx = self.begin().await?;
        checkups::put_off(&tx, whose, at).await?;
        Ok(tx.commit("office").await?)
    }

    /// Keeps which app's secret signed a webhook last.
    pub async fn keep_secrets_seen(&self, seen: &[(String, DateTime<Utc>)]) -> Result<(), OfficeError> {
        let tx = self.begin().await?;
        checkups::put_secrets_seen(&tx, seen).await?;
        Ok(tx.commit("office").await?)
    }
}
