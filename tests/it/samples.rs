//! Every body that Meta is known to send, posted to the whole service: what became of each event in it.

use std::collections::BTreeMap;
use std::fs;

use hawker::sandbox::Answer;
use http::Method;
use serde_json::json;

use crate::support::{APP_SECRET, Database, TestApp, both};

both![
    every_sample_of_instagram_ends_as_told,
    every_sample_of_messenger_ends_as_told,
    every_sample_of_whatsapp_ends_as_told
];

/// A file's name, and its events in their order: the kind, and the end or the reason why it is only kept. `known` came
/// before, in the same body or in another: the dashboard's test always has the same id.
pub(crate) type Row = (&'static str, &'static [(&'static str, &'static str)]);

async fn every_sample_of_instagram_ends_as_told(database: Database) {
    post_all(database, "instagram", INSTAGRAM).await;
}

async fn every_sample_of_messenger_ends_as_told(database: Database) {
    post_all(database, "page", MESSENGER).await;
}

async fn every_sample_of_whatsapp_ends_as_told(database: Database) {
    post_all(database, "whatsapp", WHATSAPP).await;
}

/// Posts each file of a folder to accounts of its own, so that no file's end depends on another's.
async fn post_all(database: Database, folder: &str, rows: &[Row]) {
    let rows: BTreeMap<&str, &[(&str, &'static str)]> = rows.iter().copied().collect();
    let bodies = bodies(folder);
    assert_eq!(bodies.keys().collect::<Vec<_>>(), rows.keys().collect::<Vec<_>>(), "{folder}: one row for each file");
    let app = TestApp::start_with(database, &[("meta.meta_app_secret", APP_SECRET)]).await;
    let sellers = [app.empty_shop(1, json!({})).await, app.empty_shop(2, json!({})).await];
    let (inbox, mut counts) = (app.inbox().await, Vec::new());
    for (number, (name, body)) in bodies.into_iter().enumerate() {
        let body = connected(&app, [sellers[0].seller.0, sellers[1].seller.0], number, body).await.into_bytes();
        let signature = app.meta.sign(&body);
        assert_eq!(app.meta.post(body, &signature).await, Answer::Status(200), "{folder}/{name}");
        counts.push((name, inbox.count().await));
    }
    app.settle().await;
    let events = inbox.events().await;
    let (mut before, mut wrong) = ((0, 0), Vec::new());
    for (name, count) in counts {
        let stored = events.iter().filter(|event| before.0 < event.place && event.place <= count.0);
        let mut found: Vec<(&str, &str)> = stored.map(|event| (event.kind.as_str(), event.end.as_str())).collect();
        found.sort_unstable();
        let row = rows[name.as_str()].iter().copied();
        let (known, mut told): (Vec<_>, Vec<_>) = row.partition(|(_, end)| *end == "known");
        told.sort_unstable();
        if found != told || known.len() as i64 != count.1 - before.1 {
            wrong.push(format!("{folder}/{name}: {found:?}, {} known", count.1 - before.1));
        }
        before = count;
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    app.stop().await;
}

/// The files of a folder, by name.
pub(crate) fn bodies(folder: &str) -> BTreeMap<String, String> {
    let files = fs::read_dir(format!("{}/tests/samples/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let name = |file: &std::path::Path| file.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|file| (name(&file), fs::read_to_string(file).unwrap())).collect()
}

/// Meta's ids of the accounts in the samples: the channel, the id, and which of two sellers has it.
const ACCOUNTS: [(&str, &str, usize); 5] = [
    ("instagram", "17841400000000001", 0),
    ("instagram", "17841400000000002", 1),
    ("messenger", "102030405060708", 0),
    ("whatsapp", "106540350000001", 0),
    ("whatsapp", "106540350000002", 1),
];

/// The body about other accounts of the same shape, which are connected to their sellers.
pub(crate) async fn connected(app: &TestApp, sellers: [i64; 2], number: usize, mut body: String) -> String {
    for (place, (channel, id, seller)) in ACCOUNTS.into_iter().enumerate() {
        if !body.contains(id) {
            continue;
        }
        let digits = id.len() - 6;
        let own = format!("{}{:0digits$}", &id[..6], 1000 + number * ACCOUNTS.len() + place);
        body = body.replace(id, &own);
        let (token, username) = (format!("token-{own}"), format!("shop.{own}"));
        if channel != "whatsapp" {
            app.meta.add_account(&own, &username, &format!("9{own}"), &token);
        }
        let name = if channel == "whatsapp" { "display_number" } else { "username" };
        let new = json!({ "channel": channel, "account_id": own, name: username, "token": token });
        let path = format!("/api/v1/sellers/{}/connections", sellers[seller]);
        let (status, answer) = app.call(Method::POST, &path, &new).await;
        assert!(status.is_success(), "{status} {answer}");
    }
    body
}

/// Direct messages, comments, mentions, and odd envelopes.
#[rustfmt::skip]
pub(crate) const INSTAGRAM: &[Row] = &[
    ("batch_array_wrapper", &[("message", "handled")]),
    ("batch_mixed_tenants", &[("message", "handled"), ("message", "handled"), ("message", "handled"), ("read", "handled"), ("message", "known"), ("comment", "handled")]),
    ("changes_comments", &[("comment", "handled")]),
    ("changes_comments_ad", &[("comment", "handled")]),
    ("changes_comments_minimal", &[("comment", "handled")]),
    ("changes_comments_reply", &[("comment", "handled")]),
    ("changes_comments_self", &[("comment", "handled")]),
    ("changes_live_comments", &[("comment", "handled")]),
    ("changes_mentions_comment", &[("mention", "handled")]),
    ("changes_mentions_media", &[("mention", "handled")]),
    ("changes_messages_dashboard_test", &[("message", "dashboard_test")]),
    ("changes_messaging_postbacks", &[("postback", "handled")]),
    ("changes_story_insights", &[("change:story_insights", "not_used")]),
    ("comments_flat_entry", &[("comment", "handled")]),
    ("entry_empty", &[("object:instagram", "not_used")]),
    ("entry_without_events", &[("entry_without_events", "not_used")]),
    ("event_without_known_key", &[("unknown", "unknown_kind")]),
    ("handover_pass_thread_control", &[("handover", "handled")]),
    ("handover_request_thread_control", &[("handover", "handled")]),
    ("handover_take_thread_control", &[("handover", "handled")]),
    ("message_audio", &[("message", "handled")]),
    ("message_deleted", &[("deleted", "handled")]),
    ("message_echo_app", &[("echo", "handled")]),
    ("message_echo_native_app", &[("echo", "handled")]),
    ("message_echo_product_template", &[("echo", "handled")]),
    ("message_echo_with_app_id", &[("echo", "handled")]),
    ("message_edit", &[("edit", "handled")]),
    ("message_edit_num_int", &[("edit", "handled")]),
    ("message_ephemeral", &[("message", "handled")]),
    ("message_file_pdf", &[("message", "handled")]),
    ("message_ig_reel", &[("message", "handled")]),
    ("message_image", &[("message", "handled")]),
    ("message_like_heart", &[("message", "handled")]),
    ("message_multi_image", &[("message", "handled")]),
    ("message_numeric_ids", &[("message", "handled")]),
    ("message_quick_reply", &[("message", "handled")]),
    ("message_reel", &[("message", "handled")]),
    ("message_referral_ad", &[("message", "handled")]),
    ("message_referral_product", &[("message", "handled")]),
    ("message_reply_to_mid", &[("message", "handled")]),
    ("message_self_echo", &[("self_message", "self_message")]),
    ("message_self_postback", &[("self_postback", "self_message")]),
    ("message_share_ig_post", &[("message", "handled")]),
    ("message_share_legacy_dual", &[("message", "handled")]),
    ("message_sticker", &[("message", "handled")]),
    ("message_story_mention", &[("message", "handled")]),
    ("message_story_reply", &[("message", "handled")]),
    ("message_story_reply_no_text", &[("message", "handled")]),
    ("message_story_share", &[("message", "handled")]),
    ("message_text", &[("message", "handled")]),
    ("message_text_raw_wire", &[("message", "handled")]),
    ("message_text_unicode_escaped", &[("message", "handled")]),
    ("message_timestamp_seconds", &[("message", "handled")]),
    ("message_unknown_future_attachment", &[("message", "handled")]),
    ("message_unsupported", &[("message", "handled")]),
    ("message_unsupported_type_attachment", &[("message", "handled")]),
    ("message_video", &[("message", "handled")]),
    ("messaging_dashboard_test", &[("message", "known")]),
    ("optin", &[("optin", "handled")]),
    ("postback_generic_template_button", &[("postback", "handled")]),
    ("postback_icebreaker", &[("postback", "handled")]),
    ("postback_with_referral", &[("postback", "handled")]),
    ("postback_without_mid", &[("postback", "handled")]),
    ("reaction_react", &[("reaction", "handled")]),
    ("reaction_unreact", &[("reaction", "handled")]),
    ("referral_igme", &[("referral", "handled")]),
    ("seen", &[("read", "handled")]),
    ("standby_message", &[("standby_message", "handled")]),
];

/// Messages to a Page, and Instagram's that come as if they were.
#[rustfmt::skip]
pub(crate) const MESSENGER: &[Row] = &[
    ("delivery", &[("delivery", "handled")]),
    ("feed_comment_add", &[("comment", "handled")]),
    ("handover_app_roles", &[("handover", "handled")]),
    ("handover_pass_from_idle", &[("handover", "handled")]),
    ("handover_pass_thread_control", &[("handover", "handled")]),
    ("handover_request_thread_control", &[("handover", "handled")]),
    ("handover_take_thread_control", &[("handover", "handled")]),
    ("instagram_dm_via_page_object", &[("message", "handled")]),
    ("instagram_dm_via_page_object_ig_entry", &[("message", "handled")]),
    ("message_deleted", &[("deleted", "handled")]),
    ("message_echo", &[("echo", "handled")]),
    ("message_edit", &[("edit", "handled")]),
    ("message_fallback", &[("message", "handled")]),
    ("message_ig_reel", &[("message", "handled")]),
    ("message_image", &[("message", "handled")]),
    ("message_location", &[("message", "handled")]),
    ("message_numeric_ids", &[("message", "handled")]),
    ("message_product_template", &[("message", "handled")]),
    ("message_quick_reply", &[("message", "handled")]),
    ("message_referral_product", &[("message", "handled")]),
    ("message_reply_to", &[("message", "handled")]),
    ("message_sticker", &[("message", "handled")]),
    ("message_sticker_legacy", &[("message", "handled")]),
    ("message_text", &[("message", "handled")]),
    ("message_unsupported", &[("message", "handled")]),
    ("optin_notification_messages", &[("optin", "handled")]),
    ("optin_ref", &[("optin", "handled")]),
    ("policy_enforcement", &[("policy", "account_notice")]),
    ("postback", &[("postback", "handled")]),
    ("postback_referral", &[("postback", "handled")]),
    ("reaction", &[("reaction", "handled")]),
    ("read", &[("read", "handled")]),
    ("referral_ad", &[("referral", "handled")]),
    ("referral_shortlink", &[("referral", "handled")]),
    ("standby_echo", &[("standby_echo", "handled")]),
    ("standby_message", &[("standby_message", "handled")]),
];

/// Messages, statuses, and what WhatsApp tells of itself.
#[rustfmt::skip]
pub(crate) const WHATSAPP: &[Row] = &[
    ("account_update_disabled", &[("change:account_update", "account_notice")]),
    ("batch_mixed", &[("status", "handled"), ("status", "duplicate"), ("message", "handled"), ("message", "handled"), ("message", "handled")]),
    ("entry_empty_changes", &[("entry_without_events", "not_used")]),
    ("message_audio_voice", &[("message", "handled")]),
    ("message_button_reply", &[("message", "handled")]),
    ("message_contacts", &[("message", "handled")]),
    ("message_document", &[("message", "handled")]),
    ("message_edit", &[("edit", "handled")]),
    ("message_flow_reply", &[("message", "handled")]),
    ("message_group", &[("message", "group_message")]),
    ("message_image_caption", &[("message", "handled")]),
    ("message_list_reply", &[("message", "handled")]),
    ("message_location", &[("message", "handled")]),
    ("message_order", &[("message", "handled")]),
    ("message_order_quantity_string", &[("message", "handled")]),
    ("message_product_inquiry", &[("message", "handled")]),
    ("message_reaction", &[("reaction", "handled")]),
    ("message_reaction_removed", &[("reaction", "handled")]),
    ("message_reaction_removed_empty", &[("reaction", "handled")]),
    ("message_referral_ad", &[("message", "handled")]),
    ("message_revoke", &[("deleted", "handled")]),
    ("message_sticker", &[("message", "handled")]),
    ("message_system_number_change", &[("system", "handled")]),
    ("message_system_user_id_change", &[("system", "handled")]),
    ("message_template_button", &[("message", "handled")]),
    ("message_text", &[("message", "handled")]),
    ("message_text_bsuid_only", &[("message", "handled")]),
    ("message_text_forwarded", &[("message", "handled")]),
    ("message_text_phone_only", &[("message", "handled")]),
    ("message_text_reply_context", &[("message", "handled")]),
    ("message_unsupported", &[("message", "handled")]),
    ("message_video", &[("message", "handled")]),
    ("smb_message_echo", &[("echo", "handled")]),
    ("status_bsuid_only", &[("status", "handled")]),
    ("status_delivered", &[("status", "handled")]),
    ("status_failed_131026", &[("status", "handled")]),
    ("status_failed_131047", &[("status", "handled")]),
    ("status_read", &[("status", "handled")]),
    ("status_sent", &[("status", "handled")]),
    ("status_sent_legacy_conversation", &[("status", "handled")]),
    ("user_id_update", &[("user_id_update", "handled")]),
    ("value_level_errors", &[("message", "handled")]),
];
