//! How far a message of ours has come.

use actors::domain::event::{Happening, Noted, Receipt, ReceiptOf, ReceiptStep};
use actors::domain::outcome::Reason;

use super::super::json::Fields;
use super::super::notes::first_error;

/// What a status means, or why it is only kept.
pub(super) fn meaning(status: &Fields<'_>) -> Result<Happening, Reason> {
    let word = status.text("status").ok_or(Reason::Unreadable)?;
    let step = match word.as_str() {
        "sent" => ReceiptStep::Sent,
        "delivered" => ReceiptStep::Delivered,
        // Of a voice message, which is then heard.
        "read" | "played" => ReceiptStep::Read,
        "failed" => failed(status),
        "warning" => return Ok(Happening::Noted(Noted { sentence: warning(status) })),
        // The customer removed it from their device: they had it.
        "deleted" => return Err(Reason::NotUsed),
        _ => return Err(Reason::UnknownKind),
    };
    let mid = status.id("id").ok_or(Reason::Unreadable)?;
    Ok(Happening::Receipt(Receipt { of: ReceiptOf::Mids(vec![mid]), step }))
}

fn failed(status: &Fields<'_>) -> ReceiptStep {
    let (code, title) = first_error(status).unwrap_or_else(|| ("unknown".to_owned(), None));
    let known = match code.as_str() {
        "130472" => Some("Meta keeps this customer out of such messages in an experiment"),
        "131026" => Some("the customer cannot be reached on WhatsApp"),
        "131042" => Some("the WhatsApp account has a problem with its payment"),
        "131047" => Some("more than 24 hours have passed since the customer last wrote"),
        "131049" => Some("Meta held it back so that the customer does not get too many messages"),
        "131050" => Some("the customer does not want such messages any more"),
        "131056" => Some("too many messages went to this customer in a short time"),
        _ => None,
    };
    let error = known.map(str::to_owned).or(title).unwrap_or_else(|| "WhatsApp did not say why".to_owned());
    ReceiptStep::Failed { code, error: format!("it was not delivered: {error}") }
}

/// Something about the message is not as it should be, although it was sent.
fn warning(status: &Fields<'_>) -> String {
    let why = first_error(status).map(|(code, title)| format!(": {} ({code})", title.unwrap_or_default()));
    format!("WhatsApp warns about a message of the shop{}.", why.unwrap_or_default())
}
