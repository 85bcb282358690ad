//! What is nobody's has its room, what is ledgered is found and put back once, and each part of the equation holds.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Database};

use crate::domain::changes::{Changes, Decided};
use crate::domain::channel::{Account, Channel};
use crate::domain::directory::Place;
use crate::domain::event::Source;
use crate::domain::ids::{EventSeq, SellerId};
use crate::domain::outcome::{Outcome, Reason};
use crate::store::inbox::{self, Appended, Routed, Terms};
use crate::store::ledger::{self, By, Candidate, Group, Order, PutBack, Selection, Span, State};
use crate::store::unknown::{self, Room};
use crate::store::{OfficeTx, Store, turns};

use super::support::{account, at, databases, fenced, load, said, seller, sqlite};

/// The same event, for another account.
pub(super) fn of(account: &Account, mut routed: Routed) -> Routed {
    routed.arrival.account = account.clone();
    routed
}

/// Ends events in one turn of their seller.
pub(super) async fn end(store: &Store, seller: SellerId, events: &[(i64, Outcome)], ms: i64) {
    let decided =
        |(event, outcome): &(i64, Outcome)| Decided { event: EventSeq(*event), outcome: *outcome, answer: None };
    let changes = Changes { decided: events.iter().map(decided).collect(), ..Changes::default() };
    let loaded = load(store, seller).await;
    let tx = fenced(store, &loaded).await;
    turns::save(&tx, &changes, at(ms)).await.unwrap();
    tx.commit("seller.turn").await.unwrap();
}

pub(super) async fn put_back(store: &Store, chunk: &[(Candidate, Place)]) -> PutBack {
    let tx = OfficeTx::begin(store.pen()).await.unwrap();
    let done = ledger::put_back(&tx, chunk, at(50)).await.unwrap();
    tx.commit("office").await.unwrap();
    done
}

async fn append_within(store: &Store, events: &[Routed], room: Room, now: DateTime<Utc>) -> Appended {
    let (appended, committed) =
        inbox::append_unflushed(store.pen(), events, Terms { room, ..Terms::default() }, now).await.unwrap();
    committed.flush().await.unwrap();
    appended
}

async fn candidates(store: &Store, home: &Place, selection: Selection) -> Vec<(Candidate, Place)> {
    let found = ledger::candidates(store.reads(), selection, None, 100).await.unwrap();
    found.into_iter().map(|candidate| (candidate, home.clone())).collect()
}

pub(super) async fn assert_holds(store: &Store) -> ledger::Equation {
    let equation = ledger::equation(store.reads()).await.unwrap();
    assert!(equation.holds(), "{equation:?}");
    for by in [By::Nothing, By::Account, By::Seller, By::Hour, By::Day] {
        let parts = ledger::groups(store.reads(), (by, &Span::default()), None, 100).await.unwrap().parts;
        assert!(parts.iter().all(|(_, part)| part.holds()), "{by:?}: {parts:?}");
        let sum = |count: fn(&ledger::Equation) -> i64| parts.iter().map(|(_, part)| count(part)).sum::<i64>();
        assert_eq!(sum(|part| part.received), equation.received, "{by:?}");
        assert_eq!(sum(|part| part.ledgered), equation.ledgered, "{by:?}");
        assert_eq!(sum(|part| part.handled), equation.handled, "{by:?}");
    }
    equation
}

#[tokio::test]
async fn beyond_its_room_what_is_nobodys_is_counted_and_not_kept() {
    for database in databases().await {
        let store = database.open().await;
        let room = Room { of_account: 3, of_all: 5 };
        let came =
            |numbers: std::ops::Range<i64>| numbers.map(|n| said(None, &format!("m:{n}"), n)).collect::<Vec<_>>();
        let first = append_within(&store, &came(1..3), room, at(1)).await;
        assert_eq!((first.new, first.not_kept, first.full.len()), (2, 0, 0));
        let second = append_within(&store, &came(1..6), room, at(2)).await;
        assert_eq!((second.new, second.duplicate, second.not_kept), (1, 2, 2));
        assert_eq!((second.full, second.stored.len()), (vec![account()], 1));
        let third = append_within(&store, &came(3..5), room, at(3)).await;
        assert_eq!((third.new, third.duplicate, third.not_kept, third.full.len()), (0, 1, 1, 0));
        let other = Account::new(Channel::Messenger, "7");
        let more: Vec<_> = came(1..5).into_iter().map(|routed| of(&other, routed)).collect();
        let fourth = append_within(&store, &more, room, at(4)).await;
        assert_eq!(
            (fourth.new, fourth.not_kept, fourth.full),
            (2, 2, vec![other.clone()]),
            "the room of all is used up"
        );
        let known = unknown::accounts(store.reads(), "", 9).await.unwrap();
        let shown: Vec<_> = known.iter().map(|it| (it.account.clone(), it.kept, it.not_kept, it.last_at)).collect();
        assert_eq!(shown, [(account(), 3, 3, at(3)), (other, 2, 2, at(4))]);
        assert_eq!(known[0].first_at, at(1));
        let equation = assert_holds(&store).await;
        assert_eq!((equation.received, equation.duplicate, equation.ledgered), (13, 3, 10));
        store.close(at(9)).await.unwrap();
    }
}

#[tokio::test]
async fn an_append_of_what_is_somebodys_costs_two_statements() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let before = store.pen().statements();
        inbox::append(store.pen(), &[said(Some(seller), "m:1", 1), said(Some(seller), "m:2", 2)], at(0)).await.unwrap();
        assert_eq!(store.pen().statements() - before, 2);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn what_came_before_the_account_was_connected_is_put_back_once_in_metas_order() {
    for database in databases().await {
        let store = database.open().await;
        let events = [said(None, "m:1", 30), said(None, "m:2", 10), said(None, "m:3", 20)];
        inbox::append(store.pen(), &events, at(40)).await.unwrap();
        let home = Place { seller: seller(&store, &account()).await, account: account() };
        let nobodys = Selection { nobodys: true, accounts: vec![account()], ..Selection::default() };
        let chunk = candidates(&store, &home, nobodys.clone()).await;
        let seqs: Vec<i64> = chunk.iter().map(|(candidate, _)| candidate.seq.0).collect();
        assert_eq!(seqs, [2, 3, 1], "in Meta's order");
        let after = Some((chunk[0].0.happened_ms, chunk[0].0.seq));
        assert_eq!(ledger::candidates(store.reads(), nobodys, after, 100).await.unwrap().len(), 2);
        assert_eq!(put_back(&store, &chunk).await.pending.len(), 3);
        assert_eq!(put_back(&store, &chunk).await, PutBack::default(), "what was put back stays so");
        let pending = inbox::pending(store.reads(), home.seller, 9).await.unwrap();
        let keys: Vec<&str> = pending.iter().map(|event| event.key.as_str()).collect();
        assert_eq!(keys, ["m:2", "m:3", "m:1"]);
        assert!(unknown::with_events(store.reads()).await.unwrap().is_empty());
        assert_eq!(assert_holds(&store).await.pending, 3);
        store.close(at(60)).await.unwrap();
    }
}

#[tokio::test]
async fn an_event_that_was_put_aside_begins_anew_and_a_handled_one_is_left_alone() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let home = Place { seller, account: account() };
        inbox::append(store.pen(), &[said(Some(seller), "m:1", 1), said(Some(seller), "m:2", 2)], at(0)).await.unwrap();
        let loaded = load(&store, seller).await;
        let tx = fenced(&store, &loaded).await;
        assert_eq!(inbox::count_attempt(&tx, EventSeq(1)).await.unwrap(), 1);
        tx.commit("seller.attempt").await.unwrap();
        let poison = Outcome::Ledgered(Reason::Poison);
        end(&store, seller, &[(1, poison), (2, poison)], 5).await;
        let chunk = candidates(&store, &home, Selection { reason: Some(Reason::Poison), ..Selection::default() }).await;
        put_back(&store, &chunk).await;
        assert_eq!(inbox::pending(store.reads(), seller, 9).await.unwrap()[0].attempts, 0);
        end(&store, seller, &[(1, Outcome::Handled), (2, poison)], 6).await;
        // Somebody else had read the chunk before.
        let again = put_back(&store, &chunk).await;
        assert_eq!(again.pending, [(EventSeq(2), seller)]);
        let equation = assert_holds(&store).await;
        assert_eq!((equation.handled, equation.pending), (1, 1));
        store.close(at(60)).await.unwrap();
    }
}

#[tokio::test]
async fn events_of_an_accounts_other_name_come_home_and_are_counted_there() {
    for database in databases().await {
        let store = database.open().await;
        let page = Account::new(Channel::Messenger, "555");
        let home = Place { seller: seller(&store, &account()).await, account: account() };
        let events = [
            of(&page, said(None, "m:1", 1)),
            of(&page, said(None, "m:2", 2)),
            said(Some(home.seller), "m:2", 2),
            said(Some(home.seller), "m:9", 2),
        ];
        inbox::append(store.pen(), &events, at(3)).await.unwrap();
        let chunk = candidates(&store, &home, Selection::default()).await;
        let done = put_back(&store, &chunk).await;
        assert_eq!((done.pending.len(), done.duplicate), (1, vec![EventSeq(2)]));
        let pending = inbox::pending(store.reads(), home.seller, 9).await.unwrap();
        let accounts: BTreeSet<&Account> = pending.iter().map(|event| &event.account).collect();
        assert_eq!((pending.len(), accounts.len()), (3, 1));
        assert!(unknown::with_events(store.reads()).await.unwrap().is_empty());
        let equation = assert_holds(&store).await;
        assert_eq!((equation.received, equation.duplicate, equation.pending), (4, 1, 3));
        store.close(at(60)).await.unwrap();
    }
}

#[tokio::test]
async fn a_row_that_a_seller_had_in_hand_in_between_is_counted_as_nobodys_once() {
    for database in databases().await {
        let store = database.open().await;
        inbox::append(store.pen(), &[said(None, "m:1", 1), said(None, "m:2", 2)], at(0)).await.unwrap();
        let home = Place { seller: seller(&store, &account()).await, account: account() };
        let chunk = candidates(&store, &home, Selection::default()).await;
        put_back(&store, &chunk[..1]).await;
        end(&store, home.seller, &[(1, Outcome::Ledgered(Reason::Unreadable))], 5).await;
        assert_eq!(put_back(&store, &chunk).await.pending, [(EventSeq(2), home.seller)], "the other is not nobody's");
        assert!(unknown::with_events(store.reads()).await.unwrap().is_empty());
        assert_holds(&store).await;
        store.close(at(60)).await.unwrap();
    }
}

#[tokio::test]
async fn commands_are_never_put_back() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let mut command = said(Some(seller), "command:1", 1);
        command.arrival.source = Source::Command;
        command.arrival.account = Account::of_seller(seller);
        inbox::append(store.pen(), &[command], at(0)).await.unwrap();
        end(&store, seller, &[(1, Outcome::Ledgered(Reason::Poison))], 5).await;
        let home = Place { seller, account: Account::of_seller(seller) };
        let chunk = candidates(&store, &home, Selection::default()).await;
        assert_eq!((chunk.len(), put_back(&store, &chunk).await), (1, PutBack::default()));
        store.close(at(60)).await.unwrap();
    }
}

#[tokio::test]
async fn events_are_found_by_all_that_is_known_of_them() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let page = Account::new(Channel::Messenger, "555");
        let mut echo = said(Some(seller), "message:100%", 2);
        (echo.arrival.kind, echo.arrival.customer) = ("echo".to_owned(), Some("43".to_owned()));
        let events = [said(Some(seller), "message:1", 1), echo, of(&page, said(None, "message:1", 3))];
        for (event, ms) in events.into_iter().zip([10, 20, 30]) {
            inbox::append(store.pen(), &[event], at(ms)).await.unwrap();
        }
        end(&store, seller, &[(1, Outcome::Handled), (2, Outcome::Ledgered(Reason::NotUsed))], 40).await;
        let find = async |state, selection: Selection, order| {
            let found = ledger::events(store.reads(), (state, selection), (order, None), 10).await.unwrap();
            assert_eq!(found.next, None);
            found.events.iter().map(|event| event.seq.0).collect::<Vec<_>>()
        };
        let all = Selection::default;
        assert_eq!(find(None, all(), Order::Newest).await, [3, 2, 1]);
        assert_eq!(find(Some(State::Ledgered), all(), Order::Oldest).await, [2, 3]);
        assert_eq!(find(Some(State::Handled), all(), Order::Oldest).await, [1]);
        for (selection, expected) in [
            (Selection { reason: Some(Reason::NotUsed), ..all() }, vec![2]),
            (Selection { kind: Some("echo".to_owned()), ..all() }, vec![2]),
            (Selection { customer: Some("42".to_owned()), ..all() }, vec![1, 3]),
            (Selection { accounts: vec![page.clone(), account()], ..all() }, vec![1, 2, 3]),
            (Selection { accounts: vec![page], ..all() }, vec![3]),
            (Selection { seller: Some(seller), ..all() }, vec![1, 2]),
            (Selection { key: Some("100%".to_owned()), ..all() }, vec![2]),
            (Selection { key: Some("%1".to_owned()), ..all() }, vec![]),
            (Selection { since: Some(at(20)), ..all() }, vec![2, 3]),
            (Selection { since: Some(at(20)), until: Some(at(30)), ..all() }, vec![2]),
            (Selection { source: Some(Source::Command), ..all() }, vec![]),
        ] {
            assert_eq!(find(None, selection.clone(), Order::Oldest).await, expected, "{selection:?}");
        }
        let page = |after| ledger::events(store.reads(), (None, all()), (Order::Newest, after), 2);
        let first = page(None).await.unwrap();
        assert_eq!((first.events.len(), first.next), (2, Some(EventSeq(2))));
        assert_eq!(page(first.next).await.unwrap().events[0].seq, EventSeq(1));
        let whole = ledger::event(store.reads(), EventSeq(2)).await.unwrap().unwrap();
        assert_eq!((whole.event.reason, whole.event.decided_at), (Some(Reason::NotUsed), Some(at(40))));
        assert!(whole.raw.ends_with(b"\0\"}"), "the very bytes");
        assert_eq!(ledger::event(store.reads(), EventSeq(99)).await.unwrap(), None);
        store.close(at(60)).await.unwrap();
    }
}

#[tokio::test]
async fn the_equation_comes_in_parts_and_in_pages() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let hour = 3_600_000;
        for (n, ms) in [(1, 0), (2, 30), (3, hour), (4, 25 * hour)] {
            inbox::append(store.pen(), &[said(Some(seller), &format!("m:{n}"), n)], at(ms)).await.unwrap();
        }
        inbox::append(store.pen(), &[of(&Account::new(Channel::Whatsapp, "9"), said(None, "m:1", 1))], at(0))
            .await
            .unwrap();
        let groups = async |by, span: Span, after: Option<&str>, limit| {
            let groups = ledger::groups(store.reads(), (by, &span), after, limit).await.unwrap();
            let parts: Vec<_> = groups.parts.into_iter().map(|(group, part)| (group, part.received)).collect();
            (parts, groups.next)
        };
        let all = Span::default;
        let (sellers, _) = groups(By::Seller, all(), None, 9).await;
        assert_eq!(sellers, [(Group::Seller(None), 1), (Group::Seller(Some(seller)), 4)]);
        let (accounts, next) = groups(By::Account, all(), None, 1).await;
        assert_eq!((accounts, next.as_deref()), (vec![(Group::Account(account()), 4)], Some(account().as_str())));
        assert_eq!(groups(By::Account, all(), next.as_deref(), 1).await.0[0].1, 1);
        let (hours, next) = groups(By::Hour, all(), None, 2).await;
        assert_eq!(hours.iter().map(|(_, received)| *received).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(groups(By::Hour, all(), next.as_deref(), 2).await.0.len(), 1);
        assert_eq!(groups(By::Day, all(), None, 9).await.0.len(), 2);
        let span = Span { since: Some(at(hour)), until: Some(at(2 * hour)), ..all() };
        assert_eq!(groups(By::Nothing, span, None, 9).await.0, [(Group::All, 1)]);
        assert_eq!(groups(By::Nothing, Span { seller: Some(seller), ..all() }, None, 9).await.0[0].1, 4);
        assert_eq!(groups(By::Hour, Span { account: Some(account()), ..all() }, None, 9).await.0[0].1, 2);
        assert_eq!(groups(By::Nothing, Span { seller: Some(SellerId(99)), ..all() }, None, 9).await.0, []);
        assert_holds(&store).await;
        store.close(at(60)).await.unwrap();
    }
}

#[tokio::test]
async fn what_an_older_version_kept_of_nobodys_is_counted_when_the_tables_are_brought_up_to_date() {
    let database = sqlite();
    let url = format!("{}?mode=rwc", database.settings.url);
    let connection = Database::connect(&url).await.unwrap();
    let before = Migrator::migrations().iter().position(|step| step.name() == "m0006_ledger").unwrap();
    Migrator::up(&connection, u32::try_from(before).ok()).await.unwrap();
    let row = |key: &str, seller: &str, state: &str, reason: &str, ms: i64| {
        format!(
            "INSERT INTO inbox_event (account, key, seller_id, source, kind, happened_at, received_at, raw, state, reason) \
             VALUES ('instagram:5', '{key}', {seller}, 'meta', 'message', 1, {ms}, x'7b', '{state}', {reason});"
        )
    };
    let rows = [
        row("1", "NULL", "ledgered", "'unknown_account'", 1_000),
        row("2", "NULL", "ledgered", "'not_used'", 3_000),
        row("3", "7", "ledgered", "'not_used'", 4_000),
        row("4", "7", "handled", "NULL", 5_000),
    ];
    connection.execute_unprepared(&rows.concat()).await.unwrap();
    connection.close().await.unwrap();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let known = unknown::accounts(store.reads(), "", 9).await.unwrap();
    let times = (known[0].first_at.timestamp(), known[0].last_at.timestamp());
    assert_eq!((known.len(), known[0].kept, known[0].not_kept, times), (1, 2, 0, (1, 3)));
    store.close(at(0)).await.unwrap();
}
