//! Signatures of the Standard Webhooks: HMAC-SHA256 over name, time and body. A secret is shown as `whsec_` and base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::vault::{Secret, VaultError};

const PREFIX: &str = "whsec_";
const SECRET_BYTES: usize = 32;

/// A new secret, as it is shown.
pub(super) fn new_secret() -> Result<Secret, VaultError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
    Ok(Secret::from(format!("{PREFIX}{}", STANDARD.encode(bytes))))
}

/// What the header says: a signature by each secret, so that a receiver who knows one of them is content.
pub(super) fn signatures(secrets: &[Secret], name: &str, at: i64, body: &[u8]) -> String {
    let all: Vec<String> = secrets.iter().map(|secret| signature(secret, name, at, body)).collect();
    all.join(" ")
}

fn signature(secret: &Secret, name: &str, at: i64, body: &[u8]) -> String {
    let shown = secret.expose();
    let key = STANDARD.decode(shown.strip_prefix(PREFIX).unwrap_or(shown)).unwrap_or_default();
    let keyed = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
    let signed = keyed.chain_update(format!("{name}.{at}.")).chain_update(body).finalize();
    format!("v1,{}", STANDARD.encode(signed.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const OLD: &str = "whsec_Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

    /// Computed with `printf '%s' 'evt_7_9.1800000000.{"type":"ping"}' | openssl dgst -sha256 -mac HMAC
    /// -macopt hexkey:000102...1f -binary | base64`.
    #[test]
    fn a_signature_is_as_others_compute_it() {
        let body = br#"{"type":"ping"}"#;
        let by = |secrets: &[&str]| {
            let secrets: Vec<Secret> = secrets.iter().copied().map(Secret::from).collect();
            signatures(&secrets, "evt_7_9", 1_800_000_000, body)
        };
        assert_eq!(by(&[OURS]), "v1,9aThNs+vkWsgKvN8W+Er5CIvARdUs+ZY7ieH+GEg7og=");
        assert_eq!(
            by(&[OURS, OLD]),
            "v1,9aThNs+vkWsgKvN8W+Er5CIvARdUs+ZY7ieH+GEg7og= v1,EOzr2T7d8/Oxm0nY1W/U6Pic7LlwPJBEdLP1EQYtg7M="
        );
    }

    #[test]
    fn a_secret_is_new_each_time_and_has_256_bits() {
        let [one, other] = [new_secret().unwrap(), new_secret().unwrap()];
        assert!(one != other);
        let bytes = STANDARD.decode(one.expose().strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(bytes.len(), 32);
    }
}
