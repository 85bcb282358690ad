//! What Meta asks for on a person's behalf: a `signed_request`, two texts with a dot between. The signature is over the
//! second as it came.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::signature::{Secrets, Signature};

/// Such a request is good for so long: Meta sends it at once.
const MAX_AGE: TimeDelta = TimeDelta::days(1);
/// So far Meta's clock may be ahead of ours.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(5);
const ALGORITHM: &str = "HMAC-SHA256";
/// Longer ids are none of Meta's.
const LONGEST_ID: usize = 128;

/// What one of our apps' secrets has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// The person's app-scoped id.
    pub person: String,
    /// When Meta made it.
    pub issued_at: DateTime<Utc>,
    /// SHA-256 of it, as hexadecimal digits: the same request has the same.
    pub print: String,
}

/// Why a `signed_request` is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// There are not two texts with a dot between, or they cannot be read.
    #[error("a signed_request is a signature and a payload in base64url, with a dot between")]
    Malformed,
    /// None of our secrets made the signature.
    #[error("no secret fits the signature")]
    WrongSignature,
    /// Signed in another way than is known.
    #[error("the payload does not name HMAC-SHA256 as its algorithm")]
    WrongAlgorithm,
    /// Made too long ago.
    #[error("it was issued more than a day ago")]
    Expired,
    /// Made at a time that is not yet.
    #[error("it was issued in the future: are the clocks right?")]
    FromTheFuture,
}

#[derive(Deserialize)]
struct Payload {
    user_id: Id,
    algorithm: String,
    issued_at: Seconds,
}

/// Meta writes ids as text, and sometimes as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(i64),
    Text(String),
}

impl SignedRequest {
    /// Reads one, if one of these secrets has signed it not too long ago.
    pub fn read(text: &str, secrets: &Secrets, now: DateTime<Utc>) -> Result<Self, NotTaken> {
        let (signature, payload) = text.trim().split_once('.').ok_or(NotTaken::Malformed)?;
        let signature: [u8; 32] = decoded(signature)?.try_into().map_err(|_| NotTaken::Malformed)?;
        // Before anything of it is read.
        let signed = secrets.signer(Signature::of(signature), payload.as_bytes());
        signed.map_err(|_| NotTaken::WrongSignature)?;
        let payload: Payload = serde_json::from_slice(&decoded(payload)?).map_err(|_| NotTaken::Malformed)?;
        if !payload.algorithm.eq_ignore_ascii_case(ALGORITHM) {
            return Err(NotTaken::WrongAlgorithm);
        }
        let (person, issued_at) = (payload.user_id.text()?, payload.issued_at.time()?);
        if issued_at + MAX_AGE < now {
            return Err(NotTaken::Expired);
        }
        if issued_at > now + CLOCKS_APART {
            return Err(NotTaken::FromTheFuture);
        }
        Ok(Self { person, issued_at, print: hex::encode(Sha256::digest(text.trim().trim_end_matches('='))) })
    }
}

impl Id {
    fn text(self) -> Result<String, NotTaken> {
        let text = match self {
            Id::Text(text) => text,
            Id::Number(number) => number.to_string(),
        };
        let is_id = !text.is_empty() && text.len() <= LONGEST_ID && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_id.then_some(text).ok_or(NotTaken::Malformed)
    }
}

impl Seconds {
    fn time(self) -> Result<DateTime<Utc>, NotTaken> {
        let seconds = match self {
            Seconds::Number(seconds) => Some(seconds),
            Seconds::Text(text) => text.parse().ok(),
        };
        // Years of four digits: further away than that, sums overflow.
        let time = seconds.filter(|seconds| (0..253_402_300_800).contains(seconds));
        time.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(NotTaken::Malformed)
    }
}

/// Some senders keep the padding.
fn decoded(text: &str) -> Result<Vec<u8>, NotTaken> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| NotTaken::Malformed)
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;

    use super::*;
    use crate::door::{Objects, Secret};

    const SECRET: &str = "meta_test_app_secret_0001";
    const PUBLISHED: &str = "cH628HobYGXTPOnAK1btwHuTRjGxjv7Kphd_H1GUsn0.\
        eyJ1c2VyX2lkIjoiMTIyMTAwMDAwMDAwMDAxIiwiYWxnb3JpdGhtIjoiSE1BQy1TSEEyNTYiLCJpc3N1ZWRfYXQiOjE3OTA4NTYwMDB9";

    fn secrets() -> Secrets {
        let only = Objects::Only(vec!["instagram".to_owned()]);
        let all = [Secret::new("meta", "another", Objects::Any), Secret::new("instagram", SECRET, only)];
        Secrets::new(all.into_iter().flatten())
    }

    fn signed(payload: &str, secret: &str) -> String {
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(payload.as_bytes());
        format!("{}.{payload}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    const ISSUED: i64 = 1_790_856_000;

    #[test]
    fn the_published_one_is_read() {
        let read = SignedRequest::read(PUBLISHED, &secrets(), at(ISSUED)).unwrap();
        assert_eq!((read.person.as_str(), read.issued_at), ("122100000000001", at(ISSUED)));
        let padded = PUBLISHED.replace('.', "=.") + "==";
        let (signature, payload) = padded.split_once('.').unwrap();
        assert_eq!(
            SignedRequest::read(&format!("{signature}.{payload}"), &secrets(), at(ISSUED)),
            Err(NotTaken::WrongSignature),
            "the padding of the payload is signed with it"
        );
    }

    #[test]
    fn padding_of_the_signature_and_numbers_are_taken() {
        let text = signed(r#"{"user_id":7,"algorithm":"hmac-sha256","issued_at":"1790856000"}"#, "another");
        let read = SignedRequest::read(&text.replacen('.', "=.", 1), &secrets(), at(ISSUED)).unwrap();
        assert_eq!(read.person, "7");
    }

    #[test]
    fn what_is_wrong_with_it_is_told_apart() {
        let good = |payload: &str| signed(payload, SECRET);
        let payload = r#"{"user_id":"7","algorithm":"HMAC-SHA256","issued_at":1790856000}"#;
        let cases = [
            (String::new(), NotTaken::Malformed),
            ("a.b.c".to_owned(), NotTaken::Malformed),
            (good(payload).replacen('.', "", 1), NotTaken::Malformed),
            (signed(payload, "not ours"), NotTaken::WrongSignature),
            (good(payload).replacen("ey", "eY", 1), NotTaken::WrongSignature),
            (good("no json"), NotTaken::Malformed),
            (good(r#"{"algorithm":"HMAC-SHA256","issued_at":1790856000}"#), NotTaken::Malformed),
            (good(r#"{"user_id":"","algorithm":"HMAC-SHA256","issued_at":1790856000}"#), NotTaken::Malformed),
            (good(r#"{"user_id":"7","algorithm":"HMAC-SHA256","issued_at":1e300}"#), NotTaken::Malformed),
            (good(r#"{"user_id":"7","algorithm":"none","issued_at":1790856000}"#), NotTaken::WrongAlgorithm),
            (good(&payload.replace("1790856000", "1790760000")), NotTaken::Expired),
            (good(&payload.replace("1790856000", "1790856301")), NotTaken::FromTheFuture),
            (good(&payload.replace("1790856000", "9223372036854775807")), NotTaken::Malformed),
        ];
        for (text, wanted) in cases {
            assert_eq!(SignedRequest::read(&text, &secrets(), at(ISSUED)), Err(wanted), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_is_taken(text in ".*", payload in ".*") {
            prop_assert!(SignedRequest::read(&text, &secrets(), at(ISSUED)).is_err());
            prop_assert!(SignedRequest::read(&signed(&payload, SECRET), &secrets(), at(ISSUED)).is_err());
        }
    }
}
