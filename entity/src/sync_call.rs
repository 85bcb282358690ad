//! Calls about catalogs, open and over.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_call")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Our id; no owed call has the same.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// About which catalog.
    pub catalog: i64,
    /// For which run.
    pub run: Option<i64>,
    /// What is asked.
    pub kind: String,
    /// About which item, where it is one.
    pub subject: Option<String>,
    /// How far it is.
    pub state: String,
    /// How many items it is about.
    pub items: i32,
    /// How many of them are to be taken out.
    pub removes: i32,
    /// How often it was claimed, questions how far it is included.
    pub attempts: i32,
    /// How often of these Meta refused it for calling too much.
    pub held: i32,
    /// Tries in a row that came to nothing, or questions that were answered with not yet.
    pub tries: i32,
    /// When it was last claimed.
    pub claimed_at: Option<i64>,
    /// By which life of the process.
    pub claimed_by: Option<i64>,
    /// Not to be claimed before.
    pub not_before: i64,
    /// When a batch that is not finished is given up.
    pub give_up_at: Option<i64>,
    /// What Meta named the batch.
    pub handle: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// When it was made.
    pub made_at: i64,
    /// When it was over.
    pub ended_at: Option<i64>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
