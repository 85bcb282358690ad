//! No question walks a whole table or a whole shop: on SQLite, where the planner has to be told.

use std::collections::HashMap;
use std::sync::Mutex;

use sea_orm::entity::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::domain::access::Holder;
use crate::domain::channel::{Account, Channel};
use crate::domain::comment::{CommentKind, CommentName};
use crate::domain::conversation::{Customer, Facts, Shown};
use crate::domain::ids::{ConnectionId, ConversationId, CustomerId, EventSeq, SellerId};
use crate::domain::outcome::Reason;
use crate::store::ledger::{Order, Selection, State};
use crate::store::threads::{self, Wanted};
use crate::store::views::{self, Page};
use crate::store::{Store, alarms, budgets, comments, inbox, ledger, office, sellers, unknown};

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
    let number = Account::new(Channel::Whatsapp, "7");
    let wanted = Wanted {
        customers: vec![(account(), "1".to_owned()), (number.clone(), "US.1".to_owned())],
        conversations: vec![ConversationId(1), ConversationId(2)],
        mids: ["m".to_owned()].into(),
        ..Wanted::default()
    };
    let customer = Customer {
        id: CustomerId(1),
        account: number,
        meta_id: "US.1".to_owned(),
        facts: Facts::default(),
        shown: Shown::default(),
    };
    threads::read(&reads, seller, &wanted, 9).await.unwrap();
    threads::aliases(&reads, seller, &HashMap::from([(customer.id, customer)])).await.unwrap();
    let name = |kind| CommentName { account: account(), kind, meta_id: "c".to_owned() };
    comments::known(&reads, seller, &[CommentKind::Comment, CommentKind::Mention].map(name).into()).await.unwrap();
    comments::page(&reads, seller, page).await.unwrap();
    views::conversation(&reads, seller, ConversationId(1)).await.unwrap();
    threads::heard(&reads, seller, &[1, 2], 9).await.unwrap();
    threads::drafts(&reads, seller, vec![1, 2]).await.unwrap();
    threads::last_orders(&reads, seller, &[ConversationId(1), ConversationId(2)]).await.unwrap();
    threads::conversations(&reads, seller, &[1, 2]).await.unwrap();
    threads::leads(&reads, seller, &[1, 2]).await.unwrap();
    sellers::open(&reads, seller).await.unwrap();
    budgets::read(&reads, seller, at(0)).await.unwrap();
    inbox::pending(&reads, seller, 32).await.unwrap();
    inbox::answer(&reads, seller, "key").await.unwrap();
    inbox::last_seq(&reads).await.unwrap();
    alarms::sellers_due(&reads, at(0)).await.unwrap();
    alarms::next_due(&reads, at(0)).await.unwrap();
    ask_of_the_office(&reads, seller).await;
    views::orders(&reads, seller, page).await.unwrap();
    views::messages(&reads, seller, ConversationId(1)).await.unwrap();
    ledger::by_reason(&reads).await.unwrap();
    let ledgered = |selection| ledger::events(&reads, (Some(State::Ledgered), selection), (Order::Newest, None), 9);
    ledgered(Selection::default()).await.unwrap();
    ledgered(Selection { reason: Some(Reason::Poison), ..Selection::default() }).await.unwrap();
    let nobodys = Selection { accounts: vec![account()], nobodys: true, ..Selection::default() };
    ledger::candidates(&reads, nobodys, Some((1, EventSeq(1))), 9).await.unwrap();
    ledger::candidates(&reads, Selection::default(), Some((1, EventSeq(1))), 9).await.unwrap();
    unknown::with_events(&reads).await.unwrap();
    let plans = reads.plans.into_inner().unwrap();
    for plan in &plans {
        assert!(!is_a_walk(plan), "{plan} in {plans:#?}");
    }
    assert!(plans.len() > 20, "{plans:#?}");
    for index in ["inbox_event_ledgered", "inbox_event_ledgered_seq", "_time (happened_at>?)", "_account (account=?"] {
        assert!(plans.iter().any(|plan| plan.contains(index)), "{index} is not used: {plans:#?}");
    }
    store.close(at(0)).await.unwrap();
}

async fn ask_of_the_office(reads: &Explaining<'_>, seller: SellerId) {
    for holder in [Holder::Seller(seller), Holder::Operator] {
        office::keys::of_holder(reads, holder, Page { after: 0, limit: 10 }).await.unwrap();
    }
    office::audit::page(reads, Some(seller), Some(9), 9).await.unwrap();
    office::audit::page(reads, None, Some(9), 9).await.unwrap();
    office::access(reads, seller, ConnectionId(1)).await.unwrap();
}

/// Whether a step of a plan looks at every row of a table, or of a shop.
fn is_a_walk(plan: &str) -> bool {
    const TABLES: [&str; 13] = [
        "customer",
        "customer_alias",
        "conversation",
        "message",
        "m",
        "c",
        "lead",
        "shop_order",
        "order_line",
        "outbox",
        "alarm",
        "api_key",
        "audit",
    ];
    // What was spent in a day and what is held now is all there is of them, and it is read whole.
    const SHORT: [&str; 2] = ["rate_window", "hold"];
    let words: Vec<&str> = plan.split(' ').collect();
    let walks_table = words[0] == "SCAN" && words.len() == 2 && TABLES.contains(&words[1]);
    let walks_shop = words[0] == "SEARCH" && plan.ends_with("PRIMARY KEY (seller_id=?)");
    walks_table || (walks_shop && !SHORT.contains(&words[1]))
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
