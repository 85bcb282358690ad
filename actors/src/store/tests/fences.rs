//! Only the newest incarnation writes, an event is decided once, and a load sees all that was committed.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use crate::domain::changes::{Changes, Decided};
use crate::domain::ids::EventSeq;
use crate::domain::outcome::Outcome;
use crate::store::pen::{Fence, FencedTx, Sync};
use crate::store::{StoreError, inbox, ledger, sellers, turns};

use super::support::{account, at, databases, fenced, load, said, seller};

fn handled(event: EventSeq) -> Changes {
    let decided = Decided { event, outcome: Outcome::Handled, answer: None };
    Changes { decided: vec![decided], ..Changes::default() }
}

#[tokio::test]
async fn an_older_incarnation_is_refused() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let old = load(&store, seller).await;
        let new = load(&store, seller).await;
        assert_eq!(new.incarnation, old.incarnation + 1);
        let fence = Fence { incarnation: old.incarnation, last_id: 77 };
        let refused = FencedTx::begin(store.pen(), seller, fence, Sync::Flushed).await;
        assert!(matches!(refused, Err(StoreError::Fenced(id)) if id == seller.0));
        fenced(&store, &new).await.commit("seller.turn").await.unwrap();
        assert_eq!(load(&store, seller).await.last_id, 0, "the refused counter was not stored");
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn an_event_that_was_decided_before_refuses_the_turn() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let loaded = load(&store, seller).await;
        inbox::append(store.pen(), &[said(Some(seller), "m:1", 1), said(Some(seller), "m:2", 2)], at(0)).await.unwrap();
        let tx = fenced(&store, &loaded).await;
        turns::save(&tx, &handled(EventSeq(1)), at(1)).await.unwrap();
        tx.commit("seller.turn").await.unwrap();
        let mut both = handled(EventSeq(2));
        both.decided.append(&mut handled(EventSeq(1)).decided);
        let tx = fenced(&store, &loaded).await;
        assert!(matches!(turns::save(&tx, &both, at(2)).await, Err(StoreError::Decided)));
        assert!(tx.commit("seller.turn").await.is_err(), "a refused turn cannot be committed");
        let equation = ledger::equation(store.reads()).await.unwrap();
        assert_eq!((equation.handled, equation.pending), (1, 1));
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn another_sellers_event_cannot_be_decided() {
    for database in databases().await {
        let store = database.open().await;
        let (owner, other) = (seller(&store, &account()).await, "instagram:2".to_owned());
        let other = seller(&store, &crate::domain::channel::Account::stored(other)).await;
        inbox::append(store.pen(), &[said(Some(owner), "m:1", 1)], at(0)).await.unwrap();
        let loaded = load(&store, other).await;
        let tx = fenced(&store, &loaded).await;
        assert!(matches!(turns::save(&tx, &handled(EventSeq(1)), at(2)).await, Err(StoreError::Decided)));
        assert!(matches!(inbox::count_attempt(&tx, EventSeq(1)).await, Err(StoreError::Decided)));
        drop(tx);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn attempts_are_counted_before_an_event_is_taken_in_hand() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        inbox::append(store.pen(), &[said(Some(seller), "m:1", 1)], at(0)).await.unwrap();
        let loaded = load(&store, seller).await;
        for expected in 1..=3 {
            let tx = fenced(&store, &loaded).await;
            assert_eq!(inbox::count_attempt(&tx, EventSeq(1)).await.unwrap(), expected);
            tx.commit("seller.turn").await.unwrap();
        }
        assert_eq!(inbox::pending(store.reads(), seller, 1).await.unwrap()[0].attempts, 3);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_load_waits_for_the_transaction_of_an_earlier_incarnation_and_sees_it() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let old = load(&store, seller).await;
        let fence = Fence { incarnation: old.incarnation, last_id: 9 };
        let tx = FencedTx::begin(store.pen(), seller, fence, Sync::Lazy).await.unwrap();
        let other = store.clone();
        let mut loading = pin!(sellers::load(&other, seller, at(0)));
        for _ in 0..500 {
            let waits = poll_fn(|context| Poll::Ready(loading.as_mut().poll(context).is_pending())).await;
            assert!(waits, "it did not wait");
            tokio::task::yield_now().await;
        }
        tx.commit("seller.turn").await.unwrap();
        assert_eq!(loading.await.unwrap().unwrap().last_id, 9);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_is_loaded_as_nobody() {
    for database in databases().await {
        let store = database.open().await;
        assert!(sellers::load(&store, crate::domain::ids::SellerId(5), at(0)).await.unwrap().is_none());
        store.close(at(1)).await.unwrap();
    }
}
