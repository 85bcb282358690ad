//! The journal: makes arrivals durable. It stores the events of all requests that wait in one commit, answers them,
//! then wakes the sellers concerned. It does not know what an event means.

use std::collections::VecDeque;
use std::error::Error;
use std::ops::Range;
use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::domain::budget::hold::Hold;
use crate::domain::event::Arrival;
use crate::post::{AlarmsMsg, JournalMsg, Request};
use crate::status::NotStored;
use crate::store::StoreError;
use crate::store::inbox::{self, Appended, Routed};
use crate::trouble::{Trouble, within};
use crate::world::World;

/// The way into the inbox.
#[derive(Clone)]
pub struct Journal {
    world: Arc<World>,
}

impl Journal {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Stores arrivals: `Ok` means on disk. Refuses at once when too many requests wait, and never waits for ever.
    pub async fn append(&self, arrivals: Vec<Arrival>) -> Result<(), NotStored> {
        let permit = self.world.append_permits.clone().try_acquire_owned().map_err(|_| NotStored::Busy)?;
        self.request(arrivals, false, Some(permit)).await
    }

    /// Stores what we say ourselves. Whoever does bounds how much of it waits, so no flood of arrivals shuts it out.
    pub(crate) async fn append_ours(&self, arrival: Arrival) -> Result<(), NotStored> {
        self.request(vec![arrival], false, None).await
    }

    /// Stores the result of a call, and with it what it told of the whole app, if it did.
    pub(crate) async fn append_result(&self, arrival: Arrival, tells_of_app: bool) -> Result<(), NotStored> {
        self.request(vec![arrival], tells_of_app, None).await
    }

    async fn request(
        &self,
        arrivals: Vec<Arrival>,
        tells_of_app: bool,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<(), NotStored> {
        let (reply, answer) = oneshot::channel();
        if !self.world.posts.journal.tell(JournalMsg::Append(Request {
            arrivals,
            tells_of_app,
            reply,
            _permit: permit,
        })) {
            return Err(NotStored::Down);
        }
        match timeout(self.world.settings.append_timeout, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_dropped)) => Err(NotStored::Down),
            Err(_elapsed) => Err(NotStored::Late),
        }
    }
}

/// The actor behind [`Journal`].
pub(crate) struct JournalActor;

/// Requests that wait for the next commit.
pub(crate) struct JournalState {
    world: Arc<World>,
    waiting: VecDeque<Request>,
    commit_is_due: bool,
}

impl Actor for JournalActor {
    type Msg = JournalMsg;
    type State = JournalState;
    type Arguments = Arc<World>;

    async fn pre_start(&self, me: ActorRef<JournalMsg>, world: Arc<World>) -> Result<JournalState, ActorProcessingErr> {
        world.posts.journal.take(me);
        Ok(JournalState { world, waiting: VecDeque::new(), commit_is_due: false })
    }

    async fn post_start(&self, _me: ActorRef<JournalMsg>, state: &mut JournalState) -> Result<(), ActorProcessingErr> {
        // A journal that fell between its commit and its wake-ups has left sellers asleep.
        state.world.posts.alarms.tell(AlarmsMsg::Sweep);
        Ok(())
    }

    async fn handle(
        &self,
        me: ActorRef<JournalMsg>,
        message: JournalMsg,
        state: &mut JournalState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            JournalMsg::Append(request) => state.waiting.push_back(request),
            JournalMsg::Commit => Box::pin(state.commit()).await,
        }
        Box::pin(state.commit_later(&me)).await;
        Ok(())
    }
}

impl JournalState {
    /// Puts one commit behind the messages that wait, so that it takes all of their requests along.
    async fn commit_later(&mut self, me: &ActorRef<JournalMsg>) {
        if self.waiting.is_empty() || self.commit_is_due {
            return;
        }
        self.commit_is_due = me.cast(JournalMsg::Commit).is_ok();
        // A journal that is told to end takes no more messages, its own included: it commits on the spot.
        while !self.commit_is_due && !self.waiting.is_empty() {
            self.commit().await;
        }
    }

    async fn commit(&mut self) {
        self.commit_is_due = false;
        let requests = next_batch(&mut self.waiting, self.world.settings.append_events);
        if requests.is_empty() {
            return;
        }
        // As it is known now: of several that tell of it, the last to be stored need not be the last that learned.
        let app_hold = requests.iter().any(|request| request.tells_of_app).then(|| self.world.app_hold.known());
        let app_hold = app_hold.flatten();
        let (events, replies) = self.route(requests);
        match self.store(&events, app_hold.as_ref()).await {
            Ok(appended) => {
                for (_, reply) in replies {
                    let _ = reply.send(Ok(()));
                }
                self.world.wake(appended.wake);
            }
            Err(Trouble::Store(StoreError::Data(_))) if replies.len() > 1 => {
                self.commit_one_by_one(&events, replies, app_hold.as_ref()).await
            }
            Err(error) => refuse(replies, &error),
        }
    }

    /// One bad request fails alone.
    async fn commit_one_by_one(&self, events: &[Routed], replies: Vec<Reply>, app_hold: Option<&Hold>) {
        for (range, reply) in replies {
            match self.store(&events[range.clone()], app_hold).await {
                Ok(appended) => {
                    let _ = reply.send(Ok(()));
                    self.world.wake(appended.wake);
                }
                Err(error) => refuse(vec![(range, reply)], &error),
            }
        }
    }

    async fn store(&self, events: &[Routed], app_hold: Option<&Hold>) -> Result<Appended, Trouble> {
        let World { store, clock, settings, .. } = &*self.world;
        let append = inbox::append_with(store.pen(), events, app_hold, clock.now());
        let appended = within(settings.store_timeout, append).await?;
        for (seq, kind) in &appended.stored {
            info!(event.id = seq.0, kind, "event {seq} stored");
        }
        if appended.duplicate > 0 {
            info!(events = appended.duplicate, "{} events were known already", appended.duplicate);
        }
        Ok(appended)
    }

    fn route(&self, requests: Vec<Request>) -> (Vec<Routed>, Vec<Reply>) {
        let (mut events, mut replies) = (Vec::new(), Vec::new());
        for request in requests {
            let first = events.len();
            let routed = |arrival| Routed { seller: self.world.whose(&arrival), arrival };
            events.extend(request.arrivals.into_iter().map(routed));
            replies.push((first..events.len(), request.reply));
        }
        (events, replies)
    }
}

/// Which events of a batch are a request's, and where its answer goes.
type Reply = (Range<usize>, oneshot::Sender<Result<(), NotStored>>);

/// Requests of one commit. Those whose sender has gone are left out: whoever sent them sends them again.
fn next_batch(waiting: &mut VecDeque<Request>, most: usize) -> Vec<Request> {
    let (mut batch, mut events) = (Vec::new(), 0);
    while let Some(request) = waiting.front() {
        let more = request.arrivals.len();
        if !batch.is_empty() && events + more > most {
            break;
        }
        let request = waiting.pop_front().filter(|request| !request.reply.is_closed());
        batch.extend(request.inspect(|_| events += more));
    }
    batch
}

fn refuse(replies: Vec<Reply>, error: &Trouble) {
    let requests = replies.len();
    warn!(error = error as &dyn Error, requests, "could not store the events of {requests} requests");
    let why = match error {
        Trouble::Store(StoreError::Data(_)) => NotStored::Refused,
        _ => NotStored::Unavailable,
    };
    for (_, reply) in replies {
        let _ = reply.send(Err(why));
    }
}

#[cfg(test)]
mod tests;
