//! What a seller's budgets look like now, and when the last of what waits will have left.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::hold::{Cause, Hold, HoldOn};
use super::{Budget, BudgetKey, Caps, Draw, Family, Grant, OwnCaps, Priority};
use crate::domain::ids::ConnectionId;
use crate::domain::outbox::{Owed, OwedState};

/// No forecast looks further ahead than so many steps: what lies behind is as good as never.
const MOST_STEPS: usize = 100_000;

/// All that decides when a call may be made.
#[derive(Clone, Copy, Debug)]
pub struct Books<'a> {
    /// The seller's caps.
    pub caps: &'a Caps,
    /// What was spent.
    pub spent: &'a BTreeMap<BudgetKey, Budget>,
    /// What Meta holds.
    pub holds: &'a BTreeMap<HoldOn, Hold>,
    /// What Meta holds of the whole app.
    pub app: Option<&'a Hold>,
    /// Connections without a token that Meta takes: nobody can say when there is one again.
    pub without_token: &'a [ConnectionId],
}

/// All of a seller's budgets as they are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Report {
    /// The caps that hold for the seller.
    pub caps: Caps,
    /// Those of them that are its own.
    pub own_caps: OwnCaps,
    /// A line for each budget that something was spent of or waits for.
    pub budgets: Vec<BudgetLine>,
    /// Pauses learned from Meta.
    pub holds: Vec<HoldLine>,
    /// Meta's pause of the whole app.
    pub app_hold: Option<HoldLine>,
}

/// A pause as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HoldLine {
    /// What is held: `conversation`, `connection`, a budget's family, or `app`.
    pub what: &'static str,
    /// Its id within the kind.
    pub subject: i64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
    /// Meta's code, or the header that said it.
    pub why: String,
    /// Pauses in a row.
    pub times: u32,
}

impl HoldLine {
    /// A seller's.
    pub fn of(on: HoldOn, hold: &Hold) -> Self {
        let (what, subject) = on.parts();
        Self { what, subject, ..Self::of_app(hold) }
    }

    /// The whole app's.
    pub fn of_app(hold: &Hold) -> Self {
        let Hold { since, until, times, why } = hold.clone();
        Self { what: "app", subject: 0, since, until, why, times }
    }
}

/// One budget as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BudgetLine {
    /// Which cap.
    pub family: Family,
    /// Which connection or catalog; 0 for the whole seller.
    pub subject: i64,
    /// What the window may hold.
    pub cap: u32,
    /// What it holds.
    pub spent: i64,
    /// How long the window is.
    pub window_seconds: i64,
    /// Calls that wait to be made.
    pub waiting: usize,
    /// When the first of them may be made, if none may be made now.
    pub paused_until: Option<DateTime<Utc>>,
    /// Why none may be made now.
    pub because: Option<String>,
    /// When the last of them will have been made, if nothing more comes; none where nothing waits, or that is never.
    pub done_at: Option<DateTime<Utc>>,
}

impl Books<'_> {
    /// What keeps this call from being made now, the cap aside: the cause that lasts longest.
    pub fn held(&self, owed: &Owed, now: DateTime<Utc>) -> Option<(Cause, DateTime<Utc>)> {
        self.held_on(&HoldOn::of(owed), now)
    }

    /// The same of a call that any of these holds.
    pub fn held_on(&self, any: &[HoldOn], now: DateTime<Utc>) -> Option<(Cause, DateTime<Utc>)> {
        let app = self.app.map(|hold| (Cause::App, hold));
        let holds = any.iter().filter_map(|on| Some((Cause::Hold(*on), self.holds.get(on)?)));
        let all = holds.chain(app).filter(|(_, hold)| hold.stands(now));
        all.map(|(cause, hold)| (cause, hold.until)).max_by_key(|(cause, until)| (*until, *cause))
    }

    /// How many of `wants` calls the cap leaves room for now, else from when on.
    pub fn ask(&self, draw: Draw, wants: u32, now: DateTime<Utc>) -> Grant {
        let cap = self.caps.open_to(draw.key.family, draw.priority);
        match self.spent.get(&draw.key) {
            Some(budget) => budget.ask(cap, wants, now),
            None => Budget::of(draw.key.family).ask(cap, wants, now),
        }
    }

    /// Whether so many calls may be made, one right after the other. Where they are more than the cap, nothing else may
    /// have been spent: else they could never be made.
    pub fn ask_whole(&self, draw: Draw, calls: u32, now: DateTime<Utc>) -> Grant {
        let cap = self.caps.open_to(draw.key.family, draw.priority);
        let room_for_all = cap.saturating_sub(calls.saturating_sub(1)).max(1).min(cap);
        let fresh = Budget::of(draw.key.family);
        self.spent.get(&draw.key).unwrap_or(&fresh).ask(room_for_all, 1, now)
    }

    /// When the last of so many further calls of one kind leaves, if nothing else does; none: that is never, or so far
    /// ahead that nobody can say.
    pub fn last_of(&self, draw: Draw, calls: u64, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let cap = self.caps.open_to(draw.key.family, draw.priority);
        let mut budget = self.spent.get(&draw.key).cloned().unwrap_or_else(|| Budget::of(draw.key.family));
        let held = self.held_on(&[HoldOn::Budget(draw.key)], now);
        let (mut left, mut at) = (calls, held.map_or(now, |(_, until)| until));
        if cap == 0 {
            return None;
        }
        for _ in 0..MOST_STEPS {
            if left == 0 {
                return Some(at);
            }
            match budget.ask(cap, u32::try_from(left).unwrap_or(u32::MAX), at) {
                Grant::From(then) => at = then,
                Grant::Now(granted) => {
                    budget.spend(granted, at);
                    left -= u64::from(granted).min(left);
                }
            }
        }
        None
    }

    /// A line for each budget that something was spent of or waits for.
    pub fn lines<'o>(&self, open: impl Iterator<Item = &'o Owed>, now: DateTime<Utc>) -> Vec<BudgetLine> {
        let mut waiting: BTreeMap<BudgetKey, Vec<Waiting>> = BTreeMap::new();
        for owed in open.filter(|owed| owed.state == OwedState::Owed) {
            let draw = Draw::of(owed);
            let held = self.held(owed, now);
            let from = held.map_or(owed.not_before, |(_, until)| until.max(owed.not_before));
            let token = self.without_token.contains(&owed.connection).then_some(Cause::Token(owed.connection));
            let cause = token.or(held.map(|(cause, _)| cause));
            waiting.entry(draw.key).or_default().push(Waiting { from: from.max(now), priority: draw.priority, cause });
        }
        for key in self.spent.keys() {
            waiting.entry(*key).or_default();
        }
        waiting.into_iter().map(|(key, calls)| self.line(key, calls, now)).collect()
    }

    fn line(&self, key: BudgetKey, mut waiting: Vec<Waiting>, now: DateTime<Utc>) -> BudgetLine {
        waiting.sort_by_key(|call| (call.is_for_ever(), call.from, call.priority));
        let mut budget = self.spent.get(&key).cloned().unwrap_or_else(|| Budget::of(key.family));
        let spent = budget.spent(now);
        let leave = self.leave(key.family, &mut budget, &waiting);
        let first = leave.first().copied().flatten();
        let is_paused = !waiting.is_empty() && first.is_none_or(|first| first > now);
        let cause = waiting.first().and_then(|first| first.cause).unwrap_or(Cause::Cap(key));
        // A call that waits for its own next try is no pause of the budget's.
        let is_retry = waiting.first().is_some_and(|call| call.cause.is_none() && first == Some(call.from));
        BudgetLine {
            family: key.family,
            subject: key.subject,
            cap: self.caps.of(key.family),
            spent,
            window_seconds: key.family.window_seconds(),
            waiting: waiting.len(),
            paused_until: first.filter(|_| is_paused && !is_retry),
            because: (is_paused && !is_retry).then(|| cause.to_string()),
            done_at: leave.last().copied().flatten().filter(|_| leave.len() == waiting.len()),
        }
    }

    /// When each of the waiting calls leaves, one after the other; none from the one on that never does.
    fn leave(&self, family: Family, budget: &mut Budget, waiting: &[Waiting]) -> Vec<Option<DateTime<Utc>>> {
        let (mut leave, mut steps) = (Vec::new(), 0);
        let mut at = DateTime::<Utc>::MIN_UTC;
        for call in waiting {
            at = at.max(call.from);
            let cap = self.caps.open_to(family, call.priority);
            if cap == 0 || call.is_for_ever() {
                leave.push(None);
                break;
            }
            while let Grant::From(then) = budget.ask(cap, 1, at) {
                at = then;
                steps += 1;
                if steps > MOST_STEPS {
                    leave.push(None);
                    return leave;
                }
            }
            budget.spend(1, at);
            leave.push(Some(at));
        }
        leave
    }
}

/// A call that waits.
struct Waiting {
    from: DateTime<Utc>,
    priority: Priority,
    cause: Option<Cause>,
}

impl Waiting {
    /// It waits for people: nobody knows how long.
    fn is_for_ever(&self) -> bool {
        matches!(self.cause, Some(Cause::Token(_)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::channel::{Account, Channel};
    use crate::domain::ids::{ConversationId, MessageId, OutboxId};
    use crate::domain::outbox::{Aim, OwedCall, Purpose};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_856_000 + second, 0).unwrap()
    }

    fn owed(n: i64, connection: i64) -> Owed {
        Owed {
            id: OutboxId(n),
            purpose: Purpose::new(Aim::Ask, n),
            connection: ConnectionId(connection),
            account: Account::new(Channel::Instagram, "1"),
            conversation: ConversationId(n),
            recipient: "7".to_owned(),
            call: OwedCall::Send {
                message: MessageId(n),
                text: "hello".to_owned(),
                attachment: None,
                quick_replies: vec![],
            },
            state: OwedState::Owed,
            attempts: 0,
            held: 0,
            claimed_at: None,
            claimed_by: None,
            not_before: at(0),
            mid: None,
            error: None,
        }
    }

    fn lines(caps: &Caps, holds: &BTreeMap<HoldOn, Hold>, calls: &[Owed], spent_now: u32) -> Vec<BudgetLine> {
        let mut spent = BTreeMap::new();
        let mut budget = Budget::of(Family::Messages);
        budget.spend(spent_now, at(0));
        spent.insert(BudgetKey::messages(ConnectionId(1)), budget);
        Books { caps, spent: &spent, holds, app: None, without_token: &[] }.lines(calls.iter(), at(0))
    }

    #[test]
    fn what_waits_at_the_cap_is_told_when_it_goes_on_and_when_it_is_done() {
        let caps = Caps { messages_per_hour: 10, ..Caps::default() };
        let calls: Vec<Owed> = (0..25).map(|n| owed(n, 1)).collect();
        let line = &lines(&caps, &BTreeMap::new(), &calls, 10)[0];
        assert_eq!((line.cap, line.spent, line.waiting), (10, 10, 25));
        assert_eq!(line.paused_until, Some(at(61 * 60)));
        assert_eq!(line.because.as_deref(), Some("the cap of messages is reached"));
        assert_eq!(line.done_at, Some(at(3 * 61 * 60)));
    }

    #[test]
    fn with_room_for_all_nothing_is_paused_and_a_cap_of_none_is_never_done() {
        let line = &lines(&Caps::default(), &BTreeMap::new(), &[owed(1, 1)], 0)[0];
        assert_eq!((line.paused_until, line.done_at), (None, Some(at(0))));
        let none = Caps { messages_per_hour: 0, ..Caps::default() };
        let line = &lines(&none, &BTreeMap::new(), &[owed(1, 1)], 0)[0];
        assert_eq!((line.paused_until, line.done_at), (None, None));
        assert!(line.because.is_some());
    }

    #[test]
    fn a_thousand_calls_at_two_hundred_an_hour_leave_within_four_hours_and_a_minute() {
        let caps = Caps { graph_reserve: 0, ..Caps::default() };
        let (spent, holds) = (BTreeMap::new(), BTreeMap::new());
        let books = Books { caps: &caps, spent: &spent, holds: &holds, app: None, without_token: &[] };
        let draw = Draw { key: BudgetKey::graph(), priority: Priority::Push };
        assert_eq!(books.last_of(draw, 1000, at(0)), Some(at(4 * 3615)));
        assert_eq!(books.last_of(draw, 200, at(0)), Some(at(0)));
        let none = Caps { graph_per_hour: 0, ..caps };
        assert_eq!(Books { caps: &none, ..books }.last_of(draw, 1, at(0)), None);
    }

    #[test]
    fn a_hold_is_told_for_the_connection_it_is_on() {
        let hold = Hold { since: at(0), until: at(600), times: 1, why: "613".to_owned() };
        let holds = BTreeMap::from([(HoldOn::Connection(ConnectionId(1)), hold)]);
        let lines = lines(&Caps::default(), &holds, &[owed(1, 1), owed(2, 2)], 1);
        assert_eq!((lines[0].paused_until, lines[0].done_at), (Some(at(600)), Some(at(600))));
        assert_eq!(lines[0].because.as_deref(), Some("Meta holds connection 1"));
        assert_eq!((lines[1].subject, lines[1].paused_until), (2, None));
    }

    #[test]
    fn what_waits_for_a_token_is_never_promised() {
        let (caps, spent, holds) = (Caps::default(), BTreeMap::new(), BTreeMap::new());
        let without_token = [ConnectionId(1)];
        let books = Books { caps: &caps, spent: &spent, holds: &holds, app: None, without_token: &without_token };
        let lines = books.lines([owed(1, 1), owed(2, 2)].iter(), at(0));
        assert_eq!((lines[0].waiting, lines[0].paused_until, lines[0].done_at), (1, None, None));
        assert_eq!(lines[0].because.as_deref(), Some("connection 1 must be connected again"));
        assert_eq!((&lines[1].because, lines[1].done_at), (&None, Some(at(0))));
    }

    proptest! {
        /// Whoever pushes a catalog asks for many and is granted what there is; people always find the reserve.
        #[test]
        fn pushes_never_take_what_is_kept_for_people(
            asks in prop::collection::vec((0_i64..600, 1_u32..50, 0_usize..4), 1..80),
            reserve in 0_u32..30,
        ) {
            let caps = Caps { graph_per_hour: 25, graph_reserve: reserve, ..Caps::default() };
            let (key, holds, mut spent, mut now) = (BudgetKey::graph(), BTreeMap::new(), BTreeMap::new(), 0);
            for (gap, wants, urgency) in asks {
                now += gap;
                let priority = [Priority::People, Priority::Upkeep, Priority::Poll, Priority::Push][urgency];
                let books = Books { caps: &caps, spent: &spent, holds: &holds, app: None, without_token: &[] };
                match books.ask(Draw { key, priority }, wants, at(now)) {
                    Grant::Now(granted) => {
                        prop_assert!((1..=wants).contains(&granted));
                        let budget = spent.entry(key).or_insert_with(|| Budget::of(key.family));
                        budget.spend(granted, at(now));
                        let left = 25 - budget.spent(at(now));
                        let kept = if priority == Priority::Push { i64::from(reserve) } else { 0 };
                        prop_assert!(left >= kept, "{} left of {}", left, kept);
                    }
                    Grant::From(then) => prop_assert!(then > at(now)),
                }
            }
        }
    }

    #[test]
    fn a_call_that_waits_for_its_next_try_is_no_pause() {
        let later = Owed { not_before: at(5), ..owed(1, 1) };
        let line = &lines(&Caps::default(), &BTreeMap::new(), &[later], 0)[0];
        assert_eq!((line.paused_until, line.done_at), (None, Some(at(5))));
    }

    #[test]
    fn calls_that_go_together_wait_until_there_is_room_for_all() {
        let caps = Caps { graph_per_hour: 5, graph_reserve: 0, ..Caps::default() };
        let draw = Draw { key: BudgetKey::graph(), priority: Priority::Upkeep };
        let mut budget = Budget::of(Family::Graph);
        budget.spend(3, at(0));
        let (spent, none, holds) = (BTreeMap::from([(draw.key, budget)]), BTreeMap::new(), BTreeMap::new());
        let may = |spent, calls| {
            let books = Books { caps: &caps, spent, holds: &holds, app: None };
            matches!(books.ask_whole(draw, calls, at(0)), Grant::Now(_))
        };
        assert_eq!([1, 2, 3].map(|calls| may(&spent, calls)), [true, true, false]);
        assert_eq!([may(&spent, 9), may(&none, 9)], [false, true], "more than a cap goes alone");
    }
}
