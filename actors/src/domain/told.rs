//! What is told of a message apart from itself: edits, its taking back, reactions, how far it came. It may be told in
//! any order, twice, and before the message: what is known in the end is the same.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::channel::Account;
use super::conversation::{Message, MessageState};
use super::event::{Edited, ReceiptStep};
use super::marks::Reaction;

/// All that was told of one message so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// The newest edit: its revision and the words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit: Option<(i64, String)>,
    /// The key of the event that told of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit_key: Option<String>,
    /// True when it was taken back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsent: bool,
    /// One for each who reacted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// How far it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached: Option<MessageState>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Told {
    /// It has other words, told by the event with this key.
    pub fn edited(edited: &Edited, key: &str) -> Self {
        let (edit, edit_key) = (Some((edited.revision, edited.text.clone())), Some(key.to_owned()));
        Self { edit, edit_key, ..Self::default() }
    }

    /// It was taken back.
    pub fn unsent() -> Self {
        Self { unsent: true, ..Self::default() }
    }

    /// Somebody reacted to it.
    pub fn reacted(reaction: Reaction) -> Self {
        Self { reactions: vec![reaction], ..Self::default() }
    }

    /// It came so far.
    pub fn reached(step: &ReceiptStep) -> Self {
        let reached = match step {
            ReceiptStep::Sent => MessageState::Sent,
            ReceiptStep::Delivered => MessageState::Delivered,
            ReceiptStep::Read => MessageState::Read,
            ReceiptStep::Failed { .. } => MessageState::Failed,
        };
        let failure = match step {
            ReceiptStep::Failed { code, error } => Some(format!("{code}: {error}")),
            ReceiptStep::Sent | ReceiptStep::Delivered | ReceiptStep::Read => None,
        };
        Self { reached: Some(reached), failure, ..Self::default() }
    }

    /// True when it says no more than how far a message came.
    pub fn is_receipt(&self) -> bool {
        self.edit.is_none() && !self.unsent && self.reactions.is_empty()
    }

    /// Adds what is new in `other`; false when nothing is.
    pub fn join(&mut self, other: &Told) -> bool {
        let before = self.clone();
        if let Some((revision, text)) = &other.edit
            && self.edit.as_ref().is_none_or(|(known, _)| known < revision)
        {
            self.edit = Some((*revision, text.clone()));
            self.edit_key.clone_from(&other.edit_key);
        }
        self.unsent |= other.unsent;
        if self.unsent {
            // What was taken back is not kept anywhere.
            (self.edit, self.edit_key) = (None, None);
        }
        for reaction in &other.reactions {
            reaction.put_into(&mut self.reactions);
        }
        if let Some(reached) = other.reached {
            self.reached = Some(self.reached.map_or(reached, |known| known.further(reached)));
        }
        self.failure = self.failure.take().or_else(|| other.failure.clone());
        *self != before
    }
}

impl Message {
    /// Takes over what was told of it; false when all of it was known.
    pub fn hear_of(&mut self, told: &Told) -> bool {
        let before = self.clone();
        if let Some((revision, text)) = &told.edit
            && !self.marks.unsent
            && self.marks.revision.is_none_or(|known| known < *revision)
        {
            self.marks.revision = Some(*revision);
            self.marks.edit_key.clone_from(&told.edit_key);
            self.text = Some(text.clone());
            if self.payload.is_none() {
                // What the old words answered, the new ones need not.
                self.meant = None;
            }
        }
        if told.unsent {
            self.marks.unsent = true;
            (self.marks.revision, self.marks.edit_key, self.marks.about) = (None, None, None);
            (self.text, self.payload, self.meant) = (None, None, None);
            self.wishes.clear();
            self.attachments.clear();
        }
        for reaction in &told.reactions {
            reaction.put_into(&mut self.marks.reactions);
        }
        if let Some(reached) = told.reached
            && self.state != MessageState::Received
        {
            self.state = self.state.further(reached);
            if self.marks.failure.is_none() {
                self.marks.failure.clone_from(&told.failure);
            }
        }
        *self != before
    }
}

/// What was told of a message that has not come itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseEnd {
    /// On which account.
    pub account: Account,
    /// Meta's id of the message.
    pub mid: String,
    /// The customer's id at Meta.
    pub customer: Option<String>,
    /// What was told.
    pub told: Told,
    /// When it was kept last, by our clock.
    pub kept_at: DateTime<Utc>,
}

impl LooseEnd {
    /// So long it is kept: a day more than Meta tries to deliver an event.
    pub const KEPT: TimeDelta = TimeDelta::days(8);

    /// True when the message will not come any more.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.kept_at + Self::KEPT <= now
    }
}
