//! No question walks a whole table or a whole shop: on SQLite, where the planner has to be told.

use std::sync::Mutex;

use sea_orm::entity::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::domain::ids::ConversationId;
use crate::store::threads::{self, Wanted};
use crate::store::views::{self, Page};
use crate::store::{Store, alarms, inbox, ledger, office, sellers};

use super::support::{account, at, seller, sqlite};

/// A connection that asks the planner about every question before it asks the question.
struct Explaining<'a> {
    connection: &'a DatabaseConnection,
    plans: Mutex<Vec<String>>,
}

impl Explaining<'_> {
    async fn explain(&self, statement: &Statement) -> Result<(), DbErr> {
        let explain = Statement { sql: format!("EXPLAIN QUERY PLAN {}", statement.sql), ..statement.clone() };
        for row in self.connection.query_all_raw(explain).await? {
            self.plans.lock().unwrap().push(row.try_get::<String>("", "detail")?);
        }
        Ok(())
    }
}

#[async_trait]
impl ConnectionTrait for Explaining<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.connection.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.connection.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.explain(&statement).await?;
        self.connection.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.explain(&statement).await?;
        self.connection.query_all_raw(statement).await
    }
}

#[tokio::test]
async fn a_question_is_answered_from_an_index_that_fits_it() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let seller = seller(&store, &account()).await;
    let reads = Explaining { connection: store.reads(), plans: Mutex::default() };
    let page = Page { after: 0, limit: 10 };
    let wanted = Wanted {
        customers: vec![(account(), "1".to_owned())],
        conversations: vec![ConversationId(1), ConversationId(2)],
        mids: vec!["m".to_owned()],
    };
    threads::read(&reads, seller, &wanted, 9).await.unwrap();
    threads::heard(&reads, seller, &[1, 2], 9).await.unwrap();
    threads::drafts(&reads, seller, vec![1, 2]).await.unwrap();
    threads::last_orders(&reads, seller, &[ConversationId(1), ConversationId(2)]).await.unwrap();
    threads::conversations(&reads, seller, &[1, 2]).await.unwrap();
    threads::leads(&reads, seller, &[1, 2]).await.unwrap();
    sellers::open(&reads, seller).await.unwrap();
    inbox::pending(&reads, seller, 32).await.unwrap();
    inbox::answer(&reads, seller, "key").await.unwrap();
    inbox::last_seq(&reads).await.unwrap();
    alarms::sellers_due(&reads, at(0)).await.unwrap();
    alarms::next_due(&reads, at(0)).await.unwrap();
    office::sealed_token(&reads, seller, crate::domain::ids::ConnectionId(1)).await.unwrap();
    views::orders(&reads, seller, page).await.unwrap();
    views::messages(&reads, seller, ConversationId(1)).await.unwrap();
    ledger::by_reason(&reads).await.unwrap();
    let plans = reads.plans.into_inner().unwrap();
    let tables =
        ["customer", "conversation", "message", "m", "c", "lead", "shop_order", "order_line", "outbox", "alarm"];
    for plan in &plans {
        let words: Vec<&str> = plan.split(' ').collect();
        let walks_table = words[0] == "SCAN" && words.len() == 2 && tables.contains(&words[1]);
        let walks_shop = words[0] == "SEARCH" && plan.ends_with("PRIMARY KEY (seller_id=?)");
        assert!(!walks_table && !walks_shop, "{plan} in {plans:#?}");
    }
    assert!(plans.len() > 20, "{plans:#?}");
    store.close(at(0)).await.unwrap();
}

#[tokio::test]
async fn what_the_planner_is_told_is_about_indexes_that_exist() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let lost = "SELECT idx FROM sqlite_stat1 WHERE NOT EXISTS \
                (SELECT 1 FROM sqlite_schema WHERE name = idx AND tbl_name = tbl)";
    let lost = store.reads().query_all_raw(Statement::from_string(DbBackend::Sqlite, lost)).await.unwrap();
    let lost: Vec<String> = lost.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert!(lost.is_empty(), "{lost:?}");
    store.close(at(0)).await.unwrap();
}
