//! Letting go of what the front office keeps for a while: answers to requests that will not come again, and old deeds.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Statement};

use crate::store::pen::{Sync, Writer, lazily};
use crate::store::rows::ms;
use crate::store::{Store, StoreError};

/// The most that one transaction removes.
const CHUNK: usize = 500;

/// How long it is known how somebody's way to a connected account ended.
const KEEP_CONNECTING: TimeDelta = TimeDelta::days(1);

/// How long it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Answers to requests that may come again.
    pub answers: TimeDelta,
    /// Who did what.
    pub audit: TimeDelta,
}

/// Removes a chunk of what is old; says whether there may be more. No flush: what a power cut brings back goes again.
pub async fn prune(store: &Store, keep: Keep, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let old = [
        ("office_request", "caller, key", now - keep.answers),
        ("audit", "id", now - keep.audit),
        ("connecting", "id", now - KEEP_CONNECTING),
    ];
    let mut may_be_more = false;
    for (table, id, before) in old {
        let old = format!("FROM {table} WHERE at < $1");
        let values = [ms(before).into()];
        let is_any = format!("SELECT 1 {old} LIMIT 1");
        let is_any = Statement::from_sql_and_values(store.reads().get_database_backend(), is_any, values.clone());
        if store.reads().query_one_raw(is_any).await?.is_none() {
            continue;
        }
        let tx = store.pen().write(Writer::Office, Sync::Lazy).await?;
        let sql = format!(
            "DELETE FROM {table} WHERE ({id}) IN (SELECT {id} {old} ORDER BY at LIMIT {CHUNK}) RETURNING {}",
            lazily(&tx, Sync::Lazy)
        );
        may_be_more |= tx.query_sql(&sql, values.to_vec()).await?.len() == CHUNK;
        tx.finish().await?;
    }
    Ok(may_be_more)
}
