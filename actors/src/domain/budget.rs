//! What a seller may still spend on calls before a given moment: caps, what draws on which, what Meta holds back.

pub mod forecast;
pub mod hold;
pub mod window;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::ConnectionId;
use super::named::named;
use super::outbox::{Owed, OwedCall};

pub use window::{Budget, Grant, SpentSlot};

/// A cap of Meta's, or of ours. A call draws on exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Texts and media to customers, for each connection.
    Messages,
    /// Private answers to comments, for each connection.
    PrivateReplies,
    /// Batches of products, for each catalog.
    CatalogBatch,
    /// Everything that has no family of its own.
    Graph,
}

named!(Family {
    Messages = "messages",
    PrivateReplies = "private_replies",
    CatalogBatch = "catalog_batch",
    Graph = "graph",
});

impl Family {
    /// What is spent is counted by slots of so many seconds.
    pub fn slot_seconds(self) -> i64 {
        match self {
            Family::Messages | Family::PrivateReplies => 60,
            // A catalog that goes up one by one fills the hour many times over: it waits for each slot's end.
            Family::Graph => 15,
            Family::CatalogBatch => 1,
        }
    }

    /// How long what was spent counts.
    pub fn window_seconds(self) -> i64 {
        match self {
            Family::Messages | Family::PrivateReplies | Family::Graph => 3600,
            Family::CatalogBatch => 60,
        }
    }
}

/// Whose budget: calls of a family count together for one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct BudgetKey {
    /// Which cap.
    pub family: Family,
    /// Which connection or catalog; 0 where a family counts for the whole seller.
    pub subject: i64,
}

/// Who waits for a call. Within a budget, whoever comes first here goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// A person: a customer, or staff who asked for it.
    People,
    /// What keeps a connection working.
    Upkeep,
    /// A look whether something is done.
    Poll,
    /// The catalog on its way up.
    Push,
}

/// What a call draws on, and how urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draw {
    /// The budget.
    pub key: BudgetKey,
    /// The urgency.
    pub priority: Priority,
}

impl Draw {
    /// What an owed call draws on. Each kind of call has its line here: the compiler asks for it.
    pub fn of(owed: &Owed) -> Self {
        match owed.call {
            OwedCall::Send { .. } => Self { key: BudgetKey::messages(owed.connection), priority: Priority::People },
            // It settles a send: a customer waits for what it finds.
            OwedCall::Find { .. } => Self { key: BudgetKey::graph(), priority: Priority::People },
        }
    }
}

impl BudgetKey {
    /// A connection's texts and media.
    pub fn messages(connection: ConnectionId) -> Self {
        Self { family: Family::Messages, subject: connection.0 }
    }

    /// A connection's private answers to comments.
    pub fn private_replies(connection: ConnectionId) -> Self {
        Self { family: Family::PrivateReplies, subject: connection.0 }
    }

    /// A catalog's batches.
    pub fn catalog_batch(catalog: i64) -> Self {
        Self { family: Family::CatalogBatch, subject: catalog }
    }

    /// A seller's other calls.
    pub fn graph() -> Self {
        Self { family: Family::Graph, subject: 0 }
    }
}

/// How much may be spent in any rolling hour, or minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Caps {
    /// Texts and media, for each connection.
    pub messages_per_hour: u32,
    /// Private answers to comments, for each connection.
    pub private_replies_per_hour: u32,
    /// Batches of products, for each catalog.
    pub catalog_batches_per_minute: u32,
    /// Other calls.
    pub graph_per_hour: u32,
    /// Of the other calls, so many are kept from catalog pushes.
    pub graph_reserve: u32,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            messages_per_hour: 250,
            private_replies_per_hour: 750,
            catalog_batches_per_minute: 8,
            graph_per_hour: 200,
            graph_reserve: 20,
        }
    }
}

/// Caps that a seller has for itself, in the place of everybody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OwnCaps {
    /// Texts and media, for each connection.
    pub messages_per_hour: Option<u32>,
    /// Private answers to comments, for each connection.
    pub private_replies_per_hour: Option<u32>,
    /// Batches of products, for each catalog.
    pub catalog_batches_per_minute: Option<u32>,
    /// Other calls.
    pub graph_per_hour: Option<u32>,
    /// Of the other calls, so many are kept from catalog pushes.
    pub graph_reserve: Option<u32>,
}

impl OwnCaps {
    /// More than any account may do at Meta.
    pub const MOST: u32 = 1_000_000;

    /// What is wrong with them, as a sentence.
    pub fn checked(self) -> Result<Self, String> {
        let named = [
            ("messages_per_hour", self.messages_per_hour),
            ("private_replies_per_hour", self.private_replies_per_hour),
            ("catalog_batches_per_minute", self.catalog_batches_per_minute),
            ("graph_per_hour", self.graph_per_hour),
            ("graph_reserve", self.graph_reserve),
        ];
        match named.into_iter().find(|(_, cap)| cap.is_some_and(|cap| cap > Self::MOST)) {
            Some((name, _)) => Err(format!("{name} is 0 to {}", Self::MOST)),
            None => Ok(self),
        }
    }
}

impl Caps {
    /// These caps, but for those the seller has for itself.
    pub fn with(self, own: &OwnCaps) -> Self {
        Self {
            messages_per_hour: own.messages_per_hour.unwrap_or(self.messages_per_hour),
            private_replies_per_hour: own.private_replies_per_hour.unwrap_or(self.private_replies_per_hour),
            catalog_batches_per_minute: own.catalog_batches_per_minute.unwrap_or(self.catalog_batches_per_minute),
            graph_per_hour: own.graph_per_hour.unwrap_or(self.graph_per_hour),
            graph_reserve: own.graph_reserve.unwrap_or(self.graph_reserve),
        }
    }

    /// The cap of a family.
    pub fn of(&self, family: Family) -> u32 {
        match family {
            Family::Messages => self.messages_per_hour,
            Family::PrivateReplies => self.private_replies_per_hour,
            Family::CatalogBatch => self.catalog_batches_per_minute,
            Family::Graph => self.graph_per_hour,
        }
    }

    /// How far calls of this family and urgency may fill the window: the last in line leave the reserve to the others.
    pub fn open_to(&self, family: Family, priority: Priority) -> u32 {
        match (family, priority) {
            (Family::Graph, Priority::Push) => self.graph_per_hour.saturating_sub(self.graph_reserve),
            _ => self.of(family),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_leave_the_reserve_to_everybody_else() {
        let caps = Caps { graph_per_hour: 30, graph_reserve: 20, ..Caps::default() };
        assert_eq!(caps.open_to(Family::Graph, Priority::Push), 10);
        for first in [Priority::People, Priority::Upkeep, Priority::Poll] {
            assert_eq!(caps.open_to(Family::Graph, first), 30);
        }
        assert_eq!(caps.open_to(Family::CatalogBatch, Priority::Push), 8);
        let greedy = Caps { graph_reserve: 40, ..caps };
        assert_eq!(greedy.open_to(Family::Graph, Priority::Push), 0);
    }

    #[test]
    fn people_go_before_upkeep_before_polls_before_pushes() {
        assert!([Priority::People, Priority::Upkeep, Priority::Poll, Priority::Push].is_sorted());
    }

    #[test]
    fn a_sellers_own_caps_replace_only_those_it_names() {
        let own = OwnCaps { graph_per_hour: Some(7), ..OwnCaps::default() };
        assert_eq!(Caps::default().with(&own), Caps { graph_per_hour: 7, ..Caps::default() });
        assert!(OwnCaps { graph_reserve: Some(1_000_001), ..own }.checked().is_err());
        assert!(own.checked().is_ok());
    }
}
