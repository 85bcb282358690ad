//! A budget is never overspent: whatever is claimed, lost, loaded again, and whatever the clock says.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn spends(budget: &mut Budget, cap: u32, second: i64) -> Result<(), DateTime<Utc>> {
    match budget.ask(cap, 1, at(second)) {
        Grant::Now(calls) => {
            budget.spend(calls, at(second));
            Ok(())
        }
        Grant::From(then) => Err(then),
    }
}

#[test]
fn a_spent_budget_says_when_there_is_room_and_then_has_it() {
    let mut budget = Budget::of(Family::Messages);
    spends(&mut budget, 2, 59).unwrap();
    spends(&mut budget, 2, 61).unwrap();
    let until = spends(&mut budget, 2, 62).unwrap_err();
    assert_eq!(until, at(61 * 60));
    assert!(spends(&mut budget, 2, until.timestamp() - 1).is_err());
    assert!(spends(&mut budget, 2, until.timestamp()).is_ok());
}

#[test]
fn whoever_wants_many_is_granted_what_there_is_room_for() {
    let mut budget = Budget::of(Family::Graph);
    assert_eq!(budget.ask(10, 7, at(0)), Grant::Now(7));
    budget.spend(7, at(0));
    assert_eq!(budget.ask(10, 7, at(0)), Grant::Now(3));
    assert_eq!(budget.ask(7, 7, at(0)), Grant::From(at(60 * 60 + 15)));
    assert_eq!(budget.ask(10, 0, at(0)), Grant::Now(1), "whoever asks wants at least one");
    assert!(matches!(budget.ask(0, 1, at(0)), Grant::From(then) if then > at(0)));
}

#[test]
fn a_catalogs_batches_are_counted_by_the_second() {
    let mut budget = Budget::of(Family::CatalogBatch);
    budget.spend(8, at(100));
    assert_eq!(budget.ask(8, 1, at(160)), Grant::From(at(161)));
    assert_eq!(budget.ask(8, 9, at(161)), Grant::Now(8));
}

#[test]
fn a_clock_that_is_put_back_gives_nothing_back() {
    let mut budget = Budget::of(Family::Messages);
    budget.spend(5, at(7200));
    assert!(matches!(budget.ask(5, 1, at(0)), Grant::From(_)));
    assert_eq!(budget.ask(6, 6, at(0)), Grant::Now(1));
}

#[test]
fn what_was_spent_under_a_clock_years_ahead_counts_for_an_hour_from_now() {
    let (year, mut budget) = (365 * 86_400, Budget::of(Family::Messages));
    budget.spend(3, at(10 * year));
    budget.spend(2, at(10 * year + 60));
    let changed = budget.bring_back(at(60));
    assert_eq!(changed, [(10 * year / 60, 0), (10 * year / 60 + 1, 0), (1, 5)]);
    assert_eq!(budget.ask(5, 1, at(60)), Grant::From(at(62 * 60)));
    assert!(budget.bring_back(at(60)).is_empty());
}

/// What may happen to a budget.
#[derive(Clone, Debug)]
enum Step {
    /// Time passes, in truth and by the clock.
    Passes(i64),
    /// The clock is wrong by so much from here on.
    IsOff(i64),
    /// A turn claims calls, and is stored.
    Claims(u32),
    /// A turn claims calls, and the process ends before it is stored: no call is made.
    Falls(u32),
    /// The actor is loaded anew: from the rows, of which the old ones are removed.
    Loads,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_i64..1500).prop_map(Step::Passes),
        1 => (-39_000_i64..39_000).prop_map(Step::IsOff),
        1 => (-600_i64..600).prop_map(Step::IsOff),
        6 => (1_u32..5).prop_map(Step::Claims),
        1 => (1_u32..5).prop_map(Step::Falls),
        2 => Just(Step::Loads),
    ]
}

/// One call: when it was made in truth, what the clock said, and how often the clock had been put ahead by then.
#[derive(Clone, Copy, Debug)]
struct Made {
    truth: i64,
    clock: i64,
    put_ahead: u32,
}

/// A budget with its rows.
struct Kept {
    family: Family,
    budget: Budget,
    rows: BTreeMap<i64, i32>,
    truth: i64,
    off: i64,
    put_ahead: u32,
    made: Vec<Made>,
}

impl Kept {
    fn new(family: Family) -> Self {
        let (budget, rows) = (Budget::of(family), BTreeMap::new());
        Self { family, budget, rows, truth: 1_000_000_000, off: 0, put_ahead: 0, made: Vec::new() }
    }

    fn now(&self) -> DateTime<Utc> {
        at(self.truth + self.off)
    }

    fn claim(&mut self, cap: u32, calls: u32, is_stored: bool) -> Result<(), TestCaseError> {
        let mut changed = self.budget.bring_back(self.now());
        for _ in 0..calls {
            match self.budget.ask(cap, 1, self.now()) {
                Grant::Now(one) => changed.push(self.budget.spend(one, self.now())),
                Grant::From(then) => {
                    prop_assert!(then > self.now());
                    break;
                }
            }
            if is_stored {
                let (truth, clock, put_ahead) = (self.truth, self.now().timestamp(), self.put_ahead);
                self.made.push(Made { truth, clock, put_ahead });
            }
        }
        if is_stored {
            self.rows.extend(changed);
        } else {
            self.load();
        }
        Ok(())
    }

    fn load(&mut self) {
        let first = first_known_slot(self.family, self.now());
        self.rows.retain(|slot, calls| *slot >= first && *calls > 0);
        self.budget = Budget::of(self.family);
        for (slot, calls) in &self.rows {
            self.budget.restore(*slot, *calls);
        }
    }

    fn takes(&mut self, step: Step, cap: u32) -> Result<(), TestCaseError> {
        match step {
            Step::Passes(seconds) => self.truth += seconds,
            Step::IsOff(seconds) => {
                self.put_ahead += u32::from(seconds > self.off);
                self.off = seconds;
            }
            Step::Claims(calls) => self.claim(cap, calls, true)?,
            Step::Falls(calls) => self.claim(cap, calls, false)?,
            Step::Loads => self.load(),
        }
        Ok(())
    }

    /// The most calls that any window held: by the clock, and in truth where nobody put the clock ahead meanwhile,
    /// which no program can tell from time that passes.
    fn fullest_window(&self) -> usize {
        let window = self.family.window_seconds();
        let by_clock =
            |first: &Made| self.made.iter().filter(|made| (0..window).contains(&(made.clock - first.clock))).count();
        let in_truth = |first: &Made| {
            let with = |made: &&Made| (0..window).contains(&(made.truth - first.truth));
            self.made.iter().filter(with).filter(|made| made.put_ahead == first.put_ahead).count()
        };
        self.made.iter().map(|first| by_clock(first).max(in_truth(first))).max().unwrap_or(0)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_rolling_window_ever_holds_more_than_the_cap(
        steps in prop::collection::vec(step(), 1..120),
        cap in 1_u32..12,
        family in prop::sample::select(Family::ALL.to_vec()),
    ) {
        let is_catalog = family == Family::CatalogBatch;
        let mut kept = Kept::new(family);
        for step in steps {
            // A catalog's minute is to an hour what a second is to a minute.
            let step = match step {
                Step::Passes(seconds) if is_catalog => Step::Passes(seconds / 60),
                other => other,
            };
            kept.takes(step, cap)?;
        }
        let fullest = kept.fullest_window();
        prop_assert!(fullest <= usize::try_from(cap).unwrap(), "{fullest} calls in a window of {cap}: {:?}", kept.made);
    }

    #[test]
    fn whoever_waits_until_told_finds_room(gaps in prop::collection::vec(0_i64..900, 1..60), cap in 1_u32..20) {
        let (mut budget, mut now) = (Budget::of(Family::Graph), 1_000_000_i64);
        for gap in gaps {
            now += gap;
            if let Err(until) = spends(&mut budget, cap, now) {
                prop_assert!(spends(&mut budget, cap, until.timestamp() - 1).is_err());
                prop_assert!(spends(&mut budget, cap, until.timestamp()).is_ok());
                now = until.timestamp();
            }
        }
    }
}
