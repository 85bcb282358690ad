//! What is known of a catalog's items at Meta.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "catalog_product")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// In which catalog.
    #[sea_orm(primary_key, auto_increment = false)]
    pub catalog: i64,
    /// The SKU: its name at Meta.
    #[sea_orm(primary_key, auto_increment = false)]
    pub retailer_id: String,
    /// The SKU of the product it is, or is a variant of.
    pub product: String,
    /// Meta's id of it, where it is known.
    pub item_id: Option<String>,
    /// How far it is.
    pub state: String,
    /// 0 for what goes first among what is owed.
    pub rank: i32,
    /// What is to become of it: `put`, `remove` or `hide`.
    pub wants: String,
    /// The call it is in.
    pub batch: Option<i64>,
    /// A print of what Meta last accepted.
    pub accepted: Option<i64>,
    /// The same of price and availability alone.
    pub offered: Option<i64>,
    /// A print of what was last sent.
    pub sent: Option<i64>,
    /// The same of price and availability alone.
    pub offers: Option<i64>,
    /// A print of how Meta should show what was last sent.
    pub expected: Option<i64>,
    /// A print of how Meta showed it first since.
    pub seen: Option<i64>,
    /// When Meta last showed it.
    pub seen_at: i64,
    /// How often it was sent again because Meta showed something else.
    pub mended: i32,
    /// Why it is not as wanted, in words.
    pub reason: Option<String>,
    /// What Meta's review says.
    pub review: Option<String>,
    /// Whether posts can name it.
    pub can_be_tagged: Option<bool>,
    /// Whether the shop shows it.
    pub is_in_shop: Option<bool>,
    /// When this row last changed its state.
    pub changed_at: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
