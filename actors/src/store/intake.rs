//! What the door counted, by account and hour, and what the inbox has let go of since.

use std::collections::BTreeMap;

use entity::intake;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{EntityTrait, QueryTrait};

use super::StoreError;
use super::pen::Writing;

/// What is to be added to an account's hour. May be less than nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) received: i64,
    pub(super) duplicate: i64,
    pub(super) pruned_handled: i64,
    pub(super) pruned_ledgered: i64,
    pub(super) not_kept: i64,
}

/// By account and hour. In this order rows are locked by whoever counts, so that no two wait for each other.
pub(super) type Counted<'a> = BTreeMap<(&'a str, i64), Counts>;

/// The hour of a time in milliseconds.
pub(super) fn hour_of(ms: i64) -> i64 {
    ms.div_euclid(3_600_000)
}

const COLUMNS: usize = 7;

/// Adds all of it.
pub(super) async fn add(tx: &Writing, counted: &Counted<'_>) -> Result<(), StoreError> {
    let rows: Vec<intake::ActiveModel> = counted.iter().map(row).collect();
    for chunk in rows.chunks(tx.rows_at_once(COLUMNS)) {
        tx.execute(intake::Entity::insert_many(chunk.to_vec()).into_query().on_conflict(added_up())).await?;
    }
    Ok(())
}

fn row((&(account, hour), counts): (&(&str, i64), &Counts)) -> intake::ActiveModel {
    let Counts { received, duplicate, pruned_handled, pruned_ledgered, not_kept } = *counts;
    let account = account.to_owned();
    intake::Model { account, hour, received, duplicate, pruned_handled, pruned_ledgered, not_kept }.into()
}

fn added_up() -> OnConflict {
    use intake::Column::{Account, Duplicate, Hour, NotKept, PrunedHandled, PrunedLedgered, Received};
    let sum = |column: intake::Column| {
        let there = Expr::col((intake::Entity, column));
        (column, there.add(Expr::col(("excluded", column))))
    };
    let sums = [Received, Duplicate, PrunedHandled, PrunedLedgered, NotKept].map(sum);
    OnConflict::columns([Account, Hour]).values(sums).to_owned()
}
