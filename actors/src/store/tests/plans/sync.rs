//! What the sync asks costs what it answers, in a shop with many thousands of items, on SQLite and on PostgreSQL.

use std::collections::BTreeMap;
use std::sync::Mutex;

use sea_orm::{ConnectionTrait, Database, DbBackend, Statement, Value};

use super::{Explaining, is_a_walk};
use crate::domain::ids::{CatalogId, OutboxId, RunId, SellerId};
use crate::domain::sync::known::ItemState;
use crate::store::sync::{self, SyncWanted};
use crate::store::tests::support::{TestDatabase, account, at, databases, seller};
use crate::store::turns::sync::{end_of_batch, old_runs};

const ITEMS: i64 = 50_000;
/// The items of every seventh product are no more for sale, and all others are.
const KEPT_OF_7: i64 = 6;
const CATALOG: CatalogId = CatalogId(1);

/// A shop with so many items that no planner takes it for a small one.
async fn fill(database: &TestDatabase, seller: SellerId) {
    let rows = Database::connect(&database.settings.url).await.unwrap();
    let numbers = format!(
        "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {ITEMS}) SELECT {}",
        seller.0
    );
    let sku = "'T' || CAST(1000000 + i AS TEXT)";
    for sql in [
        format!(
            "INSERT INTO product (seller_id, retailer_id, title, price_minor, currency, keywords, changed) {numbers}, \
             {sku}, 'Thing', 1, 'USD', '[]', i FROM n WHERE i % 7 < {KEPT_OF_7}"
        ),
        format!(
            "INSERT INTO item_over (seller_id, retailer_id, over_at, changed) {numbers}, {sku}, 1, i FROM n \
             WHERE i % 7 >= {KEPT_OF_7}"
        ),
        format!(
            "INSERT INTO catalog_product (seller_id, catalog, retailer_id, product, state, rank, wants, accepted, \
             seen_at, mended, changed_at) {numbers}, 1, {sku}, {sku}, \
             CASE WHEN i % 1000 = 0 THEN 'rejected' WHEN i % 1000 = 1 THEN 'owed' ELSE 'live' END, \
             CASE WHEN i % 4000 < 2 THEN 0 ELSE 1 END, 'put', 1, CASE WHEN i % 5000 = 3 THEN 0 ELSE {} END, 0, 1 FROM n",
            at(0).timestamp_millis()
        ),
        format!(
            "INSERT INTO sync_run (seller_id, id, catalog, kind, status, phase, cursor, through, counts, refusals, \
             pauses, started_at, ended_at) {numbers}, i, 1, 'full', 'completed', 'over', '{{}}', 1, '{{}}', '[]', \
             '[]', 1, 1 FROM n WHERE i <= 200"
        ),
        format!(
            "INSERT INTO sync_call (seller_id, id, catalog, run, kind, state, items, removes, attempts, held, tries, \
             not_before, made_at, ended_at) {numbers}, i, 1, i / 50, 'batch', 'over', 1, 0, 1, 0, 0, 1, 1, 1 FROM n \
             WHERE i <= 10000"
        ),
    ] {
        rows.execute_unprepared(&sql).await.unwrap();
    }
    if rows.get_database_backend() == DbBackend::Postgres {
        rows.execute_unprepared("ANALYZE").await.unwrap();
    }
    rows.close().await.unwrap();
}

async fn asks_all(reads: &Explaining<'_>, (seller, names): (SellerId, i64)) -> Vec<(&'static str, Vec<String>)> {
    let names: Vec<String> = (1..=names).map(|number| format!("T{}", 1_000_000 + number)).collect();
    let items = names.iter().cloned().collect();
    let (of, names) = ((seller, CATALOG), names.iter().map(String::as_str).collect::<Vec<_>>());
    let bodies = [OutboxId(1), OutboxId(2)].into();
    let wanted = SyncWanted { items, catalog: Some(CATALOG), bodies, meta_id: Some("800".to_owned()) };
    let mut plans = Vec::new();
    let mut note = |what| plans.push((what, std::mem::take(&mut *reads.plans.lock().unwrap())));
    sync::stored(reads, seller).await.unwrap();
    note("what an actor starts from");
    sync::known(reads, seller, &wanted).await.unwrap();
    note("what a turn must know");
    sync::items_of(reads, of, &names).await.unwrap();
    note("items of products");
    sync::living(reads, seller, &names).await.unwrap();
    note("what is for sale");
    sync::changed(reads, seller, (ITEMS - 100, ""), 500).await.unwrap();
    note("what has changed");
    sync::changed_over(reads, seller, (ITEMS - 100, ""), 500).await.unwrap();
    note("what has gone");
    sync::owed(reads, of, 3000).await.unwrap();
    note("what is owed");
    sync::page(reads, of, ("T1025000", None), 50).await.unwrap();
    note("a page of items");
    sync::page(reads, of, ("T1025000", Some(ItemState::Live)), 50).await.unwrap();
    note("a page of the many");
    sync::page(reads, of, ("T1025000", Some(ItemState::Rejected)), 50).await.unwrap();
    note("a page of the few");
    sync::runs(reads, seller, Some(RunId(100)), 50).await.unwrap();
    note("runs");
    sync::run(reads, seller, RunId(100)).await.unwrap();
    note("a run");
    sync::calls(reads, seller, RunId(100)).await.unwrap();
    note("calls of a run");
    plans
}

#[tokio::test]
async fn what_a_run_asks_in_a_large_shop_is_answered_from_an_index() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        fill(&database, seller).await;
        let reads = Explaining { connection: store.reads(), plans: Mutex::default() };
        // As many as a page has. PostgreSQL knows how many rows there are, and of so few reads all at once rather than a
        // hundredth one by one: it is asked for fewer.
        let names = if database.is_sqlite { 500 } else { 20 };
        let asked = asks_all(&reads, (seller, names)).await;
        for (what, steps) in &asked {
            // A step of PostgreSQL's that reads a table from its start to its end; but of an empty one, or of one row.
            let is_small = |step: &String| step.contains(" on catalog ") || step.contains(" on sync_body ");
            let is_whole = |step: &String| step.contains("Seq Scan") && !is_small(step);
            // A page of either rank is sorted into one, and nothing beyond them.
            let is_paged = steps.iter().any(|step| step.contains("CO-ROUTINE rank_0"));
            let is_sorted = |step: &String| step.contains("TEMP B-TREE FOR ORDER BY") && !is_paged;
            let walks = steps.iter().filter(|step| is_a_walk(step) || is_whole(step) || is_sorted(step));
            assert_eq!(walks.count(), 0, "{what}: {steps:#?}");
            assert!(!steps.is_empty(), "{what} is not asked");
        }
        if database.is_sqlite {
            let of = |what: &str| asked.iter().find(|(asked, _)| *asked == what).unwrap().1.join("; ");
            assert!(of("what has changed").contains("product_by_change (seller_id=? AND (changed,retailer_id)>(?,?))"));
            assert!(of("what has gone").contains("item_over_by_change (seller_id=? AND (changed,retailer_id)>(?,?))"));
            assert!(of("what is owed").contains("catalog_product_by_state (seller_id=? AND catalog=? AND state=?)"));
            assert!(of("items of products").contains("catalog_product_of_product"));
        }
        store.close(at(0)).await.unwrap();
    }
}

#[tokio::test]
async fn the_few_among_many_are_found_a_stretch_at_a_time_and_all_of_them() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        fill(&database, seller).await;
        let (reads, of) = (store.reads(), (seller, CATALOG));
        let (mut gone, mut unseen, mut after, mut asked) = (Vec::new(), Vec::new(), Some(String::new()), 0);
        while let Some(behind) = after {
            let few = sync::vanished(reads, of, &behind, 1000).await.unwrap();
            assert!(few.items.len() <= 1000);
            gone.extend(few.items);
            (after, asked) = (few.next, asked + 1);
        }
        assert_eq!((gone.len() as i64, asked > 7), ((ITEMS + 1) / 7, true));
        let (mut after, mut asked) = (Some(String::new()), 0);
        while let Some(behind) = after {
            let few = sync::unseen_since(reads, of, (&behind, at(0)), 1000).await.unwrap();
            unseen.extend(few.items.into_iter().map(|item| item.retailer_id));
            (after, asked) = (few.next, asked + 1);
        }
        assert_eq!((unseen.len() as i64, asked), (ITEMS / 5000, 3), "a stretch is 20,000 rows");
        store.close(at(0)).await.unwrap();
    }
}

#[tokio::test]
async fn pages_of_items_hold_each_once_in_any_state_and_what_is_owed_begins_with_the_urgent() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        fill(&database, seller).await;
        let (reads, of) = (store.reads(), (seller, CATALOG));
        let counted = sync::by_state(reads, of).await.unwrap();
        let expected = [(ItemState::Owed, 50), (ItemState::Rejected, 50), (ItemState::Live, ITEMS as u64 - 100)];
        assert_eq!(counted, BTreeMap::from(expected));
        for state in [ItemState::Owed, ItemState::Rejected] {
            let (mut found, mut after) = (Vec::new(), String::new());
            loop {
                let page = sync::page(reads, of, (&after, Some(state)), 7).await.unwrap();
                let Some(last) = page.last() else { break };
                after = last.retailer_id.clone();
                assert!(page.iter().all(|item| item.state == state));
                found.extend(page.into_iter().map(|item| item.retailer_id));
            }
            let mut once = found.clone();
            once.dedup();
            assert_eq!((found.len(), once.len()), (50, 50), "{state:?}");
            assert!(found.is_sorted(), "by SKU, whatever is urgent");
        }
        let owed = sync::owed(reads, of, 20).await.unwrap();
        let urgent = owed.iter().take_while(|item| item.is_urgent).count();
        assert_eq!((owed.len(), urgent), (20, 13), "of 50, every fourth");
        assert!(owed[urgent..].iter().all(|item| !item.is_urgent));
        store.close(at(0)).await.unwrap();
    }
}

/// What a turn writes of thousands of items at once, or forgets, is found by an index as well.
#[tokio::test]
async fn what_a_turn_writes_of_the_sync_is_found_by_an_index() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        fill(&database, seller).await;
        let reads = Explaining { connection: store.reads(), plans: Mutex::default() };
        let backend = reads.get_database_backend();
        let [old_calls, old_runs] = old_runs();
        let batch = [seller.0.into(), CATALOG.0.into(), 9.into()].to_vec();
        let asked: [(&str, Vec<Value>, &str); 4] = [
            (end_of_batch(true), batch.clone(), "catalog_product_of_batch"),
            (end_of_batch(false), batch, "catalog_product_of_batch"),
            (&old_calls, vec![seller.0.into()], "sync_call_of_run"),
            (&old_runs, vec![seller.0.into()], "sync_run"),
        ];
        for (sql, values, index) in asked {
            reads.explain(&Statement::from_sql_and_values(backend, sql, values)).await.unwrap();
            let plan = std::mem::take(&mut *reads.plans.lock().unwrap());
            let is_bounded = |step: &String| step.contains("newest") || step.contains("LIMIT");
            let first = plan.iter().find(|step| step.contains(index)).cloned().unwrap_or_default();
            if database.is_sqlite {
                assert!(first.starts_with("SEARCH") && plan[0] == first, "{index} in {plan:#?}");
                assert!(!is_a_walk(&first) || is_bounded(&first), "{plan:#?}");
            } else if index == "catalog_product_of_batch" {
                assert!(!plan.iter().any(|step| step.contains("Seq Scan")), "{plan:#?}");
            }
        }
        sync::by_state(&reads, (seller, CATALOG)).await.unwrap();
        if database.is_sqlite {
            reads.plan_has("COVERING INDEX catalog_product_by_state (seller_id=? AND catalog=?)");
        }
        store.close(at(0)).await.unwrap();
    }
}

/// So that the first test cannot pass for want of rows.
#[tokio::test]
async fn a_question_without_an_index_is_noticed() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        fill(&database, seller).await;
        let reads = Explaining { connection: store.reads(), plans: Mutex::default() };
        let sql = "SELECT retailer_id FROM catalog_product WHERE reason = 'none'";
        reads.query_all_raw(Statement::from_string(reads.get_database_backend(), sql)).await.unwrap();
        let plans = reads.plans.lock().unwrap().clone();
        assert!(plans.iter().any(|step| is_a_walk(step) || step.contains("Seq Scan")), "{plans:#?}");
        store.close(at(0)).await.unwrap();
    }
}
