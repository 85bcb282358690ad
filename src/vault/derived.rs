//! Keys for single uses, made from one root secret: none tells of another, and none changes when the encryption key does.

use std::fmt;

use actors::domain::erasure::Keyed;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Secret, VaultError};

/// What other keys are made from: 32 random bytes, made once, kept sealed.
pub struct Root(Zeroizing<[u8; 32]>);

/// What a key made from the root is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To sign receipts.
    Receipts,
    /// To know ids again of which nothing else is kept.
    Masks,
}

/// A key for one use.
#[derive(Clone)]
pub struct Derived(Hmac<Sha256>);

impl Use {
    /// Never to be changed: what was made with the key would not be known again.
    fn label(self) -> &'static [u8] {
        match self {
            Use::Receipts => b"hawker/receipts/v1",
            Use::Masks => b"hawker/masks/v1",
        }
    }
}

impl Root {
    /// A new one.
    pub fn random() -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::NoRandomness)?;
        Ok(Self(bytes))
    }

    /// One that was kept; none: the text is no root.
    pub fn kept(text: &Secret) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.expose(), bytes.as_mut_slice()).ok()?;
        Some(Self(bytes))
    }

    /// As it is kept.
    pub fn text(&self) -> Secret {
        Secret::from(hex::encode(self.0.as_slice()))
    }

    /// The key for a use.
    pub fn key(&self, to: Use) -> Derived {
        let mut key = Zeroizing::new([0; 32]);
        let root = Hkdf::<Sha256>::new(Some(b"hawker"), self.0.as_slice());
        root.expand(to.label(), key.as_mut_slice()).expect("32 bytes are fewer than HKDF can make");
        Derived(Hmac::new_from_slice(key.as_slice()).expect("HMAC takes keys of any length"))
    }
}

impl Derived {
    /// The HMAC of these parts, each with its length before it, as hexadecimal digits.
    pub fn mac(&self, parts: &[&[u8]]) -> String {
        hex::encode(self.over(parts).finalize().into_bytes())
    }

    /// Whether this is the HMAC of these parts, in constant time.
    pub fn made(&self, mac: &str, parts: &[&[u8]]) -> bool {
        hex::decode(mac).is_ok_and(|mac| self.over(parts).verify_slice(&mac).is_ok())
    }

    fn over(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// What the actors need of the root: masks, and signatures of receipts.
pub struct Marks {
    masks: Derived,
    receipts: Derived,
}

impl Marks {
    /// Made of this root.
    pub fn of(root: &Root) -> Self {
        Self { masks: root.key(Use::Masks), receipts: root.key(Use::Receipts) }
    }

    /// Whether this is the signature of a receipt of ours.
    pub fn has_signed(&self, receipt: &str, signature: &str) -> bool {
        self.receipts.made(signature, &[receipt.as_bytes()])
    }
}

impl Keyed for Marks {
    fn mask(&self, texts: &[&str]) -> String {
        let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        self.masks.mac(&texts)
    }

    fn sign(&self, receipt: &str) -> String {
        self.receipts.mac(&[receipt.as_bytes()])
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Root([hidden])")
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derived([hidden])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Root {
        Root::kept(&Secret::from(hex::encode((0..32).collect::<Vec<u8>>()))).unwrap()
    }

    #[test]
    fn keys_are_as_they_were_when_the_first_receipt_was_signed() {
        assert_eq!(
            [Use::Receipts, Use::Masks].map(|to| root().key(to).mac(&[b"a"])[..16].to_owned()),
            ["75048f9ba0ea0a24", "f13f088123e2d54c"]
        );
    }

    #[test]
    fn a_mac_is_of_all_parts_each_in_its_place_and_of_one_use() {
        let key = root().key(Use::Receipts);
        let mac = key.mac(&[b"ab", b"c"]);
        assert!(key.made(&mac, &[b"ab", b"c"]));
        for other in [&[b"a".as_slice(), b"bc"][..], &[b"abc"], &[b"ab", b"c", b""], &[b"c", b"ab"]] {
            assert!(!key.made(&mac, other), "{other:?}");
        }
        assert!(!root().key(Use::Masks).made(&mac, &[b"ab", b"c"]));
        assert!(!key.made("", &[b"ab", b"c"]) && !key.made("zz", &[b"ab", b"c"]));
    }

    #[test]
    fn a_root_is_kept_as_text_and_not_shown() {
        let root = Root::random().unwrap();
        let kept = Root::kept(&root.text()).unwrap();
        assert_eq!(root.key(Use::Masks).mac(&[b"x"]), kept.key(Use::Masks).mac(&[b"x"]));
        assert!(!format!("{root:?} {:?}", root.key(Use::Masks)).contains(root.text().expose()));
        assert!(Root::kept(&Secret::from("00")).is_none());
    }
}
