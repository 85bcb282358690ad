//! How an event ends. There is no fourth way and no default branch: the compiler keeps the promise that nothing is silent.

use serde::{Deserialize, Serialize};

/// How a stored event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It did what it was to do.
    Handled,
    /// It said again what was known.
    Duplicate,
    /// It is kept raw, for this reason.
    Ledgered(Reason),
}

impl Outcome {
    /// The word used in the database and in logs.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Handled => "handled",
            Outcome::Duplicate => "duplicate",
            Outcome::Ledgered(_) => "ledgered",
        }
    }

    /// Why it was ledgered.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Outcome::Handled | Outcome::Duplicate => None,
            Outcome::Ledgered(reason) => Some(reason),
        }
    }
}

/// Why an event was put into the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No seller is connected to the account.
    UnknownAccount,
    /// A kind that this version keeps but does not act on.
    NotYetHandled,
    /// One item of a webhook that could not be decoded.
    Unreadable,
    /// A signed body that is no JSON.
    UnreadableBody,
    /// It made its seller's actor panic, or the process fall, too often.
    Poison,
    /// Meta's dashboard test message.
    DashboardTest,
    /// The account wrote to itself.
    SelfMessage,
    /// A message of a group.
    GroupMessage,
    /// Meta tells something about the account as a whole.
    AccountNotice,
    /// A kind that Meta documents and that no part of a shop depends on.
    NotUsed,
    /// A kind or shape that this version does not know.
    UnknownKind,
    /// More is told of messages that have not come than is kept.
    TooManyLooseEnds,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 12] = [
        Reason::UnknownAccount,
        Reason::NotYetHandled,
        Reason::Unreadable,
        Reason::UnreadableBody,
        Reason::Poison,
        Reason::DashboardTest,
        Reason::SelfMessage,
        Reason::GroupMessage,
        Reason::AccountNotice,
        Reason::NotUsed,
        Reason::UnknownKind,
        Reason::TooManyLooseEnds,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Reason::UnknownAccount => "unknown_account",
            Reason::NotYetHandled => "not_yet_handled",
            Reason::Unreadable => "unreadable",
            Reason::UnreadableBody => "unreadable_body",
            Reason::Poison => "poison",
            Reason::DashboardTest => "dashboard_test",
            Reason::SelfMessage => "self_message",
            Reason::GroupMessage => "group_message",
            Reason::AccountNotice => "account_notice",
            Reason::NotUsed => "not_used",
            Reason::UnknownKind => "unknown_kind",
            Reason::TooManyLooseEnds => "too_many_loose_ends",
        }
    }

    /// The reason with this code.
    pub fn coded(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// What happened and what to do about it.
    pub fn sentence(self) -> &'static str {
        match self {
            Reason::UnknownAccount => {
                "No seller is connected to this account: connect it. What came before is kept as it came."
            }
            Reason::NotYetHandled => "This version keeps this kind as it came, and does not act on it: nothing to do.",
            Reason::Unreadable => {
                "This item could not be decoded: its raw bytes are kept; look at them, and report them."
            }
            Reason::UnreadableBody => {
                "The signed body is no JSON: look at the raw bytes and at what sits between Meta and this server."
            }
            Reason::Poison => "This event made the program fall: its raw bytes are kept; report it with them.",
            Reason::DashboardTest => "Somebody pressed \"Test\" in Meta's dashboard: nothing to do.",
            Reason::SelfMessage => "The account wrote to itself to try something out: nothing to do.",
            Reason::GroupMessage => "It was said in a group, and a shop answers people one by one: nothing to do.",
            Reason::AccountNotice => "Meta tells something about the account itself: read it, and do what it asks.",
            Reason::NotUsed => "It is kept as it came, and no part of a shop depends on it: nothing to do.",
            Reason::UnknownKind => {
                "This version does not know this kind: it is kept as it came, to be replayed by one that does."
            }
            Reason::TooManyLooseEnds => {
                "It is about a message that has not come, and too much of that kind is waiting already: it is kept as it came."
            }
        }
    }
}
