//! One call to Meta, from the wire to the inbox.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, error, info, info_span, warn};

use crate::calls::CallId;
use crate::domain::budget::hold::{Limit, LimitsTold, Reach};
use crate::domain::channel::Account;
use crate::domain::event::{Arrival, CallEnded, CallResult, Source};
use crate::domain::ids::SellerId;
use crate::journal::Journal;
use crate::ports::{Answered, CALL_DEADLINE, GraphCall};
use crate::post::CourierMsg;
use crate::status::NotStored;
use crate::world::World;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Makes the call, stores what came of it, and only then lets go of it: whoever finds it neither here nor among the
/// pending results knows that it was never handed over.
pub(super) async fn make(world: Arc<World>, id: CallId, call: GraphCall) {
    let CallId { seller, outbox, attempt } = id;
    let span = info_span!("call", seller.id = seller.0, call.id = outbox.0, attempt);
    async {
        let began = world.clock.now();
        let Answered { result, limits } = match held(&world, began) {
            Some(held) => held,
            None => answer_to(&world, &call).await,
        };
        info!("call {outbox} of seller {seller} ended as {}", word(&result));
        let told = LimitsTold { connection: Some(call.connection), began: Some(began), limits };
        let tells_of_app = world.app_hold.learn(&told, result.is_done(), world.clock.now());
        report(&world, seller, arrival(&world, id, result, told), tells_of_app).await;
    }
    .instrument(span)
    .await;
    world.calls.over(&id);
    world.posts.courier.tell(CourierMsg::CallsWaiting);
}

/// A call that was claimed before Meta held the whole app and comes to the wire only now is not made: it would
/// lengthen the pause. None when it may be made.
fn held(world: &World, now: DateTime<Utc>) -> Option<Answered> {
    let hold = world.app_hold.at(now).filter(|hold| hold.stands(now))?;
    let left = u64::try_from((hold.until - now).num_milliseconds()).unwrap_or(0);
    let result = CallResult::Again { error: "Meta holds the whole app".to_owned(), after_ms: Some(left) };
    let limit = Limit { reach: Reach::App, why: hold.why, after_ms: Some(left), first_ms: left, is_gentle: false };
    Some(Answered { result, limits: vec![limit] })
}

async fn answer_to(world: &World, call: &GraphCall) -> Answered {
    let unknown = |error: &str| CallResult::Unknown { error: error.to_owned() }.into();
    let limit = world.settings.call_timeout + call.request.deadline().saturating_sub(CALL_DEADLINE);
    // The future is made inside, so that a client that panics before its first await is caught as well.
    let made = AssertUnwindSafe(async { world.graph.answer(call).await }).catch_unwind();
    match timeout(limit, made).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(_panic)) => {
            error!("the client panicked in a call");
            unknown("the client fell in the midst of the call")
        }
        Err(_elapsed) => unknown("no answer in time"),
    }
}

/// Stores the result, however long it takes: without it the seller would never know.
async fn report(world: &Arc<World>, seller: SellerId, arrival: Arrival, tells_of_app: bool) {
    let (journal, mut wait) = (Journal::new(world.clone()), FIRST_WAIT);
    while let Err(why) = journal.append_result(arrival.clone(), tells_of_app).await {
        log_retry(why, wait);
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    // What failed may have been only the answer: then the inbox had the result already, and woke nobody for it.
    world.wake(vec![seller]);
}

fn log_retry(why: NotStored, wait: Duration) {
    let why: &dyn Error = &why;
    warn!(error = why, "could not store the result of a call, next try in {wait:?}");
}

fn arrival(world: &World, id: CallId, result: CallResult, told: LimitsTold) -> Arrival {
    let ended = CallEnded { outbox: id.outbox, attempt: id.attempt, result, told };
    let raw = serde_json::to_vec(&ended).expect("strings and numbers are always JSON");
    Arrival {
        account: Account::of_seller(id.seller),
        key: id.key(),
        source: Source::Result,
        kind: "call_ended".to_owned(),
        customer: None,
        happened_at: world.clock.now(),
        raw,
        ledgered: None,
    }
}

fn word(result: &CallResult) -> &'static str {
    match result {
        CallResult::Accepted { .. } => "accepted",
        CallResult::Looked { .. } => "looked",
        CallResult::Catalog { .. } => "answered",
        CallResult::Unknown { .. } => "unknown",
        CallResult::Again { .. } => "again",
        CallResult::Refused { .. } => "refused",
        CallResult::TokenRefused { .. } => "refused for its token",
    }
}
