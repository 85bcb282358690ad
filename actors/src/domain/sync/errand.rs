//! One call about a catalog, from the decision to make it to its end. A batch is asked after until Meta is through.

use chrono::{DateTime, Utc};

use crate::domain::budget::{BudgetKey, Draw, Priority};
use crate::domain::ids::{CatalogId, OutboxId, RunId};
use crate::domain::named::named;

use super::call::CatalogAsk;

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct Errand {
    /// Its id; no owed call of the shop has the same.
    pub id: OutboxId,
    /// About which catalog.
    pub catalog: CatalogId,
    /// For which run; none: somebody asked for just this.
    pub run: Option<RunId>,
    /// What is asked.
    pub kind: ErrandKind,
    /// The SKU it is about, where it is one.
    pub subject: Option<String>,
    /// What is asked, while it is in memory: it may be megabytes.
    pub ask: Option<CatalogAsk>,
    /// How far it is.
    pub state: ErrandState,
    /// How many items it is about.
    pub items: u32,
    /// How many of them are to be taken out.
    pub removes: u32,
    /// How often it was claimed, questions how far it is included.
    pub attempts: i32,
    /// How often of these Meta refused it for calling too much.
    pub held: i32,
    /// Tries in a row that came to nothing, or questions in a row to which Meta said "not yet".
    pub tries: u32,
    /// When it was claimed last.
    pub claimed_at: Option<DateTime<Utc>>,
    /// Which life of the process claimed it last.
    pub claimed_by: Option<i64>,
    /// Not to be claimed before.
    pub not_before: DateTime<Utc>,
    /// When a batch that is not finished is given up.
    pub give_up_at: Option<DateTime<Utc>>,
    /// What Meta named the batch.
    pub handle: Option<String>,
    /// What came of it, in words.
    pub outcome: Option<String>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What calls ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrandKind {
    /// Changes many items.
    Batch,
    /// Changes one.
    Put,
    /// Takes one out.
    Remove,
    /// Reads a page of what is there.
    Page,
    /// Reads some items.
    Items,
    /// Looks at the catalog itself.
    Look,
    /// Asks for another review.
    Appeal,
}

named!(ErrandKind {
    Batch = "batch",
    Put = "put",
    Remove = "remove",
    Page = "page",
    Items = "items",
    Look = "look",
    Appeal = "appeal",
});

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrandState {
    /// To be made.
    Owed,
    /// Paid for and handed over; may be on the wire.
    Claimed,
    /// Meta has the batch, and has named it.
    Processing,
    /// The question how far the batch is may be on the wire.
    Asked,
    /// Nothing more comes of it.
    Over,
}

named!(ErrandState {
    Owed = "owed",
    Claimed = "claimed",
    Processing = "processing",
    Asked = "asked",
    Over = "over",
});

impl Errand {
    /// One that is to be made.
    pub fn new(id: OutboxId, catalog: CatalogId, kind: ErrandKind, now: DateTime<Utc>) -> Self {
        Self {
            id,
            catalog,
            run: None,
            kind,
            subject: None,
            ask: None,
            state: ErrandState::Owed,
            items: 0,
            removes: 0,
            attempts: 0,
            held: 0,
            tries: 0,
            claimed_at: None,
            claimed_by: None,
            not_before: now,
            give_up_at: None,
            handle: None,
            outcome: None,
            made_at: now,
            ended_at: None,
        }
    }

    /// True while it is on the wire, as far as we know.
    pub fn is_in_flight(&self) -> bool {
        matches!(self.state, ErrandState::Claimed | ErrandState::Asked)
    }

    /// True when Meta has had all the time there is for the batch.
    pub fn is_to_be_given_up(&self, now: DateTime<Utc>) -> bool {
        self.give_up_at.is_some_and(|give_up| give_up <= now)
    }

    /// True when nothing of it can be asked before it was read back from where it is kept.
    pub fn lacks_its_body(&self) -> bool {
        self.state == ErrandState::Owed && self.ask.is_none()
    }

    /// True when it changes items: there is one of these at a time, so that none overtakes another.
    pub fn is_a_push(&self) -> bool {
        match self.kind {
            ErrandKind::Batch | ErrandKind::Put | ErrandKind::Remove => true,
            ErrandKind::Page | ErrandKind::Items | ErrandKind::Look | ErrandKind::Appeal => false,
        }
    }

    /// What its next call draws on, and how urgent it is.
    pub fn draw(&self) -> Draw {
        let graph = |priority: Priority| Draw { key: BudgetKey::graph(), priority };
        match self.state {
            ErrandState::Processing | ErrandState::Asked => return graph(Priority::Poll),
            ErrandState::Owed | ErrandState::Claimed | ErrandState::Over => {}
        }
        match self.kind {
            ErrandKind::Batch => push_draw(self.catalog, true),
            ErrandKind::Put | ErrandKind::Remove => push_draw(self.catalog, false),
            // Many of them in a row, and nobody waits for them.
            ErrandKind::Page | ErrandKind::Items => graph(Priority::Push),
            ErrandKind::Look => graph(Priority::Upkeep),
            ErrandKind::Appeal => graph(Priority::People),
        }
    }

    /// How many requests its next call takes, at most.
    pub fn requests(&self) -> u32 {
        match self.state {
            ErrandState::Processing | ErrandState::Asked => 1,
            _ => self.ask.as_ref().map_or(1, CatalogAsk::requests),
        }
    }

    /// What its next call asks; none: that has to be read back first.
    pub fn next_ask(&mut self) -> Option<CatalogAsk> {
        match (self.state, &self.handle) {
            (ErrandState::Asked, Some(handle)) => Some(CatalogAsk::Status { handle: handle.clone() }),
            _ => self.ask.take(),
        }
    }
}

/// What a call draws on that sends a batch, or one item.
pub fn push_draw(catalog: CatalogId, is_batch: bool) -> Draw {
    let key = if is_batch { BudgetKey::catalog_batch(catalog.0) } else { BudgetKey::graph() };
    Draw { key, priority: Priority::Push }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::budget::Family;

    fn errand(kind: ErrandKind, state: ErrandState) -> Errand {
        Errand { state, ..Errand::new(OutboxId(1), CatalogId(7), kind, DateTime::UNIX_EPOCH) }
    }

    #[test]
    fn a_call_draws_on_one_family_and_people_go_before_polls_before_pushes() {
        use ErrandKind::{Appeal, Batch, Items, Look, Page, Put, Remove};
        for (kind, family, priority, is_a_push) in [
            (Batch, Family::CatalogBatch, Priority::Push, true),
            (Put, Family::Graph, Priority::Push, true),
            (Remove, Family::Graph, Priority::Push, true),
            (Page, Family::Graph, Priority::Push, false),
            (Items, Family::Graph, Priority::Push, false),
            (Look, Family::Graph, Priority::Upkeep, false),
            (Appeal, Family::Graph, Priority::People, false),
        ] {
            let owed = errand(kind, ErrandState::Owed);
            assert_eq!((owed.draw().key.family, owed.draw().priority), (family, priority), "{kind:?}");
            assert_eq!((owed.is_a_push(), owed.lacks_its_body()), (is_a_push, true), "{kind:?}");
        }
        let asked = errand(Batch, ErrandState::Processing).draw();
        assert_eq!((asked.key.family, asked.priority), (Family::Graph, Priority::Poll), "a question is no batch");
    }

    #[test]
    fn what_is_asked_is_given_once_and_a_batch_is_asked_after_by_its_name() {
        let look = Errand { ask: Some(CatalogAsk::Look), ..errand(ErrandKind::Look, ErrandState::Claimed) };
        let mut claimed = look.clone();
        assert_eq!((claimed.next_ask(), claimed.next_ask()), (Some(CatalogAsk::Look), None));
        let mut asked = Errand { handle: Some("h".into()), ..errand(ErrandKind::Batch, ErrandState::Asked) };
        assert_eq!(asked.next_ask(), Some(CatalogAsk::Status { handle: "h".into() }));
        for (state, in_flight) in [
            (ErrandState::Owed, false),
            (ErrandState::Claimed, true),
            (ErrandState::Processing, false),
            (ErrandState::Asked, true),
            (ErrandState::Over, false),
        ] {
            assert_eq!(errand(ErrandKind::Batch, state).is_in_flight(), in_flight, "{state:?}");
        }
    }
}
