//! What we owe to the outside: calls to Meta, from the decision to their end.

use std::fmt;

use chrono::{DateTime, Utc};

use super::button::QuickReply;
use super::channel::Account;
use super::ids::{ConnectionId, ConversationId, MessageId, OutboxId};
use super::named::named;
use super::outgoing::Outgoing;

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

named!(OwedState {
    Owed = "owed",
    Claimed = "claimed",
    Accepted = "accepted",
    Unknown = "unknown",
    Unsettled = "unsettled",
    Failed = "failed",
});

impl OwedState {
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
        /// The words, within the channel's limit; empty where there is but a file.
        text: String,
        /// A file, which has the words for a caption.
        attachment: Option<Outgoing>,
        /// The buttons beneath them.
        quick_replies: Vec<QuickReply>,
    },
    /// Look whether this send of ours is in the conversation at Meta.
    Find {
        /// The send in question.
        send: OutboxId,
        /// Its words.
        text: String,
        /// Its file.
        attachment: Option<Outgoing>,
        /// When it was claimed.
        since: DateTime<Utc>,
    },
}

/// What calls are decided for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// To ask a customer for what is missing in an order.
    Ask,
    /// To ask a customer whether an order is right.
    Check,
    /// To tell a customer that an order is confirmed.
    Confirm,
    /// To say what staff has written.
    Say,
    /// To find out what became of a send.
    Find,
}

impl Aim {
    /// True when the customer is to answer.
    pub fn is_a_question(self) -> bool {
        match self {
            Aim::Ask | Aim::Check => true,
            Aim::Confirm | Aim::Say | Aim::Find => false,
        }
    }
}

named!(Aim { Ask = "ask", Check = "check", Confirm = "confirm", Say = "say", Find = "find", });

/// What one call was decided for, as text `aim:of`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// The aim.
    pub aim: Aim,
    /// What makes it this one and no other: ids, with colons in between.
    pub of: String,
}

impl Purpose {
    /// The purpose with this aim, of what has these ids.
    pub fn new(aim: Aim, of: impl fmt::Display) -> Self {
        Self { aim, of: of.to_string() }
    }

    /// One part of it.
    pub fn part(&self, part: usize) -> Self {
        Self::new(self.aim, format_args!("{}:{part}", self.of))
    }

    /// The purpose that was written so.
    pub fn named(text: &str) -> Option<Self> {
        let (aim, of) = text.split_once(':')?;
        Some(Self::new(Aim::named(aim)?, of))
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.aim.name(), self.of)
    }
}

/// One owed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Its id.
    pub id: OutboxId,
    /// What it was decided for; no two owed calls of a seller share it.
    pub purpose: Purpose,
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
