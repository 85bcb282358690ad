//! One process at a time, lives of the process, readers that cannot write.

use sea_orm::ConnectionTrait;

use crate::domain::ids::EventSeq;
use crate::store::{Boot, Store, StoreError, inbox};

use super::support::{account, at, databases, said, seller, sqlite};

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_has_closed() {
    for database in databases().await {
        let store = database.open().await;
        assert!(matches!(Store::open(&database.settings).await, Err(StoreError::InUse)));
        assert!(matches!(Store::migrate(&database.settings).await, Err(StoreError::InUse)));
        store.clone().close(at(0)).await.unwrap();
        drop(store);
        database.open().await.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_without_tables_is_not_opened() {
    let database = sqlite();
    assert!(matches!(Store::open(&database.settings).await, Err(StoreError::NotMigrated)));
    Store::migrate(&database.settings).await.unwrap();
    Store::migrate(&database.settings).await.unwrap();
    database.open().await.close(at(0)).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn sqlites_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let database = sqlite();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    seller(&store, &account()).await;
    let path = std::path::PathBuf::from(database.settings.url.strip_prefix("sqlite://").unwrap());
    let files: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|file| file.unwrap()).collect();
    assert!(files.len() >= 4, "database, log, its index and the lock");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
    store.close(at(0)).await.unwrap();
}

#[tokio::test]
async fn a_life_without_an_end_makes_the_next_one_careful() {
    for database in databases().await {
        let store = database.open().await;
        assert_eq!(store.boot(at(0)).await.unwrap(), Boot { id: 1, unclean: false, careful_through: EventSeq(0) });
        let seller = seller(&store, &account()).await;
        inbox::append(store.pen(), &[said(Some(seller), "m:1", 1)], at(0)).await.unwrap();
        // The process falls: no end is written.
        store.reads().close_by_ref().await.unwrap();
        store.pen().close().await.unwrap();
        drop(store);
        let store = database.open().await;
        assert_eq!(store.boot(at(1)).await.unwrap(), Boot { id: 2, unclean: true, careful_through: EventSeq(1) });
        store.close(at(2)).await.unwrap();
        let store = database.open().await;
        let boot = store.boot(at(3)).await.unwrap();
        assert_eq!((boot.id, boot.unclean), (3, false));
        store.close(at(4)).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_throws_everybody_out_is_found_again_and_still_refuses_a_second_process() {
    for database in databases().await.into_iter().filter(|database| !database.is_sqlite) {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let events = [said(Some(seller), "m:1", 1)];
        let admin = sea_orm::Database::connect(&database.settings.url).await.unwrap();
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        admin.execute_unprepared(others).await.unwrap();
        admin.close().await.unwrap();
        let first = inbox::append(store.pen(), &events, at(0)).await;
        assert!(matches!(first, Ok(_) | Err(StoreError::Unavailable(_))), "{first:?}");
        inbox::append(store.pen(), &events, at(0)).await.unwrap();
        assert!(matches!(Store::open(&database.settings).await, Err(StoreError::InUse)));
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_reading_connection_cannot_write() {
    for database in databases().await {
        let store = database.open().await;
        let error = store.reads().execute_unprepared("DELETE FROM seller").await.unwrap_err();
        assert!(matches!(StoreError::from(error), StoreError::Unavailable(_)));
        store.close(at(0)).await.unwrap();
    }
}
