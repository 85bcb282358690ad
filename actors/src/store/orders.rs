//! One order with its lines, and its history.

use entity::{order_change, order_line, shop_order};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder};

use crate::domain::ids::{OrderId, SellerId};
use crate::domain::order::{Order, OrderChange};

use super::StoreError;
use super::rows::{self, OfSeller};
use super::views::Page;

/// A step with its place in the history of everything, by which pages follow each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its place.
    pub id: i64,
    /// The step.
    pub change: OrderChange,
}

/// One order; none when the seller has no such order.
pub async fn order(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    order: OrderId,
) -> Result<Option<Order>, StoreError> {
    let this = shop_order::Column::Id.eq(order.0);
    let Some(found) = shop_order::Entity::of_seller(seller).filter(this).one(reads).await? else { return Ok(None) };
    let lines = order_line::Entity::of_seller(seller)
        .filter(order_line::Column::OrderId.eq(order.0))
        .order_by_asc(order_line::Column::N)
        .all(reads)
        .await?;
    Ok(rows::orders(vec![found], lines)?.pop())
}

/// A page of what happened to an order, oldest first.
pub async fn history(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    order: OrderId,
    page: Page,
) -> Result<Vec<Recorded>, StoreError> {
    let of_order = page.of::<order_change::Entity>(seller, order_change::Column::Id);
    let rows = of_order.filter(order_change::Column::OrderId.eq(order.0)).all(reads).await?;
    rows.into_iter().map(|row| Ok(Recorded { id: row.id, change: rows::change(row)? })).collect()
}
