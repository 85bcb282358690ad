//! One thing a seller learns: as it comes to the door, as it is stored, and what it means.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budget::hold::LimitsTold;
use super::channel::Account;
use super::command::Commanded;
use super::ids::{EventSeq, OutboxId};
use super::named::named;
use super::outcome::Reason;
use super::shop_event::Occurrence;
use super::sync::call::CatalogAnswer;

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
    /// The front office, or whoever tells of what is no matter of the shop itself, so that the shop knows.
    Office,
}

named!(Source {
    Meta = "meta",
    Command = "command",
    Result = "result",
    Office = "office",
});

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
    /// Why it goes to the ledger without being read, if it does: by its seller's hand, if it is somebody's.
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
    /// Why it goes to the ledger without being read, where the door has found that out already.
    pub preset: Option<Reason>,
}

/// What an event means.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are of the largest kind, and a turn holds few")]
pub enum Happening {
    /// A customer said something.
    Said(Said),
    /// A message from the seller: our own send come back, or one typed elsewhere.
    Echo(Echo),
    /// A message has other words now.
    Edited(Edited),
    /// A message was taken back.
    Unsent(Unsent),
    /// A customer put a reaction to a message, or took it away.
    Reacted(Reacted),
    /// How far messages of ours have come.
    Receipt(Receipt),
    /// A customer came through a link or an ad, without a word.
    Referred(Referral),
    /// Something about the conversation that is worth a line in it, and no more.
    Noted(Noted),
    /// A customer's id at Meta is another from now on.
    Renamed(Renamed),
    /// Somebody commented on a post of the seller's.
    Commented(Comment),
    /// Somebody mentioned the seller in a post or a comment.
    Mentioned(Mention),
    /// Meta tells how far a batch to a catalog is.
    BatchTold {
        /// What Meta named the batch.
        handle: String,
    },
    /// Staff or another system asks for a change.
    Command(Commanded),
    /// A call to Meta ended.
    CallEnded(CallEnded),
    /// Something happened that no row of the shop tells.
    Announced(Occurrence),
}

/// What a customer said or pressed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Meta's message id; absent on some postbacks.
    pub mid: Option<String>,
    /// The words: a message's text, a caption, a cart's note, or a button's title.
    pub text: Option<String>,
    /// What a quick reply or a button carries.
    pub payload: Option<String>,
    /// Pictures and the like, by Meta's type word.
    pub attachments: Vec<String>,
    /// What it is about: a story, a post, an earlier message.
    pub about: Option<About>,
    /// Products it names by id: of the page it was written from, or of a cart.
    pub wishes: Vec<Wish>,
    /// The link or ad it came through.
    pub referral: Option<Referral>,
    /// What Meta tells of the customer beside it.
    pub profile: Profile,
    /// True while another app has the conversation: it is kept, and not answered.
    pub standby: bool,
}

/// What a message is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum About {
    /// It answers a story of the seller's.
    Story {
        /// Meta's story id.
        id: Option<String>,
    },
    /// It tells that the customer mentioned the seller in a story of their own.
    StoryMention,
    /// It shares a post, a reel or a story.
    Shared {
        /// Meta's type word: `ig_post`, `ig_reel`, `reel`, `ig_story`, `share`.
        what: String,
        /// Meta's media id.
        id: Option<String>,
        /// The caption.
        title: Option<String>,
    },
    /// It answers an earlier message.
    Message {
        /// Meta's message id.
        mid: String,
    },
}

/// A product named by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wish {
    /// Meta's product item id, or the seller's SKU: Meta does not say which.
    pub product: String,
    /// How many, where it was said: a cart says it, a product page does not.
    pub quantity: Option<u32>,
}

/// The link or ad that a customer came through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Referral {
    /// Meta's word for where: `ADS`, `SHORTLINK`, `IGME-SOURCE-LINK`, ...
    pub source: Option<String>,
    /// What the link itself carries.
    pub reference: Option<String>,
    /// Meta's ad id.
    pub ad: Option<String>,
    /// The ad's headline.
    pub title: Option<String>,
}

/// What Meta tells of a customer beside a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name the customer shows.
    pub name: Option<String>,
    /// The customer's username.
    pub username: Option<String>,
    /// The phone number, digits only (WhatsApp).
    pub phone: Option<String>,
    /// Another id at Meta of the same customer on the same account, under which it may be known.
    pub other_id: Option<String>,
}

/// A message that went from the seller's account to a customer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Echo {
    /// Meta's message id.
    pub mid: String,
    /// The words.
    pub text: Option<String>,
    /// Pictures and the like, by Meta's type word.
    pub attachments: Vec<String>,
}

/// A message that has other words now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// Meta's id of the message.
    pub mid: String,
    /// The words as they are now.
    pub text: String,
    /// Counts edits of one message up; of two, the higher is the newer.
    pub revision: i64,
}

/// A message that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Meta's id of the message.
    pub mid: String,
}

/// A reaction, or its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reacted {
    /// Meta's id of the message.
    pub mid: String,
    /// The emoji, or Meta's word for it; none: it was taken away.
    pub emoji: Option<String>,
}

/// How far messages of ours have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which.
    pub of: ReceiptOf,
    /// How far.
    pub step: ReceiptStep,
}

/// Which messages a receipt is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptOf {
    /// Those with these ids at Meta.
    Mids(Vec<String>),
    /// All that were sent to the customer up to this time.
    Through(DateTime<Utc>),
}

/// How far a message of ours has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptStep {
    /// Meta has it.
    Sent,
    /// The customer's device has it.
    Delivered,
    /// The customer has seen it.
    Read,
    /// It will not arrive, although Meta took it.
    Failed {
        /// Meta's code.
        code: String,
        /// What happened, in our words.
        error: String,
    },
}

/// Something about a conversation that is worth a line in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// A sentence, in our words.
    pub sentence: String,
}

/// A customer's new id at Meta. The event's own customer is the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The id from now on.
    pub to: String,
    /// The new phone number, where Meta tells it.
    pub phone: Option<String>,
}

/// A comment on a post of the seller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Meta's comment id.
    pub id: String,
    /// The comment it answers.
    pub parent: Option<String>,
    /// Meta's id of the post.
    pub media: Option<String>,
    /// Meta's id of the ad that the post is.
    pub ad: Option<String>,
    /// The commenter's username.
    pub username: Option<String>,
    /// The words.
    pub text: Option<String>,
    /// True when the seller's own account wrote it.
    pub is_own: bool,
    /// True when it was said during a live broadcast.
    pub is_live: bool,
}

/// A mention of the seller in a post or a comment of somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Meta's id of the post.
    pub media: String,
    /// Meta's id of the comment, where it was in one.
    pub comment: Option<String>,
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
    /// What Meta told beside it.
    #[serde(default)]
    pub told: LimitsTold,
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
    /// Meta's answer about a catalog.
    Catalog {
        /// The answer.
        told: Box<CatalogAnswer>,
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
    /// It was surely not done, as Meta does not take the token: it can be done with another one.
    TokenRefused {
        /// Meta's code, with the subcode behind a slash: `190/463`. Or a word of ours: `no_token`.
        code: String,
        /// Which token it was; none: there was none.
        generation: Option<i64>,
    },
}

impl CallResult {
    /// True when Meta did what was asked: it has no limit in the way.
    pub fn is_done(&self) -> bool {
        match self {
            CallResult::Accepted { .. } | CallResult::Looked { .. } => true,
            CallResult::Catalog { told } => told.is_done(),
            CallResult::Unknown { .. }
            | CallResult::Again { .. }
            | CallResult::Refused { .. }
            | CallResult::TokenRefused { .. } => false,
        }
    }
}
