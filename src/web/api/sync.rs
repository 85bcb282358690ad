//! The catalog at Meta over HTTP: how it is kept up, what its items are like there, and the runs that take it up.

mod shown;

use std::collections::BTreeMap;
use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::catalog::Condition;
use actors::domain::command::{CatalogWanted, Command, RunWanted};
use actors::domain::ids::{CatalogId, ConnectionId, RunId, SellerId};
use actors::domain::sync::catalog::{CatalogLife, CatalogSettings, MetaCatalog, SyncMode};
use actors::domain::sync::errand::ErrandKind;
use actors::domain::sync::known::ItemState;
use actors::domain::sync::run::{RunKind, SyncRun};
use actors::store::sync;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Api;
use super::answers::{Json, Obeyed, Page};
use super::ask::{Ask, Id, JsonBody, Limit, NoQuery, queries};
use super::commands::command;
use super::endpoint::{delete, get, post, put};
use super::gate::{self, invalid};
use crate::web::problem::Problem;
use crate::web::route::Route;
use shown::{BatchOut, ItemOut, RunDetails, RunOut};

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (catalog, runs) = ("/api/v1/sellers/{seller}/catalog", "/api/v1/sellers/{seller}/sync/runs");
    let (check, items) = ("/api/v1/sellers/{seller}/catalog/check", "/api/v1/sellers/{seller}/catalog/items");
    let (item, appeal) =
        ("/api/v1/sellers/{seller}/catalog/items/{item}", "/api/v1/sellers/{seller}/catalog/items/{item}/appeal");
    let one = "/api/v1/sellers/{seller}/sync/runs/{run}";
    let (pause, resume, cancel) = (
        "/api/v1/sellers/{seller}/sync/runs/{run}/pause",
        "/api/v1/sellers/{seller}/sync/runs/{run}/resume",
        "/api/v1/sellers/{seller}/sync/runs/{run}/cancel",
    );
    let (read, write) = (Scope::ProductsRead, Scope::ProductsWrite);
    vec![
        get(catalog, "show_catalog", "Shows the catalog at Meta").scope(read).by(api, show_catalog),
        put(catalog, "put_catalog", "Connects a shop to a catalog at Meta")
            .scope(write)
            .fails(&[409])
            .by(api, put_catalog),
        delete(catalog, "remove_catalog", "Disconnects a shop from its catalog; what is at Meta stays there")
            .scope(write)
            .fails(&[409])
            .by(api, remove_catalog),
        post(check, "check_catalog", "Asks Meta about the catalog").scope(write).fails(&[409]).by(api, check_catalog),
        get(items, "list_catalog_items", "Lists items of the catalog, by SKU").scope(read).by(api, list_items),
        get(item, "show_catalog_item", "Shows how an item is at Meta").scope(read).by(api, show_item),
        post(appeal, "appeal_item", "Asks Meta for another review").scope(write).fails(&[409]).by(api, appeal_item),
        get(runs, "list_sync_runs", "Lists runs of the catalog sync, the newest first").scope(read).by(api, list_runs),
        post(runs, "start_sync", "Starts a run, or joins the one that is open")
            .scope(write)
            .fails(&[409])
            .by(api, start),
        get(one, "show_sync_run", "Shows a run of the catalog sync").scope(read).by(api, show_run),
        post(pause, "pause_sync", "Lets a run wait until it is resumed").scope(write).fails(&[409]).by(api, pause_run),
        post(resume, "resume_sync", "Goes on with a run that waits").scope(write).fails(&[409]).by(api, resume_run),
        post(cancel, "cancel_sync", "Ends a run").scope(write).fails(&[409]).by(api, cancel_run),
    ]
}

/// Items of the catalog, a page at a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ItemsQuery {
    /// Only those in this state.
    state: Option<ItemState>,
    /// Where the page begins: the SKU that `next` of the page before gave.
    after: Option<String>,
    /// How many rows at most.
    limit: Option<Limit>,
}

/// Runs, a page at a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunsQuery {
    /// Where the page begins: the run that `next` of the page before gave.
    after: Option<Id>,
    /// How many rows at most.
    limit: Option<Limit>,
}

queries!(ItemsQuery, RunsQuery);

/// How a catalog is kept up.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CatalogSettings")]
#[serde(deny_unknown_fields)]
struct SettingsJson {
    /// Thousands of changes a call, unless said; one by one is for catalogs that take no batches.
    #[serde(default = "batch")]
    mode: SyncMode,
    /// After how many minutes changes go up by themselves; none: when somebody asks.
    #[serde(default)]
    #[schemars(range(min = 5, max = 10080))]
    every_minutes: Option<u32>,
    /// Whether Meta is asked what its review says.
    #[serde(default = "yes")]
    reviews: bool,
    /// Whether all that is at Meta is looked through each night.
    #[serde(default = "yes")]
    drift: bool,
    /// Who makes products that do not say it; none: the shop's name.
    #[serde(default)]
    brand: Option<String>,
    /// In what condition products are that do not say it: `new`, `refurbished` or `used`.
    #[serde(default = "new")]
    condition: String,
}

fn batch() -> SyncMode {
    SyncMode::Batch
}

fn yes() -> bool {
    true
}

fn new() -> String {
    Condition::New.name().to_owned()
}

impl From<CatalogSettings> for SettingsJson {
    fn from(settings: CatalogSettings) -> Self {
        let CatalogSettings { mode, every_minutes, reviews, drift, brand, condition } = settings;
        Self { mode, every_minutes, reviews, drift, brand, condition: condition.name().to_owned() }
    }
}

/// A catalog as it is to be used.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PutCatalog {
    /// Meta's id of the catalog.
    meta_id: String,
    /// The connected account whose token may change it.
    connection: ConnectionId,
    /// How it is kept up.
    #[serde(flatten)]
    settings: SettingsJson,
}

/// The catalog at Meta that a shop goes up to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Catalog")]
struct CatalogOut {
    id: CatalogId,
    /// Meta's id.
    meta_id: String,
    /// The account whose token changes it.
    connection: ConnectionId,
    /// How far the catalog is from being seen by customers. That its items are there is another matter.
    life: CatalogLife,
    /// Its name at Meta.
    name: Option<String>,
    /// How many items Meta says it has.
    products: Option<i64>,
    /// When Meta was last asked about it.
    looked_at: Option<DateTime<Utc>>,
    /// What went wrong last.
    error: Option<String>,
    /// How it is kept up.
    settings: SettingsJson,
    /// How many items are how far.
    items: BTreeMap<String, u64>,
    /// The run that is open.
    run: Option<RunId>,
}

/// Which catalog was meant.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CatalogNamed")]
pub(super) struct CatalogNamed {
    catalog: CatalogId,
}

async fn current(api: &Api, seller: SellerId) -> Result<MetaCatalog, Problem> {
    let found = sync::current(api.store.reads(), seller).await.map_err(gate::failed)?;
    found.ok_or_else(|| {
        let where_to = format!("/api/v1/sellers/{seller}/catalog");
        Problem::not_found().detail(format!("the shop is connected to no catalog at Meta: PUT one at {where_to}"))
    })
}

async fn show_catalog(api: Arc<Api>, ask: Ask) -> Result<Json<CatalogOut>, Problem> {
    let (seller, reads) = (ask.seller()?, api.store.reads());
    let catalog = current(&api, seller).await?;
    let items = sync::by_state(reads, (seller, catalog.id)).await.map_err(gate::failed)?;
    let newest = sync::runs(reads, seller, None, 1).await.map_err(gate::failed)?;
    let MetaCatalog { id, meta_id, connection, settings, life, name, products, looked_at, error, .. } = catalog;
    Ok(Json(CatalogOut {
        id,
        meta_id,
        connection,
        life,
        name,
        products,
        looked_at,
        error,
        settings: settings.into(),
        items: items.into_iter().map(|(state, count)| (state.name().to_owned(), count)).collect(),
        run: newest.into_iter().find(SyncRun::is_open).map(|run| run.id),
    }))
}

async fn put_catalog(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<PutCatalog>>) -> Result<Obeyed<CatalogNamed>, Problem> {
    let PutCatalog { meta_id, connection, settings } = &ask.body.0;
    let condition = Condition::named(&settings.condition).ok_or_else(|| {
        invalid("invalid_catalog", "The catalog cannot be used so", "condition is new, refurbished or used")
    })?;
    let SettingsJson { mode, every_minutes, reviews, drift, ref brand, .. } = *settings;
    let settings = CatalogSettings { mode, every_minutes, reviews, drift, brand: brand.clone(), condition };
    let wanted = CatalogWanted { meta_id: meta_id.clone(), connection: *connection, settings };
    let obeyed = command(&api, &ask, Command::PutCatalog(wanted)).await?;
    // What Meta tells of the catalog is this shop's from now on.
    api.sellers.look_whose();
    Ok(obeyed)
}

async fn remove_catalog(api: Arc<Api>, ask: Ask) -> Result<Obeyed<CatalogNamed>, Problem> {
    command(&api, &ask, Command::RemoveCatalog).await
}

async fn check_catalog(api: Arc<Api>, ask: Ask) -> Result<Obeyed<CatalogNamed>, Problem> {
    command(&api, &ask, Command::CheckCatalog).await
}

async fn list_items(api: Arc<Api>, ask: Ask<ItemsQuery>) -> Result<Json<Page<ItemOut>>, Problem> {
    let ItemsQuery { state, after, limit } = &ask.query;
    let (seller, limit) = (ask.seller()?, limit.unwrap_or_default().0);
    let catalog = current(&api, seller).await?;
    let from = (after.as_deref().unwrap_or_default(), *state);
    let found = sync::page(api.store.reads(), (seller, catalog.id), from, limit).await.map_err(gate::failed)?;
    let is_full = found.len() as u64 == limit;
    let next = found.last().filter(|_| is_full).map(|last| last.retailer_id.clone());
    Ok(Json(Page { data: found.into_iter().map(ItemOut::from).collect(), next }))
}

async fn show_item(api: Arc<Api>, ask: Ask) -> Result<Json<ItemOut>, Problem> {
    let (seller, sku) = (ask.seller()?, ask.text("item")?);
    let catalog = current(&api, seller).await?;
    let found = sync::items(api.store.reads(), (seller, catalog.id), &[&sku]).await.map_err(gate::failed)?;
    let found = found.into_values().next();
    let found = found.ok_or_else(|| Problem::not_found().detail(format!("the catalog has no item {sku:?}")))?;
    Ok(Json(found.into()))
}

/// Why an item should be shown.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AppealIn {
    /// In the seller's words, for Meta's people.
    reason: String,
}

/// Which item was meant.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Appealed")]
pub(super) struct AppealedOut {
    retailer_id: String,
}

async fn appeal_item(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<AppealIn>>) -> Result<Obeyed<AppealedOut>, Problem> {
    let (retailer_id, reason) = (ask.text("item")?, ask.body.0.reason.clone());
    command(&api, &ask, Command::Appeal { retailer_id, reason }).await
}

/// A run as it is wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StartIn {
    /// What to look at; `dry_run` looks at all and sends nothing.
    #[serde(default)]
    kind: StartKind,
    /// True: items that Meta rejected are sent again as they are.
    #[serde(default)]
    rejected_again: bool,
}

/// What a run that somebody starts looks at.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StartKind {
    /// What has changed since.
    #[default]
    Incremental,
    /// All that is for sale.
    Full,
    /// All that is for sale, and nothing is sent.
    DryRun,
    /// All that is at Meta.
    Drift,
}

/// Which run was meant.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RunNamed")]
pub(super) struct RunNamed {
    run: RunId,
    /// True when it was open already.
    joined: bool,
}

async fn start(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<StartIn>>) -> Result<Obeyed<RunNamed>, Problem> {
    let kind = match ask.body.0.kind {
        StartKind::Incremental => RunKind::Incremental,
        StartKind::Full => RunKind::Full,
        StartKind::DryRun => RunKind::DryRun,
        StartKind::Drift => RunKind::Drift,
    };
    let wanted = RunWanted { kind, rejected_again: ask.body.0.rejected_again };
    command(&api, &ask, Command::StartSync(wanted)).await
}

async fn pause_run(api: Arc<Api>, ask: Ask) -> Result<Obeyed<RunNamed>, Problem> {
    let run = Some(RunId(ask.id("run")?));
    command(&api, &ask, Command::PauseSync { run }).await
}

async fn resume_run(api: Arc<Api>, ask: Ask) -> Result<Obeyed<RunNamed>, Problem> {
    let run = Some(RunId(ask.id("run")?));
    command(&api, &ask, Command::ResumeSync { run }).await
}

async fn cancel_run(api: Arc<Api>, ask: Ask) -> Result<Obeyed<RunNamed>, Problem> {
    let run = Some(RunId(ask.id("run")?));
    command(&api, &ask, Command::CancelSync { run }).await
}

async fn list_runs(api: Arc<Api>, ask: Ask<RunsQuery>) -> Result<Json<Page<RunOut>>, Problem> {
    let limit = ask.query.limit.unwrap_or_default().0;
    let before = ask.query.after.map(|after| RunId(after.0));
    let found = sync::runs(api.store.reads(), ask.seller()?, before, limit).await.map_err(gate::failed)?;
    let next = found.last().filter(|_| found.len() as u64 == limit).map(|last| last.id.to_string());
    Ok(Json(Page { data: found.into_iter().map(RunOut::from).collect(), next }))
}

async fn show_run(api: Arc<Api>, ask: Ask) -> Result<Json<RunDetails>, Problem> {
    let (seller, id) = (ask.seller()?, RunId(ask.id("run")?));
    let found = sync::run(api.store.reads(), seller, id).await.map_err(gate::failed)?;
    let run = found
        .ok_or_else(|| Problem::not_found().detail(format!("seller {seller} has no run {id}, or it was let go of")))?;
    let calls = sync::calls(api.store.reads(), seller, id).await.map_err(gate::failed)?;
    let forecast = api.sellers.sync_forecast(seller, &run).await.map_err(gate::failed)?;
    let batches = calls.into_iter().filter(|call| call.kind == ErrandKind::Batch).map(BatchOut::from).collect();
    Ok(Json(RunDetails { run: run.into(), calls_left: forecast.calls_left, eta: forecast.done_at, batches }))
}
