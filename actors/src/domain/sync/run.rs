//! One run of the sync: from the first look at what is for sale to the last answer of Meta.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{CatalogId, RunId};
use crate::domain::named::named;

/// Refusals that are kept with a run; each item has its own anyway.
pub const REFUSALS_KEPT: usize = 100;
/// Pauses that are kept with a run.
const PAUSES_KEPT: usize = 200;

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncRun {
    /// Its id.
    pub id: RunId,
    /// Of which catalog.
    pub catalog: CatalogId,
    /// What kind of run.
    pub kind: RunKind,
    /// Who asked for it; none: the service by itself.
    pub by: Option<String>,
    /// How it stands.
    pub status: RunStatus,
    /// What it is at.
    pub phase: Phase,
    /// How far it is in that.
    pub cursor: Cursor,
    /// The seller's counter when it began: what changed later is for the next run to look at.
    pub through: i64,
    /// What it has counted.
    pub counts: Counts,
    /// The first items that were refused here.
    pub refusals: Vec<Refusal>,
    /// What it waits for.
    pub pause: Option<Pause>,
    /// What it has waited for, the last ones.
    pub pauses: Vec<PausedSpan>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Kinds of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Looks at all that is for sale.
    Full,
    /// Looks at what has changed.
    Incremental,
    /// Looks at all that is for sale, and sends nothing.
    DryRun,
    /// Asks what Meta's review says.
    Review,
    /// Looks through all that is at Meta, and mends what is not as it should be.
    Drift,
}

named!(RunKind {
    Full = "full",
    Incremental = "incremental",
    DryRun = "dry_run",
    Review = "review",
    Drift = "drift",
});

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It looks at what there is to do.
    Planned,
    /// It does it.
    Running,
    /// It waits, and says for what.
    Paused,
    /// All is done.
    Completed,
    /// All is done that Meta would take.
    CompletedWithRejections,
    /// It cannot go on.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

named!(RunStatus {
    Planned = "planned",
    Running = "running",
    Paused = "paused",
    Completed = "completed",
    CompletedWithRejections = "completed_with_rejections",
    Failed = "failed",
    Cancelled = "cancelled",
});

/// What a run is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Compares what is for sale with what Meta last accepted.
    Plan,
    /// Sends what differs, and settles what was sent.
    Push,
    /// Looks through what is at Meta.
    Scan,
    /// Looks for what Meta did not show.
    Missing,
    /// Asks about single items.
    Ask,
    /// It is over.
    Over,
}

named!(Phase {
    Plan = "plan",
    Push = "push",
    Scan = "scan",
    Missing = "missing",
    Ask = "ask",
    Over = "over",
});

/// How far a run is in its phase: what comes next is behind this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// A SKU, or Meta's own mark.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// A number of the seller's counter, before the SKU.
    #[serde(skip_serializing_if = "is_zero")]
    pub number: i64,
    /// True once products are through and what is not for sale any more is looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// Items of a batch at most, once Meta has asked for fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_items: Option<u32>,
    /// Items of a page of Meta's at most, once Meta has asked for fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_items: Option<u32>,
    /// Batches in a row that came to nothing.
    #[serde(skip_serializing_if = "is_none_yet")]
    pub in_vain: u32,
    /// True when items that Meta rejected are sent again as they are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rejected_again: bool,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn is_none_yet(number: &u32) -> bool {
    *number == 0
}

/// What a run has counted, in items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Counts {
    /// Looked at here.
    pub looked_at: u64,
    /// To be made at Meta.
    pub create: u64,
    /// To be changed there.
    pub update: u64,
    /// To be taken out there.
    pub delete: u64,
    /// As Meta has them.
    pub unchanged: u64,
    /// Lacking what Meta asks for.
    pub refused: u64,
    /// Accepted by Meta, in this run.
    pub accepted: u64,
    /// Rejected by Meta.
    pub rejected: u64,
    /// Taken out at Meta.
    pub removed: u64,
    /// Owed when it turned out that nothing needs to be sent any more.
    pub dropped: u64,
    /// Calls to Meta, questions included.
    pub calls: u64,
    /// Shown by Meta.
    pub seen: u64,
    /// Missing at Meta.
    pub missing: u64,
    /// At Meta otherwise than they were sent.
    pub changed_there: u64,
    /// At Meta though they were taken out.
    pub orphaned: u64,
    /// At Meta, and never sent by us: they are left alone.
    pub foreign: u64,
}

impl Counts {
    /// What is to be done in all.
    pub fn total(&self) -> u64 {
        self.create + self.update + self.delete + self.missing + self.changed_there + self.orphaned
    }

    /// What of it has come to its end.
    pub fn done(&self) -> u64 {
        self.accepted + self.rejected + self.removed + self.dropped
    }

    /// Both added up.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.looked_at, other.looked_at),
            (&mut self.create, other.create),
            (&mut self.update, other.update),
            (&mut self.delete, other.delete),
            (&mut self.unchanged, other.unchanged),
            (&mut self.refused, other.refused),
            (&mut self.accepted, other.accepted),
            (&mut self.rejected, other.rejected),
            (&mut self.removed, other.removed),
            (&mut self.dropped, other.dropped),
            (&mut self.calls, other.calls),
            (&mut self.seen, other.seen),
            (&mut self.missing, other.missing),
            (&mut self.changed_there, other.changed_there),
            (&mut self.orphaned, other.orphaned),
            (&mut self.foreign, other.foreign),
        ];
        pairs.into_iter().for_each(|(sum, more)| *sum += more);
    }
}

/// An item that was not sent because it lacks what Meta asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Its SKU.
    pub retailer_id: String,
    /// A stable code, in Meta's own words where it has one.
    pub code: String,
    /// Which field.
    pub field: String,
    /// What to do.
    pub detail: String,
}

impl Refusal {
    /// The same as a sentence, with the code that can be looked up.
    pub(super) fn in_words(&self) -> String {
        format!("{}: {}", self.code, self.detail)
    }
}

/// What a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pause {
    /// Why.
    pub why: PauseWhy,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; none: until somebody does something.
    pub until: Option<DateTime<Utc>>,
    /// The same in words.
    pub detail: String,
}

/// Why a run waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PauseWhy {
    /// The cap is reached.
    Cap,
    /// Meta asks to call less.
    Hold,
    /// Meta could not be reached, or had trouble of its own.
    Trouble,
    /// The account has to be connected again.
    Reconnect,
    /// Somebody wants it so.
    ByHand,
}

/// A time through which a run has waited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PausedSpan {
    /// Why.
    pub why: PauseWhy,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// A stable code.
    pub code: String,
    /// What happened, and what to do.
    pub detail: String,
}

impl SyncRun {
    /// One that begins.
    pub fn begin(id: RunId, catalog: CatalogId, kind: RunKind, (through, now): (i64, DateTime<Utc>)) -> Self {
        let phase = match kind {
            RunKind::Full | RunKind::Incremental | RunKind::DryRun => Phase::Plan,
            RunKind::Drift => Phase::Scan,
            RunKind::Review => Phase::Ask,
        };
        Self {
            id,
            catalog,
            kind,
            by: None,
            status: if phase == Phase::Plan { RunStatus::Planned } else { RunStatus::Running },
            phase,
            cursor: Cursor::default(),
            through,
            counts: Counts::default(),
            refusals: Vec::new(),
            pause: None,
            pauses: Vec::new(),
            failure: None,
            started_at: now,
            ended_at: None,
        }
    }

    /// True while it is not over.
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Goes on to the next phase, from its start.
    pub fn enter(&mut self, phase: Phase) {
        let Cursor { batch_items, list_items, rejected_again, .. } = self.cursor;
        (self.phase, self.cursor) = (phase, Cursor { batch_items, list_items, rejected_again, ..Cursor::default() });
        if self.status == RunStatus::Planned {
            self.status = RunStatus::Running;
        }
    }

    /// Looks at all that is for sale, from the start: what it has looked at so far is made otherwise by now.
    pub fn look_anew(&mut self) {
        if self.kind == RunKind::Incremental {
            self.kind = RunKind::Full;
        }
        self.cursor = Cursor { rejected_again: self.cursor.rejected_again, ..Cursor::default() };
        self.counts = Counts { calls: self.counts.calls, ..Counts::default() };
        self.refusals.clear();
    }

    /// Waits. True when that is news.
    pub fn wait(&mut self, pause: Pause) -> bool {
        let is_same = |known: &Pause| known.why == pause.why && known.until == pause.until;
        if self.pause.as_ref().is_some_and(is_same) {
            return false;
        }
        let is_new = self.pause.as_ref().is_none_or(|known| known.why != pause.why || known.until.is_none());
        let since = self.pause.as_ref().filter(|_| !is_new).map_or(pause.since, |known| known.since);
        self.pause = Some(Pause { since, ..pause });
        self.status = RunStatus::Paused;
        is_new
    }

    /// Goes on. True when it has waited.
    pub fn go_on(&mut self, now: DateTime<Utc>) -> bool {
        let Some(Pause { why, since, .. }) = self.pause.take() else { return false };
        self.pauses.push(PausedSpan { why, since, until: now.max(since) });
        let surplus = self.pauses.len().saturating_sub(PAUSES_KEPT);
        self.pauses.drain(..surplus);
        self.status = if self.phase == Phase::Plan { RunStatus::Planned } else { RunStatus::Running };
        true
    }

    /// Comes to its end.
    pub fn end(&mut self, status: RunStatus, now: DateTime<Utc>) {
        self.go_on(now);
        (self.status, self.phase, self.ended_at) = (status, Phase::Over, Some(now));
    }

    /// Keeps a refusal, if it is among the first.
    pub fn refuse(&mut self, refusals: impl IntoIterator<Item = Refusal>) {
        let room = REFUSALS_KEPT.saturating_sub(self.refusals.len());
        self.refusals.extend(refusals.into_iter().take(room));
    }
}

#[cfg(test)]
mod tests;
