//! The journal: makes arrivals durable. It stores the events of all requests that wait in one commit, wakes the sellers
//! concerned, and answers once the commit is flushed; meanwhile the next one is made. It does not know what an event means.

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
use crate::failpoint;
use crate::post::{AlarmsMsg, JournalMsg, Request};
use crate::status::NotStored;
use crate::store::StoreError;
use crate::store::inbox::{self, Routed, Terms};
use crate::store::pen::Committed;
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
    /// Commits that are not flushed yet.
    unflushed: usize,
}

/// One commit is flushed while the next is made. A third would find the disk busy, and be the smaller for not waiting.
const UNFLUSHED: usize = 2;

impl Actor for JournalActor {
    type Msg = JournalMsg;
    type State = JournalState;
    type Arguments = Arc<World>;

    async fn pre_start(&self, me: ActorRef<JournalMsg>, world: Arc<World>) -> Result<JournalState, ActorProcessingErr> {
        world.posts.journal.take(me);
        Ok(JournalState { world, waiting: VecDeque::new(), commit_is_due: false, unflushed: 0 })
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
            JournalMsg::Commit => Box::pin(state.commit(&me)).await,
            JournalMsg::Flushed => state.unflushed -= 1,
        }
        Box::pin(state.commit_later(&me)).await;
        Ok(())
    }

    /// What waited for a flush when it was told to end.
    async fn post_stop(&self, me: ActorRef<JournalMsg>, state: &mut JournalState) -> Result<(), ActorProcessingErr> {
        while !state.waiting.is_empty() {
            Box::pin(state.commit(&me)).await;
        }
        Ok(())
    }
}

impl JournalState {
    /// Puts one commit behind the messages that wait, so that it takes all of their requests along.
    async fn commit_later(&mut self, me: &ActorRef<JournalMsg>) {
        if self.waiting.is_empty() || self.commit_is_due || self.unflushed >= UNFLUSHED {
            return;
        }
        self.commit_is_due = me.cast(JournalMsg::Commit).is_ok();
        // A journal that is told to end takes no more messages, its own included: it commits on the spot.
        while !self.commit_is_due && !self.waiting.is_empty() {
            self.commit(me).await;
        }
    }

    async fn commit(&mut self, me: &ActorRef<JournalMsg>) {
        self.commit_is_due = false;
        let requests = next_batch(&mut self.waiting, self.world.settings.append_events);
        if requests.is_empty() {
            return;
        }
        // As it is known now: of several that tell of it, the last to be stored need not be the last that learned.
        let app_hold = requests.iter().any(|request| request.tells_of_app).then(|| self.world.app_hold.known());
        let app_hold = app_hold.flatten();
        let (events, replies) = self.route(requests);
        let events: Arc<[Routed]> = events.into();
        match self.store(&events, app_hold.as_ref()).await {
            Ok(committed) => self.answer_once_flushed(me, committed, replies),
            Err(Trouble::Store(StoreError::Data(_))) if replies.len() > 1 => {
                self.commit_one_by_one(me, (&events, replies), app_hold.as_ref()).await
            }
            Err(error) => refuse(replies, &error),
        }
    }

    /// One bad request fails alone.
    async fn commit_one_by_one(
        &mut self,
        me: &ActorRef<JournalMsg>,
        (events, replies): (&[Routed], Vec<Reply>),
        app_hold: Option<&Hold>,
    ) {
        for (range, reply) in replies {
            match self.store(&events[range.clone()].into(), app_hold).await {
                Ok(committed) => self.answer_once_flushed(me, committed, vec![(range, reply)]),
                Err(error) => refuse(vec![(range, reply)], &error),
            }
        }
    }

    /// Sellers need not wait for the flush: whatever they store comes after it in the log.
    async fn store(&self, events: &Arc<[Routed]>, app_hold: Option<&Hold>) -> Result<Committed, Trouble> {
        let World { store, clock, settings, .. } = &*self.world;
        let (pen, theirs, now) = (store.pen().clone(), Arc::clone(events), clock.now());
        let (room, app_hold) = (settings.room, app_hold.cloned());
        let append = async move {
            inbox::append_unflushed(&pen, &theirs, Terms { room, app_hold: app_hold.as_ref() }, now).await
        };
        let (appended, committed) = within(settings.store_timeout, store.pen().dictate(append)).await?;
        for (seq, event) in &appended.stored {
            let kind = &events[*event].arrival.kind;
            info!(event.id = seq.0, kind, "event {seq} stored");
        }
        if appended.duplicate > 0 {
            info!(events = appended.duplicate, "{} events were known already", appended.duplicate);
        }
        for account in &appended.full {
            warn!(
                %account,
                "the ledger has no room for more that is nobody's: what comes for {account} from now on is counted and \
                 not kept, until the account is connected"
            );
        }
        self.world.wake(appended.wake);
        Ok(committed)
    }

    fn answer_once_flushed(&mut self, me: &ActorRef<JournalMsg>, committed: Committed, replies: Vec<Reply>) {
        self.unflushed += 1;
        let (limit, ending) = (self.world.settings.store_timeout, Ending(me.clone()));
        tokio::spawn(async move {
            let _ending = ending;
            match within(limit, failpoint::around("journal.flush", committed.flush())).await {
                Ok(()) => accept(replies),
                Err(error) => refuse(replies, &error),
            }
        });
    }

    fn route(&self, requests: Vec<Request>) -> (Vec<Routed>, Vec<Reply>) {
        let (mut events, mut replies) = (Vec::new(), Vec::new());
        for request in requests {
            let first = events.len();
            events.extend(request.arrivals.into_iter().map(|arrival| self.routed(arrival)));
            replies.push((first..events.len(), request.reply));
        }
        (events, replies)
    }

    /// The account is stored by its one true name, or what came by two ways would have two keys and happen twice.
    fn routed(&self, mut arrival: Arrival) -> Routed {
        let place = self.world.whose(&arrival);
        let seller = place.as_ref().map(|place| place.seller);
        if let Some(place) = place {
            arrival.account = place.account;
        }
        self.world.erased.empty(&mut arrival, seller, self.world.now());
        Routed { arrival, seller }
    }
}

/// Tells the journal of the end of a flush, whichever way it ends.
struct Ending(ActorRef<JournalMsg>);

impl Drop for Ending {
    fn drop(&mut self) {
        // A journal that is gone counts no more.
        let _ = self.0.cast(JournalMsg::Flushed);
    }
}

/// Which events of a batch are a request's, and where its answer goes.
type Reply = (Range<usize>, oneshot::Sender<Result<(), NotStored>>);

/// A request with at most so many events is a small one.
const SMALL: usize = 10;

/// Requests of one commit: the first of those that wait, and as many more as have room. Small ones need none, so that a
/// flood in front of them holds them up for one commit and not for all of its own. Those whose sender has gone are left
/// out: whoever sent them sends them again.
fn next_batch(waiting: &mut VecDeque<Request>, most: usize) -> Vec<Request> {
    let (mut batch, mut events, mut small, mut left) = (Vec::new(), 0, 0, VecDeque::new());
    for request in waiting.drain(..).filter(|request| !request.reply.is_closed()) {
        let more = request.arrivals.len();
        if batch.is_empty() || (left.is_empty() && events + more <= most) {
            events += more;
            batch.push(request);
        } else if more <= SMALL && small + more <= most {
            small += more;
            batch.push(request);
        } else {
            left.push_back(request);
        }
    }
    *waiting = left;
    batch
}

fn accept(replies: Vec<Reply>) {
    for (_, reply) in replies {
        let _ = reply.send(Ok(()));
    }
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
