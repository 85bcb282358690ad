//! The front office: makes sellers and connects their accounts, and finds the tokens for calls.

use std::sync::Arc;

use actors::domain::channel::Account;
use actors::domain::ids::{ConnectionId, SellerId};
use actors::domain::seller::Settings;
use actors::ports::Later;
use actors::store::office::{self, NewConnection};
use actors::store::{OfficeTx, Store, StoreError};
use actors::world::World;
use thiserror::Error;

use crate::graph::{Credentials, NoToken, Tokens};
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
    #[error("{} is another seller's", either(.0, .1.as_ref()))]
    Taken(Account, Option<Account>),
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
    /// The account linked to it: a Page's Instagram account, or the other way round.
    pub linked: Option<Account>,
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

    /// Connects an account: from here on its events find their seller. What is connected to it already gets the token.
    pub async fn connect(&self, new: NewAccount) -> Result<ConnectionId, OfficeError> {
        let NewAccount { seller, account, linked, username, token } = new;
        let tx = OfficeTx::begin(self.store.pen()).await?;
        let new = NewConnection { seller, account, linked, username };
        let connection = office::put_connection(&tx, &new).await?;
        let connection = connection.ok_or_else(|| OfficeError::Taken(new.account, new.linked))?;
        let sealed = self.vault.seal(&token, &Purpose { seller, connection, what: ACCESS_TOKEN })?;
        office::put_token(&tx, seller, connection, sealed.as_str()).await?;
        tx.commit("office").await?;
        self.world.reload_directory().await?;
        Ok(connection)
    }

    /// Ends a connection: from here on its events find nobody, and nothing is sent through it. False: there is none.
    pub async fn disconnect(&self, seller: SellerId, connection: ConnectionId) -> Result<bool, OfficeError> {
        let tx = OfficeTx::begin(self.store.pen()).await?;
        let was_there = office::end_connection(&tx, seller, connection).await?;
        tx.commit("office").await?;
        self.world.reload_directory().await?;
        Ok(was_there)
    }
}

fn either(account: &Account, linked: Option<&Account>) -> String {
    match linked {
        Some(linked) => format!("{account}, or {linked} that is linked to it,"),
        None => account.to_string(),
    }
}

/// Finds tokens in the database and opens them.
pub fn tokens(store: Store, vault: Arc<Vault>) -> Tokens {
    Arc::new(move |seller, connection| {
        let (store, vault) = (store.clone(), vault.clone());
        Box::pin(async move {
            let access = office::access(store.reads(), seller, connection).await;
            let access = access.map_err(|error| NoToken::Unreadable(error.to_string()))?.ok_or(NoToken::Missing)?;
            let purpose = Purpose { seller, connection, what: ACCESS_TOKEN };
            let token = vault.open(&Sealed::stored(access.sealed_token), &purpose);
            let token = token.map_err(|error| NoToken::Unreadable(error.to_string()))?;
            Ok(Credentials { token, page: access.page })
        }) as Later<'static, Result<Credentials, NoToken>>
    })
}
