//! All that passed between one customer and one seller.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Given by the seller's own counter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// With whom.
    pub customer_id: i64,
    /// When the customer said something last.
    pub last_inbound_at: Option<i64>,
    /// When anything was said last.
    pub last_message_at: Option<i64>,
    /// The beginning of the last thing said.
    pub preview: String,
    /// Messages nobody has looked at.
    pub unread: i32,
    /// Counts up whenever an order is closed.
    pub episode: i32,
    /// Up to where messages belong to closed orders.
    pub closed_through: Option<i64>,
    /// The order the open episode builds.
    pub draft_order_id: Option<i64>,
    /// What the customer was asked for last.
    pub asked: Option<String>,
    /// Why a person should look: words with commas in between.
    pub needs_look: Option<String>,
    /// True while another app answers the customer.
    pub in_other_hands: bool,
    /// Up to where our messages are on the customer's device.
    pub delivered_through: Option<i64>,
    /// Up to where the customer has seen our messages.
    pub read_through: Option<i64>,
    /// True while the customer is answered by people only.
    pub people_only: bool,
    /// When somebody of the staff wrote last through us.
    pub staff_at: Option<i64>,
    /// What staff calls it, as JSON.
    pub labels: Option<String>,
    /// Who of the staff has it.
    pub assignee: Option<String>,
    /// True when it was put away.
    pub archived: bool,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
