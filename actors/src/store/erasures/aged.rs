//! Who is erased for age: customers who have said nothing for as long as the seller keeps anything, and of whom nothing
//! is open. They are looked for a bounded number of conversations at a time.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Statement, Value};

use crate::domain::channel::Account;
use crate::domain::erasure::{AgedPlace, Erasure};
use crate::domain::ids::{ConversationId, SellerId};
use crate::store::rows::{json, ms};
use crate::store::{FencedTx, StoreError};

/// Conversations looked at in one go; so many customers are one group at most.
const CHUNK: usize = 200;

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgedFound {
    /// On which account.
    pub account: Account,
    /// Conversations whose customers are due.
    pub due: Vec<ConversationId>,
    /// Where to look next; none: nowhere.
    pub next: Option<AgedPlace>,
}

/// Nothing of it is open: no draft, nothing that is to be sent, and nothing in it is newer, whoever it is by. What waits in
/// the inbox is as new as that.
const IS_DUE: &str = "u.account = $3 AND u.meta_id NOT LIKE 'erased:%' \
     AND COALESCE(n.last_inbound_at, n.last_message_at, l.at) <= $4 AND COALESCE(n.staff_at, 0) <= $4 \
     AND NOT EXISTS (SELECT 1 FROM message m WHERE m.seller_id = n.seller_id AND m.conversation_id = n.id \
         AND m.at > $4) \
     AND NOT EXISTS (SELECT 1 FROM shop_order o WHERE o.seller_id = n.seller_id AND o.conversation_id = n.id \
         AND (o.state = 'draft' OR o.opened_at > $4 OR COALESCE(o.confirmed_at, 0) > $4)) \
     AND NOT EXISTS (SELECT 1 FROM shop_order o JOIN order_change h ON h.seller_id = o.seller_id AND h.order_id = o.id \
         WHERE o.seller_id = n.seller_id AND o.conversation_id = n.id AND h.at > $4) \
     AND NOT EXISTS (SELECT 1 FROM outbox x WHERE x.seller_id = n.seller_id AND x.conversation_id = n.id \
         AND x.state IN ('owed', 'claimed', 'unknown')) \
     AND NOT EXISTS (SELECT 1 FROM inbox_event e WHERE e.seller_id = n.seller_id AND e.state = 'pending' \
         AND e.account = u.account AND e.customer = u.meta_id)";

/// Looks for customers who have said nothing since `before`.
pub async fn look(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    before: DateTime<Utc>,
    place: &AgedPlace,
) -> Result<AgedFound, StoreError> {
    let account = match place.account.as_str() {
        "" => match account_after(reads, seller, "").await? {
            Some(first) => first,
            None => return Ok(AgedFound { account: place.account.clone(), due: Vec::new(), next: None }),
        },
        _ => place.account.clone(),
    };
    let sql = format!(
        "SELECT n.id AS id, CASE WHEN {IS_DUE} THEN 1 ELSE 0 END AS due \
         FROM (SELECT * FROM conversation WHERE seller_id = $1 AND id > $2 ORDER BY id LIMIT {CHUNK}) AS n \
         JOIN customer u ON u.seller_id = n.seller_id AND u.id = n.customer_id \
         LEFT JOIN lead l ON l.seller_id = n.seller_id AND l.customer_id = n.customer_id ORDER BY n.id"
    );
    let values: Vec<Value> = vec![seller.0.into(), place.after.0.into(), account.as_str().into(), ms(before).into()];
    let rows = reads.query_all_raw(Statement::from_sql_and_values(reads.get_database_backend(), sql, values)).await?;
    let mut due = Vec::new();
    for row in &rows {
        if row.try_get::<i32>("", "due")? == 1 {
            due.push(ConversationId(row.try_get("", "id")?));
        }
    }
    let last = rows.last().filter(|_| rows.len() >= CHUNK).map(|row| row.try_get("", "id")).transpose()?;
    let next = match last {
        Some(last) => Some(AgedPlace { account: account.clone(), after: ConversationId(last) }),
        None => account_after(reads, seller, account.as_str())
            .await?
            .map(|account| AgedPlace { account, after: ConversationId(0) }),
    };
    Ok(AgedFound { account, due, next })
}

/// The next account that a seller has customers on.
async fn account_after(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    account: &str,
) -> Result<Option<Account>, StoreError> {
    let sql = "SELECT MIN(account) FROM customer WHERE seller_id = $1 AND account > $2";
    let values: Vec<Value> = vec![seller.0.into(), account.into()];
    let row = reads.query_one_raw(Statement::from_sql_and_values(reads.get_database_backend(), sql, values)).await?;
    Ok(row.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose()?.flatten().map(Account::stored))
}

/// Goes on with other persons. False: it only begins.
pub(super) async fn go_on(tx: &FencedTx, erasure: &Erasure) -> Result<bool, StoreError> {
    let Some((standing, _)) = super::taken(tx, erasure.id).await? else { return Ok(false) };
    let mut erased = standing.erased;
    erased.customers += erasure.whom.len() as u64;
    let next = erasure.aged.as_ref().and_then(|aged| aged.next.as_ref());
    let sql = "UPDATE erasure SET account = $3, persons = $4, meta_ids = $5, phase = $6, place = '', counts = $7, \
               next_account = $8, next_after = $9 WHERE seller_id = $1 AND id = $2";
    let values = vec![
        tx.seller().0.into(),
        erasure.id.0.into(),
        erasure.account.as_str().into(),
        json(&erasure.whom).into(),
        json(&erasure.meta_ids).into(),
        erasure.first_phase().name().into(),
        json(&erased).into(),
        next.map(|next| next.account.to_string()).into(),
        next.map(|next| next.after.0).into(),
    ];
    tx.writing().execute_sql(sql, values).await?;
    Ok(true)
}
