//! What happened in a shop as it is stored, for tests about whom it is told.

use sea_orm::{ConnectionTrait, Statement};

use super::{Shop, TestApp};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) subject: Option<i64>,
    /// What a webhook about it is called.
    pub(crate) name: String,
}

impl TestApp {
    /// All that happened in a shop so far, in order.
    pub(crate) async fn happened(&self, shop: &Shop) -> Vec<Happened> {
        let (rows, seller) = (self.database.look().await, shop.seller);
        let sql = format!("SELECT id, kind, subject FROM shop_event WHERE seller_id = {seller} ORDER BY id");
        let found = rows.query_all_raw(Statement::from_string(rows.get_database_backend(), sql)).await.unwrap();
        rows.close().await.unwrap();
        let one = |row: &sea_orm::QueryResult| {
            let id: i64 = row.try_get("", "id").unwrap();
            let (kind, subject) = (row.try_get("", "kind").unwrap(), row.try_get("", "subject").unwrap());
            Happened { id, kind, subject, name: format!("evt_{seller}_{id}") }
        };
        found.iter().map(one).collect()
    }
}
