//! The door over bodies as Meta sends them, and over bodies that nobody should send.

mod cutting;
mod hostile;
mod keys;
mod samples;
mod shapes;
mod summary;
mod whatsapp;

use std::fs;

use actors::domain::event::{Arrival, Happening, Said, StoredEvent};
use actors::domain::ids::EventSeq;
use chrono::{DateTime, Utc};

use super::{cut, decode};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_856_100, 0).unwrap()
}

fn body(name: &str) -> Vec<u8> {
    fs::read(format!("{}/tests/samples/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn sample(name: &str) -> Vec<Arrival> {
    cut(&body(name), now())
}

fn only<T: std::fmt::Debug>(mut found: Vec<T>) -> T {
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn stored(arrival: Arrival) -> StoredEvent {
    StoredEvent {
        seq: EventSeq(1),
        account: arrival.account,
        key: arrival.key,
        source: arrival.source,
        kind: arrival.kind,
        customer: arrival.customer,
        happened_at: arrival.happened_at,
        raw: arrival.raw,
        attempts: 0,
        preset: None,
    }
}

/// The only event in a body, and what it means; the door must have ledgered what means nothing, and nothing else.
fn decoded(body: &str) -> (StoredEvent, Result<Happening, actors::domain::outcome::Reason>) {
    let arrival = only(cut(body.as_bytes(), now()));
    let ledgered = arrival.ledgered;
    let event = stored(arrival);
    let happening = decode(&event);
    assert_eq!(happening.as_ref().err().copied(), ledgered, "{body}");
    (event, happening)
}

fn said(body: &str) -> Said {
    match decoded(body).1 {
        Ok(Happening::Said(said)) => said,
        other => panic!("{body}: {other:?}"),
    }
}

/// An envelope of one Instagram account around these items.
fn envelope(items: &[&str]) -> String {
    let items = items.join(",");
    format!(r#"{{"object":"instagram","entry":[{{"id":"17841","time":1790856000900,"messaging":[{items}]}}]}}"#)
}

/// An item from a customer to that account with these members.
fn item(members: &str) -> String {
    format!(r#"{{"sender":{{"id":"561"}},"recipient":{{"id":"17841"}},"timestamp":1790856000000,{members}}}"#)
}

fn message(mid: &str, text: &str) -> String {
    item(&format!(r#""message":{{"mid":"{mid}","text":"{text}"}}"#))
}

/// A WhatsApp change of one number with these further members of its value.
fn whatsapp(members: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1100","changes":[{{"field":"messages","value":{{"messaging_product":"whatsapp","metadata":{{"phone_number_id":"1065"}},{members}}}}}]}}]}}"#
    )
}

/// A WhatsApp message from a customer with these members.
fn whatsapp_message(members: &str) -> String {
    whatsapp(&format!(r#""messages":[{{"from":"155","id":"wamid.1","timestamp":"1790856000",{members}}}]"#))
}
