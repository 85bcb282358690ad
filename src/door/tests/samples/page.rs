//! Messenger, and Instagram messages that come under the object of a Page.

use super::Row;

/// A row a file in the order of their names, a line an event however long it is.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("delivery", &["messenger:SHOP delivery ANA: delivered m0013"]),
    ("feed_comment_add", &[r#"messenger:SHOP comment ANA: comment 111_222 "price?" on="SHOP_111""#]),
    ("handover_app_roles", &[r#"messenger:SHOP handover ANA: noted "Roles in the conversation: app 990011223344556 is primary_receiver.""#]),
    ("handover_pass_from_idle", &[r#"messenger:SHOP handover ANA: noted "The conversation was handed to app 990011223344556.""#]),
    ("handover_pass_thread_control", &[r#"messenger:SHOP handover ANA: noted "The conversation was handed from app 665544332211099 to app 990011223344556.""#]),
    ("handover_request_thread_control", &[r#"messenger:SHOP handover ANA: noted "App 665544332211099 asks for the conversation.""#]),
    ("handover_take_thread_control", &[r#"messenger:SHOP handover ANA: noted "Another app took the conversation over from app 990011223344556.""#]),
    ("instagram_dm_via_page_object", &[r#"instagram:SHOP message ANA: said "ig090" "Instagram DM delivered under object page""#]),
    ("instagram_dm_via_page_object_ig_entry", &[r#"instagram:SHOP message ANA: said "ig091" "same, but entry.id is the Instagram account""#]),
    ("message_deleted", &["messenger:SHOP deleted ANA: unsent m0001"]),
    ("message_echo", &[r#"messenger:SHOP echo ANA: echo m0013 "Sure!""#]),
    ("message_edit", &[r#"messenger:SHOP edit ANA: edit 1 of m0001: "Do you deliver to Kigali?""#]),
    ("message_fallback", &[r#"messenger:SHOP message ANA: said "m0008" "https://shop.example/p/1" with fallback sharing fallback nothing title="Blue linen shirt""#]),
    ("message_ig_reel", &[r#"messenger:SHOP message ANA: said "m0011" with ig_reel sharing ig_reel "17906000000000010" title="How to style linen""#]),
    ("message_image", &[r#"messenger:SHOP message ANA: said "m0004" with image"#]),
    ("message_location", &[r#"messenger:SHOP message ANA: said "m0007" "Location: -1.95, 30.06" with location"#]),
    ("message_numeric_ids", &[r#"messenger:SHOP message ANA: said "m0040" "ids as JSON numbers""#]),
    ("message_product_template", &[r#"messenger:SHOP message ANA: said "m0009" "I want this" with template wants LIN-BLU-M"#]),
    ("message_quick_reply", &[r#"messenger:SHOP message ANA: said "m0002" "Yes" payload="ORDER_CONFIRM:ord_7f3a""#]),
    ("message_referral_product", &[r#"messenger:SHOP message ANA: said "m0010" "Is this available?" wants 6012345678900024"#]),
    ("message_reply_to", &[r#"messenger:SHOP message ANA: said "m0003" "this one" under m0001"#]),
    ("message_sticker", &[r#"messenger:SHOP message ANA: said "m0006" with sticker"#]),
    ("message_sticker_legacy", &[r#"messenger:SHOP message ANA: said "m0005" with sticker"#]),
    ("message_text", &[r#"messenger:SHOP message ANA: said "m0001" "Do you deliver?""#]),
    ("message_unsupported", &[r#"messenger:SHOP message ANA: said "m0012" with unsupported"#]),
    ("optin_notification_messages", &[r#"messenger:SHOP optin ANA: noted "The customer agreed to be written to later: Order updates.""#]),
    ("optin_ref", &[r#"messenger:SHOP optin ANA: noted "The customer agreed to be written to later: checkbox_1.""#]),
    ("policy_enforcement", &["messenger:SHOP policy nobody: ! account_notice"]),
    ("postback", &[r#"messenger:SHOP postback ANA: said "m0020" "Get Started" payload="GET_STARTED""#]),
    ("postback_referral", &[r#"messenger:SHOP postback ANA: said "m0021" "Get Started" payload="GET_STARTED" through "SHORTLINK" ref="mme_summer""#]),
    ("reaction", &[r#"messenger:SHOP reaction ANA: reacted "👍" to m0013"#]),
    ("read", &["messenger:SHOP read ANA: read all through 1790855999900"]),
    ("referral_ad", &[r#"messenger:SHOP referral ANA: referred through "ADS" ref="ad_ref" ad="120210000000000025" title="Linen week""#]),
    ("referral_shortlink", &[r#"messenger:SHOP referral ANA: referred through "SHORTLINK" ref="mme_summer""#]),
    ("standby_echo", &[r#"messenger:SHOP standby_echo ANA: echo m0031 "agent reply""#]),
    ("standby_message", &[r#"messenger:SHOP standby_message ANA: said "m0030" "not ours" standby"#]),
];
