//! A message from the seller's account came back: our own send, or one typed elsewhere. Never a turn of the bot.

use crate::domain::alarm::AlarmKind;
use crate::domain::conversation::{Author, Message, MessageState};
use crate::domain::event::{Echo, StoredEvent};
use crate::domain::ids::MessageId;
use crate::domain::outbox::{OwedCall, OwedState};
use crate::domain::outcome::{Outcome, Reason};

use super::Open;
use super::step::Step;
use super::thread::{self, Thread};

impl Step<'_> {
    pub(super) fn hear_echo(&mut self, event: &StoredEvent, echo: &Echo) -> Outcome {
        let Some(customer) = &event.customer else { return Outcome::Ledgered(Reason::Unreadable) };
        let mut thread = self.thread_of(event, customer);
        let known = thread.recalled(&echo.mid).cloned();
        if let Some(message) = known {
            self.went_out(&mut thread, message.at_least(MessageState::Confirmed), &echo.mid, event.happened_at);
        } else if let Some(open) = self.shop.send_in_question(thread.conversation.id, echo) {
            self.confirm_send(&mut thread, open, event, &echo.mid);
        } else {
            self.note_elsewhere(&mut thread, event, echo);
        }
        self.thread = Some(thread);
        Outcome::Handled
    }

    /// A send whose end we did not know, or not yet: its echo says that it was done.
    fn confirm_send(&mut self, thread: &mut Thread, open: &Open, event: &StoredEvent, mid: &str) {
        self.clear_alarm(AlarmKind::Settle, open.owed.id.0);
        if let Some(message) = open.message.clone() {
            self.went_out(thread, message.at_least(MessageState::Confirmed), mid, event.happened_at);
        }
        self.end(open, OwedState::Accepted, Some(mid), None);
    }

    fn note_elsewhere(&mut self, thread: &mut Thread, event: &StoredEvent, echo: &Echo) {
        let message = Message {
            source_key: Some(event.key.clone()),
            text: echo.text.clone(),
            attachments: echo.attachments.clone(),
            state: MessageState::Confirmed,
            ..thread.blank(MessageId(self.next_id()), Author::Elsewhere, event.happened_at)
        };
        self.went_out(thread, message, &echo.mid, event.happened_at);
    }
}

/// True when an echo may be of this send: there is one in question at a time, so that the words identify it, or the
/// kind of file where there are none.
pub(super) fn is_of(echo: &Echo, call: &OwedCall) -> bool {
    let OwedCall::Send { text, attachment, .. } = call else { return false };
    let same_file = match attachment {
        Some(sent) => echo.attachments.iter().any(|word| word == sent.kind.name()),
        // A link in the words may come back with a card of what it leads to.
        None => !text.is_empty(),
    };
    same_file && thread::same_words(text, echo.text.as_deref().unwrap_or_default())
}
