//! What has ended long ago goes, and the equation holds at every step.

use chrono::TimeDelta;
use sea_orm::ConnectionTrait;

use crate::domain::channel::{Account, Channel};
use crate::domain::directory::Place;
use crate::domain::event::Source;
use crate::domain::ids::EventSeq;
use crate::domain::outcome::{Outcome, Reason};
use crate::store::ledger::{self, Keep, Round, Selection};
use crate::store::{Store, inbox, unknown};

use super::ledger::{assert_holds, end, of, put_back};
use super::support::{account, at, databases, said, seller};

const DAY: i64 = 24 * 3_600_000;

fn keep() -> Keep {
    Keep { decided: TimeDelta::days(8), ledgered: TimeDelta::days(30), unknown_account: TimeDelta::days(7) }
}

/// Takes all steps of a round, each of which must leave the equation true.
async fn prune(store: &Store, ms: i64) -> usize {
    let (mut round, mut events) = (Some(Round::default()), 0);
    while let Some(step) = round {
        let pruned = ledger::prune(store, keep(), step, at(ms)).await.unwrap();
        events += pruned.events;
        round = pruned.next;
        assert_holds(store).await;
    }
    events
}

async fn left(store: &Store) -> Vec<i64> {
    let statement = sea_orm::Statement::from_string(
        store.reads().get_database_backend(),
        "SELECT seq FROM inbox_event ORDER BY seq",
    );
    let rows = store.reads().query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn each_outcome_has_its_time_and_what_is_pending_stays() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let mut command = said(Some(seller), "command:1", 1);
        (command.arrival.source, command.arrival.account) = (Source::Command, Account::of_seller(seller));
        let unknown = of(&Account::new(Channel::Messenger, "7"), said(None, "m:1", 1));
        let messages = (1..=4).map(|n| said(Some(seller), &format!("m:{n}"), n));
        let events: Vec<_> = messages.chain([command, unknown]).collect();
        inbox::append(store.pen(), &events, at(0)).await.unwrap();
        let ends = [
            (1, Outcome::Handled),
            (2, Outcome::Duplicate),
            (3, Outcome::Ledgered(Reason::NotUsed)),
            (5, Outcome::Handled),
        ];
        end(&store, seller, &ends, 0).await;
        let before = assert_holds(&store).await;
        assert_eq!((prune(&store, 7 * DAY).await, left(&store).await.len()), (0, 6), "not a moment too early");
        assert_eq!((prune(&store, 7 * DAY + 1).await, left(&store).await), (1, vec![1, 2, 3, 4, 5]));
        assert!(unknown::accounts(store.reads(), "", 9).await.unwrap().is_empty());
        assert_eq!((prune(&store, 8 * DAY + 1).await, left(&store).await), (3, vec![3, 4]));
        assert_eq!((prune(&store, 31 * DAY).await, left(&store).await), (1, vec![4]), "what is pending stays for ever");
        assert_eq!(assert_holds(&store).await, before);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_large_inbox_goes_in_chunks_and_what_is_young_stays() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let old: Vec<_> = (0..1_200).map(|n| said(Some(seller), &format!("m:{n}"), n)).collect();
        inbox::append(store.pen(), &old, at(0)).await.unwrap();
        let young: Vec<_> = (1_200..1_210).map(|n| said(Some(seller), &format!("m:{n}"), n)).collect();
        inbox::append(store.pen(), &young, at(5 * DAY)).await.unwrap();
        let all: Vec<_> = (1..=1_210).map(|seq| (seq, Outcome::Handled)).collect();
        end(&store, seller, &all[..1_200], 0).await;
        end(&store, seller, &all[1_200..], 5 * DAY).await;
        let first = ledger::prune(&store, keep(), Round::default(), at(9 * DAY)).await.unwrap();
        assert!(first.events == 500 && first.next.is_some(), "{first:?}");
        assert_eq!(prune(&store, 9 * DAY).await, 700, "a round that was broken off is begun anew");
        assert_eq!(left(&store).await, (1_201..=1_210).collect::<Vec<_>>());
        // Meta delivers again for seven days: those are known still.
        let again = inbox::append(store.pen(), &young, at(12 * DAY)).await.unwrap();
        assert_eq!((again.new, again.duplicate), (0, 10));
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn an_event_that_was_replayed_late_is_kept_from_then_on() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        inbox::append(store.pen(), &[said(Some(seller), "m:1", 1)], at(0)).await.unwrap();
        end(&store, seller, &[(1, Outcome::Ledgered(Reason::Unreadable))], 0).await;
        let found = ledger::candidates(store.reads(), Selection::default(), None, 9).await.unwrap();
        let home = Place { seller, account: account() };
        let chunk: Vec<_> = found.into_iter().map(|candidate| (candidate, home.clone())).collect();
        assert_eq!(put_back(&store, &chunk).await.pending, [(EventSeq(1), seller)]);
        end(&store, seller, &[(1, Outcome::Handled)], 20 * DAY).await;
        assert_eq!(prune(&store, 27 * DAY).await, 0);
        assert_eq!(prune(&store, 29 * DAY).await, 1);
        store.close(at(1)).await.unwrap();
    }
}
