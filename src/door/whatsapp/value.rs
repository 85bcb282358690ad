//! The value of a WhatsApp change: whose number, whose contacts, which items.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::super::json::{Fields, id_of};

/// A list of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// What customers say and do.
    Messages,
    /// How far messages of ours have come.
    Statuses,
    /// What was written in the WhatsApp Business app.
    Echoes,
    /// Customers with a new id.
    UserIds,
}

impl List {
    /// Every list.
    pub(super) const ALL: [List; 4] = [List::Messages, List::Statuses, List::Echoes, List::UserIds];

    /// Meta's name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            List::Messages => "messages",
            List::Statuses => "statuses",
            List::Echoes => "message_echoes",
            List::UserIds => "user_id_update",
        }
    }
}

/// What Meta tells of a customer.
pub(super) struct Contact<'a> {
    pub(super) raw: &'a str,
    pub(super) wa_id: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) profile: Fields<'a>,
}

/// The parts of a change's value.
pub(super) struct Value<'a> {
    metadata: &'a str,
    contacts: Vec<Contact<'a>>,
    /// The place in `contacts` of each of their ids.
    by_id: HashMap<String, usize>,
    /// Each with the list it stands in.
    pub(super) items: Vec<(List, &'a RawValue)>,
    pub(super) has_lists: bool,
    pub(super) has_errors: bool,
    /// Something besides items and what belongs to them.
    pub(super) holds_more: bool,
}

impl<'a> Value<'a> {
    /// The parts of the value in `text`; none if a list in it is no list.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let Fields(fields) = Fields::read(text)?;
        let mut value = Self {
            metadata: "null",
            contacts: Vec::new(),
            by_id: HashMap::new(),
            items: Vec::new(),
            has_lists: false,
            has_errors: false,
            holds_more: false,
        };
        for (name, member) in fields {
            match (name.as_ref(), List::ALL.into_iter().find(|list| list.name() == name)) {
                (_, Some(list)) => value.take(list, member)?,
                ("metadata", _) => value.metadata = member.get(),
                ("contacts", _) => value.meet(member),
                ("messaging_product", _) => {}
                (name, _) => (value.holds_more, value.has_errors) = (true, value.has_errors || name == "errors"),
            }
        }
        Some(value)
    }

    fn take(&mut self, list: List, raw: &'a RawValue) -> Option<()> {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        self.items.extend(items.into_iter().map(|item| (list, item)));
        self.has_lists = true;
        Some(())
    }

    fn meet(&mut self, raw: &'a RawValue) {
        let contacts: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
        for raw in contacts.into_iter().map(RawValue::get) {
            let Some(contact) = Fields::read(raw) else { continue };
            let profile = contact.object("profile").unwrap_or(Fields(Vec::new()));
            let contact = Contact { raw, wa_id: contact.id("wa_id"), user_id: contact.id("user_id"), profile };
            let ids = [&contact.wa_id, &contact.user_id].into_iter().flatten();
            self.by_id.extend(ids.map(|id| (id.clone(), self.contacts.len())));
            self.contacts.push(contact);
        }
    }

    /// What Meta tells of the customer with one of these ids. A number may be written in two ways, so of one item alone
    /// the only contact is the customer's whatever its ids.
    pub(super) fn contact(&self, ids: [&Option<String>; 2]) -> Option<&Contact<'a>> {
        let known = ids.into_iter().flatten().find_map(|id| self.by_id.get(id)).map(|place| &self.contacts[*place]);
        match (known, self.contacts.as_slice(), self.items.len()) {
            (None, [only], 1) => Some(only),
            (known, ..) => known,
        }
    }

    /// Meta's id of the number that was written to.
    pub(super) fn phone_number_id(&self) -> Option<String> {
        id_of(Fields::read(self.metadata)?.get("phone_number_id")?)
    }

    /// The change as if the item had come alone: without its neighbours, and without other people's contacts.
    pub(super) fn alone(&self, field: &str, list: List, item: &RawValue, contact: Option<&str>) -> String {
        let (metadata, list, item, contact) = (self.metadata, list.name(), item.get(), contact.unwrap_or_default());
        format!(
            r#"{{"field":{field},"value":{{"messaging_product":"whatsapp","metadata":{metadata},"contacts":[{contact}],"{list}":[{item}]}}}}"#
        )
    }
}
