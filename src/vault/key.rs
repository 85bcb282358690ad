//! Encryption keys: how an operator writes them, and the ring of those in use.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// A key of 256 bits. Written as 64 hexadecimal digits or as the base64 of 32 bytes, of either alphabet, padded or not;
/// with the words before it and the marks around it that other tools write (`0x`, `base64:`, quotes).
#[derive(Clone)]
pub struct EncryptionKey {
    id: String,
    bytes: Zeroizing<[u8; 32]>,
}

/// Why a text is no key. It never holds the text.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// Neither alphabet fits.
    #[error("is neither hexadecimal nor base64: make one with `hawker secret`")]
    NotEncoded,
    /// Too short or too long.
    #[error("is {bytes} bytes long, not 32: make one with `hawker secret`")]
    WrongLength {
        /// How long it is.
        bytes: usize,
    },
    /// One byte, repeated.
    #[error("is one byte repeated, which is no key: make one with `hawker secret`")]
    NotRandom,
}

impl EncryptionKey {
    /// The name of the key in sealed secrets. It follows from the key and does not give it away.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl FromStr for EncryptionKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut decoded = decode(bare(text))?;
        let length = decoded.len();
        let bytes = <[u8; 32]>::try_from(decoded.as_slice()).map(Zeroizing::new);
        decoded.zeroize();
        let bytes = bytes.map_err(|_| KeyError::WrongLength { bytes: length })?;
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(KeyError::NotRandom);
        }
        let digest = Sha256::new().chain_update(b"hawker key id\0").chain_update(bytes.as_slice()).finalize();
        Ok(Self { id: hex::encode(&digest[..4]), bytes })
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({})", self.id)
    }
}

/// Without what other tools write around a key. No letter or digit is lost: `0x` cannot begin 64 digits.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let quoted = ['"', '\''].iter().find_map(|mark| text.strip_prefix(*mark)?.strip_suffix(*mark));
    let text = quoted.unwrap_or(text).trim();
    ["0x", "hex:", "base64:"].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text)
}

/// Hexadecimal comes first: 64 of its digits are base64 as well, of 48 bytes that nobody meant.
fn decode(text: &str) -> Result<Vec<u8>, KeyError> {
    if let Ok(bytes) = hex::decode(text) {
        return Ok(bytes);
    }
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabets = [alphabet::STANDARD, alphabet::URL_SAFE];
    let decoded = alphabets.iter().find_map(|alphabet| GeneralPurpose::new(alphabet, lenient).decode(text).ok());
    decoded.ok_or(KeyError::NotEncoded)
}

/// The key that seals, and those that still open.
#[derive(Clone, Debug)]
pub struct KeyRing {
    current: EncryptionKey,
    previous: Vec<EncryptionKey>,
}

impl KeyRing {
    /// A ring of one key.
    pub fn new(current: EncryptionKey) -> Self {
        Self { current, previous: Vec::new() }
    }

    /// Adds a key that opens and never seals.
    #[must_use]
    pub fn with_previous(mut self, key: EncryptionKey) -> Self {
        self.previous.push(key);
        self
    }

    pub(super) fn current(&self) -> &EncryptionKey {
        &self.current
    }

    pub(super) fn get(&self, id: &str) -> Option<&EncryptionKey> {
        std::iter::once(&self.current).chain(&self.previous).find(|key| key.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

    #[test]
    fn a_key_is_the_same_in_hexadecimal_and_base64() {
        let bytes: Vec<u8> = (0..32).map(|n| 255 - n * 3).collect();
        let written = [
            hex::encode(&bytes),
            hex::encode_upper(&bytes),
            STANDARD.encode(&bytes),
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
            format!(" {}\n", hex::encode(&bytes)),
            format!("0x{}", hex::encode(&bytes)),
            format!("hex:{}", hex::encode(&bytes)),
            format!("base64:{}", STANDARD.encode(&bytes)),
            format!("\"{}\"", STANDARD.encode(&bytes)),
            format!("'{}'", hex::encode(&bytes)),
        ];
        for text in written {
            let key: EncryptionKey = text.parse().unwrap();
            assert_eq!(key.bytes().as_slice(), bytes, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_key_says_why_and_does_not_repeat_itself() {
        let cases = [
            ("", KeyError::WrongLength { bytes: 0 }),
            ("correct horse battery staple", KeyError::NotEncoded),
            ("abcdef0123456789", KeyError::WrongLength { bytes: 8 }),
            ("dG9vIHNob3J0IGZvciBhIGtleQ==", KeyError::WrongLength { bytes: 19 }),
            ("0000000000000000000000000000000000000000000000000000000000000000", KeyError::NotRandom),
        ];
        for (text, wanted) in cases {
            let error = text.parse::<EncryptionKey>().unwrap_err();
            assert!(text.is_empty() || !error.to_string().contains(text));
            assert_eq!(error, wanted, "{text:?}");
        }
    }

    #[test]
    fn debug_shows_the_id_and_not_the_key() {
        let text = hex::encode((0..32).collect::<Vec<u8>>());
        let key: EncryptionKey = text.parse().unwrap();
        assert_eq!(format!("{key:?}"), format!("EncryptionKey({})", key.id()));
        assert!(!text.contains(key.id()));
    }
}
