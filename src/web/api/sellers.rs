//! Sellers: making them, where their actors stand, and what they may spend at Meta.

use std::sync::Arc;

use actors::domain::budget::OwnCaps;
use actors::domain::budget::forecast::{HoldLine, Report};
use actors::domain::ids::SellerId;
use actors::domain::money::Currency;
use actors::domain::seller::{Language, Required, Settings};
use actors::status::SellerStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Api;
use super::answers::{Created, Json};
use super::ask::{Ask, JsonBody, NoQuery, Nothing};
use super::endpoint::{get, post, put};
use super::gate::{self, invalid};
use super::products::text;
use crate::web::problem::Problem;
use crate::web::route::Route;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (actor, budget) = ("/api/v1/sellers/{seller}/actor", "/api/v1/sellers/{seller}/budget");
    vec![
        post("/api/v1/sellers", "create_seller", "Makes a seller").scope("sellers:write").by(api, create),
        get(budget, "show_budget", "Shows what may be spent at Meta").scope("settings:read").by(api, show_budget),
        put(budget, "put_budget", "Gives a seller caps of its own").scope("settings:write").by(api, put_budget),
        get("/api/v1/app-hold", "show_app_hold", "Says whether Meta holds the whole app")
            .scope("settings:read")
            .by(api, app_hold),
        get(actor, "show_actor", "Says where a seller's actor stands").scope("actors:read").by(api, show_actor),
        post("/api/v1/sellers/{seller}/actor/{verb}", "tell_actor", "Pauses, resumes, unloads an actor")
            .scope("actors:write")
            .by(api, tell_actor),
    ]
}

/// A seller to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SellerIn {
    /// The shop's name.
    name: String,
    /// What its prices are in.
    currency: Currency,
    /// The language of automatic answers; English unless said.
    language: Option<Language>,
    /// What must be known before an order is confirmed; phone and address unless said.
    required: Option<Required>,
    /// Caps of its own.
    caps: Option<OwnCaps>,
}

impl SellerIn {
    /// The seller's settings, or what is wrong with them.
    fn checked(self) -> Result<Settings, Problem> {
        text("name", &self.name).map_err(|detail| invalid("invalid_seller", "The seller cannot be made", detail))?;
        let mut settings = Settings::new(&self.name, self.currency);
        settings.language = self.language.unwrap_or(settings.language);
        settings.required = self.required.unwrap_or(settings.required);
        settings.caps = checked_caps(self.caps.unwrap_or_default())?;
        Ok(settings)
    }
}

/// Caps that a seller can have, or what is wrong with them.
fn checked_caps(caps: OwnCaps) -> Result<OwnCaps, Problem> {
    caps.checked().map_err(|detail| invalid("invalid_caps", "The caps cannot be kept", detail))
}

/// A seller that was made.
#[derive(Serialize, JsonSchema)]
struct MadeSeller {
    id: SellerId,
}

async fn create(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<SellerIn>>) -> Result<Created<MadeSeller>, Problem> {
    let key = ask.idempotency_key()?.map(str::to_owned);
    let settings = ask.body.0.checked()?;
    let id = api.office.create_seller(&settings, key.as_deref()).await.map_err(gate::failed)?;
    Ok(Created(MadeSeller { id }))
}

async fn show_budget(api: Arc<Api>, ask: Ask) -> Result<Json<Report>, Problem> {
    let report = api.sellers.budget(ask.seller()?).await.map_err(gate::failed)?;
    report.map(Json).ok_or_else(Problem::not_found)
}

async fn put_budget(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<OwnCaps>>) -> Result<Json<Report>, Problem> {
    let (seller, caps) = (ask.seller()?, checked_caps(ask.body.0)?);
    api.office.put_caps(seller, caps).await.map_err(gate::failed)?;
    // The actor may be in memory with the caps it had.
    if let Err(error) = api.sellers.reload_credentials(seller).await {
        tracing::warn!(%error, seller.id = seller.0, "the seller's actor learns of its caps when it is loaded again");
    }
    let report = api.sellers.budget(seller).await.map_err(gate::failed)?;
    report.map(Json).ok_or_else(Problem::not_found)
}

/// Meta's pause of the whole app.
#[derive(Serialize, JsonSchema)]
struct AppHoldOut {
    /// None: there is no such pause.
    app_hold: Option<HoldLine>,
}

async fn app_hold(api: Arc<Api>, _ask: Ask) -> Result<Json<AppHoldOut>, Problem> {
    Ok(Json(AppHoldOut { app_hold: api.sellers.app_hold() }))
}

async fn show_actor(api: Arc<Api>, ask: Ask) -> Result<Json<SellerStatus>, Problem> {
    api.sellers.status(ask.seller()?).await.map(Json).map_err(gate::failed)
}

async fn tell_actor(api: Arc<Api>, ask: Ask<NoQuery, Nothing>) -> Result<Json<SellerStatus>, Problem> {
    let seller = ask.seller()?;
    let told = match ask.text("verb")?.as_str() {
        "pause" => api.sellers.pause(seller).await,
        "resume" => api.sellers.resume(seller).await,
        "unload" => api.sellers.unload(seller).await,
        _ => return Err(Problem::not_found().detail("an actor can be told to pause, resume or unload")),
    };
    told.map(Json).map_err(gate::failed)
}
