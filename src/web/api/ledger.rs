//! The ledger over HTTP: the equation, whole and in parts, the events behind it, and putting ledgered ones back to work.

mod query;
mod shown;

use std::sync::Arc;

use actors::domain::access::{Holder, Scope};
use actors::domain::ids::{EventSeq, SellerId};
use actors::domain::outcome::Reason;
use actors::ledger::{NotReplayed, Refusal};
use actors::store::ledger::{Selection, Span, Whole};
use actors::store::{ledger, unknown};
use http::StatusCode;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Api;
use super::answers::{Json, Page};
use super::ask::{Ask, JsonBody, NoQuery};
use super::endpoint::{get, post};
use super::gate::{self, invalid};
use crate::web::problem::Problem;
use crate::web::route::Route;
use query::{AccountsQuery, EventsQuery, PartsQuery, RawQuery, ReplayIn};
use shown::{AccountOut, EventOut, OverviewOut, PartOut, ReasonOut, TallyOut, WholeEventOut};

/// Events of one request to replay, about: whoever wants more goes on where it stopped.
const REPLAYED_AT_ONCE: u64 = 5_000;

/// Every route of the ledger.
pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (events, one) = ("/api/v1/ledger/events", "/api/v1/ledger/events/{event}");
    let back = "/api/v1/ledger/events/{event}/replay";
    let (read, write) = (Scope::LedgerRead, Scope::LedgerWrite);
    vec![
        get("/api/v1/ledger", "show_ledger", "Shows that nothing is lost: received against what became of it")
            .scope(read)
            .by(api, overview),
        get("/api/v1/ledger/equation", "split_equation", "Splits that by account, seller, hour or day")
            .scope(read)
            .by(api, parts),
        get("/api/v1/ledger/reasons", "list_reasons", "Lists why events are in the ledger, and how many")
            .scope(read)
            .by(api, reasons),
        get("/api/v1/ledger/accounts", "list_unknown_accounts", "Lists accounts that nobody has connected")
            .scope(read)
            .by(api, accounts),
        get(events, "list_ledger_events", "Searches events, with what became of each").scope(read).by(api, search),
        get(one, "show_ledger_event", "Shows one event with the bytes it came in").scope(read).by(api, show),
        post(back, "replay_event", "Puts one ledgered event back to work").scope(write).fails(&[409]).by(api, one_back),
        post("/api/v1/ledger/replay", "replay_events", "Puts ledgered events back to work, or says which it would")
            .scope(write)
            .by(api, replay),
    ]
}

/// What is counted over all shops is the operator's business alone.
fn for_the_operator<Q, B>(ask: &Ask<Q, B>) -> Result<(), Problem> {
    match ask.caller.holder {
        Holder::Operator => Ok(()),
        Holder::Seller(_) => Err(gate::for_the_operator()),
    }
}

/// The shop that is asked about: a seller's key asks about its own, and about no other. What an operator looks at is
/// noted.
async fn narrowed<Q, B>(api: &Api, ask: &Ask<Q, B>, asked: Option<SellerId>) -> Result<Option<SellerId>, Problem> {
    let seller = ask.caller.narrowed(asked).map_err(gate::not_your_shop)?;
    gate::note_use(api, &ask.caller, seller, &ask.parts).await?;
    Ok(seller)
}

async fn overview(api: Arc<Api>, ask: Ask) -> Result<Json<OverviewOut>, Problem> {
    for_the_operator(&ask)?;
    let reads = api.store.reads();
    let equation = ledger::equation(reads).await.map_err(gate::failed)?;
    let counts = ledger::by_reason(reads).await.map_err(gate::failed)?;
    let unknown = unknown::summary(reads).await.map_err(gate::failed)?;
    Ok(Json(OverviewOut::new(equation, &counts, unknown)))
}

async fn parts(api: Arc<Api>, ask: Ask<PartsQuery>) -> Result<Json<Page<PartOut>>, Problem> {
    let PartsQuery { by, span, after, limit } = &ask.query;
    let seller = ask.caller.narrowed(span.seller).map_err(gate::not_your_shop)?;
    let (by, span, limit) = (*by, Span { seller, ..span.clone() }, *limit);
    let groups = ledger::groups(api.store.reads(), (by, &span), after.as_deref(), limit).await.map_err(gate::failed)?;
    let data = groups.parts.into_iter().map(|(group, equation)| PartOut::of(by, group, equation)).collect();
    Ok(Json(Page { data, next: groups.next }))
}

async fn reasons(api: Arc<Api>, ask: Ask) -> Result<Json<Page<ReasonOut>>, Problem> {
    for_the_operator(&ask)?;
    let counts = ledger::by_reason(api.store.reads()).await.map_err(gate::failed)?;
    let count = |code: &str| counts.iter().find(|(known, _)| known == code).map_or(0, |(_, count)| *count);
    let known = Reason::ALL.map(|reason| ReasonOut::of(reason.code(), count(reason.code())));
    // What a newer version put there before somebody went back to this one.
    let others = counts.iter().filter(|(code, _)| Reason::coded(code).is_none());
    let others = others.map(|(code, count)| ReasonOut::of(code, *count));
    Ok(Json(Page { data: known.into_iter().chain(others).collect(), next: None }))
}

async fn accounts(api: Arc<Api>, ask: Ask<AccountsQuery>) -> Result<Json<Page<AccountOut>>, Problem> {
    for_the_operator(&ask)?;
    let AccountsQuery { after, limit } = ask.query;
    let found = unknown::accounts(api.store.reads(), &after, limit as u64).await.map_err(gate::failed)?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.account.as_str().to_owned());
    Ok(Json(Page { data: found.into_iter().map(AccountOut::from).collect(), next }))
}

async fn search(api: Arc<Api>, ask: Ask<EventsQuery>) -> Result<Json<Page<EventOut>>, Problem> {
    let seller = narrowed(&api, &ask, ask.query.selection.seller).await?;
    let EventsQuery { state, selection, order, after, limit } = ask.query;
    let asked = (state, Selection { seller, ..selection });
    let found = ledger::events(api.store.reads(), asked, (order, after), limit).await.map_err(gate::failed)?;
    let next = found.next.map(|next| next.to_string());
    Ok(Json(Page { data: found.events.into_iter().map(EventOut::from).collect(), next }))
}

async fn show(api: Arc<Api>, ask: Ask<RawQuery>) -> Result<Json<WholeEventOut>, Problem> {
    let found = own_event(&api, &ask).await?;
    narrowed(&api, &ask, found.event.seller).await?;
    Ok(Json(WholeEventOut::of(found, ask.query.is_whole)))
}

/// The event of the path. To a seller, what is not of its shop is not there.
async fn own_event<Q, B>(api: &Api, ask: &Ask<Q, B>) -> Result<Whole, Problem> {
    let seq = EventSeq(ask.id("event")?);
    let found = ledger::event(api.store.reads(), seq).await.map_err(gate::failed)?;
    let is_theirs = |found: &Whole| match ask.caller.holder.only() {
        Some(own) => found.event.seller == Some(own),
        None => true,
    };
    found.filter(is_theirs).ok_or_else(|| refused(&Refusal::NotThere(seq)))
}

/// Notes and does it, unless the same request did it before. Whatever was put back is not in the ledger any more, so that
/// it does no harm where two who ask at once both do it.
async fn once<T, Q, B>(
    api: &Api,
    ask: &Ask<Q, B>,
    (seller, detail): (Option<SellerId>, Value),
    work: impl AsyncFnOnce() -> Result<T, Problem>,
) -> Result<T, Problem>
where
    T: Serialize + DeserializeOwned,
{
    let noted = async || {
        api.office.note(&ask.caller, (seller, "ledger.replayed"), detail, api.clock.now()).await?;
        work().await
    };
    Ok(api.office.once_at_least(&ask.request(api)?, noted).await?.value)
}

/// An event that was put back to work.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Replayed {
    /// Always 1.
    replayed: u64,
    event: EventSeq,
    /// Who takes it up.
    seller: SellerId,
}

async fn one_back(api: Arc<Api>, ask: Ask) -> Result<Json<Replayed>, Problem> {
    let known = own_event(&api, &ask).await?.event;
    let done = once(&api, &ask, (known.seller, json!({ "event": known.seq })), async || {
        let seller = api.ledger.replay_one(known.seq).await.map_err(not_replayed)?;
        Ok(Replayed { replayed: 1, event: known.seq, seller })
    });
    Ok(Json(done.await?))
}

async fn replay(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<ReplayIn>>) -> Result<Json<TallyOut>, Problem> {
    let dry_run = ask.body.0.dry_run;
    let checked = ask.body.0.clone().checked();
    let (selection, after) = checked.map_err(|detail| invalid("invalid_replay", "This cannot be replayed", detail))?;
    let seller = ask.caller.narrowed(selection.seller).map_err(gate::not_your_shop)?;
    let selection = Selection { seller, ..selection };
    if dry_run {
        let tally = api.ledger.preview(&selection).await.map_err(not_replayed)?;
        return Ok(Json(TallyOut::of(&tally, None, true)));
    }
    let done = once(&api, &ask, (seller, json!(ask.body.0)), async || {
        let done = api.ledger.replay(&selection, after, REPLAYED_AT_ONCE).await.map_err(not_replayed)?;
        Ok(TallyOut::of(&done.tally, done.next, false))
    });
    Ok(Json(done.await?))
}

fn not_replayed(error: NotReplayed) -> Problem {
    match error {
        NotReplayed::Refused(refusal) => refused(&refusal),
        NotReplayed::Unavailable(_) => gate::failed(error),
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let (status, title) = match refusal {
        Refusal::NotThere(_) => return Problem::not_found().detail(refusal.to_string()),
        Refusal::AlreadyHandled(_) | Refusal::AlreadyPending(_) => {
            (StatusCode::CONFLICT, "The event is not in the ledger")
        }
        Refusal::UnknownAccount(_) | Refusal::NoAccount | Refusal::NotFromMeta => {
            (StatusCode::UNPROCESSABLE_ENTITY, "The event cannot be put back to work")
        }
    };
    Problem::new(status, refusal.code(), title).detail(refusal.to_string())
}
