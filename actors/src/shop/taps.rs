//! Buttons: how they go out with a question, and how a tap, or words that answer the question as well, come back.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::asked::{Asked, Question};
use crate::domain::button::{self, Button, QuickReply};
use crate::domain::channel::Channel;
use crate::domain::conversation::Message;
use crate::domain::draft::{self, Heard, Missing};
use crate::domain::order::{Look, Order, OrderState};
use crate::domain::outbox::Purpose;
use crate::domain::reading::{Reading, YesNo};
use crate::domain::reply;

use super::step::Step;
use super::thread::Thread;

/// So far the customer's clock may be behind ours, so that words after a question seem to come before it. Shorter than
/// any wait for quiet, which is between every earlier word and the question.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(2);

impl Step<'_> {
    /// Owes a question with buttons. False when there is no account to send it from.
    pub(super) fn owe_question(
        &mut self,
        thread: &mut Thread,
        text: &str,
        buttons: &[(String, Button)],
        purpose: &Purpose,
    ) -> bool {
        if has_buttons(thread) {
            return self.owe(thread, text, &button::quick_replies(buttons), purpose);
        }
        let titles = buttons.iter().map(|(title, _)| title.as_str());
        self.owe_text(thread, &reply::numbered(text, titles), purpose)
    }

    /// Owes a text without buttons.
    pub(super) fn owe_text(&mut self, thread: &mut Thread, text: &str, purpose: &Purpose) -> bool {
        const NONE: &[QuickReply] = &[];
        self.owe(thread, text, NONE, purpose)
    }

    /// Finds out which button a message taps, or answers for: a yes to a summary, a number of a numbered line. Nobody can
    /// tell later what had been asked, so this is done when the message comes, or has other words, and kept with it.
    pub(super) fn understand(&self, thread: &mut Thread, message: &mut Message, heard: &mut Heard) {
        message.meant = self.meant(thread, message.text.as_deref(), heard);
        if message.meant.is_some() {
            (heard.button, heard.reading) = (message.meant.clone(), Reading::default());
        }
    }

    fn meant(&self, thread: &mut Thread, text: Option<&str>, heard: &Heard) -> Option<Button> {
        if heard.button.is_some() {
            return heard.button.clone();
        }
        let asked = thread.conversation.asked.clone().filter(|asked| is_after(heard.at, asked))?;
        let order = thread.draft.as_ref().filter(|order| order.state == OrderState::Draft)?;
        if let Some(place) = text.and_then(number).filter(|_| !has_buttons(thread)) {
            return self.numbered(thread, &asked.about, place);
        }
        match (asked.about, heard.reading.answer?) {
            (Question::Right(print), YesNo::Yes) => Some(Button::Confirm { order: order.id, print }),
            (Question::Right(_), YesNo::No) => {
                // It may mean no order, or another: only a person can ask.
                thread.conversation.needs(Look::ChangeWanted);
                None
            }
            (Question::Missing(_), _) => None,
        }
    }

    /// The button that this numbered line of our question stands for, if it would be asked in the same way now. Without
    /// this message, that is, which may have answered it in other words.
    fn numbered(&self, thread: &Thread, asked: &Question, place: usize) -> Option<Button> {
        let known = thread.draft.clone()?;
        let order = Order { lines: thread.build(&self.shop.catalog).lines, ..known };
        let missing = self.missing(thread, &order);
        let mut buttons = match asked {
            Question::Missing(fingerprint) if *fingerprint == Missing::fingerprint(&missing) => {
                button::choices(&order, &missing)
            }
            Question::Right(print) if *print == draft::print(&order.lines) => self.yes_or_no(&order),
            Question::Missing(_) | Question::Right(_) => Vec::new(),
        };
        let place = place.checked_sub(1)?;
        (place < buttons.len()).then(|| buttons.swap_remove(place).1)
    }
}

/// True when something said at this time was said after the question.
pub(super) fn is_after(said_at: DateTime<Utc>, asked: &Asked) -> bool {
    said_at + CLOCKS_APART >= asked.at
}

/// WhatsApp has no buttons that are sent with a plain text.
fn has_buttons(thread: &Thread) -> bool {
    thread.customer.account.channel() != Some(Channel::Whatsapp)
}

/// A number and nothing else: `2`, `2.`, ` 2 )`.
fn number(text: &str) -> Option<usize> {
    let text = text.trim().trim_end_matches(['.', ')']).trim_end();
    // `+1` is one more.
    text.parse().ok().filter(|_| text.starts_with(|first: char| first.is_ascii_digit()))
}
