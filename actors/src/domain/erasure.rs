//! A person who is erased from a shop: whom it is about, and how far it is. What was agreed stays, without the person.

use chrono::{DateTime, Utc};
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

/// An erasure, from its being asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its id.
    pub id: ErasureId,
    /// The customer it is about, if it is one.
    pub customer: Option<CustomerId>,
    /// What passed between that customer and the seller.
    pub conversation: Option<ConversationId>,
    /// On which account.
    pub account: Account,
    /// By which ids the person went at Meta, and the numbers they wrote from.
    pub meta_ids: Vec<String>,
    /// Events up to here are about the person as they were.
    pub through: EventSeq,
    /// When it was asked for: whatever the person says later is said by somebody new.
    pub asked_at: DateTime<Utc>,
    /// Who asked for it; none: the service by itself, as it is that old.
    pub asked_by: Option<String>,
    /// The confirmation code of the request of Meta's that it belongs to.
    pub request: Option<String>,
}

impl Erasure {
    /// Whether an event that was not decided yet is the erased person's, from before.
    pub fn is_about(&self, event: &StoredEvent) -> bool {
        event.source == Source::Meta
            && event.account == self.account
            && event.customer.as_ref().is_some_and(|customer| self.meta_ids.contains(customer))
            && (event.seq <= self.through || event.happened_at <= self.asked_at)
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
    /// What the database's own files still hold of what was erased.
    Files,
    /// It is over.
    Done,
}

named!(ErasurePhase {
    Messages = "messages",
    Orders = "orders",
    Details = "details",
    Comments = "comments",
    Outbox = "outbox",
    Events = "events",
    Commands = "commands",
    Stragglers = "stragglers",
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
        let mut phase = ErasurePhase::Messages;
        for next in &ErasurePhase::ALL[1..] {
            phase = phase.next();
            assert_eq!(phase, *next);
        }
        assert_eq!(phase.next(), ErasurePhase::Done);
    }

    #[test]
    fn an_erased_customer_is_nobody() {
        assert!(is_nobody(&nobody(CustomerId(7))) && !is_nobody("5693974120761747"));
    }
}
