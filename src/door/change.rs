//! What stands in an entry's lists: a messaging item, or one element of `changes`, which may be a message in disguise.

use actors::domain::channel::Channel;
use serde_json::value::RawValue;

use super::item::Item;
use super::json::Fields;
use super::keep::{Cutter, Place};
use super::{news, whatsapp};

/// A field, and what happened to it.
pub(super) struct Change<'a> {
    pub(super) field: String,
    /// The members of the value.
    pub(super) value: Fields<'a>,
    /// All of the value.
    pub(super) text: &'a str,
}

impl<'a> Change<'a> {
    /// The change with these members.
    pub(super) fn of(fields: &Fields<'a>) -> Self {
        let text = fields.get("value").map_or("", RawValue::get);
        let value = Fields::read(text).unwrap_or(Fields(Vec::new()));
        Self { field: fields.text("field").unwrap_or_default(), value, text }
    }

    /// Whose doing it is, by Meta's id.
    pub(super) fn from(&self) -> Option<String> {
        self.value.object("from")?.id("id")
    }
}

/// What an element is.
pub(super) enum Shape<'a> {
    Item(Item<'a>),
    News(Change<'a>),
}

impl<'a> Shape<'a> {
    /// What the object in `text` is. Where it stood does not matter: messages and button presses have been seen among
    /// the changes, and the dashboard's test comes so.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let fields = Fields::read(text)?;
        let item = Item::of(&fields);
        if item.is_known() || fields.get("field").is_none() {
            return Some(Shape::Item(item));
        }
        let change = Change::of(&fields);
        let wrapped = Item::of(&change.value);
        Some(if wrapped.has_parties() { Shape::Item(wrapped) } else { Shape::News(change) })
    }
}

/// Cuts one element; `manner` goes before the kind where another app has the conversation.
pub(super) fn cut<'a>(cutter: &mut Cutter<'a>, place: &Place<'a>, manner: &str, raw: &'a RawValue) {
    if !cutter.is_intact(raw) {
        return cutter.unreadable(raw, place.account(None));
    }
    if place.channel == Channel::Whatsapp {
        return whatsapp::cut(cutter, place, raw);
    }
    match Shape::read(raw.get()) {
        Some(Shape::Item(item)) => cutter.messaging(place, manner, &item, raw),
        Some(Shape::News(change)) => news::keep(cutter, place, &change, raw),
        None => cutter.unreadable(raw, place.account(None)),
    }
}
