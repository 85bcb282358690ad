//! One element of `changes`, or an entry that is itself one: a field's news, sometimes a message in disguise.

use actors::domain::channel::Channel;
use serde_json::value::RawValue;

use super::field::{self, Change};
use super::item::Item;
use super::keep::{Cutter, Place};
use super::whatsapp;

/// Cuts one change.
pub(super) fn cut<'a>(cutter: &mut Cutter<'a>, place: &Place<'a>, raw: &'a RawValue) {
    let change = match serde_json::from_str::<Change<'a>>(raw.get()) {
        Ok(change) if cutter.is_intact(raw) => change,
        _ => return cutter.unreadable(raw, place.account(None)),
    };
    if place.channel == Channel::Whatsapp {
        return whatsapp::cut(cutter, place, &change, raw);
    }
    // Messages and button presses have been seen in here, and the dashboard's test comes so.
    let item = change.value.and_then(|value| Item::read(value.get()));
    match item.filter(|item| item.sender().is_some() && item.recipient().is_some()) {
        Some(item) => cutter.messaging(place, "", &item, raw),
        None => field::keep(cutter, place, &change, raw),
    }
}
