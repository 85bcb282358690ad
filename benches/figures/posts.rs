//! Webhooks as Meta sends them, made and signed before the clock starts.

use std::collections::BTreeMap;
use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Signs what is sent.
pub(crate) const APP_SECRET: &str = "app-secret-of-the-figures-0123456789";
/// Where it is sent.
pub(crate) const PATH: &str = "/webhooks/meta";

/// How Meta's message ids begin; with what follows they are as long as Meta's.
pub(crate) const MID: &str =
    "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAwMTozNDAyODIzNjY4NDE3MTAzMDEyNDQyNTk";

/// One direct message.
#[derive(Clone, Debug)]
pub(crate) struct Dm {
    /// To which shop, from 1.
    pub(crate) shop: usize,
    /// From which of its customers.
    pub(crate) customer: usize,
    /// Different for every message.
    pub(crate) number: usize,
    /// When, in Unix milliseconds.
    pub(crate) at_ms: i64,
    /// The words.
    pub(crate) text: String,
}

/// Meta's id of a shop's account.
pub(crate) fn account(shop: usize) -> usize {
    17_841_400_000_000_000 + shop
}

/// A whole request with these messages, signed.
pub(crate) fn request(dms: &[Dm]) -> Vec<u8> {
    let body = body(dms);
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: shop.example\r\nuser-agent: facebookexternalua\r\n\
         content-type: application/json\r\nx-hub-signature-256: sha256={signature}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

/// One entry an account, as Meta groups them.
fn body(dms: &[Dm]) -> String {
    let mut accounts: BTreeMap<usize, Vec<&Dm>> = BTreeMap::new();
    for dm in dms {
        accounts.entry(dm.shop).or_default().push(dm);
    }
    let entry = |(shop, dms): (&usize, &Vec<&Dm>)| {
        let items: Vec<String> = dms.iter().map(|dm| item(dm)).collect();
        let time = dms.iter().map(|dm| dm.at_ms).max().unwrap_or_default();
        format!(r#"{{"time":{time},"id":"{}","messaging":[{}]}}"#, account(*shop), items.join(","))
    };
    let entries: Vec<String> = accounts.iter().map(entry).collect();
    format!(r#"{{"object":"instagram","entry":[{}]}}"#, entries.join(","))
}

/// The number of the message whose id ends a text or stands in it last, as in a key of the inbox.
pub(crate) fn number_in(text: &str) -> Option<usize> {
    let from = text.rfind(MID)? + MID.len();
    text.get(from..from + 20)?.parse().ok()
}

fn item(dm: &Dm) -> String {
    let mut item = String::with_capacity(400);
    let (account, customer) = (account(dm.shop), 5_600_000_000_000_000 + dm.customer);
    let mid = format!(
        "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAwMTozNDAyODIzNjY4NDE3MTAzMDEyNDQyNTk{:020}ZD",
        dm.number
    );
    write!(
        item,
        r#"{{"sender":{{"id":"{customer}"}},"recipient":{{"id":"{account}"}},"timestamp":{},"message":{{"mid":"{mid}","text":"{}"}}}}"#,
        dm.at_ms, dm.text
    )
    .expect("writing to a String does not fail");
    item
}
