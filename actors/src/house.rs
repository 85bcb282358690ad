//! A house to test the tree in: a database of its own, a Graph that answers as told, events as a door would bring them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::clock::SystemClock;
use crate::domain::budget::Caps;
use crate::domain::changes::Changes;
use crate::domain::channel::{Account, Channel};
use crate::domain::command::Command;
use crate::domain::conversation::{Conversation, Customer, Facts, Shown};
use crate::domain::erasure::Keyed;
use crate::domain::event::{
    Arrival, CallResult, Edited, Happening, Mention, Reacted, Receipt, ReceiptOf, ReceiptStep, Said, Source,
    StoredEvent, Unsent,
};
use crate::domain::ids::{
    ConnectionId, ConversationId, CustomerId, EndpointId, EventSeq, MessageId, OutboxId, SellerId,
};
use crate::domain::money::Currency;
use crate::domain::outbox::{Aim, Owed, OwedCall, OwedState, Purpose};
use crate::domain::outcome::Reason;
use crate::domain::seller::Settings;
use crate::domain::webhook::{Schedule, Tried};
use crate::herald::Plain;
use crate::ports::{Answered, Clock, Graph, GraphCall, Later, Letter, Post};
use crate::root::Tree;
use crate::shop::{ShopRules, SyncRules};
use crate::store::ledger::{self, Equation};
use crate::store::office::{self, NewConnection};
use crate::store::pen::Fence;
use crate::store::views::{self, Page};
use crate::store::{FencedTx, OfficeTx, Store, StoreSettings, Sync, sellers, turns};
use crate::world::{Outside, Parts, TreeSettings, World};

/// A running tree with one seller.
pub(crate) struct House {
    pub(crate) tree: Tree,
    pub(crate) world: Arc<World>,
    pub(crate) graph: Arc<FakeGraph>,
    pub(crate) post: Arc<FakePost>,
    pub(crate) seller: SellerId,
    url: String,
    _dir: TempDir,
}

/// Answers every call, once it is let through.
pub(crate) struct FakeGraph {
    pub(crate) gate: Semaphore,
    calls: Mutex<Vec<GraphCall>>,
    on_wire: AtomicUsize,
    on_call: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl FakeGraph {
    pub(crate) fn new() -> Self {
        Self {
            gate: Semaphore::new(0),
            calls: Mutex::default(),
            on_wire: AtomicUsize::default(),
            on_call: Mutex::default(),
        }
    }

    /// Does this when a call begins, before anything else happens.
    pub(crate) fn on_call(&self, act: impl Fn() + Send + 'static) {
        *self.on_call.lock().unwrap() = Some(Box::new(act));
    }

    /// Calls that began.
    pub(crate) fn calls(&self) -> Vec<GraphCall> {
        self.calls.lock().unwrap().clone()
    }
}

impl Graph for FakeGraph {
    fn answer<'a>(&'a self, call: &'a GraphCall) -> Later<'a, Answered> {
        Box::pin(async move {
            if let Some(act) = &*self.on_call.lock().unwrap() {
                act();
            }
            self.calls.lock().unwrap().push(call.clone());
            self.on_wire.fetch_add(1, Ordering::SeqCst);
            self.gate.acquire().await.unwrap().forget();
            assert!(!format!("{call:?}").contains("panic"), "told to panic");
            CallResult::Accepted { mid: format!("mid:{}", self.on_wire.load(Ordering::SeqCst)) }.into()
        })
    }
}

/// Takes every letter once it is let through: one permit, one try. A try that is cut off has been made or not.
#[derive(Default)]
pub(crate) struct FakePost {
    tried: Mutex<Vec<(Letter, Tried)>>,
    begun: AtomicUsize,
    gate: Mutex<Option<Arc<Semaphore>>>,
    answers: Mutex<VecDeque<Tried>>,
    silent: Mutex<Vec<EndpointId>>,
}

impl FakePost {
    /// From now on these endpoints never answer.
    pub(crate) fn silence(&self, endpoints: &[EndpointId]) {
        self.silent.lock().unwrap().extend(endpoints);
    }

    /// From now on tries wait for permits; there is one for each of these.
    pub(crate) fn hold(&self, permits: usize) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(permits));
        *self.gate.lock().unwrap() = Some(gate.clone());
        gate
    }

    /// What the next tries are answered; all others are taken.
    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Tried>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// From now on all tries are taken.
    pub(crate) fn take_all(&self) {
        self.answers.lock().unwrap().clear();
    }

    /// Tries that came to their end, with what they were answered.
    pub(crate) fn tried(&self) -> Vec<(Letter, Tried)> {
        self.tried.lock().unwrap().clone()
    }

    /// Tries that were begun.
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    async fn take(&self, letter: &Letter) -> Tried {
        self.begun.fetch_add(1, Ordering::SeqCst);
        if self.silent.lock().unwrap().contains(&letter.endpoint) {
            std::future::pending::<()>().await;
        }
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        let taken = || Tried { status: Some(204), ..Tried::default() };
        let tried = self.answers.lock().unwrap().pop_front().unwrap_or_else(taken);
        self.tried.lock().unwrap().push((letter.clone(), tried.clone()));
        tried
    }
}

impl Post for FakePost {
    fn post<'a>(&'a self, letter: &'a Letter) -> Later<'a, Tried> {
        Box::pin(self.take(letter))
    }
}

fn outside(post: Arc<FakePost>) -> Outside {
    let waits = [5, 300].map(TimeDelta::milliseconds).to_vec();
    Outside { render: Arc::new(Plain), post, schedule: Schedule { waits, disable_after: TimeDelta::days(5) } }
}

/// Says what the raw bytes say; panics over "panic". What is told of a message begins with the message's mid.
fn decode(event: &StoredEvent) -> Result<Happening, Reason> {
    let text = String::from_utf8(event.raw.clone()).map_err(|_| Reason::Unreadable)?;
    assert_ne!(text, "panic", "told to panic");
    let (mid, rest) = text.split_once(' ').unwrap_or((&text, ""));
    let (mid, words) = (mid.to_owned(), rest.to_owned());
    Ok(match event.kind.as_str() {
        "edit" => Happening::Edited(Edited { mid, text: words, revision: 1 }),
        "deleted" => Happening::Unsent(Unsent { mid }),
        "reaction" => Happening::Reacted(Reacted { mid, emoji: Some(words) }),
        "read" => Happening::Receipt(Receipt { of: ReceiptOf::Mids(vec![mid]), step: ReceiptStep::Read }),
        "mention" => Happening::Mentioned(Mention { media: mid, comment: None }),
        _ => Happening::Said(Said { mid: Some(event.key.clone()), text: Some(text), ..Said::default() }),
    })
}

/// Patience that does not outlast a test, and falls that do not slow it down.
pub(crate) fn hasty() -> TreeSettings {
    TreeSettings {
        restart_base: Duration::from_millis(1),
        restart_cap: Duration::from_millis(10),
        sweep: Duration::from_secs(3600),
        append_timeout: Duration::from_secs(20),
        ..TreeSettings::default()
    }
}

/// Masks that anybody could make.
pub(crate) struct Bare;

impl Keyed for Bare {
    fn mask(&self, texts: &[&str]) -> String {
        format!("{:x}", texts.join("/").bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte)))
    }

    fn sign(&self, receipt: &str) -> String {
        self.mask(&[receipt])
    }
}

fn rules(boot: i64) -> ShopRules {
    ShopRules {
        reply_quiet: TimeDelta::milliseconds(1),
        reply_max_age: TimeDelta::hours(1),
        settle_after: TimeDelta::minutes(2),
        max_threads: 100,
        max_in_flight: 4,
        caps: Caps::default(),
        boot,
        sync: SyncRules::default(),
    }
}

impl House {
    pub(crate) async fn build(settings: TreeSettings) -> Self {
        Self::build_careful(settings, EventSeq(0)).await
    }

    /// As after an unclean end of the process: events up to here are taken one by one.
    pub(crate) async fn build_careful(settings: TreeSettings, careful_through: EventSeq) -> Self {
        let graph = Arc::new(FakeGraph::new());
        Self::build_around(settings, careful_through, (Arc::new(SystemClock), graph.clone()), graph).await
    }

    /// With this clock, and another Graph for whatever is called.
    pub(crate) async fn build_around(
        settings: TreeSettings,
        careful_through: EventSeq,
        (clock, outer): (Arc<dyn Clock>, Arc<dyn Graph>),
        graph: Arc<FakeGraph>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("house.db").display());
        let opening = StoreSettings { url: url.clone(), read_connections: 2, write_connections: 1 };
        Store::migrate(&opening).await.unwrap();
        let store = Store::open(&opening).await.unwrap();
        let boot = store.boot(clock.now()).await.unwrap();
        let seller = seller(&store, "1").await;
        let post = Arc::new(FakePost::default());
        let parts = Parts {
            store,
            clock,
            graph: outer,
            decode,
            outside: outside(post.clone()),
            rules: rules(boot.id),
            settings,
            keyed: Arc::new(Bare),
            careful_through,
        };
        let world = World::new(parts);
        let tree = Tree::start(world.clone()).await.unwrap();
        Self { tree, world, graph, post, seller, url, _dir: dir }
    }

    /// One more seller, with the account of this id.
    pub(crate) async fn another_seller(&self, account: &str) -> SellerId {
        let seller = seller(&self.world.store, account).await;
        self.world.reload_directory().await.unwrap();
        seller
    }

    /// The database's file.
    pub(crate) fn file(&self) -> PathBuf {
        self._dir.path().join("house.db")
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.world.clock.now()
    }

    /// A connection that bypasses the store, to set traps.
    pub(crate) async fn behind_its_back(&self, sql: &str) {
        let connection: DatabaseConnection = Database::connect(&self.url).await.unwrap();
        connection.execute_unprepared(sql).await.unwrap();
        connection.close().await.unwrap();
    }

    pub(crate) async fn equation(&self) -> Equation {
        ledger::equation(self.world.store.reads()).await.unwrap()
    }

    pub(crate) async fn reasons(&self) -> Vec<(String, i64)> {
        ledger::by_reason(self.world.store.reads()).await.unwrap()
    }

    /// Stores conversations of the first seller, each with a text that is owed.
    pub(crate) async fn owe_texts(&self, count: i64) {
        let loaded = sellers::load(&self.world.store, self.seller, self.now()).await.unwrap().unwrap();
        let now = self.now();
        let changes = Changes {
            last_id: 100 * count,
            customers: (1..=count).map(customer).collect(),
            conversations: (1..=count).map(|n| conversation(n, now)).collect(),
            outbox: (1..=count)
                .map(|n| Owed { state: OwedState::Owed, attempts: 0, ..claimed(n, &n.to_string()) })
                .collect(),
            ..Changes::default()
        };
        let fence = Fence { incarnation: loaded.incarnation, last_id: changes.last_id };
        let tx = FencedTx::begin(self.world.store.pen(), self.seller, fence, Sync::Flushed).await.unwrap();
        turns::save(&tx, &changes, now).await.unwrap();
        tx.commit("seller.turn").await.unwrap();
    }

    /// How many owed calls were accepted.
    pub(crate) async fn accepted(&self) -> usize {
        let page = Page { after: 0, limit: 1000 };
        let owed = views::outbox(self.world.store.reads(), self.seller, page).await.unwrap();
        owed.iter().filter(|owed| owed.state == OwedState::Accepted).count()
    }

    /// Waits until nothing from Meta is pending; nothing may be lost or made up.
    pub(crate) async fn settle(&self) -> Equation {
        until(async || self.equation().await.pending == 0).await;
        let equation = self.equation().await;
        assert!(equation.holds(), "{equation:?}");
        equation
    }
}

async fn seller(store: &Store, account: &str) -> SellerId {
    let tx = OfficeTx::begin(store.pen()).await.unwrap();
    let seller = office::create_seller(&tx, &Settings::new("Ada's", "EUR".parse::<Currency>().unwrap())).await.unwrap();
    let account = Account::new(Channel::Instagram, account);
    office::put_connection(&tx, &NewConnection { seller, account, linked: None, username: "ada".to_owned() })
        .await
        .unwrap();
    tx.commit("office").await.unwrap();
    seller
}

fn customer(n: i64) -> Customer {
    let account = Account::new(Channel::Instagram, "1");
    Customer {
        id: CustomerId(n),
        account,
        meta_id: format!("customer-{n}"),
        facts: Facts::default(),
        shown: Shown::default(),
        given_name: None,
    }
}

fn conversation(n: i64, now: DateTime<Utc>) -> Conversation {
    let begun = Conversation::begin(ConversationId(n), CustomerId(n));
    Conversation { last_inbound_at: Some(now), last_message_at: Some(now), ..begun }
}

/// Words of a customer to the account of this id.
pub(crate) fn said_to(account: &str, key: &str, words: &str) -> Arrival {
    Arrival {
        account: Account::new(Channel::Instagram, account),
        key: format!("message:{key}"),
        source: Source::Meta,
        kind: "message".to_owned(),
        customer: Some("7".to_owned()),
        happened_at: SystemClock.now(),
        raw: words.as_bytes().to_vec(),
        ledgered: None,
    }
}

/// Words of a customer to the first seller.
pub(crate) fn said(key: &str, words: &str) -> Arrival {
    said_to("1", key, words)
}

/// Something of this kind that is told the first seller.
pub(crate) fn told(kind: &str, key: &str, words: &str) -> Arrival {
    Arrival { kind: kind.to_owned(), key: format!("{kind}:{key}"), ..said(key, words) }
}

/// A command that changes nothing.
pub(crate) fn nothing_to_put() -> Command {
    Command::PutProducts { products: vec![] }
}

/// A claimed send.
pub(crate) fn claimed(outbox: i64, text: &str) -> Owed {
    Owed {
        id: OutboxId(outbox),
        purpose: Purpose::new(Aim::Ask, outbox),
        connection: ConnectionId(1),
        account: Account::new(Channel::Instagram, "1"),
        conversation: ConversationId(outbox),
        recipient: "7".to_owned(),
        call: OwedCall::Send { message: MessageId(1), text: text.to_owned(), attachment: None, quick_replies: vec![] },
        state: OwedState::Claimed,
        attempts: 1,
        held: 0,
        claimed_at: None,
        claimed_by: Some(1),
        not_before: DateTime::UNIX_EPOCH,
        mid: None,
        error: None,
    }
}

/// Waits for a state, never for a time.
pub(crate) async fn until(mut state: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !state().await {
        assert!(Instant::now() < deadline, "the state did not come");
        sleep(Duration::from_millis(3)).await;
    }
}
