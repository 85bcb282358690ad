//! What a turn changes of the catalog sync.

use entity::{catalog, catalog_product, sync_body, sync_call, sync_run};
use sea_orm::Value;

use crate::domain::ids::SellerId;
use crate::domain::sync::changes::{BatchEnd, SyncChanges};
use crate::domain::sync::errand::{Errand, ErrandKind, ErrandState};
use crate::store::StoreError;
use crate::store::pen::Writing;
use crate::store::rows;

use super::{put, remove};

/// Runs of a seller that are kept, with their batches.
const RUNS_KEPT: i64 = 200;

pub(super) async fn save(tx: &Writing, seller: SellerId, changes: &SyncChanges) -> Result<(), StoreError> {
    put::<catalog::Entity>(tx, changes.catalogs.iter().map(|it| rows::catalog_row(seller, it))).await?;
    put::<sync_run::Entity>(tx, changes.runs.iter().map(|it| rows::run_row(seller, it))).await?;
    // Of the rest of a batch only those are left that are in it still.
    put::<catalog_product::Entity>(tx, changes.items.iter().map(|it| rows::item_row(seller, it))).await?;
    for batch in &changes.batches {
        end_batch(tx, seller, batch).await?;
    }
    save_errands(tx, seller, &changes.errands).await?;
    match changes.forgets_runs {
        true => forget_runs(tx, seller).await,
        false => Ok(()),
    }
}

/// Batches stay for as long as their runs; other calls have said all they have to say once they are over.
async fn save_errands(tx: &Writing, seller: SellerId, errands: &[Errand]) -> Result<(), StoreError> {
    let is_over = |errand: &&Errand| errand.state == ErrandState::Over && errand.kind != ErrandKind::Batch;
    let over: Vec<Value> = errands.iter().filter(is_over).map(|errand| errand.id.0.into()).collect();
    let kept = errands.iter().filter(|errand| !is_over(errand));
    put::<sync_call::Entity>(tx, kept.map(|errand| rows::errand_row(seller, errand))).await?;
    remove::<sync_call::Entity>(tx, seller, sync_call::Column::Id, over).await?;
    let bodies = errands.iter().filter_map(|errand| Some((errand.id, errand.ask.as_ref()?)));
    let bodies: Vec<sync_body::Model> = bodies
        .map(|(id, ask)| sync_body::Model { seller_id: seller.0, call: id.0, body: rows::json(ask).into_bytes() })
        .collect();
    put::<sync_body::Entity>(tx, bodies.into_iter()).await?;
    let needs_none = |errand: &&Errand| !matches!(errand.state, ErrandState::Owed | ErrandState::Claimed);
    let needless = errands.iter().filter(needs_none).map(|errand| errand.id.0.into()).collect();
    remove::<sync_body::Entity>(tx, seller, sync_body::Column::Call, needless).await
}

/// The items are known by the call they are in: there may be thousands, and none needs to be read for this.
async fn end_batch(tx: &Writing, seller: SellerId, batch: &BatchEnd) -> Result<(), StoreError> {
    let sql = match batch.is_taken {
        true => {
            "UPDATE catalog_product SET batch = NULL, seen = NULL, reason = NULL, review = NULL, \
             state = CASE wants WHEN 'put' THEN 'accepted' WHEN 'hide' THEN 'hidden' ELSE 'removed' END, \
             accepted = CASE wants WHEN 'put' THEN sent END, offered = CASE wants WHEN 'put' THEN offers END \
             WHERE seller_id = $1 AND catalog = $2 AND batch = $3"
        }
        false => {
            "UPDATE catalog_product SET batch = NULL, state = 'owed' WHERE seller_id = $1 AND catalog = $2 AND batch = $3"
        }
    };
    tx.execute_sql(sql, vec![seller.0.into(), batch.catalog.0.into(), batch.call.0.into()]).await?;
    Ok(())
}

async fn forget_runs(tx: &Writing, seller: SellerId) -> Result<(), StoreError> {
    let old = format!(
        "(SELECT COALESCE(MIN(id), 0) FROM \
         (SELECT id FROM sync_run WHERE seller_id = $1 ORDER BY id DESC LIMIT {RUNS_KEPT}) AS newest)"
    );
    for sql in [
        format!("DELETE FROM sync_call WHERE seller_id = $1 AND ended_at IS NOT NULL AND run < {old}"),
        format!("DELETE FROM sync_run WHERE seller_id = $1 AND ended_at IS NOT NULL AND id < {old}"),
    ] {
        tx.execute_sql(&sql, vec![seller.0.into()]).await?;
    }
    Ok(())
}
