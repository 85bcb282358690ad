//! The names that persons go by at Meta, found in whatever was kept as it came: JSON, or bytes that are none.

use std::collections::HashSet;

/// Any number of names, looked for in one go.
pub(in crate::store) struct Names {
    plain: HashSet<Vec<u8>>,
    /// Those that are not one word.
    odd: Vec<Vec<u8>>,
}

impl Names {
    pub(in crate::store) fn new<'a>(names: impl IntoIterator<Item = &'a String>) -> Self {
        let names = names.into_iter().filter(|name| !name.is_empty()).map(|name| name.clone().into_bytes());
        let (plain, odd): (Vec<_>, Vec<_>) =
            names.partition(|name| trimmed(name) == name.as_slice() && name.iter().all(is_of_word));
        Self { plain: plain.into_iter().collect(), odd }
    }

    /// Whether an event is about one of them. What could not be read names nobody: whoever it is about stands in its
    /// bytes.
    pub(in crate::store) fn tell(&self, customer: Option<&str>, raw: Option<&[u8]>) -> bool {
        match (customer, raw) {
            (Some(customer), _) => self.has(customer.as_bytes()),
            (None, Some(raw)) => self.are_in(raw),
            (None, None) => false,
        }
    }

    fn has(&self, name: &[u8]) -> bool {
        self.plain.contains(name) || self.odd.iter().any(|odd| odd == name)
    }

    /// Whether one of them is a word of these bytes.
    pub(in crate::store) fn are_in(&self, bytes: &[u8]) -> bool {
        let odd = |name: &Vec<u8>| bytes.windows(name.len()).any(|window| window == name.as_slice());
        words(bytes).any(|word| self.plain.contains(word)) || self.odd.iter().any(odd)
    }
}

fn is_of_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_".contains(byte)
}

fn trimmed(mut word: &[u8]) -> &[u8] {
    while let [b'.' | b'-' | b'_', rest @ ..] | [rest @ .., b'.' | b'-' | b'_'] = word {
        word = rest;
    }
    word
}

/// Words, with what JSON writes in the place of other characters between them.
fn words(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut left = bytes;
    std::iter::from_fn(move || {
        while let Some(first) = left.first() {
            let skipped = match (first, left.get(1)) {
                (b'\\', Some(b'u')) => 6,
                (b'\\', _) => 2,
                (byte, _) if !is_of_word(byte) => 1,
                _ => 0,
            };
            if skipped == 0 {
                break;
            }
            left = left.get(skipped..).unwrap_or_default();
        }
        let length = left.iter().take_while(|byte| is_of_word(byte)).count();
        let (word, rest) = left.split_at(length);
        left = rest;
        (!word.is_empty()).then(|| trimmed(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_words_in_json_and_in_what_is_none() {
        let names = Names::new(&["5693974120761747".to_owned(), "US.13491208".to_owned(), "a b".to_owned()]);
        for text in [
            r#"{"sender":{"id":"5693974120761747"}}"#,
            r#"{"sender":{"id":5693974120761747}}"#,
            r#"{"text":"line\n5693974120761747."}"#,
            r#"{"text":"\u002b5693974120761747"}"#,
            "+5693974120761747",
            "{broken US.13491208",
            "say a b",
        ] {
            assert!(names.are_in(text.as_bytes()), "{text}");
        }
        for text in ["", "15693974120761747", "US.1349120", "ab", "\\", "\\u"] {
            assert!(!names.are_in(text.as_bytes()), "{text}");
        }
        assert!(
            names.tell(Some("a b"), None) && !names.tell(Some("other"), Some(b"a b")) && names.tell(None, Some(b"a b"))
        );
        assert!(!Names::new(&[String::new()]).are_in(b"anything"));
    }
}
