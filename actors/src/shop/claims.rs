//! Claiming owed calls: who goes first, under which caps and pauses, and what the log says of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};

use crate::domain::alarm::{AlarmKey, AlarmKind};
use crate::domain::budget::forecast::{Books, BudgetLine};
use crate::domain::budget::hold::{Cause, Hold, HoldOn};
use crate::domain::budget::{Budget, BudgetKey, Draw, Grant};
use crate::domain::ids::{ConnectionId, ConversationId, OutboxId};
use crate::domain::outbox::{Aim, Owed, OwedCall, OwedState};

use super::step::Step;
use super::thread::Thread;
use super::turn::Turn;
use super::{Open, Shop};

const SEND_ALARM: AlarmKey = AlarmKey { kind: AlarmKind::Send, subject: 0 };

/// Something about calls being made that is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Calls wait for this from now on.
    Paused { cause: Cause, until: Option<DateTime<Utc>>, waiting: usize },
    /// They do not any more.
    GoesOn { cause: Cause },
}

/// One pass over what is owed.
#[derive(Default)]
struct Pass {
    /// When the first call that had to wait may be made.
    later: Option<DateTime<Utc>>,
    /// What calls wait for.
    causes: BTreeMap<Cause, Option<DateTime<Utc>>>,
    /// What calls that were claimed did not have to wait for.
    passed: BTreeSet<Cause>,
    /// Caps found reached, so that a thousand waiting calls cost one question.
    full: BTreeMap<(BudgetKey, u32), DateTime<Utc>>,
    /// Connections with a call on the way.
    busy: HashSet<ConnectionId>,
    /// True when calls were left that nobody looked at.
    is_cut: bool,
    /// True when a call may be made whose conversation was not read.
    is_unread: bool,
}

/// What becomes of one call of a pass.
enum Verdict {
    May,
    /// For its own next try.
    Waits(DateTime<Utc>),
    /// For this; with no time where the end of another call will tell.
    Blocked(Cause, Option<DateTime<Utc>>),
}

impl Shop {
    /// Claims what is owed and may be called now: spends budget, counts the attempt. Sets the alarm for the rest.
    pub fn claim(&mut self, now: DateTime<Utc>) {
        self.follow_clock(now);
        let calls = self.next_calls();
        // Counted once: with thousands of owed calls, counting at each would take most of a second.
        let mut room = self.rules.max_in_flight.saturating_sub(self.in_flight());
        let mut pass = Pass { busy: self.busy_connections(&calls), ..Pass::default() };
        for (id, _) in &calls {
            if room == 0 {
                pass.is_cut = true;
                break;
            }
            room -= usize::from(self.claim_one(*id, now, &mut pass));
        }
        if pass.is_unread && self.in_flight() == 0 {
            // Else the end of a call on the way brings the next turn, which reads on.
            pass.wait_until(now);
        }
        self.set_send_alarm(pass.later);
        self.tell_news(pass, calls.len());
    }

    /// Owed calls that wait for no other, the most urgent first, then the oldest. One send at a time in a conversation,
    /// in order: only so do recipient and words identify an echo.
    pub(super) fn next_calls(&self) -> Vec<(OutboxId, ConversationId)> {
        let is_owed = |open: &&Open| open.owed.state == OwedState::Owed;
        if !self.open.values().any(|open| is_owed(&open)) {
            return Vec::new();
        }
        let is_send = |open: &Open| matches!(open.owed.call, OwedCall::Send { .. });
        let in_question = self.open.values().filter(|open| is_send(open) && !is_owed(open));
        let mut busy: HashSet<ConversationId> = in_question.map(|open| open.owed.conversation).collect();
        let mut owed: Vec<&Open> = self.open.values().filter(is_owed).collect();
        // A person's words wait for none of ours: those may be held for as long as another app has the conversation.
        owed.sort_by_key(|open| open.owed.purpose.aim != Aim::Say);
        let next = owed.into_iter().filter(|open| !is_send(open) || busy.insert(open.owed.conversation));
        let mut next: Vec<&Owed> = next.map(|open| &open.owed).collect();
        next.sort_by_key(|owed| Draw::of(owed).priority);
        next.into_iter().map(|owed| (owed.id, owed.conversation)).collect()
    }

    /// Those of them that no pause keeps waiting, so that what is held crowds out nothing else.
    pub(super) fn next_free_calls(&self, now: DateTime<Utc>) -> impl Iterator<Item = ConversationId> + '_ {
        let free = move |id: &OutboxId| {
            let owed = self.open.get(id).map(|open| &open.owed);
            let may = |owed: &Owed| self.has_token(owed.connection) && self.books().held(owed, now).is_none();
            owed.is_some_and(|owed| owed.not_before <= now && may(owed))
        };
        self.next_calls().into_iter().filter(move |(id, _)| free(id)).map(|(_, conversation)| conversation)
    }

    /// Claims one call if it may be made; false when it waits on.
    fn claim_one(&mut self, id: OutboxId, now: DateTime<Utc>, pass: &mut Pass) -> bool {
        if self.is_too_late(id, now) {
            self.give_up(id, "the 24 hours after the customer's last message are over", now);
            return false;
        }
        let Some(open) = self.open.get(&id) else { return false };
        if self.is_for_a_person(open) {
            self.withdraw(id, now);
            return false;
        }
        let owed = &open.owed;
        if self.is_in_other_hands(owed) {
            // Still owed: it is sent once the conversation is given back, unless the window closes before.
            return false;
        }
        match self.verdict(owed, now, pass) {
            Verdict::May if self.threads.contains_key(&owed.conversation) => {
                let owed = owed.clone();
                pass.note_claim(&owed);
                self.spend_on(owed, now);
                true
            }
            Verdict::May => {
                pass.is_unread = true;
                false
            }
            Verdict::Waits(until) => {
                pass.wait_until(until);
                false
            }
            Verdict::Blocked(cause, until) => {
                pass.note_block(cause, until);
                false
            }
        }
    }

    fn verdict(&self, owed: &Owed, now: DateTime<Utc>, pass: &mut Pass) -> Verdict {
        if owed.not_before > now {
            return Verdict::Waits(owed.not_before);
        }
        if !self.has_token(owed.connection) {
            return Verdict::Blocked(Cause::Token(owed.connection), self.last_moment_of(owed));
        }
        let (held, full) = (self.books().held(owed, now), self.full_until(Draw::of(owed), now, pass));
        let full = full.map(|until| (Cause::Cap(Draw::of(owed).key), until));
        // Of both the one that lasts longer, so that nobody is woken for nothing.
        if let Some((cause, until)) = held.into_iter().chain(full).max_by_key(|(_, until)| *until) {
            return Verdict::Blocked(cause, Some(until));
        }
        let connection = HoldOn::Connection(owed.connection);
        let on_trial = self.holds.get(&connection).is_some_and(|hold| hold.is_on_trial(now));
        match on_trial && pass.busy.contains(&owed.connection) {
            // One call finds out whether the pause is over: more of them would lengthen it if it is not.
            true => Verdict::Blocked(Cause::Hold(connection), None),
            false => Verdict::May,
        }
    }

    /// From when on the cap has room; none when it has.
    fn full_until(&self, draw: Draw, now: DateTime<Utc>, pass: &mut Pass) -> Option<DateTime<Utc>> {
        let key = (draw.key, self.caps.open_to(draw.key.family, draw.priority));
        if let Some(until) = pass.full.get(&key) {
            return Some(*until);
        }
        match self.books().ask(draw, 1, now) {
            Grant::Now(_) => None,
            Grant::From(until) => {
                pass.full.insert(key, until);
                Some(until)
            }
        }
    }

    fn is_too_late(&self, id: OutboxId, now: DateTime<Utc>) -> bool {
        let Some(open) = self.open.get(&id) else { return false };
        let is_send = matches!(open.owed.call, OwedCall::Send { .. });
        let thread = self.threads.get(&open.owed.conversation).filter(|_| is_send);
        thread.is_some_and(|thread| thread.conversation.window_closes_at().is_none_or(|closes| now >= closes))
    }

    /// What staff writes goes out all the same: whether it may is for Meta to say.
    fn is_in_other_hands(&self, owed: &Owed) -> bool {
        let is_ours = matches!(owed.call, OwedCall::Send { .. }) && owed.purpose.aim != Aim::Say;
        is_ours && self.threads.get(&owed.conversation).is_some_and(|thread| thread.conversation.in_other_hands)
    }

    /// True for a question that had an uncertain end, was not asked, and is none of ours any more: a person has written
    /// since, or is to.
    fn is_for_a_person(&self, open: &Open) -> bool {
        let thread = self.threads.get(&open.owed.conversation).filter(|_| open.owed.purpose.aim.is_a_question());
        thread.is_some_and(|Thread { conversation, .. }| {
            let asked_at = open.message.as_ref().map(|message| message.at);
            conversation.people_only || conversation.staff_at.is_some_and(|staff| asked_at <= Some(staff))
        })
    }

    fn withdraw(&mut self, id: OutboxId, now: DateTime<Utc>) {
        let Some(open) = self.open.get(&id).cloned() else { return };
        let mut step = Step::new(self, now);
        if step.take(open.owed.conversation)
            && let Some(mut thread) = step.thread.take()
        {
            step.take_back(&mut thread, &open, "a person answers this customer");
            step.thread = Some(thread);
        }
        let step = step.finish();
        self.absorb(step);
    }

    fn spend_on(&mut self, owed: Owed, now: DateTime<Utc>) {
        let key = Draw::of(&owed).key;
        let (slot, calls) = self.budgets.entry(key).or_insert_with(|| Budget::of(key.family)).spend(1, now);
        self.turn.spent.insert((key, slot), calls);
        let (claimed_at, claimed_by) = (Some(now), Some(self.rules.boot));
        let (state, attempts) = (OwedState::Claimed, owed.attempts + 1);
        self.turn.claimed.push(owed.id);
        self.put_open(Owed { state, attempts, claimed_at, claimed_by, ..owed });
    }

    /// Takes over what a step spent.
    pub(super) fn spend(&mut self, step: &Turn) {
        for ((key, slot), calls) in &step.spent {
            self.budgets.entry(*key).or_insert_with(|| Budget::of(key.family)).restore(*slot, *calls);
        }
    }

    fn give_up(&mut self, id: OutboxId, why: &str, now: DateTime<Utc>) {
        let Some(open) = self.open.get(&id).cloned() else { return };
        let mut step = Step::new(self, now);
        if step.take(open.owed.conversation)
            && let Some(mut thread) = step.thread.take()
        {
            step.not_sent(&mut thread, &open, why);
            step.thread = Some(thread);
        }
        let step = step.finish();
        self.absorb(step);
    }

    fn put_open(&mut self, owed: Owed) {
        self.turn.outbox.insert(owed.id, owed.clone());
        if let Some(open) = self.open.get_mut(&owed.id) {
            open.owed = owed;
        }
    }

    /// A clock that was put back by far must neither give budget back nor keep the seller waiting for years.
    fn follow_clock(&mut self, now: DateTime<Utc>) {
        for (key, budget) in &mut self.budgets {
            self.turn.spent.extend(budget.bring_back(now).into_iter().map(|(slot, calls)| ((*key, slot), calls)));
        }
        for (on, hold) in &mut self.holds {
            if let Some(back) = hold.brought_back(now) {
                *hold = back.clone();
                self.turn.holds.insert(*on, back);
            }
        }
        self.holds.retain(|_, hold| hold.matters(now));
    }

    /// Only matters while a connection is on trial, which is seldom.
    fn busy_connections(&self, waiting: &[(OutboxId, ConversationId)]) -> HashSet<ConnectionId> {
        if self.holds.is_empty() || waiting.is_empty() {
            return HashSet::new();
        }
        let claimed = self.open.values().filter(|open| open.owed.state == OwedState::Claimed);
        claimed.map(|open| open.owed.connection).collect()
    }

    /// Not set twice to the same time: a busy seller that waits for its cap would store it with every turn.
    fn set_send_alarm(&mut self, later: Option<DateTime<Utc>>) {
        let went_off = self.turn.alarms.get(&SEND_ALARM).is_some_and(Option::is_none);
        if went_off {
            self.send_alarm = None;
        }
        if later.is_some() && self.send_alarm != later {
            self.turn.alarms.insert(SEND_ALARM, later);
            self.send_alarm = later;
        }
    }

    fn tell_news(&mut self, pass: Pass, waiting: usize) {
        let Pass { causes, passed, is_cut, .. } = pass;
        // One for which calls still wait has let a few pass and is a pause all the same.
        let goes_on = |cause: &Cause| !causes.contains_key(cause) && (passed.contains(cause) || !is_cut);
        let over: Vec<Cause> = self.pauses.iter().filter(|cause| goes_on(cause)).copied().collect();
        for cause in over {
            self.pauses.remove(&cause);
            self.turn.news.push(News::GoesOn { cause });
        }
        for (cause, until) in causes {
            if self.pauses.insert(cause) {
                self.turn.news.push(News::Paused { cause, until, waiting });
            }
        }
    }

    /// What decides when calls may be made.
    pub(super) fn books(&self) -> Books<'_> {
        let app = self.app_hold.as_ref();
        Books { caps: &self.caps, spent: &self.budgets, holds: &self.holds, app, without_token: &[] }
    }

    /// Takes over what Meta holds of the whole app.
    pub(crate) fn learn_app_hold(&mut self, hold: Option<Hold>) {
        self.app_hold = hold;
    }

    /// What the budgets look like, and when the last of what waits will have left.
    pub(crate) fn budget_lines(&self, now: DateTime<Utc>) -> Vec<BudgetLine> {
        let open = || self.open.values().map(|open| &open.owed);
        let without_token: Vec<ConnectionId> =
            open().map(|owed| owed.connection).filter(|connection| !self.has_token(*connection)).collect();
        Books { without_token: &without_token, ..self.books() }.lines(open(), now)
    }

    /// Calls that wait, and when the first of them may be made if none may now.
    pub(crate) fn pause(&self) -> (usize, Option<DateTime<Utc>>) {
        let waiting = self.open.values().filter(|open| open.owed.state == OwedState::Owed).count();
        (waiting, self.send_alarm.filter(|_| waiting > 0 && !self.pauses.is_empty()))
    }

    /// What the log is to say of the claims stored last.
    pub(crate) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.turn.news)
    }
}

impl Pass {
    fn wait_until(&mut self, until: DateTime<Utc>) {
        self.later = Some(self.later.map_or(until, |known| known.min(until)));
    }

    fn note_block(&mut self, cause: Cause, until: Option<DateTime<Utc>>) {
        self.causes.insert(cause, until);
        if let Some(until) = until {
            self.wait_until(until);
        }
    }

    fn note_claim(&mut self, owed: &Owed) {
        self.busy.insert(owed.connection);
        self.passed.extend(HoldOn::of(owed).map(Cause::Hold));
        self.passed.extend([Cause::App, Cause::Token(owed.connection), Cause::Cap(Draw::of(owed).key)]);
    }
}
