//! What we owe to the outside: calls to Meta, from the decision to their end.

use chrono::{DateTime, Utc};

use super::channel::Account;
use super::ids::{ConnectionId, ConversationId, MessageId, OutboxId};

/// How far an owed call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwedState {
    /// To be made.
    Owed,
    /// Paid for and handed over; may be on the wire.
    Claimed,
    /// Done, as Meta or an echo says.
    Accepted,
    /// It may have been done; to be settled.
    Unknown,
    /// It may have been done, and it cannot be found out: a person decides.
    Unsettled,
    /// Given up.
    Failed,
}

impl OwedState {
    /// The word used in the database.
    pub fn name(self) -> &'static str {
        match self {
            OwedState::Owed => "owed",
            OwedState::Claimed => "claimed",
            OwedState::Accepted => "accepted",
            OwedState::Unknown => "unknown",
            OwedState::Unsettled => "unsettled",
            OwedState::Failed => "failed",
        }
    }

    /// The state with this name.
    pub fn named(name: &str) -> Option<Self> {
        use OwedState::{Accepted, Claimed, Failed, Owed, Unknown, Unsettled};
        [Owed, Claimed, Accepted, Unknown, Unsettled, Failed].into_iter().find(|state| state.name() == name)
    }

    /// True while something can still come of it: such rows are in the seller's memory.
    pub fn is_open(self) -> bool {
        matches!(self, OwedState::Owed | OwedState::Claimed | OwedState::Unknown)
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwedCall {
    /// Say this to the customer.
    Send {
        /// The message row it becomes.
        message: MessageId,
        /// The words, within the channel's limit.
        text: String,
    },
    /// Look whether this send of ours is in the conversation at Meta.
    Find {
        /// The send in question.
        send: OutboxId,
        /// Its words.
        text: String,
        /// When it was claimed.
        since: DateTime<Utc>,
    },
}

/// One owed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Its id.
    pub id: OutboxId,
    /// What it was decided for; no two owed calls of a seller share it.
    pub purpose: String,
    /// With whose token.
    pub connection: ConnectionId,
    /// On which account.
    pub account: Account,
    /// In which conversation.
    pub conversation: ConversationId,
    /// The customer's id at Meta.
    pub recipient: String,
    /// What is to be done.
    pub call: OwedCall,
    /// How far it is.
    pub state: OwedState,
    /// How often it was claimed.
    pub attempts: i32,
    /// How often of these Meta refused it for calling too much, which says nothing against the call.
    pub held: i32,
    /// When it was claimed last.
    pub claimed_at: Option<DateTime<Utc>>,
    /// Which life of the process claimed it last.
    pub claimed_by: Option<i64>,
    /// Not to be claimed before.
    pub not_before: DateTime<Utc>,
    /// Meta's message id, once accepted.
    pub mid: Option<String>,
    /// What went wrong last, in our words.
    pub error: Option<String>,
}

impl Owed {
    /// How often it was tried in earnest.
    pub fn tries(&self) -> i32 {
        self.attempts - self.held
    }
}
