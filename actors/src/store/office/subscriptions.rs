//! Which webhook fields each account sends us, as Meta said last, and when to ask again.

use chrono::{DateTime, Utc};
use entity::{connection, credential};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::domain::ids::{ConnectionId, SellerId};
use crate::store::rows::{maybe_time, ms};
use crate::store::{CONNECTED, OfficeTx, StoreError, at_most};

/// Webhook fields without which nothing works.
pub const CORE: [&str; 2] = ["messages", "messaging_postbacks"];

/// The one of those that is not among these, if any.
pub fn lacks_core(fields: &[String]) -> Option<&'static str> {
    CORE.into_iter().find(|core| !fields.iter().any(|field| field == core))
}

/// Connections whose fields are to be looked at.
pub async fn due(
    reads: &impl ConnectionTrait,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<(SellerId, ConnectionId)>, StoreError> {
    let rows = connection::Entity::find()
        .select_only()
        .columns([connection::Column::SellerId, connection::Column::Id])
        .filter(connection::Column::LookAt.is_not_null())
        .filter(connection::Column::LookAt.lte(ms(now)))
        .filter(connection::Column::State.eq(CONNECTED))
        .order_by_asc(connection::Column::LookAt)
        .limit(at_most(limit))
        .into_tuple::<(i64, i64)>()
        .all(reads)
        .await?;
    Ok(rows.into_iter().map(|(seller, id)| (SellerId(seller), ConnectionId(id))).collect())
}

/// What Meta said, or why it could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// It sends these.
    Fields(&'a [String]),
    /// It could not be asked for them.
    Nothing(&'a str),
    /// It is not asked: the token was given by hand, and whoever gave it sees to the rest.
    NotAsked,
}

/// Notes what Meta said, and when to ask again.
pub async fn note(
    tx: &OfficeTx,
    (seller, connection): (SellerId, ConnectionId),
    said: &Said<'_>,
    (now, look_at): (DateTime<Utc>, Option<DateTime<Utc>>),
) -> Result<(), StoreError> {
    let whose = [seller.0.into(), connection.0.into(), look_at.map(ms).into()];
    let (sql, told) = match said {
        Said::Fields(fields) => (
            "UPDATE connection SET look_at = $3, fields = $4, fields_at = $5, fields_error = NULL \
             WHERE seller_id = $1 AND id = $2 AND state = 'connected'",
            vec![fields.join(" ").into(), ms(now).into()],
        ),
        Said::NotAsked => (
            "UPDATE connection SET look_at = $3, fields = NULL, fields_at = NULL, fields_error = NULL \
             WHERE seller_id = $1 AND id = $2",
            Vec::new(),
        ),
        Said::Nothing(why) => (
            "UPDATE connection SET look_at = $3, fields_error = $4 \
             WHERE seller_id = $1 AND id = $2 AND state = 'connected'",
            vec![(*why).into()],
        ),
    };
    tx.writing().execute_sql(sql, whose.into_iter().chain(told).collect::<Vec<sea_orm::Value>>()).await?;
    Ok(())
}

/// What Meta had said before, as the transaction sees it that is to note something else. None: it was never asked.
pub async fn known(
    tx: &OfficeTx,
    (seller, connection): (SellerId, ConnectionId),
) -> Result<Option<Vec<String>>, StoreError> {
    let sql = "SELECT fields FROM connection WHERE seller_id = $1 AND id = $2";
    let rows = tx.writing().query_sql(sql, vec![seller.0.into(), connection.0.into()]).await?;
    let fields: Option<String> = rows.first().map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    Ok(fields.map(|fields| fields.split_whitespace().map(str::to_owned).collect()))
}

/// When the first token or subscription is to be looked at after this time.
pub async fn next_look(reads: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
    let connection = connection::Entity::find()
        .select_only()
        .column(connection::Column::LookAt)
        .filter(connection::Column::LookAt.is_not_null())
        .filter(connection::Column::LookAt.gt(ms(now)))
        .order_by_asc(connection::Column::LookAt)
        .into_tuple::<Option<i64>>()
        .one(reads)
        .await?;
    let credential = credential::Entity::find()
        .select_only()
        .column(credential::Column::LookAt)
        .filter(credential::Column::LookAt.is_not_null())
        .filter(credential::Column::LookAt.gt(ms(now)))
        .order_by_asc(credential::Column::LookAt)
        .into_tuple::<Option<i64>>()
        .one(reads)
        .await?;
    maybe_time([connection.flatten(), credential.flatten()].into_iter().flatten().min())
}
