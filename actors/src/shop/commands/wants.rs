//! What must be read before commands of the staff can be decided.

use crate::domain::command::{Command, NoteOn, Recipient};
use crate::domain::ids::{ConversationId, CustomerId, OrderId};
use crate::store::desk::DeskKnown;
use crate::store::threads::Wanted;

use crate::shop::turn::Turn;
use crate::shop::{LONGEST_ID, Shop, named_orders};

/// What this turn knows of things that commands name, beside conversations.
#[derive(Default)]
pub(in crate::shop) struct Desk {
    pub(super) known: DeskKnown,
    /// The last id that was given when it was read: what has a greater one is of this turn.
    pub(super) stored_through: i64,
}

impl Desk {
    /// Takes over what a step added or took away.
    pub(in crate::shop) fn follow(&mut self, out: &Turn) {
        self.known.orders.extend(out.orders.keys().copied());
        for (id, note) in &out.notes {
            match note {
                Some(_) => self.known.notes.insert(*id),
                None => self.known.notes.remove(id),
            };
        }
    }
}

impl Shop {
    /// What one command names that is not in memory.
    pub(in crate::shop) fn want_for_command(&self, wanted: &mut Wanted, command: &Command) {
        match command {
            Command::Send { to: Recipient::MetaId(id), .. } => {
                // An id that no database would take is nobody's. A known one may be somebody else's, too, elsewhere.
                let is_id = !id.is_empty() && id.len() <= LONGEST_ID && !id.contains('\0');
                wanted.meta_ids.extend(is_id.then(|| id.clone()));
            }
            Command::Send { to: Recipient::Conversation(id), .. }
            | Command::HandOver { conversation: id, .. }
            | Command::Note { on: NoteOn::Conversation(id), .. }
            | Command::Label { conversation: id, .. }
            | Command::Assign { conversation: id, .. }
            | Command::Archive { conversation: id, .. }
            | Command::SettleLooks { conversation: id, .. } => self.want_conversation(wanted, *id),
            Command::MarkRead { conversation, through } => {
                self.want_conversation(wanted, *conversation);
                wanted.desk.read_through.extend(through.map(|message| (*conversation, message)));
            }
            Command::Note { on: NoteOn::Order(order), .. } => drop(wanted.desk.orders.insert(*order)),
            Command::RemoveNote { note } => drop(wanted.desk.notes.insert(*note)),
            Command::Note { on: NoteOn::Customer(customer), .. } | Command::EditCustomer { customer, .. } => {
                self.want_person(wanted, *customer);
            }
            Command::MoveLead { lead, .. } => {
                let is_known =
                    self.threads.values().any(|thread| thread.lead.as_ref().is_some_and(|it| it.id == *lead));
                wanted.leads.extend((!is_known).then_some(*lead));
            }
            Command::Forget { person, .. } => self.want_person_to_erase(wanted, person),
            Command::OpenOrder { conversation, .. } => self.want_conversation(wanted, *conversation),
            Command::PutCatalog(catalog) => wanted.sync.meta_id = Some(catalog.meta_id.trim().to_owned()),
            Command::Appeal { retailer_id, .. } => {
                wanted.sync.catalog = self.sync.now.catalog.as_ref().map(|catalog| catalog.id);
                wanted.sync.items.insert(retailer_id.clone());
            }
            _ => {
                let named = named_orders::named_by(command);
                wanted.orders.extend(named.filter(|order| self.order(*order).is_none()));
            }
        }
    }

    fn want_conversation(&self, wanted: &mut Wanted, id: ConversationId) {
        wanted.conversations.extend((!self.threads.contains_key(&id)).then_some(id));
    }

    fn want_person(&self, wanted: &mut Wanted, id: CustomerId) {
        let is_known = self.threads.values().any(|thread| thread.customer.id == id);
        wanted.people.extend((!is_known).then_some(id));
    }

    /// Takes in what was read for commands.
    pub fn learn_desk(&mut self, known: DeskKnown) {
        self.desk = Desk { known, stored_through: self.last_id };
    }

    pub(super) fn has_order(&self, order: OrderId) -> bool {
        self.desk.known.orders.contains(&order)
    }
}
