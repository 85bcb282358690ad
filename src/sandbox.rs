//! Meta in a box: speaks the Graph API's wire and sends signed webhooks, with its own state, caps and faults.
//!
//! It knows nothing of how Hawker reads or writes that wire, so that it does not merely agree with it.

mod catalog;
mod channel;
mod control;
mod delivery;
mod edges;
mod faults;
mod fields;
mod mixing;
mod oauth;
mod people;
mod reads;
mod refusal;
mod routes;
#[cfg(test)]
mod samples;
mod sends;
mod serve;
mod settings;
mod signature;
#[cfg(test)]
mod tests;
mod whatsapp;
mod wire;
mod world;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use delivery::{Deliverer, Parcel, Tracking};
use sends::Rules;
use world::World;

pub use catalog::{
    BatchFate, Catalog, CatalogBatch, CatalogCall, CatalogEdge, CatalogItem, CatalogRules, CatalogWrite, Rejects,
    ReviewRules,
};
pub use channel::Channel;
pub use delivery::{Answer, Delivery, Progress, Purpose};
pub use faults::{Calls, Chaos, Fault, Limits, Silence};
pub use mixing::{Mixed, Mixing};
pub use oauth::{Consent, FACEBOOK_APP, INSTAGRAM_APP, LoginFault, LoginStep};
pub use people::{Account, Customer};
pub use refusal::{Refusal, UnknownCode};
pub use settings::{Echoes, NowMs, Retries, SandboxSettings};
pub use wire::WebhookEvent;
pub use world::{QuickReply, SentAttachment, SentMessage, WrongCall};

/// As many events as Meta puts into one POST.
const MOST_EVENTS_PER_POST: usize = 1000;

/// A stand-in for Meta that runs in this process. Clones are handles to the same one.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

struct Shared {
    settings: SandboxSettings,
    world: Mutex<World>,
    deliverer: Arc<Deliverer>,
    held_echoes: Mutex<Vec<WebhookEvent>>,
    echo_delays: Mutex<StdRng>,
    address: SocketAddr,
    stop: CancellationToken,
    server: Mutex<Option<JoinHandle<()>>>,
}

/// How several events are put into POSTs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batching {
    /// One after the other, in the order given.
    OneByOne,
    /// All in one POST, or in as few as Meta's limit of 1000 allows.
    OnePost,
    /// One by one, in an order that follows from the seed.
    Shuffled(u64),
    /// One by one, the latest first.
    NewestFirst,
}

impl Sandbox {
    /// Starts serving on a listener, in the background of the runtime it is called in.
    ///
    /// # Errors
    /// If the listener has no address or the client for webhooks cannot be built.
    pub fn start(settings: SandboxSettings, listener: TcpListener) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let deliverer = Deliverer::new(&settings, stop.clone()).map_err(io::Error::other)?;
        let shared = Shared {
            world: Mutex::new(World::new(settings.seed)),
            deliverer: Arc::new(deliverer),
            held_echoes: Mutex::default(),
            echo_delays: Mutex::new(StdRng::seed_from_u64(settings.seed)),
            address: listener.local_addr()?,
            stop: stop.clone(),
            server: Mutex::default(),
            settings,
        };
        let sandbox = Self { shared: Arc::new(shared) };
        let server = tokio::spawn(serve::serve(listener, routes::routes(&sandbox), stop));
        *lock(&sandbox.shared.server) = Some(server);
        Ok(sandbox)
    }

    /// Stops serving and delivering; every connection is dropped and the port is free.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        let server = lock(&self.shared.server).take();
        if let Some(server) = server {
            // An error would mean that serving panicked, and then it has stopped too.
            _ = server.await;
        }
    }

    /// Where the Graph API is, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// Where webhooks go from here on; those held back until now go too.
    pub fn deliver_to(&self, webhook: Url) {
        self.shared.deliverer.deliver_to(webhook);
    }

    /// Where webhooks go, if anywhere yet.
    pub fn webhook(&self) -> Option<Url> {
        self.shared.deliverer.webhook()
    }

    /// The name of a customer, by the id an account sees.
    pub fn name_of(&self, customer: &str) -> Option<String> {
        self.world().name_of(customer)
    }

    /// Whether the webhook's owner proves itself with the verify token, as Meta asks before the first event.
    pub async fn verify_webhook(&self) -> bool {
        self.shared.deliverer.verify("1158201444").await
    }

    /// An account that sells, with its Instagram id, its username, the id of its Page, and a token.
    pub fn add_account(&self, ig_user_id: &str, username: &str, page_id: &str, token: &str) -> Account {
        self.world().add_account(ig_user_id, username, page_id, token);
        Account { sandbox: self.clone(), id: ig_user_id.to_owned() }
    }

    /// A Page that sells, with its Facebook id, its name, and a token. A token that an Instagram account has, too, is
    /// that of the Page it is linked to.
    pub fn add_page(&self, page_id: &str, name: &str, token: &str) -> Account {
        self.world().add_page(page_id, name, token);
        Account { sandbox: self.clone(), id: page_id.to_owned() }
    }

    /// A WhatsApp number that sells, with its id at Meta, the number itself, the id of its business, and a token.
    pub fn add_number(&self, number_id: &str, display_number: &str, business_id: &str, token: &str) -> Account {
        self.world().add_number(number_id, display_number, business_id, token);
        Account { sandbox: self.clone(), id: number_id.to_owned() }
    }

    /// A customer of an account by name; the same name is the same customer.
    pub fn customer(&self, account: &Account, name: &str) -> Customer {
        account.customer(name)
    }

    /// Delivers one event, once, and says what came back.
    pub async fn deliver(&self, event: &WebhookEvent) -> Answer {
        self.shared.deliverer.deliver_once(self.parcel(&[event], Purpose::Event)).await
    }

    /// Delivers events, each once, and says what came back for each POST.
    pub async fn deliver_all(&self, events: &[WebhookEvent], batching: Batching) -> Vec<Answer> {
        let mut events: Vec<&WebhookEvent> = events.iter().collect();
        match batching {
            Batching::OneByOne | Batching::OnePost => {}
            Batching::Shuffled(seed) => events.shuffle(&mut StdRng::seed_from_u64(seed)),
            Batching::NewestFirst => events.sort_by_key(|event| std::cmp::Reverse(event.timestamp_ms)),
        }
        let per_post = if batching == Batching::OnePost { MOST_EVENTS_PER_POST } else { 1 };
        let mut answers = Vec::new();
        let same_channel = |one: &&WebhookEvent, other: &&WebhookEvent| one.channel == other.channel;
        for post in events.chunk_by(same_channel).flat_map(|events| events.chunks(per_post)) {
            answers.push(self.shared.deliverer.deliver_once(self.parcel(post, Purpose::Event)).await);
        }
        answers
    }

    /// Delivers an event in the background, as Meta does: again and again until it is taken or given up.
    pub fn deliver_later(&self, event: &WebhookEvent) {
        self.track(event);
    }

    /// Delivers what is told in these bodies, whatever it is, as Meta may at its worst: each piece several times, in any
    /// order, some together, some late. Says how it ended, once every POST was taken or given up.
    ///
    /// # Errors
    /// If one is no body of Meta's: an object with an `object`.
    pub async fn deliver_mixed(&self, bodies: &[&str], mixing: &Mixing) -> Result<Mixed, serde_json::Error> {
        let (posts, pieces) = mixing::posts(bodies, mixing)?;
        let ends = posts.into_iter().map(|post| {
            let parcel = Parcel { purpose: Purpose::Event, mids: Vec::new(), body: post.body };
            self.shared.deliverer.deliver_later(parcel, post.delay).end
        });
        let ends = futures::future::join_all(ends.collect::<Vec<_>>()).await;
        // Nothing comes of those that were under way when the sandbox was stopped.
        Ok(Mixed { pieces, posts: ends.into_iter().map(|end| end.unwrap_or(Progress::GivenUp)).collect() })
    }

    /// Posts any bytes with any signature, once.
    pub async fn post(&self, body: Vec<u8>, signature: &str) -> Answer {
        self.shared.deliverer.post(body.into(), signature).await
    }

    /// The body of one POST with these events of one channel, grouped by account and escaped as Meta escapes.
    pub fn body_of(&self, events: &[&WebhookEvent]) -> Vec<u8> {
        let ahead_ms = self.world().logins.ahead_ms();
        wire::body_of(events, self.now_ms() + ahead_ms)
    }

    /// The value of `X-Hub-Signature-256` for a body.
    pub fn sign(&self, body: &[u8]) -> String {
        self.shared.deliverer.sign(body)
    }

    /// All deliveries so far, in the order in which they were begun.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.deliverer.log()
    }

    /// How many deliveries in the background have not ended yet. Held echoes do not count.
    pub fn pending_deliveries(&self) -> usize {
        self.shared.deliverer.pending()
    }

    /// Waits until no delivery in the background is left.
    pub async fn settle(&self) {
        self.shared.deliverer.until_none_is_pending().await;
    }

    /// Sends the echoes that [`Echoes::Held`] has kept, and says how many.
    pub fn release_echoes(&self) -> usize {
        let held = std::mem::take(&mut *lock(&self.shared.held_echoes));
        held.iter().for_each(|echo| _ = self.echo_now(echo));
        held.len()
    }

    /// The next messages sent go wrong, to whomever.
    pub fn next_sends(&self, times: u32, fault: Fault) {
        self.world().faults.order(fault, times, Calls::Sends, None);
    }

    /// The next messages sent to one customer go wrong.
    pub fn next_sends_to(&self, customer: &Customer, times: u32, fault: Fault) {
        self.world().faults.order(fault, times, Calls::Sends, Some(customer.id().to_owned()));
    }

    /// The next reads go wrong.
    pub fn next_reads(&self, times: u32, fault: Fault) {
        self.world().faults.order(fault, times, Calls::Reads, None);
    }

    /// From here on calls go wrong by chance.
    pub fn start_chaos(&self, chaos: Chaos) {
        self.world().faults.start_chaos(chaos);
    }

    /// From here on nothing goes wrong any more.
    pub fn mend(&self) {
        self.world().faults.mend();
    }

    /// Every message that was really sent through the API, in order.
    pub fn sent(&self) -> Vec<SentMessage> {
        self.world().sent.clone()
    }

    /// The messages that were really sent to a customer through the API, in order.
    pub fn sent_to(&self, customer: &Customer) -> Vec<SentMessage> {
        let is_theirs = |sent: &&SentMessage| sent.account == customer.account() && sent.to == customer.id();
        self.world().sent.iter().filter(is_theirs).cloned().collect()
    }

    /// How many calls the Graph API has had.
    pub fn calls(&self) -> u64 {
        self.world().calls
    }

    /// The calls among them that a correct client never makes.
    pub fn wrong_calls(&self) -> Vec<WrongCall> {
        self.world().wrong_calls.clone()
    }

    fn now_ms(&self) -> i64 {
        (self.shared.settings.now_ms)()
    }

    /// Nobody waits while holding this: what is done with it is done at once.
    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.shared.world)
    }

    fn rules(&self) -> Rules {
        let settings = &self.shared.settings;
        Rules { messages_per_hour: settings.messages_per_hour, window: settings.window }
    }

    fn parcel(&self, events: &[&WebhookEvent], purpose: Purpose) -> Parcel {
        let mids = events.iter().filter_map(|event| event.mid.clone()).collect();
        Parcel { purpose, mids, body: Bytes::from(self.body_of(events)) }
    }

    fn track(&self, event: &WebhookEvent) -> Tracking {
        self.shared.deliverer.deliver_later(self.parcel(&[event], Purpose::Event), Duration::ZERO)
    }

    fn echo_now(&self, echo: &WebhookEvent) -> Tracking {
        self.shared.deliverer.deliver_later(self.parcel(&[echo], Purpose::Echo), Duration::ZERO)
    }

    /// Sends the webhooks about batches that have ended.
    fn tell_batches(&self) {
        let told = self.world().catalogs.take_told();
        for batch in told {
            let body = Bytes::from(wire::escaped(&batch.body().to_string()));
            let parcel = Parcel { purpose: Purpose::Event, mids: Vec::new(), body };
            self.shared.deliverer.deliver_later(parcel, Duration::ZERO);
        }
    }

    /// Sends an echo as the settings say.
    fn echo_as_set(&self, echo: WebhookEvent) {
        let delay = match self.shared.settings.echoes {
            Echoes::Off => return,
            Echoes::Held => return lock(&self.shared.held_echoes).push(echo),
            Echoes::After(delay) => delay,
            Echoes::Within(most) => most.mul_f64(lock(&self.shared.echo_delays).random()),
        };
        self.shared.deliverer.deliver_later(self.parcel(&[&echo], Purpose::Echo), delay);
    }
}

/// What a panicking test left behind is still whole: every change under a lock is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
