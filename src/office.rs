//! The front office: makes sellers, connects their accounts, changes their settings, makes and revokes keys. Every change
//! is noted with who made it, in the transaction that makes it; a request that comes again changes nothing again.

mod checkups;
mod connecting;
mod connections;
mod deeds;
mod granted;
mod keys;
mod once;
mod persons;
pub mod secrets;
mod sellers;

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::channel::Account;
use actors::domain::ids::SellerId;
use actors::sellers::Sellers;
use actors::store::{OfficeTx, Store, StoreError};
use actors::world::World;
use thiserror::Error;
use tokio::runtime::Handle;

use crate::keys::{Keys, NoRandomness};
use crate::vault::{Vault, VaultError};

pub use connecting::{Begun, SetOut, hash_of, random};
pub use connections::{NewAccount, tokens};
pub use granted::{Granted, GrantedToken};
pub use keys::{MadeKey, NewKey, shown_as};
pub use once::{Once, Print, Request};
pub use persons::{DATA_DELETED, DEAUTHORIZED, Deletion, PERMISSION_REVOKED, TakenUp};

/// Why the front office did not do it.
#[derive(Debug, Error)]
pub enum OfficeError {
    /// The database did not take it.
    #[error("could not store it")]
    Store(#[from] StoreError),
    /// It could not be sealed, or what was sealed does not open.
    #[error("could not seal it, or open what was sealed")]
    Vault(#[from] VaultError),
    /// There is nothing to make a secret of.
    #[error("could not make a secret")]
    NoRandomness(#[from] NoRandomness),
    /// An account has one seller, or its customers would be answered by two.
    #[error("{} is another seller's", either(.0, .1.as_ref()))]
    Taken(Account, Option<Account>),
    /// The key of whoever asks does not allow it.
    #[error("the key has no scope {0}")]
    NotAllowed(Scope),
    /// The key of whoever asks is another seller's.
    #[error("the key is not for seller {0}")]
    NotTheirs(SellerId),
    /// There is no such seller.
    #[error("there is no seller {0}")]
    NoSeller(SellerId),
    /// Somebody has gone on from there already, or it took too long.
    #[error("this way to a connected account has ended: begin anew")]
    Ended,
    /// What is to be put cannot be, for the reason that the sentence says.
    #[error("{0}")]
    Invalid(String),
    /// Somebody has changed it since.
    #[error("it was changed by somebody else, and is version {now} now")]
    VersionConflict {
        /// Which version it is.
        now: i64,
    },
    /// Something else was asked with this Idempotency-Key.
    #[error("something else was asked with this Idempotency-Key before")]
    RequestReused,
    /// An Idempotency-Key is 1 to 200 visible characters of ASCII.
    #[error("the Idempotency-Key cannot be used")]
    RequestUnreadable,
}

/// Does what the front office does.
#[derive(Clone)]
pub struct Office {
    store: Store,
    vault: Arc<Vault>,
    world: Arc<World>,
    sellers: Sellers,
    keys: Keys,
}

impl Office {
    /// A front office over this database. Sellers' actors learn what is changed; keys that are revoked are forgotten.
    pub fn new(store: Store, vault: Arc<Vault>, world: Arc<World>, sellers: Sellers, keys: Keys) -> Self {
        Self { store, vault, world, sellers, keys }
    }

    async fn begin(&self) -> Result<OfficeTx, OfficeError> {
        Ok(OfficeTx::begin(self.store.pen()).await?)
    }

    /// The seller's actor may be in memory with things as they were, and something may wait in its inbox.
    async fn tell_actor(&self, seller: SellerId) {
        self.sellers.wake(seller);
        if let Err(error) = self.sellers.reload_credentials(seller).await {
            tracing::warn!(%error, seller.id = seller.0, "the seller's actor learns of a change when it is loaded again");
        }
    }

    /// To be held from before a change of the seller's is committed.
    fn news_for(&self, seller: SellerId) -> News<'_> {
        News { office: self, seller, is_told: false }
    }
}

/// A change that the seller's actor must learn of, also where whoever asked for it is gone before it is done.
struct News<'a> {
    office: &'a Office,
    seller: SellerId,
    is_told: bool,
}

impl News<'_> {
    async fn tell(mut self) {
        self.office.tell_actor(self.seller).await;
        self.is_told = true;
    }
}

impl Drop for News<'_> {
    fn drop(&mut self) {
        // Where there is no runtime any more, there are no actors either.
        let runtime = Handle::try_current().ok().filter(|_| !self.is_told);
        if let Some(runtime) = runtime {
            let (office, seller) = (self.office.clone(), self.seller);
            runtime.spawn(async move { office.tell_actor(seller).await });
        }
    }
}

fn either(account: &Account, linked: Option<&Account>) -> String {
    match linked {
        Some(linked) => format!("{account}, or {linked} that is linked to it,"),
        None => account.to_string(),
    }
}
