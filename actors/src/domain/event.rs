//! One thing a seller learns: as it comes to the door, as it is stored, and what it means.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::catalog::Product;
use super::channel::Account;
use super::ids::{EventSeq, OutboxId};
use super::outcome::Reason;

/// Who told us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A webhook.
    Meta,
    /// The seller's staff or another system, through us.
    Command,
    /// The answer, or the lack of one, to a call we made.
    Result,
}

impl Source {
    /// The word used in the database.
    pub fn name(self) -> &'static str {
        match self {
            Source::Meta => "meta",
            Source::Command => "command",
            Source::Result => "result",
        }
    }

    /// The source with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Source::Meta, Source::Command, Source::Result].into_iter().find(|source| source.name() == name)
    }
}

/// An event that has arrived and is not stored yet.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Whose it is.
    pub account: Account,
    /// Unique within the account; starts with the kind.
    pub key: String,
    /// Who told us.
    pub source: Source,
    /// What it is, as a word (`message`, `echo`, `postback`, `reaction`, ...).
    pub kind: String,
    /// The customer's id at Meta, where there is one.
    pub customer: Option<String>,
    /// When it happened, by its sender's clock.
    pub happened_at: DateTime<Utc>,
    /// The bytes it came in.
    pub raw: Vec<u8>,
    /// Why it goes straight to the ledger, if it does.
    pub ledgered: Option<Reason>,
}

/// An event as the inbox holds it.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its place.
    pub seq: EventSeq,
    /// Whose it is.
    pub account: Account,
    /// Unique within the account.
    pub key: String,
    /// Who told us.
    pub source: Source,
    /// What it is, as a word.
    pub kind: String,
    /// The customer's id at Meta, where there is one.
    pub customer: Option<String>,
    /// When it happened, by its sender's clock.
    pub happened_at: DateTime<Utc>,
    /// The bytes it came in.
    pub raw: Vec<u8>,
    /// How often it was taken in hand by a process or an actor that fell.
    pub attempts: i32,
}

/// What an event means.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A customer said something.
    Said(Said),
    /// A message from the seller: our own send come back, or one typed elsewhere.
    Echo(Echo),
    /// Staff or another system asks for a change.
    Command(Command),
    /// A call to Meta ended.
    CallEnded(CallEnded),
}

/// What a customer said or pressed.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Meta's message id; absent on some postbacks.
    pub mid: Option<String>,
    /// The words: a message's text, or a button's title.
    pub text: Option<String>,
    /// What a quick reply or a button carries.
    pub payload: Option<String>,
    /// Pictures and the like, by Meta's type word.
    pub attachments: Vec<String>,
}

/// A message that went from the seller's account to a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Echo {
    /// Meta's message id.
    pub mid: String,
    /// The words.
    pub text: Option<String>,
    /// Pictures and the like, by Meta's type word.
    pub attachments: Vec<String>,
}

/// A change of a shop that somebody asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Adds these products, or puts them in the place of those with the same `retailer_id`.
    PutProducts {
        /// The products as they are to be.
        products: Vec<Product>,
    },
}

/// How a call to Meta ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEnded {
    /// The owed call.
    pub outbox: OutboxId,
    /// Which try it was, from 1.
    pub attempt: i32,
    /// What came of it.
    pub result: CallResult,
}

/// What came of one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum CallResult {
    /// Meta took the message and named it.
    Accepted {
        /// Meta's message id.
        mid: String,
    },
    /// A look into the conversation at Meta: the message with our text after the send began, if it is there.
    Looked {
        /// Meta's message id.
        found: Option<String>,
    },
    /// It may have been done: no answer, or an answer that does not say.
    Unknown {
        /// What happened, in our words.
        error: String,
    },
    /// It was surely not done, and trying again later can help.
    Again {
        /// What happened, in our words.
        error: String,
        /// Not before so many milliseconds, where Meta said so.
        after_ms: Option<u64>,
    },
    /// It was surely not done, and trying again cannot help.
    Refused {
        /// Meta's code, with the subcode behind a slash: `10/2534022`.
        code: String,
        /// What happened, in our words.
        error: String,
    },
}
