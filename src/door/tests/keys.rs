//! Kinds, keys and times: what makes an event the same when it comes again.

use actors::domain::channel::{Account, Channel};
use actors::domain::outcome::Reason;

use super::*;

const IG: &str = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAx0";
const PAGE: &str = "m_Qk9PS1NIT1BfZGVtbw";
const WA: &str = "wamid.HBgLMTU1NTAxMDAwMDEVAgASGBQzQUFERjg0NDEzNDdFODU3";
const ANA: &str = "5614879000000001";

/// Files whose events have an id of their own, with their keys; `~` stands for the long part of Meta's message ids.
const KEYS: &[(&str, &str)] = &[
    ("instagram/message_text", "message:~001ZDZD"),
    ("instagram/message_numeric_ids", "message:~084ZDZD"),
    ("instagram/batch_array_wrapper", "message:~083ZDZD"),
    ("instagram/message_echo_app", "message:~030ZDZD"),
    ("instagram/standby_message", "message:~050ZDZD"),
    ("instagram/postback_icebreaker", "postback:~040ZDZD"),
    ("instagram/changes_messaging_postbacks", "postback:~043ZDZD"),
    ("instagram/message_deleted", "deleted:~001ZDZD"),
    ("instagram/message_edit", "edit:~001ZDZD:1"),
    ("instagram/message_edit_num_int", "edit:~001ZDZD:2"),
    ("instagram/reaction_react", "reaction:~030ZDZD:5614879000000001:react:\u{2764}\u{fe0f}:1790856020000"),
    ("instagram/reaction_unreact", "reaction:~030ZDZD:5614879000000001:unreact::1790856021000"),
    ("instagram/seen", "read:5614879000000001:~030ZDZD"),
    ("instagram/message_self_echo", "self_message:~034ZDZD"),
    ("instagram/message_self_postback", "self_postback:~035ZDZD"),
    ("instagram/changes_comments", "comment:17887000000000060"),
    ("instagram/changes_live_comments", "comment:17887000000000065"),
    ("instagram/comments_flat_entry", "comment:17887000000000066"),
    ("instagram/changes_mentions_media", "mention:17918000000000071:"),
    ("instagram/changes_mentions_comment", "mention:17918000000000071:17894000000000072"),
    ("page/message_text", "message:~0001-x7uiO5jm0L_PM"),
    ("page/standby_echo", "message:~0031-x7uiO5jm0L_PM"),
    ("page/delivery", "delivery:6789012345678901:~0013-x7uiO5jm0L_PM"),
    ("page/read", "read:6789012345678901:1790855999900"),
    ("page/feed_comment_add", "comment:111_222"),
    ("whatsapp/message_text", "message:~0001AA=="),
    ("whatsapp/message_edit", "message:~0025AA=="),
    ("whatsapp/message_revoke", "message:~0026AA=="),
    ("whatsapp/message_reaction", "message:~0020AA=="),
    ("whatsapp/message_system_number_change", "message:~0027AA=="),
    ("whatsapp/smb_message_echo", "message:~0031AA=="),
    ("whatsapp/status_failed_131047", "status:~0902AA==:failed"),
    ("whatsapp/user_id_update", "user_id_update:US.13490000000000000001:US.13490000000000000009:1790856000"),
];

#[test]
fn events_with_an_id_are_told_apart_by_it() {
    for (name, key) in KEYS {
        let long = [("instagram", IG), ("page", PAGE), ("whatsapp", WA)];
        let (_, long) = long.into_iter().find(|(folder, _)| name.starts_with(folder)).unwrap();
        assert_eq!(only(sample(name)).key, key.replace('~', long), "{name}");
    }
}

#[test]
fn kinds_without_an_id_of_their_own_are_told_apart_by_what_they_say() {
    for (name, kind) in [
        ("instagram/postback_without_mid", "postback"),
        ("instagram/referral_igme", "referral"),
        ("instagram/optin", "optin"),
        ("instagram/handover_pass_thread_control", "handover"),
        ("instagram/event_without_known_key", "unknown"),
        ("instagram/entry_without_events", "entry_without_events"),
        ("instagram/changes_story_insights", "change:story_insights"),
        ("page/handover_app_roles", "handover"),
        ("page/policy_enforcement", "policy"),
        ("whatsapp/account_update_disabled", "change:account_update"),
    ] {
        let arrival = only(sample(name));
        assert_eq!(arrival.kind, kind, "{name}");
        assert_eq!(arrival.key.len(), kind.len() + 1 + 64, "{name}: {}", arrival.key);
        assert_eq!(arrival.key, only(sample(name)).key, "{name}");
    }
}

#[test]
fn whichever_way_an_event_comes_it_is_the_same() {
    let text = message("m1", "hi");
    let change = format!(r#"{{"field":"messages","value":{text}}}"#);
    let entry = |list: &str| format!(r#"{{"object":"instagram","entry":[{{"id":"17841",{list}}}]}}"#);
    for body in [
        entry(&format!(r#""messaging":[{text}]"#)),
        entry(&format!(r#""standby":[{text}]"#)),
        entry(&format!(r#""changes":[{change}]"#)),
        entry(&format!(r#""field":"messages","value":{text}"#)),
        format!("[{}]", entry(&format!(r#""messaging":[{text}]"#))),
    ] {
        let (event, _) = decoded(&body);
        assert_eq!((event.account.as_str(), event.key.as_str()), ("instagram:17841", "message:m1"), "{body}");
        assert_eq!(event.customer.as_deref(), Some("561"), "{body}");
    }
}

#[test]
fn a_comment_is_the_same_live_nested_flat_and_of_an_ad() {
    let value = r#"{"from":{"id":"561"},"media":{"id":"1"},"id":"77","text":"price?"}"#;
    let of_ad = r#"{"from":{"id":"561"},"media":{"id":"2","ad_id":"3"},"comment_id":"77","text":"price?"}"#;
    for (field, value) in [("comments", value), ("live_comments", value), ("comments", of_ad)] {
        let change = format!(r#""field":"{field}","value":{value}"#);
        for list in [change.clone(), format!(r#""changes":[{{{change}}}]"#)] {
            let (event, _) = decoded(&format!(r#"{{"object":"instagram","entry":[{{"id":"17841",{list}}}]}}"#));
            assert_eq!((event.kind.as_str(), event.key.as_str()), ("comment", "comment:77"), "{list}");
        }
    }
}

#[test]
fn an_instagram_message_is_one_under_the_page_and_under_its_own_object() {
    let instagram = Account::new(Channel::Instagram, "17841400000000001");
    for name in ["instagram_dm_via_page_object", "instagram_dm_via_page_object_ig_entry"] {
        let arrival = only(sample(&format!("page/{name}")));
        assert_eq!((&arrival.account, arrival.customer.as_deref()), (&instagram, Some(ANA)), "{name}");
    }
    let echo = r#"{"sender":{"id":"17841400000000001"},"recipient":{"id":"561"},"message":{"mid":"m","is_echo":true}}"#;
    let (event, _) = decoded(&format!(r#"{{"object":"page","entry":[{{"id":"1020","messaging":[{echo}]}}]}}"#));
    assert_eq!((&event.account, event.customer.as_deref()), (&instagram, Some("561")));
    let page = message("m", "hi");
    let (event, _) = decoded(&format!(r#"{{"object":"page","entry":[{{"id":"1020","messaging":[{page}]}}]}}"#));
    assert_eq!(event.account, Account::new(Channel::Messenger, "1020"));
}

#[test]
fn receipts_and_edits_of_one_message_are_told_apart() {
    let keys = |members: &[&str]| -> Vec<String> {
        let items: Vec<String> = members.iter().map(|members| item(members)).collect();
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        cut(envelope(&items).as_bytes(), now()).into_iter().map(|arrival| arrival.key).collect()
    };
    let different = keys(&[
        r#""read":{"mid":"a"}"#,
        r#""read":{"mid":"b"}"#,
        r#""read":{"watermark":1790856000000}"#,
        r#""delivery":{"watermark":1790856000000}"#,
        r#""delivery":{"mids":["a","b"],"watermark":1790856000000}"#,
        r#""delivery":{"mids":["c"],"watermark":1790856000000}"#,
        r#""message_edit":{"mid":"a","text":"x","num_edit":1}"#,
        r#""message_edit":{"mid":"a","text":"x","num_edit":"2"}"#,
        r#""message_edit":{"mid":"a","text":"x"}"#,
        r#""message_edit":{"mid":"a","text":"y"}"#,
        r#""postback":{"payload":"x"}"#,
        r#""postback":{"payload":"y"}"#,
        r#""postback":{"title":"x"}"#,
        r#""pass_thread_control":{"new_owner_app_id":"1"}"#,
        r#""take_thread_control":{"new_owner_app_id":"1"}"#,
    ]);
    let distinct: std::collections::BTreeSet<&String> = different.iter().collect();
    assert_eq!(distinct.len(), different.len(), "{different:#?}");
    let same = [r#""read":{"watermark":"1790856000000"}"#, r#""message_edit":{"mid":"a","text":"x","num_edit":"1"}"#];
    assert!(keys(&same).iter().all(|key| different.contains(key)));
}

#[test]
fn the_dashboards_test_button_goes_to_the_ledger() {
    for name in ["changes_messages_dashboard_test", "messaging_dashboard_test"] {
        let arrival = only(sample(&format!("instagram/{name}")));
        assert_eq!(arrival.ledgered, Some(Reason::DashboardTest));
        assert_eq!(arrival.account.as_str(), "instagram:0");
        assert_eq!(arrival.key, "message:random_mid");
    }
    let whatsapp = whatsapp_message(r#""type":"text","text":{"body":"this is a text message"}"#);
    let comment = r#"{"object":"instagram","entry":[{"id":"0","changes":[{"field":"comments","value":{"id":"17"}}]}]}"#;
    for body in [&whatsapp.replace(r#""id":"1100""#, r#""id":"0""#), comment] {
        assert_eq!(decoded(body).1, Err(Reason::DashboardTest), "{body}");
    }
}

#[test]
fn times_of_both_units_mean_the_same() {
    let seconds = only(sample("instagram/message_timestamp_seconds")).happened_at;
    assert_eq!(seconds, only(sample("instagram/message_text")).happened_at);
    assert_eq!(only(sample("instagram/changes_comments")).happened_at, seconds);
    assert_eq!(only(sample("whatsapp/message_text")).happened_at, seconds);
    assert_eq!(only(sample("page/feed_comment_add")).happened_at, seconds);
}

#[test]
fn an_event_from_the_future_happened_when_it_came() {
    for (timestamp, happened_at) in [
        ("1790856390000", 1_790_856_390),
        ("1790859700000", now().timestamp()),
        ("95617584000000", now().timestamp()),
        ("0", now().timestamp()),
    ] {
        let (event, _) = decoded(&envelope(&[&message("m", "hi").replace("1790856000000", timestamp)]));
        assert_eq!(event.happened_at.timestamp(), happened_at, "{timestamp}");
    }
}
