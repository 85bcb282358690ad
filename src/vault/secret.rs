//! A text that must not be seen: not in logs, not in errors, not in memory longer than needed.

use std::fmt;

use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret text. `Debug` hides it, equality takes the same time wherever the texts differ, and it is wiped when
/// dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself: for the header, the cipher or the comparison that needs it, and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether another text is the same, in constant time for texts of one length.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(other).into()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.0.as_bytes())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_it() {
        assert_eq!(format!("{:?}", Some(Secret::from("EAAB"))), "Some([hidden])");
    }

    #[test]
    fn equal_means_the_same_text() {
        let secret = Secret::from("EAAB");
        assert!(secret == Secret::from(String::from("EAAB")) && secret.matches(b"EAAB"));
        for other in ["", "EAAA", "EAA", "EAABB", "eaab"] {
            assert!(secret != Secret::from(other) && !secret.matches(other.as_bytes()), "{other}");
        }
    }
}
