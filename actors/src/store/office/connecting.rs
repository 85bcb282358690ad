//! People on their way to connect an account. Each step is taken once: whoever takes it changes the row from the step
//! before, and finds none if another was faster.

use chrono::{DateTime, Utc};
use entity::connecting;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryResult, Value};

use crate::domain::access::Holder;
use crate::domain::ids::{ConnectingId, ConnectionId, KeyId, SellerId};
use crate::store::rows::{OfSeller, ms, time, unreadable};
use crate::store::{OfficeTx, StoreError};

/// Somebody who sets out.
#[derive(Clone, Debug)]
pub struct NewConnecting<'a> {
    /// For whose shop.
    pub seller: SellerId,
    /// The connection that is to work again.
    pub connection: Option<ConnectionId>,
    /// SHA-256 of the ticket that our own address holds.
    pub ticket_hash: Option<&'a str>,
    /// SHA-256 of the `state`.
    pub state_hash: &'a str,
    /// SHA-256 of what the browser's cookie holds, where a browser asks.
    pub browser_hash: Option<&'a str>,
    /// Which login: a word.
    pub way: &'a str,
    /// What for: words with spaces between.
    pub uses: &'a str,
    /// With which key.
    pub key: Option<KeyId>,
    /// What people call it.
    pub named: &'a str,
    /// Whose key it is.
    pub holder: Holder,
    /// Until when the next step may be taken.
    pub expires_at: DateTime<Utc>,
}

/// Somebody on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connecting {
    /// Its id.
    pub id: ConnectingId,
    /// For whose shop.
    pub seller: SellerId,
    /// The connection that is to work again.
    pub connection: Option<ConnectionId>,
    /// SHA-256 of what the browser's cookie holds.
    pub browser_hash: Option<String>,
    /// Which login.
    pub way: String,
    /// What for.
    pub uses: String,
    /// How far it is: `asked`, `taken`, `choosing`, `connected` or `refused`.
    pub stage: String,
    /// How it ended, as a code.
    pub outcome: Option<String>,
    /// The same as a sentence.
    pub detail: Option<String>,
    /// What there is to choose from, or what was connected, as JSON.
    pub offered: Option<String>,
    /// The tokens of what there is to choose from, sealed.
    pub sealed: Option<String>,
    /// With which key.
    pub key: Option<KeyId>,
    /// What people call it.
    pub named: String,
    /// Whose key it is.
    pub holder: Holder,
    /// Until when the next step may be taken.
    pub expires_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, seller_id, connection_id, browser_hash, way, uses, stage, outcome, detail, offered, sealed, \
                       key_id, named, holder_id, expires_at";

/// Somebody sets out.
pub async fn begin(tx: &OfficeTx, new: &NewConnecting<'_>, now: DateTime<Utc>) -> Result<ConnectingId, StoreError> {
    let sql = "INSERT INTO connecting (seller_id, connection_id, ticket_hash, state_hash, browser_hash, way, uses, \
               stage, key_id, named, holder_id, at, expires_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked', $8, $9, $10, $11, $12) RETURNING id";
    let values = vec![
        new.seller.0.into(),
        new.connection.map(|connection| connection.0).into(),
        new.ticket_hash.into(),
        new.state_hash.into(),
        new.browser_hash.into(),
        new.way.into(),
        new.uses.into(),
        new.key.map(|key| key.0).into(),
        new.named.into(),
        new.holder.only().map(|seller| seller.0).into(),
        ms(now).into(),
        ms(new.expires_at).into(),
    ];
    match tx.writing().query_sql(sql, values).await?.first() {
        Some(row) => Ok(ConnectingId(row.try_get_by_index(0)?)),
        None => Err(unreadable("connecting", "no id")),
    }
}

/// A browser opens the address with this ticket, and is the one from here on. None: the ticket was used, or is too old.
pub async fn open(
    tx: &OfficeTx,
    ticket_hash: &str,
    (state_hash, browser_hash): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Option<Connecting>, StoreError> {
    let sql = format!(
        "UPDATE connecting SET ticket_hash = NULL, state_hash = $1, browser_hash = $2 \
         WHERE ticket_hash = $3 AND stage = 'asked' AND expires_at > $4 RETURNING {COLUMNS}"
    );
    let values = vec![state_hash.into(), browser_hash.into(), ticket_hash.into(), ms(now).into()];
    tx.writing().query_sql(&sql, values).await?.first().map(read).transpose()
}

/// A browser comes back with this `state`, which is worth nothing from here on. None: it is another browser, or the
/// `state` is used, too old, or none of ours.
pub async fn take(
    tx: &OfficeTx,
    (state_hash, browser_hash): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Option<Connecting>, StoreError> {
    let sql = format!(
        "UPDATE connecting SET stage = 'taken' WHERE state_hash = $1 AND browser_hash = $2 AND stage = 'asked' \
         AND expires_at > $3 RETURNING {COLUMNS}"
    );
    let values = vec![state_hash.into(), browser_hash.into(), ms(now).into()];
    tx.writing().query_sql(&sql, values).await?.first().map(read).transpose()
}

/// How it goes on, or ended.
#[derive(Clone, Copy, Debug)]
pub struct NextStage<'a> {
    /// How far it is then.
    pub stage: &'a str,
    /// How it ended, as a code.
    pub outcome: Option<&'a str>,
    /// The same as a sentence.
    pub detail: Option<&'a str>,
    /// What there is to choose from, or what was connected, as JSON.
    pub offered: Option<&'a str>,
    /// The tokens of what there is to choose from, sealed.
    pub sealed: Option<&'a str>,
    /// Until when the next step may be taken.
    pub expires_at: DateTime<Utc>,
}

/// Goes on from a step to the next. False: somebody else went on from there.
pub async fn go_on(
    tx: &OfficeTx,
    (connecting, from): (ConnectingId, &str),
    next: &NextStage<'_>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE connecting SET stage = $1, outcome = $2, detail = $3, offered = $4, sealed = $5, expires_at = $6 \
               WHERE id = $7 AND stage = $8";
    let values: Vec<Value> = vec![
        next.stage.into(),
        next.outcome.into(),
        next.detail.into(),
        next.offered.into(),
        next.sealed.into(),
        ms(next.expires_at).into(),
        connecting.0.into(),
        from.into(),
    ];
    Ok(tx.writing().execute_sql(sql, values).await? > 0)
}

/// Whoever has this `state`, wherever they are.
pub async fn by_state(reads: &impl ConnectionTrait, state_hash: &str) -> Result<Option<Connecting>, StoreError> {
    let found = connecting::Entity::find().filter(connecting::Column::StateHash.eq(state_hash)).one(reads).await?;
    found.map(of_model).transpose()
}

/// Whoever has this ticket, which was not used yet.
pub async fn by_ticket(reads: &impl ConnectionTrait, ticket_hash: &str) -> Result<Option<Connecting>, StoreError> {
    let found = connecting::Entity::find().filter(connecting::Column::TicketHash.eq(ticket_hash)).one(reads).await?;
    found.map(of_model).transpose()
}

/// One of a seller's.
pub async fn find(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    connecting: ConnectingId,
) -> Result<Option<Connecting>, StoreError> {
    let id = connecting::Column::Id.eq(connecting.0);
    connecting::Entity::of_seller(seller).filter(id).one(reads).await?.map(of_model).transpose()
}

/// One, whosever it is: for who shows the browser's cookie.
pub async fn of_browser(
    reads: &impl ConnectionTrait,
    connecting: ConnectingId,
    browser_hash: &str,
) -> Result<Option<Connecting>, StoreError> {
    let browser = connecting::Column::BrowserHash.eq(browser_hash);
    connecting::Entity::find_by_id(connecting.0).filter(browser).one(reads).await?.map(of_model).transpose()
}

fn of_model(row: connecting::Model) -> Result<Connecting, StoreError> {
    Ok(Connecting {
        id: ConnectingId(row.id),
        seller: SellerId(row.seller_id),
        connection: row.connection_id.map(ConnectionId),
        browser_hash: row.browser_hash,
        way: row.way,
        uses: row.uses,
        stage: row.stage,
        outcome: row.outcome,
        detail: row.detail,
        offered: row.offered,
        sealed: row.sealed,
        key: row.key_id.map(KeyId),
        named: row.named,
        holder: row.holder_id.map(SellerId).into(),
        expires_at: time(row.expires_at)?,
    })
}

fn read(row: &QueryResult) -> Result<Connecting, StoreError> {
    let (connection, key): (Option<i64>, Option<i64>) = (row.try_get_by_index(2)?, row.try_get_by_index(11)?);
    let holder: Option<i64> = row.try_get_by_index(13)?;
    Ok(Connecting {
        id: ConnectingId(row.try_get_by_index(0)?),
        seller: SellerId(row.try_get_by_index(1)?),
        connection: connection.map(ConnectionId),
        browser_hash: row.try_get_by_index(3)?,
        way: row.try_get_by_index(4)?,
        uses: row.try_get_by_index(5)?,
        stage: row.try_get_by_index(6)?,
        outcome: row.try_get_by_index(7)?,
        detail: row.try_get_by_index(8)?,
        offered: row.try_get_by_index(9)?,
        sealed: row.try_get_by_index(10)?,
        key: key.map(KeyId),
        named: row.try_get_by_index(12)?,
        holder: holder.map(SellerId).into(),
        expires_at: time(row.try_get_by_index(14)?)?,
    })
}
