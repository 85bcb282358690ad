//! Which app's secret signed a webhook last, by its label.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "secret_seen")]
pub struct Model {
    /// What the secret is spoken of with.
    #[sea_orm(primary_key, auto_increment = false)]
    pub label: String,
    /// When.
    pub at: i64,
}

/// None: it stands alone.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
