//! What was granted at Meta: accounts connected with it, tokens made anew or taken no more, and accounts let go.

use actors::domain::access::Scope;
use actors::domain::channel::Account;
use actors::domain::credential::{CredentialKind, Use, cause_in_words};
use actors::domain::ids::{ConnectionId, SellerId};
use actors::domain::shop_event::ShopEventKind;
use actors::store::office::connecting::{self, Connecting, NextStage};
use actors::store::office::credentials::{self, Credential, Held, NewCredential};
use actors::store::office::subscriptions::{self, Said, lacks_core};
use actors::store::office::{self, NewConnection, Which, checkups};
use actors::store::{OfficeTx, inbox};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use tracing::warn;

use super::connecting::caller_of;
use super::connections::sealed_for;
use super::deeds::note;
use super::{Office, OfficeError, Once, Request, hash_of, random};
use crate::keys::Caller;
use crate::vault::Secret;

/// An account that somebody granted us to act for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Granted {
    /// The account.
    pub account: Account,
    /// The Page it was granted through.
    pub linked: Option<Account>,
    /// Its name.
    pub username: String,
    /// The tokens, one for each use.
    pub tokens: Vec<GrantedToken>,
}

/// A token that was granted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GrantedToken {
    /// What it is for.
    pub purpose: Use,
    /// Where it is from.
    pub kind: CredentialKind,
    /// It.
    #[serde(serialize_with = "exposed")]
    pub token: Secret,
    /// The app-scoped id of who granted it.
    pub person: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Until when it reads data without the person being asked again.
    pub data_access_expires_at: Option<DateTime<Utc>>,
}

/// For what is kept to choose from, which is sealed.
fn exposed<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}

impl Office {
    /// Connects an account with what was granted, and ends the way that led to it, in one transaction. Where its seller
    /// has let go of it to this one, it is this one's from here on.
    pub async fn connect_granted(&self, way: &Connecting, granted: &Granted) -> Result<ConnectionId, OfficeError> {
        let (caller, now) = (caller_of(way), self.world.now());
        let request = Request::new(&caller, now);
        request.allows(Scope::ConnectionsWrite, Some(way.seller))?;
        let tx = self.begin().await?;
        let before = office::released(&tx, &granted.account, way.seller).await?;
        let connection = self.put_granted(&tx, (way.seller, now), granted).await?;
        let made = json!({ "connection": connection, "account": granted.account }).to_string();
        let next = NextStage {
            stage: "connected",
            outcome: Some("connected"),
            detail: None,
            offered: Some(&made),
            sealed: None,
            expires_at: way.expires_at,
        };
        if !connecting::go_on(&tx, (way.id, &way.stage), &next).await? {
            return Err(OfficeError::Ended);
        }
        let uses: Vec<&str> = granted.tokens.iter().map(|token| token.purpose.name()).collect();
        let detail = json!({ "connection": connection, "account": granted.account, "by": way.way, "for": uses });
        note(&tx, &request, (Some(way.seller), "connection.connected"), detail).await?;
        if let Some(before) = before {
            self.note_handed_over(&tx, &request, (before, way.seller)).await?;
        }
        let news: Vec<_> = before.into_iter().map(|(owner, _)| owner).chain([way.seller]).collect();
        let news: Vec<_> = news.into_iter().map(|seller| self.news_for(seller)).collect();
        tx.commit("office").await?;
        self.world.reload_directory().await?;
        for news in news {
            news.tell().await;
        }
        Ok(connection)
    }

    async fn put_granted(
        &self,
        tx: &OfficeTx,
        (seller, now): (SellerId, DateTime<Utc>),
        granted: &Granted,
    ) -> Result<ConnectionId, OfficeError> {
        let Granted { account, linked, username, tokens } = granted;
        let was_connected = office::is_connected(tx, seller, Which::Account(account)).await?;
        // Instagram's own login knows nothing of the Page that another login has told of.
        let linked = match linked {
            Some(linked) => Some(linked.clone()),
            None => office::linked_to(tx, seller, account).await?,
        };
        let new = NewConnection { seller, account: account.clone(), linked, username: username.clone() };
        let connection = office::put_connection(tx, &new).await?;
        let connection = connection.ok_or_else(|| OfficeError::Taken(account.clone(), new.linked.clone()))?;
        for token in tokens {
            self.put_token(tx, (seller, connection), token, now).await?;
        }
        let is_for_messages = tokens.iter().any(|token| token.purpose == Use::Messages);
        office::note_connected(tx, (seller, connection), now, is_for_messages.then_some(now)).await?;
        let happened =
            if was_connected { ShopEventKind::ConnectionChanged } else { ShopEventKind::ConnectionConnected };
        inbox::announce(tx, seller, (happened, connection.0), now).await?;
        Ok(connection)
    }

    async fn put_token(
        &self,
        tx: &OfficeTx,
        (seller, connection): (SellerId, ConnectionId),
        token: &GrantedToken,
        now: DateTime<Utc>,
    ) -> Result<(), OfficeError> {
        let sealed = self.vault.seal(&token.token, &sealed_for(seller, connection, token.purpose))?;
        let new = NewCredential {
            seller,
            connection,
            purpose: token.purpose,
            kind: token.kind,
            sealed_token: sealed.as_str(),
            person: token.person.as_deref(),
            scopes: &token.scopes,
            got_at: Some(now),
            expires_at: token.expires_at,
            data_access_expires_at: token.data_access_expires_at,
        };
        credentials::put(tx, &new).await?;
        Ok(())
    }

    /// Puts the token that was made of another in its place. False: it is another one by now, and this one is not kept.
    pub async fn refreshed(&self, old: &Credential, token: &GrantedToken) -> Result<bool, OfficeError> {
        let (held, now, tx) = (Held::from(old), self.world.now(), self.begin().await?);
        if !credentials::is_current(&tx, held).await? {
            return Ok(false);
        }
        self.put_token(&tx, (held.seller, held.connection), token, now).await?;
        // The seller's actor must know which token is the newest, or it takes an older one's end for this one's.
        inbox::announce(&tx, held.seller, (ShopEventKind::ConnectionChanged, held.connection.0), now).await?;
        tx.commit("office").await?;
        self.tell_actor(held.seller).await;
        Ok(true)
    }

    /// Notes that a token is taken no more: what is owed through it waits until there is another one. False: it is
    /// another one by now, or that is known.
    pub async fn refuse_token(&self, held: Held, code: &str) -> Result<bool, OfficeError> {
        let (now, tx) = (self.world.now(), self.begin().await?);
        if !credentials::refuse(&tx, held, code, now).await? {
            return Ok(false);
        }
        let Held { seller, connection, purpose, .. } = held;
        inbox::announce(&tx, seller, (ShopEventKind::ConnectionChanged, connection.0), now).await?;
        let caller = Caller::service();
        let detail = json!({ "connection": connection, "for": purpose.name(), "code": code });
        note(&tx, &Request::new(&caller, now), (Some(seller), "connection.token_refused"), detail).await?;
        tx.commit("office").await?;
        let cause = cause_in_words(code);
        let purpose = purpose.name();
        warn!(
            seller.id = seller.0,
            connection = connection.0,
            purpose,
            code,
            "connection {connection} of seller {seller} needs to be connected again: {cause}"
        );
        self.tell_actor(seller).await;
        Ok(true)
    }

    /// Notes when to look at a token again, and warns that it ends if it says of how many days.
    pub async fn put_off_token(
        &self,
        old: &Credential,
        (look_at, warn): (Option<DateTime<Utc>>, Option<i32>),
    ) -> Result<(), OfficeError> {
        let (held, now, tx) = (Held::from(old), self.world.now(), self.begin().await?);
        let Held { seller, connection, purpose, .. } = held;
        let is_current = credentials::put_off(&tx, held, (look_at, warn.or(old.warned_days))).await?;
        if is_current && let Some(days) = warn {
            inbox::announce(&tx, seller, (ShopEventKind::ConnectionExpiring, connection.0), now).await?;
            let purpose = purpose.name();
            warn!(
                seller.id = seller.0,
                connection = connection.0,
                purpose,
                days,
                "the token of connection {connection} of seller {seller} runs out within {days} days, and could not be \
                 made a new one of: connect the account again"
            );
        }
        tx.commit("office").await?;
        self.sellers.wake(seller);
        Ok(())
    }

    /// Notes which webhook fields an account sends, and when to ask again. Where those that nothing works without were
    /// gone and are there again, the shop is told, once: whatever happened in between stands in the row.
    pub async fn note_fields(
        &self,
        whose: (SellerId, ConnectionId),
        said: &Said<'_>,
        look_at: Option<DateTime<Utc>>,
    ) -> Result<(), OfficeError> {
        let (now, tx) = (self.world.now(), self.begin().await?);
        let was_lost = subscriptions::known(&tx, whose).await?.is_some_and(|fields| lacks_core(&fields).is_some());
        subscriptions::note(&tx, whose, said, (now, look_at)).await?;
        let is_restored = was_lost && matches!(said, Said::Fields(fields) if lacks_core(fields).is_none());
        if is_restored {
            checkups::note_restored(&tx, whose, now).await?;
            inbox::announce(&tx, whose.0, (ShopEventKind::ConnectionRestored, whose.1.0), now).await?;
        }
        tx.commit("office").await?;
        if is_restored {
            let (SellerId(seller), ConnectionId(connection)) = whose;
            warn!(
                seller.id = seller,
                connection,
                "Meta had stopped sending what comes to connection {connection}, and was asked for it again"
            );
            self.sellers.wake(whose.0);
        }
        Ok(())
    }

    /// Says which seller may connect an account next; none: nobody but its own. False: there is no such connection.
    pub async fn release(
        &self,
        request: &Request<'_>,
        (seller, connection): (SellerId, ConnectionId),
        to: Option<SellerId>,
    ) -> Result<Once<bool>, OfficeError> {
        request.allows(Scope::ConnectionsWrite, Some(seller))?;
        let release = async |tx: &OfficeTx| {
            if let Some(to) = to
                && (to == seller || !office::is_there(tx, to).await?)
            {
                return Err(OfficeError::Invalid(format!("there is no other seller {to} to let it go to")));
            }
            let was_there = office::release(tx, (seller, connection), to).await?;
            if was_there {
                let detail = json!({ "connection": connection, "to": to });
                note(tx, request, (Some(seller), "connection.released"), detail).await?;
            }
            Ok::<_, OfficeError>(was_there)
        };
        self.once(request, release).await
    }

    /// Makes a connection a verify token of its own, or takes it away. The token is shown here only.
    pub async fn put_verify_token(
        &self,
        request: &Request<'_>,
        (seller, connection): (SellerId, ConnectionId),
        wanted: bool,
    ) -> Result<Option<Secret>, OfficeError> {
        request.allows(Scope::ConnectionsWrite, Some(seller))?;
        let put = async |tx: &OfficeTx| {
            let token = if wanted { Some(random()?) } else { None };
            let hash = token.as_ref().map(|token| hash_of(token.expose()));
            let was_there = office::put_verify_hash(tx, (seller, connection), hash.as_deref()).await?;
            if was_there {
                let detail = json!({ "connection": connection, "own": wanted });
                note(tx, request, (Some(seller), "connection.verify_token"), detail).await?;
            }
            let shown = token.map(|token| token.expose().to_owned()).unwrap_or_default();
            Ok::<_, OfficeError>(was_there.then_some(shown))
        };
        Ok(self.once(request, put).await?.value.map(Secret::from))
    }
}
