//! Shallow reading of JSON: the parts of a value by their place in the text, however deep or broken a part is inside.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// The longest text that goes into a column as it is; more is named by its hash.
pub(super) const TEXT_LIMIT: usize = 255;

/// The members of an object, in their order, doubles included.
pub(super) struct Fields<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
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

/// An id, which Meta writes as text or as a number. Never read as a float: many exceed 2^53.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        id_of(raw).map(Id).ok_or_else(|| D::Error::custom("an id is neither text nor a whole number"))
    }
}

/// The id that `raw` is, if it is one.
pub(super) fn id_of(raw: &RawValue) -> Option<String> {
    let text = raw.get();
    let id = match text.starts_with('"') {
        true => clean(serde_json::from_str(text).ok()?),
        false => text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.to_owned())?,
    };
    (!id.is_empty()).then_some(id)
}

/// The text without NUL, which PostgreSQL refuses in a text column.
pub(super) fn clean(mut text: String) -> String {
    text.retain(|letter| letter != '\0');
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

/// The time that `raw` tells in seconds or milliseconds, as text or number; `received_at` where it tells none that can be.
pub(super) fn time_of(raw: Option<&RawValue>, received_at: DateTime<Utc>) -> DateTime<Utc> {
    raw.and_then(told_time).filter(|time| is_sane(*time, received_at)).unwrap_or(received_at)
}

fn told_time(raw: &RawValue) -> Option<DateTime<Utc>> {
    const FIRST_MILLISECONDS: i64 = 1_000_000_000_000;
    let number: i64 = raw.get().trim_matches('"').parse().ok()?;
    match number >= FIRST_MILLISECONDS {
        true => DateTime::from_timestamp_millis(number),
        false => DateTime::from_timestamp(number, 0),
    }
}

/// A sender's clock may be off, but no message is older than the platform or from the day after tomorrow.
fn is_sane(time: DateTime<Utc>, received_at: DateTime<Utc>) -> bool {
    const START_OF_2015: i64 = 1_420_070_400;
    time.timestamp() >= START_OF_2015 && time <= received_at + TimeDelta::days(1)
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
            ("1790942400", 1_790_942_400),
            ("1791000000", 1_790_856_100),
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
    fn a_broken_name_costs_no_member_beside_it() {
        let fields: Fields<'_> = serde_json::from_str(r#"{"a":1,"\ud800":2,"\u0062":3,"a":4}"#).unwrap();
        let names: Vec<_> = fields.0.iter().map(|(name, value)| (name.as_ref(), value.get())).collect();
        assert_eq!(names, [("a", "1"), ("\\ud800", "2"), ("b", "3"), ("a", "4")]);
    }
}
