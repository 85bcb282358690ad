//! Where a message comes from: the channel, and Meta's own account on it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::named;

/// A way customers write to a seller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Instagram direct messages.
    Instagram,
    /// Messages to a Facebook Page.
    Messenger,
    /// WhatsApp business messages.
    Whatsapp,
}

named!(Channel {
    Instagram = "instagram",
    Messenger = "messenger",
    Whatsapp = "whatsapp",
});

impl Channel {
    /// How long one text message may be.
    pub fn text_limit(self) -> TextLimit {
        match self {
            Channel::Instagram => TextLimit::Bytes(1000),
            Channel::Messenger => TextLimit::Characters(2000),
            Channel::Whatsapp => TextLimit::Characters(4096),
        }
    }

    /// Whether Meta shows what was said, so that an uncertain send can be looked for. WhatsApp keeps no conversations.
    pub fn shows_conversations(self) -> bool {
        match self {
            Channel::Instagram | Channel::Messenger => true,
            Channel::Whatsapp => false,
        }
    }
}

/// How long a text may be, as a channel counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextLimit {
    /// Bytes of UTF-8.
    Bytes(usize),
    /// Characters. Meta does not say of which kind: counted as UTF-16 does, which is the most there can be.
    Characters(usize),
}

impl TextLimit {
    /// How long a text is, as the channel counts.
    pub fn size(self, text: &str) -> Self {
        match self {
            TextLimit::Bytes(_) => TextLimit::Bytes(text.len()),
            TextLimit::Characters(_) => TextLimit::Characters(text.encode_utf16().count()),
        }
    }

    /// How many bytes of the text's beginning fit; never a part of a character.
    pub fn fitting(self, text: &str) -> usize {
        let (limit, size): (usize, fn(char) -> usize) = match self {
            TextLimit::Bytes(limit) => (limit, char::len_utf8),
            TextLimit::Characters(limit) => (limit, char::len_utf16),
        };
        let mut used = 0;
        let over = text.char_indices().find(|(_, character)| {
            used += size(*character);
            used > limit
        });
        over.map_or(text.len(), |(at, _)| at)
    }
}

impl fmt::Display for TextLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextLimit::Bytes(size) => write!(f, "{size} bytes of UTF-8"),
            TextLimit::Characters(size) => write!(f, "{size} characters"),
        }
    }
}

/// The word before the id of a catalog.
const CATALOG: &str = "catalog";

/// `channel:Meta's account id`: the same for every connection to one account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Account(String);

impl Account {
    /// The account with Meta's `id` on `channel`.
    pub fn new(channel: Channel, id: &str) -> Self {
        Self([channel.name(), ":", id].concat())
    }

    /// The account of things that belong to a seller and not to Meta: commands and results.
    pub fn of_seller(seller: super::ids::SellerId) -> Self {
        Self(format!("seller:{seller}"))
    }

    /// The account of what Meta tells of a catalog, by Meta's id of it.
    pub fn of_catalog(meta_id: &str) -> Self {
        Self(format!("{CATALOG}:{meta_id}"))
    }

    /// True when it is a catalog's.
    pub fn is_of_catalog(&self) -> bool {
        self.0.split_once(':').is_some_and(|(word, _)| word == CATALOG)
    }

    /// The account of bodies and items in which no account could be read.
    pub fn unreadable() -> Self {
        Self("unreadable:0".to_owned())
    }

    /// An account as stored.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The channel, where it is one of Meta's.
    pub fn channel(&self) -> Option<Channel> {
        Channel::named(self.0.split_once(':')?.0)
    }

    /// Meta's own id of the account.
    pub fn id(&self) -> &str {
        self.0.split_once(':').map_or(self.0.as_str(), |(_, id)| id)
    }

    /// As stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
