//! One seller's mailbox: loads the shop, takes its waiting events a turn at a time, unloads when there is nothing to do.
//! Its memory is a cache of the database; whenever the two may differ, the actor ends and is loaded again.

mod batch;
mod fall;
mod hand;
mod helper;
mod load;
mod log;
mod turn;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::task::JoinHandle;
use tracing::{Instrument, info_span};

use crate::domain::ids::{ErasureId, SellerId};
use crate::shop::{Prepared, Shop};
use crate::status::{Fault, Inspection, answer};
use crate::world::World;

pub(crate) use fall::Fall;
pub(crate) use hand::Hand;

use helper::{Helper, Preparation};

/// What a seller's actor can be told.
pub(crate) enum SellerMsg {
    /// Events or alarms wait. May be lost or doubled: the rows say what there is to do.
    EventsWaiting,
    /// Some time has passed; carries what the actor had done when it began.
    Quiet(u64),
    /// The catalog sync has prepared what was asked for.
    Prepared(Box<Prepared>),
    /// Let it prepare, after a fall.
    PrepareAgain,
    /// Somebody wants to look in.
    Inspect(RpcReplyPort<Option<Inspection>>),
    /// Fall.
    Fault(Fault),
}

/// Where a seller's actor sits: what it is given at its start.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(crate) world: Arc<World>,
    pub(crate) seller: SellerId,
    /// True while an `EventsWaiting` is on its way, so that at most one is.
    pub(crate) woken: Arc<AtomicBool>,
    pub(crate) hand: Arc<Hand>,
}

/// The actor.
pub(crate) struct SellerActor;

/// A seat, and the shop once it is loaded.
pub(crate) struct SellerState {
    seat: Seat,
    desk: Option<Desk>,
    quiet: Option<QuietTimer>,
    helper: Helper,
    /// Turns that had something to do: an old timer carries an old number.
    activity: u64,
}

/// A loaded shop.
struct Desk {
    seat: Seat,
    shop: Shop,
    incarnation: i64,
    last_id: i64,
    loaded_at: DateTime<Utc>,
    turns: u64,
    /// How many turns of this shop are stored, as far as we know.
    stored_turns: i64,
    next_alarm: Option<DateTime<Utc>>,
    /// False once no event is left that the process may have ended over.
    suspects: bool,
    /// False once claiming panicked.
    claims: bool,
    /// Erasures that wait for the database's files to be cleaned.
    wants_files: BTreeSet<ErasureId>,
}

/// A timer that does not outlive its actor: a forgotten one would keep most of the actor's memory.
struct QuietTimer(JoinHandle<Result<(), ractor::MessagingErr<SellerMsg>>>);

impl Drop for QuietTimer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Actor for SellerActor {
    type Msg = SellerMsg;
    type State = SellerState;
    type Arguments = Seat;

    async fn pre_start(&self, _me: ActorRef<SellerMsg>, seat: Seat) -> Result<SellerState, ActorProcessingErr> {
        Ok(SellerState { seat, desk: None, quiet: None, helper: Helper::default(), activity: 0 })
    }

    async fn post_start(&self, me: ActorRef<SellerMsg>, state: &mut SellerState) -> Result<(), ActorProcessingErr> {
        state.desk = Some(Box::pin(load::desk(state.seat.clone())).await?);
        // What piled up while nobody was here.
        state.wake_myself(&me);
        state.watch_quiet(&me);
        Ok(())
    }

    async fn handle(
        &self,
        me: ActorRef<SellerMsg>,
        message: SellerMsg,
        state: &mut SellerState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SellerMsg::EventsWaiting => Box::pin(state.take_turn(&me, None)).await?,
            SellerMsg::Prepared(prepared) => {
                state.helper.is_done();
                Box::pin(state.take_turn(&me, Some(Preparation::Done(prepared)))).await?;
            }
            SellerMsg::PrepareAgain => {
                state.helper.has_rested();
                Box::pin(state.prepare(&me)).await;
            }
            SellerMsg::Quiet(before) => state.unload_if_quiet(&me, before),
            SellerMsg::Inspect(reply) => answer(reply, state.desk.as_ref().map(Desk::inspection)),
            SellerMsg::Fault(Fault::Sync) => state.helper.kill(),
            SellerMsg::Fault(fault) => fall_as_told(fault)?,
        }
        Ok(())
    }

    /// The catalog sync has ended, by our will or not. Whatever happened to it, the seller goes on.
    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<SellerMsg>,
        event: SupervisionEvent,
        state: &mut SellerState,
    ) -> Result<(), ActorProcessingErr> {
        use SupervisionEvent::{ActorFailed, ActorTerminated};
        let (ActorFailed(actor, _) | ActorTerminated(actor, ..)) = &event else { return Ok(()) };
        let settings = state.seat.world.settings;
        if state.helper.fell(&me, actor.get_id(), &settings) {
            Box::pin(state.take_turn(&me, Some(Preparation::Hopeless))).await?;
        }
        Ok(())
    }
}

impl SellerState {
    /// One turn a message, so that a stop, a kill or a question gets in between.
    async fn take_turn(&mut self, me: &ActorRef<SellerMsg>, prepared: Option<Preparation>) -> Result<(), Fall> {
        // Cleared before the inbox is read: whatever arrives after the reading wakes us again.
        self.seat.woken.store(false, Ordering::SeqCst);
        let Some(desk) = &mut self.desk else { return Ok(()) };
        let world = self.seat.world.clone();
        // Before the place at work: those who wait here are in nobody's way.
        let _alone = if desk.suspects { world.place_with_suspects().await } else { None };
        let _place = world.place_at_work().await;
        let span = info_span!("turn", seller.id = desk.seat.seller.0, incarnation = desk.incarnation);
        let turn = desk.take_turn(prepared).instrument(span).await?;
        self.activity += u64::from(turn.did_something);
        self.prepare(me).await;
        if turn.more {
            self.wake_myself(me);
        }
        Ok(())
    }

    /// Lets the catalog sync prepare what the shop wants; ends it once nothing moves.
    async fn prepare(&mut self, me: &ActorRef<SellerMsg>) {
        let Some(desk) = &self.desk else { return };
        match desk.shop.sync_task().filter(|_| !self.seat.world.is_stopping()) {
            Some(task) => self.helper.give(me, &self.seat, task).await,
            None if desk.shop.is_sync_moving() => self.helper.is_done(),
            None => self.helper.end(),
        }
    }

    fn wake_myself(&self, me: &ActorRef<SellerMsg>) {
        if self.seat.woken.swap(true, Ordering::SeqCst) || me.cast(SellerMsg::EventsWaiting).is_ok() {
            return;
        }
        // We are being unloaded with work left: the supervisor starts us again once we are gone.
        self.seat.woken.store(false, Ordering::SeqCst);
        self.seat.world.wake(vec![self.seat.seller]);
    }

    fn watch_quiet(&mut self, me: &ActorRef<SellerMsg>) {
        let activity = self.activity;
        let timer = me.send_after(self.seat.world.settings.idle_unload, move || SellerMsg::Quiet(activity));
        self.quiet = Some(QuietTimer(timer));
    }

    fn unload_if_quiet(&mut self, me: &ActorRef<SellerMsg>, before: u64) {
        self.seat.hand.got_on();
        let busy = self.desk.as_ref().is_some_and(|desk| desk.shop.in_flight() > 0) || self.helper.is_there();
        if busy || before != self.activity || me.drain().is_err() {
            self.watch_quiet(me);
        }
    }
}

impl Desk {
    fn inspection(&self) -> Inspection {
        Inspection {
            seller: self.seat.seller,
            incarnation: self.incarnation,
            loaded_at: self.loaded_at,
            turns: self.turns,
            last_id: self.last_id,
            in_flight: self.shop.in_flight(),
            careful_through: self.careful_through(),
            next_alarm: self.next_alarm,
            budgets: self.shop.budget_lines(self.seat.world.clock.now()),
        }
    }
}

fn fall_as_told(fault: Fault) -> Result<(), Fall> {
    match fault {
        Fault::Panic => panic!("told to panic"),
        Fault::Error => Err(Fall::Told),
        Fault::Sync => Ok(()),
    }
}

#[cfg(test)]
mod tests;
