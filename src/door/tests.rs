//! The door over bodies as Meta sends them, and over bodies that nobody should send.

use std::fs;

use actors::domain::channel::Account;
use actors::domain::event::{Arrival, Echo, Happening, Said, StoredEvent};
use actors::domain::ids::EventSeq;
use actors::domain::outcome::Reason;
use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::{Objects, Refusal, Secret, Secrets, admit, cut, decode};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_856_100, 0).unwrap()
}

fn samples(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = format!("{}/tests/samples/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let name = |file: &std::path::Path| file.file_stem().unwrap().to_str().unwrap().to_owned();
    files.iter().map(|file| (name(file), fs::read(file).unwrap())).collect()
}

fn sample(name: &str) -> Vec<Arrival> {
    let file = format!("{}/tests/samples/{name}.json", env!("CARGO_MANIFEST_DIR"));
    cut(&fs::read(file).unwrap(), now())
}

fn only(mut arrivals: Vec<Arrival>) -> Arrival {
    assert_eq!(arrivals.len(), 1, "{arrivals:#?}");
    arrivals.remove(0)
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
    }
}

fn said(name: &str) -> Said {
    match decode(&stored(only(sample(name)))) {
        Ok(Happening::Said(said)) => said,
        other => panic!("{name}: {other:?}"),
    }
}

/// An envelope of Ada's account around these items.
fn envelope(items: &[&str]) -> String {
    let items = items.join(",");
    format!(r#"{{"object":"instagram","entry":[{{"id":"17841","time":1790856000900,"messaging":[{items}]}}]}}"#)
}

fn message(mid: &str, text: &str) -> String {
    format!(
        r#"{{"sender":{{"id":"561"}},"recipient":{{"id":"17841"}},"timestamp":1790856000000,"message":{{"mid":"{mid}","text":"{text}"}}}}"#
    )
}

#[test]
fn every_sample_is_cut_and_what_is_to_be_acted_on_decodes() {
    for folder in ["instagram", "page", "whatsapp"] {
        for (name, body) in samples(folder) {
            let arrivals = cut(&body, now());
            assert!(!arrivals.is_empty(), "{folder}/{name}");
            if name == "entry_empty" {
                assert_eq!(only(arrivals).kind, "object:instagram");
                continue;
            }
            for arrival in arrivals {
                assert!(
                    arrival.key.starts_with(&arrival.kind) || arrival.kind.ends_with("echo"),
                    "{name}: {}",
                    arrival.key
                );
                assert_ne!(arrival.kind, "unreadable", "{name}");
                assert_eq!(arrival.account.channel().unwrap().name(), folder.replace("page", "messenger"));
                let acted_on = arrival.ledgered.is_none();
                let raw = String::from_utf8(arrival.raw.clone()).unwrap();
                assert_eq!(decode(&stored(arrival)).is_ok(), acted_on, "{name}: {raw}");
            }
        }
    }
}

#[test]
fn instagram_events_get_their_kind_key_and_customer() {
    const M: &str = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAx0";
    let customer = Some("5614879000000001");
    for (name, kind, key, customer) in [
        ("message_text", "message", format!("message:{M}001ZDZD"), customer),
        ("message_image", "message", format!("message:{M}012ZDZD"), customer),
        ("message_quick_reply", "message", format!("message:{M}003ZDZD"), customer),
        ("message_numeric_ids", "message", format!("message:{M}084ZDZD"), customer),
        ("batch_array_wrapper", "message", format!("message:{M}083ZDZD"), customer),
        ("message_echo_app", "echo", format!("message:{M}030ZDZD"), customer),
        ("postback_icebreaker", "postback", format!("postback:{M}040ZDZD"), customer),
        ("changes_messaging_postbacks", "postback", format!("postback:{M}043ZDZD"), customer),
        ("message_deleted", "deleted", format!("deleted:{M}001ZDZD"), customer),
        ("message_edit", "edit", format!("edit:{M}001ZDZD:1"), customer),
        ("message_edit_num_int", "edit", format!("edit:{M}001ZDZD:2"), customer),
        (
            "reaction_react",
            "reaction",
            format!("reaction:{M}030ZDZD:5614879000000001:react:\u{2764}\u{fe0f}:1790856020000"),
            customer,
        ),
        (
            "reaction_unreact",
            "reaction",
            format!("reaction:{M}030ZDZD:5614879000000001:unreact::1790856021000"),
            customer,
        ),
        ("standby_message", "standby_message", format!("standby_message:{M}050ZDZD"), customer),
        ("message_self_echo", "self_message", format!("self_message:{M}034ZDZD"), Some("5614879000000999")),
        ("message_self_postback", "self_postback", format!("self_postback:{M}035ZDZD"), Some("17841400000000001")),
        ("changes_comments", "change:comments", "change:comments:17887000000000060".to_owned(), customer),
        ("comments_flat_entry", "change:comments", "change:comments:17887000000000066".to_owned(), customer),
    ] {
        let arrival = only(sample(&format!("instagram/{name}")));
        assert_eq!(
            (arrival.kind.as_str(), &arrival.key, arrival.customer.as_deref()),
            (kind, &key, customer),
            "{name}"
        );
        assert_eq!(arrival.account.as_str(), "instagram:17841400000000001", "{name}");
        let expected = match kind {
            "message" | "echo" | "postback" => None,
            _ => Some(Reason::NotYetHandled),
        };
        assert_eq!(arrival.ledgered, expected, "{name}");
    }
}

#[test]
fn kinds_without_an_id_of_their_own_are_told_apart_by_what_they_say() {
    for (name, kind) in [
        ("instagram/postback_without_mid", "postback"),
        ("instagram/referral_igme", "referral"),
        ("instagram/seen", "read"),
        ("instagram/optin", "optin"),
        ("instagram/handover_pass_thread_control", "handover"),
        ("instagram/event_without_known_key", "unknown"),
        ("instagram/entry_without_events", "entry_without_events"),
        ("instagram/changes_story_insights", "change:story_insights"),
        ("page/delivery", "delivery"),
        ("page/handover_app_roles", "handover"),
        ("page/policy_enforcement", "policy"),
        ("page/feed_comment_add", "change:feed"),
        ("whatsapp/user_id_update", "change:user_id_update"),
    ] {
        let arrival = only(sample(name));
        assert_eq!(arrival.kind, kind, "{name}");
        assert_eq!(arrival.key.len(), kind.len() + 1 + 64, "{name}: {}", arrival.key);
        assert_eq!(arrival.key, only(sample(name)).key, "{name}");
    }
}

#[test]
fn the_dashboards_test_button_goes_to_the_ledger() {
    for name in ["changes_messages_dashboard_test", "messaging_dashboard_test"] {
        let arrival = only(sample(&format!("instagram/{name}")));
        assert_eq!(arrival.ledgered, Some(Reason::DashboardTest));
        assert_eq!(arrival.account.as_str(), "instagram:0");
        assert_eq!(arrival.key, "message:random_mid");
        assert_eq!(decode(&stored(arrival)), Err(Reason::DashboardTest));
    }
}

#[test]
fn times_of_both_units_mean_the_same() {
    let seconds = only(sample("instagram/message_timestamp_seconds")).happened_at;
    assert_eq!(seconds, only(sample("instagram/message_text")).happened_at);
    assert_eq!(only(sample("instagram/changes_comments")).happened_at, seconds);
}

#[test]
fn customers_words_are_read() {
    let text = said("instagram/message_text_raw_wire");
    assert_eq!(text.text.unwrap(), "\u{a1}Hola! 2 camisas \u{2764}\u{fe0f} https://shop.example/p/1");
    let reply = said("instagram/message_quick_reply");
    assert_eq!(
        (reply.text.as_deref(), reply.payload.as_deref()),
        (Some("Yes, confirm"), Some("ORDER_CONFIRM:ord_7f3a"))
    );
    let pressed = said("instagram/postback_without_mid");
    assert_eq!(
        (pressed.mid, pressed.text.unwrap(), pressed.payload.unwrap()),
        (None, "icebreaker question".into(), "get_started".into())
    );
    assert_eq!(said("instagram/changes_messaging_postbacks").payload.unwrap(), "ORDER:LIN-BLU-M:1");
    for (name, attachments) in [
        ("message_multi_image", &["image", "image", "video"][..]),
        ("message_unknown_future_attachment", &["hologram_v9"]),
        ("message_unsupported", &["unsupported"]),
        ("message_like_heart", &["like_heart"]),
        ("message_text", &[]),
    ] {
        assert_eq!(said(&format!("instagram/{name}")).attachments, attachments, "{name}");
    }
}

#[test]
fn the_sellers_own_words_are_echoes() {
    let echo = decode(&stored(only(sample("instagram/message_echo_product_template")))).unwrap();
    let mid = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAx0033ZDZD".to_owned();
    assert_eq!(echo, Happening::Echo(Echo { mid, text: None, attachments: vec!["template".to_owned()] }));
}

#[test]
fn whatsapp_messages_and_statuses_come_apart_and_stay_whole() {
    let arrivals = sample("whatsapp/batch_mixed");
    let kinds: Vec<_> = arrivals.iter().map(|arrival| (arrival.kind.as_str(), arrival.account.id())).collect();
    let (one, other) = ("106540350000001", "106540350000002");
    assert_eq!(kinds[..4], [("status", one), ("status", one), ("message", one), ("message", one)]);
    assert_eq!(kinds[4], ("message", other));
    assert!(arrivals[0].key.starts_with("status:wamid.") && arrivals[0].key.ends_with(":read"));
    assert!(arrivals.iter().all(|arrival| arrival.kind == "message" || arrival.ledgered.is_some()));
    assert_eq!(arrivals[2].customer.as_deref(), Some("US.13490000000000000001"));
    let alone: serde_json::Value = serde_json::from_slice(&arrivals[3].raw).unwrap();
    assert_eq!(alone["field"], "messages");
    assert_eq!(alone["value"]["messages"][0]["text"]["body"], "and a red cap");
    assert_eq!(alone["value"]["contacts"][0]["profile"]["name"], "Ana Buyer");
    assert_eq!(only(sample("whatsapp/smb_message_echo")).kind, "echo");
}

#[test]
fn a_broken_item_costs_only_itself() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let deep_text = format!(r#"{{"message":{{"mid":"x","text":{deep}}}}}"#);
    let surrogate = message("bad", r"half \ud83d of a face");
    let (first, last) = (message("m1", "one"), message("m2", "two"));
    for broken in
        [&deep, &deep_text, &surrogate, "7", "null", "[]", r#"{"message":"text"}"#, r#"{"sender":{"id":1.5}}"#]
    {
        let body = envelope(&[&first, broken, &last]);
        let arrivals = cut(body.as_bytes(), now());
        let keys: Vec<_> = arrivals.iter().map(|arrival| arrival.key.as_str()).collect();
        assert_eq!((keys.len(), keys[0], keys[2]), (3, "message:m1", "message:m2"), "{broken}");
        assert_eq!(arrivals[1].kind, "unreadable");
        assert_eq!(arrivals[1].ledgered, Some(Reason::Unreadable));
        assert_eq!(arrivals[1].raw, broken.as_bytes());
        assert_eq!(arrivals[1].account.as_str(), "instagram:17841");
        assert!(arrivals[1].key.starts_with("unreadable:"));
    }
}

#[test]
fn depth_in_a_part_that_nobody_reads_harms_not_even_its_item() {
    let deep = format!(r#"{{"message":{{"mid":"x","text":"hi","new":{}{}}}}}"#, "[".repeat(5000), "]".repeat(5000));
    assert_eq!(only(cut(envelope(&[&deep]).as_bytes(), now())).key, "message:x");
}

#[test]
fn bytes_that_are_no_text_cost_only_their_item() {
    let mut body = envelope(&[&message("m1", "one"), &message("m2", "X"), &message("m3", "three")]).into_bytes();
    let place = body.iter().position(|byte| *byte == b'X').unwrap();
    body[place] = 0xff;
    let arrivals = cut(&body, now());
    assert_eq!((arrivals[0].key.as_str(), arrivals[2].key.as_str()), ("message:m1", "message:m3"));
    assert_eq!(arrivals[1].ledgered, Some(Reason::Unreadable));
    assert!(arrivals[1].raw.contains(&0xff));
}

#[test]
fn nul_leaves_the_text_and_stays_in_the_raw_bytes() {
    let arrival = only(cut(envelope(&[&message(r"m\u0000id", r"two\u0000 shirts")]).as_bytes(), now()));
    assert_eq!(arrival.key, "message:mid");
    assert!(String::from_utf8_lossy(&arrival.raw).contains(r"two\u0000 shirts"));
    let Ok(Happening::Said(said)) = decode(&stored(arrival)) else { panic!("not said") };
    assert_eq!((said.mid.unwrap(), said.text.unwrap()), ("mid".to_owned(), "two shirts".to_owned()));
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
    assert_eq!(admit(&signed, body.as_bytes(), now()).unwrap().len(), 1);
    let signed = secrets.verify(Some(header(&page).as_bytes()), page.as_bytes()).unwrap();
    assert_eq!(admit(&signed, page.as_bytes(), now()).unwrap_err(), Refusal::WrongObject);
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f32>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        Just(r#""\ud800""#.to_owned()),
    ];
    let name = prop_oneof![
        Just("message".to_owned()),
        Just("sender".to_owned()),
        Just("id".to_owned()),
        Just("timestamp".to_owned()),
        Just("postback".to_owned()),
        "[a-z]{0,4}",
    ];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((name.clone(), inner), 0..5).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_kept_somehow(body: Vec<u8>) {
        let arrivals = cut(&body, now());
        prop_assert!(!arrivals.is_empty());
        prop_assert!(arrivals.iter().all(|arrival| arrival.ledgered.is_some()));
    }

    #[test]
    fn no_json_is_passed_over(body in json()) {
        prop_assert!(!cut(body.as_bytes(), now()).is_empty());
        let entry = format!(r#"{{"object":"instagram","entry":[{body}]}}"#);
        prop_assert!(!cut(entry.as_bytes(), now()).is_empty());
    }

    #[test]
    fn a_damaged_body_never_panics(place in 0usize..356, byte: u8) {
        let mut body = include_bytes!("../../tests/samples/instagram/message_text_raw_wire.json").to_vec();
        body[place] = byte;
        for arrival in cut(&body, now()) {
            let _ = decode(&stored(arrival));
        }
    }

    #[test]
    fn neighbours_of_any_item_stay(item in json()) {
        let body = envelope(&[&message("m1", "one"), &item, &message("m2", "two")]);
        let arrivals = cut(body.as_bytes(), now());
        prop_assert_eq!(arrivals.len(), 3);
        prop_assert_eq!(&arrivals[0].key, "message:m1");
        prop_assert_eq!(&arrivals[2].key, "message:m2");
        prop_assert_eq!(&arrivals[1].raw, item.as_bytes());
    }
}
