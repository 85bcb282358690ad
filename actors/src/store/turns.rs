//! Storing a turn: one statement a table, whatever the number of events.

mod goods;
mod sync;

use chrono::{DateTime, Utc};
use entity::{
    alarm, comment, conversation, customer, customer_alias, hold, lead, loose_end, message, note, order_change,
    order_line, outbox, rate_window, shop_event, shop_order, token_refused,
};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryTrait, Value};

use crate::domain::alarm::{AlarmKey, AlarmKind};
use crate::domain::changes::{Changes, Decided};
use crate::domain::channel::Account;
use crate::domain::ids::SellerId;
use crate::domain::order::Order;

use super::insert::{self, Known};
use super::pen::Writing;
use super::rows::{self, OfSeller, ms};
use super::{FencedTx, StoreError, loose_ends};

/// Stores all of it. [`StoreError::Decided`] when an event was not pending any more: the transaction can then only be
/// dropped.
pub async fn save(tx: &FencedTx, changes: &Changes, now: DateTime<Utc>) -> Result<(), StoreError> {
    let (tx, seller) = (tx.writing(), tx.seller());
    // The inbox first: when its events were decided by somebody else, nothing more needs to be tried.
    decide(tx, seller, &changes.decided, now).await?;
    put::<customer::Entity>(tx, changes.customers.iter().map(|it| rows::customer_row(seller, it))).await?;
    put::<customer_alias::Entity>(tx, changes.aliases.iter().map(|it| rows::alias_row(seller, it))).await?;
    put::<conversation::Entity>(tx, changes.conversations.iter().map(|it| rows::conversation_row(seller, it))).await?;
    put::<message::Entity>(tx, changes.messages.iter().map(|it| rows::message_row(seller, it))).await?;
    put::<lead::Entity>(tx, changes.leads.iter().map(|it| rows::lead_row(seller, it))).await?;
    put_orders(tx, seller, &changes.orders).await?;
    add::<order_change::Entity>(tx, changes.order_changes.iter().map(|it| rows::change_row(seller, it))).await?;
    put::<outbox::Entity>(tx, changes.outbox.iter().map(|it| rows::owed_row(seller, it))).await?;
    goods::save(tx, seller, changes, now).await?;
    if let Some(changes) = &changes.sync {
        sync::save(tx, seller, changes).await?;
    }
    put::<rate_window::Entity>(tx, changes.spent.iter().map(|it| rows::spent_row(seller, it))).await?;
    put::<hold::Entity>(tx, changes.holds.iter().map(|it| rows::hold_row(seller, it))).await?;
    put::<token_refused::Entity>(tx, changes.tokens_refused.iter().map(|it| rows::refused_row(seller, it))).await?;
    add::<comment::Entity>(tx, changes.comments.iter().map(|it| rows::comment_row(seller, it).into())).await?;
    loose_ends::remove(tx, seller, &changes.loose_ends_over).await?;
    put::<loose_end::Entity>(tx, changes.loose_ends.iter().map(|it| rows::loose_end_row(seller, it))).await?;
    let notes_over = changes.notes_over.iter().map(|note| Value::from(note.0)).collect();
    remove::<note::Entity>(tx, seller, note::Column::Id, notes_over).await?;
    add::<note::Entity>(tx, changes.notes.iter().map(|it| rows::note_row(seller, it).into())).await?;
    add::<shop_event::Entity>(tx, changes.events.iter().map(|it| rows::shop_event_row(seller, it))).await?;
    unsay(tx, seller, &changes.unsaid).await?;
    end_alarms(tx, seller, &changes.alarms_over).await?;
    put::<alarm::Entity>(tx, changes.alarms.iter().map(|it| rows::alarm_row(seller, it))).await
}

async fn put_orders(tx: &Writing, seller: SellerId, orders: &[Order]) -> Result<(), StoreError> {
    put::<shop_order::Entity>(tx, orders.iter().map(|order| rows::order_row(seller, order))).await?;
    let ids = orders.iter().map(|order| Value::from(order.id.0)).collect();
    remove::<order_line::Entity>(tx, seller, order_line::Column::OrderId, ids).await?;
    let lines = orders.iter().flat_map(|order| rows::line_rows(seller, order));
    add::<order_line::Entity>(tx, lines.map(IntoActiveModel::into_active_model)).await
}

/// Makes rows be as given, new or not.
async fn put<E>(tx: &Writing, rows: impl Iterator<Item = E::Model>) -> Result<(), StoreError>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    insert::rows::<E>(tx, rows.map(IntoActiveModel::into_active_model).collect(), Known::Replaced).await
}

/// Adds rows that are new.
async fn add<E: EntityTrait>(tx: &Writing, rows: impl Iterator<Item = E::ActiveModel>) -> Result<(), StoreError> {
    insert::rows::<E>(tx, rows.collect(), Known::Refused).await
}

/// Removes a seller's rows that have one of these values.
async fn remove<E: OfSeller>(
    tx: &Writing,
    seller: SellerId,
    column: E::Column,
    values: Vec<Value>,
) -> Result<(), StoreError> {
    // One value less: the seller is one too.
    for chunk in values.chunks(tx.rows_at_once(1) - 1) {
        let these = column.is_in(chunk.iter().cloned());
        let statement = E::delete_many().filter(E::SELLER.eq(seller.0)).filter(these).into_query();
        tx.execute(&statement).await?;
    }
    Ok(())
}

/// Lets go of the bytes of events that have ended. One that is in the ledger keeps them: it may be put back to work.
async fn unsay(tx: &Writing, seller: SellerId, events: &[(Account, String)]) -> Result<(), StoreError> {
    // The seller is a value, too.
    for chunk in events.chunks(tx.rows_at_once(2) - 1) {
        let rows: Vec<String> = (0..chunk.len()).map(|n| format!("(${}, ${})", 2 + 2 * n, 3 + 2 * n)).collect();
        let sql = format!(
            "UPDATE inbox_event SET raw = '' WHERE (account, key) IN (VALUES {}) AND +seller_id = $1 \
             AND source = 'meta' AND state IN ('handled', 'duplicate')",
            rows.join(", ")
        );
        let names = chunk.iter().flat_map(|(account, key)| [account.as_str().into(), key.as_str().into()]);
        tx.execute_sql(&sql, [seller.0.into()].into_iter().chain(names).collect::<Vec<Value>>()).await?;
    }
    Ok(())
}

async fn end_alarms(tx: &Writing, seller: SellerId, over: &[AlarmKey]) -> Result<(), StoreError> {
    if over.is_empty() {
        return Ok(());
    }
    let subjects = |kind: AlarmKind| over.iter().filter(move |key| key.kind == kind).map(|key| key.subject);
    let these = AlarmKind::ALL.into_iter().fold(Condition::any(), |any, kind| {
        let of_kind = alarm::Column::Kind.eq(kind.name());
        any.add(Condition::all().add(of_kind).add(alarm::Column::Subject.is_in(subjects(kind))))
    });
    let statement =
        alarm::Entity::delete_many().filter(alarm::Column::SellerId.eq(seller.0)).filter(these).into_query();
    tx.execute(&statement).await?;
    Ok(())
}

/// Four values an event, three for all of them.
const OUTCOME_VALUES: usize = 4;

/// Ends events that are pending still. The guard is what makes one message one order, whoever believes to be the actor.
async fn decide(tx: &Writing, seller: SellerId, decided: &[Decided], now: DateTime<Utc>) -> Result<(), StoreError> {
    for chunk in decided.chunks(tx.rows_at_once(OUTCOME_VALUES) - 1) {
        let (sql, values) = if all_alike(chunk) { end_alike(chunk) } else { end_each(chunk) };
        let values = [ms(now).into(), seller.0.into()].into_iter().chain(values).collect();
        if tx.execute_sql(&sql, values).await? != chunk.len() as u64 {
            tx.spoil();
            return Err(StoreError::Decided);
        }
    }
    Ok(())
}

/// The guard, unless the prover asks for the bug.
const GUARD: &str = if cfg!(hawker_mutant = "no_pending_guard") { "" } else { "AND inbox_event.state = 'pending'" };

fn all_alike(decided: &[Decided]) -> bool {
    let first = decided.first().map(|first| first.outcome);
    decided.iter().all(|decided| Some(decided.outcome) == first && decided.answer.is_none())
}

/// Nearly every turn: one outcome for a list of places, which costs the database a third less than a table of outcomes.
fn end_alike(decided: &[Decided]) -> (String, Vec<Value>) {
    let [_, outcome, reason, _] = outcome_values(&decided[0]);
    let values = [outcome, reason].into_iter().chain(decided.iter().map(|decided| decided.event.0.into())).collect();
    let places: Vec<String> = (5..5 + decided.len()).map(|place| format!("${place}")).collect();
    // The plus keeps SQLite from walking through all that the seller has pending to find these.
    let sql = format!(
        "UPDATE inbox_event SET state = $3, reason = $4, decided_at = $1 \
         WHERE seq IN ({}) AND +seller_id = $2 {GUARD}",
        places.join(", ")
    );
    (sql, values)
}

fn end_each(decided: &[Decided]) -> (String, Vec<Value>) {
    let sql = format!(
        "UPDATE inbox_event SET state = o.column2, reason = o.column3, answer = o.column4, decided_at = $1 \
         FROM (VALUES {}) AS o WHERE inbox_event.seq = o.column1 AND inbox_event.seller_id = $2 {GUARD}",
        outcome_places(decided.len()),
    );
    (sql, decided.iter().flat_map(outcome_values).collect())
}

fn outcome_values(decided: &Decided) -> [Value; OUTCOME_VALUES] {
    let reason = decided.outcome.reason().map(|reason| reason.code().to_owned());
    let answer = decided.answer.as_ref().map(ToString::to_string);
    [decided.event.0.into(), decided.outcome.name().into(), reason.into(), answer.into()]
}

/// `($3, $4, $5, $6), ($7, ...`
fn outcome_places(events: usize) -> String {
    let row = |first: usize| format!("(${}, ${}, ${}, ${})", first, first + 1, first + 2, first + 3);
    let rows: Vec<String> = (0..events).map(|n| row(3 + n * OUTCOME_VALUES)).collect();
    rows.join(", ")
}
