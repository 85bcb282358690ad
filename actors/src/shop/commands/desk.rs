//! What staff keeps in order: notes, labels, who has a conversation, what is read, and what is known of a customer.

use crate::domain::command::{Answered, NoteOn, Refused};
use crate::domain::conversation::{Author, Conversation, LeadStage};
use crate::domain::desk::{self, ConversationNow, CustomerNow, LeadNow, Note, NoteNow};
use crate::domain::ids::{ConversationId, CustomerId, LeadId, MessageId, NoteId};
use crate::domain::order::Look;
use crate::domain::reading::Contact;

use crate::shop::Shop;
use crate::shop::step::Step;
use crate::shop::thread::Thread;

use super::{answered, not_found};

/// The longest details of a customer that are kept: phone number, e-mail address, postal address.
const LONGEST_CONTACT: [usize; 3] = [50, 254, 500];

impl Step<'_> {
    pub(super) fn write_note(&mut self, by: Option<&str>, on: NoteOn, text: &str) -> Answered {
        let text = desk::written("note", text, desk::LONGEST_NOTE)?;
        match on {
            NoteOn::Conversation(id) => drop(self.conversation(id)?),
            NoteOn::Customer(id) => drop(self.customer(id)?),
            NoteOn::Order(id) if self.shop.has_order(id) => {}
            NoteOn::Order(id) => return Err(not_found("order", id)),
        }
        let id = NoteId(self.next_id());
        // PostgreSQL takes no NUL, whoever it is that calls themselves so.
        let by = by.map(|by| by.replace('\0', ""));
        self.out.notes.insert(id, Some(Note { id, on, text, by, at: self.now }));
        answered(&NoteNow { note: id, removed: false })
    }

    pub(super) fn remove_note(&mut self, note: NoteId) -> Answered {
        if !self.shop.desk.known.notes.contains(&note) {
            return Err(not_found("note", note));
        }
        self.out.notes.insert(note, None);
        answered(&NoteNow { note, removed: true })
    }

    pub(super) fn label(&mut self, id: ConversationId, add: &[String], remove: &[String]) -> Answered {
        self.keep_in_order(id, |conversation| {
            conversation.labels = desk::relabelled(&conversation.labels, add, remove)?;
            Ok(())
        })
    }

    pub(super) fn assign(&mut self, id: ConversationId, to: Option<&str>) -> Answered {
        let to = to.map(|name| desk::written("name", name, desk::LONGEST_NAME)).transpose()?;
        self.keep_in_order(id, |conversation| {
            conversation.assignee = to;
            Ok(())
        })
    }

    pub(super) fn archive(&mut self, id: ConversationId, archived: bool) -> Answered {
        self.keep_in_order(id, |conversation| {
            conversation.archived = archived;
            Ok(())
        })
    }

    /// What came in after the last message that was seen has not been looked at.
    pub(super) fn mark_read(&mut self, id: ConversationId, through: Option<MessageId>) -> Answered {
        let later = match through {
            Some(message) => self.shop.later_than(id, message).ok_or_else(|| not_found("message", message))?,
            None => 0,
        };
        self.keep_in_order(id, |conversation| {
            conversation.unread = conversation.unread.min(later);
            Ok(())
        })
    }

    pub(super) fn settle_looks(&mut self, id: ConversationId, looks: &[Look]) -> Answered {
        self.keep_in_order(id, |conversation| {
            conversation.needs_look.retain(|look| !looks.contains(look));
            Ok(())
        })
    }

    fn keep_in_order(
        &mut self,
        id: ConversationId,
        change: impl FnOnce(&mut Conversation) -> Result<(), Refused>,
    ) -> Answered {
        let mut thread = self.conversation(id)?;
        change(&mut thread.conversation)?;
        let now = ConversationNow::of(&thread.conversation);
        self.thread = Some(thread);
        answered(&now)
    }

    pub(super) fn edit_customer(&mut self, id: CustomerId, contact: &Contact, name: Option<&str>) -> Answered {
        let mut thread = self.customer(id)?;
        let contact = checked(contact)?;
        if let Some(name) = name {
            let is_empty = name.trim().is_empty();
            let name = (!is_empty).then(|| desk::written("name", name, desk::LONGEST_NAME)).transpose()?;
            thread.customer.given_name = name;
        }
        thread.customer.facts.put(&contact, self.now);
        let now = CustomerNow::of(&thread.customer);
        self.thread = Some(thread);
        answered(&now)
    }

    pub(super) fn move_lead(&mut self, id: LeadId, stage: LeadStage) -> Answered {
        let has_lead = |thread: &&Thread| thread.lead.as_ref().is_some_and(|lead| lead.id == id);
        let mut thread = self.shop.threads.values().find(has_lead).cloned().ok_or_else(|| not_found("lead", id))?;
        if let Some(lead) = &mut thread.lead {
            lead.stage = stage;
        }
        self.thread = Some(thread);
        answered(&LeadNow { lead: id, stage })
    }

    fn customer(&self, id: CustomerId) -> Result<Thread, Refused> {
        let is_theirs = |thread: &&Thread| thread.customer.id == id;
        self.shop.threads.values().find(is_theirs).cloned().ok_or_else(|| not_found("customer", id))
    }
}

/// Contact details as they are kept; an empty one forgets what is known.
fn checked(contact: &Contact) -> Result<Contact, Refused> {
    let [phone, email, address] = LONGEST_CONTACT;
    let text = |what, text: &Option<String>, most| match text.as_deref().map(str::trim) {
        Some("") => Ok(Some(String::new())),
        Some(text) => desk::written(what, text, most).map(Some),
        None => Ok(None),
    };
    let checked = Contact {
        phone: text("phone number", &contact.phone, phone)?,
        email: text("e-mail address", &contact.email, email)?,
        address: text("postal address", &contact.address, address)?,
    };
    let lacks = |text: &Option<String>, is_part: fn(char) -> bool| {
        text.as_ref().is_some_and(|text| !text.is_empty() && !text.contains(is_part))
    };
    if lacks(&checked.phone, |letter| letter.is_ascii_digit()) {
        return Err(Refused::invalid("wrong_contact", "a phone number has digits"));
    }
    if lacks(&checked.email, |letter| letter == '@') {
        return Err(Refused::invalid("wrong_contact", "an e-mail address has an @"));
    }
    Ok(checked)
}

impl Shop {
    /// How many messages of the customer came in after this one; none when it is not of the conversation.
    fn later_than(&self, conversation: ConversationId, message: MessageId) -> Option<i32> {
        let new = |id: &MessageId| id.0 > self.desk.stored_through;
        let stored = self.desk.known.later.get(&(conversation, message)).copied();
        let in_this_turn = || self.turn.messages.values().filter(|said| said.conversation == conversation);
        let is_there = stored.is_some() || in_this_turn().any(|said| said.id == message && new(&said.id));
        let is_later = |id: &MessageId| new(id) && *id > message;
        let since = in_this_turn().filter(|said| said.author == Author::Customer && is_later(&said.id)).count();
        let later = stored.unwrap_or(0).saturating_add(i64::try_from(since).unwrap_or(i64::MAX));
        is_there.then(|| i32::try_from(later).unwrap_or(i32::MAX))
    }
}
