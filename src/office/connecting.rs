//! People on their way to connect an account: each step is stored before the next is taken, and taken once.

use actors::domain::access::{Scope, Scopes};
use actors::domain::ids::{ConnectingId, ConnectionId, SellerId};
use actors::store::OfficeTx;
use actors::store::office::connecting::{self, Connecting, NewConnecting, NextStage};
use actors::store::office::{self, Which};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Office, OfficeError, Once, Request};
use crate::keys::{Caller, NoRandomness};
use crate::vault::{Purpose, Sealed, Secret};

/// How long a person may take to sign in.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(10);

/// What somebody sets out for.
#[derive(Clone, Copy, Debug)]
pub struct SetOut<'a> {
    /// For whose shop.
    pub seller: SellerId,
    /// The connection that is to work again.
    pub connection: Option<ConnectionId>,
    /// Which login: a word.
    pub way: &'a str,
    /// What for: words with spaces between.
    pub uses: &'a str,
    /// The browser that asks, where one does. Otherwise it is the first that opens the address with the ticket.
    pub browser: Option<&'a Secret>,
}

/// Somebody who set out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begun {
    /// Under which id.
    pub id: ConnectingId,
    /// What to show at the next step: the `state` for a browser, else a ticket.
    #[serde(serialize_with = "exposed")]
    pub token: Secret,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// For the answer that is kept, which is sealed.
fn exposed<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}

/// 256 random bits as text.
pub fn random() -> Result<Secret, NoRandomness> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
    Ok(Secret::from(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// What is stored of a random text.
pub fn hash_of(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

impl Office {
    /// Notes that somebody sets out to connect an account.
    pub async fn begin_connecting(
        &self,
        request: &Request<'_>,
        set_out: SetOut<'_>,
    ) -> Result<Once<Begun>, OfficeError> {
        let SetOut { seller, connection, way, uses, browser } = set_out;
        request.allows(Scope::ConnectionsWrite, Some(seller))?;
        let begin = async |tx: &OfficeTx| {
            if !office::is_there(tx, seller).await? {
                return Err(OfficeError::NoSeller(seller));
            }
            if let Some(connection) = connection
                && !office::is_there_connection(tx, seller, Which::Id(connection)).await?
            {
                return Err(OfficeError::Invalid(format!("seller {seller} has no connection {connection}")));
            }
            let (token, other) = (random()?, random()?);
            let (token_hash, browser_hash) = (hash_of(token.expose()), browser.map(|it| hash_of(it.expose())));
            // Of a ticket, the `state` is made when it is used.
            let (ticket_hash, state_hash) = match browser {
                Some(_) => (None, token_hash),
                None => (Some(token_hash), hash_of(other.expose())),
            };
            let expires_at = request.at + GOOD_FOR;
            let new = NewConnecting {
                seller,
                connection,
                ticket_hash: ticket_hash.as_deref(),
                state_hash: &state_hash,
                browser_hash: browser_hash.as_deref(),
                way,
                uses,
                key: request.caller.key,
                named: &request.caller.name,
                holder: request.caller.holder,
                expires_at,
            };
            let id = connecting::begin(tx, &new, request.at).await?;
            Ok(Begun { id, token, expires_at })
        };
        self.once(request, begin).await
    }

    /// A browser opens the address with a ticket, and gets the `state` to go on with. None: the ticket is no good.
    pub async fn open_connecting(
        &self,
        ticket: &str,
        browser: &Secret,
    ) -> Result<Option<(Connecting, Secret)>, OfficeError> {
        let (state, tx) = (random()?, self.begin().await?);
        let hashes = (hash_of(state.expose()), hash_of(browser.expose()));
        let opened = connecting::open(&tx, &hash_of(ticket), (&hashes.0, &hashes.1), self.world.now()).await?;
        tx.commit("office").await?;
        Ok(opened.map(|opened| (opened, state)))
    }

    /// A browser comes back with a `state`, which is worth nothing from here on. None: it is not to go on.
    pub async fn take_connecting(&self, state: &str, browser: &str) -> Result<Option<Connecting>, OfficeError> {
        let tx = self.begin().await?;
        let taken = connecting::take(&tx, (&hash_of(state), &hash_of(browser)), self.world.now()).await?;
        tx.commit("office").await?;
        Ok(taken)
    }

    /// Notes how somebody's way ended without an account.
    pub async fn end_connecting(&self, taken: &Connecting, (code, sentence): (&str, &str)) -> Result<(), OfficeError> {
        let next = NextStage {
            stage: "refused",
            outcome: Some(code),
            detail: Some(sentence),
            offered: None,
            sealed: None,
            expires_at: taken.expires_at,
        };
        let tx = self.begin().await?;
        connecting::go_on(&tx, (taken.id, &taken.stage), &next).await?;
        Ok(tx.commit("office").await?)
    }

    /// Keeps what there is to choose from, its tokens sealed.
    pub async fn offer(&self, taken: &Connecting, offered: &str, secret: &Secret) -> Result<(), OfficeError> {
        let sealed = self.vault.seal(secret, &choice(taken))?;
        let next = NextStage {
            stage: "choosing",
            outcome: None,
            detail: None,
            offered: Some(offered),
            sealed: Some(sealed.as_str()),
            expires_at: self.world.now() + GOOD_FOR,
        };
        let tx = self.begin().await?;
        let went_on = connecting::go_on(&tx, (taken.id, &taken.stage), &next).await?;
        tx.commit("office").await?;
        went_on.then_some(()).ok_or(OfficeError::Ended)
    }

    /// Opens what was kept to choose from.
    pub fn offered(&self, choosing: &Connecting) -> Result<Secret, OfficeError> {
        let sealed = choosing.sealed.clone().ok_or(OfficeError::Ended)?;
        Ok(self.vault.open(&Sealed::stored(sealed), &choice(choosing))?)
    }
}

fn choice(connecting: &Connecting) -> Purpose {
    Purpose::Choice { seller: connecting.seller, connecting: connecting.id }
}

/// Whoever set out, as the front office knows callers: for what they set out for, and for nothing else.
pub(crate) fn caller_of(connecting: &Connecting) -> Caller {
    let scopes: Scopes = [Scope::ConnectionsWrite].into_iter().collect();
    let Connecting { key, named, holder, .. } = connecting;
    Caller { key: *key, name: named.clone(), holder: *holder, scopes, expires_at: None }
}
