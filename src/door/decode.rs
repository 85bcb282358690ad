//! What a stored event of Meta's means.

use actors::domain::channel::Channel;
use actors::domain::event::{Echo, Happening, Said, Source, StoredEvent};
use actors::domain::outcome::Reason;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::item::{Item, Part};
use super::json::Id;
use super::whatsapp;

/// The kinds this version acts on, where they come from Instagram or Messenger.
const ACTED_ON: [&str; 3] = ["message", "echo", "postback"];

/// Whether this version acts on `kind`, or only keeps it.
pub(super) fn is_acted_on(channel: Option<Channel>, kind: &str) -> bool {
    match channel {
        Some(Channel::Instagram | Channel::Messenger) => ACTED_ON.contains(&kind),
        Some(Channel::Whatsapp) => kind == "message",
        None => false,
    }
}

/// What the event means, or why it cannot be acted on.
///
/// It reads the raw bytes again instead of trusting what an older version made of them, so that a replay after an
/// update can do better.
pub fn decode(event: &StoredEvent) -> Result<Happening, Reason> {
    let is_readable_kind = is_acted_on(event.account.channel(), &event.kind) || event.kind == "unreadable";
    if event.source != Source::Meta || !is_readable_kind {
        return Err(Reason::NotYetHandled);
    }
    let text = str::from_utf8(&event.raw).map_err(|_| Reason::Unreadable)?;
    if event.account.channel() == Some(Channel::Whatsapp) {
        return whatsapp::said(text).map(Happening::Said).ok_or(Reason::NotYetHandled);
    }
    let mut item = Item::read(text).ok_or(Reason::Unreadable)?;
    if let (Part::Unknown, Some(wrapped)) = (item.part(), wrapped_item(text)) {
        item = wrapped;
    }
    if item.is_dashboard_test() {
        return Err(Reason::DashboardTest);
    }
    happening(&item)
}

/// The item inside a change (`{"field": ..., "value": {...}}`), where `text` is one.
fn wrapped_item(text: &str) -> Option<Item<'_>> {
    #[derive(Deserialize)]
    struct Change<'a> {
        #[serde(borrow)]
        value: &'a RawValue,
    }
    Item::read(serde_json::from_str::<Change<'_>>(text).ok()?.value.get())
}

fn happening(item: &Item<'_>) -> Result<Happening, Reason> {
    match item.part() {
        Part::Message(message) => Ok(Happening::Said(Said {
            mid: message.mid.as_ref().map(|Id(mid)| mid.clone()),
            text: message.words(),
            payload: message.payload(),
            attachments: message.attachments(),
            ..Said::default()
        })),
        Part::Postback(postback) => Ok(Happening::Said(Said {
            mid: postback.mid.as_ref().map(|Id(mid)| mid.clone()),
            text: postback.words(),
            payload: postback.carries(),
            ..Said::default()
        })),
        Part::Echo(message) => {
            // Without an id it cannot be told from our own send.
            let Id(mid) = message.mid.clone().ok_or(Reason::Unreadable)?;
            Ok(Happening::Echo(Echo { mid, text: message.words(), attachments: message.attachments() }))
        }
        Part::SelfTalk(..) | Part::Deleted(_) | Part::Edit(_) | Part::Reaction(_) => Err(Reason::NotYetHandled),
        Part::Other(..) | Part::Unknown => Err(Reason::NotYetHandled),
    }
}
