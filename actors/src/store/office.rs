//! What the front office writes: sellers and their connections, keys, and who did what.

pub mod audit;
pub mod checkups;
pub mod connecting;
mod connections;
pub mod credentials;
pub mod keys;
pub mod meta_requests;
mod prune;
pub mod requests;
mod sellers;
pub mod subscriptions;

use entity::connection;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::domain::channel::Account;
use crate::domain::directory::Connected;
use crate::domain::ids::SellerId;

use super::{CONNECTED, StoreError};

pub use connections::{
    ConnectionRow, NewConnection, Which, connections, end_connection, is_connected, is_there_connection, linked_to,
    note_connected, put_connection, put_verify_hash, release, released, verify_hashes,
};
pub use prune::{Keep, prune};
pub use sellers::{
    SettingsTaken, VersionedSettings, create_seller, is_known, is_there, put_settings, sellers, settings_of,
    take_settings,
};

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
