//! Staff, or another system of theirs, speaks with a customer; or wants to be alone with one.

use chrono::SecondsFormat;

use crate::domain::alarm::AlarmKind;
use crate::domain::channel::Channel;
use crate::domain::command::{Answered, Recipient, Refused};
use crate::domain::desk::{ConversationNow, Queued};
use crate::domain::event::StoredEvent;
use crate::domain::ids::{ConnectionId, ConversationId};
use crate::domain::outbox::{Aim, Purpose};
use crate::domain::outgoing::{self, Outgoing};

use crate::shop::Shop;
use crate::shop::step::Step;
use crate::shop::thread::Thread;

use super::{answered, not_found};

/// What staff wants to say.
pub(super) struct Words<'a> {
    pub(super) by: Option<&'a str>,
    pub(super) text: Option<&'a str>,
    pub(super) attachment: Option<&'a Outgoing>,
}

impl Step<'_> {
    /// Owes the customer these words. Nothing is called in vain: what Meta would surely refuse is refused here.
    pub(super) fn send(&mut self, event: &StoredEvent, to: &Recipient, words: &Words<'_>) -> Answered {
        let mut thread = self.addressed(to)?;
        let account = thread.customer.account.clone();
        let channel = account.channel().unwrap_or(Channel::Instagram);
        let parts = outgoing::parts(channel, words.text, words.attachment)?;
        let connection = self.may_send_to(&thread)?;
        self.step_back(&mut thread, "somebody of the staff has answered");
        thread.conversation.staff_at = Some(self.now);
        // Found again by the command's place, so that a command makes these calls and no others, whenever it is decided.
        let purpose = Purpose::new(Aim::Say, event.seq);
        let mut queued = Vec::new();
        for (place, part) in parts.into_iter().enumerate() {
            let part = self.owe_part(&mut thread, connection, part, purpose.part(place));
            if let Some(message) = self.out.messages.get_mut(&part.message) {
                message.marks.by = words.by.map(str::to_owned);
            }
            queued.push(part);
        }
        let (conversation, customer) = (thread.conversation.id, thread.customer.id);
        self.thread = Some(thread);
        answered(&Queued { conversation, customer, account, parts: queued })
    }

    fn addressed(&self, to: &Recipient) -> Result<Thread, Refused> {
        let known = match to {
            Recipient::Conversation(id) => self.shop.threads.get(id),
            Recipient::MetaId(id) => self.shop.with_meta_id(id),
        };
        let unknown = || match to {
            Recipient::Conversation(id) => format!("there is no conversation {id}"),
            Recipient::MetaId(_) => "nobody with this id has written to any account of this shop".to_owned(),
        };
        known.cloned().ok_or_else(|| Refused::not_found("unknown_recipient", unknown()))
    }

    /// The connection to send through, if Meta would take anything at all.
    fn may_send_to(&self, thread: &Thread) -> Result<ConnectionId, Refused> {
        let account = &thread.customer.account;
        let connection = self.shop.seller.connection_for(account).map(|connection| connection.id);
        let connection = connection.ok_or_else(|| {
            let detail = format!("the account {account} is not connected any more: connect it again");
            Refused::conflict("not_connected", detail)
        })?;
        let closed = match thread.conversation.window_closes_at() {
            Some(closes) if self.now < closes => return Ok(connection),
            Some(closed) => format!("it closed at {}", closed.to_rfc3339_opts(SecondsFormat::Secs, true)),
            None => "the customer has never written".to_owned(),
        };
        let detail = format!("words are taken for 24 hours after the customer's last ones, and {closed}");
        Err(Refused::conflict("window_closed", detail))
    }

    /// Lets the customer be answered by people only, or by us again: from the next word on.
    pub(super) fn hand_over(&mut self, id: ConversationId, people_only: bool) -> Answered {
        let mut thread = self.conversation(id)?;
        if people_only {
            self.step_back(&mut thread, "people answer this customer");
        }
        thread.conversation.people_only = people_only;
        let now = ConversationNow::of(&thread.conversation);
        self.thread = Some(thread);
        answered(&now)
    }

    /// A person speaks: no answer of ours comes to what was said before, and what the customer says next is no answer
    /// to a question of ours.
    fn step_back(&mut self, thread: &mut Thread, why: &str) {
        self.clear_alarm(AlarmKind::Reply, thread.conversation.id.0);
        self.take_back_questions(thread, i32::MAX, why);
        thread.conversation.asked = None;
    }

    /// A conversation that was read for this command.
    pub(super) fn conversation(&self, id: ConversationId) -> Result<Thread, Refused> {
        self.shop.threads.get(&id).cloned().ok_or_else(|| not_found("conversation", id))
    }
}

impl Shop {
    /// The conversation of whoever has this id at Meta. On several accounts it may be several people, or one person
    /// with several conversations: the one who wrote last is meant.
    fn with_meta_id(&self, id: &str) -> Option<&Thread> {
        let known = self.by_customer.iter().filter(|((_, known), _)| known == id).map(|(_, conversation)| conversation);
        let threads = known.filter_map(|conversation| self.threads.get(conversation));
        threads.max_by_key(|thread| (thread.conversation.last_inbound_at, thread.conversation.id))
    }
}
