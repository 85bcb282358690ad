//! The way to sellers for whoever is no actor: the HTTP API, the demo, the prover, tests.
//! It hides in which actor, and one day in which process, a seller runs.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ractor::RpcReplyPort;
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use crate::domain::budget::forecast::{Books, HoldLine, Report};
use crate::domain::budget::window;
use crate::domain::channel::Account;
use crate::domain::command::Commanded;
use crate::domain::conversation::Message;
use crate::domain::event::{Arrival, Source};
use crate::domain::ids::{MessageId, SellerId, ShopEventId};
use crate::domain::outbox::{Owed, OwedState};
use crate::domain::shop_event::ShopEventKind;
use crate::domain::sync::catalog::SyncMode;
use crate::domain::sync::errand::push_draw;
use crate::domain::sync::run::SyncRun;
use crate::feed::{Feed, NotFed};
use crate::journal::Journal;
use crate::post::{ClerkMsg, SupervisorMsg};
use crate::status::{About, Fault, Inspection, NotStored, NotTold, SellerStatus};
use crate::store::{StoreError, budgets, inbox, sync, views};
use crate::world::World;

/// How long a question about an actor may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to look for an answer whose announcement was lost.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What became of a command that was stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// It was decided, and this is the answer.
    Answered(Value),
    /// It will be decided; under this key its answer can be read later.
    Accepted(String),
    /// Nothing was asked: another command has this key.
    KeyOfAnother(String),
}

/// What became of a message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// Meta took it, and calls it so.
    Sent {
        /// Meta's message id.
        mid: String,
    },
    /// It was not sent, and will not be.
    NotSent {
        /// Why, in our words.
        why: String,
    },
    /// It is on its way, or waits, or nobody can tell.
    Waiting,
    /// There is no such message of ours.
    Unknown,
}

impl Sending {
    fn of(message: Message, owed: Owed) -> Self {
        match (message.mid, owed.state) {
            (Some(mid), _) => Sending::Sent { mid },
            (None, OwedState::Failed) => Sending::NotSent { why: owed.error.unwrap_or_default() },
            (None, _) => Sending::Waiting,
        }
    }
}

/// The way to sellers.
#[derive(Clone)]
pub struct Sellers {
    world: Arc<World>,
    journal: Journal,
}

impl Sellers {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { journal: Journal::new(world.clone()), world }
    }

    /// Lets a seller look for what there is to do.
    pub fn wake(&self, seller: SellerId) {
        self.world.wake(vec![seller]);
    }

    /// Asks for a change of a shop, once for each key: stores it, and waits a little for the answer.
    pub async fn command(
        &self,
        seller: SellerId,
        idempotency_key: Option<&str>,
        command: impl Into<Commanded>,
    ) -> Result<Asked, NotStored> {
        let command = command.into();
        let key = idempotency_key.map_or_else(|| format!("{:032x}", rand::random::<u128>()), str::to_owned);
        // Listening begins before the command is stored, so that the answer cannot slip past.
        let news = self.world.answered.subscribe();
        self.journal.append_ours(self.arrival(seller, &key, &command)).await?;
        // Also when the inbox had it already: whoever asks again may have found the seller asleep.
        self.wake(seller);
        if idempotency_key.is_some() && self.is_another(seller, &key, &command).await? {
            return Ok(Asked::KeyOfAnother(key));
        }
        let until = Instant::now() + self.world.settings.answer_wait;
        let answer = timeout_at(until, self.answer_when_there(seller, &key, news)).await;
        Ok(answer.ok().flatten().map_or(Asked::Accepted(key), Asked::Answered))
    }

    /// The answer to the command with this key; none while it is not decided. It is on disk: its seller may still wait
    /// for that when it can be read.
    pub async fn answer(&self, seller: SellerId, key: &str) -> Result<Option<Value>, StoreError> {
        let store = &self.world.store;
        let answer = inbox::answer(store.reads(), seller, &command_key(key)).await?;
        if answer.is_some() {
            store.pen().flush_seen().await?;
        }
        Ok(answer)
    }

    /// Follows what happens in a shop: after this event, or from now on; of these kinds, or of all when none is named.
    pub async fn feed(
        &self,
        seller: SellerId,
        after: Option<ShopEventId>,
        kinds: Vec<ShopEventKind>,
    ) -> Result<Feed, NotFed> {
        Feed::open(self.world.clone(), seller, after, kinds).await
    }

    /// What was asked with this key; none: nothing.
    pub async fn asked(&self, seller: SellerId, key: &str) -> Result<Option<Commanded>, StoreError> {
        let stored = inbox::raw(self.world.store.reads(), seller, &command_key(key)).await?;
        Ok(stored.and_then(|raw| serde_json::from_slice(&raw).ok()))
    }

    /// Waits a little for the answer to the command with this key.
    pub async fn wait(&self, seller: SellerId, key: &str) -> Option<Value> {
        let news = self.world.answered.subscribe();
        self.wake(seller);
        timeout(self.world.settings.answer_wait, self.answer_when_there(seller, key, news)).await.ok().flatten()
    }

    /// Whether the inbox has something else under this key. Where that cannot be read now, whoever asks must ask again:
    /// the answer that is there may be another's.
    async fn is_another(&self, seller: SellerId, key: &str, command: &Commanded) -> Result<bool, NotStored> {
        let stored = self.asked(seller, key).await.map_err(|_| NotStored::Unavailable)?;
        Ok(stored.is_some_and(|stored| stored.command != command.command))
    }

    /// Whether there is such a command, done or not.
    pub async fn knows(&self, seller: SellerId, key: &str) -> Result<bool, StoreError> {
        Ok(inbox::raw(self.world.store.reads(), seller, &command_key(key)).await?.is_some())
    }

    async fn answer_when_there(
        &self,
        seller: SellerId,
        key: &str,
        mut news: broadcast::Receiver<SellerId>,
    ) -> Option<Value> {
        loop {
            // A store that cannot be read now is no reason to call the command undone: it is accepted.
            if let Some(answer) = self.answer(seller, key).await.ok()? {
                return Some(answer);
            }
            let _ = timeout(LOOK_AGAIN, news_of(seller, &mut news)).await;
        }
    }

    /// What became of a message that a command has queued, once it left or will not, or when this long is over.
    pub async fn sent(&self, seller: SellerId, message: MessageId, wait: Duration) -> Result<Sending, StoreError> {
        let until = Instant::now() + wait;
        // Listening begins before the message is read, so that its leaving cannot slip past.
        let mut news = self.world.answered.subscribe();
        loop {
            let found = views::send(self.world.store.reads(), seller, message).await?;
            let sending = found.map_or(Sending::Unknown, |(message, owed)| Sending::of(message, owed));
            let left = until.saturating_duration_since(Instant::now());
            if sending != Sending::Waiting || left.is_zero() {
                return Ok(sending);
            }
            let _ = timeout(LOOK_AGAIN.min(left), news_of(seller, &mut news)).await;
        }
    }

    fn arrival(&self, seller: SellerId, key: &str, command: &Commanded) -> Arrival {
        Arrival {
            account: Account::of_seller(seller),
            key: command_key(key),
            source: Source::Command,
            kind: "command".to_owned(),
            customer: None,
            happened_at: self.world.clock.now(),
            raw: serde_json::to_vec(command).expect("commands have only strings for keys"),
            ledgered: None,
        }
    }

    /// Where a seller's actor stands.
    pub async fn status(&self, seller: SellerId) -> Result<SellerStatus, NotTold> {
        self.about(seller, About::Status).await
    }

    /// Lets a seller take no turn until resumed; what comes in is stored and waits. Ends with the process.
    pub async fn pause(&self, seller: SellerId) -> Result<SellerStatus, NotTold> {
        self.about(seller, About::Pause).await
    }

    /// Lets a seller go on after a pause or a rest.
    pub async fn resume(&self, seller: SellerId) -> Result<SellerStatus, NotTold> {
        self.about(seller, About::Resume).await
    }

    /// Lets a seller's actor go; its next event brings it back.
    pub async fn unload(&self, seller: SellerId) -> Result<SellerStatus, NotTold> {
        self.about(seller, About::Unload).await
    }

    /// Loads a seller again, with its connections as they are now, and reads anew whose each account is.
    pub async fn reload_credentials(&self, seller: SellerId) -> Result<SellerStatus, NotTold> {
        let reload = timeout(PATIENCE, self.world.reload_directory());
        reload.await.map_err(|_| NotTold::Late)?.map_err(|_| NotTold::Unreadable)?;
        self.about(seller, About::Reload).await
    }

    /// Ends a seller's actor in the midst of whatever it does; it is started again.
    pub async fn kill(&self, seller: SellerId) -> Result<SellerStatus, NotTold> {
        self.about(seller, About::Kill).await
    }

    /// Makes a seller's actor fall, as a rehearsal.
    pub async fn fault(&self, seller: SellerId, fault: Fault) -> Result<SellerStatus, NotTold> {
        self.about(seller, About::Fault(fault)).await
    }

    /// Reads anew, soon, whose each account and each catalog is.
    pub fn look_whose(&self) {
        self.world.posts.clerk.tell(ClerkMsg::Look);
    }

    /// Ends the supervisor in the midst of whatever it does, and all sellers with it, as a rehearsal; it is started again.
    pub fn kill_supervisor(&self) {
        if let Some(supervisor) = self.world.posts.supervisor.holder() {
            supervisor.kill();
        }
    }

    /// Looks into a seller's memory; none when it is not loaded.
    pub async fn inspect(&self, seller: SellerId) -> Result<Option<Inspection>, NotTold> {
        self.ask(|reply| SupervisorMsg::Inspect(seller, reply)).await
    }

    /// A seller's budgets as they are stored: what may be spent, what was, and when what waits will have left. None:
    /// there is no such seller.
    pub async fn budget(&self, seller: SellerId) -> Result<Option<Report>, StoreError> {
        let World { store, clock, rules, app_hold, .. } = &*self.world;
        let now = clock.now();
        let Some(stored) = budgets::read(store.reads(), seller, now).await? else { return Ok(None) };
        let (caps, app) = (rules.caps.with(&stored.own), app_hold.at(now));
        let (spent, holds) = (window::restored(&stored.spent), stored.holds.into_iter().collect());
        let books = Books {
            caps: &caps,
            spent: &spent,
            holds: &holds,
            app: app.as_ref(),
            without_token: &stored.without_token,
        };
        let lines = books.lines(stored.open.iter(), now);
        let held = holds.iter().filter(|(_, hold)| hold.stands(now));
        let holds = held.map(|(on, hold)| HoldLine::of(*on, hold)).collect();
        let app_hold = self.app_hold();
        Ok(Some(Report { caps, own_caps: stored.own, budgets: lines, holds, app_hold }))
    }

    /// How many calls a run of the catalog sync has still to make, and when the last of them will have left.
    pub async fn sync_forecast(&self, seller: SellerId, run: &SyncRun) -> Result<SyncForecast, StoreError> {
        let World { store, clock, rules, app_hold, .. } = &*self.world;
        let now = clock.now();
        let left = run.counts.total().saturating_sub(run.counts.done());
        let (stored, catalog) =
            (budgets::read(store.reads(), seller, now).await?, sync::current(store.reads(), seller).await?);
        let (Some(stored), Some(catalog), true) = (stored, catalog, run.is_open()) else {
            return Ok(SyncForecast { calls_left: 0, done_at: run.ended_at });
        };
        let is_batch = catalog.settings.mode == SyncMode::Batch;
        let a_call = if is_batch { run.cursor.batch_items.unwrap_or(rules.sync.batch_items).max(1) } else { 1 };
        let calls_left = left.div_ceil(u64::from(a_call));
        let (caps, app) = (rules.caps.with(&stored.own), app_hold.at(now));
        let (spent, holds) = (window::restored(&stored.spent), stored.holds.into_iter().collect());
        let books = Books { caps: &caps, spent: &spent, holds: &holds, app: app.as_ref(), without_token: &[] };
        let is_stopped = run.pause.as_ref().is_some_and(|pause| pause.until.is_none());
        let done_at = books.last_of(push_draw(catalog.id, is_batch), calls_left, now).filter(|_| !is_stopped);
        Ok(SyncForecast { calls_left, done_at })
    }

    /// Meta's pause of the whole app, while it stands.
    pub fn app_hold(&self) -> Option<HoldLine> {
        let now = self.world.clock.now();
        self.world.app_hold.at(now).filter(|hold| hold.stands(now)).as_ref().map(HoldLine::of_app)
    }

    async fn about(&self, seller: SellerId, about: About) -> Result<SellerStatus, NotTold> {
        self.ask(|reply| SupervisorMsg::About(seller, about, reply)).await
    }

    async fn ask<T>(&self, question: impl FnOnce(RpcReplyPort<T>) -> SupervisorMsg) -> Result<T, NotTold> {
        let (reply, answer) = oneshot::channel();
        if !self.world.posts.supervisor.tell(question(reply.into())) {
            return Err(NotTold::Down);
        }
        timeout(PATIENCE, answer).await.map_err(|_| NotTold::Late)?.map_err(|_| NotTold::Down)
    }
}

fn command_key(key: &str) -> String {
    format!("command:{key}")
}

/// Waits until commands of a seller were answered, or calls of it ended. News that came too fast to follow may have been of this seller.
async fn news_of(seller: SellerId, news: &mut broadcast::Receiver<SellerId>) {
    loop {
        match news.recv().await {
            Ok(of) if of != seller => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// What a run of the catalog sync has before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncForecast {
    /// Calls to be made, at least.
    pub calls_left: u64,
    /// When the last of them will have left, at the caps there are; none: nobody can say. For a run that is over: when
    /// it was.
    pub done_at: Option<DateTime<Utc>>,
}
