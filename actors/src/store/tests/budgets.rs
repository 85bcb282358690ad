//! What was spent and what Meta holds, as rows: through loads, clocks that step, and another life of the process.

use chrono::TimeDelta;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Database};

use crate::domain::budget::hold::{Hold, HoldOn};
use crate::domain::budget::{BudgetKey, OwnCaps, SpentSlot};
use crate::domain::changes::Changes;
use crate::domain::ids::{ConnectionId, SellerId};
use crate::domain::seller::Settings;
use crate::store::inbox::Terms;
use crate::store::pen::OfficeTx;
use crate::store::{Store, app_hold, budgets, inbox, office, sellers, turns};

use super::support::{account, at, databases, fenced, load, said, seller, unmigrated};
use super::turns::save;

fn hour_slot(hours: i64) -> i64 {
    (at(0) + TimeDelta::hours(hours)).timestamp() / 60
}

fn spent(slot: i64) -> SpentSlot {
    SpentSlot { key: BudgetKey::messages(ConnectionId(1)), slot, calls: 3 }
}

fn hold(until_hours: i64, times: u32) -> Hold {
    Hold { since: at(0), until: at(0) + TimeDelta::hours(until_hours), times, why: "613".to_owned() }
}

#[tokio::test]
async fn a_load_forgets_only_what_can_never_count_again() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let loaded = load(&store, seller).await;
        let kept = [-23, 0, 5, 20_000].map(|hours| spent(hour_slot(hours)));
        let gone = [spent(hour_slot(-26)), SpentSlot { calls: 0, ..spent(hour_slot(1)) }];
        let batch = SpentSlot { key: BudgetKey::catalog_batch(7), slot: at(0).timestamp(), calls: 2 };
        let on = |n: i64| HoldOn::Connection(ConnectionId(n));
        let holds = vec![(on(1), hold(2, 1)), (on(2), hold(-1, 2)), (on(3), hold(-1, 0)), (on(4), hold(-72, 5))];
        let spent: Vec<_> = kept.iter().chain(&gone).copied().chain([batch]).collect();
        let changes = Changes { last_id: loaded.last_id, spent, holds: holds.clone(), ..Changes::default() };
        let tx = fenced(&store, &loaded).await;
        turns::save(&tx, &changes, at(0)).await.unwrap();
        tx.commit("seller.turn").await.unwrap();

        let again = load(&store, seller).await;
        assert!(kept.iter().chain([&batch]).all(|slot| again.spent.contains(slot)), "{:?}", again.spent);
        assert_eq!(again.spent.len(), 5);
        assert_eq!(again.holds, holds[..2], "what stands, and what no call has disproved");
        let stored = budgets::read(store.reads(), seller, at(0)).await.unwrap().unwrap();
        assert_eq!((stored.spent.len(), stored.holds.len(), stored.open.len()), (5, 2, 0));
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_and_back_finds_what_it_left() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let loaded = load(&store, seller).await;
        let changes = Changes { last_id: loaded.last_id, spent: vec![spent(hour_slot(0))], ..Changes::default() };
        let tx = fenced(&store, &loaded).await;
        turns::save(&tx, &changes, at(0)).await.unwrap();
        tx.commit("seller.turn").await.unwrap();
        for hours in [20, 0, -20, 0] {
            let now = at(0) + TimeDelta::hours(hours);
            let loaded = sellers::load(&store, seller, now).await.unwrap().unwrap();
            assert_eq!(loaded.spent, changes.spent, "{hours} hours off");
        }
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn the_pause_of_the_whole_app_is_stored_with_the_result_that_told_of_it() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        assert_eq!(app_hold::read(store.reads()).await.unwrap(), None);
        for times in [1, 2] {
            let events = [said(Some(seller), &format!("m:{times}"), 1)];
            let hold = hold(1, times);
            let terms = Terms { app_hold: Some(&hold), ..Terms::default() };
            let (_, committed) = inbox::append_unflushed(store.pen(), &events, terms, at(0)).await.unwrap();
            committed.flush().await.unwrap();
            assert_eq!(app_hold::read(store.reads()).await.unwrap(), Some(hold));
        }
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn caps_are_the_sellers_own_to_change_and_its_settings_stay() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let before = load(&store, seller).await.seller.settings;
        let first = OwnCaps { messages_per_hour: Some(1), ..OwnCaps::default() };
        let tx = OfficeTx::begin(store.pen()).await.unwrap();
        let settings = Settings { caps: first, ..before.clone() };
        let other = office::create_seller(&tx, &settings).await.unwrap();
        tx.commit("office").await.unwrap();
        assert_eq!(load(&store, other).await.seller.settings, settings);
        let caps = OwnCaps { graph_per_hour: Some(7), ..OwnCaps::default() };
        save(&store, seller, &Changes { caps: Some(caps), ..Changes::default() }).await;
        assert_eq!(load(&store, seller).await.seller.settings, Settings { caps, ..before });
        assert_eq!(budgets::read(store.reads(), seller, at(0)).await.unwrap().unwrap().own, caps);
        assert_eq!(budgets::read(store.reads(), other, at(0)).await.unwrap().unwrap().own, first);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_spent_before_there_were_slots_stays_spent() {
    for database in unmigrated().await {
        let mode = if database.is_sqlite { "?mode=rwc" } else { "" };
        let connection = Database::connect(format!("{}{mode}", database.settings.url)).await.unwrap();
        Migrator::up(&connection, Some(2)).await.unwrap();
        let old = format!(
            "INSERT INTO seller (id, settings) VALUES (1, '{}');
         INSERT INTO rate_window (seller_id, family, connection_id, minute, calls) VALUES (1, 'messages', 1, {}, 3)",
            r#"{"name":"Linen","currency":"USD","language":"en","required":{"phone":true,"email":false,"address":true},"confirm_from":0.75,"auto_reply":true,"caps":{"messages_per_hour":3,"graph_per_hour":null}}"#,
            hour_slot(0),
        );
        connection.execute_unprepared(&old).await.unwrap();
        connection.close().await.unwrap();
        Store::migrate(&database.settings).await.unwrap();
        let store = database.open().await;
        let loaded = load(&store, SellerId(1)).await;
        let caps = OwnCaps { messages_per_hour: Some(3), ..OwnCaps::default() };
        assert_eq!((loaded.spent, loaded.seller.settings.caps), (vec![spent(hour_slot(0))], caps));
        store.close(at(1)).await.unwrap();
    }
}
