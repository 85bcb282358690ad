//! The customer of a WhatsApp item, who may be known by an id of Meta's, by a phone number, or by both.

use actors::domain::event::Profile;

use super::super::json::Fields;
use super::value::{List, Value};

/// Who an item is about.
pub(super) struct Person<'a> {
    /// The id to know the customer by. Meta's own outlives a phone number, so it goes first.
    pub(super) id: Option<String>,
    /// The contact as it came.
    pub(super) contact: Option<&'a str>,
    /// What is told of the customer.
    pub(super) profile: Profile,
}

impl<'a> Person<'a> {
    /// The customer of an item in this list.
    pub(super) fn of(list: List, item: &Fields<'a>, value: &Value<'a>) -> Self {
        let (user, phone) = ids(list, item);
        let contact = value.contact([&user, &phone]);
        let (contact_user, wa_id) =
            contact.map(|contact| (contact.user_id.clone(), contact.wa_id.clone())).unwrap_or_default();
        let id = [&user, &contact_user, &phone, &wa_id].into_iter().flatten().next().cloned();
        let others = [&phone, &wa_id, &contact_user].into_iter().flatten();
        let other_id = others.into_iter().find(|other| Some(*other) != id.as_ref()).cloned();
        let text = |name: &str| contact?.profile.text(name);
        let profile = Profile {
            name: text("name"),
            username: text("username").map(|name| name.trim_start_matches('@').to_owned()),
            phone: wa_id.or(phone).filter(|phone| is_phone(phone)),
            other_id,
        };
        Self { id, contact: contact.map(|contact| contact.raw), profile }
    }
}

/// Meta's id and the phone number, as far as they are told.
fn ids(list: List, item: &Fields<'_>) -> (Option<String>, Option<String>) {
    match list {
        List::Messages => (item.id("from_user_id"), item.id("from")),
        List::Statuses => (item.id("recipient_user_id"), item.id("recipient_id")),
        List::Echoes => (item.id("to_user_id"), item.id("to")),
        List::UserIds => (item.object("user_id").and_then(|user| user.id("previous")), item.id("wa_id")),
    }
}

/// Whether it is a number in the way WhatsApp writes them: digits alone.
pub(super) fn is_phone(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
