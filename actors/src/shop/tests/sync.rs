//! The sync where things cross in one turn: what was prepared, what somebody asks, what a call came to.

use super::*;
use crate::domain::command::RunWanted;
use crate::domain::ids::{CatalogId, OutboxId, RunId};
use crate::domain::sync::call::{CatalogAnswer, Denied};
use crate::domain::sync::catalog::{CatalogLife, CatalogSettings, MetaCatalog};
use crate::domain::sync::errand::{Errand, ErrandKind, ErrandState};
use crate::domain::sync::known::{ItemState, KnownItem};
use crate::domain::sync::plan::Findings;
use crate::domain::sync::run::{Cursor, Pause, PauseWhy, Phase, RunKind, RunStatus, SyncRun};
use crate::shop::sync::{Found, Prepared};
use crate::store::sync::SyncKnown;

const CATALOG: CatalogId = CatalogId(7);

fn catalog() -> MetaCatalog {
    MetaCatalog {
        id: CATALOG,
        meta_id: "800".into(),
        connection: ConnectionId(1),
        settings: CatalogSettings::default(),
        life: CatalogLife::Active,
        name: None,
        products: None,
        looked_at: None,
        error: None,
        looked_through: 5,
        review_wait: TimeDelta::zero(),
        is_current: true,
    }
}

fn run(kind: RunKind) -> SyncRun {
    SyncRun::begin(RunId(9), CATALOG, kind, (9, at(0)))
}

fn shop(run: Option<SyncRun>, errands: Vec<Errand>) -> Played {
    let sync = Stored { catalog: Some(catalog()), run, errands };
    Played { shop: Shop::new(Loaded { sync, last_id: 20, ..loaded() }, rules()), ..Played::new() }
}

impl Played {
    fn obeys_in_turn(&mut self, command: Command) {
        let event = self.event("command", self.now);
        self.shop.decide(&event, &Ok(Happening::Command(command.into())), self.now);
    }

    fn open_run(&self) -> &SyncRun {
        self.shop.sync.now.run.as_ref().expect("a run is open")
    }
}

/// Nothing of what was prepared for a run is taken for another that took its place in the same turn: it would go on where
/// that one was, and what is before that would be forgotten.
#[test]
fn what_was_prepared_for_one_run_is_nothing_to_the_next() {
    let further = Cursor { after: "M".into(), ..Cursor::default() };
    for is_last in [false, true] {
        let mut played = shop(Some(run(RunKind::Review)), vec![]);
        played.shop.drive_sync(played.now);
        let task = played.shop.sync_task().cloned().expect("it asks whom to ask after");
        let retailer_ids = if is_last { vec![] } else { vec!["M".to_owned()] };
        played.obeys_in_turn(Command::StartSync(RunWanted { kind: RunKind::Full, rejected_again: false }));
        let found = Found::Ask { retailer_ids, next: further.clone() };
        played.shop.take_prepared(Prepared { task, found }, played.now);
        let now = played.open_run();
        assert_eq!((now.kind, now.phase, &now.cursor), (RunKind::Full, Phase::Plan, &Cursor::default()));
        assert!(played.shop.sync.now.errands.is_empty());
        played.shop.drive_sync(played.now);
        assert!(played.shop.sync_task().is_some(), "it is prepared for anew");
    }
}

#[test]
fn a_look_that_begins_anew_does_not_go_on_where_it_was() {
    let mut played = shop(Some(run(RunKind::Full)), vec![]);
    played.shop.drive_sync(played.now);
    let task = played.shop.sync_task().cloned().expect("it looks at what is for sale");
    let settings = CatalogSettings { brand: Some("Another".into()), ..CatalogSettings::default() };
    let wanted = crate::domain::command::CatalogWanted { meta_id: "800".into(), connection: ConnectionId(1), settings };
    played.obeys_in_turn(Command::PutCatalog(wanted));
    let next = Some(Cursor { after: "M".into(), ..Cursor::default() });
    let found = Found::Plan { findings: Findings::default(), next };
    played.shop.take_prepared(Prepared { task, found }, played.now);
    assert_eq!(played.open_run().cursor, Cursor::default());
}

/// A change that is owed, or on its way, is not forgotten over the answer to an appeal that was made before.
#[test]
fn an_appeal_says_nothing_of_what_has_changed_since() {
    let refused = CatalogAnswer::Denied { why: Denied::Item, code: "100".into(), error: "no".into() };
    for (answer, state, after) in [
        (CatalogAnswer::Appealed, ItemState::Owed, None),
        (CatalogAnswer::Appealed, ItemState::Sent, None),
        (refused.clone(), ItemState::Owed, None),
        (CatalogAnswer::Appealed, ItemState::Rejected, Some(ItemState::Accepted)),
        (refused, ItemState::Rejected, Some(ItemState::Rejected)),
    ] {
        let appeal = Errand {
            state: ErrandState::Claimed,
            attempts: 1,
            subject: Some("CAP".into()),
            ..Errand::new(OutboxId(3), CATALOG, ErrandKind::Appeal, at(0))
        };
        let mut played = shop(None, vec![appeal]);
        let item = KnownItem { state, ..KnownItem::new("CAP", "CAP", at(0)) };
        let items = [("CAP".to_owned(), item)].into();
        played.shop.learn_sync(SyncKnown { items, ..SyncKnown::default() });
        let result = CallResult::Catalog { told: Box::new(answer) };
        let ended = CallEnded { outbox: OutboxId(3), attempt: 1, result, told: LimitsTold::default() };
        let event = played.event("call:3:1", played.now);
        played.shop.decide(&event, &Ok(Happening::CallEnded(ended)), played.now);
        let changes = played.shop.changes(played.now).sync.expect("the call is over");
        let known: Vec<_> = changes.items.iter().map(|(_, item)| item.state).collect();
        assert_eq!(known, after.into_iter().collect::<Vec<_>>(), "{state:?}");
    }
}

/// A run with an alarm is taken for one that waits: after a power cut nobody would go on with it before that time.
#[test]
fn a_run_that_goes_on_before_its_time_leaves_no_alarm_behind() {
    let until = Some(at(3600));
    let pause = Pause { why: PauseWhy::Trouble, since: at(0), until, detail: "no answer".into() };
    let paused = SyncRun { pause: Some(pause), status: RunStatus::Paused, phase: Phase::Push, ..run(RunKind::Full) };
    let mut played = shop(Some(paused), vec![]);
    played.obeys_in_turn(Command::ResumeSync { run: None });
    played.shop.drive_sync(played.now);
    assert_eq!(played.open_run().status, RunStatus::Running);
    let changes = played.shop.changes(played.now);
    assert!(changes.alarms_over.contains(&AlarmKey { kind: AlarmKind::Sync, subject: 0 }), "{changes:?}");
}
