//! WhatsApp's changes, cut further into messages and statuses, each with what it needs to be read without its neighbours.

use std::collections::HashMap;

use actors::domain::event::{Profile, Said};
use actors::domain::outcome::Reason;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::field::{self, Change};
use super::json::{Fields, Id, clean, id_of, time_of};
use super::keep::{Cutter, Found, Place};

/// What is read of a message or a status.
#[derive(Deserialize)]
struct Item<'a> {
    id: Option<Id>,
    status: Option<String>,
    from: Option<Id>,
    from_user_id: Option<Id>,
    to: Option<Id>,
    to_user_id: Option<Id>,
    recipient_id: Option<Id>,
    recipient_user_id: Option<Id>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
}

impl Item<'_> {
    /// Kind, key and customer of an item in the list with this name. The id that outlives a phone number goes first.
    fn name(self, list: &str) -> Option<(&'static str, String, Option<Id>)> {
        let Id(id) = self.id?;
        Some(match list {
            "statuses" => {
                let key = format!("status:{id}:{}", self.status.unwrap_or_default());
                ("status", key, self.recipient_user_id.or(self.recipient_id))
            }
            "message_echoes" => ("echo", format!("message:{id}"), self.to_user_id.or(self.to)),
            _ => ("message", format!("message:{id}"), self.from_user_id.or(self.from)),
        })
    }
}

/// Cuts one change of a WhatsApp account.
pub(super) fn cut<'a>(cutter: &mut Cutter<'a>, place: &Place<'a>, change: &Change<'a>, raw: &'a RawValue) {
    let value = change.value.and_then(|value| Value::read(value.get()));
    let Some(value) = value.filter(|value| !value.items.is_empty()) else {
        return field::keep(cutter, place, change, raw);
    };
    let place = Place { channel: place.channel, id: value.phone_number_id().or(place.id.clone()), time: place.time };
    if let [(list, item)] = value.items.as_slice() {
        return one(cutter, &place, list, item, |_| raw.get().to_owned());
    }
    let field = serde_json::Value::from(change.field.as_deref()).to_string();
    for (list, item) in &value.items {
        one(cutter, &place, list, item, |customer| value.alone(&field, list, item, customer));
    }
    if value.holds_more {
        // Errors beside several messages belong to none of them.
        field::keep(cutter, &place, change, raw);
    }
}

/// The parts of a change's value.
struct Value<'a> {
    metadata: &'a str,
    /// What is known of a customer, by each of the customer's ids.
    contacts: HashMap<String, &'a str>,
    /// Each with the name of the list it stands in.
    items: Vec<(&'static str, &'a RawValue)>,
    holds_more: bool,
}

impl<'a> Value<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let Fields(fields) = serde_json::from_str::<Fields<'a>>(text).ok()?;
        let mut value = Value { metadata: "null", contacts: HashMap::new(), items: Vec::new(), holds_more: false };
        for (name, member) in fields {
            match name.as_ref() {
                "metadata" => value.metadata = member.get(),
                "contacts" => value.contacts = contacts(member).unwrap_or_default(),
                "messages" => value.items.extend(list("messages", member)?),
                "statuses" => value.items.extend(list("statuses", member)?),
                "message_echoes" => value.items.extend(list("message_echoes", member)?),
                "messaging_product" => {}
                _ => value.holds_more = true,
            }
        }
        Some(value)
    }

    fn phone_number_id(&self) -> Option<String> {
        let Fields(fields) = serde_json::from_str(self.metadata).ok()?;
        fields.iter().find(|(name, _)| name == "phone_number_id").and_then(|(_, id)| id_of(id))
    }

    /// The change as if the item had come alone: without its neighbours, and without other people's contacts.
    fn alone(&self, field: &str, list: &str, item: &RawValue, customer: Option<&str>) -> String {
        let contact = customer.and_then(|customer| self.contacts.get(customer)).copied().unwrap_or_default();
        let (metadata, item) = (self.metadata, item.get());
        format!(
            r#"{{"field":{field},"value":{{"messaging_product":"whatsapp","metadata":{metadata},"contacts":[{contact}],"{list}":[{item}]}}}}"#
        )
    }
}

fn list<'a>(name: &'static str, raw: &'a RawValue) -> Option<impl Iterator<Item = (&'static str, &'a RawValue)>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    Some(items.into_iter().map(move |item| (name, item)))
}

fn contacts(raw: &RawValue) -> Option<HashMap<String, &str>> {
    let contacts: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    let mut by_id = HashMap::new();
    for contact in contacts {
        let Fields(fields) = serde_json::from_str(contact.get()).ok()?;
        let ids = fields.iter().filter(|(name, _)| name == "wa_id" || name == "user_id");
        by_id.extend(ids.filter_map(|(_, id)| Some((id_of(id)?, contact.get()))));
    }
    Some(by_id)
}

/// Keeps one message or status, in the bytes that `kept` makes for its customer.
fn one<'a>(
    cutter: &mut Cutter<'a>,
    place: &Place<'a>,
    list: &str,
    raw: &'a RawValue,
    kept: impl Fn(Option<&str>) -> String,
) {
    let item = serde_json::from_str::<Item<'a>>(raw.get()).ok();
    let timestamp = item.as_ref().and_then(|item| item.timestamp);
    let Some((kind, key, customer)) = item.and_then(|item| item.name(list)) else {
        return cutter.unreadable(raw, place.account(None));
    };
    let customer = customer.map(|Id(id)| id);
    let kept = kept(customer.as_deref());
    let ledgered = said(&kept).is_none().then_some(Reason::NotYetHandled);
    let (account, kind) = (place.account(None), kind.to_owned());
    let happened_at = time_of(timestamp, cutter.received_at);
    cutter.keep_as(Found { account, kind, key, customer, happened_at, ledgered }, kept.into_bytes());
}

/// What a customer said in plain text: the only kind that is understood.
pub(super) fn said(text: &str) -> Option<Said> {
    let change: serde_json::Value = serde_json::from_str(text).ok()?;
    let message = &change["value"]["messages"][0];
    let text_at = |value: &serde_json::Value| value.as_str().map(|text| clean(text.to_owned()));
    let (phone, id) = (text_at(&message["from"]), text_at(&message["from_user_id"]));
    let profile = Profile { phone: phone.clone(), other_id: id.and(phone), ..Profile::default() };
    Some(Said {
        mid: text_at(&message["id"]),
        text: Some(text_at(&message["text"]["body"])?),
        profile,
        ..Said::default()
    })
}
