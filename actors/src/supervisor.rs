//! The supervisor: one actor a seller. It starts them when there is something to do, again when they fall, and not any
//! more when they fall too often. Only it starts sellers, and only after the last one's end was told: never two at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tracing::{debug, error, info, warn};

use crate::domain::ids::SellerId;
use crate::post::{AlarmsMsg, SupervisorMsg};
use crate::seller::{Fall, Hand, Seat, SellerActor, SellerMsg};
use crate::status::{About, Fault, Inspection, SellerStatus, Slot, answer};
use crate::world::{TreeSettings, World};

/// The actor.
pub(crate) struct SupervisorActor;

/// Who is there, by seller and by actor.
pub(crate) struct SupervisorState {
    world: Arc<World>,
    sellers: HashMap<SellerId, Entry>,
    who: HashMap<ActorId, SellerId>,
}

struct Entry {
    at: At,
    /// Woken while on its way out: to be started once it is gone.
    again: bool,
    starts: u32,
    hand: Arc<Hand>,
}

enum At {
    Up { actor: ActorRef<SellerMsg>, woken: Arc<AtomicBool> },
    Backoff,
    Resting,
}

/// How a seller's actor ended.
enum End {
    /// It was unloaded.
    Unloaded,
    /// It has no seller.
    Nobody,
    /// It gave up without anybody's fault.
    GaveUp,
    /// Somebody ended it.
    Killed,
    /// It fell.
    Fell,
}

impl Actor for SupervisorActor {
    type Msg = SupervisorMsg;
    type State = SupervisorState;
    type Arguments = Arc<World>;

    async fn pre_start(
        &self,
        me: ActorRef<SupervisorMsg>,
        world: Arc<World>,
    ) -> Result<SupervisorState, ActorProcessingErr> {
        world.posts.supervisor.take(me);
        Ok(SupervisorState { world, sellers: HashMap::new(), who: HashMap::new() })
    }

    async fn post_start(
        &self,
        _me: ActorRef<SupervisorMsg>,
        state: &mut SupervisorState,
    ) -> Result<(), ActorProcessingErr> {
        // Whoever was up under a supervisor that fell is gone with it.
        state.world.posts.alarms.tell(AlarmsMsg::Sweep);
        Ok(())
    }

    async fn handle(
        &self,
        me: ActorRef<SupervisorMsg>,
        message: SupervisorMsg,
        state: &mut SupervisorState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SupervisorMsg::Wake(sellers) => state.wake_all(&me, sellers).await,
            SupervisorMsg::StartAgain(seller) => state.start_again(&me, seller).await,
            SupervisorMsg::About(seller, about, reply) => {
                state.act(&me, seller, about).await;
                answer(reply, state.status(seller));
            }
            SupervisorMsg::Inspect(seller, reply) => state.inspect(seller, reply),
            SupervisorMsg::UnloadAll(limit, reply) => {
                me.drain_children_and_wait(Some(limit)).await;
                answer(reply, ());
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<SupervisorMsg>,
        event: SupervisionEvent,
        state: &mut SupervisorState,
    ) -> Result<(), ActorProcessingErr> {
        use SupervisionEvent::{ActorFailed, ActorTerminated};
        let (ActorFailed(actor, _) | ActorTerminated(actor, ..)) = &event else { return Ok(()) };
        let Some(seller) = state.who.remove(&actor.get_id()) else { return Ok(()) };
        let end = match &event {
            ActorTerminated(_, _, Some(why)) if why == "Drained" => End::Unloaded,
            ActorFailed(_, error) => end_by(seller, error),
            _ => End::Killed,
        };
        state.gone(&me, seller, end).await;
        Ok(())
    }
}

/// Sorts what an actor ended with, and says so once. The words of a panic are left out: they may quote a customer.
fn end_by(seller: SellerId, error: &ActorProcessingErr) -> End {
    let Some(fall) = error.downcast_ref::<Fall>() else {
        error!(seller.id = seller.0, "the actor of seller {seller} panicked");
        return End::Fell;
    };
    let fault: &dyn std::error::Error = fall;
    match fall {
        Fall::NoSuchSeller(_) => {
            warn!(seller.id = seller.0, "there is no seller {seller}, so nobody takes up what waits for it");
            End::Nobody
        }
        Fall::OutOfDate(_) | Fall::Outage(_) => {
            warn!(seller.id = seller.0, error = fault, "the actor of seller {seller} gave up and will be loaded again");
            End::GaveUp
        }
        Fall::Broken(_) | Fall::Told => {
            error!(seller.id = seller.0, error = fault, "the actor of seller {seller} fell");
            End::Fell
        }
    }
}

impl SupervisorState {
    async fn wake_all(&mut self, me: &ActorRef<SupervisorMsg>, sellers: Vec<SellerId>) {
        for seller in sellers {
            self.wake(me, seller).await;
        }
    }

    async fn wake(&mut self, me: &ActorRef<SupervisorMsg>, seller: SellerId) {
        match self.sellers.get_mut(&seller) {
            Some(entry) => entry.wake(),
            None => self.start(me, seller, Entry::new()).await,
        }
    }

    async fn start_again(&mut self, me: &ActorRef<SupervisorMsg>, seller: SellerId) {
        // A timer may be older than what became of the seller since.
        if let Place::Occupied(place) = self.sellers.entry(seller)
            && matches!(place.get().at, At::Backoff)
        {
            let entry = place.remove();
            self.start(me, seller, entry).await;
        }
    }

    async fn start(&mut self, me: &ActorRef<SupervisorMsg>, seller: SellerId, mut entry: Entry) {
        if self.world.is_paused(seller) || self.world.is_stopping() {
            return;
        }
        let woken = Arc::new(AtomicBool::new(false));
        let seat = Seat { world: self.world.clone(), seller, woken: woken.clone(), hand: entry.hand.clone() };
        // Loading happens in the actor's own task; this only fails when the supervisor itself is on its way out.
        match SellerActor::spawn_linked(None, SellerActor, seat, me.get_cell()).await {
            Ok((actor, _task)) => {
                self.who.insert(actor.get_id(), seller);
                (entry.at, entry.again, entry.starts) = (At::Up { actor, woken }, false, entry.starts + 1);
                self.sellers.insert(seller, entry);
            }
            Err(_) => debug!("seller {seller} is not started: the supervisor ends"),
        }
    }

    async fn gone(&mut self, me: &ActorRef<SupervisorMsg>, seller: SellerId, end: End) {
        let Some(mut entry) = self.sellers.remove(&seller) else { return };
        entry.hand.show_in_flight(0);
        let wait = match end {
            End::Unloaded if entry.again => return self.start(me, seller, Entry::new()).await,
            End::Unloaded | End::Nobody => return,
            End::GaveUp => entry.hand.gave_up(),
            End::Killed => entry.hand.was_killed(),
            End::Fell => entry.hand.fell(),
        };
        entry.at = self.later(me, seller, wait, entry.hand.falls());
        self.sellers.insert(seller, entry);
    }

    /// Starts a fallen seller later, unless it falls whatever we do.
    fn later(&self, me: &ActorRef<SupervisorMsg>, seller: SellerId, times: u32, falls: u32) -> At {
        let settings = &self.world.settings;
        if falls > settings.max_falls {
            warn!(
                seller.id = seller.0,
                "seller {seller} fell {falls} times without getting anything done and rests: its events are stored and \
                 wait; mend the cause, then resume it or start the process anew"
            );
            return At::Resting;
        }
        let wait = backoff(settings, times, rand::random());
        info!(
            seller.id = seller.0,
            "seller {seller} ended (falls since it got anything done: {falls}), again in {wait:?}"
        );
        me.send_after(wait, move || SupervisorMsg::StartAgain(seller));
        At::Backoff
    }

    async fn act(&mut self, me: &ActorRef<SupervisorMsg>, seller: SellerId, about: About) {
        match about {
            About::Status => {}
            About::Pause => {
                self.world.set_paused(seller, true);
                self.unload(seller, false);
            }
            About::Resume => self.resume(me, seller).await,
            About::Unload => self.unload(seller, false),
            About::Reload => self.unload(seller, true),
            About::Kill => self.with_actor(seller, |actor| actor.kill()),
            About::Fault(fault) => self.fault(seller, fault),
        }
    }

    async fn resume(&mut self, me: &ActorRef<SupervisorMsg>, seller: SellerId) {
        self.world.set_paused(seller, false);
        match self.sellers.get_mut(&seller) {
            // It may still be on its way out because of the pause.
            Some(entry) if matches!(entry.at, At::Up { .. }) => entry.wake(),
            _ => {
                self.sellers.remove(&seller);
                self.start(me, seller, Entry::new()).await;
            }
        }
    }

    fn unload(&mut self, seller: SellerId, again: bool) {
        if let Some(entry) = self.sellers.get_mut(&seller) {
            entry.again |= again;
        }
        self.with_actor(seller, |actor| {
            let _ = actor.drain();
        });
    }

    fn fault(&self, seller: SellerId, fault: Fault) {
        self.with_actor(seller, |actor| {
            let _ = actor.cast(SellerMsg::Fault(fault));
        });
    }

    fn with_actor(&self, seller: SellerId, act: impl FnOnce(&ActorRef<SellerMsg>)) {
        if let Some(Entry { at: At::Up { actor, .. }, .. }) = self.sellers.get(&seller) {
            act(actor);
        }
    }

    fn inspect(&self, seller: SellerId, reply: RpcReplyPort<Option<Inspection>>) {
        match self.sellers.get(&seller) {
            Some(Entry { at: At::Up { actor, .. }, .. }) => {
                if let Err(ractor::MessagingErr::SendErr(SellerMsg::Inspect(reply))) =
                    actor.cast(SellerMsg::Inspect(reply))
                {
                    answer(reply, None);
                }
            }
            _ => answer(reply, None),
        }
    }

    fn status(&self, seller: SellerId) -> SellerStatus {
        let entry = self.sellers.get(&seller);
        SellerStatus {
            seller,
            slot: entry.map_or(Slot::NotLoaded, |entry| entry.at.slot()),
            paused: self.world.is_paused(seller),
            incarnation: entry.and_then(|entry| entry.hand.incarnation()),
            starts: entry.map_or(0, |entry| entry.starts),
            falls: entry.map_or(0, |entry| entry.hand.falls()),
            in_flight: entry.map_or(0, |entry| entry.hand.in_flight()),
            waiting: entry.map_or(0, |entry| entry.hand.waiting()),
            calls_paused_until: entry.and_then(|entry| entry.hand.paused_until()),
            in_hand: entry.and_then(|entry| entry.hand.in_hand()),
        }
    }
}

impl Entry {
    fn new() -> Self {
        Self { at: At::Backoff, again: false, starts: 0, hand: Arc::default() }
    }

    /// At most one wake-up is on its way to a seller. Those that wait or rest need none: they look when they start.
    fn wake(&mut self) {
        if let At::Up { actor, woken } = &self.at
            && !woken.swap(true, Ordering::SeqCst)
            && actor.cast(SellerMsg::EventsWaiting).is_err()
        {
            self.again = true;
        }
    }
}

impl At {
    fn slot(&self) -> Slot {
        match self {
            At::Up { .. } => Slot::Up,
            At::Backoff => Slot::Backoff,
            At::Resting => Slot::Resting,
        }
    }
}

/// A wait anywhere between nothing and twice the last one's limit, so that sellers that fell together do not come back
/// together. `chance` is from 0 to 1.
fn backoff(settings: &TreeSettings, times: u32, chance: f64) -> Duration {
    let doubled = settings.restart_base.saturating_mul(1 << times.saturating_sub(1).min(20));
    doubled.min(settings.restart_cap).mul_f64(chance)
}

#[cfg(test)]
mod tests;
