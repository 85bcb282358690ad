//! What a person has taken back of what they let our app do. Where Meta puts the word for it is not the same everywhere.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// The kind under which such an event is kept.
pub const KIND: &str = "object:permissions";

/// Permissions a person has taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenBack {
    /// The person's app-scoped id.
    pub person: String,
    /// Which, in Meta's words.
    pub permissions: Vec<String>,
    /// When, where that is told, to the second.
    pub at: Option<DateTime<Utc>>,
}

/// What an entry of a `permissions` webhook takes back; none: nothing, or nobody's.
pub fn taken_back(raw: &[u8]) -> Option<TakenBack> {
    let entry: Value = serde_json::from_slice(raw).ok()?;
    let id = |name: &str| match entry.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    // The dashboard's test names nobody.
    let person = id("uid").or_else(|| id("id")).filter(|person| person != "0" && !person.is_empty())?;
    let changes = entry.get("changes")?.as_array()?.iter().filter(|change| is_revoked(change));
    let permissions: Vec<String> =
        changes.filter_map(|change| change.get("field")?.as_str()).map(str::to_owned).collect();
    let at = entry.get("time").and_then(Value::as_i64).and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    (!permissions.is_empty()).then_some(TakenBack { person, permissions, at })
}

fn is_revoked(change: &Value) -> bool {
    let verbs = [change.pointer("/value/verb"), change.get("verb"), change.get("value")];
    let is_word = |word: &str| ["revoke", "revoked", "removed", "denied"].contains(&word.to_lowercase().as_str());
    verbs.into_iter().flatten().filter_map(Value::as_str).any(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_is_found_wherever_the_verb_stands() {
        let verbs = [r#""value":{"verb":"revoked"}"#, r#""verb":"revoke""#, r#""value":"REVOKED""#];
        for verb in verbs {
            let raw = format!(r#"{{"id":"7","uid":"7","time":5,"changes":[{{"field":"pages_messaging",{verb}}}]}}"#);
            let (permissions, at) = (vec!["pages_messaging".to_owned()], DateTime::from_timestamp(5, 0));
            let wanted = TakenBack { person: "7".to_owned(), permissions, at };
            assert_eq!(taken_back(raw.as_bytes()), Some(wanted), "{verb}");
        }
        for raw in [
            r#"{"id":"0","uid":"0","changes":[{"field":"connected","verb":"revoked"}]}"#,
            r#"{"id":"7","changes":[{"field":"pages_messaging","value":{"verb":"granted"}}]}"#,
            r#"{"id":"7","changes":[]}"#,
            r#"{"id":"7"}"#,
            "[]",
            "",
        ] {
            assert_eq!(taken_back(raw.as_bytes()), None, "{raw}");
        }
    }
}
