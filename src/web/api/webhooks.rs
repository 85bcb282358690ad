//! Whom a seller wants to be told of what happens, and what was delivered.

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::ids::{DeliveryId, EndpointId, SellerId, ShopEventId};
use actors::domain::webhook::{Delivery, Endpoint as Known};
use actors::store::OfficeTx;
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Api;
use super::answers::{Created, Json, NoContent, Page};
use super::ask::{Ask, JsonBody, MaybeBody, NoQuery, PageQuery};
use super::endpoint::{delete, get, patch, post};
use super::{events, gate, words};
use crate::web::problem::Problem;
use crate::web::route::Route;
use crate::webhooks_out::{Change, NotDone};

/// How long the secret before signs as well, unless said.
const OVERLAP_HOURS: u32 = 24;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (all, one) = ("/api/v1/sellers/{seller}/webhooks", "/api/v1/sellers/{seller}/webhooks/{webhook}");
    let (rotating, pinging) =
        ("/api/v1/sellers/{seller}/webhooks/{webhook}/rotate", "/api/v1/sellers/{seller}/webhooks/{webhook}/ping");
    let log = "/api/v1/sellers/{seller}/webhooks/{webhook}/deliveries";
    let again = "/api/v1/sellers/{seller}/webhooks/{webhook}/deliveries/{delivery}/redeliver";
    let all_again = "/api/v1/sellers/{seller}/webhooks/{webhook}/redeliver";
    let (read, write) = (Scope::WebhooksRead, Scope::WebhooksWrite);
    vec![
        get(all, "list_webhooks", "Lists webhook endpoints").scope(read).by(api, list),
        post(all, "make_webhook", "Makes a webhook endpoint; its secret is shown this once").scope(write).by(api, make),
        get(one, "show_webhook", "Shows a webhook endpoint").scope(read).by(api, show),
        patch(one, "change_webhook", "Changes a webhook endpoint, pauses it, or lets it go on")
            .scope(write)
            .by(api, change),
        delete(one, "remove_webhook", "Removes a webhook endpoint, with its log").scope(write).by(api, remove),
        post(rotating, "rotate_webhook", "Gives a webhook endpoint another secret").scope(write).by(api, rotate),
        post(pinging, "ping_webhook", "Delivers something that did not happen, to try the endpoint")
            .scope(write)
            .by(api, ping),
        get(log, "list_deliveries", "Lists what was delivered to an endpoint, newest first")
            .scope(read)
            .by(api, deliveries),
        post(again, "redeliver", "Makes a delivery once more").scope(write).by(api, redeliver),
        post(all_again, "redeliver_failed", "Makes all deliveries once more that were given up since a time")
            .scope(write)
            .by(api, redeliver_failed),
    ]
}

/// An endpoint to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MakeWebhook {
    /// Where to: https, and no address inside.
    url: String,
    /// What of; empty: of everything.
    #[serde(default)]
    #[schemars(with = "Vec<words::ShopEventKind>")]
    kinds: Vec<String>,
}

/// What is to be otherwise about an endpoint; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangeWebhook {
    url: Option<String>,
    /// Empty: of everything.
    #[schemars(with = "Option<Vec<words::ShopEventKind>>")]
    kinds: Option<Vec<String>>,
    /// True: it is told nothing until it is told to go on, where it was.
    paused: Option<bool>,
}

/// Another secret.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RotateWebhook {
    /// How long the secret before signs as well: a day unless said, a week at most.
    #[schemars(range(max = 168))]
    overlap_hours: Option<u32>,
}

/// Since when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RedeliverFailed {
    since: DateTime<Utc>,
}

/// An endpoint with the secret it was given.
#[derive(Serialize, Deserialize, JsonSchema)]
struct MadeWebhook {
    id: EndpointId,
    /// What deliveries are signed with, the Standard Webhooks way. It is not shown again.
    secret: String,
}

/// Where a seller wants to be told of what happens.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
struct WebhookOut {
    id: EndpointId,
    url: String,
    /// What of; empty: of everything.
    #[schemars(with = "Vec<words::ShopEventKind>")]
    kinds: Vec<&'static str>,
    #[schemars(with = "words::EndpointState")]
    state: &'static str,
    /// Why it was disabled.
    why: Option<String>,
    /// The last event that deliveries were made of.
    told_through: ShopEventId,
    /// Since when it has taken nothing.
    failing_since: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<Known> for WebhookOut {
    fn from(known: Known) -> Self {
        Self {
            id: known.id,
            url: known.url,
            kinds: known.kinds.iter().map(|kind| kind.name()).collect(),
            state: known.state.name(),
            why: known.why,
            told_through: known.told_through,
            failing_since: known.failing_since,
            created_at: known.created_at,
        }
    }
}

/// What was, or is to be, delivered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
struct DeliveryOut {
    id: DeliveryId,
    /// Of which event; none: it is a test, or says that events were missed.
    event: Option<ShopEventId>,
    kind: String,
    #[schemars(with = "words::DeliveryState")]
    state: &'static str,
    /// Since it was last asked for.
    attempts: i32,
    /// When it is tried next, if it is.
    next_at: DateTime<Utc>,
    /// What the last try was answered.
    last_status: Option<u16>,
    /// Why the last try failed.
    error: Option<String>,
    created_at: DateTime<Utc>,
    tried_at: Option<DateTime<Utc>>,
    /// What is sent, the same at every try.
    body: String,
}

impl From<Delivery> for DeliveryOut {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            event: delivery.event,
            kind: delivery.kind,
            state: delivery.state.name(),
            attempts: delivery.attempts,
            next_at: delivery.next_at,
            last_status: delivery.last_status,
            error: delivery.error,
            created_at: delivery.created_at,
            tried_at: delivery.tried_at,
            body: String::from_utf8_lossy(&delivery.body).into_owned(),
        }
    }
}

fn not_done(error: NotDone) -> Problem {
    let (code, detail) = (error.code(), error.to_string());
    match error {
        NotDone::NotFound => Problem::not_found().detail(detail),
        NotDone::Store(_) | NotDone::Vault(_) => gate::failed(error),
        _ => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, "The webhook endpoint cannot be like this")
            .detail(detail),
    }
}

fn place<Q, B>(ask: &Ask<Q, B>) -> Result<(SellerId, EndpointId), Problem> {
    Ok((ask.seller()?, EndpointId(ask.id("webhook")?)))
}

async fn list(api: Arc<Api>, ask: Ask) -> Result<Json<Page<WebhookOut>>, Problem> {
    let found = api.endpoints.list(ask.seller()?).await.map_err(not_done)?;
    Ok(Json(Page { data: found.into_iter().map(WebhookOut::from).collect(), next: None }))
}

async fn show(api: Arc<Api>, ask: Ask) -> Result<Json<WebhookOut>, Problem> {
    let (seller, id) = place(&ask)?;
    Ok(Json(api.endpoints.one(seller, id).await.map_err(not_done)?.into()))
}

async fn make(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<MakeWebhook>>) -> Result<Created<MadeWebhook>, Problem> {
    let seller = ask.seller()?;
    let MakeWebhook { url, kinds } = &ask.body.0;
    let kinds = kinds.iter().map(|name| events::kind(name)).collect::<Result<Vec<_>, _>>()?;
    let noted = json!({ "url": url, "kinds": kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>() });
    let made = once(&api, &ask, ("webhook.made", noted), async |tx| {
        let made = api.endpoints.create_in(tx, seller, url, &kinds).await.map_err(not_done)?;
        Ok(MadeWebhook { id: made.id, secret: made.secret.expose().to_owned() })
    });
    Ok(Created(made.await?))
}

/// Does something about endpoints once for each request, and has whoever is to be told now looked for.
async fn once<T, Q, B>(
    api: &Api,
    ask: &Ask<Q, B>,
    noted: (&str, Value),
    work: impl AsyncFnOnce(&OfficeTx) -> Result<T, Problem>,
) -> Result<T, Problem>
where
    T: Serialize + DeserializeOwned,
{
    let may = (Scope::WebhooksWrite, ask.seller()?);
    let done = api.office.once_noted(&ask.request(api)?, may, noted, work).await?;
    api.endpoints.look();
    Ok(done.value)
}

/// What is changed is noted first: what cannot be noted is not done.
async fn noted<Q, B>(api: &Api, ask: &Ask<Q, B>, action: &str) -> Result<(SellerId, EndpointId), Problem> {
    let (seller, id) = place(ask)?;
    let detail = json!({ "webhook": id });
    let now = api.clock.now();
    api.office.note(&ask.caller, (Some(seller), action), detail, now).await.map_err(gate::not_done)?;
    Ok((seller, id))
}

async fn change(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<ChangeWebhook>>) -> Result<Json<WebhookOut>, Problem> {
    let ChangeWebhook { url, kinds, paused } = &ask.body.0;
    let kinds = kinds.as_ref().map(|kinds| kinds.iter().map(|name| events::kind(name)).collect::<Result<Vec<_>, _>>());
    let change = Change { url: url.clone(), kinds: kinds.transpose()?, paused: *paused };
    let (seller, id) = noted(&api, &ask, "webhook.changed").await?;
    api.endpoints.change(seller, id, change).await.map_err(not_done)?;
    Ok(Json(api.endpoints.one(seller, id).await.map_err(not_done)?.into()))
}

async fn remove(api: Arc<Api>, ask: Ask) -> Result<NoContent, Problem> {
    let (seller, id) = noted(&api, &ask, "webhook.removed").await?;
    api.endpoints.delete(seller, id).await.map_err(not_done)?;
    Ok(NoContent)
}

async fn rotate(api: Arc<Api>, ask: Ask<NoQuery, MaybeBody<RotateWebhook>>) -> Result<Json<MadeWebhook>, Problem> {
    let at = place(&ask)?;
    let overlap = TimeDelta::hours(ask.body.0.overlap_hours.unwrap_or(OVERLAP_HOURS).into());
    let made = once(&api, &ask, ("webhook.rotated", json!({ "webhook": at.1 })), async |tx| {
        let made = api.endpoints.rotate_in(tx, at, overlap).await.map_err(not_done)?;
        Ok(MadeWebhook { id: made.id, secret: made.secret.expose().to_owned() })
    });
    Ok(Json(made.await?))
}

/// A delivery that is to be made.
#[derive(Serialize, Deserialize, JsonSchema)]
struct PingedWebhook {
    delivery: DeliveryId,
}

async fn ping(api: Arc<Api>, ask: Ask) -> Result<Json<PingedWebhook>, Problem> {
    let (seller, id) = place(&ask)?;
    let endpoint = api.endpoints.one(seller, id).await.map_err(not_done)?;
    let pinged = once(&api, &ask, ("webhook.pinged", json!({ "webhook": id })), async |tx| {
        Ok(PingedWebhook { delivery: api.endpoints.ping_in(tx, &endpoint).await.map_err(not_done)? })
    });
    Ok(Json(pinged.await?))
}

async fn deliveries(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<DeliveryOut>>, Problem> {
    let page = ask.query.page();
    let before = ask.query.after.map(|after| DeliveryId(after.0));
    let found = api.endpoints.log(place(&ask)?, before, page.limit).await.map_err(not_done)?;
    Ok(Json(Page::of(found, page, |delivery| delivery.id.0)))
}

async fn redeliver(api: Arc<Api>, ask: Ask) -> Result<NoContent, Problem> {
    let ((seller, endpoint), delivery) = (place(&ask)?, DeliveryId(ask.id("delivery")?));
    let known = api.endpoints.delivery(seller, delivery).await.map_err(not_done)?;
    if known.endpoint != endpoint {
        return Err(Problem::not_found());
    }
    let noted = ("webhook.redelivered", json!({ "webhook": endpoint, "delivery": delivery }));
    let again = async |tx: &OfficeTx| api.endpoints.redeliver_in(tx, seller, delivery).await.map_err(not_done);
    once(&api, &ask, noted, again).await?;
    Ok(NoContent)
}

/// How many deliveries are made once more.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Redelivered {
    redelivered: u64,
}

async fn redeliver_failed(
    api: Arc<Api>,
    ask: Ask<NoQuery, JsonBody<RedeliverFailed>>,
) -> Result<Json<Redelivered>, Problem> {
    let (at, since) = (place(&ask)?, ask.body.0.since);
    api.endpoints.one(at.0, at.1).await.map_err(not_done)?;
    let noted = ("webhook.redelivered", json!({ "webhook": at.1, "since": since }));
    let done = once(&api, &ask, noted, async |tx| {
        let redelivered = api.endpoints.redeliver_failed_in(tx, at, since).await.map_err(not_done)?;
        Ok(Redelivered { redelivered })
    });
    Ok(Json(done.await?))
}
