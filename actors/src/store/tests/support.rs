//! Databases for tests: empty, migrated, one for each test; and values to put into them.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Database};

use crate::domain::channel::{Account, Channel};
use crate::domain::event::{Arrival, Source};
use crate::domain::ids::SellerId;
use crate::domain::seller::Settings;
use crate::store::inbox::Routed;
use crate::store::pen::{Fence, FencedTx, OfficeTx, Sync};
use crate::store::sellers::{self, Loaded};
use crate::store::{Store, StoreSettings, office};

/// A database of its own for one test.
pub(super) struct TestDatabase {
    pub(super) settings: StoreSettings,
    pub(super) is_sqlite: bool,
    _folder: tempfile::TempDir,
}

/// SQLite's, and PostgreSQL's where there is a server.
pub(super) async fn databases() -> Vec<TestDatabase> {
    let databases = unmigrated().await;
    for database in &databases {
        Store::migrate(&database.settings).await.unwrap();
    }
    databases
}

/// The same without any table.
pub(super) async fn unmigrated() -> Vec<TestDatabase> {
    let mut databases = vec![sqlite()];
    if let Ok(server) = std::env::var("HAWKER_TEST_POSTGRES_URL") {
        databases.push(postgres(&server).await);
    }
    databases
}

pub(super) fn sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("hawker.db").display());
    let settings = StoreSettings { url, read_connections: 2, write_connections: 4 };
    TestDatabase { settings, is_sqlite: true, _folder: folder }
}

async fn postgres(server: &str) -> TestDatabase {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("hawker_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let admin = Database::connect(server).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    admin.close().await.unwrap();
    let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
    let settings = StoreSettings { url, read_connections: 2, write_connections: 4 };
    TestDatabase { settings, is_sqlite: false, _folder: tempfile::tempdir().unwrap() }
}

impl TestDatabase {
    pub(super) async fn open(&self) -> Store {
        Store::open(&self.settings).await.unwrap()
    }
}

pub(super) fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_760_000_000_000 + ms).unwrap()
}

pub(super) fn account() -> Account {
    Account::new(Channel::Instagram, "17841400000000001")
}

/// A seller with a connected account.
pub(super) async fn seller(store: &Store, account: &Account) -> SellerId {
    let tx = OfficeTx::begin(store.pen()).await.unwrap();
    let seller = office::create_seller(&tx, &Settings::new("Linen", "USD".parse().unwrap())).await.unwrap();
    let new = office::NewConnection { seller, account: account.clone(), linked: None, username: "linen".to_owned() };
    office::put_connection(&tx, &new).await.unwrap();
    tx.commit("office").await.unwrap();
    seller
}

pub(super) async fn load(store: &Store, seller: SellerId) -> Loaded {
    sellers::load(store, seller, at(0)).await.unwrap().unwrap()
}

/// A lazy transaction of what was loaded.
pub(super) async fn fenced(store: &Store, loaded: &Loaded) -> FencedTx {
    let fence = Fence { incarnation: loaded.incarnation, last_id: loaded.last_id };
    FencedTx::begin(store.pen(), loaded.seller.id, fence, Sync::Lazy).await.unwrap()
}

/// A customer's message, said at this millisecond.
pub(super) fn said(seller: Option<SellerId>, key: &str, ms: i64) -> Routed {
    let arrival = Arrival {
        account: account(),
        key: key.to_owned(),
        source: Source::Meta,
        kind: "message".to_owned(),
        customer: Some("42".to_owned()),
        happened_at: at(ms),
        raw: format!("{{\"mid\":\"{key}\",\"nul\":\"\0\"}}").into_bytes(),
        ledgered: None,
    };
    Routed { arrival, seller }
}
