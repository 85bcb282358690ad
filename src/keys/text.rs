//! The text of a key: `hwk_7_` and 43 characters of base64url. Its beginning makes it known to those who search for
//! secrets that were published by mistake.

use actors::domain::ids::KeyId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::vault::Secret;

const SIGN: &str = "hwk_";
const SECRET_BYTES: usize = 32;
const SECRET_LETTERS: usize = 43;
/// So much of the secret is shown, for people to know the key by: 24 of its 256 bits.
const SHOWN_LETTERS: usize = 4;

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system has no random bytes to make a key of")]
pub struct NoRandomness;

/// A key as it is shown: which it is, and its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyText {
    id: KeyId,
    secret: Secret,
}

/// A secret whose key has no id yet.
pub(crate) struct NewSecret(Secret);

impl NewSecret {
    /// 256 random bits.
    pub(crate) fn make() -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
        Ok(Self(Secret::from(URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
    }

    /// How it begins.
    pub(crate) fn prefix(&self) -> &str {
        &self.0.expose()[..SHOWN_LETTERS]
    }

    /// What is stored of it. It is as random as a key can be, so nothing slower or saltier than a hash is needed.
    pub(crate) fn hash(&self) -> String {
        hash(&self.0)
    }

    /// The whole text, now that the key has an id.
    pub(crate) fn of(&self, id: KeyId) -> Secret {
        Secret::from(format!("{SIGN}{id}_{}", self.0.expose()))
    }
}

impl KeyText {
    /// Reads what was shown; none: it is no key of ours.
    pub fn read(shown: &Secret) -> Option<Self> {
        let (id, secret) = shown.expose().strip_prefix(SIGN)?.split_once('_')?;
        let is_number = !id.is_empty() && !id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit());
        let is_secret = secret.len() == SECRET_LETTERS
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let id = id.parse().ok().filter(|_| is_number && is_secret)?;
        Some(Self { id: KeyId(id), secret: Secret::from(secret) })
    }

    /// Which key it says it is.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Whether its secret has this hash; it takes the same time wherever they differ.
    pub fn is_of(&self, stored: &str) -> bool {
        hash(&self.secret).as_bytes().ct_eq(stored.as_bytes()).into()
    }
}

/// How the text of a stored key begins.
pub(crate) fn beginning(id: KeyId, prefix: &str) -> String {
    format!("{SIGN}{id}_{prefix}")
}

fn hash(secret: &Secret) -> String {
    hex::encode(Sha256::digest(secret.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_that_was_made_is_read_and_is_its_own() {
        let (new, other) = (NewSecret::make().unwrap(), NewSecret::make().unwrap());
        let text = new.of(KeyId(7));
        assert_eq!(text.expose().len(), "hwk_7_".len() + 43);
        let read = KeyText::read(&text).unwrap();
        assert!(read.id() == KeyId(7) && read.is_of(&new.hash()) && !read.is_of(&other.hash()) && !read.is_of(""));
        assert!(text.expose().starts_with(&beginning(KeyId(7), new.prefix())));
        assert!(!format!("{read:?}").contains(&text.expose()[6..]), "it is hidden");
    }

    #[test]
    fn what_is_no_key_is_not_read() {
        let secret = "A".repeat(43);
        let wrong = [
            String::new(),
            "hwk_".to_owned(),
            format!("hwk_7{secret}"),
            format!("hwk__{secret}"),
            format!("hwk_07_{secret}"),
            format!("hwk_0_{secret}"),
            format!("hwk_-7_{secret}"),
            format!("hwk_+7_{secret}"),
            format!("hwk_99999999999999999999_{secret}"),
            format!("hwk_7_{secret}A"),
            format!("hwk_7_{}", &secret[1..]),
            format!("hwk_7_{}\0", &secret[1..]),
            format!("hwk_7_{}é", &secret[2..]),
            format!("HWK_7_{secret}"),
            format!(" hwk_7_{secret}"),
        ];
        for wrong in wrong {
            assert_eq!(KeyText::read(&Secret::from(wrong.as_str())), None, "{wrong:?}");
        }
        assert!(KeyText::read(&Secret::from(format!("hwk_7_{}-_{}", &secret[3..], "A"))).is_some());
    }

    proptest! {
        #[test]
        fn whatever_is_shown_is_a_key_or_is_not(shown in ".*") {
            let _ = KeyText::read(&Secret::from(shown));
        }
    }
}
