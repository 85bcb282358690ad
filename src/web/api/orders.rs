//! A seller's orders, from draft to hand-over.

use std::sync::Arc;

use actors::domain::channel::Channel;
use actors::domain::ids::{ConversationId, CustomerId, OrderId};
use actors::domain::money::{Currency, Money};
use actors::domain::order::{LineEvidence, Order, OrderLine, OrderState};
use actors::domain::reading::Contact;
use actors::store::views as rows;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::Api;
use super::answers::{Json, Page};
use super::ask::{Ask, PageQuery};
use super::endpoint::get;
use super::gate;
use crate::web::problem::Problem;
use crate::web::route::Route;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    vec![get("/api/v1/sellers/{seller}/orders", "list_orders", "Lists orders").scope("orders:read").by(api, list)]
}

/// An order, from its first word to its hand-over.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Order")]
pub(super) struct OrderOut {
    id: OrderId,
    state: OrderState,
    /// Where it was said.
    channel: Channel,
    conversation: ConversationId,
    customer: CustomerId,
    lines: Vec<LineOut>,
    /// None while there is no line.
    total: Option<MoneyOut>,
    /// From 0 to 1: the least sure of its lines.
    confidence: f32,
    /// How to reach the customer.
    contact: Contact,
    opened_at: DateTime<Utc>,
    confirmed_at: Option<DateTime<Utc>>,
}

/// A line of an order.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrderLine")]
struct LineOut {
    /// The product's SKU.
    product: String,
    /// The variant's SKU, once known.
    variant: Option<String>,
    title: String,
    /// What was chosen so far.
    options: Vec<OptionOut>,
    /// Modifier ids.
    modifiers: Vec<String>,
    quantity: u32,
    unit_price: MoneyOut,
    total: MoneyOut,
    /// The words that led to it.
    evidence: Vec<LineEvidence>,
    /// From 0 to 1.
    confidence: f32,
}

/// A choice.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Option")]
pub(super) struct OptionOut {
    pub(super) name: String,
    pub(super) value: String,
}

/// An amount of money.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Money")]
pub(super) struct MoneyOut {
    /// As a decimal with as many places as the currency has.
    amount: String,
    currency: Currency,
    /// In the currency's smallest unit.
    minor: i64,
}

impl From<Money> for MoneyOut {
    fn from(money: Money) -> Self {
        let shown = money.to_string();
        let amount = shown.split(' ').next().unwrap_or_default().to_owned();
        Self { amount, currency: money.currency, minor: money.minor }
    }
}

impl From<Order> for OrderOut {
    fn from(order: Order) -> Self {
        let total = order.total().map(MoneyOut::from);
        Self {
            id: order.id,
            state: order.state,
            channel: order.channel,
            conversation: order.conversation,
            customer: order.customer,
            lines: order.lines.into_iter().map(LineOut::from).collect(),
            total,
            confidence: order.confidence,
            contact: order.contact,
            opened_at: order.opened_at,
            confirmed_at: order.confirmed_at,
        }
    }
}

impl From<OrderLine> for LineOut {
    fn from(line: OrderLine) -> Self {
        let total = line.total().into();
        Self {
            product: line.product,
            variant: line.variant,
            title: line.title,
            options: line.options.into_iter().map(|(name, value)| OptionOut { name, value }).collect(),
            modifiers: line.modifiers,
            quantity: line.quantity,
            unit_price: line.unit_price.into(),
            total,
            evidence: line.evidence,
            confidence: line.confidence,
        }
    }
}

async fn list(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<OrderOut>>, Problem> {
    let page = ask.query.page();
    let found = rows::orders(api.store.reads(), ask.seller()?, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |order| order.id.0)))
}
