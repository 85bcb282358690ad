//! Sentences for what happens to a conversation besides what is said in it.

use super::json::{Fields, bounded, id_of};

/// What of Meta's own words goes into a sentence.
const QUOTE_LIMIT: usize = 200;

/// A word of Meta's or of another app's, short enough for a sentence.
pub(super) fn quoted(text: String) -> String {
    bounded(text, QUOTE_LIMIT)
}

/// The customer agrees to be written to, or no longer.
pub(super) fn optin(optin: &Fields<'_>) -> String {
    let stopped = optin.text("notification_messages_status").is_some_and(|status| status.starts_with("STOP"));
    let about = optin.text("title").or_else(|| optin.text("ref")).or_else(|| optin.text("payload"));
    let about = about.map(|about| format!(": {}", quoted(about))).unwrap_or_default();
    match stopped {
        true => format!("The customer no longer agrees to be written to later{about}."),
        false => format!("The customer agreed to be written to later{about}."),
    }
}

/// The conversation goes from one app to another; `member` is Meta's name for how.
pub(super) fn handover(member: &str, body: &Fields<'_>) -> String {
    let app = |name: &str| body.id(name);
    let (from, to) = (app("previous_owner_app_id"), app("new_owner_app_id"));
    let told = match member {
        "pass_thread_control" => format!("The conversation was handed{} {}", from_app(from), to_app(to)),
        "take_thread_control" => {
            let by = to.map_or_else(|| "Another app".to_owned(), |app| format!("App {app}"));
            format!("{by} took the conversation over{}", from_app(from))
        }
        "request_thread_control" => {
            let by = app("requested_owner_app_id").map_or_else(|| "An app".to_owned(), |app| format!("App {app}"));
            format!("{by} asks for the conversation")
        }
        _ => return roles(body),
    };
    let note = body.text("metadata").map(|note| format!(": {}", quoted(note))).unwrap_or_default();
    format!("{told}{note}.")
}

fn from_app(app: Option<String>) -> String {
    app.map(|app| format!(" from app {app}")).unwrap_or_default()
}

fn to_app(app: Option<String>) -> String {
    app.map_or_else(|| "to nobody".to_owned(), |app| format!("to app {app}"))
}

fn roles(body: &Fields<'_>) -> String {
    let role = |roles: &str| serde_json::from_str::<Vec<String>>(roles).unwrap_or_default().join(" and ");
    let roles: Vec<String> = body.0.iter().map(|(app, roles)| format!("app {app} is {}", role(roles.get()))).collect();
    quoted(format!("Roles in the conversation: {}.", roles.join(", ")))
}

/// Whatever of a list of errors comes first: its code, and what Meta calls it.
pub(super) fn first_error(fields: &Fields<'_>) -> Option<(String, Option<String>)> {
    let error = fields.objects("errors").into_iter().next()?;
    let code = error.get("code").and_then(id_of).unwrap_or_else(|| "unknown".to_owned());
    Some((quoted(code), error.text("title").or_else(|| error.text("message")).map(quoted)))
}
