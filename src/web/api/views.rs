//! What the API shows of rows.

use actors::domain::conversation::{Conversation, Customer, Lead, Message};
use actors::domain::money::Money;
use actors::domain::order::{Look, Order, OrderLine};
use actors::domain::outbox::{Owed, OwedCall};
use actors::domain::outcome::Reason;
use actors::store::views::Page;
use serde_json::{Value, json};

/// A page of rows, with the place where the next one begins.
pub(super) fn list<T>(rows: &[T], page: Page, show: impl Fn(&T) -> (i64, Value)) -> Value {
    let shown: Vec<(i64, Value)> = rows.iter().map(show).collect();
    let full = u64::try_from(rows.len()).is_ok_and(|count| count == page.limit);
    let next = shown.last().filter(|_| full).map(|(id, _)| *id);
    json!({ "data": shown.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), "next": next })
}

pub(super) fn order(order: &Order) -> Value {
    json!({
        "id": order.id,
        "state": order.state,
        "channel": order.channel,
        "conversation": order.conversation,
        "customer": order.customer,
        "lines": order.lines.iter().map(line).collect::<Vec<_>>(),
        "total": order.total().map(money),
        "confidence": order.confidence,
        "contact": order.contact,
        "opened_at": order.opened_at,
        "confirmed_at": order.confirmed_at,
    })
}

fn line(line: &OrderLine) -> Value {
    json!({
        "product": line.product,
        "variant": line.variant,
        "title": line.title,
        "options": line.options.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
        "modifiers": line.modifiers,
        "quantity": line.quantity,
        "unit_price": money(line.unit_price),
        "total": money(line.total()),
        "evidence": line.evidence,
        "confidence": line.confidence,
    })
}

fn money(money: Money) -> Value {
    json!({ "amount": money.to_string().split(' ').next(), "currency": money.currency, "minor": money.minor })
}

pub(super) fn conversation(conversation: &Conversation, customer: &Customer) -> Value {
    json!({
        "id": conversation.id,
        "account": customer.account,
        "customer": { "id": customer.id, "meta_id": customer.meta_id, "contact": customer.facts.contact() },
        "preview": conversation.preview,
        "unread": conversation.unread,
        "last_message_at": conversation.last_message_at,
        "window_closes_at": conversation.window_closes_at(),
        "needs_look": conversation.needs_look.iter().map(|look| look_at(*look)).collect::<Vec<_>>(),
    })
}

fn look_at(look: Look) -> Value {
    json!({ "cause": look.name(), "sentence": look.sentence() })
}

pub(super) fn message(message: &Message) -> Value {
    json!({
        "id": message.id,
        "author": message.author.name(),
        "text": message.text,
        "payload": message.payload,
        "wishes": message.wishes,
        "attachments": message.attachments,
        "at": message.at,
        "state": message.state.name(),
        "mid": message.mid,
    })
}

pub(super) fn lead(lead: &Lead) -> Value {
    json!({
        "id": lead.id,
        "customer": lead.customer,
        "conversation": lead.conversation,
        "stage": lead.stage.name(),
        "first_words": lead.first_words,
        "at": lead.at,
    })
}

pub(super) fn owed(owed: &Owed) -> Value {
    let (what, quick_replies) = match &owed.call {
        OwedCall::Send { quick_replies, .. } => ("send", quick_replies.as_slice()),
        OwedCall::Find { .. } => ("find", &[][..]),
    };
    json!({
        "id": owed.id,
        "what": what,
        "conversation": owed.conversation,
        "quick_replies": quick_replies,
        "state": owed.state.name(),
        "attempts": owed.attempts,
        "not_before": owed.not_before,
        "mid": owed.mid,
        "error": owed.error,
    })
}

pub(super) fn reason(code: &str, count: i64) -> Value {
    json!({ "reason": code, "count": count, "sentence": Reason::coded(code).map(Reason::sentence) })
}
