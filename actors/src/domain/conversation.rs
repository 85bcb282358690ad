//! All that passed between one customer and one seller.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::button::Button;
use super::channel::Account;
use super::event::{Referral, Wish};
use super::ids::{ConversationId, CustomerId, LeadId, MessageId, OrderId, OutboxId};
use super::marks::Marks;
use super::named::named;
use super::order::{Look, Looks};
use super::reading::Contact;

/// How long after a customer's last message free words may be sent (all of Meta's channels).
pub const WINDOW: TimeDelta = TimeDelta::hours(24);

/// So far Meta's clock may be behind ours, so that a word after one of the staff's seems to come before it.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(2);

/// A person who writes to a seller, on one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Where.
    pub account: Account,
    /// The person's id at Meta, on that account only.
    pub meta_id: String,
    /// What is known of how to reach them; each detail with the time it was said.
    pub facts: Facts,
    /// What Meta shows of them.
    pub shown: Shown,
    /// The name that staff gave them.
    pub given_name: Option<String>,
}

impl Customer {
    /// The name: as staff wrote it, else as Meta shows it.
    pub fn name(&self) -> Option<&str> {
        self.given_name.as_deref().or(self.shown.name.as_deref())
    }

    /// How to reach them: what they said, else the number they write from.
    pub fn contact(&self) -> Contact {
        let said = self.facts.contact();
        let shown = || self.shown.phone.as_ref().map(|digits| format!("+{}", digits.trim_start_matches('+')));
        Contact { phone: said.phone.or_else(shown), ..said }
    }
}

/// What Meta shows of a customer beside their messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The name.
    pub name: Option<String>,
    /// The username.
    pub username: Option<String>,
    /// The phone number they write from (WhatsApp).
    pub phone: Option<String>,
}

/// A further id at Meta of a customer: one it had before, or has beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Who.
    pub customer: CustomerId,
    /// Where.
    pub account: Account,
    /// The id.
    pub id: String,
}

/// Contact details, each with the time it was said, so that the order of arrival does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Phone number.
    pub phone: Option<Fact>,
    /// E-mail address.
    pub email: Option<Fact>,
    /// Postal address.
    pub address: Option<Fact>,
}

/// One detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What was said.
    pub value: String,
    /// When, by Meta's clock.
    pub at: DateTime<Utc>,
}

impl Facts {
    /// Takes over what was said at `at`, unless something newer is known.
    pub fn learn(&mut self, said: &Contact, at: DateTime<Utc>) {
        let pairs =
            [(&mut self.phone, &said.phone), (&mut self.email, &said.email), (&mut self.address, &said.address)];
        for (known, said) in pairs {
            if let Some(value) = said
                && known.as_ref().is_none_or(|fact| (fact.at, fact.value.as_str()) <= (at, value.as_str()))
            {
                *known = Some(Fact { value: value.clone(), at });
            }
        }
    }

    /// Takes over what staff wrote, at `now`: it stands until the customer says something else later. An empty text: not
    /// known any more.
    pub fn put(&mut self, written: &Contact, now: DateTime<Utc>) {
        let pairs = [
            (&mut self.phone, &written.phone),
            (&mut self.email, &written.email),
            (&mut self.address, &written.address),
        ];
        for (known, written) in pairs {
            if let Some(value) = written {
                // Whoever wrote it knew what is known, also where Meta's clock is ahead of ours.
                let at = known.as_ref().map_or(now, |fact| now.max(fact.at + TimeDelta::milliseconds(1)));
                *known = Some(Fact { value: value.clone(), at });
            }
        }
    }

    /// Lets go of what was said in a message that is no more: said at `at`, in these words.
    pub fn forget(&mut self, said: &Contact, at: DateTime<Utc>) {
        let pairs =
            [(&mut self.phone, &said.phone), (&mut self.email, &said.email), (&mut self.address, &said.address)];
        for (known, said) in pairs {
            known.take_if(|fact| fact.at == at && Some(&fact.value) == said.as_ref());
        }
    }

    /// The details without their times.
    pub fn contact(&self) -> Contact {
        let value =
            |fact: &Option<Fact>| fact.as_ref().map(|fact| fact.value.clone()).filter(|value| !value.is_empty());
        Contact { phone: value(&self.phone), email: value(&self.email), address: value(&self.address) }
    }
}

/// One conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// With whom.
    pub customer: CustomerId,
    /// When the customer said something last, by Meta's clock.
    pub last_inbound_at: Option<DateTime<Utc>>,
    /// When anything was said last, by Meta's clock.
    pub last_message_at: Option<DateTime<Utc>>,
    /// The beginning of the last thing said.
    pub preview: String,
    /// Messages of the customer that nobody has looked at.
    pub unread: i32,
    /// Counts up whenever an order is closed: messages of an episode build one draft.
    pub episode: i32,
    /// Up to where messages belong to closed orders, by Meta's clock.
    pub closed_through: Option<DateTime<Utc>>,
    /// The order that the open episode builds, while it is a draft or was cancelled by the customer.
    pub draft: Option<OrderId>,
    /// What the customer was asked for last, in this episode.
    pub asked: Option<Asked>,
    /// Why a person should look; empty: nobody needs to.
    pub needs_look: Looks,
    /// True while another app answers the customer: nothing is sent by itself.
    pub in_other_hands: bool,
    /// Up to where our messages are on the customer's device, by Meta's clock.
    pub delivered_through: Option<DateTime<Utc>>,
    /// Up to where the customer has seen our messages, by Meta's clock.
    pub read_through: Option<DateTime<Utc>>,
    /// True while the customer is answered by people only, as staff wants it.
    pub people_only: bool,
    /// When somebody of the staff wrote last through us, by our clock.
    pub staff_at: Option<DateTime<Utc>>,
    /// What staff calls it, in the order in which it was put on.
    pub labels: Vec<String>,
    /// Who of the staff has it.
    pub assignee: Option<String>,
    /// True when it was put away.
    pub archived: bool,
}

/// Until when free words may be sent to a customer who spoke last at this time.
pub fn window_closes_at(last_inbound_at: DateTime<Utc>) -> DateTime<Utc> {
    last_inbound_at + WINDOW
}

impl Conversation {
    /// Until when free words may be sent.
    pub fn window_closes_at(&self) -> Option<DateTime<Utc>> {
        self.last_inbound_at.map(window_closes_at)
    }

    /// One in which nothing was said yet.
    pub fn begin(id: ConversationId, customer: CustomerId) -> Self {
        Self {
            id,
            customer,
            last_inbound_at: None,
            last_message_at: None,
            preview: String::new(),
            unread: 0,
            episode: 0,
            closed_through: None,
            draft: None,
            asked: None,
            needs_look: Looks::new(),
            in_other_hands: false,
            delivered_through: None,
            read_through: None,
            people_only: false,
            staff_at: None,
            labels: Vec::new(),
            assignee: None,
            archived: false,
        }
    }

    /// True when we answer by ourselves: nobody else does, and nobody of the staff has since the customer's last word.
    pub fn is_ours_to_answer(&self) -> bool {
        let is_newer = |staff: DateTime<Utc>| self.last_inbound_at.is_some_and(|last| last + CLOCKS_APART > staff);
        !self.in_other_hands && !self.people_only && self.staff_at.is_none_or(is_newer)
    }

    /// A person should look for this as well.
    pub fn needs(&mut self, look: Look) {
        self.needs_look.insert(look);
    }

    /// How far a message of this conversation is. Receipts for all messages up to a time are kept here and not on each
    /// of them: they count for those as well that are stored later.
    pub fn state_of(&self, message: &Message) -> MessageState {
        use MessageState::{Confirmed, Delivered, Read, Sent};
        let is_out = matches!(message.state, Sent | Confirmed | Delivered);
        let through = |time: Option<DateTime<Utc>>| is_out && time.is_some_and(|time| message.at <= time);
        let read = through(self.read_through).then_some(Read);
        let delivered = through(self.delivered_through).then_some(Delivered);
        read.or(delivered).map_or(message.state, |reached| message.state.further(reached))
    }
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The customer.
    Customer,
    /// We, by ourselves.
    Bot,
    /// Somebody of the staff, or another system of theirs, through us.
    Staff,
    /// The seller, in Meta's own app or by another tool.
    Elsewhere,
    /// Nobody: a line about the conversation, from what Meta tells.
    Meta,
}

named!(Author {
    Customer = "customer",
    Bot = "bot",
    Staff = "staff",
    Elsewhere = "elsewhere",
    Meta = "meta",
});

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageState {
    /// It came in.
    Received,
    /// It waits to be sent.
    Queued,
    /// Meta took it.
    Sent,
    /// Its echo came back.
    Confirmed,
    /// It may have been sent.
    Unconfirmed,
    /// The customer's device has it.
    Delivered,
    /// The customer has seen it.
    Read,
    /// It was not sent, or will not arrive.
    Failed,
}

named!(MessageState {
    Received = "received",
    Queued = "queued",
    Sent = "sent",
    Confirmed = "confirmed",
    Unconfirmed = "unconfirmed",
    Delivered = "delivered",
    Read = "read",
    Failed = "failed",
});

impl MessageState {
    /// Of two things told of one message, the one that is further: they come in any order. A failure is final, as Meta
    /// tells it after whatever else was true.
    pub fn further(self, other: Self) -> Self {
        if self.rank() < other.rank() { other } else { self }
    }

    fn rank(self) -> u8 {
        match self {
            MessageState::Received => 0,
            MessageState::Queued => 1,
            MessageState::Unconfirmed => 2,
            MessageState::Sent => 3,
            MessageState::Confirmed => 4,
            MessageState::Delivered => 5,
            MessageState::Read => 6,
            MessageState::Failed => 7,
        }
    }
}

/// One thing said, either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// The conversation's episode it belongs to.
    pub episode: i32,
    /// True when it has a say in the episode's draft.
    pub counts: bool,
    /// Who wrote it.
    pub author: Author,
    /// The key of its event; none for what we send.
    pub source_key: Option<String>,
    /// The words.
    pub text: Option<String>,
    /// What a quick reply or button carried.
    pub payload: Option<String>,
    /// Products it names by id.
    pub wishes: Vec<Wish>,
    /// The button it taps or answers for, as it was understood when it came: what was asked is not known later.
    pub meant: Option<Button>,
    /// Pictures and the like, by Meta's type word.
    pub attachments: Vec<String>,
    /// When it was said: Meta's clock for what came in, ours for what goes out.
    pub at: DateTime<Utc>,
    /// Meta's message id.
    pub mid: Option<String>,
    /// How far it is.
    pub state: MessageState,
    /// The owed call that sends it.
    pub outbox: Option<OutboxId>,
    /// What is known of it besides its words.
    pub marks: Marks,
}

/// A customer's interest in a shop: one for each customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// Its id.
    pub id: LeadId,
    /// Who.
    pub customer: CustomerId,
    /// Where it began.
    pub conversation: ConversationId,
    /// How far it is.
    pub stage: LeadStage,
    /// The first words.
    pub first_words: String,
    /// When they were said.
    pub at: DateTime<Utc>,
    /// The first link or ad the customer came through.
    pub source: Option<LeadSource>,
}

/// Where a lead came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadSource {
    /// The link or ad.
    pub referral: Referral,
    /// When, by Meta's clock.
    pub at: DateTime<Utc>,
}

/// How far a lead is. What a message does only takes it further in this order, so that what staff has set stands; an
/// order that is confirmed makes it ordered wherever it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LeadStage {
    /// Wrote.
    New,
    /// Staff has spoken with them.
    Contacted,
    /// Has or had a draft.
    Drafted,
    /// Has a confirmed order.
    Ordered,
    /// Staff expects nothing of it any more.
    Lost,
}

named!(LeadStage {
    New = "new",
    Contacted = "contacted",
    Drafted = "drafted",
    Ordered = "ordered",
    Lost = "lost",
});
