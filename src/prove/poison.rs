//! An event that ends the process whenever it is read: it must be in the ledger after five starts, with its bytes, and
//! its neighbours, of its own seller and of others, must be handled once.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use actors::domain::event::{Happening, StoredEvent};
use actors::domain::outcome::Reason;
use actors::store::Store;
use actors::store::ledger::{self, FoundEvent, Order, Selection, State, Whole};
use anyhow::{Context, bail, ensure};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::brief::{self, Brief};
use super::clock::ScaledClock;
use super::history::{Say, Script};
use super::keeper::{Nursery, Running, SIGABRT};
use super::look::{self, Ended, Reader};
use super::places::{Place, Places};
use super::shops::{self, ShopPlan};
use super::{ProveArgs, run};
use crate::door;
use crate::sandbox::{Account, Sandbox, WebhookEvent};

/// Whoever reads an event with this in it dies.
const FATAL: &str = "the prover's poison";
const WISH: &str = "One canvas apron please";
/// The first life suspects nobody and counts nothing; after it the event has five attempts.
const DEATHS: u32 = 6;
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The child's decoder: the real one, but for an event that ends the process. No panic is caught from it, as none is
/// from a stack that overflows or memory that runs out.
pub(super) fn decode(event: &StoredEvent) -> Result<Happening, Reason> {
    if event.raw.windows(FATAL.len()).any(|part| part == FATAL.as_bytes()) {
        std::process::abort();
    }
    door::decode(event)
}

/// Brings the event, starts the child as often as it dies, and says whether all ended as it must.
pub(super) async fn prove(args: &ProveArgs, places: &Places) -> anyhow::Result<bool> {
    let mut house = House::open(args, places.place("kills").await?).await?;
    let poison = house.outlive().await?;
    let ended = house.read(&poison).await?;
    house.meta.stop().await;
    println!("\nthe process died {} times over one event, as it may {DEATHS} times\n{}", house.deaths, ended.equation);
    for text in &ended.wrong {
        println!("  WRONG {text}");
    }
    match ended.wrong.is_empty() {
        true => println!("PROVED: the event is in the ledger as poison, and {} others were handled", ended.end.len()),
        false => println!("NOT PROVED: {} findings", ended.wrong.len()),
    }
    Ok(ended.wrong.is_empty())
}

struct House {
    place: Place,
    meta: Sandbox,
    shops: Vec<(ShopPlan, Account)>,
    nursery: Nursery,
    scripts: Vec<Script>,
    deaths: u32,
    until: Instant,
}

impl House {
    async fn open(args: &ProveArgs, place: Place) -> anyhow::Result<Self> {
        let clock = ScaledClock::from_now(run::FACTOR);
        let meta = run::sandbox(args.seed, clock, false).await?;
        let shops = shops::shops(args.sellers).map(|shop| (shop.clone(), run::account(&meta, &shop))).collect();
        let brief = Brief {
            dir: place.dir.clone(),
            sellers: args.sellers,
            clock,
            point: None,
            actor_kills: 0,
            rival: false,
            stale: false,
            catalog: false,
            seed: args.seed,
        };
        let environment = run::environment(&place, &meta);
        let nursery = Nursery { meta: meta.clone(), brief, database: place.store(), environment };
        let until = Instant::now() + PATIENCE;
        Ok(Self { place, meta, shops, nursery, scripts: Vec::new(), deaths: 0, until })
    }

    /// One life after the other until everything is at rest. In each, more customers write to every shop.
    async fn outlive(&mut self) -> anyhow::Result<WebhookEvent> {
        let mut child = self.nursery.spawn(None)?;
        self.everybody_writes();
        ensure!(self.comes_to_rest(&mut child, None).await?, "the child died before there was anything to die of");
        let (poison, brought) = self.bring_poison();
        while !self.comes_to_rest(&mut child, Some(&brought)).await? {
            self.deaths += 1;
            child = self.nursery.spawn(None)?;
            self.everybody_writes();
        }
        child.is_to_end();
        let status = child.ended_within(PATIENCE).await?.context("asked to stop, the child did not")?;
        ensure!(status.success(), "asked to stop, the child ended with {status}");
        Ok(poison)
    }

    /// A new customer of each shop orders something; Meta's stand-in tries until it is taken.
    fn everybody_writes(&mut self) {
        let events: Vec<_> = (0..self.shops.len()).map(|shop| self.writes(shop, "Customer")).collect();
        events.iter().for_each(|event| self.meta.deliver_later(event));
    }

    fn writes(&mut self, shop: usize, who: &str) -> WebhookEvent {
        let (plan, account) = &self.shops[shop];
        let name = format!("{who} {}", self.deaths);
        let event = account.customer(&name).writes(WISH);
        let phases = [vec![Say::Text(WISH.to_owned())], Vec::new(), Vec::new()];
        self.scripts.push(Script { shop: plan.n, name, phases, orders: (0, 0) });
        event
    }

    /// The event among its neighbours, in one POST, which is made until it is taken.
    fn bring_poison(&mut self) -> (WebhookEvent, JoinHandle<()>) {
        let before = self.writes(0, "Before");
        let poison = self.shops[0].1.customer("Eve").writes(FATAL);
        let mut post = vec![before, poison.clone(), self.writes(0, "After")];
        post.extend((1..self.shops.len()).map(|shop| self.writes(shop, "Beside")));
        let body = self.meta.body_of(&post.iter().collect::<Vec<_>>());
        let (meta, signature) = (self.meta.clone(), self.meta.sign(&body));
        let bring = async move {
            while !meta.post(body.clone(), &signature).await.is_taken() {
                sleep(LOOK_EVERY).await;
            }
        };
        (poison, tokio::spawn(bring))
    }

    /// Waits until nothing is left to do; false when the child died before.
    async fn comes_to_rest(&self, child: &mut Running, brought: Option<&JoinHandle<()>>) -> anyhow::Result<bool> {
        let settings = self.place.store();
        while Instant::now() < self.until {
            if let Some(status) = child.ended_within(LOOK_EVERY).await? {
                ensure!(status.signal() == Some(SIGABRT), "the child ended by itself with {status}: see child.log");
                return Ok(false);
            }
            let is_brought = brought.is_none_or(JoinHandle::is_finished);
            if self.nursery.hears_of_address()?
                && is_brought
                && look::still_open(&settings, &self.meta).await?.is_empty()
            {
                return Ok(true);
            }
        }
        bail!("the child did not come to rest within {PATIENCE:?}, with {} deaths", self.deaths)
    }

    async fn read(&self, poison: &WebhookEvent) -> anyhow::Result<Ended> {
        let settings = self.place.store();
        let reader = Reader { settings: &settings, meta: &self.meta, shops: &self.shops, scripts: &self.scripts };
        let mut ended = reader.read().await.context("could not read how it ended")?;
        // That one event is ledgered, and why, is checked below.
        ended.wrong.retain(|text| text != "1 events are ledgered as poison");
        if self.deaths != DEATHS {
            ended.wrong.push(format!("the process died {} times over the event", self.deaths));
        }
        for ((shop, name), end) in &ended.end {
            if (end.orders.len(), end.received.len()) != (1, 1) {
                let told =
                    format!("{name} of shop {shop} has the orders {:?} and received {:?}", end.orders, end.received);
                ended.wrong.push(told);
            }
        }
        let reads = Store::look(&settings).await?;
        let kept = ledger::events(&reads, (None, Selection::default()), (Order::Oldest, None), 10_000).await?.events;
        let found = kept.iter().find(|event| event.state == State::Ledgered).map(|event| event.seq);
        let whole = match found {
            Some(seq) => ledger::event(&reads, seq).await?,
            None => None,
        };
        reads.close().await?;
        ended
            .wrong
            .extend(whole.map_or(vec!["nothing is ledgered".to_owned()], |whole| findings(&whole, poison, &kept)));
        let words = std::fs::read_to_string(brief::last_words(&self.place.dir)).context("no last words")?;
        let words: brief::LastWords = serde_json::from_str(&words)?;
        ended.wrong.extend(words.resting.into_iter().map(|who| format!("an actor rests: {who}")));
        Ok(ended)
    }
}

/// What is wrong with the ledgered event: it is kept as it came, and whoever came before it did not wait for its end.
fn findings(whole: &Whole, poison: &WebhookEvent, all: &[FoundEvent]) -> Vec<String> {
    let (event, mut wrong) = (&whole.event, Vec::new());
    if event.reason != Some(Reason::Poison) || !event.key.ends_with(poison.mid()) {
        wrong.push(format!("the event {} is ledgered for {:?}", event.key, event.reason_code));
    }
    if whole.raw != poison.json.as_bytes() {
        wrong.push("the event is not kept as it came".to_owned());
    }
    let place = |event: &FoundEvent| (event.happened_at, event.seq);
    let earlier = all.iter().filter(|other| other.seller == event.seller && place(other) < place(event));
    for late in earlier.filter(|other| other.decided_at > event.decided_at) {
        wrong.push(format!("{} came before it and waited for its end", late.key));
    }
    wrong
}
