//! Signs webhook bodies as Meta does: HMAC-SHA256 of the bytes on the wire, with the app's secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of `X-Hub-Signature-256` for a body.
pub(super) fn sign(app_secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "meta_test_app_secret_0001";
    const RAW_WIRE: &[u8] = include_bytes!("../../tests/samples/instagram/message_text_raw_wire.json");

    #[test]
    fn signs_the_published_vectors() {
        let vectors: [(&[u8], &str); 3] = [
            (RAW_WIRE, "99eefd08f09068722d8d8c891a9b4b69696139b3487d6676131d97d65a11140c"),
            (
                br#"{"object":"instagram","entry":[]}"#,
                "0888657a200a3e5dd72e05a635a81ef483146ffc7e994c862adae3d1d7bb02ef",
            ),
            (b"", "e342c5632fcc536302330ea584835c431989b120f2f3548a4a18a6f57a51ef55"),
        ];
        for (body, expected) in vectors {
            assert_eq!(sign(SECRET, body), format!("sha256={expected}"));
        }
    }

    #[test]
    fn a_body_written_back_without_escapes_has_another_signature() {
        let text = std::str::from_utf8(RAW_WIRE).unwrap();
        let unescaped = text
            .replace("\\u00a1", "\u{a1}")
            .replace("\\u2764", "\u{2764}")
            .replace("\\ufe0f", "\u{fe0f}")
            .replace("\\/", "/");
        assert_eq!((RAW_WIRE.len(), unescaped.len()), (356, 342));
        let expected = "sha256=d392fc8a6e14aad4c545cc04e019cd479cd5c0107987c75082d1fecd2aaa6c02";
        assert_eq!(sign(SECRET, unescaped.as_bytes()), expected);
    }
}
