//! What Meta asks for on behalf of persons: taken once each, with whom it is about.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Statement, Value};

use crate::domain::channel::Account;
use crate::domain::erasure::{Keyed, masked_key};
use crate::domain::ids::{ConnectionId, SellerId};
use crate::store::rows::{json, ms, time};
use crate::store::{OfficeTx, Store, StoreError};

/// A request as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaRequest {
    /// The confirmation code.
    pub code: String,
    /// `deauthorize` or `data_deletion`.
    pub kind: String,
    /// When it came.
    pub at: DateTime<Utc>,
    /// In how many erasures it ends.
    pub parts: i32,
    /// How many connections were ended for it.
    pub connections: i32,
}

/// Takes a request up, unless it was taken before: then its code of that time is answered, and true.
pub async fn take(
    tx: &OfficeTx,
    (code, print, kind): (&str, &str, &str),
    now: DateTime<Utc>,
) -> Result<(String, bool), StoreError> {
    let sql = "INSERT INTO meta_request (code, print, kind, at, parts, done) VALUES ($1, $2, $3, $4, 0, 0) \
               ON CONFLICT (print) DO UPDATE SET print = excluded.print RETURNING code";
    let values = vec![code.into(), format!("{kind}:{print}").into(), kind.into(), ms(now).into()];
    let rows = tx.writing().query_sql(sql, values).await?;
    let kept: String = rows.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    let again = kept != code;
    Ok((kept, again))
}

/// Notes what a request comes to.
pub async fn comes_to(tx: &OfficeTx, code: &str, parts: usize, connections: usize) -> Result<(), StoreError> {
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let sql = "UPDATE meta_request SET parts = $2, done = $3 WHERE code = $1";
    let values = vec![code.into(), number(parts).into(), number(connections).into()];
    tx.writing().execute_sql(sql, values).await?;
    Ok(())
}

/// The request with this code.
pub async fn with_code(reads: &impl ConnectionTrait, code: &str) -> Result<Option<MetaRequest>, StoreError> {
    let sql = "SELECT code, kind, at, parts, done FROM meta_request WHERE code = $1";
    let ask = Statement::from_sql_and_values(reads.get_database_backend(), sql, [code.into()]);
    let Some(row) = reads.query_one_raw(ask).await? else { return Ok(None) };
    Ok(Some(MetaRequest {
        code: row.try_get_by_index(0)?,
        kind: row.try_get_by_index(1)?,
        at: time(row.try_get_by_index(2)?)?,
        parts: row.try_get_by_index(3)?,
        connections: row.try_get_by_index(4)?,
    }))
}

/// In which shops, and on which of their accounts, there is anything of whoever has this id.
pub async fn shops_with(reads: &impl ConnectionTrait, person: &str) -> Result<Vec<(SellerId, Account)>, StoreError> {
    // Customers are found account by account: their keys begin with it. Of the others there are few.
    let sql = "WITH o AS (SELECT seller_id, account FROM account_owner UNION SELECT seller_id, account FROM former_owner) \
               SELECT o.seller_id, o.account FROM o JOIN customer c \
                 ON c.seller_id = o.seller_id AND c.account = o.account AND c.meta_id = $1 \
               UNION SELECT o.seller_id, o.account FROM o JOIN customer_alias a \
                 ON a.seller_id = o.seller_id AND a.account = o.account AND a.alias = $1 \
               UNION SELECT seller_id, account FROM comment WHERE customer = $1 \
               UNION SELECT seller_id, account FROM loose_end WHERE customer = $1 \
               UNION SELECT seller_id, account FROM inbox_event \
                 WHERE state = 'ledgered' AND customer = $1 AND seller_id IS NOT NULL \
               UNION SELECT seller_id, account FROM inbox_event WHERE state = 'pending' AND customer = $1 \
               ORDER BY 1, 2";
    let ask = Statement::from_sql_and_values(reads.get_database_backend(), sql, [person.into()]);
    let rows = reads.query_all_raw(ask).await?;
    let read = |row: &sea_orm::QueryResult| {
        Ok((SellerId(row.try_get_by_index(0)?), Account::stored(row.try_get_by_index(1)?)))
    };
    rows.iter().map(read).collect()
}

/// Events of one transaction.
const CHUNK: usize = 500;

/// Empties what is nobody's of whoever has this id, and remembers by a mask that it was; answers how many erasures that
/// makes: one for each account.
pub async fn empty_nobodys(
    store: &Store,
    (person, code): (&str, &str),
    keyed: &dyn Keyed,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let mut accounts = 0;
    loop {
        let found = nobodys(store.reads(), person).await?;
        let Some((account, _)) = found.first() else { break };
        let account = Account::stored(account.clone());
        let tx = OfficeTx::begin(store.pen()).await?;
        for (_, key) in found.iter().filter(|(of, _)| of == account.as_str()) {
            let sql = "UPDATE inbox_event SET raw = '', customer = NULL, reason = 'erased', key = $3 \
                       WHERE account = $1 AND key = $2 AND seller_id IS NULL";
            let masked = masked_key(keyed, &account, key);
            let values = vec![account.as_str().into(), key.clone().into(), masked.into()];
            tx.writing().execute_sql(sql, values).await?;
        }
        let is_last = found.len() < CHUNK || found.iter().any(|(of, _)| of != account.as_str());
        if is_last {
            bury(&tx, (&account, person, code), keyed, now).await?;
            accounts += 1;
        }
        tx.commit("office").await?;
    }
    if accounts > 0 {
        // Where somebody reads just now, the files are clean once the log begins anew.
        store.pen().clean_files().await?;
    }
    Ok(accounts)
}

async fn nobodys(reads: &impl ConnectionTrait, person: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = format!(
        "SELECT account, key FROM inbox_event WHERE state = 'ledgered' AND reason = 'unknown_account' \
         AND customer = $1 AND seller_id IS NULL ORDER BY account, key LIMIT {CHUNK}"
    );
    let ask = Statement::from_sql_and_values(reads.get_database_backend(), sql, [person.into()]);
    let rows = reads.query_all_raw(ask).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// An erasure that is over as it begins, from no shop.
async fn bury(
    tx: &OfficeTx,
    (account, person, code): (&Account, &str, &str),
    keyed: &dyn Keyed,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO erasure (seller_id, id, account, meta_ids, masks, through_seq, asked_at, asked_by, request, \
               phase, place, counts, done_at) SELECT 0, COALESCE(MAX(id), 0) + 1, $1, '[]', $2, 0, $3, 'Meta', $4, \
               'done', '', '{}', $3 FROM erasure WHERE seller_id = 0";
    let masks = json(&[keyed.mask(&[account.as_str(), person])]);
    let values: Vec<Value> = vec![account.as_str().into(), masks.into(), ms(now).into(), code.into()];
    tx.writing().execute_sql(sql, values).await?;
    Ok(())
}

/// Drops every token that a person had granted by then, for this cause; answers whose they were. What was granted since is
/// not meant: such a request may come late.
pub async fn drop_tokens(
    tx: &OfficeTx,
    (person, cause): (&str, &str),
    (then, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<(SellerId, ConnectionId)>, StoreError> {
    let sql = format!(
        "UPDATE credential SET sealed_token = '', cause = $2, cause_at = $3, look_at = NULL \
         WHERE person = $1 AND sealed_token <> '' AND (got_at IS NULL OR got_at <= {}) \
         RETURNING seller_id, connection_id",
        ms(then)
    );
    changed(tx, &sql, (person, cause), now).await
}

/// Notes of every token that a person had granted by then that it does not do any more what it is for; it is kept. What
/// was granted since is not meant: Meta tells such things again, and late.
pub async fn doubt_tokens(
    tx: &OfficeTx,
    (person, cause): (&str, &str),
    (then, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<(SellerId, ConnectionId)>, StoreError> {
    let sql = format!(
        "UPDATE credential SET cause = $2, cause_at = $3, look_at = NULL WHERE person = $1 AND cause IS NULL \
         AND (got_at IS NULL OR got_at <= {}) RETURNING seller_id, connection_id",
        ms(then)
    );
    changed(tx, &sql, (person, cause), now).await
}

/// Lets go of who had granted tokens: nothing is left of them that would say it.
pub async fn forget_granter(tx: &OfficeTx, person: &str) -> Result<(), StoreError> {
    let sql = "UPDATE credential SET person = NULL WHERE person = $1 AND sealed_token = ''";
    tx.writing().execute_sql(sql, vec![person.into()]).await?;
    Ok(())
}

async fn changed(
    tx: &OfficeTx,
    sql: &str,
    (person, cause): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Vec<(SellerId, ConnectionId)>, StoreError> {
    let rows = tx.writing().query_sql(sql, vec![person.into(), cause.into(), ms(now).into()]).await?;
    let read =
        |row: &sea_orm::QueryResult| Ok((SellerId(row.try_get_by_index(0)?), ConnectionId(row.try_get_by_index(1)?)));
    let mut changed = rows.iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
    changed.sort_unstable();
    changed.dedup();
    Ok(changed)
}
