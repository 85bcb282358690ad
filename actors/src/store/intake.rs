//! What the door counted, by account and hour, and what the inbox has let go of since.

use std::collections::BTreeMap;

use entity::intake;
use sea_orm::ActiveValue::{NotSet, Set};

use super::StoreError;
use super::insert::{self, Known};
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

/// Adds all of it.
pub(super) async fn add(tx: &Writing, counted: &Counted<'_>) -> Result<(), StoreError> {
    let is_let_go = |counts: &Counts| Counts { received: 0, duplicate: 0, ..*counts } != Counts::default();
    // Nearly always something came in and nothing was let go of.
    let all = counted.values().any(is_let_go);
    insert::rows::<intake::Entity>(tx, counted.iter().map(|it| row(it, all)).collect(), Known::AddedUp).await
}

/// All columns, or those of what came in.
fn row((&(account, hour), counts): (&(&str, i64), &Counts), all: bool) -> intake::ActiveModel {
    let Counts { received, duplicate, pruned_handled, pruned_ledgered, not_kept } = *counts;
    let set = |count: i64| if all { Set(count) } else { NotSet };
    intake::ActiveModel {
        account: Set(account.to_owned()),
        hour: Set(hour),
        received: Set(received),
        duplicate: Set(duplicate),
        pruned_handled: set(pruned_handled),
        pruned_ledgered: set(pruned_ledgered),
        not_kept: set(not_kept),
    }
}
