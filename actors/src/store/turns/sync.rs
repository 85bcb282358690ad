//! What a turn changes of the catalog sync.

use entity::{catalog, catalog_product, sync_body, sync_call, sync_run};

use crate::domain::sync::changes::{BatchEnd, SyncChanges};
use crate::domain::sync::errand::{Errand, ErrandKind, ErrandState};
use crate::store::rows;

use super::TurnSql;

/// Runs of a seller that are kept, with their batches.
const RUNS_KEPT: i64 = 200;

impl TurnSql {
    pub(super) fn change_sync(&mut self, changes: &SyncChanges) {
        let seller = self.seller;
        self.put::<catalog::Entity>(changes.catalogs.iter().map(|it| rows::catalog_row(seller, it)));
        self.put::<sync_run::Entity>(changes.runs.iter().map(|it| rows::run_row(seller, it)));
        // Of the rest of a batch only those are left that are in it still.
        self.put::<catalog_product::Entity>(changes.items.iter().map(|it| rows::item_row(seller, it)));
        for batch in &changes.batches {
            self.end_batch(batch);
        }
        self.put_errands(&changes.errands);
        if changes.forgets_runs {
            self.forget_runs();
        }
    }

    /// Batches stay for as long as their runs; other calls have said all they have to say once they are over.
    fn put_errands(&mut self, errands: &[Errand]) {
        let seller = self.seller;
        let is_over = |errand: &&Errand| errand.state == ErrandState::Over && errand.kind != ErrandKind::Batch;
        let kept = errands.iter().filter(|errand| !is_over(errand));
        self.put::<sync_call::Entity>(kept.map(|errand| rows::errand_row(seller, errand)));
        let over = errands.iter().filter(is_over).map(|errand| errand.id.0);
        self.remove::<sync_call::Entity>(sync_call::Column::Id, over);
        let bodies = errands.iter().filter_map(|errand| {
            let body = rows::json(errand.ask.as_ref()?).into_bytes();
            Some(sync_body::Model { seller_id: seller.0, call: errand.id.0, body })
        });
        self.put::<sync_body::Entity>(bodies);
        let needs_none = |errand: &&Errand| !matches!(errand.state, ErrandState::Owed | ErrandState::Claimed);
        let needless = errands.iter().filter(needs_none).map(|errand| errand.id.0);
        self.remove::<sync_body::Entity>(sync_body::Column::Call, needless);
    }

    /// The items are known by the call they are in: there may be thousands, and none needs to be read for this.
    fn end_batch(&mut self, batch: &BatchEnd) {
        let sql = end_of_batch(batch.is_taken);
        self.make(sql, [self.seller.0.into(), batch.catalog.0.into(), batch.call.0.into()]);
    }

    fn forget_runs(&mut self) {
        for sql in old_runs() {
            self.make(&sql, [self.seller.0.into()]);
        }
    }
}

/// What becomes of all items of a call.
pub(in crate::store) fn end_of_batch(is_taken: bool) -> &'static str {
    match is_taken {
        true => {
            "UPDATE catalog_product SET batch = NULL, seen = NULL, reason = NULL, review = NULL, \
             item_id = CASE wants WHEN 'put' THEN item_id END, \
             state = CASE wants WHEN 'put' THEN 'accepted' WHEN 'hide' THEN 'hidden' ELSE 'removed' END, \
             accepted = CASE wants WHEN 'put' THEN sent END, offered = CASE wants WHEN 'put' THEN offers END \
             WHERE seller_id = $1 AND catalog = $2 AND batch = $3"
        }
        false => {
            "UPDATE catalog_product SET batch = NULL, state = 'owed' \
             WHERE seller_id = $1 AND catalog = $2 AND batch = $3"
        }
    }
}

/// Forgets runs, and their calls.
pub(in crate::store) fn old_runs() -> [String; 2] {
    let old = format!(
        "(SELECT COALESCE(MIN(id), 0) FROM \
         (SELECT id FROM sync_run WHERE seller_id = $1 ORDER BY id DESC LIMIT {RUNS_KEPT}) AS newest)"
    );
    [
        format!("DELETE FROM sync_call WHERE seller_id = $1 AND ended_at IS NOT NULL AND run < {old}"),
        format!("DELETE FROM sync_run WHERE seller_id = $1 AND ended_at IS NOT NULL AND id < {old}"),
    ]
}
