//! What the front office writes: sellers and their connections, keys, and who did what.

pub mod audit;
pub mod credentials;
pub mod keys;
pub mod meta_requests;
mod prune;
pub mod requests;
mod sellers;

use entity::connection;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value};

use crate::domain::channel::Account;
use crate::domain::directory::Connected;
use crate::domain::ids::{ConnectionId, SellerId};

use super::rows::OfSeller;
use super::{CONNECTED, DISCONNECTED, OfficeTx, StoreError};

pub use prune::{Keep, prune};
pub use sellers::{
    SettingsTaken, VersionedSettings, create_seller, is_known, is_there, put_settings, sellers, settings_of,
    take_settings,
};

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
async fn give_back_unused(tx: &OfficeTx, seller: SellerId) -> Result<(), StoreError> {
    let sql = "DELETE FROM account_owner WHERE seller_id = $1 \
               AND account NOT IN (SELECT account FROM connection WHERE seller_id = $1) \
               AND account NOT IN (SELECT linked FROM connection WHERE seller_id = $1 AND linked IS NOT NULL)";
    tx.writing().execute_sql(sql, vec![seller.0.into()]).await?;
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
}

/// A seller's connections.
pub async fn connections(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Vec<ConnectionRow>, StoreError> {
    let rows = connection::Entity::of_seller(seller).order_by_asc(connection::Column::Id).all(reads).await?;
    let row = |row: connection::Model| ConnectionRow {
        id: ConnectionId(row.id),
        account: Account::stored(row.account),
        linked: row.linked.map(Account::stored),
        username: row.username,
        state: row.state,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Every connected account, with whose it is; the earliest first.
pub async fn connected(reads: &impl ConnectionTrait) -> Result<Vec<Connected>, StoreError> {
    let rows = connection::Entity::find()
        .select_only()
        .columns([connection::Column::SellerId, connection::Column::Account, connection::Column::Linked])
        .filter(connection::Column::State.eq(CONNECTED))
        .order_by_asc(connection::Column::Id)
        .into_tuple::<(i64, String, Option<String>)>()
        .all(reads)
        .await?;
    let connected = |(seller, account, linked): (i64, String, Option<String>)| Connected {
        seller: SellerId(seller),
        account: Account::stored(account),
        linked: linked.map(Account::stored),
    };
    Ok(rows.into_iter().map(connected).collect())
}

/// Whose each connected account is.
pub async fn directory(reads: &impl ConnectionTrait) -> Result<Vec<(Account, SellerId)>, StoreError> {
    Ok(connected(reads).await?.into_iter().map(|connected| (connected.account, connected.seller)).collect())
}
