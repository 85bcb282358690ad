//! Items that nobody should send: they cost only themselves, never panic, and are never passed over.

use actors::domain::outcome::Reason;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

#[test]
fn a_broken_item_costs_only_itself() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let (first, last) = (message("m1", "one"), message("m2", "two"));
    for broken in [&deep, "7", "null", "[]", "\"{}\"", "1e999"] {
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
fn broken_words_cost_only_their_message_and_leave_its_name() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let deep = item(&format!(r#""message":{{"mid":"x","text":{deep}}}"#));
    for broken in [&deep, &message("x", r"half \ud83d of a face")] {
        let (event, meaning) = decoded(&envelope(&[broken]));
        assert_eq!((event.key.as_str(), event.customer.as_deref()), ("message:x", Some("561")), "{broken}");
        assert_eq!((meaning, event.raw.as_slice()), (Err(Reason::Unreadable), broken.as_bytes()));
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

/// What stands where something else should: of every wrong type, huge, bottomless, and no Unicode.
fn wrong_values() -> Vec<String> {
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let (long, huge) = (format!("\"{}\"", "9".repeat(3000)), "9".repeat(400));
    ["null", "true", "-1.5e999", "{}", r#""\ud800""#, &deep, &long, &huge].map(str::to_owned).to_vec()
}

/// A sample written anew, with one of its values changed.
struct Rewritten {
    text: String,
    /// Values still to come before the one that is changed.
    left: usize,
    /// Whether the changed value is an item, or in one.
    in_item: bool,
    found: bool,
}

impl Rewritten {
    fn of(sample: &Value, number: usize, wrong: &str, doubled: bool) -> Self {
        let mut rewritten = Self { text: String::new(), left: number, in_item: false, found: false };
        rewritten.write(sample, "", false, (wrong, doubled));
        rewritten
    }

    fn write(&mut self, value: &Value, name: &str, in_item: bool, change: (&str, bool)) {
        let is_changed = self.left == 0 && !self.found;
        self.left = self.left.saturating_sub(1);
        if is_changed {
            (self.found, self.in_item) = (true, in_item);
            self.text.push_str(change.0);
            if !change.1 || name.is_empty() {
                return;
            }
            self.text.push_str(&format!(",{}:", Value::from(name)));
        }
        match value {
            Value::Array(elements) => {
                let holds_items = ["messaging", "standby", "messages", "statuses", "message_echoes"].contains(&name);
                self.text.push('[');
                for (place, element) in elements.iter().enumerate() {
                    self.text.push_str(if place == 0 { "" } else { "," });
                    self.write(element, "", in_item || holds_items, change);
                }
                self.text.push(']');
            }
            Value::Object(members) => {
                self.text.push('{');
                for (place, (name, member)) in members.iter().enumerate() {
                    self.text.push_str(if place == 0 { "" } else { "," });
                    self.text.push_str(&format!("{}:", Value::from(name.as_str())));
                    self.write(member, name, in_item, change);
                }
                self.text.push('}');
            }
            _ => self.text.push_str(&value.to_string()),
        }
    }
}

#[test]
fn a_sample_with_any_value_changed_or_doubled_loses_no_item() {
    let (wrong, mut round) = (wrong_values(), 0);
    for folder in ["instagram", "page", "whatsapp"] {
        let place = format!("{}/tests/samples/{folder}", env!("CARGO_MANIFEST_DIR"));
        for file in fs::read_dir(place).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            let (sample, whole): (Value, _) = (serde_json::from_slice(&bytes).unwrap(), cut(&bytes, now()).len());
            for (number, doubled) in (0..).flat_map(|number| [(number, false), (number, true)]) {
                // All wrong values in every place would take a minute: they take turns.
                round += 1;
                let rewritten = Rewritten::of(&sample, number, &wrong[round % wrong.len()], doubled);
                if !rewritten.found {
                    break;
                }
                let found = agreeing(rewritten.text.as_bytes());
                let enough = if rewritten.in_item { found == whole } else { found > 0 };
                assert!(enough, "{found} of {whole} events: {}", rewritten.text);
            }
        }
    }
}

/// How many events are in a body, each of which the door must judge as the decoder does.
fn agreeing(body: &[u8]) -> usize {
    let arrivals = cut(body, now());
    let count = arrivals.len();
    for arrival in arrivals {
        let (ledgered, raw) = (arrival.ledgered, String::from_utf8_lossy(&arrival.raw).into_owned());
        assert!(arrival.key.len() <= 255 && arrival.kind.len() <= 100, "{raw}");
        assert_eq!(decode(&stored(arrival)).err(), ledgered, "{raw}");
    }
    count
}

/// Names that the door looks for, on all channels.
const NAMES: &str = "message sender recipient id timestamp postback mid text attachments type payload referral product \
    reply_to story reaction read delivery mids watermark message_edit num_edit optin pass_thread_control app_roles \
    is_echo is_deleted is_self field value from media messages statuses message_echoes user_id_update contacts metadata \
    phone_number_id errors status interactive order product_items system body user_id wa_id entry messaging changes";

/// Words that the door knows.
const WORDS: &str = "comments feed comment add messages text system order interactive edit revoke contacts location failed \
    share ig_post template user_changed_number react instagram page 17841400000000001 0 12334 23245";

fn one_of(words: &'static str) -> impl Strategy<Value = String> {
    prop::sample::select(words.split_whitespace().collect::<Vec<_>>()).prop_map(str::to_owned)
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(wrong_values()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| Value::from(text).to_string()),
        one_of(WORDS).prop_map(|word| Value::from(word).to_string()),
    ];
    let name = prop_oneof![4 => one_of(NAMES), 1 => "[a-z]{0,4}"];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            3 => prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
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
    fn no_json_is_passed_over(body in json(), object in one_of("instagram page whatsapp_business_account permissions")) {
        prop_assert!(agreeing(body.as_bytes()) > 0);
        let envelope = format!(r#"{{"object":"{object}","entry":[{body}]}}"#);
        prop_assert!(agreeing(envelope.as_bytes()) > 0);
    }

    #[test]
    fn a_damaged_body_never_panics(place in 0usize..356, byte: u8) {
        let mut body = include_bytes!("../../../tests/samples/instagram/message_text_raw_wire.json").to_vec();
        body[place] = byte;
        prop_assert!(agreeing(&body) > 0);
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

    #[test]
    fn there_are_as_many_events_as_items(
        items in prop::collection::vec(json(), 1..4),
        object in one_of("instagram page"),
        list in one_of("messaging standby changes"),
    ) {
        let entry = format!(r#"{{"id":"17841","{list}":[{}]}}"#, items.join(","));
        let envelope = format!(r#"{{"object":"{object}","entry":[{entry}]}}"#);
        prop_assert_eq!(agreeing(envelope.as_bytes()), items.len());
    }

    #[test]
    fn there_are_as_many_events_as_whatsapp_messages(
        items in prop::collection::vec(json(), 1..4),
        list in one_of("messages statuses message_echoes user_id_update"),
        contacts in json(),
    ) {
        let members = format!(r#""contacts":{contacts},"{list}":[{}]"#, items.join(","));
        prop_assert_eq!(agreeing(whatsapp(&members).as_bytes()), items.len());
    }
}
