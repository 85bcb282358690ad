//! What Instagram and Messenger send beyond the samples: parts that are missing or odd, and what is not acted on.

use actors::domain::outcome::Reason;

use super::summary::summary;
use super::*;

/// What an item with these members means, without its account.
fn told(members: &str) -> String {
    let (event, _) = decoded(&envelope(&[&item(members)]));
    summary(&event).replace("instagram:17841 ", "")
}

/// What the change of this field means, without its account.
fn changed(object: &str, field: &str, value: &str) -> String {
    let change = format!(r#"{{"field":"{field}","value":{value}}}"#);
    let (event, _) = decoded(&format!(r#"{{"object":"{object}","entry":[{{"id":"17841","changes":[{change}]}}]}}"#));
    summary(&event).split_once(' ').unwrap().1.to_owned()
}

#[test]
fn an_odd_part_of_a_message_costs_only_itself() {
    for (members, meaning) in [
        (r#""message":{"mid":"m","text":"hi","quick_reply":7}"#, r#"message 561: said "m" "hi""#),
        (r#""message":{"mid":"m","text":"hi","attachments":{}}"#, r#"message 561: said "m" "hi""#),
        (r#""message":{"mid":"m","text":"hi","referral":[]}"#, r#"message 561: said "m" "hi""#),
        (r#""message":{"mid":"m","text":"hi","reply_to":"x"}"#, r#"message 561: said "m" "hi""#),
        (r#""message":{"mid":"m","text":"hi","is_echo":"no"}"#, r#"message 561: said "m" "hi""#),
        (r#""message":{"mid":{},"text":"hi"}"#, r#"message 561: said "hi""#),
        (r#""message":{"mid":"m","text":12}"#, r#"message 561: said "m" "12""#),
        (r#""message":{"mid":"m","text":""}"#, r#"message 561: said "m""#),
        (r#""message":{"mid":"m","text":null,"text":"hi"}"#, r#"message 561: said "m""#),
        (
            r#""message":{"mid":"m","attachments":[7,{},{"type":5},{"type":"image","payload":"x"}]}"#,
            r#"message 561: said "m" with unknown+unknown+5+image"#,
        ),
        (r#""message":{"mid":"m","reply_to":{"story":{}}}"#, r#"message 561: said "m" under story nothing"#),
        (r#""postback":{"title":"Go","payload":7}"#, r#"postback 561: said "Go" payload="7""#),
        (r#""reaction":{"mid":"m"}"#, "reaction 561: reacted nothing to m"),
        (r#""reaction":{"mid":"m","action":"react"}"#, r#"reaction 561: reacted "other" to m"#),
        (r#""reaction":{"mid":"m","action":"react","reaction":"love"}"#, r#"reaction 561: reacted "love" to m"#),
        (r#""message_edit":{"mid":"m","text":"x"}"#, r#"edit 561: edit 1790856000000 of m: "x""#),
        (r#""read":{"watermark":95617584000000}"#, "read 561: read all through 1790856000000"),
    ] {
        assert_eq!(told(members), meaning, "{members}");
    }
}

#[test]
fn what_was_said_and_cannot_be_read_is_kept_for_a_person() {
    for members in [
        r#""message":{"mid":"m","text":{}}"#,
        r#""message":{"mid":"m","text":"\ud83d"}"#,
        r#""message":{"text":"x","is_echo":true}"#,
        r#""message":"hi""#,
        r#""postback":{"title":[]}"#,
        r#""message_edit":{"mid":"m"}"#,
        r#""message_edit":{"text":"x"}"#,
        r#""message":{"is_deleted":true}"#,
        r#""reaction":{"action":"react","emoji":"x"}"#,
        r#""read":{}"#,
        r#""referral":7"#,
    ] {
        let found = told(members);
        assert!(found.ends_with(": ! unreadable"), "{members}: {found}");
    }
    let nobodys = r#"{"recipient":{"id":"17841"},"message":{"mid":"m","text":"hi"}}"#;
    assert_eq!(decoded(&envelope(&[nobodys])).1, Err(Reason::Unreadable));
}

#[test]
fn a_thing_that_is_told_twice_is_one() {
    let post = |word: &str, id: &str| format!(r#"{{"type":"{word}","payload":{{"ig_post_media_id":"{id}"}}}}"#);
    let bare = r#"{"type":"share","payload":{"url":"u"}}"#.to_owned();
    let sticker = |word: &str| format!(r#"{{"type":"{word}","payload":{{"sticker_id":369239263222822}}}}"#);
    let image = r#"{"type":"image","payload":{"url":"u"}}"#.to_owned();
    for (attachments, words) in [
        (vec![post("share", "1"), post("ig_post", "1")], "ig_post"),
        (vec![post("ig_post", "1"), post("share", "1")], "ig_post"),
        (vec![post("share", "1"), post("ig_post", "2")], "share+ig_post"),
        (vec![bare.clone(), post("ig_post", "1")], "ig_post"),
        (vec![bare.clone()], "share"),
        (vec![post("ig_post", "1"), post("ig_post", "1")], "ig_post"),
        (vec![sticker("image"), sticker("sticker")], "sticker"),
        (vec![image.clone(), image], "image+image"),
    ] {
        let list = attachments.join(",");
        let found = said(&envelope(&[&item(&format!(r#""message":{{"mid":"m","attachments":[{list}]}}"#))]));
        assert_eq!(found.attachments.join("+"), words, "{list}");
    }
}

#[test]
fn referrals_name_links_ads_and_products() {
    for (members, meaning) in [
        (
            r#""message":{"mid":"m","referral":{"ad_id":7,"ads_context_data":{"product_id":"8"}}}"#,
            r#"message 561: said "m" wants 8 through ad="7""#,
        ),
        (r#""referral":{"product":{"id":"6012"}}"#, r#"referral 561: referred through ref="6012""#),
        (r#""referral":{}"#, "referral 561: referred through"),
        (
            r#""postback":{"title":"Go","referral":{"product":{"id":"6012"},"source":"SHOP"}}"#,
            r#"postback 561: said "Go" wants 6012 through "SHOP""#,
        ),
    ] {
        assert_eq!(told(members), meaning, "{members}");
    }
}

#[test]
fn what_the_seller_does_is_no_customers_doing() {
    let by_seller = |members: &str| {
        let item = item(members).replace(r#""sender":{"id":"561"},"recipient":{"id":"17841"}"#, SWAPPED);
        let (event, _) = decoded(&envelope(&[&item]));
        summary(&event).replace("instagram:17841 ", "")
    };
    const SWAPPED: &str = r#""sender":{"id":"17841"},"recipient":{"id":"561"}"#;
    for (members, meaning) in [
        (r#""message":{"mid":"m","text":"hi"}"#, r#"echo 561: echo m "hi""#),
        (r#""message":{"mid":"m","is_echo":true,"is_deleted":true}"#, "deleted 561: unsent m"),
        (r#""message_edit":{"mid":"m","text":"x","num_edit":1}"#, r#"edit 561: edit 1 of m: "x""#),
        (r#""reaction":{"mid":"m","action":"react"}"#, "reaction 561: ! not_used"),
        (r#""read":{"mid":"m"}"#, "read 561: ! not_used"),
        (r#""postback":{"mid":"m","title":"x"}"#, "self_postback 561: ! self_message"),
        (r#""message":{"mid":"m","is_self":true}"#, "self_message 561: ! self_message"),
    ] {
        assert_eq!(by_seller(members), meaning, "{members}");
    }
    let to_itself = r#"{"sender":{"id":"17841"},"recipient":{"id":"17841"},"message":{"mid":"m","text":"hi"}}"#;
    assert_eq!(decoded(&envelope(&[to_itself])).1, Err(Reason::SelfMessage));
}

#[test]
fn what_happens_around_a_conversation_is_a_sentence() {
    for (members, meaning) in [
        (
            r#""optin":{"title":"News","notification_messages_status":"STOP_NOTIFICATIONS"}"#,
            r#"optin 561: noted "The customer no longer agrees to be written to later: News.""#,
        ),
        (r#""optin":{}"#, r#"optin 561: noted "The customer agreed to be written to later.""#),
        (r#""request_thread_control":{}"#, r#"handover 561: noted "An app asks for the conversation.""#),
        (r#""pass_thread_control":{}"#, r#"handover 561: noted "The conversation was handed to nobody.""#),
        (r#""policy-enforcement":{"action":"block"}"#, "policy 561: ! account_notice"),
        (r#""account_linking":{"status":"linked"}"#, "account_linking 561: ! not_used"),
        (r#""send_cart":{}"#, "unknown 561: ! unknown_kind"),
    ] {
        assert_eq!(told(members), meaning, "{members}");
    }
    let on_a_web_page = r#"{"recipient":{"id":"17841"},"optin":{"user_ref":"u"}}"#;
    assert_eq!(decoded(&envelope(&[on_a_web_page])).1, Err(Reason::NotUsed));
}

#[test]
fn news_of_a_field_are_comments_mentions_or_kept_for_a_reason() {
    for (object, field, value, meaning) in [
        ("instagram", "comments", r#"{"id":1,"from":{"id":"17841"}}"#, "comment nobody: comment 1 own"),
        ("instagram", "comments", r#"{"text":"x"}"#, "change:comments nobody: ! unreadable"),
        ("instagram", "comments", r#"{"id":1,"text":[]}"#, "comment nobody: ! unreadable"),
        ("instagram", "comments", "7", "change:comments nobody: ! unreadable"),
        ("instagram", "mentions", "{}", "change:mentions nobody: ! unreadable"),
        ("page", "mention", r#"{"post_id":"1_2"}"#, "mention nobody: mentioned in 1_2"),
        ("page", "feed", r#"{"item":"comment","verb":"edited"}"#, "change:feed nobody: ! not_used"),
        ("page", "feed", r#"{"item":"like","verb":"add","from":{"id":"5"}}"#, "change:feed 5: ! not_used"),
        (
            "page",
            "feed",
            r#"{"item":"comment","verb":"add","comment_id":"1_3","post_id":"1","parent_id":"1_2","message":"x"}"#,
            r#"comment nobody: comment 1_3 "x" under="1_2" on="1""#,
        ),
        ("page", "page_upcoming_change", "{}", "change:page_upcoming_change nobody: ! account_notice"),
        ("instagram", "thought_reading", "{}", "change:thought_reading nobody: ! unknown_kind"),
    ] {
        assert_eq!(changed(object, field, value), meaning, "{field} {value}");
    }
}

#[test]
fn what_is_kept_whole_says_why() {
    for (body, reason) in [
        (r#"{"object":"instagram","entry":[]}"#, Reason::NotUsed),
        (r#"{"object":"instagram","entries":[{}]}"#, Reason::UnknownKind),
        (r#"{"object":"permissions","entry":[{"id":"1"}]}"#, Reason::AccountNotice),
        (r#"{"object":"catalog","entry":[{"id":"1"}]}"#, Reason::NotUsed),
        (r#"{"object":"user","entry":[{"id":"1"}]}"#, Reason::UnknownKind),
        (r#"{"object":"instagram","entry":[{"id":"1","messaging":[]}]}"#, Reason::NotUsed),
        (r#"{"object":"instagram","entry":[{"id":"1","changed_fields":["x"]}]}"#, Reason::UnknownKind),
        (r#"{"object":"instagram","entry":[{"id":"1","messaging":{}}]}"#, Reason::Unreadable),
        (r#"{"object":"instagram","entry":[{"id":"0"}]}"#, Reason::DashboardTest),
        ("{}", Reason::UnknownKind),
        ("7", Reason::UnreadableBody),
    ] {
        assert_eq!(decoded(body).1, Err(reason), "{body}");
    }
}
