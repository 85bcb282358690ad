//! A webhook's body cut into events: envelope, entries, items, each found by its place in the text and decoded alone.
//!
//! Skipping over a value does not recurse and looks at no escape, so a broken or bottomless item costs only itself.

use std::borrow::Cow;

use actors::domain::channel::{Account, Channel};
use actors::domain::event::Arrival;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::decode::STANDBY;
use super::json::{Fields, id_of};
use super::keep::{Cutter, Pieces, Place};
use super::{catalog, change};

/// The events in a body, in their order. Never fails: what cannot be read is an event that says so.
pub fn cut(body: &[u8], received_at: DateTime<Utc>) -> Vec<Arrival> {
    pieces(body, received_at).arrivals
}

pub(super) fn pieces(bytes: &[u8], received_at: DateTime<Utc>) -> Pieces {
    let text = readable(bytes);
    let mut cutter = Cutter::new(&text, bytes, received_at);
    let was_cut = body(&mut cutter).is_some();
    cutter.pieces(was_cut)
}

/// The body as text, of the very same length: where it is no UTF-8 it gets a letter that is allowed anywhere in a string,
/// so that what stands around the damage can still be found.
fn readable(body: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(body) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n('\x7f', chunk.invalid().len()));
    }
    Cow::Owned(text)
}

/// Cuts the body, an envelope or a list of them; none if it is no such JSON.
fn body(cutter: &mut Cutter<'_>) -> Option<()> {
    let body: &RawValue = serde_json::from_str(cutter.text).ok()?;
    match body.get().as_bytes().first()? {
        b'{' => envelope(cutter, body),
        b'[' => list_of_envelopes(cutter, body),
        _ => return None,
    }
    Some(())
}

fn list_of_envelopes<'a>(cutter: &mut Cutter<'a>, raw: &'a RawValue) {
    each(cutter, raw, Account::unreadable, envelope);
    if cutter.count() == 0 {
        cutter.unknown("", raw);
    }
}

fn envelope<'a>(cutter: &mut Cutter<'a>, raw: &'a RawValue) {
    let Ok(Fields(fields)) = serde_json::from_str(raw.get()) else {
        return cutter.unreadable(raw, Account::unreadable());
    };
    let member = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    let object = member("object").and_then(|object| serde_json::from_str::<String>(object.get()).ok());
    let object = object.unwrap_or_default();
    let (nobody, before) = (Account::unreadable, cutter.count());
    // A name may stand there twice; of what is signed, nothing is passed over.
    for (_, entries) in fields.iter().filter(|(name, _)| name == "entry") {
        match channel_of(&object) {
            Some(channel) => each(cutter, entries, nobody, |cutter, raw| entry(cutter, channel, raw)),
            None if object == catalog::OBJECT => each(cutter, entries, nobody, catalog::cut),
            None => each(cutter, entries, nobody, |cutter, entry| cutter.unknown(&object, entry)),
        }
    }
    if cutter.count() == before {
        cutter.unknown(&object, raw);
    }
    cutter.about(object);
}

/// What an entry may have that says nothing by itself.
const BARE: [&str; 5] = ["id", "time", "messaging", "standby", "changes"];

fn entry<'a>(cutter: &mut Cutter<'a>, channel: Channel, raw: &'a RawValue) {
    let Ok(Fields(fields)) = serde_json::from_str(raw.get()) else {
        return cutter.unreadable(raw, Account::unreadable());
    };
    let member = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    let place = Place { channel, id: member("id").and_then(id_of), time: member("time") };
    let before = cutter.count();
    cutter.sent(&place);
    if member("field").is_some() && member("value").is_some() {
        change::cut(cutter, &place, "", raw);
    }
    let account = || place.account(None);
    for (name, items) in &fields {
        match name.as_ref() {
            "messaging" | "changes" => each(cutter, items, account, |cutter, raw| change::cut(cutter, &place, "", raw)),
            "standby" => each(cutter, items, account, |cutter, raw| change::cut(cutter, &place, STANDBY, raw)),
            _ => {}
        }
    }
    if cutter.count() == before {
        let is_bare = fields.iter().all(|(name, _)| BARE.contains(&name.as_ref()));
        cutter.whole(&place, if is_bare { "entry_without_events" } else { "unknown_entry" }, raw);
    }
}

/// Does `with` to each element of a list. What should be a list and is none is kept as it is.
fn each<'a>(
    cutter: &mut Cutter<'a>,
    list: &'a RawValue,
    account: impl FnOnce() -> Account,
    mut with: impl FnMut(&mut Cutter<'a>, &'a RawValue),
) {
    match serde_json::from_str::<Option<Vec<&RawValue>>>(list.get()) {
        Ok(elements) => elements.into_iter().flatten().for_each(|element| with(cutter, element)),
        Err(_) => cutter.unreadable(list, account()),
    }
}

fn channel_of(object: &str) -> Option<Channel> {
    match object {
        "instagram" => Some(Channel::Instagram),
        "page" => Some(Channel::Messenger),
        "whatsapp_business_account" => Some(Channel::Whatsapp),
        _ => None,
    }
}
