//! The clerk: looks after the ledger. It takes up what was nobody's once its account is somebody's, and lets go of what
//! has ended or happened long ago, a little at a time, so that nobody else waits for it. So it does with what the front
//! office keeps.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::domain::channel::Account;
use crate::domain::ids::{DeliveryId, SellerId};
use crate::ledger::{Ledger, NotReplayed};
use crate::post::ClerkMsg;
use crate::store::ledger::{self, Round, Selection};
use crate::store::{deliveries, office, shop_events, unknown};
use crate::trouble::{Trouble, within};
use crate::world::World;

/// Between two rounds through what has ended.
const ROUNDS_APART: TimeDelta = TimeDelta::hours(1);
/// The longest rest between two steps of a round.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// The actor.
pub(crate) struct ClerkActor;

/// What it is at.
pub(crate) struct ClerkState {
    world: Arc<World>,
    ledger: Ledger,
    round: Option<Chore>,
    pruned: usize,
    round_at: DateTime<Utc>,
    timer: Option<JoinHandle<()>>,
}

/// What is let go of in a round, one after the other.
#[derive(Clone, Copy, Debug)]
enum Chore {
    /// Events of the inbox.
    Inbox(Round),
    /// What happened in shops, of sellers after this one.
    ShopEvents(SellerId),
    /// What was delivered of it, after this one.
    Deliveries(DeliveryId),
    /// What the front office keeps.
    Office,
}

impl Actor for ClerkActor {
    type Msg = ClerkMsg;
    type State = ClerkState;
    type Arguments = Arc<World>;

    async fn pre_start(&self, me: ActorRef<ClerkMsg>, world: Arc<World>) -> Result<ClerkState, ActorProcessingErr> {
        world.posts.clerk.take(me.clone());
        // Also what was connected by a process that fell right after it.
        me.cast(ClerkMsg::Look)?;
        let (ledger, round_at) = (Ledger::new(world.clone()), world.clock.now());
        Ok(ClerkState { world, ledger, round: None, pruned: 0, round_at, timer: None })
    }

    async fn handle(
        &self,
        me: ActorRef<ClerkMsg>,
        message: ClerkMsg,
        state: &mut ClerkState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ClerkMsg::Look => Box::pin(state.look(&me)).await,
            ClerkMsg::GoOn => Box::pin(state.go_on(&me)).await,
        }
        Ok(())
    }
}

impl ClerkState {
    /// One chunk a message, so that a stop gets in between.
    async fn look(&mut self, me: &ActorRef<ClerkMsg>) {
        if self.world.is_stopping() {
            return;
        }
        match self.take_up().await {
            Ok(true) => tell(me, ClerkMsg::Look),
            Ok(false) => self.begin_round(me),
            Err(error) => {
                warn!(error = &error as &dyn Error, "could not take up what was nobody's; it is tried again");
                self.look_later(me);
            }
        }
    }

    /// Takes up a chunk of what came for an account before it was connected; says whether there was any.
    async fn take_up(&self) -> Result<bool, NotReplayed> {
        let limit = self.world.settings.store_timeout;
        // Whoever connected an account may have gone before the others were told.
        within(limit, self.world.read_directory()).await?;
        let accounts = within(limit, unknown::with_events(self.world.store.reads())).await?;
        for account in accounts.into_iter().filter(|account| self.world.home(account).is_some()) {
            let replayed = self.ledger.replay_chunk(&nobodys(account.clone()), None).await?.tally;
            let events = replayed.replayed() + replayed.duplicate;
            if events > 0 {
                info!(%account, events, "took up {events} events that came before their account was connected");
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn begin_round(&mut self, me: &ActorRef<ClerkMsg>) {
        let now = self.world.clock.now();
        if self.round.is_none() && self.round_at <= now {
            self.round_at = now + ROUNDS_APART;
            self.round = Some(Chore::Inbox(Round::default()));
            tell(me, ClerkMsg::GoOn);
        }
        self.look_later(me);
    }

    /// One step of the round. It rests four times as long as the step took: when others write much, it takes long and
    /// so comes seldom.
    async fn go_on(&mut self, me: &ActorRef<ClerkMsg>) {
        let Some(chore) = self.round.take().filter(|_| !self.world.is_stopping()) else { return };
        let begun = Instant::now();
        match self.step(chore).await {
            Ok((pruned, next)) => {
                self.pruned += pruned;
                self.round = next;
                if self.round.is_some() {
                    me.send_after((begun.elapsed() * 4).min(LONGEST_REST), || ClerkMsg::GoOn);
                    return;
                }
            }
            Err(error) => warn!(error = &error as &dyn Error, "could not let go of what is old; the next round does"),
        }
        // The next round may be due already, where time has been quicker than the steps.
        tell(me, ClerkMsg::Look);
        let events = std::mem::take(&mut self.pruned);
        if events > 0 {
            info!(events, "let go of {events} events that had ended long ago, and counted them");
        }
    }

    /// Answers how many events of the inbox were let go of, and what is next.
    async fn step(&self, chore: Chore) -> Result<(usize, Option<Chore>), Trouble> {
        let World { store, clock, settings, .. } = &*self.world;
        let (limit, now) = (settings.store_timeout, clock.now());
        let before = now - settings.keep_shop_events;
        Ok(match chore {
            Chore::Inbox(round) => {
                let ledger::Pruned { events, next } =
                    within(limit, ledger::prune(store, settings.keep, round, now)).await?;
                (events, Some(next.map_or(Chore::ShopEvents(SellerId(0)), Chore::Inbox)))
            }
            Chore::ShopEvents(after) => {
                let next = within(limit, shop_events::prune(store, after, before)).await?;
                (0, Some(next.map_or(Chore::Deliveries(DeliveryId(0)), Chore::ShopEvents)))
            }
            Chore::Deliveries(after) => {
                let next = within(limit, deliveries::prune(store, after, before)).await?;
                (0, Some(next.map_or(Chore::Office, Chore::Deliveries)))
            }
            Chore::Office => {
                let is_more = within(limit, office::prune(store, settings.keep_office, now)).await?;
                (0, is_more.then_some(Chore::Office))
            }
        })
    }

    fn look_later(&mut self, me: &ActorRef<ClerkMsg>) {
        let sweep = TimeDelta::from_std(self.world.settings.sweep).unwrap_or(TimeDelta::MAX);
        let now = self.world.clock.now();
        let due = now.checked_add_signed(sweep).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let (clock, me) = (self.world.clock.clone(), me.clone());
        self.stop_timer();
        self.timer = Some(tokio::spawn(async move {
            clock.sleep_until(due).await;
            tell(&me, ClerkMsg::Look);
        }));
    }

    fn stop_timer(&mut self) {
        if let Some(timer) = self.timer.take() {
            timer.abort();
        }
    }
}

impl Drop for ClerkState {
    fn drop(&mut self) {
        self.stop_timer();
    }
}

/// A clerk that is on its way out is told no more.
fn tell(me: &ActorRef<ClerkMsg>, message: ClerkMsg) {
    let _ = me.cast(message);
}

/// What the ledger has of an account from the time in which it was nobody's.
fn nobodys(account: Account) -> Selection {
    Selection { accounts: vec![account], nobodys: true, ..Selection::default() }
}

#[cfg(test)]
mod tests;
