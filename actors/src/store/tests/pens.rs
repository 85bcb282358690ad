//! The pen: free after whoever held it is gone, fair to the journal, flushing only when asked.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, Database};

use crate::domain::changes::{Changes, Decided};
use crate::domain::ids::EventSeq;
use crate::domain::outcome::Outcome;
use crate::failpoint::{self, Action, Moment, Plan};
use crate::store::inbox::Terms;
use crate::store::pen::{Committed, Fence, FencedTx, OfficeTx, Sync, Writer};
use crate::store::sellers::Loaded;
use crate::store::{Store, StoreError, inbox, ledger, office, turns};

use super::support::{account, at, databases, fenced, load, said, seller, sqlite};

/// Drops the work after so many turns of the runtime, if it has not ended by then.
async fn cut_after<T>(turns: usize, work: impl Future<Output = T>) -> Option<T> {
    let patience = async {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        done = work => Some(done),
        () = patience => None,
    }
}

async fn decide_one(store: &Store, loaded: &Loaded, event: EventSeq) -> Result<(), StoreError> {
    let tx = fenced(store, loaded).await;
    let decided = vec![Decided { event, outcome: Outcome::Handled, answer: None }];
    turns::save(&tx, &Changes { decided, ..Changes::default() }, at(1)).await?;
    tx.commit("seller.turn").await
}

#[tokio::test]
async fn whoever_is_dropped_in_the_middle_rolls_back_and_frees_the_pen() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let loaded = load(&store, seller).await;
        let events: Vec<_> = (1..=200).map(|n| said(Some(seller), &format!("m:{n}"), n)).collect();
        inbox::append(store.pen(), &events, at(0)).await.unwrap();
        let mut cut = 0;
        for turns in 0..200 {
            let event = EventSeq(i64::try_from(turns).unwrap() + 1);
            let done = cut_after(turns * 3, decide_one(&store, &loaded, event)).await;
            // Decided already means that the commit had been on its way when the work was dropped.
            match (done, decide_one(&store, &loaded, event).await) {
                (None, Ok(()) | Err(StoreError::Decided)) => cut += 1,
                (Some(Ok(())), Err(StoreError::Decided)) => {}
                other => panic!("{other:?} after {turns} turns"),
            }
        }
        assert!(cut > 5, "only {cut} were cut");
        let equation = ledger::equation(store.reads()).await.unwrap();
        assert_eq!((equation.handled, equation.pending), (200, 0));
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_append_stores_all_or_nothing() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        for turns in 0..60 {
            let events = [said(Some(seller), &format!("a:{turns}"), 1), said(Some(seller), &format!("b:{turns}"), 1)];
            cut_after(turns * 5, inbox::append(store.pen(), &events, at(0))).await;
            let again = inbox::append(store.pen(), &events, at(0)).await.unwrap();
            assert!(again.new == 0 || again.new == 2, "{again:?}");
        }
        assert!(ledger::equation(store.reads()).await.unwrap().holds());
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn the_journal_waits_for_two_sellers_at_most() {
    for database in databases().await.into_iter().filter(|database| database.is_sqlite) {
        let store = database.open().await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = store.pen().write(Writer::Seller, Sync::Lazy).await.unwrap();
        let mut writers = Vec::new();
        for name in ["seller", "seller", "seller", "seller", "seller", "journal"] {
            let writer = if name == "journal" { Writer::Journal } else { Writer::Seller };
            let (pen, order) = (store.pen().clone(), Arc::clone(&order));
            writers.push(tokio::spawn(async move {
                let tx = pen.write(writer, Sync::Lazy).await.unwrap();
                order.lock().unwrap().push(name);
                tx.finish().await.unwrap();
            }));
            tokio::task::yield_now().await;
        }
        first.finish().await.unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        let order = order.lock().unwrap().clone();
        assert_eq!(order.iter().position(|name| *name == "journal"), Some(1), "{order:?}");
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_commit_is_flushed_only_when_asked() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let loaded = load(&store, seller).await;
        let (asks, words) = match database.is_sqlite {
            // NORMAL for both: the log is flushed afterwards.
            true => ("SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous", ["1", "1"]),
            false => ("SELECT current_setting('synchronous_commit')", ["off", "on"]),
        };
        let flushes = store.pen().flushes();
        for (sync, word, flushed) in [
            (Sync::Lazy, words[0], 0),
            (Sync::Flushed, words[1], 1),
            (Sync::Lazy, words[0], 1),
            (Sync::Lazy, words[0], 1),
        ] {
            let fence = Fence { incarnation: loaded.incarnation, last_id: 0 };
            let tx = FencedTx::begin(store.pen(), seller, fence, sync).await.unwrap();
            let said: String = tx.writing().query_sql(asks, vec![]).await.unwrap()[0].try_get_by_index(0).unwrap();
            assert_eq!(said, word, "{sync:?}");
            tx.commit("seller.turn").await.unwrap();
            assert_eq!(store.pen().flushes(), flushes + flushed);
        }
        let tx = OfficeTx::begin(store.pen()).await.unwrap();
        let said: String = tx.writing().query_sql(asks, vec![]).await.unwrap()[0].try_get_by_index(0).unwrap();
        assert_eq!(said, words[1]);
        drop(tx);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn commits_that_wait_for_the_disk_together_share_a_flush() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let seller = seller(&store, &account()).await;
    let flushes = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&flushes);
    store.pen().log().on_flush(move |_| {
        counting.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let mut commits = Vec::new();
    for n in 0..20 {
        let events = [said(Some(seller), &format!("m:{n}"), n)];
        commits.push(inbox::append_unflushed(store.pen(), &events, Terms::default(), at(0)).await.unwrap().1);
    }
    assert_eq!(flushes.load(Ordering::SeqCst), 0);
    for flushed in futures::future::join_all(commits.into_iter().map(Committed::flush)).await {
        flushed.unwrap();
    }
    assert_eq!(flushes.load(Ordering::SeqCst), 1);
    store.close(at(1)).await.unwrap();
}

#[tokio::test]
async fn after_a_failed_flush_nothing_is_promised_until_the_database_itself_has_it() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let seller = seller(&store, &account()).await;
    let broken = Arc::new(AtomicBool::new(true));
    let breaking = Arc::clone(&broken);
    store.pen().log().on_flush(move |_| match breaking.load(Ordering::SeqCst) {
        true => Err(std::io::Error::other("the disk is gone")),
        false => Ok(()),
    });
    let event = |n: i64| [said(Some(seller), &format!("m:{n}"), n)];
    let (_, second) = inbox::append_unflushed(store.pen(), &event(2), Terms::default(), at(0)).await.unwrap();
    assert!(matches!(inbox::append(store.pen(), &event(1), at(0)).await, Err(StoreError::Unavailable(_))));
    broken.store(false, Ordering::SeqCst);
    assert!(second.flush().await.is_err(), "the system may say that it is flushed, and be wrong");
    // Whoever writes next mends it first.
    inbox::append(store.pen(), &event(3), at(0)).await.unwrap();
    let file = database.settings.place();
    let remains = tempfile::tempdir().unwrap();
    let copy = remains.path().join("without-its-log.db");
    std::fs::copy(file, &copy).unwrap();
    let copied = Database::connect(format!("sqlite://{}", copy.display())).await.unwrap();
    assert_eq!(inbox::last_seq(&copied).await.unwrap(), EventSeq(2), "the third is in the log");
    copied.close().await.unwrap();
    store.close(at(1)).await.unwrap();
}

#[tokio::test]
async fn a_flush_that_fails_after_nobody_waits_any_more_is_not_forgotten() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let seller = seller(&store, &account()).await;
    let (began, begins) = std::sync::mpsc::channel();
    let (fail, fails) = std::sync::mpsc::channel::<()>();
    let (fails, is_first) = (Mutex::new(fails), AtomicBool::new(true));
    store.pen().log().on_flush(move |_| match is_first.swap(false, Ordering::SeqCst) {
        true => {
            began.send(()).unwrap();
            fails.lock().unwrap().recv().unwrap();
            Err(std::io::Error::other("the disk is gone"))
        }
        false => Ok(()),
    });
    let event = |n: i64| [said(Some(seller), &format!("m:{n}"), n)];
    let (_, first) = inbox::append_unflushed(store.pen(), &event(1), Terms::default(), at(0)).await.unwrap();
    let (_, second) = inbox::append_unflushed(store.pen(), &event(2), Terms::default(), at(0)).await.unwrap();
    let hung = tokio::spawn(first.flush());
    tokio::task::spawn_blocking(move || begins.recv().unwrap()).await.unwrap();
    hung.abort();
    assert!(hung.await.is_err());
    let second = tokio::spawn(second.flush());
    fail.send(()).unwrap();
    assert!(second.await.unwrap().is_err(), "what the first has left in doubt, no other flush can tell");
    store.close(at(1)).await.unwrap();
}

#[tokio::test]
async fn a_log_with_a_hole_is_not_left_behind() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let seller = seller(&store, &account()).await;
    let is_first = AtomicBool::new(true);
    store.pen().log().on_flush(move |_| match is_first.swap(false, Ordering::SeqCst) {
        true => Err(std::io::Error::other("the disk is gone")),
        false => Ok(()),
    });
    assert!(inbox::append(store.pen(), &[said(Some(seller), "m:1", 1)], at(0)).await.is_err());
    drop(store.pen().write(Writer::Office, Sync::Lazy).await.unwrap());
    let log = format!("{}-wal", database.settings.place());
    assert_eq!(std::fs::metadata(log).unwrap().len(), 0, "older pages in it would be taken for newer ones");
    assert_eq!(inbox::last_seq(store.reads()).await.unwrap(), EventSeq(1));
    store.close(at(1)).await.unwrap();
}

#[tokio::test]
async fn what_could_be_read_is_flushed_before_it_is_told() {
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let seller = seller(&store, &account()).await;
    let flushes = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&flushes);
    store.pen().log().on_flush(move |_| {
        counting.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let event = [said(Some(seller), "m:1", 1)];
    let _unflushed = inbox::append_unflushed(store.pen(), &event, Terms::default(), at(0)).await.unwrap();
    for _ in 0..2 {
        store.pen().flush_seen().await.unwrap();
        assert_eq!(flushes.load(Ordering::SeqCst), 1, "and once is enough");
    }
    store.close(at(1)).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_for_later_and_leaves_the_pen_as_it_was() {
    for database in databases().await.into_iter().filter(|database| database.is_sqlite) {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let tx = store.pen().write(Writer::Office, Sync::Lazy).await.unwrap();
        tx.query_sql("PRAGMA max_page_count = 1", vec![]).await.unwrap();
        tx.finish().await.unwrap();
        let events: Vec<_> = (0..2_000).map(|n| said(Some(seller), &format!("m:{n}"), n)).collect();
        let full = inbox::append(store.pen(), &events, at(0)).await;
        assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
        assert_eq!(inbox::last_seq(store.reads()).await.unwrap(), EventSeq(0));
        // There is room again; where the driver's connection was replaced, the limit went with it.
        let tx = store.pen().write(Writer::Office, Sync::Flushed).await.unwrap();
        tx.query_sql("PRAGMA max_page_count = 1000000", vec![]).await.unwrap();
        tx.finish().await.unwrap();
        assert_eq!(inbox::append(store.pen(), &events, at(0)).await.unwrap().new, 2_000);
        store.close(at(1)).await.unwrap();
    }
}

/// As after a commit that found the disk full: SQLite has rolled back, the driver believes that a transaction is open,
/// and would answer every later commit with success without making it.
#[tokio::test]
async fn a_connection_that_sqlite_rolled_back_by_itself_is_replaced() {
    for database in databases().await.into_iter().filter(|database| database.is_sqlite) {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let tx = store.pen().write(Writer::Office, Sync::Lazy).await.unwrap();
        tx.query_sql("ROLLBACK", vec![]).await.unwrap();
        assert!(matches!(tx.finish().await, Err(StoreError::Unavailable(_))));
        drop(store.pen().write(Writer::Office, Sync::Lazy).await.unwrap());
        for n in 1..=3 {
            inbox::append(store.pen(), &[said(Some(seller), &format!("m:{n}"), n)], at(0)).await.unwrap();
            assert_eq!(inbox::last_seq(store.reads()).await.unwrap(), EventSeq(n));
        }
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_with_a_failed_statement_is_never_committed() {
    for database in databases().await {
        let store = database.open().await;
        seller(&store, &account()).await;
        let tx = OfficeTx::begin(store.pen()).await.unwrap();
        let settings = crate::domain::seller::Settings::new("Wool", "EUR".parse().unwrap());
        office::create_seller(&tx, &settings).await.unwrap();
        let refused = tx.writing().execute_sql("INSERT INTO seller (settings) VALUES (NULL)", vec![]).await;
        assert!(matches!(refused, Err(StoreError::Data(_))));
        assert!(tx.commit("office").await.is_err());
        let sellers = store.reads().query_all_raw(sea_orm::Statement::from_string(
            store.reads().get_database_backend(),
            "SELECT id FROM seller",
        ));
        assert_eq!(sellers.await.unwrap().len(), 1);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_fail_point_fails_a_commit_before_during_or_after() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let loaded = load(&store, seller).await;
        let events: Vec<_> = (1..=3).map(|n| said(Some(seller), &format!("m:{n}"), n)).collect();
        inbox::append(store.pen(), &events, at(0)).await.unwrap();
        for (event, moment) in [(1, Moment::Before), (2, Moment::During), (3, Moment::After)] {
            failpoint::arm(Some(Plan { label: "seller.claim", moment, action: Action::Fail, skip: 0 }));
            let tx = fenced(&store, &loaded).await;
            let decided = vec![Decided { event: EventSeq(event), outcome: Outcome::Duplicate, answer: None }];
            turns::save(&tx, &Changes { decided, ..Changes::default() }, at(1)).await.unwrap();
            assert!(tx.commit("seller.claim").await.is_err());
            let hits = failpoint::hits();
            assert!(hits.contains(&("seller.claim", moment, 1)), "{hits:?}");
            failpoint::disarm();
            let again = decide_one(&store, &loaded, EventSeq(event)).await;
            match moment {
                Moment::Before => assert!(again.is_ok()),
                Moment::During => assert!(matches!(again, Ok(()) | Err(StoreError::Decided))),
                Moment::After => assert!(matches!(again, Err(StoreError::Decided))),
            }
        }
        store.close(at(1)).await.unwrap();
    }
}
