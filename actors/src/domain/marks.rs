//! What is known of a message besides its words.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{About, Referral};

/// What is known of a message besides its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// The edit its words are of; none: they are as they were first said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// The key of the event that told of that edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit_key: Option<String>,
    /// True when it was taken back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsent: bool,
    /// One for each who reacted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// The link or ad it came through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// Why it failed, although Meta took it: Meta's code and a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Who of the staff wrote it, as histories name them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What somebody thinks of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reaction {
    /// Who, by Meta's id.
    pub by: String,
    /// The emoji, or Meta's word for it. None: it was taken away, which is kept because an older one may still come.
    pub emoji: Option<String>,
    /// When, by Meta's clock.
    pub at: DateTime<Utc>,
}

impl Reaction {
    /// Puts it in the place of an older one of the same person. Of two at the same time, any one order will do.
    pub fn put_into(&self, known: &mut Vec<Reaction>) {
        match known.iter_mut().find(|other| other.by == self.by) {
            Some(other) if (other.at, &other.emoji) >= (self.at, &self.emoji) => {}
            Some(other) => *other = self.clone(),
            None => {
                known.push(self.clone());
                known.sort_by(|one, other| one.by.cmp(&other.by));
            }
        }
    }
}
