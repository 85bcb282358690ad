//! A seller's orders, from draft to hand-over.

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::channel::Channel;
use actors::domain::command::{Command, LineWanted, OrderAt};
use actors::domain::ids::{ConversationId, CustomerId, OrderId};
use actors::domain::money::{Currency, Money};
use actors::domain::order::{LineEvidence, LinesEdit, Order, OrderAnswer, OrderEdit, OrderLine, OrderState};
use actors::domain::reading::Contact;
use actors::store::lists::{self, OrdersWanted};
use actors::store::orders::{self, Recorded};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Api;
use super::answers::{Json, Obeyed, Page, Versioned};
use super::ask::{After, Ask, Id, JsonBody, Limit, MaybeBody, NoQuery, PageQuery, queries};
use super::commands::command;
use super::endpoint::{get, patch, post};
use super::{gate, words};
use crate::web::problem::Problem;
use crate::web::route::Route;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (all, one) = ("/api/v1/sellers/{seller}/orders", "/api/v1/sellers/{seller}/orders/{order}");
    let (confirming, cancelling) =
        ("/api/v1/sellers/{seller}/orders/{order}/confirm", "/api/v1/sellers/{seller}/orders/{order}/cancel");
    let handing_over = "/api/v1/sellers/{seller}/orders/{order}/fulfil";
    let past = "/api/v1/sellers/{seller}/orders/{order}/history";
    let (read, write) = (Scope::OrdersRead, Scope::OrdersWrite);
    vec![
        get(all, "list_orders", "Lists orders").scope(read).by(api, list),
        get(one, "show_order", "Shows an order; its version is its ETag too").scope(read).by(api, show),
        get(past, "list_order_history", "Lists what happened to an order").scope(read).by(api, history),
        post(all, "open_order", "Makes a draft in a conversation, by hand").scope(write).fails(&[409]).by(api, open),
        patch(one, "edit_order", "Changes a draft, unless it changed in between")
            .scope(write)
            .fails(&[409])
            .by(api, edit),
        post(confirming, "confirm_order", "Confirms a draft").scope(write).fails(&[409]).by(api, confirm),
        post(cancelling, "cancel_order", "Ends an order that is not wanted any more")
            .scope(write)
            .fails(&[409])
            .by(api, cancel),
        post(handing_over, "fulfil_order", "Hands a confirmed order over").scope(write).fails(&[409]).by(api, fulfil),
    ]
}

/// An order, from its first word to its hand-over.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Order")]
pub(super) struct OrderOut {
    id: OrderId,
    /// Counts its changes: whoever edits it says which one was seen.
    version: i64,
    state: OrderState,
    /// True once a person has written its lines: no message changes them any more.
    by_hand: bool,
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
            version: order.version,
            by_hand: order.by_hand,
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

/// Orders, a page at a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OrdersQuery {
    /// So far.
    state: Option<OrderState>,
    /// Said in this conversation.
    conversation: Option<Id>,
    /// Wanted by this customer.
    customer: Option<Id>,
    /// Where the page begins, as `next` of the page before gave it.
    after: Option<After>,
    /// How many rows at most.
    limit: Option<Limit>,
}

queries!(OrdersQuery);

async fn list(api: Arc<Api>, ask: Ask<OrdersQuery>) -> Result<Json<Page<OrderOut>>, Problem> {
    let OrdersQuery { state, conversation, customer, after, limit } = ask.query;
    let page = PageQuery { after, limit }.page();
    let wanted = OrdersWanted {
        state,
        conversation: conversation.map(|id| ConversationId(id.0)),
        customer: customer.map(|id| CustomerId(id.0)),
    };
    let found = lists::orders(api.store.reads(), ask.parts.seller()?, wanted, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |order| order.id.0)))
}

async fn show(api: Arc<Api>, ask: Ask) -> Result<Versioned<OrderOut>, Problem> {
    let (seller, order) = (ask.seller()?, OrderId(ask.id("order")?));
    let found = orders::order(api.store.reads(), seller, order).await.map_err(gate::failed)?;
    let found = found.ok_or_else(|| no_order(order))?;
    let version = found.version;
    Ok(Versioned(found.into(), version))
}

fn no_order(order: OrderId) -> Problem {
    Problem::not_found().detail(format!("the shop has no order {order}"))
}

/// A step in an order's history.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrderStep")]
struct StepOut {
    at: DateTime<Utc>,
    #[schemars(with = "words::OrderStep")]
    what: &'static str,
    /// Who did it; none: the customer, or the service by itself.
    by: Option<String>,
    /// What an edit has changed.
    edit: Option<EditOut>,
}

/// What an edit has changed. Histories keep no contact details, only that there are others.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrderEdit")]
struct EditOut {
    /// None: the lines are as they were.
    lines: Option<LinesEditOut>,
    /// The contact details that are others now: `phone`, `email`, `address`.
    contact: Vec<String>,
}

/// How the lines of an order were changed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OrderLinesEdit")]
struct LinesEditOut {
    /// How many there were.
    before: usize,
    /// How many there are.
    after: usize,
    total_before: Option<MoneyOut>,
    total_after: Option<MoneyOut>,
}

impl From<OrderEdit> for EditOut {
    fn from(edit: OrderEdit) -> Self {
        let lines = |LinesEdit { before, after, total_before, total_after }| LinesEditOut {
            before,
            after,
            total_before: total_before.map(MoneyOut::from),
            total_after: total_after.map(MoneyOut::from),
        };
        Self { lines: edit.lines.map(lines), contact: edit.contact }
    }
}

impl From<Recorded> for StepOut {
    fn from(recorded: Recorded) -> Self {
        let change = recorded.change;
        Self { at: change.at, what: change.what.name(), by: change.by, edit: change.edit.map(EditOut::from) }
    }
}

async fn history(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<StepOut>>, Problem> {
    let (seller, order, page) = (ask.seller()?, OrderId(ask.id("order")?), ask.query.page());
    let found = orders::history(api.store.reads(), seller, order, page).await.map_err(gate::failed)?;
    if found.is_empty() && orders::order(api.store.reads(), seller, order).await.map_err(gate::failed)?.is_none() {
        return Err(no_order(order));
    }
    Ok(Json(Page::of(found, page, |step| step.id)))
}

/// A line of an order as somebody wants it.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "LineWanted")]
#[serde(deny_unknown_fields)]
struct LineIn {
    /// The product's SKU.
    product: String,
    /// The variant's SKU, where the product has variants.
    variant: Option<String>,
    /// Modifier ids.
    #[serde(default)]
    modifiers: Vec<String>,
    /// How many.
    #[schemars(range(min = 1))]
    quantity: u32,
}

fn wanted(lines: Vec<LineIn>) -> Vec<LineWanted> {
    let line = |LineIn { product, variant, modifiers, quantity }| LineWanted { product, variant, modifiers, quantity };
    lines.into_iter().map(line).collect()
}

/// A draft to be made by hand.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OpenOrder {
    /// In which conversation.
    conversation: i64,
    lines: Vec<LineIn>,
}

/// What a draft is to be like.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EditOrder {
    /// The version that was seen: when it is another by now, nothing is changed.
    version: i64,
    /// All lines it is to have; none: as they are.
    lines: Option<Vec<LineIn>>,
    /// Contact details to put; what is left out stays, and an empty text goes back to what the customer said.
    contact: Option<ContactIn>,
}

/// How to reach a customer.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ContactDetails")]
#[serde(deny_unknown_fields)]
pub(super) struct ContactIn {
    phone: Option<String>,
    email: Option<String>,
    address: Option<String>,
}

impl From<ContactIn> for Contact {
    fn from(contact: ContactIn) -> Self {
        let ContactIn { phone, email, address } = contact;
        Self { phone, email, address }
    }
}

/// An order as somebody saw it.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OrderSeen {
    /// The version that was seen: when it is another by now, nothing is done. None: whatever it is by now.
    version: Option<i64>,
}

async fn open(api: Arc<Api>, mut ask: Ask<NoQuery, JsonBody<OpenOrder>>) -> Result<Obeyed<OrderAnswer>, Problem> {
    let conversation = ConversationId(ask.body.0.conversation);
    let lines = wanted(std::mem::take(&mut ask.body.0.lines));
    command(&api, &ask, Command::OpenOrder { conversation, lines }).await
}

async fn edit(api: Arc<Api>, mut ask: Ask<NoQuery, JsonBody<EditOrder>>) -> Result<Obeyed<OrderAnswer>, Problem> {
    let order = OrderId(ask.id("order")?);
    let EditOrder { version, lines, contact } = &mut ask.body.0;
    let (version, lines, contact) = (*version, lines.take().map(wanted), contact.take().map(Contact::from));
    command(&api, &ask, Command::EditOrder { order, version, lines, contact }).await
}

type Seen = Ask<NoQuery, MaybeBody<OrderSeen>>;

fn seen(ask: &Seen) -> Result<OrderAt, Problem> {
    Ok(OrderAt { order: OrderId(ask.id("order")?), version: ask.body.0.version })
}

async fn confirm(api: Arc<Api>, ask: Seen) -> Result<Obeyed<OrderAnswer>, Problem> {
    command(&api, &ask, Command::ConfirmOrder(seen(&ask)?)).await
}

async fn cancel(api: Arc<Api>, ask: Seen) -> Result<Obeyed<OrderAnswer>, Problem> {
    command(&api, &ask, Command::CancelOrder(seen(&ask)?)).await
}

async fn fulfil(api: Arc<Api>, ask: Seen) -> Result<Obeyed<OrderAnswer>, Problem> {
    command(&api, &ask, Command::FulfilOrder(seen(&ask)?)).await
}
