//! Why news that mean nothing to a conversation are kept, by what they are called.

use actors::domain::outcome::Reason;

use super::json::Fields;

/// Fields in which Meta tells something about the account as a whole.
const ACCOUNT_NOTICES: [&str; 21] = [
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "business_capability_update",
    "business_integrity",
    "business_status_update",
    "flows",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "messaging_policy_enforcement",
    "page_change_proposal",
    "page_upcoming_change",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "template_category_update",
    "template_correct_category_detection",
];

/// Fields that Meta documents and that no part of a shop depends on.
const NOT_USED: [&str; 29] = [
    "automatic_events",
    "calls",
    "category",
    "conversations",
    "creator_marketplace_projects",
    "description",
    "feed",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "history",
    "hours",
    "inbox_labels",
    "leadgen",
    "live_videos",
    "location",
    "name",
    "phone",
    "picture",
    "ratings",
    "smb_app_state_sync",
    "story_insights",
    "story_poll_response",
    "story_reactions",
    "tracking_events",
    "user_preferences",
    "videos",
    "website",
];

/// Why news of this field, which is no message, is kept.
pub(super) fn reason_of_field(field: &str) -> Reason {
    match field {
        _ if ACCOUNT_NOTICES.contains(&field) => Reason::AccountNotice,
        _ if NOT_USED.contains(&field) => Reason::NotUsed,
        _ => Reason::UnknownKind,
    }
}

/// Why what is kept in one piece is kept; none: `kind` is a kind that is read.
pub(super) fn reason_of_whole(kind: &str, text: &str) -> Option<Reason> {
    match kind {
        "entry_without_events" => Some(Reason::NotUsed),
        "unknown_entry" => Some(Reason::UnknownKind),
        _ => kind.strip_prefix("object:").map(|object| reason_of_object(object, text)),
    }
}

fn reason_of_object(object: &str, text: &str) -> Reason {
    match object {
        // Somebody let the app in or shut it out.
        "permissions" => Reason::AccountNotice,
        // What is told of a catalog beside its batches, as of its feeds.
        "catalog" => Reason::NotUsed,
        _ if !object.is_empty() && is_empty_envelope(text) => Reason::NotUsed,
        _ => Reason::UnknownKind,
    }
}

/// An envelope that could hold something and does not.
fn is_empty_envelope(text: &str) -> bool {
    let Some(fields) = Fields::read(text) else { return false };
    fields.0.iter().all(|(name, value)| name == "object" || (name == "entry" && matches!(value.get(), "[]" | "null")))
}
