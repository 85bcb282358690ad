//! What the API shows of what was said.

use actors::domain::button::QuickReply;
use actors::domain::channel::Account;
use actors::domain::comment::PublicComment;
use actors::domain::conversation::{Conversation, Customer, Lead, LeadSource, LeadStage, Message, MessageState};
use actors::domain::event::{About, Referral, Wish};
use actors::domain::ids::{CommentId, ConversationId, CustomerId, LeadId, MessageId, OutboxId};
use actors::domain::marks::Reaction;
use actors::domain::order::Look;
use actors::domain::outbox::{Owed, OwedCall};
use actors::domain::reading::Contact;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::web::api::words;

/// All that passed between one customer and one seller.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Conversation")]
pub(super) struct ConversationOut {
    id: ConversationId,
    /// On which account.
    account: Account,
    customer: CustomerOut,
    /// The beginning of the last thing said.
    preview: String,
    /// Messages of the customer that nobody has looked at.
    unread: i32,
    last_message_at: Option<DateTime<Utc>>,
    /// Until when free words may be sent.
    window_closes_at: Option<DateTime<Utc>>,
    /// Why a person should look; empty: nobody needs to.
    needs_look: Vec<LookOut>,
    /// True while another app answers the customer.
    in_other_hands: bool,
    /// True while the customer is answered by people only.
    people_only: bool,
    /// What staff calls it.
    labels: Vec<String>,
    /// Who of the staff has it.
    assignee: Option<String>,
    /// True when it was put away.
    archived: bool,
}

/// A person who writes to a seller, on one account.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Customer")]
pub(super) struct CustomerOut {
    id: CustomerId,
    /// The person's id at Meta, on that account only.
    meta_id: String,
    /// As staff wrote it, else as Meta shows it.
    name: Option<String>,
    username: Option<String>,
    contact: Contact,
}

/// Why a person should look.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NeedsLook")]
struct LookOut {
    cause: Look,
    /// What happened and what to do about it.
    sentence: &'static str,
}

impl From<Customer> for CustomerOut {
    fn from(customer: Customer) -> Self {
        let (contact, name) = (customer.contact(), customer.name().map(str::to_owned));
        let Customer { id, meta_id, shown, .. } = customer;
        Self { id, meta_id, name, username: shown.username, contact }
    }
}

impl From<(Conversation, Customer)> for ConversationOut {
    fn from((conversation, customer): (Conversation, Customer)) -> Self {
        let look = |cause: &Look| LookOut { cause: *cause, sentence: cause.sentence() };
        Self {
            id: conversation.id,
            account: customer.account.clone(),
            customer: customer.into(),
            unread: conversation.unread,
            last_message_at: conversation.last_message_at,
            window_closes_at: conversation.window_closes_at(),
            needs_look: conversation.needs_look.iter().map(look).collect(),
            in_other_hands: conversation.in_other_hands,
            people_only: conversation.people_only,
            labels: conversation.labels,
            assignee: conversation.assignee,
            archived: conversation.archived,
            preview: conversation.preview,
        }
    }
}

/// One thing said, either way.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Message")]
pub(super) struct MessageOut {
    id: MessageId,
    #[schemars(with = "words::Author")]
    author: &'static str,
    text: Option<String>,
    /// What a quick reply or a button carried.
    payload: Option<String>,
    /// Products it names by id.
    wishes: Vec<Wish>,
    /// Pictures and the like, by Meta's type word.
    attachments: Vec<String>,
    /// Meta's clock for what came in, ours for what goes out.
    at: DateTime<Utc>,
    state: MessageState,
    /// Meta's message id.
    mid: Option<String>,
    edited: bool,
    /// Counts its edits.
    revision: Option<i64>,
    /// True when it was taken back.
    unsent: bool,
    reactions: Vec<ReactionOut>,
    /// A story, a post, an earlier message.
    about: Option<About>,
    /// The link or ad it came through.
    referral: Option<Referral>,
    /// Who of the staff wrote it.
    by: Option<String>,
    /// Why it failed, although Meta took it.
    failure: Option<String>,
}

/// What somebody thinks of a message.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MessageReaction")]
struct ReactionOut {
    /// Who, by Meta's id.
    by: String,
    /// The emoji, or Meta's word for it.
    emoji: String,
    at: DateTime<Utc>,
}

impl MessageOut {
    /// As it stands in this conversation.
    pub(super) fn of(conversation: &Conversation, message: Message) -> Self {
        let state = conversation.state_of(&message);
        let Message { id, author, text, payload, wishes, attachments, at, mid, marks, .. } = message;
        // One that was taken away is none.
        let reaction = |Reaction { by, emoji, at }| Some(ReactionOut { by, emoji: emoji?, at });
        Self {
            id,
            author: author.name(),
            text,
            payload,
            wishes,
            attachments,
            at,
            state,
            mid,
            edited: marks.revision.is_some(),
            revision: marks.revision,
            unsent: marks.unsent,
            reactions: marks.reactions.into_iter().filter_map(reaction).collect(),
            about: marks.about,
            referral: marks.referral,
            by: marks.by,
            failure: marks.failure,
        }
    }
}

/// A customer's interest in a shop: one for each customer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Lead")]
pub(super) struct LeadOut {
    id: LeadId,
    customer: CustomerId,
    conversation: ConversationId,
    stage: LeadStage,
    first_words: String,
    at: DateTime<Utc>,
    /// The first link or ad the customer came through.
    source: Option<LeadSource>,
}

impl From<Lead> for LeadOut {
    fn from(lead: Lead) -> Self {
        let Lead { id, customer, conversation, stage, first_words, at, source } = lead;
        Self { id, customer, conversation, stage, first_words, at, source }
    }
}

/// A comment on a post of the seller's, or a mention elsewhere.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Comment")]
pub(super) struct CommentOut {
    id: CommentId,
    account: Account,
    #[schemars(with = "words::CommentKind")]
    kind: &'static str,
    /// Meta's id of the comment; of the post, for a mention in a post.
    meta_id: String,
    /// The comment it answers, by Meta's id.
    parent: Option<String>,
    /// Meta's id of the post.
    media: Option<String>,
    /// Meta's id of the ad that the post is.
    ad: Option<String>,
    /// Who wrote it, by Meta's id.
    customer: Option<String>,
    username: Option<String>,
    /// A mention comes without them.
    text: Option<String>,
    /// True when the seller's own account wrote it.
    own: bool,
    /// True when it was said during a live broadcast.
    live: bool,
    at: DateTime<Utc>,
}

impl From<PublicComment> for CommentOut {
    fn from(comment: PublicComment) -> Self {
        Self {
            id: comment.id,
            account: comment.name.account,
            kind: comment.name.kind.name(),
            meta_id: comment.name.meta_id,
            parent: comment.parent,
            media: comment.media,
            ad: comment.ad,
            customer: comment.customer,
            username: comment.username,
            text: comment.text,
            own: comment.is_own,
            live: comment.is_live,
            at: comment.at,
        }
    }
}

/// A call owed to Meta.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OwedCall")]
pub(super) struct OwedOut {
    id: OutboxId,
    /// `send`, or `find`: a look whether a send arrived.
    what: &'static str,
    conversation: ConversationId,
    /// The buttons beneath the words.
    quick_replies: Vec<QuickReply>,
    #[schemars(with = "words::OwedState")]
    state: &'static str,
    attempts: i32,
    not_before: DateTime<Utc>,
    /// Meta's message id, once accepted.
    mid: Option<String>,
    /// What went wrong last.
    error: Option<String>,
}

impl From<Owed> for OwedOut {
    fn from(owed: Owed) -> Self {
        let (what, quick_replies) = match owed.call {
            OwedCall::Send { quick_replies, .. } => ("send", quick_replies),
            OwedCall::Find { .. } => ("find", Vec::new()),
        };
        Self {
            id: owed.id,
            what,
            conversation: owed.conversation,
            quick_replies,
            state: owed.state.name(),
            attempts: owed.attempts,
            not_before: owed.not_before,
            mid: owed.mid,
            error: owed.error,
        }
    }
}
