//! The ledger over HTTP: the equation, whole and in parts, the events behind it, and putting ledgered ones back to work.

mod query;
mod views;

use std::sync::Arc;

use actors::domain::ids::EventSeq;
use actors::domain::outcome::Reason;
use actors::ledger::{NotReplayed, Refusal};
use actors::store::{ledger, unknown};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Api;
use super::call::{self, Call, answer};
use crate::web::problem::Problem;
use crate::web::route::Route;
use query::{EventsQuery, PartsQuery, ReplayIn, invalid};

/// Events of one request to replay, about: whoever wants more goes on where it stopped.
const REPLAYED_AT_ONCE: u64 = 5_000;

/// Every route of the ledger.
pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (get, post) = (Method::GET, Method::POST);
    let at = "/api/v1/ledger";
    let events = "/api/v1/ledger/events";
    let one = "/api/v1/ledger/events/{event}";
    vec![
        answer(api, get.clone(), at, "Shows that nothing is lost: received against what became of it", overview),
        answer(api, get.clone(), "/api/v1/ledger/equation", "Splits that by account, seller, hour or day", parts),
        answer(api, get.clone(), "/api/v1/ledger/reasons", "Lists why events are in the ledger, and how many", reasons),
        answer(api, get.clone(), "/api/v1/ledger/accounts", "Lists accounts that nobody has connected", accounts),
        answer(api, get.clone(), events, "Searches events, with what became of each", search),
        answer(api, get, one, "Shows one event with the bytes it came in", show),
        answer(
            api,
            post.clone(),
            "/api/v1/ledger/events/{event}/replay",
            "Puts one ledgered event back to work",
            one_back,
        ),
        answer(api, post, "/api/v1/ledger/replay", "Puts ledgered events back to work, or says which it would", replay),
    ]
}

async fn overview(api: Arc<Api>, _call: Call) -> Result<Value, Problem> {
    let reads = api.store.reads();
    let equation = ledger::equation(reads).await.map_err(call::failed)?;
    let counts = ledger::by_reason(reads).await.map_err(call::failed)?;
    let unknown = unknown::summary(reads).await.map_err(call::failed)?;
    let ledgered: Vec<Value> = counts.iter().map(|(code, count)| views::reason(code, *count)).collect();
    Ok(json!({
        "equation": equation,
        "holds": equation.holds(),
        "ledgered": ledgered,
        "unknown_accounts": { "accounts": unknown.accounts, "kept": unknown.kept, "not_kept": unknown.not_kept },
    }))
}

async fn parts(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let PartsQuery { by, span, after, limit } = PartsQuery::read(call.query()).map_err(invalid)?;
    let groups = ledger::groups(api.store.reads(), (by, &span), after.as_deref(), limit).await.map_err(call::failed)?;
    Ok(views::parts(by, &groups))
}

async fn reasons(api: Arc<Api>, _call: Call) -> Result<Value, Problem> {
    let counts = ledger::by_reason(api.store.reads()).await.map_err(call::failed)?;
    let count = |code: &str| counts.iter().find(|(known, _)| known == code).map_or(0, |(_, count)| *count);
    let known = Reason::ALL.map(|reason| views::reason(reason.code(), count(reason.code())));
    // What a newer version put there before somebody went back to this one.
    let others = counts.iter().filter(|(code, _)| Reason::coded(code).is_none());
    let others = others.map(|(code, count)| views::reason(code, *count));
    Ok(json!({ "data": known.into_iter().chain(others).collect::<Vec<_>>() }))
}

async fn accounts(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (after, limit) = query::account_page(call.query()).map_err(invalid)?;
    let found = unknown::accounts(api.store.reads(), &after, limit as u64).await.map_err(call::failed)?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.account.clone());
    Ok(json!({ "data": found.iter().map(views::account).collect::<Vec<_>>(), "next": next }))
}

async fn search(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let EventsQuery { state, selection, order, after, limit } = EventsQuery::read(call.query()).map_err(invalid)?;
    let asked = (state, selection);
    let found = ledger::events(api.store.reads(), asked, (order, after), limit).await.map_err(call::failed)?;
    Ok(json!({ "data": found.events.iter().map(views::event).collect::<Vec<_>>(), "next": found.next }))
}

async fn show(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let seq = EventSeq(call.id("event")?);
    let all_of_it = query::whole_raw(call.query()).map_err(invalid)?;
    let found = ledger::event(api.store.reads(), seq).await.map_err(call::failed)?;
    let found = found.ok_or_else(|| refused(&Refusal::NotThere(seq)))?;
    Ok(views::whole(&found, all_of_it))
}

async fn one_back(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let seq = EventSeq(call.id("event")?);
    let seller = api.ledger.replay_one(seq).await.map_err(not_replayed)?;
    Ok(json!({ "replayed": 1, "event": seq, "seller": seller }))
}

async fn replay(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let asked = call.json::<ReplayIn>()?;
    let dry_run = asked.dry_run;
    let (selection, after) = asked.checked().map_err(|detail| {
        let title = "This cannot be replayed";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_replay", title).detail(detail)
    })?;
    if dry_run {
        let tally = api.ledger.preview(&selection).await.map_err(not_replayed)?;
        return Ok(views::tally(&tally, None, true));
    }
    let done = api.ledger.replay(&selection, after, REPLAYED_AT_ONCE).await.map_err(not_replayed)?;
    Ok(views::tally(&done.tally, done.next, false))
}

fn not_replayed(error: NotReplayed) -> Problem {
    match error {
        NotReplayed::Refused(refusal) => refused(&refusal),
        NotReplayed::Unavailable(_) => call::failed(error),
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
