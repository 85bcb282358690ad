//! One conversation in memory: the customer, the open episode's messages as read, the draft.

use chrono::{DateTime, Utc};

use crate::domain::catalog::Catalog;
use crate::domain::conversation::{Author, Conversation, Customer, Facts, Lead, Message, MessageState, Shown};
use crate::domain::draft::{self, Draft, Heard, Shelf};
use crate::domain::event::StoredEvent;
use crate::domain::ids::{ConversationId, CustomerId, MessageId};
use crate::domain::marks::Marks;
use crate::domain::order::Order;
use crate::domain::reading::Contact;
use crate::reader::{self, CatalogIndex};
use crate::store::threads::StoredThread;

/// A draft is built from at most so many messages of one episode.
pub(crate) const MAX_HEARD: usize = 100;
/// So many messages of ours are remembered for their echo.
const MAX_SENT: usize = 16;

#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub(super) customer: Customer,
    /// Further ids of the customer at Meta.
    pub(super) aliases: Vec<String>,
    pub(super) conversation: Conversation,
    pub(super) lead: Option<Lead>,
    /// Messages with a say in the draft, in Meta's order.
    pub(super) heard: Vec<Heard>,
    pub(super) draft: Option<Order>,
    /// The customer's last confirmed order, once it was read or there is none.
    pub(super) last_order: Option<Order>,
    /// Whether it was read: it is only when somebody wants the same again.
    pub(super) knows_last_order: bool,
    /// Messages with their mid of which something may be told: those of this turn, and ours of late.
    pub(super) recalled: Vec<Message>,
    /// The turn that used it last.
    pub(super) used: u64,
}

impl Thread {
    /// As stored; the messages are read anew, with the catalog as it is now.
    pub(super) fn read(stored: StoredThread, index: &CatalogIndex) -> Self {
        Self {
            heard: stored.heard.iter().map(|message| heard(message, index)).collect(),
            last_order: None,
            knows_last_order: stored.conversation.episode == 0,
            customer: stored.customer,
            aliases: stored.aliases,
            conversation: stored.conversation,
            lead: stored.lead,
            draft: stored.draft,
            recalled: Vec::new(),
            used: 0,
        }
    }

    /// A conversation that begins with this event.
    pub(super) fn begin(event: &StoredEvent, meta_id: &str, customer: CustomerId, id: ConversationId) -> Self {
        let conversation = Conversation::begin(id, customer);
        let customer = Customer {
            id: customer,
            account: event.account.clone(),
            meta_id: meta_id.to_owned(),
            facts: Facts::default(),
            shown: Shown::default(),
            given_name: None,
        };
        let aliases = Vec::new();
        Self {
            customer,
            aliases,
            conversation,
            lead: None,
            heard: Vec::new(),
            draft: None,
            last_order: None,
            knows_last_order: true,
            recalled: Vec::new(),
            used: 0,
        }
    }

    /// A message of the open episode that says nothing yet.
    pub(super) fn blank(&self, id: MessageId, author: Author, at: DateTime<Utc>) -> Message {
        Message {
            id,
            conversation: self.conversation.id,
            episode: self.conversation.episode,
            counts: false,
            author,
            source_key: None,
            text: None,
            payload: None,
            wishes: Vec::new(),
            meant: None,
            attachments: Vec::new(),
            at,
            mid: None,
            state: MessageState::Received,
            outbox: None,
            marks: Marks::default(),
        }
    }

    /// What the messages of the open episode add up to.
    pub(super) fn build(&self, catalog: &Catalog) -> Draft {
        if let Some(order) = self.draft.as_ref().filter(|order| order.by_hand) {
            return draft::heed(order, &self.heard);
        }
        let shelf = Shelf { catalog, order: self.conversation.draft, last: self.last_order.as_ref() };
        draft::build(&self.heard, shelf)
    }

    /// True when a person has written the lines of the draft.
    pub(super) fn is_by_hand(&self) -> bool {
        self.draft.as_ref().is_some_and(|order| order.by_hand)
    }

    /// How to reach the customer about an order: as set by hand for it, else as they said.
    pub(super) fn contact_for(&self, order: &Order) -> Contact {
        let mut contact = self.customer.contact();
        contact.learn(&order.contact);
        contact
    }

    /// True when somebody wants the same as last time, and that is not in memory.
    pub(super) fn wants_last_order(&self) -> bool {
        !self.knows_last_order && self.heard.iter().any(|heard| heard.reading.again.is_some())
    }

    /// Puts a message at its place in Meta's order. False when the episode is full.
    pub(super) fn insert(&mut self, heard: Heard) -> bool {
        if self.is_full() {
            return false;
        }
        let place = self.heard.partition_point(|known| (known.at, known.message) <= (heard.at, heard.message));
        self.heard.insert(place, heard);
        true
    }

    /// True when a draft can take no more messages: some may be left out of it.
    pub(super) fn is_full(&self) -> bool {
        self.heard.len() >= MAX_HEARD
    }

    /// Remembers messages with their mid, newest last.
    pub(super) fn recall(&mut self, messages: Vec<Message>) {
        for message in messages {
            self.recalled.retain(|known| known.id != message.id);
            self.recalled.push(message);
        }
    }

    /// The message with this mid, if it is remembered.
    pub(super) fn recalled(&self, mid: &str) -> Option<&Message> {
        self.recalled.iter().find(|message| message.mid.as_deref() == Some(mid))
    }

    /// Not before the turn is over: all that was read for its events must be there when they are decided. What others
    /// wrote is read again when something is told of it, which is seldom.
    pub(super) fn forget_recalled(&mut self) {
        self.recalled.retain(|message| message.outbox.is_some());
        let too_many = self.recalled.len().saturating_sub(MAX_SENT);
        self.recalled.drain(..too_many);
    }

    /// Notes something said, for the list of conversations.
    pub(super) fn note(&mut self, message: &Message) {
        if self.conversation.last_message_at.is_none_or(|last| last <= message.at) {
            self.conversation.last_message_at = Some(message.at);
            self.conversation.preview = preview(message);
        }
    }

    /// Notes that something said has other words now, or none.
    pub(super) fn note_again(&mut self, before: &Message, message: &Message) {
        let is_last = self.conversation.last_message_at == Some(message.at);
        if is_last && self.conversation.preview == preview(before) {
            self.conversation.preview = preview(message);
        }
    }
}

/// The words by which a lead is known.
pub(super) fn first_words(text: Option<&str>) -> String {
    text.unwrap_or_default().chars().take(200).collect()
}

/// A message as it counts in a draft. Buttons carry the shop's own words, not the customer's, and are not read.
pub(super) fn heard(message: &Message, index: &CatalogIndex) -> Heard {
    let key = message.source_key.clone().unwrap_or_default();
    let words = message.text.as_deref().filter(|_| message.meant.is_none() && !is_button(&key));
    Heard {
        message: message.id,
        at: message.at,
        reading: words.map(|words| reader::read(index, words)).unwrap_or_default(),
        wishes: message.wishes.clone(),
        button: message.meant.clone(),
        key,
    }
}

/// How to reach the customer, as far as a message says. Words that answer a question as a button would are words still.
pub(super) fn contact(message: &Message, index: &CatalogIndex) -> Contact {
    let is_button = message.source_key.as_deref().is_some_and(is_button);
    let is_tap = message.payload.is_some() && message.meant.is_some();
    let words = message.text.as_deref().filter(|_| !is_tap && !is_button);
    words.map(|words| reader::read(index, words).contact).unwrap_or_default()
}

/// Keys start with the kind of their event.
pub(super) fn is_button(key: &str) -> bool {
    key.starts_with("postback:")
}

fn preview(message: &Message) -> String {
    match (&message.text, message.attachments.first()) {
        (Some(text), _) => text.chars().take(80).collect(),
        (None, Some(kind)) => format!("[{kind}]"),
        (None, None) => String::new(),
    }
}

/// True when two texts differ in blanks at most: Meta may trim them.
pub(super) fn same_words(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}
