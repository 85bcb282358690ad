//! The front office: makes sellers and connects their accounts, and finds the tokens for calls.

use std::sync::Arc;

use actors::domain::budget::OwnCaps;
use actors::domain::channel::Account;
use actors::domain::ids::{ConnectionId, SellerId};
use actors::domain::seller::Settings;
use actors::ports::Later;
use actors::store::office::{self, NewConnection};
use actors::store::{OfficeTx, Store, StoreError};
use actors::world::World;
use thiserror::Error;

use crate::graph::{NoToken, Tokens};
use crate::vault::{Purpose, Sealed, Secret, Vault, VaultError};

const ACCESS_TOKEN: &str = "access_token";

/// Why the front office did not do it.
#[derive(Debug, Error)]
pub enum OfficeError {
    /// The database did not take it.
    #[error("could not store it")]
    Store(#[from] StoreError),
    /// The token could not be sealed.
    #[error("could not seal the token")]
    Vault(#[from] VaultError),
    /// An account has one seller, or its customers would be answered by two.
    #[error("{0} is connected to another seller")]
    Taken(Account),
}

/// Makes sellers and connects their accounts.
#[derive(Clone)]
pub struct Office {
    store: Store,
    vault: Arc<Vault>,
    world: Arc<World>,
}

/// An account to connect.
pub struct NewAccount {
    /// Whose.
    pub seller: SellerId,
    /// The account at Meta.
    pub account: Account,
    /// Its name, for people.
    pub username: String,
    /// What Meta gave to act for it.
    pub token: Secret,
}

impl Office {
    /// A front office over this database.
    pub fn new(store: Store, vault: Arc<Vault>, world: Arc<World>) -> Self {
        Self { store, vault, world }
    }

    /// Makes a seller, once for each `request`.
    pub async fn create_seller(&self, settings: &Settings, request: Option<&str>) -> Result<SellerId, OfficeError> {
        let tx = OfficeTx::begin(self.store.pen()).await?;
        let seller = office::create_seller(&tx, settings, request).await?;
        tx.commit("office").await?;
        Ok(seller)
    }

    /// Gives a seller caps of its own.
    pub async fn put_caps(&self, seller: SellerId, caps: OwnCaps) -> Result<(), OfficeError> {
        let tx = OfficeTx::begin(self.store.pen()).await?;
        office::put_caps(&tx, seller, caps).await?;
        tx.commit("office").await?;
        Ok(())
    }

    /// Connects an account: from here on its events find their seller. What is connected to it already gets the token.
    pub async fn connect(&self, new: NewAccount) -> Result<ConnectionId, OfficeError> {
        let NewAccount { seller, account, username, token } = new;
        let tx = OfficeTx::begin(self.store.pen()).await?;
        let new = NewConnection { seller, account, username };
        let connection = office::put_connection(&tx, &new).await?.ok_or_else(|| OfficeError::Taken(new.account))?;
        let sealed = self.vault.seal(&token, &Purpose { seller, connection, what: ACCESS_TOKEN })?;
        office::put_token(&tx, seller, connection, sealed.as_str()).await?;
        tx.commit("office").await?;
        self.world.reload_directory().await?;
        Ok(connection)
    }
}

/// Finds tokens in the database and opens them.
pub fn tokens(store: Store, vault: Arc<Vault>) -> Tokens {
    Arc::new(move |seller, connection| {
        let (store, vault) = (store.clone(), vault.clone());
        Box::pin(async move {
            let sealed = office::sealed_token(store.reads(), seller, connection).await;
            let sealed = sealed.map_err(|error| NoToken::Unreadable(error.to_string()))?.ok_or(NoToken::Missing)?;
            let purpose = Purpose { seller, connection, what: ACCESS_TOKEN };
            vault.open(&Sealed::stored(sealed), &purpose).map_err(|error| NoToken::Unreadable(error.to_string()))
        }) as Later<'static, Result<Secret, NoToken>>
    })
}
