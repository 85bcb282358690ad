//! What the front office writes: sellers and their connections.

use entity::connection;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect};

use crate::domain::channel::Account;
use crate::domain::ids::{ConnectionId, SellerId};
use crate::domain::seller::Settings;

use super::rows::{OfSeller, json, unreadable};
use super::{CONNECTED, OfficeTx, StoreError};

/// Makes a seller.
pub async fn create_seller(tx: &OfficeTx, settings: &Settings) -> Result<SellerId, StoreError> {
    let sql = "INSERT INTO seller (settings) VALUES ($1) RETURNING id";
    let rows = tx.writing().query_sql(sql, vec![json(settings).into()]).await?;
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

/// Makes a connection without a token.
pub async fn create_connection(tx: &OfficeTx, new: &NewConnection) -> Result<ConnectionId, StoreError> {
    let sql = "INSERT INTO connection (seller_id, account, username, state) VALUES ($1, $2, $3, $4) RETURNING id";
    let values = vec![new.seller.0.into(), new.account.as_str().into(), new.username.as_str().into(), CONNECTED.into()];
    let rows = tx.writing().query_sql(sql, values).await?;
    Ok(ConnectionId(given_id("connection", &rows)?))
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
