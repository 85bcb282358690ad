//! People who write to a seller, each on one account.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Given by the seller's own counter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Where.
    pub account: String,
    /// The person's id at Meta.
    pub meta_id: String,
    /// Phone number.
    pub phone: Option<String>,
    /// When it was said.
    pub phone_at: Option<i64>,
    /// E-mail address.
    pub email: Option<String>,
    /// When it was said.
    pub email_at: Option<i64>,
    /// Postal address.
    pub address: Option<String>,
    /// When it was said.
    pub address_at: Option<i64>,
    /// The name the customer shows at Meta.
    pub shown_name: Option<String>,
    /// The customer's username.
    pub shown_username: Option<String>,
    /// The phone number the customer writes from.
    pub shown_phone: Option<String>,
    /// The name that staff gave the customer.
    pub given_name: Option<String>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
