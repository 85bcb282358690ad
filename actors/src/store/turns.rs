//! Storing a turn: one statement a table, whatever the number of events. The statements are made before the pen is
//! taken, so that others write meanwhile.

mod goods;
pub(super) mod sync;

use chrono::{DateTime, Utc};
use entity::{
    alarm, comment, conversation, customer, customer_alias, hold, lead, loose_end, message, note, order_change,
    order_line, outbox, rate_window, shop_event, shop_order, token_refused,
};
use sea_orm::sea_query::Condition;
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryTrait, Statement, StatementBuilder, Value,
};

use crate::domain::alarm::{AlarmKey, AlarmKind};
use crate::domain::changes::{Changes, Decided};
use crate::domain::channel::Account;
use crate::domain::ids::SellerId;
use crate::domain::order::Order;

use super::insert::{self, Known};
use super::pen::rows_at_once;
use super::rows::{self, OfSeller, ms};
use super::{FencedTx, StoreError, loose_ends};

/// A turn in the words of the database.
pub struct TurnSql {
    backend: DbBackend,
    seller: SellerId,
    /// Each ends so many events.
    outcomes: Vec<(Statement, u64)>,
    others: Vec<Statement>,
}

/// Stores a turn that is not in those words yet.
pub async fn save(tx: &FencedTx, changes: &Changes, now: DateTime<Utc>) -> Result<(), StoreError> {
    TurnSql::new(tx.writing().backend(), tx.seller(), changes, now).save(tx).await
}

impl TurnSql {
    /// Makes the statements, which is all that can be done without the pen.
    pub fn new(backend: DbBackend, seller: SellerId, changes: &Changes, now: DateTime<Utc>) -> Self {
        let mut turn = Self { backend, seller, outcomes: Vec::new(), others: Vec::new() };
        turn.decide(&changes.decided, now);
        turn.put::<customer::Entity>(changes.customers.iter().map(|it| rows::customer_row(seller, it)));
        turn.put::<customer_alias::Entity>(changes.aliases.iter().map(|it| rows::alias_row(seller, it)));
        turn.put::<conversation::Entity>(changes.conversations.iter().map(|it| rows::conversation_row(seller, it)));
        turn.put::<message::Entity>(changes.messages.iter().map(|it| rows::message_row(seller, it)));
        turn.put::<lead::Entity>(changes.leads.iter().map(|it| rows::lead_row(seller, it)));
        turn.put_orders(&changes.orders);
        turn.add::<order_change::Entity>(changes.order_changes.iter().map(|it| rows::change_row(seller, it)));
        turn.put::<outbox::Entity>(changes.outbox.iter().map(|it| rows::owed_row(seller, it)));
        turn.change_goods(changes, now);
        if let Some(changes) = &changes.sync {
            turn.change_sync(changes);
        }
        turn.put::<rate_window::Entity>(changes.spent.iter().map(|it| rows::spent_row(seller, it)));
        turn.put::<hold::Entity>(changes.holds.iter().map(|it| rows::hold_row(seller, it)));
        turn.put::<token_refused::Entity>(changes.tokens_refused.iter().map(|it| rows::refused_row(seller, it)));
        turn.add::<comment::Entity>(changes.comments.iter().map(|it| rows::comment_row(seller, it)));
        turn.others.extend(loose_ends::removal(backend, seller, &changes.loose_ends_over));
        turn.put::<loose_end::Entity>(changes.loose_ends.iter().map(|it| rows::loose_end_row(seller, it)));
        turn.remove::<note::Entity>(note::Column::Id, changes.notes_over.iter().map(|note| note.0));
        turn.add::<note::Entity>(changes.notes.iter().map(|it| rows::note_row(seller, it)));
        turn.add::<shop_event::Entity>(changes.events.iter().map(|it| rows::shop_event_row(seller, it)));
        turn.unsay(&changes.unsaid);
        turn.end_alarms(&changes.alarms_over);
        turn.put::<alarm::Entity>(changes.alarms.iter().map(|it| rows::alarm_row(seller, it)));
        turn
    }

    /// Stores all of it. [`StoreError::Decided`] when an event was not pending any more: the transaction can then only
    /// be dropped.
    pub async fn save(self, tx: &FencedTx) -> Result<(), StoreError> {
        let tx = tx.writing();
        // The inbox first: when its events were decided by somebody else, nothing more needs to be tried.
        for (statement, events) in self.outcomes {
            if tx.make(statement).await? != events {
                tx.spoil();
                return Err(StoreError::Decided);
            }
        }
        for statement in self.others {
            tx.make(statement).await?;
        }
        Ok(())
    }

    fn put_orders(&mut self, orders: &[Order]) {
        let seller = self.seller;
        self.put::<shop_order::Entity>(orders.iter().map(|order| rows::order_row(seller, order)));
        self.remove::<order_line::Entity>(order_line::Column::OrderId, orders.iter().map(|order| order.id.0));
        self.add::<order_line::Entity>(orders.iter().flat_map(|order| rows::line_rows(seller, order)));
    }

    /// Makes rows be as given, new or not.
    fn put<E: EntityTrait>(&mut self, rows: impl Iterator<Item: IntoActiveModel<E::ActiveModel>>) {
        self.insert::<E>(rows, Known::Replaced);
    }

    /// Adds rows that are new.
    fn add<E: EntityTrait>(&mut self, rows: impl Iterator<Item: IntoActiveModel<E::ActiveModel>>) {
        self.insert::<E>(rows, Known::Refused);
    }

    fn insert<E: EntityTrait>(&mut self, rows: impl Iterator<Item: IntoActiveModel<E::ActiveModel>>, known: Known<'_>) {
        let rows = rows.map(IntoActiveModel::into_active_model).collect();
        self.others.extend(insert::statements::<E>(self.backend, rows, known));
    }

    /// Removes the seller's rows that have one of these values.
    fn remove<E: OfSeller>(&mut self, column: E::Column, values: impl Iterator<Item: Into<Value>>) {
        let values: Vec<Value> = values.map(Into::into).collect();
        // One value less: the seller is one too.
        for chunk in values.chunks(rows_at_once(self.backend, 1) - 1) {
            let these = column.is_in(chunk.iter().cloned());
            let statement = E::delete_many().filter(E::SELLER.eq(self.seller.0)).filter(these).into_query();
            self.others.push(StatementBuilder::build(&statement, &self.backend));
        }
    }

    /// Lets go of the bytes of events that have ended. One that is in the ledger keeps them: it may be put back to work.
    fn unsay(&mut self, events: &[(Account, String)]) {
        // The seller is a value, too.
        for chunk in events.chunks(rows_at_once(self.backend, 2) - 1) {
            let rows: Vec<String> = (0..chunk.len()).map(|n| format!("(${}, ${})", 2 + 2 * n, 3 + 2 * n)).collect();
            let sql = format!(
                "UPDATE inbox_event SET raw = '' WHERE (account, key) IN (VALUES {}) AND +seller_id = $1 \
                 AND source = 'meta' AND state IN ('handled', 'duplicate')",
                rows.join(", ")
            );
            let names = chunk.iter().flat_map(|(account, key)| [account.as_str().into(), key.as_str().into()]);
            self.make(&sql, [self.seller.0.into()].into_iter().chain(names));
        }
    }

    fn make(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.others.push(Statement::from_sql_and_values(self.backend, sql, values));
    }

    fn end_alarms(&mut self, over: &[AlarmKey]) {
        if over.is_empty() {
            return;
        }
        let subjects = |kind: AlarmKind| over.iter().filter(move |key| key.kind == kind).map(|key| key.subject);
        let these = AlarmKind::ALL.into_iter().fold(Condition::any(), |any, kind| {
            let of_kind = alarm::Column::Kind.eq(kind.name());
            any.add(Condition::all().add(of_kind).add(alarm::Column::Subject.is_in(subjects(kind))))
        });
        let of_seller = alarm::Entity::delete_many().filter(alarm::Column::SellerId.eq(self.seller.0));
        self.others.push(StatementBuilder::build(&of_seller.filter(these).into_query(), &self.backend));
    }

    /// Ends events that are pending still. The guard is what makes one message one order, whoever believes to be the
    /// actor.
    fn decide(&mut self, decided: &[Decided], now: DateTime<Utc>) {
        for chunk in decided.chunks(rows_at_once(self.backend, OUTCOME_VALUES) - 1) {
            let (what, values) = if all_alike(chunk) { end_alike(chunk) } else { end_each(chunk) };
            let sql = format!("UPDATE{} inbox_event SET {what} {GUARD}", insert::or_fail(self.backend));
            let values: Vec<Value> = [ms(now).into(), self.seller.0.into()].into_iter().chain(values).collect();
            let statement = Statement::from_sql_and_values(self.backend, sql, values);
            self.outcomes.push((statement, chunk.len() as u64));
        }
    }
}

/// Four values an event, three for all of them.
const OUTCOME_VALUES: usize = 4;

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
    let sql =
        format!("state = $3, reason = $4, decided_at = $1 WHERE seq IN ({}) AND +seller_id = $2", places.join(", "));
    (sql, values)
}

fn end_each(decided: &[Decided]) -> (String, Vec<Value>) {
    let sql = format!(
        "state = o.column2, reason = o.column3, answer = o.column4, decided_at = $1 \
         FROM (VALUES {}) AS o WHERE inbox_event.seq = o.column1 AND inbox_event.seller_id = $2",
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
