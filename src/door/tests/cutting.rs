//! Bodies cut into events: whole, batched, odd, and no bodies at all.

use actors::domain::channel::Account;
use actors::domain::outcome::Reason;

use super::super::{Objects, Refusal, Secret, Secrets, admit};
use super::*;

#[test]
fn whatsapp_messages_and_statuses_come_apart_and_stay_whole() {
    let arrivals = sample("whatsapp/batch_mixed");
    let kinds: Vec<_> = arrivals.iter().map(|arrival| (arrival.kind.as_str(), arrival.account.id())).collect();
    let (one, other) = ("106540350000001", "106540350000002");
    assert_eq!(kinds[..4], [("status", one), ("status", one), ("message", one), ("message", one)]);
    assert_eq!(kinds[4], ("message", other));
    assert!(arrivals[0].key.starts_with("status:wamid.") && arrivals[0].key.ends_with(":read"));
    assert_eq!(arrivals[2].customer.as_deref(), Some("US.13490000000000000001"));
    let alone: serde_json::Value = serde_json::from_slice(&arrivals[3].raw).unwrap();
    assert_eq!(alone["field"], "messages");
    assert_eq!(alone["value"]["messages"][0]["text"]["body"], "and a red cap");
    assert_eq!(alone["value"]["contacts"][0]["profile"]["name"], "Ana Buyer");
    assert_eq!(only(sample("whatsapp/smb_message_echo")).kind, "echo");
}

#[test]
fn a_batch_of_a_thousand_events_is_cut_in_order() {
    let items: Vec<_> = (0..1000).map(|number| message(&format!("m{number}"), "hi")).collect();
    let items: Vec<_> = items.iter().map(String::as_str).collect();
    let keys: Vec<_> = cut(envelope(&items).as_bytes(), now()).into_iter().map(|arrival| arrival.key).collect();
    assert_eq!(keys, (0..1000).map(|number| format!("message:m{number}")).collect::<Vec<_>>());
}

#[test]
fn a_body_with_absurdly_many_items_is_kept_in_one_piece() {
    let body = envelope(&vec!["{}"; 100_000]);
    let arrival = only(cut(body.as_bytes(), now()));
    assert_eq!((arrival.kind.as_str(), arrival.raw.len()), ("unreadable_body", body.len()));
}

#[test]
fn a_body_that_is_no_envelope_is_kept_once() {
    for body in [&b""[..], b"hello", b"7", b"null", b"\"{}\"", b"{", b"{}{}", b"\xff\xfe", b"{\"object\":", b"[{}"] {
        let arrival = only(cut(body, now()));
        assert_eq!(arrival.kind, "unreadable_body", "{body:?}");
        assert_eq!((arrival.account, arrival.ledgered), (Account::unreadable(), Some(Reason::UnreadableBody)));
        assert!(arrival.key.starts_with("unreadable_body:"));
        assert_eq!(arrival.raw, body);
    }
}

#[test]
fn nothing_of_an_odd_envelope_is_lost() {
    for (body, kinds) in [
        ("[]", &["object:"][..]),
        (r#"{"object":"instagram","entry":[]}"#, &["object:instagram"]),
        (r#"{"object":"instagram","entry":null}"#, &["object:instagram"]),
        (r#"{"object":"instagram","entry":[{"id":"1","messaging":[]}]}"#, &["entry_without_events"]),
        (r#"{"object":"instagram","entry":[{"id":"1","messaging":null}]}"#, &["entry_without_events"]),
        (r#"{"object":"instagram","entry":[{"id":"1","messaging":[],"changed_fields":["x"]}]}"#, &["unknown_entry"]),
        (r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[]}]}"#, &["entry_without_events"]),
        (
            r#"{"entry":[{"messaging":[{"optin":{}}]}],"object":"instagram","entry":[{"messaging":[{"read":{}}]}]}"#,
            &["optin", "read"],
        ),
        ("{}", &["object:"]),
        (r#"{"object":"instagram"}"#, &["object:instagram"]),
        (r#"{"object":"permissions","entry":[{"id":"1"},{"id":"2"}]}"#, &["object:permissions", "object:permissions"]),
        (r#"[7,{"object":"user","entry":[1]}]"#, &["unreadable", "object:user"]),
        (r#"{"object":"instagram","entry":{"id":"1"}}"#, &["unreadable"]),
        (r#"{"object":"instagram","entry":[7,{"id":"1","changed_fields":["x"]}]}"#, &["unreadable", "unknown_entry"]),
        (r#"{"object":"instagram","entry":[{"id":"1","messaging":{}}]}"#, &["unreadable"]),
        (r#"{"object":"instagram","entry":[{"id":"1","\ud800":1,"messaging":[{"optin":{}}]}]}"#, &["optin"]),
    ] {
        let arrivals = cut(body.as_bytes(), now());
        assert_eq!(arrivals.iter().map(|arrival| arrival.kind.as_str()).collect::<Vec<_>>(), kinds, "{body}");
        assert!(arrivals.iter().all(|arrival| arrival.ledgered.is_some()), "{body}");
    }
}

#[test]
fn an_entry_without_an_id_is_told_by_its_recipient() {
    let body = envelope(&[&message("m1", "hi")]).replace(r#""id":"17841","time""#, r#""time""#);
    assert_eq!(only(cut(body.as_bytes(), now())).account.as_str(), "instagram:17841");
}

#[test]
fn columns_are_never_flooded() {
    let long = "9".repeat(5000);
    let body = envelope(&[&message(&long, "hi").replace("561", &long)])
        .replace(r#""id":"17841""#, &format!(r#""id":"{long}""#));
    let arrival = only(cut(body.as_bytes(), now()));
    assert!(arrival.key.len() <= 255 && arrival.account.as_str().len() <= 255);
    assert!(arrival.customer.unwrap().len() <= 255);
    let object = format!(r#"{{"object":"{long}","entry":[1]}}"#);
    assert!(only(cut(object.as_bytes(), now())).kind.len() <= 100);
}

#[test]
fn a_secret_signs_for_its_own_objects_only() {
    let secret = Secret::new("instagram", "s", Objects::Only(vec!["instagram".to_owned()]));
    let secrets = Secrets::new(secret);
    let body = envelope(&[&message("m1", "hi")]);
    let header = |body: &str| {
        use hmac::{Hmac, KeyInit, Mac};
        let mac = Hmac::<sha2::Sha256>::new_from_slice(b"s").unwrap().chain_update(body);
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    };
    let page = format!(r#"[{body},{}]"#, body.replace("instagram", "page"));
    let signed = secrets.verify(Some(header(&body).as_bytes()), body.as_bytes()).unwrap();
    assert_eq!(admit(&signed, body.as_bytes(), now()).unwrap().arrivals.len(), 1);
    let signed = secrets.verify(Some(header(&page).as_bytes()), page.as_bytes()).unwrap();
    assert_eq!(admit(&signed, page.as_bytes(), now()).unwrap_err(), Refusal::WrongObject);
}
