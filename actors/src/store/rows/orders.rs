//! Orders, their lines and their histories as rows.

use std::collections::HashMap;

use entity::{order_change as order_changes, order_line as order_lines, shop_order as shop_orders};
use sea_orm::ActiveValue::{NotSet, Set};

use crate::domain::channel::Channel;
use crate::domain::ids::{ConversationId, CustomerId, OrderId, SellerId};
use crate::domain::order::{Order, OrderChange, OrderLine, OrderState, OrderStep};
use crate::domain::reading::Contact;
use crate::store::StoreError;

use super::{from_json, json, maybe_time, money, ms, named, place, time, unreadable};

pub(in crate::store) fn order_row(seller: SellerId, order: &Order) -> shop_orders::Model {
    shop_orders::Model {
        seller_id: seller.0,
        id: order.id.0,
        conversation_id: order.conversation.0,
        customer_id: order.customer.0,
        channel: order.channel.name().to_owned(),
        source_key: order.source_key.clone(),
        state: order.state.name().to_owned(),
        confidence: order.confidence,
        phone: order.contact.phone.clone(),
        email: order.contact.email.clone(),
        address: order.contact.address.clone(),
        opened_at: ms(order.opened_at),
        confirmed_at: order.confirmed_at.map(ms),
        version: order.version,
        by_hand: order.by_hand,
    }
}

pub(in crate::store) fn line_rows(seller: SellerId, order: &Order) -> impl Iterator<Item = order_lines::Model> + '_ {
    order.lines.iter().enumerate().map(move |(index, line)| order_lines::Model {
        seller_id: seller.0,
        order_id: order.id.0,
        n: place(index),
        product: line.product.clone(),
        variant: line.variant.clone(),
        title: line.title.clone(),
        options: json(&line.options),
        modifiers: json(&line.modifiers),
        quantity: line.quantity.into(),
        unit_minor: line.unit_price.minor,
        currency: line.unit_price.currency.to_string(),
        evidence: json(&line.evidence),
        confidence: line.confidence,
        stock_taken: line.stock_taken,
    })
}

pub(in crate::store) fn change_row(seller: SellerId, change: &OrderChange) -> order_changes::ActiveModel {
    order_changes::ActiveModel {
        id: NotSet,
        seller_id: Set(seller.0),
        order_id: Set(change.order.0),
        at: Set(ms(change.at)),
        what: Set(change.what.name().to_owned()),
        made_by: Set(change.by.clone()),
        edit: Set(change.edit.as_ref().map(json)),
    }
}

pub(in crate::store) fn change(row: order_changes::Model) -> Result<OrderChange, StoreError> {
    Ok(OrderChange {
        order: OrderId(row.order_id),
        at: time(row.at)?,
        what: named("order step", &row.what, OrderStep::named)?,
        by: row.made_by,
        edit: row.edit.map(|edit| from_json("edit", &edit)).transpose()?,
    })
}

/// Puts lines, given in their orders' order, to their orders.
pub(in crate::store) fn orders(
    orders: Vec<shop_orders::Model>,
    lines: Vec<order_lines::Model>,
) -> Result<Vec<Order>, StoreError> {
    let mut of_order: HashMap<i64, Vec<OrderLine>> = HashMap::new();
    for row in lines {
        of_order.entry(row.order_id).or_default().push(line(row)?);
    }
    let orders = orders.into_iter().map(|row| {
        let lines = of_order.remove(&row.id).unwrap_or_default();
        order(row, lines)
    });
    orders.collect()
}

fn order(row: shop_orders::Model, lines: Vec<OrderLine>) -> Result<Order, StoreError> {
    Ok(Order {
        id: OrderId(row.id),
        conversation: ConversationId(row.conversation_id),
        customer: CustomerId(row.customer_id),
        channel: named("channel", &row.channel, Channel::named)?,
        source_key: row.source_key,
        state: named("order state", &row.state, OrderState::named)?,
        lines,
        confidence: row.confidence,
        contact: Contact { phone: row.phone, email: row.email, address: row.address },
        opened_at: time(row.opened_at)?,
        confirmed_at: maybe_time(row.confirmed_at)?,
        version: row.version,
        by_hand: row.by_hand,
    })
}

fn line(row: order_lines::Model) -> Result<OrderLine, StoreError> {
    Ok(OrderLine {
        product: row.product,
        variant: row.variant,
        title: row.title,
        options: from_json("options", &row.options)?,
        modifiers: from_json("modifiers", &row.modifiers)?,
        quantity: u32::try_from(row.quantity).map_err(|_| unreadable("quantity", row.quantity))?,
        unit_price: money(row.unit_minor, &row.currency)?,
        evidence: from_json("evidence", &row.evidence)?,
        confidence: row.confidence,
        stock_taken: row.stock_taken,
    })
}
