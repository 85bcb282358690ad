//! Owed calls: claiming them under the budget, and what their end means.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::calls;
use crate::domain::alarm::{AlarmKey, AlarmKind};
use crate::domain::budget::{BudgetKey, Family};
use crate::domain::conversation::{Message, MessageState};
use crate::domain::event::{CallEnded, CallResult};
use crate::domain::ids::{ConnectionId, ConversationId, OutboxId};
use crate::domain::order::Look;
use crate::domain::outbox::{Aim, Owed, OwedCall, OwedState, Purpose};
use crate::domain::outcome::Outcome;

use super::step::Step;
use super::thread::Thread;
use super::{Open, Shop};

/// The first wait before a call is made again; doubled with each try, up to the longest.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(1);
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(5);
/// So often Meta is asked what became of a send: with waits that double, through several minutes of trouble there.
const MAX_LOOKS: i32 = 10;
/// So far Meta's clock may be behind ours when a send is looked for. Shorter than any wait for quiet, so that no
/// earlier text with the same words is taken for it.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(2);

impl Step<'_> {
    pub(super) fn call_ended(&mut self, ended: &CallEnded) -> Outcome {
        let Some(open) = self.shop.open.get(&ended.outbox) else { return Outcome::Duplicate };
        let current =
            open.owed.attempts == ended.attempt && matches!(open.owed.state, OwedState::Claimed | OwedState::Unknown);
        if !current || !self.take(open.owed.conversation) {
            return Outcome::Duplicate;
        }
        let Some(mut thread) = self.thread.take() else { return Outcome::Duplicate };
        match &open.owed.call {
            OwedCall::Send { .. } => self.send_ended(&mut thread, open, &ended.result),
            OwedCall::Find { send, .. } => self.look_ended(&mut thread, open, *send, &ended.result),
        }
        self.thread = Some(thread);
        Outcome::Handled
    }

    fn send_ended(&mut self, thread: &mut Thread, open: &Open, result: &CallResult) {
        match result {
            CallResult::Accepted { mid } | CallResult::Looked { found: Some(mid) } => {
                self.sent(thread, open, mid, MessageState::Sent);
            }
            CallResult::Again { error, after_ms } => self.send_again(open, error, *after_ms),
            CallResult::Unknown { error } => self.unknown(open, error),
            CallResult::Looked { found: None } => self.unknown(open, "the answer does not say"),
            CallResult::Refused { code, error } => self.not_sent(thread, open, &format!("{code}: {error}")),
        }
    }

    fn sent(&mut self, thread: &mut Thread, open: &Open, mid: &str, state: MessageState) {
        self.clear_alarm(AlarmKind::Settle, open.owed.id.0);
        if let Some(message) = open.message.clone() {
            let message = Message { state, mid: Some(mid.to_owned()), ..message };
            self.out.messages.insert(message.id, message.clone());
            thread.recall(vec![message]);
        }
        self.end(open, OwedState::Accepted, Some(mid), None);
    }

    fn send_again(&mut self, open: &Open, error: &str, after_ms: Option<u64>) {
        let told = after_ms.and_then(|ms| i64::try_from(ms).ok()).map(TimeDelta::milliseconds);
        let wait = jittered_wait(&open.owed, self.shop.rules.boot).max(told.unwrap_or_default());
        let owed = Owed {
            state: OwedState::Owed,
            not_before: self.now + wait,
            error: Some(error.to_owned()),
            ..open.owed.clone()
        };
        self.out.outbox.insert(owed.id, owed);
    }

    /// It may have been sent: its echo will say, or Meta is asked after a while.
    pub(super) fn unknown(&mut self, open: &Open, error: &str) {
        self.set_alarm(AlarmKind::Settle, open.owed.id.0, self.now + self.shop.rules.settle_after);
        self.end(open, OwedState::Unknown, None, Some(error));
        self.mark(open, MessageState::Unconfirmed);
    }

    fn not_sent(&mut self, thread: &mut Thread, open: &Open, error: &str) {
        thread.conversation.needs(Look::NotSent);
        if matches!(open.owed.purpose.aim, Aim::Ask | Aim::Check) {
            // The customer never saw the question: the next word brings it again.
            thread.conversation.asked = None;
        }
        self.end(open, OwedState::Failed, None, Some(error));
        self.mark(open, MessageState::Failed);
    }

    fn end(&mut self, open: &Open, state: OwedState, mid: Option<&str>, error: Option<&str>) {
        let (mid, error) = (mid.map(str::to_owned), error.map(str::to_owned));
        self.out.outbox.insert(open.owed.id, Owed { state, mid, error, ..open.owed.clone() });
    }

    fn mark(&mut self, open: &Open, state: MessageState) {
        if let Some(message) = &open.message {
            self.out.messages.insert(message.id, Message { state, ..message.clone() });
        }
    }

    /// No echo came: a look into the conversation at Meta is owed.
    pub(super) fn settle_due(&mut self, send: OutboxId) {
        let Some(open) = self.shop.open.get(&send).filter(|open| open.owed.state == OwedState::Unknown) else { return };
        let looks_already = self.shop.open.values().any(|other| is_look_for(&other.owed, send));
        let OwedCall::Send { text, .. } = &open.owed.call else { return };
        if looks_already {
            return;
        }
        let id = OutboxId(self.next_id());
        let since = open.owed.claimed_at.unwrap_or(self.now) - CLOCKS_APART;
        let look = Owed {
            id,
            purpose: Purpose::new(Aim::Find, format_args!("{send}:{id}")),
            call: OwedCall::Find { send, text: text.clone(), since },
            state: OwedState::Owed,
            attempts: 0,
            claimed_at: None,
            claimed_by: None,
            not_before: self.now,
            mid: None,
            error: None,
            ..open.owed.clone()
        };
        self.out.outbox.insert(id, look);
    }

    fn look_ended(&mut self, thread: &mut Thread, look: &Open, send: OutboxId, result: &CallResult) {
        let unsettled = self.shop.open.get(&send).filter(|open| open.owed.state == OwedState::Unknown);
        match result {
            CallResult::Looked { found } => {
                self.end(look, OwedState::Accepted, found.as_deref(), None);
                match (unsettled, found) {
                    (Some(send), Some(mid)) => self.sent(thread, send, mid, MessageState::Confirmed),
                    (Some(send), None) => self.owe_anew(send),
                    (None, _) => {}
                }
            }
            CallResult::Again { error, after_ms } if look.owed.attempts < MAX_LOOKS => {
                self.send_again(look, error, *after_ms);
            }
            CallResult::Unknown { error } if look.owed.attempts < MAX_LOOKS => self.send_again(look, error, None),
            CallResult::Again { error, .. } | CallResult::Unknown { error } | CallResult::Refused { error, .. } => {
                self.look_failed(thread, look, unsettled, error);
            }
            CallResult::Accepted { .. } => {
                self.look_failed(thread, look, unsettled, "the answer is of another call");
            }
        }
    }

    /// It cannot be found out: a person decides, and the conversation goes on.
    fn look_failed(&mut self, thread: &mut Thread, look: &Open, unsettled: Option<&Open>, error: &str) {
        self.end(look, OwedState::Failed, None, Some(error));
        if let Some(send) = unsettled {
            thread.conversation.needs(Look::NotSent);
            self.end(send, OwedState::Unsettled, None, Some(error));
        }
    }

    /// Meta knows nothing of it, minutes later: it was not sent, so it is still owed.
    fn owe_anew(&mut self, send: &Open) {
        let owed = Owed { state: OwedState::Owed, not_before: self.now, error: None, ..send.owed.clone() };
        self.out.outbox.insert(owed.id, owed);
        self.mark(send, MessageState::Queued);
    }
}

fn is_look_for(owed: &Owed, send: OutboxId) -> bool {
    matches!(&owed.call, OwedCall::Find { send: of, .. } if *of == send)
}

/// Full jitter: anything up to the wait for this try. The same try of the same life waits equally long, so that a
/// decision made twice is one decision.
fn jittered_wait(owed: &Owed, boot: i64) -> TimeDelta {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let doublings = u32::try_from(owed.attempts.clamp(1, 16) - 1).unwrap_or(0);
    let longest = FIRST_WAIT.checked_mul(1 << doublings).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    let mut hasher = DefaultHasher::new();
    (owed.id, owed.attempts, boot).hash(&mut hasher);
    let longest_ms = u64::try_from(longest.num_milliseconds()).unwrap_or(1).max(1);
    TimeDelta::milliseconds(i64::try_from(hasher.finish() % longest_ms).unwrap_or(0))
}

impl Shop {
    /// Claims what is owed and may be called now: spends budget, counts the attempt. Sets the alarm for the rest.
    pub fn claim(&mut self, now: DateTime<Utc>) {
        let mut later: Option<DateTime<Utc>> = None;
        // Counted once: with thousands of owed calls, counting at each would take most of a second.
        let room = self.rules.max_in_flight.saturating_sub(self.in_flight());
        let before = self.turn.claimed.len();
        for (id, _) in self.next_calls() {
            if self.turn.claimed.len() - before >= room {
                break;
            }
            if let Some(due) = self.claim_one(id, now) {
                later = Some(later.map_or(due, |known| known.min(due)));
            }
        }
        if let Some(due) = later {
            self.turn.alarms.insert(AlarmKey { kind: AlarmKind::Send, subject: 0 }, Some(due));
        }
    }

    /// Owed calls that wait for no other, oldest first. One send at a time in a conversation, in order: only so do
    /// recipient and words identify an echo.
    pub(super) fn next_calls(&self) -> Vec<(OutboxId, ConversationId)> {
        let is_owed = |open: &&Open| open.owed.state == OwedState::Owed;
        if !self.open.values().any(|open| is_owed(&open)) {
            return Vec::new();
        }
        let is_send = |open: &Open| matches!(open.owed.call, OwedCall::Send { .. });
        let in_question = self.open.values().filter(|open| is_send(open) && !is_owed(open));
        let mut busy: HashSet<ConversationId> = in_question.map(|open| open.owed.conversation).collect();
        let owed = self.open.values().filter(is_owed);
        let next = owed.filter(|open| !is_send(open) || busy.insert(open.owed.conversation));
        next.map(|open| (open.owed.id, open.owed.conversation)).collect()
    }

    /// Claims one call, or says when to look at it again, where that is known.
    fn claim_one(&mut self, id: OutboxId, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let owed = self.open.get(&id)?.owed.clone();
        let is_send = matches!(owed.call, OwedCall::Send { .. });
        let conversation = self.threads.get(&owed.conversation)?.conversation.clone();
        if is_send && conversation.window_closes_at().is_none_or(|closes| now >= closes) {
            self.give_up(id, "the 24 hours after the customer's last message are over", now);
            return None;
        }
        if owed.not_before > now {
            return Some(owed.not_before);
        }
        let (family, connection, cap) = match owed.call {
            OwedCall::Send { .. } => (Family::Messages, owed.connection, self.rules.messages_per_hour),
            OwedCall::Find { .. } => (Family::Graph, ConnectionId(0), self.rules.graph_per_hour),
        };
        let key = BudgetKey { family, connection };
        match self.budgets.entry(key).or_default().spend(cap, now) {
            Err(room_from) => Some(room_from),
            Ok((minute, calls)) => {
                self.turn.spent.insert((key, minute), calls);
                let (claimed_at, claimed_by) = (Some(now), Some(self.rules.boot));
                let attempts = owed.attempts + 1;
                let owed = Owed { state: OwedState::Claimed, attempts, claimed_at, claimed_by, ..owed };
                self.put_open(owed);
                self.turn.claimed.push(id);
                None
            }
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

    /// After a load: what to do with calls that an earlier incarnation claimed. `running` says whether the courier has
    /// the call. One claimed by an earlier life of the process may have been made: unknown. One claimed in this life
    /// that the courier does not have, and of which no result waits in the inbox, was never handed over: it is now.
    pub fn recover(
        &mut self,
        running: &dyn Fn(OutboxId, i32) -> bool,
        results_pending: &[(OutboxId, i32)],
        now: DateTime<Utc>,
    ) {
        let claimed = self.open.values().filter(|open| open.owed.state == OwedState::Claimed).cloned();
        for open in claimed.collect::<Vec<_>>() {
            let call = (open.owed.id, open.owed.attempts);
            if results_pending.contains(&call) || running(call.0, call.1) {
                continue;
            }
            // A deliberate bug of the prover: it makes again what an earlier life may have made.
            if open.owed.claimed_by == Some(self.rules.boot) || cfg!(hawker_mutant = "claim_again") {
                self.turn.claimed.push(open.owed.id);
                continue;
            }
            self.leave_uncertain(&open, "the process ended before the answer came", now);
        }
    }

    /// A result that nobody can read: as if the call had ended without an answer.
    pub(super) fn lose_result(&mut self, key: &str, now: DateTime<Utc>) {
        let Some((outbox, attempt)) = calls::named_by(key) else { return };
        let waits = |open: &&Open| open.owed.attempts == attempt && open.owed.state == OwedState::Claimed;
        if let Some(open) = self.open.get(&outbox).filter(waits).cloned() {
            self.leave_uncertain(&open, "the answer could not be read", now);
        }
    }

    fn leave_uncertain(&mut self, open: &Open, why: &str, now: DateTime<Utc>) {
        let mut step = Step::new(self, now);
        match open.owed.call {
            OwedCall::Send { .. } => step.unknown(open, why),
            OwedCall::Find { .. } => step.send_again(open, why, None),
        }
        let step = step.finish();
        self.absorb(step);
    }
}
