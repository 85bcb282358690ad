//! Shallow reading of JSON: the parts of a value by their place in the text, however deep or broken a part is inside.

use std::borrow::Cow;
use std::fmt;

use actors::domain::outcome::Reason;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// The longest text that goes into a column as it is; more is named by its hash.
pub(super) const TEXT_LIMIT: usize = 255;

/// The members of an object, in their order, doubles included. Each is looked at when it is asked for, so that an odd
/// one costs only itself.
pub(super) struct Fields<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The members of the object in `text`, if it is one.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The member with this name, the first of doubles. One that is `null` is as good as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        (value.get() != "null").then_some(*value)
    }

    /// The member as an object, if it is one.
    pub(super) fn object(&self, name: &str) -> Option<Fields<'a>> {
        Fields::read(self.get(name)?.get())
    }

    /// The elements of a list; none if it is no list.
    pub(super) fn list(&self, name: &str) -> Vec<&'a RawValue> {
        self.get(name).and_then(|list| serde_json::from_str(list.get()).ok()).unwrap_or_default()
    }

    /// The elements of a list that are objects.
    pub(super) fn objects(&self, name: &str) -> Vec<Fields<'a>> {
        self.list(name).into_iter().filter_map(|element| Fields::read(element.get())).collect()
    }

    /// The member as an id, if it is one.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        id_of(self.get(name)?)
    }

    /// The member as text, where it says anything. A number is its digits.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text_of(self.get(name)?).filter(|text| !text.is_empty())
    }

    /// The member as words that somebody said. Words that are there and cannot be read are not passed over.
    pub(super) fn words(&self, name: &str) -> Result<Option<String>, Reason> {
        let text = self.get(name).map(|raw| text_of(raw).ok_or(Reason::Unreadable)).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Whether the member is `true`.
    pub(super) fn is(&self, name: &str) -> bool {
        self.get(name).is_some_and(|flag| flag.get() == "true")
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

/// An object of Meta's rarely has more members.
const USUAL: usize = 8;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(USUAL);
        // Names are taken raw as well: one that is no Unicode must not cost the members beside it.
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            fields.push((plain_name(name.get()), value));
        }
        Ok(Fields(fields))
    }
}

fn plain_name(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.trim_matches('"');
    match inner.contains('\\') {
        true => serde_json::from_str(quoted).map_or(Cow::Borrowed(inner), Cow::Owned),
        false => Cow::Borrowed(inner),
    }
}

/// The id that `raw` is: Meta writes one as text or as a number. Never read as a float: many exceed 2^53.
pub(super) fn id_of(raw: &RawValue) -> Option<String> {
    let text = raw.get();
    let id = match text.starts_with('"') {
        true => clean(unquoted(text)?),
        false => text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.to_owned())?,
    };
    (!id.is_empty()).then_some(id)
}

/// The text or the number that `raw` is, if it is one.
fn text_of(raw: &RawValue) -> Option<String> {
    match raw.get().as_bytes().first()? {
        b'"' => unquoted(raw.get()).map(clean),
        b'-' | b'0'..=b'9' => Some(raw.get().to_owned()),
        _ => None,
    }
}

/// The text that a string of valid JSON stands for, unless it is no Unicode. Most have nothing in them to be decoded.
fn unquoted(quoted: &str) -> Option<String> {
    match quoted.contains('\\') {
        true => serde_json::from_str(quoted).ok(),
        false => Some(quoted.trim_matches('"').to_owned()),
    }
}

/// The text without NUL, which PostgreSQL refuses in a text column.
pub(super) fn clean(mut text: String) -> String {
    if text.contains('\0') {
        text.retain(|letter| letter != '\0');
    }
    text
}

/// `text` as long as it fits a column, otherwise its beginning and its hash.
pub(super) fn bounded(text: String, limit: usize) -> String {
    let text = clean(text);
    if text.len() <= limit {
        return text;
    }
    let hash = sha256(text.as_bytes());
    let beginning = text.floor_char_boundary(limit - hash.len() - 1);
    format!("{}#{hash}", &text[..beginning])
}

/// SHA-256 of `bytes` in hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// SHA-256 over several parts, such that moving a boundary changes it.
pub(super) fn sha256_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// The time that `raw` tells in seconds or milliseconds, as text or number; `at_hand` where it tells none that can be.
pub(super) fn time_of(raw: Option<&RawValue>, at_hand: DateTime<Utc>) -> DateTime<Utc> {
    raw.and_then(told_time).filter(|time| is_sane(*time, at_hand)).unwrap_or(at_hand)
}

/// The same, whatever it tells; none where it tells no time.
pub(super) fn told_time(raw: &RawValue) -> Option<DateTime<Utc>> {
    const FIRST_MILLISECONDS: i64 = 1_000_000_000_000;
    let number: i64 = raw.get().trim_matches('"').parse().ok()?;
    match number >= FIRST_MILLISECONDS {
        true => DateTime::from_timestamp_millis(number),
        false => DateTime::from_timestamp(number, 0),
    }
}

/// Clocks differ by seconds. Nothing is older than the platform, and what claims to come from later than in a few
/// minutes has come by now: believed, it would stay the last word of its conversation, put off the answer that waits
/// for silence, and keep Meta's window for answers open on paper only.
fn is_sane(time: DateTime<Utc>, at_hand: DateTime<Utc>) -> bool {
    const START_OF_2015: i64 = 1_420_070_400;
    time.timestamp() >= START_OF_2015 && time <= at_hand + TimeDelta::minutes(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn times_come_in_seconds_and_milliseconds_as_text_and_number() {
        let now = DateTime::from_timestamp(1_790_856_100, 0).unwrap();
        for (told, seconds) in [
            ("1790856000000", 1_790_856_000),
            ("1790856000", 1_790_856_000),
            ("\"1790856000\"", 1_790_856_000),
            ("\"1790856000000\"", 1_790_856_000),
            ("1527459824", 1_527_459_824),
            ("1790856400", 1_790_856_400),
            ("1790856401", 1_790_856_100),
            ("1790942400", 1_790_856_100),
            ("95617584000000", 1_790_856_100),
            ("86400", 1_790_856_100),
            ("999999999999999999999", 1_790_856_100),
            ("9223372036854775807", 1_790_856_100),
            ("0", 1_790_856_100),
            ("-5", 1_790_856_100),
            ("1.5", 1_790_856_100),
            ("\"soon\"", 1_790_856_100),
            ("{}", 1_790_856_100),
        ] {
            assert_eq!(time_of(Some(raw(told)), now).timestamp(), seconds, "{told}");
        }
        assert_eq!(time_of(None, now), now);
    }

    #[test]
    fn ids_are_text_or_whole_numbers_of_any_size() {
        for (told, id) in [
            ("\"17841400000000001\"", Some("17841400000000001")),
            ("17841400000000001", Some("17841400000000001")),
            ("123456789012345678901234567890", Some("123456789012345678901234567890")),
            ("\"US.1349\"", Some("US.1349")),
            ("\"a\\u0000b\"", Some("ab")),
            ("1.784e16", None),
            ("-1", None),
            ("\"\"", None),
            ("null", None),
            ("\"\\ud800\"", None),
        ] {
            assert_eq!(id_of(raw(told)).as_deref(), id, "{told}");
        }
    }

    #[test]
    fn long_text_is_bounded_and_stays_distinct() {
        let (one, other) = ("ä".repeat(300), format!("{}b", "ä".repeat(300)));
        let (short_one, short_other) = (bounded(one, TEXT_LIMIT), bounded(other, TEXT_LIMIT));
        assert!(short_one.len() <= TEXT_LIMIT && short_other.len() <= TEXT_LIMIT);
        assert_ne!(short_one, short_other);
        assert_eq!(bounded("m\0id".to_owned(), TEXT_LIMIT), "mid");
    }

    #[test]
    fn an_odd_member_costs_only_itself() {
        let text =
            r#"{"n":12,"o":{"a":[{},7,{"b":"x\u0000"}]},"l":"\ud800","e":"","z":null,"t":true,"t":false,"f":-1.5e3}"#;
        let fields = Fields::read(text).unwrap();
        assert_eq!((fields.text("n").as_deref(), fields.text("f").as_deref()), (Some("12"), Some("-1.5e3")));
        assert_eq!((fields.text("o"), fields.text("l"), fields.text("e"), fields.text("z")), (None, None, None, None));
        assert_eq!((fields.words("e"), fields.words("z"), fields.words("none")), (Ok(None), Ok(None), Ok(None)));
        assert_eq!((fields.words("l"), fields.words("o")), (Err(Reason::Unreadable), Err(Reason::Unreadable)));
        assert_eq!((fields.is("t"), fields.is("n"), fields.get("z").is_none()), (true, false, true));
        let inner = fields.object("o").unwrap();
        assert_eq!((inner.list("a").len(), inner.objects("a").len(), inner.list("b").len()), (3, 2, 0));
        assert_eq!(inner.objects("a")[1].text("b").as_deref(), Some("x"));
        assert!(fields.object("n").is_none() && Fields::read("[]").is_none());
    }

    #[test]
    fn a_broken_name_costs_no_member_beside_it() {
        let fields: Fields<'_> = serde_json::from_str(r#"{"a":1,"\ud800":2,"\u0062":3,"a":4}"#).unwrap();
        let names: Vec<_> = fields.0.iter().map(|(name, value)| (name.as_ref(), value.get())).collect();
        assert_eq!(names, [("a", "1"), ("\\ud800", "2"), ("b", "3"), ("a", "4")]);
    }
}
