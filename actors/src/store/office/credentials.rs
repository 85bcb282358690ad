//! What is held to act for accounts at Meta: one sealed token of a connection for each thing it is for.

use chrono::{DateTime, Utc};
use entity::credential;
use sea_orm::{ConnectionTrait, QueryOrder, Statement, Value};

use crate::domain::channel::{Account, Channel};
use crate::domain::credential::{CredentialKind, Lifetime, TokenRefused, Use};
use crate::domain::ids::{ConnectionId, SellerId};
use crate::store::rows::{OfSeller, maybe_time, ms, named, time, unreadable};
use crate::store::{CONNECTED, OfficeTx, StoreError, at_most};

/// A token to be held.
#[derive(Clone, Debug)]
pub struct NewCredential<'a> {
    /// Whose.
    pub seller: SellerId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// What it is for.
    pub purpose: Use,
    /// Where it is from.
    pub kind: CredentialKind,
    /// The token, sealed.
    pub sealed_token: &'a str,
    /// The app-scoped id of the person who granted it.
    pub person: Option<&'a str>,
    /// What it may do, in Meta's words.
    pub scopes: &'a [String],
    /// Since when it is this token; none: nobody knows, as it was given by hand.
    pub got_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Until when it reads data without the person being asked again.
    pub data_access_expires_at: Option<DateTime<Utc>>,
}

/// What is held, without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Whose.
    pub seller: SellerId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// What it is for.
    pub purpose: Use,
    /// Where it is from.
    pub kind: CredentialKind,
    /// The connection's generation when it was put here.
    pub generation: i64,
    /// The app-scoped id of the person who granted it.
    pub person: Option<String>,
    /// What it may do, in Meta's words.
    pub scopes: Vec<String>,
    /// Since when it is this token.
    pub got_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Until when it reads data without the person being asked again.
    pub data_access_expires_at: Option<DateTime<Utc>>,
    /// At how many days before its end it was warned of last.
    pub warned_days: Option<i32>,
    /// When there is something to do for it next.
    pub look_at: Option<DateTime<Utc>>,
    /// Meta's code for why it is taken no more, or a word of ours; none: it is good.
    pub cause: Option<String>,
    /// Since when.
    pub cause_at: Option<DateTime<Utc>>,
}

impl Credential {
    /// How long it is good; none: nobody knows.
    pub fn lifetime(&self) -> Option<Lifetime> {
        let Self { kind, got_at, expires_at, warned_days, .. } = *self;
        Some(Lifetime { kind, got_at: got_at?, expires_at, warned_days })
    }
}

/// Puts a token in the place of the one there may be for the same thing. It is of a new generation, which is answered.
pub async fn put(tx: &OfficeTx, new: &NewCredential<'_>) -> Result<i64, StoreError> {
    let NewCredential { seller, connection, .. } = *new;
    let sql = "UPDATE connection SET generation = generation + 1 WHERE seller_id = $1 AND id = $2 RETURNING generation";
    let raised = tx.writing().query_sql(sql, vec![seller.0.into(), connection.0.into()]).await?;
    let raised = raised.first().ok_or_else(|| unreadable("connection", connection))?;
    let generation: i64 = raised.try_get_by_index(0)?;
    let sql = "INSERT INTO credential (seller_id, connection_id, purpose, kind, generation, sealed_token, person, \
               scopes, got_at, expires_at, data_access_expires_at, look_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
               ON CONFLICT (seller_id, connection_id, purpose) DO UPDATE SET kind = excluded.kind, \
               generation = excluded.generation, sealed_token = excluded.sealed_token, person = excluded.person, \
               scopes = excluded.scopes, got_at = excluded.got_at, expires_at = excluded.expires_at, \
               data_access_expires_at = excluded.data_access_expires_at, look_at = excluded.look_at, \
               warned_days = NULL, cause = NULL, cause_at = NULL";
    let got_at = new.got_at;
    let life = got_at.map(|got_at| Lifetime { kind: new.kind, got_at, expires_at: new.expires_at, warned_days: None });
    let look_at = life.zip(got_at).and_then(|(life, got_at)| life.next_look(got_at));
    let values = vec![
        seller.0.into(),
        connection.0.into(),
        new.purpose.name().into(),
        new.kind.name().into(),
        generation.into(),
        new.sealed_token.into(),
        new.person.into(),
        new.scopes.join(" ").into(),
        got_at.map(ms).into(),
        new.expires_at.map(ms).into(),
        new.data_access_expires_at.map(ms).into(),
        look_at.map(ms).into(),
    ];
    tx.writing().execute_sql(sql, values).await?;
    Ok(generation)
}

/// Forgets all tokens of a connection.
pub(super) async fn forget(tx: &OfficeTx, seller: SellerId, connection: ConnectionId) -> Result<(), StoreError> {
    let sql = "DELETE FROM credential WHERE seller_id = $1 AND connection_id = $2";
    tx.writing().execute_sql(sql, vec![seller.0.into(), connection.0.into()]).await?;
    Ok(())
}

/// Which token of a connection, as it was when somebody looked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose.
    pub seller: SellerId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// What it is for.
    pub purpose: Use,
    /// Which it was.
    pub generation: i64,
}

impl From<&Credential> for Held {
    fn from(credential: &Credential) -> Self {
        let Credential { seller, connection, purpose, generation, .. } = *credential;
        Self { seller, connection, purpose, generation }
    }
}

impl From<&TokenRefused> for Held {
    /// Of the seller whose rows they were; set by whoever read them.
    fn from(refused: &TokenRefused) -> Self {
        let TokenRefused { connection, purpose, generation, .. } = *refused;
        Self { seller: SellerId(0), connection, purpose, generation }
    }
}

/// Notes that a token is taken no more, and why. False: it is another token by now, or that is known.
pub async fn refuse(tx: &OfficeTx, held: Held, cause: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let sql = "UPDATE credential SET cause = $1, cause_at = $2, look_at = NULL \
               WHERE seller_id = $3 AND connection_id = $4 AND purpose = $5 AND generation = $6 AND cause IS NULL";
    let values = [vec![cause.into(), ms(now).into()], named_values(held)].concat();
    Ok(tx.writing().execute_sql(sql, values).await? > 0)
}

/// Puts off until when there is something to do for a token, and keeps which warning was given of it. False: it is
/// another token by now, or is taken no more.
pub async fn put_off(
    tx: &OfficeTx,
    held: Held,
    (look_at, warned_days): (Option<DateTime<Utc>>, Option<i32>),
) -> Result<bool, StoreError> {
    let sql = "UPDATE credential SET look_at = $1, warned_days = $2 \
               WHERE seller_id = $3 AND connection_id = $4 AND purpose = $5 AND generation = $6 AND cause IS NULL";
    let values = [vec![look_at.map(ms).into(), warned_days.into()], named_values(held)].concat();
    Ok(tx.writing().execute_sql(sql, values).await? > 0)
}

/// Whether it is still this token, and one that nobody has taken back meanwhile, as a transaction sees it that is to put a new one made of it in its place.
pub async fn is_current(tx: &OfficeTx, held: Held) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM credential WHERE seller_id = $1 AND connection_id = $2 AND purpose = $3 AND generation = $4 \
         AND cause IS NULL";
    Ok(!tx.writing().query_sql(sql, named_values(held)).await?.is_empty())
}

fn named_values(held: Held) -> Vec<Value> {
    let Held { seller, connection, purpose, generation } = held;
    vec![seller.0.into(), connection.0.into(), purpose.name().into(), generation.into()]
}

/// What a call for a connection needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The token, sealed.
    pub sealed_token: String,
    /// What it was sealed for: one given by hand for messages does for the catalog as well.
    pub purpose: Use,
    /// Where it is from.
    pub kind: CredentialKind,
    /// Which it is.
    pub generation: i64,
    /// Meta's id of the Page that the call goes through, where it goes through one.
    pub page: Option<String>,
    /// Why it is taken no more.
    pub cause: Option<String>,
}

/// How to call for a connection that works; none without a token for this.
pub async fn access(
    reads: &impl ConnectionTrait,
    (seller, connection): (SellerId, ConnectionId),
    purpose: Use,
) -> Result<Option<Access>, StoreError> {
    let sql = format!(
        "SELECT c.sealed_token, c.purpose, c.kind, c.generation, c.cause, n.account, n.linked \
         FROM credential c JOIN connection n ON n.id = c.connection_id AND n.seller_id = c.seller_id \
         WHERE c.seller_id = $1 AND c.connection_id = $2 AND n.state = '{CONNECTED}' \
         AND (c.purpose = $3 OR c.kind = 'given') ORDER BY c.purpose = $3 DESC"
    );
    let values: Vec<Value> = vec![seller.0.into(), connection.0.into(), purpose.name().into()];
    let ask = Statement::from_sql_and_values(reads.get_database_backend(), sql, values);
    let Some(row) = reads.query_one_raw(ask).await? else { return Ok(None) };
    let (purpose, kind): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    let (account, linked): (String, Option<String>) = (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
    let kind = named("credential kind", &kind, CredentialKind::named)?;
    let accounts = [Some(account), linked].into_iter().flatten().map(Account::stored);
    let page = accounts.into_iter().find(|account| account.channel() == Some(Channel::Messenger));
    Ok(Some(Access {
        sealed_token: row.try_get_by_index(0)?,
        purpose: named("purpose", &purpose, Use::named)?,
        kind,
        generation: row.try_get_by_index(3)?,
        // A token of Instagram's own login knows nothing of the Page that the account is linked to.
        page: page.filter(|_| kind != CredentialKind::Instagram).map(|page| page.id().to_owned()),
        cause: row.try_get_by_index(4)?,
    }))
}

/// What is held of a seller's connections.
pub async fn of_seller(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Vec<Credential>, StoreError> {
    let rows = credential::Entity::of_seller(seller)
        .order_by_asc(credential::Column::ConnectionId)
        .order_by_desc(credential::Column::Purpose)
        .all(reads)
        .await?;
    rows.into_iter().map(read).collect()
}

/// Tokens for which there is something to do, the most urgent first.
pub async fn due(reads: &impl ConnectionTrait, now: DateTime<Utc>, limit: u64) -> Result<Vec<Credential>, StoreError> {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
    let rows = credential::Entity::find()
        .filter(credential::Column::LookAt.is_not_null())
        .filter(credential::Column::LookAt.lte(ms(now)))
        .order_by_asc(credential::Column::LookAt)
        .limit(at_most(limit))
        .all(reads)
        .await?;
    rows.into_iter().map(read).collect()
}

/// Tokens that calls were told are taken no more, and that the front office takes for good. There are few of them.
pub async fn newly_refused(reads: &impl ConnectionTrait, limit: u64) -> Result<Vec<(Held, TokenRefused)>, StoreError> {
    let sql = format!(
        "SELECT r.seller_id, r.connection_id, r.purpose, r.generation, r.code, r.at FROM token_refused r \
         JOIN credential c ON c.seller_id = r.seller_id AND c.connection_id = r.connection_id \
         AND c.purpose = r.purpose AND c.generation = r.generation WHERE c.cause IS NULL LIMIT {}",
        at_most(limit)
    );
    let ask = Statement::from_string(reads.get_database_backend(), sql);
    let rows = reads.query_all_raw(ask).await?;
    let row = |row: &sea_orm::QueryResult| {
        let purpose: String = row.try_get_by_index(2)?;
        let refused = TokenRefused {
            connection: ConnectionId(row.try_get_by_index(1)?),
            purpose: named("purpose", &purpose, Use::named)?,
            generation: row.try_get_by_index(3)?,
            code: row.try_get_by_index(4)?,
            at: time(row.try_get_by_index(5)?)?,
        };
        Ok((Held { seller: SellerId(row.try_get_by_index(0)?), ..Held::from(&refused) }, refused))
    };
    rows.iter().map(row).collect()
}

fn read(row: credential::Model) -> Result<Credential, StoreError> {
    Ok(Credential {
        seller: SellerId(row.seller_id),
        connection: ConnectionId(row.connection_id),
        purpose: named("purpose", &row.purpose, Use::named)?,
        kind: named("credential kind", &row.kind, CredentialKind::named)?,
        generation: row.generation,
        person: row.person,
        scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
        got_at: maybe_time(row.got_at)?,
        expires_at: maybe_time(row.expires_at)?,
        data_access_expires_at: maybe_time(row.data_access_expires_at)?,
        warned_days: row.warned_days,
        look_at: maybe_time(row.look_at)?,
        cause: row.cause,
        cause_at: maybe_time(row.cause_at)?,
    })
}
