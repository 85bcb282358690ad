//! What is known of a customer and a conversation without being said: names, the link they came through, whether
//! another app answers them, lines from Meta.

use chrono::{DateTime, Utc};

use crate::domain::conversation::{Author, Lead, LeadSource, LeadStage, Message};
use crate::domain::event::{Noted, Referral, Said, StoredEvent};
use crate::domain::ids::{LeadId, MessageId};
use crate::domain::marks::Marks;
use crate::domain::outcome::{Outcome, Reason};

use super::step::Step;
use super::thread::Thread;

impl Step<'_> {
    /// A line in the conversation that nobody said.
    pub(super) fn note(&mut self, event: &StoredEvent, noted: &Noted) -> Outcome {
        let Some(customer) = &event.customer else { return Outcome::Ledgered(Reason::Unreadable) };
        let thread = self.thread_of(event, customer);
        self.line(&thread, event, &noted.sentence, Marks::default());
        self.thread = Some(thread);
        Outcome::Handled
    }

    /// The customer came, and has said nothing yet: that opens no window.
    pub(super) fn refer(&mut self, event: &StoredEvent, referral: &Referral) -> Outcome {
        let Some(customer) = &event.customer else { return Outcome::Ledgered(Reason::Unreadable) };
        let mut thread = self.thread_of(event, customer);
        let marks = Marks { referral: Some(referral.clone()), ..Marks::default() };
        self.line(&thread, event, "The customer came through a link or an ad.", marks);
        if thread.lead.is_none() {
            thread.lead = Some(self.new_lead(&thread, String::new(), event.happened_at));
        }
        thread.credit(referral, event.happened_at);
        self.thread = Some(thread);
        Outcome::Handled
    }

    fn line(&mut self, thread: &Thread, event: &StoredEvent, sentence: &str, marks: Marks) {
        let message = Message {
            source_key: Some(event.key.clone()),
            text: Some(sentence.to_owned()),
            marks,
            ..thread.blank(MessageId(self.next_id()), Author::Meta, event.happened_at)
        };
        self.out.messages.insert(message.id, message);
    }

    pub(super) fn new_lead(&mut self, thread: &Thread, first_words: String, at: DateTime<Utc>) -> Lead {
        Lead {
            id: LeadId(self.next_id()),
            customer: thread.customer.id,
            conversation: thread.conversation.id,
            stage: LeadStage::New,
            first_words,
            at,
            source: None,
        }
    }
}

impl Thread {
    /// Takes over what a message brings beside its words. Before the message is kept: the newest one decides.
    pub(super) fn introduce(&mut self, event: &StoredEvent, said: &Said) {
        let is_newest = self.conversation.last_inbound_at.is_none_or(|last| last <= event.happened_at);
        if is_newest {
            self.conversation.in_other_hands = said.standby;
        }
        let shown = &mut self.customer.shown;
        let pairs = [
            (&mut shown.name, &said.profile.name),
            (&mut shown.username, &said.profile.username),
            (&mut shown.phone, &said.profile.phone),
        ];
        for (known, told) in pairs {
            if told.is_some() && (is_newest || known.is_none()) {
                known.clone_from(told);
            }
        }
    }

    /// The first link or ad is what brought the customer.
    pub(super) fn credit(&mut self, referral: &Referral, at: DateTime<Utc>) {
        if let Some(lead) = &mut self.lead
            && lead.source.as_ref().is_none_or(|known| at < known.at)
        {
            lead.source = Some(LeadSource { referral: referral.clone(), at });
        }
    }
}
