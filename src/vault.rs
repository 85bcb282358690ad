//! Keeps tokens unreadable at rest: each is sealed with AES-256-GCM and bound to the one place it belongs to, so that
//! a row copied to another seller does not open. It knows neither the database nor what the tokens are for.

mod derived;
mod key;
mod secret;

use std::fmt;

use actors::domain::ids::{ConnectingId, ConnectionId, EndpointId, SellerId};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

pub use self::derived::{Derived, Marks, Root, Use};
pub use self::key::{EncryptionKey, KeyError, KeyRing};
pub use self::secret::Secret;

const FORM: &str = "v1";
const NONCE_BYTES: usize = 12;

/// Seals and opens secrets.
pub struct Vault {
    keys: KeyRing,
}

/// What a sealed secret is for. It opens for the same purpose only, and no two purposes are written alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To act for an account.
    Connection {
        /// Whose it is.
        seller: SellerId,
        /// Of which connection.
        connection: ConnectionId,
        /// Which of the connection's secrets, as a word: `access_token`.
        what: &'static str,
    },
    /// To sign what is sent to a webhook endpoint.
    Endpoint {
        /// Whose it is.
        seller: SellerId,
        /// Of which endpoint.
        endpoint: EndpointId,
        /// Which of the endpoint's secrets, as a word.
        what: &'static str,
    },
    /// To act for one of several accounts, until somebody has chosen.
    Choice {
        /// For whose shop.
        seller: SellerId,
        /// Whose way to a connected account.
        connecting: ConnectingId,
    },
    /// To answer a request that comes again.
    Answer {
        /// A print of who asked what.
        to: [u8; 32],
    },
    /// To make other keys from.
    Root,
}

/// A sealed secret, as text for a column: `v1.<key id>.<mark of the purpose>.<nonce and ciphertext>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(String);

/// Why a secret could not be sealed or opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum VaultError {
    /// The system gave no random bytes.
    #[error("the system has no random bytes to seal a secret with")]
    NoRandomness,
    /// The column holds something else.
    #[error("what is stored is not a sealed secret")]
    NotSealed,
    /// A key we do not have.
    #[error("sealed with the key {key_id}, which is not configured: set it as the previous encryption key")]
    UnknownKey {
        /// Which.
        key_id: String,
    },
    /// Sealed for another place or use.
    #[error("sealed for another place than {purpose}")]
    OtherPurpose {
        /// The one it was to be opened for.
        purpose: Purpose,
    },
    /// A bit is not as it was.
    #[error("changed since it was sealed for {purpose}")]
    Damaged {
        /// The one it was to be opened for.
        purpose: Purpose,
    },
}

impl VaultError {
    /// A word for what will not open whoever tries and however often; none where it may yet.
    pub fn for_good(&self) -> Option<&'static str> {
        match self {
            Self::NoRandomness | Self::UnknownKey { .. } => None,
            Self::NotSealed => Some("token_not_sealed"),
            Self::OtherPurpose { .. } => Some("token_moved"),
            Self::Damaged { .. } => Some("token_changed"),
        }
    }
}

impl Vault {
    /// A vault with these keys.
    pub fn new(keys: KeyRing) -> Self {
        Self { keys }
    }

    /// Seals `plain` with the current key and a new nonce.
    pub fn seal(&self, plain: &Secret, purpose: &Purpose) -> Result<Sealed, VaultError> {
        let key = self.keys.current();
        let head = head(key.id(), purpose);
        let mut bytes = vec![0; NONCE_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
        let payload = Payload { msg: plain.expose().as_bytes(), aad: &bound_to(&head, purpose) };
        let sealed = cipher(key).encrypt(&nonce(&bytes), payload).expect("a token is shorter than AES-GCM's 64 GiB");
        bytes.extend(sealed);
        Ok(Sealed(format!("{head}.{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Opens what was sealed for the same purpose with a key of the ring.
    pub fn open(&self, sealed: &Sealed, purpose: &Purpose) -> Result<Secret, VaultError> {
        let (key_id, mark, bytes) = sealed.parts().ok_or(VaultError::NotSealed)?;
        let key = self.keys.get(key_id).ok_or_else(|| VaultError::UnknownKey { key_id: key_id.to_owned() })?;
        if mark != purpose.mark() {
            return Err(VaultError::OtherPurpose { purpose: *purpose });
        }
        let payload = Payload { msg: &bytes[NONCE_BYTES..], aad: &bound_to(&head(key_id, purpose), purpose) };
        let plain = cipher(key).decrypt(&nonce(&bytes), payload).map_err(|_| VaultError::Damaged { purpose: *purpose });
        // Only text goes in, so authenticated bytes that are no text cannot come out.
        String::from_utf8(plain?).map(Secret::from).map_err(|_| VaultError::NotSealed)
    }

    /// Whether a newer key than the one it was sealed with is in use.
    pub fn is_outdated(&self, sealed: &Sealed) -> bool {
        sealed.parts().is_some_and(|(key_id, ..)| key_id != self.keys.current().id())
    }

    /// The name of the key that seals.
    pub fn current_key(&self) -> &str {
        self.keys.current().id()
    }

    /// Whether the key of this name is in the ring.
    pub fn has_key(&self, id: &str) -> bool {
        self.keys.get(id).is_some()
    }

    /// What everything that the current key sealed begins with.
    pub fn current_mark(&self) -> String {
        format!("{FORM}.{}.", self.current_key())
    }
}

impl Sealed {
    /// A sealed secret as stored; what it is shows when it is opened.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// As stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the key in the beginning of a sealed text, `v1.<key id>.`; none: it is no sealed text.
    pub fn key_of_head(head: &str) -> Option<&str> {
        let mut parts = head.split('.');
        let (form, key_id) = (parts.next()?, parts.next()?);
        (form == FORM && parts.next().is_some()).then_some(key_id)
    }

    fn parts(&self) -> Option<(&str, &str, Vec<u8>)> {
        let mut parts = self.0.split('.');
        let (form, key_id, mark, body) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let bytes = URL_SAFE_NO_PAD.decode(body).ok()?;
        (form == FORM && parts.next().is_none() && bytes.len() > NONCE_BYTES).then_some((key_id, mark, bytes))
    }
}

impl Purpose {
    fn bytes(&self) -> Vec<u8> {
        let text = match self {
            // A number comes first here, and a word in all others.
            Purpose::Connection { seller, connection, what } => format!("hawker/{seller}/{connection}/{what}"),
            Purpose::Endpoint { seller, endpoint, what } => format!("hawker/endpoint/{seller}/{endpoint}/{what}"),
            Purpose::Choice { seller, connecting } => format!("hawker/choice/{seller}/{connecting}"),
            Purpose::Answer { to } => format!("hawker/answer/{}", hex::encode(to)),
            Purpose::Root => "hawker/root".to_owned(),
        };
        text.into_bytes()
    }

    /// Says without a key which purpose a secret was sealed for. It only makes the error clear: what keeps a secret
    /// from opening elsewhere is that the purpose is authenticated with it.
    fn mark(&self) -> String {
        hex::encode(&Sha256::digest(self.bytes())[..6])
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Purpose::Connection { seller, connection, what } => {
                write!(f, "the {what} of connection {connection} of seller {seller}")
            }
            Purpose::Endpoint { seller, endpoint, what } => {
                write!(f, "the {what} of webhook endpoint {endpoint} of seller {seller}")
            }
            Purpose::Choice { seller, connecting } => {
                write!(f, "the accounts to choose from on way {connecting} of seller {seller}")
            }
            Purpose::Answer { .. } => f.write_str("the answer to this request"),
            Purpose::Root => f.write_str("the root secret"),
        }
    }
}

fn head(key_id: &str, purpose: &Purpose) -> String {
    format!("{FORM}.{key_id}.{}", purpose.mark())
}

fn bound_to(head: &str, purpose: &Purpose) -> Vec<u8> {
    [head.as_bytes(), b"\0", &purpose.bytes()].concat()
}

fn cipher(key: &EncryptionKey) -> Aes256Gcm {
    Aes256Gcm::new(key.bytes().into())
}

fn nonce(bytes: &[u8]) -> aes_gcm::Nonce<aes_gcm::aead::consts::U12> {
    let nonce: [u8; NONCE_BYTES] = bytes[..NONCE_BYTES].try_into().expect("the slice has the nonce's length");
    nonce.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: Purpose = of_connection(7, 3, "access_token");

    const fn of_connection(seller: i64, connection: i64, what: &'static str) -> Purpose {
        Purpose::Connection { seller: SellerId(seller), connection: ConnectionId(connection), what }
    }

    fn key(byte: u8) -> EncryptionKey {
        hex::encode([byte, 1, 2, 3, 4, 5, 6, 7].repeat(4)).parse().unwrap()
    }

    fn vault(byte: u8) -> Vault {
        Vault::new(KeyRing::new(key(byte)))
    }

    fn sealed(vault: &Vault) -> Sealed {
        vault.seal(&Secret::from("EAAB-token"), &TOKEN).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_for_the_same_purpose() {
        let vault = vault(1);
        let sealed = sealed(&vault);
        assert!(!sealed.as_str().contains("EAAB"));
        assert_eq!(vault.open(&Sealed::stored(sealed.as_str().to_owned()), &TOKEN), Ok(Secret::from("EAAB-token")));
    }

    #[test]
    fn the_same_secret_never_looks_the_same_twice() {
        let vault = vault(1);
        assert_ne!(sealed(&vault), sealed(&vault));
    }

    #[test]
    fn a_row_moved_to_another_place_does_not_open() {
        let vault = vault(1);
        let elsewhere = [
            of_connection(8, 3, "access_token"),
            of_connection(7, 4, "access_token"),
            of_connection(7, 3, "verify_token"),
            Purpose::Endpoint { seller: SellerId(7), endpoint: EndpointId(3), what: "access_token" },
            Purpose::Answer { to: [7; 32] },
            Purpose::Root,
        ];
        for purpose in elsewhere {
            let moved = sealed(&vault);
            assert_eq!(vault.open(&moved, &purpose), Err(VaultError::OtherPurpose { purpose }));
            // Nor with the mark forged: the purpose itself is authenticated.
            let forged = Sealed(moved.0.replace(&TOKEN.mark(), &purpose.mark()));
            assert_eq!(vault.open(&forged, &purpose), Err(VaultError::Damaged { purpose }));
        }
    }

    #[test]
    fn the_answer_to_one_request_does_not_open_as_the_answer_to_another() {
        let vault = vault(1);
        let (mine, other) = (Purpose::Answer { to: [1; 32] }, Purpose::Answer { to: [2; 32] });
        let sealed = vault.seal(&Secret::from("hwk_7_secret"), &mine).unwrap();
        assert_eq!(vault.open(&sealed, &mine), Ok(Secret::from("hwk_7_secret")));
        assert_eq!(vault.open(&sealed, &other), Err(VaultError::OtherPurpose { purpose: other }));
    }

    #[test]
    fn what_tokens_are_bound_to_is_as_it_was_when_the_first_were_sealed() {
        assert_eq!(TOKEN.bytes(), b"hawker/7/3/access_token");
    }

    #[test]
    fn another_key_is_named_as_missing() {
        let error = vault(2).open(&sealed(&vault(1)), &TOKEN).unwrap_err();
        assert_eq!(error, VaultError::UnknownKey { key_id: key(1).id().to_owned() });
    }

    #[test]
    fn a_forged_key_id_does_not_open() {
        let ring = KeyRing::new(key(2)).with_previous(key(1));
        let old = sealed(&vault(1));
        let forged = Sealed(old.0.replace(key(1).id(), key(2).id()));
        assert_eq!(Vault::new(ring).open(&forged, &TOKEN), Err(VaultError::Damaged { purpose: TOKEN }));
    }

    #[test]
    fn the_previous_key_still_opens_and_says_that_it_is_outdated() {
        let old = sealed(&vault(1));
        let both = Vault::new(KeyRing::new(key(2)).with_previous(key(1)));
        assert_eq!(both.open(&old, &TOKEN), Ok(Secret::from("EAAB-token")));
        assert!(both.is_outdated(&old));
        assert!(!both.is_outdated(&sealed(&both)));
    }

    #[test]
    fn text_of_another_form_is_no_sealed_secret() {
        let good = sealed(&vault(1)).0;
        for text in ["", "EAAB-token", "v1.a.b", "v1.a.b.AAAA", &good.replace("v1.", "v2."), &format!("{good}.x")] {
            let error = vault(1).open(&Sealed::stored(text.to_owned()), &TOKEN).unwrap_err();
            assert_eq!(error, VaultError::NotSealed, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_flipped_bit_is_found_wherever_it_is(place in 0usize..38, bit in 0u8..8) {
            let vault = vault(1);
            let whole = sealed(&vault);
            let (head, body) = whole.0.rsplit_once('.').unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(body).unwrap();
            prop_assert_eq!(bytes.len(), 38);
            bytes[place] ^= 1 << bit;
            let flipped = Sealed(format!("{head}.{}", URL_SAFE_NO_PAD.encode(bytes)));
            prop_assert_eq!(vault.open(&flipped, &TOKEN), Err(VaultError::Damaged { purpose: TOKEN }));
        }

        #[test]
        fn stored_text_of_any_kind_is_an_error_and_no_panic(text in ".*") {
            prop_assert!(vault(1).open(&Sealed::stored(text), &TOKEN).is_err());
        }
    }
}
