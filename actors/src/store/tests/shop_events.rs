//! What happened in a shop is stored with the turn it happened in, read in order, and let go of from the oldest on.

use chrono::TimeDelta;

use crate::domain::changes::Changes;
use crate::domain::channel::{Account, Channel};
use crate::domain::ids::{ConversationId, SellerId, ShopEventId};
use crate::domain::shop_event::{Occurrence, ShopEvent, ShopEventKind};
use crate::store::shop_events::{self, Extent};
use crate::store::{Store, turns};

use super::support::{account, at, databases, fenced, load, seller};
use super::turns::save;

fn event(id: i64, kind: ShopEventKind, ms: i64) -> ShopEvent {
    let what = Occurrence { conversation: Some(ConversationId(3)), ..Occurrence::to(kind, id * 10) };
    ShopEvent { id: ShopEventId(id), what, at: at(ms) }
}

fn happened(ids: std::ops::Range<i64>, ms: i64) -> Changes {
    let last_id = ids.end - 1;
    let events = ids.map(|id| event(id, ShopEventKind::MessageReceived, ms)).collect();
    Changes { last_id, events, ..Changes::default() }
}

async fn ids(store: &Store, seller: SellerId, after: i64, kinds: &[ShopEventKind], limit: u64) -> Vec<i64> {
    let events = shop_events::after(store.reads(), seller, ShopEventId(after), kinds, limit).await.unwrap();
    events.iter().map(|event| event.id.0).collect()
}

#[tokio::test]
async fn events_are_read_back_as_stored_after_any_of_them_and_by_kind() {
    for database in databases().await {
        let store = database.open().await;
        let mine = seller(&store, &account()).await;
        let mut changes = happened(5..9, 1);
        changes.events[2] = event(7, ShopEventKind::OrderConfirmed, 1);
        changes.events[3].what =
            Occurrence { subject: None, conversation: None, ..Occurrence::to(ShopEventKind::ProductChanged, 0) };
        save(&store, mine, &changes).await;
        let read = shop_events::after(store.reads(), mine, ShopEventId(0), &[], 99).await.unwrap();
        assert_eq!(read, changes.events);
        assert_eq!(ids(&store, mine, 5, &[], 2).await, [6, 7]);
        let kinds = [ShopEventKind::OrderConfirmed, ShopEventKind::OrderDrafted];
        assert_eq!(ids(&store, mine, 0, &kinds, 9).await, [7]);
        assert!(ids(&store, SellerId(mine.0 + 1), 0, &[], 9).await.is_empty());
        let extent = shop_events::extent(store.reads(), mine).await.unwrap();
        assert_eq!(extent, Some(Extent { gone: ShopEventId(0), last: ShopEventId(8) }));
        assert_eq!(shop_events::extent(store.reads(), SellerId(4711)).await.unwrap(), None);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_turn_writes_all_of_it_with_one_statement_and_none_without() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let mut costs = Vec::new();
        for events in [0, 1, 300] {
            let loaded = load(&store, seller).await;
            let before = store.pen().statements();
            let tx = fenced(&store, &loaded).await;
            turns::save(&tx, &happened(events * 1000..events * 1000 + events, 1), at(1)).await.unwrap();
            tx.commit("seller.turn").await.unwrap();
            costs.push(store.pen().statements() - before);
        }
        assert_eq!(costs, [1, 2, 2]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn the_oldest_are_let_go_of_a_few_at_a_time_and_it_is_known_how_far() {
    for database in databases().await {
        let store = database.open().await;
        let [one, other] =
            [seller(&store, &account()).await, seller(&store, &Account::new(Channel::Messenger, "2")).await];
        save(&store, one, &happened(1..1201, 0)).await;
        save(&store, one, &happened(1201..1203, 5_000)).await;
        save(&store, other, &happened(1..3, 0)).await;
        let mut steps = vec![SellerId(0)];
        while let Some(next) = shop_events::prune(&store, steps[steps.len() - 1], at(1_000)).await.unwrap() {
            steps.push(next);
        }
        assert_eq!(steps.len(), 5, "three for the first, one for the other: {steps:?}");
        assert_eq!(ids(&store, one, 0, &[], 9).await, [1201, 1202]);
        let extent = |seller| {
            let reads = store.reads();
            async move { shop_events::extent(reads, seller).await.unwrap().unwrap() }
        };
        assert_eq!(extent(one).await, Extent { gone: ShopEventId(1200), last: ShopEventId(1202) });
        assert_eq!(extent(other).await, Extent { gone: ShopEventId(2), last: ShopEventId(2) });
        assert_eq!(shop_events::prune(&store, SellerId(0), at(0) - TimeDelta::days(1)).await.unwrap(), None);
        store.close(at(1)).await.unwrap();
    }
}
