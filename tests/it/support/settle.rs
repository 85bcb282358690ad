//! Waiting for states: the only place where a test lets time pass.

use std::future::Future;
use std::time::{Duration, Instant};

use ::actors::ports::Clock;
use hawker::sandbox::Sandbox;
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::{Database, ManualClock};

const LOOK_EVERY: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until there is an answer, and gives it; fails with what was waited for.
pub(crate) async fn until<T, R: Future<Output = Option<T>>>(what: &str, mut answer: impl FnMut() -> R) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = answer().await {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain {PATIENCE:?} for this: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until everything that can happen without the clock moving has happened; fails with what is still open.
pub(super) async fn settle(database: &Database, meta: &Sandbox, clock: &ManualClock) {
    let (mut moved, rows) = ((Instant::now(), meta.calls()), database.look().await);
    loop {
        let open = open(&rows, meta, clock).await;
        if open.is_empty() {
            return rows.close().await.unwrap();
        }
        // A thousand calls take their time where many tests share a machine: as long as they go on, nothing is stuck.
        if moved.1 != meta.calls() {
            moved = (Instant::now(), meta.calls());
        }
        assert!(moved.0.elapsed() < PATIENCE, "for {PATIENCE:?} this has been open:\n{}", open.join("\n"));
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What is under way. Meta is asked before and after the database, so that nothing hides by moving between them.
async fn open(rows: &DatabaseConnection, meta: &Sandbox, clock: &ManualClock) -> Vec<String> {
    let (before, deliveries) = (meta.calls(), meta.pending_deliveries());
    let mut open = open_rows(rows, clock).await;
    if deliveries.max(meta.pending_deliveries()) > 0 {
        open.push("webhooks are on their way".to_owned());
    }
    if before != meta.calls() {
        open.push("calls to Meta are made".to_owned());
    }
    open
}

async fn open_rows(rows: &DatabaseConnection, clock: &ManualClock) -> Vec<String> {
    let now = clock.now().timestamp_millis();
    let sql = format!(
        "SELECT 'event ' || CAST(seq AS TEXT) || ' (' || kind || ') of seller ' || CAST(seller_id AS TEXT)
            || ' is pending' AS what FROM inbox_event WHERE state = 'pending'
         UNION ALL SELECT 'call ' || CAST(id AS TEXT) || ' (' || kind || ') of seller ' || CAST(seller_id AS TEXT)
            || ' is claimed' FROM outbox WHERE state = 'claimed'
         UNION ALL SELECT 'call ' || CAST(id AS TEXT) || ' about the catalog of seller ' || CAST(seller_id AS TEXT)
            || ' is ' || state FROM sync_call WHERE state IN ('claimed', 'asked')
         UNION ALL SELECT 'run ' || CAST(id AS TEXT) || ' of seller ' || CAST(seller_id AS TEXT) || ' moves'
            FROM sync_run WHERE status IN ('planned', 'running') AND NOT EXISTS
            (SELECT 1 FROM alarm WHERE alarm.seller_id = sync_run.seller_id AND alarm.kind = 'sync')
         UNION ALL SELECT 'alarm ' || kind || ' ' || CAST(subject AS TEXT) || ' of seller '
            || CAST(seller_id AS TEXT) || ' is due' FROM alarm WHERE due <= {now}
         LIMIT 20"
    );
    let found = rows.query_all_raw(Statement::from_string(rows.get_database_backend(), sql)).await.unwrap();
    found.iter().map(|row| row.try_get::<String>("", "what").unwrap()).collect()
}
