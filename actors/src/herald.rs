//! The herald: tells webhook endpoints what happens in their shops. It only sees to it that whoever has something to be
//! told is worked for, each on its own: first tries in one task, tries again in another, and both end with the herald.
//! What was told and what was not is in the rows.

mod errand;
mod render;

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::JoinHandle;
use tracing::warn;

use crate::domain::ids::{EndpointId, SellerId};
use crate::post::HeraldMsg;
use crate::store::deliveries::{self, Lane};
use crate::store::endpoints;
use crate::trouble::{Trouble, within};
use crate::world::World;

pub use render::Plain;

/// The wait after the store could not be used.
const AFTER_TROUBLE: TimeDelta = TimeDelta::seconds(5);

/// The actor.
pub(crate) struct HeraldActor;

/// Who is told, and who is being told.
pub(crate) struct HeraldState {
    world: Arc<World>,
    endpoints: HashMap<SellerId, Vec<EndpointId>>,
    running: HashMap<(EndpointId, Lane), Running>,
    timer: Option<Timer>,
}

/// A task that works for an endpoint; it ends with this.
struct Running {
    task: JoinHandle<()>,
    /// Something came while it may have been about to end.
    again: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One sleep, cut short when it is not wanted any more.
struct Timer {
    due: DateTime<Utc>,
    task: JoinHandle<()>,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Actor for HeraldActor {
    type Msg = HeraldMsg;
    type State = HeraldState;
    type Arguments = Arc<World>;

    async fn pre_start(&self, me: ActorRef<HeraldMsg>, world: Arc<World>) -> Result<HeraldState, ActorProcessingErr> {
        world.posts.herald.take(me);
        Ok(HeraldState { world, endpoints: HashMap::new(), running: HashMap::new(), timer: None })
    }

    async fn post_start(&self, me: ActorRef<HeraldMsg>, state: &mut HeraldState) -> Result<(), ActorProcessingErr> {
        Box::pin(state.look(&me)).await;
        Ok(())
    }

    async fn handle(
        &self,
        me: ActorRef<HeraldMsg>,
        message: HeraldMsg,
        state: &mut HeraldState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            HeraldMsg::News(seller) => state.work_for(&me, seller),
            HeraldMsg::Look => Box::pin(state.look(&me)).await,
            HeraldMsg::Due(due) => state.look_by(&me, due),
            HeraldMsg::Over(endpoint, lane) => state.over(&me, endpoint, lane),
        }
        Ok(())
    }
}

impl HeraldState {
    /// Looks for everybody who has something to be told, and for when to look again.
    async fn look(&mut self, me: &ActorRef<HeraldMsg>) {
        self.timer = None;
        let now = self.world.clock.now();
        let sweep = TimeDelta::from_std(self.world.settings.sweep).unwrap_or(TimeDelta::MAX);
        let sweep_at = now.checked_add_signed(sweep).unwrap_or(DateTime::<Utc>::MAX_UTC);
        match self.start_all(me, now).await {
            Ok(due) => self.look_by(me, due.map_or(sweep_at, |due| due.min(sweep_at))),
            Err(error) => {
                warn!(error = &error as &dyn Error, "could not look for what webhooks are to be told");
                self.look_by(me, now + AFTER_TROUBLE);
            }
        }
    }

    async fn start_all(
        &mut self,
        me: &ActorRef<HeraldMsg>,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Trouble> {
        let (world, limit) = (self.world.clone(), self.world.settings.store_timeout);
        let reads = world.store.reads();
        self.endpoints.clear();
        for (seller, endpoint) in within(limit, endpoints::active(reads)).await? {
            self.endpoints.entry(seller).or_default().push(endpoint);
        }
        for endpoint in within(limit, deliveries::with_work(reads, now)).await? {
            self.start(me, endpoint, Lane::First);
            self.start(me, endpoint, Lane::Again);
        }
        within(limit, deliveries::next_due(reads, now)).await
    }

    fn work_for(&mut self, me: &ActorRef<HeraldMsg>, seller: SellerId) {
        for endpoint in self.endpoints.get(&seller).cloned().unwrap_or_default() {
            self.start(me, endpoint, Lane::First);
        }
    }

    fn start(&mut self, me: &ActorRef<HeraldMsg>, endpoint: EndpointId, lane: Lane) {
        if self.world.is_stopping() {
            return;
        }
        if let Some(running) = self.running.get_mut(&(endpoint, lane)) {
            running.again = true;
            return;
        }
        let task = tokio::spawn(errand::run(self.world.clone(), me.clone(), endpoint, lane));
        self.running.insert((endpoint, lane), Running { task, again: false });
    }

    fn over(&mut self, me: &ActorRef<HeraldMsg>, endpoint: EndpointId, lane: Lane) {
        if self.running.remove(&(endpoint, lane)).is_some_and(|running| running.again) {
            self.start(me, endpoint, lane);
        }
    }

    /// Looks at `due`, unless it looks earlier anyway.
    fn look_by(&mut self, me: &ActorRef<HeraldMsg>, due: DateTime<Utc>) {
        if self.timer.as_ref().is_some_and(|timer| timer.due <= due) {
            return;
        }
        let (clock, me) = (self.world.clock.clone(), me.clone());
        let task = tokio::spawn(async move {
            clock.sleep_until(due).await;
            let _ = me.cast(HeraldMsg::Look);
        });
        self.timer = Some(Timer { due, task });
    }
}

#[cfg(test)]
mod tests;
