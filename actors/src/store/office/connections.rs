//! Sellers' accounts at Meta: whose each is, connected, ended, and let go to another seller.

use chrono::{DateTime, Utc};
use entity::connection;
use sea_orm::{ConnectionTrait, QueryOrder, Value};

use crate::domain::channel::Account;
use crate::domain::ids::{ConnectionId, SellerId};
use crate::store::rows::{OfSeller, maybe_time, ms};
use crate::store::{CONNECTED, DISCONNECTED, OfficeTx, StoreError};

use super::{checkups, credentials};

/// A connection to be made; its tokens are sealed by the caller once the id is known.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Whose.
    pub seller: SellerId,
    /// The account at Meta.
    pub account: Account,
    /// The account linked to it, which the token may act for as well.
    pub linked: Option<Account>,
    /// The account's name, for people.
    pub username: String,
}

/// Makes a connection without a token, or finds the seller's own to this account and connects it anew. None: the
/// account or the one linked to it is another seller's; the transaction can then only be dropped.
pub async fn put_connection(tx: &OfficeTx, new: &NewConnection) -> Result<Option<ConnectionId>, StoreError> {
    take_released(tx, new).await?;
    let accounts: Vec<&Account> = [Some(&new.account), new.linked.as_ref()].into_iter().flatten().collect();
    for account in &accounts {
        // An update that changes nothing, so that a row is returned for what the seller has already.
        let sql = "INSERT INTO account_owner (account, seller_id) VALUES ($1, $2) \
                   ON CONFLICT (account) DO UPDATE SET seller_id = excluded.seller_id \
                   WHERE account_owner.seller_id = excluded.seller_id RETURNING account";
        if tx.writing().query_sql(sql, vec![account.as_str().into(), new.seller.0.into()]).await?.is_empty() {
            return Ok(None);
        }
    }
    let sql = "INSERT INTO connection (seller_id, account, linked, username, state) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (account) DO UPDATE SET linked = excluded.linked, username = excluded.username, \
               state = excluded.state WHERE connection.seller_id = excluded.seller_id RETURNING id";
    let linked = new.linked.as_ref().map(|linked| linked.as_str().to_owned());
    let (account, username) = (new.account.as_str(), new.username.as_str());
    let values = vec![new.seller.0.into(), account.into(), linked.into(), username.into(), CONNECTED.into()];
    let rows = tx.writing().query_sql(sql, values).await?;
    give_back_unused(tx, new.seller).await?;
    rows.first().map(|row| Ok(ConnectionId(row.try_get_by_index(0)?))).transpose()
}

/// An account that was once named as linked, by mistake perhaps, and is so no more, is free for its true owner.
/// What was said to this one on it stays with this one.
async fn give_back_unused(tx: &OfficeTx, seller: SellerId) -> Result<(), StoreError> {
    let unused = "account_owner WHERE seller_id = $1 \
                  AND account NOT IN (SELECT account FROM connection WHERE seller_id = $1) \
                  AND account NOT IN (SELECT linked FROM connection WHERE seller_id = $1 AND linked IS NOT NULL)";
    let remembered = format!(
        "INSERT INTO former_owner (account, seller_id) SELECT account, seller_id FROM {unused} ON CONFLICT DO NOTHING"
    );
    tx.writing().execute_sql(&remembered, vec![seller.0.into()]).await?;
    tx.writing().execute_sql(&format!("DELETE FROM {unused}"), vec![seller.0.into()]).await?;
    Ok(())
}

/// Ends a connection and forgets its tokens. The account stays the seller's, with all that was said on it, until it is
/// connected again. False: the seller has no such connection.
pub async fn end_connection(tx: &OfficeTx, seller: SellerId, connection: ConnectionId) -> Result<bool, StoreError> {
    let sql = "UPDATE connection SET state = $1, generation = generation + 1, fields = NULL, fields_at = NULL, \
               fields_error = NULL, look_at = NULL, released_to = NULL WHERE seller_id = $2 AND id = $3";
    let values = vec![DISCONNECTED.into(), seller.0.into(), connection.0.into()];
    let was_there = tx.writing().execute_sql(sql, values).await? > 0;
    credentials::forget(tx, seller, connection).await?;
    Ok(was_there)
}

/// By what a connection is found.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// By its id.
    Id(ConnectionId),
    /// By its account at Meta.
    Account(&'a Account),
}

/// Whether a seller's connection is there and works, as it is before this transaction changes it.
pub async fn is_connected(tx: &OfficeTx, seller: SellerId, which: Which<'_>) -> Result<bool, StoreError> {
    let (column, value): (_, Value) = match which {
        Which::Id(id) => ("id", id.0.into()),
        Which::Account(account) => ("account", account.as_str().into()),
    };
    let sql = format!("SELECT 1 FROM connection WHERE seller_id = $1 AND {column} = $2 AND state = $3");
    let rows = tx.writing().query_sql(&sql, vec![seller.0.into(), value, CONNECTED.into()]).await?;
    Ok(!rows.is_empty())
}

/// What the one seller lets go of and the other connects is the other's from here on, and the connection that the one had
/// is no more.
async fn take_released(tx: &OfficeTx, new: &NewConnection) -> Result<(), StoreError> {
    let sql =
        "DELETE FROM connection WHERE account = $1 AND released_to = $2 AND seller_id <> $2 RETURNING id, seller_id";
    let rows = tx.writing().query_sql(sql, vec![new.account.as_str().into(), new.seller.0.into()]).await?;
    for row in &rows {
        let (id, before) = (ConnectionId(row.try_get_by_index(0)?), SellerId(row.try_get_by_index(1)?));
        credentials::forget(tx, before, id).await?;
        checkups::forget(tx, (before, id)).await?;
        give_back_unused(tx, before).await?;
    }
    Ok(())
}

/// Whose a connection to this account is, if it is to be this seller's next.
pub async fn released(
    tx: &OfficeTx,
    account: &Account,
    to: SellerId,
) -> Result<Option<(SellerId, ConnectionId)>, StoreError> {
    let sql = "SELECT seller_id, id FROM connection WHERE account = $1 AND released_to = $2 AND seller_id <> $2";
    let rows = tx.writing().query_sql(sql, vec![account.as_str().into(), to.0.into()]).await?;
    let pair = |row: &sea_orm::QueryResult| {
        Ok::<_, StoreError>((SellerId(row.try_get_by_index(0)?), ConnectionId(row.try_get_by_index(1)?)))
    };
    rows.first().map(pair).transpose()
}

/// Says which seller may connect the account next; none: nobody. False: the seller has no such connection.
pub async fn release(
    tx: &OfficeTx,
    (seller, connection): (SellerId, ConnectionId),
    to: Option<SellerId>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE connection SET released_to = $1 WHERE seller_id = $2 AND id = $3";
    let values = vec![to.map(|to| to.0).into(), seller.0.into(), connection.0.into()];
    Ok(tx.writing().execute_sql(sql, values).await? > 0)
}

/// Notes since when an account is connected, and that its webhook fields are to be looked at, or are not our business.
pub async fn note_connected(
    tx: &OfficeTx,
    (seller, connection): (SellerId, ConnectionId),
    now: DateTime<Utc>,
    look_at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    let sql = "UPDATE connection SET connected_at = $1, released_to = NULL, look_at = COALESCE($2, look_at) \
               WHERE seller_id = $3 AND id = $4";
    let values = vec![ms(now).into(), look_at.map(ms).into(), seller.0.into(), connection.0.into()];
    tx.writing().execute_sql(sql, values).await?;
    Ok(())
}

/// The account that a seller's connection to this one is linked to.
pub async fn linked_to(tx: &OfficeTx, seller: SellerId, account: &Account) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT linked FROM connection WHERE seller_id = $1 AND account = $2";
    let rows = tx.writing().query_sql(sql, vec![seller.0.into(), account.as_str().into()]).await?;
    let linked: Option<String> = rows.first().map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    Ok(linked.map(Account::stored))
}

/// Gives a connection a verify token of its own, or takes it away. False: the seller has no such connection.
pub async fn put_verify_hash(
    tx: &OfficeTx,
    (seller, connection): (SellerId, ConnectionId),
    hash: Option<&str>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE connection SET verify_hash = $1 WHERE seller_id = $2 AND id = $3";
    let values = vec![hash.into(), seller.0.into(), connection.0.into()];
    Ok(tx.writing().execute_sql(sql, values).await? > 0)
}

/// The hashes of all verify tokens that connections have of their own.
pub async fn verify_hashes(reads: &impl ConnectionTrait) -> Result<Vec<String>, StoreError> {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
    let hashes = connection::Entity::find()
        .select_only()
        .column(connection::Column::VerifyHash)
        .filter(connection::Column::VerifyHash.is_not_null())
        .filter(connection::Column::State.eq(CONNECTED));
    Ok(hashes.into_tuple().all(reads).await?)
}

/// A connection as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRow {
    /// Its id.
    pub id: ConnectionId,
    /// The account at Meta.
    pub account: Account,
    /// The account linked to it.
    pub linked: Option<Account>,
    /// The account's name.
    pub username: String,
    /// `connected` or `disconnected`.
    pub state: String,
    /// Since when it is connected, where that is known.
    pub connected_at: Option<DateTime<Utc>>,
    /// The seller that may connect it next.
    pub released_to: Option<SellerId>,
    /// Whether it has a verify token of its own.
    pub has_verify_token: bool,
    /// The webhook fields that Meta sends us of it, and when Meta said so.
    pub fields: Option<(Vec<String>, DateTime<Utc>)>,
    /// Why they could not be asked for or read last.
    pub fields_error: Option<String>,
}

/// A seller's connections.
pub async fn connections(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Vec<ConnectionRow>, StoreError> {
    let rows = connection::Entity::of_seller(seller).order_by_asc(connection::Column::Id).all(reads).await?;
    rows.into_iter().map(read).collect()
}

fn read(row: connection::Model) -> Result<ConnectionRow, StoreError> {
    let words = |fields: String| fields.split_whitespace().map(str::to_owned).collect();
    Ok(ConnectionRow {
        id: ConnectionId(row.id),
        account: Account::stored(row.account),
        linked: row.linked.map(Account::stored),
        username: row.username,
        state: row.state,
        connected_at: maybe_time(row.connected_at)?,
        released_to: row.released_to.map(SellerId),
        has_verify_token: row.verify_hash.is_some(),
        fields: row.fields.map(words).zip(maybe_time(row.fields_at)?),
        fields_error: row.fields_error,
    })
}

/// Whether a seller has such a connection, ended or not.
pub async fn is_there_connection(tx: &OfficeTx, seller: SellerId, which: Which<'_>) -> Result<bool, StoreError> {
    let (column, value): (_, Value) = match which {
        Which::Id(id) => ("id", id.0.into()),
        Which::Account(account) => ("account", account.as_str().into()),
    };
    let sql = format!("SELECT 1 FROM connection WHERE seller_id = $1 AND {column} = $2");
    Ok(!tx.writing().query_sql(&sql, vec![seller.0.into(), value]).await?.is_empty())
}
