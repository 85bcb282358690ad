//! Webhook bodies as Meta writes them: events, entries, and the escaping that the signature covers.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::value::RawValue;

use super::channel::Channel;

/// One thing Meta tells about: an item of `entry[].messaging[]`, on WhatsApp of `entry[].changes[]`, not yet in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEvent {
    /// On which channel.
    pub channel: Channel,
    /// The `id` of its entry: the account's, on WhatsApp the business's that has the number.
    pub entry: String,
    /// The account's id at Meta.
    pub account: String,
    /// The message's id, where the event has one.
    pub mid: Option<String>,
    /// When it happened, in Unix milliseconds.
    pub timestamp_ms: i64,
    /// The item as JSON text, before Meta's escaping.
    pub json: String,
}

impl WebhookEvent {
    /// An event of Instagram's with any text at all in its place, also text that no JSON reader takes.
    pub fn raw(account: &str, timestamp_ms: i64, json: &str) -> Self {
        let (account, json) = (account.to_owned(), json.to_owned());
        Self { channel: Channel::Instagram, entry: account.clone(), account, mid: None, timestamp_ms, json }
    }

    /// The message's id.
    ///
    /// # Panics
    /// If the event is of a kind that has none.
    pub fn mid(&self) -> &str {
        self.mid.as_deref().expect("only asked of events about a message")
    }
}

/// Who an event is from, who it is for, and when it happened.
pub(super) struct Envelope<'a> {
    pub(super) channel: Channel,
    pub(super) account: &'a str,
    pub(super) sender: &'a str,
    pub(super) recipient: &'a str,
    pub(super) timestamp_ms: i64,
}

impl Envelope<'_> {
    /// The event with these further members, given as JSON text without the outer braces.
    pub(super) fn around(&self, mid: Option<&str>, members: &str) -> WebhookEvent {
        let json = format!(
            r#"{{"sender":{{"id":{}}},"recipient":{{"id":{}}},"timestamp":{},{members}}}"#,
            json_text(self.sender),
            json_text(self.recipient),
            self.timestamp_ms
        );
        WebhookEvent {
            channel: self.channel,
            entry: self.account.to_owned(),
            account: self.account.to_owned(),
            mid: mid.map(str::to_owned),
            timestamp_ms: self.timestamp_ms,
            json,
        }
    }
}

/// The `message` of an event.
#[derive(Default, Serialize)]
pub(super) struct MessageBody<'a> {
    pub(super) mid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attachments: Option<[Attachment<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quick_reply: Option<QuickReply<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_echo: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) app_id: Option<u64>,
}

/// A picture and the like, by address.
#[derive(Serialize)]
pub(super) struct Attachment<'a> {
    pub(super) r#type: &'a str,
    pub(super) payload: Address<'a>,
}

/// Where a picture is.
#[derive(Serialize)]
pub(super) struct Address<'a> {
    pub(super) url: &'a str,
}

/// What stands behind a quick reply that was tapped.
#[derive(Serialize)]
pub(super) struct QuickReply<'a> {
    pub(super) payload: &'a str,
}

/// The `postback` of an event: a button was pressed.
#[derive(Serialize)]
pub(super) struct Postback<'a> {
    pub(super) mid: &'a str,
    pub(super) title: &'a str,
    pub(super) payload: &'a str,
}

/// `"key":value`, a member to put into an event.
pub(super) fn member(key: &str, value: &impl Serialize) -> String {
    format!(r#""{key}":{}"#, serde_json::to_string(value).expect("plain structs are always JSON"))
}

/// The message's id in the text of a `message`, and the text with an id where it had none.
/// Text that is no JSON object is left as it is.
pub(super) fn with_mid(message: &str, fresh_mid: &str) -> (Option<String>, String) {
    let members: Result<std::collections::BTreeMap<String, Box<RawValue>>, _> = serde_json::from_str(message);
    let Ok(members) = members else { return (None, message.to_owned()) };
    if let Some(mid) = members.get("mid") {
        return (serde_json::from_str(mid.get()).ok(), message.to_owned());
    }
    let rest = message.trim_start().trim_start_matches('{').trim_start();
    let comma = if members.is_empty() { "" } else { "," };
    (Some(fresh_mid.to_owned()), format!(r#"{{"mid":{}{comma}{rest}"#, json_text(fresh_mid)))
}

/// The body of one POST: events of one channel grouped by account, in the order given, escaped as Meta escapes.
pub(super) fn body_of(events: &[&WebhookEvent], now_ms: i64) -> Vec<u8> {
    let mut entries: Vec<(&str, Vec<&str>)> = Vec::new();
    for event in events {
        match entries.iter_mut().find(|(id, _)| *id == event.entry) {
            Some((_, items)) => items.push(&event.json),
            None => entries.push((&event.entry, vec![&event.json])),
        }
    }
    let channel = events.first().map_or(Channel::Instagram, |event| event.channel);
    let entries: Vec<String> = entries.iter().map(|(id, items)| entry(channel, id, items, now_ms)).collect();
    let object = channel.object();
    escaped(&format!(r#"{{"object":"{object}","entry":[{}]}}"#, entries.join(","))).into_bytes()
}

fn entry(channel: Channel, id: &str, items: &[&str], now_ms: i64) -> String {
    let time = if channel == Channel::Whatsapp { String::new() } else { format!(r#""time":{now_ms},"#) };
    format!(r#"{{{time}"id":{},"{}":[{}]}}"#, json_text(id), channel.list(), items.join(","))
}

pub(super) fn json_text(text: &str) -> String {
    serde_json::to_string(text).expect("text is always JSON")
}

/// JSON text with everything beyond ASCII as lower-case `\uXXXX` and each slash as `\/`.
pub(super) fn escaped(json: &str) -> String {
    let mut wire = String::with_capacity(json.len() + json.len() / 8);
    let mut after_backslash = false;
    for character in json.chars() {
        if character == '/' && !after_backslash {
            wire.push_str("\\/");
        } else if character.is_ascii() {
            wire.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(wire, "\\u{unit:04x}").expect("writing to a String does not fail");
            }
        }
        after_backslash = character == '\\' && !after_backslash;
    }
    wire
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn text_event(account: &str, mid: &str, text: &str) -> WebhookEvent {
        let (sender, timestamp_ms) = ("5614879000000001", 1_790_856_000_000);
        let envelope = Envelope { channel: Channel::Instagram, account, sender, recipient: account, timestamp_ms };
        let body = MessageBody { mid, text: Some(text), ..MessageBody::default() };
        envelope.around(Some(mid), &member("message", &body))
    }

    #[test]
    fn a_text_comes_out_byte_for_byte_as_meta_sends_it() {
        let sample = include_bytes!("../../tests/samples/instagram/message_text_raw_wire.json");
        let mid = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAx0099ZDZD";
        let event =
            text_event("17841400000000001", mid, "\u{a1}Hola! 2 camisas \u{2764}\u{fe0f} https://shop.example/p/1");
        let body = body_of(&[&event], 1_790_856_000_900);
        assert_eq!(std::str::from_utf8(&body).unwrap(), std::str::from_utf8(sample).unwrap());
    }

    #[test]
    fn events_are_grouped_by_account_and_keep_their_order() {
        let events = [text_event("1", "a", "x"), text_event("2", "b", "y"), text_event("1", "c", "z")];
        let body: Value = serde_json::from_slice(&body_of(&events.each_ref(), 5)).unwrap();
        let mids = |entry: usize| -> Vec<&str> {
            let items = body["entry"][entry]["messaging"].as_array().unwrap();
            items.iter().map(|item| item["message"]["mid"].as_str().unwrap()).collect()
        };
        assert_eq!((mids(0), mids(1)), (vec!["a", "c"], vec!["b"]));
    }

    #[test]
    fn a_message_without_an_id_gets_one_and_one_with_keeps_it() {
        for (given, mid, text) in [
            (r#"{"text":"a"}"#, Some("new"), r#"{"mid":"new","text":"a"}"#),
            ("{}", Some("new"), r#"{"mid":"new"}"#),
            (r#"{"mid":"own"}"#, Some("own"), r#"{"mid":"own"}"#),
            ("no json", None, "no json"),
        ] {
            assert_eq!(with_mid(given, "new"), (mid.map(str::to_owned), text.to_owned()), "{given}");
        }
    }

    #[test]
    fn a_lone_surrogate_passes_through() {
        let (mid, text) = with_mid(r#"{"text":"\ud83d"}"#, "new");
        assert_eq!((mid.as_deref(), text.as_str()), (Some("new"), r#"{"mid":"new","text":"\ud83d"}"#));
    }

    proptest! {
        #[test]
        fn escaping_changes_no_meaning_and_leaves_only_ascii(text in any::<String>()) {
            let wire = escaped(&json_text(&text));
            prop_assert!(wire.is_ascii());
            prop_assert_eq!(escaped(&wire), wire.clone());
            prop_assert_eq!(serde_json::from_str::<String>(&wire).unwrap(), text);
        }
    }
}
