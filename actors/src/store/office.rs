//! What the front office writes: sellers and their connections.

use sea_orm::ConnectionTrait;

use crate::domain::channel::Account;
use crate::domain::ids::{ConnectionId, SellerId};
use crate::domain::seller::Settings;

use super::{OfficeTx, StoreError};

/// Makes a seller.
pub async fn create_seller(tx: &OfficeTx, settings: &Settings) -> Result<SellerId, StoreError> {
    let _ = (tx, settings);
    unimplemented!()
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
    let _ = (tx, new);
    unimplemented!()
}

/// Puts a sealed token into a connection.
pub async fn put_token(
    tx: &OfficeTx,
    seller: SellerId,
    connection: ConnectionId,
    sealed: &str,
) -> Result<(), StoreError> {
    let _ = (tx, seller, connection, sealed);
    unimplemented!()
}

/// The sealed token of a connection.
pub async fn sealed_token(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    connection: ConnectionId,
) -> Result<Option<String>, StoreError> {
    let _ = (reads, seller, connection);
    unimplemented!()
}

/// Whose each connected account is.
pub async fn directory(reads: &impl ConnectionTrait) -> Result<Vec<(Account, SellerId)>, StoreError> {
    let _ = reads;
    unimplemented!()
}
