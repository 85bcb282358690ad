//! What staff keeps about conversations, orders and customers: notes and labels, their rules, and what commands about
//! them are answered.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel::Account;
use super::command::{NoteOn, Refused};
use super::conversation::{Conversation, Customer, LeadStage, MessageState};
use super::ids::{ConversationId, CustomerId, LeadId, MessageId, NoteId, OrderId, OutboxId};
use super::order::Looks;
use super::outgoing::OutgoingKind;
use super::reading::Contact;

/// A conversation has so many labels at most.
pub const MOST_LABELS: usize = 20;
/// A label has so many characters at most.
pub const LONGEST_LABEL: usize = 50;
/// A note has so many characters at most.
pub const LONGEST_NOTE: usize = 4000;
/// A name has so many characters at most, whoever's it is.
pub const LONGEST_NAME: usize = 100;

/// What staff wrote about something; customers never see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// What about.
    pub on: NoteOn,
    /// The words.
    pub text: String,
    /// Who wrote it; none: another system.
    pub by: Option<String>,
    /// When, by our clock.
    pub at: DateTime<Utc>,
}

impl NoteOn {
    /// As it is stored: what kind of thing, and its id.
    pub fn parts(self) -> (&'static str, i64) {
        match self {
            NoteOn::Conversation(id) => ("conversation", id.0),
            NoteOn::Order(id) => ("order", id.0),
            NoteOn::Customer(id) => ("customer", id.0),
        }
    }

    /// The one stored so.
    pub fn stored(kind: &str, id: i64) -> Option<Self> {
        match kind {
            "conversation" => Some(NoteOn::Conversation(ConversationId(id))),
            "order" => Some(NoteOn::Order(OrderId(id))),
            "customer" => Some(NoteOn::Customer(CustomerId(id))),
            _ => None,
        }
    }
}

/// A text as it is kept: without blanks around it, of 1 to `most` characters. PostgreSQL takes no NUL.
pub fn written(what: &str, text: &str, most: usize) -> Result<String, Refused> {
    let text = text.trim();
    if text.contains('\0') {
        return Err(Refused::invalid("wrong_text", format!("the {what} has a NUL: leave it out")));
    }
    match text.chars().count() {
        0 => Err(Refused::invalid("empty_text", format!("the {what} is empty: write something"))),
        size if size > most => {
            let detail = format!("the {what} has {size} characters, and {most} are the most");
            Err(Refused::invalid("text_too_long", detail))
        }
        _ => Ok(text.to_owned()),
    }
}

/// The labels with some off and others on. A label is there once, whatever its case, and stays as it was written first.
pub fn relabelled(known: &[String], add: &[String], remove: &[String]) -> Result<Vec<String>, Refused> {
    let same = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
    let is_off = |label: &String| remove.iter().any(|off| same(off, label));
    let mut labels: Vec<String> = known.iter().filter(|label| !is_off(label)).cloned().collect();
    for label in add {
        let label = written("label", label, LONGEST_LABEL)?;
        if !labels.iter().any(|known| same(known, &label)) {
            labels.push(label);
        }
        if labels.len() > MOST_LABELS {
            let detail = format!("a conversation has {MOST_LABELS} labels at most: take one off first");
            return Err(Refused::invalid("too_many_labels", detail));
        }
    }
    Ok(labels)
}

/// What a command that sends is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Queued {
    /// Where it is said.
    pub conversation: ConversationId,
    /// To whom.
    pub customer: CustomerId,
    /// From which account: the one the customer wrote to.
    pub account: Account,
    /// What was queued, in the order in which it is sent.
    pub parts: Vec<QueuedPart>,
}

/// One message of a command that sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueuedPart {
    /// The message, by whose id its mid can be asked for.
    pub message: MessageId,
    /// The owed call that sends it.
    pub outbox: OutboxId,
    /// What kind of file it is; none: words.
    pub attachment: Option<OutgoingKind>,
    /// How far it is.
    pub state: MessageState,
}

/// What a command about a conversation is answered: how it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConversationNow {
    /// Which.
    pub conversation: ConversationId,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who of the staff has it.
    pub assignee: Option<String>,
    /// True when it is put away.
    pub archived: bool,
    /// Messages of the customer that nobody has looked at.
    pub unread: i32,
    /// Why a person should look.
    pub needs_look: Looks,
    /// True while the customer is answered by people only.
    pub people_only: bool,
}

impl ConversationNow {
    /// How this one is.
    pub fn of(conversation: &Conversation) -> Self {
        Self {
            conversation: conversation.id,
            labels: conversation.labels.clone(),
            assignee: conversation.assignee.clone(),
            archived: conversation.archived,
            unread: conversation.unread,
            needs_look: conversation.needs_look.clone(),
            people_only: conversation.people_only,
        }
    }
}

/// What a command about a customer is answered: what is known now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerNow {
    /// Who.
    pub customer: CustomerId,
    /// The name: as staff wrote it, else as Meta shows it.
    pub name: Option<String>,
    /// How to reach them.
    pub contact: Contact,
}

impl CustomerNow {
    /// What is known of this one.
    pub fn of(customer: &Customer) -> Self {
        Self { customer: customer.id, name: customer.name().map(str::to_owned), contact: customer.contact() }
    }
}

/// What a command about a note is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoteNow {
    /// Which.
    pub note: NoteId,
    /// True when it was taken away.
    pub removed: bool,
}

/// What a command about a lead is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadNow {
    /// Which.
    pub lead: LeadId,
    /// How far it is.
    pub stage: LeadStage,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|label| (*label).to_owned()).collect()
    }

    #[test]
    fn a_label_is_there_once_whatever_its_case_and_blanks() {
        let known = labels(&["VIP", "Été"]);
        let now = relabelled(&known, &labels(&["vip", " late ", "été"]), &labels(&[])).unwrap();
        assert_eq!(now, labels(&["VIP", "Été", "late"]));
        assert_eq!(relabelled(&now, &labels(&[]), &labels(&["vIp ", "none"])).unwrap(), labels(&["Été", "late"]));
        assert_eq!(relabelled(&now, &labels(&["vip"]), &labels(&["VIP"])).unwrap(), labels(&["Été", "late", "vip"]));
    }

    #[test]
    fn labels_have_limits() {
        let full: Vec<String> = (0..MOST_LABELS).map(|n| n.to_string()).collect();
        let code = |add: &str| relabelled(&full, &labels(&[add]), &[]).map_err(|refused| refused.code);
        assert_eq!(code("7"), Ok(full.clone()));
        assert_eq!(code("one more"), Err("too_many_labels"));
        assert_eq!(code(" "), Err("empty_text"));
        assert_eq!(code("a\0"), Err("wrong_text"));
        assert_eq!(code(&"é".repeat(LONGEST_LABEL + 1)), Err("text_too_long"));
        let swapped = relabelled(&full, &labels(&[&"é".repeat(LONGEST_LABEL)]), &labels(&["3"])).unwrap();
        assert_eq!(swapped.len(), MOST_LABELS);
    }

    proptest! {
        #[test]
        fn putting_labels_on_twice_is_putting_them_on_once(
            known in prop::collection::vec("[a-cA-C]{1,2}", 0..6),
            add in prop::collection::vec(" ?[a-cA-C]{1,2}", 0..6),
            remove in prop::collection::vec("[a-cA-C]{1,2}", 0..3),
        ) {
            let known = relabelled(&[], &known, &[]).unwrap();
            let once = relabelled(&known, &add, &remove).unwrap();
            prop_assert_eq!(relabelled(&once, &add, &[]).unwrap(), once.clone());
            let mut lower: Vec<String> = once.iter().map(|label| label.to_lowercase()).collect();
            lower.sort();
            lower.dedup();
            prop_assert_eq!(lower.len(), once.len());
        }
    }
}
