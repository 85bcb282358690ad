//! What is dictated, and the log that is taken over beside it: given up, fallen or closed in the midst, nothing of it is
//! half done, and the pen is free.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use tokio::sync::oneshot;

use crate::domain::ids::{EventSeq, SellerId};
use crate::domain::seller::Settings;
use crate::store::inbox::Terms;
use crate::store::pen::{OfficeTx, Pen};
use crate::store::{Store, StoreError, inbox, ledger, office};

use super::support::{account, at, databases, said, seller, sqlite};

/// Founds a shop, and does this before it commits.
async fn found(pen: Pen, before: impl Future<Output = ()>) -> Result<(), StoreError> {
    let tx = OfficeTx::begin(&pen).await?;
    office::create_seller(&tx, &Settings::new("Wool", "EUR".parse().unwrap())).await?;
    before.await;
    tx.commit("office").await
}

async fn shops(store: &Store) -> usize {
    let reads = store.reads();
    let all = Statement::from_string(reads.get_database_backend(), "SELECT id FROM seller");
    reads.query_all_raw(all).await.unwrap().len()
}

#[tokio::test]
async fn what_is_given_up_in_the_midst_of_a_transaction_leaves_nothing_and_frees_the_pen() {
    for database in databases().await {
        let store = database.open().await;
        for given_up in 1..=20 {
            let (founded, is_founded) = oneshot::channel();
            let for_ever = async {
                founded.send(()).unwrap();
                std::future::pending().await
            };
            tokio::select! {
                _ = store.pen().dictate(found(store.pen().clone(), for_ever)) => unreachable!("it never ends"),
                founded = is_founded => founded.unwrap(),
            }
            store.pen().dictate(found(store.pen().clone(), async {})).await.unwrap();
            assert_eq!(shops(&store).await, given_up, "only the shops that were committed");
        }
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_panic_in_the_midst_of_a_transaction_leaves_nothing_and_frees_the_pen() {
    for database in databases().await {
        let store = database.open().await;
        let dictated = store.pen().dictate(found(store.pen().clone(), async { panic!("as told") }));
        let fallen = AssertUnwindSafe(dictated).catch_unwind().await;
        assert_eq!(fallen.unwrap_err().downcast_ref(), Some(&"as told"));
        store.pen().dictate(found(store.pen().clone(), async {})).await.unwrap();
        assert_eq!(shops(&store).await, 1);
        store.close(at(1)).await.unwrap();
    }
}

/// One event that takes some pages, in a commit of its own.
async fn write(store: &Store, seller: SellerId, n: i64) {
    let mut event = said(Some(seller), &format!("m:{n}"), n);
    event.arrival.raw = vec![b'x'; 20_000];
    let _unflushed = inbox::append_unflushed(store.pen(), &[event], Terms::default(), at(0)).await.unwrap();
}

fn log_of(url: &str) -> u64 {
    std::fs::metadata(format!("{url}-wal")).map_or(0, |file| file.len())
}

#[tokio::test]
async fn the_log_is_taken_over_while_others_write_and_begins_anew_when_it_is_long() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let seller = seller(&store, &account()).await;
    let mut longest = 0;
    for n in 0..800 {
        write(&store, seller, n).await;
        longest = longest.max(log_of(&database.settings.place()));
    }
    assert!(longest < 800 * 20_000 / 2, "a log of {longest} bytes");
    assert_eq!(ledger::equation(store.reads()).await.unwrap().pending, 800);
    store.close(at(1)).await.unwrap();
}

#[tokio::test]
async fn whoever_reads_for_long_holds_up_the_log_and_nobody_who_writes() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let seller = seller(&store, &account()).await;
    write(&store, seller, 0).await;
    let reading = store.reads().begin().await.unwrap();
    assert_eq!(inbox::last_seq(&reading).await.unwrap(), EventSeq(1));
    for n in 1..400 {
        write(&store, seller, n).await;
    }
    assert_eq!(inbox::last_seq(&reading).await.unwrap(), EventSeq(1));
    drop(reading);
    let longest = log_of(&database.settings.place());
    assert!(longest > 400 * 20_000, "nothing of it was to be given up: {longest}");
    for n in 400..1_200 {
        write(&store, seller, n).await;
    }
    let grown = log_of(&database.settings.place());
    assert!(grown < longest * 2, "it began anew: {grown} bytes after {longest}");
    store.close(at(1)).await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_closed_while_its_log_is_taken_over_leaves_no_log() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    for life in 0..10 {
        let store = database.open().await;
        let seller = if life == 0 { seller(&store, &account()).await } else { SellerId(1) };
        for n in 0..33 {
            write(&store, seller, life * 33 + n).await;
        }
        store.close(at(1)).await.unwrap();
        assert_eq!(log_of(&database.settings.place()), 0);
    }
    let store = database.open().await;
    assert_eq!(ledger::equation(store.reads()).await.unwrap().pending, 330);
    store.close(at(1)).await.unwrap();
}
