//! What the front office writes: sellers and their connections.

use entity::{connection, seller};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect};

use crate::domain::budget::OwnCaps;
use crate::domain::channel::Account;
use crate::domain::ids::{ConnectionId, SellerId};
use crate::domain::seller::Settings;

use super::rows::{OfSeller, from_json, json, unreadable};
use super::{CONNECTED, OfficeTx, StoreError};

/// Makes a seller, once for each `request`: with a key that was used before, it is the seller made then.
pub async fn create_seller(tx: &OfficeTx, settings: &Settings, request: Option<&str>) -> Result<SellerId, StoreError> {
    // An update that changes nothing, so that the row is returned in either case.
    let sql = "INSERT INTO seller (settings, request) VALUES ($1, $2) \
               ON CONFLICT (request) DO UPDATE SET request = excluded.request RETURNING id";
    let rows = tx.writing().query_sql(sql, vec![json(settings).into(), request.map(str::to_owned).into()]).await?;
    Ok(SellerId(given_id("seller", &rows)?))
}

/// A connection to be made; its token is sealed by the caller once the id is known.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Whose.
    pub seller: SellerId,
    /// The account at Meta.
    pub account: Account,
    /// The account's name, for people.
    pub username: String,
}

/// Makes a connection without a token, or finds the seller's own to this account and connects it anew. None: the
/// account is another seller's.
pub async fn put_connection(tx: &OfficeTx, new: &NewConnection) -> Result<Option<ConnectionId>, StoreError> {
    let sql = "INSERT INTO connection (seller_id, account, username, state) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (account) DO UPDATE SET username = excluded.username, state = excluded.state \
               WHERE connection.seller_id = excluded.seller_id RETURNING id";
    let values = vec![new.seller.0.into(), new.account.as_str().into(), new.username.as_str().into(), CONNECTED.into()];
    let rows = tx.writing().query_sql(sql, values).await?;
    rows.first().map(|row| Ok(ConnectionId(row.try_get_by_index(0)?))).transpose()
}

/// Whether there is such a seller.
pub async fn is_known(reads: &impl ConnectionTrait, seller: SellerId) -> Result<bool, StoreError> {
    let found = seller::Entity::find_by_id(seller.0)
        .select_only()
        .column(seller::Column::Id)
        .into_tuple::<i64>()
        .one(reads)
        .await?;
    Ok(found.is_some())
}

fn given_id(what: &'static str, rows: &[QueryResult]) -> Result<i64, StoreError> {
    match rows.first() {
        Some(row) => Ok(row.try_get_by_index(0)?),
        None => Err(unreadable(what, "no id")),
    }
}

/// Puts a sealed token into a connection.
pub async fn put_token(
    tx: &OfficeTx,
    seller: SellerId,
    connection: ConnectionId,
    sealed: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE connection SET sealed_token = $1 WHERE seller_id = $2 AND id = $3";
    let values = vec![sealed.into(), seller.0.into(), connection.0.into()];
    match tx.writing().execute_sql(sql, values).await? {
        0 => Err(unreadable("connection", connection)),
        _ => Ok(()),
    }
}

/// The sealed token of a connection.
pub async fn sealed_token(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    connection: ConnectionId,
) -> Result<Option<String>, StoreError> {
    let token = connection::Entity::of_seller(seller)
        .select_only()
        .column(connection::Column::SealedToken)
        .filter(connection::Column::Id.eq(connection.0))
        .into_tuple::<Option<String>>()
        .one(reads)
        .await?;
    Ok(token.flatten())
}

/// Whose each connected account is.
pub async fn directory(reads: &impl ConnectionTrait) -> Result<Vec<(Account, SellerId)>, StoreError> {
    let rows = connection::Entity::find()
        .select_only()
        .columns([connection::Column::Account, connection::Column::SellerId])
        .filter(connection::Column::State.eq(CONNECTED))
        .order_by_asc(connection::Column::Id)
        .into_tuple::<(String, i64)>()
        .all(reads)
        .await?;
    Ok(rows.into_iter().map(|(account, seller)| (Account::stored(account), SellerId(seller))).collect())
}

/// Gives a seller caps of its own, in the place of those it had.
pub async fn put_caps(tx: &OfficeTx, seller: SellerId, caps: OwnCaps) -> Result<(), StoreError> {
    // The row is taken by a change of nothing first, so that two who change settings do so one after the other.
    let sql = "UPDATE seller SET settings = settings WHERE id = $1 RETURNING settings";
    let rows = tx.writing().query_sql(sql, vec![seller.0.into()]).await?;
    let row = rows.first().ok_or_else(|| unreadable("seller", seller))?;
    let settings: Settings = from_json("settings", &row.try_get_by_index::<String>(0)?)?;
    let settings = json(&Settings { caps, ..settings });
    let sql = "UPDATE seller SET settings = $1 WHERE id = $2";
    tx.writing().execute_sql(sql, vec![settings.into(), seller.0.into()]).await?;
    Ok(())
}
