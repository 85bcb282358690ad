//! One order and its history, and orders that were stored before they had versions.

use migration::MigratorTrait;
use sea_orm::ConnectionTrait;

use crate::domain::changes::Changes;
use crate::domain::channel::Account;
use crate::domain::ids::{OrderId, SellerId};
use crate::domain::order::{OrderChange, OrderStep};
use crate::store::threads::{self, Wanted};
use crate::store::views::Page;
use crate::store::{Store, orders};

use super::example::turn;
use super::support::{account, at, databases, seller, unmigrated};
use super::turns::save;

const ALL: Page = Page { after: 0, limit: 100 };

#[tokio::test]
async fn an_order_and_its_history_are_read_as_they_were_stored() {
    for database in databases().await {
        let store = database.open().await;
        let seller_id = seller(&store, &account()).await;
        let other = seller(&store, &Account::stored("instagram:2".to_owned())).await;
        save(&store, seller_id, &turn(1)).await;
        save(&store, seller_id, &turn(2)).await;
        save(&store, other, &turn(1)).await;
        let id = OrderId(100);
        let handed_over = OrderChange { order: id, at: at(9), what: OrderStep::Fulfilled, by: None, edit: None };
        let changes = Changes { last_id: 900, order_changes: vec![handed_over.clone()], ..Changes::default() };
        save(&store, seller_id, &changes).await;

        let reads = store.reads();
        assert_eq!(orders::order(reads, seller_id, id).await.unwrap(), Some(turn(1).orders.remove(0)));
        assert_eq!(orders::order(reads, seller_id, OrderId(99)).await.unwrap(), None);
        assert_eq!(orders::order(reads, SellerId(99), id).await.unwrap(), None);
        let history = orders::history(reads, seller_id, id, ALL).await.unwrap();
        let steps: Vec<OrderChange> = history.iter().map(|recorded| recorded.change.clone()).collect();
        assert_eq!(steps, [turn(1).order_changes.remove(0), handed_over.clone()]);
        let after = Page { after: history[0].id, limit: 1 };
        let rest = orders::history(reads, seller_id, id, after).await.unwrap();
        assert_eq!(rest.into_iter().map(|recorded| recorded.change).collect::<Vec<_>>(), [handed_over]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_named_order_comes_with_its_conversation() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        save(&store, seller, &turn(1)).await;
        save(&store, seller, &turn(2)).await;
        let wanted = Wanted { orders: [OrderId(200), OrderId(999)].into(), ..Wanted::default() };
        let threads = threads::read(store.reads(), seller, &wanted, 9).await.unwrap();
        let found: Vec<_> = threads.iter().map(|thread| (thread.conversation.id.0, thread.orders.clone())).collect();
        assert_eq!(found, [(200, turn(2).orders)]);
        store.close(at(1)).await.unwrap();
    }
}

const OLD_ROWS: &str = "
INSERT INTO seller (settings) VALUES ('{}');
INSERT INTO shop_order (seller_id, id, conversation_id, customer_id, channel, source_key, state, confidence, opened_at)
    VALUES (1, 1, 1, 1, 'instagram', 'm:1', 'draft', 1, 5), (1, 2, 1, 1, 'instagram', 'm:2', 'confirmed', 1, 5);
INSERT INTO order_line (seller_id, order_id, n, product, title, options, modifiers, quantity, unit_minor, currency,
                        evidence, confidence)
    VALUES (1, 1, 0, 'a', 'A', '[]', '[]', 1, 100, 'USD', '[]', 1),
           (1, 2, 0, 'a', 'A', '[]', '[]', 1, 100, 'USD', '[]', 1);
INSERT INTO order_change (seller_id, order_id, at, what) VALUES (1, 2, 6, 'confirmed');
";

#[tokio::test]
async fn orders_of_before_have_a_version_and_have_taken_their_stock_if_confirmed() {
    for database in unmigrated().await {
        let mode = if database.is_sqlite { "?mode=rwc" } else { "" };
        let old = sea_orm::Database::connect(format!("{}{mode}", database.settings.url)).await.unwrap();
        migration::Migrator::up(&old, Some(7)).await.unwrap();
        old.execute_unprepared(OLD_ROWS).await.unwrap();
        old.close().await.unwrap();
        Store::migrate(&database.settings).await.unwrap();
        let store = database.open().await;
        for (id, taken) in [(1, false), (2, true)] {
            let order = orders::order(store.reads(), SellerId(1), OrderId(id)).await.unwrap().unwrap();
            assert_eq!((order.version, order.by_hand, order.lines[0].stock_taken), (1, false, taken));
        }
        let history = orders::history(store.reads(), SellerId(1), OrderId(2), ALL).await.unwrap();
        assert_eq!((history[0].change.what, &history[0].change.by), (OrderStep::Confirmed, &None));
        store.close(at(1)).await.unwrap();
    }
}
