//! What stands in for the database: a turn reads from the maps of [`Played`], and is stored in them.

use super::*;
use crate::domain::ids::MessageId;
use crate::store::desk::{DeskKnown, DeskWanted};

impl Played {
    /// Takes events as one turn, reading whatever the shop wants to know of them, as the actor does.
    pub(super) fn turn(&mut self, events: Vec<(StoredEvent, Result<Happening, Reason>)>) {
        let wanted = self.shop.wanted(&events, &[], self.now);
        self.read(&wanted);
        self.reads_orders(&events);
        for (event, happening) in &events {
            self.shop.decide(event, happening, self.now);
        }
        self.store();
    }

    pub(super) fn read(&mut self, wanted: &Wanted) {
        let has_mid = |message: &Message| message.mid.as_ref().is_some_and(|mid| wanted.mids.contains(mid));
        let recalled: Vec<Message> = self.messages.values().filter(|message| has_mid(message)).cloned().collect();
        let named = || self.orders.values().filter(|order| wanted.orders.contains(&order.id));
        let is_wanted = |conversation: &&Conversation| {
            let customer = &self.customers[&conversation.customer];
            wanted.conversations.contains(&conversation.id)
                || wanted.customers.contains(&(customer.account.clone(), customer.meta_id.clone()))
                || wanted.meta_ids.contains(&customer.meta_id)
                || wanted.people.contains(&customer.id)
                || self.leads.get(&customer.id).is_some_and(|lead| wanted.leads.contains(&lead.id))
                || recalled.iter().any(|message| message.conversation == conversation.id)
                || named().any(|order| order.conversation == conversation.id)
        };
        let thread = |conversation: &Conversation| StoredThread {
            aliases: vec![],
            customer: self.customers[&conversation.customer].clone(),
            conversation: conversation.clone(),
            lead: self.leads.get(&conversation.customer).cloned(),
            heard: self.heard(conversation),
            draft: conversation.draft.map(|order| self.orders[&order.0].clone()),
            recalled: recalled.iter().filter(|message| message.conversation == conversation.id).cloned().collect(),
            orders: named().filter(|order| order.conversation == conversation.id).cloned().collect(),
        };
        let threads = self.conversations.values().filter(is_wanted).map(thread).collect();
        self.shop.learn(threads);
        self.shop.learn_comments(self.comments.intersection(&wanted.comments).cloned().collect());
        self.shop.learn_desk(self.known_at_desk(&wanted.desk));
    }

    fn known_at_desk(&self, wanted: &DeskWanted) -> DeskKnown {
        let later_than = |(conversation, mark): &(ConversationId, MessageId)| {
            let there = self.messages.values().filter(|message| message.conversation == *conversation);
            let later = there.filter(|message| message.author == Author::Customer && message.id > *mark).count();
            self.messages.contains_key(&mark.0).then_some(((*conversation, *mark), later as i64))
        };
        DeskKnown {
            orders: wanted.orders.iter().filter(|order| self.orders.contains_key(&order.0)).copied().collect(),
            notes: wanted.notes.iter().filter(|note| self.notes.contains_key(note)).copied().collect(),
            later: wanted.read_through.iter().filter_map(later_than).collect(),
        }
    }

    fn heard(&self, of: &Conversation) -> Vec<Message> {
        let counts = |message: &&Message| message.conversation == of.id && message.episode == of.episode;
        let heard = self.messages.values().filter(counts).filter(|message| message.counts);
        let mut heard: Vec<Message> = heard.cloned().collect();
        heard.sort_by_key(|message| (message.at, message.id));
        heard
    }

    /// Forgets all that is not stored, as a restart does.
    pub(super) fn restarts(&mut self) {
        let sent_by = |owed: &Owed| self.messages.values().find(|message| message.outbox == Some(owed.id)).cloned();
        let open = self.outbox.values().filter(|owed| owed.state.is_open()).map(|owed| (owed.clone(), sent_by(owed)));
        let catalog = self.shop.catalog.clone();
        let loose_ends = self.loose_ends.values().cloned().collect();
        let loaded = Loaded { last_id: self.last.last_id, open: open.collect(), catalog, loose_ends, ..loaded() };
        self.shop = Shop::new(loaded, self.shop.rules);
    }

    /// Stores what was decided, as the actor does after a turn.
    pub(super) fn store(&mut self) {
        self.shop.claim(self.now);
        let changes = self.shop.changes(self.now);
        self.handed.extend(self.shop.hand_over());
        self.orders.extend(changes.orders.iter().map(|order| (order.id.0, order.clone())));
        self.messages.extend(changes.messages.iter().map(|message| (message.id.0, message.clone())));
        self.outbox.extend(changes.outbox.iter().map(|owed| (owed.id.0, owed.clone())));
        self.customers.extend(changes.customers.iter().map(|customer| (customer.id, customer.clone())));
        self.conversations.extend(changes.conversations.iter().map(|it| (it.id, it.clone())));
        self.leads.extend(changes.leads.iter().map(|lead| (lead.customer, lead.clone())));
        for over in &changes.loose_ends_over {
            self.loose_ends.remove(over);
        }
        let kept = changes.loose_ends.iter().map(|end| ((end.account.clone(), end.mid.clone()), end.clone()));
        self.loose_ends.extend(kept);
        self.spent.extend(changes.spent.iter().map(|spent| ((spent.key, spent.slot), spent.calls)));
        self.holds.extend(changes.holds.iter().cloned());
        self.comments.extend(changes.comments.iter().map(|comment| comment.name.clone()));
        for over in &changes.notes_over {
            self.notes.remove(over);
        }
        self.notes.extend(changes.notes.iter().map(|note| (note.id, note.clone())));
        for over in &changes.alarms_over {
            self.alarms.remove(over);
        }
        self.alarms.extend(changes.alarms.iter().map(|alarm| (alarm.key, alarm.due)));
        self.history.extend(changes.order_changes.iter().cloned());
        self.last = changes;
    }
}
