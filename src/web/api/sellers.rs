//! Sellers: making them, where their actors stand, and what they may spend at Meta.

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::budget::OwnCaps;
use actors::domain::budget::forecast::{HoldLine, Report};
use actors::domain::command::Command;
use actors::domain::erasure::KeepDays;
use actors::domain::ids::SellerId;
use actors::domain::money::Currency;
use actors::domain::region::{Country, TimeZone};
use actors::domain::seller::{Language, Required, Settings, SettingsPatch};
use actors::status::SellerStatus;
use actors::store::office::{self, VersionedSettings};
use actors::store::views as rows;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::Api;
use super::answers::{Created, Json, Obeyed, Page, Versioned};
use super::ask::{After, Ask, JsonBody, Limit, NoQuery, Nothing, queries};
use super::commands::command;
use super::endpoint::{get, patch, post, put};
use super::gate::{self, invalid};
use super::products::text;
use crate::web::problem::Problem;
use crate::web::route::Route;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (actor, budget) = ("/api/v1/sellers/{seller}/actor", "/api/v1/sellers/{seller}/budget");
    let settings = "/api/v1/sellers/{seller}/settings";
    vec![
        get("/api/v1/sellers", "list_sellers", "Lists sellers, or finds them by name")
            .scope(Scope::SellersRead)
            .by(api, list),
        get("/api/v1/sellers/{seller}", "show_seller", "Shows a seller with its settings")
            .scope(Scope::SettingsRead)
            .by(api, show),
        get(settings, "show_settings", "Shows a seller's settings; their version is their ETag too")
            .scope(Scope::SettingsRead)
            .by(api, show_settings),
        patch(settings, "change_settings", "Changes settings, unless they changed in between")
            .scope(Scope::SettingsWrite)
            .fails(&[409])
            .by(api, change_settings),
        post("/api/v1/sellers", "create_seller", "Makes a seller").scope(Scope::SellersWrite).by(api, create),
        get(budget, "show_budget", "Shows what may be spent at Meta").scope(Scope::SettingsRead).by(api, show_budget),
        put(budget, "put_budget", "Gives a seller caps of its own").scope(Scope::SettingsWrite).by(api, put_budget),
        get("/api/v1/app-hold", "show_app_hold", "Says whether Meta holds the whole app")
            .scope(Scope::SettingsRead)
            .by(api, app_hold),
        get(actor, "show_actor", "Says where a seller's actor stands").scope(Scope::ActorsRead).by(api, show_actor),
        post("/api/v1/sellers/{seller}/actor/{verb}", "tell_actor", "Pauses, resumes, unloads an actor")
            .scope(Scope::ActorsWrite)
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
    fn checked(&self) -> Result<Settings, Problem> {
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

/// Sellers, a page at a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SellersQuery {
    /// A part of the name.
    q: Option<String>,
    /// Where the page begins, as `next` of the page before gave it.
    after: Option<After>,
    /// How many rows at most.
    limit: Option<Limit>,
}

queries!(SellersQuery);

/// A seller with its settings.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Seller")]
struct SellerOut {
    id: SellerId,
    #[serde(flatten)]
    settings: SettingsOut,
}

/// What a seller decides for its shop.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Settings")]
struct SettingsOut {
    /// Counts their changes: whoever changes them says which one was seen.
    version: i64,
    /// The shop's name.
    name: String,
    /// What its prices are in.
    currency: Currency,
    /// The language of automatic answers.
    language: Language,
    /// What must be known before an order is confirmed.
    required: Required,
    /// From which confidence on a complete draft is confirmed without a person.
    confirm_from: f32,
    /// Whether customers are answered without a person.
    auto_reply: bool,
    /// The country it sells from.
    country: Option<Country>,
    /// The time zone its days begin and end in.
    time_zone: Option<TimeZone>,
    /// For how many days customers are remembered who say nothing more; none: for ever.
    keep_days: Option<KeepDays>,
}

impl From<VersionedSettings> for SettingsOut {
    fn from(VersionedSettings { settings, version }: VersionedSettings) -> Self {
        Self {
            version,
            name: settings.name,
            currency: settings.currency,
            language: settings.language,
            required: settings.required,
            confirm_from: settings.confirm_from,
            auto_reply: settings.auto_reply,
            country: settings.country,
            time_zone: settings.time_zone,
            keep_days: settings.keep_days,
        }
    }
}

impl From<(SellerId, VersionedSettings)> for SellerOut {
    fn from((id, settings): (SellerId, VersionedSettings)) -> Self {
        Self { id, settings: settings.into() }
    }
}

async fn list(api: Arc<Api>, ask: Ask<SellersQuery>) -> Result<Json<Page<SellerOut>>, Problem> {
    let SellersQuery { q, after, limit } = &ask.query;
    let page = rows::Page { after: after.map_or(0, |after| after.0), limit: limit.unwrap_or_default().0 };
    let found = office::sellers(api.store.reads(), q.as_deref(), page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |(id, _)| id.0)))
}

async fn settings(api: &Api, seller: SellerId) -> Result<VersionedSettings, Problem> {
    let found = office::settings_of(api.store.reads(), seller).await.map_err(gate::failed)?;
    found.ok_or_else(Problem::not_found)
}

async fn show(api: Arc<Api>, ask: Ask) -> Result<Json<SellerOut>, Problem> {
    let id = ask.seller()?;
    Ok(Json((id, settings(&api, id).await?).into()))
}

async fn show_settings(api: Arc<Api>, ask: Ask) -> Result<Versioned<SettingsOut>, Problem> {
    let found = settings(&api, ask.seller()?).await?;
    let version = found.version;
    Ok(Versioned(found.into(), version))
}

/// Settings to be others: what is left out stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangeSettings {
    /// The version that was seen: when it is another by now, nothing is changed.
    version: i64,
    name: Option<String>,
    language: Option<Language>,
    required: Option<Required>,
    /// From 0 to 1.
    confirm_from: Option<f32>,
    auto_reply: Option<bool>,
    /// Null: not known any more.
    #[serde(default, deserialize_with = "given")]
    country: Option<Option<Country>>,
    /// Null: not known any more.
    #[serde(default, deserialize_with = "given")]
    time_zone: Option<Option<TimeZone>>,
    /// From 30 to 3650: customers who say nothing for so many days are erased, from a day after this on. Null: they are
    /// remembered for ever.
    #[serde(default, deserialize_with = "given")]
    keep_days: Option<Option<KeepDays>>,
}

/// Tells a member that is null from one that is left out.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

async fn change_settings(
    api: Arc<Api>,
    ask: Ask<NoQuery, JsonBody<ChangeSettings>>,
) -> Result<Versioned<SettingsOut>, Problem> {
    let ChangeSettings { version, name, language, required, confirm_from, auto_reply, country, time_zone, keep_days } =
        &ask.body.0;
    let patch = SettingsPatch {
        name: name.clone(),
        language: *language,
        required: *required,
        confirm_from: *confirm_from,
        auto_reply: *auto_reply,
        country: country.clone(),
        time_zone: time_zone.clone(),
        keep_days: *keep_days,
    };
    let changed = api.office.change_settings(&ask.request(&api)?, ask.seller()?, (patch, *version)).await;
    let changed = changed.map_err(gate::not_done)?;
    let version = changed.version;
    Ok(Versioned(changed.into(), version))
}

/// A seller that was made.
#[derive(Serialize, JsonSchema)]
struct MadeSeller {
    id: SellerId,
}

async fn create(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<SellerIn>>) -> Result<Created<MadeSeller>, Problem> {
    let settings = ask.body.0.checked()?;
    let made = api.office.create_seller(&ask.request(&api)?, &settings).await.map_err(gate::not_done)?;
    Ok(Created(MadeSeller { id: made.value }))
}

async fn show_budget(api: Arc<Api>, ask: Ask) -> Result<Json<Report>, Problem> {
    let report = api.sellers.budget(ask.seller()?).await.map_err(gate::failed)?;
    report.map(Json).ok_or_else(Problem::not_found)
}

async fn put_budget(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<OwnCaps>>) -> Result<Obeyed<Report>, Problem> {
    let caps = checked_caps(ask.body.0)?;
    let obeyed: Obeyed<Report> = command(&api, &ask, Command::PutBudget { caps }).await?;
    if let Obeyed::Later(later) = obeyed {
        return Ok(Obeyed::Later(later));
    }
    let report = api.sellers.budget(ask.seller()?).await.map_err(gate::failed)?.ok_or_else(Problem::not_found)?;
    Ok(Obeyed::done(json!(report)))
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
    let (seller, verb) = (ask.seller()?, ask.text("verb")?);
    let told = async || {
        let told = match verb.as_str() {
            "pause" => api.sellers.pause(seller).await,
            "resume" => api.sellers.resume(seller).await,
            "unload" => api.sellers.unload(seller).await,
            _ => return Err(Problem::not_found().detail("an actor can be told to pause, resume or unload")),
        };
        told.map_err(gate::failed)
    };
    // A pause that is asked for again must not end what somebody has resumed meanwhile.
    Ok(Json(api.office.once_at_least(&ask.request(&api)?, told).await?.value))
}
