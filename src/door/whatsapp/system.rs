//! What WhatsApp itself says in a conversation: a customer has another number or another id.

use actors::domain::event::{Happening, Noted, Renamed};
use actors::domain::outcome::Reason;

use super::super::json::Fields;
use super::super::notes::quoted;
use super::person::is_phone;

/// Meta's words for a customer who is known by something else from now on.
const RENAMES: [&str; 3] = ["user_changed_number", "user_changed_user_id", "customer_changed_number"];

/// What the message means.
pub(super) fn meaning(message: &Fields<'_>) -> Result<Happening, Reason> {
    let system = message.object("system").ok_or(Reason::Unreadable)?;
    let is_rename = system.text("type").is_some_and(|word| RENAMES.contains(&word.as_str()));
    if is_rename && let Some(Move { to: Some(to), .. }) = moved(message) {
        let phone = new_phone(&system).filter(|phone| is_phone(phone));
        return Ok(Happening::Renamed(Renamed { to, phone }));
    }
    let words = system.text("body").ok_or(Reason::UnknownKind)?;
    Ok(Happening::Noted(Noted { sentence: format!("WhatsApp: {}", quoted(words)) }))
}

/// The id that the customer of a system message was known by.
pub(super) fn before(message: &Fields<'_>) -> Option<String> {
    moved(message)?.from
}

/// From one id to another of the same sort, where both are told.
struct Move {
    from: Option<String>,
    to: Option<String>,
}

fn moved(message: &Fields<'_>) -> Option<Move> {
    let system = message.object("system")?;
    let (new_user, new_phone) = (system.id("user_id"), new_phone(&system));
    let old_user = message.id("from_user_id").or_else(|| user_in(&system.text("body")?, new_user.as_deref()?));
    let old_phone = message.id("from").or_else(|| system.id("customer"));
    Some(match (old_user, new_user, old_phone, new_phone) {
        (old @ Some(_), new @ Some(_), _, _) | (_, _, old @ Some(_), new @ Some(_)) => Move { from: old, to: new },
        (old_user, new_user, old_phone, new_phone) => Move { from: old_user.or(old_phone), to: new_user.or(new_phone) },
    })
}

fn new_phone(system: &Fields<'_>) -> Option<String> {
    system.id("wa_id").or_else(|| system.id("new_wa_id"))
}

/// The old id is told in a sentence only: the one in it that is not the new.
fn user_in(sentence: &str, new: &str) -> Option<String> {
    let words = sentence.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ';']));
    words.into_iter().find(|word| is_user_id(word) && *word != new).map(str::to_owned)
}

/// A country's two letters, a dot, and digits; `ENT.` between them is a whole business's.
fn is_user_id(word: &str) -> bool {
    let Some((country, number)) = word.split_once('.') else { return false };
    let number = number.strip_prefix("ENT.").unwrap_or(number);
    let is_country = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    is_country && !number.is_empty() && is_phone(number)
}
