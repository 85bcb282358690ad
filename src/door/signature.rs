//! Who signed a webhook: HMAC-SHA256 over the bytes as they came, against the candidate secrets.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const PREFIX: &[u8] = b"sha256=";

/// A signature as the `X-Hub-Signature-256` header has it.
#[derive(Clone, Copy, Debug)]
pub struct Signature([u8; 32]);

impl Signature {
    /// One that came in another way than in the header.
    pub(super) fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The signature in the header's value, which is `sha256=` and 64 lowercase hex digits and nothing else.
    pub fn parse(header: Option<&[u8]>) -> Result<Self, Refusal> {
        let header = header.ok_or(Refusal::NotSigned)?;
        let digits = header.strip_prefix(PREFIX).ok_or(Refusal::Malformed)?;
        if digits.iter().any(u8::is_ascii_uppercase) {
            return Err(Refusal::Malformed);
        }
        let mut signature = [0; 32];
        hex::decode_to_slice(digits, &mut signature).map_err(|_| Refusal::Malformed)?;
        Ok(Self(signature))
    }
}

/// Why a webhook is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not signed, or with SHA-1 only.
    #[error("no x-hub-signature-256 header")]
    NotSigned,
    /// The header is not as Meta writes it.
    #[error("the x-hub-signature-256 header is malformed")]
    Malformed,
    /// None of our secrets made the signature.
    #[error("no secret fits the signature")]
    WrongSignature,
    /// The secret that made the signature may not sign for this object.
    #[error("the secret may not sign for this object")]
    WrongObject,
}

/// For which objects (`instagram`, `page`, ...) a secret may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objects {
    /// For all of them.
    Any,
    /// For these.
    Only(Vec<String>),
}

impl Objects {
    /// These and those.
    fn and(self, others: Objects) -> Objects {
        match (self, others) {
            (Objects::Only(these), Objects::Only(those)) => Objects::Only([these, those].concat()),
            _ => Objects::Any,
        }
    }
}

/// An app's secret under the label it is spoken of with. Only the keyed hash is kept.
#[derive(Clone)]
pub struct Secret {
    label: String,
    keyed: Hmac<Sha256>,
    objects: Objects,
}

impl Secret {
    /// The secret of an app; none if it is empty, since anybody can sign with nothing.
    pub fn new(label: impl Into<String>, secret: &str, objects: Objects) -> Option<Self> {
        let keyed = Hmac::new_from_slice(secret.as_bytes()).ok()?;
        (!secret.is_empty()).then(|| Self { label: label.into(), keyed, objects })
    }

    fn is_same(&self, other: &Secret) -> bool {
        self.keyed.clone().verify_slice(&other.keyed.clone().finalize().into_bytes()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("label", &self.label).field("objects", &self.objects).finish_non_exhaustive()
    }
}

/// The secrets that may have signed a webhook.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<Secret>);

/// A body that one of our secrets signed.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The label of the secret.
    pub label: &'a str,
    objects: &'a Objects,
}

impl Signed<'_> {
    /// Whether the secret may sign for this object.
    pub fn may_sign(&self, object: &str) -> bool {
        match self.objects {
            Objects::Any => true,
            Objects::Only(names) => names.iter().any(|name| name == object),
        }
    }
}

impl Secrets {
    /// These secrets, tried in this order. One that stands there under two labels signs for the objects of both: an app
    /// for Instagram and Pages may well be one app.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut distinct: Vec<Secret> = Vec::new();
        for secret in secrets {
            match distinct.iter_mut().find(|known| known.is_same(&secret)) {
                Some(known) => known.objects = known.objects.clone().and(secret.objects),
                None => distinct.push(secret),
            }
        }
        Self(distinct)
    }

    /// What they are spoken of with.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|secret| secret.label.as_str())
    }

    /// Who signed `body`, by the value of its `X-Hub-Signature-256` header.
    pub fn verify(&self, header: Option<&[u8]>, body: &[u8]) -> Result<Signed<'_>, Refusal> {
        self.signer(Signature::parse(header)?, body)
    }

    /// Which of the secrets made `signature` over `body`.
    pub fn signer(&self, signature: Signature, body: &[u8]) -> Result<Signed<'_>, Refusal> {
        let made_it = |secret: &&Secret| secret.keyed.clone().chain_update(body).verify_slice(&signature.0).is_ok();
        let secret = self.0.iter().find(made_it).ok_or(Refusal::WrongSignature)?;
        Ok(Signed { label: &secret.label, objects: &secret.objects })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "meta_test_app_secret_0001";
    const WIRE: &[u8] = include_bytes!("../../tests/samples/instagram/message_text_raw_wire.json");
    const WIRE_SIGNED: &str = "sha256=99eefd08f09068722d8d8c891a9b4b69696139b3487d6676131d97d65a11140c";

    fn secrets() -> Secrets {
        let other = Secret::new("facebook", "another", Objects::Any);
        let ours = Secret::new("instagram", SECRET, Objects::Only(vec!["instagram".to_owned()]));
        Secrets::new([other, ours].into_iter().flatten())
    }

    #[test]
    fn bodies_signed_as_meta_signs_are_accepted() {
        let empty = "sha256=e342c5632fcc536302330ea584835c431989b120f2f3548a4a18a6f57a51ef55";
        let small = "sha256=0888657a200a3e5dd72e05a635a81ef483146ffc7e994c862adae3d1d7bb02ef";
        for (body, header) in [(WIRE, WIRE_SIGNED), (b"", empty), (br#"{"object":"instagram","entry":[]}"#, small)] {
            let secrets = secrets();
            let signed = secrets.verify(Some(header.as_bytes()), body).unwrap();
            assert_eq!(signed.label, "instagram");
            assert!(signed.may_sign("instagram") && !signed.may_sign("page"));
        }
    }

    #[test]
    fn one_secret_under_two_labels_signs_for_both() {
        let of = |label: &str, objects| Secret::new(label, SECRET, objects);
        let only = |object: &str| Objects::Only(vec![object.to_owned()]);
        let may_sign = |secrets: [Option<Secret>; 2]| {
            let secrets = Secrets::new(secrets.into_iter().flatten());
            let signed = secrets.verify(Some(WIRE_SIGNED.as_bytes()), WIRE).unwrap();
            ["instagram", "page", "user"].map(|object| signed.may_sign(object))
        };
        assert_eq!(may_sign([of("a", only("instagram")), of("b", only("page"))]), [true, true, false]);
        assert_eq!(may_sign([of("a", only("instagram")), of("b", Objects::Any)]), [true; 3]);
        assert_eq!(may_sign([of("a", only("instagram")), Secret::new("b", "x", Objects::Any)]), [true, false, false]);
    }

    #[test]
    fn a_body_written_anew_does_not_verify() {
        let value: serde_json::Value = serde_json::from_slice(WIRE).unwrap();
        let rewritten = serde_json::to_vec(&value).unwrap();
        let refusal = secrets().verify(Some(WIRE_SIGNED.as_bytes()), &rewritten).unwrap_err();
        assert_eq!(refusal, Refusal::WrongSignature);
    }

    #[test]
    fn only_the_exact_form_of_the_header_counts() {
        let digits = &WIRE_SIGNED[7..];
        let forms = [
            "",
            "sha256=",
            digits,
            "sha1=6ac1507be4a869237e61a4351ba172a24529e0dc",
            &format!("SHA256={digits}"),
            &format!("sha256={}", digits.to_uppercase()),
            &format!("sha256={}", &digits[1..]),
            &format!("sha256={digits}0"),
            &format!("sha256={digits} "),
            &format!(" sha256={digits}"),
            &format!("sha256={}g", &digits[1..]),
            &format!("sha256={digits},sha256={digits}"),
        ];
        for form in forms {
            let refusal = secrets().verify(Some(form.as_bytes()), WIRE).unwrap_err();
            assert_eq!(refusal, Refusal::Malformed, "{form}");
        }
        assert_eq!(secrets().verify(None, WIRE).unwrap_err(), Refusal::NotSigned);
        assert_eq!(secrets().verify(Some(b"sha256=\xff\xfe"), WIRE).unwrap_err(), Refusal::Malformed);
    }

    #[test]
    fn an_empty_secret_is_none_and_no_secret_is_shown() {
        assert!(Secret::new("x", "", Objects::Any).is_none());
        assert!(!format!("{:?}", secrets()).contains(SECRET));
        assert!(Secrets::default().verify(Some(WIRE_SIGNED.as_bytes()), WIRE).is_err());
    }
}
