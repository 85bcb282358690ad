//! The equation in parts: by account, by seller, by hour or by day. Each part holds on its own, as an event is counted
//! for the account and the hour in which it came, whatever becomes of it later.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult, Statement};

use crate::domain::channel::Account;
use crate::domain::ids::SellerId;
use crate::store::StoreError;
use crate::store::intake::hour_of;
use crate::store::rows::{ms, time};

use super::Equation;
use super::select::Conditions;

/// What the equation is split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Not at all: one part, of all that the span holds.
    Nothing,
    /// Accounts at Meta.
    Account,
    /// Sellers, by the accounts they have connected.
    Seller,
    /// Hours.
    Hour,
    /// Days, in UTC.
    Day,
}

/// What is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// From the hour that this is in.
    pub since: Option<DateTime<Utc>>,
    /// Up to the hour that this is in, without it.
    pub until: Option<DateTime<Utc>>,
    /// For this account.
    pub account: Option<Account>,
    /// For the accounts of this seller.
    pub seller: Option<SellerId>,
}

/// What a part is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// All of it.
    All,
    /// An account.
    Account(Account),
    /// A seller; none: accounts that nobody has connected.
    Seller(Option<SellerId>),
    /// An hour or a day, by its beginning.
    From(DateTime<Utc>),
}

/// Parts of the equation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Each with what it is about.
    pub parts: Vec<(Group, Equation)>,
    /// Where the next page begins.
    pub next: Option<String>,
}

const HOUR_MS: i64 = 3_600_000;

/// What the door counted beside what the inbox holds, a row of sums for each account and hour of either.
const COUNTED: &str = "
SELECT account, hour, received, pruned_handled AS handled, duplicate, pruned_ledgered AS ledgered, 0 AS pending
FROM intake
UNION ALL
SELECT account, received_at / 3600000 AS hour, 0,
       COUNT(CASE WHEN state = 'handled' THEN 1 END), COUNT(CASE WHEN state = 'duplicate' THEN 1 END),
       COUNT(CASE WHEN state = 'ledgered' THEN 1 END), COUNT(CASE WHEN state = 'pending' THEN 1 END)
FROM inbox_event WHERE source = 'meta' AND {received} GROUP BY account, received_at / 3600000";

/// A page of the parts, in their order, those after `after`. One statement, so one snapshot.
pub async fn groups(
    reads: &impl ConnectionTrait,
    (by, span): (By, &Span),
    after: Option<&str>,
    limit: usize,
) -> Result<Groups, StoreError> {
    let mut conditions = Conditions::default();
    let counted = COUNTED.replace("{received}", &received(&mut conditions, span));
    let (key, after) = (key(by), after.map(|after| beyond(&mut conditions, by, after)));
    let within = within(&mut conditions, span);
    let sql = format!(
        "SELECT {key} AS part, {} FROM ({counted}) AS counted LEFT JOIN connection ON connection.account = \
         counted.account WHERE {within} AND {} GROUP BY {key} ORDER BY {key} LIMIT {}",
        sums(),
        after.unwrap_or_else(|| "1 = 1".to_owned()),
        limit.saturating_add(1).min(100_000),
    );
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, conditions.values);
    let rows = reads.query_all_raw(statement).await?;
    let mut parts = rows.iter().map(|row| part(by, row)).collect::<Result<Vec<_>, _>>()?;
    let is_more = parts.len() > limit;
    parts.truncate(limit);
    let next = parts.last().filter(|_| is_more).map(|(group, _)| group.place(by));
    Ok(Groups { parts, next })
}

fn key(by: By) -> &'static str {
    match by {
        By::Nothing => "CAST(0 AS BIGINT)",
        By::Account => "counted.account",
        By::Seller => "COALESCE(connection.seller_id, 0)",
        By::Hour => "counted.hour",
        By::Day => "counted.hour / 24",
    }
}

fn sums() -> String {
    let sum = |column: &str| format!("CAST(COALESCE(SUM(counted.{column}), 0) AS BIGINT)");
    ["received", "handled", "duplicate", "ledgered", "pending"].map(sum).join(", ")
}

/// Events by the hours of the span: asked where they are counted, so that no others are.
fn received(conditions: &mut Conditions, span: &Span) -> String {
    let mut parts = vec!["1 = 1".to_owned()];
    let places = [(">=", span.since), ("<", span.until)];
    for (compare, at) in places {
        if let Some(at) = at {
            parts.push(format!("received_at {compare} {}", conditions.place(hour_of(ms(at)) * HOUR_MS)));
        }
    }
    parts.join(" AND ")
}

fn within(conditions: &mut Conditions, span: &Span) -> String {
    let mut parts = vec!["1 = 1".to_owned()];
    let places = [(">=", span.since), ("<", span.until)];
    for (compare, at) in places {
        if let Some(at) = at {
            parts.push(format!("counted.hour {compare} {}", conditions.place(hour_of(ms(at)))));
        }
    }
    if let Some(account) = &span.account {
        parts.push(format!("counted.account = {}", conditions.place(account.as_str())));
    }
    if let Some(seller) = span.seller {
        parts.push(format!("connection.seller_id = {}", conditions.place(seller.0)));
    }
    parts.join(" AND ")
}

/// What comes after a part, by the place that it has.
fn beyond(conditions: &mut Conditions, by: By, after: &str) -> String {
    let place = match by {
        By::Account => conditions.place(after),
        By::Nothing | By::Seller | By::Hour | By::Day => conditions.place(after.parse::<i64>().unwrap_or(i64::MAX)),
    };
    format!("{} > {place}", key(by))
}

fn part(by: By, row: &QueryResult) -> Result<(Group, Equation), StoreError> {
    let number = || row.try_get_by_index::<i64>(0);
    let group = match by {
        By::Nothing => Group::All,
        By::Account => Group::Account(Account::stored(row.try_get_by_index(0)?)),
        By::Seller => Group::Seller(Some(SellerId(number()?)).filter(|seller| seller.0 != 0)),
        By::Hour => Group::From(time(number()?.saturating_mul(HOUR_MS))?),
        By::Day => Group::From(time(number()?.saturating_mul(24 * HOUR_MS))?),
    };
    let equation = Equation {
        received: row.try_get_by_index(1)?,
        handled: row.try_get_by_index(2)?,
        duplicate: row.try_get_by_index(3)?,
        ledgered: row.try_get_by_index(4)?,
        pending: row.try_get_by_index(5)?,
    };
    Ok((group, equation))
}

impl Group {
    /// The place in the order, to go on after.
    fn place(&self, by: By) -> String {
        match self {
            Group::All => String::new(),
            Group::Account(account) => account.to_string(),
            Group::Seller(seller) => seller.map_or(0, |seller| seller.0).to_string(),
            Group::From(begin) if by == By::Day => hour_of(ms(*begin)).div_euclid(24).to_string(),
            Group::From(begin) => hour_of(ms(*begin)).to_string(),
        }
    }
}
