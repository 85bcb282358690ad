//! One call to Meta, from the wire to the inbox.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, error, info, info_span, warn};

use crate::calls::CallId;
use crate::domain::channel::Account;
use crate::domain::event::{Arrival, CallEnded, CallResult, Source};
use crate::journal::Journal;
use crate::ports::GraphCall;
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
        let result = result_of(&world, &call).await;
        info!("call {outbox} of seller {seller} ended as {}", word(&result));
        report(&world, id, result).await;
    }
    .instrument(span)
    .await;
    world.calls.over(&id);
    world.posts.courier.tell(CourierMsg::CallsWaiting);
}

async fn result_of(world: &World, call: &GraphCall) -> CallResult {
    let unknown = |error: &str| CallResult::Unknown { error: error.to_owned() };
    // The future is made inside, so that a client that panics before its first await is caught as well.
    let made = AssertUnwindSafe(async { world.graph.call(call).await }).catch_unwind();
    match timeout(world.settings.call_timeout, made).await {
        Ok(Ok(result)) => result,
        Ok(Err(_panic)) => {
            error!("the client panicked in a call");
            unknown("the client fell in the midst of the call")
        }
        Err(_elapsed) => unknown("no answer in time"),
    }
}

/// Stores the result, however long it takes: without it the seller would never know.
async fn report(world: &Arc<World>, id: CallId, result: CallResult) {
    let arrival = arrival(world, id, result);
    let (journal, mut wait) = (Journal::new(world.clone()), FIRST_WAIT);
    while let Err(why) = journal.append_ours(arrival.clone()).await {
        log_retry(why, wait);
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    // What failed may have been only the answer: then the inbox had the result already, and woke nobody for it.
    world.wake(vec![id.seller]);
}

fn log_retry(why: NotStored, wait: Duration) {
    let why: &dyn Error = &why;
    warn!(error = why, "could not store the result of a call, next try in {wait:?}");
}

fn arrival(world: &World, id: CallId, result: CallResult) -> Arrival {
    let ended = CallEnded { outbox: id.outbox, attempt: id.attempt, result };
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
        CallResult::Unknown { .. } => "unknown",
        CallResult::Again { .. } => "again",
        CallResult::Refused { .. } => "refused",
    }
}
