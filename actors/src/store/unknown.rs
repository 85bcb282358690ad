//! Accounts that nobody has connected: how many of their events the ledger keeps, and how many it may.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{intake, unknown_account};
use sea_orm::sea_query::{Expr, ExprTrait, Func, OnConflict, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Statement,
};

use crate::domain::channel::Account;
use crate::domain::ids::EventSeq;

use super::pen::Writing;
use super::rows::{ms, time};
use super::{StoreError, at_most};

/// How many events of nobody's are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Of one account.
    pub of_account: u64,
    /// Of all accounts together.
    pub of_all: u64,
}

impl Room {
    /// As many as come.
    pub const ENDLESS: Room = Room { of_account: u64::MAX, of_all: u64::MAX };
}

/// An account that nobody has connected, and what came for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownAccount {
    /// Which.
    pub account: Account,
    /// How many of its events are in the ledger.
    pub kept: i64,
    /// How many were counted and not kept, for want of room.
    pub not_kept: i64,
    /// When the first of them came.
    pub first_at: DateTime<Utc>,
    /// When the last came, kept or not.
    pub last_at: DateTime<Utc>,
}

/// An event of nobody's that was just put into the inbox.
pub(super) struct Newcomer<'a> {
    pub(super) seq: EventSeq,
    pub(super) account: &'a str,
}

/// What there was no room for.
#[derive(Debug, Default)]
pub(super) struct Surplus {
    pub(super) events: HashSet<EventSeq>,
    /// Accounts that had room before.
    pub(super) full: Vec<Account>,
}

/// Counts newcomers, and takes those out of the inbox again that there is no room for. The last to come go first.
pub(super) async fn make_room(
    tx: &Writing,
    newcomers: &[Newcomer<'_>],
    room: Room,
    now: DateTime<Utc>,
) -> Result<Surplus, StoreError> {
    if newcomers.is_empty() {
        return Ok(Surplus::default());
    }
    let mut came: BTreeMap<&str, i64> = BTreeMap::new();
    for newcomer in newcomers {
        *came.entry(newcomer.account).or_default() += 1;
    }
    let kept = add(tx, &came, now).await?;
    let all = tx.query(&kept_of_all()).await?;
    let all = all.first().map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))?;
    let surplus = surplus(newcomers, kept, all, room);
    if !surplus.events.is_empty() {
        take_out(tx, newcomers, &surplus, now).await?;
    }
    Ok(surplus)
}

fn kept_of_all() -> sea_orm::sea_query::SelectStatement {
    let sum: SimpleExpr = Func::coalesce([Expr::col(unknown_account::Column::Kept).sum(), Expr::val(0)]).into();
    Query::select().expr(sum.cast_as("BIGINT")).from(unknown_account::Entity).to_owned()
}

/// Which are too many, from the last to the first.
fn surplus(newcomers: &[Newcomer<'_>], mut kept: HashMap<String, i64>, mut all: i64, room: Room) -> Surplus {
    let most = |room: u64| i64::try_from(room).unwrap_or(i64::MAX);
    let (of_account, of_all) = (most(room.of_account), most(room.of_all));
    let full = newly_full(newcomers, &kept, all, (of_account, of_all));
    let mut events = HashSet::new();
    for newcomer in newcomers.iter().rev() {
        let Some(kept) = kept.get_mut(newcomer.account) else { continue };
        if *kept > of_account || all > of_all {
            *kept -= 1;
            all -= 1;
            events.insert(newcomer.seq);
        }
    }
    Surplus { events, full }
}

/// Accounts that had room before the newcomers came and have none now.
fn newly_full(
    newcomers: &[Newcomer<'_>],
    kept: &HashMap<String, i64>,
    all: i64,
    (of_account, of_all): (i64, i64),
) -> Vec<Account> {
    let all_full = all >= of_all && all - i64::try_from(newcomers.len()).unwrap_or(i64::MAX) < of_all;
    let came = |account: &str| newcomers.iter().filter(|newcomer| newcomer.account == account).count();
    let is_full = |(account, kept): &(&String, &i64)| {
        all_full || (**kept >= of_account && **kept - i64::try_from(came(account)).unwrap_or(i64::MAX) < of_account)
    };
    kept.iter().filter(is_full).map(|(account, _)| Account::stored(account.clone())).collect()
}

async fn take_out(
    tx: &Writing,
    newcomers: &[Newcomer<'_>],
    surplus: &Surplus,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use entity::inbox_event::{Column::Seq, Entity as InboxEvent};
    let events: Vec<i64> = surplus.events.iter().map(|seq| seq.0).collect();
    for chunk in events.chunks(tx.rows_at_once(1)) {
        tx.execute(&InboxEvent::delete_many().filter(Seq.is_in(chunk.iter().copied())).into_query()).await?;
    }
    let mut gone: BTreeMap<&str, i64> = BTreeMap::new();
    for newcomer in newcomers.iter().filter(|newcomer| surplus.events.contains(&newcomer.seq)) {
        *gone.entry(newcomer.account).or_default() -= 1;
    }
    add(tx, &gone, now).await?;
    Ok(())
}

/// Changes how many events of each account are kept, and answers how many it is then. One statement, in the accounts'
/// order, so that no two writers wait for each other.
pub(super) async fn add(
    tx: &Writing,
    changes: &BTreeMap<&str, i64>,
    now: DateTime<Utc>,
) -> Result<HashMap<String, i64>, StoreError> {
    use unknown_account::Column::{Account, FirstAt, Kept, LastAt};
    let excluded = |column| Expr::col(("excluded", column));
    let there = |column| Expr::col((unknown_account::Entity, column));
    let rows: Vec<unknown_account::ActiveModel> = changes
        .iter()
        .map(|(account, kept)| {
            let (account, at) = ((*account).to_owned(), ms(now));
            unknown_account::Model { account, kept: *kept, first_at: at, last_at: at }.into()
        })
        .collect();
    let mut kept = HashMap::new();
    for chunk in rows.chunks(tx.rows_at_once(4)) {
        let latest = Expr::case(excluded(Kept).gt(0), excluded(LastAt)).finally(there(LastAt));
        // An account that was empty begins anew.
        let first = Expr::case(there(Kept).lte(0).and(excluded(Kept).gt(0)), excluded(FirstAt)).finally(there(FirstAt));
        let values = [(Kept, there(Kept).add(excluded(Kept))), (LastAt, latest.into()), (FirstAt, first.into())];
        let mut statement = unknown_account::Entity::insert_many(chunk.iter().cloned()).into_query();
        statement
            .on_conflict(OnConflict::column(Account).values(values).to_owned())
            .returning(Query::returning().columns([Account, Kept]));
        for row in tx.query(&statement).await? {
            kept.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
    }
    Ok(kept)
}

/// Forgets accounts that are somebody's now, once nothing of theirs is nobody's any more.
pub(super) async fn found_home<'a>(
    tx: &Writing,
    accounts: impl ExactSizeIterator<Item = &'a str>,
) -> Result<(), StoreError> {
    use unknown_account::Column::{Account, Kept};
    if accounts.len() > 0 {
        let gone = unknown_account::Entity::delete_many().filter(Account.is_in(accounts)).filter(Kept.lte(0));
        tx.execute(&gone.into_query()).await?;
    }
    Ok(())
}

/// Forgets accounts of which nothing is kept, and nothing came since `before`.
pub(super) async fn forget(tx: &Writing, before: DateTime<Utc>) -> Result<(), StoreError> {
    use unknown_account::Column::{Kept, LastAt};
    let gone = unknown_account::Entity::delete_many().filter(Kept.lte(0)).filter(LastAt.lt(ms(before)));
    tx.execute(&gone.into_query()).await?;
    Ok(())
}

/// Accounts with events of nobody's in the ledger.
pub async fn with_events(reads: &impl ConnectionTrait) -> Result<Vec<Account>, StoreError> {
    let accounts = unknown_account::Entity::find()
        .select_only()
        .column(unknown_account::Column::Account)
        .filter(unknown_account::Column::Kept.gt(0))
        .order_by_asc(unknown_account::Column::Account)
        .into_tuple::<String>()
        .all(reads)
        .await?;
    Ok(accounts.into_iter().map(Account::stored).collect())
}

/// All accounts that nobody has connected, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct Summary {
    /// How many there are.
    pub accounts: i64,
    /// How many of their events are in the ledger.
    pub kept: i64,
    /// How many events were ever counted and not kept, for want of room.
    pub not_kept: i64,
}

/// Sums them up; see [`accounts`] for which they are.
pub async fn summary(reads: &impl ConnectionTrait) -> Result<Summary, StoreError> {
    let sql = "SELECT COUNT(*) AS accounts, CAST(COALESCE(SUM(kept), 0) AS BIGINT) AS kept, \
               (SELECT CAST(COALESCE(SUM(not_kept), 0) AS BIGINT) FROM intake) AS not_kept \
               FROM unknown_account WHERE kept > 0 AND account NOT LIKE '%:0'";
    let statement = Statement::from_string(reads.get_database_backend(), sql);
    Ok(Summary::find_by_statement(statement).one(reads).await?.unwrap_or_default())
}

/// A page of the accounts that nobody has connected, after this one. What has no account that could be read, and the
/// tests of Meta's dashboard, have the id 0 and are nobody's for ever: they are left out.
pub async fn accounts(
    reads: &impl ConnectionTrait,
    after: &str,
    limit: u64,
) -> Result<Vec<UnknownAccount>, StoreError> {
    use unknown_account::Column;
    let rows = unknown_account::Entity::find()
        .filter(Column::Account.gt(after))
        .filter(Column::Account.not_like("%:0"))
        .order_by_asc(Column::Account)
        .limit(at_most(limit))
        .all(reads)
        .await?;
    let not_kept = not_kept(reads, rows.iter().map(|row| row.account.clone()).collect()).await?;
    let known = |row: unknown_account::Model| {
        Ok(UnknownAccount {
            not_kept: not_kept.get(&row.account).copied().unwrap_or(0),
            account: Account::stored(row.account),
            kept: row.kept,
            first_at: time(row.first_at)?,
            last_at: time(row.last_at)?,
        })
    };
    rows.into_iter().map(known).collect()
}

async fn not_kept(reads: &impl ConnectionTrait, of: Vec<String>) -> Result<HashMap<String, i64>, StoreError> {
    if of.is_empty() {
        return Ok(HashMap::new());
    }
    let sums = intake::Entity::find()
        .select_only()
        .column(intake::Column::Account)
        .column_as(intake::Column::NotKept.sum().cast_as("BIGINT"), "not_kept")
        .filter(intake::Column::Account.is_in(of))
        .group_by(intake::Column::Account)
        .into_tuple::<(String, i64)>()
        .all(reads)
        .await?;
    Ok(sums.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(accounts: &[&str], kept: &[(&str, i64)], all: i64, room: Room) -> Vec<i64> {
        let newcomers: Vec<Newcomer<'_>> =
            accounts.iter().zip(1..).map(|(account, seq)| Newcomer { seq: EventSeq(seq), account }).collect();
        let kept = kept.iter().map(|(account, kept)| ((*account).to_owned(), *kept)).collect();
        let surplus = surplus(&newcomers, kept, all, room);
        newcomers
            .iter()
            .map(|newcomer| newcomer.seq)
            .filter(|seq| !surplus.events.contains(seq))
            .map(|it| it.0)
            .collect()
    }

    #[test]
    fn the_first_to_come_stay_as_far_as_there_is_room() {
        let room = Room { of_account: 3, of_all: 4 };
        assert_eq!(left(&["a", "a", "b"], &[("a", 2), ("b", 1)], 3, room), [1, 2, 3]);
        assert_eq!(left(&["a", "a", "a"], &[("a", 5)], 5, room), [1], "two were there before");
        assert_eq!(left(&["a", "b", "a", "b"], &[("a", 3), ("b", 3)], 6, room), [1, 2]);
        assert_eq!(left(&["a"], &[("a", 9)], 9, room), [0; 0]);
        assert_eq!(left(&["a", "b"], &[("a", 1), ("b", 1)], 2, Room::ENDLESS), [1, 2]);
    }
}
