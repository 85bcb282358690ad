//! Webhook endpoints as their sellers manage them. Secrets are shown once, when they are made.

use std::sync::Arc;

use actors::domain::ids::{DeliveryId, EndpointId, SellerId};
use actors::domain::shop_event::ShopEventKind;
use actors::domain::webhook::{Delivery, Endpoint, EndpointState, PING};
use actors::store::{OfficeTx, Store, StoreError, deliveries, endpoints, office};
use actors::world::World;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::json;
use thiserror::Error;

use super::address::{NotAllowed, checked};
use super::{purpose, signature};
use crate::vault::{Secret, Vault, VaultError};

/// For so long at most an old secret signs as well.
const LONGEST_OVERLAP: TimeDelta = TimeDelta::days(7);

/// Manages endpoints.
#[derive(Clone)]
pub struct Endpoints {
    store: Store,
    vault: Arc<Vault>,
    world: Arc<World>,
    allow_loopback: bool,
}

/// An endpoint that was made, or has another secret.
#[derive(Debug)]
pub struct Made {
    /// Its id.
    pub id: EndpointId,
    /// What its deliveries are signed with. It is not shown again.
    pub secret: Secret,
}

/// What is to be otherwise about an endpoint; none: it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Where to.
    pub url: Option<String>,
    /// What of; an empty list: of everything.
    pub kinds: Option<Vec<ShopEventKind>>,
    /// True: it is told nothing until it is told to go on. False: it goes on where it was, also after it was disabled.
    pub paused: Option<bool>,
}

/// Why it was not done.
#[derive(Debug, Error)]
pub enum NotDone {
    /// There is no such seller, or it has no such endpoint or delivery.
    #[error("there is none of this id")]
    NotFound,
    /// Nothing may be delivered there.
    #[error("nothing can be delivered to this address: {0}")]
    Address(#[from] NotAllowed),
    /// There are as many as there may be.
    #[error("a seller has at most {} webhook endpoints: delete one first", endpoints::MOST)]
    TooMany,
    /// The database did not take it.
    #[error("could not store it")]
    Store(#[from] StoreError),
    /// The secret could not be made or sealed.
    #[error("could not seal the secret")]
    Vault(#[from] VaultError),
}

impl NotDone {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            NotDone::NotFound => "not_found",
            NotDone::Address(_) => "address_not_allowed",
            NotDone::TooMany => "too_many_endpoints",
            NotDone::Store(_) | NotDone::Vault(_) => "unavailable",
        }
    }
}

impl Endpoints {
    /// Over this database.
    pub fn new(store: Store, vault: Arc<Vault>, world: Arc<World>, allow_loopback: bool) -> Self {
        Self { store, vault, world, allow_loopback }
    }

    /// Makes an endpoint that is told of whatever happens from now on: of these kinds, or of everything.
    pub async fn create(&self, seller: SellerId, url: &str, kinds: &[ShopEventKind]) -> Result<Made, NotDone> {
        let tx = OfficeTx::begin(self.store.pen()).await?;
        let made = self.create_in(&tx, seller, url, kinds).await?;
        self.commit(tx).await?;
        Ok(made)
    }

    /// The same within a transaction of the caller's, who has it looked for with [`Endpoints::look`] once that is
    /// committed: it would be told nothing before the next sweep otherwise.
    pub async fn create_in(
        &self,
        tx: &OfficeTx,
        seller: SellerId,
        url: &str,
        kinds: &[ShopEventKind],
    ) -> Result<Made, NotDone> {
        let url = checked(url, self.allow_loopback)?;
        let now = self.world.now();
        is_there(office::is_known(self.store.reads(), seller).await?)?;
        let id = endpoints::create(tx, seller, (url.as_str(), kinds), now).await?.ok_or(NotDone::TooMany)?;
        let secret = self.put_secret(tx, (seller, id), now).await?;
        Ok(Made { id, secret })
    }

    /// Looks anew for whom there is to tell.
    pub fn look(&self) {
        self.world.look_for_deliveries();
    }

    /// A seller's endpoints.
    pub async fn list(&self, seller: SellerId) -> Result<Vec<Endpoint>, NotDone> {
        Ok(endpoints::of_seller(self.store.reads(), seller).await?)
    }

    /// One of them.
    pub async fn one(&self, seller: SellerId, endpoint: EndpointId) -> Result<Endpoint, NotDone> {
        endpoints::one(self.store.reads(), seller, endpoint).await?.ok_or(NotDone::NotFound)
    }

    /// Changes one of them.
    pub async fn change(&self, seller: SellerId, endpoint: EndpointId, change: Change) -> Result<(), NotDone> {
        let url = change.url.map(|url| checked(&url, self.allow_loopback)).transpose()?.map(String::from);
        let state = change.paused.map(|paused| if paused { EndpointState::Paused } else { EndpointState::Active });
        let change = endpoints::Change { url, kinds: change.kinds, state };
        let tx = OfficeTx::begin(self.store.pen()).await?;
        is_there(endpoints::change(&tx, (seller, endpoint), &change).await?)?;
        self.commit(tx).await
    }

    /// Gives one of them another secret. The one it had signs as well for so long, a week at most.
    pub async fn rotate(&self, seller: SellerId, endpoint: EndpointId, overlap: TimeDelta) -> Result<Made, NotDone> {
        let tx = OfficeTx::begin(self.store.pen()).await?;
        let made = self.rotate_in(&tx, (seller, endpoint), overlap).await?;
        self.commit(tx).await?;
        Ok(made)
    }

    /// The same within a transaction of the caller's.
    pub async fn rotate_in(
        &self,
        tx: &OfficeTx,
        (seller, endpoint): (SellerId, EndpointId),
        overlap: TimeDelta,
    ) -> Result<Made, NotDone> {
        let old_until = self.world.now() + overlap.clamp(TimeDelta::zero(), LONGEST_OVERLAP);
        let secret = self.put_secret(tx, (seller, endpoint), old_until).await?;
        Ok(Made { id: endpoint, secret })
    }

    /// Removes one of them, with its log.
    pub async fn delete(&self, seller: SellerId, endpoint: EndpointId) -> Result<(), NotDone> {
        let tx = OfficeTx::begin(self.store.pen()).await?;
        is_there(endpoints::delete(&tx, seller, endpoint).await?)?;
        self.commit(tx).await
    }

    /// Delivers something to one of them that did not happen, so that its receiver can be tried out.
    pub async fn ping(&self, seller: SellerId, endpoint: EndpointId) -> Result<DeliveryId, NotDone> {
        let endpoint = self.one(seller, endpoint).await?;
        let tx = OfficeTx::begin(self.store.pen()).await?;
        let delivery = self.ping_in(&tx, &endpoint).await?;
        self.commit(tx).await?;
        Ok(delivery)
    }

    /// The same within a transaction of the caller's, who has it looked for once that is committed.
    pub async fn ping_in(&self, tx: &OfficeTx, endpoint: &Endpoint) -> Result<DeliveryId, NotDone> {
        let now = self.world.now();
        let timestamp = now.to_rfc3339_opts(SecondsFormat::Millis, true);
        let body = json!({ "type": PING, "timestamp": timestamp, "data": { "seller_id": endpoint.seller } });
        Ok(deliveries::ping(tx, endpoint, body.to_string().into_bytes(), now).await?)
    }

    /// What was or is to be delivered to one of them, a page of the newest before this one.
    pub async fn log(
        &self,
        (seller, endpoint): (SellerId, EndpointId),
        before: Option<DeliveryId>,
        limit: u64,
    ) -> Result<Vec<Delivery>, NotDone> {
        self.one(seller, endpoint).await?;
        Ok(deliveries::log(self.store.reads(), (seller, endpoint), before, limit).await?)
    }

    /// One delivery, with its body.
    pub async fn delivery(&self, seller: SellerId, delivery: DeliveryId) -> Result<Delivery, NotDone> {
        deliveries::one(self.store.reads(), seller, delivery).await?.ok_or(NotDone::NotFound)
    }

    /// Makes a delivery once more, whatever became of it.
    pub async fn redeliver(&self, seller: SellerId, delivery: DeliveryId) -> Result<(), NotDone> {
        let tx = OfficeTx::begin(self.store.pen()).await?;
        self.redeliver_in(&tx, seller, delivery).await?;
        self.commit(tx).await
    }

    /// The same within a transaction of the caller's, who has it looked for once that is committed.
    pub async fn redeliver_in(&self, tx: &OfficeTx, seller: SellerId, delivery: DeliveryId) -> Result<(), NotDone> {
        is_there(deliveries::redeliver(tx, seller, delivery, self.world.now()).await?)
    }

    /// Makes all deliveries to an endpoint once more that were given up since this time; answers how many.
    pub async fn redeliver_failed(
        &self,
        seller: SellerId,
        endpoint: EndpointId,
        since: DateTime<Utc>,
    ) -> Result<u64, NotDone> {
        self.one(seller, endpoint).await?;
        let tx = OfficeTx::begin(self.store.pen()).await?;
        let again = self.redeliver_failed_in(&tx, (seller, endpoint), since).await?;
        self.commit(tx).await?;
        Ok(again)
    }

    /// The same within a transaction of the caller's, who has it looked for once that is committed.
    pub async fn redeliver_failed_in(
        &self,
        tx: &OfficeTx,
        endpoint: (SellerId, EndpointId),
        since: DateTime<Utc>,
    ) -> Result<u64, NotDone> {
        Ok(deliveries::redeliver_failed(tx, endpoint, since, self.world.now()).await?)
    }

    async fn put_secret(
        &self,
        tx: &OfficeTx,
        (seller, endpoint): (SellerId, EndpointId),
        old_until: DateTime<Utc>,
    ) -> Result<Secret, NotDone> {
        let secret = signature::new_secret()?;
        let sealed = self.vault.seal(&secret, &purpose(seller, endpoint))?;
        is_there(endpoints::put_secret(tx, (seller, endpoint), sealed.as_str(), old_until).await?)?;
        Ok(secret)
    }

    async fn commit(&self, tx: OfficeTx) -> Result<(), NotDone> {
        tx.commit("office").await?;
        self.look();
        Ok(())
    }
}

fn is_there(is_there: bool) -> Result<(), NotDone> {
    if is_there { Ok(()) } else { Err(NotDone::NotFound) }
}
