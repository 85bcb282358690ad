//! The channels of the sandbox, and in what their wires differ.

use serde::{Deserialize, Serialize};

/// A way in which people write to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Instagram direct messages.
    Instagram,
    /// Messages to a Page.
    Messenger,
    /// WhatsApp messages to a business number.
    Whatsapp,
}

impl Channel {
    /// The word for it in queries and usage headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Messenger => "messenger",
            Self::Whatsapp => "whatsapp",
        }
    }

    /// The `object` of its webhooks.
    pub(super) fn object(self) -> &'static str {
        match self {
            Self::Instagram => "instagram",
            Self::Messenger => "page",
            Self::Whatsapp => "whatsapp_business_account",
        }
    }

    /// The list of an entry in which its events stand.
    pub(super) fn list(self) -> &'static str {
        match self {
            Self::Instagram | Self::Messenger => "messaging",
            Self::Whatsapp => "changes",
        }
    }

    /// How its message ids begin and end.
    pub(super) fn around_mids(self) -> (&'static str, &'static str) {
        match self {
            Self::Instagram => ("aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEO", "ZD"),
            Self::Messenger => ("m_", ""),
            Self::Whatsapp => ("wamid.HBgL", "AA=="),
        }
    }

    /// The id of the customer with this number.
    pub(super) fn customer_id(self, number: u64) -> String {
        let number = number % 100_000_000_000_000;
        match self {
            Self::Instagram => format!("56{number:014}"),
            Self::Messenger => format!("67{number:014}"),
            Self::Whatsapp => format!("US.{number:020}"),
        }
    }

    /// Whether a text is longer than the channel takes.
    pub(super) fn is_too_long(self, text: &str) -> bool {
        match self {
            Self::Instagram => text.len() > 1000,
            Self::Messenger => text.encode_utf16().count() > 2000,
            Self::Whatsapp => text.encode_utf16().count() > 4096,
        }
    }
}
