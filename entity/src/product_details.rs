//! What is shown of products, and no decision depends on.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product_details")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// The product's SKU.
    #[sea_orm(primary_key, auto_increment = false)]
    pub product: String,
    /// The SKU of the variant; empty: of the product itself.
    #[sea_orm(primary_key, auto_increment = false)]
    pub variant: String,
    /// What it is.
    pub description: Option<String>,
    /// Its page on the web.
    pub link: Option<String>,
    /// Addresses of its pictures, as JSON.
    pub images: String,
    /// Who makes it.
    pub brand: Option<String>,
    /// In what condition it is sold.
    pub condition: Option<String>,
    /// Its place in the categories of Google or Facebook.
    pub category: Option<String>,
    /// Its place in the seller's own categories.
    pub product_type: Option<String>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
