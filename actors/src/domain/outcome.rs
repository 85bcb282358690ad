//! How an event ends. There is no fourth way and no default branch: the compiler keeps the promise that nothing is silent.

use schemars::JsonSchema;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No seller is connected to the account.
    UnknownAccount,
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
    /// Its person was erased.
    Erased,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 12] = [
        Reason::UnknownAccount,
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
        Reason::Erased,
    ];

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Reason::UnknownAccount => "unknown_account",
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
            Reason::Erased => "erased",
        }
    }

    /// The reason with this code.
    pub fn coded(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// What happened, for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Reason::UnknownAccount => "No seller is connected to the account it came for.",
            Reason::Unreadable => "This part of a webhook could not be decoded.",
            Reason::UnreadableBody => "A body with a valid signature is no JSON.",
            Reason::Poison => "The program fell over this event, so it was put aside.",
            Reason::DashboardTest => "Somebody pressed \"Test\" in Meta's dashboard.",
            Reason::SelfMessage => "The account wrote to itself, to try something out.",
            Reason::GroupMessage => "It was said in a group, and a shop answers people one by one.",
            Reason::AccountNotice => "Meta tells something about the account itself.",
            Reason::NotUsed => "It is of a kind that Meta documents and no part of a shop depends on.",
            Reason::UnknownKind => "It is of a kind that this version does not know.",
            Reason::TooManyLooseEnds => {
                "It is about a message that has not come, and too much of that kind waits already."
            }
            Reason::Erased => "It is of a person who was erased, from before: nothing of it was kept.",
        }
    }

    /// What to do about it, for people.
    pub fn fix(self) -> &'static str {
        match self {
            Reason::UnknownAccount => {
                "Connect the account to its seller: what came before is then taken up by itself, in order."
            }
            Reason::Unreadable => {
                "Look at the raw bytes and report them; once a version can read them, replay this reason."
            }
            Reason::UnreadableBody => "Look at the raw bytes, and at what sits between Meta and this server.",
            Reason::Poison => {
                "Report it with its raw bytes; with a version that has the fault mended, replay this reason."
            }
            Reason::DashboardTest | Reason::SelfMessage | Reason::GroupMessage | Reason::NotUsed => "Nothing to do.",
            Reason::AccountNotice => "Read its raw bytes, and do what Meta asks.",
            Reason::UnknownKind => "Nothing to do; once a version knows it, replay this reason.",
            Reason::TooManyLooseEnds => "Nothing to do; replay it should its message ever come.",
            Reason::Erased => "Nothing to do, and nothing that could be replayed.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_code_of_its_own_and_says_what_happened_and_what_to_do() {
        for reason in Reason::ALL {
            assert_eq!(Reason::coded(reason.code()), Some(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            for text in [reason.sentence(), reason.fix()] {
                assert!(text.ends_with('.') && text.len() < 110, "{text}");
            }
        }
    }
}
