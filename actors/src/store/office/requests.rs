//! Requests to the front office that may come again: each is kept with its answer by the transaction that does it.

use chrono::{DateTime, Utc};

use crate::store::rows::{ms, unreadable};
use crate::store::{OfficeTx, StoreError};

/// How a request is known when it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestName<'a> {
    /// Whose it is: `operator`, or `key:7`.
    pub caller: &'a str,
    /// Its Idempotency-Key.
    pub key: &'a str,
}

/// What is kept of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRequest {
    /// SHA-256 of what was asked, as hexadecimal digits.
    pub print: String,
    /// What it was answered, sealed. None: it is asked now, for the first time.
    pub answer: Option<String>,
}

/// Takes a request up, or finds it. A transaction that has taken it up makes all others with the same request wait until
/// it ends: then they find the answer, or, where it did not commit, take the request up themselves.
///
/// The row is changed in either case, so that a commit also puts on disk what was found.
pub async fn take(
    tx: &OfficeTx,
    name: RequestName<'_>,
    print: &str,
    now: DateTime<Utc>,
) -> Result<KeptRequest, StoreError> {
    let sql = "INSERT INTO office_request (caller, key, print, at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (caller, key) DO UPDATE SET key = excluded.key RETURNING print, answer";
    let values = vec![name.caller.into(), name.key.into(), print.into(), ms(now).into()];
    let rows = tx.writing().query_sql(sql, values).await?;
    let row = rows.first().ok_or_else(|| unreadable("office_request", name.key))?;
    Ok(KeptRequest { print: row.try_get_by_index(0)?, answer: row.try_get_by_index(1)? })
}

/// Keeps the answer to a request that this transaction has taken up.
pub async fn keep_answer(tx: &OfficeTx, name: RequestName<'_>, sealed: &str) -> Result<(), StoreError> {
    let sql = "UPDATE office_request SET answer = $1 WHERE caller = $2 AND key = $3";
    match tx.writing().execute_sql(sql, vec![sealed.into(), name.caller.into(), name.key.into()]).await? {
        0 => Err(unreadable("office_request", name.key)),
        _ => Ok(()),
    }
}
