//! A seller's timers, as values: what is to be looked at, and when.

use chrono::{DateTime, Utc};

use super::named::named;

/// What an alarm is about. A seller has at most one alarm for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlarmKind {
    /// The customer of this conversation has been silent long enough to be answered.
    Reply,
    /// Owed calls can go on: a wait is over or the budget has room again. Its subject is always 0.
    Send,
    /// The fate of this owed call is to be found out.
    Settle,
    /// The catalog sync can go on. Its subject is always 0, as of those below.
    Sync,
    /// What has changed goes up by itself.
    SyncAuto,
    /// Meta is asked what its review says.
    SyncReview,
    /// All that is at Meta is looked through.
    SyncDrift,
    /// The next piece of this erasure is to be done.
    Erase,
    /// Whoever has been silent for too long is looked for. Its subject is always 0.
    Retain,
}

named!(AlarmKind {
    Reply = "reply",
    Send = "send",
    Settle = "settle",
    Sync = "sync",
    SyncAuto = "sync_auto",
    SyncReview = "sync_review",
    SyncDrift = "sync_drift",
    Erase = "erase",
    Retain = "retain",
});

/// Which alarm of a seller: its kind, and the id of the conversation or owed call it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlarmKey {
    /// What it is about.
    pub kind: AlarmKind,
    /// The id within the kind.
    pub subject: i64,
}

/// An alarm that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Which.
    pub key: AlarmKey,
    /// When it goes off.
    pub due: DateTime<Utc>,
}
