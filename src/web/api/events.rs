//! What happens in a shop, read in pages or followed live.

use std::sync::Arc;
use std::time::Duration;

use actors::domain::access::Scope;
use actors::domain::ids::{ConversationId, SellerId, ShopEventId};
use actors::domain::shop_event::{ShopEvent, ShopEventKind};
use actors::feed::{Feed, NotFed};
use actors::store::shop_events;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::{self, unfold};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use warp::sse::Event;

use super::Api;
use super::answers::{Json, Live, Page};
use super::ask::{After, Ask, Limit, queries};
use super::endpoint::get;
use super::lasting::Place;
use super::{gate, words};
use crate::keys::Caller;
use crate::web::problem::Problem;
use crate::web::route::Route;

/// How often it is looked whether whoever follows may still do so, also where nothing happens.
const LOOK_AT_KEY: Duration = Duration::from_secs(5);

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (all, live) = ("/api/v1/sellers/{seller}/events", "/api/v1/sellers/{seller}/events/stream");
    vec![
        get(all, "list_events", "Lists what happened in a shop, oldest first")
            .scope(Scope::EventsRead)
            .fails(&[410])
            .by(api, list),
        get(live, "follow_events", "Tells what happens in a shop as it happens; goes on after Last-Event-ID")
            .scope(Scope::EventsRead)
            .fails(&[410])
            .by(api, follow),
    ]
}

/// Events, a page at a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    /// The event after which the page begins; without it, the oldest that is kept.
    after: Option<After>,
    /// Of these kinds only, with commas between.
    kinds: Option<String>,
    /// How many rows at most.
    limit: Option<Limit>,
}

/// Events to follow.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FollowQuery {
    /// The event to go on after; `Last-Event-ID` goes before it. Without both: what happens from now on.
    after: Option<After>,
    /// Of these kinds only, with commas between.
    kinds: Option<String>,
}

queries!(EventsQuery, FollowQuery);

/// Something that happened in a shop. What it happened to is read where it is shown.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShopEvent")]
struct EventOut {
    /// What.
    #[serde(rename = "type")]
    #[schemars(with = "words::ShopEventKind")]
    kind: &'static str,
    timestamp: DateTime<Utc>,
    data: EventData,
}

/// What it happened to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShopEventData")]
struct EventData {
    /// The event's place in the shop's order of things.
    id: ShopEventId,
    seller_id: SellerId,
    /// The id of the message, order, lead, conversation, customer, comment, connection or endpoint, or the place of the
    /// ledgered event. None: many things at once.
    subject_id: Option<i64>,
    conversation_id: Option<ConversationId>,
}

impl EventOut {
    fn of(seller: SellerId, event: &ShopEvent) -> Self {
        let what = event.what;
        let data =
            EventData { id: event.id, seller_id: seller, subject_id: what.subject, conversation_id: what.conversation };
        Self { kind: what.kind.name(), timestamp: event.at, data }
    }
}

fn kinds(told: Option<&str>) -> Result<Vec<ShopEventKind>, Problem> {
    told.map_or(Ok(Vec::new()), |told| told.split(',').map(kind).collect())
}

pub(super) fn kind(name: &str) -> Result<ShopEventKind, Problem> {
    let all = || ShopEventKind::ALL.map(ShopEventKind::name).join(", ");
    ShopEventKind::named(name).ok_or_else(|| gate::invalid_query(format!("a kind is one of {}", all())))
}

async fn list(api: Arc<Api>, ask: Ask<EventsQuery>) -> Result<Json<Page<EventOut>>, Problem> {
    let EventsQuery { after, kinds: told, limit } = &ask.query;
    let (seller, kinds, limit) = (ask.seller()?, kinds(told.as_deref())?, limit.unwrap_or_default().0);
    let reads = api.store.reads();
    let after = after.map(|after| ShopEventId(after.0));
    let found = shop_events::after(reads, seller, after.unwrap_or(ShopEventId(0)), &kinds, limit).await;
    let found = found.map_err(gate::failed)?;
    // Asked after the page was read: what was let go of by then may be missing on it.
    let gone = shop_events::gone(reads, seller).await.map_err(gate::failed)?.ok_or_else(Problem::not_found)?;
    if let Some(after) = after.filter(|after| *after < gone) {
        return Err(not_fed(NotFed::TooOld { after, gone }));
    }
    let is_full = found.len() as u64 == limit;
    let next = found.last().filter(|_| is_full).map(|last| last.id.to_string());
    Ok(Json(Page { data: found.iter().map(|event| EventOut::of(seller, event)).collect(), next }))
}

fn not_fed(error: NotFed) -> Problem {
    let title = "What followed that event is not kept any more";
    match error {
        NotFed::NoSuchSeller => Problem::not_found(),
        NotFed::TooOld { .. } => Problem::new(StatusCode::GONE, "resume_too_old", title).detail(error.to_string()),
        NotFed::Store(_) => gate::failed(error),
    }
}

async fn follow(api: Arc<Api>, ask: Ask<FollowQuery>) -> Result<Live, Problem> {
    let FollowQuery { after, kinds: told } = &ask.query;
    let seller = ask.seller()?;
    let after = match ask.parts.headers.get("last-event-id") {
        Some(last) => Some(last_event(last.to_str().unwrap_or_default())?),
        None => after.map(|after| ShopEventId(after.0)),
    };
    let place = api.lasting.enter(&ask.caller)?;
    let feed = api.sellers.feed(seller, after, kinds(told.as_deref())?).await.map_err(not_fed)?;
    let follower = Follower { api: api.clone(), caller: ask.caller, feed, _place: place };
    let pages = unfold(follower, |mut follower| async move { Some((follower.next_page().await?, follower)) });
    let events = pages.flat_map(stream::iter).map(move |event| shown(seller, &event));
    Ok(Live(events.take_until(api.stopping.clone().cancelled_owned()).boxed()))
}

/// Somebody who follows a shop, for as long as the key is good.
struct Follower {
    api: Arc<Api>,
    caller: Caller,
    feed: Feed,
    _place: Place,
}

impl Follower {
    /// What happens next. None: it is over. Whoever listens comes again, goes on where it was, and is told why it cannot
    /// where it cannot.
    async fn next_page(&mut self) -> Option<Vec<ShopEvent>> {
        loop {
            let next = timeout(LOOK_AT_KEY, self.feed.next_page()).await;
            if !self.api.gate.still(&self.caller, self.api.clock.now()).await {
                return None;
            }
            if let Ok(next) = next {
                return next.ok().flatten();
            }
        }
    }
}

fn last_event(told: &str) -> Result<ShopEventId, Problem> {
    let id = told.parse().ok().filter(|id| *id >= 0);
    id.map(ShopEventId).ok_or_else(|| gate::invalid_query("Last-Event-ID is the id of an event".to_owned()))
}

fn shown(seller: SellerId, event: &ShopEvent) -> Event {
    let shown = EventOut::of(seller, event);
    let text = serde_json::to_string(&shown).expect("plain values with text keys are always JSON");
    Event::default().id(event.id.to_string()).event(shown.kind).data(text)
}
