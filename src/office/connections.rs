//! Accounts at Meta: connected, disconnected, and their tokens found for calls.

use std::error::Error;
use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::channel::Account;
use actors::domain::credential::{CredentialKind, Use};
use actors::domain::ids::{ConnectionId, SellerId};
use actors::domain::shop_event::ShopEventKind;
use actors::ports::Later;
use actors::store::office::credentials::{self, NewCredential};
use actors::store::office::{self, NewConnection, Which};
use actors::store::{OfficeTx, Store, inbox};
use serde_json::json;
use tracing::error;

use super::deeds::note;
use super::{Office, OfficeError, Once, Request};
use crate::graph::{Credentials, NoToken, Tokens};
use crate::vault::{Purpose, Sealed, Secret, Vault, VaultError};

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
    /// Connects an account: from here on its events find their seller. What is connected to it already gets the token.
    pub async fn connect(&self, request: &Request<'_>, new: NewAccount) -> Result<Once<ConnectionId>, OfficeError> {
        let seller = new.seller;
        request.allows(Scope::ConnectionsWrite, Some(seller))?;
        let mut news = Vec::new();
        let connect = async |tx: &OfficeTx| {
            let before = office::released(tx, &new.account, seller).await?;
            let connection = self.connect_in(tx, request, new).await?;
            if let Some(before) = before {
                self.note_handed_over(tx, request, (before, seller)).await?;
            }
            news = before.map(|(owner, _)| owner).into_iter().chain([seller]).map(|it| self.news_for(it)).collect();
            Ok::<_, OfficeError>(connection)
        };
        let connected = self.once(request, connect).await?;
        self.world.reload_directory().await?;
        if news.is_empty() {
            news.push(self.news_for(seller));
        }
        for news in news {
            news.tell().await;
        }
        Ok(connected)
    }

    async fn connect_in(
        &self,
        tx: &OfficeTx,
        request: &Request<'_>,
        new: NewAccount,
    ) -> Result<ConnectionId, OfficeError> {
        let NewAccount { seller, account, linked, username, token } = new;
        if !office::is_there(tx, seller).await? {
            return Err(OfficeError::NoSeller(seller));
        }
        let new = NewConnection { seller, account, linked, username };
        let was_connected = office::is_connected(tx, seller, Which::Account(&new.account)).await?;
        let connection = office::put_connection(tx, &new).await?;
        let connection = connection.ok_or_else(|| OfficeError::Taken(new.account.clone(), new.linked.clone()))?;
        let sealed = self.vault.seal(&token, &sealed_for(seller, connection, Use::Messages))?;
        let credential = NewCredential {
            seller,
            connection,
            purpose: Use::Messages,
            kind: CredentialKind::Given,
            sealed_token: sealed.as_str(),
            person: None,
            scopes: &[],
            got_at: None,
            expires_at: None,
            data_access_expires_at: None,
        };
        credentials::put(tx, &credential).await?;
        office::note_connected(tx, (seller, connection), request.at, None).await?;
        let linked = new.linked.as_ref().map(Account::as_str);
        let detail = json!({ "connection": connection, "account": new.account.as_str(), "linked": linked });
        note(tx, request, (Some(seller), "connection.connected"), detail).await?;
        let happened =
            if was_connected { ShopEventKind::ConnectionChanged } else { ShopEventKind::ConnectionConnected };
        inbox::announce(tx, seller, (happened, connection.0), self.world.now()).await?;
        Ok(connection)
    }

    /// Tells the shop that has let go of an account that another one has taken it, and notes it.
    pub(super) async fn note_handed_over(
        &self,
        tx: &OfficeTx,
        request: &Request<'_>,
        ((owner, ended), to): ((SellerId, ConnectionId), SellerId),
    ) -> Result<(), OfficeError> {
        inbox::announce(tx, owner, (ShopEventKind::ConnectionDisconnected, ended.0), request.at).await?;
        let detail = json!({ "connection": ended, "to": to });
        note(tx, request, (Some(owner), "connection.handed_over"), detail).await?;
        Ok(())
    }

    /// Ends a connection: from here on its events find nobody, and nothing is sent through it. False: there is none.
    pub async fn disconnect(
        &self,
        request: &Request<'_>,
        seller: SellerId,
        connection: ConnectionId,
    ) -> Result<bool, OfficeError> {
        request.allows(Scope::ConnectionsWrite, Some(seller))?;
        let mut news = None;
        let end = async |tx: &OfficeTx| {
            let was_connected = office::is_connected(tx, seller, Which::Id(connection)).await?;
            let was_there = office::end_connection(tx, seller, connection).await?;
            if was_connected {
                let happened = (ShopEventKind::ConnectionDisconnected, connection.0);
                inbox::announce(tx, seller, happened, self.world.now()).await?;
            }
            if was_there {
                let detail = json!({ "connection": connection });
                note(tx, request, (Some(seller), "connection.disconnected"), detail).await?;
                news = Some(self.news_for(seller));
            }
            Ok::<_, OfficeError>(was_there)
        };
        let was_there = self.once(request, end).await?.value;
        self.world.reload_directory().await?;
        if was_there {
            news.unwrap_or_else(|| self.news_for(seller)).tell().await;
        }
        Ok(was_there)
    }
}

/// What somebody has moved or changed opens never again: it is a token that is refused, so that nobody tries for ever.
fn not_opened(error: &VaultError, generation: i64) -> NoToken {
    match error.for_good() {
        Some(code) => {
            error!(error = error as &dyn Error, "a token does not open: somebody has written to the database by hand");
            NoToken::Refused { code: code.to_owned(), generation }
        }
        None => NoToken::Unreadable(error.to_string()),
    }
}

/// Each of a connection's tokens opens for its own use only.
pub(super) fn sealed_for(seller: SellerId, connection: ConnectionId, purpose: Use) -> Purpose {
    let what = match purpose {
        Use::Messages => "access_token",
        Use::Catalog => "catalog_token",
    };
    Purpose::Connection { seller, connection, what }
}

/// Finds tokens in the database and opens them.
pub fn tokens(store: Store, vault: Arc<Vault>) -> Tokens {
    Arc::new(move |seller, connection, purpose| {
        let (store, vault) = (store.clone(), vault.clone());
        Box::pin(async move {
            let access = credentials::access(store.reads(), (seller, connection), purpose).await;
            let access = access.map_err(|error| NoToken::Unreadable(error.to_string()))?.ok_or(NoToken::Missing)?;
            if let Some(code) = access.cause {
                return Err(NoToken::Refused { code, generation: access.generation });
            }
            let sealed_for = sealed_for(seller, connection, access.purpose);
            let token = vault.open(&Sealed::stored(access.sealed_token), &sealed_for);
            match token {
                Ok(token) => Ok(Credentials { token, page: access.page, generation: access.generation }),
                Err(error) => Err(not_opened(&error, access.generation)),
            }
        }) as Later<'static, Result<Credentials, NoToken>>
    })
}
