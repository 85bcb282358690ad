//! Events arrive once, whatever is delivered twice, and the equation holds.

use serde_json::json;

use crate::domain::channel::Account;
use crate::domain::event::Source;
use crate::domain::ids::{EventSeq, SellerId};
use crate::domain::outcome::Reason;
use crate::store::inbox;
use crate::store::{StoreError, ledger};

use super::support::{account, at, databases, said, seller};

#[tokio::test]
async fn what_is_delivered_twice_is_stored_once_and_counted_twice() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let events = [said(Some(seller), "m:1", 5), said(Some(seller), "m:2", 3)];
        let first = inbox::append(store.pen(), &events, at(10)).await.unwrap();
        assert_eq!((first.new, first.duplicate, first.wake), (2, 0, vec![seller]));
        let again = inbox::append(store.pen(), &events, at(3_600_010)).await.unwrap();
        assert_eq!((again.new, again.duplicate, again.wake), (0, 2, vec![]));
        let equation = ledger::equation(store.reads()).await.unwrap();
        assert_eq!((equation.received, equation.duplicate, equation.pending), (4, 2, 2));
        assert!(equation.holds());
        let pending = inbox::pending(store.reads(), seller, 32).await.unwrap();
        let keys: Vec<&str> = pending.iter().map(|event| event.key.as_str()).collect();
        assert_eq!(keys, ["m:2", "m:1"], "in Meta's time");
        assert_eq!(pending[0].raw, events[1].arrival.raw);
        assert_eq!((pending[0].happened_at, pending[0].attempts), (at(3), 0));
        assert_eq!(inbox::pending(store.reads(), seller, 1).await.unwrap().len(), 1);
        store.close(at(20)).await.unwrap();
    }
}

#[tokio::test]
async fn the_same_key_twice_in_one_post_is_a_duplicate() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let events = [said(Some(seller), "m:1", 1), said(Some(seller), "m:1", 1), said(Some(seller), "m:2", 2)];
        let appended = inbox::append(store.pen(), &events, at(0)).await.unwrap();
        assert_eq!((appended.new, appended.duplicate, appended.wake), (2, 1, vec![seller]));
        assert!(ledger::equation(store.reads()).await.unwrap().holds());
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn three_thousand_events_fit_into_one_append() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let events: Vec<_> = (0..3_000).map(|n| said(Some(seller), &format!("m:{n}"), n)).collect();
        let appended = inbox::append(store.pen(), &events, at(0)).await.unwrap();
        assert_eq!((appended.new, appended.duplicate), (3_000, 0));
        assert_eq!(inbox::last_seq(store.reads()).await.unwrap(), EventSeq(3_000));
        assert_eq!(ledger::equation(store.reads()).await.unwrap().received, 3_000);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn nobodys_events_go_to_the_ledger_and_unreadable_ones_wait_for_their_seller_with_a_reason() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let mut unreadable = said(Some(seller), "u:1", 2);
        unreadable.arrival.ledgered = Some(Reason::Unreadable);
        let appended = inbox::append(store.pen(), &[said(None, "m:1", 1), unreadable], at(0)).await.unwrap();
        assert_eq!((appended.new, appended.duplicate, appended.wake), (2, 0, vec![seller]));
        let reasons = ledger::by_reason(store.reads()).await.unwrap();
        assert_eq!(reasons, [("unknown_account".to_owned(), 1)]);
        let equation = ledger::equation(store.reads()).await.unwrap();
        assert!(equation.holds() && (equation.ledgered, equation.pending) == (1, 1), "{equation:?}");
        assert_eq!(inbox::sellers_with_work(store.reads()).await.unwrap(), [seller]);
        let pending = inbox::pending(store.reads(), seller, 9).await.unwrap();
        assert_eq!(pending[0].preset, Some(Reason::Unreadable));
        let shown = ledger::event(store.reads(), pending[0].seq).await.unwrap().unwrap().event;
        assert_eq!((shown.reason, shown.reason_code), (None, None), "it is not in the ledger yet");
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn commands_and_results_are_no_part_of_the_equation() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let mut command = said(Some(seller), "put_products:1", 1);
        command.arrival.account = Account::of_seller(seller);
        command.arrival.source = Source::Command;
        inbox::append(store.pen(), &[command.clone(), said(Some(seller), "m:1", 1)], at(0)).await.unwrap();
        let again = inbox::append(store.pen(), &[command], at(1)).await.unwrap();
        assert_eq!(again.duplicate, 1);
        let equation = ledger::equation(store.reads()).await.unwrap();
        assert_eq!((equation.received, equation.pending, equation.duplicate), (1, 1, 0));
        assert_eq!(inbox::answer(store.reads(), seller, "put_products:1").await.unwrap(), None::<serde_json::Value>);
        assert_eq!(inbox::sellers_with_work(store.reads()).await.unwrap(), [seller]);
        assert_ne!(Some(json!(1)), inbox::answer(store.reads(), SellerId(99), "put_products:1").await.unwrap());
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_event_is_an_error_of_data_and_takes_its_neighbours_with_it() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        // SQLite takes a NUL in a text; PostgreSQL does not. A raw value over the limit is refused by SQLite only.
        let refused = said(Some(seller), "nul:\0", 1);
        let result = inbox::append(store.pen(), &[said(Some(seller), "m:1", 1), refused], at(0)).await;
        if !database.is_sqlite {
            assert!(matches!(result, Err(StoreError::Data(_))), "{result:?}");
            assert_eq!(inbox::last_seq(store.reads()).await.unwrap(), EventSeq(0));
            assert!(ledger::equation(store.reads()).await.unwrap().holds());
        }
        inbox::append(store.pen(), &[said(Some(seller), "m:2", 1)], at(0)).await.unwrap();
        store.close(at(1)).await.unwrap();
    }
}
