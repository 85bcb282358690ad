//! What every test stands on: a database of its own, a clock it moves, a stand-in for Meta, and the service itself.

mod app;
mod clock;
mod database;
mod disk;
mod document;
mod happened;
mod host;
mod inbox;
mod leaks;
mod postgres;
mod proxy;
mod receiver;
mod settle;
mod shop;
mod troubles;
mod wire;

use std::future::Future;
use std::time::Duration;

pub(crate) use app::{APP_SECRET, ENCRYPTION_KEY, OPERATOR_KEY, TestApp, VERIFY_TOKEN};
pub(crate) use clock::ManualClock;
pub(crate) use database::{Database, Engine};
pub(crate) use disk::SmallDisk;
pub(crate) use leaks::Leaks;
pub(crate) use proxy::Proxy;
pub(crate) use receiver::Receiver;
pub(crate) use settle::until;
pub(crate) use shop::{Shop, apron, free, wanted};
pub(crate) use wire::exchange;

/// No test takes longer; one that does hangs.
const DEADLINE: Duration = Duration::from_secs(180);

/// Makes of each test one on SQLite and one on PostgreSQL. One that is not listed is reported as unused code.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                crate::support::run(crate::support::Engine::Sqlite, super::$name);
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                crate::support::run(crate::support::Engine::Postgres, super::$name);
            })+
        }
    };
}
pub(crate) use both;

/// Runs a test with a database of its own.
pub(crate) fn run<R: Future<Output = ()>>(engine: Engine, test: impl FnOnce(Database) -> R) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = Database::of(engine).await;
        tokio::time::timeout(DEADLINE, test(database)).await.expect("the test hangs");
    });
}
