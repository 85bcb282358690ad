//! The way to put ledgered events back to work, for whoever is no actor, and for the clerk. Chunk by chunk in Meta's
//! order, each committed and flushed before its sellers are woken; interrupted anywhere, it is simply done again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use thiserror::Error;
use tracing::info;

use crate::domain::channel::Account;
use crate::domain::directory::Place;
use crate::domain::event::Source;
use crate::domain::ids::{EventSeq, SellerId};
use crate::store::ledger::{self, Candidate, PutBack, Selection, State};
use crate::store::{OfficeTx, StoreError};
use crate::trouble::{Trouble, within};
use crate::world::World;

/// Events of one transaction: so many are put back in a few milliseconds, in which nobody else can write.
const CHUNK: u64 = 500;

/// The way to the ledger.
#[derive(Clone)]
pub struct Ledger {
    world: Arc<World>,
}

/// Why an event cannot be put back to work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is not there.
    #[error("there is no event {0}, or it was let go of long after it had ended")]
    NotThere(EventSeq),
    /// It did what it was to do: doing it again is what must never happen.
    #[error("event {0} was handled: what it led to is there, and is not done twice")]
    AlreadyHandled(EventSeq),
    /// It waits for its seller already.
    #[error("event {0} is pending: its seller takes it up")]
    AlreadyPending(EventSeq),
    /// Nobody has connected the account.
    #[error("no seller is connected to {0}: connect the account, and its events are taken up by themselves")]
    UnknownAccount(Account),
    /// There is no account to find a seller by.
    #[error("no account could be read in it, so it is nobody's: a person has to look at its raw bytes")]
    NoAccount,
    /// A command or the result of a call.
    #[error("it did not come from Meta: whoever asked for it was told that it was not done, and can ask again")]
    NotFromMeta,
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NotThere(_) => "not_found",
            Refusal::AlreadyHandled(_) => "already_handled",
            Refusal::AlreadyPending(_) => "already_pending",
            Refusal::UnknownAccount(_) => "unknown_account",
            Refusal::NoAccount => "no_account",
            Refusal::NotFromMeta => "not_from_meta",
        }
    }
}

/// Why it was not done.
#[derive(Debug, Error)]
pub enum NotReplayed {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not do it now; what was put back before stays so.
    #[error("the events could not be put back now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + std::marker::Sync>),
}

impl From<Trouble> for NotReplayed {
    fn from(trouble: Trouble) -> Self {
        Self::Unavailable(Box::new(trouble))
    }
}

impl From<StoreError> for NotReplayed {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// Where a replay goes on: the last event looked at, by Meta's time and by place.
pub type Position = (i64, EventSeq);

/// How many events were, or would be, put back, and how many not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By the seller that takes them up.
    pub by_seller: BTreeMap<SellerId, u64>,
    /// By the reason they were ledgered for.
    pub by_reason: BTreeMap<String, u64>,
    /// Those that stay, by the code of the refusal.
    pub refused: BTreeMap<&'static str, u64>,
    /// Those that turned out to be known already.
    pub duplicate: u64,
}

impl Tally {
    /// How many are taken up.
    pub fn replayed(&self) -> u64 {
        self.by_seller.values().sum()
    }
}

/// What a part of a replay did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// In numbers.
    pub tally: Tally,
    /// Where to go on; none: it is done.
    pub next: Option<Position>,
}

impl Ledger {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Puts one event back to work; answers whose it is.
    pub async fn replay_one(&self, event: EventSeq) -> Result<SellerId, NotReplayed> {
        let limit = self.world.settings.store_timeout;
        let found = within(limit, ledger::event(self.world.store.reads(), event)).await?;
        let found = found.ok_or(Refusal::NotThere(event))?.event;
        match found.state {
            State::Pending => return Err(Refusal::AlreadyPending(event).into()),
            State::Handled | State::Duplicate => return Err(Refusal::AlreadyHandled(event).into()),
            State::Ledgered => {}
        }
        let candidate = Candidate::of(&found);
        let home = self.home(&candidate)?;
        let done = self.put_back(&[(candidate, home.clone())]).await?;
        // It may have been put back by somebody else since it was looked at: either way it waits for its seller now.
        match done.duplicate.is_empty() {
            true => Ok(home.seller),
            false => Err(Refusal::AlreadyHandled(event).into()),
        }
    }

    /// Puts ledgered events of a selection back to work, about `most` of them: from `after` on, in Meta's order.
    pub async fn replay(
        &self,
        selection: &Selection,
        after: Option<Position>,
        most: u64,
    ) -> Result<Replayed, NotReplayed> {
        let (mut all, mut after) = (Replayed::default(), after);
        for _ in 0..most.div_ceil(CHUNK) {
            let chunk = self.replay_chunk(selection, after).await?;
            all.tally.add(chunk.tally);
            all.next = chunk.next;
            if chunk.next.is_none() || self.world.is_stopping() {
                break;
            }
            after = chunk.next;
        }
        Ok(all)
    }

    /// The same for a single chunk.
    pub(crate) async fn replay_chunk(
        &self,
        selection: &Selection,
        after: Option<Position>,
    ) -> Result<Replayed, NotReplayed> {
        let reads = self.world.store.reads();
        let limit = self.world.settings.store_timeout;
        let found = within(limit, ledger::candidates(reads, selection.clone(), after, CHUNK)).await?;
        let last = found.last().map(|last| (last.happened_ms, last.seq));
        let is_more = found.len() as u64 >= CHUNK;
        let (mut tally, mut chunk) = (Tally::default(), Vec::with_capacity(found.len()));
        for candidate in found {
            match self.home(&candidate) {
                Ok(home) => chunk.push((candidate, home)),
                Err(refusal) => *tally.refused.entry(refusal.code()).or_default() += 1,
            }
        }
        if !chunk.is_empty() {
            tally.count(&chunk, &self.put_back(&chunk).await?);
        }
        Ok(Replayed { tally, next: last.filter(|_| is_more) })
    }

    /// What a replay of a selection would put back. Writes nothing.
    pub async fn preview(&self, selection: &Selection) -> Result<Tally, NotReplayed> {
        let limit = self.world.settings.store_timeout;
        let waiting = within(limit, ledger::waiting(self.world.store.reads(), selection.clone())).await?;
        let mut tally = Tally::default();
        for waiting in waiting {
            let events = waiting.events.unsigned_abs();
            match self.home_of(waiting.source, &waiting.account) {
                Ok(home) => {
                    *tally.by_seller.entry(home.seller).or_default() += events;
                    *tally.by_reason.entry(waiting.reason).or_default() += events;
                }
                Err(refusal) => *tally.refused.entry(refusal.code()).or_default() += events,
            }
        }
        Ok(tally)
    }

    fn home(&self, candidate: &Candidate) -> Result<Place, Refusal> {
        self.home_of(candidate.source, &candidate.account)
    }

    fn home_of(&self, source: Source, account: &Account) -> Result<Place, Refusal> {
        match source {
            Source::Command | Source::Result | Source::Office => Err(Refusal::NotFromMeta),
            Source::Meta if *account == Account::unreadable() => Err(Refusal::NoAccount),
            Source::Meta => self.world.home(account).ok_or_else(|| Refusal::UnknownAccount(account.clone())),
        }
    }

    async fn put_back(&self, chunk: &[(Candidate, Place)]) -> Result<PutBack, NotReplayed> {
        let World { store, clock, settings, .. } = &*self.world;
        let writing = async {
            let tx = OfficeTx::begin(store.pen()).await?;
            let done = ledger::put_back(&tx, chunk, clock.now()).await?;
            tx.commit("office").await?;
            Ok(done)
        };
        let done = within(settings.store_timeout, writing).await?;
        let sellers: BTreeSet<SellerId> = done.pending.iter().map(|(_, seller)| *seller).collect();
        let events = done.pending.len();
        info!(events, "put {events} ledgered events back, for {} sellers", sellers.len());
        self.world.wake(sellers.into_iter().collect());
        Ok(done)
    }
}

impl Tally {
    fn count(&mut self, chunk: &[(Candidate, Place)], done: &PutBack) {
        let reasons: BTreeMap<EventSeq, &str> =
            chunk.iter().map(|(candidate, _)| (candidate.seq, candidate.reason.as_str())).collect();
        for (event, seller) in &done.pending {
            *self.by_seller.entry(*seller).or_default() += 1;
            let reason = reasons.get(event).copied().unwrap_or_default();
            *self.by_reason.entry(reason.to_owned()).or_default() += 1;
        }
        self.duplicate += done.duplicate.len() as u64;
    }

    fn add(&mut self, more: Tally) {
        for (seller, events) in more.by_seller {
            *self.by_seller.entry(seller).or_default() += events;
        }
        for (reason, events) in more.by_reason {
            *self.by_reason.entry(reason).or_default() += events;
        }
        for (refusal, events) in more.refused {
            *self.refused.entry(refusal).or_default() += events;
        }
        self.duplicate += more.duplicate;
    }
}
