//! Who may call, and who did what.

use std::sync::Arc;

use actors::domain::access::{Holder, Scope};
use actors::domain::ids::{KeyId, SellerId};
use actors::store::office::audit::{self, KeptDeed};
use actors::store::office::keys::{self, ApiKey};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Api;
use super::answers::{Created, Json, Page};
use super::ask::{Ask, JsonBody, NoQuery, PageQuery};
use super::endpoint::{delete, get, post};
use super::{gate, words};
use crate::office::{NewKey, shown_as};
use crate::web::problem::Problem;
use crate::web::route::Route;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (all, one) = ("/api/v1/keys", "/api/v1/keys/{key}");
    let (of_seller, one_of_seller) = ("/api/v1/sellers/{seller}/keys", "/api/v1/sellers/{seller}/keys/{key}");
    let (read, write) = (Scope::KeysRead, Scope::KeysWrite);
    vec![
        get("/api/v1/me", "show_me", "Shows whose the key is, and what it may do").by(api, me),
        get(all, "list_keys", "Lists the operator's keys").scope(read).by(api, list),
        post(all, "make_key", "Makes a key for the operator; its text is shown this once").scope(write).by(api, make),
        delete(one, "revoke_key", "Revokes a key of the operator's").scope(write).by(api, revoke),
        get(of_seller, "list_seller_keys", "Lists a seller's keys").scope(read).by(api, list),
        post(of_seller, "make_seller_key", "Makes a key for a seller; its text is shown this once")
            .scope(write)
            .by(api, make),
        delete(one_of_seller, "revoke_seller_key", "Revokes a seller's key").scope(write).by(api, revoke),
        get("/api/v1/audit", "list_audit", "Lists who did what, newest first").scope(Scope::AuditRead).by(api, deeds),
        get("/api/v1/sellers/{seller}/audit", "list_seller_audit", "Lists who did what to a shop, newest first")
            .scope(Scope::AuditRead)
            .by(api, deeds),
    ]
}

/// Whose a key is, and what it may do.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Me")]
struct MeOut {
    /// The key's id; none: the operator's key of the settings.
    key: Option<KeyId>,
    name: String,
    /// The only seller whose shop it opens; none: the operator's, which opens every shop.
    seller: Option<SellerId>,
    #[schemars(with = "Vec<words::Scope>")]
    scopes: Vec<&'static str>,
    expires_at: Option<DateTime<Utc>>,
}

async fn me(_api: Arc<Api>, ask: Ask) -> Result<Json<MeOut>, Problem> {
    let caller = ask.caller;
    let scopes = Scope::ALL.into_iter().filter(|scope| caller.may(*scope)).map(Scope::name).collect();
    let (seller, expires_at) = (caller.holder.only(), caller.expires_at);
    Ok(Json(MeOut { key: caller.key, name: caller.name, seller, scopes, expires_at }))
}

/// A key to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MakeKey {
    /// What people call it.
    name: String,
    /// What it may do: no more than the key it is made with.
    #[schemars(with = "Vec<words::Scope>")]
    scopes: Vec<Scope>,
    /// From when on it opens nothing; none: it does not expire.
    expires_at: Option<DateTime<Utc>>,
}

/// A key that was made.
#[derive(Serialize, JsonSchema)]
struct MadeKey {
    id: KeyId,
    /// What to show to be let in. It is not shown again.
    key: String,
}

/// A key, without its secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Key")]
struct KeyOut {
    id: KeyId,
    name: String,
    /// How its text begins.
    begins: String,
    #[schemars(with = "Vec<words::Scope>")]
    scopes: Vec<&'static str>,
    created_at: DateTime<Utc>,
    /// Who made it.
    made_by: String,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    /// To the hour.
    last_used_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for KeyOut {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            begins: shown_as(&key),
            scopes: key.scopes.iter().map(Scope::name).collect(),
            name: key.name,
            created_at: key.created_at,
            made_by: key.made_by,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// Whose keys the path is about.
fn holder<Q, B>(ask: &Ask<Q, B>) -> Result<Holder, Problem> {
    match ask.parts.segment("seller") {
        "" if ask.caller.holder != Holder::Operator => Err(gate::for_the_operator()),
        "" => Ok(Holder::Operator),
        _ => ask.seller().map(Holder::Seller),
    }
}

async fn list(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<KeyOut>>, Problem> {
    let page = ask.query.page();
    let found = keys::of_holder(api.store.reads(), holder(&ask)?, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |key| key.id.0)))
}

async fn make(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<MakeKey>>) -> Result<Created<MadeKey>, Problem> {
    let MakeKey { name, scopes, expires_at } = &ask.body.0;
    let scopes = scopes.iter().copied().collect();
    let new = NewKey { holder: holder(&ask)?, name: name.clone(), scopes, expires_at: *expires_at };
    let made = api.office.make_key(&ask.request(&api)?, &new).await.map_err(gate::not_done)?.value;
    Ok(Created(MadeKey { id: made.id, key: made.text.expose().to_owned() }))
}

/// A key that opens nothing any more.
#[derive(Serialize, JsonSchema)]
struct RevokedKey {
    id: KeyId,
    revoked_at: DateTime<Utc>,
}

async fn revoke(api: Arc<Api>, ask: Ask) -> Result<Json<RevokedKey>, Problem> {
    let (holder, id) = (holder(&ask)?, KeyId(ask.id("key")?));
    let revoked = api.office.revoke_key(&ask.request(&api)?, holder, id).await.map_err(gate::not_done)?;
    let revoked_at = revoked.ok_or_else(|| Problem::not_found().detail(format!("there is no key {id}")))?;
    Ok(Json(RevokedKey { id, revoked_at }))
}

/// What somebody did.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Deed")]
struct DeedOut {
    id: i64,
    at: DateTime<Utc>,
    /// With which key; none: the operator's key of the settings, or the service itself.
    key: Option<KeyId>,
    /// Who.
    by: String,
    /// Whose key it was; none: the operator's.
    holder: Option<SellerId>,
    /// The shop it was about.
    seller: Option<SellerId>,
    /// What was done: `key.made`, or a method and a path.
    action: String,
    /// What there is to say of it.
    detail: Value,
}

impl From<KeptDeed> for DeedOut {
    fn from(deed: KeptDeed) -> Self {
        let KeptDeed { id, at, key, named, holder, seller, action, detail } = deed;
        Self { id, at, key, by: named, holder: holder.only(), seller, action, detail }
    }
}

async fn deeds(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<DeedOut>>, Problem> {
    let page = ask.query.page();
    let seller = holder(&ask)?.only();
    let before = ask.query.after.map(|after| after.0);
    let found = audit::page(api.store.reads(), seller, before, page.limit).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |deed| deed.id)))
}
