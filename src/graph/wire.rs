//! Meta's JSON, as far as we read it. Ids come as strings and as numbers; both are text to us.

use actors::domain::outgoing::OutgoingKind;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The answer to a send on Instagram and Messenger.
#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(deserialize_with = "id")]
    pub(super) message_id: String,
}

/// The answer to a send on WhatsApp.
#[derive(Deserialize)]
pub(super) struct SentOnWhatsapp {
    pub(super) messages: Vec<Named>,
}

/// A page of a list.
#[derive(Deserialize)]
pub(super) struct Page<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) paging: Paging,
}

/// Where a list goes on.
#[derive(Default, Deserialize)]
pub(super) struct Paging {
    #[serde(default)]
    pub(super) cursors: Cursors,
    /// An address that holds the token: we look whether it is there, and never at it.
    pub(super) next: Option<serde::de::IgnoredAny>,
}

/// The places in a list.
#[derive(Default, Deserialize)]
pub(super) struct Cursors {
    pub(super) after: Option<String>,
}

/// Anything with an id: a conversation, a sender.
#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(deserialize_with = "id")]
    pub(super) id: String,
}

/// A message of a conversation. Meta gives only the ids of those that are not among the latest.
#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(deserialize_with = "id")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "time")]
    pub(super) created_time: Option<DateTime<Utc>>,
    pub(super) from: Option<Named>,
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) attachments: Option<Page<File>>,
}

/// A file of a message. Which of its members there are depends on its kind, and on the channel.
#[derive(Deserialize)]
pub(super) struct File {
    mime_type: Option<String>,
    image_data: Option<serde::de::IgnoredAny>,
    video_data: Option<serde::de::IgnoredAny>,
}

impl File {
    /// The kind it is of, where that is told.
    pub(super) fn kind(&self) -> Option<OutgoingKind> {
        let of_mime = |mime: &String| match mime.split('/').next() {
            Some("image") => OutgoingKind::Image,
            Some("video") => OutgoingKind::Video,
            Some("audio") => OutgoingKind::Audio,
            _ => OutgoingKind::File,
        };
        let of_data = || {
            let image = self.image_data.as_ref().map(|_| OutgoingKind::Image);
            image.or(self.video_data.as_ref().map(|_| OutgoingKind::Video))
        };
        self.mime_type.as_ref().map(of_mime).or_else(of_data)
    }
}

/// An id, which comes as a text or as a number.
pub(super) struct Id(pub(super) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        id(from).map(Self)
    }
}

fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    match Value::deserialize(from)? {
        Value::String(text) if !text.is_empty() => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("an id is a text or a number")),
    }
}

/// `2026-10-01T12:00:00+0000`, which is nearly RFC 3339; anything else is no time we know.
fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let time = text.and_then(|text| {
        DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%z").or_else(|_| DateTime::parse_from_rfc3339(&text)).ok()
    });
    Ok(time.map(|time| time.with_timezone(&Utc)))
}
