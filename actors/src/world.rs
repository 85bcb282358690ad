//! What all actors share: the store, the ports, the settings, and what must outlive any one of them.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, Semaphore, SemaphorePermit, broadcast};
use tokio::time::timeout;
use tracing::debug;

use crate::app_hold::AppHold;
use crate::calls::{Calls, Limits};
use crate::domain::channel::Account;
use crate::domain::directory::{Directory, Place};
use crate::domain::erasure::Keyed;
use crate::domain::event::{Arrival, Source};
use crate::domain::ids::{EventSeq, SellerId};
use crate::domain::webhook::Schedule;
use crate::erased_persons::{self, ErasedPersons};
use crate::news::News;
use crate::ports::{CALL_DEADLINE, Clock, Decode, Graph, Post, Render};
use crate::post::{ClerkMsg, HeraldMsg, Posts, SupervisorMsg};
use crate::shop::ShopRules;
use crate::store::ledger::Keep;
use crate::store::unknown::Room;
use crate::store::{Store, StoreError, app_hold, erasures, office, sync};

/// Calls about catalogs on the wire at once: each may hold megabytes.
const MOST_CATALOG_CALLS: usize = 8;

/// How the tree behaves, from the settings of the process.
#[derive(Clone, Copy, Debug)]
pub struct TreeSettings {
    /// Events of a seller in one turn, at most.
    pub turn_events: u64,
    /// How often an event may be taken in hand by an actor or a process that falls.
    pub max_attempts: i32,
    /// Sellers loading or taking a turn at once. The others wait their turn in order, and their patience with the store
    /// begins only then: however many wake together, none gives up for having queued.
    pub at_work: usize,
    /// How long a seller may have nothing to do before its actor is unloaded.
    pub idle_unload: Duration,
    /// The wait after a first fall, at most; it doubles with each fall.
    pub restart_base: Duration,
    /// The longest wait after a fall.
    pub restart_cap: Duration,
    /// Falls without anything done in between after which a seller rests.
    pub max_falls: u32,
    /// How often to look for sellers whose wake-up was lost.
    pub sweep: Duration,
    /// Messages to customers on the wire at once, over all sellers.
    pub messages_at_once: usize,
    /// Webhooks out on the wire at once, over all endpoints; an endpoint has two of them at most.
    pub webhooks_at_once: usize,
    /// Events that webhooks out are made of in one go, for one endpoint.
    pub webhook_events: u64,
    /// How long what happened in a shop is kept, and what was delivered of it.
    pub keep_shop_events: TimeDelta,
    /// Other calls on the wire at once, over all sellers.
    pub graph_at_once: usize,
    /// Calls of one seller on the wire at once.
    pub calls_per_seller: usize,
    /// How long a call may take before it counts as unanswered, whatever the client does.
    pub call_timeout: Duration,
    /// How long the store may take for one thing.
    pub store_timeout: Duration,
    /// How long a request may wait for its events to be stored.
    pub append_timeout: Duration,
    /// Requests that may wait for their events to be stored.
    pub append_waiting: usize,
    /// Events of one commit of the journal, unless a single request has more; as many again of small requests.
    pub append_events: usize,
    /// How long whoever sent a command waits for its answer.
    pub answer_wait: Duration,
    /// How much is kept of what is nobody's.
    pub room: Room,
    /// How long events are kept once they have ended.
    pub keep: Keep,
    /// How long the front office's answers and deeds are kept.
    pub keep_office: office::Keep,
}

impl Default for TreeSettings {
    fn default() -> Self {
        Self {
            turn_events: 32,
            max_attempts: 5,
            at_work: 32,
            idle_unload: Duration::from_secs(300),
            restart_base: Duration::from_millis(50),
            restart_cap: Duration::from_secs(10),
            max_falls: 10,
            sweep: Duration::from_secs(30),
            messages_at_once: 64,
            webhooks_at_once: 64,
            webhook_events: 100,
            keep_shop_events: TimeDelta::days(30),
            graph_at_once: 32,
            calls_per_seller: 4,
            call_timeout: CALL_DEADLINE + Duration::from_secs(5),
            store_timeout: Duration::from_secs(30),
            append_timeout: Duration::from_secs(5),
            append_waiting: 1024,
            append_events: 1000,
            answer_wait: Duration::from_secs(5),
            room: Room { of_account: 10_000, of_all: 100_000 },
            keep: Keep {
                decided: TimeDelta::days(8),
                ledgered: TimeDelta::days(30),
                unknown_account: TimeDelta::days(7),
            },
            keep_office: office::Keep { answers: TimeDelta::days(7), audit: TimeDelta::days(400) },
        }
    }
}

/// What a world is made of.
pub struct Parts {
    /// The open database.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Calls to Meta.
    pub graph: Arc<dyn Graph>,
    /// What Meta's events mean.
    pub decode: Decode,
    /// How others are told of what happens.
    pub outside: Outside,
    /// How shops behave.
    pub rules: ShopRules,
    /// How the tree behaves.
    pub settings: TreeSettings,
    /// Masks what is erased, and signs that it was.
    pub keyed: Arc<dyn Keyed>,
    /// Events up to here were there when the process last ended uncleanly; 0 after a clean end.
    pub careful_through: EventSeq,
}

/// How others are told of what happens in shops.
#[derive(Clone)]
pub struct Outside {
    /// Shows it.
    pub render: Arc<dyn Render>,
    /// Delivers it.
    pub post: Arc<dyn Post>,
    /// When to try again, and when no more.
    pub schedule: Schedule,
}

/// What all actors share.
pub struct World {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) graph: Arc<dyn Graph>,
    pub(crate) decode: Decode,
    pub(crate) outside: Outside,
    pub(crate) rules: ShopRules,
    pub(crate) settings: TreeSettings,
    pub(crate) careful_through: EventSeq,
    pub(crate) keyed: Arc<dyn Keyed>,
    pub(crate) erased: ErasedPersons,
    pub(crate) posts: Posts,
    pub(crate) calls: Calls,
    pub(crate) app_hold: AppHold,
    pub(crate) append_permits: Arc<Semaphore>,
    pub(crate) news: News,
    pub(crate) tokens_refused: Notify,
    on_the_road: Semaphore,
    failing_on_the_road: Semaphore,
    at_work: Semaphore,
    suspects: Semaphore,
    /// Sellers of whom commands were answered or calls ended, once that is stored.
    pub(crate) answered: broadcast::Sender<SellerId>,
    directory: RwLock<Directory>,
    /// Held while the directory is read: of two who read it, the one with the older view must not be the last.
    pub(crate) reading: tokio::sync::Mutex<()>,
    paused: Mutex<HashSet<SellerId>>,
    stopping: AtomicBool,
}

impl World {
    /// A world in which nobody lives yet.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { store, clock, graph, decode, outside, rules, settings, keyed, careful_through } = parts;
        Arc::new(Self {
            store,
            clock,
            graph,
            decode,
            outside,
            rules,
            settings,
            careful_through,
            erased: ErasedPersons::new(keyed.clone()),
            keyed,
            posts: Posts::default(),
            calls: Calls::default(),
            app_hold: AppHold::default(),
            at_work: Semaphore::new(settings.at_work),
            suspects: Semaphore::new(1),
            news: News::default(),
            tokens_refused: Notify::new(),
            on_the_road: Semaphore::new(settings.webhooks_at_once),
            failing_on_the_road: Semaphore::new(settings.webhooks_at_once.div_ceil(2)),
            append_permits: Arc::new(Semaphore::new(settings.append_waiting)),
            answered: broadcast::channel(256).0,
            directory: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
            paused: Mutex::default(),
            stopping: AtomicBool::new(false),
        })
    }

    /// Reads anew whose each connected account is: at the start, and when a connection was made or ended.
    pub async fn reload_directory(&self) -> Result<(), StoreError> {
        self.read_directory().await?;
        // What came for an account before it was connected is taken up now.
        self.posts.clerk.tell(ClerkMsg::Look);
        Ok(())
    }

    /// The same, and nobody is told.
    pub(crate) async fn read_directory(&self) -> Result<(), StoreError> {
        let _reading = self.reading.lock().await;
        let reads = self.store.reads();
        let directory = Directory::of(&office::connected(reads).await?, &sync::catalogs(reads).await?);
        *self.directory.write().unwrap_or_else(PoisonError::into_inner) = directory;
        Ok(())
    }

    /// Reads, at the start, whether Meta holds the whole app.
    pub(crate) async fn recall_app_hold(&self) -> Result<(), StoreError> {
        self.app_hold.restore(app_hold::read(self.store.reads()).await?);
        Ok(())
    }

    /// Reads, at the start, who was erased lately.
    pub(crate) async fn recall_erased(&self) -> Result<(), StoreError> {
        let since = self.now() - erased_persons::KEPT;
        for tombstone in erasures::since(self.store.reads(), since).await? {
            self.erased.bury(tombstone);
        }
        Ok(())
    }

    /// The same, once somebody was erased whom no actor knows.
    pub async fn reload_erased(&self) -> Result<(), StoreError> {
        self.recall_erased().await
    }

    /// Masks what is erased.
    pub fn keyed(&self) -> &dyn Keyed {
        &*self.keyed
    }

    /// Whose an account is, and which of the names it goes by is its own.
    pub(crate) fn home(&self, account: &Account) -> Option<Place> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).find(account).cloned()
    }

    /// Where an arrival belongs. What Meta says goes by the directory, which also knows the one account that is meant
    /// by several names; commands and results name their seller.
    pub(crate) fn whose(&self, arrival: &Arrival) -> Option<Place> {
        match arrival.source {
            Source::Meta => self.home(&arrival.account),
            Source::Command | Source::Result | Source::Office => {
                let seller = SellerId(arrival.account.id().parse().ok()?);
                Some(Place { account: arrival.account.clone(), seller })
            }
        }
    }

    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Looks anew for whom to tell what happens: after endpoints were changed, or deliveries are asked for.
    pub fn look_for_deliveries(&self) {
        self.posts.herald.tell(HeraldMsg::Look);
    }

    /// Waits until a call has told a seller that its token is taken no more. It may be lost: the rows say it as well.
    pub async fn until_a_token_is_refused(&self) {
        self.tokens_refused.notified().await;
    }

    /// Tells whoever follows a shop that something happened there.
    pub(crate) fn tell_news(&self, seller: SellerId) {
        self.news.tell(seller);
        self.posts.herald.tell(HeraldMsg::News(seller));
    }

    /// Waits for a place among the webhooks out that are on the wire; given back when dropped. Endpoints that fail take as
    /// long as a try may, and have half of the places together: whoever takes what it is told does not wait for them.
    pub(crate) async fn place_on_the_road(&self, is_failing: bool) -> [Option<SemaphorePermit<'_>>; 2] {
        let among_the_failing = match is_failing {
            true => Some(self.failing_on_the_road.acquire().await.expect("nobody closes it")),
            false => None,
        };
        [among_the_failing, Some(self.on_the_road.acquire().await.expect("nobody closes it"))]
    }

    /// Wakes sellers. One that is lost on the way is found by the next sweep.
    pub fn wake(&self, sellers: Vec<SellerId>) {
        if !sellers.is_empty() && !self.posts.supervisor.tell(SupervisorMsg::Wake(sellers)) {
            debug!("a wake-up found no supervisor; the next sweep repeats it");
        }
    }

    /// Waits for a seller's place at work; given back when dropped.
    pub(crate) async fn place_at_work(&self) -> SemaphorePermit<'_> {
        self.at_work.acquire().await.expect("nobody closes it")
    }

    /// Waits until nobody else has an event in hand that the process may have ended over. One at a time over all
    /// sellers: a further end of the process is then counted against one event, and not against one of every seller.
    /// None when it takes too long: a seller that hangs over its event holds up no other for ever.
    pub(crate) async fn place_with_suspects(&self) -> Option<SemaphorePermit<'_>> {
        timeout(self.settings.store_timeout, self.suspects.acquire()).await.ok()?.ok()
    }

    /// How many calls may be on the wire.
    pub(crate) fn call_limits(&self) -> Limits {
        let TreeSettings { messages_at_once, graph_at_once, calls_per_seller, .. } = self.settings;
        let catalog = graph_at_once.min(MOST_CATALOG_CALLS);
        Limits { messages: messages_at_once, graph: graph_at_once, catalog, seller: calls_per_seller }
    }

    /// From now on nothing is claimed and no actor is started.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.news.end();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub(crate) fn is_paused(&self, seller: SellerId) -> bool {
        self.paused.lock().unwrap_or_else(PoisonError::into_inner).contains(&seller)
    }

    /// Pauses a seller or lets it go on. It is kept here, so that no fall of the supervisor ends a pause.
    pub(crate) fn set_paused(&self, seller: SellerId, to: bool) {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        match to {
            true => paused.insert(seller),
            false => paused.remove(&seller),
        };
    }
}
