//! What was found when connections were looked at, when to look again, and what there is to judge them by.

use chrono::{DateTime, Utc};
use entity::{checkup, connection, intake, secret_seen};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value};

use crate::domain::channel::Account;
use crate::domain::ids::{ConnectionId, SellerId};
use crate::store::intake::hour_of;
use crate::store::rows::{OfSeller, ms, time};
use crate::store::{CONNECTED, OfficeTx, StoreError, at_most};

/// What was found, as it is kept. What lights and lines there are is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCheckup {
    /// When.
    pub at: DateTime<Utc>,
    /// The worst light, as a word.
    pub light: String,
    /// The lines, as JSON.
    pub lines: String,
}

/// A connection that is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToCheck {
    /// Whose.
    pub seller: SellerId,
    /// Which.
    pub connection: ConnectionId,
    /// Whether it works, as far as anybody knows.
    pub is_connected: bool,
}

/// What was found last.
pub async fn last(
    reads: &impl ConnectionTrait,
    (seller, connection): (SellerId, ConnectionId),
) -> Result<Option<KeptCheckup>, StoreError> {
    let row =
        checkup::Entity::of_seller(seller).filter(checkup::Column::ConnectionId.eq(connection.0)).one(reads).await?;
    row.map(|row| Ok(KeptCheckup { at: time(row.at)?, light: row.light, lines: row.lines })).transpose()
}

/// Keeps what was found, in the place of what was found before. False: the seller has no such connection any more, and
/// what is another's is not to be read here.
pub async fn put(
    tx: &OfficeTx,
    (seller, connection): (SellerId, ConnectionId),
    found: &KeptCheckup,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO checkup (seller_id, connection_id, at, light, lines) \
               SELECT seller_id, id, $3, $4, $5 FROM connection WHERE seller_id = $1 AND id = $2 \
               ON CONFLICT (seller_id, connection_id) DO UPDATE SET at = excluded.at, light = excluded.light, \
               lines = excluded.lines";
    let KeptCheckup { at, light, lines } = found;
    let values =
        vec![seller.0.into(), connection.0.into(), ms(*at).into(), light.as_str().into(), lines.as_str().into()];
    Ok(tx.writing().execute_sql(sql, values).await? > 0)
}

/// Forgets what was found of a connection that is the seller's no more.
pub(super) async fn forget(tx: &OfficeTx, (seller, connection): (SellerId, ConnectionId)) -> Result<(), StoreError> {
    let sql = "DELETE FROM checkup WHERE seller_id = $1 AND connection_id = $2";
    tx.writing().execute_sql(sql, vec![seller.0.into(), connection.0.into()]).await?;
    Ok(())
}

/// What was found before, as the transaction sees it that is to keep something else.
pub async fn light_before(
    tx: &OfficeTx,
    (seller, connection): (SellerId, ConnectionId),
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT light FROM checkup WHERE seller_id = $1 AND connection_id = $2";
    let rows = tx.writing().query_sql(sql, vec![seller.0.into(), connection.0.into()]).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Says when connections are to be looked at that nobody has planned a look at. False: there were none.
pub async fn plan(tx: &OfficeTx, at: DateTime<Utc>) -> Result<bool, StoreError> {
    let sql = "UPDATE connection SET checkup_at = $1 WHERE checkup_at IS NULL";
    Ok(tx.writing().execute_sql(sql, vec![ms(at).into()]).await? > 0)
}

/// Whether there are such connections.
pub async fn is_any_unplanned(reads: &impl ConnectionTrait) -> Result<bool, StoreError> {
    let unplanned = connection::Entity::find().select_only().column(connection::Column::Id);
    let one = unplanned.filter(connection::Column::CheckupAt.is_null()).into_tuple::<i64>().one(reads).await?;
    Ok(one.is_some())
}

/// Says when a connection is to be looked at next.
pub async fn put_off(
    tx: &OfficeTx,
    (seller, connection): (SellerId, ConnectionId),
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE connection SET checkup_at = $1 WHERE seller_id = $2 AND id = $3";
    tx.writing().execute_sql(sql, vec![ms(at).into(), seller.0.into(), connection.0.into()]).await?;
    Ok(())
}

/// Connections that are to be looked at, those that have waited longest first.
pub async fn due(reads: &impl ConnectionTrait, now: DateTime<Utc>, limit: u64) -> Result<Vec<ToCheck>, StoreError> {
    let rows = connection::Entity::find()
        .select_only()
        .columns([connection::Column::SellerId, connection::Column::Id, connection::Column::State])
        .filter(connection::Column::CheckupAt.lte(ms(now)))
        .order_by_asc(connection::Column::CheckupAt)
        .limit(at_most(limit))
        .into_tuple::<(i64, i64, String)>()
        .all(reads)
        .await?;
    let one = |(seller, connection, state): (i64, i64, String)| ToCheck {
        seller: SellerId(seller),
        connection: ConnectionId(connection),
        is_connected: state == CONNECTED,
    };
    Ok(rows.into_iter().map(one).collect())
}

/// When the next is to be looked at after this time.
pub async fn next(reads: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
    let next = connection::Entity::find()
        .select_only()
        .column(connection::Column::CheckupAt)
        .filter(connection::Column::CheckupAt.gt(ms(now)))
        .order_by_asc(connection::Column::CheckupAt)
        .into_tuple::<Option<i64>>()
        .one(reads)
        .await?;
    next.flatten().map(time).transpose()
}

/// Notes that a subscription that was gone is there again.
pub async fn note_restored(
    tx: &OfficeTx,
    (seller, connection): (SellerId, ConnectionId),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE connection SET restored_at = $1 WHERE seller_id = $2 AND id = $3";
    tx.writing().execute_sql(sql, vec![ms(now).into(), seller.0.into(), connection.0.into()]).await?;
    Ok(())
}

/// When that was last.
pub async fn restored_at(
    reads: &impl ConnectionTrait,
    (seller, connection): (SellerId, ConnectionId),
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at = connection::Entity::of_seller(seller)
        .filter(connection::Column::Id.eq(connection.0))
        .select_only()
        .column(connection::Column::RestoredAt)
        .into_tuple::<Option<i64>>()
        .one(reads)
        .await?;
    at.flatten().map(time).transpose()
}

/// The hours since this one in which something came for these accounts, the first first, each by its beginning.
pub async fn lively_hours(
    reads: &impl ConnectionTrait,
    accounts: &[&Account],
    since: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>, StoreError> {
    let hours = intake::Entity::find()
        .select_only()
        .column(intake::Column::Hour)
        .distinct()
        .filter(intake::Column::Account.is_in(accounts.iter().map(|account| account.as_str())))
        .filter(intake::Column::Hour.gte(hour_of(ms(since))))
        .filter(intake::Column::Received.gt(0))
        .order_by_asc(intake::Column::Hour)
        .into_tuple::<i64>()
        .all(reads)
        .await?;
    hours.into_iter().map(|hour| time(hour * 3_600_000)).collect()
}

/// Whether so many different people have written to one of these accounts. No more of them are looked at.
pub async fn is_written_to_by(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    accounts: &[&Account],
    people: usize,
) -> Result<bool, StoreError> {
    use entity::customer::Column;
    let found = entity::customer::Entity::of_seller(seller)
        .select_only()
        .column(Column::Id)
        .filter(Column::Account.is_in(accounts.iter().map(|account| account.as_str())))
        .limit(at_most(people as u64))
        .into_tuple::<i64>()
        .all(reads)
        .await?;
    Ok(found.len() >= people)
}

/// Why calls of a seller's failed, of the newest so many.
pub async fn latest_errors(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    newest: u64,
) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT error FROM (SELECT error, id FROM outbox WHERE seller_id = $1 ORDER BY id DESC LIMIT {}) AS newest \
         WHERE error IS NOT NULL",
        at_most(newest)
    );
    let values: Vec<Value> = vec![seller.0.into()];
    let ask = Statement::from_sql_and_values(reads.get_database_backend(), sql, values);
    let rows = reads.query_all_raw(ask).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// When which app's secret signed a webhook last.
pub async fn secrets_seen(reads: &impl ConnectionTrait) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
    let rows = secret_seen::Entity::find().all(reads).await?;
    rows.into_iter().map(|row| Ok((row.label, time(row.at)?))).collect()
}

/// Notes that.
pub async fn put_secrets_seen(tx: &OfficeTx, seen: &[(String, DateTime<Utc>)]) -> Result<(), StoreError> {
    let sql = "INSERT INTO secret_seen (label, at) VALUES ($1, $2) \
               ON CONFLICT (label) DO UPDATE SET at = excluded.at WHERE secret_seen.at < excluded.at";
    // A handful of labels, now and then.
    for (label, at) in seen {
        tx.writing().execute_sql(sql, vec![label.as_str().into(), ms(*at).into()]).await?;
    }
    Ok(())
}
