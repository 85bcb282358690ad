//! All that is held of one customer of one shop, a page at a time, for whoever has a right to know it. Rows are given
//! with every column they have, so that a new one cannot be left out.

mod events;
mod personal;

use chrono::DateTime;
use entity::{conversation, customer};
use sea_orm::{
    ColumnTrait, ConnectionTrait, FromQueryResult, JsonValue, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    Statement, Value,
};
use serde_json::{Map, Value as Json, json};

use crate::domain::channel::Account;
use crate::domain::ids::{CustomerId, SellerId};
use crate::domain::named::named;

use super::StoreError;
use super::erasures::places;
use super::rows::OfSeller;

pub use personal::{IMPERSONAL, PERSONAL};

/// Rows of a page.
const PAGE: usize = 200;
/// Rows looked through for a page, where there is no shorter way to those of one person.
const CHUNK: usize = 1000;

/// Whose data it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Of which shop; nothing of another is ever read.
    pub seller: SellerId,
    /// The customer.
    pub customer: CustomerId,
    /// On which account.
    pub account: Account,
    /// By which ids they go at Meta, and the number they write from.
    pub meta_ids: Vec<String>,
    /// What passed between them.
    pub conversations: Vec<i64>,
}

/// The parts of an export, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The customer.
    Customer,
    /// Further ids of the customer at Meta.
    Aliases,
    /// What passed between the customer and the shop.
    Conversations,
    /// What was said.
    Messages,
    /// The customer's interest.
    Leads,
    /// Orders, with lines and history.
    Orders,
    /// What the staff wrote.
    Notes,
    /// What the customer said in public.
    Comments,
    /// What was or is to be sent.
    Outbox,
    /// What Meta told of messages that have not come.
    LooseEnds,
    /// What Meta sent, as it came.
    Events,
    /// What the staff did about the customer and what calls brought, as it came.
    Commands,
}

named!(Section {
    Customer = "customer",
    Aliases = "aliases",
    Conversations = "conversations",
    Messages = "messages",
    Leads = "leads",
    Orders = "orders",
    Notes = "notes",
    Comments = "comments",
    Outbox = "outbox",
    LooseEnds = "loose_ends",
    Events = "events",
    Commands = "commands",
});

/// A page of a section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exported {
    /// What is on it; it may be nothing, although there is more.
    pub rows: Vec<Json>,
    /// Where the next begins; none: the section is over.
    pub next: Option<String>,
}

type Found = Result<Exported, StoreError>;

/// Whose data it would be; none: the shop has no such customer.
pub async fn subject(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    id: CustomerId,
) -> Result<Option<Subject>, StoreError> {
    let this = customer::Entity::of_seller(seller).filter(customer::Column::Id.eq(id.0));
    let Some(customer) = this.one(reads).await? else { return Ok(None) };
    let conversations = conversation::Entity::of_seller(seller)
        .select_only()
        .column(conversation::Column::Id)
        .filter(conversation::Column::CustomerId.eq(id.0))
        .order_by_asc(conversation::Column::Id)
        .into_tuple::<i64>()
        .all(reads)
        .await?;
    let aliases = entity::customer_alias::Entity::of_seller(seller)
        .filter(entity::customer_alias::Column::CustomerId.eq(id.0))
        .all(reads)
        .await?;
    let aliases = aliases.into_iter().map(|row| row.alias);
    let meta_ids = [customer.meta_id].into_iter().chain(aliases).chain(customer.shown_phone).collect();
    Ok(Some(Subject { seller, customer: id, account: Account::stored(customer.account), meta_ids, conversations }))
}

/// The page of a section that begins after this place; the first begins after "".
pub async fn page(reads: &impl ConnectionTrait, subject: &Subject, section: Section, after: &str) -> Found {
    let customer = vec![Value::from(subject.customer.0)];
    match section {
        Section::Customer => whole(reads, subject, "customer", ("id = $2".to_owned(), customer)).await,
        Section::Aliases => whole(reads, subject, "customer_alias", ("customer_id = $2".to_owned(), customer)).await,
        Section::Conversations => {
            whole(reads, subject, "conversation", ("customer_id = $2".to_owned(), customer)).await
        }
        Section::Leads => whole(reads, subject, "lead", ("customer_id = $2".to_owned(), customer)).await,
        Section::LooseEnds => whole(reads, subject, "loose_end", known_as(subject)).await,
        Section::Messages => messages(reads, subject, after).await,
        Section::Orders => orders(reads, subject, start(after)).await,
        Section::Notes => notes(reads, subject, start(after)).await,
        Section::Comments => walk(reads, subject, "comment", (start(after), known_as(subject))).await,
        Section::Outbox if subject.conversations.is_empty() => Ok(Exported::default()),
        Section::Outbox => {
            let these = format!("conversation_id IN ({})", places(2, subject.conversations.len()));
            let values = subject.conversations.iter().map(|id| Value::from(*id)).collect();
            walk(reads, subject, "outbox", (start(after), (these, values))).await
        }
        Section::Events => events::of_meta(reads, subject, after).await,
        Section::Commands => events::of_the_shop(reads, subject, after).await,
    }
}

/// A condition on rows beside that of the seller, and what it names from $2 on.
type Only = (String, Vec<Value>);

fn known_as(subject: &Subject) -> Only {
    let ids = subject.meta_ids.iter().map(|id| Value::from(id.clone()));
    let values = [Value::from(subject.account.as_str())].into_iter().chain(ids).collect();
    (format!("account = $2 AND customer IN ({})", places(3, subject.meta_ids.len())), values)
}

fn start(place: &str) -> i64 {
    place.parse().unwrap_or(0)
}

async fn ask(
    reads: &impl ConnectionTrait,
    subject: &Subject,
    sql: &str,
    more: Vec<Value>,
) -> Result<Vec<QueryResult>, StoreError> {
    let values = [Value::from(subject.seller.0)].into_iter().chain(more);
    Ok(reads.query_all_raw(Statement::from_sql_and_values(reads.get_database_backend(), sql, values)).await?)
}

/// Rows of which a person has few.
async fn whole(reads: &impl ConnectionTrait, subject: &Subject, table: &str, (only, values): Only) -> Found {
    let sql = format!("SELECT * FROM {table} WHERE seller_id = $1 AND {only}");
    let rows = shown_all(&ask(reads, subject, &sql, values).await?)?;
    Ok(Exported { rows, next: None })
}

/// Rows that are looked for among all of the shop's.
async fn walk(
    reads: &impl ConnectionTrait,
    subject: &Subject,
    table: &str,
    (after, (only, mut values)): (i64, Only),
) -> Found {
    let sql = format!(
        "SELECT MAX(id) FROM (SELECT id FROM {table} WHERE seller_id = $1 AND id > $2 ORDER BY id LIMIT {CHUNK}) AS n"
    );
    let through = ask(reads, subject, &sql, vec![after.into()]).await?;
    let through = through.first().map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
    let Some(through) = through else { return Ok(Exported::default()) };
    let (from, to) = (values.len() + 2, values.len() + 3);
    values.extend([after.into(), through.into()]);
    let sql =
        format!("SELECT * FROM {table} WHERE seller_id = $1 AND {only} AND id > ${from} AND id <= ${to} ORDER BY id");
    let rows = shown_all(&ask(reads, subject, &sql, values).await?)?;
    Ok(Exported { rows, next: Some(through.to_string()) })
}

/// By conversation and time, as an index has them: `<conversation>:<at>:<id>` is the place.
async fn messages(reads: &impl ConnectionTrait, subject: &Subject, after: &str) -> Found {
    let mut place = after.splitn(3, ':').filter_map(|part| part.parse::<i64>().ok());
    let first = subject.conversations.first().copied();
    let Some(conversation) = place.next().or(first) else { return Ok(Exported::default()) };
    let (at, id) = (place.next().unwrap_or(i64::MIN), place.next().unwrap_or(0));
    let sql = format!(
        "SELECT * FROM message WHERE seller_id = $1 AND conversation_id = $2 AND (at, id) > ($3, $4) \
         ORDER BY at, id LIMIT {PAGE}"
    );
    let found = ask(reads, subject, &sql, vec![conversation.into(), at.into(), id.into()]).await?;
    let next = match found.last().filter(|_| found.len() == PAGE) {
        Some(last) => {
            let (at, id): (i64, i64) = (last.try_get("", "at")?, last.try_get("", "id")?);
            Some(format!("{conversation}:{at}:{id}"))
        }
        None => subject.conversations.iter().find(|next| **next > conversation).map(|next| format!("{next}:")),
    };
    Ok(Exported { rows: shown_all(&found)?, next })
}

async fn orders(reads: &impl ConnectionTrait, subject: &Subject, after: i64) -> Found {
    let sql = format!(
        "SELECT * FROM shop_order WHERE seller_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT {PAGE}"
    );
    let found = ask(reads, subject, &sql, vec![subject.customer.0.into(), after.into()]).await?;
    let ids = ids_of(&found)?;
    let Some(last) = ids.last() else { return Ok(Exported::default()) };
    let these = || ids.iter().map(|id| Value::from(*id)).collect::<Vec<_>>();
    let mut parts = Vec::new();
    for (name, table, by) in [("lines", "order_line", "n"), ("history", "order_change", "id")] {
        let sql = format!(
            "SELECT * FROM {table} WHERE seller_id = $1 AND order_id IN ({}) ORDER BY order_id, {by}",
            places(2, ids.len())
        );
        parts.push((name, shown_all(&ask(reads, subject, &sql, these()).await?)?));
    }
    let mut rows = shown_all(&found)?;
    for (row, id) in rows.iter_mut().zip(&ids) {
        for (name, of_all) in &parts {
            let own: Vec<&Json> = of_all.iter().filter(|part| part["order_id"] == *id).collect();
            row[*name] = json!(own);
        }
    }
    Ok(Exported { rows, next: (ids.len() == PAGE).then(|| last.to_string()) })
}

/// Of the customer, of what passed between them, and of their orders.
async fn notes(reads: &impl ConnectionTrait, subject: &Subject, after: i64) -> Found {
    let sql = format!(
        "SELECT * FROM note WHERE seller_id = $1 AND id > $3 AND ((on_kind = 'customer' AND on_id = $2) \
         OR (on_kind = 'conversation' AND on_id IN \
             (SELECT id FROM conversation WHERE seller_id = $1 AND customer_id = $2)) \
         OR (on_kind = 'order' AND on_id IN (SELECT id FROM shop_order WHERE seller_id = $1 AND customer_id = $2))) \
         ORDER BY id LIMIT {PAGE}"
    );
    let found = ask(reads, subject, &sql, vec![subject.customer.0.into(), after.into()]).await?;
    let next = ids_of(&found)?.last().filter(|_| found.len() == PAGE).map(ToString::to_string);
    Ok(Exported { rows: shown_all(&found)?, next })
}

fn ids_of(rows: &[QueryResult]) -> Result<Vec<i64>, StoreError> {
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}

fn shown_all(rows: &[QueryResult]) -> Result<Vec<Json>, StoreError> {
    rows.iter().map(|row| Ok(shown(JsonValue::from_query_result(row, "")?))).collect()
}

/// Texts that are JSON, by column.
const JSON: [&str; 13] = [
    "labels",
    "wishes",
    "meant",
    "attachments",
    "attachment",
    "quick_replies",
    "marks",
    "source",
    "options",
    "modifiers",
    "evidence",
    "edit",
    "told",
];

/// A row as people and programs read it: times as texts, JSON as JSON, and without what is the same in all of them.
fn shown(row: Json) -> Json {
    let Json::Object(columns) = row else { return row };
    let columns = columns.into_iter().filter(|(name, _)| name != "seller_id");
    let shown: Map<String, Json> = columns
        .map(|(name, value)| {
            let value = if is_time(&name) { time(value) } else { value };
            let is_json = JSON.contains(&name.as_str());
            let parsed = value.as_str().filter(|_| is_json).and_then(|text| serde_json::from_str(text).ok());
            (name, parsed.unwrap_or(value))
        })
        .collect();
    Json::Object(shown)
}

fn is_time(column: &str) -> bool {
    column == "at"
        || column == "since"
        || column == "not_before"
        || column.ends_with("_at")
        || column.ends_with("_through")
}

fn time(value: Json) -> Json {
    let time = value.as_i64().and_then(DateTime::from_timestamp_millis);
    time.map_or(value, |time| json!(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_shown_with_times_and_json_as_what_they_are() {
        let row = json!({ "seller_id": 1, "at": 0, "closed_through": null, "labels": "[\"vip\"]", "text": "[1]" });
        let wanted = json!({ "at": "1970-01-01T00:00:00Z", "closed_through": null, "labels": ["vip"], "text": "[1]" });
        assert_eq!(shown(row), wanted);
    }
}
