//! What the end of an owed call means.

use chrono::{DateTime, TimeDelta, Utc};

use crate::calls;
use crate::domain::alarm::AlarmKind;
use crate::domain::budget::hold::{Hold, HoldOn, LimitsTold, Reach};
use crate::domain::channel::Channel;
use crate::domain::conversation::{Message, MessageState};
use crate::domain::event::{CallEnded, CallResult};
use crate::domain::ids::OutboxId;
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
        self.learn_limits(ended);
        if let Some(outcome) = self.errand_ended(ended) {
            return outcome;
        }
        let Some(open) = self.shop.open.get(&ended.outbox) else { return Outcome::Duplicate };
        let current =
            open.owed.attempts == ended.attempt && matches!(open.owed.state, OwedState::Claimed | OwedState::Unknown);
        if !current || !self.take(open.owed.conversation) {
            return Outcome::Duplicate;
        }
        let Some(mut thread) = self.thread.take() else { return Outcome::Duplicate };
        match &open.owed.call {
            _ if is_held(ended) => self.owe_after_hold(open, &ended.result),
            OwedCall::Send { .. } => self.send_ended(&mut thread, open, &ended.result),
            OwedCall::Find { send, .. } => self.look_ended(&mut thread, open, *send, &ended.result),
        }
        self.thread = Some(thread);
        Outcome::Handled
    }

    /// Limits count whatever became of the call: its echo may have told that before its answer did.
    fn learn_limits(&mut self, ended: &CallEnded) {
        let LimitsTold { connection, began, limits } = &ended.told;
        let began = began.unwrap_or(self.now);
        let owed = self.shop.open.get(&ended.outbox).map(|open| &open.owed);
        let errand = self.shop.sync.now.errands.get(&ended.outbox).map(|errand| errand.draw().key);
        let on = |reach: Reach| match (owed, reach, connection) {
            (_, Reach::Connection, Some(connection)) => Some(HoldOn::Connection(*connection)),
            (None, Reach::Budget, _) => errand.map(HoldOn::Budget),
            (Some(owed), ..) => HoldOn::told_to(owed, reach),
            (None, ..) => None,
        };
        for limit in limits {
            if let Some(on) = on(limit.reach) {
                let known = self.out.holds.get(&on).or_else(|| self.shop.holds.get(&on));
                let hold = Hold::after(known, limit, began, self.now);
                self.out.holds.insert(on, hold);
            }
        }
        if ended.result.is_done() && !ended.told.holds() {
            let reaches = [Reach::Connection, Reach::Budget, Reach::Conversation];
            for on in reaches.into_iter().filter_map(on) {
                let known = self.shop.holds.get(&on).filter(|known| known.is_disproved_by(began));
                if let Some(over) = known.filter(|_| !self.out.holds.contains_key(&on)) {
                    self.out.holds.insert(on, over.forgotten());
                }
            }
        }
    }

    /// Refused for calling too much: that says nothing against the call, which goes on once the pause is over.
    fn owe_after_hold(&mut self, open: &Open, result: &CallResult) {
        let CallResult::Again { error, .. } = result else { return };
        let (state, held, error) = (OwedState::Owed, open.owed.held + 1, Some(error.clone()));
        self.out.outbox.insert(open.owed.id, Owed { state, held, error, not_before: self.now, ..open.owed.clone() });
    }

    fn send_ended(&mut self, thread: &mut Thread, open: &Open, result: &CallResult) {
        match result {
            CallResult::Accepted { mid } | CallResult::Looked { found: Some(mid) } => {
                self.sent(thread, open, mid, MessageState::Sent);
            }
            CallResult::Again { error, after_ms } => self.send_again(open, error, *after_ms),
            CallResult::Unknown { error } => self.unknown(open, error),
            CallResult::Looked { found: None } | CallResult::Catalog { .. } => {
                self.unknown(open, "the answer does not say");
            }
            CallResult::Refused { code, error } => self.not_sent(thread, open, &format!("{code}: {error}")),
            CallResult::TokenRefused { code, generation } => self.owe_with_another_token(open, code, *generation),
        }
    }

    fn sent(&mut self, thread: &mut Thread, open: &Open, mid: &str, state: MessageState) {
        self.clear_alarm(AlarmKind::Settle, open.owed.id.0);
        if let Some(message) = open.message.clone() {
            let at = open.owed.claimed_at.unwrap_or(message.at);
            self.went_out(thread, Message { state, ..message }, mid, at);
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

    pub(super) fn not_sent(&mut self, thread: &mut Thread, open: &Open, error: &str) {
        thread.conversation.needs(Look::NotSent);
        if open.owed.purpose.aim.is_a_question() {
            // The customer never saw the question: the next word brings it again.
            thread.conversation.asked = None;
        }
        self.end(open, OwedState::Failed, None, Some(error));
        self.mark(open, MessageState::Failed);
    }

    pub(super) fn end(&mut self, open: &Open, state: OwedState, mid: Option<&str>, error: Option<&str>) {
        let (mid, error) = (mid.map(str::to_owned), error.map(str::to_owned));
        self.out.outbox.insert(open.owed.id, Owed { state, mid, error, ..open.owed.clone() });
    }

    pub(super) fn mark(&mut self, open: &Open, state: MessageState) {
        if let Some(message) = &open.message {
            self.out.messages.insert(message.id, Message { state, ..message.clone() });
        }
    }

    /// No echo came: a look into the conversation at Meta is owed.
    pub(super) fn settle_due(&mut self, send: OutboxId) {
        let Some(open) = self.shop.open.get(&send).filter(|open| open.owed.state == OwedState::Unknown) else { return };
        if !open.owed.account.channel().is_some_and(Channel::shows_conversations) {
            return self.leave_to_a_person(open);
        }
        let looks_already = self.shop.open.values().any(|other| is_look_for(&other.owed, send));
        let OwedCall::Send { text, attachment, .. } = &open.owed.call else { return };
        if looks_already {
            return;
        }
        let id = OutboxId(self.next_id());
        let since = open.owed.claimed_at.unwrap_or(self.now) - CLOCKS_APART;
        let look = Owed {
            id,
            purpose: Purpose::new(Aim::Find, format_args!("{send}:{id}")),
            call: OwedCall::Find { send, text: text.clone(), attachment: attachment.clone(), since },
            state: OwedState::Owed,
            attempts: 0,
            held: 0,
            claimed_at: None,
            claimed_by: None,
            not_before: self.now,
            mid: None,
            error: None,
            ..open.owed.clone()
        };
        self.out.outbox.insert(id, look);
    }

    /// WhatsApp shows no conversation to look into, and a status names a message by an id that only the answer to the
    /// send would have told. So nobody can tell whether it was sent, and it is never sent again by itself.
    fn leave_to_a_person(&mut self, send: &Open) {
        if !self.take(send.owed.conversation) {
            return;
        }
        if let Some(thread) = &mut self.thread {
            thread.conversation.needs(Look::NotSent);
        }
        let why = "nobody can tell whether it was sent: ask the customer, or look into the WhatsApp app";
        self.end(send, OwedState::Unsettled, None, Some(why));
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
            CallResult::Again { error, after_ms } if look.owed.tries() < MAX_LOOKS => {
                self.send_again(look, error, *after_ms);
            }
            CallResult::Unknown { error } if look.owed.tries() < MAX_LOOKS => self.send_again(look, error, None),
            CallResult::Again { error, .. } | CallResult::Unknown { error } | CallResult::Refused { error, .. } => {
                self.look_failed(thread, look, unsettled, error);
            }
            CallResult::TokenRefused { code, generation } => self.owe_with_another_token(look, code, *generation),
            CallResult::Accepted { .. } | CallResult::Catalog { .. } => {
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

/// True when the call was not made, or refused, for calling too much.
fn is_held(ended: &CallEnded) -> bool {
    matches!(ended.result, CallResult::Again { .. }) && ended.told.holds()
}

fn is_look_for(owed: &Owed, send: OutboxId) -> bool {
    matches!(&owed.call, OwedCall::Find { send: of, .. } if *of == send)
}

/// Full jitter: anything up to the wait for this try. The same try of the same life waits equally long, so that a
/// decision made twice is one decision.
fn jittered_wait(owed: &Owed, boot: i64) -> TimeDelta {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let doublings = u32::try_from(owed.tries().clamp(1, 16) - 1).unwrap_or(0);
    let longest = FIRST_WAIT.checked_mul(1 << doublings).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    let mut hasher = DefaultHasher::new();
    (owed.id, owed.attempts, boot).hash(&mut hasher);
    let longest_ms = u64::try_from(longest.num_milliseconds()).unwrap_or(1).max(1);
    TimeDelta::milliseconds(i64::try_from(hasher.finish() % longest_ms).unwrap_or(0))
}

impl Shop {
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
