//! What must be read before a turn can be decided, and how it comes into memory: nothing is read while deciding.

use chrono::{DateTime, Utc};

use crate::domain::alarm::{Alarm, AlarmKind};
use crate::domain::event::{Happening, Receipt, ReceiptOf, StoredEvent};
use crate::domain::ids::{ConversationId, OutboxId};
use crate::domain::outcome::Reason;
use crate::store::threads::{StoredThread, Wanted};

use super::thread::Thread;
use super::{Shop, comments};

/// The conversations of so many owed calls are read ahead of their being made.
const CALLS_AHEAD: usize = 64;

impl Shop {
    /// What must be read before these can be decided: whatever is not in memory.
    pub fn wanted(
        &self,
        events: &[(StoredEvent, Result<Happening, Reason>)],
        alarms: &[Alarm],
        now: DateTime<Utc>,
    ) -> Wanted {
        let mut wanted = Wanted::default();
        for (event, happening) in events {
            if let Ok(happening) = happening {
                self.want_for(&mut wanted, event, happening);
            }
        }
        for alarm in alarms {
            match alarm.key.kind {
                AlarmKind::Reply => self.want_thread(&mut wanted, ConversationId(alarm.key.subject)),
                AlarmKind::Settle => self.want_thread_of(&mut wanted, OutboxId(alarm.key.subject)),
                AlarmKind::Retain => wanted.aged = self.wanted_aged(),
                AlarmKind::Erase
                | AlarmKind::Send
                | AlarmKind::Sync
                | AlarmKind::SyncAuto
                | AlarmKind::SyncReview
                | AlarmKind::SyncDrift => {}
            }
        }
        for conversation in self.next_free_calls(now).take(CALLS_AHEAD) {
            self.want_thread(&mut wanted, conversation);
        }
        for conversation in self.closed_while_held(now).take(CALLS_AHEAD) {
            self.want_thread(&mut wanted, conversation);
        }
        self.want_bodies(&mut wanted, now);
        wanted.customers.sort();
        wanted.customers.dedup();
        wanted.conversations.sort();
        wanted.conversations.dedup();
        wanted
    }

    /// What must be read before one event can be decided.
    fn want_for(&self, wanted: &mut Wanted, event: &StoredEvent, happening: &Happening) {
        match happening {
            Happening::Said(said) => {
                self.want_customer(wanted, event);
                self.want_other(wanted, event, said.profile.other_id.as_deref());
            }
            Happening::Renamed(renamed) => {
                self.want_customer(wanted, event);
                self.want_other(wanted, event, Some(&renamed.to));
            }
            Happening::Echo(echo) => {
                self.want_customer(wanted, event);
                self.want_message(wanted, event, &echo.mid);
            }
            Happening::Edited(edited) => self.want_message(wanted, event, &edited.mid),
            Happening::Unsent(unsent) => self.want_message(wanted, event, &unsent.mid),
            Happening::Reacted(reacted) => self.want_message(wanted, event, &reacted.mid),
            Happening::Receipt(Receipt { of: ReceiptOf::Mids(mids), .. }) => {
                mids.iter().for_each(|mid| self.want_message(wanted, event, mid));
            }
            Happening::Referred(_)
            | Happening::Noted(_)
            | Happening::Receipt(Receipt { of: ReceiptOf::Through(_), .. }) => self.want_customer(wanted, event),
            Happening::CallEnded(ended) => {
                self.want_thread_of(wanted, ended.outbox);
                self.want_for_errand(wanted, happening);
            }
            Happening::Commented(_) | Happening::Mentioned(_) => {
                wanted.comments.extend(comments::named_by(event, happening));
            }
            Happening::BatchTold { .. } => {}
            Happening::Command(commanded) => self.want_for_command(wanted, &commanded.command),
            Happening::Announced(what) => wanted.connections |= what.kind.is_of_connection(),
        }
    }

    fn want_message(&self, wanted: &mut Wanted, event: &StoredEvent, mid: &str) {
        if self.with_mid(event, mid).is_none() {
            wanted.mids.insert(mid.to_owned());
        }
    }

    fn want_customer(&self, wanted: &mut Wanted, event: &StoredEvent) {
        self.want_other(wanted, event, event.customer.as_deref());
    }

    /// Whoever has this id on the account of the event.
    fn want_other(&self, wanted: &mut Wanted, event: &StoredEvent, id: Option<&str>) {
        let who = id.map(|id| (event.account.clone(), id.to_owned()));
        wanted.customers.extend(who.filter(|who| !self.by_customer.contains_key(who)));
    }

    fn want_thread_of(&self, wanted: &mut Wanted, outbox: OutboxId) {
        if let Some(open) = self.open.get(&outbox) {
            self.want_thread(wanted, open.owed.conversation);
        }
    }

    fn want_thread(&self, wanted: &mut Wanted, conversation: ConversationId) {
        if !self.threads.contains_key(&conversation) {
            wanted.conversations.push(conversation);
        }
    }

    /// Takes in what was read; what is in memory already is newer.
    pub fn learn(&mut self, threads: Vec<StoredThread>) {
        if !threads.is_empty() {
            self.index_anew();
        }
        for stored in threads {
            let (id, recalled) = (stored.conversation.id, stored.recalled.clone());
            self.named.orders.extend(stored.orders.iter().map(|order| (order.id, order.clone())));
            self.windows.remove(&id);
            if !self.threads.contains_key(&id) {
                let thread = Thread::read(stored, &self.index);
                self.know(&thread, &thread.aliases);
                self.threads.insert(id, thread);
            }
            if let Some(thread) = self.threads.get_mut(&id) {
                thread.recall(recalled);
                if thread.wants_last_order() {
                    self.repeating.insert(id);
                }
            }
            self.learned.push(id);
        }
    }
}
