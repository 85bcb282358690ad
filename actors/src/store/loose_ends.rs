//! What was told of messages that have not come: all of a seller's is read when the seller is loaded, and kept in
//! memory from then on, so that no message has to ask for it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::loose_end;
use sea_orm::sea_query::Condition;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryTrait, Statement, StatementBuilder,
};

use crate::domain::channel::Account;
use crate::domain::ids::SellerId;
use crate::domain::told::LooseEnd;

use super::StoreError;
use super::pen::{Writing, rows_at_once};
use super::rows::{self, OfSeller, ms};

/// All that a seller has.
pub async fn of_seller(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Vec<LooseEnd>, StoreError> {
    let rows = loose_end::Entity::of_seller(seller).all(reads).await?;
    rows.into_iter().map(rows::loose_end).collect()
}

/// Removes those whose message will not come any more.
pub(super) async fn remove_old(tx: &Writing, seller: SellerId, now: DateTime<Utc>) -> Result<(), StoreError> {
    let is_old = loose_end::Column::KeptAt.lte(ms(now - LooseEnd::KEPT));
    let statement =
        loose_end::Entity::delete_many().filter(loose_end::Column::SellerId.eq(seller.0)).filter(is_old).into_query();
    tx.execute(&statement).await?;
    Ok(())
}

/// The statements that remove these.
pub(super) fn removal(
    backend: DbBackend,
    seller: SellerId,
    over: &[(Account, String)],
) -> impl Iterator<Item = Statement> {
    // An account for each mid at worst, and the seller.
    over.chunks(rows_at_once(backend, 2) - 1).map(move |chunk| {
        let mut of_account: BTreeMap<&Account, Vec<&str>> = BTreeMap::new();
        for (account, mid) in chunk {
            of_account.entry(account).or_default().push(mid);
        }
        let these = of_account.into_iter().fold(Condition::any(), |any, (account, mids)| {
            let on = loose_end::Column::Account.eq(account.as_str());
            any.add(Condition::all().add(on).add(loose_end::Column::Mid.is_in(mids)))
        });
        let of_seller = loose_end::Entity::delete_many().filter(loose_end::Column::SellerId.eq(seller.0));
        StatementBuilder::build(&of_seller.filter(these).into_query(), &backend)
    })
}
