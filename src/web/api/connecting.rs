//! Connecting accounts at Meta itself: who sets out, how far they are, what they choose; and accounts that go from one
//! seller to another.

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::credential::Use;
use actors::domain::ids::{ConnectingId, ConnectionId, SellerId};
use actors::store::office::connecting::{self, Connecting};
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use warp::Reply;

use super::Api;
use super::answers::{Answers, Created, Json, NoContent};
use super::ask::{Ask, Id, JsonBody, NoQuery, queries};
use super::endpoint::{delete, get, post};
use super::gate::{self, invalid};
use super::instagram::seller_named;
use crate::connect::{Browser, Ended, NotBegun, Offer, Wish};
use crate::graph::Way;
use crate::vault::Secret;
use crate::web::connect::{cookies, with_cookie};
use crate::web::operation::{Documented, Schemas};
use crate::web::problem::Problem;
use crate::web::route::{Answer, Route};

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let begun = "/api/v1/sellers/{seller}/connecting";
    let one = "/api/v1/sellers/{seller}/connecting/{connecting}";
    let choose = "/api/v1/sellers/{seller}/connecting/{connecting}/choose";
    let reconnect = "/api/v1/sellers/{seller}/connections/{connection}/reconnect";
    let release = "/api/v1/sellers/{seller}/connections/{connection}/release";
    let verify = "/api/v1/sellers/{seller}/connections/{connection}/verify-token";
    vec![
        get("/api/instagram/oauth", "begin_instagram_oauth", "Sends this browser to where people sign in at Meta")
            .scope(Scope::ConnectionsWrite)
            .fails(&[404, 409, 422])
            .by(api, oauth),
        post(begun, "begin_connecting", "Makes an address at which somebody connects an account at Meta")
            .scope(Scope::ConnectionsWrite)
            .fails(&[409])
            .by(api, begin),
        get(one, "show_connecting", "Shows how far somebody is who connects an account")
            .scope(Scope::ConnectionsRead)
            .by(api, show),
        post(choose, "choose_connecting", "Chooses one of several accounts that were granted")
            .scope(Scope::ConnectionsWrite)
            .fails(&[409])
            .by(api, choose_one),
        post(reconnect, "reconnect", "Makes an address at which an account is connected again")
            .scope(Scope::ConnectionsWrite)
            .fails(&[409])
            .by(api, again),
        post(release, "release_connection", "Lets another seller connect an account, or takes that back")
            .scope(Scope::ConnectionsWrite)
            .by(api, release_one),
        post(verify, "make_verify_token", "Makes a connection a verify token of its own")
            .scope(Scope::ConnectionsWrite)
            .by(api, make_verify_token),
        delete(verify, "remove_verify_token", "Takes a connection's own verify token away")
            .scope(Scope::ConnectionsWrite)
            .by(api, remove_verify_token),
    ]
}

/// What an account is to be used for.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum For {
    /// Messages, comments and whatever else customers see.
    #[default]
    Messages,
    /// The catalog, which goes through Facebook only.
    Catalog,
    /// All of it.
    Both,
}

impl For {
    fn uses(self) -> Vec<Use> {
        match self {
            Self::Messages => vec![Use::Messages],
            Self::Catalog => vec![Use::Catalog],
            Self::Both => vec![Use::Messages, Use::Catalog],
        }
    }
}

/// What to connect, and whose.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OauthQuery {
    /// The seller: an operator's key opens every shop, and must say which. A seller's own key need not.
    seller: Option<Id>,
    /// Which login; none: Facebook's.
    way: Option<Way>,
    /// What for; none: messages.
    #[serde(rename = "for")]
    purpose: Option<For>,
    /// The connection that is to work again; none: any account.
    connection: Option<Id>,
}

queries!(OauthQuery);

/// Where this browser is to go on.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuthUrl")]
struct AuthUrlOut {
    /// Where people sign in at Meta. The browser that asked for it must open it, within ten minutes.
    auth_url: String,
    /// Under which id it can be looked at how it ends.
    connecting: ConnectingId,
}

/// The same, with what the browser is to keep.
struct OauthOut {
    shown: AuthUrlOut,
    browser: Browser,
    is_https: bool,
}

impl Answers for OauthOut {
    fn documents(schemas: &mut Schemas) -> Vec<Documented> {
        Json::<AuthUrlOut>::documents(schemas)
    }

    fn into_answer(self) -> Answer {
        with_cookie(warp::reply::json(&self.shown).into_response(), &self.browser, self.is_https)
    }
}

/// What is to be connected.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct BeginIn {
    /// Which login; none: Facebook's.
    way: Option<Way>,
    /// What for; none: messages.
    #[serde(rename = "for")]
    purpose: Option<For>,
}

impl BeginIn {
    fn wish(&self, connection: Option<ConnectionId>) -> Wish {
        let way = self.way.unwrap_or(Way::Facebook);
        Wish { way, uses: self.purpose.unwrap_or_default().uses(), connection }
    }
}

/// An address to open.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Invitation")]
struct InvitationOut {
    /// Under which id it can be looked at how it ends.
    id: ConnectingId,
    /// The address, for one person and one time.
    open: String,
    /// Until when.
    expires_at: DateTime<Utc>,
}

/// Somebody on the way to a connected account.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Connecting")]
struct ConnectingOut {
    id: ConnectingId,
    /// How far it is.
    stage: StageOut,
    /// How it ended: `connected`, or the code of why it was not.
    result: Option<String>,
    /// The same in words.
    detail: Option<String>,
    /// The accounts to choose from.
    choices: Vec<Offer>,
    /// What was connected.
    connection: Option<ConnectionId>,
    /// Until when the next step may be taken.
    expires_at: DateTime<Utc>,
}

/// How far somebody is.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ConnectingStage")]
enum StageOut {
    /// The address was given, and nobody has come back yet.
    Asked,
    /// Somebody has come back, and Meta is asked.
    Taken,
    /// Several accounts were granted: one is to be chosen.
    Choosing,
    /// An account is connected.
    Connected,
    /// None is.
    Refused,
}

impl From<Connecting> for ConnectingOut {
    fn from(way: Connecting) -> Self {
        let stage = match way.stage.as_str() {
            "asked" => StageOut::Asked,
            "taken" => StageOut::Taken,
            "choosing" => StageOut::Choosing,
            "connected" => StageOut::Connected,
            _ => StageOut::Refused,
        };
        let offered = way.offered.as_deref().unwrap_or_default();
        let made: Option<Made> = serde_json::from_str(offered).ok();
        Self {
            id: way.id,
            stage,
            result: way.outcome,
            detail: way.detail,
            choices: serde_json::from_str(offered).unwrap_or_default(),
            connection: made.map(|made| made.connection),
            expires_at: way.expires_at,
        }
    }
}

/// What was connected, as it is kept.
#[derive(Deserialize)]
struct Made {
    connection: ConnectionId,
}

/// An account that is chosen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChooseIn {
    /// Meta's number of it.
    account_id: String,
}

/// Who may connect an account next.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseIn {
    /// The other seller; none: nobody any more.
    to: Option<SellerId>,
}

/// Who may connect an account next.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Released")]
struct ReleasedOut {
    id: ConnectionId,
    /// The other seller; none: nobody.
    released_to: Option<SellerId>,
}

/// A verify token that was made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VerifyToken")]
struct VerifyTokenOut {
    /// What to put beside the callback address at Meta. It is shown here only.
    #[serde(serialize_with = "exposed")]
    #[schemars(with = "String")]
    verify_token: Secret,
}

fn exposed<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}

async fn oauth(api: Arc<Api>, ask: Ask<OauthQuery>) -> Result<OauthOut, Problem> {
    let OauthQuery { seller, way, purpose, connection } = &ask.query;
    let seller = seller_named(&api, &ask, seller.map(|Id(seller)| SellerId(seller))).await?;
    let connection = connection.map(|Id(id)| ConnectionId(id));
    let wish = BeginIn { way: *way, purpose: *purpose }.wish(connection);
    let is_https = api.connect.is_https();
    let browser = Browser::known_or_new(&cookies(&ask.parts.headers), is_https).map_err(gate::failed)?;
    let (connecting, url) =
        api.connect.set_out(&ask.request(&api)?, seller, (&wish, &browser)).await.map_err(not_begun)?;
    let shown = AuthUrlOut { auth_url: url.into(), connecting };
    Ok(OauthOut { shown, browser, is_https })
}

async fn begin(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<BeginIn>>) -> Result<Created<InvitationOut>, Problem> {
    invited(&api, &ask, &ask.body.0.wish(None)).await
}

async fn again(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<BeginIn>>) -> Result<Created<InvitationOut>, Problem> {
    let connection = ConnectionId(ask.id("connection")?);
    invited(&api, &ask, &ask.body.0.wish(Some(connection))).await
}

async fn invited<B>(api: &Api, ask: &Ask<NoQuery, B>, wish: &Wish) -> Result<Created<InvitationOut>, Problem> {
    let made = api.connect.invite(&ask.request(api)?, ask.seller()?, wish).await.map_err(not_begun)?;
    Ok(Created(InvitationOut { id: made.id, open: made.url, expires_at: made.expires_at }))
}

async fn show(api: Arc<Api>, ask: Ask) -> Result<Json<ConnectingOut>, Problem> {
    Ok(Json(way_of(&api, &ask).await?.into()))
}

async fn choose_one(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<ChooseIn>>) -> Result<Json<ConnectingOut>, Problem> {
    let chosen = async || {
        let way = way_of(&api, &ask).await?;
        let ended: Ended = api.connect.choose(&way, &ask.body.0.account_id).await;
        if ended.code != "connected" {
            let title = "The account was not connected";
            return Err(Problem::coded(StatusCode::CONFLICT, ended.code, title).detail(ended.sentence));
        }
        Ok(ConnectingOut::from(way_of(&api, &ask).await?))
    };
    Ok(Json(api.office.once_at_least(&ask.request(&api)?, chosen).await?.value))
}

async fn way_of<Q, B>(api: &Api, ask: &Ask<Q, B>) -> Result<Connecting, Problem> {
    let (seller, id) = (ask.seller()?, ConnectingId(ask.id("connecting")?));
    let found = connecting::find(api.store.reads(), seller, id).await.map_err(gate::failed)?;
    found.ok_or_else(|| Problem::not_found().detail(format!("seller {seller} has nobody on a way {id}")))
}

async fn release_one(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<ReleaseIn>>) -> Result<Json<ReleasedOut>, Problem> {
    let (seller, id, to) = (ask.seller()?, ConnectionId(ask.id("connection")?), ask.body.0.to);
    let released = api.office.release(&ask.request(&api)?, (seller, id), to).await.map_err(gate::not_done)?;
    match released.value {
        true => Ok(Json(ReleasedOut { id, released_to: to })),
        false => Err(no_connection(seller, id)),
    }
}

async fn make_verify_token(api: Arc<Api>, ask: Ask) -> Result<Created<VerifyTokenOut>, Problem> {
    let (seller, id) = (ask.seller()?, ConnectionId(ask.id("connection")?));
    let made = api.office.put_verify_token(&ask.request(&api)?, (seller, id), true).await.map_err(gate::not_done)?;
    api.connect.look_again().await.map_err(gate::failed)?;
    made.map(|verify_token| Created(VerifyTokenOut { verify_token })).ok_or_else(|| no_connection(seller, id))
}

async fn remove_verify_token(api: Arc<Api>, ask: Ask) -> Result<NoContent, Problem> {
    let (seller, id) = (ask.seller()?, ConnectionId(ask.id("connection")?));
    let gone = api.office.put_verify_token(&ask.request(&api)?, (seller, id), false).await.map_err(gate::not_done)?;
    api.connect.look_again().await.map_err(gate::failed)?;
    gone.map(|_| NoContent).ok_or_else(|| no_connection(seller, id))
}

fn no_connection(seller: SellerId, id: ConnectionId) -> Problem {
    Problem::not_found().detail(format!("seller {seller} has no connection {id}"))
}

fn not_begun(error: NotBegun) -> Problem {
    let detail = error.to_string();
    match error {
        NotBegun::Office(error) => gate::not_done(error),
        NotBegun::NoCatalog => invalid("no_catalog_this_way", "That cannot be had this way", detail),
        NotBegun::NoApp(_) | NotBegun::NoAddress => {
            Problem::new(StatusCode::CONFLICT, "not_set_up", "Signing in at Meta is not set up").detail(detail)
        }
    }
}
