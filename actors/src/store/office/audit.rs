//! Who did what: written once, read newest first, let go of after a long while.

use chrono::{DateTime, Utc};
use entity::audit;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};

use crate::domain::access::Holder;
use crate::domain::ids::{KeyId, SellerId};
use crate::store::rows::{from_json, ms, time};
use crate::store::{FencedTx, OfficeTx, StoreError, at_most};

/// The longest action kept; what is longer is cut.
const ACTION_BYTES: usize = 200;
/// The longest detail kept; of what is longer, only its length is.
const DETAIL_BYTES: usize = 4096;

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub struct Deed<'a> {
    /// With which key; none: the operator's key of the settings, or the service itself.
    pub key: Option<KeyId>,
    /// Who, as histories name them.
    pub named: String,
    /// Whose key it is.
    pub holder: Holder,
    /// The shop it is about; none: no single one.
    pub seller: Option<SellerId>,
    /// What is done: `key.made`, or `GET /api/v1/sellers/{seller}/orders`.
    pub action: &'a str,
    /// What there is to say of it. Never a secret.
    pub detail: Value,
}

/// The same, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptDeed {
    /// Its place, in the order in which things were noted.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// With which key.
    pub key: Option<KeyId>,
    /// Who, as histories name them.
    pub named: String,
    /// Whose key it was.
    pub holder: Holder,
    /// The shop it was about.
    pub seller: Option<SellerId>,
    /// What was done.
    pub action: String,
    /// What there is to say of it.
    pub detail: Value,
}

/// Notes a deed, in the transaction that does it or in one of its own before.
pub async fn note(tx: &OfficeTx, deed: &Deed<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
    tx.writing().execute_sql(NOTE, values(deed, now)).await?;
    Ok(())
}

/// Notes what a shop does by itself, in the transaction that does it.
pub(in crate::store) async fn note_of_the_service(
    tx: &FencedTx,
    (action, detail): (&str, Value),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (named, holder, seller) = ("service".to_owned(), Holder::Operator, Some(tx.seller()));
    let deed = Deed { key: None, named, holder, seller, action, detail };
    tx.writing().execute_sql(NOTE, values(&deed, now)).await?;
    Ok(())
}

const NOTE: &str = "INSERT INTO audit (at, key_id, named, holder_id, seller_id, action, detail) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7)";

fn values(deed: &Deed<'_>, now: DateTime<Utc>) -> Vec<sea_orm::Value> {
    vec![
        ms(now).into(),
        deed.key.map(|key| key.0).into(),
        deed.named.as_str().into(),
        deed.holder.only().map(|seller| seller.0).into(),
        deed.seller.map(|seller| seller.0).into(),
        cut(deed.action).into(),
        kept_detail(&deed.detail).into(),
    ]
}

/// A page of what was done in one shop, or anywhere; the newest first, those before `before`.
pub async fn page(
    reads: &impl ConnectionTrait,
    seller: Option<SellerId>,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<KeptDeed>, StoreError> {
    let mut query = audit::Entity::find();
    if let Some(seller) = seller {
        query = query.filter(audit::Column::SellerId.eq(seller.0));
    }
    if let Some(before) = before {
        query = query.filter(audit::Column::Id.lt(before));
    }
    let rows = query.order_by_desc(audit::Column::Id).limit(at_most(limit)).all(reads).await?;
    rows.into_iter().map(read).collect()
}

fn read(row: audit::Model) -> Result<KeptDeed, StoreError> {
    Ok(KeptDeed {
        id: row.id,
        at: time(row.at)?,
        key: row.key_id.map(KeyId),
        named: row.named,
        holder: row.holder_id.map(SellerId).into(),
        seller: row.seller_id.map(SellerId),
        action: row.action,
        detail: from_json("audit", &row.detail)?,
    })
}

/// No NUL, which PostgreSQL refuses, and no more than fits.
fn cut(action: &str) -> String {
    let mut action = action.replace('\0', "");
    action.truncate(action.floor_char_boundary(ACTION_BYTES));
    action
}

fn kept_detail(detail: &Value) -> String {
    let text = detail.to_string();
    match text.len() <= DETAIL_BYTES {
        true => text,
        false => json!({ "left_out_bytes": text.len() }).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_and_never_refused() {
        assert_eq!(cut(&"é".repeat(200)).len(), 200);
        assert_eq!(cut("GET\0 /"), "GET /");
        assert_eq!(kept_detail(&json!("x".repeat(5000))), r#"{"left_out_bytes":5002}"#);
        assert_eq!(kept_detail(&json!({ "nul": "\0" })), r#"{"nul":"\u0000"}"#);
    }
}
