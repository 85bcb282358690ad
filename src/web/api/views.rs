//! What the API shows of rows.

use actors::domain::channel::Channel;
use actors::domain::comment::PublicComment;
use actors::domain::conversation::{Conversation, Customer, Lead, Message};
use actors::domain::marks::Reaction;
use actors::domain::money::Money;
use actors::domain::order::{Look, Order, OrderLine};
use actors::domain::outbox::{Owed, OwedCall};
use actors::store::office::ConnectionRow;
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
        "customer": {
            "id": customer.id,
            "meta_id": customer.meta_id,
            "name": customer.shown.name,
            "username": customer.shown.username,
            "contact": customer.contact(),
        },
        "preview": conversation.preview,
        "unread": conversation.unread,
        "last_message_at": conversation.last_message_at,
        "window_closes_at": conversation.window_closes_at(),
        "needs_look": conversation.needs_look.iter().map(|look| look_at(*look)).collect::<Vec<_>>(),
        "in_other_hands": conversation.in_other_hands,
    })
}

fn look_at(look: Look) -> Value {
    json!({ "cause": look.name(), "sentence": look.sentence() })
}

pub(super) fn message(conversation: &Conversation, message: &Message) -> Value {
    let marks = &message.marks;
    json!({
        "id": message.id,
        "author": message.author.name(),
        "text": message.text,
        "payload": message.payload,
        "wishes": message.wishes,
        "attachments": message.attachments,
        "at": message.at,
        "state": conversation.state_of(message).name(),
        "mid": message.mid,
        "edited": marks.revision.is_some(),
        "revision": marks.revision,
        "unsent": marks.unsent,
        "reactions": marks.reactions.iter().filter_map(reaction).collect::<Vec<_>>(),
        "about": marks.about,
        "referral": marks.referral,
        "failure": marks.failure,
    })
}

pub(super) fn connection(connection: &ConnectionRow) -> Value {
    json!({
        "id": connection.id,
        "channel": connection.account.channel().map(Channel::name),
        "account_id": connection.account.id(),
        "linked": connection.linked,
        "name": connection.username,
        "state": connection.state,
    })
}

/// One that was taken away is none.
fn reaction(reaction: &Reaction) -> Option<Value> {
    let emoji = reaction.emoji.as_ref()?;
    Some(json!({ "by": reaction.by, "emoji": emoji, "at": reaction.at }))
}

pub(super) fn lead(lead: &Lead) -> Value {
    json!({
        "id": lead.id,
        "customer": lead.customer,
        "conversation": lead.conversation,
        "stage": lead.stage.name(),
        "first_words": lead.first_words,
        "at": lead.at,
        "source": lead.source,
    })
}

pub(super) fn comment(comment: &PublicComment) -> Value {
    json!({
        "id": comment.id,
        "account": comment.name.account,
        "kind": comment.name.kind.name(),
        "meta_id": comment.name.meta_id,
        "parent": comment.parent,
        "media": comment.media,
        "ad": comment.ad,
        "customer": comment.customer,
        "username": comment.username,
        "text": comment.text,
        "own": comment.is_own,
        "live": comment.is_live,
        "at": comment.at,
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
