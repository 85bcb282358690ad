//! No question walks a whole table or a whole shop: above all on SQLite, where the planner has to be told.

mod sync;

use std::collections::HashMap;
use std::sync::Mutex;

use sea_orm::entity::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::domain::access::Holder;
use crate::domain::catalog::Product;
use crate::domain::changes::Changes;
use crate::domain::channel::{Account, Channel};
use crate::domain::command::NoteOn;
use crate::domain::comment::{CommentKind, CommentName};
use crate::domain::conversation::{Customer, Facts, LeadStage, Shown};
use crate::domain::credential::Use;
use crate::domain::ids::{
    ConnectionId, ConversationId, CustomerId, DeliveryId, EndpointId, EventSeq, LeadId, MessageId, NoteId, OrderId,
    SellerId, ShopEventId,
};
use crate::domain::order::OrderState;
use crate::domain::outcome::Reason;
use crate::domain::shop_event::ShopEventKind;
use crate::store::deliveries::Lane;
use crate::store::desk::{self, DeskWanted};
use crate::store::goods::{self, With};
use crate::store::ledger::{Order, Selection, State};
use crate::store::lists::{self, ConversationsWanted, Direction, OrdersWanted};
use crate::store::notes::{self, NotesPage};
use crate::store::office::credentials;
use crate::store::threads::{self, LastWanted, Wanted};
use crate::store::views::{self, Page};
use crate::store::{
    Store, alarms, budgets, comments, deliveries, endpoints, inbox, ledger, office, orders, sellers, shop_events,
    unknown,
};

use super::support::{account, at, seller, sqlite};

/// A connection that asks the planner about every question before it asks the question.
struct Explaining<'a> {
    connection: &'a DatabaseConnection,
    plans: Mutex<Vec<String>>,
}

impl Explaining<'_> {
    async fn explain(&self, statement: &Statement) -> Result<(), DbErr> {
        let (explain, step) = match self.get_database_backend() {
            DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
            _ => ("EXPLAIN", "QUERY PLAN"),
        };
        let explain = Statement { sql: format!("{explain} {}", statement.sql), ..statement.clone() };
        for row in self.connection.query_all_raw(explain).await? {
            self.plans.lock().unwrap().push(row.try_get::<String>("", step)?);
        }
        Ok(())
    }

    /// The first step of the last question has this; what was asked so far is forgotten.
    #[track_caller]
    fn plan_has(&self, step: &str) {
        let plans = std::mem::take(&mut *self.plans.lock().unwrap());
        assert!(plans[0].contains(step), "{step} in {plans:#?}");
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
        orders: [OrderId(1), OrderId(2)].into(),
        mids: ["m".to_owned()].into(),
        ..Wanted::default()
    };
    let customer = someone(number);
    threads::read(&reads, seller, &wanted, 9).await.unwrap();
    ask_for_staff(&reads, seller, wanted).await;
    threads::aliases(&reads, seller, &HashMap::from([(customer.id, customer)])).await.unwrap();
    let name = |kind| CommentName { account: account(), kind, meta_id: "c".to_owned() };
    comments::known(&reads, seller, &[CommentKind::Comment, CommentKind::Mention].map(name).into()).await.unwrap();
    comments::page(&reads, seller, page).await.unwrap();
    threads::heard(&reads, seller, &[1, 2], 9).await.unwrap();
    threads::drafts(&reads, seller, vec![1, 2]).await.unwrap();
    ask_for_orders(&reads, seller).await;
    threads::conversations(&reads, seller, &[1, 2]).await.unwrap();
    threads::leads(&reads, seller, &[1, 2]).await.unwrap();
    sellers::open(&reads, seller).await.unwrap();
    budgets::read(&reads, seller, at(0)).await.unwrap();
    inbox::pending(&reads, seller, 32).await.unwrap();
    inbox::answer(&reads, seller, "key").await.unwrap();
    inbox::last_seq(&reads).await.unwrap();
    alarms::sellers_due(&reads, at(0)).await.unwrap();
    alarms::next_due(&reads, at(0)).await.unwrap();
    ask_for_credentials(&reads, seller).await;
    for holder in [Holder::Seller(seller), Holder::Operator] {
        office::keys::of_holder(&reads, holder, page).await.unwrap();
    }
    office::audit::page(&reads, Some(seller), Some(9), 9).await.unwrap();
    office::audit::page(&reads, None, Some(9), 9).await.unwrap();
    ask_of_views(&reads, seller, page).await;
    ledger::by_reason(&reads).await.unwrap();
    let ledgered = |selection| ledger::events(&reads, (Some(State::Ledgered), selection), (Order::Newest, None), 9);
    ledgered(Selection::default()).await.unwrap();
    ledgered(Selection { reason: Some(Reason::Poison), ..Selection::default() }).await.unwrap();
    let nobodys = Selection { accounts: vec![account()], nobodys: true, ..Selection::default() };
    ledger::candidates(&reads, nobodys, Some((1, EventSeq(1))), 9).await.unwrap();
    ledger::candidates(&reads, Selection::default(), Some((1, EventSeq(1))), 9).await.unwrap();
    unknown::with_events(&reads).await.unwrap();
    ask_of_webhooks(&reads, seller).await;
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

async fn ask_for_credentials(reads: &Explaining<'_>, seller: SellerId) {
    credentials::access(reads, (seller, ConnectionId(1)), Use::Catalog).await.unwrap();
    credentials::of_seller(reads, seller).await.unwrap();
    credentials::due(reads, at(0), 9).await.unwrap();
}

async fn ask_for_orders(reads: &Explaining<'_>, seller: SellerId) {
    let page = Page { after: 0, limit: 10 };
    let of = vec![ConversationId(1), ConversationId(2)];
    let last = LastWanted { of, except: [OrderId(1), OrderId(2)].into() };
    threads::last_orders(reads, seller, &last).await.unwrap();
    views::orders(reads, seller, page).await.unwrap();
    orders::order(reads, seller, OrderId(1)).await.unwrap();
    orders::history(reads, seller, OrderId(1), page).await.unwrap();
}

async fn ask_of_views(reads: &Explaining<'_>, seller: SellerId, page: Page) {
    views::conversation(reads, seller, ConversationId(1)).await.unwrap();
    views::orders(reads, seller, page).await.unwrap();
    views::messages(reads, seller, ConversationId(1)).await.unwrap();
}

async fn ask_of_webhooks(reads: &Explaining<'_>, seller: SellerId) {
    shop_events::after(reads, seller, ShopEventId(7), &[ShopEventKind::MessageSent], 9).await.unwrap();
    shop_events::extent(reads, seller).await.unwrap();
    for lane in [Lane::First, Lane::Again] {
        deliveries::next(reads, EndpointId(1), lane, at(0)).await.unwrap();
    }
    deliveries::log(reads, (seller, EndpointId(1)), Some(DeliveryId(9)), 9).await.unwrap();
    deliveries::with_work(reads, at(0)).await.unwrap();
    deliveries::next_due(reads, at(0)).await.unwrap();
    endpoints::of_seller(reads, seller).await.unwrap();
}

fn someone(account: Account) -> Customer {
    Customer {
        id: CustomerId(1),
        account,
        meta_id: "US.1".to_owned(),
        facts: Facts::default(),
        shown: Shown::default(),
        given_name: None,
    }
}

/// What commands of the staff ask, beside what events do.
async fn ask_for_staff(reads: &Explaining<'_>, seller: SellerId, wanted: Wanted) {
    let desk = DeskWanted {
        orders: [OrderId(1)].into(),
        notes: [NoteId(1)].into(),
        read_through: [(ConversationId(1), MessageId(1)), (ConversationId(2), MessageId(2))].into(),
    };
    desk::known(reads, seller, &desk).await.unwrap();
    let (people, leads) = ([CustomerId(1)].into(), [LeadId(1)].into());
    let wanted = Wanted { meta_ids: ["1".to_owned()].into(), people, leads, desk, ..wanted };
    threads::read(reads, seller, &wanted, 9).await.unwrap();
    let page = NotesPage { before: Some(NoteId(9)), limit: 9 };
    notes::page(reads, seller, NoteOn::Order(OrderId(1)), page).await.unwrap();
    views::send(reads, seller, MessageId(1)).await.unwrap();
    views::customer(reads, seller, CustomerId(1)).await.unwrap();
}

#[tokio::test]
async fn a_page_of_products_costs_what_the_page_is() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let seller = seller(&store, &account()).await;
    let products = (0..3).map(|n| Product::new(&format!("P{n}"), "Product", super::example::usd(1))).collect();
    super::turns::save(&store, seller, &Changes { products, ..Changes::default() }).await;
    let reads = Explaining { connection: store.reads(), plans: Mutex::default() };
    goods::page(&reads, seller, "", 9, With::Details).await.unwrap();
    goods::skus(&reads, seller, "", 9).await.unwrap();
    goods::with_skus(&reads, seller, &["A", "B"]).await.unwrap();
    goods::owners(&reads, seller, &["A", "B"], &["1", "2"]).await.unwrap();
    goods::over(&reads, seller, "", 9).await.unwrap();
    let plans = reads.plans.into_inner().unwrap();
    assert!(plans.len() > 10, "{plans:#?}");
    for plan in &plans {
        assert!(!is_a_walk(plan), "{plan} in {plans:#?}");
    }
    store.close(at(0)).await.unwrap();
}

#[tokio::test]
async fn a_list_is_narrowed_by_the_index_that_holds_the_few() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let seller = seller(&store, &account()).await;
    let reads = Explaining { connection: store.reads(), plans: Mutex::default() };
    for (wanted, index) in conversations_wanted() {
        lists::conversations(&reads, seller, &wanted, Page { after: 7, limit: 10 }).await.unwrap();
        reads.plan_has(index);
    }
    for (wanted, index) in orders_wanted() {
        lists::orders(&reads, seller, wanted, Page { after: 7, limit: 10 }).await.unwrap();
        reads.plan_has(index);
    }
    lists::leads(&reads, seller, Some(LeadStage::New), Page { after: 7, limit: 10 }).await.unwrap();
    reads.plan_has("lead_by_stage (seller_id=? AND stage=? AND id>?)");
    for direction in [Direction::Oldest, Direction::Newest] {
        let beyond = (direction, Some((5, MessageId(7))));
        lists::messages(&reads, seller, ConversationId(1), beyond, 10).await.unwrap();
        reads.plan_has("message_of_conversation (seller_id=? AND conversation_id=? AND (at,id)");
    }
    store.close(at(0)).await.unwrap();
}

fn conversations_wanted() -> Vec<(ConversationsWanted, &'static str)> {
    let some = ConversationsWanted::default;
    vec![
        (some(), "PRIMARY KEY (seller_id=? AND id>?)"),
        (ConversationsWanted { unread: Some(true), ..some() }, "conversation_unread (seller_id=? AND id>?)"),
        (ConversationsWanted { needs_look: Some(true), ..some() }, "conversation_to_look_at (seller_id=? AND id>?)"),
        (ConversationsWanted { archived: Some(true), ..some() }, "conversation_archived (seller_id=? AND id>?)"),
        (
            ConversationsWanted { assignee: Some("Mo".to_owned()), ..some() },
            "conversation_of_assignee (seller_id=? AND assignee=? AND id>?)",
        ),
        (
            ConversationsWanted { label: Some("vip".to_owned()), ..some() },
            "conversation_labelled (seller_id=? AND id>?)",
        ),
        (ConversationsWanted { customer: Some(CustomerId(1)), ..some() }, "(seller_id=? AND customer_id=?)"),
    ]
}

fn orders_wanted() -> [(OrdersWanted, &'static str); 4] {
    let (some, conversation) = (OrdersWanted::default, Some(ConversationId(1)));
    [
        (some(), "PRIMARY KEY (seller_id=? AND id>?)"),
        (
            OrdersWanted { state: Some(OrderState::Draft), ..some() },
            "shop_order_by_state (seller_id=? AND state=? AND id>?)",
        ),
        (
            OrdersWanted { customer: Some(CustomerId(1)), ..some() },
            "shop_order_of_customer (seller_id=? AND customer_id=? AND id>?)",
        ),
        (
            OrdersWanted { conversation, ..some() },
            "shop_order_of_conversation (seller_id=? AND conversation_id=? AND id>?)",
        ),
    ]
}

/// Whether a step of a plan looks at every row of a table, or of a shop.
fn is_a_walk(plan: &str) -> bool {
    const TABLES: [&str; 30] = [
        "catalog",
        "catalog_product",
        "i",
        "sync_run",
        "sync_call",
        "sync_body",
        "credential",
        "shop_event",
        "e",
        "webhook_delivery",
        "d",
        "customer",
        "customer_alias",
        "conversation",
        "message",
        "m",
        "c",
        "lead",
        "note",
        "shop_order",
        "order_line",
        "order_change",
        "outbox",
        "alarm",
        "api_key",
        "audit",
        "product",
        "variant",
        "product_details",
        "item_over",
    ];
    // What was spent in a day, what is held now, what is held to act with and which catalogs there were is all there is
    // of them, and it is read whole.
    const SHORT: [&str; 4] = ["rate_window", "hold", "credential", "catalog"];
    let words: Vec<&str> = plan.split(' ').collect();
    let walks_table = words[0] == "SCAN" && words.len() == 2 && TABLES.contains(&words[1]);
    let whole = ["PRIMARY KEY (seller_id=?)", "PRIMARY KEY (seller_id=? AND catalog=?)"];
    let walks_shop = words[0] == "SEARCH" && whole.iter().any(|whole| plan.ends_with(whole));
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
