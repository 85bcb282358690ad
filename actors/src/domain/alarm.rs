//! A seller's timers, as values: what is to be looked at, and when.

use chrono::{DateTime, Utc};

/// What an alarm is about. A seller has at most one alarm for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlarmKind {
    /// The customer of this conversation has been silent long enough to be answered.
    Reply,
    /// Owed calls can go on: a wait is over or the budget has room again. Its subject is always 0.
    Send,
    /// The fate of this owed call is to be found out.
    Settle,
}

impl AlarmKind {
    /// Every kind.
    pub const ALL: [AlarmKind; 3] = [AlarmKind::Reply, AlarmKind::Send, AlarmKind::Settle];

    /// The word used in the database.
    pub fn name(self) -> &'static str {
        match self {
            AlarmKind::Reply => "reply",
            AlarmKind::Send => "send",
            AlarmKind::Settle => "settle",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

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
