//! One request to the address, and what came of it. Nothing here judges.

use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use sha2::Sha256;
use tokio::time::Instant;
use url::Url;

use crate::vault::Secret;
use crate::webhooks_out::{NotAllowed, SenderSettings, client};

/// What is read of an answer.
const ANSWER_LIMIT_BYTES: usize = 16 << 10;

/// What was answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    pub(super) took: Duration,
}

/// Why nothing was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It took too long.
    Late,
    /// The name leads into a private network, or to this machine.
    Inside,
    /// Nobody has this name.
    NoName,
    /// What is shown there is no certificate that can be trusted.
    Certificate,
    /// Nobody takes connections there.
    NoConnection,
    /// The connection ended before there was an answer.
    Broken,
}

impl Failure {
    /// Whether no other request can fare better.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self, Self::Late | Self::Broken)
    }
}

/// What came of a request.
pub(super) type Tried = Result<Answer, Failure>;

/// Makes requests to one address.
pub(super) struct Wire<'a> {
    client: Client,
    url: &'a Url,
}

impl<'a> Wire<'a> {
    pub(super) fn new(url: &'a Url, (timeout, allow_loopback): (Duration, bool)) -> Result<Self, reqwest::Error> {
        Ok(Self { client: client(SenderSettings { timeout, allow_loopback })?, url })
    }

    /// Asks whether the address knows this token.
    pub(super) async fn shake_hands(&self, token: &str, challenge: &str) -> Tried {
        let asked = [("hub.mode", "subscribe"), ("hub.challenge", challenge), ("hub.verify_token", token)];
        tried(self.client.get(self.url.clone()).query(&asked)).await
    }

    /// Sends a body, signed or not.
    pub(super) async fn send(&self, body: &[u8], signature: Option<&str>) -> Tried {
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        if let Some(signature) = signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        tried(request.body(body.to_vec())).await
    }
}

/// What Meta writes into the header for this body.
pub(super) fn signature(secret: &Secret, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes a key of any length");
    let mut text = "sha256=".to_owned();
    for byte in mac.chain_update(body).finalize().into_bytes() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

async fn tried(request: RequestBuilder) -> Tried {
    let begun = Instant::now();
    let mut response = request.send().await.map_err(|error| failure(&error))?;
    let status = response.status();
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (content_type, mut body) = (content_type.to_ascii_lowercase(), Vec::new());
    while body.len() < ANSWER_LIMIT_BYTES {
        match response.chunk().await.map_err(|error| failure(&error))? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok(Answer { status, content_type, body, took: begun.elapsed() })
}

/// Which it is. Its own text is not used: it names the address with all that is asked, and so the token.
fn failure(error: &reqwest::Error) -> Failure {
    let mut cause: Option<&dyn Error> = error.source();
    let mut words = String::new();
    while let Some(known) = cause {
        if known.downcast_ref::<NotAllowed>().is_some() {
            return Failure::Inside;
        }
        words.push_str(&known.to_string().to_lowercase());
        cause = known.source();
    }
    match () {
        () if error.is_timeout() => Failure::Late,
        () if words.contains("certificate") => Failure::Certificate,
        () if words.contains("dns") || words.contains("lookup") => Failure::NoName,
        () if error.is_connect() => Failure::NoConnection,
        () => Failure::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_meta_does() {
        let secret = Secret::from("meta_test_app_secret_0001");
        let signed = signature(&secret, br#"{"object":"instagram","entry":[]}"#);
        assert_eq!(signed, "sha256=0888657a200a3e5dd72e05a635a81ef483146ffc7e994c862adae3d1d7bb02ef");
    }
}
