//! A seller's accounts at Meta.

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::channel::{Account, Channel};
use actors::domain::ids::{ConnectionId, SellerId};
use actors::store::office::{self, ConnectionRow};
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
    /// `connected` or `disconnected`.
    state: String,
}

impl From<ConnectionRow> for ConnectionOut {
    fn from(row: ConnectionRow) -> Self {
        let ConnectionRow { id, account, linked, username, state } = row;
        Self { id, channel: account.channel(), account_id: account.id().to_owned(), linked, name: username, state }
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
    let found = office::connections(api.store.reads(), ask.seller()?).await.map_err(gate::failed)?;
    Ok(Json(Page { data: found.into_iter().map(ConnectionOut::from).collect(), next: None }))
}

async fn disconnect(api: Arc<Api>, ask: Ask) -> Result<Json<EndedConnection>, Problem> {
    let (seller, id) = (ask.seller()?, ConnectionId(ask.id("connection")?));
    if !api.office.disconnect(&ask.request(&api)?, seller, id).await.map_err(gate::not_done)? {
        return Err(Problem::not_found().detail(format!("seller {seller} has no connection {id}")));
    }
    Ok(Json(EndedConnection { id, state: "disconnected" }))
}
