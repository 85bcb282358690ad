//! The front office's tables: requests that come again, keys, deeds, and settings that two people change.

use chrono::TimeDelta;
use futures::future::join_all;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;

use crate::domain::access::{Holder, Scope, Scopes};
use crate::domain::ids::{KeyId, SellerId};
use crate::domain::seller::Settings;
use crate::store::office::audit::{self, Deed};
use crate::store::office::keys::{self, NewApiKey};
use crate::store::office::requests::{self, RequestName};
use crate::store::office::{self, Keep, SettingsTaken};
use crate::store::pen::OfficeTx;
use crate::store::views::Page;
use crate::store::{Store, StoreError};

use super::support::{account, at, databases, seller, sqlite};

const NAME: RequestName<'_> = RequestName { caller: "key:7", key: "a" };
const ALL: Page = Page { after: 0, limit: 100 };

fn shop(name: &str) -> Settings {
    Settings::new(name, "USD".parse().unwrap())
}

async fn begin(store: &Store) -> OfficeTx {
    OfficeTx::begin(store.pen()).await.unwrap()
}

#[tokio::test]
async fn a_request_is_taken_up_by_one_of_those_who_come_at_once_and_all_find_its_answer() {
    for database in databases().await {
        let store = database.open().await;
        let ask = async |n: usize| {
            let tx = begin(&store).await;
            let kept = requests::take(&tx, NAME, "print", at(0)).await.unwrap();
            let answer = match kept.answer {
                Some(answer) => answer,
                None => {
                    office::create_seller(&tx, &shop("Linen")).await.unwrap();
                    requests::keep_answer(&tx, NAME, &format!("answer {n}")).await.unwrap();
                    format!("answer {n}")
                }
            };
            tx.commit("office").await.unwrap();
            answer
        };
        let answers = join_all((0..20).map(ask)).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(office::sellers(store.reads(), None, ALL).await.unwrap().len(), 1);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_not_committed_is_taken_up_anew_by_whoever_waited_for_it() {
    for database in databases().await {
        let store = database.open().await;
        let first = begin(&store).await;
        assert_eq!(requests::take(&first, NAME, "print", at(0)).await.unwrap().answer, None);
        let second = async {
            let tx = begin(&store).await;
            let kept = requests::take(&tx, NAME, "other print", at(0)).await.unwrap();
            requests::keep_answer(&tx, NAME, "answer").await.unwrap();
            tx.commit("office").await.unwrap();
            kept
        };
        let ((), kept) = tokio::join!(async { drop(first) }, second);
        assert_eq!((kept.print.as_str(), kept.answer), ("other print", None));
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_is_kept_only_for_a_request_that_was_taken_up() {
    for database in databases().await {
        let store = database.open().await;
        let tx = begin(&store).await;
        assert!(matches!(requests::keep_answer(&tx, NAME, "answer").await, Err(StoreError::Unreadable { .. })));
        drop(tx);
        store.close(at(1)).await.unwrap();
    }
}

fn new_key<'a>(holder: Holder, hash: &'a str) -> NewApiKey<'a> {
    let scopes = Scopes::from_iter([Scope::OrdersRead]);
    NewApiKey { holder, name: "till", prefix: "abcd", hash, scopes, expires_at: Some(at(9)), made_by: "operator" }
}

#[tokio::test]
async fn keys_are_found_listed_and_revoked_by_their_holder_alone() {
    for database in databases().await {
        let store = database.open().await;
        let (own, other) = (Holder::Seller(SellerId(1)), Holder::Seller(SellerId(2)));
        let tx = begin(&store).await;
        let mut made = Vec::new();
        for (holder, hash) in [(own, "h1"), (Holder::Operator, "h2"), (own, "h3")] {
            made.push(keys::insert(&tx, &new_key(holder, hash), at(0)).await.unwrap());
        }
        assert_eq!(keys::count_valid(&tx, own, at(8)).await.unwrap(), 2);
        assert_eq!(keys::count_valid(&tx, own, at(9)).await.unwrap(), 0, "they have expired");
        for (holder, key, since) in [
            (other, made[0], None),
            (Holder::Operator, made[0], None),
            (own, made[1], None),
            (own, KeyId(99), None),
            (own, made[0], Some(at(5))),
        ] {
            assert_eq!(keys::revoke(&tx, holder, key, at(5)).await.unwrap(), since, "{holder} {key}");
        }
        assert_eq!(keys::revoke(&tx, own, made[0], at(6)).await.unwrap(), Some(at(5)), "the first time counts");
        assert_eq!(keys::count_valid(&tx, own, at(8)).await.unwrap(), 1);
        tx.commit("office").await.unwrap();
        let first = keys::find(store.reads(), made[0]).await.unwrap().unwrap();
        assert_eq!((first.holder, first.hash.as_str(), first.revoked_at), (own, "h1", Some(at(5))));
        assert_eq!((first.scopes, first.expires_at), (new_key(own, "").scopes, Some(at(9))));
        let ids = |keys: Vec<keys::ApiKey>| keys.into_iter().map(|key| key.id).collect::<Vec<_>>();
        assert_eq!(ids(keys::of_holder(store.reads(), own, ALL).await.unwrap()), [made[0], made[2]]);
        assert_eq!(ids(keys::of_holder(store.reads(), Holder::Operator, ALL).await.unwrap()), [made[1]]);
        let page = Page { after: made[0].0, limit: 1 };
        assert_eq!(ids(keys::of_holder(store.reads(), own, page).await.unwrap()), [made[2]]);
        let tx = begin(&store).await;
        assert!(matches!(keys::insert(&tx, &new_key(own, "h1"), at(0)).await, Err(StoreError::Data(_))));
        drop(tx);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_use_of_a_key_is_noted_and_never_set_back() {
    for database in databases().await {
        let store = database.open().await;
        let tx = begin(&store).await;
        let key = keys::insert(&tx, &new_key(Holder::Operator, "h"), at(0)).await.unwrap();
        tx.commit("office").await.unwrap();
        for (used, last) in [(3, 3), (2, 3), (4, 4)] {
            keys::note_use(&store, key, at(used)).await.unwrap();
            let found = keys::find(store.reads(), key).await.unwrap().unwrap();
            assert_eq!(found.last_used_at, Some(at(last)));
        }
        store.close(at(1)).await.unwrap();
    }
}

fn deed(seller: Option<i64>, action: &str) -> Deed<'_> {
    let (seller, detail) = (seller.map(SellerId), json!({ "name": "\0\u{202e}\"" }));
    Deed { key: Some(KeyId(7)), named: "key 7 (till)".to_owned(), holder: Holder::Operator, seller, action, detail }
}

#[tokio::test]
async fn deeds_are_read_newest_first_of_one_shop_or_of_all_and_go_when_they_are_old() {
    for database in databases().await {
        let store = database.open().await;
        let tx = begin(&store).await;
        for (n, seller) in [Some(1), Some(2), None, Some(1)].into_iter().enumerate() {
            audit::note(&tx, &deed(seller, &format!("deed.{n}\0")), at(n as i64)).await.unwrap();
        }
        tx.commit("office").await.unwrap();
        let read = async |seller: Option<i64>, before, limit| {
            let deeds = audit::page(store.reads(), seller.map(SellerId), before, limit).await.unwrap();
            deeds.into_iter().map(|deed| (deed.id, deed.action)).collect::<Vec<_>>()
        };
        let all = read(None, None, 10).await;
        let actions = |deeds: &[(i64, String)]| deeds.iter().map(|(_, action)| action.clone()).collect::<Vec<_>>();
        assert_eq!(actions(&all), ["deed.3", "deed.2", "deed.1", "deed.0"]);
        assert_eq!(read(None, Some(all[1].0), 1).await, all[2..3]);
        assert_eq!(actions(&read(Some(1), None, 10).await), ["deed.3", "deed.0"]);
        let kept = audit::page(store.reads(), Some(SellerId(2)), None, 1).await.unwrap().remove(0);
        assert_eq!((kept.at, kept.key, kept.detail), (at(1), Some(KeyId(7)), json!({ "name": "\0\u{202e}\"" })));
        let keep = Keep { answers: TimeDelta::days(7), audit: TimeDelta::days(400) };
        let later = at(2) + keep.audit;
        assert!(!office::prune(&store, keep, later).await.unwrap());
        assert_eq!(actions(&read(None, None, 10).await), ["deed.3", "deed.2"]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn much_that_is_old_goes_a_chunk_at_a_time() {
    for database in databases().await {
        let store = database.open().await;
        let tx = begin(&store).await;
        for n in 0..1_100 {
            let key = n.to_string();
            requests::take(&tx, RequestName { key: &key, ..NAME }, "print", at(0)).await.unwrap();
        }
        requests::take(&tx, NAME, "print", at(1)).await.unwrap();
        tx.commit("office").await.unwrap();
        let keep = Keep { answers: TimeDelta::days(7), audit: TimeDelta::days(400) };
        let mut more = Vec::new();
        for _ in 0..4 {
            more.push(office::prune(&store, keep, at(1) + keep.answers).await.unwrap());
        }
        assert_eq!(more, [true, true, false, false]);
        let tx = begin(&store).await;
        requests::keep_answer(&tx, NAME, "answer").await.expect("what is not old is kept");
        tx.commit("office").await.unwrap();
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn of_many_who_change_settings_at_once_one_does_and_the_others_learn_of_it() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let change = async |n: usize| {
            let tx = begin(&store).await;
            let taken = office::take_settings(&tx, seller, 1).await.unwrap();
            if let SettingsTaken::Taken(settings) = &taken {
                let settings = Settings { name: format!("Shop {n}"), ..settings.clone() };
                assert_eq!(office::put_settings(&tx, seller, &settings).await.unwrap(), 2);
            }
            tx.commit("office").await.unwrap();
            taken
        };
        let taken = join_all((0..20).map(change)).await;
        let conflicts = taken.iter().filter(|taken| **taken == SettingsTaken::ChangedSince(2)).count();
        assert_eq!(conflicts, 19, "{taken:?}");
        let now = office::settings_of(store.reads(), seller).await.unwrap().unwrap();
        assert!(now.version == 2 && now.settings.name.starts_with("Shop "));
        assert_eq!(office::settings_of(store.reads(), SellerId(99)).await.unwrap(), None);
        let tx = begin(&store).await;
        assert_eq!(office::take_settings(&tx, SellerId(99), 1).await.unwrap(), SettingsTaken::NoSeller);
        drop(tx);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn sellers_are_found_by_letters_of_their_names_whatever_these_letters_are() {
    for database in databases().await {
        let store = database.open().await;
        let tx = begin(&store).await;
        for name in ["Linen & Co", "100% Wool", "ÉTOFFES", "a_b\\c", "linen two"] {
            office::create_seller(&tx, &shop(name)).await.unwrap();
        }
        tx.commit("office").await.unwrap();
        for (letters, found) in [
            ("LINEN", vec!["Linen & Co", "linen two"]),
            ("  linen ", vec!["Linen & Co", "linen two"]),
            ("%", vec!["100% Wool"]),
            ("_", vec!["a_b\\c"]),
            ("\\", vec!["a_b\\c"]),
            ("étoffes", vec!["ÉTOFFES"]),
            ("'; DROP TABLE seller", vec![]),
            ("li\0nen", vec![]),
        ] {
            let sellers = office::sellers(store.reads(), Some(letters), ALL).await.unwrap();
            let names: Vec<_> = sellers.iter().map(|(_, seller)| seller.settings.name.as_str()).collect();
            assert_eq!(names, found, "{letters:?}");
        }
        let all = office::sellers(store.reads(), None, Page { after: 0, limit: 2 }).await.unwrap();
        let rest = office::sellers(store.reads(), None, Page { after: all[1].0.0, limit: 100 }).await.unwrap();
        assert_eq!((all.len(), rest.len()), (2, 3));
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn sellers_of_before_are_found_by_name_and_their_settings_are_version_1() {
    let database = sqlite();
    let connection = Database::connect(format!("{}?mode=rwc", database.settings.url)).await.unwrap();
    Migrator::up(&connection, Some(2)).await.unwrap();
    let settings = serde_json::to_string(&shop("ÉTOFFES d'Ada")).unwrap().replace('\'', "''");
    let old = format!("INSERT INTO seller (id, settings, request) VALUES (1, '{settings}', 'a'), (2, 'broken', NULL)");
    connection.execute_unprepared(&old).await.unwrap();
    connection.close().await.unwrap();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let found = office::sellers(store.reads(), Some("étoffes"), ALL).await.unwrap();
    assert_eq!(found.iter().map(|(id, seller)| (id.0, seller.version)).collect::<Vec<_>>(), [(1, 1)]);
    store.close(at(1)).await.unwrap();
}
