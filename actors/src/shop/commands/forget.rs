//! A person is to be erased: here only what is in memory is, with the rows that go with it. All other rows follow in
//! pieces, as there may be any number of them.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::alarm::AlarmKind;
use crate::domain::channel::Account;
use crate::domain::command::{Answered, Refused};
use crate::domain::conversation::{Conversation, Customer, Facts, Shown};
use crate::domain::erasure::{Erasure, Person, Whom, is_nobody, nobody};
use crate::domain::event::StoredEvent;
use crate::domain::ids::{ConversationId, CustomerId, ErasureId};
use crate::domain::order::{Order, OrderState, OrderStep};
use crate::domain::outbox::{Owed, OwedCall, OwedState};
use crate::domain::reading::Contact;
use crate::domain::shop_event::{Occurrence, ShopEventKind};
use crate::shop::Shop;
use crate::shop::step::Step;
use crate::shop::thread::Thread;
use crate::store::threads::Wanted;

/// What somebody is told who wants a person erased.
#[derive(Serialize)]
struct ErasureBegun {
    /// The erasure; none: the customer was erased before.
    erasure: Option<ErasureId>,
    already: bool,
}

impl Step<'_> {
    pub(super) fn forget(&mut self, event: &StoredEvent, person: &Person, request: Option<&str>) -> Answered {
        let (thread, account, id) = match person {
            Person::Customer(id) => {
                let thread = self.shop.thread_of_customer(*id);
                let thread = thread
                    .ok_or_else(|| Refused::not_found("no_such_customer", format!("there is no customer {id}")))?;
                if is_nobody(&thread.customer.meta_id) {
                    return answered(&ErasureBegun { erasure: None, already: true });
                }
                (Some(thread.clone()), thread.customer.account.clone(), None)
            }
            Person::MetaId { account, id } => {
                (self.shop.thread_known_as(account, id).cloned(), account.clone(), Some(id))
            }
        };
        let erasure = ErasureId(self.next_id());
        let mut meta_ids: Vec<String> = id.cloned().into_iter().collect();
        meta_ids.extend(thread.iter().flat_map(ids_of));
        meta_ids.sort();
        meta_ids.dedup();
        self.let_go_of_loose_ends(&account, &meta_ids);
        let whom = thread.iter().map(whom).collect();
        if let Some(thread) = thread {
            self.thread = Some(self.made_nameless(thread));
        }
        let request = request.map(str::to_owned);
        let (through, asked_at, asked_by) = (event.seq, self.now, self.by.clone());
        self.out.erasures.push(Erasure {
            id: erasure,
            whom,
            account,
            meta_ids,
            through,
            asked_at,
            asked_by,
            request,
            aged: None,
        });
        self.set_alarm(AlarmKind::Erase, erasure.0, self.now);
        answered(&ErasureBegun { erasure: Some(erasure), already: false })
    }

    /// What is left is a customer without a name, in whose orders the books still add up.
    pub(in crate::shop) fn made_nameless(&mut self, thread: Thread) -> Thread {
        let (customer, conversation) = (thread.customer.id, thread.conversation.id);
        self.clear_alarm(AlarmKind::Reply, conversation.0);
        self.end_calls(conversation);
        if let Some(draft) = thread.draft.clone().filter(|order| order.state == OrderState::Draft) {
            self.end_draft(draft);
        }
        self.out.told.push(Occurrence::to(ShopEventKind::CustomerErased, customer.0));
        self.out.forgotten.insert(conversation);
        let Conversation { episode, closed_through, .. } = thread.conversation;
        Thread {
            customer: Customer {
                meta_id: nobody(customer),
                facts: Facts::default(),
                shown: Shown::default(),
                given_name: None,
                ..thread.customer
            },
            aliases: Vec::new(),
            conversation: Conversation {
                episode,
                closed_through,
                archived: true,
                people_only: true,
                ..Conversation::begin(conversation, customer)
            },
            lead: None,
            heard: Vec::new(),
            draft: None,
            last_order: None,
            knows_last_order: true,
            recalled: Vec::new(),
            used: thread.used,
        }
    }

    fn end_draft(&mut self, draft: Order) {
        let mut lines = draft.lines.clone();
        lines.iter_mut().for_each(|line| line.evidence.clear());
        let order = self.put_order(Order { state: OrderState::Cancelled, lines, contact: Contact::default(), ..draft });
        self.changed(order.id, OrderStep::Cancelled);
    }

    /// What was to be sent is not sent any more; of what is on its way nobody will learn the end.
    fn end_calls(&mut self, conversation: ConversationId) {
        let open = self.shop.open.values().filter(|open| open.owed.conversation == conversation);
        for open in open {
            let state = match open.owed.state {
                OwedState::Owed => OwedState::Failed,
                _ => OwedState::Unsettled,
            };
            let call = match &open.owed.call {
                OwedCall::Send { message, .. } => OwedCall::Send {
                    message: *message,
                    text: String::new(),
                    attachment: None,
                    quick_replies: Vec::new(),
                },
                OwedCall::Find { send, since, .. } => {
                    OwedCall::Find { send: *send, since: *since, text: String::new(), attachment: None }
                }
            };
            let error = Some("the customer was erased".to_owned());
            let owed = Owed { state, call, error, recipient: String::new(), mid: None, ..open.owed.clone() };
            self.clear_alarm(AlarmKind::Settle, owed.id.0);
            self.out.outbox.insert(owed.id, owed);
        }
    }

    pub(in crate::shop) fn let_go_of_loose_ends(&mut self, account: &Account, meta_ids: &[String]) {
        let theirs = |name: &&(Account, String)| {
            let customer = self.shop.loose_ends.get(*name).and_then(|end| end.customer.as_ref());
            name.0 == *account && customer.is_some_and(|customer| meta_ids.contains(customer))
        };
        let over: Vec<_> = self.shop.loose_ends.keys().filter(theirs).cloned().collect();
        self.out.loose_ends.extend(over.into_iter().map(|name| (name, None)));
    }
}

/// The customer, and what passed between them and the shop.
pub(in crate::shop) fn whom(thread: &Thread) -> Whom {
    Whom { customer: thread.customer.id, conversation: thread.conversation.id }
}

/// All that the person goes by at Meta.
pub(in crate::shop) fn ids_of(thread: &Thread) -> Vec<String> {
    let Customer { meta_id, shown, .. } = &thread.customer;
    [meta_id].into_iter().chain(&thread.aliases).chain(&shown.phone).cloned().collect()
}

fn answered(begun: &ErasureBegun) -> Result<Value, Refused> {
    Ok(json!(begun))
}

impl Shop {
    /// What must be read to erase a person.
    pub(super) fn want_person_to_erase(&self, wanted: &mut Wanted, person: &Person) {
        match person {
            Person::Customer(id) => {
                wanted.people.extend(self.thread_of_customer(*id).is_none().then_some(*id));
            }
            Person::MetaId { account, id } => {
                let who = (account.clone(), id.clone());
                wanted.customers.extend((!self.by_customer.contains_key(&who)).then_some(who));
            }
        }
    }

    fn thread_of_customer(&self, id: CustomerId) -> Option<&Thread> {
        self.threads.values().find(|thread| thread.customer.id == id)
    }

    fn thread_known_as(&self, account: &Account, id: &str) -> Option<&Thread> {
        self.threads.get(self.by_customer.get(&(account.clone(), id.to_owned()))?)
    }
}
