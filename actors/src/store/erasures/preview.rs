//! What an erasure for age would erase, counted and left as it is: by the very rules that it goes by.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use serde::Serialize;

use super::events::{Named, Own, are_of_seller};
use super::names::Names;
use super::pieces::places;
use super::{AgedFound, look};
use crate::domain::channel::Account;
use crate::domain::erasure::{AgedPlace, is_nobody};
use crate::domain::ids::{ConversationId, SellerId};
use crate::store::StoreError;
use crate::store::rows::{maybe_time, ms};

/// Events looked at in one go.
const CHUNK: usize = 200;

/// How much of a kind would be erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OfKind {
    /// How many.
    pub count: u64,
    /// From when the oldest is.
    pub oldest: Option<DateTime<Utc>>,
}

/// What would be erased, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Preview {
    /// Customers, by their last word.
    pub customers: OfKind,
    /// Messages.
    pub messages: OfKind,
    /// Orders that would be without the person.
    pub orders: OfKind,
    /// Leads.
    pub leads: OfKind,
    /// Notes of the staff.
    pub notes: OfKind,
    /// Comments and mentions.
    pub comments: OfKind,
    /// Calls to Meta.
    pub calls: OfKind,
    /// Events of Meta's.
    pub events: OfKind,
    /// Commands of the staff and results of calls.
    pub commands: OfKind,
}

impl OfKind {
    fn add(&mut self, count: u64, oldest: Option<i64>) -> Result<(), StoreError> {
        self.count += count;
        let oldest = maybe_time(oldest)?;
        self.oldest = [self.oldest, oldest].into_iter().flatten().min();
        Ok(())
    }
}

/// All whom it would be about.
#[derive(Default)]
struct People {
    /// Their names at Meta, by account.
    names: BTreeMap<String, Vec<String>>,
    customers: Vec<i64>,
    conversations: Vec<i64>,
    orders: Vec<i64>,
}

struct Asking<'a, C> {
    reads: &'a C,
    seller: SellerId,
    before: DateTime<Utc>,
}

/// What would be erased of what is from `before` or older.
pub async fn preview(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    before: DateTime<Utc>,
) -> Result<Preview, StoreError> {
    let (asking, mut found, mut people) = (Asking { reads, seller, before }, Preview::default(), People::default());
    let mut place = Some(AgedPlace { account: Account::stored(String::new()), after: ConversationId(0) });
    while let Some(at) = place {
        let AgedFound { due, next, .. } = look(reads, seller, before, &at).await?;
        if !due.is_empty() {
            asking.count_group(&mut found, &mut people, &due).await?;
        }
        place = next;
    }
    let sql = "SELECT COUNT(*), MIN(at) FROM comment WHERE seller_id = $1 AND at <= $2";
    asking.count(&mut found.comments, sql, vec![ms(before).into()]).await?;
    for (account, names) in &people.names {
        asking.count_events(&mut found.events, account, &Names::new(names)).await?;
    }
    let all = people.names.into_values().flatten().collect::<Vec<_>>();
    let whose = (people.customers, people.conversations, people.orders);
    asking.count_commands(&mut found.commands, Named::new(Names::new(&all), whose, Vec::new())).await?;
    Ok(found)
}

impl<C: ConnectionTrait> Asking<'_, C> {
    async fn ask(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
        let values = [Value::from(self.seller.0)].into_iter().chain(values);
        let ask = Statement::from_sql_and_values(self.reads.get_database_backend(), sql, values);
        Ok(self.reads.query_all_raw(ask).await?)
    }

    /// Adds what a question answers: how many, and from when the oldest is.
    async fn count(&self, kind: &mut OfKind, sql: &str, values: Vec<Value>) -> Result<(), StoreError> {
        let rows = self.ask(sql, values).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let count: i64 = row.try_get_by_index(0)?;
        kind.add(u64::try_from(count).unwrap_or_default(), row.try_get_by_index(1)?)
    }

    async fn count_group(
        &self,
        found: &mut Preview,
        people: &mut People,
        due: &[ConversationId],
    ) -> Result<(), StoreError> {
        let conversations: Vec<i64> = due.iter().map(|id| id.0).collect();
        let these = places(2, conversations.len());
        let values = |ids: &[i64]| ids.iter().map(|id| Value::from(*id)).collect::<Vec<_>>();
        let customers = self.meet(people, &conversations).await?;
        let of_conversations = values(&conversations);
        let sql = format!(
            "SELECT COUNT(*), MIN(COALESCE(last_inbound_at, last_message_at)) FROM conversation \
             WHERE seller_id = $1 AND id IN ({these})"
        );
        self.count(&mut found.customers, &sql, of_conversations.clone()).await?;
        for (kind, table, at) in
            [(&mut found.messages, "message", "at"), (&mut found.calls, "outbox", "COALESCE(claimed_at, not_before)")]
        {
            let sql = format!(
                "SELECT COUNT(*), MIN({at}) FROM {table} WHERE seller_id = $1 AND conversation_id IN ({these})"
            );
            self.count(kind, &sql, of_conversations.clone()).await?;
        }
        for (kind, table, at) in [(&mut found.orders, "shop_order", "opened_at"), (&mut found.leads, "lead", "at")] {
            let sql =
                format!("SELECT COUNT(*), MIN({at}) FROM {table} WHERE seller_id = $1 AND customer_id IN ({these})");
            self.count(kind, &sql, values(&customers)).await?;
        }
        let of_orders = format!("SELECT id FROM shop_order WHERE seller_id = $1 AND customer_id IN ({these})");
        for (on, ids, which) in [
            ("conversation", &conversations, these.clone()),
            ("customer", &customers, these.clone()),
            ("order", &customers, of_orders.clone()),
        ] {
            let sql = format!(
                "SELECT COUNT(*), MIN(at) FROM note WHERE seller_id = $1 AND on_kind = '{on}' AND on_id IN ({which})"
            );
            self.count(&mut found.notes, &sql, values(ids)).await?;
        }
        for row in self.ask(&of_orders, values(&customers)).await? {
            people.orders.push(row.try_get_by_index(0)?);
        }
        people.conversations.extend(conversations);
        people.customers.extend(customers);
        Ok(())
    }

    /// The customers of these conversations, with all their names.
    async fn meet(&self, people: &mut People, conversations: &[i64]) -> Result<Vec<i64>, StoreError> {
        let with = format!(
            "SELECT customer_id FROM conversation WHERE seller_id = $1 AND id IN ({})",
            places(2, conversations.len())
        );
        let values = || conversations.iter().map(|id| Value::from(*id)).collect::<Vec<_>>();
        let own = format!(
            "SELECT id, account, meta_id, shown_phone FROM customer WHERE seller_id = $1 AND id IN ({with}) ORDER BY id"
        );
        let mut customers = Vec::new();
        for row in self.ask(&own, values()).await? {
            customers.push(row.try_get("", "id")?);
            let names = people.names.entry(row.try_get("", "account")?).or_default();
            names.push(row.try_get("", "meta_id")?);
            names.extend(row.try_get::<Option<String>>("", "shown_phone")?);
        }
        let also =
            format!("SELECT account, alias FROM customer_alias WHERE seller_id = $1 AND customer_id IN ({with})");
        for row in self.ask(&also, values()).await? {
            people.names.entry(row.try_get("", "account")?).or_default().push(row.try_get("", "alias")?);
        }
        Ok(customers)
    }

    async fn count_events(&self, kind: &mut OfKind, account: &str, names: &Names) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT key, customer, happened_at, CASE WHEN customer IS NULL THEN raw END AS raw FROM inbox_event \
             WHERE account = $1 AND key > $2 AND {} ORDER BY key LIMIT {CHUNK}",
            are_of_seller(3)
        );
        let mut after = String::new();
        loop {
            let values: Vec<Value> = vec![account.into(), after.as_str().into(), self.seller.0.into()];
            let ask = Statement::from_sql_and_values(self.reads.get_database_backend(), &sql, values);
            let rows = self.reads.query_all_raw(ask).await?;
            for row in &rows {
                let (customer, raw): (Option<String>, Option<Vec<u8>>) =
                    (row.try_get("", "customer")?, row.try_get("", "raw")?);
                let happened_at: i64 = row.try_get("", "happened_at")?;
                after = row.try_get("", "key")?;
                let is_before = happened_at <= ms(self.before) && !is_nobody(&after);
                if is_before && names.tell(customer.as_deref(), raw.as_deref()) {
                    kind.add(1, Some(happened_at))?;
                }
            }
            if rows.len() < CHUNK {
                return Ok(());
            }
        }
    }

    async fn count_commands(&self, kind: &mut OfKind, mut theirs: Named) -> Result<(), StoreError> {
        let (account, mut after) = (Account::of_seller(self.seller), String::new());
        let sql = format!(
            "SELECT {}, happened_at FROM inbox_event WHERE account = $1 AND key > $2 ORDER BY key LIMIT {CHUNK}",
            Own::COLUMNS
        );
        loop {
            let values: Vec<Value> = vec![account.as_str().into(), after.as_str().into()];
            let ask = Statement::from_sql_and_values(self.reads.get_database_backend(), &sql, values);
            let rows = self.reads.query_all_raw(ask).await?;
            let own = rows.iter().map(Own::read).collect::<Result<Vec<_>, _>>()?;
            let calls = self.calls_of(&theirs, own.iter().filter_map(Own::call).collect()).await?;
            theirs.with_calls(calls);
            for (row, own) in rows.iter().zip(&own) {
                if own.state != "pending" && theirs.have(own) {
                    kind.add(1, row.try_get("", "happened_at")?)?;
                }
            }
            match own.last().filter(|_| own.len() == CHUNK) {
                Some(last) => after.clone_from(&last.key),
                None => return Ok(()),
            }
        }
    }

    async fn calls_of(&self, theirs: &Named, asked: Vec<i64>) -> Result<Vec<i64>, StoreError> {
        if asked.is_empty() {
            return Ok(asked);
        }
        let sql = format!(
            "SELECT id, conversation_id FROM outbox WHERE seller_id = $1 AND id IN ({})",
            places(2, asked.len())
        );
        let mut calls = Vec::new();
        for row in self.ask(&sql, asked.into_iter().map(Value::from).collect()).await? {
            if theirs.has_conversation(row.try_get_by_index(1)?) {
                calls.push(row.try_get_by_index(0)?);
            }
        }
        Ok(calls)
    }
}
