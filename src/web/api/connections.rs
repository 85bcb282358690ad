//! A seller's accounts at Meta.

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::channel::{Account, Channel};
use actors::domain::credential::{CredentialKind, Use, cause_in_words};
use actors::domain::ids::{ConnectionId, SellerId};
use actors::store::office::credentials::{self, Credential};
use actors::store::office::{self, ConnectionRow};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Api;
use super::answers::{Created, Json, Page};
use super::ask::{Ask, JsonBody, NoQuery};
use super::endpoint::{delete, get, post};
use super::gate::{self, invalid};
use super::products::{Checked, text};
use crate::office::NewAccount;
use crate::vault::Secret;
use crate::web::problem::Problem;
use crate::web::route::Route;

const TOKEN_BYTES: usize = 4096;
/// More digits than Meta has ever given an account.
const ACCOUNT_ID_BYTES: usize = 64;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let all = "/api/v1/sellers/{seller}/connections";
    let one = "/api/v1/sellers/{seller}/connections/{connection}";
    vec![
        post(all, "connect", "Connects an account at Meta")
            .scope(Scope::ConnectionsWrite)
            .fails(&[409])
            .by(api, connect),
        get(all, "list_connections", "Lists connected accounts").scope(Scope::ConnectionsRead).by(api, list),
        delete(one, "disconnect", "Disconnects an account").scope(Scope::ConnectionsWrite).by(api, disconnect),
    ]
}

/// An account to connect.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConnectionIn {
    /// Where.
    channel: Channel,
    /// The number that Meta gave the account.
    account_id: String,
    /// The account's name, on Instagram and Messenger.
    username: Option<String>,
    /// On WhatsApp, in place of a username: the number as customers see it.
    display_number: Option<String>,
    /// The Page that an Instagram account is linked to, whose token it is.
    page_id: Option<String>,
    /// The Instagram account that is linked to a Page.
    instagram_id: Option<String>,
    /// What Meta gave to act for it. It is never shown again.
    #[schemars(with = "String")]
    token: Secret,
}

impl ConnectionIn {
    /// The account of this seller, or what is wrong with it.
    fn checked(&self, seller: SellerId) -> Result<NewAccount, Problem> {
        let refused = |detail| invalid("invalid_connection", "The account cannot be connected", detail);
        let looked_at = || -> Checked<(Option<Account>, String)> {
            meta_id("account_id", &self.account_id)?;
            let token = self.token.expose().as_bytes();
            if token.is_empty() || token.len() > TOKEN_BYTES || !token.iter().all(u8::is_ascii_graphic) {
                return Err(format!("token is 1 to {TOKEN_BYTES} visible ASCII characters, as Meta gave it"));
            }
            Ok((self.linked()?, self.name()?))
        };
        let (linked, username) = looked_at().map_err(refused)?;
        let account = Account::new(self.channel, &self.account_id);
        Ok(NewAccount { seller, account, linked, username, token: self.token.clone() })
    }

    /// The account linked to it. A link between other channels is a mistake.
    fn linked(&self) -> Checked<Option<Account>> {
        let (page, instagram) = (self.page_id.as_deref(), self.instagram_id.as_deref());
        let (name, id, channel) = match (self.channel, page, instagram) {
            (_, None, None) => return Ok(None),
            (Channel::Instagram, Some(page), None) => ("page_id", page, Channel::Messenger),
            (Channel::Messenger, None, Some(instagram)) => ("instagram_id", instagram, Channel::Instagram),
            _ => return Err("page_id goes with the channel instagram, instagram_id with messenger".to_owned()),
        };
        meta_id(name, id)?;
        match id == self.account_id {
            true => Err(format!("{name} is the id of the account itself")),
            false => Ok(Some(Account::new(channel, id))),
        }
    }

    /// What people call it.
    fn name(&self) -> Checked<String> {
        let (name, wanted, other) = match self.channel {
            Channel::Whatsapp => ("display_number", &self.display_number, &self.username),
            Channel::Instagram | Channel::Messenger => ("username", &self.username, &self.display_number),
        };
        let wanted = wanted.clone().filter(|_| other.is_none());
        let wanted = wanted.ok_or_else(|| format!("on {} an account is named by {name}", self.channel.name()))?;
        text(name, &wanted)?;
        Ok(wanted)
    }
}

fn meta_id(name: &str, id: &str) -> Checked<()> {
    match !id.is_empty() && id.len() <= ACCOUNT_ID_BYTES && id.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(()),
        false => Err(format!("{name} is the number that Meta gave the account, not its name")),
    }
}

/// An account that was connected.
#[derive(Serialize, JsonSchema)]
struct MadeConnection {
    id: ConnectionId,
}

/// A connected account. Its token is never shown.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Connection")]
struct ConnectionOut {
    id: ConnectionId,
    /// Where.
    channel: Option<Channel>,
    /// The number that Meta gave the account.
    account_id: String,
    /// The account linked to it, which the same token acts for.
    linked: Option<Account>,
    /// The account's name, for people.
    name: String,
    /// How it stands.
    state: StateOut,
    /// Why it must be connected again, in words, where that is so.
    cause: Option<&'static str>,
    /// Since when it is connected, where that is known.
    connected_at: Option<DateTime<Utc>>,
    /// What is held to act for it.
    credentials: Vec<CredentialOut>,
    /// The webhook fields that Meta sends us of it; none: it was not connected at Meta itself, or Meta was not asked yet.
    fields: Option<Vec<String>>,
    /// When Meta said so.
    fields_at: Option<DateTime<Utc>>,
    /// Why Meta does not send all it should, in words.
    fields_error: Option<String>,
    /// Whether it has a verify token of its own.
    has_verify_token: bool,
    /// The seller that may connect it next.
    released_to: Option<SellerId>,
}

/// How a connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ConnectionState")]
enum StateOut {
    /// It works.
    Connected,
    /// What comes in is taken; what is to go out waits until it is connected again.
    NeedsReconnecting,
    /// It was ended.
    Disconnected,
}

/// A token that is held. It is never shown.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Credential")]
struct CredentialOut {
    /// What for.
    #[serde(rename = "for")]
    purpose: Use,
    /// How it was connected.
    by: CredentialKind,
    /// What it may do, in Meta's words; empty: it is not known.
    scopes: Vec<String>,
    /// Since when it is this one.
    got_at: Option<DateTime<Utc>>,
    /// When it ends by itself; none: it does not, or nobody has told.
    expires_at: Option<DateTime<Utc>>,
    /// At how many days before its end it was warned of last.
    warned_days: Option<i32>,
    /// Until when Meta gives data without the person being asked again.
    data_access_expires_at: Option<DateTime<Utc>>,
    /// Meta's code for why it is taken no more.
    code: Option<String>,
    /// The same in words.
    cause: Option<&'static str>,
    /// Since when.
    refused_at: Option<DateTime<Utc>>,
}

impl From<Credential> for CredentialOut {
    fn from(held: Credential) -> Self {
        let Credential { purpose, kind, scopes, got_at, expires_at, warned_days, data_access_expires_at, .. } = held;
        let cause = held.cause.as_deref().map(cause_in_words);
        let (code, refused_at) = (held.cause, held.cause_at);
        Self {
            purpose,
            by: kind,
            scopes,
            got_at,
            expires_at,
            warned_days,
            data_access_expires_at,
            code,
            cause,
            refused_at,
        }
    }
}

impl ConnectionOut {
    fn of(row: ConnectionRow, held: Vec<Credential>) -> Self {
        let credentials: Vec<CredentialOut> = held.into_iter().map(CredentialOut::from).collect();
        let is_connected = row.state == "connected";
        let missing = credentials.is_empty().then_some(cause_in_words("no_token"));
        let cause = credentials.iter().find_map(|held| held.cause).or(missing).filter(|_| is_connected);
        let state = match (is_connected, cause) {
            (false, _) => StateOut::Disconnected,
            (true, Some(_)) => StateOut::NeedsReconnecting,
            (true, None) => StateOut::Connected,
        };
        let (fields, fields_at) = row.fields.unzip();
        Self {
            id: row.id,
            channel: row.account.channel(),
            account_id: row.account.id().to_owned(),
            linked: row.linked,
            name: row.username,
            state,
            cause,
            connected_at: row.connected_at,
            credentials,
            fields,
            fields_at,
            fields_error: row.fields_error,
            has_verify_token: row.has_verify_token,
            released_to: row.released_to,
        }
    }
}

/// An account that is not connected any more.
#[derive(Serialize, JsonSchema)]
struct EndedConnection {
    id: ConnectionId,
    /// `disconnected`.
    state: &'static str,
}

async fn connect(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<ConnectionIn>>) -> Result<Created<MadeConnection>, Problem> {
    let account = ask.body.0.checked(ask.seller()?)?;
    let made = api.office.connect(&ask.request(&api)?, account).await.map_err(gate::not_done)?;
    Ok(Created(MadeConnection { id: made.value }))
}

async fn list(api: Arc<Api>, ask: Ask) -> Result<Json<Page<ConnectionOut>>, Problem> {
    let (reads, seller) = (api.store.reads(), ask.seller()?);
    let found = office::connections(reads, seller).await.map_err(gate::failed)?;
    let mut held = credentials::of_seller(reads, seller).await.map_err(gate::failed)?;
    let shown = |row: ConnectionRow| {
        let (own, others) = held.drain(..).partition(|held| held.connection == row.id);
        held = others;
        ConnectionOut::of(row, own)
    };
    Ok(Json(Page { data: found.into_iter().map(shown).collect(), next: None }))
}

async fn disconnect(api: Arc<Api>, ask: Ask) -> Result<Json<EndedConnection>, Problem> {
    let (seller, id) = (ask.seller()?, ConnectionId(ask.id("connection")?));
    if !api.office.disconnect(&ask.request(&api)?, seller, id).await.map_err(gate::not_done)? {
        return Err(Problem::not_found().detail(format!("seller {seller} has no connection {id}")));
    }
    Ok(Json(EndedConnection { id, state: "disconnected" }))
}
