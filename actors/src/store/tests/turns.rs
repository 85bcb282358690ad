//! A turn is stored whole, read back as it was, in one statement a table.

use serde_json::json;

use crate::domain::changes::{Changes, Decided};
use crate::domain::channel::Account;
use crate::domain::command::NoteOn;
use crate::domain::conversation::{Conversation, Facts, LeadStage, Message, MessageState};
use crate::domain::event::Source;
use crate::domain::ids::{ConversationId, EventSeq, MessageId, OrderId, OutboxId, SellerId};
use crate::domain::order::{Looks, OrderState};
use crate::domain::outbox::{Owed, OwedCall, OwedState};
use crate::domain::outcome::{Outcome, Reason};
use crate::store::notes::{self, NotesPage};
use crate::store::pen::{Fence, FencedTx, Sync};
use crate::store::threads::{self, StoredThread, Wanted};
use crate::store::views::{self, Page};
use crate::store::{Store, StoreError, alarms, comments, inbox, ledger, turns};

use super::example::{said_row, turn};
use super::support::{account, at, databases, fenced, load, said, seller};

const ALL: Page = Page { after: 0, limit: u64::MAX };

pub(super) async fn save(store: &Store, seller: SellerId, changes: &Changes) {
    let loaded = load(store, seller).await;
    let fence = Fence { incarnation: loaded.incarnation, last_id: changes.last_id };
    let tx = FencedTx::begin(store.pen(), seller, fence, Sync::Flushed).await.unwrap();
    turns::save(&tx, changes, at(99)).await.unwrap();
    tx.commit("seller.turn").await.unwrap();
}

/// Reads everything that the changes of one customer have put there, and compares.
async fn assert_stored(store: &Store, seller: SellerId, changes: &Changes) {
    let reads = store.reads();
    let conversation = changes.conversations[0].clone();
    let talk = views::conversations(reads, seller, ALL).await.unwrap();
    assert!(talk.contains(&(conversation.clone(), changes.customers[0].clone())));
    assert_eq!(views::messages(reads, seller, conversation.id).await.unwrap(), changes.messages);
    assert!(views::leads(reads, seller, ALL).await.unwrap().contains(&changes.leads[0]));
    assert!(views::orders(reads, seller, ALL).await.unwrap().contains(&changes.orders[0]));
    let owed = views::outbox(reads, seller, ALL).await.unwrap();
    assert!(changes.outbox.iter().all(|call| owed.contains(call)));
    let due = alarms::due_of(reads, seller, at(1_000), 100).await.unwrap();
    assert!(changes.alarms.iter().all(|alarm| due.contains(alarm)), "{due:?}");
    let loaded = load(store, seller).await;
    assert_eq!(loaded.last_id, changes.last_id);
    assert_eq!(loaded.catalog.product(&changes.products[0].retailer_id), Some(&changes.products[0]));
    assert!(loaded.spent.contains(&changes.spent[0]));
    assert!(loaded.holds.contains(&changes.holds[0]));
    let open = changes.outbox.iter().filter(|call| call.state.is_open());
    let open: Vec<(Owed, Option<Message>)> = open.map(|call| (call.clone(), sent_by(call, changes))).collect();
    assert!(open.iter().all(|call| loaded.open.contains(call)));
    assert_eq!(loaded.seller.connections.len(), 1);
    assert!(changes.loose_ends.iter().all(|end| loaded.loose_ends.contains(end)));
    let public = comments::page(reads, seller, ALL).await.unwrap();
    assert!(changes.comments.iter().all(|comment| public.contains(comment)));
    let page = NotesPage { before: None, limit: u64::MAX };
    let kept = notes::page(reads, seller, NoteOn::Conversation(conversation.id), page).await.unwrap();
    assert_eq!(kept, changes.notes);
    let customer = &changes.customers[0];
    assert_eq!(views::customer(reads, seller, customer.id).await.unwrap().as_ref(), Some(customer));
}

fn sent_by(call: &Owed, changes: &Changes) -> Option<Message> {
    let OwedCall::Send { message, .. } = call.call else { return None };
    changes.messages.iter().find(|row| row.id == message).cloned()
}

#[tokio::test]
async fn a_turn_is_read_back_as_it_was_stored() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let mut changes = Changes { last_id: 102, ..turn(1) };
        save(&store, seller, &changes).await;
        assert_stored(&store, seller, &changes).await;
        assert_eq!(alarms::next_due(store.reads(), at(0)).await.unwrap(), Some(at(51)));
        assert_eq!(alarms::sellers_due(store.reads(), at(51)).await.unwrap()[0].0, seller);
        assert!(alarms::sellers_due(store.reads(), at(50)).await.unwrap().is_empty());

        // Everything changes: nothing of the old may be left.
        changes.last_id = 500;
        changes.customers[0].facts = Facts { email: changes.customers[0].facts.phone.take(), ..Facts::default() };
        changes.conversations[0] = Conversation {
            needs_look: Looks::new(),
            asked: None,
            unread: 0,
            episode: 2,
            labels: vec![],
            assignee: None,
            ..changes.conversations[0].clone()
        };
        changes.messages[1] =
            Message { state: MessageState::Confirmed, mid: Some("mid".to_owned()), ..changes.messages[1].clone() };
        changes.leads[0].stage = LeadStage::Ordered;
        changes.orders[0].lines.remove(0);
        changes.orders[0].state = OrderState::Confirmed;
        changes.orders[0].confirmed_at = Some(at(20));
        changes.outbox[0].state = OwedState::Accepted;
        changes.products[0].variants.swap(0, 2);
        changes.products[0].variants.pop();
        changes.spent[0].calls = 4;
        changes.holds[0].1.times = 3;
        changes.alarms_over = vec![changes.alarms.remove(1).key];
        changes.alarms[0].due = at(70);
        changes.comments.clear();
        changes.notes_over = vec![changes.notes.remove(0).id];
        changes.customers[0].given_name = None;
        changes.loose_ends_over = vec![(account(), changes.loose_ends.remove(0).mid)];
        save(&store, seller, &changes).await;
        assert_stored(&store, seller, &changes).await;
        let due = alarms::due_of(store.reads(), seller, at(1_000), 100).await.unwrap();
        assert_eq!(due, changes.alarms);
        assert!(load(&store, seller).await.loose_ends.is_empty());
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn two_sellers_may_use_the_same_ids_and_never_see_each_other() {
    for database in databases().await {
        let store = database.open().await;
        let one = seller(&store, &account()).await;
        let two = seller(&store, &Account::stored("instagram:2".to_owned())).await;
        save(&store, one, &turn(1)).await;
        let mut other = turn(1);
        other.leads[0].first_words = "hello".to_owned();
        save(&store, two, &other).await;
        assert_stored(&store, one, &turn(1)).await;
        assert_stored(&store, two, &other).await;
        for seller in [one, two] {
            assert_eq!(views::leads(store.reads(), seller, ALL).await.unwrap().len(), 1);
        }
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_turn_costs_the_same_statements_for_one_event_and_for_thirty_two() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let events: Vec<_> = (1..=33).map(|n| said(Some(seller), &format!("m:{n}"), n)).collect();
        inbox::append(store.pen(), &events, at(0)).await.unwrap();
        let mut costs = Vec::new();
        for numbers in [1..=1, 2..=33] {
            let mut changes = Changes::default();
            for n in numbers {
                add_up(&mut changes, turn(n));
                let decided = Decided { event: EventSeq(n), outcome: Outcome::Handled, answer: None };
                changes.decided.push(decided);
            }
            let loaded = load(&store, seller).await;
            let before = store.pen().statements();
            let tx = fenced(&store, &loaded).await;
            turns::save(&tx, &changes, at(1)).await.unwrap();
            tx.commit("seller.turn").await.unwrap();
            costs.push(store.pen().statements() - before);
        }
        // The fence, sixteen tables, and two of them emptied first.
        assert_eq!(costs, [19, 19]);
        assert_eq!(ledger::equation(store.reads()).await.unwrap().handled, 33);
        let loaded = load(&store, seller).await;
        let before = store.pen().statements();
        let tx = fenced(&store, &loaded).await;
        turns::save(&tx, &Changes::default(), at(1)).await.unwrap();
        tx.commit("seller.turn").await.unwrap();
        assert_eq!(store.pen().statements() - before, 1, "nothing to change costs nothing");
        store.close(at(1)).await.unwrap();
    }
}

fn add_up(all: &mut Changes, mut one: Changes) {
    all.customers.append(&mut one.customers);
    all.conversations.append(&mut one.conversations);
    all.messages.append(&mut one.messages);
    all.leads.append(&mut one.leads);
    all.orders.append(&mut one.orders);
    all.order_changes.append(&mut one.order_changes);
    all.outbox.append(&mut one.outbox);
    all.products.append(&mut one.products);
    all.spent.append(&mut one.spent);
    all.holds.append(&mut one.holds);
    all.alarms.append(&mut one.alarms);
    all.comments.append(&mut one.comments);
    all.loose_ends.append(&mut one.loose_ends);
}

#[tokio::test]
async fn outcomes_reasons_and_answers_are_kept() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let mut command = said(Some(seller), "put_products:1", 1);
        command.arrival.account = Account::of_seller(seller);
        command.arrival.source = Source::Command;
        let events = [said(Some(seller), "m:1", 1), said(Some(seller), "m:2", 1), command];
        inbox::append(store.pen(), &events, at(0)).await.unwrap();
        let answer = json!({"stored": 3, "names": ["é", null]});
        let decided = [
            (1, Outcome::Duplicate, None),
            (2, Outcome::Ledgered(Reason::Poison), None),
            (3, Outcome::Handled, Some(answer.clone())),
        ];
        let decided = decided.map(|(event, outcome, answer)| Decided { event: EventSeq(event), outcome, answer });
        save(&store, seller, &Changes { decided: decided.to_vec(), ..Changes::default() }).await;
        assert_eq!(inbox::answer(store.reads(), seller, "put_products:1").await.unwrap(), Some(answer));
        assert_eq!(ledger::by_reason(store.reads()).await.unwrap(), [("poison".to_owned(), 1)]);
        let equation = ledger::equation(store.reads()).await.unwrap();
        assert_eq!((equation.duplicate, equation.ledgered, equation.handled), (1, 1, 0));
        assert!(equation.holds());
        assert!(inbox::pending(store.reads(), seller, 9).await.unwrap().is_empty());
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn the_database_refuses_a_second_order_of_one_message_and_a_second_call_for_one_purpose() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        save(&store, seller, &turn(1)).await;
        let mut order = turn(1).orders.remove(0);
        order.id = OrderId(7);
        let mut owed = turn(1).outbox.remove(0);
        owed.id = OutboxId(7);
        let orders = Changes { orders: vec![order], ..Changes::default() };
        let outbox = Changes { outbox: vec![owed], ..Changes::default() };
        for changes in [orders, outbox] {
            let loaded = load(&store, seller).await;
            let tx = fenced(&store, &loaded).await;
            let refused = turns::save(&tx, &changes, at(1)).await;
            assert!(matches!(refused, Err(StoreError::Data(_))), "{refused:?}");
        }
        assert_stored(&store, seller, &Changes { last_id: 0, ..turn(1) }).await;
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_thread_is_what_the_open_episode_needs() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let mut changes = turn(1);
        add_up(&mut changes, turn(2));
        let talk = ConversationId(100);
        let more = |n: i64, ms, episode| {
            let row = said_row(MessageId(1_000 + n), talk, n);
            Message { source_key: Some(format!("more:{n}")), at: at(ms), episode, ..row }
        };
        changes.messages.extend([more(1, 1, 1), more(2, 5, 1), more(3, 90, 0)]);
        save(&store, seller, &changes).await;
        let wanted = Wanted {
            customers: vec![(account(), "customer 1".to_owned()), (account(), "nobody".to_owned())],
            conversations: vec![ConversationId(200), ConversationId(999)],
            ..Wanted::default()
        };
        let threads = threads::read(store.reads(), seller, &wanted, 2).await.unwrap();
        let [first, second]: [StoredThread; 2] = threads.try_into().unwrap();
        let heard: Vec<i64> = first.heard.iter().map(|message| message.id.0).collect();
        assert_eq!(heard, [100, 1_002], "the newest two of this episode that count");
        assert_eq!(first.customer, changes.customers[0]);
        assert_eq!(first.lead.as_ref(), Some(&changes.leads[0]));
        assert_eq!(first.draft.as_ref(), Some(&changes.orders[0]));
        assert_eq!(second.conversation, changes.conversations[1]);
        assert_eq!(second.heard, [changes.messages[2].clone()]);
        assert!(threads::read(store.reads(), seller, &Wanted::default(), 9).await.unwrap().is_empty());
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn words_that_are_no_more_go_with_the_bytes_they_came_in_unless_somebody_may_need_them() {
    for database in databases().await {
        let store = database.open().await;
        let (mine, other) = (seller(&store, &account()).await, SellerId(4711));
        let events = [said(Some(mine), "m:1", 1), said(Some(mine), "m:2", 2), said(Some(other), "m:3", 3)];
        inbox::append(store.pen(), &events, at(0)).await.unwrap();
        let ended = [(1, Outcome::Handled), (2, Outcome::Ledgered(Reason::Poison))];
        let decided = ended.map(|(event, outcome)| Decided { event: EventSeq(event), outcome, answer: None });
        let unsaid = events.iter().map(|it| (it.arrival.account.clone(), it.arrival.key.clone())).collect();
        save(&store, mine, &Changes { unsaid, decided: decided.to_vec(), ..Changes::default() }).await;
        let mut kept = Vec::new();
        for seq in 1..=3 {
            kept.push(!ledger::event(store.reads(), EventSeq(seq)).await.unwrap().unwrap().raw.is_empty());
        }
        assert_eq!(kept, [false, true, true]);
        store.close(at(1)).await.unwrap();
    }
}
