//! The power-cut argument, tried: at every moment at which something leaves on the strength of a row, that row is in
//! the part of the log that was flushed before. What a power cut would leave is copied and opened at that very moment.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;

use crate::domain::catalog::Product;
use crate::domain::command::Command;
use crate::domain::money::Money;
use crate::house::{House, hasty, said, until};
use crate::sellers::Asked;
use crate::store::checkpoints::Checkpoints;
use crate::store::{OfficeTx, endpoints};

/// The database as a power cut at this moment would leave it.
struct Remains {
    _dir: TempDir,
    file: PathBuf,
}

impl Remains {
    /// Good until SQLite's first checkpoint.
    fn of(database: &Path, flushed: &AtomicUsize) -> Self {
        let flushed = flushed.load(Ordering::SeqCst);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("remains.db");
        std::fs::copy(database, &file).unwrap();
        let log = std::fs::read(database.with_extension("db-wal")).unwrap();
        std::fs::write(dir.path().join("remains.db-wal"), &log[..flushed]).unwrap();
        Self { _dir: dir, file }
    }

    async fn count(&self, sql: &str) -> i64 {
        let connection: DatabaseConnection =
            Database::connect(format!("sqlite://{}", self.file.display())).await.unwrap();
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        connection.close().await.unwrap();
        row.try_get_by_index(0).unwrap()
    }
}

fn assert_no_checkpoint_yet(house: &House) {
    let commits = house.world.store.pen().log().commits_so_far();
    assert!(!(1..=commits).any(Checkpoints::are_due), "{commits} commits: what remains may lack what was taken over");
}

fn apron() -> Command {
    let apron = Product::new("APRON", "Apron", Money { minor: 1900, currency: "EUR".parse().unwrap() });
    Command::PutProducts { products: vec![apron] }
}

#[tokio::test]
async fn nothing_leaves_before_the_row_it_stands_on_is_flushed() {
    let house = House::build(hasty()).await;
    let (file, flushed) = (house.file(), Arc::new(AtomicUsize::new(0)));
    let noting = flushed.clone();
    house.world.store.pen().log().on_flush(move |log| {
        noting.store(usize::try_from(log).unwrap(), Ordering::SeqCst);
        Ok(())
    });

    let answer = house.tree.sellers.command(house.seller, Some("aprons"), apron()).await.unwrap();
    let remains = Remains::of(&file, &flushed);
    assert!(matches!(answer, Asked::Answered(_)));
    assert_eq!(remains.count("SELECT COUNT(*) FROM inbox_event WHERE answer IS NOT NULL").await, 1);
    assert_eq!(remains.count("SELECT COUNT(*) FROM product").await, 1);

    house.tree.journal.append(vec![said("1", "good morning")]).await.unwrap();
    let remains = Remains::of(&file, &flushed);
    assert_eq!(remains.count("SELECT COUNT(*) FROM inbox_event WHERE key = 'message:1'").await, 1);

    house.settle().await;
    let handled = "SELECT COUNT(*) FROM inbox_event WHERE key = 'message:1' AND state = 'handled'";
    let remains = Remains::of(&file, &flushed).count(handled).await;
    assert_eq!(remains, 0, "what nothing stands on is not flushed, or this test could not fail");

    let at_call = Arc::new(Mutex::new(None));
    let noting = (at_call.clone(), file.clone(), flushed.clone());
    house.graph.on_call(move || *noting.0.lock().unwrap() = Some(Remains::of(&noting.1, &noting.2)));
    house.tree.journal.append(vec![said("2", "two aprons please")]).await.unwrap();
    until(async || at_call.lock().unwrap().is_some()).await;
    let remains = at_call.lock().unwrap().take().unwrap();
    assert_eq!(remains.count("SELECT COUNT(*) FROM outbox WHERE state = 'claimed' AND attempts = 1").await, 1);
    assert_eq!(remains.count("SELECT COUNT(*) FROM rate_window WHERE calls = 1").await, 1);
    assert_eq!(remains.count(handled).await, 1, "everything before it is flushed with it");
    assert_no_checkpoint_yet(&house);
}

#[tokio::test]
async fn nobody_is_told_what_happened_before_it_is_flushed() {
    let house = House::build(hasty()).await;
    let (file, flushed) = (house.file(), Arc::new(AtomicUsize::new(0)));
    let noting = flushed.clone();
    house.world.store.pen().log().on_flush(move |log| {
        noting.store(usize::try_from(log).unwrap(), Ordering::SeqCst);
        Ok(())
    });
    let mut feed = house.tree.sellers.feed(house.seller, None, vec![]).await.unwrap();
    house.tree.journal.append(vec![said("1", "good morning")]).await.unwrap();
    let told = feed.next_page().await.unwrap().unwrap();
    let remains = Remains::of(&file, &flushed);
    let there = remains.count("SELECT COUNT(*) FROM shop_event WHERE kind = 'message.received'").await;
    assert_eq!((told[0].what.kind.name(), there), ("message.received", 1));

    let gate = house.post.hold(0);
    let tx = OfficeTx::begin(house.world.store.pen()).await.unwrap();
    let all = ("https://shop.example/", &[][..]);
    let endpoint = endpoints::create(&tx, house.seller, all, house.now()).await.unwrap().unwrap();
    endpoints::put_secret(&tx, (house.seller, endpoint), "sealed", house.now()).await.unwrap();
    tx.commit("office").await.unwrap();
    house.world.look_for_deliveries();
    house.tree.journal.append(vec![said("2", "are you there?")]).await.unwrap();
    until(async || house.post.begun() == 1).await;
    let remains = Remains::of(&file, &flushed);
    assert!(remains.count("SELECT COUNT(*) FROM webhook_delivery WHERE state = 'new'").await > 0);
    assert_no_checkpoint_yet(&house);
    gate.add_permits(9);
}
