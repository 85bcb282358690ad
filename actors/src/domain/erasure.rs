//! A person who is erased from a shop: whom it is about, and how far it is. What was agreed stays, without the person.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::Account;
use super::event::{Source, StoredEvent};
use super::ids::{ConversationId, CustomerId, ErasureId, EventSeq};
use super::named::named;

/// Whom to erase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// This customer.
    Customer(CustomerId),
    /// Whoever goes by this id at Meta on an account, customer or not.
    MetaId {
        /// Where.
        account: Account,
        /// The id.
        id: String,
    },
}

/// What a customer's row says in the place of the id at Meta, before the customer's own id.
const NOBODY: &str = "erased:";

/// The id at Meta of a customer who was erased: no id of Meta's, and no other customer's.
pub fn nobody(customer: CustomerId) -> String {
    format!("{NOBODY}{customer}")
}

/// Whether this is the id of a customer who was erased.
pub fn is_nobody(meta_id: &str) -> bool {
    meta_id.starts_with(NOBODY)
}

/// An erasure, from its being asked for: of one person, or of all who have been silent for as long as the seller keeps
/// anything, in groups of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its id.
    pub id: ErasureId,
    /// The customers it is about just now, if they are any.
    pub whom: Vec<Whom>,
    /// On which account.
    pub account: Account,
    /// By which ids they went at Meta, and the numbers they wrote from.
    pub meta_ids: Vec<String>,
    /// Events up to here are about the person as they were.
    pub through: EventSeq,
    /// When it was asked for: whatever the person says later is said by somebody new.
    pub asked_at: DateTime<Utc>,
    /// Who asked for it; none: the service by itself, as it is that old.
    pub asked_by: Option<String>,
    /// The confirmation code of the request of Meta's that it belongs to.
    pub request: Option<String>,
    /// Where it is for age: how far it has come. None: one person's.
    pub aged: Option<Aged>,
}

/// A customer who is erased, with what passed between them and the seller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whom {
    /// Who.
    pub customer: CustomerId,
    /// What.
    pub conversation: ConversationId,
}

/// An erasure of all that is older than a seller keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aged {
    /// For how many days it is kept.
    pub days: KeepDays,
    /// What was said up to then goes.
    pub before: DateTime<Utc>,
    /// Where it goes on looking for customers; none: it has looked at all of them.
    pub next: Option<AgedPlace>,
    /// True once the seller wants otherwise: nothing more is erased by it.
    pub is_stopped: bool,
}

/// A place among a shop's customers: those of each account, by their conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgedPlace {
    /// Which account; empty: the first one.
    pub account: Account,
    /// After which conversation.
    pub after: ConversationId,
}

/// For how many days a seller keeps what its customers say, once they say nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u16", into = "u16")]
#[schemars(with = "u16", extend("minimum" = 30, "maximum" = 3650))]
pub struct KeepDays(u16);

impl KeepDays {
    /// Customers may still write because of what was said a month ago, and Meta sends for a week what it could not.
    pub const FEWEST: u16 = 30;
    /// Ten years: who keeps for longer keeps for ever.
    pub const MOST: u16 = 3650;

    /// Whatever is from before that time, or from that very moment, is not to be kept at `now`.
    pub fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - TimeDelta::days(i64::from(self.0))
    }

    /// How many they are.
    pub fn days(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for KeepDays {
    type Error = String;

    fn try_from(days: u16) -> Result<Self, String> {
        let (fewest, most) = (Self::FEWEST, Self::MOST);
        let is_fine = (fewest..=most).contains(&days);
        is_fine.then_some(Self(days)).ok_or_else(|| format!("keep_days is a number from {fewest} to {most}, or null"))
    }
}

impl From<KeepDays> for u16 {
    fn from(days: KeepDays) -> Self {
        days.0
    }
}

impl Erasure {
    /// Up to when what was said is from before it.
    pub fn until(&self) -> DateTime<Utc> {
        self.aged.as_ref().map_or(self.asked_at, |aged| aged.before)
    }

    /// With which part the persons it is about now are begun with.
    pub fn first_phase(&self) -> ErasurePhase {
        match &self.aged {
            Some(Aged { next: Some(_), .. }) if self.whom.is_empty() => ErasurePhase::Persons,
            Some(Aged { is_stopped: true, .. }) => ErasurePhase::Files,
            Some(Aged { next: None, .. }) if self.whom.is_empty() => ErasurePhase::Aged,
            _ => ErasurePhase::Messages,
        }
    }

    /// The part after a part that is over. For age, group follows group, and nothing is on its way into the database:
    /// Meta does not try for so long.
    pub fn phase_after(&self, phase: ErasurePhase) -> ErasurePhase {
        match (&self.aged, phase) {
            (Some(Aged { next: Some(_), .. }), ErasurePhase::Commands) => ErasurePhase::Persons,
            (Some(Aged { next: None, .. }), ErasurePhase::Commands) => ErasurePhase::Aged,
            (None, ErasurePhase::Stragglers) => ErasurePhase::Files,
            _ => phase.next(),
        }
    }

    /// The one customer it is about, if it is about one.
    pub fn customer(&self) -> Option<CustomerId> {
        self.whom.first().filter(|_| self.aged.is_none()).map(|whom| whom.customer)
    }

    /// Whether an event that was not decided yet is the erased person's, from before.
    pub fn is_about(&self, event: &StoredEvent) -> bool {
        event.source == Source::Meta
            && event.account == self.account
            && event.customer.as_ref().is_some_and(|customer| self.meta_ids.contains(customer))
            && (event.seq <= self.through || event.happened_at <= self.until())
    }
}

/// Knows things again of which nothing else is kept, and signs what others are to believe.
pub trait Keyed: Send + Sync + 'static {
    /// What stands for these texts: always the same, and nobody else can tell which they were.
    fn mask(&self, texts: &[&str]) -> String;
    /// The signature of a receipt.
    fn sign(&self, receipt: &str) -> String;
}

/// What the key of an erased event becomes: the same event that comes again has the same.
pub fn masked_key(keyed: &dyn Keyed, account: &Account, key: &str) -> String {
    match is_nobody(key) {
        true => key.to_owned(),
        false => format!("{NOBODY}{}", keyed.mask(&[account.as_str(), key])),
    }
}

/// The parts of an erasure, one after the other. Each is done in pieces of bounded size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErasurePhase {
    /// Whoever has been silent for too long is looked for, where it is for age.
    Persons,
    /// What was said.
    Messages,
    /// What is personal in orders, with their evidence, histories and notes.
    Orders,
    /// Leads, further ids, notes, and what waited for messages.
    Details,
    /// What was said in public.
    Comments,
    /// What was or is to be sent.
    Outbox,
    /// What Meta sent, as it came.
    Events,
    /// What the staff and calls brought, as it came.
    Commands,
    /// The same as with Meta's events once more, for what was on its way into the database when they were looked through.
    Stragglers,
    /// What is older than it is kept and is part of no conversation.
    Aged,
    /// What the database's own files still hold of what was erased.
    Files,
    /// It is over.
    Done,
}

named!(ErasurePhase {
    Persons = "persons",
    Messages = "messages",
    Orders = "orders",
    Details = "details",
    Comments = "comments",
    Outbox = "outbox",
    Events = "events",
    Commands = "commands",
    Stragglers = "stragglers",
    Aged = "aged",
    Files = "files",
    Done = "done",
});

impl ErasurePhase {
    /// The one after it.
    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|phase| *phase == self).unwrap_or_default();
        Self::ALL.get(place + 1).copied().unwrap_or(Self::Done)
    }
}

/// How much was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Erased {
    /// Customers made nameless.
    pub customers: u64,
    /// Messages.
    pub messages: u64,
    /// Orders without the person now.
    pub orders: u64,
    /// Leads.
    pub leads: u64,
    /// Notes of the staff.
    pub notes: u64,
    /// Comments and mentions.
    pub comments: u64,
    /// Calls to Meta, emptied.
    pub calls: u64,
    /// Events of Meta's, emptied.
    pub events: u64,
    /// Commands of the staff and results of calls, emptied.
    pub commands: u64,
}

impl std::ops::AddAssign for Erased {
    fn add_assign(&mut self, more: Self) {
        self.customers += more.customers;
        self.messages += more.messages;
        self.orders += more.orders;
        self.leads += more.leads;
        self.notes += more.notes;
        self.comments += more.comments;
        self.calls += more.calls;
        self.events += more.events;
        self.commands += more.commands;
    }
}

/// What no erasure reaches, as its receipt says.
pub const OUT_OF_REACH: [&str; 5] = [
    "Backups and copies of the database that were made before, and snapshots and journals of the file system.",
    "On PostgreSQL: rows that are dead until it vacuums, its write-ahead log, and its replicas.",
    "What other systems were told or have read: over webhooks, the API and exports.",
    "What Meta itself keeps, and messages that had left before.",
    "Logs. They hold ids, and never words, names or numbers.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_follow_each_other_to_the_end() {
        let mut phase = ErasurePhase::Persons;
        for next in &ErasurePhase::ALL[1..] {
            phase = phase.next();
            assert_eq!(phase, *next);
        }
        assert_eq!(phase.next(), ErasurePhase::Done);
    }

    #[test]
    fn nothing_is_kept_for_less_than_a_month() {
        for (days, is_fine) in [(0, false), (29, false), (30, true), (3650, true), (3651, false)] {
            assert_eq!(KeepDays::try_from(days).is_ok(), is_fine, "{days}");
        }
        let read: Result<KeepDays, _> = serde_json::from_str("7");
        assert!(read.unwrap_err().to_string().contains("keep_days is a number from 30"));
    }

    #[test]
    fn an_erased_customer_is_nobody() {
        assert!(is_nobody(&nobody(CustomerId(7))) && !is_nobody("5693974120761747"));
    }
}
