//! Something is told of a message: it has other words, was taken back, got a reaction, came further. What is told of
//! one that is not known yet waits for it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::domain::alarm::AlarmKind;
use crate::domain::asked::Question;
use crate::domain::channel::Account;
use crate::domain::conversation::{Author, LeadStage, Message, MessageState};
use crate::domain::draft::Missing;
use crate::domain::event::{Edited, Reacted, Said, StoredEvent};
use crate::domain::ids::ConversationId;
use crate::domain::marks::Reaction;
use crate::domain::order::{Look, OrderState};
use crate::domain::outbox::{OwedState, Purpose};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::told::Told;

use super::step::Step;
use super::thread::{self, Thread};
use super::{LONGEST_ID, Open, Shop};

impl Step<'_> {
    pub(super) fn edited(&mut self, event: &StoredEvent, edited: &Edited) -> Outcome {
        let outcome = self.tell(event, &edited.mid, &Told::edited(edited, &event.key));
        if outcome == Outcome::Duplicate {
            self.unsay(&event.account, Some(&event.key));
        }
        outcome
    }

    /// The words that this event brought are no more: they are not kept in the bytes it came in either.
    pub(super) fn unsay(&mut self, account: &Account, key: Option<&String>) {
        self.out.unsaid.extend(key.map(|key| (account.clone(), key.clone())));
    }

    pub(super) fn reacted(&mut self, event: &StoredEvent, reacted: &Reacted) -> Outcome {
        let Some(by) = event.customer.clone() else { return Outcome::Ledgered(Reason::Unreadable) };
        let reaction = Reaction { by, emoji: reacted.emoji.clone(), at: event.happened_at };
        self.tell(event, &reacted.mid, &Told::reacted(reaction))
    }

    /// Puts what was told on its message, or keeps it until the message comes.
    pub(super) fn tell(&mut self, event: &StoredEvent, mid: &str, told: &Told) -> Outcome {
        if mid.len() > LONGEST_ID {
            return Outcome::Ledgered(Reason::Unreadable);
        }
        let Some(mut thread) = self.thread_with(event, mid) else { return self.keep_loose(event, mid, told) };
        if !self.tell_in(&mut thread, mid, told) {
            return Outcome::Duplicate;
        }
        self.thread = Some(thread);
        Outcome::Handled
    }

    /// The conversation in which the message with this mid was said.
    pub(super) fn thread_with(&self, event: &StoredEvent, mid: &str) -> Option<Thread> {
        self.shop.with_mid(event, mid).and_then(|id| self.shop.threads.get(&id)).cloned()
    }

    /// False when all of it was known.
    pub(super) fn tell_in(&mut self, thread: &mut Thread, mid: &str, told: &Told) -> bool {
        let Some(before) = thread.recalled(mid).cloned() else { return false };
        let mut message = before.clone();
        if !message.hear_of(told) {
            return false;
        }
        if message.text != before.text || message.marks.unsent != before.marks.unsent {
            self.reword(thread, &before, &mut message);
        }
        self.unsay_old(&thread.customer.account, &before, &message);
        look_at_failure(thread, &before, &message);
        self.out.messages.insert(message.id, message.clone());
        thread.recall(vec![message]);
        true
    }

    /// Puts what was told before a message came on the message; false when nothing was.
    pub(super) fn catch_up(&mut self, thread: &mut Thread, message: &mut Message) -> bool {
        let told = message.mid.as_ref().and_then(|mid| self.take_loose(&thread.customer.account, mid));
        let Some(told) = told else { return false };
        let before = message.clone();
        message.hear_of(&told);
        self.unsay_old(&thread.customer.account, &before, message);
        look_at_failure(thread, &before, message);
        true
    }

    fn unsay_old(&mut self, account: &Account, before: &Message, message: &Message) {
        if message.marks.unsent {
            self.unsay(account, before.source_key.as_ref());
        }
        if message.marks.edit_key != before.marks.edit_key {
            self.unsay(account, before.marks.edit_key.as_ref());
        }
    }

    /// What a customer said, as it is by now.
    pub(super) fn as_told<'s>(&mut self, thread: &mut Thread, message: &mut Message, said: &'s Said) -> Cow<'s, Said> {
        if !self.catch_up(thread, message) {
            return Cow::Borrowed(said);
        }
        let (text, payload) = (message.text.clone(), message.payload.clone());
        let wishes = if message.marks.unsent { Vec::new() } else { said.wishes.clone() };
        Cow::Owned(Said { text, payload, attachments: message.attachments.clone(), wishes, ..said.clone() })
    }

    /// A message has other words, or none: whatever was made of the old ones is made anew.
    fn reword(&mut self, thread: &mut Thread, before: &Message, message: &mut Message) {
        thread.note_again(before, message);
        if message.author != Author::Customer {
            return;
        }
        let (was, is) = (thread::contact(before, &self.shop.index), thread::contact(message, &self.shop.index));
        thread.customer.facts.forget(&was, before.at);
        thread.customer.facts.learn(&is, message.at);
        retell_first_words(thread, before, message);
        if message.episode == thread.conversation.episode {
            self.rehear(thread, message, before.counts);
        } else if before.counts || thread::heard(message, &self.shop.index).counts() || was != is {
            // Agreed with the customer by the old words: a person decides.
            thread.conversation.needs(Look::ChangeWanted);
        }
    }

    fn rehear(&mut self, thread: &mut Thread, message: &mut Message, counted: bool) {
        if counted && thread.is_by_hand() {
            // The draft may have been written by the old words.
            thread.conversation.needs(Look::SaidAfterEdit);
        }
        thread.heard.retain(|known| known.message != message.id);
        let mut heard = thread::heard(message, &self.shop.index);
        self.understand(thread, message, &mut heard);
        self.take_in(thread, message, heard);
        if let (Some(lead), true) = (&mut thread.lead, thread.draft.is_some()) {
            lead.stage = lead.stage.max(LeadStage::Drafted);
        }
        self.reconsider(thread);
    }

    /// A question that has not left is about what was said before: it is taken back, and the customer is answered
    /// after the quiet time, if there is a draft still. One that was asked, and would be asked again, stands.
    fn reconsider(&mut self, thread: &mut Thread) {
        let Some(order) = thread.draft.clone() else { return };
        self.withdraw_questions(thread, "the customer has other words now");
        let about = Question::Missing(Missing::fingerprint(&self.missing(thread, &order)));
        if order.state != OrderState::Draft {
            self.clear_alarm(AlarmKind::Reply, thread.conversation.id.0);
        } else if thread.conversation.asked.as_ref().is_none_or(|asked| asked.about != about) {
            self.wait_for_quiet(thread);
        }
    }

    /// Questions that wait to be asked are not asked any more, unless they were tried more often than this.
    pub(super) fn take_back_questions(&mut self, thread: &mut Thread, most_tries: i32, why: &str) -> bool {
        let is_taken_back = self.withdraw(thread, most_tries, why, |purpose| purpose.aim.is_a_question());
        if is_taken_back {
            thread.conversation.asked = None;
        }
        is_taken_back
    }

    /// The customer never saw the question: it is as if it had not been asked.
    pub(super) fn take_back(&mut self, thread: &mut Thread, question: &Open, why: &str) {
        self.end(question, OwedState::Failed, None, Some(why));
        self.mark(question, MessageState::Failed);
        thread.conversation.asked = None;
    }
}

/// The first words of a lead are not those of a message that has other ones, or none.
fn retell_first_words(thread: &mut Thread, before: &Message, message: &Message) {
    if let Some(lead) = &mut thread.lead
        && lead.at == before.at
        && lead.first_words == thread::first_words(before.text.as_deref())
    {
        lead.first_words = thread::first_words(message.text.as_deref());
    }
}

/// A message that did not arrive is a person's business; it is not sent again by itself.
fn look_at_failure(thread: &mut Thread, before: &Message, message: &Message) {
    if message.state == MessageState::Failed && before.state != MessageState::Failed {
        thread.conversation.needs(Look::NotSent);
    }
}

impl Shop {
    /// The conversation in memory in which the message with this mid was said: most likely with the event's customer,
    /// whom not every receipt names.
    pub(super) fn with_mid(&self, event: &StoredEvent, mid: &str) -> Option<ConversationId> {
        let on_account = |account: &Account| *account == event.account;
        let has = |id: &&ConversationId| self.threads.get(id).is_some_and(|thread| thread.recalled(mid).is_some());
        let who = event.customer.as_ref().map(|customer| (event.account.clone(), customer.clone()));
        if let Some(id) = who.and_then(|who| self.by_customer.get(&who)).filter(has) {
            return Some(*id);
        }
        let any = self.threads.iter().find(|(id, thread)| on_account(&thread.customer.account) && has(id));
        any.map(|(id, _)| *id)
    }

    /// The parts of texts to this customer, of such a purpose, of which none was sent, or tried more often than this.
    pub(super) fn unmade(
        &self,
        conversation: ConversationId,
        most_tries: i32,
        which: impl Fn(&Purpose) -> bool,
    ) -> Vec<&Open> {
        let waits = |open: &&Open| {
            let is_owed = open.owed.state == OwedState::Owed && open.owed.attempts <= most_tries;
            open.owed.conversation == conversation && is_owed
        };
        let waiting = || self.open.values().filter(waits).filter(|open| which(&open.owed.purpose));
        let texts: BTreeSet<&str> = waiting().filter_map(|open| open.owed.purpose.of.strip_suffix(":0")).collect();
        let is_part = |of: &str| of.rsplit_once(':').is_some_and(|(of, _)| texts.contains(of));
        waiting().filter(|open| is_part(&open.owed.purpose.of)).collect()
    }
}
