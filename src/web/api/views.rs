//! What the API shows of rows, and what it takes for products.

use actors::domain::catalog::{Product, Variant};
use actors::domain::conversation::{Conversation, Customer, Lead, Message};
use actors::domain::money::{Currency, Money};
use actors::domain::order::{Order, OrderLine};
use actors::domain::outbox::{Owed, OwedCall};
use actors::domain::outcome::Reason;
use actors::store::views::Page;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::web::problem::Problem;

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
        "needs_look": conversation.needs_look,
    })
}

pub(super) fn message(message: &Message) -> Value {
    json!({
        "id": message.id,
        "author": message.author.name(),
        "text": message.text,
        "payload": message.payload,
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
    let what = match &owed.call {
        OwedCall::Send { .. } => "send",
        OwedCall::Find { .. } => "find",
    };
    json!({
        "id": owed.id,
        "what": what,
        "conversation": owed.conversation,
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

/// A product as it is written in a request: prices as decimals.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductIn {
    retailer_id: String,
    title: String,
    price: String,
    currency: Currency,
    stock: Option<i64>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    variants: Vec<VariantIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantIn {
    retailer_id: String,
    options: Vec<OptionIn>,
    price: Option<String>,
    stock: Option<i64>,
    #[serde(default)]
    keywords: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionIn {
    name: String,
    value: String,
}

impl ProductIn {
    /// The product, or what is wrong with it.
    pub(super) fn checked(self) -> Result<Product, Problem> {
        let wrong = |detail: String| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_product", "A product cannot be taken")
                .detail(detail)
        };
        for (name, text) in [("retailer_id", &self.retailer_id), ("title", &self.title)] {
            if text.trim().is_empty() || text.len() > 200 {
                return Err(wrong(format!("{name} of \"{}\" must have 1 to 200 bytes", self.retailer_id)));
            }
        }
        let currency = self.currency;
        let price = |text: &str| Money::parse(text, currency).map_err(|error| wrong(error.to_string()));
        let variant = |variant: VariantIn| -> Result<Variant, Problem> {
            let price = variant.price.as_deref().map(price).transpose()?;
            let options = variant.options.into_iter().map(|option| (option.name, option.value)).collect();
            let VariantIn { retailer_id, stock, keywords, .. } = variant;
            Ok(Variant { retailer_id, options, price, stock, keywords })
        };
        Ok(Product {
            price: price(&self.price)?,
            variants: self.variants.into_iter().map(variant).collect::<Result<_, _>>()?,
            retailer_id: self.retailer_id,
            title: self.title,
            stock: self.stock,
            keywords: self.keywords,
        })
    }
}
