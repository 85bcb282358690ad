//! The root of the tree: keeps the journal, the alarms, the courier, the supervisor, the clerk and the herald alive, each on its own,
//! and gives up with a sentence when they fall too often.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr, SupervisionEvent};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::{error, info, warn};

use crate::alarms::AlarmsActor;
use crate::clerk::ClerkActor;
use crate::courier::CourierActor;
use crate::herald::HeraldActor;
use crate::journal::{Journal, JournalActor};
use crate::ledger::Ledger;
use crate::post::SupervisorMsg;
use crate::sellers::Sellers;
use crate::status::answer;
use crate::store::StoreError;
use crate::supervisor::SupervisorActor;
use crate::world::World;

const FALLS: usize = 3;
const WITHIN: Duration = Duration::from_secs(60);
const BACKOFF: Duration = Duration::from_millis(20);
/// What the last steps of an orderly end may take, even when the time is over.
const LAST_STEPS: Duration = Duration::from_secs(1);

/// The running tree of actors.
pub struct Tree {
    /// The way into the inbox.
    pub journal: Journal,
    /// The way to sellers.
    pub sellers: Sellers,
    /// The way to put ledgered events back to work.
    pub ledger: Ledger,
    world: Arc<World>,
    root: ActorRef<RootMsg>,
    fallen: watch::Receiver<Option<String>>,
}

impl Tree {
    /// Reads the directory and starts the tree; everybody with work is woken.
    pub async fn start(world: Arc<World>) -> Result<Self, StoreError> {
        world.reload_directory().await?;
        world.recall_app_hold().await?;
        world.recall_erased().await?;
        let (says, fallen) = watch::channel(None);
        let (root, _task) = RootActor::spawn(None, RootActor, (world.clone(), says))
            .await
            .expect("the root has no name to clash and does nothing before it runs");
        // The reply comes once all six have been started; a root that fell before is told by `fallen`.
        let _ = root.call(RootMsg::Ready, Some(WITHIN)).await;
        let (journal, sellers) = (Journal::new(world.clone()), Sellers::new(world.clone()));
        Ok(Self { journal, sellers, ledger: Ledger::new(world.clone()), world, root, fallen })
    }

    /// Resolves when the tree cannot go on, with a sentence that says why. The process should end then.
    pub fn fallen(&self) -> impl Future<Output = String> + Send + 'static {
        let mut fallen = self.fallen.clone();
        async move {
            let sentence = fallen.wait_for(Option::is_some).await.ok().and_then(|sentence| sentence.clone());
            sentence.unwrap_or_else(|| "the root of the actors ended".to_owned())
        }
    }

    /// Ends it in order, within about `limit`: sellers are unloaded and claim nothing more, calls on the wire may end
    /// and their results are stored, and the journal goes last.
    pub async fn stop(self, limit: Duration) {
        let until = Instant::now() + limit;
        let World { posts, calls, .. } = &*self.world;
        self.world.stop();
        if let Some(supervisor) = posts.supervisor.holder() {
            // Half of the time at most, so that one stuck seller does not cost everybody's calls their results.
            let unload = supervisor.call(|reply| SupervisorMsg::UnloadAll(limit / 2, reply), Some(limit));
            let _ = unload.await;
        }
        if timeout_at(until, calls.all_over()).await.is_err() {
            let left = calls.count();
            warn!(calls = left, "{left} calls were still on the wire: the next start finds out what became of them");
            calls.abort();
        }
        if let Some(journal) = posts.journal.holder() {
            let _ = journal.drain_and_wait(Some(left_until(until))).await;
        }
        let _ = self.root.stop_and_wait(None, Some(LAST_STEPS)).await;
        info!("the actors have ended");
    }
}

fn left_until(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).max(LAST_STEPS)
}

/// One of the six.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Journal,
    Courier,
    Supervisor,
    Alarms,
    Clerk,
    Herald,
}

impl Place {
    /// In the order of their start: whoever wakes comes after those who are woken.
    const ALL: [Place; 6] =
        [Place::Journal, Place::Courier, Place::Supervisor, Place::Alarms, Place::Clerk, Place::Herald];

    fn name(self) -> &'static str {
        match self {
            Place::Journal => "journal",
            Place::Courier => "courier",
            Place::Supervisor => "supervisor",
            Place::Alarms => "alarms",
            Place::Clerk => "clerk",
            Place::Herald => "herald",
        }
    }

    async fn start(self, world: Arc<World>, root: ActorCell) -> Result<ActorCell, SpawnErr> {
        Ok(match self {
            Place::Journal => JournalActor::spawn_linked(None, JournalActor, world, root).await?.0.get_cell(),
            Place::Courier => CourierActor::spawn_linked(None, CourierActor, world, root).await?.0.get_cell(),
            Place::Supervisor => SupervisorActor::spawn_linked(None, SupervisorActor, world, root).await?.0.get_cell(),
            Place::Alarms => AlarmsActor::spawn_linked(None, AlarmsActor, world, root).await?.0.get_cell(),
            Place::Clerk => ClerkActor::spawn_linked(None, ClerkActor, world, root).await?.0.get_cell(),
            Place::Herald => HeraldActor::spawn_linked(None, HeraldActor, world, root).await?.0.get_cell(),
        })
    }
}

struct RootActor;

enum RootMsg {
    Start(Place),
    Ready(RpcReplyPort<()>),
}

struct RootState {
    world: Arc<World>,
    says: watch::Sender<Option<String>>,
    who: HashMap<ActorId, Place>,
    falls: VecDeque<Instant>,
}

impl Actor for RootActor {
    type Msg = RootMsg;
    type State = RootState;
    type Arguments = (Arc<World>, watch::Sender<Option<String>>);

    async fn pre_start(
        &self,
        _me: ActorRef<RootMsg>,
        (world, says): Self::Arguments,
    ) -> Result<RootState, ActorProcessingErr> {
        Ok(RootState { world, says, who: HashMap::new(), falls: VecDeque::new() })
    }

    async fn post_start(&self, me: ActorRef<RootMsg>, state: &mut RootState) -> Result<(), ActorProcessingErr> {
        for place in Place::ALL {
            state.start(&me, place).await;
        }
        Ok(())
    }

    async fn handle(
        &self,
        me: ActorRef<RootMsg>,
        message: RootMsg,
        state: &mut RootState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RootMsg::Start(place) => state.start(&me, place).await,
            RootMsg::Ready(reply) => answer(reply, ()),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<RootMsg>,
        event: SupervisionEvent,
        state: &mut RootState,
    ) -> Result<(), ActorProcessingErr> {
        use SupervisionEvent::{ActorFailed, ActorTerminated};
        let (ActorFailed(child, _) | ActorTerminated(child, ..)) = event else { return Ok(()) };
        if let Some(place) = state.who.remove(&child.get_id()) {
            state.fell(&me, place);
        }
        Ok(())
    }
}

impl RootState {
    async fn start(&mut self, me: &ActorRef<RootMsg>, place: Place) {
        match place.start(self.world.clone(), me.get_cell()).await {
            Ok(child) => {
                self.who.insert(child.get_id(), place);
            }
            Err(_) => self.fell(me, place),
        }
    }

    fn fell(&mut self, me: &ActorRef<RootMsg>, place: Place) {
        if self.world.is_stopping() {
            return;
        }
        let falls = self.count_fall(Instant::now());
        let name = place.name();
        if falls >= FALLS {
            let sentence =
                format!("the {name} was the last of {falls} falls within {WITHIN:?}, so the process gives up");
            error!("{sentence}");
            self.says.send_replace(Some(sentence));
            me.stop(None);
            return;
        }
        warn!("the {name} fell and is started again");
        me.send_after(BACKOFF * (1 << falls), move || RootMsg::Start(place));
    }

    /// How many falls there have been of late, with this one.
    fn count_fall(&mut self, now: Instant) -> usize {
        self.falls.push_back(now);
        self.falls.retain(|fall| now.duration_since(*fall) < WITHIN);
        self.falls.len()
    }
}

#[cfg(test)]
mod tests;
