//! Where the actors' messages go: what each of the six below the root can be told, and the actors that are there now.
//! A restarted actor is a new actor, so whoever sends asks here every time.

use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, Utc};
use ractor::{ActorRef, Message, RpcReplyPort};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::domain::event::Arrival;
use crate::domain::ids::{EndpointId, SellerId};
use crate::status::{About, Inspection, NotStored, SellerStatus};
use crate::store::deliveries::Lane;

/// What the journal can be told.
pub(crate) enum JournalMsg {
    /// Store these.
    Append(Request),
    /// Commit what waits.
    Commit,
    /// A commit was flushed, or could not be.
    Flushed,
}

/// Arrivals that somebody waits for to be on disk.
pub(crate) struct Request {
    pub(crate) arrivals: Vec<Arrival>,
    /// True when one of them told something of the whole app, to be stored with it.
    pub(crate) tells_of_app: bool,
    pub(crate) reply: oneshot::Sender<Result<(), NotStored>>,
    /// Given back with the request, whatever becomes of it, so that no fall leaks one.
    pub(crate) _permit: Option<OwnedSemaphorePermit>,
}

/// What the alarms can be told.
pub(crate) enum AlarmsMsg {
    /// An alarm was set that may be earlier than those known.
    Earlier(DateTime<Utc>),
    /// Wake-ups may have been lost: look for everybody with work.
    Sweep,
    /// It is time to look.
    Look,
}

/// What the clerk can be told.
pub(crate) enum ClerkMsg {
    /// An account may have been connected.
    Look,
    /// Take the next step of the round.
    GoOn,
}

/// What the herald can be told.
pub(crate) enum HeraldMsg {
    /// Something happened in this shop. May be lost or doubled.
    News(SellerId),
    /// Endpoints may be others, there may be deliveries to make, or it is time to look.
    Look,
    /// Something can be told then that cannot be now.
    Due(DateTime<Utc>),
    /// There is nothing more to be told there, for now.
    Over(EndpointId, Lane),
}

/// What the courier can be told.
pub(crate) enum CourierMsg {
    /// Calls were handed over, or one ended.
    CallsWaiting,
}

/// What the supervisor can be told.
pub(crate) enum SupervisorMsg {
    /// These sellers have something to do.
    Wake(Vec<SellerId>),
    /// A fallen seller has waited long enough.
    StartAgain(SellerId),
    /// A command about a seller's actor; answered with where it stands then.
    About(SellerId, About, RpcReplyPort<SellerStatus>),
    /// A look into a seller's memory; none when it is not loaded.
    Inspect(SellerId, RpcReplyPort<Option<Inspection>>),
    /// The process ends: unload every seller, answered when the last one is gone or the time is over.
    UnloadAll(std::time::Duration, RpcReplyPort<()>),
}

/// The actors that are there now.
#[derive(Default)]
pub(crate) struct Posts {
    pub(crate) journal: Post<JournalMsg>,
    pub(crate) alarms: Post<AlarmsMsg>,
    pub(crate) clerk: Post<ClerkMsg>,
    pub(crate) courier: Post<CourierMsg>,
    pub(crate) herald: Post<HeraldMsg>,
    pub(crate) supervisor: Post<SupervisorMsg>,
}

/// One place in the tree, and who holds it.
pub(crate) struct Post<M>(RwLock<Option<ActorRef<M>>>);

impl<M> Default for Post<M> {
    fn default() -> Self {
        Self(RwLock::new(None))
    }
}

impl<M: Message> Post<M> {
    /// From now on it is this one.
    pub(crate) fn take(&self, actor: ActorRef<M>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(actor);
    }

    /// Who is there.
    pub(crate) fn holder(&self) -> Option<ActorRef<M>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells whoever is there; false when nobody is, or it is on its way out.
    pub(crate) fn tell(&self, message: M) -> bool {
        self.holder().is_some_and(|actor| actor.cast(message).is_ok())
    }
}
