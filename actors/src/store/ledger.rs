//! The equation: what came in, against what became of it.

use sea_orm::ConnectionTrait;
use serde::Serialize;

use super::StoreError;

/// `received = handled + duplicate + ledgered + pending`, over everything Meta sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
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

/// Reads it, in one snapshot.
pub async fn equation(reads: &impl ConnectionTrait) -> Result<Equation, StoreError> {
    let _ = reads;
    unimplemented!()
}

/// How many events are ledgered, by reason code.
pub async fn by_reason(reads: &impl ConnectionTrait) -> Result<Vec<(String, i64)>, StoreError> {
    let _ = reads;
    unimplemented!()
}
