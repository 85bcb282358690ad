//! The ledger: what came in against what became of it, and the events that are kept with a reason: found, put back to
//! work, let go of.

mod find;
mod prune;
mod put_back;
mod select;
mod spans;

use entity::inbox_event;
use schemars::JsonSchema;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use serde::Serialize;

use super::{LEDGERED, StoreError};

pub use find::{Found, FoundEvent, Order, Whole, event, events};
pub use prune::{Keep, Pruned, Round, prune};
pub use put_back::{Candidate, PutBack, Waiting, candidates, put_back, waiting};
pub use select::{Selection, State};
pub use spans::{By, Group, Groups, Span, groups};

/// `received = handled + duplicate + ledgered + pending`, over everything Meta sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, FromQueryResult, JsonSchema)]
pub struct Equation {
    /// What the door counted.
    pub received: i64,
    /// What did what it was to do.
    pub handled: i64,
    /// What said again what was known.
    pub duplicate: i64,
    /// What is kept with a reason.
    pub ledgered: i64,
    /// What waits.
    pub pending: i64,
}

impl Equation {
    /// True when nothing is lost and nothing is made up.
    pub fn holds(&self) -> bool {
        self.received == self.handled + self.duplicate + self.ledgered + self.pending
    }
}

/// One statement, so one snapshot. Duplicates are those refused at the door and those an actor recognised.
const EQUATION: &str = "
SELECT CAST(i.received AS BIGINT) AS received,
       CAST(e.handled + i.pruned_handled AS BIGINT) AS handled,
       CAST(e.duplicate + i.duplicate AS BIGINT) AS duplicate,
       CAST(e.ledgered + i.pruned_ledgered AS BIGINT) AS ledgered,
       CAST(e.pending AS BIGINT) AS pending
FROM (SELECT COALESCE(SUM(received), 0) AS received,
             COALESCE(SUM(duplicate), 0) AS duplicate,
             COALESCE(SUM(pruned_handled), 0) AS pruned_handled,
             COALESCE(SUM(pruned_ledgered), 0) AS pruned_ledgered
      FROM intake) AS i
CROSS JOIN (SELECT COUNT(CASE WHEN state = 'handled' THEN 1 END) AS handled,
                   COUNT(CASE WHEN state = 'duplicate' THEN 1 END) AS duplicate,
                   COUNT(CASE WHEN state = 'ledgered' THEN 1 END) AS ledgered,
                   COUNT(CASE WHEN state = 'pending' THEN 1 END) AS pending
            FROM inbox_event WHERE source = 'meta') AS e";

/// Reads it, in one snapshot.
pub async fn equation(reads: &impl ConnectionTrait) -> Result<Equation, StoreError> {
    let statement = Statement::from_string(reads.get_database_backend(), EQUATION);
    Ok(Equation::find_by_statement(statement).one(reads).await?.unwrap_or_default())
}

/// How many events are ledgered, by reason code.
pub async fn by_reason(reads: &impl ConnectionTrait) -> Result<Vec<(String, i64)>, StoreError> {
    let counts = inbox_event::Entity::find()
        .select_only()
        .column(inbox_event::Column::Reason)
        .column_as(inbox_event::Column::Seq.count(), "events")
        .filter(LEDGERED.expr())
        .group_by(inbox_event::Column::Reason)
        .order_by_asc(inbox_event::Column::Reason)
        .into_tuple()
        .all(reads)
        .await?;
    Ok(counts)
}
