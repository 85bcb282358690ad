//! Catalogs, their items, runs and calls as rows.

use chrono::TimeDelta;
use entity::{catalog as catalogs, catalog_product, sync_call, sync_run};

use crate::domain::ids::{CatalogId, ConnectionId, OutboxId, RunId, SellerId};
use crate::domain::sync::catalog::{CatalogLife, MetaCatalog};
use crate::domain::sync::errand::{Errand, ErrandKind, ErrandState};
use crate::domain::sync::item::Review;
use crate::domain::sync::known::{ItemState, KnownItem, Prints, Wants};
use crate::domain::sync::run::{Phase, RunKind, RunStatus, SyncRun};
use crate::store::StoreError;

use super::{from_json, json, maybe_time, ms, named, time};

pub(in crate::store) fn catalog_row(seller: SellerId, catalog: &MetaCatalog) -> catalogs::Model {
    catalogs::Model {
        seller_id: seller.0,
        id: catalog.id.0,
        meta_id: catalog.meta_id.clone(),
        connection_id: catalog.connection.0,
        settings: json(&catalog.settings),
        standing: catalog.life.name().to_owned(),
        name: catalog.name.clone(),
        products: catalog.products,
        looked_at: catalog.looked_at.map(ms),
        error: catalog.error.clone(),
        looked_through: catalog.looked_through,
        review_wait: catalog.review_wait.num_seconds(),
        is_current: catalog.is_current,
    }
}

pub(in crate::store) fn catalog(row: catalogs::Model) -> Result<MetaCatalog, StoreError> {
    Ok(MetaCatalog {
        id: CatalogId(row.id),
        meta_id: row.meta_id,
        connection: ConnectionId(row.connection_id),
        settings: from_json("settings of a catalog", &row.settings)?,
        life: named("standing of a catalog", &row.standing, CatalogLife::named)?,
        name: row.name,
        products: row.products,
        looked_at: maybe_time(row.looked_at)?,
        error: row.error,
        looked_through: row.looked_through,
        review_wait: TimeDelta::try_seconds(row.review_wait).unwrap_or_default(),
        is_current: row.is_current,
    })
}

pub(in crate::store) fn item_row(seller: SellerId, (catalog, item): &(CatalogId, KnownItem)) -> catalog_product::Model {
    catalog_product::Model {
        seller_id: seller.0,
        catalog: catalog.0,
        retailer_id: item.retailer_id.clone(),
        product: item.product.clone(),
        item_id: item.item_id.clone(),
        state: item.state.name().to_owned(),
        rank: i32::from(!item.is_urgent),
        wants: item.wants.name().to_owned(),
        batch: item.batch.map(|batch| batch.0),
        accepted: item.accepted.map(|prints| prints.whole),
        offered: item.accepted.map(|prints| prints.offer),
        sent: item.sent.map(|prints| prints.whole),
        offers: item.sent.map(|prints| prints.offer),
        expected: item.expected,
        seen: item.seen,
        seen_at: ms(item.seen_at),
        mended: item.mended,
        reason: item.reason.as_deref().map(without_nul),
        review: item.review.map(|review| review.name().to_owned()),
        can_be_tagged: item.can_be_tagged,
        is_in_shop: item.is_in_shop,
        changed_at: ms(item.changed_at),
    }
}

pub(in crate::store) fn item(row: catalog_product::Model) -> Result<KnownItem, StoreError> {
    let prints =
        |whole: Option<i64>, offer: Option<i64>| whole.map(|whole| Prints { whole, offer: offer.unwrap_or_default() });
    Ok(KnownItem {
        retailer_id: row.retailer_id,
        product: row.product,
        item_id: row.item_id,
        state: named("state of an item", &row.state, ItemState::named)?,
        is_urgent: row.rank == 0,
        wants: named("what an item wants", &row.wants, Wants::named)?,
        batch: row.batch.map(OutboxId),
        accepted: prints(row.accepted, row.offered),
        sent: prints(row.sent, row.offers),
        expected: row.expected,
        seen: row.seen,
        seen_at: time(row.seen_at)?,
        mended: row.mended,
        reason: row.reason,
        review: row.review.map(|word| named("review", &word, Review::named)).transpose()?,
        can_be_tagged: row.can_be_tagged,
        is_in_shop: row.is_in_shop,
        changed_at: time(row.changed_at)?,
    })
}

pub(in crate::store) fn run_row(seller: SellerId, run: &SyncRun) -> sync_run::Model {
    sync_run::Model {
        seller_id: seller.0,
        id: run.id.0,
        catalog: run.catalog.0,
        kind: run.kind.name().to_owned(),
        asked_by: run.by.clone(),
        status: run.status.name().to_owned(),
        phase: run.phase.name().to_owned(),
        cursor: without_nul(&json(&run.cursor)),
        through: run.through,
        counts: json(&run.counts),
        refusals: json(&run.refusals),
        pause: run.pause.as_ref().map(json),
        pauses: json(&run.pauses),
        failure: run.failure.as_ref().map(json),
        started_at: ms(run.started_at),
        ended_at: run.ended_at.map(ms),
    }
}

pub(in crate::store) fn run(row: sync_run::Model) -> Result<SyncRun, StoreError> {
    Ok(SyncRun {
        id: RunId(row.id),
        catalog: CatalogId(row.catalog),
        kind: named("kind of a run", &row.kind, RunKind::named)?,
        by: row.asked_by,
        status: named("status of a run", &row.status, RunStatus::named)?,
        phase: named("phase of a run", &row.phase, Phase::named)?,
        cursor: from_json("cursor", &row.cursor)?,
        through: row.through,
        counts: from_json("counts", &row.counts)?,
        refusals: from_json("refusals", &row.refusals)?,
        pause: row.pause.map(|text| from_json("pause", &text)).transpose()?,
        pauses: from_json("pauses", &row.pauses)?,
        failure: row.failure.map(|text| from_json("failure", &text)).transpose()?,
        started_at: time(row.started_at)?,
        ended_at: maybe_time(row.ended_at)?,
    })
}

pub(in crate::store) fn errand_row(seller: SellerId, errand: &Errand) -> sync_call::Model {
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    sync_call::Model {
        seller_id: seller.0,
        id: errand.id.0,
        catalog: errand.catalog.0,
        run: errand.run.map(|run| run.0),
        kind: errand.kind.name().to_owned(),
        subject: errand.subject.clone(),
        state: errand.state.name().to_owned(),
        items: number(errand.items),
        removes: number(errand.removes),
        attempts: errand.attempts,
        held: errand.held,
        tries: number(errand.tries),
        claimed_at: errand.claimed_at.map(ms),
        claimed_by: errand.claimed_by,
        not_before: ms(errand.not_before),
        give_up_at: errand.give_up_at.map(ms),
        handle: errand.handle.as_deref().map(without_nul),
        outcome: errand.outcome.as_deref().map(without_nul),
        made_at: ms(errand.made_at),
        ended_at: errand.ended_at.map(ms),
    }
}

pub(in crate::store) fn errand(row: sync_call::Model) -> Result<Errand, StoreError> {
    let number = |number: i32| u32::try_from(number).unwrap_or(0);
    Ok(Errand {
        id: OutboxId(row.id),
        catalog: CatalogId(row.catalog),
        run: row.run.map(RunId),
        kind: named("kind of a call", &row.kind, ErrandKind::named)?,
        subject: row.subject,
        ask: None,
        state: named("state of a call", &row.state, ErrandState::named)?,
        items: number(row.items),
        removes: number(row.removes),
        attempts: row.attempts,
        held: row.held,
        tries: number(row.tries),
        claimed_at: maybe_time(row.claimed_at)?,
        claimed_by: row.claimed_by,
        not_before: time(row.not_before)?,
        give_up_at: maybe_time(row.give_up_at)?,
        handle: row.handle,
        outcome: row.outcome,
        made_at: time(row.made_at)?,
        ended_at: maybe_time(row.ended_at)?,
    })
}

/// Meta's own words may hold anything; PostgreSQL refuses NUL in a text.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}
