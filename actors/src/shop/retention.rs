//! Customers who have said nothing for as long as the shop remembers anybody: once a day they are looked for, a few
//! conversations a turn, and are erased like everybody who asks for it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::domain::alarm::AlarmKind;
use crate::domain::channel::Account;
use crate::domain::command::{Answered, Refused};
use crate::domain::erasure::{Aged, AgedPlace, Erasure, KeepDays, is_nobody};
use crate::domain::ids::{ConversationId, ErasureId, EventSeq};
use crate::domain::order::OrderState;
use crate::store::erasures::AgedFound;

use super::Shop;
use super::commands::forget::{ids_of, whom};
use super::step::Step;
use super::thread::Thread;
use super::turn::Turn;

/// From a change of the setting to the first time it is acted on: a slip can be taken back.
const GRACE: TimeDelta = TimeDelta::days(1);

impl Step<'_> {
    /// The setting is otherwise. What is under way goes by it from its next persons on.
    pub(super) fn keep_for(&mut self, days: Option<KeepDays>) -> Answered {
        self.out.keep_days = Some(days);
        if self.shop.aging().is_none() {
            match days {
                Some(_) => self.set_alarm(AlarmKind::Retain, 0, self.now + GRACE),
                None => self.clear_alarm(AlarmKind::Retain, 0),
            }
        }
        Ok(json!({ "keep_days": days }))
    }

    /// Somebody will not wait for the day's time.
    pub(super) fn erase_aged(&mut self) -> Answered {
        if let Some(erasure) = self.shop.aging() {
            return Ok(json!({ "erasure": erasure.id, "already": true }));
        }
        let Some(days) = self.shop.seller.settings.keep_days else {
            let detail = "the shop remembers its customers for ever: set keep_days among its settings first";
            return Err(Refused::conflict("nothing_ages", detail));
        };
        let erasure = self.begin_aging(days);
        Ok(json!({ "erasure": erasure, "already": false }))
    }

    /// A day has passed, or a group of persons is erased.
    pub(super) fn retain_due(&mut self) {
        let days = self.shop.seller.settings.keep_days;
        match (self.shop.aging(), days) {
            (Some(erasure), days) => self.take_next_group(erasure.clone(), days),
            (None, Some(days)) => drop(self.begin_aging(days)),
            (None, None) => {}
        }
    }

    fn begin_aging(&mut self, days: KeepDays) -> ErasureId {
        let (id, account) = (ErasureId(self.next_id()), Account::stored(String::new()));
        let next = Some(AgedPlace { account: account.clone(), after: ConversationId(0) });
        self.out.erasures.push(Erasure {
            id,
            whom: Vec::new(),
            account,
            meta_ids: Vec::new(),
            through: EventSeq(0),
            asked_at: self.now,
            asked_by: self.by.clone(),
            request: None,
            aged: Some(Aged { days, before: days.before(self.now), next, is_stopped: false }),
        });
        self.set_alarm(AlarmKind::Retain, 0, self.now);
        id
    }

    fn take_next_group(&mut self, erasure: Erasure, days: Option<KeepDays>) {
        let Some(aged) = erasure.aged.clone() else { return };
        // The seller thinks otherwise by now: nobody more is erased by what was set before.
        let goes_on = days == Some(aged.days);
        let Some(found) = self.shop.aged.as_ref().filter(|_| goes_on) else {
            // Where it goes on, it has begun in this very turn, and nothing was read for it yet.
            let next = aged.next.clone().filter(|_| goes_on);
            let aged = Some(Aged { next, is_stopped: !goes_on, ..aged });
            return self.go_on(Erasure { aged, whom: Vec::new(), meta_ids: Vec::new(), ..erasure });
        };
        let due = found.due.iter().filter_map(|id| self.shop.threads.get(id));
        let due: Vec<Thread> = due.filter(|thread| self.shop.is_aged(thread, aged.before)).cloned().collect();
        let mut meta_ids: Vec<String> = due.iter().flat_map(ids_of).collect();
        meta_ids.sort();
        meta_ids.dedup();
        self.let_go_of_loose_ends(&found.account, &meta_ids);
        let whom = due.iter().map(whom).collect();
        for thread in due {
            let nameless = self.made_nameless(thread);
            self.others.push(nameless);
        }
        let (account, next) = (found.account.clone(), found.next.clone());
        self.go_on(Erasure { whom, account, meta_ids, aged: Some(Aged { next, ..aged }), ..erasure });
    }

    fn go_on(&mut self, erasure: Erasure) {
        let looks_on = erasure.whom.is_empty() && erasure.aged.as_ref().is_some_and(|aged| aged.next.is_some());
        match looks_on {
            true => self.set_alarm(AlarmKind::Retain, 0, self.now),
            false => self.set_alarm(AlarmKind::Erase, erasure.id.0, self.now),
        }
        self.out.erasures.push(erasure);
    }
}

impl Shop {
    /// The erasure for age that is under way.
    fn aging(&self) -> Option<&Erasure> {
        self.erasing.iter().find(|erasure| erasure.aged.is_some())
    }

    /// Since when whoever is looked for has said nothing, and where to look.
    pub(super) fn wanted_aged(&self) -> Option<(DateTime<Utc>, AgedPlace)> {
        let aged = self.aging()?.aged.as_ref()?;
        Some((aged.before, aged.next.clone()?))
    }

    /// Takes in who was found; answers which conversations must be read.
    pub fn learn_aged(&mut self, found: AgedFound) -> Vec<ConversationId> {
        let unread = found.due.iter().filter(|id| !self.threads.contains_key(id)).copied().collect();
        self.aged = Some(found);
        unread
    }

    /// What was read says so, and nothing of this very turn says otherwise.
    fn is_aged(&self, thread: &Thread, before: DateTime<Utc>) -> bool {
        let id = thread.conversation.id;
        let said = &thread.conversation;
        let is_old =
            [said.last_inbound_at, said.last_message_at, said.staff_at].into_iter().flatten().all(|at| at <= before);
        let has_draft = thread.draft.as_ref().is_some_and(|order| order.state == OrderState::Draft);
        let is_owed = self.open.values().any(|open| open.owed.conversation == id);
        is_old && !has_draft && !is_owed && !self.turn.touched.contains(&id) && !is_nobody(&thread.customer.meta_id)
    }

    /// Takes over erasures that begin, or go on with others.
    pub(super) fn follow_erasures(&mut self, out: &Turn) {
        for erasure in &out.erasures {
            self.erasing.retain(|known| known.id != erasure.id);
            self.erasing.push(erasure.clone());
        }
        if let Some(days) = out.keep_days {
            self.seller.settings.keep_days = days;
        }
    }
}
