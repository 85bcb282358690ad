//! How runs begin, wait, go on and end, and what is kept of them.

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn run(kind: RunKind) -> SyncRun {
    SyncRun::begin(RunId(7), CatalogId(1), kind, (40, at(0)))
}

fn pause(why: PauseWhy, since: i64, until: Option<i64>) -> Pause {
    Pause { why, since: at(since), until: until.map(at), detail: String::new() }
}

#[test]
fn a_run_begins_with_what_it_is_for() {
    use RunKind::{Drift, DryRun, Full, Incremental, Review};
    for kind in [Full, Incremental, DryRun] {
        assert_eq!((run(kind).status, run(kind).phase), (RunStatus::Planned, Phase::Plan));
    }
    assert_eq!((run(Drift).status, run(Drift).phase), (RunStatus::Running, Phase::Scan));
    assert_eq!((run(Review).status, run(Review).phase), (RunStatus::Running, Phase::Ask));
}

#[test]
fn a_new_phase_is_gone_through_from_its_start_with_what_was_learned() {
    let mut full = run(RunKind::Full);
    full.cursor = Cursor { after: "CAP".into(), number: 3, over: true, batch_items: Some(50), ..Cursor::default() };
    full.enter(Phase::Push);
    assert_eq!(full.cursor, Cursor { batch_items: Some(50), ..Cursor::default() });
    assert_eq!((full.phase, full.status), (Phase::Push, RunStatus::Running));
}

#[test]
fn a_pause_that_gets_longer_is_one_and_another_reason_is_news() {
    let mut full = run(RunKind::Full);
    assert!(full.wait(pause(PauseWhy::Cap, 1, Some(60))), "it did not wait before");
    assert!(!full.wait(pause(PauseWhy::Cap, 2, Some(60))), "nothing new");
    assert!(!full.wait(pause(PauseWhy::Cap, 3, Some(90))), "the same, for longer");
    assert_eq!(full.pause, Some(pause(PauseWhy::Cap, 1, Some(90))));
    assert!(full.wait(pause(PauseWhy::Hold, 5, Some(120))), "Meta has asked for it");
    assert_eq!((full.status, full.is_open()), (RunStatus::Paused, true));
    assert!(full.go_on(at(120)) && !full.go_on(at(121)));
    assert_eq!((full.status, full.pauses.len()), (RunStatus::Planned, 1));
    assert_eq!((full.pauses[0].since, full.pauses[0].until), (at(5), at(120)));
}

#[test]
fn what_is_kept_of_a_run_is_bounded() {
    let mut full = run(RunKind::Full);
    for second in 0..1000 {
        full.wait(pause(PauseWhy::Cap, second, Some(second + 1)));
        full.go_on(at(second + 1));
    }
    assert_eq!((full.pauses.len(), full.pauses.last().unwrap().until), (PAUSES_KEPT, at(1000)));
    let text = || "x".to_owned();
    let refusal = Refusal { retailer_id: text(), code: text(), field: text(), detail: text() };
    full.refuse(vec![refusal.clone(); 70]);
    full.refuse(vec![refusal; 70]);
    assert_eq!(full.refusals.len(), REFUSALS_KEPT);
}

#[test]
fn a_run_that_ends_while_it_waits_waits_no_more() {
    let mut full = run(RunKind::Full);
    full.wait(pause(PauseWhy::ByHand, 1, None));
    full.end(RunStatus::Cancelled, at(9));
    assert_eq!((full.status, full.phase, full.ended_at), (RunStatus::Cancelled, Phase::Over, Some(at(9))));
    assert_eq!((full.pause.is_none(), full.pauses.len(), full.is_open()), (true, 1, false));
}

#[test]
fn what_is_counted_adds_up_and_none_is_left_out() {
    let one: Counts = serde_json::from_value(
        serde_json::to_value(Counts::default()).unwrap().as_object().unwrap().keys().map(|key| (key, 1)).collect(),
    )
    .unwrap();
    let mut two = one;
    two.add(&one);
    assert!(serde_json::to_value(two).unwrap().as_object().unwrap().values().all(|count| *count == 2));
    assert_eq!((one.total(), one.done()), (6, 4));
}

#[test]
fn what_is_made_otherwise_is_looked_at_from_the_start() {
    let mut run = SyncRun::begin(RunId(1), CatalogId(1), RunKind::Incremental, (9, DateTime::UNIX_EPOCH));
    run.cursor = Cursor { after: "M".to_owned(), number: 7, rejected_again: true, ..Cursor::default() };
    run.counts = Counts { looked_at: 500, create: 3, calls: 2, ..Counts::default() };
    run.look_anew();
    assert_eq!((run.kind, run.phase), (RunKind::Full, Phase::Plan));
    assert_eq!(run.cursor, Cursor { rejected_again: true, ..Cursor::default() });
    assert_eq!(run.counts, Counts { calls: 2, ..Counts::default() });
}
